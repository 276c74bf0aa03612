//! Medians, and ratios of runs that were made one right after the other.

use std::time::Duration;

/// The middle of numbers; of two middles, the lower one. `None` of none.
pub(crate) fn median(numbers: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut numbers: Vec<f64> = numbers.into_iter().collect();
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len().saturating_sub(1) / 2).copied()
}

/// How many times longer `theirs` took than `ours`, pair by pair, in the middle.
pub(crate) fn ratio(theirs: &[Duration], ours: &[Duration]) -> Option<f64> {
    let pairs = theirs.iter().zip(ours);
    median(pairs.map(|(theirs, ours)| theirs.as_secs_f64() / ours.as_secs_f64()))
}

/// A time for a table: milliseconds, or seconds where those are many.
pub(crate) fn shown(milliseconds: f64) -> String {
    match milliseconds {
        few if few < 9.95 => format!("{few:.1} ms"),
        some if some < 9_950.0 => format!("{some:.0} ms"),
        many => format!("{:.1} s", many / 1000.0),
    }
}
