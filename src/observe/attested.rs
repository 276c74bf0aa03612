//! The attestation manifests of expected indexes, read whole where attestations are required.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::look::{Wanted, resolve};
use super::memory::{Memory, uncheckable};
use crate::expectation::Expectation;
use crate::observation::{Attested, Seen};
use crate::oci::{Child, Digest, Document, Named, Repository};
use crate::registry::{Registry, Target};

/// What each attestation manifest says that it holds. Its layers, the statements themselves, are
/// not fetched.
pub(super) fn attestations(
    expectations: &[&Expectation],
    documents: &[Option<Arc<Document>>],
    memory: &mut Memory,
    registry: &dyn Registry,
) -> Vec<Attested> {
    // Tags of one image have the same attestations: a thousand of each would not fit into memory.
    let mut indexes: BTreeMap<(&Repository, &Digest), &Document> = BTreeMap::new();
    for (expectation, document) in expectations.iter().zip(documents) {
        if let Some(document) = document
            && !expectation.attestations.is_empty()
        {
            indexes.insert((&expectation.repository, document.digest()), document);
        }
    }
    let listed = |document: &'_ Document| -> Vec<Child> {
        let children = document.children().iter();
        children
            .filter(|child| child.is_attestation)
            .cloned()
            .collect()
    };
    let mut asked: BTreeSet<(Repository, Digest)> = BTreeSet::new();
    for ((repository, _), document) in &indexes {
        let keys = listed(document).into_iter();
        let keys = keys.filter_map(|child| {
            let digest = child.named.digest()?.clone();
            Some(((*repository).clone(), digest))
        });
        asked.extend(keys.filter(|key| !memory.documents.contains_key(key)));
    }
    let wanted = asked.iter().map(|(repository, digest)| Wanted {
        repository: repository.clone(),
        target: Target::Manifest(digest.clone()),
        expected: None,
        whole: true,
    });
    let looked = resolve(wanted.collect(), memory, registry);
    let mut seen = BTreeMap::new();
    for (key, it) in asked.into_iter().zip(looked) {
        if matches!(it, Seen::Here(_)) {
            memory.present.insert(key.clone());
        }
        seen.insert(key, it);
    }
    let mut held: BTreeMap<(&Repository, &Digest), Attested> = BTreeMap::new();
    for ((repository, digest), document) in indexes {
        let children = listed(document).into_iter();
        let each = children.map(|child| {
            let seen = match &child.named {
                Named::Digest(digest) => {
                    let key = (repository.clone(), digest.clone());
                    match (memory.documents.get(&key), seen.get(&key)) {
                        (Some(document), _) => Seen::Here(document.clone()),
                        (None, Some(seen)) => seen.clone(),
                        (None, None) => Seen::Absent,
                    }
                }
                Named::Unknown(unknown) => Seen::Unknown(uncheckable(repository, unknown)),
            };
            (child, seen)
        });
        held.insert((repository, digest), each.collect());
    }
    expectations
        .iter()
        .zip(documents)
        .map(|(expectation, document)| {
            let document = document
                .as_ref()
                .filter(|_| !expectation.attestations.is_empty());
            document
                .and_then(|document| held.get(&(&expectation.repository, document.digest())))
                .cloned()
                .unwrap_or_default()
        })
        .collect()
}
