//! Applying a plan: look again, write, and look until it is seen twice.
//!
//! A loop over the registry and the clock. Whether a tag is right afterwards is decided by the
//! same looks and the same judgement as before.

mod accept;
mod keep;
mod kept;
mod outage;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub use accept::accept;
use keep::Keeper;
use kept::Kept;
use outage::{LONGEST_WAIT, Outage, Silent};

use crate::backoff::{ATTEMPTS, FIRST, PATIENCE, doubled};
use crate::clock::Clock;
use crate::expectation::Expectation;
use crate::observation::{Observation, Seen};
use crate::observe::{self, Looks, Phase, Ports};
use crate::oci::{Document, Host};
use crate::outcome::{Aftermath, Outcome};
use crate::plan::Step;
use crate::registry::{Class, Error, Under, Write};
use crate::verdict::Verdict;

/// How often the steps are gone through: a tag that came right by itself and then went wrong
/// again is written on the next pass.
const PASSES: u32 = 3;

/// What is known of one step while the plan is applied.
#[derive(Clone, Debug)]
enum State {
    /// To be written, after so many tries, and not before this time. One of the tries may have
    /// been taken by the registry, and its answer lost.
    Open {
        tries: u32,
        due: Duration,
        lost: bool,
    },
    /// The registry took the write.
    Written,
    /// The last try failed, but the registry may have taken it and lost the answer.
    Lost(Error),
    /// The tag was right when it was looked at before the write.
    SeenRight,
    /// It is over.
    Done(Outcome),
}

const OPEN: State = State::Open {
    tries: 0,
    due: Duration::ZERO,
    lost: false,
};

/// Applies the steps, and gives an outcome for each, in their order, with what became of what its
/// write might take away.
pub fn apply(plan: &[Step<'_>], looks: Looks, ports: &mut Ports<'_>) -> Vec<(Outcome, Aftermath)> {
    let mut keeper = Keeper::new(looks.deadline);
    let mut states: Vec<State> = plan.iter().map(|_| OPEN).collect();
    for _ in 0..PASSES {
        write(plan, &mut states, &mut keeper, ports);
        let mut watched: Vec<(&Step<'_>, &mut State)> = plan
            .iter()
            .zip(&mut states)
            .filter(|(_, state)| !matches!(state, State::Done(_)))
            .collect();
        if watched.is_empty() {
            break;
        }
        // What lies below was looked at before the write.
        let looks = Looks {
            below: false,
            ..looks
        };
        let expectations: Vec<&Expectation> =
            watched.iter().map(|(step, _)| step.expectation).collect();
        let seen = observe::observe(&expectations, Phase::After, looks, ports);
        for ((step, state), (observation, verdict)) in watched.iter_mut().zip(seen) {
            **state = next_state(step, state, &observation, &verdict);
        }
    }
    states
        .into_iter()
        .zip(plan)
        .map(|(state, step)| {
            let aftermath = keeper.finish(step, ports);
            let outcome = match state {
                State::Done(Outcome::Fixed | Outcome::AlreadyRight)
                    if !aftermath.lost.is_empty() =>
                {
                    Outcome::Lost
                }
                State::Done(outcome) => outcome,
                State::Open { .. } | State::Written | State::Lost(_) | State::SeenRight => {
                    unstable(step)
                }
            };
            (outcome, aftermath)
        })
        .collect()
}

fn unstable(step: &Step<'_>) -> Outcome {
    Outcome::Failed(Error::new(
        Class::Unstable,
        format!("looking at {}", step.expectation.reference()),
        "the tag keeps changing between the right digest and the wrong one",
    ))
}

/// Writes what is open, in rounds of one try each: no registry that fails or is slow keeps the
/// others waiting for more than one try. A host that is down is waited for, and asked for one step
/// at a time; when that was in vain, its other steps fail with it.
fn write(plan: &[Step<'_>], states: &mut [State], keeper: &mut Keeper, ports: &mut Ports<'_>) {
    let clock = ports.clock;
    let mut hosts = Hosts::default();
    loop {
        let mut round: Vec<(&Step<'_>, &mut State, u32, bool)> = plan
            .iter()
            .zip(states.iter_mut())
            .filter_map(|(step, state)| match *state {
                State::Open { tries, due, lost } if due <= clock.now() => {
                    Some((step, state, tries, lost))
                }
                _ => None,
            })
            .collect();
        // What failed less often goes first, so that a tag which fails each time does not pass for
        // a host that is down.
        round.sort_by_key(|(_, _, tries, _)| *tries);
        for (step, state, tries, lost) in round {
            *state = hosts.next_try(step, tries, lost, keeper, ports);
        }
        let next = states.iter().filter_map(|state| match state {
            State::Open { due, .. } => Some(*due),
            _ => None,
        });
        let Some(next) = next.min() else { break };
        let wait = next.saturating_sub(clock.now());
        if !wait.is_zero() {
            clock.sleep(wait);
            keeper.forget();
        }
    }
}

/// What is known of the hosts while steps are written.
#[derive(Default)]
struct Hosts<'p> {
    outages: BTreeMap<&'p Host, Outage>,
    /// The hosts that were given up on.
    down: BTreeMap<&'p Host, Error>,
}

impl<'p> Hosts<'p> {
    /// Tries an open step once, unless its host is waited for, and gives its next state.
    fn next_try(
        &mut self,
        step: &Step<'p>,
        tries: u32,
        lost: bool,
        keeper: &mut Keeper,
        ports: &mut Ports<'_>,
    ) -> State {
        let (clock, deadline) = (ports.clock, keeper.deadline);
        let host = step.expectation.repository.host();
        if let Some(error) = self.down.get(host) {
            return given_up(error, lost);
        }
        if let Some(due) = self.outages.get(host).map(Outage::due)
            && due > clock.now()
        {
            return State::Open { tries, due, lost };
        }
        let (error, silent, lost) = match attempt(step, keeper, ports) {
            Tried::Over(over) => {
                self.outages.remove(host);
                return match over {
                    // Right by the write whose answer was lost.
                    State::SeenRight if lost => State::Written,
                    over => over,
                };
            }
            Tried::Failed(error) => {
                let is_limit = error.class == Class::RateLimited;
                (error, Silent::Write, lost || !is_limit)
            }
            Tried::Unseen(error) => (error, Silent::Host, lost),
        };
        // A step that failed before, on a host that is up for others, is alone with it.
        let is_alone = tries > 0 && !self.outages.contains_key(host);
        if is_alone || !error.class.is_of_the_host() {
            return schedule_retry(&error, tries, lost, deadline, clock);
        }
        let now = clock.now();
        let outage = self.outages.entry(host);
        let outage = outage.or_insert_with(|| Outage::new(now, deadline));
        if !outage.failed(silent, error.retry_after, now) {
            let state = given_up(&error, lost);
            self.down.insert(host, error);
            return state;
        }
        if silent == Silent::Host {
            ports.registry.wait_for(host, &error, outage.left(now));
        }
        let (tries, due) = (tries + 1, outage.due());
        State::Open { tries, due, lost }
    }
}

/// What came of one try.
enum Tried {
    Over(State),
    /// The write failed in a way that may pass.
    Failed(Error),
    /// So did the look before it.
    Unseen(Error),
}

/// Looks again and writes, if the tag still is what was decided on.
fn attempt(step: &Step<'_>, keeper: &mut Keeper, ports: &mut Ports<'_>) -> Tried {
    let repository = &step.expectation.repository;
    keeper.settle(step, ports);
    let kept = match step.expectation.immutable {
        // It is never moved.
        true => Vec::new(),
        false => match keeper.before_write(step, ports) {
            Ok(kept) => kept,
            Err(error) if error.class.is_of_the_host() => return Tried::Unseen(error),
            Err(error) if error.class == Class::Deadline => {
                return Tried::Over(State::Done(Outcome::Failed(error)));
            }
            Err(error) => return Tried::Over(State::Done(Outcome::Unread(error))),
        },
    };
    match observe::look_at_tag(repository, step.tag, &mut ports.memory, ports.registry) {
        Seen::Unknown(error) if error.class.is_of_the_host() => return Tried::Unseen(error),
        Seen::Unknown(error) => return Tried::Over(State::Done(Outcome::Failed(error))),
        seen if is_right(step, &seen) => return Tried::Over(State::SeenRight),
        seen => {
            let now = seen.here().map(|document| document.digest());
            if now != step.before {
                let (now, written) = (now.cloned(), false);
                return Tried::Over(State::Done(Outcome::Changed { now, written }));
            }
            if now.is_some() && step.expectation.immutable {
                return Tried::Over(State::Done(Outcome::Immutable));
            }
        }
    }
    match keeper.until(step, &kept, ports) {
        Ok(until) => put(step, kept, until, keeper, ports),
        Err(error) => Tried::Over(State::Done(Outcome::Failed(error))),
    }
}

fn is_right(step: &Step<'_>, seen: &Seen<Arc<Document>>) -> bool {
    seen.here()
        .is_some_and(|document| step.expectation.accepts(document))
}

/// Writes the document under the tag, and looks for what that may have taken away.
fn put(
    step: &Step<'_>,
    kept: Vec<Kept>,
    until: Duration,
    keeper: &mut Keeper,
    ports: &mut Ports<'_>,
) -> Tried {
    let repository = &step.expectation.repository;
    keep::announce(step, &kept, ports);
    let write = Write {
        repository: repository.clone(),
        under: Under::Tag(step.tag.clone()),
        media_type: step.document.media_type().clone(),
        bytes: step.document.bytes().to_vec(),
        until,
    };
    match ports.registry.put(&write) {
        Err(error) if error.class.is_refusal() => {
            // Registries refuse the very digest that is there already, too: ours, if an answer was
            // lost, or another job's.
            let seen =
                observe::look_at_tag(repository, step.tag, &mut ports.memory, ports.registry);
            let is_right = is_right(step, &seen);
            let is_as_before = match &seen {
                Seen::Here(document) => step.before == Some(document.digest()),
                Seen::Absent => step.before.is_none(),
                Seen::Unknown(_) => false,
            };
            // What was refused may have been taken all the same, unless the tag is what it was.
            if !is_as_before {
                keeper.after_write(step, kept, ports);
            }
            Tried::Over(match is_right {
                true => State::SeenRight,
                false => State::Done(Outcome::Refused(error)),
            })
        }
        answer => {
            // A write that failed may still have been taken.
            keeper.after_write(step, kept, ports);
            match answer {
                Ok(()) => Tried::Over(State::Written),
                Err(error) if error.class.is_passing() => Tried::Failed(error),
                Err(error) => Tried::Over(State::Done(Outcome::Failed(error))),
            }
        }
    }
}

/// What follows a try that failed and was not the host's fault: another one after a while, or the
/// looks that show whether the write was taken after all.
fn schedule_retry(
    error: &Error,
    tries: u32,
    lost: bool,
    deadline: Duration,
    clock: &dyn Clock,
) -> State {
    let tries = tries + 1;
    let wait = error.retry_after.unwrap_or(doubled(tries, LONGEST_WAIT));
    let due = clock.now() + wait.max(FIRST / 5);
    let is_patient = error.retry_after.is_none_or(|time| time <= PATIENCE);
    match tries < ATTEMPTS && is_patient && due < deadline {
        true => State::Open { tries, due, lost },
        false => State::Lost(error.clone()),
    }
}

/// What becomes of a step whose host is given up on.
fn given_up(error: &Error, lost: bool) -> State {
    match lost {
        true => State::Lost(error.clone()),
        false => State::Done(Outcome::Failed(error.clone())),
    }
}

/// What the looks after the writes make of a step.
fn next_state(
    step: &Step<'_>,
    state: &State,
    observation: &Observation,
    verdict: &Verdict,
) -> State {
    let shown = observation.shown();
    let unknown = match verdict {
        Verdict::Unproven(error) => Some(error),
        _ => None,
    };
    let is_as_before = shown == step.before;
    let changed = |written: bool| Outcome::Changed {
        now: shown.cloned(),
        written,
    };
    State::Done(match (state, unknown) {
        (State::Written | State::Lost(_), _) if *verdict == Verdict::Ok => Outcome::Fixed,
        (State::SeenRight, _) if *verdict == Verdict::Ok => Outcome::AlreadyRight,
        (State::Written, Some(error)) => Outcome::Unseen(error.clone()),
        (State::Written, None) if is_as_before => Outcome::Unsettled(match shown {
            Some(digest) => {
                format!("the registry took the write, but goes on answering with `{digest}`")
            }
            None => "the registry took the write, but goes on answering that there is no such tag"
                .to_owned(),
        }),
        // Not ours and not what we replaced: someone else's, and nothing to undo.
        (State::Written, None) => changed(true),
        (State::Lost(error), _) if unknown.is_some() || is_as_before => {
            Outcome::Failed(error.clone())
        }
        (State::Lost(_), _) => changed(false),
        (State::SeenRight, Some(error)) => Outcome::Failed(error.clone()),
        (State::SeenRight, None) if is_as_before => return OPEN,
        (State::SeenRight, None) => changed(false),
        (State::Open { .. } | State::Done(_), _) => return state.clone(),
    })
}
