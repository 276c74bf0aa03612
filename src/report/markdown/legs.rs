//! What a merge was given, and the index that it made of that.

use super::cut::{Cut, joined, more, take};
use super::escape::{code, fence, prose};
use crate::report::LegProven;
use crate::report::words::{self, MESSAGE, NAME};

/// The legs, a line each.
pub(super) fn legs(legs: &[LegProven], room: usize) -> String {
    if legs.is_empty() {
        return String::new();
    }
    let items = legs.iter().map(|leg| {
        let LegProven {
            name,
            reference,
            platforms,
            verdict,
            message: _,
        } = leg;
        format!(
            "- **{verdict}** {} ({}): {}\n",
            prose(name, NAME),
            prose(&words::platforms(platforms), NAME),
            code(&reference.to_string(), NAME)
        )
    });
    let Cut { text, taken } = take(items, room);
    joined(&["#### Legs", &text, &more(legs.len() - taken, "leg")])
}

/// The index, folded; nothing where it has no room.
pub(super) fn index(index: Option<&str>, room: usize) -> String {
    let Some(index) = index.filter(|index| index.len() <= room) else {
        return String::new();
    };
    let lines: Vec<String> = index.lines().map(str::to_owned).collect();
    let head = "<details><summary>The index</summary>";
    joined(&[head, &fence("json", &lines, MESSAGE), "</details>"])
}
