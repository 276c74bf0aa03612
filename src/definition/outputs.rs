//! What a target's outputs push, and to which names: there can be several, and the metadata is of one.

use std::collections::BTreeSet;

use super::attributes::Attributes;
use crate::metadata::{Build, Outputs};
use crate::oci::{Reference, Tag};

/// One output of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TargetOutput {
    pub(super) push: Push,
    /// Its own names. They do not count where the target has tags.
    names: Vec<Reference>,
}

/// How an output pushes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Push {
    /// Not at all.
    No,
    /// To its names.
    Tags,
    /// By its digest only.
    Digest,
}

impl TargetOutput {
    /// What is pushed where no output is named: a bake without `--push` prints none, so how it is
    /// pushed is said elsewhere.
    pub(super) const UNSAID: Self = Self {
        push: Push::Tags,
        names: Vec::new(),
    };

    pub(super) fn read(attributes: &Attributes) -> Result<Self, String> {
        let is_pushed = match attributes.get("type") {
            // buildx makes an `image` of it that is pushed, unless `push` is given.
            Some("registry") if attributes.get("push").is_none() => true,
            Some("docker" | "oci" | "tar" | "local" | "cacheonly") => false,
            // A type that is not known here may push as well as `image` does.
            _ => attributes.is_true("push")?,
        };
        let push = match is_pushed {
            true if attributes.is_true("push-by-digest")? => Push::Digest,
            true => Push::Tags,
            false => Push::No,
        };
        let own = attributes.get("name").unwrap_or_default();
        Ok(Self {
            push,
            names: names(own.split(','))?,
        })
    }

    /// The names it pushes to, or would be pushed to, each with its tag where it has one.
    pub(super) fn names(&self, tags: &[Reference]) -> Vec<Reference> {
        // buildx puts the tags in the place of an output's own `name`.
        let names = if tags.is_empty() { &self.names } else { tags };
        let names = names.iter().cloned();
        match self.push {
            Push::Digest => names.collect(),
            Push::Tags | Push::No => names.map(completed).collect(),
        }
    }
}

/// The references in these texts.
pub(super) fn names<'a>(texts: impl Iterator<Item = &'a str>) -> Result<Vec<Reference>, String> {
    texts
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| {
            name.parse::<Reference>()
                .map_err(|error| format!("tag `{name}`: {error}"))
        })
        .collect()
}

/// A name without a tag is pushed as `latest`.
fn completed(name: Reference) -> Reference {
    match name.tag() {
        Some(_) => name,
        None => Reference::new(name.repository().clone(), Some(Tag::latest()), None),
    }
}

/// Adds what the outputs push to a build: its names, and which output pushes each. `false` where
/// none of them pushes.
pub(super) fn complete(outputs: &[TargetOutput], tags: &[Reference], build: &mut Build) -> bool {
    let named = |output: &&TargetOutput| output.names(tags);
    let (pushing, others): (Vec<&TargetOutput>, Vec<&TargetOutput>) =
        outputs.iter().partition(|output| output.push != Push::No);
    let Some(last) = pushing.last() else {
        build.unpushed = distinct(others.iter().flat_map(named));
        return false;
    };
    if last.push == Push::Tags {
        build.names = build.names.drain(..).map(completed).collect();
    }
    // The metadata is of the last output, and its names are that output's. Where outputs have names
    // of their own, they tell it better than the order does.
    let is_of = |output: &&&TargetOutput| {
        let names = output.names(tags);
        !build.names.is_empty() && build.names.iter().all(|name| names.contains(name))
    };
    let described = pushing.iter().rev().find(is_of).unwrap_or(last);
    let described = pushing
        .iter()
        .rposition(|output| std::ptr::eq(*output, *described))
        .unwrap_or_default();
    let mut of_described = Vec::new();
    let mut of_others = Vec::new();
    for (index, output) in pushing.iter().enumerate() {
        match index == described {
            true => of_described = output.names(tags),
            false => of_others.extend(output.names(tags)),
        }
    }
    let pushed = pushing.iter().flat_map(named);
    build.names = distinct(build.names.drain(..).chain(pushed));
    build.unpushed = distinct(others.iter().flat_map(named));
    build.unpushed.retain(|name| !build.names.contains(name));
    build.outputs = (pushing.len() > 1).then(|| Outputs {
        described: distinct(of_described.into_iter()),
        others: distinct(of_others.into_iter()),
    });
    true
}

/// Each of them once, in their order.
fn distinct(names: impl Iterator<Item = Reference>) -> Vec<Reference> {
    let mut seen = BTreeSet::new();
    names
        .filter(|name| seen.insert((name.repository().clone(), name.tag().cloned())))
        .collect()
}
