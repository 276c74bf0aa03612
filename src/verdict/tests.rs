use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::expectation::{Asked, Output, expect};
use crate::observation::Attested;
use crate::oci::{Child, Digest, Document, Reference, Same};
use crate::registry::Class;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn image(name: &str) -> Arc<Document> {
    let text = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": Digest::of(name.as_bytes()).to_string(), "size": 1},
        "layers": [],
    });
    Arc::new(Document::new(text.to_string().into_bytes(), MANIFEST))
}

/// An index of images, each with its architecture.
fn index(images: &[(&str, &str)]) -> Arc<Document> {
    let children: Vec<_> = images
        .iter()
        .map(|(name, architecture)| {
            json!({
                "mediaType": MANIFEST,
                "digest": image(name).digest().to_string(),
                "size": 1,
                "platform": {"os": "linux", "architecture": architecture},
            })
        })
        .collect();
    let text = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": children});
    Arc::new(Document::new(text.to_string().into_bytes(), INDEX))
}

fn built() -> Arc<Document> {
    index(&[("a", "amd64"), ("b", "arm64")])
}

/// One tag that should be this image.
fn expects(image: &Document) -> Expectation {
    let tag = format!("r.example/app:1@{}", image.digest());
    let asked = Asked {
        tags: vec![tag.parse().unwrap()],
        ..Asked::default()
    };
    let (mut expectations, _) = expect(&[], &asked).unwrap();
    expectations.remove(0)
}

fn observation(
    tag: Seen<Arc<Document>>,
    expected: Option<Seen<Option<Arc<Document>>>>,
) -> Observation {
    Observation {
        tag,
        expected,
        same: None,
        nested: Arc::default(),
        platforms: Vec::new(),
        gone: Vec::new(),
        attestations: Attested::default(),
        depth: Depth::Tag,
        below: Arc::default(),
        children: Vec::new(),
    }
}

/// The verdict on a tag that shows this, where the expected image is in the repository.
fn of(expected: &Arc<Document>, shown: Seen<Arc<Document>>) -> Verdict {
    let there = Some(Seen::Here(Some(expected.clone())));
    judge(&expects(expected), &observation(shown, there))
}

fn unreadable() -> Error {
    Error::new(Class::Network, "GET", "no")
}

#[test]
fn a_tag_is_judged_by_what_it_is_to_the_build() {
    let whole = built();
    let child = |verdict: Verdict| match verdict {
        Verdict::Child(child) => child.platform.map(|it| it.to_string()),
        other => panic!("{other:?}"),
    };
    assert_eq!(of(&whole, Seen::Here(built())), Verdict::Ok);
    assert_eq!(of(&whole, Seen::Absent), Verdict::Absent);
    assert_eq!(
        child(of(&whole, Seen::Here(image("b")))).as_deref(),
        Some("linux/arm64")
    );
    let others = [
        (index(&[("a", "amd64")]), Relation::Part),
        (
            index(&[("a", "amd64"), ("b", "arm64"), ("c", "s390x")]),
            Relation::More,
        ),
        (index(&[("a", "amd64"), ("c", "s390x")]), Relation::Some),
        (index(&[("c", "s390x")]), Relation::None),
        (image("c"), Relation::None),
    ];
    for (shown, relation) in others {
        assert_eq!(
            of(&whole, Seen::Here(shown.clone())),
            Verdict::Other(relation),
            "{shown:?}"
        );
    }
}

#[test]
fn an_index_of_the_expected_manifest_alone_wraps_it_and_with_another_holds_more() {
    let alone = image("a");
    let wrapped = index(&[("a", "amd64")]);
    assert_eq!(of(&alone, Seen::Here(wrapped)), Verdict::Wrapped);
    let more = Verdict::Other(Relation::More);
    assert_eq!(of(&alone, Seen::Here(built())), more);
}

#[test]
fn what_could_not_be_read_is_unproven() {
    let whole = built();
    let unproven = Verdict::Unproven(unreadable());
    assert_eq!(of(&whole, Seen::Unknown(unreadable())), unproven);
    // Nor is it known that a tag is wrong where the expected image could not be asked for.
    let observation = observation(Seen::Absent, Some(Seen::Unknown(unreadable())));
    assert_eq!(judge(&expects(&whole), &observation), unproven);
}

/// Each is taken away, and the next one shows: design, "Where several apply".
#[test]
fn of_several_verdicts_the_one_that_nothing_unknown_can_change_comes_first() {
    let whole = built();
    let lost = whole.children()[0].clone();
    let mut expectation = expects(&whole);
    expectation.conflicts = vec![("another".to_owned(), Expected::Nothing)];
    expectation.platforms = vec!["linux/s390x".parse().unwrap()];
    let mut observation = observation(
        Seen::Unknown(unreadable()),
        Some(Seen::Here(Some(whole.clone()))),
    );
    observation.children = vec![(lost, Seen::Absent)];
    let code = |expectation: &Expectation, observation: &Observation| {
        judge(expectation, observation).code()
    };
    assert_eq!(code(&expectation, &observation), Code::Conflict);
    expectation.conflicts.clear();
    assert_eq!(code(&expectation, &observation), Code::Incomplete);
    expectation.platforms.clear();
    assert_eq!(code(&expectation, &observation), Code::Broken);
    observation.children.clear();
    assert_eq!(code(&expectation, &observation), Code::Unproven);
    observation.tag = Seen::Absent;
    assert_eq!(code(&expectation, &observation), Code::Absent);
    observation.expected = Some(Seen::Absent);
    assert_eq!(code(&expectation, &observation), Code::NeverPushed);
}

#[test]
fn a_tag_that_shows_the_expected_image_is_right_whatever_is_said_of_its_digest() {
    let whole = built();
    let observation = observation(Seen::Here(whole.clone()), Some(Seen::Absent));
    assert_eq!(judge(&expects(&whole), &observation), Verdict::Ok);
}

#[test]
fn an_attestation_that_is_gone_breaks_only_what_must_have_it() {
    let whole = built();
    let attestation = Child {
        is_attestation: true,
        ..whole.children()[0].clone()
    };
    let mut observation = observation(Seen::Here(whole.clone()), None);
    observation.children = vec![(attestation.clone(), Seen::Absent)];
    assert_eq!(judge(&expects(&whole), &observation), Verdict::Ok);
    // Those that are required are asked for by themselves.
    observation.attestations = Arc::new([(attestation, Seen::Absent)]);
    assert_eq!(judge(&expects(&whole), &observation).code(), Code::Broken);
}

#[test]
fn the_same_images_are_right_or_wrong_by_what_the_build_says_of_its_outputs() {
    let whole = built();
    let shown = index(&[("c", "amd64"), ("d", "arm64")]);
    let child = whole.children()[0].clone();
    let home: Reference = "r.example/other".parse().unwrap();
    let home = || Output::Other(home.repository().clone());
    let other = |relation| Verdict::Other(relation);
    for (same, described, any, others) in [
        (
            None,
            other(Relation::None),
            other(Relation::None),
            other(Relation::None),
        ),
        (
            Some(Same::Child(Box::new(child.clone()))),
            Verdict::Child(child.clone()),
            Verdict::Child(child.clone()),
            Verdict::Child(child),
        ),
        (
            Some(Same::Manifests),
            other(Relation::Same),
            Verdict::Ok,
            Verdict::Ok,
        ),
        (
            Some(Same::Whole),
            other(Relation::Same),
            Verdict::Ok,
            Verdict::Ok,
        ),
        (
            Some(Same::Part),
            other(Relation::Part),
            other(Relation::Part),
            other(Relation::Part),
        ),
        (Some(Same::Config), Verdict::Ok, Verdict::Ok, Verdict::Ok),
    ] {
        for (output, verdict) in [
            (Output::Described, described),
            (Output::Any, any),
            (home(), others),
        ] {
            let mut expectation = expects(&whole);
            expectation.output = output;
            let mut observation = observation(
                Seen::Here(shown.clone()),
                Some(Seen::Here(Some(whole.clone()))),
            );
            observation.same = same.clone();
            assert_eq!(
                judge(&expectation, &observation),
                verdict,
                "{same:?} {:?}",
                expectation.output
            );
        }
    }
}

#[test]
fn what_no_two_looks_need_is_not_compared() {
    let whole = built();
    let expectation = expects(&whole);
    let there = || Some(Seen::Here(Some(whole.clone())));
    let child = index(&[("a", "amd64"), ("b", "arm64")]);
    for (shown, expected, is_compared) in [
        (Seen::Here(whole.clone()), None, false),
        (Seen::Absent, there(), false),
        (Seen::Unknown(unreadable()), there(), false),
        (Seen::Here(image("a")), there(), false),
        (Seen::Here(child), Some(Seen::Unknown(unreadable())), false),
        (
            Seen::Here(index(&[("c", "amd64"), ("d", "arm64")])),
            there(),
            true,
        ),
        (Seen::Here(index(&[("c", "amd64")])), there(), false),
        (
            Seen::Here(index(&[("c", "amd64")])),
            Some(Seen::Absent),
            true,
        ),
    ] {
        let observation = observation(shown, expected);
        assert_eq!(
            comparison(&expectation, &observation).is_some(),
            is_compared,
            "{observation:?}"
        );
    }
}
