//! The report for people at a terminal or in a log: the verdict first, the sum last.

use std::time::Duration;

use super::layout::{width_of, wrap};
use super::paint::{Paint, Tone};
use super::words::{self, MESSAGE};
use super::{Report, Standing, Status};
use crate::note::Note;
use crate::text::clean;

mod finding;
mod list;

/// How the report is shown.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Whether to color; see [`super::paint::wanted`].
    pub color: bool,
    /// How many columns a line may have; 0 if there is no limit, as in a log.
    pub width: usize,
    /// Say nothing when all is right but what was repaired or is worth a note, and else no more
    /// than is wrong.
    pub quiet: bool,
    /// How long the run took.
    pub elapsed: Duration,
}

/// The report as text. Empty if there is nothing to say quietly.
///
/// Commands to type and digests to copy are never cut and never wrapped, however narrow the terminal is.
#[must_use]
pub fn render(report: &Report, style: &Style) -> String {
    let mut page = Page {
        width: style.width,
        paint: Paint { on: style.color },
        blocks: Vec::new(),
    };
    match report.status {
        Status::Ok | Status::Fixed if style.quiet => {
            page.findings(&report.tags);
            for note in &report.notes {
                page.note(note);
            }
        }
        _ => {
            page.verdict(report);
            page.list(&report.tags, style.quiet);
            page.findings(&report.tags);
            for note in &report.notes {
                page.note(note);
            }
            page.planned(report);
            page.explain(report);
            page.sum(report, style.elapsed);
        }
    }
    page.finish()
}

/// Blocks of lines, with an empty line between two of them.
struct Page {
    width: usize,
    paint: Paint,
    blocks: Vec<Vec<String>>,
}

impl Page {
    fn verdict(&mut self, report: &Report) {
        let tone = tone(report.standing());
        let label = format!("{} ", mark(tone));
        let text = wrap(&label, &words::sentence(report), 2, self.width).join("\n");
        let mut block = vec![self.paint.apply(tone, &text)];
        if let Some(help) = report.problem.as_ref().and_then(|p| p.help.as_ref()) {
            block.extend(self.labelled("help:", help));
        }
        self.blocks.push(block);
    }

    fn note(&mut self, note: &Note) {
        let Note {
            code,
            message,
            help,
        } = note;
        let label = format!("note[{code}]");
        let text = clean(message, MESSAGE);
        let mut block = wrap(&format!("{label} "), &text, 2, self.width);
        if let Some(rest) = block.first().and_then(|line| line.strip_prefix(&label)) {
            let first = format!("{}{rest}", self.paint.apply(Tone::Doubtful, &label));
            block.splice(..1, [first]);
        }
        for line in help.lines() {
            block.extend(self.labelled("help:", line));
        }
        self.blocks.push(block);
    }

    /// In a dry run: the index that would be put.
    fn planned(&mut self, report: &Report) {
        if let (Status::Planned, Some(index)) = (report.status, &report.index) {
            let lines = index.lines().map(|line| clean(line, MESSAGE));
            self.blocks.push(lines.collect());
        }
    }

    /// Where to read more about the first thing that is wrong.
    fn explain(&mut self, report: &Report) {
        let wrong = report.tags.iter().find(|tag| !tag.is_right());
        if let Some(tag) = wrong {
            let code = tag.verdict;
            let text = format!("`tagproof explain {code}` says more");
            self.blocks.push(wrap("", &text, 0, self.width));
        }
    }

    fn sum(&mut self, report: &Report, elapsed: Duration) {
        if report.status == Status::Invalid {
            return;
        }
        let text = format!("{} · {}", words::tally(report), seconds(elapsed));
        self.blocks.push(wrap("", &text, 0, self.width));
    }

    /// A line of its own under a heading, wrapped.
    fn labelled(&self, label: &str, text: &str) -> Vec<String> {
        let label = format!("  {label} ");
        wrap(&label, &clean(text, MESSAGE), 4, self.width)
    }

    /// A digest and, in the same line if they fit there, the words on it.
    fn fact(&self, label: &str, digest: &str, words: &str) -> Vec<String> {
        let line = format!("  {label} {digest} {words}");
        if self.width == 0 || width_of(&line) <= self.width {
            return vec![line.trim_end().to_owned()];
        }
        let mut lines = wrap(&format!("  {label} "), digest, 4, self.width);
        if !words.is_empty() {
            lines.extend(wrap("    ", words, 4, self.width));
        }
        lines
    }

    /// A command: whole, whatever the width.
    fn verbatim(&self, label: &str, command: &str) -> Vec<String> {
        let command = clean(command, MESSAGE);
        let line = format!("  {label} {command}");
        if self.width == 0 || width_of(&line) <= self.width {
            vec![line]
        } else {
            vec![format!("  {label}"), format!("    {command}")]
        }
    }

    fn finish(self) -> String {
        let blocks: Vec<String> = self
            .blocks
            .into_iter()
            .filter(|block| !block.is_empty())
            .map(|block| block.join("\n"))
            .collect();
        let mut out = blocks.join("\n\n");
        if !out.is_empty() {
            out.push('\n');
        }
        out
    }
}

fn mark(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "✔",
        Tone::Bad => "✖",
        Tone::Doubtful => "!",
    }
}

fn tone(standing: Standing) -> Tone {
    match standing {
        Standing::Right | Standing::Repaired | Standing::CameRight => Tone::Good,
        Standing::Tolerated | Standing::Unproven | Standing::Planned => Tone::Doubtful,
        Standing::Wrong => Tone::Bad,
    }
}

/// `0.8 s`, `75 s` and then `5 min 3 s`.
fn seconds(elapsed: Duration) -> String {
    match elapsed.as_secs() {
        0..10 => format!("{:.1} s", elapsed.as_secs_f64()),
        whole @ 10..120 => format!("{whole} s"),
        whole => format!("{} min {} s", whole / 60, whole % 60),
    }
}

#[cfg(test)]
mod tests;
