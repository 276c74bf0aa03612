//! How deep the proof of a tag goes, and what is made of an image that is for another platform.

use std::fmt;

use crate::text::matches;

/// How far down the proof goes. Each depth includes those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Depth {
    /// The tag is the expected digest.
    Tag,
    /// And every manifest that the index lists, at every level, is in the repository.
    Children,
    /// And each image's own config names the platform that the index says, and layers that different
    /// architectures share do not hold the started program for only one of them.
    #[default]
    Platforms,
    /// And every layer is there, and the programs in it are for the image's platform.
    Programs,
}

impl Depth {
    /// All of them, from above.
    pub const ALL: [Self; 4] = [Self::Tag, Self::Children, Self::Platforms, Self::Programs];

    /// The word that flags, policies and reports have for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tag => "tag",
            Self::Children => "children",
            Self::Platforms => "platforms",
            Self::Programs => "programs",
        }
    }
}

impl fmt::Display for Depth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What to do where an image, or a program in it, is for another platform than the index says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnWrongPlatform {
    /// The run fails.
    #[default]
    Fail,
    /// The run does not fail for it, and repairs go on.
    Warn,
}

impl OnWrongPlatform {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Fail, Self::Warn];

    /// The word that flags and policies have for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Warn => "warn",
        }
    }
}

/// The paths of programs that an image holds for other systems on purpose, with wildcards:
/// `/opt/firmware/**`. `*` stays within a part of the path, `**` crosses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathPattern(String);

impl PathPattern {
    /// Reads a pattern: an absolute path, or one that begins with `**`.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let is_whole = text.starts_with('/') || text.starts_with("**");
        let fits = is_whole && text.len() <= 512 && !text.chars().any(char::is_control);
        fits.then(|| Self(text.to_owned()))
    }

    /// Whether a path in an image is one of them.
    #[must_use]
    pub fn fits(&self, path: &str) -> bool {
        matches(&self.0, path)
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
