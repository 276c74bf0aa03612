//! What a tag should be and what it was, each as a digest and the words on it.

use super::words::{self, MESSAGE, NAME};
use super::{Entry, ExpectedImage, Found};
use crate::oci::{Digest, Platform};
use crate::text::clean;
use crate::verdict;

/// How many characters of an annotation are shown.
const ANNOTATION: usize = 100;

/// The target that claims a tag, what the tag should be and what it was, and the rules that it was
/// judged by, a line each, for renderings in plain lines.
pub(super) fn lines(tag: &Entry) -> Vec<String> {
    let target = tag.target.iter();
    let mut lines: Vec<String> = target
        .map(|it| format!("target: {}", clean(it, NAME)))
        .collect();
    for (label, what) in facts(tag) {
        if let Some((name, words)) = what {
            lines.push(format!("{label}: {name} {words}").trim_end().to_owned());
        }
    }
    lines.extend(rules(tag).map(|rules| format!("policy: {rules}")));
    let aftermath = aftermath(tag).into_iter();
    lines.extend(aftermath.map(|(label, text)| format!("{label} {text}")));
    lines
}

/// What the tag should be and what it was, each under its label.
pub(super) fn facts(tag: &Entry) -> [(&'static str, Option<(String, String)>); 2] {
    let (is, was) = match tag.is_right() {
        true => ("is", "was"),
        false => ("expected", "found"),
    };
    [(is, expected(&tag.expected)), (was, found(tag))]
}

/// The digest that was replaced, where it is not the one that was found.
pub(super) fn replaced(tag: &Entry) -> Option<&Digest> {
    let found = tag.found.as_ref().and_then(|found| found.digest.as_ref());
    tag.before.as_ref().filter(|before| found != Some(before))
}

/// `put back:` and `sha256:… (media type, 480 bytes)`: what a registry forgot by a write, and what
/// became of it.
pub(super) fn aftermath(tag: &Entry) -> Vec<(&'static str, String)> {
    let restored = tag
        .restored
        .iter()
        .map(|left| ("put back:", clean(&left.to_string(), NAME)));
    let lost = tag.lost.iter().map(|(left, why)| {
        let text = format!("{left}: {why}");
        ("lost:", clean(&text, MESSAGE))
    });
    restored.chain(lost).collect()
}

/// ``platforms by `ghcr.io/acme/**` ``: the rules of the policy that the tag was judged by.
pub(super) fn rules(tag: &Entry) -> Option<String> {
    let rules = tag.rules.iter();
    let rules: Vec<String> = rules
        .map(|(key, pattern)| format!("{key} by `{}`", clean(pattern, NAME)))
        .collect();
    (!rules.is_empty()).then(|| rules.join(", "))
}

/// `sha256:…` and `(image index; linux/amd64, linux/arm64)`.
fn expected(expected: &ExpectedImage) -> Option<(String, String)> {
    let ExpectedImage {
        digest,
        config,
        media_type,
        platforms,
    } = expected;
    let name = match (digest, config) {
        (Some(digest), _) => digest.to_string(),
        (None, Some(config)) => format!("image ID {config}"),
        (None, None) => return None,
    };
    let kind = media_type
        .as_ref()
        .map(|media_type| words::kind(media_type).to_owned());
    Some((name, in_parentheses([kind, listed(platforms)])))
}

/// What the tag was, and what shows whose work it is.
fn found(tag: &Entry) -> Option<(String, String)> {
    let Some(found) = &tag.found else {
        let is_absent = tag.verdict == verdict::Code::Absent;
        return is_absent.then(|| ("no such tag".to_owned(), String::new()));
    };
    let Found {
        digest,
        media_type,
        platform,
        attestation,
        platforms,
        relation: _,
        created,
        revision,
        version,
    } = found;
    let kind = if *attestation {
        Some("attestation manifest".to_owned())
    } else {
        media_type
            .as_ref()
            .map(|media_type| words::kind(media_type).to_owned())
    };
    let annotation = |label: &str, text: &Option<String>| {
        let text = text.as_ref()?;
        Some(format!("{label} {}", clean(text, ANNOTATION)))
    };
    let words = in_parentheses([
        kind,
        platform.as_ref().map(ToString::to_string),
        listed(platforms),
        annotation("created", created),
        annotation("revision", revision),
        annotation("version", version),
    ]);
    let name = digest.as_ref().map(ToString::to_string);
    Some((name.unwrap_or_else(|| "unknown".to_owned()), words))
}

fn listed(platforms: &[Platform]) -> Option<String> {
    (!platforms.is_empty()).then(|| words::platforms(platforms))
}

fn in_parentheses<const N: usize>(parts: [Option<String>; N]) -> String {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!("({})", parts.join("; "))
    }
}
