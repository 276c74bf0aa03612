//! The view of a document: what an index lists, and what a manifest names.

use super::why::Why;
use crate::oci::attestation::Attestation;
use crate::oci::digest::Digest;
use crate::oci::media_type::MediaType;
use crate::oci::named::Named;
use crate::oci::platform::Platform;

/// What a document is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// An image index or a manifest list.
    Index(Index),
    /// The manifest of one image (or of an attestation).
    Image(Manifest),
    /// Something else, or something that can be read in two ways. Nothing is known of it but its
    /// bytes.
    Unread(Why),
}

/// The view of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    pub(super) children: Vec<Child>,
    pub(super) annotations: Vec<(String, String)>,
}

/// The view of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The digest of its config.
    pub config: Digest,
    /// The media type of its config, as the manifest says.
    pub config_type: Option<MediaType>,
    /// Its layers, the lowest first; `None` where it has no list of them (`null`, or none at all).
    pub layers: Option<Vec<Layer>>,
    /// What kind of artifact it says that it is.
    pub artifact_type: Option<String>,
    /// Whether it is about another document.
    pub has_subject: bool,
    /// Whether it has annotations of any key.
    pub has_annotations: bool,
    pub(super) annotations: Vec<(String, String)>,
    pub(super) attestations: Vec<Attestation>,
    /// The layer that is a statement of provenance, the first of them.
    pub provenance: Option<Named>,
}

/// One layer of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// The blob.
    pub named: Named,
    /// The size that the manifest says it has.
    pub size: u64,
    /// Whether it is not distributed: it has addresses of its own, or a type that says so
    /// (image-spec, `layer.md`, "Non-Distributable Layers").
    pub is_foreign: bool,
    /// Whether it is encrypted.
    pub is_encrypted: bool,
}

/// One entry of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// The document it names.
    pub named: Named,
    /// The media type that it says the document has.
    pub media_type: Option<MediaType>,
    /// The size that it says the document has.
    pub size: Option<u64>,
    /// The platform it says it is for; an attestation's `unknown/unknown` is none.
    pub platform: Option<Platform>,
    /// Whether it is an attestation manifest of BuildKit and no image
    /// (`vnd.docker.reference.type`, BuildKit docs, "Attestation storage").
    pub is_attestation: bool,
    /// Whether it is something else than an image: it has the type of an artifact, a type that is
    /// neither a manifest's nor an index's, or the platform `unknown/unknown`.
    pub is_artifact: bool,
    /// The image that an attestation manifest is about (`vnd.docker.reference.digest`).
    pub attests: Option<Named>,
    /// Whether it is the variant of an image whose layers are compressed with zstd
    /// (`io.github.containers.compression.zstd`, as podman marks it).
    pub is_zstd: bool,
}

impl Child {
    /// Whether it is an image, or an index of images.
    #[must_use]
    pub fn is_image(&self) -> bool {
        !self.is_attestation && !self.is_artifact
    }

    /// Whether the index says that it is an index itself.
    #[must_use]
    pub fn is_index(&self) -> bool {
        self.media_type.as_ref().is_some_and(MediaType::is_index)
    }

    /// Whether it may be an index: it is called one, or nothing says what it is.
    #[must_use]
    pub fn may_be_index(&self) -> bool {
        let is_untold = self.media_type.is_none() && self.platform.is_none();
        self.is_image() && (self.is_index() || is_untold)
    }
}
