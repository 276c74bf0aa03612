//! The attestation manifests of expected indexes, read whole where attestations are required.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::memory::Memory;
use super::read::{Image, Wanted, resolve};
use crate::observation::{Attested, Seen};
use crate::oci::{Child, Digest, Document, Named, Repository};
use crate::registry::{Error, Registry, Target};

/// What each attestation manifest says that it holds. Its layers, the statements themselves, are
/// not fetched.
pub(super) fn attestations(
    images: &[Image<'_>],
    memory: &mut Memory,
    registry: &dyn Registry,
) -> Vec<Attested> {
    // Tags of one image have the same attestations: a thousand of each would not fit into memory.
    let mut indexes: BTreeMap<(&Repository, &Digest), Vec<&Child>> = BTreeMap::new();
    for image in images {
        if let Some(document) = image.document
            && !image.expectation.attestations.is_empty()
        {
            let key = (&image.expectation.repository, document.digest());
            let listed = || image.tree().map(|tree| tree.attestations().collect());
            indexes
                .entry(key)
                .or_insert_with(|| listed().unwrap_or_default());
        }
    }
    let mut asked: BTreeSet<(Repository, Digest)> = BTreeSet::new();
    for ((repository, _), listed) in &indexes {
        let digests = listed.iter().filter_map(|child| child.named.digest());
        let keys = digests.map(|digest| ((*repository).clone(), digest.clone()));
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
    for ((repository, digest), listed) in indexes {
        let each = listed.into_iter().map(|child| {
            let seen = match &child.named {
                Named::Digest(digest) => {
                    let key = (repository.clone(), digest.clone());
                    understood(digest, memory.documents.get(&key), seen.get(&key))
                }
                Named::Unknown(unknown) => {
                    Seen::Unknown(Error::of_document("an attestation", unknown))
                }
            };
            (child.clone(), seen)
        });
        held.insert((repository, digest), each.collect());
    }
    let of = |image: &Image<'_>| {
        let key = (&image.expectation.repository, image.document?.digest());
        let is_required = !image.expectation.attestations.is_empty();
        held.get(&key).filter(|_| is_required).cloned()
    };
    images
        .iter()
        .map(|image| of(image).unwrap_or_default())
        .collect()
}

/// What is known of an attestation manifest: by earlier looks, or by this one.
fn understood(
    digest: &Digest,
    known: Option<&Arc<Document>>,
    seen: Option<&Seen<Arc<Document>>>,
) -> Seen<Arc<Document>> {
    match (known, seen) {
        (Some(document), _) => match document.unread() {
            Some(why) => Seen::Unknown(Error::of_document(digest, why)),
            None => Seen::Here(document.clone()),
        },
        (None, Some(seen)) => seen.clone(),
        (None, None) => Seen::Absent,
    }
}
