//! Notes on what was seen: what is worth knowing of tags that are right.

use crate::expectation::{Expectation, Output};
use crate::finding::Finding;
use crate::note::{self, Note};
use crate::observation::Seen;
use crate::oci::{Digest, Document, Same};
use crate::verdict::{Verdict, is_by_config};

use super::words::MAX_LISTED;

/// The notes on what was seen, in the order of the tags.
pub(super) fn remarks(findings: &[Finding]) -> Vec<Note> {
    let mut notes: Vec<Note> = findings.iter().filter_map(attestation_gone).collect();
    notes.extend(findings.iter().filter_map(served_as_another));
    let mut groups: Vec<Group<'_>> = Vec::new();
    for finding in findings {
        let Some((kind, shown, expected)) = kind(finding) else {
            continue;
        };
        let same = |group: &&mut Group<'_>| {
            group.kind == kind && group.shown == shown && group.expected == expected
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.findings.push(finding),
            None => groups.push(Group {
                kind,
                shown,
                expected,
                findings: vec![finding],
            }),
        }
    }
    notes.extend(groups.iter().map(Group::note));
    notes
}

/// Whether a tag that is right shows what another output of the build pushed than the one that the
/// metadata describes.
pub(super) fn is_of_other_output(expectation: &Expectation, shown: &Document) -> bool {
    let is_named = expectation.output != Output::Described;
    expectation.is_of_manifest()
        && !expectation.image.is(shown)
        && (is_named || expectation.accepts(shown))
}

/// How a tag is right that does not show the digest that the metadata names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RightBy {
    /// An index of the expected manifest and its attestations, or of exactly the expected manifests.
    OtherOutput,
    /// The same images, by their configs, and a definition that says why.
    OtherConfigs,
    /// The image ID that the metadata names, where its digest is nowhere.
    ImageId,
}

/// Tags that show one digest for one reason.
struct Group<'a> {
    kind: RightBy,
    shown: &'a Digest,
    expected: &'a Digest,
    findings: Vec<&'a Finding>,
}

fn kind(finding: &Finding) -> Option<(RightBy, &Digest, &Digest)> {
    let Finding {
        expectation,
        observation,
        ..
    } = finding;
    let shown = observation.tag.here()?;
    let expected = expectation.image.digest()?;
    let is_odd = finding.verdict == Verdict::Ok
        && expectation.is_of_manifest()
        && !expectation.image.is(shown);
    let kind = match is_of_other_output(expectation, shown) {
        _ if !is_odd => return None,
        true if is_by_config(expectation, observation, &finding.verdict) => RightBy::OtherConfigs,
        true => RightBy::OtherOutput,
        false => RightBy::ImageId,
    };
    Some((kind, shown.digest(), expected))
}

impl Group<'_> {
    fn note(&self) -> Note {
        let first = self.findings.iter().take(MAX_LISTED);
        let mut names: Vec<String> = first
            .map(|finding| finding.expectation.reference().to_string())
            .collect();
        let more = self.findings.len().saturating_sub(MAX_LISTED);
        if more > 0 {
            names.push(format!("{more} more"));
        }
        let names = names.join(", ");
        let (shown, expected) = (self.shown, self.expected);
        let is_attested = self
            .findings
            .iter()
            .all(|finding| finding.observation.same != Some(Same::Manifests));
        let (code, message, help) = match self.kind {
            RightBy::OtherOutput if is_attested => (
                note::Code::OtherOutput,
                format!(
                    "{names}: the tag has the digest `{shown}`, an index of the manifest `{expected}` that the metadata describes and of attestations of it: another output of the build pushed it"
                ),
                "nothing: sign and deploy by the digest of the tag, as `pinned` and `digest` have it",
            ),
            RightBy::OtherOutput => (
                note::Code::OtherOutput,
                format!(
                    "{names}: the tag has the digest `{shown}`, another index of exactly the images of `{expected}` that the metadata describes: another output of the build pushed it"
                ),
                "nothing: sign and deploy by the digest of the tag, as `pinned` and `digest` have it",
            ),
            RightBy::OtherConfigs => (
                note::Code::OtherOutput,
                format!(
                    "{names}: the tag has the digest `{shown}`, and what the metadata describes is `{expected}`: another output of the build pushed the same image (same config, layers not read)"
                ),
                "nothing; to have the digest of each output proven, build each in a target of its own",
            ),
            RightBy::ImageId => (
                note::Code::ImageId,
                format!(
                    "{names}: the tag has the digest `{shown}`, and `{expected}`, which the metadata names, is not in the repository: it is right by its image ID (same config, layers not read)"
                ),
                "nothing, after `--load` and `docker push`; build with `--push` to have a digest to sign and deploy",
            ),
        };
        Note {
            code,
            message,
            help: help.to_owned(),
        }
    }
}

/// An attestation manifest that is gone breaks no image: a note, unless attestations are required.
fn attestation_gone(finding: &Finding) -> Option<Note> {
    if !finding.expectation.attestations.is_empty() {
        return None;
    }
    let gone: Vec<String> = finding
        .observation
        .children
        .iter()
        .filter(|(child, seen)| child.is_attestation && matches!(seen, Seen::Absent))
        .map(|(child, _)| format!("`{}`", child.named))
        .collect();
    if gone.is_empty() {
        return None;
    }
    Some(Note {
        code: note::Code::AttestationGone,
        message: format!(
            "{}: attestations that the index lists are gone: {}",
            finding.expectation.reference(),
            gone.join(", ")
        ),
        help: "push again to have provenance and SBOM back; the images themselves are whole"
            .to_owned(),
    })
}

/// The digest decides, but clients go by the type that a registry answers with.
fn served_as_another(finding: &Finding) -> Option<Note> {
    let document = finding.observation.tag.here()?;
    let own = document
        .own_type()
        .filter(|_| finding.expectation.image.is(document))?;
    let served = document.served();
    if served.is_plain() || served == own {
        return None;
    }
    Some(Note {
        code: note::Code::MediaType,
        message: format!(
            "{}: it is served as `{served}`, and its own media type is `{own}`: clients that go by \
             the answer cannot pull it",
            finding.expectation.reference(),
        ),
        help: "push it again: it was stored under another media type".to_owned(),
    })
}
