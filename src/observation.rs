//! Observations: what registries answered for one expectation at one moment.

mod below;
mod seen;
mod tree;

use std::sync::Arc;

use crate::expectation::Depth;
use crate::oci::{Child, Digest, Document, Platform, Same};

pub use below::{Below, Gone, ImageSeen, Mixed, Part, WrongBy, WrongImage, differing_label, mixed};
pub use seen::Seen;
pub use tree::{MAX_INDEXES, MAX_LEVELS, Nested, Tree};

/// The attestation manifests that an index lists, shared by all tags that are expected to show it.
pub type Attested = Arc<[(Child, Seen<Arc<Document>>)]>;

/// One look at all that the judgement of one expectation needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// What the tag points at; where no tag is named, what is under the expected digest.
    pub tag: Seen<Arc<Document>>,
    /// Whether the expected image is in the repository: asked by digest, and only where the tag
    /// does not show it. A document only for a manifest digest.
    pub expected: Option<Seen<Option<Arc<Document>>>>,
    /// How the images under the tag are those of the build all the same, as far as their configs were
    /// read: only where the tag does not show the expected image, nor a part of it, by its digest.
    pub same: Option<Same>,
    /// The indexes that the expected index lists, and the one that the tag shows, at every level:
    /// as far as they were needed.
    pub nested: Arc<Nested>,
    /// The platforms that only the configs name, where they were needed: of the expected image if it
    /// is a plain manifest, or of the entries of an index that say none. `None` inside if a config
    /// names none.
    pub platforms: Vec<Seen<Option<Platform>>>,
    /// What had to be read for that, and is not there.
    pub gone: Vec<Gone>,
    /// The attestation manifests of the expected index, if attestations are required.
    pub attestations: Attested,
    /// How deep it was looked.
    pub depth: Depth,
    /// The images of the expected index, where it was looked at them.
    pub below: Arc<Below>,
    /// The children of the expected index, at every level, that were asked for and not found, what
    /// decides first.
    pub children: Vec<(Child, Seen<()>)>,
}

impl Observation {
    /// The expected image, where it was asked for by its digest and is there.
    #[must_use]
    pub fn expected_image(&self) -> Option<&Arc<Document>> {
        self.expected.as_ref()?.here()?.as_ref()
    }

    /// How deep the images are known: as deep as was looked, or less.
    #[must_use]
    pub fn reached(&self) -> Depth {
        let images = self.below.images.iter().map(|image| image.reached);
        images
            .min()
            .map_or(self.depth, |reached| reached.min(self.depth))
    }

    /// The digest that the tag shows.
    #[must_use]
    pub fn shown(&self) -> Option<&Digest> {
        self.tag.here().map(|document| document.digest())
    }
}
