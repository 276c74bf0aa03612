//! The table of tags: a row each, with short digests.

use super::cut::{Cut, joined, more, take};
use super::escape::{cell, prose};
use crate::oci::{Digest, Platform};
use crate::report::words::{self, NAME};
use crate::report::{Entry, ExpectedImage, Found, Proof, Standing};
use crate::verdict;

/// More rows than this are read by no one: what is right is left out first.
const MAX: usize = 500;

const HEAD: &str = "| Tag | Expected | Found | Platforms | Result |\n|---|---|---|---|---|\n";

/// The table, in at most `room` bytes. Empty if there are no tags.
pub(super) fn table(tags: &[Entry], room: usize) -> String {
    if tags.is_empty() {
        return String::new();
    }
    let is_ok = |tag: &&Entry| tag.verdict == verdict::Code::Ok;
    let findings = tags.iter().filter(|tag| !is_ok(tag)).count();
    // In the order of the report, but as many of the right ones only as the others leave room for.
    let mut ok_left = MAX.saturating_sub(findings);
    let rows = tags
        .iter()
        .filter(|tag| {
            let is_shown = !is_ok(tag) || ok_left > 0;
            ok_left -= usize::from(is_ok(tag) && ok_left > 0);
            is_shown
        })
        .take(MAX)
        .map(row);
    let Cut { text, taken } = take(rows, room.saturating_sub(HEAD.len()));
    let more = more(tags.len() - taken, "tag");
    joined(&[&format!("{HEAD}{text}"), &more])
}

fn row(tag: &Entry) -> String {
    let mut name = cell(&tag.name(), NAME);
    if let Some(target) = &tag.target {
        name.push_str(&format!(" (target {})", cell(target, NAME)));
    }
    format!(
        "| {name} | {} | {} | {} | {} |\n",
        expected(&tag.expected),
        found(tag),
        platforms(tag),
        result(tag)
    )
}

fn expected(expected: &ExpectedImage) -> String {
    let ExpectedImage {
        digest,
        config,
        media_type: _,
        platforms: _,
    } = expected;
    match (digest, config) {
        (Some(digest), _) => short(digest),
        (None, Some(config)) => format!("image ID {}", short(config)),
        (None, None) => "–".to_owned(),
    }
}

fn found(tag: &Entry) -> String {
    match (&tag.found, tag.verdict) {
        (Some(found), _) => found.digest.as_ref().map_or("–".to_owned(), short),
        (None, verdict::Code::Absent | verdict::Code::NeverPushed) => "nothing".to_owned(),
        (None, _) => "–".to_owned(),
    }
}

fn short(digest: &Digest) -> String {
    cell(&digest.short(), NAME)
}

/// What it should have; of what is wrong what it has, and what is missing.
fn platforms(tag: &Entry) -> String {
    let wanted = &tag.expected.platforms;
    let shown = |platforms: &[Platform]| cell(&words::platforms(platforms), NAME);
    let Some(found) = tag.found.as_ref().filter(|_| !tag.is_right()) else {
        return shown(wanted);
    };
    let Found {
        digest: _,
        media_type: _,
        platform,
        attestation: _,
        platforms,
        relation: _,
        created: _,
        revision: _,
        version: _,
    } = found;
    let has: Vec<Platform> = platforms.iter().chain(platform).cloned().collect();
    if has.is_empty() {
        return shown(wanted);
    }
    let missing: Vec<Platform> = wanted
        .iter()
        .filter(|asked| !has.iter().any(|it| asked.is_met_by(it)))
        .cloned()
        .collect();
    if missing.is_empty() {
        return shown(&has);
    }
    format!("{}, without {}", shown(&has), shown(&missing))
}

/// What a page says of a tag or of the whole run at a glance.
pub(super) fn mark(standing: Standing) -> &'static str {
    match standing {
        Standing::Right | Standing::Repaired | Standing::CameRight => "✅",
        Standing::Planned => "📝",
        Standing::Tolerated | Standing::Unproven => "⚠️",
        Standing::Wrong => "❌",
    }
}

fn result(tag: &Entry) -> String {
    let finding = prose(&words::finding(tag), NAME).replace('|', "¦");
    let mark = mark(tag.standing());
    match (tag.verdict, tag.outcome) {
        (verdict::Code::Ok, _) if tag.proof == Some(Proof::Config) => {
            format!("{mark} {finding}, by its image ID")
        }
        (verdict::Code::Ok, _) => format!("{mark} {finding}"),
        (_, Some(outcome)) if outcome.is_right() => format!("{mark} {outcome}, was {finding}"),
        (_, Some(outcome)) => format!("{mark} {finding}, {outcome}"),
        (_, None) if tag.tolerated => format!("{mark} {finding}, a warning only"),
        (_, None) => format!("{mark} {finding}"),
    }
}
