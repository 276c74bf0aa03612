//! A registry and a clock in memory, behind the engine's two ports, for looks in virtual time.
#![allow(dead_code, reason = "scenarios use what they need")]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tagproof::clock::Clock;
use tagproof::oci::{Digest, Reference};
use tagproof::registry::{Answer, Class, Error, Method, Read, Registry, Target, Write};

use crate::image::Document;

/// Virtual time: it goes on only when someone sleeps.
#[derive(Default)]
pub(crate) struct Time {
    millis: AtomicU64,
}

impl Clock for Time {
    fn now(&self) -> Duration {
        Duration::from_millis(self.millis.load(Ordering::SeqCst))
    }

    fn sleep(&self, time: Duration) {
        let millis = u64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap();
        self.millis.fetch_add(millis, Ordering::SeqCst);
    }

    fn unix_time(&self) -> u64 {
        1_800_000_000
    }
}

/// What a tag answers with, from a moment on.
#[derive(Clone, Debug)]
pub(crate) enum Shows {
    Nothing,
    Document(Digest),
    Failure(Class),
}

/// One repository whose tags answer by the clock.
pub(crate) struct World {
    pub(crate) time: Time,
    documents: BTreeMap<Digest, (Vec<u8>, &'static str)>,
    /// Per tag: since when it answers what, in order.
    tags: RefCell<BTreeMap<String, Vec<(Duration, Shows)>>>,
    /// When each look of a tag happened.
    looks: RefCell<Vec<(Duration, String, Method)>>,
    writes: Cell<usize>,
}

impl World {
    pub(crate) fn new(documents: &[&Document]) -> Self {
        let documents = documents
            .iter()
            .map(|document| {
                (
                    document.digest.parse().unwrap(),
                    (document.bytes.clone(), document.media_type),
                )
            })
            .collect();
        Self {
            time: Time::default(),
            documents,
            tags: RefCell::default(),
            looks: RefCell::default(),
            writes: Cell::new(0),
        }
    }

    /// From `seconds` on, the tag answers so.
    pub(crate) fn shows(&self, tag: &str, seconds: f64, shows: Shows) {
        let mut tags = self.tags.borrow_mut();
        let history = tags.entry(tag.to_owned()).or_default();
        history.push((Duration::from_secs_f64(seconds), shows));
        history.sort_by_key(|(since, _)| *since);
    }

    /// The times of the looks at a tag, in seconds.
    pub(crate) fn looks_at(&self, tag: &str) -> Vec<f64> {
        let looks = self.looks.borrow();
        let mut times: Vec<f64> = looks
            .iter()
            .filter(|(_, looked, _)| looked == tag)
            .map(|(time, _, _)| time.as_secs_f64())
            .collect();
        times.dedup();
        times
    }

    pub(crate) fn writes(&self) -> usize {
        self.writes.get()
    }

    fn answer(&self, read: &Read) -> Result<Answer, Error> {
        let digest = match &read.target {
            Target::Tag(tag) => {
                self.looks
                    .borrow_mut()
                    .push((self.time.now(), tag.to_string(), read.method));
                let tags = self.tags.borrow();
                let history = tags
                    .get(tag.as_str())
                    .map(Vec::as_slice)
                    .unwrap_or_default();
                match history
                    .iter()
                    .rev()
                    .find(|(since, _)| *since <= self.time.now())
                {
                    None | Some((_, Shows::Nothing)) => return Ok(Answer::Absent),
                    Some((_, Shows::Failure(class))) => {
                        return Err(Error {
                            class: *class,
                            request: "GET".to_owned(),
                            reason: "as scripted".to_owned(),
                            retry_after: None,
                        });
                    }
                    Some((_, Shows::Document(digest))) => digest.clone(),
                }
            }
            Target::Manifest(digest) | Target::Blob(digest) => digest.clone(),
        };
        let Some((bytes, media_type)) = self.documents.get(&digest) else {
            return Ok(Answer::Absent);
        };
        Ok(match read.method {
            Method::Head => Answer::Header(Some(digest)),
            Method::Get => Answer::Body {
                bytes: bytes.clone(),
                content_type: (*media_type).to_owned(),
                claimed: Some(digest),
            },
        })
    }
}

impl Registry for World {
    fn read(&self, batch: &[Read]) -> Vec<Result<Answer, Error>> {
        batch.iter().map(|read| self.answer(read)).collect()
    }

    fn put(&self, write: &Write) -> Result<(), Error> {
        self.writes.set(self.writes.get() + 1);
        let now = self.time.now().as_secs_f64();
        self.shows(
            write.tag.as_str(),
            now,
            Shows::Document(Digest::of(&write.bytes)),
        );
        Ok(())
    }
}

/// `r.io/app:TAG`.
pub(crate) fn reference(tag: &str) -> Reference {
    format!("r.io/app:{tag}").parse().unwrap()
}
