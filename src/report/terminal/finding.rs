//! The findings: what was expected, what is there, why it matters and what to type.

use super::{Page, tone};
use crate::report::describe;
use crate::report::layout::wrap;
use crate::report::words::{self, MESSAGE, NAME};
use crate::report::{Entry, Standing};
use crate::text::clean;
use crate::{outcome, verdict};

/// How many findings of one kind are shown in full.
const IN_FULL: usize = 10;

/// What findings have in common that are shown as one.
#[derive(PartialEq, Eq)]
struct Likeness {
    verdict: verdict::Code,
    outcome: Option<outcome::Code>,
    tolerated: bool,
}

impl Likeness {
    fn new(tag: &Entry) -> Self {
        Self {
            verdict: tag.verdict,
            outcome: tag.outcome,
            tolerated: tag.tolerated,
        }
    }
}

impl Page {
    /// Every tag that was not right at once, in full; of many alike the first few.
    pub(super) fn findings(&mut self, tags: &[Entry]) {
        let mut kinds: Vec<(Likeness, Vec<&Entry>)> = Vec::new();
        for tag in tags.iter().filter(|tag| tag.verdict != verdict::Code::Ok) {
            let kind = Likeness::new(tag);
            match kinds.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, alike)) => alike.push(tag),
                None => kinds.push((kind, vec![tag])),
            }
        }
        for (_, alike) in kinds {
            // One more takes no more room than the line that counts it.
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
        let (standing, verdict) = (tag.standing(), tag.verdict.to_string());
        let (level, codes) = match standing {
            Standing::Right => ("ok", verdict),
            Standing::Repaired => ("fixed", verdict),
            Standing::CameRight => ("already-right", verdict),
            Standing::Planned => ("planned", verdict),
            Standing::Tolerated => ("warning", tag.codes()),
            Standing::Unproven | Standing::Wrong => ("error", tag.codes()),
        };
        let mut head = format!(
            "{} {}",
            self.paint
                .apply(tone(standing), &format!("{level}[{codes}]")),
            tag.name()
        );
        if let Some(target) = &tag.target {
            head.push_str(&format!(" (target {})", clean(target, NAME)));
        }
        let mut block = vec![head];
        block.extend(wrap("  ", &clean(&tag.message, MESSAGE), 2, self.width));
        let [(is, expected), (was, found)] = describe::facts(tag);
        let width = is.len().max(was.len()) + 1;
        let label = |name: &str| format!("{:width$}", format!("{name}:"));
        match expected {
            // The digest is right; what it lacks is in the message.
            _ if tag.verdict == verdict::Code::Incomplete => {
                let platforms = words::platforms(&tag.expected.platforms);
                block.extend(self.labelled(&label(is), &format!("an image for {platforms}")));
            }
            Some((digest, words)) => block.extend(self.fact(&label(is), &digest, &words)),
            None => {}
        }
        if let Some((digest, words)) = found {
            block.extend(self.fact(&label(was), &digest, &words));
        }
        if let Some(before) = describe::replaced(tag) {
            block.extend(self.labelled("replaced:", before.as_str()));
        }
        if let Some(rules) = describe::rules(tag) {
            block.extend(self.labelled("policy:", &rules));
        }
        for (label, text) in describe::aftermath(tag) {
            block.extend(self.labelled(label, &text));
        }
        for help in &tag.help {
            block.extend(self.labelled("help:", help));
        }
        if let Some(inspect) = &tag.inspect {
            block.extend(self.verbatim("inspect:", inspect));
        }
        if let Some(undo) = &tag.undo {
            block.extend(self.verbatim("undo:", undo));
        }
        if let Some(text) = tag.tolerated_by() {
            block.extend(self.labelled("note:", &text));
        }
        self.blocks.push(block);
    }
}
