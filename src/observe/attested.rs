//! The attestation manifests of expected indexes, read whole where attestations are required.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::read::ExpectedImage;
use super::reader::{Key, Reader};
use crate::observation::{Attested, Seen};
use crate::oci::{Child, Document, Named};
use crate::registry::Error;

/// What each attestation manifest says that it holds. Its layers, the statements themselves, are
/// not fetched.
pub(super) fn attestations(images: &[ExpectedImage<'_>], reader: &mut Reader<'_>) -> Vec<Attested> {
    // Tags of one image have the same attestations: a thousand of each would not fit into memory.
    let mut indexes: BTreeMap<Key, Vec<&Child>> = BTreeMap::new();
    let key = |image: &ExpectedImage<'_>| {
        let document = image.document?;
        let is_required = !image.expectation.attestations.is_empty();
        is_required.then(|| image.key(document.digest()))
    };
    for image in images {
        if let Some(key) = key(image) {
            let listed = || image.tree().map(|tree| tree.attestations().collect());
            indexes
                .entry(key)
                .or_insert_with(|| listed().unwrap_or_default());
        }
    }
    reader.read_manifests(indexes.iter().flat_map(|((repository, _), listed)| {
        let digests = listed.iter().filter_map(|child| child.named.digest());
        digests.map(|digest| (repository.clone(), digest.clone()))
    }));
    let mut held: BTreeMap<Key, Attested> = BTreeMap::new();
    held.extend(indexes.into_iter().map(|(key, listed)| {
        let each = listed.into_iter().map(|child| {
            let seen = match &child.named {
                Named::Digest(digest) => understood((key.0.clone(), digest.clone()), reader),
                Named::Unknown(unknown) => {
                    Seen::Unknown(Error::of_document("an attestation", unknown))
                }
            };
            (child.clone(), seen)
        });
        let attested = each.collect();
        (key, attested)
    }));
    let of = |image: &ExpectedImage<'_>| held.get(&key(image)?).cloned();
    images
        .iter()
        .map(|image| of(image).unwrap_or_default())
        .collect()
}

/// What is known of an attestation manifest.
fn understood(key: Key, reader: &Reader<'_>) -> Seen<Arc<Document>> {
    match reader.manifest(&key) {
        Seen::Here(document) => match document.unread() {
            Some(why) => Seen::Unknown(Error::of_document(&key.1, why)),
            None => Seen::Here(document),
        },
        seen => seen,
    }
}
