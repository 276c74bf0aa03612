//! What a build left behind, whichever builder it was.

use crate::oci::{Attestation, Digest, MediaType, Platform, Reference};

/// The most names that the targets of a file have together.
pub(crate) const MAX_NAMES: usize = 5_000;
/// The most platforms of one build.
pub(crate) const MAX_PLATFORMS: usize = 100;

/// What one build left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// Where it was read, for people: the file's name as it was typed.
    pub source: String,
    /// The bake target, if the metadata is a bake file's.
    pub target: Option<String>,
    /// The names it was given, `moby-dangling` aside. A name may lack a tag.
    pub names: Vec<Reference>,
    /// What it made.
    pub image: Image,
    /// The platforms it was made for, where the file lists them (the provenance keys).
    pub platforms: Vec<Platform>,
    /// Whether those platforms are what was asked for: a definition states them.
    pub platforms_stated: bool,
    /// The texts in the place of a platform that an image cannot be held to here: buildx's
    /// `local`, and what is not a platform.
    pub unchecked: Vec<String>,
    /// What else stands in the file that could hold a claim and is not understood: the keys beside
    /// its targets, with the first of them, and names without a digest.
    pub unread: Vec<String>,
    /// The attestations that a definition asks for.
    pub attestations: Vec<Attestation>,
    /// The names that a definition gives it, but no output pushes it to.
    pub unpushed: Vec<Reference>,
    /// What each of its outputs pushes to, where a definition has several that push.
    pub outputs: Option<Outputs>,
    /// The digest of the image's config, where the file has it beside the image's own.
    pub config: Option<Digest>,
    /// buildx's own name of the build, `builder/node/id`.
    pub id: Option<String>,
    /// The trace of a double push, if there is one.
    pub double_push: Option<DoublePush>,
    /// Whether the metadata may be of a file or a loaded image (`--load`, `type=oci`), so that
    /// nothing of it may have been pushed, or another image. Nothing in a file says that it is;
    /// where this is false, it is not of one that BuildKit's exporters made.
    pub exported: bool,
}

/// The names that several outputs of one build push to. Both lists may hold one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outputs {
    /// Those of the output that the metadata describes.
    pub described: Vec<Reference>,
    /// Those of all others.
    pub others: Vec<Reference>,
}

/// What a build says it made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Image {
    /// A manifest or an index of this digest.
    Manifest {
        /// `containerimage.descriptor.digest`, else `containerimage.digest`.
        digest: Digest,
        /// The descriptor's media type.
        media_type: Option<MediaType>,
        /// The descriptor's platform: only for a single manifest.
        platform: Option<Platform>,
    },
    /// An image of this ID (digest of the config): Docker's classic store gives no more.
    Id(Digest),
    /// No image: a linked target, `cacheonly`, `type=local`.
    None,
    /// An image was asked for, and the metadata has none.
    Missing,
}

/// What shows that the build's own Docker pushed its tags a second time (docker/buildx#2959).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoublePush {
    /// The digest of what was built.
    pub built: Digest,
    /// What `containerimage.digest` says instead, where the two differ.
    pub said: Option<Digest>,
}

impl Build {
    /// A target of the definition `source`, before it is known what it left behind.
    pub(crate) fn without_metadata(source: &str, target: &str) -> Self {
        Self {
            source: source.to_owned(),
            target: Some(target.to_owned()),
            names: Vec::new(),
            image: Image::None,
            platforms: Vec::new(),
            platforms_stated: false,
            unchecked: Vec::new(),
            unread: Vec::new(),
            attestations: Vec::new(),
            unpushed: Vec::new(),
            outputs: None,
            config: None,
            id: None,
            double_push: None,
            exported: false,
        }
    }
}
