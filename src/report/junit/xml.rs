//! Text in XML 1.0.

/// An element on a line of its own, its text in at most `room` bytes.
pub(super) fn element(out: &mut String, indent: usize, name: &str, text: &str, room: usize) {
    let space = " ".repeat(indent);
    let text = escape_within(text, room);
    out.push_str(&format!(
        "{space}<{name}>{text}</{name}>
"
    ));
}

/// The text as an element or an attribute may hold it. What is not a `Char` of XML 1.0 (section
/// 2.2), and cannot be escaped either, becomes U+FFFD.
pub(super) fn escape(text: &str) -> String {
    escape_within(text, usize::MAX)
}

/// As [`escape`], in at most `max` bytes: what is cut ends with an ellipsis.
pub(super) fn escape_within(text: &str, max: usize) -> String {
    let mut out = String::new();
    // Where the text ends if it has to be cut.
    let mut end = 0;
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\r' => out.push_str("&#13;"),
            '\n' | '\t' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => {
                out.push(c);
            }
            _ => out.push('\u{fffd}'),
        }
        if out.len() > max {
            out.truncate(end);
            out.push('…');
            return out;
        }
        if out.len() + '…'.len_utf8() <= max {
            end = out.len();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_forbids_is_replaced() {
        assert_eq!(
            escape("a&b<c>]]>\"'\r\n\t\0\u{1b}\u{fffe}\u{ffff}\u{fffd}é\u{1f600}"),
            "a&amp;b&lt;c&gt;]]&gt;&quot;&apos;&#13;\n\t\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}é\u{1f600}"
        );
    }

    #[test]
    fn text_is_cut_between_escapes() {
        assert_eq!(escape_within("a<<<", 13), "a&lt;&lt;&lt;");
        assert_eq!(escape_within("a<<<", 12), "a&lt;&lt;…");
        assert_eq!(escape_within("a<<<", 5), "a…");
        assert_eq!(escape_within("é", 1), "…");
    }
}
