//! The report as Markdown: the job summary of GitHub, and a page for any other system.
//!
//! Every text that is not ours passes through `escape` or, in the picture, `plain`. Every list has
//! a room of its own, so that the whole is short whatever the report is.

use super::words::{self, Counts, MESSAGE, NAME};
use super::{Entry, Report, Status};
use crate::verdict;

mod cut;
mod escape;
mod picture;
#[cfg(any(test, fuzzing))]
pub(super) mod reader;
mod sections;
mod table;

use escape::prose;

/// How many bytes a page may have. GitHub takes 1 MiB a step, and shows nothing of what is longer.
pub const MAX: usize = 900_000;

// What each list may have of it; the rest is for what has a fixed length.
const TABLE: usize = 250_000;
const WRONG: usize = 100_000;
const CHANGED: usize = 170_000;
const PINNED: usize = 150_000;
const NOTES: usize = 50_000;
const DETAILS: usize = 120_000;

/// The report as a page: the verdict first, what only some need folded at the end.
#[must_use]
pub fn render(report: &Report) -> String {
    let Report {
        mode: _,
        status,
        exit_code: _,
        problem,
        notes,
        tags,
        requests: _,
        pulls: _,
    } = report;
    let help = problem.as_ref().and_then(|problem| problem.help.as_ref());
    let help = help.map_or_else(String::new, |help| {
        format!("What to do: {}\n", prose(help, MESSAGE))
    });
    let tally = match status {
        Status::Invalid => String::new(),
        _ => format!("{}\n", prose(&words::tally(report), MESSAGE)),
    };
    let blocks = [
        heading(report),
        help,
        table::table(tags, TABLE),
        sections::wrong(tags, WRONG),
        sections::picture(tags),
        sections::changed(tags, CHANGED),
        sections::pinned(report, PINNED),
        sections::notes(notes, NOTES),
        sections::details(tags, DETAILS),
        tally,
    ];
    joined(&blocks.each_ref().map(String::as_str))
}

/// The blocks that are not empty, with an empty line between two of them.
fn joined(blocks: &[&str]) -> String {
    let blocks: Vec<&str> = blocks
        .iter()
        .map(|block| block.trim_end_matches('\n'))
        .filter(|block| !block.is_empty())
        .collect();
    blocks.join("\n\n") + "\n"
}

fn heading(report: &Report) -> String {
    let mark = match report.status {
        Status::Ok | Status::Fixed => "✅",
        Status::Wrong if Counts::of(&report.tags).are_all_softened() => "⚠️",
        Status::Wrong | Status::Invalid => "❌",
        Status::Unproven | Status::Nothing => "⚠️",
    };
    format!("### {mark} {}\n", prose(&words::sentence(report), MESSAGE))
}

fn mark(tag: &Entry) -> &'static str {
    match tag.verdict {
        _ if tag.is_right() => "✅",
        _ if tag.softened => "⚠️",
        verdict::Code::Unproven => "⚠️",
        _ => "❌",
    }
}

/// That a list was cut, if it was.
fn more(count: usize, noun: &str) -> String {
    match count {
        0 => String::new(),
        count => format!(
            "*{} more had no place here: the JSON report has all.*\n",
            words::plural(count as u64, noun)
        ),
    }
}

#[cfg(test)]
mod tests;
