//! Whether what a server says repeats a secret that was sent: then it is not shown.
//!
//! Servers escape what they repeat in many ways: for JSON, XML, URLs, a page. None of them touches
//! ASCII letters and digits, so a secret is known by those, in their order.

use std::collections::BTreeSet;
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;

use crate::registry::sync::lock;

/// What is shown instead.
pub(super) const NOT_SHOWN: &str = "(not shown: it repeats the login)";

/// Shorter secrets, in bytes, would be found in any words.
const SHORTEST: usize = 4;

/// A secret that was cut off is known by the first half of its letters and digits: at least, and at
/// most, so many of them.
const HALF: std::ops::RangeInclusive<usize> = 8..=256;

/// The longest escape of one byte, in bytes: `\\\\u0022`, with some more for escapes of escapes.
const LONGEST_ESCAPE: usize = 16;

/// Every secret that was sent in this run.
#[derive(Default)]
pub(crate) struct Redactor {
    known: Mutex<BTreeSet<Sensitive>>,
}

/// A secret, by what is looked for.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Sensitive {
    whole: String,
    /// The runs of letters and digits in it, as many as are enough, each with what is between it and
    /// the run before it.
    runs: Vec<(String, String)>,
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

    /// Remembers a secret; `false` if it is known already, or too short.
    fn add(&self, secret: &str) -> bool {
        secret.len() >= SHORTEST && lock(&self.known).insert(Sensitive::new(secret))
    }

    /// Whether a text repeats one of them: as it is, escaped, cut off after the half, or encoded by
    /// base64 together with what was next to it.
    pub(crate) fn is_repeated_in(&self, text: &str) -> bool {
        let known = lock(&self.known);
        let holds = |text: &str| known.iter().any(|secret| secret.is_in(text));
        !known.is_empty() && (holds(text) || (0..4).any(|offset| holds(&decoded(text, offset))))
    }

    /// The text, if it may be shown.
    pub(crate) fn redact(&self, text: &str) -> String {
        match self.is_repeated_in(text) {
            true => NOT_SHOWN.to_owned(),
            false => text.to_owned(),
        }
    }
}

impl Sensitive {
    fn new(secret: &str) -> Self {
        let runs = || secret.split(|c: char| !c.is_ascii_alphanumeric());
        let total: usize = runs().map(str::len).sum();
        let mut left = total.div_ceil(2).clamp(*HALF.start(), *HALF.end());
        let mut enough = Vec::new();
        let mut rest = secret;
        for run in runs().filter(|run| total >= SHORTEST && !run.is_empty()) {
            let (between, after) = rest.split_once(run).unwrap_or((rest, ""));
            rest = after;
            let kept = run.get(..left).unwrap_or(run);
            left -= kept.len();
            if !kept.is_empty() {
                enough.push((between.to_owned(), kept.to_owned()));
            }
        }
        Self {
            whole: secret.to_owned(),
            runs: enough,
        }
    }

    fn is_in(&self, text: &str) -> bool {
        let Some(((_, first), others)) = self.runs.split_first() else {
            return text.contains(&self.whole);
        };
        let mut starts = text.match_indices(first.as_str());
        starts.any(|(at, _)| {
            let mut rest = text.get(at + first.len()..);
            for (between, run) in others {
                rest = rest.and_then(|rest| {
                    let (found, after) = rest.split_once(run.as_str())?;
                    is_escape_of(between, found).then_some(after)
                });
            }
            rest.is_some()
        })
    }
}

/// Whether a text may be what is between two runs of a secret, escaped or not: an escape is never
/// shorter than what it is for, begins with a sign, and has no blanks.
fn is_escape_of(between: &str, found: &str) -> bool {
    let has_blanks = |text: &str| text.contains(char::is_whitespace);
    (between.len()..=between.len() * LONGEST_ESCAPE).contains(&found.len())
        && found.contains(|c: char| !c.is_ascii_alphanumeric())
        && (has_blanks(between) || !has_blanks(found))
}

/// The words of base64 in a text, of either alphabet, decoded. Nobody knows where in a word the
/// encoding began: it is read from the letter at `offset`.
fn decoded(text: &str, offset: usize) -> String {
    let mut decoded = Vec::new();
    for word in text.as_bytes().split(|byte| sextet(*byte).is_none()) {
        let (mut bits, mut count) = (0u16, 0);
        for sextet in word.iter().skip(offset).filter_map(|byte| sextet(*byte)) {
            bits = (bits << 6) | u16::from(sextet);
            count += 6;
            if count >= 8 {
                count -= 8;
                decoded.push(((bits >> count) & 0xff) as u8);
            }
        }
        decoded.push(b' ');
    }
    String::from_utf8_lossy(&decoded).into_owned()
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
    const HOSTILE: &str = "p4\"as\\5<s&w'o+r/d%4 é?";

    fn knowing(password: &str) -> Redactor {
        let redactor = Redactor::default();
        redactor.add_header(&format!(
            "Basic {}",
            STANDARD.encode(format!("me:{password}"))
        ));
        redactor
    }

    #[test]
    fn words_that_repeat_what_was_sent_are_not_shown() {
        let redactor = knowing("hunter2");
        redactor.add_header("Bearer tokentoken");
        redactor.add_form(b"grant_type=refresh_token&refresh_token=A%2Fb%2Fc-d");
        for (text, is_shown) in [
            ("me:hunter2!", false),
            ("bWU6aHVudGVyMg==", false),
            ("(bWU6aHVudGVyMg)", false),
            ("Bearer tokentoken", false),
            ("A/b/c-d", false),
            ("A%2fb%2fc%2dd", false),
            ("QS9iL2MtZA", false),
            ("refresh_token", true),
            ("hunter", true),
            ("me", true),
            ("", true),
        ] {
            let shown = if is_shown { text } else { NOT_SHOWN };
            assert_eq!(redactor.redact(text), shown, "{text}");
        }
    }

    #[test]
    fn a_password_that_needs_escapes_is_known_in_those_of_everyone() {
        let redactor = knowing(HOSTILE);
        let json = serde_json::to_string(HOSTILE).unwrap();
        let twice = serde_json::to_string(&json).unwrap();
        for text in [
            HOSTILE,
            &json,
            &twice,
            r#"p4\"as\\5\u003cs\u0026w'o+r\/d%4 \u00e9?"#,
            "p4%22as%5C5%3Cs%26w%27o%2Br%2Fd%254+%C3%A9%3F",
            "p4&quot;as\\5&lt;s&amp;w&#39;o+r/d%4 &#233;?",
            r#"p4"as\5\<s\&w'o\+r/d%4 é?"#,
            // Taken for Latin-1.
            "p4\"as\\5<s&w'o+r/d%4 Ã©?",
        ] {
            assert!(redactor.is_repeated_in(&format!("({text})")), "{text}");
        }
    }

    #[test]
    fn whatever_is_next_to_a_secret_in_base64_it_is_known() {
        let redactor = knowing(HOSTILE);
        for before in ["", "a", "ab", "abc", "me:"] {
            for after in ["", "x", "xy", "xyz"] {
                let text = format!("{before}{HOSTILE}{after}");
                for encoded in [STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                    assert!(
                        redactor.is_repeated_in(&format!("Basic {encoded}.")),
                        "{text}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_was_cut_off_after_the_half_is_known() {
        let redactor = Redactor::default();
        redactor.add_header("Bearer 0123456789abcdefghij");
        assert!(redactor.is_repeated_in("not 0123456789…"));
        assert!(!redactor.is_repeated_in("not 012345678…"));
        let long: String = (0..1_000).map(|it| format!("{it:04}")).collect();
        redactor.add_header(&format!("Bearer {long}"));
        assert!(redactor.is_repeated_in(&format!("a{}…", &long[..256])));
        assert!(!redactor.is_repeated_in(&long[..255]));
        // The half of a short one may be a word.
        let redactor = knowing("nothing");
        assert!(!redactor.is_repeated_in("not there"));
    }

    #[test]
    fn the_letters_of_a_secret_hide_no_words_that_only_have_them_in_the_same_order() {
        let redactor = knowing("t-e-s-t");
        redactor.add_header("Bearer a.e.i.t");
        for words in [
            "requested access to the resource is denied",
            "unauthorized: authentication required",
        ] {
            assert!(!redactor.is_repeated_in(words), "{words}");
        }
        assert!(redactor.is_repeated_in("not t%2De%2Ds%2Dt"));
    }

    #[test]
    fn what_is_too_short_hides_nothing_and_what_has_no_letters_is_known_as_it_is() {
        let redactor = knowing("e");
        redactor.add_header("Bearer");
        assert!(!redactor.is_repeated_in("denied"));
        let redactor = knowing("пароль-1");
        assert!(redactor.is_repeated_in("not пароль-1"));
        assert!(!redactor.is_repeated_in("error 1"));
    }
}
