//! What the document under a tag has to do with the expected one, where it is another.

use std::collections::BTreeSet;

use super::table::{Relation, Verdict};
use crate::expectation::{Expectation, Expected};
use crate::observation::{Observation, Tree};
use crate::oci::{Child, Digest, Document, Named, Same};

/// The verdicts about a tag that shows something else than the expected image, which is there.
pub(super) fn about_the_tag(
    expectation: &Expectation,
    observation: &Observation,
    shown: &Document,
) -> Verdict {
    let nested = &observation.nested;
    let expected = observation
        .expected_image()
        .map(|document| Tree::new(document, nested));
    let expected = expected.as_ref();
    if let Some(child) = expected.and_then(|expected| expected.find(shown.digest())) {
        return Verdict::Child(child.clone());
    }
    let shown = Tree::new(shown, nested);
    match (&expectation.image, expected) {
        (Expected::Manifest(digest), _) if wraps(digest, &shown, expected) => Verdict::Wrapped,
        (image, expected) => match &observation.same {
            Some(Same::Child(child)) => Verdict::Child(Child::clone(child)),
            Some(Same::Manifests | Same::Whole) => Verdict::Other(Relation::Same),
            Some(Same::Part) => Verdict::Other(Relation::Part),
            Some(Same::Config) | None => Verdict::Other(relation(image.digest(), &shown, expected)),
        },
    }
}

/// Whether `shown` holds the expected document and nothing else.
fn wraps(digest: &Digest, shown: &Tree<'_>, expected: Option<&Tree<'_>>) -> bool {
    let own = images(Some(digest), expected);
    let mut held = held(shown);
    let mut attestations = shown.attestations();
    let is_own = |child: &Child| {
        expected.is_some_and(|expected| expected.attestations().any(|it| it.named == child.named))
    };
    shown.find(digest).is_some()
        && held.all(|held| held.is(digest) || own.contains(held))
        && attestations.all(is_own)
}

/// What `shown` has of the images of the expected one: itself, or the images it lists.
fn relation(digest: Option<&Digest>, shown: &Tree<'_>, expected: Option<&Tree<'_>>) -> Relation {
    let own = images(digest, expected);
    let held: BTreeSet<&Named> = held(shown).collect();
    let common = own.iter().filter(|own| held.contains(own)).count();
    let is_whole = digest.is_some_and(|digest| shown.find(digest).is_some());
    let all = common == own.len() || is_whole;
    let only = held
        .iter()
        .all(|held| own.contains(held) || digest.is_some_and(|digest| held.is(digest)));
    match (common, all, only) {
        _ if held.is_empty() => Relation::None,
        (_, true, false) => Relation::More,
        (0, false, _) => Relation::None,
        (_, _, true) => Relation::Part,
        (_, false, false) => Relation::Some,
    }
}

/// The images of the expected document: those that it lists, or else itself.
fn images(digest: Option<&Digest>, expected: Option<&Tree<'_>>) -> BTreeSet<Named> {
    let listed = expected.into_iter().flat_map(Tree::contents);
    let mut images: BTreeSet<Named> = BTreeSet::new();
    images.extend(listed.map(|child| child.named.clone()));
    if images.is_empty() {
        images.extend(digest.cloned().map(Named::from));
    }
    images
}

/// What a document under a tag holds: its images, and the indexes of which no more is known.
fn held<'a>(shown: &Tree<'a>) -> impl Iterator<Item = &'a Named> {
    let named = |child: &'a Child| &child.named;
    let images: Vec<&'a Named> = shown.contents().chain(shown.closed()).map(named).collect();
    images.into_iter()
}
