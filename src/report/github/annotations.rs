//! Annotations: workflow commands that the runner takes from the log.
//!
//! The grammar is that of the runner's `ActionCommand.cs`: `::name key=value::data`, with `%`, CR
//! and LF escaped in the data, and `:` and `,` as well in a value.

use std::collections::BTreeSet;

use crate::note::Note;
use crate::problem::{Problem, ProblemKind};
use crate::report::words::MESSAGE;
use crate::report::{Entry, Mode, Report, Standing, describe};
use crate::text::clean;

/// The runner drops, without a word, what a step says beyond ten of a kind.
const MAX: usize = 10;
/// The runner cuts longer messages, counted in UTF-16; ours are as long with their escapes.
const MAX_MESSAGE: usize = 4_096;
/// How many characters of a reference are shown in a title. GitHub takes 255 of a whole title.
const TITLE: usize = 200;

/// One line for every problem of a tag and every note, the worst first, at most ten.
///
/// A wrong tag and one that could not be checked is an error, or a warning where a setting tolerates
/// it; a repaired tag is a warning; a note, and a tag that came right by itself, is a notice.
/// What has no place is in the job summary, if there is one, or else in the log.
#[must_use]
pub fn annotations(report: &Report, has_summary: bool) -> String {
    let mut all = collect(report);
    all.sort_by_key(|annotation| annotation.level);
    if all.len() > MAX {
        let rest = all.split_off(MAX - 1);
        let place = if has_summary { "job summary" } else { "log" };
        all.extend(rest.first().map(|first| Annotation {
            level: first.level,
            title: format!("{} more", rest.len()),
            lines: vec![format!(
                "{} more annotations have no place here: the {place} tells all",
                rest.len()
            )],
        }));
    }
    all.iter().map(Annotation::command).collect()
}

struct Annotation {
    level: Level,
    title: String,
    lines: Vec<String>,
}

/// The worst first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Error,
    Warning,
    Notice,
}

fn collect(report: &Report) -> Vec<Annotation> {
    let Report {
        mode,
        status: _,
        exit_code,
        problem,
        notes,
        tags,
        requests: _,
        images: _,
        legs: _,
        index: _,
        pulls: _,
    } = report;
    let problem = problem.iter().map(|it| from_problem(it, *exit_code));
    // Two builds that claim one tag are two entries and one problem.
    let mut seen = BTreeSet::new();
    let tags = tags
        .iter()
        .filter(|tag| seen.insert((tag.verdict, &tag.reference)))
        .filter_map(|tag| from_tag(tag, *mode));
    problem
        .chain(tags)
        .chain(notes.iter().map(from_note))
        .collect()
}

fn from_problem(problem: &Problem, exit_code: u8) -> Annotation {
    let Problem {
        kind,
        message,
        help,
    } = problem;
    let title = match kind {
        ProblemKind::Invalid => "the inputs are unusable",
        ProblemKind::Nothing => "nothing to check",
        ProblemKind::Refused | ProblemKind::Unproven => "the legs are not merged",
    };
    let level = match exit_code {
        0 => Level::Warning,
        _ => Level::Error,
    };
    let mut lines = vec![clean(message, MESSAGE)];
    lines.extend(help.iter().map(|help| helping(help)));
    Annotation {
        level,
        title: title.to_owned(),
        lines,
    }
}

fn from_note(note: &Note) -> Annotation {
    let Note {
        code,
        message,
        help,
    } = note;
    let mut lines = vec![clean(message, MESSAGE)];
    lines.extend(help.lines().map(helping));
    Annotation {
        level: Level::Notice,
        title: code.to_string(),
        lines,
    }
}

fn from_tag(tag: &Entry, mode: Mode) -> Option<Annotation> {
    let level = match tag.standing() {
        // It is what a merge is for.
        Standing::Repaired if mode == Mode::Merge => return None,
        Standing::Right => return None,
        Standing::CameRight | Standing::Planned => Level::Notice,
        Standing::Repaired | Standing::Tolerated => Level::Warning,
        Standing::Unproven | Standing::Wrong => Level::Error,
    };
    let mut lines = vec![clean(&tag.message, MESSAGE)];
    lines.extend(describe::lines(tag));
    lines.extend(tag.help.iter().map(|help| helping(help)));
    let undo = tag.undo.iter();
    lines.extend(undo.map(|undo| format!("undo: {}", clean(undo, MESSAGE))));
    lines.extend(tag.tolerated_by());
    Some(Annotation {
        level,
        title: format!(
            "{}: {}",
            tag.codes(),
            clean(&tag.reference.to_string(), TITLE)
        ),
        lines,
    })
}

fn helping(line: &str) -> String {
    format!("help: {}", clean(line, MESSAGE))
}

impl Annotation {
    fn command(&self) -> String {
        let Self {
            level,
            title,
            lines,
        } = self;
        let name = match level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Notice => "notice",
        };
        let title = escape(
            title,
            &[('%', "%25"), (':', "%3A"), (',', "%2C")],
            usize::MAX,
        );
        let message = escape(
            &lines.join("\n"),
            &[('%', "%25"), ('\n', "%0A")],
            MAX_MESSAGE,
        );
        format!("::{name} title={title}::{message}\n")
    }
}

/// The text with every character of `escapes` escaped, in at most `max` UTF-16 units. A carriage
/// return cannot be in it: it was cleaned.
fn escape(text: &str, escapes: &[(char, &str)], max: usize) -> String {
    let escaped = |c: char| {
        let known = escapes.iter().find(|(from, _)| *from == c);
        known.map_or_else(|| c.to_string(), |(_, to)| (*to).to_owned())
    };
    let units = |text: &str| text.encode_utf16().count();
    let whole: String = text.chars().map(escaped).collect();
    if units(&whole) <= max {
        return whole;
    }
    let mut cut = String::new();
    let mut room = max.saturating_sub(units("…"));
    for next in text.chars().map(escaped) {
        let Some(left) = room.checked_sub(units(&next)) else {
            break;
        };
        room = left;
        cut.push_str(&next);
    }
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests;
