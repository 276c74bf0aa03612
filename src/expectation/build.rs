//! What one build says of its image and its outputs, and what it is called.

use super::expected::{Expected, Output};
use crate::metadata::{Build, Image};
use crate::oci::Reference;

/// The build for people: its target, or its file.
pub(super) fn called(build: &Build) -> String {
    match &build.target {
        Some(target) => format!("the build of `{target}`"),
        None => format!("the build of `{}`", build.source),
    }
}

/// Which output of a build pushes a name.
pub(super) fn output_of(build: &Build, name: &Reference) -> Output {
    let Some(outputs) = &build.outputs else {
        return Output::Described;
    };
    let is_in = |names: &[Reference]| {
        let same = |it: &Reference| it.repository() == name.repository() && it.tag() == name.tag();
        names.iter().any(same)
    };
    match (is_in(&outputs.described), is_in(&outputs.others)) {
        (_, false) => Output::Described,
        (true, true) => Output::Any,
        (false, true) => {
            let mut homes = outputs.described.iter().map(Reference::repository);
            let first = homes.clone().next().unwrap_or(name.repository());
            let own = homes.find(|home| *home == name.repository());
            Output::Other(own.unwrap_or(first).clone())
        }
    }
}

/// What the tags of a build should be, if it made an image.
pub(super) fn image_of(build: &Build) -> Option<Expected> {
    match &build.image {
        Image::Manifest { digest, .. } => Some(Expected::Manifest(digest.clone())),
        Image::Id(id) => Some(Expected::Id(id.clone())),
        Image::Missing => Some(Expected::Nothing),
        Image::None => None,
    }
}
