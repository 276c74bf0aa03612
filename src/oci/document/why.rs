//! Why what is in a document is not known, although its bytes and their digest are.

use std::fmt;

use crate::oci::json::MAX_VALUES;
use crate::oci::media_type::MediaType;

/// More children than any index of a build has; more is an attack or a mistake.
pub(super) const MAX_CHILDREN: usize = 1000;

/// Why a body could not be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is not JSON: a web page, a part of a document, compressed bytes.
    NotJson(String),
    /// It is JSON, but has nothing of a manifest and was not served as one: a login page's error.
    NoManifest,
    /// A member has the wrong type or stands twice.
    Json(String),
    /// The media type is none of the four.
    MediaType(String),
    /// Neither its members nor the header say what it is.
    NoType,
    /// It has the members of an index and those of a manifest (CVE-2021-41190: what it means would
    /// depend on the reader).
    Ambiguous,
    /// It lacks what its media type promises.
    WrongShape(MediaType),
    /// A digest in it is not one, or is of an unknown algorithm.
    Digest(String),
    /// It lists more children than is sensible.
    TooManyChildren(usize),
    /// It holds more values than is sensible.
    TooManyValues,
}

impl Why {
    /// Whether nothing says that it is what a registry holds: it may be a web page that something
    /// in front of the registry answered with. Only a digest can tell.
    #[must_use]
    pub fn may_be_an_error_page(&self) -> bool {
        matches!(self, Self::NotJson(_) | Self::NoManifest)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson(error) | Self::Json(error) => {
                write!(f, "it is not a manifest: {error}")
            }
            Self::NoManifest => f.write_str("it is not a manifest: it has no member of one"),
            Self::MediaType(media_type) => write!(
                f,
                "its media type `{media_type}` is neither a manifest's nor an index's"
            ),
            Self::NoType => f.write_str("nothing says whether it is a manifest or an index"),
            Self::Ambiguous => f.write_str("it can be read as an index and as a manifest"),
            Self::WrongShape(media_type) => {
                write!(f, "it lacks what its media type `{media_type}` promises")
            }
            Self::Digest(digest) => {
                write!(f, "`{digest}` in it is not a digest that can be checked")
            }
            Self::TooManyChildren(count) => {
                write!(f, "it lists {count} children, more than {MAX_CHILDREN}")
            }
            Self::TooManyValues => write!(f, "it holds more than {MAX_VALUES} values"),
        }
    }
}

impl std::error::Error for Why {}
