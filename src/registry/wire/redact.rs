//! Takes secrets that were sent out of what servers answer: what is shown must not repeat them.

use std::collections::BTreeSet;
use std::ops::{Bound, Range};
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;

use super::escapes::Unescaped;
use crate::registry::sync::lock;

/// What a secret is replaced by.
const MASK: &str = "***";

/// Shorter ones, in bytes, would only tear words apart.
const SHORTEST: usize = 4;

/// A secret that was cut off is known by its first half, if that is not shorter than this.
const SHORTEST_HALF: usize = 8;

/// So much of a long secret is enough. It bounds the work, too: a server that names a token of
/// 64 KiB may repeat half of it at every byte.
const LONGEST_HALF: usize = 256;

/// Every secret that was sent in this run, as it was sent and with what may be an escape undone.
#[derive(Default)]
pub(crate) struct Redactor {
    known: Mutex<BTreeSet<Vec<u8>>>,
}

impl Redactor {
    /// Remembers what the value of an `Authorization` header holds.
    pub(crate) fn add_header(&self, value: &str) {
        let Some((scheme, credentials)) = value.split_once(' ') else {
            return;
        };
        if !self.add(credentials) || !scheme.eq_ignore_ascii_case("basic") {
            return;
        }
        let decoded = STANDARD.decode(credentials).ok();
        if let Some(login) = decoded.and_then(|bytes| String::from_utf8(bytes).ok())
            && let Some((_, password)) = login.split_once(':')
        {
            self.add(password);
        }
    }

    /// Remembers a password that is sent as a proxy's login, and the header that it is sent in.
    pub(crate) fn add_login(&self, username: &str, password: &str) {
        if self.add(password) {
            self.add(&STANDARD.encode(format!("{username}:{password}")));
        }
    }

    /// Remembers the token that a form for the token server holds.
    pub(crate) fn add_form(&self, form: &[u8]) {
        let form = String::from_utf8_lossy(form);
        let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
        for (_, token) in pairs.filter(|(name, _)| *name == "refresh_token") {
            self.add(&percent_decode_str(token).decode_utf8_lossy());
        }
    }

    /// Remembers a secret; `false` if it was known already.
    fn add(&self, secret: &str) -> bool {
        let mut known = lock(&self.known);
        if known.contains(secret.as_bytes()) {
            return false;
        }
        // UTF-8 that a server takes for Latin-1 and writes as UTF-8.
        let misread: String = secret.bytes().map(char::from).collect();
        for text in [secret, &misread] {
            let meaning = Unescaped::new(text);
            let unescaped = meaning.unescaped();
            let shapes = [meaning.bytes, unescaped.bytes];
            known.extend(shapes.into_iter().filter(|it| it.len() >= SHORTEST));
        }
        true
    }

    /// The text without them: as they are, escaped in any way, encoded by base64 together with
    /// what stood beside them, and cut off after the half.
    pub(crate) fn redact(&self, text: &str) -> String {
        let known = lock(&self.known);
        if known.is_empty() {
            return text.to_owned();
        }
        let literal = Unescaped::new(text);
        let mut places: Vec<Range<usize>> = Vec::new();
        for meaning in [&literal.unescaped(), &literal] {
            let found = matches(&known, &meaning.bytes)
                .into_iter()
                .chain(matches_in_base64(&known, &meaning.bytes));
            places.extend(found.filter_map(|bytes| meaning.place(bytes)));
        }
        places.sort_by_key(|place| place.start);
        let (mut concealed, mut end) = (String::with_capacity(text.len()), 0);
        for place in places {
            if place.start > end || concealed.is_empty() {
                concealed.push_str(text.get(end..place.start).unwrap_or_default());
                concealed.push_str(MASK);
            }
            end = end.max(place.end);
        }
        concealed.push_str(text.get(end..).unwrap_or_default());
        concealed
    }
}

/// Where secrets stand in these bytes; they may overlap.
fn matches(known: &BTreeSet<Vec<u8>>, bytes: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = bytes.get(at..)
        && let Some(head) = rest.get(..SHORTEST)
    {
        let from = (Bound::Included(head), Bound::Unbounded);
        let longest = known
            .range::<[u8], _>(from)
            .take_while(|secret| secret.starts_with(head))
            .filter_map(|secret| {
                let half = secret.len().div_ceil(2).clamp(SHORTEST_HALF, LONGEST_HALF);
                let start = secret.get(..half.min(secret.len()))?;
                rest.starts_with(start).then(|| common(secret, rest))
            })
            .max();
        found.extend(longest.map(|length| at..at + length));
        // Another may begin near the end of a long one.
        at += longest.unwrap_or(1).saturating_sub(LONGEST_HALF).max(1);
    }
    found
}

/// How many bytes two texts begin with alike.
fn common(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(a, b)| a == b).count()
}

/// Where what was encoded by base64, of either alphabet, holds secrets. Nobody knows where in a word
/// the encoding began, so all four places within a group are tried.
fn matches_in_base64(known: &BTreeSet<Vec<u8>>, bytes: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for word in bytes.split(|byte| sextet(*byte).is_none()) {
        for offset in 0..4.min(word.len()) {
            let decoded = decode(word.get(offset..).unwrap_or_default());
            for place in matches(known, &decoded) {
                // Whatever has bits of it.
                let from = start + offset + place.start * 8 / 6;
                let mut to = start + offset + (place.end * 8).div_ceil(6);
                while bytes.get(to) == Some(&b'=') {
                    to += 1;
                }
                found.push(from..to);
            }
        }
        start += word.len() + 1;
    }
    found
}

fn decode(word: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(word.len() * 6 / 8);
    let (mut bits, mut count) = (0u16, 0);
    for sextet in word.iter().filter_map(|byte| sextet(*byte)) {
        bits = (bits << 6) | u16::from(sextet);
        count += 6;
        if count >= 8 {
            count -= 8;
            decoded.push(((bits >> count) & 0xff) as u8);
        }
    }
    decoded
}

/// The value of a letter of base64, for URLs or not.
fn sextet(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    /// Whatever needs an escape somewhere.
    const HOSTILE: &str = "p\"a\\s<s&w'o+r/d%4 é?";

    fn knowing(password: &str) -> Redactor {
        let redactor = Redactor::default();
        redactor.add_header(&format!(
            "Basic {}",
            STANDARD.encode(format!("me:{password}"))
        ));
        redactor
    }

    #[test]
    fn all_shapes_of_what_was_sent_are_concealed() {
        let redactor = knowing("hunter2");
        redactor.add_header("Bearer tokentoken");
        redactor.add_form(b"grant_type=refresh_token&refresh_token=A%2Fb%2Fc");
        for (text, concealed) in [
            ("me:hunter2 and hunter2!", "me:*** and ***!"),
            ("bWU6aHVudGVyMg==, bWU6aHVudGVyMg", "***, ***"),
            ("Bearer tokentoken", "Bearer ***"),
            ("A/b/c A%2Fb%2Fc A/b", "*** *** A/b"),
            ("A%2fb%2fc aHVudGVyMg== QS9iL2M", "*** *** ***"),
            ("refresh_token", "refresh_token"),
            ("me", "me"),
            ("", ""),
        ] {
            assert_eq!(redactor.redact(text), concealed);
        }
    }

    #[test]
    fn a_password_that_needs_escapes_is_concealed_in_those_of_everyone() {
        let redactor = knowing(HOSTILE);
        let json = serde_json::to_string(HOSTILE).unwrap();
        let twice = serde_json::to_string(&json).unwrap();
        for text in [
            HOSTILE,
            json.trim_matches('"'),
            twice.trim_matches(['"', '\\']),
            r#"p\"a\\s\u003cs\u0026w'o+r\/d%4 \u00e9?"#,
            "p%22a%5Cs%3Cs%26w%27o%2Br%2Fd%254+%C3%A9%3F",
            "p%22a%5cs%3cs%26w'o%2br/d%254%20%c3%a9%3f",
            "p&quot;a\\s&lt;s&amp;w&#39;o+r/d%4 &#233;?",
            r#"p"a\\s\<s\&w'o\+r/d%4 é?"#,
            "p\"a\\s<s&w'o+r/d%254 é?",
            // Taken for Latin-1.
            "p\"a\\s<s&w'o+r/d%4 Ã©?",
        ] {
            assert_eq!(redactor.redact(&format!("({text})")), "(***)", "{text}");
        }
    }

    #[test]
    fn whatever_stands_beside_a_secret_in_base64_it_is_concealed() {
        let redactor = knowing(HOSTILE);
        for before in ["", "a", "ab", "abc", "me:"] {
            for after in ["", "x", "xy", "xyz"] {
                let text = format!("{before}{HOSTILE}{after}");
                for encoded in [STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                    let shown = redactor.redact(&format!("Basic {encoded}."));
                    let rest = shown.replace("Basic ", "").replace("***", "");
                    assert!(rest.len() <= 11, "{shown}");
                }
            }
        }
    }

    #[test]
    fn what_was_cut_off_after_the_half_is_concealed_too() {
        let redactor = Redactor::default();
        redactor.add_header("Bearer 0123456789abcdefghij");
        for (text, concealed) in [
            ("not 0123456789abc…", "not ***…"),
            ("not 0123456789…", "not ***…"),
            ("not 012345678…", "not 012345678…"),
        ] {
            assert_eq!(redactor.redact(text), concealed);
        }
        // The half of a short one may be a word.
        let redactor = Redactor::default();
        redactor.add_header("Bearer nothing1");
        assert_eq!(redactor.redact("nothing nothing1"), "nothing ***");
    }

    #[test]
    #[cfg_attr(miri, ignore = "so large that Miri takes minutes")]
    fn so_much_of_a_long_secret_is_enough_and_what_begins_at_its_end_is_concealed_too() {
        let redactor = Redactor::default();
        let long: String = (0..1_000).map(|it| format!("{it:04}")).collect();
        redactor.add_header(&format!("Bearer {long}"));
        redactor.add_header("Bearer 0999tail");
        for (text, concealed) in [
            (format!("a{long}b"), "a***b"),
            (format!("a{}…", &long[..256]), "a***…"),
            (format!("{long}tail."), "***."),
            (format!("{long}{long}."), "***."),
        ] {
            let shown = redactor.redact(&text).replace("******", "***");
            assert_eq!(shown, concealed, "{text}");
        }
        let half = &long[..255];
        assert_eq!(redactor.redact(half), half);
    }

    #[test]
    fn an_escape_sign_before_a_secret_does_not_hide_it() {
        let redactor = Redactor::default();
        redactor.add_header("Bearer abcdef123456");
        for before in ["%", "\\x", "\\", "&#x", "a", "%25"] {
            let shown = redactor.redact(&format!("{before}abcdef123456"));
            assert_eq!(
                shown.replace('\\', ""),
                format!("{before}***").replace('\\', "")
            );
        }
    }

    #[test]
    fn what_is_too_short_to_be_secret_tears_no_words_apart() {
        let redactor = knowing("e");
        redactor.add_header("Bearer");
        assert_eq!(redactor.redact("denied"), "denied");
    }
}
