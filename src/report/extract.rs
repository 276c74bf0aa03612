//! What other programs take from a report: references and digests, fit to be read by a script.

use super::{Entry, Report};
use crate::oci::{Digest, Reference};
use crate::{outcome, verdict};

/// `name:tag@sha256:…` of every tag that is proven right, in the order of the report, none twice.
///
/// What is right by a config alone is not among them: its layers were not read.
pub(super) fn pinned(report: &Report) -> Vec<String> {
    distinct(report.tags.iter().filter_map(pin))
}

fn pin(tag: &Entry) -> Option<String> {
    if !tag.is_right() {
        return None;
    }
    let (repository, name) = (tag.reference.repository(), tag.reference.tag());
    let digest = tag.digest().cloned();
    digest.as_ref()?;
    Some(Reference::new(repository.clone(), name.cloned(), digest).to_string())
}

/// The references of the tags that were repaired.
pub(super) fn fixed(report: &Report) -> Vec<String> {
    let is_fixed = |tag: &&Entry| tag.outcome == Some(outcome::Code::Fixed);
    distinct(report.tags.iter().filter(is_fixed).map(Entry::name))
}

/// The references of the tags that are wrong: not those that could not be checked.
pub(super) fn wrong(report: &Report) -> Vec<String> {
    let is_wrong = |tag: &&Entry| !tag.is_right() && tag.verdict != verdict::Code::Unproven;
    distinct(report.tags.iter().filter(is_wrong).map(Entry::name))
}

/// The digest of the image that was built, if the report is about one image only.
pub(super) fn digest(report: &Report) -> Option<&Digest> {
    let mut digests = report.tags.iter().map(Entry::digest);
    let first = digests.next()??;
    digests.all(|other| other == Some(first)).then_some(first)
}

/// The digest of every target, in the order of the report; `None` where a target has no digest or
/// more than one.
pub(super) fn digests(report: &Report) -> Vec<(&str, Option<&Digest>)> {
    let mut digests: Vec<(&str, Option<&Digest>)> = Vec::new();
    let mut places = std::collections::BTreeMap::new();
    for tag in &report.tags {
        let Some(target) = tag.target.as_deref() else {
            continue;
        };
        let digest = tag.digest();
        let place = *places.entry(target).or_insert(digests.len());
        match digests.get_mut(place) {
            Some((_, known)) if *known != digest => *known = None,
            Some(_) => {}
            None => digests.push((target, digest)),
        }
    }
    digests
}

/// The repository and, within it, the tag or `@digest`.
pub(super) fn split(reference: &Reference) -> (String, String) {
    let name = match (reference.tag(), reference.digest()) {
        (Some(tag), None) => tag.to_string(),
        (Some(tag), Some(digest)) => format!("{tag}@{digest}"),
        (None, Some(digest)) => format!("@{digest}"),
        (None, None) => String::new(),
    };
    (reference.repository().to_string(), name)
}

fn distinct(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    lines.filter(|line| seen.insert(line.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::samples;

    #[test]
    fn only_what_is_proven_right_is_pinned() {
        let a = samples::digest('a');
        assert_eq!(
            pinned(&samples::mixed()),
            [
                format!("ghcr.io/acme/app:1.4@{a}"),
                format!("ghcr.io/acme/app:edge@{a}"),
                format!("ghcr.io/acme/app:sbom@{a}"),
            ]
        );
        for report in [
            samples::unproven(),
            samples::never_pushed(),
            samples::conflict(),
            samples::invalid(),
        ] {
            assert_eq!(pinned(&report), [""; 0]);
        }
    }

    #[test]
    fn a_digest_without_a_tag_is_pinned_as_it_is() {
        let mut report = samples::all_right();
        let pinned_already = format!("ghcr.io/acme/app@{}", samples::digest('a'));
        report.tags[0].reference = pinned_already.parse().unwrap();
        assert_eq!(pinned(&report)[0], pinned_already);
    }

    #[test]
    fn what_is_wrong_is_named_once_and_apart_from_what_is_unproven() {
        assert_eq!(wrong(&samples::conflict()), ["ghcr.io/acme/app:latest"]);
        assert_eq!(wrong(&samples::unproven()), [""; 0]);
        assert_eq!(fixed(&samples::double_push()).len(), 2);
    }

    #[test]
    fn one_image_has_one_digest() {
        let a = samples::digest('a');
        assert_eq!(digest(&samples::double_push()), Some(&a));
        // The true one, also where the tag is wrong.
        assert_eq!(digest(&samples::checked_only()), Some(&a));
        assert_eq!(digest(&samples::conflict()), None);
        assert_eq!(digest(&samples::mixed()), None);
        assert_eq!(digest(&samples::nothing()), None);
    }

    #[test]
    fn every_target_has_its_digest_unless_there_are_two() {
        let (a, d) = (samples::digest('a'), samples::digest('d'));
        let mut report = samples::conflict();
        assert_eq!(digests(&report), [("app", Some(&a)), ("debug", Some(&d))]);
        report.tags[1].target = Some("app".to_owned());
        assert_eq!(digests(&report), [("app", None)]);
    }

    #[test]
    fn a_reference_is_split_at_its_tag() {
        let digest = samples::digest('a');
        for (reference, repository, name) in [
            ("ghcr.io/acme/app:1.4", "ghcr.io/acme/app", "1.4"),
            ("r.example:5000/app:a", "r.example:5000/app", "a"),
            (
                &format!("ghcr.io/acme/app@{digest}"),
                "ghcr.io/acme/app",
                &format!("@{digest}"),
            ),
        ] {
            let split = split(&reference.parse().unwrap());
            assert_eq!(split, (repository.to_owned(), name.to_owned()));
        }
    }
}
