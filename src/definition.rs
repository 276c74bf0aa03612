//! What a bake was asked for: the definition that `docker buildx bake --print` prints.
//!
//! The metadata says what a build made; only the definition can say what is missing from it. Like
//! the metadata it is read strictly where it is used, and everything else is skipped.
//! See docs/definition.md.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use crate::metadata::{Build, Image};
use crate::oci::{Attestation, Platform, Reference, Tag};
use crate::problem::Problem;

/// The largest definition that is read, in bytes.
pub const MAX_DEFINITION: usize = 16 * 1024 * 1024;

/// The targets of a bake, and how they are grouped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    source: String,
    groups: BTreeMap<String, Vec<String>>,
    targets: BTreeMap<String, Target>,
}

/// What one target was asked to be.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    names: Vec<Reference>,
    platforms: Vec<Platform>,
    attestations: Vec<Attestation>,
    push: Push,
}

/// Whether a target's outputs push it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Push {
    /// None of them does.
    No,
    /// To its tags.
    Tags,
    /// By its digest only.
    Digest,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    group: BTreeMap<String, WireGroup>,
    target: BTreeMap<String, WireTarget>,
}

#[derive(Deserialize)]
struct WireGroup {
    #[serde(default)]
    targets: Vec<String>,
}

#[derive(Deserialize)]
struct WireTarget {
    #[serde(default)]
    tags: Vec<String>,
    #[serde(default)]
    platforms: Vec<String>,
    #[serde(default)]
    attest: Vec<Value>,
    #[serde(default)]
    output: Vec<Value>,
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
    let wire: Wire = serde_json::from_slice(text).map_err(|error| fault(error.to_string()))?;
    let targets = wire
        .target
        .into_iter()
        .map(|(name, target)| {
            let read = target.read();
            let target = read.map_err(|cause| fault(format!("target `{name}`: {cause}")))?;
            Ok((name, target))
        })
        .collect::<Result<BTreeMap<_, _>, Problem>>()?;
    if targets.is_empty() {
        return Err(fault("it has no targets".to_owned()));
    }
    let groups = wire.group.into_iter();
    Ok(Definition {
        source: source.to_owned(),
        groups: groups.map(|(name, group)| (name, group.targets)).collect(),
        targets,
    })
}

impl WireTarget {
    fn read(self) -> Result<Target, String> {
        let outputs: Vec<Attributes> = self
            .output
            .iter()
            .map(|output| Attributes::read(output).map_err(|cause| format!("`output`: {cause}")))
            .collect::<Result<_, _>>()?;
        // A bake without `--push` prints no output at all: how it is pushed is said elsewhere.
        let push = match outputs.is_empty() {
            true => Push::Tags,
            false => {
                let pushes = outputs.iter().map(Attributes::push);
                pushes.fold(Push::No, |all, one| match (all, one) {
                    (Push::Tags, _) | (_, Push::Tags) => Push::Tags,
                    (Push::Digest, _) | (_, Push::Digest) => Push::Digest,
                    (Push::No, Push::No) => Push::No,
                })
            }
        };
        // buildx puts the tags in the place of an output's own `name`.
        let named = outputs.iter().filter_map(|output| output.get("name"));
        let names: Vec<&str> = match self.tags.is_empty() {
            true => named.flat_map(|names| names.split(',')).collect(),
            false => self.tags.iter().map(String::as_str).collect(),
        };
        let names = names
            .into_iter()
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(|name| {
                name.parse::<Reference>()
                    .map_err(|error| format!("tag `{name}`: {error}"))
            })
            .collect::<Result<_, String>>()?;
        Ok(Target {
            names,
            // `local` is whatever the builder runs on: nothing to hold a build to.
            platforms: self
                .platforms
                .iter()
                .filter_map(|p| p.parse().ok())
                .collect(),
            attestations: attestations(&self.attest)?,
            push,
        })
    }
}

/// The attestations that are asked for. The first of a kind counts, as in buildx.
fn attestations(attest: &[Value]) -> Result<Vec<Attestation>, String> {
    let mut known = BTreeSet::new();
    let mut asked = Vec::new();
    for value in attest {
        let attributes = Attributes::read(value).map_err(|cause| format!("`attest`: {cause}"))?;
        let kind = attributes.get("type").and_then(|kind| kind.parse().ok());
        if let Some(kind) = kind
            && known.insert(kind)
            && !attributes.is_true("disabled")
        {
            asked.push(kind);
        }
    }
    asked.sort_unstable();
    Ok(asked)
}

/// One output or attestation: an object, or text like `type=image,push=true` (buildx before 0.20).
struct Attributes(BTreeMap<String, String>);

impl Attributes {
    fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::String(text) => Self::of_text(text),
            Value::Object(members) => Ok(Self(
                members
                    .iter()
                    .map(|(key, value)| match value {
                        Value::String(text) => (key.clone(), text.clone()),
                        other => (key.clone(), other.to_string()),
                    })
                    .collect(),
            )),
            other => Err(format!("expected `type=…` or an object, found `{other}`")),
        }
    }

    fn of_text(text: &str) -> Result<Self, String> {
        let fields = fields(text);
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        if let [one] = fields.as_slice()
            && !one.starts_with("type=")
        {
            // A path alone is a directory, `-` is a tar stream.
            let kind = if one == "-" { "tar" } else { "local" };
            return Ok(Self([pair("type", kind), pair("dest", one)].into()));
        }
        fields
            .iter()
            .map(|field| match field.split_once('=') {
                Some((key, value)) => Ok(pair(&key.trim().to_ascii_lowercase(), value)),
                None => Err(format!("expected `key=value`, found `{field}`")),
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// Whether it is said to be true, in one of the ways that Go reads; BuildKit takes an empty
    /// value for yes.
    fn is_true(&self, key: &str) -> bool {
        let yes = ["", "1", "t", "T", "true", "True", "TRUE"];
        self.get(key).is_some_and(|value| yes.contains(&value))
    }

    fn push(&self) -> Push {
        let is_pushed = match self.get("type") {
            Some("registry") => true,
            Some("image") => self.is_true("push"),
            _ => false,
        };
        match is_pushed {
            true if self.is_true("push-by-digest") => Push::Digest,
            true => Push::Tags,
            false => Push::No,
        }
    }
}

/// The fields of one line of comma-separated values; a field in quotes may hold commas.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut is_quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let Some(field) = fields.last_mut() else {
            break;
        };
        match c {
            '"' if is_quoted && chars.peek() == Some(&'"') => {
                field.push('"');
                chars.next();
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(String::new()),
            c => field.push(c),
        }
    }
    fields
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
        let selected = self.selected(group)?;
        let mut left: BTreeMap<&str, &Target> = selected.clone();
        let mut completed = Vec::new();
        let is_only_one = selected.len() == 1 && builds.len() == 1;
        for mut build in builds {
            let name = match (&build.target, selected.keys().next()) {
                // `buildx build` writes no target; there is only one that it can be.
                (None, Some(&only)) if is_only_one => Some(only),
                (target, _) => target.as_deref(),
            };
            match name.and_then(|name| left.remove(name)) {
                Some(target) => {
                    target.complete(&mut build);
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

    fn selected(&self, group: Option<&str>) -> Result<BTreeMap<&str, &Target>, Problem> {
        let Some(group) = group else {
            let all = self.targets.iter();
            return Ok(all.map(|(name, target)| (name.as_str(), target)).collect());
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
        let mut selected = BTreeMap::new();
        // Groups hold groups, and buildx itself prints some that hold each other.
        let mut known = BTreeSet::from([group]);
        let mut open = vec![group];
        while let Some(group) = open.pop() {
            for name in self.groups.get(group).into_iter().flatten() {
                if let Some((name, target)) = self.targets.get_key_value(name) {
                    selected.insert(name.as_str(), target);
                }
                if self.groups.contains_key(name) && known.insert(name) {
                    open.push(name);
                }
            }
        }
        Ok(selected)
    }
}

impl Target {
    fn complete(&self, build: &mut Build) {
        if self.push == Push::No {
            build.unpushed.clone_from(&self.names);
            build.names = Vec::new();
            build.image = Image::None;
            return;
        }
        if build.image == Image::None {
            build.image = Image::Missing;
        }
        build.names.extend(self.names.iter().cloned());
        if self.push == Push::Tags {
            // A name without a tag is pushed as `latest`.
            for name in build.names.iter_mut().filter(|name| name.tag().is_none()) {
                *name = Reference::new(name.repository().clone(), Some(Tag::latest()), None);
            }
        }
        let mut known = BTreeSet::new();
        build
            .names
            .retain(|name| known.insert((name.repository().clone(), name.tag().cloned())));
        if !self.platforms.is_empty() {
            build.platforms.clone_from(&self.platforms);
            build.platforms_stated = true;
        }
        build.attestations.clone_from(&self.attestations);
    }
}

#[cfg(test)]
mod tests;
