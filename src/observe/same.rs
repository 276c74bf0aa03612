//! The configs of the images under tags that do not show what they should by its digest: as few
//! reads as could show that they are the same images.

use std::collections::BTreeSet;

use super::reader::{Key, Reader};
use crate::expectation::{Claim, Expectation};
use crate::observation::{Observation, Seen};
use crate::oci::{Comparison, Known, Repository, Same};
use crate::verdict::comparison;

/// How the images of each tag are those of its build, where that is not known by their digests.
///
/// What cannot be read is the same as nothing, and no failure of the look.
pub(super) fn same(
    expectations: &[&Expectation],
    observations: &[Observation],
    reader: &mut Reader<'_>,
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
    reader.read_manifests(to_read().flat_map(|(expectation, comparison)| {
        let manifests = places(expectation).into_iter().zip(comparison.manifests());
        manifests.flat_map(|(repository, digests)| {
            let keys = digests.into_iter();
            keys.map(|digest| (repository.clone(), digest.clone()))
        })
    }));
    let mut configs: BTreeSet<Key> = BTreeSet::new();
    for (expectation, comparison) in to_read() {
        let known = known(expectation, comparison, reader);
        let of_tag = comparison.configs(&known).into_iter();
        // The same blob is in the repository of the tag, or the tag could not be pulled.
        configs.extend(of_tag.map(|config| (expectation.repository.clone(), config)));
    }
    reader.read_configs(configs);
    comparisons
        .iter()
        .map(|(expectation, comparison)| {
            let comparison = comparison.as_ref()?;
            comparison.result(&known(expectation, comparison, reader))
        })
        .collect()
}

/// Where the manifests of a comparison are: those of the tag, and those of the expected image.
fn places(expectation: &Expectation) -> [&Repository; 2] {
    [&expectation.repository, expectation.home()]
}

/// What was read of all that a comparison needs.
fn known(expectation: &Expectation, comparison: &Comparison<'_>, reader: &Reader<'_>) -> Known {
    let mut known = Known::default();
    for (repository, digests) in places(expectation).into_iter().zip(comparison.manifests()) {
        for digest in digests {
            let key = (repository.clone(), digest.clone());
            if let Seen::Here(document) = reader.manifest(&key) {
                known.manifests.insert(digest.clone(), document);
            }
        }
    }
    for digest in comparison.configs(&known) {
        let key = (expectation.repository.clone(), digest);
        if let Some(Seen::Here(config)) = reader.config(&key) {
            known.configs.insert(key.1, config.clone());
        }
    }
    known
}
