//! The same image in another manifest: what that makes of a tag.

use std::sync::Arc;

use super::table::Verdict;
use crate::expectation::{Expectation, Expected, Output};
use crate::observation::Observation;
use crate::oci::{Document, Same};

/// Whether the tag is right: it shows the expected image, by its digest, or by its config where no
/// digest can say it, or where another output of the build has made it.
#[must_use]
pub fn is_right(expectation: &Expectation, observation: &Observation) -> bool {
    let Some(shown) = observation.tag.here() else {
        return false;
    };
    expectation.accepts(shown)
        || match (&observation.same, &expectation.output) {
            (Some(Same::Config), _) => true,
            (Some(Same::Manifests | Same::Whole), Output::Any | Output::Other(_)) => true,
            (Some(_) | None, _) => false,
        }
}

/// The image that must have what was asked for: what the tag shows, if that is right, or else the
/// expected one, unless the tag is another output's.
#[must_use]
pub fn right_image<'a>(
    expectation: &Expectation,
    observation: &'a Observation,
) -> Option<&'a Arc<Document>> {
    match &expectation.output {
        _ if is_right(expectation, observation) => observation.tag.here(),
        Output::Described | Output::Any => observation.expected_image(),
        Output::Other(_) => None,
    }
}

/// Whether a verdict rests on configs: the layers below them were not read.
#[must_use]
pub fn is_by_config(
    expectation: &Expectation,
    observation: &Observation,
    verdict: &Verdict,
) -> bool {
    match (verdict, &observation.same) {
        (Verdict::Ok, _) if matches!(expectation.image, Expected::Id(_)) => true,
        (Verdict::Ok, Some(Same::Whole | Same::Config)) => true,
        (Verdict::Child(_), Some(Same::Child(_))) => true,
        (Verdict::Other(_), Some(Same::Whole | Same::Part)) => true,
        _ => false,
    }
}
