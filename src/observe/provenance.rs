//! What the provenance of images says of their source, read where it decides something: once per
//! repository and digest.

use std::collections::{BTreeMap, BTreeSet};

use super::reader::{Key, Reader};
use crate::observation::Seen;
use crate::oci::{Named, Provenance};

impl Reader<'_> {
    /// Reads the provenance that these attestation manifests hold, as far as it is not known and the
    /// registry leaves enough pulls for others. What cannot be read says nothing.
    pub(super) fn read_provenance(&mut self, manifests: BTreeSet<Key>) {
        let is_open = |key: &Key| !self.memory.provenance.contains_key(key);
        let mut open: BTreeSet<Key> = manifests.into_iter().filter(is_open).collect();
        let mut asked: BTreeMap<String, u64> = BTreeMap::new();
        open.retain(|key| {
            let host = key.0.host();
            let asked = asked.entry(host.to_string()).or_default();
            *asked += u64::from(!self.knows(key));
            let most = self.registry.pulls_to_spend(host);
            most.is_none_or(|most| *asked <= most)
        });
        self.read_manifests(open.iter().cloned());
        let mut statements: BTreeMap<Key, Key> = BTreeMap::new();
        for key in open {
            let Seen::Here(manifest) = self.manifest(&key) else {
                continue;
            };
            match manifest.image().and_then(|it| it.provenance.as_ref()) {
                Some(Named::Digest(digest)) => {
                    statements.insert(key.clone(), (key.0, digest.clone()));
                }
                Some(Named::Unknown(_)) | None => {
                    self.memory.provenance.insert(key, Provenance::default());
                }
            }
        }
        let blobs: BTreeSet<Key> = statements.values().cloned().collect();
        let read: BTreeMap<Key, Seen<Vec<u8>>> = self.read_blobs(blobs).into_iter().collect();
        for (manifest, statement) in statements {
            if let Some(Seen::Here(bytes)) = read.get(&statement) {
                let provenance = Provenance::read(bytes);
                self.memory.provenance.insert(manifest, provenance);
            }
        }
    }

    /// The provenance of an attestation manifest that was read.
    pub(super) fn provenance(&self, manifest: &Key) -> Option<&Provenance> {
        self.memory.provenance.get(manifest)
    }
}
