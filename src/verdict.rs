//! Verdicts: the judgement of an expectation against what was observed. Pure.

use std::fmt;

/// The kinds of verdict. Stable: they are in the JSON report and in `tagproof explain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// The tag is the expected digest.
    Ok,
    /// The tag is one child of the expected index.
    Child,
    /// The tag is an index whose only image is the expected manifest.
    Wrapped,
    /// There is no such tag, but the expected digest is in the repository.
    Absent,
    /// The tag is something that is no part of this build.
    Other,
    /// The expected image lacks a platform that was asked for.
    Incomplete,
    /// The index is right, but an image child of it is gone.
    Broken,
    /// The tag does not show the expected digest, and the repository does not have it.
    NeverPushed,
    /// Two builds claim this tag with different digests.
    Conflict,
    /// What the judgement needs could not be read.
    Unproven,
}

impl Code {
    /// All of them, in the order they are documented.
    pub const ALL: [Self; 10] = [
        Self::Ok,
        Self::Child,
        Self::Wrapped,
        Self::Absent,
        Self::Other,
        Self::Incomplete,
        Self::Broken,
        Self::NeverPushed,
        Self::Conflict,
        Self::Unproven,
    ];

    /// The code as it stands in reports and documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Child => "child",
            Self::Wrapped => "wrapped",
            Self::Absent => "absent",
            Self::Other => "other",
            Self::Incomplete => "incomplete",
            Self::Broken => "broken",
            Self::NeverPushed => "never-pushed",
            Self::Conflict => "conflict",
            Self::Unproven => "unproven",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
