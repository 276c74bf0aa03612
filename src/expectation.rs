//! Expectations: what builds and the command line together claim about tags. Pure.

mod asked;
mod build;
mod claims;
mod depth;
mod expected;
mod legs;
mod repeats;
mod words;

pub use asked::Asked;
use claims::{asked_for, claimed_by, for_targets};
pub use depth::{Depth, OnWrongPlatform, PathPattern};
pub use expected::{Claim, Expectation, Expected, OnOther, Output};
pub use legs::{as_legs, legs};
use repeats::{without_repeats, without_superseded};
use words::{no_claim, not_pushed, notes, unread};

use crate::metadata::{Build, Image};
use crate::note::Note;
use crate::problem::Problem;

/// The most tags that are checked at once, and the most platforms of all of them together.
const MAX_TAGS: usize = 5_000;
const MAX_PLATFORMS: usize = 50_000;

/// Whether the builds claim no more than can be checked at once.
fn bounded(builds: &[&Build]) -> Result<(), Problem> {
    let tags: usize = builds.iter().map(|build| build.names.len()).sum();
    let platforms: usize = builds
        .iter()
        .map(|build| build.names.len() * build.platforms.len())
        .sum();
    let (what, most) = match (tags, platforms) {
        (tags, _) if tags > MAX_TAGS => (format!("{tags} names"), MAX_TAGS),
        (_, all) if all > MAX_PLATFORMS => {
            (format!("{all} platforms of {tags} names"), MAX_PLATFORMS)
        }
        _ => return Ok(()),
    };
    Err(Problem::invalid(
        format!("the builds claim {what}, more than {most}"),
        "check a part of them at a time: by `--target`, or a metadata file each",
    ))
}

/// The expectations of `builds` under what was asked for, in the order of the input, and notes.
///
/// # Errors
///
/// When there is nothing to check, a target is unknown, or it cannot be told which digest a
/// `--tag` should be.
pub fn expect(builds: &[Build], asked: &Asked) -> Result<(Vec<Expectation>, Vec<Note>), Problem> {
    let builds = for_targets(builds, &asked.targets)?;
    let made: Vec<&Build> = builds
        .iter()
        .copied()
        .filter(|build| build.image != Image::None)
        .collect();
    let mut claims = match asked.tags.is_empty() {
        true => {
            bounded(&made)?;
            claimed_by(&made)
        }
        false => asked_for(&made, asked)?,
    };
    if !asked.platforms.is_empty() {
        for claim in &mut claims {
            claim.platforms.clone_from(&asked.platforms);
            claim.platforms_stated = true;
        }
    }
    for claim in &mut claims {
        claim.on_other = asked.on_other.unwrap_or_default();
        claim.restore = !asked.no_restore;
        claim.depth = asked.depth.unwrap_or_default();
        claim.depth_stated = asked.depth.is_some();
        claim.on_wrong_platform = asked.on_wrong_platform.unwrap_or_default();
    }
    let mut notes = notes(&made, &claims, asked);
    notes.extend(builds.iter().filter_map(|build| unread(build)));
    notes.extend(builds.iter().filter_map(|build| not_pushed(build)));
    if asked.later_wins {
        claims = without_superseded(claims, &mut notes);
    }
    if claims.is_empty() {
        return Err(no_claim(&builds, &made));
    }
    Ok((without_repeats(claims), notes))
}

#[cfg(test)]
mod tests;
