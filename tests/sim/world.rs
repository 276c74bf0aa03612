//! The simulated registry and its clock: what a scene says, played in virtual time.

use std::collections::BTreeSet;
use std::io;
use std::sync::Mutex;
use std::time::Duration;

use tagproof::clock::Clock;
use tagproof::observe as told;
use tagproof::oci::Digest;
use tagproof::registry::{
    Answer, Class, Error, Method, Read, Registry, Stream, Target, Under, Write,
};

use super::answers;
use super::fault::{Fault, Phase};
use super::forget::whole;
use super::images::library;
use super::journal::{Event, Shown, Stage, Told, What};
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
        let content = (0..scene.repos.len()).map(|repo| begin(scene, repo));
        let state = State {
            now: 0,
            epoch: 0,
            stage: Stage::Before,
            rng: Rng::new(scene.seed ^ 0x5eed),
            content: content.collect(),
            journal: Vec::new(),
            told: Vec::new(),
            writes: 0,
            since: 0,
            is_killed: false,
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

    /// What the engine tells while it goes on.
    pub(crate) fn hear(&self, event: told::Event<'_>) {
        let told::Event::Leaving { reference, left } = event else {
            return;
        };
        let repo = self.repo(reference.repository());
        self.with(|state| {
            let after = state.journal.len();
            state.told.extend(left.iter().map(|left| Told {
                after,
                repo,
                digest: left.digest.clone(),
                media_type: left.media_type.to_string(),
                size: left.size,
            }));
        });
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
            for since in content.leases.values_mut() {
                *since -= shift;
            }
        }
        state.now = 0;
        state.stage = Stage::Before;
        state.journal.clear();
        state.told.clear();
        state.is_killed = false;
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

/// What a repository holds when the engine begins.
fn begin(scene: &Scene, repo: usize) -> Content {
    let mut content = Content {
        forgets: scene.repos[repo].forgets,
        ..Content::default()
    };
    let gone = |content: &mut Content, digest: &Digest| {
        content.set(digest, 10 * LONG_AGO, false, false);
    };
    let mut claims: Vec<&Claim> = scene.claims.iter().filter(|it| it.repo == repo).collect();
    // Whatever is not said to be gone is there: what a tag may show has been pushed before. Where
    // things are forgotten, only what is told of here is there, or else everything is listed.
    if content.forgets.is_some() {
        let shown = |claim: &&Claim| [claim.before.clone(), claim.start.clone()];
        let built = claims.iter().map(|claim| claim.build().image.clone());
        let roots = claims.iter().flat_map(shown).flatten().chain(built);
        let there: BTreeSet<Digest> = roots.flat_map(|root| whole(&root)).collect();
        for digest in library().docs.keys().filter(|it| !there.contains(*it)) {
            gone(&mut content, digest);
        }
    }
    for (_, digest) in scene.gone.iter().filter(|(of, _)| *of == repo) {
        gone(&mut content, digest);
    }
    for claim in &claims {
        let Some(tag) = &claim.tag else { continue };
        let before = Change {
            at: 10 * LONG_AGO,
            is: claim.before.clone(),
            by_others: true,
        };
        content.tags.insert(tag.clone(), vec![before]);
    }
    claims.sort_by_key(|claim| claim.since);
    for claim in claims {
        let Some(tag) = &claim.tag else { continue };
        content.point(tag, claim.since, claim.start.clone(), true);
    }
    // What is said to be gone is gone though somebody pushed it.
    for (_, digest) in scene.gone.iter().filter(|(of, _)| *of == repo) {
        content.set(digest, 10 * LONG_AGO, false, true);
    }
    content
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
            Target::Manifest(digest) if state.stage == Stage::Apply => {
                match state.last_of_a_tag() {
                    Some(What::Put(..)) => pick(Phase::StaysHead, Phase::StaysGet),
                    Some(What::Read(_, _, Shown::Said(shown) | Shown::Body(shown, _)))
                        if whole(shown).contains(digest) && !self.is_image(repo, shown) =>
                    {
                        pick(Phase::LeavesHead, Phase::LeavesGet)
                    }
                    _ if self.is_image(repo, digest) => pick(Phase::LookHead, Phase::ImageGet),
                    _ => pick(Phase::ChildHead, Phase::ChildGet),
                }
            }
            Target::Manifest(digest) => {
                match self.is_image(repo, digest) {
                    // By the digest of what has no tag: a look.
                    true if is_head => Phase::LookHead,
                    true => Phase::ImageGet,
                    false => pick(Phase::ChildHead, Phase::ChildGet),
                }
            }
            Target::Blob(_) => pick(Phase::ImageHead, Phase::Config),
        }
    }

    /// Whether it is expected of a tag of the repository.
    fn is_image(&self, repo: usize, digest: &Digest) -> bool {
        let mut claims = self.scene.claims.iter();
        claims.any(|claim| claim.repo == repo && claim.build().image == *digest)
    }

    fn read_one(&self, state: &mut State, read: &Read) -> Result<Answer, Error> {
        if state.is_killed {
            return Err(failure(Class::Deadline, None));
        }
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
        self.kill(state);
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
                let is_there = lib.docs.contains_key(digest) && content.serves(digest, at);
                is_there.then(|| digest.clone())
            }
            Target::Blob(digest) => {
                let is_lost = self.scene.lost.contains(&(repo, digest.clone()));
                let blob = lib.blobs.get(digest).filter(|_| !is_lost);
                return Ok(answers::blob(blob, read.method));
            }
        };
        Ok(answers::document(digest.as_ref(), read.method, of.header))
    }

    fn put_one(&self, state: &mut State, write: &Write) -> Result<(), Error> {
        if state.is_killed {
            return Err(failure(Class::Deadline, None));
        }
        let repo = self.repo(&write.repository);
        let digest = Digest::of(&write.bytes);
        // Whatever else is in the way, the last word is the run's.
        let deadline = self.scene.deadline.min(millis(write.until));
        state.requests += 1;
        let phase = match &write.under {
            Under::Tag(tag) => {
                state.put_tried.insert((repo, tag.clone()));
                Phase::Put
            }
            Under::Digest(_) => Phase::PutBack,
        };
        // A millisecond for each, so that each state has a time of its own.
        state.take(1, deadline);
        state.act(true);
        let mut fault = None;
        let mut result = Err(failure(Class::Deadline, None));
        let mut took = false;
        let mut effect = None;
        if !state.take(self.scene.latency.max(1), deadline) {
            state.act(false);
            let rule = self.fault(state, phase);
            fault = rule.map(|rule| rule.fault);
            let own = self.rule_of(state, repo, &write.under, &digest);
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
                effect = state.put(repo, &write.under, &digest);
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
            phase,
            fault,
            what: match &write.under {
                Under::Tag(tag) => What::Put(tag.clone(), digest, result.is_ok(), effect),
                Under::Digest(digest) => {
                    let media_type = write.media_type.to_string();
                    What::PutBack(digest.clone(), media_type, result.is_ok(), took)
                }
            },
        });
        state.writes += usize::from(phase == Phase::Put);
        self.kill(state);
        result
    }

    /// Kills the run if its time has come: nothing that it asks from now on has an effect.
    fn kill(&self, state: &mut State) {
        let Some(kill) = self.scene.kill.filter(|kill| kill.writes <= state.writes) else {
            return;
        };
        if state.since == kill.requests && !state.calm {
            state.is_killed = true;
            state.now = state.now.max(self.scene.deadline);
        }
        state.since += 1;
    }

    /// Whether the registry by its own rules takes a write.
    fn rule_of(
        &self,
        state: &State,
        repo: usize,
        under: &Under,
        digest: &Digest,
    ) -> Result<(), Error> {
        let content = &state.content[repo];
        let tag = match under {
            Under::Tag(tag) => Some(tag),
            Under::Digest(named) if named != digest => return Err(failure(Class::Refused, None)),
            Under::Digest(_) => None,
        };
        let locked = |lock: Lock| {
            let mut claims = self.scene.claims.iter();
            tag.is_some()
                && claims.any(|it| it.repo == repo && it.tag.as_ref() == tag && it.lock == lock)
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

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

pub(crate) fn failure(class: Class, retry_after: Option<u64>) -> Error {
    Error {
        retry_after: retry_after.map(Duration::from_secs),
        ..Error::new(class, "simulated", format!("{class:?}"))
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
        let time = i64::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap();
        self.with(|state| {
            if time > 0 {
                state.epoch += 1;
            }
            state.now += time;
            state.act(false);
        });
    }

    fn unix_time(&self) -> u64 {
        1_800_000_000
    }
}
