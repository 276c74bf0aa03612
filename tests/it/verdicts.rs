//! Each verdict, as a user meets it.

use serde_json::json;

use crate::image::{Document, build, image, index, index_with, metadata, multi, push};
use crate::registry::{Fault, Registry};
use crate::run::{code, prove, tagproof};

/// A registry that has a two-platform build under `app:1`, and the metadata of that build.
fn right() -> (Registry, String) {
    let registry = Registry::start();
    let build = multi("a");
    build.push(&registry, "app");
    registry.tag("app", "1", &build.index.digest);
    let metadata = metadata(&build.index, &[format!("{}/app:1", registry.host())]);
    (registry, metadata)
}

/// A registry that has a two-platform build, but another document under `app:1`.
fn wrong(document: impl FnOnce(&crate::image::Multi) -> Document) -> (Registry, String) {
    let (registry, metadata) = right();
    let document = document(&multi("a"));
    push(&registry, "app", &[&document]);
    registry.tag("app", "1", &document.digest);
    (registry, metadata)
}

#[test]
fn a_tag_that_is_the_expected_digest_is_ok() {
    let (_registry, metadata) = right();
    let ran = prove("check", &metadata, &[]);
    assert_eq!(ran.tags(), ["app:1 ok -"]);
    assert_eq!((ran.code, ran.status()), (Some(0), "ok"));
    assert_eq!(ran.tag(0)["proof"], "digest");
    assert_eq!(
        ran.tag(0)["expected"]["platforms"],
        json!(["linux/amd64", "linux/arm64"])
    );
}

#[test]
fn a_tag_on_one_platforms_manifest_is_child_and_says_which() {
    let (_registry, metadata) = wrong(|build| build.arm64.clone());
    let ran = prove("check", &metadata, &[]);
    assert_eq!(ran.tags(), ["app:1 child -"]);
    assert_eq!((ran.code, ran.status()), (Some(1), "wrong"));
    assert_eq!(ran.tag(0)["found"]["platform"], "linux/arm64");
    assert!(ran.stdout.contains("linux/arm64"), "{}", ran.shown());
    assert!(ran.stdout.contains("tagproof fix --tag"), "{}", ran.shown());
}

#[test]
fn a_tag_on_an_attestation_manifest_is_child_and_says_so() {
    let (_registry, metadata) = wrong(|build| build.attestation.clone());
    let ran = prove("check", &metadata, &[]);
    assert_eq!(ran.tags(), ["app:1 child -"]);
    assert_eq!(ran.tag(0)["found"]["platform"], json!(null));
    assert_eq!(ran.tag(0)["found"]["attestation"], true);
    assert!(
        ran.stdout.contains("attestation manifest"),
        "{}",
        ran.shown()
    );
}

#[test]
fn an_index_around_the_expected_manifest_is_wrapped() {
    let registry = Registry::start();
    let plain = image("linux/amd64", "a");
    let around = index(&[&plain]);
    push(&registry, "app", &[&plain, &around]);
    registry.tag("app", "1", &around.digest);
    let ran = prove(
        "check",
        &metadata(&plain, &[format!("{}/app:1", registry.host())]),
        &[],
    );
    assert_eq!(ran.tags(), ["app:1 wrapped -"]);
    assert_eq!(ran.code, Some(1));
}

#[test]
fn an_index_that_holds_the_expected_manifest_and_more_is_other_and_says_so() {
    let registry = Registry::start();
    let (mine, theirs) = (image("linux/amd64", "a"), image("linux/arm64", "b"));
    let merged = index(&[&mine, &theirs]);
    push(&registry, "app", &[&mine, &theirs, &merged]);
    registry.tag("app", "1", &merged.digest);
    let ran = prove(
        "check",
        &metadata(&mine, &[format!("{}/app:1", registry.host())]),
        &[],
    );
    assert_eq!(ran.tags(), ["app:1 other -"]);
    assert!(
        ran.stdout.contains("this build and more"),
        "{}",
        ran.shown()
    );
}

#[test]
fn a_foreign_image_is_other_and_shows_what_is_known_of_it() {
    let annotations = json!({
        "org.opencontainers.image.created": "2026-01-02T03:04:05Z",
        "org.opencontainers.image.revision": "abc123",
        "org.opencontainers.image.version": "9.9",
    });
    let (_registry, metadata) = wrong(|_| index_with(&[&image("linux/s390x", "z")], annotations));
    let ran = prove("check", &metadata, &[]);
    assert_eq!(ran.tags(), ["app:1 other -"]);
    let found = &ran.tag(0)["found"];
    assert_eq!(found["platforms"], json!(["linux/s390x"]));
    assert_eq!(found["media_type"], crate::image::INDEX);
    for known in ["2026-01-02T03:04:05Z", "abc123", "9.9", "linux/s390x"] {
        assert!(ran.stdout.contains(known), "{known} in {}", ran.shown());
    }
}

#[test]
fn an_index_with_fewer_platforms_of_this_build_is_other() {
    let (_registry, metadata) = wrong(|build| index(&[&build.amd64]));
    let ran = prove("check", &metadata, &[]);
    assert_eq!(ran.tags(), ["app:1 other -"]);
    assert!(
        ran.stdout.contains("nothing but images of this build"),
        "{}",
        ran.shown()
    );
}

#[test]
fn a_tag_that_is_not_there_while_the_digest_is_is_absent() {
    let (registry, metadata) = right();
    registry.untag("app", "1");
    let ran = prove("check", &metadata, &[]);
    assert_eq!(ran.tags(), ["app:1 absent -"]);
    assert_eq!((ran.code, ran.status()), (Some(1), "wrong"));
    assert_eq!(ran.tag(0)["found"], json!(null));
}

#[test]
fn an_image_that_is_nowhere_in_the_repository_is_never_pushed() {
    let registry = Registry::start();
    let metadata = metadata(&multi("a").index, &[format!("{}/app:1", registry.host())]);
    let ran = prove("check", &metadata, &[]);
    assert_eq!(ran.tags(), ["app:1 never-pushed -"]);
    assert_eq!(ran.code, Some(1));
    let ran = prove("check", &metadata, &["--on-unpushed", "warn"]);
    assert_eq!((ran.code, ran.status()), (Some(0), "wrong"));
}

#[test]
fn another_image_under_the_tag_while_the_expected_is_nowhere_is_never_pushed() {
    let registry = Registry::start();
    let foreign = image("linux/amd64", "z");
    push(&registry, "app", &[&foreign]);
    registry.tag("app", "1", &foreign.digest);
    let ran = prove(
        "fix",
        &metadata(&multi("a").index, &[format!("{}/app:1", registry.host())]),
        &["--on-other", "fix"],
    );
    assert_eq!(ran.tags(), ["app:1 never-pushed -"]);
    assert_eq!(registry.tagged("app", "1"), Some(foreign.digest));
}

#[test]
fn an_image_without_a_platform_that_was_asked_for_is_incomplete() {
    let (registry, metadata) = right();
    let ran = prove(
        "fix",
        &metadata,
        &["--platform", "linux/amd64,linux/arm/v7"],
    );
    assert_eq!(ran.tags(), ["app:1 incomplete -"]);
    assert!(
        ran.tag(0)["message"]
            .as_str()
            .unwrap()
            .contains("linux/arm/v7"),
        "{}",
        ran.shown()
    );
    assert_eq!(registry.count("PUT", ""), 0);
    let ran = prove(
        "check",
        &metadata,
        &["--platform", "linux/amd64", "--platform", "linux/arm64/v8"],
    );
    assert_eq!(ran.tags(), ["app:1 ok -"]);
}

#[test]
fn an_index_that_lacks_a_platform_its_own_build_was_made_for_is_incomplete() {
    let (registry, _) = right();
    let mut metadata = build(&multi("a").index, &[format!("{}/app:1", registry.host())]);
    for platform in ["linux/amd64", "linux/arm64", "linux/arm/v7"] {
        metadata[format!("buildx.build.provenance/{platform}")] = json!({"materials": []});
    }
    let ran = prove("check", &metadata.to_string(), &[]);
    assert_eq!(ran.tags(), ["app:1 incomplete -"]);
}

#[test]
fn the_platform_of_a_plain_manifest_comes_from_the_descriptor_or_else_from_the_config() {
    let registry = Registry::start();
    let plain = image("linux/arm64", "a");
    push(&registry, "app", &[&plain]);
    registry.tag("app", "1", &plain.digest);
    let mut metadata = build(&plain, &[format!("{}/app:1", registry.host())]);
    let ran = prove(
        "check",
        &metadata.to_string(),
        &["--platform", "linux/arm64"],
    );
    assert_eq!(ran.tags(), ["app:1 ok -"]);
    assert_eq!(registry.count("GET", "/blobs/"), 1);
    let ran = prove(
        "check",
        &metadata.to_string(),
        &["--platform", "linux/amd64"],
    );
    assert_eq!(ran.tags(), ["app:1 incomplete -"]);
    registry.forget_journal();
    metadata["containerimage.descriptor"]["platform"] =
        json!({"os": "linux", "architecture": "arm64"});
    let ran = prove(
        "check",
        &metadata.to_string(),
        &["--platform", "linux/arm64"],
    );
    assert_eq!(ran.tags(), ["app:1 ok -"]);
    assert_eq!(registry.count("GET", "/blobs/"), 0);
}

#[test]
fn a_config_that_is_not_the_one_the_manifest_names_proves_no_platform() {
    let registry = Registry::start();
    let plain = image("linux/arm64", "a");
    push(&registry, "app", &[&plain]);
    registry.tag("app", "1", &plain.digest);
    registry.on("GET", "/blobs/").always().answer(Fault::Body(
        br#"{"os":"linux","architecture":"amd64"}"#.to_vec(),
    ));
    let metadata = metadata(&plain, &[format!("{}/app:1", registry.host())]);
    let ran = prove("check", &metadata, &["--platform", "linux/amd64"]);
    assert_eq!(ran.tags(), ["app:1 unproven -"]);
}

#[test]
fn an_image_child_that_is_gone_makes_the_index_broken_if_it_is_asked_for() {
    let (registry, metadata) = right();
    registry.delete_manifest("app", &multi("a").arm64.digest);
    assert_eq!(prove("check", &metadata, &[]).tags(), ["app:1 ok -"]);
    let ran = prove("fix", &metadata, &["--depth", "children"]);
    assert_eq!(ran.tags(), ["app:1 broken -"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.tag(0)["message"]
            .as_str()
            .unwrap()
            .contains("linux/arm64"),
        "{}",
        ran.shown()
    );
    assert_eq!(registry.count("PUT", ""), 0);
}

#[test]
fn a_broken_index_is_never_put_under_a_tag() {
    let (registry, metadata) = wrong(|build| build.amd64.clone());
    registry.delete_manifest("app", &multi("a").arm64.digest);
    let ran = prove("fix", &metadata, &["--depth", "children"]);
    assert_eq!(ran.tags(), ["app:1 broken -"]);
    assert_eq!(registry.tagged("app", "1"), Some(multi("a").amd64.digest));
}

#[test]
fn an_attestation_child_that_is_gone_is_a_note_and_no_more() {
    let (registry, metadata) = right();
    registry.delete_manifest("app", &multi("a").attestation.digest);
    let ran = prove("check", &metadata, &["--depth", "children"]);
    assert_eq!(ran.tags(), ["app:1 ok -"]);
    assert_eq!(ran.notes(), ["attestation-gone"]);
    assert_eq!(ran.code, Some(0));
}

#[test]
fn two_builds_that_claim_one_tag_are_a_conflict_and_nothing_is_written() {
    let (registry, first) = right();
    let second = metadata(&multi("b").index, &[format!("{}/app:1", registry.host())]);
    multi("b").push(&registry, "app");
    registry.tag("app", "1", &multi("a").amd64.digest);
    let ran = tagproof(&["fix", "first.json", "second.json", "--settle", "0"])
        .file("first.json", &first)
        .file("second.json", &second)
        .report()
        .run();
    assert_eq!(ran.tags(), ["app:1 conflict -", "app:1 conflict -"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(registry.count("PUT", ""), 0);
    let message = ran.tag(0)["message"].as_str().unwrap();
    assert!(
        message.contains("first.json") && message.contains("second.json"),
        "{message}"
    );
}

#[test]
fn the_same_claim_twice_is_one_tag() {
    let (_registry, metadata) = right();
    let ran = tagproof(&["check", "a.json", "b.json", "--settle", "0"])
        .file("a.json", &metadata)
        .file("b.json", &metadata)
        .report()
        .run();
    assert_eq!(ran.tags(), ["app:1 ok -"]);
}

#[test]
fn what_cannot_be_read_is_unproven_and_the_exit_code_tells_it_from_wrong() {
    let (registry, metadata) = right();
    registry
        .on("*", "/manifests/")
        .always()
        .answer(Fault::error(403, "DENIED", "requested access is denied"));
    let ran = prove("check", &metadata, &[]);
    assert_eq!(ran.tags(), ["app:1 unproven -"]);
    assert_eq!((ran.code, ran.status()), (code(3), "unproven"));
    assert_eq!(ran.tag(0)["proof"], json!(null));
    let ran = prove("check", &metadata, &["--on-unproven", "warn"]);
    assert_eq!((ran.code, ran.status()), (Some(0), "unproven"));
}

#[test]
fn wrong_weighs_more_than_unproven() {
    let (registry, _) = wrong(|build| build.arm64.clone());
    registry
        .on("*", "/manifests/2")
        .always()
        .answer(Fault::error(403, "DENIED", "no"));
    let names = ["1", "2"].map(|tag| format!("{}/app:{tag}", registry.host()));
    let ran = prove("check", &metadata(&multi("a").index, &names), &[]);
    assert_eq!(ran.tags(), ["app:1 child -", "app:2 unproven -"]);
    assert_eq!((ran.code, ran.status()), (Some(1), "wrong"));
}

#[test]
fn a_tag_that_is_right_stays_right_where_its_digest_alone_is_hidden() {
    let (registry, metadata) = right();
    let hidden = format!("/manifests/{}", multi("a").index.digest);
    registry.on("*", &hidden).always().answer(Fault::error(
        404,
        "MANIFEST_UNKNOWN",
        "manifest unknown",
    ));
    assert_eq!(prove("check", &metadata, &[]).tags(), ["app:1 ok -"]);
}

#[test]
fn a_body_decides_where_header_and_body_differ() {
    let (registry, _) = wrong(|build| build.arm64.clone());
    let build = multi("a");
    registry
        .on("*", "/manifests/")
        .always()
        .answer(Fault::WrongDigestHeader(build.index.digest.clone()));
    let names = ["1", "2"].map(|tag| format!("{}/app:{tag}", registry.host()));
    registry.tag("app", "2", &build.amd64.digest);
    let ran = prove("check", &metadata(&build.index, &names), &[]);
    assert_eq!(ran.tags(), ["app:1 child -", "app:2 child -"]);
}

#[test]
fn registries_without_a_digest_header_are_read_whole() {
    let (registry, _) = right();
    let build = multi("a");
    registry
        .on("*", "/manifests/")
        .always()
        .answer(Fault::NoDigestHeader);
    let names = ["1", "2", "3"].map(|tag| format!("{}/app:{tag}", registry.host()));
    registry.tag("app", "2", &build.index.digest);
    registry.tag("app", "3", &build.arm64.digest);
    let ran = prove("check", &metadata(&build.index, &names), &[]);
    assert_eq!(ran.tags(), ["app:1 ok -", "app:2 ok -", "app:3 child -"]);
}

#[test]
fn a_refused_head_is_decided_by_a_get() {
    let (registry, _) = right();
    let build = multi("a");
    for status in [400, 403, 405] {
        registry
            .on("HEAD", "/manifests/")
            .answer(Fault::status(status));
    }
    let names = ["1", "2", "3", "4"].map(|tag| format!("{}/app:{tag}", registry.host()));
    for tag in ["2", "3", "4"] {
        registry.tag("app", tag, &build.index.digest);
    }
    let ran = prove("check", &metadata(&build.index, &names), &[]);
    assert_eq!(
        ran.tags(),
        ["app:1 ok -", "app:2 ok -", "app:3 ok -", "app:4 ok -"]
    );
}

#[test]
fn only_an_image_id_is_proven_by_the_config_and_never_repaired() {
    let registry = Registry::start();
    let plain = image("linux/amd64", "a");
    push(&registry, "app", &[&plain]);
    registry.tag("app", "1", &plain.digest);
    let config = tagproof::oci::Document::new(plain.bytes.clone(), plain.media_type)
        .config()
        .unwrap()
        .to_string();
    let metadata = json!({
        "containerimage.config.digest": config,
        "containerimage.digest": config,
        "image.name": format!("{}/app:1", registry.host()),
    });
    let ran = prove("check", &metadata.to_string(), &[]);
    assert_eq!(ran.tags(), ["app:1 ok -"]);
    assert_eq!(ran.tag(0)["proof"], "config");
    assert_eq!(ran.notes(), ["image-id"]);

    let other = image("linux/amd64", "z");
    push(&registry, "app", &[&other]);
    registry.tag("app", "1", &other.digest);
    let ran = prove("fix", &metadata.to_string(), &["--on-other", "fix"]);
    assert_eq!(ran.tags(), ["app:1 other -"]);
    assert_eq!(registry.count("PUT", ""), 0);
    registry.untag("app", "1");
    assert_eq!(
        prove("fix", &metadata.to_string(), &[]).tags(),
        ["app:1 absent -"]
    );
    let gone = metadata.to_string().replace("/app:1", "/gone:1");
    assert_eq!(prove("fix", &gone, &[]).tags(), ["gone:1 never-pushed -"]);
}

#[test]
fn a_name_without_a_tag_is_proven_by_digest_and_latest_only_if_it_is_of_this_build() {
    let registry = Registry::start();
    let build = multi("a");
    build.push(&registry, "app");
    let metadata = metadata(&build.index, &[format!("{}/app", registry.host())]);
    let by_digest = format!("app@{} ok -", build.index.digest);
    let cases: [(Option<Document>, Option<&str>); 6] = [
        (None, None),
        (Some(build.index.clone()), Some("app:latest ok -")),
        (Some(build.arm64.clone()), Some("app:latest child -")),
        (Some(index(&[&build.amd64])), Some("app:latest other -")),
        (Some(image("linux/amd64", "z")), None),
        (
            Some(index(&[
                &build.amd64,
                &build.arm64,
                &image("linux/s390x", "z"),
            ])),
            None,
        ),
    ];
    for (latest, expected) in cases {
        registry.untag("app", "latest");
        if let Some(latest) = latest {
            push(&registry, "app", &[&latest]);
            registry.tag("app", "latest", &latest.digest);
        }
        let ran = prove("check", &metadata, &[]);
        let mut tags = vec![by_digest.clone()];
        tags.extend(expected.map(str::to_owned));
        assert_eq!(ran.tags(), tags);
        assert_eq!(ran.notes(), ["no-tag"]);
    }
    registry.delete_manifest("app", &build.index.digest);
    registry.untag("app", "latest");
    let ran = prove("check", &metadata, &[]);
    assert_eq!(
        ran.tags(),
        [format!("app@{} never-pushed -", build.index.digest)]
    );
}
