//! Verdicts: the judgement of an expectation against what was observed. Pure.

mod lacks;
mod relation;
mod same;

use std::fmt;

use crate::expectation::{Expectation, Expected};
use crate::observation::{Seen, Sight, Tree};
use crate::oci::{Attestation, Child, Platform};
use crate::registry::Error;

pub(crate) use lacks::missing;
pub use lacks::{Below, MAX_LACKS, needs_below};
use lacks::{gone, missing_attestations, missing_platforms};
use relation::about_the_tag;
pub use same::{comparison, is_by_config, is_right, right_image};

/// What is so of one expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The tag is the expected image.
    Ok,
    /// The tag is this child of the expected index, or of an index that it lists; or a manifest that
    /// was packed again from it.
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
    /// It holds exactly the images of this build, in another manifest or index: one that was built
    /// again from a cache, or packed again.
    Same,
    /// It holds nothing but images of this build, yet is not what it made, such as fewer platforms.
    Part,
    /// It holds some images of this build, not all, and others.
    Some,
    /// It holds none.
    None,
}

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
    let right = is_right(expectation, sight);
    let expected = right_image(expectation, sight);
    let tree = expected.map(|document| Tree::of(document, &sight.nested));
    let mut open = None;
    if let (Some(document), Some(tree)) = (expected, &tree) {
        let (platforms, unknown) = missing_platforms(expectation, sight, document, tree);
        open = unknown;
        let mut lacks = Vec::new();
        // An index that is gone may have listed them.
        if tree.gone().next().is_none() {
            lacks.extend(platforms.into_iter().map(Lack::Platform));
        }
        lacks.extend(missing_attestations(expectation, sight, document, tree));
        if !lacks.is_empty() {
            return Verdict::Incomplete(lacks);
        }
    }
    let gone = gone(sight, tree.as_ref());
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
    // What lies below matters as a whole where all of it was asked for.
    let below = tree.as_ref().and_then(Tree::unknown);
    let is_all_needed = sight.deep || !expectation.attestations.is_empty();
    let unknown = first_unknown(sight)
        .or(open)
        .or(below.filter(|_| is_all_needed));
    if let Some(error) = unknown {
        return Verdict::Unproven(error.clone());
    }
    match shown {
        _ if right => Verdict::Ok,
        None => Verdict::Absent,
        Some(shown) => {
            let verdict = about_the_tag(expectation, sight, shown);
            // It may be a child of what could not be read.
            let may_list = expected.is_some_and(|expected| expected.may_list());
            match (verdict, below.filter(|_| may_list)) {
                (Verdict::Other(_), Some(error)) => Verdict::Unproven(error.clone()),
                (verdict, _) => verdict,
            }
        }
    }
}

/// Whether the tag has to do with this build: it shows the expected image, a part of it, or
/// nothing but images of it; or it could not be read. A merge job's index, which holds this build
/// and more, was made by someone who knew what they were doing.
#[must_use]
pub fn concerns(expectation: &Expectation, sight: &Sight) -> bool {
    match &sight.tag {
        Seen::Unknown(_) => true,
        Seen::Absent => false,
        Seen::Here(shown) if expectation.accepts(shown) => true,
        Seen::Here(shown) => matches!(
            about_the_tag(expectation, sight, shown),
            Verdict::Child(_) | Verdict::Wrapped | Verdict::Other(Relation::Same | Relation::Part)
        ),
    }
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
        .or_else(|| {
            sight
                .children
                .iter()
                .find_map(|(child, seen)| reason(seen).filter(|_| !child.is_attestation))
        })
        .or_else(|| sight.attestations.iter().find_map(|(_, seen)| reason(seen)))
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
