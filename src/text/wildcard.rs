//! Patterns with `*`, which stays within a part of a path, and `**`, which crosses parts.

use std::iter::once;

/// Whether the whole text is what the pattern says.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    // For each length of the text's beginning, whether the pattern so far matches just that.
    let mut row: Vec<bool> = once(true).chain(text.bytes().map(|_| false)).collect();
    let mut rest = pattern;
    while let Some(first) = rest.bytes().next() {
        let after_stars = rest.trim_start_matches('*');
        let stars = rest.len() - after_stars.len();
        row = if stars == 0 {
            let taken = row.iter().zip(text.bytes());
            let next = once(false).chain(taken.map(|(so_far, byte)| *so_far && byte == first));
            next.collect()
        } else {
            let mut so_far_or_inside = false;
            let bytes = once(None).chain(text.bytes().map(Some));
            let taken = row.iter().zip(bytes).map(|(so_far, byte)| {
                let may_go_on = stars > 1 || byte != Some(b'/');
                so_far_or_inside = *so_far || (so_far_or_inside && may_go_on);
                so_far_or_inside
            });
            taken.collect()
        };
        rest = match stars {
            0 => rest.get(1..).unwrap_or_default(),
            _ => after_stars,
        };
    }
    row.last() == Some(&true)
}
