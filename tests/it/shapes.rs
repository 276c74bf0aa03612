//! Documents of every shape under a tag: the digest decides, and what cannot be read is only
//! missed where it is asked for.

use serde_json::{Value, json};
use tagproof::oci::Digest;

use crate::image::{CONFIG, INDEX, MANIFEST, metadata, multi};
use crate::registry::{Fault, Registry, Response};
use crate::run::{code, prove};

const SCHEMA_1: &str = "application/vnd.docker.distribution.manifest.v1+json";
const SIGNED: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";
const ARTIFACT: &str = "application/vnd.oci.artifact.manifest.v1+json";

/// What is known of a document beside its digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    /// Nothing.
    Nothing,
    /// Its platforms: none that are asked for.
    Platforms,
}

/// A body, the type it is served with, and what is known of it.
fn shapes() -> Vec<(String, &'static str, Known)> {
    let blob = |name: &[u8]| json!({"mediaType": "application/x", "digest": Digest::of(name).to_string(), "size": 1});
    let entry = |more: Value| {
        let mut entry =
            json!({"mediaType": MANIFEST, "digest": Digest::of(b"child").to_string(), "size": 1});
        for (key, value) in more.as_object().unwrap() {
            entry[key] = value.clone();
        }
        json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]})
    };
    let named = |media_type: &str| json!({"schemaVersion": 2, "mediaType": media_type, "config": blob(b"{}"), "layers": []});
    let config = |config: Value, layers: Value| json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers});
    let twice = format!(
        r#"{{"schemaVersion":2,"mediaType":"{MANIFEST}","config":{0},"config":{0},"layers":[]}}"#,
        blob(b"{}")
    );
    let values: Vec<(Value, &'static str, Known)> = vec![
        (config(Value::Null, json!([])), MANIFEST, Known::Nothing),
        (config(blob(b"{}"), json!({})), MANIFEST, Known::Nothing),
        (
            config(json!({"digest": "blake3:00"}), json!([])),
            MANIFEST,
            Known::Nothing,
        ),
        (json!({}), MANIFEST, Known::Nothing),
        (json!([]), INDEX, Known::Nothing),
        (
            json!({"schemaVersion": 2}),
            "application/json",
            Known::Nothing,
        ),
        (
            json!({"schemaVersion": 2, "mediaType": INDEX}),
            INDEX,
            Known::Nothing,
        ),
        (
            json!({"schemaVersion": 2, "manifests": [], "config": {}, "layers": []}),
            INDEX,
            Known::Nothing,
        ),
        (
            json!({"schemaVersion": 1, "name": "app", "tag": "1", "fsLayers": [], "history": []}),
            SCHEMA_1,
            Known::Nothing,
        ),
        (
            json!({"schemaVersion": 1, "name": "app", "fsLayers": [], "signatures": [{}]}),
            SIGNED,
            Known::Nothing,
        ),
        (
            json!({"mediaType": ARTIFACT, "artifactType": "a/b", "blobs": [blob(b"x")]}),
            ARTIFACT,
            Known::Nothing,
        ),
        (
            named("application/vnd.acme.image.v1+json"),
            "application/vnd.acme.image.v1+json",
            Known::Nothing,
        ),
        (
            json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": null}),
            INDEX,
            Known::Platforms,
        ),
        (
            entry(
                json!({"platform": {"os": "linux", "architecture": "s390x"}, "annotations": null, "size": "12"}),
            ),
            INDEX,
            Known::Platforms,
        ),
        (
            entry(
                json!({"platform": {"os": "linux", "architecture": "s390x"}, "annotations": {"a": 1}, "mediaType": null}),
            ),
            "application/json",
            Known::Platforms,
        ),
    ];
    let mut shapes: Vec<_> = values
        .into_iter()
        .map(|(value, served, known)| (value.to_string(), served, known))
        .collect();
    shapes.push((twice, MANIFEST, Known::Nothing));
    shapes
}

/// A registry with this document under `app:1`, and with a build beside it.
fn holding(body: &str, served: &'static str) -> (Registry, String) {
    let registry = Registry::start();
    multi("a").push(&registry, "app");
    let digest = registry.put_manifest("app", body.as_bytes(), served);
    registry.tag("app", "1", &digest);
    (registry, digest)
}

fn claiming(registry: &Registry, digest: &str, media_type: &str) -> String {
    json!({
        "containerimage.descriptor": {"mediaType": media_type, "digest": digest, "size": 1},
        "containerimage.digest": digest,
        "image.name": format!("{}/app:1", registry.host()),
    })
    .to_string()
}

#[test]
fn a_body_that_hashes_to_the_expected_digest_is_right_whatever_its_shape() {
    for (body, served, _) in shapes() {
        let (registry, digest) = holding(&body, served);
        let ran = prove("check", &claiming(&registry, &digest, served), &[]);
        assert_eq!(ran.tags(), ["app:1 ok -"], "{body}: {}", ran.shown());
        assert_eq!(
            (ran.code, ran.tag(0)["proof"].as_str()),
            (Some(0), Some("digest"))
        );
    }
}

#[test]
fn another_document_of_any_shape_under_the_tag_is_other_and_left_alone() {
    for (body, served, _) in shapes() {
        let (registry, digest) = holding(&body, served);
        let names = [format!("{}/app:1", registry.host())];
        let ran = prove("fix", &metadata(&multi("a").index, &names), &[]);
        assert_eq!(ran.tags(), ["app:1 other -"], "{body}: {}", ran.shown());
        assert_eq!(
            (ran.code, ran.tag(0)["found"]["digest"].as_str()),
            (Some(1), Some(&*digest))
        );
        assert_eq!(registry.tagged("app", "1"), Some(digest));
        let ran = prove(
            "fix",
            &metadata(&multi("a").index, &names),
            &["--on-other", "fix"],
        );
        assert_eq!(ran.tags(), ["app:1 other fixed"], "{body}: {}", ran.shown());
        assert_eq!(registry.tagged("app", "1"), Some(multi("a").index.digest));
    }
}

#[test]
fn what_is_asked_for_below_a_document_that_is_not_understood_is_unproven_and_says_why() {
    for (body, served, known) in shapes() {
        let (registry, digest) = holding(&body, served);
        let claimed = claiming(&registry, &digest, served);
        let ran = prove("fix", &claimed, &["--platform", "linux/amd64"]);
        let expected = match known {
            Known::Nothing => "app:1 unproven -",
            Known::Platforms => "app:1 incomplete -",
        };
        assert_eq!(ran.tags(), [expected], "{body}: {}", ran.shown());
        if known == Known::Nothing {
            assert_eq!((ran.code, ran.status()), (code(3), "unproven"), "{body}");
            let help = ran.tag(0)["help"].as_str().unwrap();
            assert!(
                help.contains("what is in this document cannot be checked"),
                "{help}"
            );
            let ran = prove("check", &claimed, &["--depth", "children"]);
            assert_eq!(ran.tags(), ["app:1 unproven -"], "{body}: {}", ran.shown());
        }
    }
}

#[test]
fn an_image_without_a_list_of_layers_is_read_like_any_other() {
    for layers in [Value::Null, json!("left out")] {
        let registry = Registry::start();
        let config = br#"{"os":"linux","architecture":"amd64"}"#;
        registry.put_blob("app", config);
        let mut body = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "digest": Digest::of(config).to_string(), "size": config.len()},
        });
        if layers.is_null() {
            body["layers"] = layers;
        }
        let digest = registry.put_manifest("app", body.to_string().as_bytes(), MANIFEST);
        registry.tag("app", "1", &digest);
        let claimed = claiming(&registry, &digest, MANIFEST);
        let all = ["--depth", "children", "--platform", "linux/amd64"];
        assert_eq!(prove("check", &claimed, &all).tags(), ["app:1 ok -"]);
        let ran = prove("check", &claimed, &["--platform", "linux/arm64"]);
        assert_eq!(ran.tags(), ["app:1 incomplete -"]);
    }
}

#[test]
fn an_entry_whose_digest_cannot_be_checked_is_unproven_only_where_children_are_asked_for() {
    let build = multi("a");
    for (digest, words) in [
        ("blake3:00", "the algorithm `blake3`"),
        ("sha256:short", "`sha256:short`, which is not a digest"),
        ("", "an entry without a digest"),
    ] {
        let body = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
            {"mediaType": MANIFEST, "digest": build.amd64.digest, "size": 1, "platform": {"os": "linux", "architecture": "amd64"}},
            {"mediaType": MANIFEST, "digest": digest, "size": 1, "platform": {"os": "linux", "architecture": "arm64"}},
        ]});
        let (registry, index) = holding(&body.to_string(), INDEX);
        let claimed = claiming(&registry, &index, INDEX);
        let both = ["--platform", "linux/amd64,linux/arm64"];
        assert_eq!(prove("check", &claimed, &both).tags(), ["app:1 ok -"]);
        let ran = prove("check", &claimed, &["--depth", "children"]);
        assert_eq!(ran.tags(), ["app:1 unproven -"], "{}", ran.shown());
        let message = ran.tag(0)["message"].as_str().unwrap();
        assert!(message.contains(words), "{message}");
        registry.delete_manifest("app", &build.amd64.digest);
        assert_eq!(
            prove("check", &claimed, &["--depth", "children"]).tags(),
            ["app:1 broken -"]
        );
    }
}

#[test]
fn a_child_named_by_sha512_is_asked_for_by_it() {
    let registry = Registry::start();
    let sha512 = format!("sha512:{}", "a".repeat(128));
    let body = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
        {"mediaType": MANIFEST, "digest": sha512, "size": 1},
    ]});
    let index = registry.put_manifest("app", body.to_string().as_bytes(), INDEX);
    registry.tag("app", "1", &index);
    let ran = prove(
        "check",
        &claiming(&registry, &index, INDEX),
        &["--depth", "children"],
    );
    assert_eq!(ran.tags(), ["app:1 broken -"], "{}", ran.shown());
    assert!(registry.count("GET", &sha512) > 0);
}

#[test]
fn a_document_that_is_index_and_manifest_at_once_is_right_by_its_digest_and_by_nothing_else() {
    let build = multi("a");
    let mut body: Value = serde_json::from_slice(&build.index.bytes).unwrap();
    body["config"] =
        json!({"mediaType": CONFIG, "digest": Digest::of(b"{}").to_string(), "size": 2});
    body["layers"] = json!([]);
    let (registry, digest) = holding(&body.to_string(), INDEX);
    let by_digest = claiming(&registry, &digest, INDEX);
    assert_eq!(prove("check", &by_digest, &[]).tags(), ["app:1 ok -"]);
    let ran = prove("check", &by_digest, &["--platform", "linux/amd64"]);
    assert_eq!(ran.tags(), ["app:1 unproven -"]);
    let message = ran.tag(0)["message"].as_str().unwrap();
    assert!(
        message.contains("as an index and as a manifest"),
        "{message}"
    );
    let by_config = json!({
        "containerimage.config.digest": Digest::of(b"{}").to_string(),
        "containerimage.digest": Digest::of(b"{}").to_string(),
        "image.name": format!("{}/app:1", registry.host()),
    });
    registry.put_blob("app", b"{}");
    let ran = prove("check", &by_config.to_string(), &[]);
    assert_eq!(ran.tags(), ["app:1 other -"]);
}

#[test]
fn what_something_in_front_of_the_registry_answers_with_is_never_taken_for_an_image() {
    let build = multi("a");
    for (body, served) in [
        ("<!doctype html><title>Log in</title>", "text/html"),
        ("<!doctype html><title>Log in</title>", MANIFEST),
        (r#"{"error":"log in"}"#, "application/json"),
        (r#"{"error":"log in"}"#, "text/html; charset=utf-8"),
        ("", INDEX),
    ] {
        let registry = Registry::start();
        build.push(&registry, "app");
        registry.tag("app", "1", &build.index.digest);
        registry
            .on("*", "/manifests/1")
            .always()
            .answer(Fault::Answer(Response::new(200, served, body)));
        let names = [format!("{}/app:1", registry.host())];
        let ran = prove(
            "fix",
            &metadata(&build.index, &names),
            &["--on-other", "fix"],
        );
        assert_eq!(ran.tags(), ["app:1 unproven -"], "{body}: {}", ran.shown());
        assert_eq!(registry.count("PUT", ""), 0);
    }
}

#[test]
fn an_image_that_is_served_under_another_media_type_is_right_and_a_note_says_to_push_it_again() {
    let build = multi("a");
    for (served, notes) in [
        (MANIFEST, &["media-type"][..]),
        (SIGNED, &["media-type"]),
        ("application/json", &[]),
        ("text/html", &[]),
        (INDEX, &[]),
    ] {
        let registry = Registry::start();
        build.push(&registry, "app");
        let digest = registry.put_manifest("app", &build.index.bytes, served);
        registry.tag("app", "1", &digest);
        let names = [format!("{}/app:1", registry.host())];
        let all = [
            "--depth",
            "children",
            "--platform",
            "linux/amd64,linux/arm64",
        ];
        let ran = prove("check", &metadata(&build.index, &names), &all);
        assert_eq!(ran.tags(), ["app:1 ok -"], "{served}: {}", ran.shown());
        assert_eq!(ran.notes(), notes, "{served}");
        if !notes.is_empty() {
            let help = ran.report["notes"][0]["help"].as_str().unwrap();
            assert!(help.contains("push it again: it was stored"), "{help}");
        }
    }
}

#[test]
fn a_repair_writes_a_document_with_the_type_that_it_names_itself() {
    let build = multi("a");
    let registry = Registry::start();
    build.push(&registry, "app");
    registry.put_manifest("app", &build.index.bytes, "application/json");
    registry.tag("app", "1", &build.arm64.digest);
    let names = [format!("{}/app:1", registry.host())];
    let ran = prove("fix", &metadata(&build.index, &names), &[]);
    assert_eq!(ran.tags(), ["app:1 child fixed"], "{}", ran.shown());
    let written = registry
        .journal()
        .into_iter()
        .find(|it| it.method == "PUT")
        .unwrap();
    assert_eq!(written.content_type.as_deref(), Some(INDEX));
}

#[test]
fn reports_show_a_document_of_an_unknown_kind_as_what_it_is() {
    let (registry, digest) = holding(r#"{"schemaVersion":1,"fsLayers":[]}"#, SCHEMA_1);
    let names = [format!("{}/app:1", registry.host())];
    let ran = prove("check", &metadata(&multi("a").index, &names), &[]);
    assert_eq!(ran.tag(0)["found"]["media_type"], SCHEMA_1);
    let shown = format!("{digest} (document of an unknown kind)");
    assert!(ran.stdout.contains(&shown), "{}", ran.shown());
}
