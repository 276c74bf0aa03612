//! Lists cut to the room there is, and blocks put together.

use crate::report::words;

/// The beginning of a list.
pub(super) struct Cut {
    /// The items that had room, one after the other.
    pub(super) text: String,
    /// How many they are.
    pub(super) taken: usize,
}

/// As many of the items as fit into `room` bytes, each whole.
pub(super) fn take(items: impl Iterator<Item = String>, room: usize) -> Cut {
    let mut cut = Cut {
        text: String::new(),
        taken: 0,
    };
    for item in items {
        if cut.text.len() + item.len() > room {
            break;
        }
        cut.text.push_str(&item);
        cut.taken += 1;
    }
    cut
}

/// That a list was cut, if it was.
pub(super) fn more(count: usize, noun: &str) -> String {
    match count {
        0 => String::new(),
        count => format!(
            "*{} more had no place here: the JSON report has all.*\n",
            words::plural(count as u64, noun)
        ),
    }
}

/// The blocks that are not empty, with an empty line between two of them.
pub(super) fn joined(blocks: &[&str]) -> String {
    let blocks: Vec<&str> = blocks
        .iter()
        .map(|block| block.trim_end_matches('\n'))
        .filter(|block| !block.is_empty())
        .collect();
    blocks.join("\n\n") + "\n"
}
