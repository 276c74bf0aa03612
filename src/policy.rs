//! The policy: what a project asks of its images and of its registries, whatever the command says.
//!
//! Rules are chosen for each tag by pattern, key by key. The text is read in `yaml`; here is what
//! it means. See docs/policy.md.

mod pattern;
mod show;
pub mod yaml;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use crate::expectation::{Asked, Depth, Expectation, OnOther, OnWrongPlatform, PathPattern};
use crate::oci::{Attestation, Host, Platform};
use crate::problem::Problem;

pub use pattern::{ParsePatternError, Pattern, TagPattern};

/// Where a policy is looked for in the working directory. No parent is searched.
pub const PLACES: [&str; 2] = [".tagproof.yml", ".github/tagproof.yml"];

/// The largest policy that is read, in bytes.
pub const MAX_POLICY: usize = 256 * 1024;

/// A policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// In the order of the file.
    rules: Vec<ImageRule>,
    registries: BTreeMap<Host, RegistrySettings>,
}

/// What is asked of the images that a pattern fits. A key that is absent is left to other rules.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ImageRule {
    pattern: Pattern,
    /// Sorted, as all lists here: the order means nothing.
    platforms: Option<Vec<Platform>>,
    attestations: Option<Vec<Attestation>>,
    immutable: Option<Vec<TagPattern>>,
    on_other: Option<OnOther>,
    depth: Option<Depth>,
    on_wrong_platform: Option<OnWrongPlatform>,
    /// The programs that an image holds for other systems on purpose.
    ignored: Option<Vec<PathPattern>>,
}

impl ImageRule {
    /// A rule that asks for nothing yet.
    fn new(pattern: Pattern) -> Self {
        Self {
            pattern,
            platforms: None,
            attestations: None,
            immutable: None,
            on_other: None,
            depth: None,
            on_wrong_platform: None,
            ignored: None,
        }
    }
}

/// How a registry is to be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct RegistrySettings {
    plain_http: bool,
    ca_file: Option<PathBuf>,
    settle: Option<Duration>,
}

impl Policy {
    /// Completes the expectations by the rules that fit them. What the command line asks for wins.
    ///
    /// # Errors
    ///
    /// When two rules that fit a tag equally well disagree.
    pub fn rule(&self, expectations: &mut [Expectation], asked: &Asked) -> Result<(), Problem> {
        for expectation in expectations {
            let mut by = BTreeMap::new();
            if asked.platforms.is_empty()
                && let Some((platforms, pattern)) =
                    self.best("platforms", expectation, |rule| rule.platforms.as_ref())?
            {
                expectation.platforms.clone_from(platforms);
                expectation.platforms_stated = true;
                by.insert("platforms", pattern.to_string());
            }
            if let Some((attestations, pattern)) =
                self.best("attestations", expectation, |rule| {
                    rule.attestations.as_ref()
                })?
            {
                // What a definition asks for stays asked for.
                let asked = |kind: &Attestation| {
                    attestations.contains(kind) || expectation.attestations.contains(kind)
                };
                expectation.attestations = Attestation::ALL.into_iter().filter(asked).collect();
                by.insert("attestations", pattern.to_string());
            }
            if let Some((tags, pattern)) =
                self.best("immutable", expectation, |rule| rule.immutable.as_ref())?
            {
                let tag = expectation.tag.as_ref();
                expectation.immutable =
                    tag.is_some_and(|tag| tags.iter().any(|pattern| pattern.fits(tag)));
                by.insert("immutable", pattern.to_string());
            }
            if asked.on_other.is_none()
                && let Some((on_other, pattern)) =
                    self.best("on-other", expectation, |rule| rule.on_other.as_ref())?
            {
                expectation.on_other = *on_other;
                by.insert("on-other", pattern.to_string());
            }
            if asked.on_wrong_platform.is_none()
                && let Some((on_wrong_platform, pattern)) =
                    self.best("on-wrong-platform", expectation, |rule| {
                        rule.on_wrong_platform.as_ref()
                    })?
            {
                expectation.on_wrong_platform = *on_wrong_platform;
                by.insert("on-wrong-platform", pattern.to_string());
            }
            // It is the least: a flag may only go deeper.
            if let Some((depth, pattern)) =
                self.best("depth", expectation, |rule| rule.depth.as_ref())?
                && asked.depth.is_none_or(|asked| asked < *depth)
            {
                expectation.depth = *depth;
                expectation.depth_stated = true;
                by.insert("depth", pattern.to_string());
            }
            if let Some((ignored, pattern)) =
                self.best("programs", expectation, |rule| rule.ignored.as_ref())?
            {
                expectation.ignored.clone_from(ignored);
                by.insert("programs", pattern.to_string());
            }
            expectation.rules = by;
        }
        Ok(())
    }

    /// The value of a key in the most specific rule that fits and has it, and that rule's pattern.
    fn best<'a, T: PartialEq>(
        &'a self,
        key: &str,
        expectation: &Expectation,
        value: impl Fn(&'a ImageRule) -> Option<&'a T>,
    ) -> Result<Option<(&'a T, &'a Pattern)>, Problem> {
        let fitting = self.rules.iter().filter(|rule| {
            let tag = expectation.tag.as_ref();
            rule.pattern.fits(&expectation.repository, tag)
        });
        let mut best: Option<(&T, &Pattern)> = None;
        let mut rival: Option<&Pattern> = None;
        for rule in fitting {
            let Some(value) = value(rule) else { continue };
            let pattern = &rule.pattern;
            match best {
                Some((_, known)) if pattern.specificity() < known.specificity() => {}
                Some((other, known)) if pattern.specificity() == known.specificity() => {
                    if value != other {
                        rival = Some(pattern);
                    }
                }
                _ => {
                    best = Some((value, pattern));
                    rival = None;
                }
            }
        }
        match (best, rival) {
            (Some((_, one)), Some(other)) => Err(Problem::invalid(
                format!(
                    "the policy's `{one}` and `{other}` fit {} equally well, and disagree on `{key}`",
                    expectation.reference()
                ),
                "say it for one pattern that is more specific: one with a tag, or with more literal text",
            )),
            (best, _) => Ok(best),
        }
    }

    /// The registries that are spoken to over plain HTTP.
    pub fn plain_http(&self) -> impl Iterator<Item = &Host> {
        let registries = self.registries.iter();
        registries.filter_map(|(host, settings)| settings.plain_http.then_some(host))
    }

    /// The files of certificates to trust, each for one registry.
    pub fn ca_files(&self) -> impl Iterator<Item = (&Host, &PathBuf)> {
        let registries = self.registries.iter();
        registries.filter_map(|(host, settings)| Some((host, settings.ca_file.as_ref()?)))
    }

    /// How far apart two looks must be: the longest that one of these registries asks for, or
    /// `otherwise` where none is set. One wait serves all tags, so the slowest decides.
    #[must_use]
    pub fn settle(&self, hosts: &BTreeSet<&Host>, otherwise: Duration) -> Duration {
        let of = |host: &&Host| self.registries.get(*host).and_then(|it| it.settle);
        let each = hosts.iter().map(|host| of(host).unwrap_or(otherwise));
        each.max().unwrap_or(otherwise)
    }
}

#[cfg(test)]
mod tests;
