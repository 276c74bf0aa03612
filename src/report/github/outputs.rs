//! The outputs of a step, and the file that the runner reads them from.

use std::collections::BTreeMap;

use crate::oci::Digest;
use crate::report::{Report, extract, json};

/// How many UTF-16 units all outputs may have together. GitHub takes 1 MB of outputs of a job,
/// counted in UTF-16; other steps of the job have outputs too.
const MAX: usize = 450_000;

/// Outputs by name, and what had no place among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepOutputs {
    /// Name and value, always all of them: what there is not, or had no place, is empty.
    pub pairs: Vec<(&'static str, String)>,
    /// The names of those that are empty because they are too long.
    pub left_out: Vec<&'static str>,
}

/// `status`; `digest` of the one image if there is one, which is the true one also where the build
/// step's own output is not; `digests`, a JSON object by target, `null` where a target has no
/// digest or more than one; `pinned`, `wrong` and `fixed`, a reference a line; and `report`.
#[must_use]
pub fn outputs(report: &Report) -> StepOutputs {
    let digests: BTreeMap<&str, Option<&str>> = extract::digests(report)
        .into_iter()
        .map(|(target, digest)| (target, digest.map(Digest::as_str)))
        .collect();
    let digests = serde_json::to_string(&digests).expect("strings by strings always serialize");
    let digest = extract::digest(report).map_or_else(String::new, Digest::to_string);
    let mut outputs = StepOutputs {
        pairs: Vec::new(),
        left_out: Vec::new(),
    };
    let mut room = MAX;
    // The first are those that are needed most, should there be no room for all.
    for (name, value) in [
        ("status", report.status.as_str().to_owned()),
        ("digest", digest),
        ("digests", json::escape(&digests)),
        ("pinned", extract::pinned(report).join("\n")),
        ("wrong", extract::wrong(report).join("\n")),
        ("fixed", extract::fixed(report).join("\n")),
        ("report", json::render(report).trim_end().to_owned()),
    ] {
        let value = match room.checked_sub(value.encode_utf16().count()) {
            Some(left) => {
                room = left;
                value
            }
            None => {
                outputs.left_out.push(name);
                String::new()
            }
        };
        outputs.pairs.push((name, value));
    }
    outputs
}

/// What is to be appended to `GITHUB_OUTPUT`.
///
/// `delimiter` is to be random. Whatever in it is not a letter, a digit, `-` or `_` is left out, and it
/// is made longer until it is in none of the names and values, so that no value ends before its end.
#[must_use]
pub fn file(pairs: &[(&str, String)], delimiter: &str) -> String {
    let mut delimiter: String = delimiter
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .collect();
    let occurs = |it: &str| {
        let mut texts = pairs.iter().flat_map(|(name, value)| [*name, value]);
        it.is_empty() || texts.any(|text| text.contains(it))
    };
    while occurs(&delimiter) {
        delimiter.push('_');
    }
    pairs
        .iter()
        .map(|(name, value)| format!("{name}<<{delimiter}\n{value}\n{delimiter}\n"))
        .collect()
}

#[cfg(test)]
mod tests;
