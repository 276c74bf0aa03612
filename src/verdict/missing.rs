//! What an expected image lacks of what was asked for, and what has to be read to know it.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::table::Missing;
use crate::expectation::{Depth, Expectation};
use crate::observation::{Gone, ImageSeen, Nested, Observation, Seen, Tree};
use crate::oci::{Content, Document, Named, Platform};
use crate::registry::Error;

/// How many of what is lacking are kept for one index, so that a verdict stays small.
pub const MAX_MISSING: usize = 21;

/// Whose indexes of indexes a judgement needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Below {
    /// Those of the expected index.
    pub expected: bool,
    /// Those of the index that the tag shows.
    pub shown: bool,
}

/// Which indexes of indexes have to be read to judge an expectation: only those without which a
/// platform would be missing, an attestation or a child would be overlooked, or a part of the build
/// would be taken for something else.
#[must_use]
pub fn needs_below(
    expectation: &Expectation,
    tag: &Seen<Arc<Document>>,
    expected: Option<&Document>,
    depth: Depth,
) -> Below {
    let Some(expected) = expected.filter(|_| expectation.conflicts.is_empty()) else {
        return Below::default();
    };
    let nothing = Nested::new();
    let first_level = Tree::new(expected, &nothing);
    let is_other = tag.here().is_some_and(|shown| {
        !expectation.accepts(shown) && first_level.find(shown.digest()).is_none()
    });
    Below {
        expected: is_other
            || depth >= Depth::Children
            || !expectation.attestations.is_empty()
            || !missing(&expectation.platforms, &first_level.platforms()).is_empty(),
        shown: is_other,
    }
}

/// The platforms that are required and not among these.
pub(crate) fn missing<'a>(required: &'a [Platform], has: &[Platform]) -> Vec<&'a Platform> {
    let is_met = |asked: &Platform| has.iter().any(|platform| asked.is_met_by(platform));
    required.iter().filter(|asked| !is_met(asked)).collect()
}

/// What is known to be lacking of what was asked for; and, if more may be, why that is not known.
pub(super) fn lacking<'a>(
    expectation: &Expectation,
    observation: &'a Observation,
    document: &Document,
    tree: &'a Tree<'_>,
) -> (Vec<Missing>, Option<&'a Error>) {
    let (platforms, unknown) = missing_platforms(expectation, observation, document, tree);
    let mut lacking = Vec::new();
    // What is gone may have been for them.
    if tree.gone().next().is_none() && observation.gone.is_empty() {
        lacking.extend(platforms.into_iter().map(Missing::Platform));
    }
    lacking.extend(missing_attestations(
        expectation,
        observation,
        document,
        tree,
    ));
    (lacking, unknown)
}

/// The platforms that are required and known not to be there; and, if others may be there and may
/// not be, why that is not known.
fn missing_platforms<'a>(
    expectation: &Expectation,
    observation: &'a Observation,
    document: &Document,
    tree: &'a Tree<'_>,
) -> (Vec<Platform>, Option<&'a Error>) {
    let (own, mut unknown) = match document.content() {
        Content::Index(_) => (None, tree.unknown()),
        Content::Image(_) => (expectation.own_platform.as_ref(), None),
        Content::Unread(_) => (expectation.own_platform.as_ref(), tree.unknown()),
    };
    let mut has = tree.platforms();
    has.extend(own.cloned());
    for seen in &observation.platforms {
        match seen {
            Seen::Here(named) => has.extend(named.clone()),
            Seen::Unknown(error) => unknown = unknown.or(Some(error)),
            Seen::Absent => {}
        }
    }
    let missing = missing(&expectation.platforms, &has);
    // What the descriptor leaves open could not be read.
    let (open, lacking): (Vec<&Platform>, Vec<&Platform>) = missing
        .into_iter()
        .partition(|asked| unknown.is_some() && own.is_none_or(|own| asked.is_left_open_by(own)));
    let lacking = lacking.into_iter().cloned().collect();
    (lacking, unknown.filter(|_| !open.is_empty()))
}

/// The attestations that are required and known not to be there: every image of the index needs
/// each of them, in an attestation manifest of its own that the index lists at some level.
fn missing_attestations(
    expectation: &Expectation,
    observation: &Observation,
    document: &Document,
    tree: &Tree<'_>,
) -> Vec<Missing> {
    let mut missing = Vec::new();
    for &kind in &expectation.attestations {
        if document.config().is_some() {
            let own = expectation.own_platform.clone();
            missing.push(Missing::Attestation(kind, own));
        }
        // One that is gone or unknown may have held it.
        let may_hold = |seen: &Seen<Arc<Document>>| match seen {
            Seen::Here(manifest) => manifest.attestations().contains(&kind),
            Seen::Absent | Seen::Unknown(_) => true,
        };
        let mut have: BTreeSet<&Named> = BTreeSet::new();
        have.extend(
            observation
                .attestations
                .iter()
                .filter(|(_, seen)| may_hold(seen))
                .filter_map(|(child, _)| child.attests.as_ref()),
        );
        // What could not be read may list it.
        let images = tree
            .images()
            .filter(|image| tree.is_whole() && !have.contains(&image.named));
        let lacks = images.map(|image| Missing::Attestation(kind, image.platform.clone()));
        missing.extend(lacks.take(MAX_MISSING));
    }
    missing
}

/// What the expected index lists and the repository does not have, as far as that was asked:
/// images and their parts, indexes, and attestations that are required. Each is named once.
pub(super) fn gone(observation: &Observation, tree: Option<&Tree<'_>>) -> Vec<Gone> {
    let images = observation
        .children
        .iter()
        .filter(|(child, seen)| child.is_image() && matches!(seen, Seen::Absent))
        .map(|(child, _)| child);
    let attestations = observation
        .attestations
        .iter()
        .filter(|(_, seen)| matches!(seen, Seen::Absent))
        .map(|(child, _)| child);
    let mut gone: Vec<Gone> = Vec::new();
    let indexes = tree.into_iter().flat_map(Tree::gone);
    for child in indexes.chain(images).chain(attestations) {
        let is_known = |known: &Gone| {
            known
                .child
                .as_ref()
                .is_some_and(|it| it.named == child.named)
        };
        if gone.len() < MAX_MISSING && !gone.iter().any(is_known) {
            gone.push(Gone {
                child: Some(child.clone()),
                part: None,
            });
        }
    }
    let parts = observation.below.images.iter().flat_map(ImageSeen::gone);
    for part in observation.gone.iter().cloned().chain(parts) {
        if gone.len() < MAX_MISSING && !gone.contains(&part) {
            gone.push(part);
        }
    }
    gone
}
