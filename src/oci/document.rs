//! A manifest or an index as a registry served it: the exact bytes, their digest, and a view to read.
//!
//! The bytes are what counts and what may be written again: a body whose digest is the expected one
//! is that image, whatever its shape. The view loses unknown fields and is only ever read; where a
//! body cannot be understood, it says why.

mod body;
mod content;
mod why;

use super::attestation::Attestation;
use super::digest::Digest;
use super::media_type::MediaType;
use super::platform::Platform;

/// The media types of an image's config.
const CONFIGS: [&str; 2] = [
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
];

pub(crate) use body::Execution;
pub use content::{Child, Content, Index, Layer, Manifest};
pub use why::Why;

/// A manifest or an image index that was read: never without its exact bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    bytes: Vec<u8>,
    digest: Digest,
    media_type: MediaType,
    own_type: Option<MediaType>,
    served: MediaType,
    content: Content,
}

impl Document {
    /// Reads the body of an answer whose `Content-Type` was `content_type`. Where a body and the
    /// header differ, the body decides.
    #[must_use]
    pub fn new(bytes: Vec<u8>, content_type: &str) -> Self {
        let served: Option<MediaType> = content_type.parse().ok();
        let (own_type, content) = body::read(&bytes, served.as_ref());
        let by_shape = match &content {
            Content::Index(_) => Some(MediaType::OciIndex),
            Content::Image(_) => Some(MediaType::OciManifest),
            Content::Unread(_) => None,
        };
        let media_type = own_type
            .clone()
            .or_else(|| served.clone().filter(|served| !served.is_plain()))
            .or(by_shape)
            .or_else(|| served.clone())
            .unwrap_or_else(MediaType::of_bytes);
        Self {
            digest: Digest::of(&bytes),
            bytes,
            served: served.unwrap_or_else(|| media_type.clone()),
            media_type,
            own_type,
            content,
        }
    }

    /// The bytes exactly as they were served.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The sha256 digest of the bytes.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// What the document is, and what it is pushed as: the body's own `mediaType`, or else the type
    /// it was served with, or else, where that says nothing, what its members say.
    #[must_use]
    pub fn media_type(&self) -> &MediaType {
        &self.media_type
    }

    /// The type that the body gives itself.
    #[must_use]
    pub fn own_type(&self) -> Option<&MediaType> {
        self.own_type.as_ref()
    }

    /// The type that it was served with; where it came without one, its own.
    #[must_use]
    pub fn served(&self) -> &MediaType {
        &self.served
    }

    /// What is in it.
    #[must_use]
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// Why it could not be understood, if it could not.
    #[must_use]
    pub fn unread(&self) -> Option<&Why> {
        match &self.content {
            Content::Unread(why) => Some(why),
            Content::Index(_) | Content::Image(_) => None,
        }
    }

    /// The view of it, if it is a manifest.
    #[must_use]
    pub fn image(&self) -> Option<&Manifest> {
        match &self.content {
            Content::Image(image) => Some(image),
            Content::Index(_) | Content::Unread(_) => None,
        }
    }

    /// The entries, if this is an index; none otherwise.
    #[must_use]
    pub fn children(&self) -> &[Child] {
        match &self.content {
            Content::Index(index) => &index.children,
            Content::Image(_) | Content::Unread(_) => &[],
        }
    }

    /// Whether it may list other documents: it does, or it was not understood and may be an index.
    #[must_use]
    pub fn may_list(&self) -> bool {
        match (&self.content, &self.media_type) {
            (Content::Index(_) | Content::Unread(Why::Ambiguous), _) => true,
            (Content::Image(_), _) => false,
            (Content::Unread(_), media_type) => !matches!(
                media_type,
                MediaType::OciManifest | MediaType::DockerManifest
            ),
        }
    }

    /// The entries that are images, or indexes of them: neither attestations nor other artifacts.
    pub fn images(&self) -> impl Iterator<Item = &Child> {
        self.children().iter().filter(|child| child.is_image())
    }

    /// The entries that an index is about: all but attestation manifests.
    pub fn contents(&self) -> impl Iterator<Item = &Child> {
        self.children().iter().filter(|child| !child.is_attestation)
    }

    /// Whether this is the manifest of an image, by its config's type: no artifact, and no attestation.
    #[must_use]
    pub fn is_image(&self) -> bool {
        let image = self.image();
        let config = image.and_then(|image| image.config_type.as_ref());
        config.is_some_and(|it| CONFIGS.contains(&it.as_str()))
            && image.is_some_and(|image| image.artifact_type.is_none())
    }

    /// The digest of the config blob, if this is a manifest.
    #[must_use]
    pub fn config(&self) -> Option<&Digest> {
        self.image().map(|image| &image.config)
    }

    /// The attestations in it, if this is an attestation manifest.
    #[must_use]
    pub fn attestations(&self) -> &[Attestation] {
        self.image().map_or(&[], |image| &image.attestations)
    }

    /// The platforms an index says it has, sorted, each once; empty for a manifest.
    #[must_use]
    pub fn platforms(&self) -> Vec<Platform> {
        let mut platforms: Vec<&Platform> = self
            .images()
            .filter_map(|child| child.platform.as_ref())
            .collect();
        platforms.sort();
        platforms.dedup();
        platforms.into_iter().cloned().collect()
    }

    /// The value of an annotation of the document itself.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<&str> {
        let annotations = match &self.content {
            Content::Index(index) => index.annotations.as_slice(),
            Content::Image(image) => image.annotations.as_slice(),
            Content::Unread(_) => &[],
        };
        annotations
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    /// The platform that a config blob (`config`, already checked against its digest) is for.
    #[must_use]
    pub fn platform_of_config(config: &[u8]) -> Option<Platform> {
        body::platform_of_config(config)
    }

    /// What a config blob says of how the image is run; nothing, where it cannot be read.
    pub(crate) fn execution_of_config(config: &[u8]) -> Execution {
        body::execution_of_config(config)
    }

    /// The digests of the unpacked layers in a config blob, as they stand there. None, if it is not what
    /// the spec says of an image's config (image-spec, `config.md`, `rootfs`).
    #[must_use]
    pub fn layers_of_config(config: &[u8]) -> Vec<String> {
        body::layers_of_config(config)
    }
}

#[cfg(test)]
mod tests;
