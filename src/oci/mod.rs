//! The field's vocabulary as values that cannot be invalid: digest, reference, platform, document.
//!
//! Pure: nothing here reads a file, a socket, a clock or the environment.

mod address;
mod arguments;
mod attestation;
mod digest;
mod document;
mod identity;
mod json;
mod known;
mod made;
mod media_type;
mod moment;
mod named;
mod platform;
mod provenance;
mod reference;

pub(crate) use address::{host_and_path, registry};
pub use arguments::Arguments;
pub use attestation::Attestation;
pub use digest::{Digest, Hasher, ParseDigestError};
pub use document::{Child, Content, Document, Index, Layer, Manifest, Why};
pub use identity::{Comparison, Config, Known, LABELS, Same, With};
pub(crate) use json::{MAX_VALUES, is_bounded};
pub use made::{Descriptor, annotations_of, index_of};
pub use media_type::{ACCEPT, MediaType, OtherType};
pub use moment::Moment;
pub use named::{Named, UnknownDigest};
pub use platform::{Described, ParsePlatformError, Platform};
pub use provenance::Provenance;
pub(crate) use reference::is_loopback;
pub use reference::{Host, ParseReferenceError, Reference, Repository, Tag};
