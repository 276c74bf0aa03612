//! Verdicts: the judgement of an expectation against what was observed. Pure.

mod missing;
mod relation;
mod same;
mod table;

use crate::expectation::{Expectation, Expected};
use crate::observation::{Observation, Seen, Tree};
use crate::oci::{Comparison, With};
use crate::registry::Error;

pub(crate) use missing::missing;
pub use missing::{Below, MAX_MISSING, needs_below};
use missing::{gone, missing_attestations, missing_platforms};
use relation::about_the_tag;
pub use same::{is_by_config, is_right, right_image};
pub use table::{Code, Missing, Relation, Setting, Verdict};

/// Judges what was seen. Where several verdicts apply, what is known to be wrong whatever the
/// unknown may be comes first: `conflict`, `incomplete`, `broken`, `never-pushed`, then `unproven`, then
/// the four about the tag.
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
        let (platforms, unknown) = missing_platforms(expectation, observation, document, tree);
        open = unknown;
        let mut lacking = Vec::new();
        // An index that is gone may have listed them.
        if tree.gone().next().is_none() {
            lacking.extend(platforms.into_iter().map(Missing::Platform));
        }
        lacking.extend(missing_attestations(
            expectation,
            observation,
            document,
            tree,
        ));
        if !lacking.is_empty() {
            return Verdict::Incomplete(lacking);
        }
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
    let is_all_needed = observation.deep || !expectation.attestations.is_empty();
    let unknown = first_unknown(observation)
        .or(open)
        .or(below.filter(|_| is_all_needed));
    if let Some(error) = unknown {
        return Verdict::Unproven(error.clone());
    }
    match shown {
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
                .find_map(|(child, seen)| reason(seen).filter(|_| !child.is_attestation))
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
