//! The findings: what was expected, what is there, why it matters and what to type.

use super::{Page, level};
use crate::oci::Platform;
use crate::report::layout::wrap;
use crate::report::words::{self, MESSAGE, NAME};
use crate::report::{Entry, Expected, Found};
use crate::text::clean;
use crate::{outcome, verdict};

/// How many findings of one kind are told in full.
const IN_FULL: usize = 10;
/// How many characters of an annotation are shown.
const ANNOTATION: usize = 100;
/// What findings have in common that are told alike.
#[derive(PartialEq, Eq)]
struct Kind {
    verdict: verdict::Code,
    outcome: Option<outcome::Code>,
    softened: bool,
}

impl Kind {
    fn of(tag: &Entry) -> Self {
        Self {
            verdict: tag.verdict,
            outcome: tag.outcome,
            softened: tag.softened,
        }
    }
}

impl Page {
    /// Every tag that was not right at once, in full; of many alike the first few.
    pub(super) fn findings(&mut self, tags: &[Entry]) {
        let mut kinds: Vec<(Kind, Vec<&Entry>)> = Vec::new();
        for tag in tags.iter().filter(|tag| tag.verdict != verdict::Code::Ok) {
            let kind = Kind::of(tag);
            match kinds.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, alike)) => alike.push(tag),
                None => kinds.push((kind, vec![tag])),
            }
        }
        for (_, alike) in kinds {
            // One more is told as shortly as it is counted.
            let told = if alike.len() == IN_FULL + 1 {
                alike.len()
            } else {
                IN_FULL
            };
            for tag in alike.iter().take(told) {
                self.finding(tag);
            }
            let others: Vec<&&Entry> = alike.iter().skip(told).collect();
            if !others.is_empty() {
                let mut block = vec![format!("and {} more like it", others.len())];
                // What was changed can be undone, however many there are.
                for undo in others.iter().filter_map(|tag| tag.undo.as_ref()) {
                    block.extend(self.verbatim("undo:", undo));
                }
                self.blocks.push(block);
            }
        }
    }

    fn finding(&mut self, tag: &Entry) {
        let (level, tone) = level(tag);
        let codes = match tag.outcome {
            Some(outcome) if !outcome.is_right() => format!("{}, {outcome}", tag.verdict),
            _ => tag.verdict.to_string(),
        };
        let mut head = format!(
            "{} {}",
            self.paint.apply(tone, &format!("{level}[{codes}]")),
            clean(&tag.reference, NAME)
        );
        if let Some(target) = &tag.target {
            head.push_str(&format!(" (target {})", clean(target, NAME)));
        }
        let mut block = vec![head];
        block.extend(wrap("  ", &clean(&tag.message, MESSAGE), 2, self.width));
        let (is, was) = if tag.is_right() {
            ("is: ", "was:")
        } else {
            ("expected:", "found:   ")
        };
        if let Some((digest, words)) = describe_expected(&tag.expected) {
            block.extend(self.fact(is, &digest, &words));
        }
        if let Some((digest, words)) = describe_found(tag) {
            block.extend(self.fact(was, &digest, &words));
        }
        if let Some(before) = &tag.before
            && tag.found.as_ref().and_then(|found| found.digest.as_ref()) != Some(before)
        {
            block.extend(self.labelled("replaced:", before.as_str()));
        }
        if !tag.rules.is_empty() {
            let rules = tag.rules.iter();
            let rules: Vec<String> = rules.map(|(key, by)| format!("{key} by `{by}`")).collect();
            block.extend(self.labelled("policy:", &rules.join(", ")));
        }
        for help in &tag.help {
            block.extend(self.labelled("help:", help));
        }
        if let Some(inspect) = &tag.inspect {
            block.extend(self.verbatim("inspect:", inspect));
        }
        match &tag.undo {
            Some(undo) if tag.before.is_some() => block.extend(self.verbatim("undo:", undo)),
            // A tag that was created: words, no command.
            Some(undo) => block.extend(self.labelled("undo:", undo)),
            None => {}
        }
        if tag.softened
            && let Some(setting) = words::softening(tag)
        {
            let text = format!("this does not fail the run, as {setting} asks");
            block.extend(self.labelled("note:", &text));
        }
        self.blocks.push(block);
    }
}

/// `sha256:…` and `(image index; linux/amd64, linux/arm64)`.
fn describe_expected(expected: &Expected) -> Option<(String, String)> {
    let Expected {
        digest,
        config,
        media_type,
        platforms,
    } = expected;
    let name = match (digest, config) {
        (Some(digest), _) => digest.to_string(),
        (None, Some(config)) => format!("image ID {config}"),
        (None, None) => return None,
    };
    let kind = media_type.map(|media_type| words::kind(media_type).to_owned());
    Some((name, in_parentheses([kind, listed(platforms)])))
}

/// What the tag was, and what tells a person whose work it is.
fn describe_found(tag: &Entry) -> Option<(String, String)> {
    let Some(found) = &tag.found else {
        let is_absent = tag.verdict == verdict::Code::Absent;
        return is_absent.then(|| ("no such tag".to_owned(), String::new()));
    };
    let Found {
        digest,
        media_type,
        platform,
        attestation,
        platforms,
        created,
        revision,
        version,
    } = found;
    let kind = if *attestation {
        Some("attestation manifest".to_owned())
    } else {
        media_type.map(|media_type| words::kind(media_type).to_owned())
    };
    let annotation = |label: &str, text: &Option<String>| {
        let text = text.as_ref()?;
        Some(format!("{label} {}", clean(text, ANNOTATION)))
    };
    let words = in_parentheses([
        kind,
        platform.as_ref().map(ToString::to_string),
        listed(platforms),
        annotation("created", created),
        annotation("revision", revision),
        annotation("version", version),
    ]);
    let name = digest.as_ref().map(ToString::to_string);
    Some((name.unwrap_or_else(|| "unknown".to_owned()), words))
}

fn listed(platforms: &[Platform]) -> Option<String> {
    (!platforms.is_empty()).then(|| words::platforms(platforms))
}

fn in_parentheses<const N: usize>(parts: [Option<String>; N]) -> String {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!("({})", parts.join("; "))
    }
}
