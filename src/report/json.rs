//! The report as JSON: the versioned format that docs/report.md promises.
//!
//! The structs here are the format and are frozen: they only grow. They are apart from the
//! report's own types, so that those can change without changing what others parse. There is no
//! time in it: the same run gives the same bytes.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Entry, ExpectedImage, Found, ImageLooked, LegProven, Report};
use crate::expectation::Depth;
use crate::note::Note;
use crate::oci::{Digest, Platform};
use crate::outcome::Left;
use crate::problem::Problem;
use crate::programs::Program;

/// The version of the format.
pub const VERSION: u32 = 1;

/// The report as a JSON document, indented, with a line break at its end.
///
/// What a terminal or a CI system could take for a command is escaped as JSON allows, so the
/// document can be printed to a log and still parses to the very strings.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut text = serde_json::to_string_pretty(&V1::from(report))
        .expect("strings, numbers and lists always serialize");
    text.push('\n');
    escape(&text)
}

#[derive(Serialize)]
struct V1 {
    version: u32,
    tool: &'static str,
    mode: &'static str,
    status: &'static str,
    exit_code: u8,
    problem: Option<ProblemV1>,
    notes: Vec<NoteV1>,
    tags: Vec<TagV1>,
    images: Vec<ImageV1>,
    legs: Vec<LegV1>,
    index: Option<String>,
    requests: u64,
    pulls: u64,
}

#[derive(Serialize)]
struct ProblemV1 {
    message: String,
    help: Option<String>,
}

#[derive(Serialize)]
struct NoteV1 {
    code: &'static str,
    message: String,
    help: Option<String>,
}

#[derive(Serialize)]
struct TagV1 {
    reference: String,
    target: Option<String>,
    verdict: &'static str,
    tolerated: bool,
    expected: ExpectedV1,
    found: Option<FoundV1>,
    proof: Option<&'static str>,
    depth: Option<&'static str>,
    images: Vec<String>,
    outcome: Option<&'static str>,
    before: Option<String>,
    message: String,
    help: Option<String>,
    inspect: Option<String>,
    undo: Option<String>,
    restored: Vec<LeftV1>,
    lost: Vec<LostV1>,
    rules: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
struct ImageV1 {
    repository: String,
    digest: String,
    platform: Option<String>,
    config_platform: Option<String>,
    program: Option<ProgramV1>,
    wrong: bool,
    depth: &'static str,
    layers_not_read: usize,
    bytes_not_read: u64,
}

#[derive(Serialize)]
struct LegV1 {
    name: String,
    reference: String,
    platforms: Vec<String>,
    verdict: &'static str,
    message: String,
}

#[derive(Serialize)]
struct ProgramV1 {
    path: String,
    platform: String,
}

#[derive(Serialize)]
struct LeftV1 {
    digest: String,
    media_type: String,
    size: usize,
}

#[derive(Serialize)]
struct LostV1 {
    digest: String,
    media_type: String,
    size: usize,
    reason: String,
}

#[derive(Serialize)]
struct ExpectedV1 {
    digest: Option<String>,
    config: Option<String>,
    media_type: Option<String>,
    platforms: Vec<String>,
}

#[derive(Serialize)]
struct FoundV1 {
    digest: Option<String>,
    media_type: Option<String>,
    platform: Option<String>,
    attestation: bool,
    platforms: Vec<String>,
    relation: Option<&'static str>,
    created: Option<String>,
    revision: Option<String>,
    version: Option<String>,
}

// Each conversion names every field: a new one does not compile until it is here.

impl From<&Report> for V1 {
    fn from(report: &Report) -> Self {
        let Report {
            mode,
            status,
            exit_code,
            problem,
            notes,
            tags,
            images,
            legs,
            index,
            requests,
            pulls,
        } = report;
        Self {
            version: VERSION,
            tool: concat!("tagproof ", env!("CARGO_PKG_VERSION")),
            mode: mode.as_str(),
            status: status.as_str(),
            exit_code: *exit_code,
            problem: problem.as_ref().map(ProblemV1::from),
            notes: notes.iter().map(NoteV1::from).collect(),
            tags: tags.iter().map(TagV1::from).collect(),
            images: images.iter().map(ImageV1::from).collect(),
            legs: legs.iter().map(LegV1::from).collect(),
            index: index.clone(),
            requests: *requests,
            pulls: *pulls,
        }
    }
}

impl From<&Problem> for ProblemV1 {
    fn from(problem: &Problem) -> Self {
        let Problem {
            kind: _,
            message,
            help,
        } = problem;
        Self {
            message: message.clone(),
            help: help.clone(),
        }
    }
}

impl From<&Note> for NoteV1 {
    fn from(note: &Note) -> Self {
        let Note {
            code,
            message,
            help,
        } = note;
        Self {
            code: code.as_str(),
            message: message.clone(),
            help: Some(help.clone()).filter(|help| !help.is_empty()),
        }
    }
}

impl From<&Entry> for TagV1 {
    fn from(entry: &Entry) -> Self {
        let Entry {
            reference,
            target,
            verdict,
            tolerated,
            expected,
            found,
            proof,
            depth,
            images,
            outcome,
            before,
            message,
            help,
            inspect,
            undo,
            restored,
            lost,
            rules,
        } = entry;
        Self {
            reference: reference.to_string(),
            target: target.clone(),
            verdict: verdict.as_str(),
            tolerated: *tolerated,
            expected: ExpectedV1::from(expected),
            found: found.as_ref().map(FoundV1::from),
            proof: proof.map(super::Proof::as_str),
            depth: depth.map(Depth::as_str),
            images: images.iter().map(Digest::to_string).collect(),
            outcome: outcome.map(crate::outcome::Code::as_str),
            before: before.as_ref().map(Digest::to_string),
            message: message.clone(),
            help: Some(help.join("\n")).filter(|help| !help.is_empty()),
            inspect: inspect.clone(),
            undo: undo.clone(),
            restored: restored.iter().map(LeftV1::from).collect(),
            lost: lost.iter().map(LostV1::from).collect(),
            rules: rules.clone(),
        }
    }
}

impl From<&ImageLooked> for ImageV1 {
    fn from(image: &ImageLooked) -> Self {
        let ImageLooked {
            repository,
            digest,
            platform,
            config,
            program,
            is_wrong,
            depth,
            layers_not_read,
            bytes_not_read,
        } = image;
        Self {
            repository: repository.to_string(),
            digest: digest.to_string(),
            platform: platform.as_ref().map(Platform::to_string),
            config_platform: config.as_ref().map(Platform::to_string),
            program: program.as_ref().map(ProgramV1::from),
            wrong: *is_wrong,
            depth: depth.as_str(),
            layers_not_read: *layers_not_read,
            bytes_not_read: *bytes_not_read,
        }
    }
}

impl From<&LegProven> for LegV1 {
    fn from(leg: &LegProven) -> Self {
        let LegProven {
            name,
            reference,
            platforms,
            verdict,
            message,
        } = leg;
        Self {
            name: name.clone(),
            reference: reference.to_string(),
            platforms: platforms.iter().map(Platform::to_string).collect(),
            verdict: verdict.as_str(),
            message: message.clone(),
        }
    }
}

impl From<&Program> for ProgramV1 {
    fn from(program: &Program) -> Self {
        let Program { path, machine } = program;
        Self {
            path: path.clone(),
            platform: machine.to_string(),
        }
    }
}

impl From<&Left> for LeftV1 {
    fn from(left: &Left) -> Self {
        let Left {
            digest,
            media_type,
            size,
        } = left;
        Self {
            digest: digest.to_string(),
            media_type: media_type.to_string(),
            size: *size,
        }
    }
}

impl From<&(Left, String)> for LostV1 {
    fn from((left, reason): &(Left, String)) -> Self {
        let LeftV1 {
            digest,
            media_type,
            size,
        } = left.into();
        Self {
            digest,
            media_type,
            size,
            reason: reason.clone(),
        }
    }
}

impl From<&ExpectedImage> for ExpectedV1 {
    fn from(expected: &ExpectedImage) -> Self {
        let ExpectedImage {
            digest,
            config,
            media_type,
            platforms,
        } = expected;
        Self {
            digest: digest.as_ref().map(Digest::to_string),
            config: config.as_ref().map(Digest::to_string),
            media_type: media_type.as_ref().map(ToString::to_string),
            platforms: platforms.iter().map(Platform::to_string).collect(),
        }
    }
}

impl From<&Found> for FoundV1 {
    fn from(found: &Found) -> Self {
        let Found {
            digest,
            media_type,
            platform,
            attestation,
            platforms,
            relation,
            created,
            revision,
            version,
        } = found;
        Self {
            digest: digest.as_ref().map(Digest::to_string),
            media_type: media_type.as_ref().map(ToString::to_string),
            platform: platform.as_ref().map(Platform::to_string),
            attestation: *attestation,
            platforms: platforms.iter().map(Platform::to_string).collect(),
            relation: relation.map(super::RelationToBuild::as_str),
            created: created.clone(),
            revision: revision.clone(),
            version: version.clone(),
        }
    }
}

/// Escapes what serde_json leaves as it is and a log must not show: DEL, C1, every character
/// that is invisible or turns the direction of writing, and each `#` that another follows. All of
/// these stand within strings only.
pub(super) fn escape(json: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(json.len());
    let mut chars = json.chars().peekable();
    while let Some(c) = chars.next() {
        let is_hidden = c != '\n' && (c.is_control() || crate::text::is_invisible(c));
        if is_hidden || (c == '#' && chars.peek() == Some(&'#')) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a `String` cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests;
