//! What a bake was asked for: the definition that `docker buildx bake --print` prints.
//!
//! The metadata says what a build made; only the definition can say what is missing from it. Like
//! the metadata it is read strictly where it is used, and everything else is skipped.
//! See docs/definition.md.

mod attestations;
mod attributes;
mod outputs;
mod platforms;

use std::collections::{BTreeMap, BTreeSet};

use attestations::attestations;
use attributes::{Attributes, shown};
use outputs::TargetOutput;
use platforms::{Fault, platforms};
use serde_json::{Map, Value};

use crate::metadata::{Build, Image, MAX_NAMES};
use crate::oci::{Attestation, MAX_VALUES, Platform, Reference, is_bounded};
use crate::problem::Problem;

/// The largest definition that is read, in bytes.
pub const MAX_DEFINITION: usize = 16 * 1024 * 1024;

/// The targets of a bake, and how they are grouped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    source: String,
    groups: BTreeMap<String, Vec<String>>,
    targets: BTreeMap<String, BakeTarget>,
}

/// What one target was asked to be.
#[derive(Clone, Debug, PartialEq, Eq)]
struct BakeTarget {
    tags: Vec<Reference>,
    outputs: Vec<TargetOutput>,
    platforms: Vec<Platform>,
    /// What stands among the platforms and cannot be checked here: `local`.
    unchecked: Vec<String>,
    attestations: Vec<Attestation>,
}

/// Reads the text of a definition; `source` is what to call it in messages.
///
/// # Errors
///
/// When the text is not what `docker buildx bake --print` prints, or a name in it is malformed.
pub fn parse(source: &str, text: &[u8]) -> Result<Definition, Problem> {
    let fault = |cause: String| {
        Problem::invalid(
            format!("failed to read the definition `{source}`: {cause}"),
            "give what `docker buildx bake --print` printed, with the flags and files of the build: `docker buildx bake --push --print > definition.json`",
        )
    };
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    if !is_bounded(text) {
        return Err(fault(format!("it holds more than {MAX_VALUES} values")));
    }
    let value: Value = serde_json::from_slice(text).map_err(|error| fault(error.to_string()))?;
    let mut definition = Definition {
        source: source.to_owned(),
        groups: BTreeMap::new(),
        targets: BTreeMap::new(),
    };
    let mut names = 0;
    let members = object(&value).map_err(fault)?;
    let targets = members.get("target");
    let targets = targets.ok_or_else(|| fault("it has no `target`".to_owned()))?;
    for (name, target) in object(targets).map_err(|cause| fault(format!("`target`: {cause}")))? {
        let read = object(target)
            .map_err(Fault::from)
            .and_then(BakeTarget::read);
        let target = read.map_err(|Fault { cause, help }| {
            let problem = fault(format!("target `{name}`: {cause}"));
            match help {
                Some(help) => Problem::invalid(problem.message, help),
                None => problem,
            }
        })?;
        let of_outputs = target.outputs.iter().map(|it| it.names(&target.tags).len());
        names += of_outputs.sum::<usize>();
        if names > MAX_NAMES {
            return Err(fault(format!("it has more than {MAX_NAMES} names")));
        }
        definition.targets.insert(name.clone(), target);
    }
    if definition.targets.is_empty() {
        return Err(fault("it has no targets".to_owned()));
    }
    let groups = match members.get("group") {
        None | Some(Value::Null) => None,
        Some(groups) => Some(object(groups).map_err(|cause| fault(format!("`group`: {cause}")))?),
    };
    for (name, group) in groups.into_iter().flatten() {
        let read = object(group).and_then(|group| texts(group, "targets"));
        let targets = read.map_err(|cause| fault(format!("group `{name}`: {cause}")))?;
        let targets = targets.into_iter().map(str::to_owned).collect();
        definition.groups.insert(name.clone(), targets);
    }
    Ok(definition)
}

fn object(value: &Value) -> Result<&Map<String, Value>, String> {
    let object = value.as_object();
    object.ok_or_else(|| format!("expected an object, found {}", shown(value)))
}

/// A member that is a list; one that is not there is empty.
fn list<'a>(members: &'a Map<String, Value>, key: &str) -> Result<&'a [Value], String> {
    match members.get(key) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(other) => Err(format!("`{key}`: expected a list, found {}", shown(other))),
    }
}

fn texts<'a>(members: &'a Map<String, Value>, key: &str) -> Result<Vec<&'a str>, String> {
    let text = |item: &'a Value| {
        let text = item.as_str();
        text.ok_or_else(|| format!("`{key}`: expected a text, found {}", shown(item)))
    };
    list(members, key)?.iter().map(text).collect()
}

impl BakeTarget {
    fn read(members: &Map<String, Value>) -> Result<Self, Fault> {
        let outputs = list(members, "output")?.iter().map(|output| {
            let read = Attributes::read(output).and_then(|it| TargetOutput::read(&it));
            read.map_err(|cause| format!("`output`: {cause}"))
        });
        let mut outputs: Vec<TargetOutput> = outputs.collect::<Result<_, String>>()?;
        if outputs.is_empty() {
            outputs.push(TargetOutput::UNSAID);
        }
        let (platforms, unchecked) = platforms(&texts(members, "platforms")?)?;
        Ok(Self {
            tags: outputs::names(texts(members, "tags")?.into_iter())?,
            outputs,
            platforms,
            unchecked,
            attestations: attestations(list(members, "attest")?)?,
        })
    }
}

impl Definition {
    /// The builds under what was asked for: names and platforms are completed, a target that left
    /// no image is added without one, and one that is not pushed keeps its names apart. With a
    /// `group`, only its targets.
    ///
    /// # Errors
    ///
    /// When there is no such group.
    pub fn complete(&self, builds: Vec<Build>, group: Option<&str>) -> Result<Vec<Build>, Problem> {
        let mut left = self.selected(group)?;
        let mut completed = Vec::new();
        let only = match (left.as_slice(), builds.len()) {
            // `buildx build` writes no target; there is only one that it can be.
            (&[(only, _)], 1) => Some(only),
            _ => None,
        };
        for mut build in builds {
            let name = build.target.as_deref().or(only);
            match left.iter().position(|(known, _)| Some(*known) == name) {
                Some(at) => {
                    left.remove(at).1.complete(&mut build);
                    completed.push(build);
                }
                None if group.is_none() => completed.push(build),
                None => {}
            }
        }
        for (name, target) in left {
            let mut build = Build::without_metadata(&self.source, name);
            target.complete(&mut build);
            completed.push(build);
        }
        Ok(completed)
    }

    /// The targets of a group, and of the groups in it; without one, all of them.
    fn selected(&self, group: Option<&str>) -> Result<Vec<(&str, &BakeTarget)>, Problem> {
        let all = self.targets.iter().map(|(name, it)| (name.as_str(), it));
        let Some(group) = group else {
            return Ok(all.collect());
        };
        if !self.groups.contains_key(group) {
            let known: Vec<String> = self.groups.keys().map(|it| format!("`{it}`")).collect();
            return Err(Problem::invalid(
                format!("no group `{group}` in the definition `{}`", self.source),
                match known.is_empty() {
                    true => "leave `--group` out: the definition has none".to_owned(),
                    false => format!("use one of {}", known.join(", ")),
                },
            ));
        }
        // Groups hold groups, and buildx itself prints some that hold each other.
        let mut names: BTreeSet<&str> = BTreeSet::new();
        let mut open = vec![group];
        while let Some(group) = open.pop() {
            for name in self.groups.get(group).into_iter().flatten() {
                if !self.targets.contains_key(name) && !self.groups.contains_key(name) {
                    return Err(Problem::invalid(
                        format!(
                            "the group `{group}` of the definition `{}` lists `{name}`, which is neither a target nor a group of it",
                            self.source
                        ),
                        "give all that `docker buildx bake --print` printed, with the flags and files of the build",
                    ));
                }
                if names.insert(name) {
                    open.push(name);
                }
            }
        }
        Ok(all.filter(|(name, _)| names.contains(name)).collect())
    }
}

impl BakeTarget {
    fn complete(&self, build: &mut Build) {
        if !outputs::complete(&self.outputs, &self.tags, build) {
            build.names = Vec::new();
            build.image = Image::None;
            return;
        }
        if build.image == Image::None {
            build.image = Image::Missing;
        }
        if !self.platforms.is_empty() {
            build.platforms.clone_from(&self.platforms);
            build.platforms_stated = true;
            build.unchecked.clear();
        }
        build.unchecked.extend(self.unchecked.iter().cloned());
        build.attestations.clone_from(&self.attestations);
    }
}

#[cfg(test)]
mod tests;
