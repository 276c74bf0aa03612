//! The verdicts, and one table of what each kind of them means.

use std::fmt;

use crate::observation::{Gone, WrongImage};
use crate::oci::{Attestation, Child, Platform};
use crate::registry::Error;

/// What is true of one expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The tag is the expected image.
    Ok,
    /// The tag is this child of the expected index, or of an index that it lists; or a manifest that
    /// was packed again from it.
    Child(Child),
    /// The tag is an index whose only image is the expected manifest.
    Wrapped,
    /// There is no such tag, but the expected image is in the repository.
    Absent,
    /// The tag is something else.
    Other(Relation),
    /// The expected image lacks what was asked for.
    Incomplete(Vec<Missing>),
    /// These images are for another platform than the index says.
    WrongPlatform(Vec<WrongImage>),
    /// These are gone: children of the expected index (images, or attestations that are required), or
    /// parts of images.
    Broken(Vec<Gone>),
    /// The tag does not show the expected image, and the repository does not have it.
    NeverPushed,
    /// Several of the given builds claim this tag, with different images.
    Conflict,
    /// What the judgement needs could not be read, for this reason.
    Unproven(Error),
}

/// What was asked for of an image, and is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// A platform.
    Platform(Platform),
    /// An attestation, of this platform if it is known.
    Attestation(Attestation, Option<Platform>),
}

/// What the document under a tag has to do with the build, where it is none of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// It holds all images of this build, and more: a merge job's.
    More,
    /// It holds exactly the images of this build, in another manifest or index: one that was built
    /// again from a cache, or packed again.
    Same,
    /// It holds nothing but images of this build, yet is not what it made, such as fewer platforms.
    Part,
    /// It holds some images of this build, not all, and others.
    Some,
    /// It holds none.
    None,
}

impl Verdict {
    /// The stable code of the verdict.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Ok => Code::Ok,
            Self::Child(_) => Code::Child,
            Self::Wrapped => Code::Wrapped,
            Self::Absent => Code::Absent,
            Self::Other(_) => Code::Other,
            Self::Incomplete(_) => Code::Incomplete,
            Self::WrongPlatform(_) => Code::WrongPlatform,
            Self::Broken(_) => Code::Broken,
            Self::NeverPushed => Code::NeverPushed,
            Self::Conflict => Code::Conflict,
            Self::Unproven(_) => Code::Unproven,
        }
    }
}

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
    /// The expected image lacks a platform or an attestation that was asked for.
    Incomplete,
    /// What the index lists for one platform is an image, or a program, for another one.
    WrongPlatform,
    /// The index is right, but an image child of it, or a part of one, is gone.
    Broken,
    /// The tag does not show the expected digest, and the repository does not have it.
    NeverPushed,
    /// Two builds claim this tag with different digests.
    Conflict,
    /// What the judgement needs could not be read.
    Unproven,
}

/// What a kind of verdict means, whatever it holds: a row of the table.
#[derive(Clone, Copy, Debug)]
struct Meaning {
    /// The code in reports and documents.
    code: &'static str,
    /// Whether pointing the tag at the expected image can make it right.
    is_repairable: bool,
    /// Whether it may come of a registry that lags behind a push, so that it is doubted for a time.
    may_pass: bool,
    /// Whether the registry holds something of the build.
    is_pushed: bool,
    /// The setting that keeps it from failing the run.
    tolerated_by: Option<Setting>,
}

/// A setting that keeps a verdict from failing the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// `on-other: warn`.
    OnOther,
    /// `on-wrong-platform: warn`.
    OnWrongPlatform,
    /// `on-unproven: warn`.
    OnUnproven,
    /// `on-unpushed: warn`.
    OnUnpushed,
}

impl Code {
    /// All of them, in the order they are documented.
    pub const ALL: [Self; 11] = [
        Self::Ok,
        Self::Child,
        Self::Wrapped,
        Self::Absent,
        Self::Other,
        Self::Incomplete,
        Self::WrongPlatform,
        Self::Broken,
        Self::NeverPushed,
        Self::Conflict,
        Self::Unproven,
    ];

    /// The table.
    const fn row(self) -> Meaning {
        /// One that nothing about the tag can change.
        const fn final_row(code: &'static str, is_pushed: bool) -> Meaning {
            Meaning {
                code,
                is_repairable: false,
                may_pass: false,
                is_pushed,
                tolerated_by: None,
            }
        }
        const fn repairable(code: &'static str) -> Meaning {
            Meaning {
                is_repairable: true,
                ..final_row(code, true)
            }
        }
        match self {
            Self::Ok => final_row("ok", true),
            Self::Child => repairable("child"),
            Self::Wrapped => repairable("wrapped"),
            Self::Absent => Meaning {
                may_pass: true,
                ..repairable("absent")
            },
            Self::Other => Meaning {
                may_pass: true,
                tolerated_by: Some(Setting::OnOther),
                ..repairable("other")
            },
            Self::Incomplete => final_row("incomplete", true),
            Self::WrongPlatform => Meaning {
                tolerated_by: Some(Setting::OnWrongPlatform),
                ..final_row("wrong-platform", true)
            },
            Self::Broken => Meaning {
                may_pass: true,
                ..final_row("broken", true)
            },
            Self::NeverPushed => Meaning {
                may_pass: true,
                tolerated_by: Some(Setting::OnUnpushed),
                ..final_row("never-pushed", false)
            },
            Self::Conflict => final_row("conflict", false),
            Self::Unproven => Meaning {
                tolerated_by: Some(Setting::OnUnproven),
                ..final_row("unproven", false)
            },
        }
    }

    /// The code as it is in reports and documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.row().code
    }

    /// Whether pointing the tag at the expected image can make it right.
    #[must_use]
    pub fn is_repairable(self) -> bool {
        self.row().is_repairable
    }

    /// Whether it may come of a registry that lags behind a push, so that it is doubted for a time.
    #[must_use]
    pub fn may_pass(self) -> bool {
        self.row().may_pass
    }

    /// Whether the registry holds something of the build.
    #[must_use]
    pub fn is_pushed(self) -> bool {
        self.row().is_pushed
    }

    /// The setting that keeps it from failing the run, if there is one.
    #[must_use]
    pub fn tolerated_by(self) -> Option<Setting> {
        self.row().tolerated_by
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
