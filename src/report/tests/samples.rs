//! Reports for the tests of every renderer: one of each kind that a run can end with.

use std::collections::BTreeMap;

use crate::expectation::Depth;
use crate::note::{self, Note};
use crate::oci::{Digest, MediaType, Platform, Reference};
use crate::outcome::{self, Left};
use crate::problem::{Problem, ProblemKind};
use crate::programs::{Machine, Program};
use crate::report::{
    Entry, ExpectedImage, Found, ImageLooked, LegProven, Mode, Proof, Report, Status,
};
use crate::verdict;

/// A digest that is easy to tell from others: one hexadecimal digit, 64 times.
pub(crate) fn digest(digit: char) -> Digest {
    let digits: String = std::iter::repeat_n(digit, 64).collect();
    format!("sha256:{digits}").parse().unwrap()
}

fn platforms(names: &[&str]) -> Vec<Platform> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn ok(reference: &str) -> Entry {
    Entry {
        reference: reference.parse().unwrap(),
        target: None,
        verdict: verdict::Code::Ok,
        tolerated: false,
        expected: ExpectedImage {
            digest: Some(digest('a')),
            config: None,
            media_type: Some(MediaType::OciIndex),
            platforms: platforms(&["linux/amd64", "linux/arm64"]),
        },
        found: Some(Found {
            digest: Some(digest('a')),
            media_type: Some(MediaType::OciIndex),
            platforms: platforms(&["linux/amd64", "linux/arm64"]),
            ..Found::default()
        }),
        depth: Some(Depth::Platforms),
        images: Vec::new(),
        proof: Some(Proof::Digest),
        outcome: None,
        before: None,
        message: "the tag is what the build made".to_owned(),
        help: Vec::new(),
        inspect: None,
        undo: None,
        restored: Vec::new(),
        lost: Vec::new(),
        rules: BTreeMap::new(),
    }
}

fn wrong(reference: &str, verdict: verdict::Code, message: &str, help: &[&str]) -> Entry {
    Entry {
        verdict,
        found: None,
        message: message.to_owned(),
        help: help.iter().map(|&line| line.to_owned()).collect(),
        ..ok(reference)
    }
}

fn child(reference: &str) -> Entry {
    Entry {
        found: Some(Found {
            digest: Some(digest('b')),
            media_type: Some(MediaType::OciManifest),
            platform: Some("linux/amd64".parse().unwrap()),
            ..Found::default()
        }),
        ..wrong(
            reference,
            verdict::Code::Child,
            "the tag is the linux/amd64 manifest of the image index that was built",
            &[
                "whoever pulls it on linux/arm64 gets an image that cannot run",
                "run `tagproof fix` to point the tag at the index",
            ],
        )
    }
}

fn fixed(tag: Entry) -> Entry {
    let reference = tag.reference.clone();
    let before = tag.found.as_ref().and_then(|found| found.digest.clone());
    Entry {
        outcome: Some(outcome::Code::Fixed),
        help: match before {
            Some(_) => Vec::new(),
            None => vec!["the tag was created: only the registry can delete it".to_owned()],
        },
        inspect: Some(format!("docker buildx imagetools inspect {reference}")),
        undo: (before.as_ref()).map(|before| {
            format!("tagproof fix --tag {reference}@{before} --on-other fix --depth tag")
        }),
        before,
        ..tag
    }
}

fn report(mode: Mode, status: Status, tags: Vec<Entry>) -> Report {
    Report {
        mode,
        status,
        exit_code: match status {
            Status::Ok | Status::Fixed | Status::Planned => 0,
            Status::Wrong => 1,
            Status::Nothing | Status::Invalid => 2,
            Status::Unproven => 3,
        },
        problem: None,
        notes: Vec::new(),
        requests: 4 * tags.len() as u64 + 1,
        pulls: u64::from(!tags.is_empty()),
        images: Vec::new(),
        legs: Vec::new(),
        index: None,
        tags,
    }
}

pub(crate) fn all_right() -> Report {
    let tags = vec![ok("ghcr.io/acme/app:1.4"), ok("ghcr.io/acme/app:latest")];
    report(Mode::Fix, Status::Ok, tags)
}

/// docker/buildx#2959: both tags were left on one platform, and are repaired.
pub(crate) fn double_push() -> Report {
    let tags = vec![
        fixed(child("ghcr.io/acme/app:1.4")),
        fixed(child("ghcr.io/acme/app:latest")),
    ];
    Report {
        notes: vec![Note {
            code: note::Code::DoublePush,
            message: "the build's own Docker pushed its tags twice (docker/buildx#2959)".to_owned(),
            help: "upgrade buildx to 0.22 or newer".to_owned(),
        }],
        ..report(Mode::Fix, Status::Fixed, tags)
    }
}

pub(crate) fn checked_only() -> Report {
    let tags = vec![
        ok("ghcr.io/acme/app:1.4"),
        child("ghcr.io/acme/app:latest"),
        ok("registry.example.com:5000/acme/app:1.4"),
    ];
    report(Mode::Check, Status::Wrong, tags)
}

pub(crate) fn other(tolerated: bool) -> Report {
    let tag = Entry {
        tolerated,
        found: Some(Found {
            digest: Some(digest('c')),
            media_type: Some(MediaType::OciIndex),
            platforms: platforms(&["linux/amd64", "linux/arm64"]),
            created: Some("2026-11-22T08:30:00Z".to_owned()),
            revision: Some("4f1c2d3".to_owned()),
            ..Found::default()
        }),
        ..wrong(
            "ghcr.io/acme/app:latest",
            verdict::Code::Other,
            "the tag is an image that is no part of this build",
            &[
                "it may be a newer build's, so it is left alone",
                "to move it here all the same, run with `--on-other fix`",
            ],
        )
    };
    report(Mode::Fix, Status::Wrong, vec![tag])
}

fn left(digit: char) -> Left {
    Left {
        digest: digest(digit),
        media_type: MediaType::OciManifest,
        size: 1234,
    }
}

/// Two repairs that took something away: of the one it was put back, of the other it is lost.
pub(crate) fn forgetful() -> Report {
    let mut restored = fixed(child("zot.example.com/acme/app:1.4"));
    restored.restored = vec![left('b'), left('e')];
    let mut lost = fixed(child("zot.example.com/acme/app:latest"));
    lost.outcome = Some(outcome::Code::Lost);
    lost.undo = None;
    lost.lost = vec![(
        left('b'),
        "PUT https://zot.example.com/v2/acme/app/manifests/sha256:bb: 403 DENIED".to_owned(),
    )];
    lost.help = vec!["build and push again".to_owned()];
    report(Mode::Fix, Status::Wrong, vec![restored, lost])
}

pub(crate) fn unproven() -> Report {
    let tag = |reference: &str| Entry {
        proof: None,
        ..wrong(
            reference,
            verdict::Code::Unproven,
            "the tag could not be read: GET https://ghcr.io/v2/acme/app/manifests/1.4: 401 UNAUTHORIZED",
            &["log in before this step: `docker login ghcr.io`"],
        )
    };
    let tags = vec![tag("ghcr.io/acme/app:1.4"), tag("ghcr.io/acme/app:latest")];
    report(Mode::Fix, Status::Unproven, tags)
}

pub(crate) fn never_pushed() -> Report {
    let tag = wrong(
        "ghcr.io/acme/app:1.4",
        verdict::Code::NeverPushed,
        "the repository does not have what was built",
        &["build with `--push`: `--load` and `type=oci` push nothing"],
    );
    report(Mode::Fix, Status::Wrong, vec![tag])
}

pub(crate) fn created() -> Report {
    let tag = fixed(wrong(
        "ghcr.io/acme/app:1.4",
        verdict::Code::Absent,
        "there was no such tag, though the image had been pushed",
        &[],
    ));
    report(Mode::Fix, Status::Fixed, vec![tag])
}

fn leg(platform: &str, digit: char) -> LegProven {
    let digest = digest(digit);
    LegProven {
        name: format!("`{}.json`", platform.replace('/', "-")),
        reference: format!("ghcr.io/acme/app@{digest}").parse().unwrap(),
        platforms: platforms(&[platform]),
        verdict: verdict::Code::Ok,
        message: format!("`{digest}` is in the repository"),
    }
}

/// Two legs were merged: one tag was created, and one moved.
pub(crate) fn merged() -> Report {
    let created = fixed(wrong(
        "ghcr.io/acme/app:1.4.2",
        verdict::Code::Absent,
        "there was no tag `1.4.2`; it was created",
        &[],
    ));
    let mut moved = fixed(child("ghcr.io/acme/app:latest"));
    moved.message = "`latest` was another image; it was moved to the merged index".to_owned();
    Report {
        legs: vec![leg("linux/amd64", 'b'), leg("linux/arm64", 'e')],
        index: Some("{\n  \"schemaVersion\": 2,\n  \"manifests\": []\n}".to_owned()),
        ..report(Mode::Merge, Status::Fixed, vec![created, moved])
    }
}

/// The same as a dry run.
pub(crate) fn planned() -> Report {
    let tag = Entry {
        outcome: Some(outcome::Code::Planned),
        ..wrong(
            "ghcr.io/acme/app:1.4.2",
            verdict::Code::Absent,
            "there is no tag `1.4.2`; it would be written: this is a dry run",
            &[],
        )
    };
    Report {
        status: Status::Planned,
        tags: vec![tag],
        ..merged()
    }
}

/// Of two legs one is not in the repository.
pub(crate) fn not_merged() -> Report {
    let mut missing = leg("linux/arm64", 'e');
    missing.verdict = verdict::Code::NeverPushed;
    missing.platforms = Vec::new();
    missing.message = format!("`{}` is not in the repository", digest('e'));
    Report {
        problem: Some(Problem {
            kind: ProblemKind::Refused,
            message: format!(
                "the legs are not merged: {} is `never-pushed`: {}",
                missing.name, missing.message
            ),
            help: Some(
                "build that leg again, or look what became of it; nothing was written".to_owned(),
            ),
        }),
        legs: vec![leg("linux/amd64", 'b'), missing],
        ..report(Mode::Merge, Status::Wrong, Vec::new())
    }
}

pub(crate) fn conflict() -> Report {
    let claim = |target: &str, digit| {
        let mut tag = wrong(
            "ghcr.io/acme/app:latest",
            verdict::Code::Conflict,
            "the targets `app` and `debug` both claim this tag, with different digests",
            &["give each target tags of its own in the bake file"],
        );
        tag.target = Some(target.to_owned());
        tag.expected.digest = Some(digest(digit));
        tag
    };
    let tags = vec![claim("app", 'a'), claim("debug", 'd')];
    report(Mode::Fix, Status::Wrong, tags)
}

/// One of nearly everything, with every note.
pub(crate) fn mixed() -> Report {
    let mut by_image = ok("docker.io/acme/app:classic");
    by_image.proof = Some(Proof::Config);
    by_image.expected = ExpectedImage {
        digest: None,
        config: Some(digest('e')),
        media_type: None,
        platforms: Vec::new(),
    };
    let mut refused = child("123456789012.dkr.ecr.eu-central-1.amazonaws.com/acme/app:1.4");
    refused.outcome = Some(outcome::Code::Refused);
    refused.help =
        vec!["the repository is immutable: let this tag be `MUTABLE`, or use a new tag".to_owned()];
    let mut already = child("ghcr.io/acme/app:edge");
    already.outcome = Some(outcome::Code::AlreadyRight);
    already.help = Vec::new();
    let mut attestation = child("ghcr.io/acme/app:sbom");
    attestation.found = Some(Found {
        digest: Some(digest('f')),
        media_type: Some(MediaType::OciManifest),
        attestation: true,
        ..Found::default()
    });
    let mut tags = vec![
        ok("ghcr.io/acme/app:1.4"),
        by_image,
        refused,
        already,
        fixed(attestation),
    ];
    for outcome in [
        outcome::Code::Changed,
        outcome::Code::Unsettled,
        outcome::Code::Failed,
    ] {
        let mut tag = child("quay.io/acme/app:1.4");
        tag.outcome = Some(outcome);
        tags.push(tag);
    }
    for verdict in [
        verdict::Code::Wrapped,
        verdict::Code::Incomplete,
        verdict::Code::WrongPlatform,
        verdict::Code::Broken,
    ] {
        tags.push(wrong("quay.io/acme/app:1.4", verdict, "message", &[]));
    }
    tags.extend(unproven().tags.into_iter().take(1));
    Report {
        notes: note::Code::ALL
            .into_iter()
            .map(|code| Note {
                code,
                message: format!("what was seen of `{code}`"),
                help: "what to do".to_owned(),
            })
            .collect(),
        images: vec![
            image('c', "linux/amd64", false),
            image('d', "linux/arm64", true),
        ],
        ..report(Mode::Fix, Status::Wrong, tags)
    }
}

/// An image for a platform that starts a program for linux/386.
fn image(digit: char, platform: &str, is_wrong: bool) -> ImageLooked {
    let tag: Reference = "ghcr.io/acme/app:1.4".parse().unwrap();
    ImageLooked {
        repository: tag.repository().clone(),
        digest: digest(digit),
        platform: Some(platform.parse().unwrap()),
        config: Some(platform.parse().unwrap()),
        program: Some(Program {
            path: "/usr/bin/app".to_owned(),
            machine: Machine::known().next().unwrap(),
        }),
        is_wrong,
        depth: Depth::Platforms,
        layers_not_read: usize::from(is_wrong),
        bytes_not_read: 40_000_000 * u64::from(is_wrong),
    }
}

/// Forty tags, wrong for one reason.
pub(crate) fn many(repaired: bool) -> Report {
    let tags = (0..40)
        .map(|number| child(&format!("ghcr.io/acme/app:{number}")))
        .map(|tag| if repaired { fixed(tag) } else { tag })
        .collect();
    let status = if repaired {
        Status::Fixed
    } else {
        Status::Wrong
    };
    report(Mode::Fix, status, tags)
}

/// As many wrong tags as no system shows one by one.
pub(crate) fn wrong_sixty() -> Report {
    let tags = (0..60).map(|number| child(&format!("ghcr.io/acme/app:{number}")));
    report(Mode::Check, Status::Wrong, tags.collect())
}

/// More than any limit: one half right, the other wrong, refused or repaired.
pub(crate) fn five_thousand() -> Report {
    let tag = |number: usize| {
        let reference = format!("ghcr.io/acme/app-{}:{number}", number / 100);
        match number % 8 {
            0 => child(&reference),
            1 => fixed(child(&reference)),
            2 => Entry {
                outcome: Some(outcome::Code::Refused),
                ..child(&reference)
            },
            3 => fixed(wrong(&reference, verdict::Code::Absent, "created", &[])),
            _ => ok(&reference),
        }
    };
    report(Mode::Fix, Status::Wrong, (0..5_000).map(tag).collect())
}

pub(crate) fn nothing() -> Report {
    Report {
        problem: Some(Problem {
            kind: ProblemKind::Nothing,
            message: "nothing to check: `metadata.json` names no image that was pushed".to_owned(),
            help: Some("build with `--push`, or name the tags with `--tag`".to_owned()),
        }),
        ..report(Mode::Check, Status::Nothing, Vec::new())
    }
}

pub(crate) fn invalid() -> Report {
    Report {
        problem: Some(Problem {
            kind: ProblemKind::Invalid,
            message: "failed to read `metadata.json`: no such file".to_owned(),
            help: None,
        }),
        requests: 0,
        ..report(Mode::Check, Status::Invalid, Vec::new())
    }
}

/// What a log must not be given, of every kind.
pub(crate) const HOSTILE: &str = "::error::a\x1b[2J\x07\r\n::warning::b\n  ::set-output name=x::y\n##[group]c \
    ###[error]d ##vso[task.setvariable]e\u{202e}f\u{9b}31mg\u{2028}::notice::h\u{200b}\t::stop::\u{7f} \
    `::debug::i ::add-mask::j ::error::k ::error::l ::error::m ::error::n ::error::o";

/// A report with hostile text in every place that can hold text.
pub(crate) fn hostile() -> Report {
    let text = || HOSTILE.to_owned();
    let mut tags = Vec::new();
    for outcome in [
        None,
        Some(outcome::Code::Fixed),
        Some(outcome::Code::Failed),
    ] {
        for before in [None, Some(digest('9'))] {
            tags.push(Entry {
                target: Some(text()),
                found: Some(Found {
                    digest: Some(digest('c')),
                    created: Some(text()),
                    revision: Some(text()),
                    version: Some(text()),
                    ..Found::default()
                }),
                outcome,
                before,
                message: text(),
                help: vec![text(), text()],
                inspect: Some(text()),
                undo: Some(text()),
                lost: vec![(left('c'), text())],
                ..wrong("h.example/a:1", verdict::Code::Other, "", &[])
            });
        }
    }
    Report {
        problem: Some(Problem {
            kind: ProblemKind::Invalid,
            message: text(),
            help: Some(text()),
        }),
        notes: vec![Note {
            code: note::Code::RegistryWarning,
            message: text(),
            help: text(),
        }],
        images: vec![ImageLooked {
            program: Some(Program {
                path: text(),
                machine: Machine::known().next().unwrap(),
            }),
            ..image('c', "linux/amd64", true)
        }],
        legs: vec![LegProven {
            name: text(),
            message: text(),
            ..leg("linux/amd64", 'b')
        }],
        index: Some(text()),
        ..report(Mode::Fix, Status::Wrong, tags)
    }
}

/// All of the above.
pub(crate) fn every() -> Vec<Report> {
    vec![
        all_right(),
        double_push(),
        checked_only(),
        other(false),
        other(true),
        unproven(),
        never_pushed(),
        created(),
        merged(),
        planned(),
        not_merged(),
        conflict(),
        mixed(),
        forgetful(),
        many(false),
        many(true),
        nothing(),
        invalid(),
        hostile(),
    ]
}
