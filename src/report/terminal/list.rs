//! The list of tags: one aligned line each, with short digests.

use super::{Page, mark, tone};
use crate::oci::{Digest, Reference};
use crate::report::layout::{elide, width_of};
use crate::report::paint::Tone;
use crate::report::words::{self, NAME};
use crate::report::{Entry, Proof};
use crate::text::clean;
use crate::verdict;

/// A column for references that would be narrower than this gets a line of its own instead.
const NARROWEST_REFERENCE: usize = 24;

/// One tag in the list.
struct Row {
    mark: (&'static str, Tone),
    reference: String,
    digest: String,
    words: String,
    more: String,
}

impl Page {
    pub(super) fn list(&mut self, tags: &[Entry], only_findings: bool) {
        let rows: Vec<Row> = tags
            .iter()
            .filter(|tag| !only_findings || tag.verdict != verdict::Code::Ok)
            .map(Row::new)
            .collect();
        let widest = |of: fn(&Row) -> &str| rows.iter().map(|row| width_of(of(row))).max();
        let reference = widest(|row| &row.reference).unwrap_or(0);
        let digest = widest(|row| &row.digest).unwrap_or(0);
        let words = widest(|row| &row.words).unwrap_or(0);
        let more = widest(|row| &row.more).unwrap_or(0);
        let fits = |columns: usize| self.width == 0 || columns <= self.width;

        // Two columns each for the indent, the mark and every gap.
        let rest = 4 + 2 + digest + 2 + words;
        let with_more = fits(rest + reference + 2 + more);
        let reference = if fits(rest + reference) {
            reference
        } else {
            self.width.saturating_sub(rest)
        };
        let stacked = reference < NARROWEST_REFERENCE.min(widest(|r| &r.reference).unwrap_or(0));
        let lines = rows
            .iter()
            .map(|row| {
                let mark = self.paint.apply(row.mark.1, row.mark.0);
                let name = if stacked {
                    elide(&row.reference, self.width.saturating_sub(4))
                } else {
                    let name = elide(&row.reference, reference);
                    format!("{name}{}", " ".repeat(reference - width_of(&name)))
                };
                let break_or_gap = if stacked { "\n    " } else { "  " };
                let more = if with_more { row.more.as_str() } else { "" };
                let line = format!(
                    "  {mark} {name}{break_or_gap}{:digest$}  {:words$}  {more}",
                    row.digest, row.words
                );
                line.trim_end().to_owned()
            })
            .collect();
        self.blocks.push(lines);
    }
}

impl Row {
    fn new(tag: &Entry) -> Self {
        let short = |digest: &Digest| digest.short();
        let expected = tag.expected.digest.as_ref();
        let found = tag.found.as_ref().and_then(|found| found.digest.as_ref());
        let now = if tag.is_right() {
            tag.digest().or(found)
        } else {
            found
        };
        let (words, more) = match tag.outcome {
            _ if tag.verdict == verdict::Code::Ok => match tag.proof {
                Some(Proof::Config) => {
                    let depth = tag.depth.map(|depth| format!(", {depth}"));
                    let words = format!("ok (by its image ID{})", depth.unwrap_or_default());
                    (words, String::new())
                }
                Some(Proof::Digest) | None => (words::finding(tag), String::new()),
            },
            Some(outcome) if outcome.is_right() => {
                let was = found.map(|digest| format!(" {}", digest.short()));
                let more = format!("was {}{}", words::finding(tag), was.unwrap_or_default());
                (outcome.to_string(), more)
            }
            outcome => {
                let mut words = words::finding(tag);
                if let Some(outcome) = outcome {
                    words.push_str(&format!(", {outcome}"));
                }
                if tag.tolerated {
                    words.push_str(", a warning only");
                }
                let more = expected.map(|digest| format!("expected {}", digest.short()));
                (words, more.unwrap_or_default())
            }
        };
        let tone = tone(tag.standing());
        Self {
            mark: (mark(tone), tone),
            reference: clean(&shortened(&tag.reference), NAME),
            digest: now.map_or_else(|| "-".to_owned(), short),
            words,
            more,
        }
    }
}

/// A reference by digest has its digest short here, like the digests in the next column.
fn shortened(reference: &Reference) -> String {
    match (reference.tag(), reference.digest()) {
        (None, Some(digest)) => format!("{}@{}", reference.repository(), digest.short()),
        _ => reference.to_string(),
    }
}
