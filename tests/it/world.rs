//! A registry and a clock in memory, behind the engine's two ports, for looks in virtual time.
#![allow(dead_code, reason = "scenarios use what they need")]

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tagproof::clock::Clock;
use tagproof::observe::Looks;
use tagproof::oci::{Digest, Host, Reference};
use tagproof::registry::{
    Answer, Class, Error, Method, Read, Registry, Stream, Target, Under, Write,
};

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

/// How is looked where a test does not say otherwise.
pub(crate) const LOOKS: Looks = Looks {
    settle: Duration::from_secs(2),
    settle_timeout: Duration::from_secs(20),
    below: false,
    provenance: false,
    layers: true,
    download_limit: 0,
    deadline: Duration::from_secs(300),
};

pub(crate) fn digest(document: &Document) -> Digest {
    document.digest.parse().unwrap()
}

pub(crate) fn shows(document: &Document) -> Shows {
    Shows::Document(digest(document))
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
    /// Whether a manifest is forgotten when the last tag leaves it, and what an index lists with it.
    forgets: Cell<bool>,
    /// How the next puts by digest end, and whether they take effect.
    put_backs: RefCell<VecDeque<(Result<(), Error>, bool)>>,
    /// What is answered with a failure after the first write, and until when.
    failing: RefCell<Option<(String, Class, f64)>>,
    /// Every request, in words.
    journal: RefCell<Vec<String>>,
    /// What digests are called in it.
    names: RefCell<BTreeMap<String, String>>,
    /// How many pulls it says may still be spent.
    pulls: Cell<Option<u64>>,
    /// The media type of each put.
    types: RefCell<Vec<String>>,
}

impl World {
    pub(crate) fn new(documents: &[&Document]) -> Self {
        let configs = documents.iter().map(|document| {
            let blob = (document.config.clone(), "application/octet-stream");
            (Digest::of(&document.config), blob)
        });
        let documents = documents.iter().map(|document| {
            (
                document.digest.parse().unwrap(),
                (document.bytes.clone(), document.media_type),
            )
        });
        let documents = configs.chain(documents).collect();
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
            forgets: Cell::default(),
            put_backs: RefCell::default(),
            failing: RefCell::default(),
            journal: RefCell::default(),
            names: RefCell::default(),
            types: RefCell::default(),
            pulls: Cell::default(),
        }
    }

    /// It says that so many pulls may still be spent.
    pub(crate) fn leaves_pulls(&self, pulls: u64) {
        self.pulls.set(Some(pulls));
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

    /// From now on, a manifest is forgotten when the last tag leaves it, whether an index lists it
    /// or not, and what an index lists goes with the index.
    pub(crate) fn forgets(&self) {
        self.forgets.set(true);
    }

    /// The next put by digest ends so; `taken`: it takes effect.
    pub(crate) fn puts_back(&self, answer: Result<(), Class>, taken: bool) {
        let answer = answer.map_err(failure);
        self.put_backs.borrow_mut().push_back((answer, taken));
    }

    /// From the first write until `seconds`, this digest is answered with a failure.
    pub(crate) fn fails_after_the_write(&self, digest: &str, class: Class, seconds: f64) {
        *self.failing.borrow_mut() = Some((digest.to_owned(), class, seconds));
    }

    /// In the journal, this digest is called so.
    pub(crate) fn call(&self, digest: &str, name: &str) {
        let mut names = self.names.borrow_mut();
        names.insert(digest.to_owned(), name.to_owned());
    }

    /// Every request since this was asked last, in order: `HEAD 1`, `GET arm64`, `PUT 1`.
    pub(crate) fn journal(&self) -> Vec<String> {
        self.journal.take()
    }

    /// The media types of the puts so far.
    pub(crate) fn types(&self) -> Vec<String> {
        self.types.borrow().clone()
    }

    /// Whether a digest is served now.
    pub(crate) fn serves(&self, digest: &str) -> bool {
        let shown = self.shown(digest);
        let parsed: Digest = digest.parse().unwrap();
        !matches!(shown, Some(Shows::Nothing)) && self.documents.contains_key(&parsed)
    }

    fn note(&self, what: &str, name: &str) {
        let names = self.names.borrow();
        let name = names.get(name).map_or(name, String::as_str);
        self.journal.borrow_mut().push(format!("{what} {name}"));
    }

    /// A tag is moved: what it showed is forgotten if no other tag shows it.
    fn forget(&self, tag: &str) {
        let Some(Shows::Document(digest)) = self.shown(tag) else {
            return;
        };
        let others: Vec<String> = self.tags.borrow().keys().cloned().collect();
        let is_tagged = |digest: &Digest| {
            others.iter().any(|other| {
                other != tag
                    && !other.starts_with("sha256:")
                    && matches!(self.shown(other), Some(Shows::Document(shown)) if shown == *digest)
            })
        };
        if is_tagged(&digest) {
            return;
        }
        let mut gone = vec![digest];
        while let Some(digest) = gone.pop() {
            let bytes = &self.documents[&digest].0;
            let value: serde_json::Value = serde_json::from_slice(bytes).unwrap();
            let listed = value["manifests"].as_array().into_iter().flatten();
            let listed = listed.map(|it| it["digest"].as_str().unwrap().parse().unwrap());
            gone.extend(listed.filter(|it| !is_tagged(it) && self.documents.contains_key(it)));
            let now = self.time.now().as_secs_f64();
            self.shows(digest.as_str(), now, Shows::Nothing);
        }
    }

    /// What a tag or a digest answers now, if that was said.
    fn shown(&self, name: &str) -> Option<Shows> {
        let tags = self.tags.borrow();
        let mut history = tags.get(name)?.iter().rev();
        let shown = history.find(|(since, _)| *since <= self.time.now())?;
        Some(shown.1.clone())
    }

    fn answer(&self, read: &Read) -> Result<Answer, Error> {
        let method = match read.method {
            Method::Head => "HEAD",
            Method::Get => "GET",
            Method::FirstByte => "FIRST",
        };
        match &read.target {
            Target::Tag(tag) => self.note(method, tag.as_str()),
            Target::Manifest(digest) | Target::Blob(digest) => self.note(method, digest.as_str()),
        }
        if self.is_now_out() {
            return Err(failure(Class::Network));
        }
        if let (Some((name, class, until)), Target::Manifest(digest)) =
            (&*self.failing.borrow(), &read.target)
            && name == digest.as_str()
            && self.writes() > 0
            && self.time.now().as_secs_f64() < *until
        {
            return Err(failure(*class));
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
            Method::Head | Method::FirstByte => Answer::Header(Some(digest)),
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

    fn stream(
        &self,
        blob: &Stream,
        take: &mut dyn FnMut(&mut dyn io::Read),
    ) -> Result<bool, Error> {
        let read = Read {
            repository: blob.repository.clone(),
            target: Target::Blob(blob.digest.clone()),
            method: Method::Get,
        };
        match self.read(&[read]).remove(0)? {
            Answer::Body { bytes, .. } => {
                take(&mut bytes.as_slice());
                Ok(true)
            }
            Answer::Header(_) => {
                take(&mut io::empty());
                Ok(true)
            }
            Answer::Absent => Ok(false),
        }
    }

    fn pulls_to_spend(&self, _: &Host) -> Option<u64> {
        self.pulls.get()
    }

    fn put(&self, write: &Write) -> Result<(), Error> {
        self.note("PUT", &write.under.to_string());
        self.types.borrow_mut().push(write.media_type.to_string());
        if let Under::Digest(digest) = &write.under {
            let next = self.put_backs.borrow_mut().pop_front();
            let (answer, taken) = next.unwrap_or((Ok(()), true));
            assert_eq!(*digest, Digest::of(&write.bytes));
            if taken {
                let now = self.time.now().as_secs_f64();
                self.shows(digest.as_str(), now, Shows::Document(digest.clone()));
            }
            return answer;
        }
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
        if self.cursed.borrow().as_deref() == Some(write.under.to_string().as_str()) {
            return Err(failure(Class::Unavailable));
        }
        let failure = self.failures.borrow_mut().pop_front();
        if failure.as_ref().is_none_or(|(_, taken)| *taken) {
            let shown = (self.time.now() + self.lag.get()).as_secs_f64();
            let document = Shows::Document(Digest::of(&write.bytes));
            if self.forgets.get() {
                self.forget(&write.under.to_string());
            }
            self.shows(&write.under.to_string(), shown, document);
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
    Error::new(class, "as scripted", "as scripted")
}

/// `r.io/app:TAG`.
pub(crate) fn reference(tag: &str) -> Reference {
    format!("r.io/app:{tag}").parse().unwrap()
}
