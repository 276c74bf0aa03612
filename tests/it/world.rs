//! A registry and a clock in memory, behind the engine's two ports, for looks in virtual time.
#![allow(dead_code, reason = "scenarios use what they need")]

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tagproof::clock::Clock;
use tagproof::oci::{Digest, Host, Reference};
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
    /// Per tag or digest: since when it answers what, in order.
    tags: RefCell<BTreeMap<String, Vec<(Duration, Shows)>>>,
    /// When each look of a tag happened.
    looks: RefCell<Vec<(Duration, String, Method)>>,
    writes: RefCell<Vec<Duration>>,
    /// How long a batch of reads takes.
    latency: Cell<Duration>,
    /// How long a write takes to show.
    lag: Cell<Duration>,
    /// How the next writes fail, and whether they take effect all the same.
    failures: RefCell<VecDeque<(Error, bool)>>,
    /// A digest that is answered without a body, even when it is asked for with GET.
    bodiless: RefCell<Option<Digest>>,
    /// A host whose writes all fail after so long.
    down: RefCell<Option<(String, Duration)>>,
    /// From when until when nothing is answered at all.
    out: Cell<Option<(Duration, Duration)>>,
    /// A tag whose writes all fail as if the registry did.
    cursed: RefCell<Option<String>>,
    /// What was waited for: when, which host, and how long at most.
    waits: RefCell<Vec<(Duration, String, Duration)>>,
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
            writes: RefCell::default(),
            latency: Cell::default(),
            lag: Cell::default(),
            failures: RefCell::default(),
            bodiless: RefCell::default(),
            down: RefCell::default(),
            out: Cell::default(),
            cursed: RefCell::default(),
            waits: RefCell::default(),
        }
    }

    /// From `seconds` on, the tag answers so, or the digest.
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
        self.writes.borrow().len()
    }

    /// The times of the writes, in seconds.
    pub(crate) fn writes_at(&self) -> Vec<f64> {
        let writes = self.writes.borrow();
        writes.iter().map(Duration::as_secs_f64).collect()
    }

    /// From now on, every batch of reads takes so long.
    pub(crate) fn takes(&self, time: Duration) {
        self.latency.set(time);
    }

    /// From now on, a write shows only after so long.
    pub(crate) fn lags(&self, time: Duration) {
        self.lag.set(time);
    }

    /// The next write fails so; `taken`: it takes effect, and only its answer is lost.
    pub(crate) fn refuses(&self, class: Class, retry_after: Option<Duration>, taken: bool) {
        let error = Error {
            retry_after,
            ..failure(class)
        };
        self.failures.borrow_mut().push_back((error, taken));
    }

    /// From now on, this document has no body.
    pub(crate) fn withholds(&self, digest: Digest) {
        *self.bodiless.borrow_mut() = Some(digest);
    }

    /// From now on, every write to this host fails after so long.
    pub(crate) fn is_down(&self, host: &str, time: Duration) {
        *self.down.borrow_mut() = Some((host.to_owned(), time));
    }

    /// Between these seconds, nothing is answered.
    pub(crate) fn is_out(&self, from: f64, until: f64) {
        let [from, until] = [from, until].map(Duration::from_secs_f64);
        self.out.set(Some((from, until)));
    }

    /// From now on, every write of this tag fails as if the registry did.
    pub(crate) fn curses(&self, tag: &str) {
        *self.cursed.borrow_mut() = Some(tag.to_owned());
    }

    /// When the engine said that it waits for a host, which, and how long at most, in seconds.
    pub(crate) fn waits(&self) -> Vec<(f64, String, f64)> {
        let waits = self.waits.borrow();
        let told = |(at, host, most): &(Duration, String, Duration)| {
            (at.as_secs_f64(), host.clone(), most.as_secs_f64())
        };
        waits.iter().map(told).collect()
    }

    fn is_now_out(&self) -> bool {
        let now = self.time.now();
        self.out
            .get()
            .is_some_and(|(from, until)| now >= from && now < until)
    }

    /// What a tag or a digest answers now, if that was said.
    fn shown(&self, name: &str) -> Option<Shows> {
        let tags = self.tags.borrow();
        let mut history = tags.get(name)?.iter().rev();
        let shown = history.find(|(since, _)| *since <= self.time.now())?;
        Some(shown.1.clone())
    }

    fn answer(&self, read: &Read) -> Result<Answer, Error> {
        if self.is_now_out() {
            return Err(failure(Class::Network));
        }
        let shown = match &read.target {
            Target::Tag(tag) => {
                self.looks
                    .borrow_mut()
                    .push((self.time.now(), tag.to_string(), read.method));
                self.shown(tag.as_str()).unwrap_or(Shows::Nothing)
            }
            Target::Manifest(digest) | Target::Blob(digest) => self
                .shown(digest.as_str())
                .unwrap_or_else(|| Shows::Document(digest.clone())),
        };
        let digest = match shown {
            Shows::Nothing => return Ok(Answer::Absent),
            Shows::Failure(class) => return Err(failure(class)),
            Shows::Document(digest) => digest,
        };
        let Some((bytes, media_type)) = self.documents.get(&digest) else {
            return Ok(Answer::Absent);
        };
        Ok(match read.method {
            Method::Head => Answer::Header(Some(digest)),
            Method::Get if self.bodiless.borrow().as_ref() == Some(&digest) => {
                Answer::Header(Some(digest))
            }
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
        self.time.sleep(self.latency.get());
        batch.iter().map(|read| self.answer(read)).collect()
    }

    fn put(&self, write: &Write) -> Result<(), Error> {
        self.writes.borrow_mut().push(self.time.now());
        if let Some((host, time)) = &*self.down.borrow()
            && write.repository.host().as_str() == host
        {
            self.time.sleep(*time);
            return Err(failure(Class::Network));
        }
        if self.is_now_out() {
            return Err(failure(Class::Network));
        }
        if self.cursed.borrow().as_deref() == Some(write.tag.as_str()) {
            return Err(failure(Class::Unavailable));
        }
        let failure = self.failures.borrow_mut().pop_front();
        if failure.as_ref().is_none_or(|(_, taken)| *taken) {
            let shown = (self.time.now() + self.lag.get()).as_secs_f64();
            let document = Shows::Document(Digest::of(&write.bytes));
            self.shows(write.tag.as_str(), shown, document);
        }
        failure.map_or(Ok(()), |(error, _)| Err(error))
    }

    fn wait_for(&self, host: &Host, _: &Error, at_most: Duration) {
        let host = host.as_str().to_owned();
        self.waits
            .borrow_mut()
            .push((self.time.now(), host, at_most));
    }
}

fn failure(class: Class) -> Error {
    Error {
        class,
        request: "as scripted".to_owned(),
        reason: "as scripted".to_owned(),
        retry_after: None,
    }
}

/// `r.io/app:TAG`.
pub(crate) fn reference(tag: &str) -> Reference {
    format!("r.io/app:{tag}").parse().unwrap()
}
