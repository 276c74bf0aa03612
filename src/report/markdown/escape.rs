//! Text as Markdown that shows it and does nothing else.
//!
//! Escapes are not enough: GitHub and GitLab look for links, mentions, issues and emoji in what is
//! left once the escapes are gone. Nothing is looked for in a code span. So a word is plain only if
//! there is nothing in it but letters, or but digits, and every other word is code.

use std::borrow::Cow;

use crate::text::clean;

/// The most backticks in a row that are shown as such.
const MAX_RUN: usize = 20;

/// The text as a code span, in one line. Empty text is a dash.
pub(super) fn code(text: &str, max: usize) -> String {
    span(&clean(text, max))
}

/// As [`code`], for a cell of a table: readers differ in how a `|` is escaped there, so there is
/// none.
pub(super) fn cell(text: &str, max: usize) -> String {
    span(&clean(text, max).replace('|', "¦"))
}

/// The text as a sentence: what stands between backticks, and every word that is more than a word,
/// is code. It may be the start of a list item; empty text, which could make a heading of what is
/// before it, is a dash.
pub(super) fn prose(text: &str, max: usize) -> String {
    let words: Vec<String> = crate::report::layout::tokens(&clean(text, max))
        .iter()
        .map(|token| word(token))
        .collect();
    match words.is_empty() {
        true => "–".to_owned(),
        false => words.join(" "),
    }
}

/// The lines in a fenced block that none of them ends.
pub(super) fn fence(language: &str, lines: &[String], max: usize) -> String {
    let lines: Vec<String> = lines.iter().map(|line| clean(line, max)).collect();
    let text = lines.join("\n");
    let text = countable(&text);
    let fence = "`".repeat(longest_run(&text).max(2) + 1);
    format!("{fence}{language}\n{text}\n{fence}\n")
}

fn span(text: &str) -> String {
    if text.trim().is_empty() {
        return "–".to_owned();
    }
    let text = &*countable(text);
    let fence = "`".repeat(longest_run(text) + 1);
    // CommonMark takes one space off both ends if both have one.
    let is_padded = text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']);
    let pad = if is_padded { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// The text with apostrophes instead of backticks, where there are many in a row: readers stop
/// counting at some number, and GitHub's takes more than 80 for plain text.
fn countable(text: &str) -> Cow<'_, str> {
    match longest_run(text) > MAX_RUN {
        true => Cow::Owned(text.replace('`', "'")),
        false => Cow::Borrowed(text),
    }
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// One word, with what a sentence may have around it.
fn word(token: &str) -> String {
    let open = token.len() - token.trim_start_matches(['(', '"']).len();
    let (open, rest) = token.split_at_checked(open).unwrap_or(("", token));
    let core = rest.trim_end_matches([',', '.', ';', ':', ')', '?', '"', '…']);
    let close = rest.strip_prefix(core).unwrap_or_default();
    let quoted = core
        .strip_prefix('`')
        .and_then(|core| core.strip_suffix('`'))
        .filter(|inner| !inner.contains('`'));
    match quoted {
        // What begins commands or links is shown as code only.
        _ if close.contains("::") => span(token),
        _ if core.ends_with("www") && close.starts_with('.') => span(token),
        Some(inner) => format!("{open}{}{close}", span(inner)),
        // Punctuation alone.
        None if core.is_empty() => match open.is_empty() && close == "…" {
            true => token.to_owned(),
            false => span(token),
        },
        None if is_word(core) || (is_number(core) && !close.starts_with(['.', ')'])) => {
            token.to_owned()
        }
        None if matches!(token, "·" | "—" | "→") => token.to_owned(),
        None => format!("{open}{}{close}", span(core)),
    }
}

/// Letters, with single `-`, `/` and `'` between them; but not what could be a commit.
fn is_word(text: &str) -> bool {
    let is_hex = text.len() > 6 && text.bytes().all(|b| b.is_ascii_hexdigit());
    !is_hex
        && text
            .split(['-', '/', '\''])
            .all(|part| !part.is_empty() && part.chars().all(char::is_alphabetic))
}

/// `401`, `0.22`. Seven digits could be a commit.
fn is_number(text: &str) -> bool {
    text.len() < 7
        && text
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_words_and_all_else_is_code() {
        for (text, expected) in [
            (
                "every tag is what the build made",
                "every tag is what the build made",
            ),
            (
                "`latest` is (not `1.4`), or \"so\"",
                "`latest` is (not `1.4`), or \"so\"",
            ),
            (
                "GET https://a.example/v2/: 401 DENIED",
                "GET `https://a.example/v2/`: 401 DENIED",
            ),
            ("see www.evil.example.", "see `www.evil.example`."),
            ("(www.…) www awww.", "`(www.…)` www `awww.`"),
            ("upgrade to 0.22 or newer", "upgrade to 0.22 or newer"),
            ("docker/buildx#2959", "`docker/buildx#2959`"),
            ("a:: `b`::", "`a::` `` `b`:: ``"),
            ("it's the linux/amd64 one", "it's the `linux/amd64` one"),
            (
                "@all, GH-1 #2 :tada: a@b.example",
                "`@all`, `GH-1` `#2` `:tada`: `a@b.example`",
            ),
            ("deadbeef 1234567 face", "`deadbeef` `1234567` face"),
            (
                "<img> & ![x](y) **b** _i_ ~s~",
                "`<img>` `&` `![x](y`) `**b**` `_i_` `~s~`",
            ),
            (
                "- [ ] # > + * 1. 2) |",
                "`-` `[` `]` `#` `>` `+` `*` `1`. `2`) `|`",
            ),
            ("a`b``c", "```a`b``c```"),
            ("(see", "(see"),
            ("a :::", "a `:::`"),
            ("a … b", "a … b"),
            ("\n", "–"),
        ] {
            assert_eq!(prose(text, 200), expected, "{text}");
        }
    }

    #[test]
    fn a_code_span_holds_any_text() {
        for (text, expected) in [
            ("a", "`a`"),
            ("a`b", "``a`b``"),
            ("`", "`` ` ``"),
            ("a ", "` a  `"),
            ("", "–"),
            ("a\nb", "`a b`"),
            ("a\\", "`a\\`"),
        ] {
            assert_eq!(code(text, 100), expected, "{text}");
        }
        assert_eq!(cell("a|b", 100), "`a¦b`");
    }

    #[test]
    fn no_more_backticks_stand_in_a_row_than_readers_count() {
        let text = |count: usize| format!("a{}@all", "`".repeat(count));
        let fence = "`".repeat(21);
        assert_eq!(code(&text(20), 100), format!("{fence}{}{fence}", text(20)));
        assert_eq!(code(&text(21), 100), format!("`a{}@all`", "'".repeat(21)));
        let block = super::fence("text", &[text(300)], 400);
        assert_eq!(block, format!("```text\na{}@all\n```\n", "'".repeat(300)));
    }

    #[test]
    fn a_fence_is_longer_than_any_within() {
        let lines = ["a".to_owned(), "````".to_owned(), "::b".to_owned()];
        assert_eq!(
            fence("text", &lines, 9),
            "`````text\na\n````\n: :b\n`````\n"
        );
    }
}
