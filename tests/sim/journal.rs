//! What the world wrote down of every request, and the looks that can be read from it.

use std::collections::BTreeSet;

use tagproof::oci::{Digest, Tag};
use tagproof::registry::{Class, Method, Target};

use super::fault::{Fault, Phase};

/// Before or after the plan was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Before,
    Apply,
}

/// What a read was answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    Absent,
    /// A whole document, whose bytes have this digest, and whether the header agreed.
    Body(Digest, bool),
    /// A header, no body.
    Said(Digest),
    /// Neither.
    Nothing,
    /// Bytes that are no document, or not the one that was asked for.
    Garbage,
    Failed(Class),
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    Read(Target, Method, Shown),
    /// The digest of what was put under a tag; whether the answer was yes; what it did, if it took
    /// effect.
    Put(Tag, Digest, bool, Option<Effect>),
    /// What was put by its digest: under which type, whether the answer was yes, and whether it took
    /// effect.
    PutBack(Digest, String, bool, bool),
}

/// What a write of a tag did.
#[derive(Clone, Debug)]
pub(crate) struct Effect {
    pub(crate) at: i64,
    /// What the tag was moved off, and what that lists, as far as it was served by digest then. What
    /// is listed comes before what lists it.
    pub(crate) left: Vec<Digest>,
    /// What of that was not served any more right after the write.
    pub(crate) gone: Vec<Digest>,
    /// What was written and what that lists, as far as it was served by digest then.
    pub(crate) had: Vec<Digest>,
}

/// What the engine said that it is about to leave.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// How many requests there had been.
    pub(crate) after: usize,
    pub(crate) repo: usize,
    pub(crate) digest: Digest,
    pub(crate) media_type: String,
    pub(crate) size: usize,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) at: i64,
    /// How often the engine had waited before.
    pub(crate) epoch: u64,
    pub(crate) stage: Stage,
    pub(crate) repo: usize,
    pub(crate) phase: Phase,
    pub(crate) fault: Option<Fault>,
    pub(crate) what: What,
}

impl Event {
    /// In one line, for people.
    pub(crate) fn tell(&self) -> String {
        let fault = self.fault.map(|fault| format!(" {fault:?}"));
        let what = match &self.what {
            What::Read(target, _, shown) => {
                let target = match target {
                    Target::Tag(tag) => tag.to_string(),
                    Target::Manifest(digest) | Target::Blob(digest) => digest.short(),
                };
                let shown = match shown {
                    Shown::Body(digest, agrees) => format!("body {} {agrees}", digest.short()),
                    Shown::Said(digest) => format!("said {}", digest.short()),
                    shown => format!("{shown:?}"),
                };
                format!("{target} -> {shown}")
            }
            What::Put(tag, digest, yes, effect) => {
                let left = effect.iter().flat_map(|it| &it.left);
                let left: Vec<String> = left.map(Digest::short).collect();
                let took = effect.is_some();
                let digest = digest.short();
                format!("{tag} := {digest}, answered {yes}, took {took}, left {left:?}")
            }
            What::PutBack(digest, media_type, yes, took) => {
                let digest = digest.short();
                format!("{digest} put back as {media_type}, answered {yes}, took {took}")
            }
        };
        format!(
            "{:>8} ms  wait {:>3}  repo {}  {:<11} {what}{}\n",
            self.at,
            self.epoch,
            self.repo,
            format!("{:?}", self.phase),
            fault.unwrap_or_default(),
        )
    }
}

/// What one look at a tag showed: the digest, or nothing; `Err` where it is not known.
pub(crate) type Observation = Result<Option<Digest>, ()>;

/// One look at a tag: its reads, from the first to the last.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    pub(crate) began: i64,
    pub(crate) ended: i64,
    pub(crate) epoch: u64,
    pub(crate) stage: Stage,
    pub(crate) observation: Observation,
}

/// The looks at one target, as the registry answered them. Reads that no wait divides are one look;
/// where nothing waits at all, a HEAD and the GET after it are.
pub(crate) fn looks(events: &[Event], repo: usize, target: &Target, waits: bool) -> Vec<Look> {
    let mut found: Vec<Look> = Vec::new();
    let mut asks_on = false;
    for (index, event) in events.iter().enumerate() {
        let What::Read(read, method, _) = &event.what else {
            continue;
        };
        if event.repo != repo || read != target {
            continue;
        }
        // A digest is looked at before it may be asked for once more, as a part of another image.
        let is_answered = found.last().is_some_and(|look| {
            (look.epoch, look.stage) == (event.epoch, event.stage) && look.observation.is_ok()
        });
        if matches!(target, Target::Manifest(_)) && is_answered && !asks_on {
            continue;
        }
        let observation = observation(events, index);
        let same = found.last().is_some_and(|look| {
            look.epoch == event.epoch
                && look.stage == event.stage
                && (waits || (asks_on, *method) == (true, Method::Get))
        });
        // After a header that says what is known, the next read is another look. Of a child that was
        // read to see that it is there, nothing is known but that. (Where another tag of the
        // repository expects the child, its read may be taken for one that taught it. Then a look
        // is split in two; it matters only where nothing waits, and there the last one decides.)
        let is_known = |digest: &Digest| {
            events[..index].iter().any(|earlier| {
                let What::Read(_, _, Shown::Body(known, _)) = &earlier.what else {
                    return false;
                };
                earlier.repo == repo && earlier.phase != Phase::ChildGet && known == digest
            })
        };
        let settled = matches!(&observation, Ok(Some(digest)) if is_known(digest));
        asks_on = *method == Method::Head && !settled;
        match found.last_mut().filter(|_| same) {
            Some(look) => {
                look.ended = event.at;
                look.observation = observation;
            }
            None => found.push(Look {
                began: event.at,
                ended: event.at,
                epoch: event.epoch,
                stage: event.stage,
                observation,
            }),
        }
    }
    found
}

/// What one read proves by itself: a body what its bytes are, a header what it says if the
/// repository's header was seen to agree with a body, and never to disagree.
pub(crate) fn observation(events: &[Event], index: usize) -> Observation {
    let event = &events[index];
    let What::Read(_, _, shown) = &event.what else {
        return Err(());
    };
    match shown {
        Shown::Absent => Ok(None),
        Shown::Body(digest, _) => Ok(Some(digest.clone())),
        Shown::Said(digest) if is_trusted(events, event) => Ok(Some(digest.clone())),
        Shown::Said(_) | Shown::Nothing | Shown::Garbage | Shown::Failed(_) => Err(()),
    }
}

fn is_trusted(events: &[Event], of: &Event) -> bool {
    let mut agreed = false;
    for event in events.iter().filter(|event| event.repo == of.repo) {
        if event.epoch > of.epoch {
            break;
        }
        if let What::Read(target, _, Shown::Body(_, agrees)) = &event.what {
            if !agrees && matches!(target, Target::Tag(_)) && event.at < of.at {
                return false;
            }
            agreed |= agrees;
        }
    }
    agreed
}

/// The faults that met a repository.
pub(crate) fn faults(events: &[Event], repo: usize) -> BTreeSet<Fault> {
    events
        .iter()
        .filter(|event| event.repo == repo)
        .filter_map(|event| event.fault)
        .collect()
}
