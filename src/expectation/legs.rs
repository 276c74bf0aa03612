//! What the legs of a merge claim: that each is in a repository of the tags.

use std::collections::BTreeSet;

use super::asked::Asked;
use super::claims::{expectation, for_targets};
use super::depth::Depth;
use super::expected::{Expectation, Expected};
use crate::metadata::{Build, Image};
use crate::oci::Repository;
use crate::problem::Problem;

/// A claim for each leg, in the order of the input: its digest is in the repository of a tag that was
/// asked for. A leg that was given twice is one.
///
/// # Errors
///
/// When there is no leg, or one has no digest or is of another repository.
pub fn legs(builds: &[Build], asked: &Asked) -> Result<Vec<Expectation>, Problem> {
    let mut targets: Vec<&Repository> = Vec::new();
    for repository in asked.tags.iter().map(|tag| tag.repository()) {
        if !targets.contains(&repository) {
            targets.push(repository);
        }
    }
    let mut legs: Vec<Expectation> = Vec::new();
    for build in for_targets(builds, &asked.targets)? {
        let name = called(build);
        let digest = match &build.image {
            Image::None => continue,
            Image::Manifest { digest, .. } => digest,
            Image::Id(_) => {
                return Err(Problem::invalid(
                    format!("{name} has an image ID and no digest of a manifest"),
                    "push each leg by its digest: `--output type=image,name=REPO,push-by-digest=true,push=true`",
                ));
            }
            Image::Missing => {
                return Err(Problem::invalid(
                    format!("{name} left no image"),
                    "look why that job built nothing",
                ));
            }
        };
        let own: BTreeSet<&Repository> = build.names.iter().map(|it| it.repository()).collect();
        let Some(repository) = targets.iter().copied().find(|it| own.contains(it)) else {
            return Err(of_another_repository(&name, &own, &targets));
        };
        let image = Expected::Manifest(digest.clone());
        let is_known =
            |known: &Expectation| known.image == image && known.repository == *repository;
        if legs.iter().any(is_known) {
            continue;
        }
        legs.push(Expectation {
            origin: name,
            depth: asked.depth.unwrap_or_default(),
            depth_stated: asked.depth.is_some(),
            on_wrong_platform: asked.on_wrong_platform.unwrap_or_default(),
            platforms: Vec::new(),
            ..expectation(repository, &image, Some(build))
        });
    }
    match legs.is_empty() {
        true => Err(Problem::invalid(
            "nothing to merge: no leg was given",
            "give the metadata file of each leg, or `--source REPO@DIGEST`",
        )),
        false => Ok(legs),
    }
}

/// Takes back what a policy asks of the whole image: each leg has a part of its platforms, and they
/// must be known.
pub fn as_legs(expectations: &mut [Expectation]) {
    for leg in expectations {
        leg.platforms.clear();
        leg.platforms_stated = false;
        leg.depth = leg.depth.max(Depth::Platforms);
    }
}

/// The leg for people: its file, and its bake target in that.
fn called(build: &Build) -> String {
    match &build.target {
        Some(target) => format!("`{target}` of `{}`", build.source),
        None => format!("`{}`", build.source),
    }
}

fn of_another_repository(
    name: &str,
    own: &BTreeSet<&Repository>,
    targets: &[&Repository],
) -> Problem {
    let list = |repositories: &mut dyn Iterator<Item = &&Repository>| {
        let names: Vec<String> = repositories.map(|it| format!("`{it}`")).collect();
        names.join(", ")
    };
    let targets = list(&mut targets.iter());
    if own.is_empty() {
        return Problem::invalid(
            format!("{name} names no repository, as metadata of a builder of several nodes does"),
            format!("give its digest: `--source REPO@DIGEST`, in {targets}"),
        );
    }
    Problem::invalid(
        format!(
            "{name} is of {}, and the tags are of {targets}",
            list(&mut own.iter())
        ),
        "leave it out if it is of another image; a leg must be pushed to a repository of the tags",
    )
}
