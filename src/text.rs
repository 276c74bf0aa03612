//! Text from elsewhere: files decoded, lists of people taken apart, and remote text, which is hostile, made safe to show in a log.

mod encoding;
mod wildcard;

use std::time::Duration;

pub(crate) use encoding::too_large;
pub use encoding::{SAVE_AS_UTF8, utf8};
pub(crate) use wildcard::matches;

/// What a character that must not be shown is replaced by.
const REPLACEMENT: char = '\u{fffd}';

/// The text in one line of at most `max` characters, without anything that moves a terminal's
/// cursor, changes the direction of writing or is a command to a CI system.
///
/// Line breaks and tabs become spaces; every other control character, the marks and overrides of
/// writing direction and invisible characters become U+FFFD. A `::` at the start (GitHub's
/// workflow commands) becomes `: :`, and `##[` or `##name[` anywhere (the older commands of GitHub
/// and Azure, TeamCity's service messages) `# #[`. What is cut ends with an ellipsis.
#[must_use]
pub fn clean(text: &str, max: usize) -> String {
    let line: String = text
        .trim_end_matches(['\r', '\n'])
        .chars()
        .map(|c| match c {
            '\n' | '\t' | '\u{85}' | '\u{2028}' | '\u{2029}' => ' ',
            c if c.is_control() || is_invisible(c) => REPLACEMENT,
            c => c,
        })
        .collect();
    cut(&defuse_start(&defuse_hashes(&line)), max)
}

/// A time for people: `0.4 s`, `45 s`, `12 min`, `2 h`.
pub(crate) fn spoken(time: Duration) -> String {
    match time.as_secs() {
        0..=9 => format!("{:.1} s", time.as_secs_f64()),
        seconds @ 10..=119 => format!("{seconds} s"),
        seconds @ 120..=7199 => format!("{} min", seconds.div_ceil(60)),
        seconds => format!("{} h", seconds.div_ceil(3600)),
    }
}

/// The items of a list with commas or newlines, as people write them: without the space around
/// them, and without those that are empty.
pub fn items(list: &str) -> impl Iterator<Item = &str> {
    list.split([',', '\n'])
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

/// One line whose start is not a workflow command. Leading white space does not protect it: the
/// runner skips that.
#[must_use]
pub fn defuse_start(line: &str) -> String {
    let rest = line.trim_start();
    match rest.strip_prefix("::") {
        Some(tail) => {
            let space = line.strip_suffix(rest).unwrap_or_default();
            format!("{space}: :{tail}")
        }
        None => line.to_owned(),
    }
}

/// Whether a character shows nothing by itself, or turns the direction of writing around it.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Breaks every `##` that letters (or none) and a `[` follow.
fn defuse_hashes(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('#') {
        out.push_str(before);
        let name = after
            .strip_prefix('#')
            .map(|tail| tail.trim_start_matches(|c: char| c.is_ascii_alphabetic()));
        out.push_str(if name.is_some_and(|tail| tail.starts_with('[')) {
            "# "
        } else {
            "#"
        });
        rest = after;
    }
    out.push_str(rest);
    out
}

fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(max.saturating_sub(1)).collect();
    short.push('…');
    short.chars().take(max).collect()
}

/// The one of `known` that was likely meant by `word`, if one is near.
#[must_use]
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|known| (strsim::levenshtein(word, known), known))
        .filter(|(distance, known)| *distance <= known.len().div_ceil(3))
        .min()
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_is_defused() {
        for (text, expected) in [
            ("plain text, ünï·code ✔", "plain text, ünï·code ✔"),
            ("a\nb\tc\n", "a b c"),
            ("\x1b[31mred\x07", "\u{fffd}[31mred\u{fffd}"),
            ("a\rb", "a\u{fffd}b"),
            ("\u{9b}2J", "\u{fffd}2J"),
            ("abc\u{202e}def\u{2066}", "abc\u{fffd}def\u{fffd}"),
            ("::error::x", ": :error::x"),
            ("  ::error::x", "  : :error::x"),
            ("\n::error::x", " : :error::x"),
            ("a::b", "a::b"),
            ("x ##[group]y", "x # #[group]y"),
            ("###[group]", "## #[group]"),
            ("##vso[task.x]", "# #vso[task.x]"),
            ("## heading [x]", "## heading [x]"),
        ] {
            assert_eq!(clean(text, 100), expected, "{text:?}");
        }
    }

    #[test]
    fn long_text_ends_with_an_ellipsis() {
        assert_eq!(clean("ééééé", 5), "ééééé");
        assert_eq!(clean("éééééé", 5), "éééé…");
        assert_eq!(clean("abc", 1), "…");
        assert_eq!(clean("abc", 0), "");
    }
    #[test]
    fn times_are_spoken_in_fitting_units() {
        for (seconds, text) in [
            (0.4, "0.4 s"),
            (45.0, "45 s"),
            (720.0, "12 min"),
            (7200.0, "2 h"),
        ] {
            assert_eq!(spoken(Duration::from_secs_f64(seconds)), text);
        }
    }
}
