//! What should be true of a tag, and who says so.

use std::collections::BTreeMap;
use std::fmt;

use super::depth::{Depth, OnWrongPlatform, PathPattern};
use crate::oci::{Attestation, Digest, Document, MediaType, Platform, Reference, Repository, Tag};

/// A claim to prove: this tag of this repository is this image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// The repository.
    pub repository: Repository,
    /// The tag; `None` where only the digest is claimed to be in the repository.
    pub tag: Option<Tag>,
    /// The bake target that claims it.
    pub target: Option<String>,
    /// What the tag should be.
    pub image: Expected,
    /// The digest of the image's config, where the build is one image and names it beside `image`.
    pub config: Option<Digest>,
    /// Which output of the build pushes the tag.
    pub output: Output,
    /// The media type the build's descriptor names.
    pub media_type: Option<MediaType>,
    /// The platforms the image must have. Empty: none are required.
    pub platforms: Vec<Platform>,
    /// Whether the user stated those platforms (`--platform`, a definition, a policy), or the build
    /// did.
    pub platforms_stated: bool,
    /// The attestations that every platform of the image must have.
    pub attestations: Vec<Attestation>,
    /// The platform of the image where it is a plain manifest, if the build's descriptor names it.
    pub own_platform: Option<Platform>,
    /// Who claims it.
    pub claim: Claim,
    /// The claimant for people: "the build of `app`", or "`--tag`".
    pub origin: String,
    /// What other builds claim for this very tag instead: who, and which image.
    pub conflicts: Vec<(String, Expected)>,
    /// Whether a policy says that the tag is never moved once it is there.
    pub immutable: bool,
    /// What to do where the tag is something that is no part of the build.
    pub on_other: OnOther,
    /// How deep to look.
    pub depth: Depth,
    /// Whether a flag, an input or a policy says how deep: then what cannot be read so deep is unproven.
    pub depth_stated: bool,
    /// What to do where an image is for another platform.
    pub on_wrong_platform: OnWrongPlatform,
    /// The programs that the image holds for other systems on purpose.
    pub ignored: Vec<PathPattern>,
    /// Whether such a thing is put back if the registry forgets it when the tag is moved off it.
    pub restore: bool,
    /// The pattern of the policy that each of its keys was taken from.
    pub rules: BTreeMap<&'static str, String>,
    /// Whether the metadata may be of a file or a loaded image (`type=oci`, `--load`): then nothing
    /// says that it was pushed, and what was pushed beside it may be another image.
    pub exported: bool,
}

/// What a tag should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expected {
    /// The manifest or index of this digest.
    Manifest(Digest),
    /// A manifest whose config has this digest.
    Id(Digest),
    /// Nothing was built that it could be: a definition asks for it, the metadata lacks it.
    Nothing,
}

/// Which output of its build pushes a tag. Each output makes a manifest or an index of its own, and
/// the metadata describes one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// The one that the metadata describes, or the only one, as far as is known.
    #[default]
    Described,
    /// That one and others: the last of them to push has the tag.
    Any,
    /// Another one. What the metadata describes was pushed to this repository.
    Other(Repository),
}

/// Who claims that a tag is an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// A build's metadata names the tag: it was pushed to it.
    Build,
    /// A merge made the image, and was told to put it under the tag, as a push does.
    Merge,
    /// Only the command line names the tag: such a tag is not created on a guess.
    Asked,
    /// `latest` of a repository that was named without a tag. It may or may not have been pushed,
    /// so it is judged only if it holds this build or a part of it.
    Implied,
}

/// What to do where a tag is something that is no part of the build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnOther {
    /// The run fails.
    #[default]
    Fail,
    /// The run does not fail for it.
    Warn,
    /// The tag is moved all the same.
    Fix,
}

impl OnOther {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Fail, Self::Warn, Self::Fix];

    /// The word that flags and policies have for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::Fix => "fix",
        }
    }
}

impl fmt::Display for OnOther {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Expected {
    /// The digest, whichever kind it is of, if anything was built.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        match self {
            Self::Manifest(digest) | Self::Id(digest) => Some(digest),
            Self::Nothing => None,
        }
    }

    /// Whether `document` is this image.
    #[must_use]
    pub fn is(&self, document: &Document) -> bool {
        match self {
            Self::Manifest(digest) => digest == document.digest() || digest.is_of(document.bytes()),
            Self::Id(config) => document.config() == Some(config),
            Self::Nothing => false,
        }
    }
}

impl Expectation {
    /// Whether the config of a plain manifest has to be read for the platforms that are required:
    /// where the build's descriptor does not name its platform, or not the version that counts.
    #[must_use]
    pub fn needs_platform_of_config(&self) -> bool {
        let own = self.own_platform.as_ref();
        let needs = |asked: &Platform| own.is_none_or(|own| asked.is_left_open_by(own));
        self.platforms.iter().any(needs)
    }

    /// Whether `document` is the expected image, or an index of nothing but the expected manifest
    /// and attestations of it: what a push makes of a manifest that the build wrote elsewhere, too.
    #[must_use]
    pub fn accepts(&self, document: &Document) -> bool {
        self.image.is(document) || self.is_attested_in(document)
    }

    fn is_attested_in(&self, index: &Document) -> bool {
        let Expected::Manifest(digest) = &self.image else {
            return false;
        };
        let mut images = index.contents();
        let (Some(only), None) = (images.next(), images.next()) else {
            return false;
        };
        // Either may leave out the version of its system.
        let differs = |own: &Platform| {
            let listed = only.platform.as_ref();
            listed.is_some_and(|it| !own.is_met_by(it) && !it.is_met_by(own))
        };
        let mut attestations = index.children().iter().filter(|it| it.is_attestation);
        only.named.is(digest)
            && !self.own_platform.as_ref().is_some_and(differs)
            && index.children().len() > 1
            && attestations.all(|it| it.attests.as_ref().is_some_and(|named| named.is(digest)))
    }

    /// Whether the digest of a manifest or an index is expected, and not an image ID.
    #[must_use]
    pub fn is_of_manifest(&self) -> bool {
        matches!(self.image, Expected::Manifest(_))
    }

    /// The repository that the expected digest was pushed to.
    #[must_use]
    pub fn home(&self) -> &Repository {
        match &self.output {
            Output::Described | Output::Any => &self.repository,
            Output::Other(home) => home,
        }
    }

    /// `host/path:tag`, or `host/path@digest` where no tag is named.
    #[must_use]
    pub fn reference(&self) -> Reference {
        let digest = match self.tag {
            Some(_) => None,
            None => self.image.digest().cloned(),
        };
        Reference::new(self.repository.clone(), self.tag.clone(), digest)
    }
}
