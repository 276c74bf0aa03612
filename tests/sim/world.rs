//! The simulated registry and its clock: what a scene says, played in virtual time.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use tagproof::clock::Clock;
use tagproof::oci::{Digest, Tag};
use tagproof::registry::{Answer, Class, Error, Method, Read, Registry, Target, Under, Write};

use super::answers;
use super::fault::{Fault, Phase};
use super::images::library;
use super::journal::{Event, Stage, What};
use super::rng::Rng;
use super::scene::{Claim, LONG_AGO, Lag, Lock, Rule, Scene};
use super::state::{Change, Content, State};

/// A scene that is being played.
pub(crate) struct World<'a> {
    pub(crate) scene: &'a Scene,
    state: Mutex<State>,
}

impl<'a> World<'a> {
    pub(crate) fn new(scene: &'a Scene) -> Self {
        let mut content: Vec<Content> = scene.repos.iter().map(|_| Content::default()).collect();
        for claim in &scene.claims {
            let Some(tag) = &claim.tag else { continue };
            let change = |at: i64, is: &Option<Digest>| Change {
                at,
                is: is.clone(),
                by_others: true,
            };
            let past = vec![
                change(10 * LONG_AGO, &claim.before),
                change(claim.since, &claim.start),
            ];
            content[claim.repo].tags.insert(tag.clone(), past);
        }
        // Whatever is not said to be gone is there: what a tag may show has been pushed before.
        for (repo, digest) in &scene.gone {
            let gone = Change {
                at: 10 * LONG_AGO,
                is: false,
                by_others: false,
            };
            content[*repo].docs.insert(digest.clone(), vec![gone]);
        }
        let state = State {
            now: 0,
            epoch: 0,
            stage: Stage::Before,
            rng: Rng::new(scene.seed ^ 0x5eed),
            content,
            journal: Vec::new(),
            acts: scene.acts.clone(),
            requests: 0,
            put_tried: BTreeSet::new(),
            calm: false,
        };
        Self {
            scene,
            state: Mutex::new(state),
        }
    }

    /// The plan is made, and what comes now is applying it.
    pub(crate) fn applying(&self) {
        self.with(|state| state.stage = Stage::Apply);
    }

    /// Ends all trouble, and begins a new journal and a new time.
    pub(crate) fn calm_down(&self) {
        self.with(|state| {
            state.calm = true;
            state.acts.clear();
            state.now += 1_000_000;
            self.begin_again(state);
        });
    }

    pub(crate) fn next_run(&self) {
        self.with(|state| self.begin_again(state));
    }

    /// A new run of the engine: its time begins at 0, and the past is shifted behind it.
    fn begin_again(&self, state: &mut State) {
        let shift = state.now + 1;
        for content in &mut state.content {
            for change in content.tags.values_mut().flatten() {
                change.at -= shift;
            }
            for change in content.docs.values_mut().flatten() {
                change.at -= shift;
            }
        }
        state.now = 0;
        state.stage = Stage::Before;
        state.journal.clear();
        state.put_tried.clear();
    }

    pub(crate) fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.state.lock().unwrap())
    }

    /// The earliest moment that any replica may show at `now`.
    pub(crate) fn oldest_view(&self, repo: usize, now: i64) -> i64 {
        let replicas = &self.scene.repos[repo].replicas;
        replicas
            .iter()
            .map(|lag| view(*lag, now))
            .min()
            .unwrap_or(now)
    }
}

fn view(lag: Lag, now: i64) -> i64 {
    match lag {
        Lag::Behind(time) => now - time,
        Lag::FrozenUntil(until) if now < until => LONG_AGO,
        Lag::FrozenUntil(_) => now,
    }
}

impl World<'_> {
    /// The fault that meets a request, if any does.
    fn fault<'r>(&'r self, state: &mut State, phase: Phase) -> Option<&'r Rule> {
        if state.calm {
            return None;
        }
        self.scene.rules.iter().find(|rule| {
            rule.phase.is_none_or(|only| only == phase)
                && rule.fault.impossible(phase).is_none()
                && (rule.from..rule.until).contains(&state.now)
                && state.rng.chance(rule.percent)
        })
    }

    fn phase(&self, state: &State, repo: usize, read: &Read) -> Phase {
        let is_head = read.method == Method::Head;
        let pick = |head: Phase, get: Phase| if is_head { head } else { get };
        match &read.target {
            Target::Tag(_) if state.stage == Stage::Before => pick(Phase::LookHead, Phase::LookGet),
            Target::Tag(tag) if state.put_tried.contains(&(repo, tag.clone())) => {
                pick(Phase::ConfirmHead, Phase::ConfirmGet)
            }
            Target::Tag(_) => pick(Phase::AgainHead, Phase::AgainGet),
            Target::Manifest(digest) => {
                let mut claims = self.scene.claims.iter();
                let is_of = |claim: &Claim| claim.repo == repo && claim.build().image == *digest;
                match claims.any(is_of) {
                    // By the digest of what has no tag: a look.
                    true if is_head => Phase::LookHead,
                    true => Phase::ImageGet,
                    false => pick(Phase::ChildHead, Phase::ChildGet),
                }
            }
            Target::Blob(_) => pick(Phase::ImageHead, Phase::Config),
        }
    }

    fn read_one(&self, state: &mut State, read: &Read) -> Result<Answer, Error> {
        let repo = self.repo(&read.repository);
        let phase = self.phase(state, repo, read);
        let deadline = self.scene.deadline;
        state.requests += 1;
        let mut fault = None;
        let mut over = state.take(self.scene.latency.max(1), deadline);
        state.act(false);
        let mut result = Err(failure(Class::Deadline, None));
        if !over {
            let rule = self.fault(state, phase);
            over = rule.is_some_and(|rule| state.take(rule.takes, deadline));
            if !over {
                state.act(false);
                let truth = self.truth(state, repo, read);
                fault = rule.map(|rule| rule.fault);
                result = match rule {
                    Some(rule) => answers::spoil(truth, rule),
                    None => truth,
                };
            }
        }
        let shown = answers::shown(&result, read);
        state.journal.push(Event {
            at: state.now,
            epoch: state.epoch,
            stage: state.stage,
            repo,
            phase,
            fault,
            what: What::Read(read.target.clone(), read.method, shown),
        });
        result
    }

    /// What one of the replicas answers by itself.
    fn truth(&self, state: &mut State, repo: usize, read: &Read) -> Result<Answer, Error> {
        let of = &self.scene.repos[repo];
        let lag = *state.rng.pick(&of.replicas);
        let at = match state.calm {
            true => state.now,
            false => view(lag, state.now),
        };
        let content = &state.content[repo];
        let lib = library();
        let digest = match &read.target {
            Target::Tag(tag) => content.tag(tag, at).cloned(),
            Target::Manifest(digest) => {
                // By a tag, or by an index that a tag shows.
                let is_named = content
                    .tags
                    .keys()
                    .filter_map(|tag| lib.docs.get(content.tag(tag, at)?))
                    .any(|doc| doc.digest == *digest || doc.children.contains(digest));
                let is_there = lib.docs.contains_key(digest) && content.has(digest, at);
                (is_there && (is_named || !of.hides)).then(|| digest.clone())
            }
            Target::Blob(digest) => {
                return Ok(answers::blob(lib.blobs.get(digest), read.method));
            }
        };
        Ok(answers::document(digest.as_ref(), read.method, of.header))
    }

    fn put_one(&self, state: &mut State, write: &Write) -> Result<(), Error> {
        let repo = self.repo(&write.repository);
        let tag = match &write.under {
            Under::Tag(tag) => Some(tag),
            Under::Digest(_) => None,
        };
        let digest = Digest::of(&write.bytes);
        let until = i64::try_from(write.until.as_millis()).unwrap_or(i64::MAX);
        let deadline = self.scene.deadline.min(until);
        state.requests += 1;
        if let Some(tag) = tag {
            state.put_tried.insert((repo, tag.clone()));
        }
        // A millisecond for each, so that each state has a time of its own.
        state.take(1, deadline);
        state.act(tag.is_some());
        let mut fault = None;
        let mut result = Err(failure(Class::Deadline, None));
        let mut took = false;
        if !state.take(self.scene.latency.max(1), deadline) {
            state.act(false);
            let rule = self.fault(state, Phase::Put);
            fault = rule.map(|rule| rule.fault);
            let own = self.rule_of(state, repo, tag, &digest);
            (result, took) = match rule.map(|rule| (rule, rule.fault)) {
                Some((rule, Fault::Failed(class))) => {
                    (Err(failure(class, rule.retry_after)), false)
                }
                _ if own.is_err() => (own, false),
                Some((rule, Fault::Lost(class))) => (Err(failure(class, rule.retry_after)), true),
                Some((_, Fault::Dropped)) => (Ok(()), false),
                _ => (Ok(()), true),
            };
            if took {
                let now = state.now;
                match tag {
                    Some(tag) => {
                        state.content[repo].point(tag, now, Some(digest.clone()), false);
                    }
                    None => state.content[repo].put_back(&digest, now),
                }
            }
            if rule.is_some_and(|rule| state.take(rule.takes, deadline)) {
                result = Err(failure(Class::Deadline, None));
            }
        }
        state.journal.push(Event {
            at: state.now,
            epoch: state.epoch,
            stage: state.stage,
            repo,
            phase: Phase::Put,
            fault,
            what: match tag {
                Some(tag) => What::Put(tag.clone(), digest, result.is_ok(), took),
                None => What::PutBack(digest, result.is_ok(), took),
            },
        });
        result
    }

    /// Whether the registry by its own rules takes a write.
    fn rule_of(
        &self,
        state: &State,
        repo: usize,
        tag: Option<&Tag>,
        digest: &Digest,
    ) -> Result<(), Error> {
        let content = &state.content[repo];
        let locked = |lock: Lock| {
            let mut claims = self.scene.claims.iter();
            claims.any(|it| {
                it.repo == repo && tag.is_some() && it.tag.as_ref() == tag && it.lock == lock
            })
        };
        let children = library()
            .docs
            .get(digest)
            .map(|doc| doc.children.as_slice());
        let lacks = |child: &Digest| !content.has(child, state.now);
        if locked(Lock::Protected) {
            Err(failure(Class::Protected, None))
        } else if locked(Lock::Immutable)
            && tag.is_some_and(|tag| content.tag(tag, state.now).is_some())
        {
            Err(failure(Class::Immutable, None))
        } else if self.scene.repos[repo].checks && children.unwrap_or_default().iter().any(lacks) {
            Err(failure(Class::ChildMissing, None))
        } else {
            Ok(())
        }
    }

    fn repo(&self, name: &tagproof::oci::Repository) -> usize {
        let mut repos = self.scene.repos.iter();
        repos.position(|repo| repo.name == *name).unwrap()
    }
}

pub(crate) fn failure(class: Class, retry_after: Option<u64>) -> Error {
    Error {
        class,
        request: "simulated".to_owned(),
        reason: format!("{class:?}"),
        retry_after: retry_after.map(Duration::from_secs),
    }
}

impl Registry for World<'_> {
    fn read(&self, batch: &[Read]) -> Vec<Result<Answer, Error>> {
        self.with(|state| {
            batch
                .iter()
                .map(|read| self.read_one(state, read))
                .collect()
        })
    }

    fn put(&self, write: &Write) -> Result<(), Error> {
        self.with(|state| self.put_one(state, write))
    }
}

impl Clock for World<'_> {
    fn now(&self) -> Duration {
        let now = self.with(|state| state.now);
        Duration::from_millis(u64::try_from(now).unwrap())
    }

    fn sleep(&self, time: Duration) {
        let millis = i64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap();
        self.with(|state| {
            if millis > 0 {
                state.epoch += 1;
            }
            state.now += millis;
            state.act(false);
        });
    }

    fn unix_time(&self) -> u64 {
        1_800_000_000
    }
}
