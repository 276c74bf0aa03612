//! What is said about builds and claims beside the tags: notes, and why there is nothing to check.

use super::asked::Asked;
use super::build::{called, image_of, output_of};
use super::expected::{Expectation, Output};
use crate::metadata::{Build, Image};
use crate::note::{self, Note};
use crate::oci::Reference;
use crate::problem::Problem;

/// The notes on the builds, in their order.
pub(super) fn notes(builds: &[&Build], claims: &[Expectation], asked: &Asked) -> Vec<Note> {
    let of_build = |build: &&Build| {
        let image = image_of(build);
        let is_used = claims
            .iter()
            .any(|claim| image.as_ref() == Some(&claim.image));
        [
            double_push(build),
            no_name(build, is_used),
            no_tag(build, asked),
            unchecked(build, asked).filter(|_| is_used),
            other_output(build, asked),
            image_id(build).filter(|_| is_used),
        ]
    };
    builds.iter().flat_map(of_build).flatten().collect()
}

fn double_push(build: &Build) -> Option<Note> {
    let who = called(build);
    let push = build.double_push.as_ref()?;
    let message = match &push.said {
        Some(said) => format!(
            "{who} made `{}`, but its `digest` output says `{said}`: whatever used that output (signing, deploying) used the wrong one",
            push.built
        ),
        None => format!(
            "{who} was pushed twice by its own Docker; what it made is `{}`",
            push.built
        ),
    };
    Some(Note {
        code: note::Code::DoublePush,
        message,
        help: "upgrade buildx to 0.22 or newer: older ones let Docker push every tag a second time (docker/buildx#2959)".to_owned(),
    })
}

fn no_name(build: &Build, is_used: bool) -> Option<Note> {
    let who = called(build);
    let (message, help) = match is_used {
        true => (
            format!("{who} left a digest and no name: what is proven comes from `--tag`"),
            "keep `--tag`: a builder of several nodes, and a build without `-t`, leave no names",
        ),
        false => (
            format!("{who} left a digest and no name: it is not checked"),
            "name its tags with `--tag` if it was pushed",
        ),
    };
    (build.names.is_empty() && is_manifest(build)).then(|| Note {
        code: note::Code::NoName,
        message,
        help: help.to_owned(),
    })
}

fn no_tag(build: &Build, asked: &Asked) -> Option<Note> {
    let mut names = build.names.iter();
    let is_so = asked.tags.is_empty()
        && is_manifest(build)
        && names.any(|name| is_without_tag(build, name));
    is_so.then(|| Note {
        code: note::Code::NoTag,
        message: format!(
            "{} names a repository and no tag: its digest is proven, `latest` only if it holds this build",
            called(build)
        ),
        help: "name the tags with `--tag` if there are any, for example those that a merge job made".to_owned(),
    })
}

/// Platforms that the command line states replace all others.
fn unchecked(build: &Build, asked: &Asked) -> Option<Note> {
    let texts: Vec<String> = build.unchecked.iter().map(|it| format!("`{it}`")).collect();
    (asked.platforms.is_empty() && !texts.is_empty()).then(|| Note {
        code: note::Code::Unchecked,
        message: format!(
            "{} names in the place of a platform what cannot be checked here: {}",
            called(build),
            texts.join(", ")
        ),
        help: "name the platforms that the image must have with `--platform`".to_owned(),
    })
}

fn other_output(build: &Build, asked: &Asked) -> Option<Note> {
    let others = build
        .names
        .iter()
        .filter(|name| name.tag().is_none() && !is_without_tag(build, name));
    let others: Vec<String> = others.map(|name| format!("`{name}`")).collect();
    (asked.tags.is_empty() && !others.is_empty()).then(|| Note {
        code: note::Code::OtherOutput,
        message: format!(
            "{} has several outputs, and its metadata the digest of one: what another one pushed by digest is not checked: {}",
            called(build),
            others.join(", ")
        ),
        help: "bake each output in a target of its own to have the digest of each".to_owned(),
    })
}

fn image_id(build: &Build) -> Option<Note> {
    let Image::Id(id) = &build.image else {
        return None;
    };
    Some(Note {
        code: note::Code::ImageId,
        message: format!(
            "{} left no manifest digest, only the image ID `{}`: its tags are proven by that, and never repaired",
            called(build),
            id.short()
        ),
        help:
            "use a `docker-container` builder, or Docker's containerd image store, to have a digest"
                .to_owned(),
    })
}

fn is_manifest(build: &Build) -> bool {
    matches!(build.image, Image::Manifest { .. })
}

/// What to say of metadata that holds more than is understood.
pub(super) fn unread(build: &Build) -> Option<Note> {
    (!build.unread.is_empty()).then(|| Note {
        code: note::Code::Unchecked,
        message: format!(
            "`{}` holds what is not understood, so it is not checked: {}",
            build.source,
            build.unread.join(", ")
        ),
        help: "nothing, if no tag is meant by it; otherwise name the tags with `--tag NAME:TAG@sha256:…`".to_owned(),
    })
}

/// Whether a name lacks a tag, and the digest that was pushed to it is known.
fn is_without_tag(build: &Build, name: &Reference) -> bool {
    name.tag().is_none() && !matches!(output_of(build, name), Output::Other(_))
}

/// What to say of a target whose tags no output pushes.
pub(super) fn not_pushed(build: &Build) -> Option<Note> {
    let names: Vec<String> = build.unpushed.iter().map(|it| format!("`{it}`")).collect();
    (!names.is_empty()).then(|| Note {
        code: note::Code::NotPushed,
        message: match build.names.is_empty() {
            true => format!(
                "{} is not pushed, as the definition says, so its tags are not checked: {}",
                called(build),
                names.join(", ")
            ),
            false => format!(
                "{} is not pushed to all of its names, as the definition says, so these are not checked: {}",
                called(build),
                names.join(", ")
            ),
        },
        help: "if it is pushed, print the definition with the flags of the build: `docker buildx bake --push --print`".to_owned(),
    })
}

/// Why nothing is claimed.
pub(super) fn no_claim(builds: &[&Build], made: &[&Build]) -> Problem {
    match (builds, made) {
        ([], _) => Problem::invalid(
            "no metadata and no tag to check",
            "give the file that `docker buildx build --push --metadata-file build.json` wrote, or `--tag NAME:TAG@sha256:…`",
        ),
        (builds, []) if builds.iter().any(|build| !build.unpushed.is_empty()) => Problem::nothing(
            "nothing to check: the definition pushes nothing",
            "print the definition with the flags of the build: `docker buildx bake --push --print`",
        ),
        (_, []) => Problem::nothing(
            "nothing to check: no build in the metadata made an image",
            "build with `--push`, and give the metadata file of that build",
        ),
        (_, [build, ..]) => Problem::nothing(
            format!(
                "nothing to check: {} left a digest and no name",
                called(build)
            ),
            match build.target {
                // With several targets, `--tag` alone would not say whose digest is meant.
                Some(_) => {
                    "a builder of several nodes, or a build without `-t`, leaves no names: give `--tag NAME:TAG` with one `--target`"
                }
                None => {
                    "a builder of several nodes, or a build without `-t`, leaves no names: give `--tag NAME:TAG`"
                }
            },
        ),
    }
}

/// Why it cannot be told which of the digests a tag should be.
pub(super) fn several_digests(reference: &Reference, builds: &[&Build]) -> Problem {
    let targets: Vec<String> = builds
        .iter()
        .filter_map(|build| build.target.as_ref())
        .map(|target| format!("`{target}`"))
        .collect();
    let help = match targets.is_empty() {
        true => format!("say which one: `--digest sha256:…`, or `--tag {reference}@sha256:…`"),
        false => format!(
            "say which one: one `--target` of {}, or `--digest sha256:…`",
            targets.join(", ")
        ),
    };
    Problem::invalid(
        format!(
            "several digests at hand for `{reference}`, and nothing says which one it should be"
        ),
        help,
    )
}
