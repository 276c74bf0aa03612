//! How much a JSON text holds, told before it is built up: in memory, values take far more than
//! their text.

/// The most values that a text is built up of. No index, definition or login file has so many.
pub(crate) const MAX_VALUES: usize = 100_000;

/// Whether a text holds at most [`MAX_VALUES`] values, whatever else is wrong with it.
pub(crate) fn is_bounded(text: &[u8]) -> bool {
    let (mut is_quoted, mut is_escaped, mut values) = (false, false, 0_usize);
    for byte in text {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            // Each value but the first of all stands behind one of these.
            b',' | b'[' | b'{' if !is_quoted => values += 1,
            _ => {}
        }
    }
    values <= MAX_VALUES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "so large that Miri takes minutes")]
    fn values_are_counted_and_not_what_stands_in_texts() {
        let list = |items: usize| format!("[{}0]", "0,".repeat(items - 1));
        assert!(is_bounded(list(MAX_VALUES).as_bytes()));
        assert!(!is_bounded(list(MAX_VALUES + 1).as_bytes()));
        assert!(!is_bounded("{\"a\":".repeat(MAX_VALUES + 1).as_bytes()));
        let text = format!("\"\\\"{}\"", "[{,".repeat(MAX_VALUES));
        assert!(is_bounded(text.as_bytes()));
        assert!(is_bounded(b""));
    }
}
