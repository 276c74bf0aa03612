//! The sections below the table: what is wrong, where the tags point, what was changed, what to
//! deploy, the notes and the details.

use super::cut::{Cut, joined, more, take};
use super::escape::{code, fence, prose};
use super::picture as mermaid;
use crate::note::{self, Note};
use crate::report::words::{self, MESSAGE, NAME};
use crate::report::{Entry, LegProven, Report, describe, extract};
use crate::{outcome, verdict};

/// How many findings are shown outside of the details.
const IN_FULL: usize = 10;

const DOUBLE_PUSH: &str = "<details><summary>What a double push is</summary>\n\n\
With Docker's own builder and the containerd image store, buildx before 0.22 pushes every tag twice: \
BuildKit pushes the whole image, and then Docker pushes the same tags again from its own store. The \
second push can leave a tag on the manifest of one platform, or change its digest. The metadata file \
keeps the trace of it, and so it is said even where every tag is right this time.\n\n\
Where the note names two digests, the `digest` output of the build step is the wrong one, and whatever \
signed or deployed by it used the wrong one. The digests on this page are those of the build's own \
descriptor.\n\n</details>\n";

/// What is wrong and what to do, of the first few.
pub(super) fn wrong(tags: &[Entry], room: usize) -> String {
    let wrong: Vec<&Entry> = tags.iter().filter(|tag| !tag.is_right()).collect();
    if wrong.is_empty() {
        return String::new();
    }
    let items = wrong.iter().take(IN_FULL).map(|tag| {
        let mut item = format!("{}: {}\n", head(tag), prose(&tag.message, MESSAGE));
        item.extend(tag.help.iter().map(|help| nested(&prose(help, MESSAGE))));
        item.extend(tag.tolerated_by().map(|text| nested(&text)));
        item
    });
    let Cut { text, taken } = take(items, room);
    let more = match wrong.len() - taken {
        0 => String::new(),
        count => format!("*and {count} more: see the details*"),
    };
    let heading = match wrong.iter().all(|it| it.verdict == verdict::Code::Unproven) {
        true => "What could not be checked",
        false => "What is wrong",
    };
    joined(&[&format!("#### {heading}"), &text, &more])
}

/// The picture of the tags that are or were wrong.
pub(super) fn picture(tags: &[Entry], legs: &[LegProven]) -> String {
    let Some((text, left_out)) = mermaid::picture(tags, legs) else {
        return String::new();
    };
    let more = match left_out {
        0 => String::new(),
        count => format!(
            "*{} more had no place in the picture.*",
            words::plural(count as u64, "tag")
        ),
    };
    let block = format!("```mermaid\n{text}\n```");
    joined(&["#### Where the tags point", &block, &more])
}

/// What was written, and how to undo it.
pub(super) fn changed(tags: &[Entry], room: usize) -> String {
    let changed: Vec<&Entry> = tags
        .iter()
        .filter(|tag| tag.outcome.is_some_and(outcome::Code::is_written))
        .collect();
    if changed.is_empty() {
        return String::new();
    }
    let items = changed.iter().map(|tag| {
        let found = tag.found.as_ref().and_then(|found| found.digest.as_ref());
        let before = match tag.before.as_ref().or(found) {
            Some(before) => code(&before.short(), NAME),
            None => "no such tag".to_owned(),
        };
        let after = match &tag.expected.digest {
            Some(after) => code(&after.short(), NAME),
            None => "–".to_owned(),
        };
        let mut item = format!("- {}: {before} → {after}", code(&tag.name(), NAME));
        if tag.outcome == Some(outcome::Code::Unsettled) {
            item.push_str(", written but not seen in time");
        }
        if !tag.restored.is_empty() {
            let count = words::plural(tag.restored.len() as u64, "manifest");
            item.push_str(&format!(
                "; the registry forgot {count} by that, put back since"
            ));
        }
        if !tag.lost.is_empty() {
            let count = words::plural(tag.lost.len() as u64, "manifest");
            item.push_str(&format!("; {count} lost, or not known to be there"));
        }
        item.push_str(match (&tag.before, found, &tag.undo) {
            (None, None, None) => "; only the registry can delete it",
            (Some(_), _, None) => "; there is no way to undo it",
            _ => "",
        });
        item.push('\n');
        item
    });
    let commands: Vec<String> = changed.iter().filter_map(|tag| tag.undo.clone()).collect();
    let count = commands.len();
    let undo = block(commands.into_iter(), count, room / 2, "sh", "command");
    let undo = match undo.is_empty() {
        true => undo,
        false => format!("To undo it:\n\n{undo}"),
    };
    let Cut { text, taken } = take(items, room / 2);
    let more = more(changed.len() - taken, "change");
    joined(&["#### What was changed", &text, &more, &undo])
}

/// What is proven, to be copied.
pub(super) fn pinned(report: &Report, room: usize) -> String {
    let pinned = extract::pinned(report);
    if pinned.is_empty() {
        return String::new();
    }
    let count = pinned.len();
    let block = block(pinned.into_iter(), count, room, "text", "reference");
    joined(&["#### Proven, by digest", &block])
}

/// A fenced block of lines.
fn block(
    lines: impl Iterator<Item = String>,
    count: usize,
    room: usize,
    language: &str,
    noun: &str,
) -> String {
    if count == 0 {
        return String::new();
    }
    // A line of many characters beyond ASCII is longer in bytes than in characters.
    let Cut { text, taken } = take(
        lines.map(|line| crate::text::clean(&line, MESSAGE) + "\n"),
        room,
    );
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    joined(&[
        &fence(language, &lines, MESSAGE),
        &more(count - taken, noun),
    ])
}

/// The notes, each with what to do.
pub(super) fn notes(notes: &[Note], room: usize) -> String {
    if notes.is_empty() {
        return String::new();
    }
    let items = notes.iter().map(|note| {
        let Note {
            code,
            message,
            help,
        } = note;
        let mut item = format!("- **{code}**: {}\n", prose(message, MESSAGE));
        item.extend(help.lines().map(|help| nested(&prose(help, MESSAGE))));
        item
    });
    let Cut { text, taken } = take(items, room);
    let explained = match notes.iter().any(|it| it.code == note::Code::DoublePush) {
        true => DOUBLE_PUSH,
        false => "",
    };
    let more = more(notes.len() - taken, "note");
    joined(&["#### Notes", &text, &more, explained])
}

/// Everything on every tag that was not right at once, folded.
pub(super) fn details(tags: &[Entry], room: usize) -> String {
    let findings: Vec<&Entry> = tags
        .iter()
        .filter(|tag| tag.verdict != verdict::Code::Ok)
        .collect();
    if findings.is_empty() {
        return String::new();
    }
    let mut wrong = 0;
    let items = findings.iter().map(|tag| {
        wrong += usize::from(!tag.is_right());
        detail(tag, !tag.is_right() && wrong <= IN_FULL)
    });
    let Cut { text, taken } = take(items, room);
    let more = more(findings.len() - taken, "tag");
    let count = words::plural(findings.len() as u64, "tag");
    let head = format!("<details><summary>Details of {count}</summary>");
    joined(&[&head, &text, &more, "</details>"])
}

/// The message and the help only where they are not shown above.
fn detail(tag: &Entry, is_told: bool) -> String {
    let mut item = format!("{}\n", head(tag));
    if !is_told {
        item.push_str(&nested(&prose(&tag.message, MESSAGE)));
    }
    for (label, what) in describe::facts(tag) {
        if let Some((name, words)) = what {
            let text = prose(&format!("{name} {words}"), MESSAGE);
            item.push_str(&nested(&format!("{label}: {text}")));
        }
    }
    if let Some(before) = describe::replaced(tag) {
        let before = code(before.as_str(), NAME);
        item.push_str(&nested(&format!("replaced: {before}")));
    }
    for (label, text) in describe::aftermath(tag) {
        item.push_str(&nested(&format!("{label} {}", prose(&text, MESSAGE))));
    }
    if let Some(rules) = describe::rules(tag) {
        item.push_str(&nested(&format!("policy: {}", prose(&rules, MESSAGE))));
    }
    if !is_told {
        item.extend(
            tag.help
                .iter()
                .map(|help| nested(&format!("help: {}", prose(help, MESSAGE)))),
        );
    }
    if let Some(inspect) = &tag.inspect {
        item.push_str(&nested(&format!("inspect: {}", code(inspect, MESSAGE))));
    }
    item
}

/// `- **child, refused** `reference` (target `app`)`.
fn head(tag: &Entry) -> String {
    let target = tag.target.as_ref().map_or_else(String::new, |target| {
        format!(" (target {})", code(target, NAME))
    });
    let reference = code(&tag.name(), NAME);
    format!("- **{}** {reference}{target}", tag.codes())
}

fn nested(text: &str) -> String {
    format!("  - {text}\n")
}
