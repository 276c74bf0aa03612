//! Observations: what registries answered for one expectation at one moment.

use std::sync::Arc;

use crate::oci::{Child, Digest, Document, Platform};
use crate::registry::Error;

/// Something that was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen<T> {
    /// It is there.
    Here(T),
    /// It is not there.
    Absent,
    /// It could not be read, for this reason.
    Unknown(Error),
}

/// The attestation manifests that an index lists, shared by all tags that are expected to show it.
pub type Attested = Arc<[(Child, Seen<Arc<Document>>)]>;

/// One look at all that the judgement of one expectation needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sight {
    /// What the tag points at; where no tag is named, what is under the expected digest.
    pub tag: Seen<Arc<Document>>,
    /// Whether the expected image is in the repository: asked by digest, and only where the tag
    /// does not show it. A document only for a manifest digest.
    pub expected: Option<Seen<Option<Arc<Document>>>>,
    /// The platform of the expected image where it is a plain manifest, and was needed; `None`
    /// inside if its config names none.
    pub platform: Option<Seen<Option<Platform>>>,
    /// The attestation manifests of the expected index, if attestations are required.
    pub attestations: Attested,
    /// The children of the expected index that were asked for and not found, what decides first.
    pub children: Vec<(Child, Seen<()>)>,
}

impl<T> Seen<T> {
    /// What is there, if anything is.
    pub fn here(&self) -> Option<&T> {
        match self {
            Self::Here(it) => Some(it),
            Self::Absent | Self::Unknown(_) => None,
        }
    }
}

impl Sight {
    /// The digest that the tag shows.
    #[must_use]
    pub fn shown(&self) -> Option<&Digest> {
        self.tag.here().map(|document| document.digest())
    }
}
