//! Verdicts: the judgement of an expectation against what was observed. Pure.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use crate::expectation::{Expectation, Expected};
use crate::observation::{Seen, Sight};
use crate::oci::{Attestation, Child, Content, Digest, Document, Named, Platform};
use crate::registry::Error;

/// What is so of one expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The tag is the expected image.
    Ok,
    /// The tag is this child of the expected index.
    Child(Child),
    /// The tag is an index whose only image is the expected manifest.
    Wrapped,
    /// There is no such tag, but the expected image is in the repository.
    Absent,
    /// The tag is something else.
    Other(Relation),
    /// The expected image lacks what was asked for.
    Incomplete(Vec<Lack>),
    /// These children of the expected index are gone: images, or attestations that are required.
    Broken(Vec<Child>),
    /// The tag does not show the expected image, and the repository does not have it.
    NeverPushed,
    /// Builds at hand claim this tag with different images.
    Conflict,
    /// What the judgement needs could not be read, for this reason.
    Unproven(Error),
}

/// What was asked for of an image, and is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// A platform.
    Platform(Platform),
    /// An attestation, of this platform if it is known.
    Attestation(Attestation, Option<Platform>),
}

/// What the document under a tag has to do with the build, where it is none of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// It holds all images of this build, and more: a merge job's.
    More,
    /// It holds nothing but images of this build, yet is not what it made: fewer platforms, or
    /// other attestations.
    Part,
    /// It holds some images of this build, not all, and others.
    Some,
    /// It holds none.
    None,
}

/// How many of what is lacking are told of. A verdict names one more where there are more.
pub const TOLD: usize = 20;

/// Judges what was seen. Where several verdicts apply, what is known to be wrong whatever the
/// unknown may be comes first (design: conflict, incomplete, broken, never-pushed, unproven, then
/// the four about the tag).
#[must_use]
pub fn judge(expectation: &Expectation, sight: &Sight) -> Verdict {
    if !expectation.conflicts.is_empty() {
        return Verdict::Conflict;
    }
    if expectation.image == Expected::Nothing {
        return Verdict::NeverPushed;
    }
    let shown = sight.tag.here();
    let right = shown.is_some_and(|document| expectation.image.is(document));
    let by_digest = sight
        .expected
        .as_ref()
        .and_then(|seen| seen.here())
        .and_then(Option::as_ref);
    let expected = if right { shown } else { by_digest };

    if let Some(document) = expected {
        let platforms = missing_platforms(expectation, sight, document).into_iter();
        let mut lacks: Vec<Lack> = platforms.map(Lack::Platform).collect();
        lacks.extend(missing_attestations(expectation, sight, document));
        if !lacks.is_empty() {
            return Verdict::Incomplete(lacks);
        }
    }
    let gone: Vec<Child> = sight
        .children
        .iter()
        .filter(|(child, seen)| !child.is_attestation && matches!(seen, Seen::Absent))
        .map(|(child, _)| child)
        .chain(
            sight
                .attestations
                .iter()
                .filter(|(_, seen)| matches!(seen, Seen::Absent))
                .map(|(child, _)| child),
        )
        .take(TOLD + 1)
        .cloned()
        .collect();
    if !gone.is_empty() {
        return Verdict::Broken(gone);
    }
    let tag_is_known = !matches!(sight.tag, Seen::Unknown(_));
    if !right && tag_is_known && expectation.tag.is_none() {
        return Verdict::NeverPushed;
    }
    if !right && tag_is_known && matches!(sight.expected, Some(Seen::Absent)) {
        return Verdict::NeverPushed;
    }
    if let Some(error) = first_unknown(sight) {
        return Verdict::Unproven(error.clone());
    }
    match (shown, expected) {
        _ if right => Verdict::Ok,
        (None, _) => Verdict::Absent,
        (Some(shown), expected) => {
            about_the_tag(expectation, shown, expected.map(|document| &**document))
        }
    }
}

/// Whether the tag has to do with this build: it shows the expected image, a part of it, or
/// nothing but images of it; or it could not be read. A merge job's index, which holds this build
/// and more, was made by someone who knew what they were doing.
#[must_use]
pub fn concerns(expectation: &Expectation, sight: &Sight) -> bool {
    let expected = sight
        .expected
        .as_ref()
        .and_then(|seen| seen.here())
        .and_then(Option::as_ref);
    match &sight.tag {
        Seen::Unknown(_) => true,
        Seen::Absent => false,
        Seen::Here(shown) if expectation.image.is(shown) => true,
        Seen::Here(shown) => matches!(
            about_the_tag(expectation, shown, expected.map(|document| &**document)),
            Verdict::Child(_) | Verdict::Wrapped | Verdict::Other(Relation::Part)
        ),
    }
}

/// The platforms that are required and known not to be there.
fn missing_platforms(
    expectation: &Expectation,
    sight: &Sight,
    document: &Document,
) -> Vec<Platform> {
    let own = expectation.own_platform.as_ref();
    let has = match (document.content(), own, &sight.platform) {
        (Content::Index(_), _, _) => document.platforms(),
        (Content::Image(_), own, Some(Seen::Here(read))) => {
            own.into_iter().chain(read).cloned().collect()
        }
        (_, Some(own), _) => vec![own.clone()],
        (Content::Image(_) | Content::Unread(_), None, _) => return Vec::new(),
    };
    // What the descriptor leaves open is in the config, which could not be read.
    let is_open = |asked: &Platform| {
        matches!(sight.platform, Some(Seen::Unknown(_)))
            && own.is_some_and(|own| asked.is_left_open_by(own))
    };
    expectation
        .platforms
        .iter()
        .filter(|asked| !has.iter().any(|platform| asked.is_met_by(platform)))
        .filter(|asked| !is_open(asked))
        .cloned()
        .collect()
}

/// The attestations that are required and known not to be there: every image of the index needs
/// each of them, in an attestation manifest of its own in the index.
fn missing_attestations(
    expectation: &Expectation,
    sight: &Sight,
    document: &Document,
) -> Vec<Lack> {
    let mut missing = Vec::new();
    for &kind in &expectation.attestations {
        if document.config().is_some() {
            let own = expectation.own_platform.clone();
            missing.push(Lack::Attestation(kind, own));
        }
        // One that is gone or unknown may have held it.
        let may_hold = |seen: &Seen<Arc<Document>>| match seen {
            Seen::Here(manifest) => manifest.attestations().contains(&kind),
            Seen::Absent | Seen::Unknown(_) => true,
        };
        let mut have: BTreeSet<&Named> = BTreeSet::new();
        have.extend(
            sight
                .attestations
                .iter()
                .filter(|(_, seen)| may_hold(seen))
                .filter_map(|(child, _)| child.attests.as_ref()),
        );
        let images = document
            .images()
            .filter(|image| !have.contains(&image.named));
        let lacks = images.map(|image| Lack::Attestation(kind, image.platform.clone()));
        missing.extend(lacks.take(TOLD + 1));
    }
    missing
}

fn first_unknown(sight: &Sight) -> Option<&Error> {
    fn reason<T>(seen: &Seen<T>) -> Option<&Error> {
        match seen {
            Seen::Unknown(error) => Some(error),
            Seen::Here(_) | Seen::Absent => None,
        }
    }
    reason(&sight.tag)
        .or_else(|| sight.expected.as_ref().and_then(reason))
        .or_else(|| sight.platform.as_ref().and_then(reason))
        .or_else(|| {
            sight
                .children
                .iter()
                .find_map(|(child, seen)| reason(seen).filter(|_| !child.is_attestation))
        })
        .or_else(|| sight.attestations.iter().find_map(|(_, seen)| reason(seen)))
}

/// The verdicts about a tag that shows something else than the expected image, which is there.
fn about_the_tag(
    expectation: &Expectation,
    shown: &Document,
    expected: Option<&Document>,
) -> Verdict {
    let part = expected.and_then(|expected| {
        expected
            .children()
            .iter()
            .find(|child| child.named.is(shown.digest()))
    });
    if let Some(child) = part {
        return Verdict::Child(child.clone());
    }
    if let Expected::Manifest(digest) = &expectation.image {
        let mut images = shown.images();
        if let (Some(only), None) = (images.next(), images.next())
            && only.named.is(digest)
        {
            return Verdict::Wrapped;
        }
    }
    Verdict::Other(relation(expectation.image.digest(), shown, expected))
}

/// What `shown` has of the images of the expected one: itself, or the images it lists.
fn relation(digest: Option<&Digest>, shown: &Document, expected: Option<&Document>) -> Relation {
    let itself = || digest.into_iter().cloned().map(Named::from).collect();
    let own: Vec<Named> = match expected
        .map(|expected| expected.images().map(|child| child.named.clone()).collect())
    {
        None => itself(),
        Some(images) if Vec::is_empty(&images) => itself(),
        Some(images) => images,
    };
    let held: Vec<&Named> = shown.images().map(|child| &child.named).collect();
    let common = own.iter().filter(|own| held.contains(own)).count();
    let all =
        common == own.len() || digest.is_some_and(|digest| held.iter().any(|held| held.is(digest)));
    let only = held.iter().all(|held| own.contains(held));
    match (common, all, only) {
        _ if held.is_empty() => Relation::None,
        (_, true, false) => Relation::More,
        (0, _, _) => Relation::None,
        (_, _, true) => Relation::Part,
        (_, false, false) => Relation::Some,
    }
}

impl Verdict {
    /// The stable code of the verdict.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Ok => Code::Ok,
            Self::Child(_) => Code::Child,
            Self::Wrapped => Code::Wrapped,
            Self::Absent => Code::Absent,
            Self::Other(_) => Code::Other,
            Self::Incomplete(_) => Code::Incomplete,
            Self::Broken(_) => Code::Broken,
            Self::NeverPushed => Code::NeverPushed,
            Self::Conflict => Code::Conflict,
            Self::Unproven(_) => Code::Unproven,
        }
    }
}

/// The kinds of verdict. Stable: they are in the JSON report and in `tagproof explain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// The tag is the expected digest.
    Ok,
    /// The tag is one child of the expected index.
    Child,
    /// The tag is an index whose only image is the expected manifest.
    Wrapped,
    /// There is no such tag, but the expected digest is in the repository.
    Absent,
    /// The tag is something that is no part of this build.
    Other,
    /// The expected image lacks a platform or an attestation that was asked for.
    Incomplete,
    /// The index is right, but an image child of it is gone.
    Broken,
    /// The tag does not show the expected digest, and the repository does not have it.
    NeverPushed,
    /// Two builds claim this tag with different digests.
    Conflict,
    /// What the judgement needs could not be read.
    Unproven,
}

impl Code {
    /// All of them, in the order they are documented.
    pub const ALL: [Self; 10] = [
        Self::Ok,
        Self::Child,
        Self::Wrapped,
        Self::Absent,
        Self::Other,
        Self::Incomplete,
        Self::Broken,
        Self::NeverPushed,
        Self::Conflict,
        Self::Unproven,
    ];

    /// The code as it stands in reports and documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Child => "child",
            Self::Wrapped => "wrapped",
            Self::Absent => "absent",
            Self::Other => "other",
            Self::Incomplete => "incomplete",
            Self::Broken => "broken",
            Self::NeverPushed => "never-pushed",
            Self::Conflict => "conflict",
            Self::Unproven => "unproven",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests;
