//! Indexes of indexes, at every depth.

use serde_json::json;

use crate::image::{Document, INDEX, attestation_of, image, index, metadata, push};
use crate::registry::{Fault, Registry};
use crate::run::{code, prove, tagproof};

const PROVENANCE: &str = "https://slsa.dev/provenance/v1";

/// What `crane index append --flatten=false` makes of one build per platform, each with its
/// provenance: an index of two indexes, of which the second lies a level deeper.
struct Nested {
    amd64: Document,
    arm64: Document,
    attestation: Document,
    amd64_index: Document,
    /// The index of the arm64 image and its provenance, and the index around that.
    arm64_index: Document,
    middle: Document,
    root: Document,
}

fn nested(content: &str) -> Nested {
    let (amd64, arm64) = (image("linux/amd64", content), image("linux/arm64", content));
    let attestation = attestation_of(&arm64, &[PROVENANCE]);
    let amd64_index = index(&[&amd64, &attestation_of(&amd64, &[PROVENANCE])]);
    let arm64_index = index(&[&arm64, &attestation]);
    let middle = index(&[&arm64_index]);
    let root = index(&[&amd64_index, &middle]);
    Nested {
        amd64,
        arm64,
        attestation,
        amd64_index,
        arm64_index,
        middle,
        root,
    }
}

impl Nested {
    /// A registry that holds all of it under `app:1`, and the metadata of it.
    fn pushed(&self) -> (Registry, String) {
        let registry = Registry::start();
        let of_amd64 = attestation_of(&self.amd64, &[PROVENANCE]);
        let all = [
            &self.amd64,
            &of_amd64,
            &self.arm64,
            &self.attestation,
            &self.amd64_index,
            &self.arm64_index,
            &self.middle,
            &self.root,
        ];
        push(&registry, "app", &all);
        registry.tag("app", "1", &self.root.digest);
        let metadata = metadata(&self.root, &[format!("{}/app:1", registry.host())]);
        (registry, metadata)
    }
}

const PLATFORMS: [&str; 2] = ["--platform", "linux/amd64,linux/arm64"];

#[test]
fn an_index_of_indexes_that_is_whole_is_ok_however_deep_it_is_looked_at() {
    let (registry, metadata) = nested("a").pushed();
    for flags in [&[][..], &["--depth", "children"], &PLATFORMS] {
        let ran = prove("check", &metadata, flags);
        assert_eq!(ran.tags(), ["app:1 ok -"], "{flags:?}: {}", ran.shown());
        assert_eq!(ran.code, Some(0));
    }
    registry.forget_journal();
    prove("check", &metadata, &[]);
    // Nothing was asked for that needs what lies below.
    assert_eq!(registry.count("GET", "/manifests/"), 1);
}

#[test]
fn an_image_that_is_gone_at_any_level_makes_the_index_broken() {
    let build = nested("a");
    for (gone, words) in [
        (&build.amd64, "the linux/amd64 manifest"),
        (&build.arm64, "the linux/arm64 manifest"),
        (&build.middle, "an index within the index"),
        (&build.arm64_index, "an index within the index"),
    ] {
        let (registry, metadata) = build.pushed();
        registry.delete_manifest("app", &gone.digest);
        assert_eq!(prove("check", &metadata, &[]).tags(), ["app:1 ok -"]);
        let ran = prove("fix", &metadata, &["--depth", "children"]);
        assert_eq!(ran.tags(), ["app:1 broken -"], "{}", ran.shown());
        let message = ran.tag(0)["message"].as_str().unwrap();
        assert!(message.contains(words), "{message}");
        assert_eq!(registry.count("PUT", ""), 0);
    }
}

#[test]
fn an_attestation_that_is_gone_at_any_level_is_a_note() {
    let build = nested("a");
    let (registry, metadata) = build.pushed();
    registry.delete_manifest("app", &build.attestation.digest);
    let ran = prove("check", &metadata, &["--depth", "children"]);
    assert_eq!(ran.tags(), ["app:1 ok -"]);
    assert_eq!(ran.notes(), ["attestation-gone"]);
}

#[test]
fn an_index_that_is_gone_is_broken_only_where_what_it_lists_is_needed() {
    let build = nested("a");
    let (registry, metadata) = build.pushed();
    registry.delete_manifest("app", &build.middle.digest);
    for (flags, expected) in [
        (&[][..], "app:1 ok -"),
        (&PLATFORMS, "app:1 broken -"),
        (&["--platform", "linux/amd64"], "app:1 broken -"),
    ] {
        let ran = prove("check", &metadata, flags);
        assert_eq!(ran.tags(), [expected], "{flags:?}: {}", ran.shown());
    }
}

#[test]
fn an_index_that_cannot_be_read_is_unproven_only_where_what_it_lists_is_needed() {
    let build = nested("a");
    let (registry, metadata) = build.pushed();
    let middle = format!("/manifests/{}", build.middle.digest);
    registry
        .on("*", &middle)
        .always()
        .answer(Fault::error(403, "DENIED", "no"));
    for (flags, expected) in [
        (&[][..], "app:1 ok -"),
        (&["--platform", "linux/amd64"], "app:1 ok -"),
        (&PLATFORMS, "app:1 unproven -"),
        (&["--depth", "children"], "app:1 unproven -"),
    ] {
        let ran = prove("check", &metadata, flags);
        assert_eq!(ran.tags(), [expected], "{flags:?}: {}", ran.shown());
    }
    // A child that was found is one, whatever cannot be read; another image may be one.
    registry.tag("app", "1", &build.amd64.digest);
    let ran = prove("check", &metadata, &[]);
    assert_eq!(ran.tags(), ["app:1 child -"], "{}", ran.shown());
    registry.tag("app", "1", &build.arm64.digest);
    let ran = prove("check", &metadata, &[]);
    assert_eq!(
        (ran.tags(), ran.code),
        (vec!["app:1 unproven -".to_owned()], code(3))
    );
}

#[test]
fn platforms_are_those_of_the_images_at_every_level() {
    let (_registry, metadata) = nested("a").pushed();
    let ran = prove(
        "check",
        &metadata,
        &["--platform", "linux/amd64,linux/s390x"],
    );
    assert_eq!(ran.tags(), ["app:1 incomplete -"], "{}", ran.shown());
    let message = ran.tag(0)["message"].as_str().unwrap();
    assert!(message.ends_with("lacks linux/s390x"), "{message}");
}

#[test]
fn a_tag_on_what_an_index_lists_at_any_level_is_a_child_and_repaired() {
    let build = nested("a");
    for (shown, platform) in [
        (&build.amd64_index, None),
        (&build.middle, None),
        (&build.arm64_index, None),
        (&build.amd64, Some("linux/amd64")),
        (&build.arm64, Some("linux/arm64")),
        (&build.attestation, None),
    ] {
        let (registry, metadata) = build.pushed();
        registry.tag("app", "1", &shown.digest);
        let ran = prove("fix", &metadata, &[]);
        assert_eq!(ran.tags(), ["app:1 child fixed"], "{}", ran.shown());
        assert_eq!(ran.tag(0)["found"]["platform"], json!(platform));
        let is_attestation = shown.digest == build.attestation.digest;
        assert_eq!(ran.tag(0)["found"]["attestation"], is_attestation);
        assert_eq!(registry.tagged("app", "1"), Some(build.root.digest.clone()));
    }
}

#[test]
fn attestations_are_looked_for_at_every_level() {
    let build = nested("a");
    let (registry, metadata) = build.pushed();
    let policy = "version: 1\nimages: {\"**\": {attestations: [provenance]}}\n";
    let check = |metadata: &str| {
        tagproof(&["check", "build.json", "--settle", "0"])
            .file("build.json", metadata)
            .file(".tagproof.yml", policy)
            .report()
            .run()
    };
    let ran = check(&metadata);
    assert_eq!(ran.tags(), ["app:1 ok -"], "{}", ran.shown());
    registry.delete_manifest("app", &build.attestation.digest);
    assert_eq!(check(&metadata).tags(), ["app:1 broken -"]);

    let bare = index(&[&build.amd64_index, &index(&[&build.arm64])]);
    push(&registry, "app", &[&index(&[&build.arm64]), &bare]);
    registry.tag("app", "1", &bare.digest);
    let names = [format!("{}/app:1", registry.host())];
    let ran = check(&crate::image::metadata(&bare, &names));
    assert_eq!(ran.tags(), ["app:1 incomplete -"], "{}", ran.shown());
    let message = ran.tag(0)["message"].as_str().unwrap();
    assert!(
        message.ends_with("lacks provenance of linux/arm64"),
        "{message}"
    );
}

#[test]
fn what_another_index_has_of_the_build_is_seen_at_every_level() {
    let build = nested("a");
    let foreign = image("linux/s390x", "z");
    let around = index(&[&build.root]);
    for (shown, verdict, words) in [
        (around.clone(), "wrapped", "an index around"),
        (index(&[&around]), "wrapped", "an index around"),
        (
            index(&[&build.root, &foreign]),
            "other",
            "this build and more",
        ),
        (
            index(&[&build.amd64, &build.arm64]),
            "other",
            "nothing but images of this build",
        ),
        (
            index(&[&build.middle, &foreign]),
            "other",
            "some images of this build and others",
        ),
        (
            index(&[&index(&[&foreign])]),
            "other",
            "no part of this build",
        ),
    ] {
        let (registry, metadata) = build.pushed();
        push(
            &registry,
            "app",
            &[&foreign, &index(&[&foreign]), &around, &shown],
        );
        registry.tag("app", "1", &shown.digest);
        let ran = prove("check", &metadata, &[]);
        assert_eq!(
            ran.tags(),
            [format!("app:1 {verdict} -")],
            "{}",
            ran.shown()
        );
        let message = ran.tag(0)["message"].as_str().unwrap();
        assert!(message.contains(words), "{words}: {message}");
    }
}

#[test]
fn a_plain_manifest_that_is_wrapped_twice_is_wrapped() {
    let registry = Registry::start();
    let plain = image("linux/amd64", "a");
    let once = index(&[&plain]);
    let twice = index(&[&once]);
    push(&registry, "app", &[&plain, &once, &twice]);
    registry.tag("app", "1", &twice.digest);
    let metadata = metadata(&plain, &[format!("{}/app:1", registry.host())]);
    let ran = prove("fix", &metadata, &[]);
    assert_eq!(ran.tags(), ["app:1 wrapped fixed"], "{}", ran.shown());
}

#[test]
fn what_lies_below_is_read_once_for_all_tags_and_looks() {
    let build = nested("a");
    let (registry, _) = build.pushed();
    let names: Vec<String> = (0..20)
        .map(|it| format!("{}/app:{it}", registry.host()))
        .collect();
    for (tag, _) in names.iter().enumerate() {
        registry.tag("app", &tag.to_string(), &build.root.digest);
    }
    registry.tag("app", "7", &build.arm64.digest);
    let metadata = metadata(&build.root, &names);
    let ran = prove("check", &metadata, &["--depth", "children"]);
    let right = ran.tags().iter().filter(|it| it.ends_with(" ok -")).count();
    assert_eq!((right, ran.tags()[7].as_str()), (19, "app:7 child -"));
    // The tag on the child; the root; the three indexes below it.
    assert_eq!(registry.count("GET", "/manifests/"), 5);
}

#[test]
fn an_entry_without_a_platform_is_what_its_config_says() {
    let registry = Registry::start();
    let (named, plain) = (image("linux/amd64", "a"), image("linux/arm64", "b"));
    push(&registry, "app", &[&named, &plain]);
    let entry = |document: &Document| json!({"mediaType": document.media_type, "digest": document.digest, "size": document.bytes.len()});
    let mut first = entry(&named);
    first["platform"] = json!({"os": "linux", "architecture": "amd64"});
    for platform in [json!({}), json!(null), json!({"architecture": "arm64"})] {
        let mut second = entry(&plain);
        second["platform"] = platform;
        let body = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [first, second]});
        let digest = registry.put_manifest("app", body.to_string(), INDEX);
        registry.tag("app", "1", &digest);
        let tag = format!("{}/app:1@{digest}", registry.host());
        let check = |platforms: &str| {
            tagproof(&[
                "check",
                "--tag",
                &tag,
                "--settle",
                "0",
                "--platform",
                platforms,
            ])
            .report()
            .run()
            .tags()
        };
        registry.forget_journal();
        assert_eq!(check("linux/amd64"), ["app:1 ok -"]);
        assert_eq!(registry.count("GET", "/blobs/"), 0);
        assert_eq!(check("linux/amd64,linux/arm64"), ["app:1 ok -"]);
        assert_eq!(check("linux/amd64,linux/s390x"), ["app:1 incomplete -"]);
    }
    registry.delete_manifest("app", &plain.digest);
    let tag = format!("{}/app:1", registry.host());
    let digest = registry.tagged("app", "1").unwrap();
    let ran = tagproof(&["check", "--settle", "0", "--platform", "linux/arm64"])
        .args(&["--tag", &format!("{tag}@{digest}")])
        .report()
        .run();
    assert_eq!(ran.tags(), ["app:1 broken -"], "{}", ran.shown());
}
