//! Layers, read once per repository and digest, within what may be downloaded and kept.

use std::collections::BTreeMap;

use super::kept::LayerState;
use super::memory::bad_answer;
use super::reader::{Key, Reader};
use crate::observation::Seen;
use crate::oci::{self, Digest, Repository};
use crate::programs::{self, Limits, Unread};
use crate::registry::{Cause, Error, Method, Read, Stream, Target};

/// The most that is downloaded of shared layers, for one image and for the whole run.
const PER_IMAGE: u64 = 32 * 1024 * 1024;
const PER_RUN: u64 = 256 * 1024 * 1024;

/// The most memory that all layers of a run are kept in.
const MAX_KEPT: usize = 20 * 1024 * 1024;

/// The most memory that these, the documents of the run and the unpacking of one layer take together.
const MAX_TOGETHER: usize = 52 * 1024 * 1024;

/// The largest window of a zstd frame: what BuildKit's strongest level writes.
const MAX_WINDOW: usize = 16 * 1024 * 1024;

/// A layer may be so many times larger when it is unpacked; a small one may in any case have so many
/// bytes. More is a bomb.
const MAX_RATIO: u64 = 200;
const MIN_UNPACKED: u64 = 64 * 1024 * 1024;

/// A layer of an image.
#[derive(Clone, Copy)]
pub(super) struct LayerKey<'a> {
    pub(super) digest: &'a Digest,
    /// What it is when it is unpacked, by the image's config.
    pub(super) diff_id: &'a Digest,
    pub(super) layer: &'a oci::Layer,
    pub(super) is_windows: bool,
}

impl LayerKey<'_> {
    /// Whether it is distributed, and not encrypted.
    pub(super) fn is_readable(&self) -> bool {
        !self.layer.is_foreign && !self.layer.is_encrypted
    }
}

/// What was downloaded for the images of one index.
pub(super) struct Budget {
    spent: Vec<u64>,
}

impl Budget {
    pub(super) fn new(images: usize) -> Self {
        Self {
            spent: vec![0; images],
        }
    }

    /// Takes so much for these images, unless one of them has not so much left.
    fn take(&mut self, size: u64, images: &[usize]) -> bool {
        let fits = |nth: &usize| {
            self.spent
                .get(*nth)
                .is_some_and(|spent| spent + size <= PER_IMAGE)
        };
        if size > PER_IMAGE || !images.iter().all(fits) {
            return false;
        }
        for nth in images {
            if let Some(spent) = self.spent.get_mut(*nth) {
                *spent += size;
            }
        }
        true
    }
}

impl Reader<'_> {
    /// Reads a layer, unless it is known or would be too much: within the budget of these images, or
    /// without one within what the run may download. Whether it is known whole then.
    pub(super) fn read_layer(
        &mut self,
        repository: &Repository,
        layer: &LayerKey<'_>,
        images: &[usize],
        budget: Option<&mut Budget>,
    ) -> bool {
        let key: Key = (repository.clone(), layer.digest.clone());
        if let Some(known) = self.layer_state(&key) {
            return matches!(known, LayerState::Whole(_, _));
        }
        let size = layer.layer.size;
        let total = self.memory.downloaded.saturating_add(size);
        let (fits, until) = match budget {
            Some(budget) => (total <= PER_RUN && budget.take(size, images), None),
            None => (
                total <= self.looks.download_limit,
                Some(self.looks.deadline),
            ),
        };
        if !fits {
            return false;
        }
        self.memory.downloaded = total;
        let state = self.download(&key, layer, until);
        let is_whole = matches!(state, LayerState::Whole(_, _));
        match state {
            LayerState::Whole(..) | LayerState::NotUnderstood(_) => {
                if let LayerState::Whole(layer, _) = &state {
                    self.memory.kept += layer.kept();
                }
                self.memory.layers.insert(key, state);
            }
            // It may be another one in the next look.
            LayerState::Gone | LayerState::Failed(_) => _ = self.layers.insert(key, state),
        }
        is_whole
    }

    fn download(
        &mut self,
        key: &Key,
        layer: &LayerKey<'_>,
        until: Option<std::time::Duration>,
    ) -> LayerState {
        let taken = self.memory.kept + self.memory.held;
        let window = MAX_WINDOW.min(MAX_TOGETHER.saturating_sub(taken) / 3);
        let limits = Limits {
            unpacked: layer.layer.size.saturating_mul(MAX_RATIO).max(MIN_UNPACKED),
            kept: MAX_KEPT.saturating_sub(self.memory.kept),
            window: u64::try_from(window).unwrap_or(u64::MAX),
        };
        let blob = Stream {
            repository: key.0.clone(),
            digest: key.1.clone(),
            until,
        };
        let mut read = Err(Unread::Stream);
        let answer = self.registry.stream(&blob, &mut |stream| {
            read = programs::read_layer(
                stream,
                layer.layer.size,
                layer.digest,
                layer.diff_id,
                layer.is_windows,
                limits,
            );
        });
        let failed = |reason: String, cause: Cause| {
            let read = Read {
                repository: key.0.clone(),
                target: Target::Blob(key.1.clone()),
                method: Method::Get,
            };
            LayerState::Failed(Error {
                cause,
                ..bad_answer(&read, reason)
            })
        };
        match (answer, read) {
            (Err(error), _) => LayerState::Failed(error),
            (Ok(false), _) => LayerState::Gone,
            (Ok(true), Ok((layer, unpacked))) => LayerState::Whole(layer, unpacked),
            (Ok(true), Err(Unread::Digest(found))) => failed(
                format!("the body is {found}, not what was asked for"),
                Cause::OtherBytes,
            ),
            (Ok(true), Err(Unread::Stream)) => {
                failed("the answer has no body".to_owned(), Cause::Other)
            }
            (Ok(true), Err(Unread::Shape(why) | Unread::Limit(why))) => {
                LayerState::NotUnderstood(why)
            }
        }
    }

    /// What is known of a layer.
    pub(super) fn layer_state(&self, key: &Key) -> Option<&LayerState> {
        self.memory.layers.get(key).or_else(|| self.layers.get(key))
    }

    /// A layer that is what the image's config says, if it was read.
    pub(super) fn layer(
        &self,
        repository: &Repository,
        layer: &LayerKey<'_>,
    ) -> Option<&programs::Layer> {
        match self.layer_state(&(repository.clone(), layer.digest.clone()))? {
            LayerState::Whole(read, unpacked) if unpacked == layer.diff_id => Some(read),
            _ => None,
        }
    }

    /// What a layer is when it is unpacked, where the image's config says something else.
    pub(super) fn other_layer(
        &self,
        repository: &Repository,
        layer: &LayerKey<'_>,
    ) -> Option<&Digest> {
        match self.layer_state(&(repository.clone(), layer.digest.clone()))? {
            LayerState::Whole(_, unpacked) if unpacked != layer.diff_id => Some(unpacked),
            _ => None,
        }
    }

    /// Asks whether layers are there that were not read.
    pub(super) fn look_for_layers(&mut self, keys: Vec<Key>) {
        let seen: BTreeMap<Key, Seen<()>> = self.look_for_blobs(keys);
        for (key, seen) in seen {
            match seen {
                Seen::Here(()) => {}
                Seen::Absent => _ = self.layers.insert(key, LayerState::Gone),
                Seen::Unknown(error) => _ = self.layers.insert(key, LayerState::Failed(error)),
            }
        }
    }
}
