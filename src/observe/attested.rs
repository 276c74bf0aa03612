//! The attestation manifests of expected indexes, read whole where attestations are required.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Memory;
use super::look::{Wanted, resolve};
use crate::expectation::Expectation;
use crate::observation::Seen;
use crate::oci::{Child, Digest, Document, Repository};
use crate::registry::{Registry, Target};

/// What each attestation manifest says that it holds. Its layers, the statements themselves, are
/// not fetched.
pub(super) fn attestations(
    expectations: &[&Expectation],
    documents: &[Option<Arc<Document>>],
    memory: &mut Memory,
    registry: &dyn Registry,
) -> Vec<Vec<(Child, Seen<Arc<Document>>)>> {
    let listed = |expectation: &Expectation, document: &Option<Arc<Document>>| -> Vec<Child> {
        let children = document.iter().flat_map(|document| document.children());
        children
            .filter(|child| child.is_attestation && !expectation.attestations.is_empty())
            .cloned()
            .collect()
    };
    let mut asked: BTreeSet<(Repository, Digest)> = BTreeSet::new();
    for (expectation, document) in expectations.iter().zip(documents) {
        let keys = listed(expectation, document).into_iter();
        let keys = keys.map(|child| (expectation.repository.clone(), child.digest));
        asked.extend(keys.filter(|key| !memory.documents.contains_key(key)));
    }
    let wanted = asked.iter().map(|(repository, digest)| Wanted {
        repository: repository.clone(),
        target: Target::Manifest(digest.clone()),
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
    expectations
        .iter()
        .zip(documents)
        .map(|(expectation, document)| {
            let children = listed(expectation, document).into_iter();
            children
                .map(|child| {
                    let key = (expectation.repository.clone(), child.digest.clone());
                    let seen = match (memory.documents.get(&key), seen.get(&key)) {
                        (Some(document), _) => Seen::Here(document.clone()),
                        (None, Some(seen)) => seen.clone(),
                        (None, None) => Seen::Absent,
                    };
                    (child, seen)
                })
                .collect()
        })
        .collect()
}
