//! What the simulated registry holds at each moment, and what the others make of it.

use std::collections::{BTreeMap, BTreeSet};

use tagproof::oci::{Digest, Tag};

use super::journal::{Event, Stage};
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
    pub(crate) tags: BTreeMap<Tag, Vec<Change<Option<Digest>>>>,
    pub(crate) docs: BTreeMap<Digest, Vec<Change<bool>>>,
}

pub(crate) struct State {
    pub(crate) now: i64,
    pub(crate) epoch: u64,
    pub(crate) stage: Stage,
    pub(crate) rng: Rng,
    pub(crate) content: Vec<Content>,
    pub(crate) journal: Vec<Event>,
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
        let past = self.tags.entry(tag.clone()).or_default();
        let at = past.last().map_or(at, |last| last.at.max(at));
        past.push(Change { at, is, by_others });
    }

    pub(crate) fn put_back(&mut self, digest: &Digest, at: i64) {
        self.set(digest, at, true);
    }

    fn set(&mut self, digest: &Digest, at: i64, is: bool) {
        let past = self.docs.entry(digest.clone()).or_default();
        let at = past.last().map_or(at, |last| last.at.max(at));
        past.push(Change {
            at,
            is,
            by_others: true,
        });
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
                Deed::Delete(repo, digest) => self.content[repo].set(&digest, at, false),
            }
        }
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
