//! What the fake registry holds: repositories with manifests, tags and blobs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tagproof::oci::Digest;

use super::bodies::Refusal;
use super::forget::Forgets;

/// All repositories.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) repositories: BTreeMap<String, Repository>,
    /// What becomes of a manifest that a tag leaves.
    pub(crate) forgets: Option<Forgets>,
    /// What is answered to an index that lists a manifest that is not there.
    pub(crate) missing: Missing,
}

/// What a registry makes of an index that lists a manifest that is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It is refused as distribution refuses it.
    #[default]
    Refused,
    /// It is refused in another registry's words.
    RefusedAs(Refusal),
    /// It is taken.
    Taken,
}

/// One repository.
#[derive(Debug, Default)]
pub(crate) struct Repository {
    pub(crate) manifests: BTreeMap<String, Manifest>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) blobs: BTreeMap<String, Vec<u8>>,
    /// Blobs that are said to be there though their bytes are not: layers.
    pub(crate) known_blobs: BTreeSet<String>,
    /// What was put by digest when no tag reached it.
    pub(crate) leases: BTreeSet<String>,
    /// The refusal of every write of a tag that exists.
    pub(crate) immutable: Option<Refusal>,
}

/// A manifest or an index.
#[derive(Clone, Debug)]
pub(crate) struct Manifest {
    pub(crate) bytes: Vec<u8>,
    pub(crate) media_type: String,
}

impl State {
    pub(crate) fn repository(&mut self, name: &str) -> &mut Repository {
        self.repositories.entry(name.to_owned()).or_default()
    }

    /// Stores a manifest and returns its digest. Nothing is checked, and the blobs that it names
    /// count as being there.
    pub(crate) fn put_manifest(&mut self, name: &str, bytes: &[u8], media_type: &str) -> String {
        let digest = Digest::of(bytes).to_string();
        let repository = self.repository(name);
        repository.known_blobs.extend(blobs_of(bytes));
        repository.manifests.insert(
            digest.clone(),
            Manifest {
                bytes: bytes.to_vec(),
                media_type: media_type.to_owned(),
            },
        );
        digest
    }

    /// Stores a blob and returns its digest.
    pub(crate) fn put_blob(&mut self, name: &str, bytes: &[u8]) -> String {
        let digest = Digest::of(bytes).to_string();
        let blobs = &mut self.repository(name).blobs;
        blobs.insert(digest.clone(), bytes.to_vec());
        digest
    }

    pub(crate) fn delete_blob(&mut self, name: &str, digest: &str) {
        self.repository(name).blobs.remove(digest);
    }

    pub(crate) fn tag(&mut self, name: &str, tag: &str, digest: &str) {
        let tags = &mut self.repository(name).tags;
        let left = tags.insert(tag.to_owned(), digest.to_owned());
        if let Some(left) = left {
            self.leave(name, &left);
        }
    }

    pub(crate) fn untag(&mut self, name: &str, tag: &str) {
        if let Some(left) = self.repository(name).tags.remove(tag) {
            self.leave(name, &left);
        }
    }

    /// Where a tag points.
    pub(crate) fn tagged(&self, name: &str, tag: &str) -> Option<String> {
        self.repositories.get(name)?.tags.get(tag).cloned()
    }

    /// Removes a manifest; tags that point at it stay and lead nowhere.
    pub(crate) fn delete_manifest(&mut self, name: &str, digest: &str) {
        self.repository(name).manifests.remove(digest);
    }
}

/// The digests of the blobs that an image manifest names.
pub(crate) fn blobs_of(manifest: &[u8]) -> Vec<String> {
    let Ok(manifest) = serde_json::from_slice::<Value>(manifest) else {
        return Vec::new();
    };
    let layers = manifest["layers"].as_array().into_iter().flatten();
    std::iter::once(&manifest["config"])
        .chain(layers)
        .filter_map(|blob| Some(blob["digest"].as_str()?.to_owned()))
        .collect()
}

/// The digests of the manifests that an index names.
pub(crate) fn children_of(index: &[u8]) -> Vec<String> {
    let Ok(index) = serde_json::from_slice::<Value>(index) else {
        return Vec::new();
    };
    let children = index["manifests"].as_array().into_iter().flatten();
    children
        .filter_map(|child| Some(child["digest"].as_str()?.to_owned()))
        .collect()
}
