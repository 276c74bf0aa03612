use super::*;
use crate::expectation::{Asked, Depth, expect};
use crate::observation::{Attested, Observation};
use crate::oci::Reference;
use crate::outcome::Aftermath;
use crate::verdict::Relation;

fn image() -> Arc<Document> {
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let text = format!(
        r#"{{"schemaVersion": 2, "mediaType": "{kind}", "config": {{"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "{}", "size": 1}}, "layers": []}}"#,
        Digest::of(b"config")
    );
    Arc::new(Document::new(text.into_bytes(), kind))
}

/// A finding of a tag that a build names, whose image is there.
fn finding(verdict: Verdict, change: impl FnOnce(&mut Finding)) -> Finding {
    let tag = format!("r.example/app:1@{}", image().digest());
    let asked = Asked {
        tags: vec![tag.parse().unwrap()],
        ..Asked::default()
    };
    let (mut expectations, _) = expect(&[], &asked).unwrap();
    let mut finding = Finding {
        expectation: expectations.remove(0),
        observation: Observation {
            tag: Seen::Absent,
            expected: Some(Seen::Here(Some(image()))),
            same: None,
            nested: Arc::default(),
            platforms: Vec::new(),
            gone: Vec::new(),
            attestations: Attested::default(),
            depth: Depth::Tag,
            below: Arc::default(),
            children: Vec::new(),
        },
        verdict,
        outcome: None,
        aftermath: Aftermath::default(),
    };
    finding.expectation.claim = Claim::Build;
    change(&mut finding);
    finding
}

fn is_written(finding: Finding) -> bool {
    !plan(&[finding]).is_empty()
}

const OTHER: Verdict = Verdict::Other(Relation::None);

#[test]
fn what_is_right_or_cannot_be_repaired_is_left_alone() {
    for verdict in [
        Verdict::Ok,
        Verdict::Incomplete(Vec::new()),
        Verdict::Broken(Vec::new()),
        Verdict::NeverPushed,
        Verdict::Conflict,
    ] {
        assert!(!is_written(finding(verdict.clone(), |_| {})), "{verdict:?}");
    }
}

#[test]
fn the_very_bytes_of_the_expected_image_are_put_under_the_tag() {
    let finding = [finding(Verdict::Wrapped, |_| {})];
    let steps = plan(&finding);
    assert_eq!(steps.len(), 1);
    assert_eq!(steps[0].document.bytes(), image().bytes());
    assert_eq!(steps[0].tag.as_str(), "1");
}

#[test]
fn what_is_no_part_of_the_build_is_moved_only_if_the_user_says_so() {
    let under = |on_other| is_written(finding(OTHER, |it| it.expectation.on_other = on_other));
    assert!(!under(OnOther::Fail) && !under(OnOther::Warn) && under(OnOther::Fix));
    // `latest` that nobody named is not moved even then.
    assert!(!is_written(finding(OTHER, |it| {
        it.expectation.on_other = OnOther::Fix;
        it.expectation.claim = Claim::Implied;
    })));
}

#[test]
fn an_absent_tag_is_created_where_a_build_names_it_or_the_platforms_are_stated() {
    let created = |claim, stated| {
        is_written(finding(Verdict::Absent, |it| {
            it.expectation.claim = claim;
            it.expectation.platforms_stated = stated;
        }))
    };
    assert!(created(Claim::Build, false));
    assert!(!created(Claim::Asked, false) && created(Claim::Asked, true));
    assert!(!created(Claim::Implied, true));
}

/// The expected image in an index, with an attestation of it or without.
fn index(is_attested: bool) -> Arc<Document> {
    let kind = "application/vnd.oci.image.index.v1+json";
    let entry = |digest: &Digest, more: &str| {
        format!(
            r#"{{"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": "{digest}", "size": 1{more}}}"#
        )
    };
    let mut entries = vec![entry(image().digest(), "")];
    if is_attested {
        let of = image().digest().to_string();
        entries.push(entry(
            &Digest::of(b"attestation"),
            &format!(
                r#", "annotations": {{"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": "{of}"}}"#
            ),
        ));
    }
    let text = format!(
        r#"{{"schemaVersion": 2, "mediaType": "{kind}", "manifests": [{}]}}"#,
        entries.join(",")
    );
    Arc::new(Document::new(text.into_bytes(), kind))
}

#[test]
fn metadata_that_may_be_of_a_file_creates_a_tag_only_of_an_index_that_is_there() {
    let created = |expected: Arc<Document>, stated| {
        is_written(finding(Verdict::Absent, |it| {
            it.expectation.exported = true;
            it.expectation.platforms_stated = stated;
            it.expectation.image = Expected::Manifest(expected.digest().clone());
            it.observation.expected = Some(Seen::Here(Some(expected)));
        }))
    };
    // Another build's index may have brought the manifest.
    assert!(!created(image(), false) && created(image(), true));
    assert!(created(index(true), false) && created(index(false), false));
}

#[test]
fn metadata_that_may_be_of_a_file_never_takes_attestations_away() {
    let moved = |exported, shown| {
        is_written(finding(Verdict::Wrapped, |it| {
            it.expectation.exported = exported;
            it.observation.tag = Seen::Here(shown);
        }))
    };
    assert!(!moved(true, index(true)));
    assert!(moved(true, index(false)) && moved(false, index(false)));
}

#[test]
fn nothing_is_written_that_was_not_read_or_is_known_by_its_image_id_only() {
    assert!(!is_written(finding(Verdict::Wrapped, |it| {
        it.observation.expected = Some(Seen::Here(None));
    })));
    assert!(!is_written(finding(Verdict::Wrapped, |it| {
        it.expectation.image = Expected::Id(Digest::of(b"config"));
    })));
}

#[test]
fn a_tag_that_only_another_output_pushes_is_never_written() {
    for verdict in [Verdict::Wrapped, Verdict::Absent, OTHER] {
        let write = |output| {
            is_written(finding(verdict.clone(), |it| {
                it.expectation.on_other = OnOther::Fix;
                it.expectation.output = output;
            }))
        };
        assert!(write(Output::Described) && write(Output::Any));
        let home: Reference = "r.example/other".parse().unwrap();
        assert!(!write(Output::Other(home.repository().clone())));
    }
}
