//! The report as variables: a dotenv report that GitLab hands to later jobs.
//!
//! GitLab takes 20 variables and 5 KiB (docs, "Artifacts reports", `dotenv`), a name of word
//! characters, and a value as it stands after the `=`: it knows neither quotes nor escapes, and
//! other readers of such files do. So a value here has no character that any of them could take
//! for something else.

use super::words::{Counts, NAME};
use super::{Report, extract};
use crate::oci::Digest;
use crate::text::clean;

/// How many bytes the file may have.
pub const MAX_BYTES: usize = 5 * 1024;
/// How many variables it may have.
pub const MAX_VARIABLES: usize = 20;

/// What is to be written, and what had no place in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dotenv {
    /// The file: `NAME=value` a line.
    pub text: String,
    /// The variables that were left out because the file is full, or because a name or a value
    /// cannot be written in it. Ready to be shown.
    pub left_out: Vec<String>,
}

/// The status, the digest of the one image, the first pinned reference, how many tags were
/// repaired, are wrong or unproven, and the digest of each target, as far as there is room.
///
/// What there is not (the one digest of two images) gets no variable.
#[must_use]
pub fn render(report: &Report) -> Dotenv {
    let counts = Counts::new(&report.tags);
    let mut file = Dotenv {
        text: String::new(),
        left_out: Vec::new(),
    };
    file.add("TAGPROOF_STATUS", report.status.as_str());
    if let Some(digest) = extract::digest(report) {
        file.add("TAGPROOF_DIGEST", digest.as_str());
    }
    if let Some(first) = extract::pinned(report).first() {
        file.add("TAGPROOF_PINNED", first);
    }
    for (name, count) in [
        ("TAGPROOF_FIXED", counts.fixed),
        ("TAGPROOF_WRONG", counts.wrong),
        ("TAGPROOF_UNPROVEN", counts.unproven),
    ] {
        file.add(name, &count.to_string());
    }
    for (target, digest) in extract::digests(report) {
        let name = format!("TAGPROOF_DIGEST_{}", in_capitals(target));
        file.add(&name, digest.map_or("", Digest::as_str));
    }
    file
}

impl Dotenv {
    fn add(&mut self, name: &str, value: &str) {
        let line = format!("{name}={value}\n");
        let is_new = !self
            .text
            .lines()
            .any(|line| line.split_once('=').is_some_and(|(known, _)| known == name));
        let fits =
            self.text.len() + line.len() <= MAX_BYTES && self.text.lines().count() < MAX_VARIABLES;
        if is_new && fits && is_name(name) && is_value(value) {
            self.text.push_str(&line);
        } else {
            self.left_out.push(clean(name, NAME));
        }
    }
}

/// `web-app` as `WEB_APP`. Other letters than ASCII's are kept, and such a name is left out.
fn in_capitals(target: &str) -> String {
    target
        .chars()
        .map(|c| match c {
            '-' | '.' => '_',
            c => c.to_ascii_uppercase(),
        })
        .collect()
}

fn is_name(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Status, digest, count or reference; `[` and `]` are those of an IPv6 address.
fn is_value(value: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"._-:/@[]".contains(&b);
    !value.is_empty() && value.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::samples;

    fn text(report: &Report) -> String {
        let Dotenv { text, left_out } = render(report);
        assert_eq!(left_out, [""; 0]);
        text
    }

    #[test]
    fn all_right() {
        insta::assert_snapshot!(text(&samples::all_right()), @r"
        TAGPROOF_STATUS=ok
        TAGPROOF_DIGEST=sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        TAGPROOF_PINNED=ghcr.io/acme/app:1.4@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        TAGPROOF_FIXED=0
        TAGPROOF_WRONG=0
        TAGPROOF_UNPROVEN=0
        ");
    }

    #[test]
    fn a_double_push_repaired() {
        insta::assert_snapshot!(text(&samples::double_push()), @r"
        TAGPROOF_STATUS=fixed
        TAGPROOF_DIGEST=sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        TAGPROOF_PINNED=ghcr.io/acme/app:1.4@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        TAGPROOF_FIXED=2
        TAGPROOF_WRONG=0
        TAGPROOF_UNPROVEN=0
        ");
    }

    #[test]
    fn two_claims_on_one_tag() {
        insta::assert_snapshot!(text(&samples::conflict()), @r"
        TAGPROOF_STATUS=wrong
        TAGPROOF_FIXED=0
        TAGPROOF_WRONG=2
        TAGPROOF_UNPROVEN=0
        TAGPROOF_DIGEST_APP=sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        TAGPROOF_DIGEST_DEBUG=sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd
        ");
    }

    #[test]
    fn mixed() {
        insta::assert_snapshot!(text(&samples::mixed()), @"
        TAGPROOF_STATUS=wrong
        TAGPROOF_PINNED=ghcr.io/acme/app:1.4@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        TAGPROOF_FIXED=1
        TAGPROOF_WRONG=8
        TAGPROOF_UNPROVEN=1
        ");
    }

    #[test]
    fn nothing_and_invalid() {
        insta::assert_snapshot!(text(&samples::nothing()), @r"
        TAGPROOF_STATUS=nothing
        TAGPROOF_FIXED=0
        TAGPROOF_WRONG=0
        TAGPROOF_UNPROVEN=0
        ");
        insta::assert_snapshot!(text(&samples::invalid()), @r"
        TAGPROOF_STATUS=invalid
        TAGPROOF_FIXED=0
        TAGPROOF_WRONG=0
        TAGPROOF_UNPROVEN=0
        ");
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let mut report = samples::many(false);
        for (number, tag) in report.tags.iter_mut().enumerate() {
            tag.target = Some(format!("app-{number}"));
        }
        let Dotenv { text, left_out } = render(&report);
        assert_eq!(text.lines().count(), MAX_VARIABLES);
        assert!(text.contains("TAGPROOF_DIGEST_APP_14="), "{text}");
        assert_eq!(left_out.first().unwrap(), "TAGPROOF_DIGEST_APP_15");
        assert_eq!(left_out.len(), 40 - 15);

        // Long names fill the bytes before the variables are used up.
        for tag in &mut report.tags {
            let long = tag.target.take().unwrap() + &"x".repeat(1_000);
            tag.target = Some(long);
        }
        let Dotenv { text, left_out } = render(&report);
        assert!(text.len() <= MAX_BYTES);
        assert!((8..MAX_VARIABLES).contains(&text.lines().count()), "{text}");
        assert!(!left_out.is_empty());
    }

    #[test]
    fn two_targets_whose_names_become_one_are_not_mixed_up() {
        let mut report = samples::conflict();
        report.tags[0].target = Some("a-b".to_owned());
        report.tags[1].target = Some("a.b".to_owned());
        let Dotenv { text, left_out } = render(&report);
        let first = format!("TAGPROOF_DIGEST_A_B={}\n", samples::digest('a'));
        assert!(text.ends_with(&first), "{text}");
        assert_eq!(left_out, ["TAGPROOF_DIGEST_A_B"]);
    }

    #[test]
    fn every_line_is_a_plain_name_and_a_plain_value() {
        for report in samples::every() {
            let Dotenv { text, left_out } = render(&report);
            assert!(text.starts_with("TAGPROOF_STATUS="));
            assert!(text.is_empty() || text.ends_with('\n'));
            for line in text.lines() {
                let (name, value) = line.split_once('=').unwrap();
                assert!(is_name(name) && is_value(value), "{line}");
                assert!(!value.contains(['\'', '"', '$', '#', '\\', ' ', '`']));
            }
            for name in left_out {
                assert!(!name.contains('\n'));
            }
        }
    }
}
