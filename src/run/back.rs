//! Whether a tag would be moved backwards, to an older build than the one that it holds.

use std::time::Duration;

use crate::engine;
use crate::expectation::{Claim, Depth, Expectation, Expected, OnOther};
use crate::finding::Finding;
use crate::merge::goes_back;
use crate::observation::{ImageSeen, Seen};
use crate::observe::{Looks, Ports};
use crate::oci::Document;
use crate::outcome::{Held, Outcome};
use crate::verdict::Verdict;

/// Notes with each tag that a repair would move to an older build that it is left alone. A digest that
/// was stated is deliberate: this is about what a build says of itself.
pub(super) fn keep_newer(findings: &mut [Finding], looks: Looks, ports: &mut Ports<'_>) {
    for finding in findings {
        let Finding {
            expectation,
            observation,
            verdict,
            ..
        } = &*finding;
        let is_moved = expectation.claim == Claim::Build
            && expectation.on_other == OnOther::Fix
            && matches!(verdict, Verdict::Other(_));
        let expected = observation.expected.as_ref().and_then(Seen::here);
        let (Some(shown), Some(Some(own)), true) = (observation.tag.here(), expected, is_moved)
        else {
            continue;
        };
        let ours = images(expectation, own, looks, ports);
        let theirs = images(expectation, shown, looks, ports);
        if let Some(why) = goes_back(&[(&**own, ours.as_slice())], (&**shown, &theirs)) {
            finding.outcome = Some(Outcome::Held(Held::Older(why)));
        }
    }
}

/// The images of a document, with what they say of their source; one look decides.
pub(super) fn images(
    expectation: &Expectation,
    document: &Document,
    looks: Looks,
    ports: &mut Ports<'_>,
) -> Vec<ImageSeen> {
    let of_it = Expectation {
        tag: None,
        image: Expected::Manifest(document.digest().clone()),
        platforms: Vec::new(),
        attestations: Vec::new(),
        own_platform: None,
        depth: Depth::Platforms,
        depth_stated: false,
        ..expectation.clone()
    };
    let once = Looks {
        settle: Duration::ZERO,
        layers: false,
        provenance: true,
        ..looks
    };
    let found = engine::look(vec![of_it], once, ports);
    let images = found
        .into_iter()
        .flat_map(|it| it.observation.below.images.clone());
    images.collect()
}
