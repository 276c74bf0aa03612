//! What a move may take away: read before the write, looked for right after it, and put back.
//!
//! Some registries forget a manifest as soon as the last tag leaves it, an index and what it lists
//! included. So what the tag is moved off, and what the image put under it lists, is asked for just
//! before the write and just after it. What was there and is gone is put back under its own digest,
//! from the bytes that were read, and counts as put back once it was read again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::kept::{Dropped, Kept, children_first, put_back_as};
use super::outage::LONGEST_WAIT;
use crate::backoff::doubled;
use crate::observation::Seen;
use crate::observe::{self, Event, Ports};
use crate::oci::{Digest, Document, Repository};
use crate::outcome::{Aftermath, Left};
use crate::plan::Step;
use crate::registry::{Class, Error, Under, Write};

/// The most of the time that is kept for what follows a write, and which part of it at most.
const MAX_RESERVE: Duration = Duration::from_secs(30);
const RESERVE: u32 = 10;

/// How deep indexes may list indexes.
const MAX_DEPTH: u32 = 8;

/// How often what is gone is put back, at most.
const ROUNDS: u32 = 3;

/// Sees to it that no move loses a manifest.
#[derive(Default)]
pub(super) struct Keeper {
    pub(super) deadline: Duration,
    /// What was seen in each repository since the last write to it, and since the last wait.
    shown: BTreeMap<Repository, BTreeSet<Digest>>,
    /// What became of it, by the step.
    after: BTreeMap<usize, Aftermath>,
    /// What is not known to be there again, by the step.
    owed: BTreeMap<usize, Vec<Kept>>,
}

impl Keeper {
    /// A keeper for a run that must be over at this time.
    pub(super) fn new(deadline: Duration) -> Self {
        Self {
            deadline,
            ..Self::default()
        }
    }

    /// What is there of all that the step's write may take away, the children before the indexes
    /// that list them. Nothing where the tag is not moved off anything, or the registry is known
    /// to keep what no tag names.
    ///
    /// # Errors
    ///
    /// When something is there that could not be put back, as it cannot be read.
    pub(super) fn before_write(
        &mut self,
        step: &Step<'_>,
        ports: &mut Ports<'_>,
    ) -> Result<Vec<Kept>, Error> {
        let repository = &step.expectation.repository;
        let Some(before) = step.before else {
            return Ok(Vec::new());
        };
        if repository.host().keeps_untagged() {
            return Ok(Vec::new());
        }
        let mut found: BTreeMap<Digest, Arc<Document>> = BTreeMap::new();
        // What is put need not be looked for. What the tag shows is looked at last, with the tag.
        let mut met = BTreeSet::from([step.document.digest().clone(), before.clone()]);
        let listed = |document: &Document| -> Vec<Digest> {
            let children = document.children().iter();
            // What cannot be checked is not asked for, and was never seen to be there.
            children
                .filter_map(|child| child.named.digest().cloned())
                .collect()
        };
        let mut next = listed(step.document);
        if let Some(document) = observe::known(repository, before, &ports.memory) {
            if step.restore {
                next.extend(listed(&document));
            }
            found.insert(before.clone(), document);
        } else {
            // It was read when that was decided, so this is asked for the body only.
            met.remove(before);
            next.push(before.clone());
        }
        for depth in 0.. {
            next.retain(|digest| met.insert(digest.clone()));
            if next.is_empty() {
                break;
            }
            if depth == MAX_DEPTH {
                return Err(too_deep(repository, &next));
            }
            let there = self.read(repository, &next, ports)?;
            next.clear();
            for (digest, document) in there {
                if step.restore || digest != *before {
                    next.extend(listed(&document));
                }
                found.insert(digest, document);
            }
        }
        let mut kept = Vec::new();
        let mut met = BTreeSet::new();
        for digest in found.keys() {
            children_first(digest, &found, &mut met, &mut |digest, document| {
                kept.push(Kept {
                    digest: digest.clone(),
                    document: Arc::clone(document),
                    restore: step.restore || digest != before,
                });
            });
        }
        Ok(kept)
    }

    /// What is there of these, with its bytes.
    fn read(
        &mut self,
        repository: &Repository,
        digests: &[Digest],
        ports: &mut Ports<'_>,
    ) -> Result<Vec<(Digest, Arc<Document>)>, Error> {
        let shown = self.shown.entry(repository.clone()).or_default();
        let (known, unknown): (Vec<Digest>, Vec<Digest>) = digests
            .iter()
            .cloned()
            .partition(|digest| observe::known(repository, digest, &ports.memory).is_some());
        let asked: Vec<Digest> = known
            .iter()
            .filter(|digest| !shown.contains(digest))
            .cloned()
            .collect();
        for (digest, seen) in asked.iter().zip(observe::present(
            &keys(repository, &asked),
            &ports.memory,
            ports.registry,
        )) {
            match seen {
                Seen::Here(()) => _ = shown.insert(digest.clone()),
                Seen::Absent => {}
                Seen::Unknown(error) => return Err(error),
            }
        }
        for (digest, seen) in unknown.iter().zip(observe::whole(
            repository,
            &unknown,
            &mut ports.memory,
            ports.registry,
        )) {
            match seen {
                Seen::Here(_) => _ = shown.insert(digest.clone()),
                Seen::Absent => {}
                Seen::Unknown(error) => return Err(error),
            }
        }
        Ok(digests
            .iter()
            .filter(|digest| shown.contains(digest))
            .filter_map(|digest| {
                let document = observe::known(repository, digest, &ports.memory)?;
                Some((digest.clone(), document))
            })
            .collect())
    }

    /// Until when the step's write must be answered, which is followed by a look for these.
    ///
    /// # Errors
    ///
    /// When there is not time enough for both.
    pub(super) fn until(
        &self,
        step: &Step<'_>,
        kept: &[Kept],
        ports: &Ports<'_>,
    ) -> Result<Duration, Error> {
        if kept.is_empty() {
            return Ok(self.deadline);
        }
        let reserve = (self.deadline / RESERVE).min(MAX_RESERVE);
        let until = self.deadline.saturating_sub(reserve);
        match ports.clock.now() + reserve <= until {
            true => Ok(until),
            false => Err(Error::new(
                Class::Deadline,
                format!("moving {}", step.expectation.reference()),
                "not written: too little time is left to see what the registry forgets by it",
            )),
        }
    }

    /// Looks for what was there before a write that may have moved the tag, and puts back what is
    /// gone.
    pub(super) fn after_write(&mut self, step: &Step<'_>, kept: Vec<Kept>, ports: &mut Ports<'_>) {
        let repository = &step.expectation.repository;
        self.shown.remove(repository);
        // What an earlier write of this step has taken away is owed still.
        let mut all = self.owed.remove(&step.index).unwrap_or_default();
        for it in kept {
            if !all.iter().any(|owed| owed.digest == it.digest) {
                all.push(it);
            }
        }
        let kept = all;
        if kept.is_empty() {
            return;
        }
        let digests: Vec<Digest> = kept.iter().map(|it| it.digest.clone()).collect();
        let asks_before = step.before.is_some_and(|it| digests.contains(it));
        let seen = observe::present(&keys(repository, &digests), &ports.memory, ports.registry);
        let mut open: Vec<Dropped> = Vec::new();
        let mut here = BTreeSet::new();
        for (kept, seen) in kept.into_iter().zip(seen) {
            match seen {
                Seen::Here(()) => _ = here.insert(kept.digest),
                seen => open.push(Dropped {
                    kept,
                    seen,
                    put: None,
                }),
            }
        }
        let restored = self.put_back(repository, &mut open, &mut here, ports);
        let after = self.after.entry(step.index).or_default();
        if asks_before {
            after.before_is_gone = open
                .iter()
                .any(|it| Some(&it.kept.digest) == step.before && it.seen == Seen::Absent);
        }
        after.lost = open
            .iter()
            .filter(|it| it.kept.restore)
            .map(|it| (it.kept.left(), it.why(repository)))
            .collect();
        for left in restored {
            if !after.restored.contains(&left) {
                after.restored.push(left);
            }
        }
        self.owed.insert(
            step.index,
            open.into_iter()
                .map(|it| it.kept)
                .filter(|it| it.restore)
                .collect(),
        );
        self.shown.insert(repository.clone(), here);
    }

    /// Puts back what is gone, and reads it again, in rounds. What is there again is moved from
    /// `open` to `here`; what of it was put back is returned.
    fn put_back(
        &self,
        repository: &Repository,
        open: &mut Vec<Dropped>,
        here: &mut BTreeSet<Digest>,
        ports: &mut Ports<'_>,
    ) -> Vec<Left> {
        let mut restored = Vec::new();
        for round in 1..=ROUNDS {
            // Parts come first: what may lack one that could not be looked for waits.
            let mut held: BTreeSet<Digest> = BTreeSet::new();
            held.extend(
                open.iter()
                    .filter(|it| it.is_unknown())
                    .map(Dropped::digest),
            );
            for it in open.iter_mut() {
                if it.seen != Seen::Absent || !it.kept.restore {
                    continue;
                }
                if it.lists_any(&held) {
                    held.insert(it.digest());
                } else {
                    it.put = Some(ports.registry.put(&Write {
                        repository: repository.clone(),
                        under: Under::Digest(it.kept.digest.clone()),
                        media_type: put_back_as(&it.kept.document).clone(),
                        bytes: it.kept.document.bytes().to_vec(),
                        until: self.deadline,
                    }));
                }
            }
            let mut ask: Vec<&mut Dropped> = open.iter_mut().filter(|it| it.kept.restore).collect();
            let digests: Vec<Digest> = ask.iter().map(|it| it.kept.digest.clone()).collect();
            let seen = observe::whole(repository, &digests, &mut ports.memory, ports.registry);
            for (it, seen) in ask.iter_mut().zip(seen) {
                it.seen = match seen {
                    Seen::Here(_) => Seen::Here(()),
                    Seen::Absent => Seen::Absent,
                    Seen::Unknown(error) => Seen::Unknown(error),
                };
            }
            open.retain(|it| {
                if it.seen == Seen::Here(()) {
                    here.insert(it.kept.digest.clone());
                    restored.extend(it.put.is_some().then(|| it.kept.left()));
                }
                it.seen != Seen::Here(())
            });
            let wait = doubled(round, LONGEST_WAIT);
            let may_come = open.iter().any(Dropped::may_come);
            if !may_come || round == ROUNDS || ports.clock.now() + wait >= self.deadline {
                break;
            }
            ports.clock.sleep(wait);
        }
        restored
    }

    /// Looks again for what an earlier write of this step may have taken away.
    pub(super) fn settle(&mut self, step: &Step<'_>, ports: &mut Ports<'_>) {
        if self
            .owed
            .get(&step.index)
            .is_some_and(|owed| !owed.is_empty())
        {
            self.after_write(step, Vec::new(), ports);
        }
    }

    /// A wait: what was seen before it may be gone.
    pub(super) fn forget(&mut self) {
        self.shown.clear();
    }

    /// What became of what the step's write may have taken away, looked for once more if that is
    /// not known to be there.
    pub(super) fn finish(&mut self, step: &Step<'_>, ports: &mut Ports<'_>) -> Aftermath {
        if ports.clock.now() < self.deadline {
            self.settle(step, ports);
        }
        self.after.remove(&step.index).unwrap_or_default()
    }
}

/// Says what the step's tag is about to be moved off, before it is.
pub(super) fn announce(step: &Step<'_>, kept: &[Kept], ports: &Ports<'_>) {
    let Some(before) = step.before else { return };
    let found: BTreeMap<Digest, Arc<Document>> = kept
        .iter()
        .map(|it| (it.digest.clone(), Arc::clone(&it.document)))
        .collect();
    let mut left = Vec::new();
    children_first(before, &found, &mut BTreeSet::new(), &mut |digest, _| {
        left.extend(kept.iter().find(|it| it.digest == *digest).map(Kept::left));
    });
    if !left.is_empty() {
        (ports.on_event)(Event::Leaving {
            reference: &step.expectation.reference(),
            left: &left,
        });
    }
}

fn keys(repository: &Repository, digests: &[Digest]) -> Vec<(Repository, Digest)> {
    let digests = digests.iter().cloned();
    digests.map(|it| (repository.clone(), it)).collect()
}

fn too_deep(repository: &Repository, digests: &[Digest]) -> Error {
    let of = digests.first().map(|it| format!("@{it}"));
    Error::new(
        Class::TooLarge,
        format!("reading {repository}{}", of.unwrap_or_default()),
        format!("indexes list indexes deeper than {MAX_DEPTH} levels"),
    )
}
