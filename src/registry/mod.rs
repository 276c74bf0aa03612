//! The registry port, and the client that serves it over HTTP: the only part that knows HTTP.

mod auth;
pub mod client;
mod error;
pub mod login;
mod sync;
mod wire;

#[cfg(any(test, fuzzing))]
pub(crate) mod tests;

use std::fmt;
use std::io;
use std::time::Duration;

use crate::oci::{Digest, Host, MediaType, Repository, Tag};

pub use error::{Cause, Class, Error, Server};

/// What the engine may ask of registries. Which registry a request goes to is in its repository.
pub trait Registry {
    /// Reads a batch, and answers in the order asked, one answer a read. Passing failures were
    /// repeated before they are answered with; how much happens at once is the port's business.
    fn read(&self, batch: &[Read]) -> Vec<Result<Answer, Error>>;

    /// Puts a manifest under a tag or its digest, once: a failed write is not repeated, because the tag has to
    /// be looked at again before each attempt. `Ok` means that the registry said it took it.
    ///
    /// # Errors
    ///
    /// When the registry refused, or is not known to have taken it.
    fn put(&self, write: &Write) -> Result<(), Error>;

    /// Hands a blob to `take` as a stream, from its beginning each time: the connection may be cut, and
    /// it is asked for again. `Ok(false)` means that the blob is not there; `take` was not called then.
    ///
    /// # Errors
    ///
    /// When it could not be read to where `take` stopped.
    fn stream(&self, blob: &Stream, take: &mut dyn FnMut(&mut dyn io::Read))
    -> Result<bool, Error>;

    /// How many GETs of manifests may still be sent to a host that counts them and says how many are
    /// left: half of those are for others. `None` where nothing is known of a limit.
    fn pulls_to_spend(&self, host: &Host) -> Option<u64> {
        let _ = host;
        None
    }

    /// The engine is going to wait for a host that is down, so long at most, because of this error.
    /// A port that fails requests to it at once asks it again then, with one request at a time.
    fn wait_for(&self, host: &Host, error: &Error, at_most: Duration) {
        let _ = (host, error, at_most);
    }
}

/// One read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Read {
    /// The repository to read from.
    pub repository: Repository,
    /// What to read of it.
    pub target: Target,
    /// How to read it.
    pub method: Method,
}

/// A blob to read as a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// The repository to read from.
    pub repository: Repository,
    /// The blob.
    pub digest: Digest,
    /// When it must have been read, on the clock; `None`: as soon as any other answer.
    pub until: Option<Duration>,
}

/// What a read is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// The manifest a tag points at.
    Tag(Tag),
    /// The manifest of this digest.
    Manifest(Digest),
    /// The blob of this digest: an image's config or a layer.
    Blob(Digest),
}

/// How a read is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Headers only: cheap, but a header alone proves nothing.
    Head,
    /// The first byte, which is as good as [`Method::Head`] where storage refuses that.
    FirstByte,
    /// The whole body. Docker Hub counts it as a pull if it is a manifest.
    Get,
}

/// What a registry answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// There is no such manifest, tag, blob or repository (404).
    Absent,
    /// It is there (HEAD or the first byte), with this `Docker-Content-Digest`, if a valid one was sent.
    Header(Option<Digest>),
    /// It is there (GET).
    Body {
        /// The body, unchecked, at most [`MAX_BODY`] bytes.
        bytes: Vec<u8>,
        /// The `Content-Type`, empty if there was none.
        content_type: String,
        /// The `Docker-Content-Digest`, if a valid one was sent. A claim, no proof.
        claimed: Option<Digest>,
    },
}

/// A manifest to put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// The repository.
    pub repository: Repository,
    /// What to put it under.
    pub under: Under,
    /// The `Content-Type`.
    pub media_type: MediaType,
    /// The manifest, byte for byte as it was read.
    pub bytes: Vec<u8>,
    /// When it must be answered, on the clock: what follows a write needs time, too.
    pub until: Duration,
}

/// What a manifest is put under.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Under {
    /// The tag to point at it.
    Tag(Tag),
    /// Its own digest: a manifest that was there before is put back, and no tag moves.
    Digest(Digest),
}

impl fmt::Display for Under {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(f),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

/// The most that is read of a manifest or config, and the most that is written: 4 MiB, which
/// registries should accept (distribution-spec, "Pushing manifests").
pub const MAX_BODY: usize = 4 * 1024 * 1024;
