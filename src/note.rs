//! Notes: what is worth knowing about a build or a registry besides the verdicts on its tags.

use std::fmt;

/// One note, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Which kind.
    pub code: Code,
    /// What was seen, about which build.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// The kinds of note. Stable: they are in the JSON report and in `tagproof explain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// The build's own Docker pushed its tags twice (docker/buildx#2959).
    DoublePush,
    /// A builder of several nodes left a digest and no name.
    NoName,
    /// The metadata names a repository and no tag.
    NoTag,
    /// There is no manifest digest to expect, only an image ID.
    ImageId,
    /// A tag is what another output of the build pushed than the one that the metadata describes.
    OtherOutput,
    /// A later build's claim on a tag replaced this one.
    Superseded,
    /// A build was not pushed and was not meant to be, or no output of a definition's target
    /// pushes it.
    NotPushed,
    /// What was named cannot be checked here: a platform such as `local`, or what is not one, or
    /// something in the metadata that is not understood.
    Unchecked,
    /// An attestation manifest that the index lists is gone from the repository.
    AttestationGone,
    /// An image holds programs that it cannot start.
    ForeignPrograms,
    /// An image starts a 32-bit program on a 64-bit platform.
    NarrowProgram,
    /// The images of one index are of different builds, by their labels.
    MixedBuilds,
    /// What lies below a tag could not be read as deep as it is by default.
    DepthReduced,
    /// A registry serves an image under another media type than the one that it names itself.
    MediaType,
    /// A registry sent a warning with its answers.
    RegistryWarning,
}

impl Code {
    /// All of them, in the order they are documented.
    pub const ALL: [Self; 15] = [
        Self::DoublePush,
        Self::NoName,
        Self::NoTag,
        Self::ImageId,
        Self::OtherOutput,
        Self::Superseded,
        Self::NotPushed,
        Self::Unchecked,
        Self::AttestationGone,
        Self::ForeignPrograms,
        Self::NarrowProgram,
        Self::MixedBuilds,
        Self::DepthReduced,
        Self::MediaType,
        Self::RegistryWarning,
    ];

    /// The code as it is in reports and documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DoublePush => "double-push",
            Self::NoName => "no-name",
            Self::NoTag => "no-tag",
            Self::ImageId => "image-id",
            Self::OtherOutput => "other-output",
            Self::Superseded => "superseded",
            Self::NotPushed => "not-pushed",
            Self::Unchecked => "unchecked",
            Self::AttestationGone => "attestation-gone",
            Self::ForeignPrograms => "foreign-programs",
            Self::NarrowProgram => "32-bit-program",
            Self::MixedBuilds => "mixed-builds",
            Self::DepthReduced => "depth-reduced",
            Self::MediaType => "media-type",
            Self::RegistryWarning => "registry-warning",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
