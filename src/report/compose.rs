//! Composing: from what was judged and done to the report.

use crate::expectation::{Expectation, Expected, OnOther, OnWrongPlatform};
use crate::finding::Finding;
use crate::note::Note;
use crate::observation::{Observation, Seen, Tree};
use crate::oci::{Document, Platform};
use crate::outcome::{self, Outcome};
use crate::problem::{Problem, ProblemKind};
use crate::verdict::{self, Setting, Verdict, is_by_config};

use super::remarks::{is_of_other_output, remarks};
use super::words::Counts;
use super::{
    Entry, ExpectedImage, Found, LegProven, Mode, Proof, RelationToBuild, Report, Standing, Status,
};
use super::{Tolerate, advice};

impl Report {
    /// The report of a run that looked at tags. `followup_flags` is what the commands that it gives
    /// need besides the tag, with a space before each flag: how to reach the registries, and which
    /// policy holds. None of them is secret.
    #[must_use]
    pub fn new(
        mode: Mode,
        findings: &[Finding],
        mut notes: Vec<Note>,
        tolerate: Tolerate,
        followup_flags: &str,
    ) -> Self {
        notes.extend(remarks(findings));
        notes.extend(super::images::notes(findings));
        let tags: Vec<Entry> = findings
            .iter()
            .map(|finding| entry(finding, tolerate, followup_flags))
            .collect();
        let counts = Counts::new(&tags);
        let status = match counts {
            Counts { wrong: 1.., .. } => Status::Wrong,
            Counts { unproven: 1.., .. } => Status::Unproven,
            Counts { planned: 1.., .. } => Status::Planned,
            Counts { fixed: 1.., .. } => Status::Fixed,
            _ => Status::Ok,
        };
        let any = |standing| tags.iter().any(|tag| tag.standing() == standing);
        let exit_code = if any(Standing::Wrong) {
            1
        } else if any(Standing::Unproven) {
            3
        } else {
            0
        };
        Self {
            mode,
            status,
            exit_code,
            problem: None,
            notes,
            tags,
            images: super::images::images(findings),
            legs: Vec::new(),
            index: None,
            requests: 0,
            pulls: 0,
        }
    }

    /// The report of a run that had nothing to look at.
    #[must_use]
    pub fn from_problem(mode: Mode, problem: Problem, tolerate: Tolerate) -> Self {
        let (status, exit_code) = match problem.kind {
            ProblemKind::Invalid => (Status::Invalid, 2),
            ProblemKind::Refused => (Status::Wrong, 1),
            ProblemKind::Unproven if tolerate.unproven => (Status::Unproven, 0),
            ProblemKind::Unproven => (Status::Unproven, 3),
            ProblemKind::Nothing if tolerate.unpushed => (Status::Nothing, 0),
            ProblemKind::Nothing => (Status::Nothing, 2),
        };
        Self {
            mode,
            status,
            exit_code,
            problem: Some(problem),
            notes: Vec::new(),
            tags: Vec::new(),
            images: Vec::new(),
            legs: Vec::new(),
            index: None,
            requests: 0,
            pulls: 0,
        }
    }
}

impl LegProven {
    /// A leg of a merge, as it was proven.
    #[must_use]
    pub fn new(finding: &Finding) -> Self {
        let images = finding.observation.below.images.iter();
        let platforms = images.filter_map(|image| image.platform().cloned());
        Self {
            name: finding.expectation.origin.clone(),
            reference: finding.expectation.reference(),
            platforms: platforms.collect(),
            verdict: finding.verdict.code(),
            message: advice::message(finding),
        }
    }
}

fn entry(finding: &Finding, tolerate: Tolerate, followup_flags: &str) -> Entry {
    let Finding {
        expectation,
        observation,
        verdict,
        outcome,
        aftermath,
    } = finding;
    let code = outcome.as_ref().map(Outcome::code);
    let is_written = code.is_some_and(outcome::Code::is_written);
    let overwritten = matches!(outcome, Some(Outcome::Changed { written: true, .. }));
    let before = observation.shown().filter(|_| is_written || overwritten);
    let tolerated = outcome.is_none()
        && match verdict.code().tolerated_by() {
            Some(Setting::OnOther) => expectation.on_other == OnOther::Warn,
            Some(Setting::OnWrongPlatform) => {
                expectation.on_wrong_platform == OnWrongPlatform::Warn
            }
            Some(Setting::OnUnproven) => tolerate.unproven,
            Some(Setting::OnUnpushed) => tolerate.unpushed,
            None => false,
        };
    let proof = match (verdict, &expectation.image) {
        (Verdict::Unproven(_) | Verdict::Conflict, _) | (_, Expected::Nothing) => None,
        _ if is_by_config(expectation, observation, verdict) => Some(Proof::Config),
        (_, Expected::Manifest(_)) => Some(Proof::Digest),
        (_, Expected::Id(_)) => Some(Proof::Config),
    };
    Entry {
        reference: expectation.reference(),
        target: expectation.target.clone(),
        verdict: verdict.code(),
        tolerated,
        expected: expected(expectation, observation),
        found: observation.tag.here().map(|document| Found {
            relation: relation(expectation, document, verdict),
            ..found(document, observation, verdict)
        }),
        proof,
        depth: proof.map(|_| observation.reached()),
        images: observation
            .below
            .images
            .iter()
            .map(|it| it.digest.clone())
            .collect(),
        outcome: code,
        before: before.cloned(),
        message: advice::message(finding),
        help: advice::help(finding, followup_flags),
        inspect: is_written.then(|| advice::inspect(expectation)),
        undo: before
            .filter(|_| is_written && !aftermath.before_is_gone)
            .map(|before| advice::undo(expectation, before, followup_flags)),
        restored: aftermath.restored.clone(),
        lost: (aftermath.lost.iter())
            .map(|(left, why)| (left.clone(), why.to_string()))
            .collect(),
        rules: expectation.rules.clone(),
    }
}

fn expected(expectation: &Expectation, observation: &Observation) -> ExpectedImage {
    let document = match &observation.tag {
        Seen::Here(document) if expectation.image.is(document) => Some(document),
        _ => observation
            .expected
            .as_ref()
            .and_then(|seen| seen.here())
            .and_then(Option::as_ref),
    };
    let (digest, config) = match &expectation.image {
        Expected::Manifest(digest) => (Some(digest.clone()), None),
        Expected::Id(config) => (None, Some(config.clone())),
        Expected::Nothing => (None, None),
    };
    let platforms = match (expectation.platforms.as_slice(), document) {
        ([], Some(document)) if document.media_type().is_index() => {
            platforms(document, observation)
        }
        ([], _) => expectation.own_platform.iter().cloned().collect(),
        (required, _) => required.to_vec(),
    };
    let media_type = document
        .map(|document| document.media_type())
        .or(expectation.media_type.as_ref())
        .cloned();
    ExpectedImage {
        digest,
        config,
        media_type,
        platforms,
    }
}

/// The platforms of an index, as it and the indexes below it say, as far as those were read.
fn platforms(document: &Document, observation: &Observation) -> Vec<Platform> {
    let mut platforms = Tree::new(document, &observation.nested).platforms();
    platforms.extend(document.platforms());
    platforms.sort();
    platforms.dedup();
    platforms
}

/// What the document has to do with the build, where the verdict does not say it.
fn relation(
    expectation: &Expectation,
    document: &Document,
    verdict: &Verdict,
) -> Option<RelationToBuild> {
    match verdict {
        Verdict::Ok if is_of_other_output(expectation, document) => {
            Some(RelationToBuild::OtherOutput)
        }
        Verdict::Child(child) if !child.named.is(document.digest()) => {
            Some(RelationToBuild::Repacked)
        }
        Verdict::Other(relation) => Some(match relation {
            verdict::Relation::Same => RelationToBuild::Same,
            verdict::Relation::Part => RelationToBuild::Part,
            verdict::Relation::More => RelationToBuild::More,
            verdict::Relation::Some => RelationToBuild::Some,
            verdict::Relation::None => RelationToBuild::None,
        }),
        _ => None,
    }
}

fn found(document: &Document, observation: &Observation, verdict: &Verdict) -> Found {
    let (platform, attestation) = match verdict {
        Verdict::Child(child) => (child.platform.clone(), child.is_attestation),
        _ => (None, false),
    };
    let annotation = |name: &str| {
        document
            .annotation(&format!("org.opencontainers.image.{name}"))
            .map(str::to_owned)
    };
    Found {
        digest: Some(document.digest().clone()),
        media_type: Some(document.media_type().clone()),
        platform,
        attestation,
        platforms: platforms(document, observation),
        relation: None,
        created: annotation("created"),
        revision: annotation("revision"),
        version: annotation("version"),
    }
}
