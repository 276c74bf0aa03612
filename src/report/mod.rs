//! The report: every verdict, what was done and what it rests on. All outputs render this one value.

mod advice;
mod compose;
mod describe;
mod extract;
mod images;
mod layout;
mod remarks;
mod standing;
mod words;

pub mod dotenv;
pub mod formats;
pub mod github;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod paint;
pub mod terminal;

#[cfg(any(test, fuzzing))]
pub(crate) mod tests;

use std::collections::BTreeMap;

use crate::expectation::Depth;
use crate::note::Note;
use crate::oci::{Digest, MediaType, Platform, Reference, Repository};
use crate::outcome::{self, Left};
use crate::problem::Problem;
use crate::programs::Program;
use crate::verdict;

/// What came out of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Whether tags were only looked at or also repaired.
    pub mode: Mode,
    /// The truth about the whole run, whatever the settings tolerate.
    pub status: Status,
    /// The exit code of the run, with what the settings tolerate.
    pub exit_code: u8,
    /// Why there are no tags: the inputs are unusable (`invalid`) or hold nothing to check (`nothing`).
    pub problem: Option<Problem>,
    /// What is worth knowing besides the verdicts, in the order of the builds.
    pub notes: Vec<Note>,
    /// One entry a tag, in the order of the input.
    pub tags: Vec<Entry>,
    /// The images below the tags, each once.
    pub images: Vec<ImageLooked>,
    /// What a merge was given, in the order of the input.
    pub legs: Vec<LegProven>,
    /// The index that a merge made, as it is put: its bytes as text.
    pub index: Option<String>,
    /// How many requests were sent to registries and token servers.
    pub requests: u64,
    /// How many of them Docker Hub counts as a pull: GETs of manifests.
    pub pulls: u64,
}

/// What the program was asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Look and judge; change nothing.
    Check,
    /// Repair what is safe to repair.
    Fix,
    /// Make an index of the legs of a matrix build, and put it under tags.
    Merge,
}

/// The truth about the whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Every tag is right, and nothing was written.
    Ok,
    /// Every tag is right, and at least one was repaired.
    Fixed,
    /// Nothing was written, as asked; every tag would be right if what is planned succeeded.
    Planned,
    /// At least one tag is wrong and was not repaired; or legs do not make what was asked for.
    Wrong,
    /// Nothing is known to be wrong, but something could not be checked.
    Unproven,
    /// There was nothing to check.
    Nothing,
    /// The inputs are unusable.
    Invalid,
}

/// What is known of one tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// `host/path:tag`, or `host/path@digest` where no tag was named.
    pub reference: Reference,
    /// The bake target that claims it, if the metadata is a bake file's.
    pub target: Option<String>,
    /// What was decided before any write.
    pub verdict: verdict::Code,
    /// Whether a setting (`--on-other warn` and its like) keeps this from failing the run.
    pub tolerated: bool,
    /// What the tag should be.
    pub expected: ExpectedImage,
    /// What the tag was when that was decided; `None` if it was absent or could not be read.
    pub found: Option<Found>,
    /// What the verdict rests on; `None` if nothing is proven.
    pub proof: Option<Proof>,
    /// How deep the proof goes; `None` if nothing is proven.
    pub depth: Option<Depth>,
    /// The images below it, by their digests.
    pub images: Vec<Digest>,
    /// What became of the repair; `None` if none was tried.
    pub outcome: Option<outcome::Code>,
    /// The digest that was replaced, if the tag was written and had one.
    pub before: Option<Digest>,
    /// What was found and done, in one line.
    pub message: String,
    /// Why it matters and what to do, one thing a line; empty when all is well.
    pub help: Vec<String>,
    /// After a repair: the command that shows the tag.
    pub inspect: Option<String>,
    /// After a repair: the command that undoes it. `None` where the tag was created, and where the
    /// digest before was not in the repository at the last look.
    pub undo: Option<String>,
    /// What the registry had forgotten after the write, and was put back.
    pub restored: Vec<Left>,
    /// What was there before the write and is not known to be there after it, and why.
    pub lost: Vec<(Left, String)>,
    /// The pattern of the policy that each of its keys was taken from.
    pub rules: BTreeMap<&'static str, String>,
}

/// A leg of a merge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegProven {
    /// What it is called: its file, and its bake target in that.
    pub name: String,
    /// `host/path@digest`.
    pub reference: Reference,
    /// The platforms of its images.
    pub platforms: Vec<Platform>,
    /// What was decided of it.
    pub verdict: verdict::Code,
    /// The same, in one line.
    pub message: String,
}

/// An image that an expected index lists, or that is one itself, as far as it was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageLooked {
    /// The repository it was read from.
    pub repository: Repository,
    /// The digest of its manifest.
    pub digest: Digest,
    /// What the index lists it for.
    pub platform: Option<Platform>,
    /// What its config says that it is for.
    pub config: Option<Platform>,
    /// The program that was looked at: the one that it starts, or one that shows that it is wrong.
    pub program: Option<Program>,
    /// Whether it is for another platform than the index says.
    pub is_wrong: bool,
    /// How deep it is known.
    pub depth: Depth,
    /// How many of its layers were not read.
    pub layers_not_read: usize,
    /// How large those are together, in bytes.
    pub bytes_not_read: u64,
}

/// What a tag should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedImage {
    /// The digest of the manifest or index; `None` where only an image ID is known.
    pub digest: Option<Digest>,
    /// The image ID (digest of the config), where it is all that is known.
    pub config: Option<Digest>,
    /// Its media type, if known.
    pub media_type: Option<MediaType>,
    /// The platforms it must have: those asked for, or else those it has, if known.
    pub platforms: Vec<Platform>,
}

/// What a tag was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The digest it pointed at.
    pub digest: Option<Digest>,
    /// The media type of that.
    pub media_type: Option<MediaType>,
    /// The platform, where it is one child of the expected index.
    pub platform: Option<Platform>,
    /// Whether it is an attestation manifest of the expected index.
    pub attestation: bool,
    /// The platforms, where it is an index.
    pub platforms: Vec<Platform>,
    /// What it has to do with the build, where the verdict does not say it.
    pub relation: Option<RelationToBuild>,
    /// Its annotation `org.opencontainers.image.created`.
    pub created: Option<String>,
    /// Its annotation `org.opencontainers.image.revision`.
    pub revision: Option<String>,
    /// Its annotation `org.opencontainers.image.version`.
    pub version: Option<String>,
}

/// What the document under a tag has to do with the build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelationToBuild {
    /// It is what another output of the build pushed than the one that the metadata describes.
    OtherOutput,
    /// It is a child of the expected index in another manifest.
    Repacked,
    /// It has exactly the images of the build.
    Same,
    /// It has images of the build, not all, and no others.
    Part,
    /// It has all images of the build, and others.
    More,
    /// It has some images of the build, and others.
    Some,
    /// It has no image of the build.
    None,
}

/// What a verdict rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The digest of the tag's manifest.
    Digest,
    /// The digest of the image's config: the layers were not read.
    Config,
}

/// Which findings the user does not want to fail the run; `on-other` is each expectation's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tolerate {
    /// `--on-unproven warn`.
    pub unproven: bool,
    /// `--on-unpushed warn`: also where there is nothing to check.
    pub unpushed: bool,
}

/// What a tag, or the whole run, has come to: what a renderer makes a mark of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Right by its verdict.
    Right,
    /// Wrong, and repaired.
    Repaired,
    /// Wrong, and right when it was looked at before the write.
    CameRight,
    /// Wrong, and would be written if this were not a dry run.
    Planned,
    /// Wrong or not checked, and a setting keeps it from failing the run.
    Tolerated,
    /// Not checked.
    Unproven,
    /// Wrong; or repaired, and something else was lost by that.
    Wrong,
}

impl Entry {
    /// The digest of what was built: the tag's own where another output of the build pushed it, and
    /// none where it is right by a config alone.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        let found = self.found.as_ref();
        let is_other = found.is_some_and(|it| it.relation == Some(RelationToBuild::OtherOutput));
        match (self.verdict, self.proof) {
            (verdict::Code::Ok, Some(Proof::Config)) => None,
            (verdict::Code::Ok, _) if is_other => found?.digest.as_ref(),
            _ => self.expected.digest.as_ref(),
        }
    }
}

impl RelationToBuild {
    /// All of them, in the order they are documented.
    pub const ALL: [Self; 7] = [
        Self::OtherOutput,
        Self::Repacked,
        Self::Same,
        Self::Part,
        Self::More,
        Self::Some,
        Self::None,
    ];

    /// The relation as the JSON report has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OtherOutput => "other-output",
            Self::Repacked => "re-packed",
            Self::Same => "same",
            Self::Part => "part",
            Self::More => "more",
            Self::Some => "some",
            Self::None => "none",
        }
    }
}

impl Status {
    /// All of them, in the order they are documented.
    pub const ALL: [Self; 7] = [
        Self::Ok,
        Self::Fixed,
        Self::Planned,
        Self::Wrong,
        Self::Unproven,
        Self::Nothing,
        Self::Invalid,
    ];

    /// The status as the JSON report has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Fixed => "fixed",
            Self::Planned => "planned",
            Self::Wrong => "wrong",
            Self::Unproven => "unproven",
            Self::Nothing => "nothing",
            Self::Invalid => "invalid",
        }
    }
}

impl Mode {
    /// All of them, in the order they are documented.
    pub const ALL: [Self; 3] = [Self::Check, Self::Fix, Self::Merge];

    /// Whether it writes to registries.
    #[must_use]
    pub fn writes(self) -> bool {
        self != Self::Check
    }

    /// The mode as the JSON report has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Fix => "fix",
            Self::Merge => "merge",
        }
    }
}

impl Proof {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Digest, Self::Config];

    /// The proof as the JSON report has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Digest => "digest",
            Self::Config => "config",
        }
    }
}
