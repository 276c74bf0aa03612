//! Verdicts: the judgement of an expectation against what was observed. Pure.

mod missing;
mod relation;
mod same;
mod table;

use crate::expectation::{Depth, Expectation, Expected, OnWrongPlatform};
use crate::observation::{ImageSeen, Observation, Seen, Tree, WrongImage};
use crate::oci::{Comparison, With};
use crate::registry::Error;

pub(crate) use missing::missing;
pub use missing::{Below, MAX_MISSING, needs_below};
use missing::{gone, lacking};
use relation::about_the_tag;
pub use same::{is_by_config, is_right, right_image};
pub use table::{Code, Missing, Relation, Setting, Verdict};

/// Judges what was seen. Where several verdicts apply, what is known to be wrong whatever the
/// unknown may be comes first: `conflict`, `incomplete`, `wrong-platform`, `broken`, `never-pushed`,
/// then `unproven`, then the four about the tag.
#[must_use]
pub fn judge(expectation: &Expectation, observation: &Observation) -> Verdict {
    if !expectation.conflicts.is_empty() {
        return Verdict::Conflict;
    }
    if expectation.image == Expected::Nothing {
        return Verdict::NeverPushed;
    }
    let shown = observation.tag.here();
    let right = is_right(expectation, observation);
    let expected = right_image(expectation, observation);
    let tree = expected.map(|document| Tree::new(document, &observation.nested));
    let mut open = None;
    if let (Some(document), Some(tree)) = (expected, &tree) {
        let (lacking, unknown) = lacking(expectation, observation, document, tree);
        open = unknown;
        if !lacking.is_empty() {
            return Verdict::Incomplete(lacking);
        }
    }
    let mut wrong: Vec<WrongImage> = Vec::new();
    wrong.extend(
        observation
            .below
            .images
            .iter()
            .filter_map(ImageSeen::wrong)
            .take(MAX_MISSING),
    );
    // Where it is tolerated, it must not hide what is not.
    if !wrong.is_empty() && expectation.on_wrong_platform == OnWrongPlatform::Fail {
        return Verdict::WrongPlatform(wrong);
    }
    let gone = gone(observation, tree.as_ref());
    if !gone.is_empty() {
        return Verdict::Broken(gone);
    }
    let tag_is_known = !matches!(observation.tag, Seen::Unknown(_));
    if !right && tag_is_known && expectation.tag.is_none() {
        return Verdict::NeverPushed;
    }
    if !right && tag_is_known && matches!(observation.expected, Some(Seen::Absent)) {
        return Verdict::NeverPushed;
    }
    // What lies below matters as a whole where all of it was asked for.
    let below = tree.as_ref().and_then(Tree::unknown);
    let is_all_needed =
        observation.depth >= Depth::Children || !expectation.attestations.is_empty();
    let unknown = first_unknown(observation)
        .or(open)
        .or_else(|| undecided(expectation, observation))
        .or(below.filter(|_| is_all_needed));
    if let Some(error) = unknown {
        return Verdict::Unproven(error.clone());
    }
    match shown {
        _ if right && !wrong.is_empty() => Verdict::WrongPlatform(wrong),
        _ if right => Verdict::Ok,
        None => Verdict::Absent,
        Some(shown) => {
            let verdict = about_the_tag(expectation, observation, shown);
            // It may be a child of what could not be read.
            let may_list = expected.is_some_and(|expected| expected.may_list());
            match (verdict, below.filter(|_| may_list)) {
                (Verdict::Other(_), Some(error)) => Verdict::Unproven(error.clone()),
                (verdict, _) => verdict,
            }
        }
    }
}

/// Why an image is not known as deep as it has to be: as deep as somebody said. By default the verdict
/// is that of the depth that was reached, unless what came is not what its digest names, or all that
/// there is to know was out of reach.
fn undecided<'a>(expectation: &Expectation, observation: &'a Observation) -> Option<&'a Error> {
    let open = || {
        observation
            .below
            .images
            .iter()
            .filter_map(|image| image.open.as_ref())
    };
    let counts = |error: &&Error| expectation.depth_stated || error.always_counts();
    open().find(counts)
}

/// What the images under the tag are compared with, where it would be called `other` or
/// `never-pushed` by its digest.
#[must_use]
pub fn comparison<'a>(
    expectation: &'a Expectation,
    observation: &'a Observation,
) -> Option<Comparison<'a>> {
    let shown = observation.tag.here()?;
    let is_called_so = matches!(
        judge(expectation, observation),
        Verdict::Other(_) | Verdict::NeverPushed
    );
    if !is_called_so || expectation.tag.is_none() {
        return None;
    }
    let with = match (&expectation.image, &observation.expected) {
        (Expected::Id(id), _) => With::Configs(vec![id]),
        (Expected::Manifest(_), Some(Seen::Here(Some(document)))) => With::Document(document),
        // The digest may be an image ID, as old versions of buildx leave it.
        (Expected::Manifest(digest), Some(Seen::Absent)) => {
            With::Configs(expectation.config.iter().chain([digest]).collect())
        }
        _ => return None,
    };
    Comparison::new(shown, with)
}

/// Whether the tag has to do with this build: it shows the expected image, a part of it, or
/// nothing but images of it; or it could not be read. A merge job's index, which holds this build
/// and more, was made by someone who knew what they were doing.
#[must_use]
pub fn concerns(expectation: &Expectation, observation: &Observation) -> bool {
    match &observation.tag {
        Seen::Unknown(_) => true,
        Seen::Absent => false,
        Seen::Here(shown) if expectation.accepts(shown) => true,
        Seen::Here(shown) => matches!(
            about_the_tag(expectation, observation, shown),
            Verdict::Child(_) | Verdict::Wrapped | Verdict::Other(Relation::Same | Relation::Part)
        ),
    }
}

fn first_unknown(observation: &Observation) -> Option<&Error> {
    fn reason<T>(seen: &Seen<T>) -> Option<&Error> {
        match seen {
            Seen::Unknown(error) => Some(error),
            Seen::Here(_) | Seen::Absent => None,
        }
    }
    reason(&observation.tag)
        .or_else(|| observation.expected.as_ref().and_then(reason))
        .or_else(|| {
            observation
                .children
                .iter()
                .find_map(|(child, seen)| reason(seen).filter(|_| child.is_image()))
        })
        .or_else(|| {
            observation
                .attestations
                .iter()
                .find_map(|(_, seen)| reason(seen))
        })
}

#[cfg(test)]
mod tests;
