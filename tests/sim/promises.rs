//! What must be so after every run, told from the journal and the true state, without the engine.

use std::collections::{BTreeMap, BTreeSet};

use tagproof::expectation::{Depth, OnOther, OnWrongPlatform};
use tagproof::finding::Finding;
use tagproof::oci::{Digest, Tag};
use tagproof::outcome;
use tagproof::registry::{Class, Method, Target};
use tagproof::report::{Mode, Report, Status};
use tagproof::verdict::Code;

use super::fault::Fault;
use super::forget::whole;
use super::images::{Kind, library};
use super::journal::{Event, Look, Observation, Shown, Stage, Told, What, looks, observation};
use super::scene::{Claim, Header, LONG_AGO, Rule, Scene, Source};
use super::state::Content;
use super::world::World;

/// Which promise was broken, and how.
#[derive(Clone, Debug)]
pub(crate) struct Broken {
    pub(crate) promise: &'static str,
    pub(crate) how: String,
}

pub(crate) const RIGHT: &str = "1: right is what was seen right at the last two looks";
pub(crate) const WRONG: &str =
    "1b: wrong is what was seen wrong at the last two looks, and doubted long enough";
pub(crate) const BYTES: &str =
    "2: only the expected bytes are written, and never to a tag that holds them";
pub(crate) const OTHERS: &str =
    "3: nothing of others is moved unasked, and nothing that changed since the decision";
pub(crate) const UNPROVEN: &str = "4a: what was seen wrong twice is not unproven";
pub(crate) const ACCUSED: &str =
    "4b: a right tag is not accused and not written because replicas lag";
pub(crate) const ENDS: &str = "5: it ends by the deadline, with a bounded number of requests";
pub(crate) const WHOLE: &str = "1c: what lacks a platform or an attestation that was asked for is not right, and only that is incomplete";
pub(crate) const TOLD: &str = "7: every claim is told of, and the exit code says what came of them";
pub(crate) const CONVERGES: &str =
    "6: when the trouble is over, fixing again ends in ok, and then writes nothing";

pub(crate) const KEPT: &str = "8: what a tag was moved off, and was served before, is served after the run, or said to be lost";
pub(crate) const FIXED: &str =
    "8b: nothing that the expected index lists was lost where a tag is said to be fixed";
pub(crate) const NAMED: &str = "8c: what a write leaves was named before it";
pub(crate) const BELOW: &str =
    "9: nothing is right so deep as it is wrong below, and only what is wrong below is said to be";
pub(crate) const PUT_BACK: &str =
    "8d: only what a write removed is put back, as it was served, and parts before the whole";

/// What is known after a run.
pub(crate) struct Ran<'a> {
    pub(crate) scene: &'a Scene,
    pub(crate) findings: &'a [Finding],
    pub(crate) events: &'a [Event],
    /// What the engine said that it is about to leave.
    pub(crate) told: &'a [Told],
    pub(crate) end: i64,
    /// Whether it was killed, and so has said nothing of what came of it.
    pub(crate) is_killed: bool,
}

/// All of them. Each must be broken by one of the broken engines.
pub(crate) const PROMISES: [&str; 15] = [
    RIGHT, WRONG, WHOLE, BYTES, OTHERS, UNPROVEN, ACCUSED, ENDS, CONVERGES, TOLD, KEPT, FIXED,
    NAMED, PUT_BACK, BELOW,
];

/// Checks every promise about one run; what is broken, in the order of the claims. Of a run that was
/// killed, what it did until then.
pub(crate) fn check(ran: &Ran<'_>, world: &World<'_>) -> Vec<Broken> {
    let mut broken = Vec::new();
    for index in 0..ran.events.len() {
        let kept = [
            ran.bytes(index),
            ran.moved(index),
            ran.named(index),
            ran.put_back(index),
        ];
        broken.extend(kept.into_iter().filter_map(Result::err));
    }
    if ran.is_killed {
        return broken;
    }
    for claim in &ran.scene.claims {
        let Some(finding) = ran.finding(claim) else {
            let may = demand(claim.source == Source::Implied, TOLD, || {
                format!("{} is left out", name(ran.scene, claim))
            });
            broken.extend(may.err());
            continue;
        };
        let known = match (claim.conflict, claim.nothing) {
            (true, _) => Some(Code::Conflict),
            (_, true) => Some(Code::NeverPushed),
            _ => None,
        };
        if let Some(code) = known {
            let is_so = finding.verdict.code() == code && finding.outcome.is_none();
            let known = demand(is_so, RIGHT, || {
                format!("{} is not {code}", name(ran.scene, claim))
            });
            broken.extend(known.err());
            continue;
        }
        let kept = [
            ran.whole(claim, finding),
            ran.right(claim, finding, world),
            ran.wrong(claim, finding),
            ran.unproven(claim, finding),
            ran.accused(claim, finding),
            ran.below(claim, finding, world),
        ];
        broken.extend(kept.into_iter().filter_map(Result::err));
    }
    for index in 0..ran.events.len() {
        let kept = [ran.kept(index, world), ran.fixed(index, world)];
        broken.extend(kept.into_iter().filter_map(Result::err));
    }
    broken.extend(ran.told().err());
    broken.extend(ran.ends().err());
    broken
}

pub(crate) fn demand(
    holds: bool,
    promise: &'static str,
    how: impl FnOnce() -> String,
) -> Result<(), Broken> {
    match holds {
        true => Ok(()),
        false => Err(Broken {
            promise,
            how: how(),
        }),
    }
}

pub(crate) fn name(scene: &Scene, claim: &Claim) -> String {
    let tag = claim.tag.as_ref().map_or("(no tag)", Tag::as_str);
    format!("{}:{tag}", scene.repos[claim.repo].name)
}

fn target(claim: &Claim) -> Target {
    match &claim.tag {
        Some(tag) => Target::Tag(tag.clone()),
        None => Target::Manifest(claim.build().image.clone()),
    }
}

pub(crate) fn kind(claim: &Claim, shown: Option<&Digest>) -> Kind {
    library().kind(claim.build(), claim.by_id, shown)
}

pub(crate) fn shows(claim: &Claim, observation: &Observation) -> Option<Kind> {
    observation
        .as_ref()
        .ok()
        .map(|shown| kind(claim, shown.as_ref()))
}

impl Ran<'_> {
    pub(crate) fn finding(&self, claim: &Claim) -> Option<&Finding> {
        let repo = &self.scene.repos[claim.repo].name;
        self.findings
            .iter()
            .find(|it| it.expectation.repository == *repo && it.expectation.tag == claim.tag)
    }

    pub(crate) fn looks(&self, claim: &Claim, stage: Option<Stage>) -> Vec<Look> {
        let mut all = looks(
            self.events,
            claim.repo,
            &target(claim),
            self.scene.settle > 0,
        );
        all.retain(|look| stage.is_none_or(|stage| look.stage == stage));
        all
    }

    /// The last looks, if there are as many as a verdict needs, far enough apart.
    pub(crate) fn last<'l>(&self, looks: &'l [Look], needed: usize) -> Option<&'l [Look]> {
        let last = looks.get(looks.len().checked_sub(needed)?..)?;
        let apart = |pair: &[Look]| pair[1].began - pair[0].ended >= self.scene.settle;
        last.windows(2).all(apart).then_some(last)
    }

    pub(crate) fn needed(&self) -> usize {
        if self.scene.settle > 0 { 2 } else { 1 }
    }

    /// Whether a request was about a claim's tag, or about its image and what that is made of.
    pub(crate) fn is_about(&self, claim: &Claim, event: &Event) -> bool {
        event.repo == claim.repo
            && match &event.what {
                What::Read(Target::Tag(tag), ..) | What::Put(tag, ..) => {
                    claim.tag.as_ref() == Some(tag)
                }
                What::Read(Target::Manifest(digest) | Target::Blob(digest), ..)
                | What::PutBack(digest, ..) => claim.is_part(digest),
            }
    }

    /// Whether an answer about a claim was a lie. Where headers are wrong, a lie about anything in
    /// the repository can have them believed.
    pub(crate) fn lied_to(&self, claim: &Claim) -> bool {
        let is_wrong = self.scene.repos[claim.repo].header == Header::Wrong;
        self.events.iter().any(|event| {
            event.fault.is_some_and(Fault::is_lie)
                && (self.is_about(claim, event) || (is_wrong && event.repo == claim.repo))
        })
    }

    /// What of a claim's image was answered as absent in a look, and when. A HEAD of a manifest
    /// proves nothing of that.
    pub(crate) fn absent_at(&self, claim: &Claim, look: &Look) -> BTreeMap<&Digest, i64> {
        let events = self.events.iter().filter(|event| {
            (event.epoch, event.stage) == (look.epoch, look.stage) && self.is_about(claim, event)
        });
        events
            .filter_map(|event| match &event.what {
                What::Read(Target::Manifest(digest), Method::Get, Shown::Absent)
                | What::Read(Target::Blob(digest), _, Shown::Absent) => Some((digest, event.at)),
                _ => None,
            })
            .collect()
    }

    /// Promise 1, of what was asked for of the image.
    fn whole(&self, claim: &Claim, finding: &Finding) -> Result<(), Broken> {
        let (lib, scene) = (library(), self.scene);
        let has = &lib.doc(&claim.build().image).platforms;
        let is_whole = scene.platforms.iter().all(|it| has.contains(it))
            && lib.has(claim.build(), &scene.attestations);
        let code = finding.verdict.code();
        let fits = match code {
            Code::Incomplete => !is_whole,
            Code::Ok => is_whole,
            _ => is_whole || finding.outcome.is_none(),
        };
        demand(fits, WHOLE, || {
            format!("{} is said to be {code}", name(scene, claim))
        })
    }

    /// Promise 9: what is said of a tag that is right, as deep as it says that it looked.
    fn below(&self, claim: &Claim, finding: &Finding, world: &World<'_>) -> Result<(), Broken> {
        let (lib, scene) = (library(), self.scene);
        let build = claim.build();
        let image = lib.doc(&build.image);
        let code = finding.verdict.code();
        let fits = match code {
            Code::WrongPlatform => build.wrong_at.is_some_and(|at| at <= scene.looks()),
            Code::Ok => {
                let reached = finding.observation.reached();
                // At no time that any replica may have shown.
                let is_gone = |child: &Digest| {
                    world.with(|state| {
                        let content = &state.content[claim.repo];
                        let docs = content.docs.values().flatten().map(|it| it.at);
                        let tags = content.tags.values().flatten().map(|it| it.at);
                        let mut times = docs.chain(tags).chain([0, self.end]);
                        !times.any(|at| content.serves(child, at))
                    })
                };
                let lacks_child = image.images.iter().any(is_gone);
                let blobs = lib.blobs_of(&build.image);
                let is_config =
                    |it: &Digest| lib.docs.values().any(|doc| doc.config.as_ref() == Some(it));
                let lost = |it: &&&Digest| scene.lost.contains(&(claim.repo, (**it).clone()));
                let lacks_config = blobs.iter().filter(lost).any(|it| is_config(it));
                let lacks_any = blobs.iter().any(|it| lost(&it));
                let is_wrong = build.wrong_at.is_some_and(|at| at <= reached);
                !(is_wrong
                    || (reached >= Depth::Children && lacks_child)
                    || (reached >= Depth::Platforms && lacks_config)
                    || (reached >= Depth::Programs && lacks_any))
            }
            _ => true,
        };
        demand(fits, BELOW, || {
            format!("{} is said to be {code}", name(scene, claim))
        })
    }

    /// Promise 7.
    fn told(&self) -> Result<(), Broken> {
        let scene = self.scene;
        let (mut wrong, mut unproven, mut hard) = (0, 0, 0);
        let mut fixed = false;
        let mut code = 0;
        for finding in self.findings {
            let outcome = finding.outcome.as_ref().map(outcome::Outcome::code);
            fixed |= outcome == Some(outcome::Code::Fixed);
            let verdict = finding.verdict.code();
            let is_right = match outcome {
                Some(outcome) => outcome.is_right(),
                None => verdict == Code::Ok,
            };
            if is_right {
                continue;
            }
            let is_soft = outcome.is_none()
                && match verdict {
                    Code::Other => scene.on_other == OnOther::Warn,
                    Code::WrongPlatform => scene.on_wrong_platform == OnWrongPlatform::Warn,
                    Code::Unproven => scene.tolerate.unproven,
                    Code::NeverPushed => scene.tolerate.unpushed,
                    _ => false,
                };
            match verdict {
                Code::Unproven => unproven += 1,
                _ => wrong += 1,
            }
            match (is_soft, verdict) {
                (true, _) => {}
                (false, Code::Unproven) => hard += 1,
                (false, _) => code = 1,
            }
        }
        if code == 0 && hard > 0 {
            code = 3;
        }
        let status = match (wrong, unproven) {
            (1.., _) => Status::Wrong,
            (_, 1..) => Status::Unproven,
            _ if fixed => Status::Fixed,
            _ => Status::Ok,
        };
        let mode = if scene.fix { Mode::Fix } else { Mode::Check };
        let notes = Vec::new();
        let report = Report::new(mode, self.findings, notes, scene.tolerate, "");
        let is_told = report.tags.len() == self.findings.len()
            && (report.status, report.exit_code) == (status, code);
        demand(is_told, TOLD, || {
            format!(
                "{status:?} and {code}, but told is {:?} and {}",
                report.status, report.exit_code
            )
        })
    }

    /// Promise 1.
    fn right(&self, claim: &Claim, finding: &Finding, world: &World<'_>) -> Result<(), Broken> {
        let outcome = finding.outcome.as_ref().map(outcome::Outcome::code);
        let (stage, needed) = match (finding.verdict.code(), outcome) {
            (_, Some(code)) if code.is_right() => (None, 2),
            (Code::Ok, None) => (Some(Stage::Before), self.needed()),
            _ => return Ok(()),
        };
        let looks = self.looks(claim, stage);
        let is_right = |look: &Look| shows(claim, &look.observation) == Some(Kind::Right);
        let are_right = |looks: &[Look]| {
            self.last(looks, needed)
                .is_some_and(|last| last.iter().all(is_right))
        };
        // A digest may be asked for later, on account of tags, which is no look at it.
        let first = match claim.tag {
            Some(_) => looks.len(),
            None => 0,
        };
        demand(
            (first..=looks.len()).any(|end| are_right(&looks[..end])),
            RIGHT,
            || {
                format!(
                    "{} is said to be right; its looks: {looks:#?}",
                    name(self.scene, claim)
                )
            },
        )?;
        let (Some(last), Some(tag)) = (looks.last(), &claim.tag) else {
            return Ok(());
        };
        if self.lied_to(claim) {
            return Ok(());
        }
        let from = world.oldest_view(claim.repo, last.began);
        world.with(|state| {
            let content = &state.content[claim.repo];
            let mut seen = states(content, tag, from, last.ended);
            demand(
                seen.any(|shown| kind(claim, shown) == Kind::Right),
                RIGHT,
                || {
                    format!(
                        "{} never was right where it was seen",
                        name(self.scene, claim)
                    )
                },
            )?;
            if others(content, claim, from) {
                return Ok(());
            }
            let now = content.tag(tag, self.end);
            demand(kind(claim, now) == Kind::Right, RIGHT, || {
                format!("{} is {now:?} in the end", name(self.scene, claim))
            })
        })
    }

    /// A wrong verdict rests on as many looks as a right one, and on patience.
    fn wrong(&self, claim: &Claim, finding: &Finding) -> Result<(), Broken> {
        let code = finding.verdict.code();
        let means = match code {
            Code::Child => Some(Kind::Child),
            Code::Wrapped => Some(Kind::Wrapped),
            Code::Absent => Some(Kind::Absent),
            Code::Other => Some(Kind::Other),
            Code::NeverPushed | Code::Broken => None,
            _ => return Ok(()),
        };
        // A digest is also asked for on account of tags, which is no look at it.
        if claim.tag.is_none() {
            return Ok(());
        }
        let looks = self.looks(claim, Some(Stage::Before));
        let last = self.last(&looks, self.needed());
        let fits = |look: &Look| match (shows(claim, &look.observation), means) {
            (shown, Some(kind)) => shown == Some(kind),
            // What is known to be gone is wrong whatever the tag shows.
            (_, None) if code == Code::Broken => true,
            (shown, None) => shown.is_some_and(|shown| shown != Kind::Right),
        };
        // A part that is gone is wrong under any tag, and under one that cannot be read.
        let agree = |last: &[Look]| {
            code == Code::Broken
                || last
                    .windows(2)
                    .all(|pair| pair[0].observation == pair[1].observation)
        };
        demand(
            last.is_some_and(|last| last.iter().all(fits) && agree(last)),
            WRONG,
            || {
                format!(
                    "{} is said to be {code}; its looks: {looks:#?}",
                    name(self.scene, claim)
                )
            },
        )?;
        if means.is_none() {
            let is_gone = last.is_some() && self.are_gone(claim, code, &looks);
            demand(is_gone, WRONG, || {
                format!(
                    "{} is said to be {code}, and nothing was seen to be gone: {looks:#?}",
                    name(self.scene, claim)
                )
            })?;
        }
        let is_doubted = !matches!(code, Code::Child | Code::Wrapped) && self.scene.settle > 0;
        if let (true, Some(first), Some(last)) = (is_doubted, looks.first(), looks.last()) {
            let patience = self.scene.timeout.max(self.scene.settle);
            demand(last.began >= first.ended + patience, WRONG, || {
                format!("{} is said to be {code} too early", name(self.scene, claim))
            })?;
        }
        Ok(())
    }

    /// Whether the same thing was answered as absent in all of these looks, as far apart: the
    /// expected image where it was never pushed, one of its children where it is broken.
    fn are_gone(&self, claim: &Claim, code: Code, looks: &[Look]) -> bool {
        let image = library().doc(&claim.build().image);
        let decides = |digest: &Digest| match (code, claim.by_id) {
            (Code::Broken, _) => {
                let blobs = library().blobs_of(&image.digest);
                image.children.contains(digest) || blobs.contains(&digest)
            }
            (_, true) => image.config.as_ref() == Some(digest),
            (_, false) => image.digest == *digest,
        };
        let absent: Vec<BTreeMap<&Digest, i64>> = looks
            .iter()
            .map(|look| self.absent_at(claim, look))
            .collect();
        let Some((last, before)) = absent.split_last() else {
            return false;
        };
        // Missed at each look from one on that is long enough ago.
        let mut last = last.iter().filter(|(digest, _)| decides(digest));
        last.any(|(digest, at)| {
            let missed = before.iter().rev().map_while(|look| look.get(digest));
            let since = missed.last().unwrap_or(at);
            at - since >= self.scene.settle
        })
    }

    /// What was put by this event, for which claim, if it is a write.
    fn put(&self, index: usize) -> Option<(&Tag, &Digest, Option<&Claim>)> {
        let event = &self.events[index];
        let What::Put(tag, digest, ..) = &event.what else {
            return None;
        };
        let claim = self.scene.claims.iter().find(|claim| {
            claim.repo == event.repo && claim.tag.as_ref() == Some(tag) && claim.may_be_written()
        });
        Some((tag, digest, claim))
    }

    /// What the request just before showed, if it was a look at this tag: the window is one request
    /// wide, nothing lies between the look and the write.
    fn just_before(&self, index: usize, tag: &Tag) -> Option<Observation> {
        let last = &self.events[index.checked_sub(1)?];
        let is_look = last.repo == self.events[index].repo
            && matches!(&last.what, What::Read(Target::Tag(read), _, _) if read == tag);
        is_look.then(|| observation(self.events, index - 1))
    }

    /// Promise 2.
    fn bytes(&self, index: usize) -> Result<(), Broken> {
        let Some((tag, digest, claim)) = self.put(index) else {
            return Ok(());
        };
        let expected = claim.filter(|claim| claim.build().image == *digest);
        let Some(claim) = expected else {
            return demand(false, BYTES, || format!("{digest} was put under {tag}"));
        };
        let name = name(self.scene, claim);
        demand(self.scene.fix, BYTES, || {
            format!("{name} written by a check")
        })?;
        let now = self.just_before(index, tag).unwrap_or(Err(()));
        demand(shows(claim, &now) != Some(Kind::Right), BYTES, || {
            format!("{name} written, although it is right")
        })
    }

    /// Promise 3.
    fn moved(&self, index: usize) -> Result<(), Broken> {
        // What nobody may write at all is the second promise's.
        let Some((tag, _, Some(claim))) = self.put(index) else {
            return Ok(());
        };
        let name = name(self.scene, claim);
        let now = self.just_before(index, tag);
        let Some(now) = now else {
            return demand(false, OTHERS, || {
                format!("{name} written without a look just before")
            });
        };
        let decided = self.looks(claim, Some(Stage::Before)).pop();
        let decided = decided.map_or(Err(()), |look| look.observation);
        demand(now.is_ok() && now == decided, OTHERS, || {
            format!("{name} written at {now:?}, decided at {decided:?}")
        })?;
        let stated = claim.source != Source::Implied && !self.scene.platforms.is_empty();
        let shown = now.as_ref().ok().and_then(Option::as_ref);
        let is_spared = self.scene.is_spared(claim, shown);
        let named = claim.source == Source::Named && !is_spared;
        let may = match shows(claim, &now) {
            Some(Kind::Child) => true,
            Some(Kind::Wrapped) => claim.source != Source::Implied && !is_spared,
            Some(Kind::Absent) => stated || named,
            Some(Kind::Other) => {
                self.scene.on_other == OnOther::Fix && claim.source != Source::Implied
            }
            Some(Kind::Right) | None => false,
        };
        let may = may && (!claim.immutable || now == Ok(None));
        demand(may, OTHERS, || {
            format!("{name} must not be moved from {now:?}")
        })
    }

    /// Promise 5. The bound is in CONTRIBUTING.md.
    fn ends(&self) -> Result<(), Broken> {
        demand(self.end <= self.scene.deadline + 1, ENDS, || {
            format!("it ended at {} ms", self.end)
        })?;
        let (most, were) = (bound(self.scene), self.events.len());
        demand(were <= most, ENDS, || {
            format!("{were} requests, at most {most} are allowed")
        })
    }
}

/// The most requests of a run, the client's own repeats aside.
pub(crate) fn bound(scene: &Scene) -> usize {
    let (lib, rounds) = (library(), rounds(scene));
    let images: BTreeSet<(usize, &Digest)> = scene
        .claims
        .iter()
        .map(|claim| (claim.repo, &claim.build().image))
        .collect();
    // Each image, its config, and its children: by HEAD and by GET, and once more where they must
    // be attestations.
    let of_image = |(_, image): &(usize, &Digest)| {
        let children = lib.doc(image).children.len();
        let deep = match scene.looks() {
            Depth::Tag => 0,
            Depth::Children => 2 * children,
            Depth::Platforms | Depth::Programs => 3 * children + 2 * lib.blobs_of(image).len(),
        };
        let attested = if scene.attestations.is_empty() {
            0
        } else {
            children
        };
        2 + deep + attested
    };
    let images: usize = images.iter().map(of_image).sum();
    let looks = rounds * (2 * scene.claims.len() + images);
    let written = scene.claims.iter().filter(|claim| claim.may_be_written());
    // What a write may take away: what the tag shows and what the image lists, at every depth. It is
    // asked for before the write and after it, by HEAD and by GET. What is gone is put back three
    // times at most, and read again each time; and all that once more before the next try.
    let largest = lib.docs.keys().map(|digest| whole(digest).len()).max();
    let kept = |claim: &Claim| largest.unwrap_or(0) + whole(&claim.build().image).len();
    let tries = tries(scene);
    // Three passes: tries of a look and a write, a look after a refusal, and the looks.
    let of_write = |claim: &Claim| 3 * (tries * (2 + 1 + 20 * kept(claim)) + 2 + rounds * 2);
    let written: usize = written.map(of_write).sum();
    looks + if scene.fix { written } else { 0 }
}

/// The most tries of one write: five, and more where its host goes down and is waited for.
fn tries(scene: &Scene) -> usize {
    let is_outage = |rule: &Rule| {
        let (Fault::Failed(class) | Fault::Lost(class)) = rule.fault else {
            return false;
        };
        matches!(class, Class::Network | Class::Unavailable)
    };
    match scene.rules.iter().any(is_outage) {
        // Half of the time, and eight seconds between two tries.
        true => 5 + usize::try_from(scene.deadline / 16_000).unwrap(),
        false => 5,
    }
}

/// The most looks at one tag until it is settled.
fn rounds(scene: &Scene) -> usize {
    if scene.settle == 0 {
        return 2;
    }
    // The first; those after waits that double, until the time is over; and two more.
    let (mut rounds, mut waited, mut wait) = (1 + 2, 0, scene.settle);
    while waited < scene.timeout.max(scene.settle) {
        waited += wait;
        wait = (2 * wait).min(scene.settle.max(8_000));
        rounds += 1;
    }
    rounds
}

/// What a tag was in a stretch of time.
fn states<'a>(
    content: &'a Content,
    tag: &'a Tag,
    from: i64,
    to: i64,
) -> impl Iterator<Item = Option<&'a Digest>> {
    let tags = content.tags.get(tag).into_iter().flatten();
    let docs = content.docs.values().flatten();
    let changes = tags.map(|it| it.at).chain(docs.map(|it| it.at));
    let mut times: Vec<i64> = changes.filter(|at| (from..=to).contains(at)).collect();
    times.push(from);
    times.into_iter().map(move |at| content.tag(tag, at))
}

/// Whether someone else touched a tag or its image since then.
fn others(content: &Content, claim: &Claim, since: i64) -> bool {
    let tag = claim.tag.as_ref().and_then(|tag| content.tags.get(tag));
    let tags = tag.into_iter().flatten().map(|it| (it.at, it.by_others));
    let is_right = |digest: &Digest| kind(claim, Some(digest)) == Kind::Right;
    let images = content.docs.iter().filter(|(digest, _)| is_right(digest));
    let images = images.flat_map(|(_, past)| past.iter().map(|it| (it.at, it.by_others)));
    tags.chain(images)
        .any(|(at, by_others)| by_others && at >= since.max(LONG_AGO))
}
