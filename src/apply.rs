//! Applying a plan: look again, write, and look until it is seen twice.
//!
//! A loop over the registry and the clock. Whether a tag is right afterwards is decided by the
//! same looks and the same judgement as before.

use std::time::Duration;

use crate::clock::Clock;
use crate::expectation::Expectation;
use crate::observation::{Seen, Sight};
use crate::observe::{self, Looks, Memory, Phase};
use crate::outcome::Outcome;
use crate::plan::Step;
use crate::registry::{Class, Error, Registry, Write};
use crate::verdict::Verdict;

/// How often one tag is written, at most, while the failures are passing ones.
const ATTEMPTS: u32 = 5;

/// How often the steps are gone through: a tag that came right by itself and then went wrong
/// again is written on the next pass.
const PASSES: u32 = 3;

/// The longest wait that a registry may ask for before the next write.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

/// What is known of one step while the plan is applied.
#[derive(Clone, Debug)]
enum State {
    /// Nothing was done yet.
    Open,
    /// The registry took the write.
    Written,
    /// The tag was right when it was looked at before the write.
    SeenRight,
    /// It is over.
    Done(Outcome),
}

/// Applies the steps, and gives an outcome for each, in their order.
pub fn apply(
    plan: &[Step<'_>],
    looks: Looks,
    memory: &mut Memory,
    registry: &dyn Registry,
    clock: &dyn Clock,
    waiting: &dyn Fn(usize, Duration),
) -> Vec<Outcome> {
    let mut states: Vec<State> = plan.iter().map(|_| State::Open).collect();
    for _ in 0..PASSES {
        for (step, state) in plan.iter().zip(&mut states) {
            if matches!(state, State::Open) {
                *state = attempt(step, looks.deadline, memory, registry, clock);
            }
        }
        let mut watched: Vec<(&Step<'_>, &mut State)> = plan
            .iter()
            .zip(&mut states)
            .filter(|(_, state)| !matches!(state, State::Done(_)))
            .collect();
        if watched.is_empty() {
            break;
        }
        // The children were asked for before the write.
        let looks = Looks {
            deep: false,
            ..looks
        };
        let expectations: Vec<&Expectation> =
            watched.iter().map(|(step, _)| step.expectation).collect();
        let seen = observe::observe(
            &expectations,
            Phase::After,
            looks,
            memory,
            registry,
            clock,
            waiting,
        );
        for ((step, state), (sight, verdict)) in watched.iter_mut().zip(seen) {
            **state = after(step, state, &sight, &verdict);
        }
    }
    states
        .into_iter()
        .zip(plan)
        .map(|(state, step)| match state {
            State::Done(outcome) => outcome,
            State::Open | State::Written | State::SeenRight => Outcome::Failed(Error {
                class: Class::BadAnswer,
                request: format!("looking at {}", step.expectation.reference()),
                reason: "the tag keeps changing between the right digest and the wrong one"
                    .to_owned(),
                retry_after: None,
            }),
        })
        .collect()
}

/// Looks again and writes, as long as the tag is what was decided on.
fn attempt(
    step: &Step<'_>,
    deadline: Duration,
    memory: &mut Memory,
    registry: &dyn Registry,
    clock: &dyn Clock,
) -> State {
    let repository = &step.expectation.repository;
    let write = Write {
        repository: repository.clone(),
        tag: step.tag.clone(),
        media_type: step.document.media_type(),
        bytes: step.document.bytes().to_vec(),
    };
    // Whether a write whose answer was lost may have been taken.
    let mut may_be_written = false;
    let mut wait = Duration::from_millis(500);
    let mut left = ATTEMPTS;
    loop {
        match observe::look_at_tag(repository, step.tag, memory, registry) {
            Seen::Unknown(error) => return State::Done(Outcome::Failed(error)),
            Seen::Here(document) if step.expectation.image.is(&document) => {
                return if may_be_written {
                    State::Written
                } else {
                    State::SeenRight
                };
            }
            seen => {
                let now = seen.here().map(|document| document.digest());
                if now != step.before {
                    return State::Done(Outcome::Changed { now: now.cloned() });
                }
                if now.is_some() && step.expectation.immutable {
                    return State::Done(Outcome::Immutable);
                }
            }
        }
        let error = match registry.put(&write) {
            Ok(()) => return State::Written,
            Err(error) => error,
        };
        left -= 1;
        if is_refusal(error.class) {
            // Registries refuse the very digest that is there already, too: ours, if an answer was
            // lost, or another job's.
            return match observe::look_at_tag(repository, step.tag, memory, registry) {
                Seen::Here(document) if step.expectation.image.is(&document) => {
                    if may_be_written {
                        State::Written
                    } else {
                        State::SeenRight
                    }
                }
                _ => State::Done(Outcome::Refused(error)),
            };
        }
        may_be_written |= matches!(
            error.class,
            Class::Network | Class::Unavailable | Class::BadAnswer
        );
        let pause = error.retry_after.unwrap_or(wait);
        let in_time = pause <= MAX_RETRY_AFTER && clock.now() + pause < deadline;
        if left == 0 || !error.class.is_passing() || !in_time {
            return give_up(step, error, may_be_written, memory, registry);
        }
        clock.sleep(pause);
        wait *= 2;
    }
}

/// The last write failed: its answer may have been lost all the same.
fn give_up(
    step: &Step<'_>,
    error: Error,
    may_be_written: bool,
    memory: &mut Memory,
    registry: &dyn Registry,
) -> State {
    if may_be_written
        && let Seen::Here(document) =
            observe::look_at_tag(&step.expectation.repository, step.tag, memory, registry)
        && step.expectation.image.is(&document)
    {
        return State::Written;
    }
    State::Done(Outcome::Failed(error))
}

/// What the looks after the writes make of a step.
fn after(step: &Step<'_>, state: &State, sight: &Sight, verdict: &Verdict) -> State {
    let right = *verdict == Verdict::Ok;
    match (state, verdict) {
        (State::Written, _) if right => State::Done(Outcome::Fixed),
        (State::Written, Verdict::Unproven(error)) => {
            State::Done(Outcome::Unsettled(error.to_string()))
        }
        (State::Written, _) => State::Done(Outcome::Unsettled(match sight.shown() {
            Some(digest) => {
                format!("the registry took the write, but goes on answering with `{digest}`")
            }
            None => "the registry took the write, but goes on answering that there is no such tag"
                .to_owned(),
        })),
        (State::SeenRight, _) if right => State::Done(Outcome::AlreadyRight),
        (State::SeenRight, Verdict::Unproven(error)) => State::Done(Outcome::Failed(error.clone())),
        (State::SeenRight, _) if sight.shown() == step.before => State::Open,
        (State::SeenRight, _) => State::Done(Outcome::Changed {
            now: sight.shown().cloned(),
        }),
        (State::Open | State::Done(_), _) => state.clone(),
    }
}

/// Whether the registry will not take this write, however often it is asked.
fn is_refusal(class: Class) -> bool {
    match class {
        Class::Login
        | Class::Denied
        | Class::Immutable
        | Class::Protected
        | Class::ReadOnly
        | Class::ChildMissing
        | Class::TooLarge
        | Class::MediaType
        | Class::Policy
        | Class::NotFound
        | Class::Refused => true,
        Class::RateLimited
        | Class::Unavailable
        | Class::Network
        | Class::UnknownHost
        | Class::Tls
        | Class::Proxy
        | Class::BadAnswer
        | Class::Unsafe
        | Class::Deadline => false,
    }
}
