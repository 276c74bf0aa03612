//! Reads manifests and configs by digest, and remembers them: what is there for the whole run, as
//! what a digest names never changes; what is not there for this look.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::kept::LayerState;
use super::looks::Looks;
use super::memory::{Memory, bad_answer, read_refused_again};
use super::present::present;
use super::read::{Wanted, resolve};
use crate::observation::Seen;
use crate::oci::{Config, Digest, Document, Repository};
use crate::registry::{Answer, Cause, Error, Method, Read, Registry, Target};

/// What a digest names in a repository.
pub(super) type Key = (Repository, Digest);

/// What one look reads by digest.
pub(super) struct Reader<'a> {
    pub(super) memory: &'a mut Memory,
    pub(super) registry: &'a dyn Registry,
    /// The manifests that are not there, or could not be read.
    missed: BTreeMap<Key, Seen<()>>,
    /// The configs that are not there, or could not be read.
    unread: BTreeMap<Key, Seen<()>>,
    /// The layers that are not there, or could not be read.
    pub(super) layers: BTreeMap<Key, LayerState>,
    pub(super) looks: Looks,
}

impl<'a> Reader<'a> {
    pub(super) fn new(memory: &'a mut Memory, registry: &'a dyn Registry, looks: Looks) -> Self {
        Self {
            memory,
            registry,
            missed: BTreeMap::new(),
            unread: BTreeMap::new(),
            layers: BTreeMap::new(),
            looks,
        }
    }

    /// Reads these manifests, as far as they are not known.
    pub(super) fn read_manifests(&mut self, keys: impl IntoIterator<Item = Key>) {
        let memory = &self.memory;
        let is_open =
            |key: &Key| !memory.documents.contains_key(key) && !self.missed.contains_key(key);
        let mut open = BTreeSet::new();
        open.extend(keys.into_iter().filter(is_open));
        let wanted = open.iter().map(|(repository, digest)| Wanted {
            repository: repository.clone(),
            target: Target::Manifest(digest.clone()),
            expected: None,
            whole: true,
        });
        let seen = resolve(wanted.collect(), self.memory, self.registry);
        for (key, seen) in open.into_iter().zip(seen) {
            match seen {
                Seen::Here(_) => _ = self.memory.present.insert(key),
                Seen::Absent => _ = self.missed.insert(key, Seen::Absent),
                Seen::Unknown(error) => _ = self.missed.insert(key, Seen::Unknown(error)),
            }
        }
    }

    /// Whether a manifest was read or missed already.
    pub(super) fn knows(&self, key: &Key) -> bool {
        self.memory.documents.contains_key(key) || self.missed.contains_key(key)
    }

    /// A manifest that was read.
    pub(super) fn manifest(&self, key: &Key) -> Seen<Arc<Document>> {
        match (self.memory.documents.get(key), self.missed.get(key)) {
            (Some(document), _) => Seen::Here(document.clone()),
            (None, Some(Seen::Unknown(error))) => Seen::Unknown(error.clone()),
            (None, _) => Seen::Absent,
        }
    }

    /// Asks whether these manifests are there, as far as that is not known.
    pub(super) fn look_for(&mut self, keys: impl IntoIterator<Item = Key>) {
        let memory = &self.memory;
        let is_open = |key: &Key| !memory.present.contains(key) && !self.missed.contains_key(key);
        let mut open = BTreeSet::new();
        open.extend(keys.into_iter().filter(is_open));
        let open: Vec<Key> = open.into_iter().collect();
        let seen = present(&open, self.memory, self.registry);
        for (key, seen) in open.into_iter().zip(seen) {
            match seen {
                Seen::Here(()) => _ = self.memory.present.insert(key),
                seen => _ = self.missed.insert(key, seen),
            }
        }
    }

    /// Why a manifest is not known to be there, if it is not.
    pub(super) fn missed(&self, key: &Key) -> Option<&Seen<()>> {
        self.missed.get(key)
    }

    /// Reads these configs, as far as they are not known.
    pub(super) fn read_configs(&mut self, keys: impl IntoIterator<Item = Key>) {
        let memory = &self.memory;
        let is_open =
            |key: &Key| !memory.configs.contains_key(key) && !self.unread.contains_key(key);
        let mut open = BTreeSet::new();
        open.extend(keys.into_iter().filter(is_open));
        for (key, seen) in self.read_blobs(open) {
            match seen {
                Seen::Here(bytes) => _ = self.memory.configs.insert(key, Config::read(&bytes)),
                Seen::Absent => _ = self.unread.insert(key, Seen::Absent),
                Seen::Unknown(error) => _ = self.unread.insert(key, Seen::Unknown(error)),
            }
        }
    }

    /// Reads these blobs whole, and checks each against its digest.
    pub(super) fn read_blobs(&self, keys: BTreeSet<Key>) -> Vec<(Key, Seen<Vec<u8>>)> {
        let read = |(repository, digest): &Key| Read {
            repository: repository.clone(),
            target: Target::Blob(digest.clone()),
            method: Method::Get,
        };
        let reads: Vec<Read> = keys.iter().map(read).collect();
        if reads.is_empty() {
            return Vec::new();
        }
        let answers = reads.iter().zip(self.registry.read(&reads));
        let seen = keys.into_iter().zip(answers).map(|(key, (read, answer))| {
            let seen = match answer {
                Ok(Answer::Body { bytes, .. }) if key.1.is_of(&bytes) => Seen::Here(bytes),
                Ok(Answer::Absent) => Seen::Absent,
                Ok(_) => Seen::Unknown(Error {
                    cause: Cause::OtherBytes,
                    ..bad_answer(read, "the body is not what was asked for".to_owned())
                }),
                Err(error) => Seen::Unknown(error),
            };
            (key, seen)
        });
        seen.collect()
    }

    /// A config that was read; `None` if it was not asked for.
    pub(super) fn config(&self, key: &Key) -> Option<Seen<&Config>> {
        if let Some(config) = self.memory.configs.get(key) {
            return Some(Seen::Here(config));
        }
        Some(match self.unread.get(key)? {
            Seen::Unknown(error) => Seen::Unknown(error.clone()),
            Seen::Absent | Seen::Here(()) => Seen::Absent,
        })
    }

    /// Whether these blobs are there: a HEAD is an answer, as nothing of them is taken for true.
    pub(super) fn look_for_blobs(
        &self,
        keys: impl IntoIterator<Item = Key>,
    ) -> BTreeMap<Key, Seen<()>> {
        let mut open = BTreeSet::new();
        open.extend(keys);
        let read = |(repository, digest): &Key| Read {
            repository: repository.clone(),
            target: Target::Blob(digest.clone()),
            method: Method::Head,
        };
        let reads: Vec<Read> = open.iter().map(read).collect();
        let answers = reads.iter().zip(read_refused_again(&reads, self.registry));
        let seen = open.into_iter().zip(answers).map(|(key, (read, answer))| {
            let seen = match answer {
                Ok(Answer::Body { bytes, .. }) if !key.1.is_of(&bytes) => {
                    let reason = "the body is not what was asked for".to_owned();
                    Seen::Unknown(bad_answer(read, reason))
                }
                Ok(Answer::Absent) => Seen::Absent,
                Ok(_) => Seen::Here(()),
                Err(error) => Seen::Unknown(error),
            };
            (key, seen)
        });
        seen.collect()
    }
}
