//! Engines that are broken on purpose: the real one, with one promise taken out at its seams.
//! The simulation is worth something only if it catches each of them.

use std::collections::BTreeMap;
use std::io;
use std::sync::Mutex;
use std::time::Duration;

use tagproof::apply::apply;
use tagproof::engine::{look, repair};
use tagproof::expectation::{Claim, OnOther};
use tagproof::finding::Finding;
use tagproof::observe::{Looks, Memory, Ports};
use tagproof::oci::{Digest, Repository, Tag};
use tagproof::outcome::{Aftermath, Outcome};
use tagproof::plan::{Step, plan};
use tagproof::registry::{
    Answer, Class, Error, Method, Read, Registry, Stream, Target, Under, Write,
};
use tagproof::verdict::{Code, Relation, Verdict};

use super::answers;
use super::forget::parts;
use super::images::library;
use super::promises::{
    ACCUSED, BELOW, BYTES, CONVERGES, ENDS, FIXED, KEPT, NAMED, OTHERS, PUT_BACK, RIGHT, TOLD,
    UNPROVEN, WHOLE, WRONG,
};
use super::scene::Header;
use super::task::Task;
use super::world::{World, failure};

/// Which engine runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Real,
    HeadThenSkip,
    NoSecondLook,
    OneWrongLookBelieved,
    NoPatience,
    PutReserialised,
    PutOfAnotherImage,
    OtherMovedByDefault,
    MoreTakenForWrapped,
    NoLookBeforeTheWrite,
    DecidesAnewBeforeTheWrite,
    HeaderBelieved,
    FailureTakenForAbsent,
    NoLookAfterTheWrite,
    UnprovenTakenForOk,
    WrongTakenForUnproven,
    WritesWhatIsRight,
    CreatesOnAGuess,
    MovesWhatNobodyNamed,
    FileTakenForThePush,
    NoDeadline,
    WritesWithoutEnd,
    NeverWrites,
    MovesTheImmutable,
    AttestationsForgotten,
    TellsOfTheRightOnly,
    WritesOnOneLook,
    SwapsDocuments,
    FailureTakenForGone,
    LooksAwayAfterTheWrite,
    SaysFixedThoughLost,
    BelievesThePutBack,
    LeavesWithoutAWord,
    PutsBackTheWholeFirst,
    PutsBackWhatWasNotThere,
    PutsBackUnasked,
    ShallowTakenForDeep,
    AbsentTakenForHere,
    WrongPlatformTakenForOk,
}

impl Engine {
    pub(crate) const BROKEN: [Self; 38] = [
        Self::HeadThenSkip,
        Self::NoSecondLook,
        Self::OneWrongLookBelieved,
        Self::NoPatience,
        Self::PutReserialised,
        Self::PutOfAnotherImage,
        Self::OtherMovedByDefault,
        Self::MoreTakenForWrapped,
        Self::NoLookBeforeTheWrite,
        Self::DecidesAnewBeforeTheWrite,
        Self::HeaderBelieved,
        Self::FailureTakenForAbsent,
        Self::NoLookAfterTheWrite,
        Self::UnprovenTakenForOk,
        Self::WrongTakenForUnproven,
        Self::WritesWhatIsRight,
        Self::CreatesOnAGuess,
        Self::MovesWhatNobodyNamed,
        Self::FileTakenForThePush,
        Self::NoDeadline,
        Self::WritesWithoutEnd,
        Self::NeverWrites,
        Self::MovesTheImmutable,
        Self::AttestationsForgotten,
        Self::TellsOfTheRightOnly,
        Self::WritesOnOneLook,
        Self::SwapsDocuments,
        Self::FailureTakenForGone,
        Self::LooksAwayAfterTheWrite,
        Self::SaysFixedThoughLost,
        Self::BelievesThePutBack,
        Self::LeavesWithoutAWord,
        Self::PutsBackTheWholeFirst,
        Self::PutsBackWhatWasNotThere,
        Self::PutsBackUnasked,
        Self::ShallowTakenForDeep,
        Self::AbsentTakenForHere,
        Self::WrongPlatformTakenForOk,
    ];

    /// The promise that it breaks, whichever others it breaks as well.
    pub(crate) fn breaks(self) -> &'static str {
        match self {
            Self::Real => "",
            Self::NoSecondLook | Self::HeaderBelieved | Self::UnprovenTakenForOk => RIGHT,
            Self::HeadThenSkip | Self::NoLookAfterTheWrite => RIGHT,
            Self::OneWrongLookBelieved | Self::NoPatience | Self::FailureTakenForAbsent => WRONG,
            Self::MoreTakenForWrapped | Self::FailureTakenForGone => WRONG,
            Self::PutReserialised | Self::PutOfAnotherImage | Self::WritesWhatIsRight => BYTES,
            Self::OtherMovedByDefault | Self::CreatesOnAGuess | Self::MovesWhatNobodyNamed => {
                OTHERS
            }
            Self::NoLookBeforeTheWrite | Self::DecidesAnewBeforeTheWrite => OTHERS,
            Self::MovesTheImmutable | Self::FileTakenForThePush => OTHERS,
            Self::WrongTakenForUnproven => UNPROVEN,
            Self::NoDeadline | Self::WritesWithoutEnd => ENDS,
            Self::NeverWrites => CONVERGES,
            Self::AttestationsForgotten => WHOLE,
            Self::TellsOfTheRightOnly => TOLD,
            Self::WritesOnOneLook => ACCUSED,
            Self::SwapsDocuments => BYTES,
            Self::SaysFixedThoughLost | Self::BelievesThePutBack => KEPT,
            Self::LooksAwayAfterTheWrite => FIXED,
            Self::LeavesWithoutAWord => NAMED,
            Self::PutsBackTheWholeFirst | Self::PutsBackWhatWasNotThere => PUT_BACK,
            Self::PutsBackUnasked => PUT_BACK,
            Self::ShallowTakenForDeep | Self::AbsentTakenForHere => BELOW,
            Self::WrongPlatformTakenForOk => BELOW,
        }
    }

    /// Runs a task in a world.
    pub(crate) fn run(self, task: &mut Task, world: &World<'_>) -> Vec<Finding> {
        let liar = Liar::new(self, world);
        let mut ports = Ports {
            registry: &liar,
            clock: world,
            on_event: &|event| match self {
                Self::LeavesWithoutAWord => {}
                _ => world.hear(event),
            },
            memory: Memory::default(),
        };
        let mut looks = task.looks;
        match self {
            Self::NoSecondLook => looks.settle = Duration::ZERO,
            Self::NoPatience => looks.settle_timeout = Duration::ZERO,
            Self::OtherMovedByDefault => {
                for expectation in &mut task.expectations {
                    expectation.on_other = OnOther::Fix;
                }
            }
            Self::FileTakenForThePush => {
                for expectation in &mut task.expectations {
                    expectation.exported = false;
                }
            }
            Self::MovesTheImmutable | Self::AttestationsForgotten => {
                for expectation in &mut task.expectations {
                    match self {
                        Self::MovesTheImmutable => expectation.immutable = false,
                        _ => expectation.attestations.clear(),
                    }
                }
            }
            Self::PutsBackUnasked => {
                for expectation in &mut task.expectations {
                    expectation.restore = true;
                }
            }
            Self::ShallowTakenForDeep => looks.below = false,
            Self::NoDeadline => looks.deadline = Duration::from_secs(1_000_000),
            Self::CreatesOnAGuess | Self::MovesWhatNobodyNamed => {
                for expectation in &mut task.expectations {
                    let from = match self {
                        Self::CreatesOnAGuess => Claim::Asked,
                        _ => Claim::Implied,
                    };
                    if expectation.claim == from {
                        expectation.claim = Claim::Build;
                    }
                }
            }
            _ => {}
        }
        let mut findings = self.look(task, looks, &mut ports);
        world.applying();
        *liar.applying.lock().unwrap() = true;
        if task.fix {
            self.repair(&mut findings, looks, &mut ports);
        }
        findings
    }

    fn look(self, task: &Task, looks: Looks, ports: &mut Ports<'_>) -> Vec<Finding> {
        if self == Self::OneWrongLookBelieved {
            let once = Looks {
                settle: Duration::ZERO,
                ..looks
            };
            let first = look(task.expectations.clone(), once, ports);
            let is_wrong = |it: &Finding| !matches!(it.verdict.code(), Code::Ok | Code::Unproven);
            if first.iter().any(is_wrong) {
                return first;
            }
        }
        if self == Self::WritesOnOneLook && task.fix {
            // What it says afterwards rests on two looks.
            let once = Looks {
                settle: Duration::ZERO,
                ..looks
            };
            let mut hasty = look(task.expectations.clone(), once, ports);
            repair(&mut hasty, once, ports);
        }
        let mut findings = look(task.expectations.clone(), looks, ports);
        if self == Self::TellsOfTheRightOnly {
            findings.retain(|it| it.verdict == Verdict::Ok);
        }
        for finding in &mut findings {
            match self {
                Self::ShallowTakenForDeep => finding.observation.depth = finding.expectation.depth,
                Self::WrongPlatformTakenForOk if finding.verdict.code() == Code::WrongPlatform => {
                    finding.verdict = Verdict::Ok;
                }
                _ => {}
            }
            let is_wrong = matches!(
                finding.verdict,
                Verdict::Child(_) | Verdict::Other(_) | Verdict::Wrapped
            );
            match (self, &finding.verdict) {
                (Self::MoreTakenForWrapped, Verdict::Other(Relation::More)) => {
                    finding.verdict = Verdict::Wrapped;
                }
                (Self::UnprovenTakenForOk, Verdict::Unproven(_)) => finding.verdict = Verdict::Ok,
                (Self::WrongTakenForUnproven, _) if is_wrong => {
                    finding.verdict = Verdict::Unproven(failure(Class::Unstable, None));
                }
                _ => {}
            }
        }
        findings
    }

    fn repair(self, findings: &mut [Finding], looks: Looks, ports: &mut Ports<'_>) {
        match self {
            Self::HeadThenSkip => head_then_skip(findings, looks, ports),
            Self::DecidesAnewBeforeTheWrite => decide_anew(findings, looks, ports),
            Self::WritesWhatIsRight => write_what_is_right(findings, ports),
            Self::SwapsDocuments => swap_documents(findings, looks, ports),
            Self::NeverWrites => {}
            Self::WritesWithoutEnd => {
                for _ in 0..1_500 {
                    for finding in findings.iter_mut() {
                        finding.outcome = None;
                    }
                    repair(findings, looks, ports);
                }
            }
            Self::SaysFixedThoughLost => {
                repair(findings, looks, ports);
                for finding in findings {
                    if finding.outcome == Some(Outcome::Lost) {
                        finding.outcome = Some(Outcome::Fixed);
                    }
                }
            }
            Self::NoLookAfterTheWrite => {
                repair(findings, looks, ports);
                for finding in findings {
                    if matches!(
                        finding.outcome,
                        Some(Outcome::Unsettled(_) | Outcome::Unseen(_))
                    ) {
                        finding.outcome = Some(Outcome::Fixed);
                    }
                }
            }
            _ => repair(findings, looks, ports),
        }
    }
}

/// Asks for a header, and believes it: what other tools do.
fn head_then_skip(findings: &mut [Finding], looks: Looks, ports: &mut Ports<'_>) {
    let (mut skipped, mut kept) = (Vec::new(), Vec::new());
    for step in plan(findings) {
        let read = Read {
            repository: step.expectation.repository.clone(),
            target: Target::Tag(step.tag.clone()),
            method: Method::Head,
        };
        match ports.registry.read(&[read]).pop() {
            Some(Ok(Answer::Header(Some(digest)))) if digest == *step.document.digest() => {
                skipped.push(step.index);
            }
            _ => kept.push(step),
        }
    }
    let done = apply_steps(&kept, looks, ports);
    note(findings, done);
    for index in skipped {
        findings[index].outcome = Some(Outcome::AlreadyRight);
    }
}

/// Puts under each of two tags what the other should be.
fn swap_documents(findings: &mut [Finding], looks: Looks, ports: &mut Ports<'_>) {
    let mut steps = plan(findings);
    if let [first, second, ..] = steps.as_mut_slice() {
        std::mem::swap(&mut first.document, &mut second.document);
    }
    let done = apply_steps(&steps, looks, ports);
    note(findings, done);
}

/// Takes whatever the tag shows now for what was decided on.
fn decide_anew(findings: &mut [Finding], looks: Looks, ports: &mut Ports<'_>) {
    let mut now: BTreeMap<(Repository, Tag), Digest> = BTreeMap::new();
    let steps = plan(findings);
    for step in &steps {
        let key = (step.expectation.repository.clone(), step.tag.clone());
        let read = Read {
            repository: key.0.clone(),
            target: Target::Tag(key.1.clone()),
            method: Method::Get,
        };
        if let Some(Ok(Answer::Body { bytes, .. })) = ports.registry.read(&[read]).pop() {
            now.insert(key, Digest::of(&bytes));
        }
    }
    let anew: Vec<Step<'_>> = steps
        .into_iter()
        .map(|step| {
            let key = (step.expectation.repository.clone(), step.tag.clone());
            Step {
                before: now.get(&key),
                ..step
            }
        })
        .collect();
    let done = apply_steps(&anew, looks, ports);
    note(findings, done);
}

type Done = Vec<(usize, (Outcome, Aftermath))>;

fn note(findings: &mut [Finding], done: Done) {
    for (index, (outcome, aftermath)) in done {
        findings[index].outcome = Some(outcome);
        findings[index].aftermath = aftermath;
    }
}

fn apply_steps(plan: &[Step<'_>], looks: Looks, ports: &mut Ports<'_>) -> Done {
    let outcomes = apply(plan, looks, ports);
    plan.iter().map(|step| step.index).zip(outcomes).collect()
}

fn write_what_is_right(findings: &[Finding], ports: &mut Ports<'_>) {
    for finding in findings {
        if let (Verdict::Ok, Some(document), Some(tag)) = (
            &finding.verdict,
            finding.observation.tag.here(),
            &finding.expectation.tag,
        ) {
            let _ = ports.registry.put(&Write {
                repository: finding.expectation.repository.clone(),
                under: Under::Tag(tag.clone()),
                media_type: document.media_type().clone(),
                bytes: document.bytes().to_vec(),
                until: Duration::MAX,
            });
        }
    }
}

/// A port that does not hand on what it is told.
struct Liar<'a, 'w> {
    engine: Engine,
    world: &'a World<'w>,
    applying: Mutex<bool>,
    /// The last answers of before the plan.
    answers: Mutex<BTreeMap<Read, Result<Answer, Error>>>,
    /// What is held back until something else was put.
    held: Mutex<Vec<Write>>,
    /// The last write, as long as no tag was looked at since.
    written: Mutex<Option<Under>>,
}

impl<'a, 'w> Liar<'a, 'w> {
    fn new(engine: Engine, world: &'a World<'w>) -> Self {
        Self {
            engine,
            world,
            applying: Mutex::new(false),
            answers: Mutex::default(),
            held: Mutex::default(),
            written: Mutex::default(),
        }
    }

    fn read_one(&self, read: &Read) -> Result<Answer, Error> {
        let is_tag = matches!(read.target, Target::Tag(_));
        for write in std::mem::take(&mut *self.held.lock().unwrap()) {
            let _ = self.world.put(&write);
        }
        if is_tag {
            *self.written.lock().unwrap() = None;
        }
        let written = self.written.lock().unwrap().clone();
        match (self.engine, written, &read.target) {
            (Engine::LooksAwayAfterTheWrite, Some(_), Target::Manifest(digest)) => {
                return Ok(answers::document(Some(digest), read.method, Header::Right));
            }
            (Engine::BelievesThePutBack, Some(Under::Digest(_)), Target::Manifest(digest)) => {
                return Ok(answers::document(Some(digest), read.method, Header::Right));
            }
            _ => {}
        }
        match self.engine {
            Engine::NoLookBeforeTheWrite if is_tag => {
                // What was seen once is not asked again, until something is written.
                let mut answers = self.answers.lock().unwrap();
                if *self.applying.lock().unwrap()
                    && let Some(answer) = answers.remove(read)
                {
                    return answer;
                }
                let answer = self.ask(read);
                answers.insert(read.clone(), answer.clone());
                answer
            }
            Engine::HeaderBelieved if is_tag && read.method == Method::Get => {
                let head = Read {
                    method: Method::Head,
                    ..read.clone()
                };
                let answer = self.ask(&head)?;
                let Answer::Header(Some(digest)) = &answer else {
                    return self.ask(read);
                };
                Ok(match library().docs.get(digest) {
                    None => Answer::Absent,
                    Some(doc) => Answer::Body {
                        bytes: doc.bytes.clone(),
                        content_type: doc.media_type.to_owned(),
                        claimed: Some(digest.clone()),
                    },
                })
            }
            Engine::AbsentTakenForHere if !is_tag => Ok(match (self.ask(read)?, &read.target) {
                (Answer::Absent, Target::Manifest(digest)) => {
                    answers::document(Some(digest), read.method, Header::Right)
                }
                (answer, _) => answer,
            }),
            Engine::FailureTakenForAbsent if is_tag => Ok(self.ask(read).unwrap_or(Answer::Absent)),
            // Of the expected image, or of a part of it.
            Engine::FailureTakenForGone if !is_tag => Ok(self.ask(read).unwrap_or(Answer::Absent)),
            _ => self.ask(read),
        }
    }

    fn ask(&self, read: &Read) -> Result<Answer, Error> {
        self.world.read(std::slice::from_ref(read)).pop().unwrap()
    }
}

impl Registry for Liar<'_, '_> {
    fn read(&self, batch: &[Read]) -> Vec<Result<Answer, Error>> {
        batch.iter().map(|read| self.read_one(read)).collect()
    }

    fn stream(
        &self,
        blob: &Stream,
        take: &mut dyn FnMut(&mut dyn io::Read),
    ) -> Result<bool, Error> {
        self.world.stream(blob, take)
    }

    fn put(&self, write: &Write) -> Result<(), Error> {
        *self.written.lock().unwrap() = Some(write.under.clone());
        let bytes = match self.engine {
            Engine::PutsBackTheWholeFirst if matches!(&write.under, Under::Digest(digest) if parts(digest).is_empty()) =>
            {
                self.held.lock().unwrap().push(write.clone());
                return Ok(());
            }
            Engine::BelievesThePutBack if matches!(write.under, Under::Digest(_)) => {
                let _ = self.world.put(write);
                return Ok(());
            }
            Engine::PutsBackWhatWasNotThere if matches!(write.under, Under::Tag(_)) => {
                let answer = self.world.put(write);
                let more = library().doc(&library().builds[0].wrapped[0]);
                let _ = self.world.put(&Write {
                    under: Under::Digest(more.digest.clone()),
                    media_type: more.media_type.parse().unwrap(),
                    bytes: more.bytes.clone(),
                    ..write.clone()
                });
                return answer;
            }
            Engine::PutReserialised => {
                let value: serde_json::Value = serde_json::from_slice(&write.bytes).unwrap();
                serde_json::to_vec(&value).unwrap()
            }
            Engine::PutOfAnotherImage => {
                let digest = Digest::of(&write.bytes);
                let builds = &library().builds;
                let other = builds.iter().find(|build| build.image != digest).unwrap();
                library().doc(&other.image).bytes.clone()
            }
            _ => return self.world.put(write),
        };
        self.world.put(&Write {
            bytes,
            ..write.clone()
        })
    }
}
