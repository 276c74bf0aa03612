//! Outcomes: what became of each step of a plan.

use std::fmt;

use crate::oci::{Digest, MediaType, Platform, Repository};
use crate::registry::Error;

/// What became of what a step's write might take away: some registries forget a manifest when the
/// last tag leaves it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Aftermath {
    /// What was gone after the write, was put back, and was read again.
    pub restored: Vec<Left>,
    /// What was there before the write and is not known to be there now, and why.
    pub lost: Vec<(Left, Error)>,
    /// Whether the digest before was not in the repository at the last look.
    pub before_is_gone: bool,
}

/// A manifest that a tag was moved off, or that the image which was put lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Its digest.
    pub digest: Digest,
    /// The media type that it was served under.
    pub media_type: MediaType,
    /// How many bytes it has.
    pub size: usize,
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            digest,
            media_type,
            size,
        } = self;
        write!(f, "{digest} ({media_type}, {size} bytes)")
    }
}

/// What became of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The tag was pointed at the expected digest and seen there twice.
    Fixed,
    /// The tag was pointed at the expected digest and seen there twice, but something that was there
    /// before is not known to be there now: [`Aftermath::lost`].
    Lost,
    /// The tag had come right when it was looked at again before the write, twice; nothing was written.
    AlreadyRight,
    /// The registry refused the write, for this reason.
    Refused(Error),
    /// The policy says that the tag is never moved; nothing was written.
    Immutable,
    /// What the write might take away could not be read, for this reason, so that it could not be
    /// put back; nothing was written.
    Unread(Error),
    /// It was asked for and not done, for this reason; nothing was written.
    Held(Held),
    /// It would be written: this is a dry run.
    Planned,
    /// Someone else moved the tag; it was left alone.
    Changed {
        /// What it showed then; `None` if the tag was gone.
        now: Option<Digest>,
        /// Whether it was written before they did.
        written: bool,
    },
    /// Written, but the registry did not answer with it in time.
    Unsettled(String),
    /// Written, but what the registry answers with could not be read, for this reason.
    Unseen(Error),
    /// Not known to be written.
    Failed(Error),
}

impl Outcome {
    /// The stable code of the outcome.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Fixed => Code::Fixed,
            Self::AlreadyRight => Code::AlreadyRight,
            Self::Lost => Code::Lost,
            Self::Refused(_) | Self::Immutable | Self::Unread(_) | Self::Held(_) => Code::Refused,
            Self::Planned => Code::Planned,
            Self::Changed { .. } => Code::Changed,
            Self::Unsettled(_) | Self::Unseen(_) => Code::Unsettled,
            Self::Failed(_) => Code::Failed,
        }
    }
}

/// Why a merge does not move a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// It would lose these platforms.
    Fewer(Vec<Platform>),
    /// It holds a newer build: of what, and when each was built.
    Older(String),
    /// This repository did not take the index, and no tag is written before all have.
    Unaccepted(Repository),
    /// This repository lacks what the index lists, or could not be looked at, and no tag is written
    /// before all have it.
    Unready(Repository),
}

/// The kinds of outcome. Stable: they are in the JSON report and in `tagproof explain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// See [`Outcome::Fixed`].
    Fixed,
    /// See [`Outcome::AlreadyRight`].
    AlreadyRight,
    /// See [`Outcome::Lost`].
    Lost,
    /// See [`Outcome::Refused`], [`Outcome::Immutable`], [`Outcome::Unread`] and [`Outcome::Held`].
    Refused,
    /// See [`Outcome::Changed`].
    Changed,
    /// See [`Outcome::Unsettled`] and [`Outcome::Unseen`].
    Unsettled,
    /// See [`Outcome::Failed`].
    Failed,
    /// See [`Outcome::Planned`].
    Planned,
}

impl Code {
    /// All of them, in the order they are documented.
    pub const ALL: [Self; 8] = [
        Self::Fixed,
        Self::AlreadyRight,
        Self::Lost,
        Self::Refused,
        Self::Changed,
        Self::Unsettled,
        Self::Failed,
        Self::Planned,
    ];

    /// The code as it is in reports and documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::AlreadyRight => "already-right",
            Self::Lost => "lost",
            Self::Refused => "refused",
            Self::Changed => "changed",
            Self::Unsettled => "unsettled",
            Self::Failed => "failed",
            Self::Planned => "planned",
        }
    }

    /// Whether the tag is right after it, and nothing was lost by that.
    #[must_use]
    pub fn is_right(self) -> bool {
        matches!(self, Self::Fixed | Self::AlreadyRight)
    }

    /// Whether the tag was written, and nobody else is known to have moved it since.
    #[must_use]
    pub fn is_written(self) -> bool {
        matches!(self, Self::Fixed | Self::Lost | Self::Unsettled)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
