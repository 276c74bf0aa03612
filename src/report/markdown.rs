//! The report as Markdown: the job summary of GitHub, and a page for any other system.
//!
//! Every text that is not ours passes through `escape` or, in the picture, `plain`. Every list has
//! a room of its own, so that the whole is short whatever the report is.

use super::words::{self, MESSAGE};
use super::{Report, Status};

mod cut;
mod escape;
mod images;
mod legs;
mod picture;
mod sections;
mod table;

use cut::joined;
use escape::prose;

/// How many bytes a page may have. GitHub takes 1 MiB a step, and shows nothing of what is longer.
pub const MAX: usize = 900_000;

// What each list may have of it; the rest is for what has a fixed length.
const TABLE: usize = 250_000;
const WRONG: usize = 100_000;
const CHANGED: usize = 170_000;
const PINNED: usize = 150_000;
const NOTES: usize = 50_000;
const DETAILS: usize = 100_000;
const IMAGES: usize = 40_000;
const LEGS: usize = 20_000;
const INDEX: usize = 30_000;

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
        images,
        legs,
        index,
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
        legs::legs(legs, LEGS),
        table::table(tags, TABLE),
        sections::wrong(tags, WRONG),
        sections::picture(tags, legs),
        sections::changed(tags, CHANGED),
        sections::pinned(report, PINNED),
        sections::notes(notes, NOTES),
        sections::details(tags, DETAILS),
        images::images(images, IMAGES),
        legs::index(index.as_deref(), INDEX),
        tally,
    ];
    joined(&blocks.each_ref().map(String::as_str))
}

fn heading(report: &Report) -> String {
    let mark = table::mark(report.standing());
    format!("### {mark} {}\n", prose(&words::sentence(report), MESSAGE))
}

#[cfg(test)]
mod tests;
