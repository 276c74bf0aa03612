//! Lists cut to the room there is.

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
