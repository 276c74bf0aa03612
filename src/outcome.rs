//! Outcomes: what became of each step of a plan.

use std::fmt;

use crate::oci::Digest;
use crate::registry::Error;

/// What became of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The tag was pointed at the expected digest and seen there twice.
    Fixed,
    /// The tag had come right when it was looked at again before the write, twice; nothing was written.
    AlreadyRight,
    /// The registry refused the write, for this reason.
    Refused(Error),
    /// The policy says that the tag is never moved; nothing was written.
    Immutable,
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
            Self::Refused(_) | Self::Immutable => Code::Refused,
            Self::Changed { .. } => Code::Changed,
            Self::Unsettled(_) | Self::Unseen(_) => Code::Unsettled,
            Self::Failed(_) => Code::Failed,
        }
    }
}

/// The kinds of outcome. Stable: they are in the JSON report and in `tagproof explain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// See [`Outcome::Fixed`].
    Fixed,
    /// See [`Outcome::AlreadyRight`].
    AlreadyRight,
    /// See [`Outcome::Refused`] and [`Outcome::Immutable`].
    Refused,
    /// See [`Outcome::Changed`].
    Changed,
    /// See [`Outcome::Unsettled`] and [`Outcome::Unseen`].
    Unsettled,
    /// See [`Outcome::Failed`].
    Failed,
}

impl Code {
    /// All of them, in the order they are documented.
    pub const ALL: [Self; 6] = [
        Self::Fixed,
        Self::AlreadyRight,
        Self::Refused,
        Self::Changed,
        Self::Unsettled,
        Self::Failed,
    ];

    /// The code as it stands in reports and documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fixed => "fixed",
            Self::AlreadyRight => "already-right",
            Self::Refused => "refused",
            Self::Changed => "changed",
            Self::Unsettled => "unsettled",
            Self::Failed => "failed",
        }
    }

    /// Whether the tag is right after it.
    #[must_use]
    pub fn is_right(self) -> bool {
        matches!(self, Self::Fixed | Self::AlreadyRight)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
