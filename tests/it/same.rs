//! Tags that show the images of a build in another manifest or index than the one it left.

use serde_json::{Value, json};

use crate::image::{
    Document, Multi, attestation, build, image_id, in_zstd, index, index_with, layered,
    layered_multi, metadata, push, repacked, repacked_with,
};
use crate::registry::{Fault, Registry};
use crate::run::{Ran, prove, tagproof};

/// What a tag shows, made from what was built.
type Shown = fn(&Multi) -> Document;

/// A registry that has a build for two platforms, and something else under `app:1`.
fn showing(shown: impl FnOnce(&Multi) -> Document) -> (Registry, Multi, String) {
    let registry = Registry::start();
    let build = layered_multi("a");
    build.push(&registry, "app");
    let shown = shown(&build);
    push(&registry, "app", &[&shown]);
    registry.tag("app", "1", &shown.digest);
    let metadata = metadata(&build.index, &[format!("{}/app:1", registry.host())]);
    (registry, build, metadata)
}

/// Whether the program says somewhere that no layer was read.
fn says_layers_were_not_read(ran: &Ran) -> bool {
    let message = ran.tag(0)["message"].as_str().unwrap();
    message.contains("same config, layers not read")
}

/// What the run hands on to the next job: lines of `NAME=value`.
fn handed_on(mode: &str, metadata: &str, args: &[&str]) -> Vec<String> {
    let ran = tagproof(&[mode, "build.json", "--settle", "0", "--dotenv", "out.env"])
        .args(args)
        .file("build.json", metadata)
        .keep("out.env")
        .run();
    let text = ran.kept.unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_child_that_docker_packed_again_is_child_and_repaired() {
    let cases: [(&str, Shown); 3] = [
        ("linux/arm64", |build| repacked(&build.arm64)),
        ("linux/amd64", |build| repacked(&build.amd64)),
        ("linux/arm64", |build| in_zstd(&build.arm64)),
    ];
    for (platform, of) in cases {
        let (registry, build, metadata) = showing(of);
        let ran = prove("check", &metadata, &[]);
        assert_eq!(ran.tags(), ["app:1 child -"], "{}", ran.shown());
        let found = &ran.tag(0)["found"];
        assert_eq!(found["platform"], platform);
        assert_eq!(found["relation"], "re-packed");
        assert_eq!(ran.tag(0)["proof"], "config");
        assert!(says_layers_were_not_read(&ran), "{}", ran.shown());
        let ran = prove("fix", &metadata, &[]);
        assert_eq!(ran.tags(), ["app:1 child fixed"], "{}", ran.shown());
        assert_eq!(
            registry.tagged("app", "1"),
            Some(build.index.digest.clone())
        );
        let pinned = format!("{}/app:1@{}", registry.host(), build.index.digest);
        registry.tag("app", "1", &of(&build).digest);
        let handed = handed_on("fix", &metadata, &[]);
        assert!(
            handed.iter().any(|line| line.contains(&pinned)),
            "{handed:?}"
        );
    }
}

#[test]
fn the_only_image_of_an_index_that_docker_packed_again_is_child() {
    let registry = Registry::start();
    let image = layered("linux/amd64", "a");
    let built = index(&[&image, &attestation(&image)]);
    let again = repacked(&image);
    push(
        &registry,
        "app",
        &[&image, &attestation(&image), &built, &again],
    );
    registry.tag("app", "1", &again.digest);
    let metadata = metadata(&built, &[format!("{}/app:1", registry.host())]);
    let ran = prove("fix", &metadata, &[]);
    assert_eq!(ran.tags(), ["app:1 child fixed"], "{}", ran.shown());
    assert_eq!(registry.tagged("app", "1"), Some(built.digest));
}

#[test]
fn a_manifest_with_annotations_or_a_subject_of_its_own_is_left_alone() {
    for (key, value) in [
        ("annotations", json!({"org.example.signed": "yes"})),
        (
            "subject",
            json!({"mediaType": crate::image::MANIFEST, "digest": layered("linux/amd64", "a").digest, "size": 1}),
        ),
    ] {
        let mut more = json!({});
        more[key] = value;
        let (registry, _, metadata) = showing(|build| repacked_with(&build.arm64, more.clone()));
        let before = registry.tagged("app", "1");
        let ran = prove("fix", &metadata, &[]);
        assert_eq!(ran.tags(), ["app:1 other -"], "{key}: {}", ran.shown());
        assert_eq!(ran.tag(0)["found"]["relation"], "part");
        assert!(says_layers_were_not_read(&ran), "{}", ran.shown());
        assert_eq!(registry.tagged("app", "1"), before);
    }
}

#[test]
fn exactly_the_same_images_elsewhere_are_other_and_moved_only_if_that_is_asked_for() {
    // A second build from the cache has the manifests and new attestations; one that exports in
    // another way has other manifests, too.
    let cases: [(Shown, &str); 3] = [
        (
            |build| {
                index_with(
                    &[&build.amd64, &build.arm64],
                    json!({"org.example.run": "2"}),
                )
            },
            "digest",
        ),
        (
            |build| index(&[&repacked(&build.amd64), &in_zstd(&build.arm64)]),
            "config",
        ),
        (
            |build| index(&[&repacked(&build.arm64), &build.amd64]),
            "config",
        ),
    ];
    for (of, proof) in cases {
        let (registry, build, metadata) = showing(of);
        push(
            &registry,
            "app",
            &[&repacked(&build.amd64), &repacked(&build.arm64)],
        );
        push(&registry, "app", &[&in_zstd(&build.arm64)]);
        let before = registry.tagged("app", "1");
        let ran = prove("fix", &metadata, &[]);
        assert_eq!(ran.tags(), ["app:1 other -"], "{}", ran.shown());
        assert_eq!(registry.tagged("app", "1"), before);
        assert_eq!(ran.tag(0)["found"]["relation"], "same");
        assert_eq!(ran.tag(0)["proof"], proof);
        assert_eq!(says_layers_were_not_read(&ran), proof == "config");
        assert!(
            ran.tag(0)["message"]
                .as_str()
                .unwrap()
                .contains("the same image")
        );
        let help = ran.tag(0)["help"].as_str().unwrap();
        assert!(help.contains("signatures and attestations"), "{help}");
        let ran = prove("fix", &metadata, &["--on-other", "fix"]);
        assert_eq!(ran.tags(), ["app:1 other fixed"], "{}", ran.shown());
        assert_eq!(registry.tagged("app", "1"), Some(build.index.digest));
    }
}

#[test]
fn two_runs_that_build_one_commit_from_a_cache_do_not_fight_over_a_tag() {
    let registry = Registry::start();
    let image = layered("linux/amd64", "a");
    let run = |run: &str| {
        let statement = attestation(&layered("linux/amd64", run));
        index_with(
            &[&image, &attestation(&image)],
            json!({"run": statement.digest}),
        )
    };
    let (one, two) = (run("1"), run("2"));
    push(
        &registry,
        "app",
        &[&image, &attestation(&image), &one, &two],
    );
    registry.tag("app", "latest", &two.digest);
    let names = [format!("{}/app:latest", registry.host())];
    for _ in 0..2 {
        let ran = prove("fix", &metadata(&one, &names), &[]);
        assert_eq!(ran.tags(), ["app:latest other -"]);
        let ran = prove("fix", &metadata(&two, &names), &[]);
        assert_eq!(ran.tags(), ["app:latest ok -"]);
    }
    assert_eq!(registry.tagged("app", "latest"), Some(two.digest));
}

#[test]
fn a_manifest_that_docker_packed_again_is_the_same_image_in_another() {
    let registry = Registry::start();
    let image = layered("linux/amd64", "a");
    let again = repacked(&image);
    push(&registry, "app", &[&image, &again]);
    registry.tag("app", "1", &again.digest);
    let metadata = metadata(&image, &[format!("{}/app:1", registry.host())]);
    let ran = prove("fix", &metadata, &[]);
    assert_eq!(ran.tags(), ["app:1 other -"], "{}", ran.shown());
    assert_eq!(ran.tag(0)["found"]["relation"], "same");
}

#[test]
fn what_was_pushed_beside_a_load_is_right_with_a_note_of_its_digest() {
    let registry = Registry::start();
    let loaded = layered("linux/amd64", "a");
    let pushed = index(&[&loaded, &attestation(&loaded)]);
    push(&registry, "app", &[&loaded, &attestation(&loaded), &pushed]);
    registry.tag("app", "1", &pushed.digest);
    registry.tag("app", "2", &pushed.digest);
    let names = ["1", "2"].map(|tag| format!("{}/app:{tag}", registry.host()));
    let metadata = metadata(&loaded, &names);
    for args in [
        [].as_slice(),
        &["--platform", "linux/amd64", "--depth", "children"],
        &["--on-other", "fix"],
    ] {
        let ran = prove("fix", &metadata, args);
        assert_eq!(ran.tags(), ["app:1 ok -", "app:2 ok -"], "{}", ran.shown());
        assert_eq!((ran.code, ran.notes()), (Some(0), vec!["other-output"]));
        assert_eq!(ran.tag(0)["proof"], "digest");
        assert_eq!(ran.tag(0)["found"]["relation"], "other-output");
        assert_eq!(ran.tag(0)["help"], Value::Null);
        let note = ran.report["notes"][0]["message"].as_str().unwrap();
        assert!(
            note.contains(&pushed.digest) && note.contains(&loaded.digest),
            "{note}"
        );
        assert_eq!(registry.count("PUT", ""), 0);
    }
    // What is signed and deployed is what was pushed.
    let handed = handed_on("check", &metadata, &[]).join("\n");
    assert!(
        handed.contains(&pushed.digest) && !handed.contains(&loaded.digest),
        "{handed}"
    );
}

#[test]
fn what_was_pushed_beside_a_load_is_held_to_what_a_policy_asks_for() {
    let registry = Registry::start();
    let loaded = layered("linux/amd64", "a");
    let statement = crate::image::attestation_of(&loaded, &["https://slsa.dev/provenance/v1"]);
    let pushed = index(&[&loaded, &statement]);
    push(&registry, "app", &[&loaded, &statement, &pushed]);
    registry.tag("app", "1", &pushed.digest);
    let metadata = metadata(&loaded, &[format!("{}/app:1", registry.host())]);
    for (attestations, verdict) in [("provenance", "ok"), ("sbom", "incomplete")] {
        let policy =
            format!("version: 1\nimages:\n  \"**\":\n    attestations: [{attestations}]\n");
        let ran = tagproof(&[
            "check",
            "build.json",
            "--settle",
            "0",
            "--policy",
            "policy.yaml",
        ])
        .file("build.json", &metadata)
        .file("policy.yaml", policy)
        .report()
        .run();
        assert_eq!(
            ran.tags(),
            [format!("app:1 {verdict} -")],
            "{}",
            ran.shown()
        );
    }
}

#[test]
fn an_index_of_the_manifest_with_anything_else_is_not_what_was_pushed_beside_it() {
    let image = layered("linux/amd64", "a");
    let other = layered("linux/amd64", "b");
    for (index, verdict) in [
        (index(&[&image]), "wrapped"),
        (index(&[&image, &attestation(&other)]), "other"),
        (
            index(&[&image, &attestation(&image), &attestation(&other)]),
            "other",
        ),
        (index(&[&image, &attestation(&image), &other]), "other"),
        (index(&[&other, &attestation(&image)]), "other"),
        (index(&[&attestation(&image)]), "other"),
    ] {
        let registry = Registry::start();
        push(&registry, "app", &[&image, &other, &index]);
        registry.tag("app", "1", &index.digest);
        let metadata = metadata(&image, &[format!("{}/app:1", registry.host())]);
        let ran = prove("check", &metadata, &[]);
        assert_eq!(
            ran.tags(),
            [format!("app:1 {verdict} -")],
            "{}",
            ran.shown()
        );
        if verdict == "other" && ran.tag(0)["found"]["relation"] != "none" {
            let help = ran.tag(0)["help"].as_str().unwrap();
            let is_more = ran.tag(0)["found"]["relation"] == "more";
            assert!(is_more || !help.contains("tagproof fix"), "{help}");
        }
    }
}

#[test]
fn a_load_that_docker_pushed_is_right_by_its_image_id() {
    let loaded = layered("linux/amd64", "a");
    let again = repacked(&loaded);
    let around = index(&[&in_zstd(&loaded), &attestation(&in_zstd(&loaded))]);
    let with_config = |names: &[String]| {
        let mut metadata = build(&loaded, names);
        metadata["containerimage.config.digest"] = json!(image_id(&loaded));
        metadata
    };
    // buildx before 0.8 leaves the image ID in the place of the digest.
    let lone_id = |names: &[String]| json!({"containerimage.digest": image_id(&loaded), "image.name": names.join(",")});
    for metadata in [&with_config as &dyn Fn(&[String]) -> Value, &lone_id] {
        for shown in [&again, &around] {
            let registry = Registry::start();
            push(&registry, "app", &[&in_zstd(&loaded), shown]);
            registry.tag("app", "1", &shown.digest);
            let metadata = metadata(&[format!("{}/app:1", registry.host())]);
            let ran = prove("check", &metadata.to_string(), &[]);
            assert_eq!(ran.tags(), ["app:1 ok -"], "{}", ran.shown());
            assert_eq!((ran.code, ran.notes()), (Some(0), vec!["image-id"]));
            assert_eq!(ran.tag(0)["proof"], "config");
            assert!(says_layers_were_not_read(&ran), "{}", ran.shown());
            let note = ran.report["notes"][0]["message"].as_str().unwrap();
            assert!(note.contains(&shown.digest), "{note}");
            // It is nothing to sign or to deploy by its digest.
            let handed = handed_on("check", &metadata.to_string(), &[]).join("\n");
            assert!(!handed.contains("sha256:"), "{handed}");
        }
    }
}

#[test]
fn an_image_id_says_nothing_of_another_image_nor_where_the_digest_is_there() {
    let loaded = layered("linux/amd64", "a");
    let foreign = layered("linux/amd64", "z");
    let again = repacked(&loaded);
    let mut metadata = build(&loaded, &["HOST/app:1".to_owned()]);
    metadata["containerimage.config.digest"] = json!(image_id(&loaded));
    for (shown, is_pushed, verdict) in [
        (&foreign, false, "never-pushed"),
        (&again, true, "other"),
        (&index(&[&again, &foreign]), false, "never-pushed"),
    ] {
        let registry = Registry::start();
        push(&registry, "app", &[&again, &foreign, shown]);
        if is_pushed {
            push(&registry, "app", &[&loaded]);
        }
        registry.tag("app", "1", &shown.digest);
        let metadata = metadata.to_string().replace("HOST", &registry.host());
        let ran = prove("fix", &metadata, &[]);
        assert_eq!(
            ran.tags(),
            [format!("app:1 {verdict} -")],
            "{}",
            ran.shown()
        );
    }
}

#[test]
fn artifacts_that_share_an_empty_config_are_not_the_same() {
    let artifact = |config_type: &str, content: &str| {
        let mut of = repacked_with(&layered("linux/amd64", content), json!({}));
        let mut manifest: Value = serde_json::from_slice(&of.bytes).unwrap();
        manifest["mediaType"] = json!(crate::image::MANIFEST);
        manifest["config"] = json!({
            "mediaType": config_type,
            "digest": tagproof::oci::Digest::of(b"{}").to_string(),
            "size": 2,
        });
        manifest["content"] = json!(content);
        of.bytes = manifest.to_string().into_bytes();
        of.digest = tagproof::oci::Digest::of(&of.bytes).to_string();
        of.media_type = crate::image::MANIFEST;
        of
    };
    for config_type in [
        "application/vnd.cncf.helm.config.v1+json",
        "application/vnd.oci.empty.v1+json",
        "application/vnd.unknown.config.v1+json",
        crate::image::CONFIG,
    ] {
        let registry = Registry::start();
        registry.put_blob("app", b"{}");
        let (one, two) = (artifact(config_type, "1"), artifact(config_type, "2"));
        push(&registry, "app", &[&one, &two]);
        registry.tag("app", "1", &two.digest);
        let metadata = metadata(&one, &[format!("{}/app:1", registry.host())]);
        let ran = prove("check", &metadata, &[]);
        assert_eq!(ran.tags(), ["app:1 other -"], "{}", ran.shown());
        assert_eq!(ran.tag(0)["found"]["relation"], "none", "{config_type}");
    }
}

#[test]
fn nothing_is_claimed_of_a_config_that_cannot_be_read_or_does_not_fit() {
    let id = image_id(&layered("linux/arm64", "a"));
    let other = br#"{"os":"linux","architecture":"arm64"}"#.to_vec();
    for fault in [
        Fault::error(404, "BLOB_UNKNOWN", "blob unknown to registry"),
        Fault::error(403, "DENIED", "requested access is denied"),
        Fault::status(500),
        Fault::Body(other),
    ] {
        let (registry, _, metadata) = showing(|build| repacked(&build.arm64));
        let blob = format!("/blobs/{id}");
        registry.on("GET", &blob).always().answer(fault);
        let ran = prove("fix", &metadata, &[]);
        assert_eq!(ran.tags(), ["app:1 other -"], "{}", ran.shown());
        assert_eq!(ran.tag(0)["found"]["relation"], "none");
        assert_eq!(registry.count("PUT", ""), 0);
    }
    // A layer more than the config knows of.
    let (registry, build, metadata) = showing(|build| {
        let manifest: Value = serde_json::from_slice(&build.arm64.bytes).unwrap();
        let layer = manifest["layers"][0].clone();
        let layers = [layer.clone(), layer.clone(), layer];
        repacked_with(&build.arm64, json!({"layers": layers}))
    });
    let ran = prove("fix", &metadata, &[]);
    assert_eq!(ran.tags(), ["app:1 other -"], "{}", ran.shown());
    // A child that is gone is not compared, and the others are.
    registry.tag("app", "1", &repacked(&build.amd64).digest);
    push(&registry, "app", &[&repacked(&build.amd64)]);
    registry.delete_manifest("app", &build.arm64.digest);
    let ran = prove("check", &metadata, &[]);
    assert_eq!(ran.tags(), ["app:1 child -"], "{}", ran.shown());
}

/// `bake --print` of one target with these outputs.
fn definition(outputs: &[String]) -> String {
    json!({"target": {"app": {"output": outputs}}}).to_string()
}

fn prove_outputs(mode: &str, metadata: &str, definition: &str, args: &[&str]) -> Ran {
    tagproof(&[
        mode,
        "build.json",
        "--settle",
        "0",
        "--definition",
        "def.json",
    ])
    .args(args)
    .file("build.json", metadata)
    .file("def.json", definition)
    .report()
    .run()
}

/// `type=image,name=…,push=true,…`
fn output(name: &str, more: &str) -> String {
    format!("type=image,name={name},push=true{more}")
}

#[test]
fn each_output_of_a_definition_has_a_digest_of_its_own() {
    let registry = Registry::start();
    let host = registry.host();
    let built = layered_multi("a");
    let (amd64, arm64) = (in_zstd(&built.amd64), in_zstd(&built.arm64));
    let zstd = index(&[&amd64, &arm64, &attestation(&amd64)]);
    for repository in ["app", "fast"] {
        push(
            &registry,
            repository,
            &[&amd64, &arm64, &attestation(&amd64), &zstd],
        );
        registry.tag(repository, "1-zstd", &zstd.digest);
    }
    built.push(&registry, "app");
    registry.tag("app", "1", &built.index.digest);
    let outputs = [
        output(
            &format!("\"{host}/app:1-zstd,{host}/fast:1-zstd\""),
            ",compression=zstd",
        )
        .replacen("name=\"", "\"name=", 1),
        output(&format!("{host}/app:1"), ""),
    ];
    let definition = definition(&outputs);
    let metadata = json!({"app": build(&built.index, &[format!("{host}/app:1")])}).to_string();
    let ran = prove_outputs(
        "check",
        &metadata,
        &definition,
        &[
            "--depth",
            "children",
            "--platform",
            "linux/amd64,linux/arm64",
        ],
    );
    assert_eq!(
        ran.tags(),
        ["app:1 ok -", "app:1-zstd ok -", "fast:1-zstd ok -"],
        "{}",
        ran.shown()
    );
    assert_eq!((ran.code, ran.notes()), (Some(0), vec!["other-output"]));
    assert_eq!(ran.tag(0)["proof"], "digest");
    for tag in [ran.tag(1), ran.tag(2)] {
        assert_eq!(tag["proof"], "config");
        assert_eq!(tag["found"]["relation"], "other-output");
        assert!(
            tag["message"]
                .as_str()
                .unwrap()
                .contains("same config, layers not read")
        );
    }
    // What is wrong with it is said, and nothing is put in its place.
    for (shown, verdict) in [
        (Some(layered_multi("z").index), "other"),
        (Some(repacked(&built.arm64)), "child"),
        (None, "absent"),
    ] {
        registry.untag("app", "1-zstd");
        if let Some(shown) = &shown {
            push(&registry, "app", &[shown]);
            registry.tag("app", "1-zstd", &shown.digest);
        }
        let ran = prove_outputs(
            "fix",
            &metadata,
            &definition,
            &["--on-other", "fix", "--platform", "linux/amd64,linux/arm64"],
        );
        assert_eq!(
            ran.tags()[1],
            format!("app:1-zstd {verdict} -"),
            "{}",
            ran.shown()
        );
        let help = ran.tag(1)["help"].as_str().unwrap();
        assert!(
            help.contains("another output") && !help.contains("tagproof fix"),
            "{help}"
        );
        assert_eq!(registry.tagged("app", "1-zstd"), shown.map(|it| it.digest));
    }
    // The images are held to what was asked for as any other.
    registry.tag("app", "1-zstd", &zstd.digest);
    registry.delete_manifest("app", &arm64.digest);
    let ran = prove_outputs("check", &metadata, &definition, &["--depth", "children"]);
    assert_eq!(
        ran.tags()[..2],
        ["app:1 ok -", "app:1-zstd other -"],
        "{}",
        ran.shown()
    );
}

#[test]
fn a_tag_that_two_outputs_push_is_any_of_theirs() {
    let registry = Registry::start();
    let name = format!("{}/app:1", registry.host());
    let built = layered_multi("a");
    built.push(&registry, "app");
    let (amd64, arm64) = (in_zstd(&built.amd64), in_zstd(&built.arm64));
    let zstd = index(&[&amd64, &arm64]);
    let other = index_with(
        &[&built.amd64, &built.arm64],
        json!({"org.example.output": "2"}),
    );
    push(&registry, "app", &[&amd64, &arm64, &zstd, &other]);
    let outputs = ["type=image,push=true,compression=zstd", "type=registry"];
    let definition = json!({"target": {"app": {"tags": [name], "output": outputs}}}).to_string();
    let metadata = json!({"app": build(&built.index, &[name])}).to_string();
    for (shown, notes, proof) in [
        (&built.index, vec![], "digest"),
        (&zstd, vec!["other-output"], "config"),
        (&other, vec!["other-output"], "digest"),
    ] {
        registry.tag("app", "1", &shown.digest);
        let ran = prove_outputs("fix", &metadata, &definition, &["--on-other", "fix"]);
        assert_eq!(ran.tags(), ["app:1 ok -"], "{}", ran.shown());
        assert_eq!((ran.notes(), &ran.tag(0)["proof"]), (notes, &json!(proof)));
    }
    // What no output made is repaired to what the metadata describes.
    registry.tag("app", "1", &built.arm64.digest);
    let ran = prove_outputs("fix", &metadata, &definition, &[]);
    assert_eq!(ran.tags(), ["app:1 child fixed"], "{}", ran.shown());
    assert_eq!(registry.tagged("app", "1"), Some(built.index.digest));
}

#[test]
fn one_image_of_several_outputs_is_known_by_its_id_where_its_digest_is_not() {
    let registry = Registry::start();
    let host = registry.host();
    let image = layered("linux/amd64", "a");
    let zstd = in_zstd(&image);
    let pushed = index(&[&zstd, &attestation(&zstd)]);
    push(&registry, "fast", &[&zstd, &attestation(&zstd), &pushed]);
    registry.tag("fast", "1", &pushed.digest);
    let mut metadata = build(&index(&[&image, &attestation(&image)]), &[]);
    metadata["containerimage.config.digest"] = json!(image_id(&image));
    let outputs = [
        output(&format!("{host}/fast:1"), ",compression=zstd"),
        output(&format!("{host}/gone:1"), ""),
    ];
    let ran = prove_outputs("check", &metadata.to_string(), &definition(&outputs), &[]);
    assert_eq!(
        ran.tags(),
        ["fast:1 ok -", "gone:1 never-pushed -"],
        "{}",
        ran.shown()
    );
    assert_eq!(ran.notes(), ["other-output"]);
    assert_eq!(ran.tag(0)["proof"], "config");
}
