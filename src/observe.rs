//! Observing: looks at expectations until each has a verdict that two agreeing looks support.
//!
//! A loop over the registry and the clock. It decides nothing about tags: what a look means is
//! [`judge`]'s word, this only asks whether it has been seen often and long enough.

mod attested;
mod below;
mod depths;
mod images;
mod kept;
mod layers;
mod look;
mod looks;
mod memory;
mod present;
mod provenance;
mod read;
mod reader;
mod same;
mod unread;

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;
use crate::expectation::{Claim, Depth, Expectation, Expected};
use crate::observation::{Attested, Gone, Observation, Seen};
use crate::oci::{Digest, Reference, Same};
use crate::outcome::Left;
use crate::registry::{Class, Error, Registry};
use crate::verdict::{Code, Verdict, concerns, judge};

pub(crate) use look::look_at_tag;
pub use looks::Looks;
pub use memory::Memory;
pub(crate) use present::{known, present, whole};

/// When the looks happen: it decides which verdicts are doubted until the timeout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Before anything was written: what may be a registry that lags behind a push is doubted.
    Before,
    /// After a write: everything but the right answer is doubted, and two looks are needed always.
    After,
}

/// What happens in a run while it goes on.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// Every second while it waits.
    Waiting {
        /// For how many tags.
        tags: usize,
        /// How long still, at most.
        left: Duration,
    },
    /// Before a write that moves a tag off something, where the registry may forget what no tag
    /// names.
    Leaving {
        /// The tag.
        reference: &'a Reference,
        /// What it is moved off: what that lists, at every level, and last itself.
        left: &'a [Left],
    },
}

/// What looks and repairs work with: the two ports, and what is remembered of the answers.
pub struct Ports<'a> {
    /// The registry.
    pub registry: &'a dyn Registry,
    /// The clock.
    pub clock: &'a dyn Clock,
    /// Receives what happens while the run goes on.
    pub on_event: &'a dyn Fn(Event<'_>),
    /// What was learned of the registries so far.
    pub memory: Memory,
}

/// How many looks more than the timeout allows there may be, for what came to rest at its very end.
const EXTRA: u32 = 2;

/// How often an event says that there is a wait.
const TICK: Duration = Duration::from_secs(1);

/// The shortest time between two looks, where reading what lies below the tags took all of the wait.
const PAUSE: Duration = Duration::from_millis(1);

/// The longest time between two looks.
const MAX_WAIT: Duration = Duration::from_secs(8);

/// Looks at all expectations together until each is settled, and gives what was seen at last with
/// its verdict, in their order.
pub fn observe(
    expectations: &[&Expectation],
    phase: Phase,
    looks: Looks,
    ports: &mut Ports<'_>,
) -> Vec<(Observation, Verdict)> {
    let clock = ports.clock;
    let start = clock.now();
    let patience = looks.settle_timeout.max(looks.settle);
    let mut watches: Vec<Watch<'_>> = expectations
        .iter()
        .map(|&expectation| Watch::new(expectation))
        .collect();
    let mut wait = looks.settle;
    // Until when what is not right is doubted; counted from the end of the first look, because a
    // slow registry must not use up the time before there was a second one.
    let mut end = None;
    let mut extra = EXTRA;
    for round in 1.. {
        let began = clock.now();
        if began >= looks.deadline {
            break;
        }
        let mut open: Vec<&mut Watch<'_>> =
            watches.iter_mut().filter(|watch| !watch.settled).collect();
        let asked: Vec<&Expectation> = open.iter().map(|watch| watch.expectation).collect();
        let (observations, read_at) =
            look::look(&asked, looks, &mut ports.memory, ports.registry, clock);
        let time = Time {
            began,
            read_at,
            ended: clock.now(),
            is_up: end.is_some_and(|end| began >= end),
        };
        for (watch, observation) in open.iter_mut().zip(observations) {
            watch.see(observation, time, phase, looks);
        }
        // What lies below is read while the tags settle.
        let seen_at = open.iter().map(|watch| watch.seen_at).max();
        let now = seen_at.unwrap_or(read_at);
        open.retain(|watch| !watch.settled);
        let end = *end.get_or_insert(now + patience);
        let next = if open.is_empty() || (looks.settle.is_zero() && round == 2) {
            break;
        } else if now < end {
            // Never less than `settle` after the look before it.
            (now + wait)
                .min(end.max(now + looks.settle))
                .max(clock.now() + PAUSE)
        } else if extra > 0 {
            extra -= 1;
            (now + looks.settle).max(clock.now() + PAUSE)
        } else {
            break;
        };
        let next = next.min(looks.deadline);
        let over = end.max(next).min(looks.deadline);
        // In steps, so that the time left can be shown.
        while let Some(left) = next.checked_sub(clock.now()).filter(|left| !left.is_zero()) {
            (ports.on_event)(Event::Waiting {
                tags: open.len(),
                left: over.saturating_sub(clock.now()),
            });
            clock.sleep(left.min(TICK));
        }
        wait = (wait * 2).min(MAX_WAIT.max(looks.settle));
    }
    let over = clock.now() >= looks.deadline;
    watches
        .into_iter()
        .map(|watch| watch.finish(over, clock.now().saturating_sub(start)))
        .collect()
}

/// When a look was.
#[derive(Clone, Copy)]
struct Time {
    began: Duration,
    /// When the tags were read.
    read_at: Duration,
    ended: Duration,
    /// Whether it began after what is not right need not be doubted any longer.
    is_up: bool,
}

/// One expectation while it is looked at.
struct Watch<'a> {
    expectation: &'a Expectation,
    last: Option<(Observation, Verdict)>,
    /// When the first look was over of those that agree by now.
    since: Duration,
    /// When what the last look rests on was read.
    seen_at: Duration,
    /// How many looks agree by now.
    agreeing: u32,
    settled: bool,
}

impl<'a> Watch<'a> {
    fn new(expectation: &'a Expectation) -> Self {
        Self {
            expectation,
            last: None,
            since: Duration::ZERO,
            seen_at: Duration::ZERO,
            agreeing: 0,
            settled: false,
        }
    }

    fn see(&mut self, observation: Observation, time: Time, phase: Phase, looks: Looks) {
        let verdict = judge(self.expectation, &observation);
        let now = (observation, verdict);
        let agrees = self
            .last
            .as_ref()
            .is_some_and(|last| what_was_seen(last) == what_was_seen(&now));
        let (observation, verdict) = now;
        // What is missed below a tag is missed later than the tag was read.
        self.seen_at = match verdict {
            Verdict::Broken(_) | Verdict::Unproven(_) => time.ended,
            _ => time.read_at,
        };
        if agrees {
            self.agreeing += 1;
        } else {
            self.agreeing = 1;
            self.since = self.seen_at;
        }
        let wanted = if phase == Phase::Before && looks.settle.is_zero() {
            1
        } else {
            2
        };
        // From the end of the first look to the beginning of this one: whenever in a look a tag
        // was read, the two reads are at least that far apart.
        let is_apart = self.agreeing == 1 || time.began >= self.since + looks.settle;
        let seen_enough = self.agreeing >= wanted && is_apart;
        let doubted = match phase {
            // `latest` that no one named is only of interest if it holds this build.
            Phase::Before
                if self.expectation.claim == Claim::Implied
                    && !concerns(self.expectation, &observation) =>
            {
                false
            }
            // That an image ID is all there is rests on a digest that may show up yet.
            Phase::Before if observation.same == Some(Same::Config) => {
                self.expectation.is_of_manifest()
            }
            // Nobody has put there yet what a merge makes.
            Phase::Before if self.expectation.claim == Claim::Merge => {
                verdict.code().may_pass() && !verdict.code().is_repairable()
            }
            Phase::Before => verdict.code().may_pass(),
            Phase::After => verdict != Verdict::Ok,
        };
        let final_at_once = match &verdict {
            // No look changes what the builds claim, or that one is missing.
            Verdict::Conflict => true,
            Verdict::NeverPushed if self.expectation.image == Expected::Nothing => true,
            // A refused login will be refused again; the client has repeated what may pass.
            Verdict::Unproven(error) => !error.class.is_passing(),
            _ => false,
        };
        self.settled =
            final_at_once || (seen_enough && (!doubted || time.is_up || looks.settle.is_zero()));
        self.last = Some((observation, verdict));
    }

    /// The last look, if it may be believed; else why not.
    fn finish(self, over: bool, took: Duration) -> (Observation, Verdict) {
        let (observation, verdict) = self.last.unwrap_or_else(|| {
            let error = deadline(self.expectation);
            let observation = Observation {
                tag: Seen::Unknown(error.clone()),
                expected: None,
                same: None,
                nested: Arc::default(),
                platforms: Vec::new(),
                gone: Vec::new(),
                attestations: Attested::default(),
                depth: Depth::Tag,
                below: Arc::default(),
                children: Vec::new(),
            };
            (observation, Verdict::Unproven(error))
        });
        if self.settled || matches!(verdict, Verdict::Unproven(_)) {
            return (observation, verdict);
        }
        let error = match over {
            true => deadline(self.expectation),
            false => Error::new(
                Class::Unstable,
                format!("looking at {}", self.expectation.reference()),
                format!(
                    "the registry gave different answers for {:.1} s",
                    took.as_secs_f64()
                ),
            ),
        };
        (observation, Verdict::Unproven(error))
    }
}

fn deadline(expectation: &Expectation) -> Error {
    Error::new(
        Class::Deadline,
        format!("looking at {}", expectation.reference()),
        "the time for the whole run was over before two looks agreed",
    )
}

type Evidence<'a> = (Code, Option<&'a Digest>, Option<&'a Same>, &'a [Gone]);

/// What two looks must agree on. One child that is gone now and another one then are two answers
/// that were given once, and so is what could be compared in one look only.
fn what_was_seen((observation, verdict): &(Observation, Verdict)) -> Evidence<'_> {
    let gone = match verdict {
        Verdict::Broken(gone) => gone.as_slice(),
        _ => &[],
    };
    (
        verdict.code(),
        observation.shown(),
        observation.same.as_ref(),
        gone,
    )
}
