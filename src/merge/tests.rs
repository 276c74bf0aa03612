//! Legs of every shape: what they make, and why they do not.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Annotation, Leg, Misfit, compose, goes_back, is_moving, lost_platforms, misfits};
use crate::expectation::Depth;
use crate::observation::ImageSeen;
use crate::oci::{Digest, Document, MediaType, Moment, Platform, Provenance};
use crate::programs::Start;

fn platform(text: &str) -> Platform {
    text.parse().unwrap()
}

fn platforms(texts: &[&str]) -> Vec<Platform> {
    texts.iter().map(|text| platform(text)).collect()
}

/// An image as it was seen; `name` makes its digest.
fn image(name: &str, of: &str) -> ImageSeen {
    ImageSeen {
        digest: Digest::of(name.as_bytes()),
        child: None,
        listed: None,
        outer: None,
        own: Some(platform(of)),
        start: Start::Unknown,
        foreign: None,
        has_none: false,
        gone: Vec::new(),
        open: None,
        reached: Depth::Platforms,
        unread: (0, 0),
        labels: Default::default(),
        created: None,
        words: vec!["/app".to_owned()],
        provenance: None,
    }
}

/// A leg that is one manifest.
fn plain(name: &str, of: &str) -> Leg {
    let body = json!({
        "schemaVersion": 2,
        "mediaType": MediaType::OciManifest.as_str(),
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": Digest::of(name.as_bytes()).to_string(), "size": 2},
        "layers": [],
    });
    let document = Document::new(
        body.to_string().into_bytes(),
        MediaType::OciManifest.as_str(),
    );
    let digest = document.digest().clone();
    Leg {
        name: format!("`{name}.json`"),
        target: None,
        repository: "r.io/app"
            .parse::<crate::oci::Reference>()
            .unwrap()
            .repository()
            .clone(),
        document: Arc::new(document),
        images: vec![ImageSeen {
            digest,
            ..image(name, of)
        }],
    }
}

/// A leg that is an index of images, each with an attestation, and with these annotations.
fn attested(images: &[(&str, &str)], annotations: Value) -> Leg {
    let entries = images.iter().flat_map(|(name, of)| {
        let digest = Digest::of(name.as_bytes()).to_string();
        let (os, architecture) = of.split_once('/').unwrap();
        [
            json!({
                "mediaType": MediaType::OciManifest.as_str(), "digest": digest, "size": 1,
                "platform": {"os": os, "architecture": architecture}, "data": name,
            }),
            json!({
                "mediaType": MediaType::OciManifest.as_str(), "size": 1,
                "digest": Digest::of(format!("{name} attested").as_bytes()).to_string(),
                "platform": {"os": "unknown", "architecture": "unknown"},
                "annotations": {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": digest},
            }),
        ]
    });
    let body = json!({
        "schemaVersion": 2, "mediaType": MediaType::OciIndex.as_str(),
        "manifests": entries.collect::<Vec<_>>(), "annotations": annotations,
    });
    let document = Document::new(body.to_string().into_bytes(), MediaType::OciIndex.as_str());
    Leg {
        document: Arc::new(document),
        images: images.iter().map(|(name, of)| image(name, of)).collect(),
        ..plain(images[0].0, images[0].1)
    }
}

fn made(legs: &[Leg], asked: &[&str], annotations: &[&str]) -> Value {
    let annotations: Vec<Annotation> = annotations.iter().map(|it| it.parse().unwrap()).collect();
    let made = compose(legs, &platforms(asked), &annotations).unwrap();
    serde_json::from_slice(made.bytes()).unwrap()
}

fn said(legs: &[Leg], asked: &[&str]) -> Vec<String> {
    let misfits = misfits(legs, &platforms(asked), false);
    misfits.iter().map(Misfit::to_string).collect()
}

#[test]
fn images_stand_in_the_order_of_the_platforms_and_their_attestations_behind_all_of_them() {
    let legs = [
        attested(&[("arm", "linux/arm64")], Value::Null),
        attested(&[("amd", "linux/amd64")], Value::Null),
    ];
    let index = made(&legs, &["linux/amd64", "linux/arm64"], &[]);
    let digests: Vec<&str> = index["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["digest"].as_str().unwrap())
        .collect();
    let of = |name: &str| Digest::of(name.as_bytes()).to_string();
    assert_eq!(
        digests,
        [of("amd"), of("arm"), of("amd attested"), of("arm attested")]
    );
    // Members that are not known here are carried over.
    assert_eq!(index["manifests"][0]["data"], "amd");
}

#[test]
fn the_same_legs_make_the_same_bytes_in_whatever_order_they_come() {
    let one = [
        attested(&[("amd", "linux/amd64")], Value::Null),
        plain("arm", "linux/arm/v7"),
        plain("s", "linux/s390x"),
    ];
    let other = [one[2].clone(), one[0].clone(), one[1].clone()];
    let asked = platforms(&["linux/amd64", "linux/arm/v7", "linux/s390x"]);
    let bytes = |legs: &[Leg]| compose(legs, &asked, &[]).unwrap().bytes().to_vec();
    assert_eq!(bytes(&one), bytes(&other));
    let index = made(&one, &["linux/amd64", "linux/arm/v7", "linux/s390x"], &[]);
    assert_eq!(
        index["manifests"][1]["platform"],
        json!({"os": "linux", "architecture": "arm", "variant": "v7"})
    );
}

#[test]
fn one_leg_is_published_as_it_is_unless_something_is_added() {
    let leg = attested(
        &[("amd", "linux/amd64"), ("arm", "linux/arm64")],
        Value::Null,
    );
    let asked = platforms(&["linux/arm64", "linux/amd64"]);
    let legs = [leg.clone()];
    assert_eq!(
        compose(&legs, &asked, &[]).unwrap().bytes(),
        leg.document.bytes()
    );
    let annotated = made(&legs, &["linux/amd64", "linux/arm64"], &["a=b"]);
    assert_eq!(annotated["annotations"], json!({"a": "b"}));
}

#[test]
fn annotations_are_kept_where_all_indexes_share_them_and_the_newest_time_counts() {
    let created = "org.opencontainers.image.created";
    let leg = |name: &str, of: &str, time: &str, own: &str| {
        attested(
            &[(name, of)],
            json!({"shared": "1", "own": own, created: time}),
        )
    };
    let legs = [
        leg("amd", "linux/amd64", "2026-12-01T00:00:00Z", "a"),
        leg("arm", "linux/arm64", "2026-12-01T02:00:00+01:00", "b"),
    ];
    let asked = ["linux/amd64", "linux/arm64"];
    let index = made(&legs, &asked, &[]);
    assert_eq!(
        index["annotations"],
        json!({"shared": "1", created: "2026-12-01T02:00:00+01:00"})
    );
    let typed = made(
        &legs,
        &asked,
        &[
            &format!("{created}=x"),
            "manifest-descriptor[linux/arm64]:k=v",
        ],
    );
    assert_eq!(typed["annotations"][created], "x");
    assert_eq!(typed["manifests"][0].get("annotations"), None);
    assert_eq!(typed["manifests"][1]["annotations"], json!({"k": "v"}));
}

#[test]
fn the_set_of_platforms_is_exact() {
    let (amd, arm) = (plain("amd", "linux/amd64"), plain("arm", "linux/arm64"));
    let legs = [amd.clone(), arm.clone()];
    assert_eq!(said(&legs, &["linux/amd64", "linux/arm64"]), [""; 0]);
    assert_eq!(
        said(&legs, &["linux/amd64", "linux/arm64", "linux/s390x"]),
        ["no leg has an image for linux/s390x"]
    );
    let unasked = format!(
        "`arm.json` has an image for linux/arm64, which was not asked for (`{}`)",
        arm.document.digest()
    );
    assert_eq!(said(&legs, &["linux/amd64"]), [unasked]);
    let second = plain("second", "linux/amd64");
    let twice = format!(
        "linux/amd64 is in more than one leg: `amd.json` (`{}`), `second.json` (`{}`)",
        amd.document.digest(),
        second.document.digest()
    );
    assert_eq!(
        said(&[amd.clone(), second, arm], &["linux/amd64", "linux/arm64"]),
        [twice]
    );
    // The same leg under two names, and one that lists a platform twice, are one.
    assert_eq!(said(&[amd.clone(), amd], &["linux/amd64"]), [""; 0]);
    let gzip_and_zstd = attested(
        &[("gzip", "linux/amd64"), ("zstd", "linux/amd64")],
        Value::Null,
    );
    assert_eq!(said(&[gzip_and_zstd], &["linux/amd64"]), [""; 0]);
}

#[test]
fn legs_that_are_not_of_one_build_are_named_with_what_differs() {
    let change = |change: &dyn Fn(&mut Leg)| {
        let (amd, mut arm) = (plain("amd", "linux/amd64"), plain("arm", "linux/arm64"));
        change(&mut arm);
        let mut amd = amd;
        amd.target = Some("app".to_owned());
        amd.images[0].labels[1] = Some("1.4".to_owned());
        amd.images[0].provenance = Some(Provenance {
            revision: Some("one".to_owned()),
            started: None,
        });
        said(&[amd, arm], &["linux/amd64", "linux/arm64"])
    };
    assert_eq!(change(&|_| {}), [""; 0]);
    for (words, change) in [
        (
            "the bake target differs: `app` in `amd.json`, `worker` in `arm.json`",
            change(&|leg| leg.target = Some("worker".to_owned())),
        ),
        (
            "the label `org.opencontainers.image.version` differs: `1.4` in `amd.json`, `1.3` in `arm.json`",
            change(&|leg| leg.images[0].labels[1] = Some("1.3".to_owned())),
        ),
        (
            "the revision that the provenance names differs: `one` in `amd.json`, `two` in `arm.json`",
            change(&|leg| {
                leg.images[0].provenance = Some(Provenance {
                    revision: Some("two".to_owned()),
                    started: None,
                });
            }),
        ),
        (
            "what the image starts differs: `/app` in `amd.json`, `/other` in `arm.json`",
            change(&|leg| leg.images[0].words = vec!["/other".to_owned()]),
        ),
    ] {
        assert_eq!(change, [format!("the legs are not of one build: {words}")]);
    }
}

#[test]
fn a_tag_goes_back_where_it_holds_a_later_build_of_another_revision() {
    let built = |revision: &str, started: &str| {
        let mut leg = plain(revision, "linux/amd64");
        leg.images[0].provenance = Some(Provenance {
            revision: Some(revision.to_owned()),
            started: Moment::said(started),
        });
        leg
    };
    let back = |ours: &Leg, theirs: &Leg| {
        goes_back(
            &[(&ours.document, &ours.images)],
            (&theirs.document, &theirs.images),
        )
    };
    let (old, new) = (
        built("old", "2026-12-01T00:00:00Z"),
        built("new", "2026-12-01T01:00:00Z"),
    );
    let why = back(&old, &new).unwrap();
    assert_eq!(
        why,
        "the tag holds a newer build: of `new`, 2026-12-01T01:00:00Z; this one is of `old`, 2026-12-01T00:00:00Z"
    );
    assert_eq!(back(&new, &old), None);
    assert_eq!(back(&old, &built("old", "2026-12-01T01:00:00Z")), None);
    // Without a time, or a revision, on one side nothing is known.
    assert_eq!(back(&old, &built("new", "1980-01-01T00:00:00Z")), None);
    assert_eq!(back(&plain("none", "linux/amd64"), &new), None);
    // Without provenance, labels count where both have them.
    let labelled = |revision: &str, created: &str| {
        let mut leg = plain(revision, "linux/amd64");
        leg.images[0].labels[0] = Some(revision.to_owned());
        leg.images[0].created = Moment::said(created);
        leg
    };
    let (old, new) = (
        labelled("old", "2026-12-01T00:00:00Z"),
        labelled("new", "2026-12-01T01:00:00Z"),
    );
    assert!(back(&old, &new).is_some());
    assert_eq!(back(&new, &old), None);
}

#[test]
fn a_tag_loses_platforms_only_where_the_new_ones_are_among_its_own() {
    for (shown, new, lost) in [
        (
            &["linux/amd64", "linux/arm64"][..],
            &["linux/amd64"][..],
            &["linux/arm64"][..],
        ),
        (&["linux/amd64"], &["linux/amd64"], &[]),
        (&["linux/amd64"], &["linux/amd64", "linux/arm64"], &[]),
        (
            &["linux/amd64", "linux/arm64"],
            &["linux/amd64", "linux/s390x"],
            &[],
        ),
        (&[], &["linux/amd64"], &[]),
    ] {
        assert_eq!(
            lost_platforms(&platforms(shown), &platforms(new)),
            platforms(lost),
            "{shown:?} {new:?}"
        );
    }
}

#[test]
fn tags_that_move_are_told_from_those_that_are_for_good() {
    for (text, moves) in [
        ("latest", true),
        ("main", true),
        ("1", true),
        ("1.4", true),
        ("v1.4", true),
        ("edge", true),
        ("1.4.2", false),
        ("v1.4.2", false),
        ("1.4.2-rc.1", false),
        ("2026.12.1", false),
        ("sha-3f2a9c1", false),
        ("main-3f2a9c1d", false),
        ("3f2a9c1", false),
        ("feature-defaced", true),
    ] {
        let tag = format!("r.io/app:{text}")
            .parse::<crate::oci::Reference>()
            .unwrap();
        assert_eq!(is_moving(tag.tag().unwrap()), moves, "{text}");
    }
}
