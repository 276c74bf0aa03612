//! Claims beside each other: repeats, conflicts, and those that a later one replaces.

use super::expected::{Claim, Expectation, Expected};
use crate::note::{self, Note};

/// The most claims of others that are named beside one.
const MAX_CONFLICTS: usize = 10;

/// Whether both claim the same tag, and neither only guesses.
fn same_tag(a: &Expectation, b: &Expectation) -> bool {
    let guess = |it: &Expectation| it.claim == Claim::Implied || it.image == Expected::Nothing;
    !guess(a) && !guess(b) && a.tag.is_some() && a.tag == b.tag && a.repository == b.repository
}

/// Drops claims on a tag that a later build claims with another image, with a note each.
pub(super) fn without_superseded(
    claims: Vec<Expectation>,
    notes: &mut Vec<Note>,
) -> Vec<Expectation> {
    let later = claims.clone();
    let mut kept = Vec::new();
    for (index, claim) in claims.into_iter().enumerate() {
        let replaced = |other: &&Expectation| same_tag(&claim, other) && other.image != claim.image;
        match later.iter().skip(index + 1).rfind(replaced) {
            None => kept.push(claim),
            Some(by) => notes.push(Note {
                code: note::Code::Superseded,
                message: format!(
                    "{}: what {} pushed was replaced by {}, so only that is expected",
                    claim.reference(),
                    claim.origin,
                    by.origin
                ),
                help: "nothing, if the later build is meant to have the tag".to_owned(),
            }),
        }
    }
    kept
}

/// Drops what is claimed twice alike, and marks what is claimed twice with different images.
pub(super) fn without_repeats(claims: Vec<Expectation>) -> Vec<Expectation> {
    let mut kept: Vec<Expectation> = Vec::new();
    for claim in claims {
        let twin = |other: &&mut Expectation| {
            other.repository == claim.repository
                && other.tag == claim.tag
                && other.image == claim.image
                // Of those that left nothing, each is to be named.
                && (claim.image != Expected::Nothing || other.target == claim.target)
        };
        match kept.iter_mut().find(twin) {
            Some(twin) => {
                if twin.claim == Claim::Implied {
                    twin.claim = claim.claim;
                }
                // What either of them requires or knows holds for the tag.
                for platform in claim.platforms {
                    if !twin.platforms.contains(&platform) {
                        twin.platforms.push(platform);
                    }
                }
                twin.platforms_stated |= claim.platforms_stated;
                twin.exported &= claim.exported;
                for attestation in claim.attestations {
                    if !twin.attestations.contains(&attestation) {
                        twin.attestations.push(attestation);
                    }
                }
                twin.own_platform = twin.own_platform.take().or(claim.own_platform);
            }
            None => kept.push(claim),
        }
    }
    let all = kept.clone();
    // A tag that a build names is no guess any more.
    kept.retain(|claim| {
        let named = |other: &Expectation| {
            other.claim != Claim::Implied
                && other.tag == claim.tag
                && other.repository == claim.repository
        };
        claim.claim != Claim::Implied || !all.iter().any(named)
    });
    for claim in &mut kept {
        claim.conflicts = all
            .iter()
            .filter(|other| same_tag(claim, other) && other.image != claim.image)
            .take(MAX_CONFLICTS)
            .map(|other| (other.origin.clone(), other.image.clone()))
            .collect();
    }
    kept
}
