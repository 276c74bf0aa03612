//! What is kept of images and layers, so that each is read once.

use crate::expectation::{Depth, PathPattern};
use crate::oci::{Digest, Platform, Repository};
use crate::programs;
use crate::registry::Error;

/// What decides how one image is looked at: expectations that have it in common are looked at once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BelowKey {
    pub(super) repository: Repository,
    pub(super) root: Digest,
    pub(super) depth: Depth,
    /// Of a plain manifest, what the build says it is for.
    pub(super) listed: Option<Platform>,
    pub(super) ignored: Vec<PathPattern>,
    /// Whether the provenance of every image was read.
    pub(super) provenance: bool,
}

/// What is known of a layer that was read or looked for.
#[derive(Debug)]
pub(super) enum LayerState {
    /// It was read, and unpacked it has this digest.
    Whole(programs::Layer, Digest),
    /// It is there, and what is in it is not known for this reason.
    NotUnderstood(String),
    /// It is not there.
    Gone,
    /// It could not be read.
    Failed(Error),
}
