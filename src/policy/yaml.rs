//! The text of a policy: YAML, read strictly. Every mistake has its line and column.

pub(super) mod places;
mod reader;

use serde::de::DeserializeSeed as _;

use self::places::{Draft, Mistake, Position};
use self::reader::At;
use super::Policy;
use crate::problem::Problem;
use crate::text::clean;

/// How deep a text may be nested. A policy has four levels; the time that the reader of YAML takes
/// grows with the square of the depth.
const MAX_DEPTH: usize = 32;

/// The line on which a text is nested too deep: by open brackets, even those in quotes, or by the
/// marks at the start of a line. (Nesting by indentation needs a longer line each.)
fn too_deep(text: &[u8]) -> Option<usize> {
    let mut open = 0_usize;
    let lines = text.split(|byte| *byte == b'\n').enumerate();
    for (number, line) in lines.filter(|(_, line)| !line.trim_ascii_start().starts_with(b"#")) {
        let marks = line.iter().take_while(|byte| b" -?:".contains(byte));
        if marks.filter(|byte| **byte != b' ').count() > MAX_DEPTH {
            return Some(number + 1);
        }
        for byte in line {
            match byte {
                b'[' | b'{' => open += 1,
                b']' | b'}' => open = open.saturating_sub(1),
                _ => {}
            }
            if open > MAX_DEPTH {
                return Some(number + 1);
            }
        }
    }
    None
}

/// Reads the text of a policy; `source` is what to call it in messages.
///
/// # Errors
///
/// When it is not YAML, or not a policy: the message has the line and the column.
pub fn parse(source: &str, text: &[u8]) -> Result<Policy, Problem> {
    if let Some(line) = too_deep(text) {
        return Err(Problem::invalid(
            format!(
                "failed to read `{source}` at line {line}: it is nested more than {MAX_DEPTH} deep"
            ),
            "docs/policy.md shows what it looks like",
        ));
    }
    let document = serde_yaml::Deserializer::from_slice(text);
    let mut draft = Draft::default();
    let at = At {
        place: Position::Top,
        draft: &mut draft,
    };
    let Err(error) = at.deserialize(document) else {
        return Ok(draft.policy);
    };
    let mistake = draft.mistake.unwrap_or_else(|| {
        Mistake::new(
            error.to_string(),
            "docs/policy.md shows each key; put quotes around a text that begins with `*` or holds `: `",
        )
    });
    let (mut cause, mut place) = (mistake.cause, String::new());
    if let Some(at) = error.location() {
        let (line, column) = (at.line(), at.column());
        place = format!(" at line {line}, column {column}");
        // The parser's words may have the place in them.
        cause = cause.replace(&format!(" at line {line} column {column}"), "");
    }
    // They may quote all of the text, too.
    let cause = clean(&cause, 500);
    Err(Problem::invalid(
        format!("failed to read `{source}`{place}: {cause}"),
        mistake.help,
    ))
}
