//! The plan: which tags to point at which digest. Pure.

use std::sync::Arc;

use crate::expectation::{Claim, Expectation, Expected, OnOther, Output};
use crate::finding::Finding;
use crate::observation::{Observation, Seen};
use crate::oci::{Digest, Document, Platform, Tag};
use crate::verdict::Verdict;

/// Point one tag at the expected digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// Which of the findings it is.
    pub index: usize,
    /// What the tag should be.
    pub expectation: &'a Expectation,
    /// The tag to point.
    pub tag: &'a Tag,
    /// The document to put under it: its bytes are the expected digest's.
    pub document: &'a Arc<Document>,
    /// What the tag showed when that was decided; `None` if it was absent.
    pub before: Option<&'a Digest>,
    /// Whether that is put back if the registry forgets it: always, unless it is another's image
    /// and the user says no.
    pub restore: bool,
}

/// The steps that make right what may be repaired: nothing that is right, none that is someone
/// else's work unless `on-other` says so, nothing incomplete or broken, and no tag that is only
/// guessed at. A step of an immutable tag that is there is never written, but refused.
#[must_use]
pub fn plan(findings: &[Finding]) -> Vec<Step<'_>> {
    findings
        .iter()
        .enumerate()
        .filter_map(|(index, finding)| {
            let Finding {
                expectation,
                observation,
                verdict,
                outcome,
                aftermath: _,
            } = finding;
            let safe = match verdict {
                // What became of it was decided before.
                _ if outcome.is_some() => false,
                _ if !verdict.code().is_repairable() => false,
                // What the metadata describes is not what that output made.
                _ if matches!(expectation.output, Output::Other(_)) => false,
                Verdict::Child(_) => true,
                // Nobody named it, and someone has made that index.
                Verdict::Wrapped => {
                    expectation.claim != Claim::Implied
                        && !may_be_the_push(expectation, observation)
                }
                Verdict::Absent => may_create(expectation, observation),
                Verdict::Other(_) if expectation.claim == Claim::Implied => false,
                Verdict::Other(_) => match expectation.on_other {
                    OnOther::Fix => true,
                    // That it is not moved is an outcome of its own.
                    OnOther::Fail => expectation.immutable,
                    OnOther::Warn => false,
                },
                _ => false,
            };
            let Some(Seen::Here(Some(document))) = &observation.expected else {
                return None;
            };
            let by_digest = matches!(expectation.image, Expected::Manifest(_))
                && expectation.image.is(document);
            let tag = expectation.tag.as_ref().filter(|_| safe && by_digest)?;
            Some(Step {
                index,
                expectation,
                tag,
                document,
                before: observation.shown(),
                restore: expectation.restore || !matches!(verdict, Verdict::Other(_)),
            })
        })
        .collect()
}

/// Whether an index around the expected manifest may be what was pushed, while the metadata is of a
/// file that the same build wrote: then the index has the attestations, and the file has none.
pub(crate) fn may_be_the_push(expectation: &Expectation, observation: &Observation) -> bool {
    let shown = observation.tag.here();
    expectation.exported
        && shown.is_some_and(|shown| shown.children().iter().any(|child| child.is_attestation))
}

/// Whether an absent tag may be created: a build that was pushed names it, or the platforms that
/// were asked for are there. A tag that only `--tag` names could be a matrix job's guess, and one
/// platform would be published as the release.
///
/// Where the metadata may be of a file, the registry is the witness: an index is in a repository
/// because it was pushed; a manifest may be there as a part of another build's index.
pub(crate) fn may_create(expectation: &Expectation, observation: &Observation) -> bool {
    // An operating system alone is there with any architecture.
    let is_stated =
        expectation.platforms_stated && !expectation.platforms.iter().any(Platform::is_os_alone);
    let is_index = match &observation.expected {
        Some(Seen::Here(Some(document))) => document.images().next().is_some(),
        _ => false,
    };
    match expectation.claim {
        _ if matches!(expectation.output, Output::Other(_)) => false,
        Claim::Merge => true,
        Claim::Build => !expectation.exported || is_stated || is_index,
        Claim::Asked => is_stated,
        Claim::Implied => false,
    }
}

#[cfg(test)]
mod tests;
