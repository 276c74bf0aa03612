//! What a report says of one tag: what was found, why it matters, and what to type.

mod help;
mod registry;

use crate::expectation::{Claim, Expectation, Expected, OnWrongPlatform, Output};
use crate::finding::Finding;
use crate::observation::{Gone, ImageSeen, Observation, Part, WrongBy, WrongImage};
use crate::oci::{Child, Same};
use crate::outcome::{Aftermath, Held, Outcome};
use crate::programs::Program;
use crate::verdict::{Missing, Relation, Verdict};

use super::words::{self, MAX_LISTED};

pub(super) use help::{help, inspect, undo};

/// The message, in one line: what was decided, and what became of it.
pub(super) fn message(finding: &Finding) -> String {
    let Finding {
        expectation,
        observation,
        verdict,
        outcome,
        aftermath,
    } = finding;
    let is_past = outcome.as_ref().is_some_and(|it| *it != Outcome::Planned);
    let decided = decided(expectation, observation, verdict, is_past);
    let also_wrong = observation.below.images.iter().find_map(ImageSeen::wrong);
    let also_wrong = also_wrong.filter(|_| !matches!(verdict, Verdict::WrongPlatform(_)));
    let tolerated = also_wrong.filter(|_| expectation.on_wrong_platform == OnWrongPlatform::Warn);
    let decided = match tolerated {
        Some(wrong) => format!(
            "{decided}; and {}, which is only warned of",
            wrong_image(&wrong)
        ),
        None => decided,
    };
    let Some(outcome) = outcome else {
        return decided;
    };
    let became = became(outcome, verdict, expectation.claim == Claim::Merge);
    let mut message = format!("{decided}; {became}");
    let Aftermath { restored, lost, .. } = aftermath;
    if !restored.is_empty() {
        let them = counted(restored.len());
        message.push_str(&format!(
            "; the registry forgot {them} by that, put back since"
        ));
    }
    if !lost.is_empty() {
        let them = counted(lost.len());
        let are = if lost.len() == 1 { "is" } else { "are" };
        message.push_str(&format!(
            "; {them} that the registry had before the write {are} lost, or cannot be read"
        ));
    }
    message
}

/// What became of a write.
fn became(outcome: &Outcome, verdict: &Verdict, is_merged: bool) -> String {
    match outcome {
        Outcome::Fixed | Outcome::Lost if is_merged => match verdict {
            Verdict::Absent => "it was created".to_owned(),
            _ => "it was moved to the merged index".to_owned(),
        },
        Outcome::Fixed => "it was repaired".to_owned(),
        Outcome::AlreadyRight => {
            "it had come right, twice, when it was looked at before the write".to_owned()
        }
        Outcome::Refused(error) => format!("the registry refused the repair: {error}"),
        Outcome::Lost => "it was repaired".to_owned(),
        Outcome::Unread(error) => format!(
            "it was not moved, as what the registry may forget by that could not be read, to be put back: {error}"
        ),
        Outcome::Held(Held::Fewer(platforms)) => {
            format!(
                "it was not moved, as it would lose {}",
                words::platforms(platforms)
            )
        }
        Outcome::Held(Held::Older(why)) => format!("it was not moved backwards: {why}"),
        Outcome::Held(Held::Unaccepted(repository)) => {
            format!("nothing was written, as `{repository}` did not take the index")
        }
        Outcome::Held(Held::Unready(repository)) => {
            format!(
                "nothing was written, as `{repository}` is not known to have what the index lists"
            )
        }
        Outcome::Planned => "it would be written: this is a dry run".to_owned(),
        Outcome::Immutable => "the policy says that it is never moved".to_owned(),
        Outcome::Changed { now, written } => {
            let did = match now {
                Some(now) => format!("moved it to `{now}`"),
                None => "deleted it".to_owned(),
            };
            match written {
                true => format!("it was written, and then someone else {did}: that is left alone"),
                false => format!("someone else {did} before it was written: that is left alone"),
            }
        }
        Outcome::Unsettled(why) => format!("it was written, but not seen right in time: {why}"),
        Outcome::Unseen(error) => format!("it was written, but not seen right in time: {error}"),
        Outcome::Failed(error) => format!("the repair failed: {error}"),
    }
}

/// `1 manifest`, `2 manifests`.
fn counted(manifests: usize) -> String {
    match manifests {
        1 => "1 manifest".to_owned(),
        manifests => format!("{manifests} manifests"),
    }
}

/// What was decided; of what was then written, in the past tense.
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn decided(
    expectation: &Expectation,
    observation: &Observation,
    verdict: &Verdict,
    past: bool,
) -> String {
    let tag = match (&expectation.tag, expectation.image.digest()) {
        (Some(tag), _) => format!("`{tag}`"),
        (None, Some(digest)) => format!("`{}`", digest.short()),
        (None, None) => format!("`{}`", expectation.repository),
    };
    let (is, points) = if past {
        ("was", "pointed")
    } else {
        ("is", "points")
    };
    match verdict {
        // A merge moves the tags that it was told to: what they were is not a finding.
        Verdict::Absent if expectation.claim == Claim::Merge => {
            format!("there {is} no tag {tag}")
        }
        Verdict::Child(_) | Verdict::Wrapped | Verdict::Other(_)
            if expectation.claim == Claim::Merge =>
        {
            let shown = observation.shown().map(|it| format!("`{it}`"));
            format!("{tag} {is} {}", shown.unwrap_or_default())
        }
        Verdict::Ok => right(expectation, observation, &tag),
        Verdict::Child(child) if matches!(observation.same, Some(Same::Child(_))) => format!(
            "{tag} {is} {} of the build in another manifest, not its index ({SAME_CONFIG})",
            called(child)
        ),
        Verdict::Other(Relation::Same) => match observation.same {
            Some(Same::Manifests) => {
                format!(
                    "{tag} {is} the same image: another index of exactly the images of this build"
                )
            }
            _ => format!("{tag} {is} the same image in another manifest ({SAME_CONFIG})"),
        },
        Verdict::Other(Relation::Part) if observation.same == Some(Same::Part) => format!(
            "{tag} {is} one image of this build, in a manifest with annotations or a subject of its own ({SAME_CONFIG})"
        ),
        Verdict::Child(child) => format!(
            "{tag} {points} at {} of the build, not at its index",
            called(child)
        ),
        Verdict::Wrapped => {
            format!(
                "{tag} {is} an index around the manifest that was built, so it has another digest"
            )
        }
        Verdict::Absent => {
            format!("there {is} no tag {tag}, but the image that was built is in the repository")
        }
        Verdict::Other(Relation::More) => {
            format!("{tag} {is} an index that holds this build and more, such as a merge job makes")
        }
        Verdict::Other(Relation::Part) => {
            format!(
                "{tag} {is} another index of nothing but images of this build, such as one with fewer platforms"
            )
        }
        Verdict::Other(Relation::Some) => {
            format!("{tag} {is} an index of some images of this build and others")
        }
        Verdict::Other(Relation::None) => {
            format!("{tag} {is} no part of this build: an older, newer or foreign image")
        }
        Verdict::Incomplete(missing) => {
            format!("the image that {tag} should be lacks {}", lacks(missing))
        }
        Verdict::Broken(missing) => {
            let gone: Vec<String> = missing.iter().map(gone_part).collect();
            format!(
                "the repository lacks what the index lists: {}",
                listed(&gone, " and ")
            )
        }
        Verdict::WrongPlatform(wrong) => {
            let each: Vec<String> = wrong.iter().map(wrong_image).collect();
            format!("in the image that {tag} should be, {}", listed(&each, "; "))
        }
        Verdict::NeverPushed if expectation.image == Expected::Nothing => format!(
            "{} left no metadata of an image, so nothing says what {tag} should be",
            expectation.origin
        ),
        Verdict::NeverPushed => match (&expectation.tag, observation.shown()) {
            (None, _) => format!("{} is not in the repository", digest(&expectation.image)),
            (Some(_), Some(_)) => format!(
                "{tag} is another image, and the one that was built is not in the repository"
            ),
            (Some(_), None) => {
                format!("neither {tag} nor the image that was built is in the repository")
            }
        },
        Verdict::Conflict => {
            let others: Vec<String> = expectation
                .conflicts
                .iter()
                .map(|(who, image)| format!("{who} makes it {}", digest(image)))
                .collect();
            format!(
                "{} makes {tag} {}, but {}",
                expectation.origin,
                digest(&expectation.image),
                others.join(" and ")
            )
        }
        Verdict::Unproven(error) => format!("{tag} could not be checked: {error}"),
    }
}

/// What a comparison of configs leaves open.
const SAME_CONFIG: &str = "same config, layers not read";

/// What a right tag rests on.
fn right(expectation: &Expectation, observation: &Observation, tag: &str) -> String {
    let Some(shown) = observation
        .tag
        .here()
        .filter(|_| expectation.is_of_manifest())
    else {
        return format!("{tag} is the image that the build made ({SAME_CONFIG})");
    };
    match (&expectation.tag, &observation.same) {
        (None, _) => format!("{tag} is in the repository"),
        (Some(_), _) if expectation.claim == Claim::Merge => {
            format!("{tag} is the merged index")
        }
        (Some(_), _) if expectation.image.is(shown) => format!("{tag} is what the build made"),
        (Some(_), Some(Same::Manifests)) => {
            format!(
                "{tag} is what another output of the build made: an index of exactly its images"
            )
        }
        (Some(_), Some(Same::Config)) if expectation.output == Output::Described => {
            format!("{tag} is the image that the build made, in another manifest ({SAME_CONFIG})")
        }
        (Some(_), Some(_)) => {
            format!("{tag} is the image of another output of the build ({SAME_CONFIG})")
        }
        (Some(_), None) => format!(
            "{tag} is what another output of the build made: the manifest in an index with its attestations"
        ),
    }
}

/// `the linux/arm64 manifest (`sha256:…`)`, or a part of it.
fn gone_part(gone: &Gone) -> String {
    let image = gone
        .child
        .as_ref()
        .map_or_else(|| "the image".to_owned(), called);
    match (&gone.part, &gone.child) {
        (Some((Part::Config, digest)), _) => {
            format!("the config of {image} (`{}`)", digest.short())
        }
        (Some((Part::Layer, digest)), _) => format!("a layer of {image} (`{}`)", digest.short()),
        (None, Some(child)) => format!("{image} (`{}`)", child.named.short()),
        (None, None) => image,
    }
}

/// `the entry for linux/arm64 starts `/app`, a program for linux/amd64`.
fn wrong_image(wrong: &WrongImage) -> String {
    let WrongImage { digest, listed, is } = wrong;
    let entry = format!("the entry for {listed} (`{}`)", digest.short());
    match is {
        WrongBy::Outer(outer) => format!("{entry} is in an index that is listed for {outer}"),
        WrongBy::Config(own) => format!("{entry} is an image for {own}, by its config"),
        WrongBy::Program(Program { path, machine }) => {
            format!("{entry} starts `{path}`, which is a program for {machine}")
        }
        WrongBy::All(Program { path, machine }) => {
            format!("{entry} has programs for other platforms only, such as `{path}` for {machine}")
        }
    }
}

fn called(child: &Child) -> String {
    match (&child.platform, child.is_attestation) {
        (_, true) => "an attestation manifest".to_owned(),
        (None, false) if child.is_index() => "an index within the index".to_owned(),
        (Some(platform), false) if child.is_index() => format!("the {platform} index"),
        (Some(platform), false) => format!("the {platform} manifest"),
        (None, false) => "a manifest without a platform".to_owned(),
    }
}

fn digest(image: &Expected) -> String {
    match image.digest() {
        Some(digest) => format!("`{digest}`"),
        None => "nothing".to_owned(),
    }
}

/// `linux/arm64 and provenance of linux/amd64`.
fn lacks(missing: &[Missing]) -> String {
    let each = missing.iter().map(|lack| match lack {
        Missing::Platform(platform) => platform.to_string(),
        Missing::Attestation(kind, Some(platform)) => format!("{kind} of {platform}"),
        Missing::Attestation(kind, None) => kind.to_string(),
    });
    listed(&each.collect::<Vec<_>>(), ", ")
}

/// As many as are listed, and that there are more.
fn listed(each: &[String], between: &str) -> String {
    match each.get(..MAX_LISTED) {
        Some(first) if first.len() < each.len() => format!("{} and more", first.join(between)),
        _ => each.join(between),
    }
}
