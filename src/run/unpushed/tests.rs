use std::sync::Arc;

use super::*;
use crate::expectation::{Asked, Depth, expect};
use crate::metadata;
use crate::observation::{Attested, Observation, Seen};
use crate::oci::Reference;
use crate::outcome::Aftermath;

/// The findings of builds, each with a name, whether it was exported, and the verdict on its tag.
fn findings(builds: &[(&str, bool, Verdict)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, exported, verdict) in builds {
        let created = if *exported {
            r#", "annotations": {"org.opencontainers.image.created": "2026"}"#
        } else {
            ""
        };
        let digit = name.len() % 10;
        let text = format!(
            r#"{{"containerimage.descriptor": {{"digest": "sha256:{}"{created}}}, "image.name": "r.io/{name}:1,r.io/{name}:2"}}"#,
            digit.to_string().repeat(64)
        );
        let builds = metadata::parse(name, text.as_bytes()).unwrap();
        let (expectations, _) = expect(&builds, &Asked::default()).unwrap();
        findings.extend(expectations.into_iter().map(|expectation| Finding {
            expectation,
            observation: Observation {
                tag: Seen::Absent,
                expected: None,
                same: None,
                nested: Arc::default(),
                platforms: Vec::new(),
                gone: Vec::new(),
                attestations: Attested::default(),
                depth: Depth::Tag,
                below: Arc::default(),
                children: Vec::new(),
            },
            verdict: verdict.clone(),
            outcome: None,
            aftermath: Aftermath::default(),
        }));
    }
    findings
}

fn unproven(class: Class) -> Verdict {
    Verdict::Unproven(Error::new(class, "GET", "no"))
}

/// The references that are left, and the messages of the notes.
fn left(builds: &[(&str, bool, Verdict)]) -> (Vec<String>, Vec<String>) {
    let mut findings = findings(builds);
    let notes = set_aside(&mut findings);
    (
        findings
            .iter()
            .map(|it| it.expectation.reference().to_string())
            .collect(),
        notes.into_iter().map(|note| note.message).collect(),
    )
}

#[test]
fn a_build_that_was_not_pushed_is_a_note_beside_one_that_was() {
    assert_eq!(
        left(&[
            ("test", false, Verdict::NeverPushed),
            ("app", false, Verdict::Ok)
        ]),
        (
            vec!["r.io/app:1".to_owned(), "r.io/app:2".to_owned()],
            vec!["the build of `test` was not pushed: `r.io/test:1`, `r.io/test:2`".to_owned()]
        )
    );
}

#[test]
fn what_a_definition_asks_for_and_no_build_made_is_not_set_aside() {
    let mut findings = findings(&[
        ("test", false, Verdict::NeverPushed),
        ("app", false, Verdict::Ok),
    ]);
    for finding in &mut findings[..2] {
        finding.expectation.image = Expected::Nothing;
    }
    assert!(set_aside(&mut findings).is_empty());
    assert_eq!(findings.len(), 4);
}

#[test]
fn nothing_pushed_at_all_stays_as_it_is() {
    let (left, notes) = left(&[
        ("test", false, Verdict::NeverPushed),
        ("app", false, unproven(Class::Network)),
    ]);
    assert_eq!((left.len(), notes.len()), (4, 0));
}

#[test]
fn a_repository_that_wants_a_login_is_unknown_but_for_the_names_of_local_images() {
    for (name, class, set_aside) in [
        ("app:test", Class::Login, true),
        ("app:test", Class::Denied, true),
        ("docker.io/library/app:test", Class::Login, true),
        ("index.docker.io/app:test", Class::Login, true),
        ("app:test", Class::Network, false),
        ("app:test", Class::Unavailable, false),
        ("acme/app:test", Class::Login, false),
        ("docker.io/acme/library:test", Class::Denied, false),
        ("r.io/library/app:test", Class::Login, false),
        ("localhost:5000/app:test", Class::Denied, false),
    ] {
        for exported in [true, false] {
            let mut findings = findings(&[
                ("test", exported, unproven(class)),
                ("app", false, Verdict::Absent),
            ]);
            let name: Reference = name.parse().unwrap();
            for finding in &mut findings[..2] {
                finding.expectation.repository = name.repository().clone();
            }
            let notes = set_aside_of(&mut findings);
            assert_eq!(notes == 1, set_aside, "{name} {exported} {class:?}");
        }
    }
}

fn set_aside_of(findings: &mut Vec<Finding>) -> usize {
    set_aside(findings).len()
}

#[test]
fn a_build_with_one_tag_in_the_registry_is_not_set_aside() {
    let mut findings = findings(&[("app", false, Verdict::NeverPushed)]);
    findings[0].verdict = Verdict::Ok;
    assert!(set_aside(&mut findings).is_empty());
    assert_eq!(findings.len(), 2);
}
