//! What the command line asks for.

use super::depth::{Depth, OnWrongPlatform};
use super::expected::OnOther;
use crate::oci::{Digest, Platform, Reference};

/// What the command line asks for, beside the builds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The tags to prove instead of the metadata's names.
    pub tags: Vec<Reference>,
    /// The digest they should be, where they do not carry their own.
    pub digest: Option<Digest>,
    /// Only these bake targets. Empty: all.
    pub targets: Vec<String>,
    /// The platforms every image must have. Empty: those its build names.
    pub platforms: Vec<Platform>,
    /// What to do where a tag is another image, whatever a policy says.
    pub on_other: Option<OnOther>,
    /// How deep to look, whatever the default is; a policy may ask for more.
    pub depth: Option<Depth>,
    /// What to do where an image is for another platform, whatever a policy says.
    pub on_wrong_platform: Option<OnWrongPlatform>,
    /// Whether another image that a registry forgets when its tag is moved is not put back.
    pub no_restore: bool,
    /// Whether the builds ran one after the other, so that a later claim on a tag replaces an
    /// earlier one. Otherwise two different claims are a conflict.
    pub later_wins: bool,
}
