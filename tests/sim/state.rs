//! What the simulated registry holds at each moment, and what the others make of it.

use std::collections::{BTreeMap, BTreeSet};

use tagproof::oci::{Digest, Tag};
use tagproof::registry::{Target, Under};

use super::forget::{Forgets, whole};
use super::journal::{Effect, Event, Stage, Told, What};
use super::rng::Rng;
use super::scene::{Deed, When};

/// The state of a tag or of a document from a moment on.
#[derive(Clone, Debug)]
pub(crate) struct Change<T> {
    pub(crate) at: i64,
    pub(crate) is: T,
    /// Whether it was someone else than the engine.
    pub(crate) by_others: bool,
}

/// What a repository holds, with its past.
#[derive(Default)]
pub(crate) struct Content {
    pub(crate) forgets: Option<Forgets>,
    pub(crate) tags: BTreeMap<Tag, Vec<Change<Option<Digest>>>>,
    pub(crate) docs: BTreeMap<Digest, Vec<Change<bool>>>,
    /// What was put by digest when no tag reached it, and when.
    pub(crate) leases: BTreeMap<Digest, i64>,
}

pub(crate) struct State {
    pub(crate) now: i64,
    pub(crate) epoch: u64,
    pub(crate) stage: Stage,
    pub(crate) rng: Rng,
    pub(crate) content: Vec<Content>,
    pub(crate) journal: Vec<Event>,
    /// What the engine said that it is about to leave.
    pub(crate) told: Vec<Told>,
    /// How many writes of a tag there were, and how many requests since the one that the scene waits
    /// for. Then the run is killed: whatever it still asks has no effect.
    pub(crate) writes: usize,
    pub(crate) since: usize,
    pub(crate) is_killed: bool,
    pub(crate) acts: Vec<(When, Deed)>,
    pub(crate) requests: usize,
    pub(crate) put_tried: BTreeSet<(usize, Tag)>,
    /// After the trouble: no faults, no lags, no others.
    pub(crate) calm: bool,
}

impl Content {
    pub(crate) fn tag(&self, tag: &Tag, at: i64) -> Option<&Digest> {
        let past = self.tags.get(tag)?;
        past.iter()
            .rev()
            .find(|change| change.at <= at)
            .and_then(|change| change.is.as_ref())
            .filter(|digest| self.has(digest, at))
    }

    pub(crate) fn has(&self, digest: &Digest, at: i64) -> bool {
        self.docs
            .get(digest)
            .and_then(|past| past.iter().rev().find(|change| change.at <= at))
            .is_none_or(|change| change.is)
    }

    pub(crate) fn point(&mut self, tag: &Tag, at: i64, is: Option<Digest>, by_others: bool) {
        // Where things are forgotten, others push what they tag. Elsewhere a tag may lead nowhere.
        if let (Some(digest), Some(_), true) = (&is, self.forgets, by_others) {
            for digest in whole(digest) {
                self.bring(&digest, at, true);
            }
        }
        let left = self.raw(tag).filter(|left| Some(*left) != is.as_ref());
        let left = left.cloned();
        let past = self.tags.entry(tag.clone()).or_default();
        let at = past.last().map_or(at, |last| last.at.max(at));
        past.push(Change { at, is, by_others });
        if let Some(left) = left {
            self.leave(&left, at, by_others);
        }
    }

    pub(crate) fn set(&mut self, digest: &Digest, at: i64, is: bool, by_others: bool) {
        let past = self.docs.entry(digest.clone()).or_default();
        let at = past.last().map_or(at, |last| last.at.max(at));
        past.push(Change { at, is, by_others });
    }
}

impl State {
    /// Lets the others do what they do until now.
    pub(crate) fn act(&mut self, in_window: bool) {
        let (now, requests) = (self.now, self.requests);
        let is_due = |when: &When| match when {
            When::At(at) => *at <= now,
            When::Request(number) => *number <= requests,
            When::Window => in_window,
        };
        let mut due: Vec<(i64, Deed)> = Vec::new();
        self.acts.retain(|(when, deed)| {
            if !is_due(when) {
                return true;
            }
            let at = match when {
                When::At(at) => (*at).max(0),
                When::Request(_) | When::Window => now,
            };
            due.push((at, deed.clone()));
            false
        });
        due.sort_by_key(|(at, _)| *at);
        for (at, deed) in due {
            match deed {
                Deed::Point(repo, tag, digest) => self.content[repo].point(&tag, at, digest, true),
                Deed::Delete(repo, digest) => self.content[repo].set(&digest, at, false, true),
            }
        }
    }

    /// A write that took effect, and what it did to a tag.
    pub(crate) fn put(&mut self, repo: usize, under: &Under, digest: &Digest) -> Option<Effect> {
        let (at, content) = (self.now, &mut self.content[repo]);
        let tag = match under {
            Under::Tag(tag) => tag,
            Under::Digest(_) => {
                content.put_by_digest(digest, at);
                return None;
            }
        };
        let served = |parts: Vec<Digest>| -> Vec<Digest> {
            let served = parts.into_iter().filter(|part| content.serves(part, at));
            served.collect()
        };
        let left = content.tag(tag, at).filter(|left| *left != digest);
        let (left, had) = (left.map(whole), whole(digest));
        let (left, had) = (served(left.unwrap_or_default()), served(had));
        content.bring(digest, at, false);
        content.point(tag, at, Some(digest.clone()), false);
        let mut gone = left.clone();
        gone.retain(|part| !content.serves(part, at));
        Some(Effect {
            at,
            left,
            gone,
            had,
        })
    }

    /// The last request about a tag since the engine waited, if there was one.
    pub(crate) fn last_of_a_tag(&self) -> Option<&What> {
        let since = self.journal.iter().rev();
        let since = since.take_while(|event| event.epoch == self.epoch);
        since
            .map(|event| &event.what)
            .find(|what| matches!(what, What::Put(..) | What::Read(Target::Tag(_), ..)))
    }

    /// Lets a request take its time; whether the deadline came before its answer.
    pub(crate) fn take(&mut self, time: i64, deadline: i64) -> bool {
        if self.now + time >= deadline && !self.calm {
            self.now = self.now.max(deadline);
            return true;
        }
        self.now += time;
        false
    }
}
