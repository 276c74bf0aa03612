//! The text of a policy: YAML, read strictly. Every mistake has its line and column.

mod places;
mod reader;

use serde::de::DeserializeSeed as _;

use self::places::{Draft, Place};
use self::reader::{At, HELP};
use super::Policy;
use crate::problem::Problem;

/// The keys of a policy.
pub(super) const TOP: [&str; 3] = ["version", "images", "registries"];
/// The keys of a rule.
pub(super) const IMAGES: [&str; 4] = ["platforms", "attestations", "immutable", "on-other"];
/// The keys of a registry.
pub(super) const REGISTRIES: [&str; 3] = ["plain-http", "ca-file", "settle"];

/// Reads the text of a policy; `source` is what to call it in messages.
///
/// # Errors
///
/// When it is not YAML, or not a policy: the message has the line and the column.
pub fn parse(source: &str, text: &[u8]) -> Result<Policy, Problem> {
    let document = serde_yaml::Deserializer::from_slice(text);
    let mut draft = Draft::default();
    let at = At {
        place: Place::Top,
        draft: &mut draft,
    };
    at.deserialize(document).map_err(|error| {
        let at = error.location();
        let place = at.as_ref().map(|at| (at.line(), at.column()));
        let words = error.to_string();
        let (words, place) = match place {
            Some((line, column)) => (
                words.replace(&format!(" at line {line} column {column}"), ""),
                format!(" at line {line}, column {column}"),
            ),
            None => (words, String::new()),
        };
        let (cause, help) = words.split_once(HELP).unwrap_or((
            &words,
            match words.contains("expected a boolean") {
                true => "write `true` or `false`",
                false => "docs/policy.md shows each key; put quotes around a text that begins with `*` or holds `: `",
            },
        ));
        Problem::invalid(format!("failed to read `{source}`{place}: {cause}"), help)
    })?;
    Ok(draft.policy)
}
