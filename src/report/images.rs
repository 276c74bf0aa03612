//! The images below the tags: each once, and the notes on what they hold.

use std::collections::BTreeSet;

use crate::finding::Finding;
use crate::note::{self, Note};
use crate::observation::{ImageSeen, Mixed, WrongBy, mixed};
use crate::oci::{Digest, LABELS, Platform, Repository};
use crate::programs::{Foreign, Program, Start};

use super::ImageLooked;

/// How many values of a label are named.
const MAX_VALUES: usize = 4;

/// The images of all tags, each once for its repository, digest and platform, in the order of the tags.
pub(super) fn images(findings: &[Finding]) -> Vec<ImageLooked> {
    let mut met: BTreeSet<(&Repository, &Digest, Option<&Platform>)> = BTreeSet::new();
    let mut images = Vec::new();
    for (repository, image) in seen(findings) {
        if met.insert((repository, &image.digest, image.listed.as_ref())) {
            images.push(looked(repository, image));
        }
    }
    images
}

fn seen(findings: &[Finding]) -> impl Iterator<Item = (&Repository, &ImageSeen)> {
    findings.iter().flat_map(|finding| {
        let images = finding.observation.below.images.iter();
        images.map(|image| (&finding.expectation.repository, image))
    })
}

fn looked(repository: &Repository, image: &ImageSeen) -> ImageLooked {
    let wrong = image.wrong();
    let program = match wrong.as_ref().map(|wrong| &wrong.is) {
        Some(WrongBy::Program(program) | WrongBy::All(program)) => Some(program),
        Some(WrongBy::Outer(_) | WrongBy::Config(_)) | None => image.program(),
    };
    ImageLooked {
        repository: repository.clone(),
        digest: image.digest.clone(),
        platform: image.listed.clone(),
        config: image.own.clone(),
        program: program.cloned(),
        is_wrong: wrong.is_some(),
        depth: image.reached,
        layers_not_read: image.unread.0,
        bytes_not_read: image.unread.1,
    }
}

/// The notes on the images, each once, in the order of the tags.
pub(super) fn notes(findings: &[Finding]) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    let mut add = |note: Note| {
        if !notes.contains(&note) {
            notes.push(note);
        }
    };
    for finding in findings {
        for image in &finding.observation.below.images {
            let name = name(&finding.expectation.repository, image);
            if let (Some(foreign), None) = (&image.foreign, image.wrong()) {
                add(foreign_programs(&name, foreign));
            }
            if let Start::Kin(program) = &image.start {
                add(narrow_program(&name, program));
            }
        }
        mixed_builds(finding).into_iter().for_each(&mut add);
        reduced(finding).into_iter().for_each(&mut add);
    }
    notes
}

/// `ghcr.io/acme/app@sha256:… (linux/arm64)`.
fn name(repository: &Repository, image: &ImageSeen) -> String {
    let platform = image.platform().map(|it| format!(" ({it})"));
    format!(
        "{repository}@{}{}",
        image.digest,
        platform.unwrap_or_default()
    )
}

fn foreign_programs(name: &str, foreign: &Foreign) -> Note {
    let paths: Vec<String> = foreign.paths.iter().map(program).collect();
    let Foreign { count, of, .. } = foreign;
    Note {
        code: note::Code::ForeignPrograms,
        message: format!(
            "{name}: {count} of the {of} programs that were looked at are for another architecture: {}",
            paths.join(", ")
        ),
        help: "look whether they were copied from outside of the build, or built without `TARGETARCH`; if they are there on purpose, name them in the policy: `programs: { ignore: [PATH] }`".to_owned(),
    }
}

fn narrow_program(name: &str, started: &Program) -> Note {
    Note {
        code: note::Code::NarrowProgram,
        message: format!("{name}: it starts a 32-bit program: {}", program(started)),
        help:
            "nothing, if it is meant: most 64-bit machines run it, and some have no support for it"
                .to_owned(),
    }
}

/// `` `/usr/bin/app` (linux/amd64)``.
fn program(program: &Program) -> String {
    format!("`{}` ({})", program.path, program.machine)
}

/// What differs between the images, although they should be of one build.
fn mixed_builds(finding: &Finding) -> Option<Note> {
    let images = &finding.observation.below.images;
    let mixed = mixed(images.iter())?;
    let mut values: Vec<(String, &str)> = Vec::new();
    for image in images {
        if let Some(value) = mixed.of(image)
            && !values.iter().any(|(_, known)| *known == value)
        {
            let of = image.platform().map(ToString::to_string);
            values.push((of.unwrap_or_else(|| image.digest.to_string()), value));
        }
    }
    let each = values.iter().take(MAX_VALUES);
    let each: Vec<String> = each
        .map(|(platform, value)| format!("`{value}` for {platform}"))
        .collect();
    let what = match mixed {
        Mixed::Revision => "the provenance of its images names different revisions".to_owned(),
        Mixed::Label(nth) => {
            let label = LABELS.get(nth).unwrap_or(&"");
            format!("its images have different labels `{label}`")
        }
    };
    let help = match mixed {
        Mixed::Revision => "look whether an image of another build was put into the index",
        Mixed::Label(_) => {
            "look whether an image of another build was put into the index; labels of base images that differ between platforms look the same, unless the build leaves its provenance"
        }
    };
    Some(Note {
        code: note::Code::MixedBuilds,
        message: format!(
            "{}: {what}: {}",
            finding.expectation.reference(),
            each.join(", ")
        ),
        help: help.to_owned(),
    })
}

/// That a proof does not go as deep as it does by default.
fn reduced(finding: &Finding) -> Option<Note> {
    let observation = &finding.observation;
    let reached = observation.reached();
    let asked = finding.expectation.depth;
    if finding.expectation.depth_stated {
        return None;
    }
    let mut reasons = observation
        .below
        .images
        .iter()
        .filter_map(|image| image.open.as_ref());
    let reason = reasons.find(|error| !error.always_counts())?;
    Some(Note {
        code: note::Code::DepthReduced,
        message: format!(
            "{}: it is proven to the depth `{reached}` and not `{asked}`: {reason}",
            finding.expectation.reference()
        ),
        help: format!("run it again later; with `--depth {asked}` stated, this is `unproven`"),
    })
}
