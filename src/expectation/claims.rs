//! Claims: what builds and the command line each say of tags, before they are compared.

use std::collections::BTreeMap;

use super::asked::Asked;
use super::build::{called, image_of, output_of};
use super::depth::{Depth, OnWrongPlatform};
use super::expected::{Claim, Expectation, Expected, OnOther, Output};
use super::words::several_digests;
use crate::metadata::{Build, Image};
use crate::oci::{Reference, Repository, Tag};
use crate::problem::Problem;

/// The builds of these targets; all of them if there are none.
pub(super) fn for_targets<'a>(
    builds: &'a [Build],
    targets: &[String],
) -> Result<Vec<&'a Build>, Problem> {
    for target in targets {
        if !builds
            .iter()
            .any(|build| build.target.as_ref() == Some(target))
        {
            let mut known: Vec<String> = builds
                .iter()
                .filter_map(|build| build.target.as_ref())
                .map(|target| format!("`{target}`"))
                .collect();
            known.sort();
            known.dedup();
            let help = match known.is_empty() {
                true => "leave `--target` out: only a bake file has targets".to_owned(),
                false => format!("use one of {}", known.join(", ")),
            };
            return Err(Problem::invalid(
                format!("no target `{target}` in the metadata"),
                help,
            ));
        }
    }
    let wanted = |build: &&Build| {
        targets.is_empty() || build.target.as_ref().is_some_and(|t| targets.contains(t))
    };
    Ok(builds.iter().filter(wanted).collect())
}

/// What the metadata itself claims.
pub(super) fn claimed_by(builds: &[&Build]) -> Vec<Expectation> {
    let mut claims = Vec::new();
    for build in builds {
        let Some(image) = image_of(build) else {
            continue;
        };
        for name in &build.names {
            let output = output_of(build, name);
            // Its digest is not known, and there is no tag to look at.
            if name.tag().is_none() && matches!(output, Output::Other(_)) {
                continue;
            }
            let claim = |tag: Option<Tag>, claim: Claim| Expectation {
                tag,
                claim,
                output: output.clone(),
                ..expectation(name.repository(), &image, Some(build))
            };
            match (name.tag(), &image) {
                (Some(tag), _) => claims.push(claim(Some(tag.clone()), Claim::Build)),
                // Docker completes the names of its classic store, so this is what it pushed.
                (None, Expected::Id(_)) => claims.push(claim(Some(Tag::latest()), Claim::Build)),
                (None, Expected::Nothing) => claims.push(claim(None, Claim::Build)),
                (None, Expected::Manifest(_)) => {
                    claims.push(claim(None, Claim::Build));
                    claims.push(claim(Some(Tag::latest()), Claim::Implied));
                }
            }
        }
    }
    claims
}

/// What the command line claims: its tags replace the names in the metadata.
pub(super) fn asked_for(builds: &[&Build], asked: &Asked) -> Result<Vec<Expectation>, Problem> {
    let mut images: Vec<Expected> = builds
        .iter()
        .filter_map(|build| image_of(build))
        .filter(|image| *image != Expected::Nothing)
        .collect();
    images.sort();
    images.dedup();
    let mut claims = Vec::new();
    for reference in &asked.tags {
        let image = match (
            reference.digest().or(asked.digest.as_ref()),
            images.as_slice(),
        ) {
            (Some(digest), _) => Expected::Manifest(digest.clone()),
            (None, [image]) => image.clone(),
            (None, []) => {
                return Err(Problem::invalid(
                    format!("no digest to expect of `{reference}`"),
                    format!(
                        "give the metadata file, `--digest sha256:…`, or `--tag {reference}@sha256:…`"
                    ),
                ));
            }
            (None, [_, _, ..]) => return Err(several_digests(reference, builds)),
        };
        let build = builds
            .iter()
            .copied()
            .find(|build| image_of(build).as_ref() == Some(&image));
        let tag = match (reference.tag(), reference.digest()) {
            (Some(tag), _) => Some(tag.clone()),
            (None, Some(_)) => None,
            (None, None) => Some(Tag::latest()),
        };
        let named = build.is_some_and(|build| {
            build.names.iter().any(|name| {
                name.repository() == reference.repository() && name.tag() == tag.as_ref()
            })
        });
        let name = Reference::new(reference.repository().clone(), tag.clone(), None);
        claims.push(Expectation {
            tag,
            claim: if named { Claim::Build } else { Claim::Asked },
            output: build.map_or_else(Output::default, |build| output_of(build, &name)),
            ..expectation(reference.repository(), &image, build)
        });
    }
    Ok(claims)
}

/// An expectation without a tag yet, with all that `build` says of the image.
pub(super) fn expectation(
    repository: &Repository,
    image: &Expected,
    build: Option<&Build>,
) -> Expectation {
    let (media_type, own_platform) = match build.map(|build| &build.image) {
        Some(Image::Manifest {
            media_type,
            platform,
            ..
        }) => (media_type.clone(), platform.clone()),
        _ => (None, None),
    };
    Expectation {
        repository: repository.clone(),
        tag: None,
        target: build.and_then(|build| build.target.clone()),
        image: image.clone(),
        config: build.and_then(|build| build.config.clone()),
        output: Output::default(),
        media_type,
        platforms: build
            .map(|build| build.platforms.clone())
            .unwrap_or_default(),
        platforms_stated: build.is_some_and(|build| build.platforms_stated),
        attestations: build
            .map(|build| build.attestations.clone())
            .unwrap_or_default(),
        own_platform,
        claim: Claim::Build,
        origin: build.map_or_else(|| "`--tag`".to_owned(), called),
        conflicts: Vec::new(),
        immutable: false,
        on_other: OnOther::default(),
        depth: Depth::default(),
        depth_stated: false,
        on_wrong_platform: OnWrongPlatform::default(),
        ignored: Vec::new(),
        restore: true,
        rules: BTreeMap::new(),
        exported: build.is_some_and(|build| build.exported),
    }
}
