//! The words that every human-readable rendering shares: the verdict sentence and its parts.

use super::{Entry, Mode, RelationToBuild, Report, Standing, Status};
use crate::oci::{MediaType, Platform};
use crate::text::clean;
use crate::verdict::{self, MAX_MISSING};

/// How many characters of a message are shown.
pub(super) const MESSAGE: usize = 2_000;
/// How many characters of a name or an annotation are shown.
pub(super) const NAME: usize = 512;

/// How many of what is alike, or lacking, are listed in a sentence.
pub(super) const MAX_LISTED: usize = 20;
// Otherwise nothing would say that there is more.
const _: () = assert!(MAX_LISTED < MAX_MISSING);

/// How many tags came to which end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) tags: usize,
    /// Right by their verdict.
    pub(super) ok: usize,
    pub(super) fixed: usize,
    pub(super) already_right: usize,
    /// To be written, if this were not a dry run.
    pub(super) planned: usize,
    /// Wrong and not repaired.
    pub(super) wrong: usize,
    pub(super) unproven: usize,
    /// How many of the wrong and the unproven do not fail the run.
    pub(super) tolerated: usize,
}

impl Counts {
    pub(super) fn new(tags: &[Entry]) -> Self {
        let mut counts = Self::default();
        for tag in tags {
            counts.tags += 1;
            let standing = tag.standing();
            *match standing {
                Standing::Right => &mut counts.ok,
                Standing::Repaired => &mut counts.fixed,
                Standing::CameRight => &mut counts.already_right,
                Standing::Planned => &mut counts.planned,
                _ if tag.verdict == verdict::Code::Unproven => &mut counts.unproven,
                Standing::Tolerated | Standing::Unproven | Standing::Wrong => &mut counts.wrong,
            } += 1;
            counts.tolerated += usize::from(standing == Standing::Tolerated);
        }
        counts
    }

    /// Whether there is something to fail the run, and a setting keeps all of it from that.
    pub(super) fn are_all_tolerated(self) -> bool {
        self.tolerated > 0 && self.tolerated == self.wrong + self.unproven
    }
}

/// The whole run in one sentence, without a mark and a full stop.
pub(super) fn sentence(report: &Report) -> String {
    let counts = Counts::new(&report.tags);
    let problem = report.problem.as_ref().map_or_else(String::new, |problem| {
        format!(": {}", clean(&problem.message, MESSAGE))
    });
    let merged = merged(report, counts);
    let mut text = match report.status {
        _ if report.problem.is_none() && merged.is_some() => merged.unwrap_or_default(),
        // Nothing was looked at.
        Status::Wrong | Status::Unproven if report.problem.is_some() => {
            problem.trim_start_matches(": ").to_owned()
        }
        Status::Ok if report.mode == Mode::Merge => {
            "every tag is the merged index already".to_owned()
        }
        Status::Planned => format!(
            "a dry run: {} be written",
            part(counts.planned, counts.tags, "would", "would")
        ),
        Status::Ok if counts.tags == 1 => "the tag is what the build made".to_owned(),
        Status::Ok => "every tag is what the build made".to_owned(),
        Status::Fixed => format!(
            "{} wrong and {} repaired",
            part(counts.fixed, counts.tags, "was", "were"),
            if counts.fixed == 1 { "is" } else { "are" }
        ),
        Status::Wrong => {
            let mut text = format!("{} wrong", part(counts.wrong, counts.tags, "is", "are"));
            if counts.fixed > 0 {
                text.push_str(&format!(
                    ", {} repaired",
                    counted(counts.fixed, "was", "were")
                ));
            }
            if counts.unproven > 0 {
                let unproven = counts.unproven;
                text.push_str(&format!(", {unproven} could not be checked"));
            }
            text
        }
        Status::Unproven => {
            let mut text = part(counts.unproven, counts.tags, "could", "could");
            text.push_str(" not be checked");
            if counts.fixed > 0 {
                text.push_str(&format!(
                    ", {} repaired",
                    counted(counts.fixed, "was", "were")
                ));
            }
            text
        }
        Status::Nothing => problem.trim_start_matches(": ").to_owned(),
        Status::Invalid => format!("the inputs are unusable{problem}"),
    };
    if counts.are_all_tolerated() {
        text.push_str(" (a warning only, as asked)");
    }
    text
}

/// The same of a merge that came to put the index under tags.
fn merged(report: &Report, counts: Counts) -> Option<String> {
    if report.mode != Mode::Merge {
        return None;
    }
    let published = counted(counts.fixed, "was", "were");
    match report.status {
        Status::Ok => Some("every tag is the merged index already".to_owned()),
        Status::Fixed => Some(format!(
            "{} {} merged, and {} published",
            plural(report.legs.len() as u64, "leg"),
            if report.legs.len() == 1 { "is" } else { "are" },
            part(counts.fixed, counts.tags, "is", "are")
        )),
        Status::Wrong => {
            let wrong = part(counts.wrong, counts.tags, "was", "were");
            Some(match counts.fixed {
                0 => format!("{wrong} not moved"),
                _ => format!("{wrong} not moved, {published} published"),
            })
        }
        Status::Planned | Status::Unproven | Status::Nothing | Status::Invalid => None,
    }
}

/// `3 tags: 2 ok, 1 wrong · 13 requests (1 pull)`.
pub(super) fn tally(report: &Report) -> String {
    let counts = Counts::new(&report.tags);
    let parts: Vec<String> = [
        (counts.ok, "ok"),
        (counts.fixed, "fixed"),
        (counts.already_right, "already right"),
        (counts.planned, "planned"),
        (counts.wrong, "wrong"),
        (counts.unproven, "not checked"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect();
    let mut text = plural(counts.tags as u64, "tag");
    if !parts.is_empty() {
        text.push_str(&format!(": {}", parts.join(", ")));
    }
    text.push_str(&format!(" · {}", plural(report.requests, "request")));
    if report.pulls > 0 {
        text.push_str(&format!(" ({})", plural(report.pulls, "pull")));
    }
    text
}

/// `1 of 3 tags is`, `2 tags are`, `the tag is`.
fn part(some: usize, all: usize, is: &str, are: &str) -> String {
    match (some, all) {
        (1, 1) => format!("the tag {is}"),
        (some, all) if some == all => format!("{some} tags {are}"),
        (1, all) => format!("1 of {all} tags {is}"),
        (some, all) => format!("{some} of {all} tags {are}"),
    }
}

fn counted(count: usize, was: &str, were: &str) -> String {
    format!("{count} {}", if count == 1 { was } else { were })
}

/// `1 tag`, `2 tags`.
pub(super) fn plural(count: u64, noun: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{s}")
}

/// What a tag was found to be: `child (linux/arm64)`.
pub(super) fn finding(tag: &Entry) -> String {
    let code = tag.verdict;
    let depth = tag.depth.filter(|_| code == verdict::Code::Ok);
    let depth = depth.map(|depth| depth.to_string());
    let Some(found) = &tag.found else {
        return code.to_string();
    };
    let platform = found.platform.as_ref().map(ToString::to_string);
    let relation = match found.relation {
        Some(RelationToBuild::OtherOutput) => Some("another output"),
        Some(RelationToBuild::Repacked) => Some("re-packed"),
        Some(RelationToBuild::Same) => Some("the same image"),
        Some(
            RelationToBuild::Part
            | RelationToBuild::More
            | RelationToBuild::Some
            | RelationToBuild::None,
        )
        | None => None,
    };
    let words: Vec<String> = match found.attestation {
        true => vec!["attestation".to_owned()],
        false => platform
            .into_iter()
            .chain(relation.map(str::to_owned))
            .chain(depth)
            .collect(),
    };
    match words.is_empty() {
        true => code.to_string(),
        false => format!("{code} ({})", words.join(", ")),
    }
}

/// The kind of a document in the field's words.
pub(super) fn kind(media_type: &MediaType) -> &'static str {
    match media_type {
        MediaType::OciIndex => "image index",
        MediaType::DockerList => "manifest list",
        MediaType::OciManifest | MediaType::DockerManifest => "manifest",
        MediaType::Other(_) => "document of an unknown kind",
    }
}

/// `linux/amd64, linux/arm64`.
pub(super) fn platforms(platforms: &[Platform]) -> String {
    platforms
        .iter()
        .map(Platform::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
