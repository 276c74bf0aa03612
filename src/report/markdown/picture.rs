//! The picture: a Mermaid flowchart of what the tags pointed at before and point at now.

use std::collections::BTreeMap;

use crate::oci::{Digest, Reference};
use crate::report::layout::elide;
use crate::report::words;
use crate::report::{Entry, ExpectedImage, Found, LegProven};
use crate::{outcome, verdict};

/// How many tags are in the picture: with more, nobody can follow an arrow.
const MAX: usize = 20;
/// How many characters of a reference are shown.
const LABEL: usize = 80;

/// The text of a flowchart, and how many tags had no place in it. `None` if no tag is or was wrong,
/// or of none is known where it points.
pub(super) fn picture(tags: &[Entry], legs: &[LegProven]) -> Option<(String, usize)> {
    let mut picture = Picture::default();
    let mut left_out = 0;
    for tag in tags.iter().filter(|tag| tag.verdict != verdict::Code::Ok) {
        let arrows = arrows(tag);
        if arrows.is_empty() {
            continue;
        }
        let is_known = picture.references.contains_key(&tag.reference);
        if !is_known && picture.references.len() == MAX {
            left_out += 1;
            continue;
        }
        picture.add(tag, arrows);
    }
    picture.add_legs(legs, tags);
    (!picture.lines.is_empty()).then(|| {
        let lines = picture.lines.join("\n");
        (format!("flowchart LR\n{lines}"), left_out)
    })
}

/// Lines of Mermaid, and the names of the nodes that are in them.
#[derive(Default)]
struct Picture<'a> {
    lines: Vec<String>,
    references: BTreeMap<&'a Reference, usize>,
    images: BTreeMap<String, usize>,
}

/// An arrow to an image.
struct Arrow {
    kind: ArrowKind,
    image: Node,
}

#[derive(Clone, Copy)]
enum ArrowKind {
    Now,
    Before,
    Expected,
    Written,
}

/// What an arrow points at: what makes it one and the same, and the words on it.
struct Node {
    key: String,
    label: String,
}

/// Where the tag pointed, where it points and where it should, as far as that is known.
fn arrows(tag: &Entry) -> Vec<Arrow> {
    let arrow = |kind, image: Option<Node>| image.map(|image| Arrow { kind, image });
    let found = found(tag);
    if found.is_none() && tag.verdict == verdict::Code::Unproven {
        return Vec::new();
    }
    let (first, second) = match tag.outcome {
        Some(outcome::Code::Fixed | outcome::Code::AlreadyRight | outcome::Code::Lost) => {
            (ArrowKind::Before, ArrowKind::Now)
        }
        Some(outcome::Code::Unsettled) => (ArrowKind::Before, ArrowKind::Written),
        Some(outcome::Code::Changed) => (ArrowKind::Before, ArrowKind::Expected),
        Some(outcome::Code::Refused | outcome::Code::Failed | outcome::Code::Planned) | None => {
            (ArrowKind::Now, ArrowKind::Expected)
        }
    };
    let expected = expected(&tag.expected);
    // The right image, of which a part is missing.
    let is_same = found.as_ref().map(|it| &it.key) == expected.as_ref().map(|it| &it.key);
    let expected = expected.filter(|_| !is_same);
    [arrow(first, found), arrow(second, expected)]
        .into_iter()
        .flatten()
        .collect()
}

fn found(tag: &Entry) -> Option<Node> {
    let Some(found) = &tag.found else {
        let is_absent = matches!(
            tag.verdict,
            verdict::Code::Absent | verdict::Code::NeverPushed
        );
        return is_absent.then(|| Node {
            key: String::new(),
            label: "no such tag".to_owned(),
        });
    };
    let Found {
        digest,
        media_type,
        platform,
        attestation,
        platforms: _,
        relation: _,
        created: _,
        revision: _,
        version: _,
    } = found;
    let kind = match (attestation, platform, media_type) {
        (true, _, _) => Some("attestation manifest".to_owned()),
        (_, Some(platform), _) => Some(format!("{platform} manifest")),
        (_, None, Some(media_type)) => Some(words::kind(media_type).to_owned()),
        (_, None, None) => None,
    };
    digest.as_ref().map(|digest| image(digest, kind))
}

fn expected(expected: &ExpectedImage) -> Option<Node> {
    let ExpectedImage {
        digest,
        config,
        media_type,
        platforms: _,
    } = expected;
    let kind = media_type
        .as_ref()
        .map(|media_type| words::kind(media_type).to_owned());
    match (digest, config) {
        (Some(digest), _) => Some(image(digest, kind)),
        (None, Some(config)) => Some(image(config, Some("image ID".to_owned()))),
        (None, None) => None,
    }
}

fn image(digest: &Digest, kind: Option<String>) -> Node {
    let kind = kind.map_or_else(String::new, |kind| format!(" ({kind})"));
    Node {
        key: digest.to_string(),
        label: format!("{}{kind}", digest.short()),
    }
}

impl<'a> Picture<'a> {
    fn add(&mut self, tag: &'a Entry, arrows: Vec<Arrow>) {
        let next = self.references.len();
        let from = *self.references.entry(&tag.reference).or_insert(next);
        if from == next {
            let reference = elide(&plain(&tag.name()), LABEL);
            self.lines.push(format!("  t{from}[\"{reference}\"]"));
        }
        for Arrow { kind, image } in arrows {
            let Node { key, label } = image;
            let next = self.images.len();
            let to = *self.images.entry(key).or_insert(next);
            if to == next {
                self.lines.push(format!("  d{to}[\"{}\"]", plain(&label)));
            }
            let line = match kind {
                ArrowKind::Now => format!("  t{from} -->|now| d{to}"),
                ArrowKind::Before => format!("  t{from} -.->|before| d{to}"),
                ArrowKind::Expected => format!("  t{from} -.->|expected| d{to}"),
                ArrowKind::Written => format!("  t{from} -.->|written, not seen yet| d{to}"),
            };
            // A tag that two entries are about is found to be one thing.
            if !self.lines.contains(&line) {
                self.lines.push(line);
            }
        }
    }
}

impl Picture<'_> {
    /// The legs of a merge, each with an arrow to the index, where that is in the picture.
    fn add_legs(&mut self, legs: &[LegProven], tags: &[Entry]) {
        let index = tags.iter().find_map(|tag| tag.expected.digest.as_ref());
        let Some(to) = index.and_then(|index| self.images.get(&index.to_string())) else {
            return;
        };
        for (nth, leg) in legs.iter().take(MAX).enumerate() {
            let name = format!("{} ({})", leg.name, words::platforms(&leg.platforms));
            let label = elide(&plain(&name.replace('`', "")), LABEL);
            self.lines.push(format!("  l{nth}[\"{label}\"]"));
            self.lines.push(format!("  l{nth} --> d{to}"));
        }
    }
}

/// What a label may hold: the characters that references and our own words have. Mermaid has
/// escapes, quotes, Markdown and directives of its own, none of which can be written with these.
fn plain(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || " ._-:/@[]()".contains(c);
    text.chars()
        .map(|c| if fits(c) { c } else { '?' })
        .collect()
}
