//! Text with its escapes undone, and where in the text each byte of it stood.

use std::ops::Range;

/// Escapes within escapes are undone so many times.
const DEPTH: usize = 4;

/// The longest reference to a character in XML or HTML, with `&` and `;`.
const LONGEST_REFERENCE: usize = 12;

/// The bytes that a text means, each with the place that it has in the text.
pub(crate) struct Unescaped {
    pub(crate) bytes: Vec<u8>,
    places: Vec<Range<usize>>,
}

impl Unescaped {
    /// The text as it stands.
    pub(crate) fn new(text: &str) -> Self {
        let mut unescaped = Self::with_capacity(text.len());
        for (start, c) in text.char_indices() {
            let end = start + c.len_utf8();
            unescaped.push(c.encode_utf8(&mut [0; 4]).as_bytes(), start..end);
        }
        unescaped
    }

    /// The same without the escapes of URLs and forms, JSON and programming languages, Markdown,
    /// XML and HTML. A space and a `+` are one, as in a form, and so are a tab and a `t`, a line
    /// break and an `n`, as behind a backslash. So a text means the same however it was escaped.
    pub(crate) fn unescaped(&self) -> Self {
        let mut unescaped = self.unescape();
        for _ in 1..DEPTH {
            let before = unescaped.bytes.len();
            unescaped = unescaped.unescape();
            if unescaped.bytes.len() == before {
                break;
            }
        }
        unescaped
    }

    /// Where in the text these bytes stand, in whole characters and whole escapes.
    pub(crate) fn place(&self, bytes: Range<usize>) -> Option<Range<usize>> {
        let first = self.places.get(bytes.start)?;
        let last = self.places.get(bytes.end.checked_sub(1)?)?;
        Some(first.start..last.end)
    }

    fn with_capacity(size: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(size),
            places: Vec::with_capacity(size),
        }
    }

    fn push(&mut self, bytes: &[u8], place: Range<usize>) {
        self.bytes.extend(bytes);
        self.places.extend(bytes.iter().map(|_| place.clone()));
    }

    fn unescape(&self) -> Self {
        let mut unescaped = Self::with_capacity(self.bytes.len());
        let mut at = 0;
        // Where the backslashes before this begin, which belong to what follows them.
        let mut start = None;
        while let Some((&byte, rest)) = self.bytes.get(at..).and_then(<[u8]>::split_first) {
            let mut own = [0; 4];
            let (bytes, length): (&[u8], usize) = match escape(byte, rest) {
                Some((Unit::Byte(byte), length)) => (&[byte], length),
                Some((Unit::Char(c), length)) => (c.encode_utf8(&mut own).as_bytes(), length),
                None if byte == b'\\' => {
                    start = start.or(Some(at));
                    at += 1;
                    continue;
                }
                None => (
                    match byte {
                        b' ' => b"+",
                        b'\t' => b"t",
                        b'\n' => b"n",
                        b'\r' => b"r",
                        _ => std::slice::from_ref(&byte),
                    },
                    1,
                ),
            };
            if let Some(place) = self.place(start.take().unwrap_or(at)..at + length) {
                unescaped.push(bytes, place);
            }
            at += length;
        }
        unescaped
    }
}

/// What an escape stands for.
enum Unit {
    Byte(u8),
    Char(char),
}

/// What the escape that begins with `first` stands for, and how long it is. A backslash before
/// anything else is none.
fn escape(first: u8, rest: &[u8]) -> Option<(Unit, usize)> {
    let byte = |digits: &[u8]| u8::try_from(hex(digits)?).ok().map(Unit::Byte);
    match (first, rest) {
        (b'%', [a, b, ..]) => Some((byte(&[*a, *b])?, 3)),
        (b'\\', [b'x', a, b, ..]) => Some((byte(&[*a, *b])?, 4)),
        (b'\\', [b'u', rest @ ..]) => {
            let unit = hex(rest.get(..4)?)?;
            if let Some(c) = char::from_u32(unit) {
                return Some((Unit::Char(c), 6));
            }
            // As many backslashes as there were before the first half.
            let rest = rest.get(4..)?;
            let slashes = rest.iter().take_while(|byte| **byte == b'\\').count();
            let low = rest.get(slashes.max(1)..)?.strip_prefix(b"u")?;
            let units = [unit, hex(low.get(..4)?)?].map(u16::try_from);
            let [Ok(high), Ok(low)] = units else {
                return None;
            };
            let c = char::decode_utf16([high, low]).next()?.ok()?;
            Some((Unit::Char(c), 11 + slashes))
        }
        (b'&', rest) => {
            let end = rest
                .iter()
                .take(LONGEST_REFERENCE)
                .position(|byte| *byte == b';')?;
            let c = match std::str::from_utf8(rest.get(..end)?).ok()? {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "apos" => '\'',
                name => {
                    let number = name.strip_prefix('#')?;
                    let number = match number.strip_prefix(['x', 'X']) {
                        Some(digits) => hex(digits.as_bytes())?,
                        None => number.parse().ok()?,
                    };
                    char::from_u32(number)?
                }
            };
            Some((Unit::Char(c), end + 2))
        }
        _ => None,
    }
}

/// A number in hexadecimal digits, and nothing else: no sign.
fn hex(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    digits.iter().try_fold(0u32, |number, digit| {
        Some((number << 4) | char::from(*digit).to_digit(16)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(text: &str) -> String {
        String::from_utf8_lossy(&Unescaped::new(text).unescaped().bytes).into_owned()
    }

    #[test]
    fn a_text_means_the_same_however_it_was_escaped() {
        let text = "p\"a\\s<s&w'o+r/d%1 é😀";
        for escaped in [
            text,
            r#"p\"a\\s<s&w'o+r\/d%1 \u00e9\ud83d\ude00"#,
            r#"p\\\"a\\\\s<s&w'o+r/d%1 \\u00e9\\ud83d\\ude00"#,
            "p%22a%5Cs%3Cs%26w%27o%2Br%2Fd%251+%C3%A9%F0%9F%98%80",
            "p%22a%5cs%3cs%26w'o%2br/d%251%20%c3%a9%f0%9f%98%80",
            "p&quot;a\\s&lt;s&amp;w&apos;o+r/d%1 &#233;&#x1F600;",
            "p&#34;a\\s&lt;s&amp;w&#x27;o+r/d%1 é😀",
            "p&amp;quot;a\\s&amp;lt;s&amp;amp;w'o+r/d%1 é😀",
            r"p\x22a\\s\x3cs\x26w\'o+r/d%1 \xc3\xa9\U0001f600\xf0\x9f\x98\x80",
            r#"p\"a\\s\<s\&w\'o\+r\/d\%1 é😀"#,
        ] {
            let escaped = escaped.replace("\\U0001f600", "");
            assert_eq!(meant(&escaped), meant(text), "{escaped}");
        }
        assert_eq!(meant("a\tb"), meant(r"a\tb"));
    }

    #[test]
    fn what_is_no_escape_stays() {
        for text in [
            "%",
            "%4",
            "%zz",
            "&",
            "&amp",
            "&x;",
            "&#;",
            "&#x;",
            "&#x110000;",
            "&waytoolongforone;",
        ] {
            let expected = text.replace('\\', "");
            assert_eq!(meant(text), expected);
        }
        for text in [
            "\\",
            "\\u12",
            "\\x1",
            "\\ud800",
            "\\ud800\\u0041",
            "\\udc00",
        ] {
            assert_eq!(meant(text), text.replace("\\u0041", "A").replace('\\', ""));
        }
    }

    #[test]
    fn a_place_holds_whole_characters_and_escapes() {
        let text = "é\\\\a%C3%A9b";
        let unescaped = Unescaped::new(text).unescaped();
        assert_eq!(unescaped.bytes, "éaéb".as_bytes());
        let at = |bytes| unescaped.place(bytes).and_then(|place| text.get(place));
        assert_eq!(at(0..1), Some("é"));
        assert_eq!(at(1..3), Some("é\\\\a"));
        assert_eq!(at(3..5), Some("%C3%A9"));
        assert_eq!(at(2..6), Some("\\\\a%C3%A9b"));
        assert_eq!(at(5..7), None);
        assert_eq!(at(1..1).map(str::len), at(1..1).map(str::len));
    }
}
