//! The configs of the images under tags that do not show what they should by its digest: as few
//! reads as could show that they are the same images.

use std::collections::BTreeSet;

use super::images::configs;
use super::memory::Memory;
use super::read::{Wanted, resolve};
use crate::expectation::{Claim, Expectation};
use crate::observation::Observation;
use crate::oci::{Comparison, Digest, Known, Repository, Same};
use crate::registry::{Registry, Target};
use crate::verdict::comparison;

/// How the images of each tag are those of its build, where that is not known by their digests.
///
/// What cannot be read is the same as nothing, and no failure of the look.
pub(super) fn same(
    expectations: &[&Expectation],
    observations: &[Observation],
    memory: &mut Memory,
    registry: &dyn Registry,
) -> Vec<Option<Same>> {
    let comparisons: Vec<(&Expectation, Option<Comparison<'_>>)> = expectations
        .iter()
        .zip(observations)
        .map(|(&expectation, observation)| (expectation, comparison(expectation, observation)))
        .collect();
    // Nothing is read for a tag that is only guessed at.
    let to_read = || {
        comparisons
            .iter()
            .filter(|(expectation, _)| expectation.claim != Claim::Implied)
            .filter_map(|(expectation, it)| Some((*expectation, it.as_ref()?)))
    };
    let mut manifests: BTreeSet<(Repository, Digest)> = BTreeSet::new();
    for (expectation, comparison) in to_read() {
        for (repository, digests) in places(expectation).into_iter().zip(comparison.manifests()) {
            let keys = digests
                .into_iter()
                .map(|digest| (repository.clone(), digest.clone()));
            manifests.extend(keys.filter(|key| !memory.documents.contains_key(key)));
        }
    }
    let wanted = manifests.into_iter().map(|(repository, digest)| Wanted {
        repository,
        target: Target::Manifest(digest),
        expected: None,
        whole: true,
    });
    resolve(wanted.collect(), memory, registry);
    let mut needed: BTreeSet<(Repository, Digest)> = BTreeSet::new();
    for (expectation, comparison) in to_read() {
        let known = known(expectation, comparison, memory);
        let of_tag = comparison.configs(&known).into_iter();
        // The same blob is in the repository of the tag, or the tag could not be pulled.
        let keys = of_tag.map(|config| (expectation.repository.clone(), config));
        needed.extend(keys.filter(|key| !memory.configs.contains_key(key)));
    }
    configs(needed, memory, registry);
    comparisons
        .iter()
        .map(|(expectation, comparison)| {
            let comparison = comparison.as_ref()?;
            comparison.result(&known(expectation, comparison, memory))
        })
        .collect()
}

/// Where the manifests of a comparison are: those of the tag, and those of the expected image.
fn places(expectation: &Expectation) -> [&Repository; 2] {
    [&expectation.repository, expectation.home()]
}

/// What the memory has of all that a comparison needs.
fn known(expectation: &Expectation, comparison: &Comparison<'_>, memory: &Memory) -> Known {
    let mut known = Known::default();
    for (repository, digests) in places(expectation).into_iter().zip(comparison.manifests()) {
        for digest in digests {
            let key = (repository.clone(), digest.clone());
            if let Some(document) = memory.documents.get(&key) {
                known.manifests.insert(digest.clone(), document.clone());
            }
        }
    }
    for digest in comparison.configs(&known) {
        let key = (expectation.repository.clone(), digest.clone());
        if let Some(config) = memory.configs.get(&key) {
            known.configs.insert(digest, config.clone());
        }
    }
    known
}
