//! What lies below a tag: children, platforms and programs, at each depth.

use serde_json::json;

use crate::image::{Document, attestation, image, index, metadata, provenance, push};
use crate::layered::{Layered, amd64, arm64, changed, layer, layered};
use crate::registry::{Fault, Registry};
use crate::run::{Ran, code, prove, tagproof};

const DEPTHS: [&str; 4] = ["tag", "children", "platforms", "programs"];

/// A registry that holds an index of these images under `app:1`, and the metadata of it.
pub(crate) fn pushed(images: &[&Layered]) -> (Registry, String) {
    let registry = Registry::start();
    for image in images {
        image.push(&registry, "app");
    }
    let documents: Vec<&Document> = images.iter().map(|image| &image.document).collect();
    let metadata = tagged(&registry, &index(&documents));
    (registry, metadata)
}

/// Tags a document as `app:1`; the metadata of it.
fn tagged(registry: &Registry, root: &Document) -> String {
    push(registry, "app", &[root]);
    registry.tag("app", "1", &root.digest);
    metadata(root, &[format!("{}/app:1", registry.host())])
}

fn at(depth: &str, metadata: &str) -> Ran {
    prove("check", metadata, &["--depth", depth])
}

/// The verdict at each depth, and the notes at the last two.
fn verdicts(metadata: &str) -> ([String; 4], Vec<String>) {
    let verdicts = DEPTHS.map(|depth| at(depth, metadata).tags().remove(0));
    let verdicts = verdicts.map(|tag| tag.split(' ').nth(1).unwrap().to_owned());
    let notes = ["platforms", "programs"].map(|depth| {
        let ran = at(depth, metadata);
        ran.notes()
            .iter()
            .map(|it| (*it).to_owned())
            .collect::<Vec<String>>()
    });
    (verdicts, notes.concat())
}

fn all(verdict: &str) -> [String; 4] {
    ["ok", "ok", verdict, verdict].map(str::to_owned)
}

#[test]
fn a_right_program_for_each_platform_is_ok_at_every_depth_and_ok_names_it() {
    let (amd, arm) = (layer(&[("app", &amd64())]), layer(&[("app", &arm64())]));
    let base = layer(&[("etc/os-release", b"base")]);
    let (_registry, metadata) = pushed(&[
        &layered("linux/amd64", &["/app"], &[&base, &amd]),
        &layered("linux/arm64", &["/app"], &[&base, &arm]),
    ]);
    for depth in DEPTHS {
        let ran = at(depth, &metadata);
        assert_eq!(
            (ran.code, ran.tags().as_slice()),
            (Some(0), &["app:1 ok -".to_owned()][..])
        );
        assert_eq!(ran.tag(0)["depth"], json!(depth));
        assert!(
            ran.stdout.contains(&format!("ok ({depth})")),
            "{}",
            ran.stdout
        );
        let programs: Vec<&str> = ran.report["images"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|image| image["program"]["platform"].as_str())
            .collect();
        let expected: &[&str] = if depth == "programs" {
            &["linux/amd64", "linux/arm64"]
        } else {
            &[]
        };
        assert_eq!(programs, expected, "{depth}");
    }
}

#[test]
fn a_program_that_was_copied_into_both_is_wrong_for_one_and_says_where_it_is() {
    let shared = layer(&[("usr/bin/app", &amd64())]);
    let (_registry, metadata) = pushed(&[
        &layered("linux/amd64", &["app"], &[&shared]),
        &layered("linux/arm64", &["app"], &[&shared]),
    ]);
    assert_eq!(verdicts(&metadata).0, all("wrong-platform"));
    let ran = prove("check", &metadata, &["--depth", "platforms"]);
    assert_eq!(ran.code, Some(1));
    let message = ran.tag(0)["message"].as_str().unwrap();
    for part in [
        "the entry for linux/arm64",
        "`/usr/bin/app`",
        "a program for linux/amd64",
    ] {
        assert!(message.contains(part), "{message}");
    }
    let help = ran.tag(0)["help"].as_str().unwrap();
    for part in [
        "`FROM --platform=$BUILDPLATFORM`",
        "`TARGETARCH`",
        "`programs: { ignore: [PATH] }`",
        "`--depth children`",
    ] {
        assert!(help.contains(part), "{help}");
    }
    let wrong: Vec<bool> = ran.report["images"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["wrong"].as_bool().unwrap())
        .collect();
    assert_eq!(wrong, [false, true]);
}

#[test]
fn the_default_depth_is_platforms_in_a_step_and_on_the_command_line() {
    let shared = layer(&[("app", &amd64())]);
    let (_registry, metadata) = pushed(&[
        &layered("linux/amd64", &["/app"], &[&shared]),
        &layered("linux/arm64", &["/app"], &[&shared]),
    ]);
    let by_default = crate::runner::Step::new()
        .with("metadata", &metadata)
        .with("settle", "0")
        .run();
    assert_eq!(by_default.outputs["status"], "wrong");
    let help = tagproof(&["check", "--help"]).run();
    assert!(
        help.stdout.contains("without it and a policy: platforms"),
        "{}",
        help.stdout
    );
}

#[test]
fn a_file_that_a_later_layer_may_have_replaced_is_only_a_note_or_nothing() {
    let shared = layer(&[("app", &amd64())]);
    let own = layer(&[("app", &arm64())]);
    let (_registry, metadata) = pushed(&[
        &layered("linux/amd64", &["/app"], &[&shared]),
        &layered("linux/arm64", &["/app"], &[&shared, &own]),
    ]);
    let (verdicts, notes) = verdicts(&metadata);
    assert_eq!(verdicts, all("ok"));
    assert_eq!(notes, ["foreign-programs"]);
}

#[test]
fn a_wrong_program_in_a_layer_of_its_own_is_found_by_programs_only() {
    let (amd, also) = (
        layer(&[("app", &amd64())]),
        layer(&[("app", &amd64()), ("b", b"c")]),
    );
    let (_registry, metadata) = pushed(&[
        &layered("linux/amd64", &["/app"], &[&amd]),
        &layered("linux/arm64", &["/app"], &[&also]),
    ]);
    assert_eq!(verdicts(&metadata).0, ["ok", "ok", "ok", "wrong-platform"]);
}

#[test]
fn a_config_that_names_another_platform_than_the_index_is_wrong() {
    for (listed, own, verdict) in [
        ("linux/arm64", "linux/amd64", "wrong-platform"),
        ("linux/arm64", "linux/arm64", "ok"),
        ("linux/arm/v7", "linux/arm/v6", "ok"),
        ("linux/arm/v6", "linux/arm/v7", "wrong-platform"),
        ("linux/amd64/v2", "linux/amd64", "ok"),
        ("linux/amd64", "linux/amd64/v3", "wrong-platform"),
        (
            "windows(10.0.17763.1)/amd64",
            "windows(10.0.17763.2)/amd64",
            "ok",
        ),
        (
            "windows(10.0.17763.1)/amd64",
            "windows(10.0.20348.1)/amd64",
            "wrong-platform",
        ),
    ] {
        let registry = Registry::start();
        let real = image(own, "a");
        push(&registry, "app", &[&real]);
        let metadata = tagged(&registry, &index(&[&real.listed_for(&image(listed, "b"))]));
        let ran = at("platforms", &metadata);
        assert_eq!(
            ran.tags(),
            [format!("app:1 {verdict} -")],
            "{listed} {own}: {}",
            ran.shown()
        );
    }
}

#[test]
fn an_entry_or_a_config_that_names_no_platform_claims_nothing() {
    let registry = Registry::start();
    let bare = changed("linux/arm64", &[], &[], |config, _| *config = json!({}));
    bare.push(&registry, "app");
    let metadata = tagged(&registry, &index(&[&bare.document]));
    assert_eq!(at("platforms", &metadata).tags(), ["app:1 ok -"]);
}

#[test]
fn outer_and_inner_platform_must_agree() {
    let registry = Registry::start();
    let amd = image("linux/amd64", "a");
    let inner = index(&[&amd]).listed_for(&image("linux/arm64", "b"));
    push(&registry, "app", &[&amd, &inner]);
    let metadata = tagged(&registry, &index(&[&inner]));
    let ran = at("platforms", &metadata);
    assert_eq!(ran.tags(), ["app:1 wrong-platform -"]);
    assert!(
        ran.tag(0)["message"]
            .as_str()
            .unwrap()
            .contains("in an index that is listed for linux/arm64")
    );
}

#[test]
fn what_is_not_an_image_never_makes_an_index_wrong_or_broken() {
    let registry = Registry::start();
    let amd = image("linux/amd64", "a");
    push(&registry, "app", &[&amd]);
    let chart = image("linux/arm64", "chart")
        .with_artifact_type("application/vnd.cncf.helm.config.v1+json");
    let soci = image("linux/amd64", "soci").listed_for(&image("unknown/unknown", "x"));
    let mut cache = image("linux/amd64", "cache");
    cache.media_type = "application/vnd.buildkit.cacheconfig.v0";
    let metadata = tagged(&registry, &index(&[&amd, &chart, &soci, &cache]));
    for depth in DEPTHS {
        let ran = at(depth, &metadata);
        assert_eq!(ran.tags(), ["app:1 ok -"], "{depth}: {}", ran.shown());
        assert_eq!(ran.tag(0)["expected"]["platforms"], json!(["linux/amd64"]));
    }
}

#[test]
fn a_child_a_config_or_a_layer_that_is_gone_is_broken() {
    let own = layer(&[("app", &arm64())]);
    let shared = layer(&[("etc/a", b"a")]);
    let make = || {
        pushed(&[
            &layered("linux/amd64", &["/app"], &[&shared]),
            &layered("linux/arm64", &["/app"], &[&shared, &own]),
        ])
    };
    let arm = layered("linux/arm64", &["/app"], &[&shared, &own]);
    let config = tagproof::oci::Digest::of(&arm.document.config).to_string();
    let (registry, metadata) = make();
    registry.delete_manifest("app", &arm.document.digest);
    assert_eq!(verdicts(&metadata).0, ["ok", "broken", "broken", "broken"]);
    for (blob, expected, words) in [
        (
            config,
            ["ok", "ok", "broken", "broken"],
            "the config of the linux/arm64 manifest",
        ),
        (
            tagproof::oci::Digest::of(&own).to_string(),
            ["ok", "ok", "ok", "broken"],
            "a layer of the linux/arm64 manifest",
        ),
        (
            tagproof::oci::Digest::of(&shared).to_string(),
            ["ok", "ok", "broken", "broken"],
            "a layer of the linux/amd64 manifest",
        ),
    ] {
        let (registry, metadata) = make();
        registry.delete_blob("app", &blob);
        assert_eq!(verdicts(&metadata).0, expected, "{words}");
        let ran = at("programs", &metadata);
        assert!(
            ran.tag(0)["message"].as_str().unwrap().contains(words),
            "{}",
            ran.shown()
        );
        let ran = prove("fix", &metadata, &["--depth", "programs"]);
        assert_eq!((ran.code, registry.count("PUT", "")), (Some(1), 0));
    }
}

#[test]
fn an_attestation_that_is_gone_is_a_note_at_every_depth_below_the_tag() {
    let registry = Registry::start();
    let amd = image("linux/amd64", "a");
    push(&registry, "app", &[&amd]);
    let metadata = tagged(&registry, &index(&[&amd, &attestation(&amd)]));
    for depth in ["children", "platforms", "programs"] {
        let ran = at(depth, &metadata);
        assert_eq!(
            (ran.tags(), ran.notes()),
            (vec!["app:1 ok -".to_owned()], vec!["attestation-gone"])
        );
    }
}

#[test]
fn storage_out_of_reach_reduces_the_default_depth_and_leaves_a_stated_one_unproven() {
    let shared = layer(&[("app", &amd64())]);
    let (registry, metadata) = pushed(&[
        &layered("linux/amd64", &["/app"], &[&shared]),
        &layered("linux/arm64", &["/app"], &[&shared]),
    ]);
    registry
        .on("GET", "/blobs/")
        .always()
        .answer(Fault::error(403, "DENIED", "no"));
    let ran = at("platforms", &metadata);
    assert_eq!(
        (ran.tags(), ran.code),
        (vec!["app:1 unproven -".to_owned()], code(3)),
        "{}",
        ran.shown()
    );
    let step = crate::runner::Step::new()
        .with("metadata", &metadata)
        .with("settle", "0")
        .with("report-file", "report.json")
        .run();
    assert_eq!(step.outputs["status"], "ok", "{}", step.log);
    let report = std::fs::read(step.workspace.path().join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(report["tags"][0]["depth"], json!("children"));
    assert_eq!(report["notes"][0]["code"], json!("depth-reduced"));
}

#[test]
fn bytes_that_are_not_what_their_digest_says_are_unproven_and_never_evidence() {
    let shared = layer(&[("app", &amd64())]);
    let (registry, metadata) = pushed(&[
        &layered("linux/amd64", &["/app"], &[&shared]),
        &layered("linux/arm64", &["/app"], &[&shared]),
    ]);
    let digest = tagproof::oci::Digest::of(&shared).to_string();
    registry
        .on("GET", &digest)
        .always()
        .answer(Fault::Body(layer(&[("app", &arm64())])));
    for depth in ["platforms", "programs"] {
        assert_eq!(at(depth, &metadata).tags(), ["app:1 unproven -"]);
    }
    let step = crate::runner::Step::new()
        .with("metadata", &metadata)
        .with("settle", "0")
        .run();
    assert_eq!(step.outputs["status"], "unproven");

    // What the config names is another layer than the one that the manifest names.
    let (_registry, metadata) = pushed(&[
        &layered("linux/amd64", &["/app"], &[&shared]),
        &changed("linux/arm64", &["/app"], &[&shared], |config, _| {
            config["rootfs"]["diff_ids"][0] = json!(tagproof::oci::Digest::of(b"x").to_string());
        }),
    ]);
    let ran = at("platforms", &metadata);
    assert_eq!(ran.tags(), ["app:1 unproven -"]);
    assert!(
        ran.tag(0)["message"]
            .as_str()
            .unwrap()
            .contains("the image's config names")
    );
}

#[test]
fn images_of_the_same_layers_that_were_too_large_to_be_read_are_unproven() {
    let shared = layer(&[("app", &amd64()), ("data", &vec![0; 33 * 1024 * 1024])]);
    let (registry, metadata) = pushed(&[
        &layered("linux/amd64", &["/app"], &[&shared]),
        &layered("linux/arm64", &["/app"], &[&shared]),
    ]);
    let step = crate::runner::Step::new()
        .with("metadata", &metadata)
        .with("settle", "0")
        .run();
    assert_eq!(step.outputs["status"], "unproven");
    assert!(step.log.contains("`--depth programs`"), "{}", step.log);
    assert_eq!(at("programs", &metadata).tags(), ["app:1 wrong-platform -"]);
    registry.forget_journal();
    let ran = prove(
        "check",
        &metadata,
        &["--depth", "programs", "--download-limit", "1MiB"],
    );
    assert_eq!(ran.tags(), ["app:1 unproven -"]);
    assert!(
        ran.tag(0)["help"]
            .as_str()
            .unwrap()
            .contains("`--download-limit`")
    );
    // It is asked whether it is there all the same.
    assert_eq!(registry.count("HEAD", "/blobs/"), 1);
}

#[test]
fn a_layer_that_is_not_distributed_is_not_looked_for_and_one_that_is_encrypted_is_named() {
    let gone = layer(&[("base", b"base")]);
    let foreign = |urls: bool| {
        move |_: &mut serde_json::Value, manifest: &mut serde_json::Value| match urls {
            true => manifest["layers"][0]["urls"] = json!(["https://example.com/layer"]),
            false => {
                manifest["layers"][0]["mediaType"] =
                    json!("application/vnd.oci.image.layer.v1.tar+gzip+encrypted");
            }
        }
    };
    let registry = Registry::start();
    let image = changed("windows/amd64", &["app.exe"], &[&gone], foreign(true));
    push(&registry, "app", &[&image.document]);
    let metadata = tagged(&registry, &index(&[&image.document]));
    assert_eq!(at("programs", &metadata).tags(), ["app:1 ok -"]);
    assert_eq!(
        registry.count("GET", "/blobs/") + registry.count("HEAD", "/blobs/"),
        1
    );

    let encrypted = changed("linux/amd64", &["/app"], &[&gone], foreign(false));
    let (_registry, metadata) = pushed(&[&encrypted]);
    assert_eq!(at("platforms", &metadata).tags(), ["app:1 ok -"]);
    let ran = at("programs", &metadata);
    assert_eq!(ran.tags(), ["app:1 unproven -"]);
    assert!(
        ran.tag(0)["message"]
            .as_str()
            .unwrap()
            .contains("it is encrypted"),
        "{}",
        ran.shown()
    );
}

#[test]
fn a_policy_says_the_least_depth_what_to_ignore_and_that_a_wrong_platform_is_a_warning() {
    let shared = layer(&[("opt/app", &amd64())]);
    let (_registry, metadata) = pushed(&[
        &layered("linux/amd64", &["/opt/app"], &[&shared]),
        &layered("linux/arm64", &["/opt/app"], &[&shared]),
    ]);
    let under = |rule: &str, depth: &str| {
        let policy = format!("version: 1\nimages: {{\"**\": {{{rule}}}}}\n");
        tagproof(&["check", "build.json", "--settle", "0", "--depth", depth])
            .file("build.json", &metadata)
            .file(".tagproof.yml", policy)
            .report()
            .run()
    };
    for (rule, depth, verdict, ends) in [
        ("depth: platforms", "tag", "wrong-platform", 1),
        ("depth: children", "platforms", "wrong-platform", 1),
        ("depth: children", "tag", "ok", 0),
        ("programs: {ignore: [/opt/**]}", "platforms", "ok", 0),
        ("programs: {ignore: [/opt/*]}", "programs", "ok", 0),
        ("on-wrong-platform: warn", "platforms", "wrong-platform", 0),
    ] {
        let ran = under(rule, depth);
        assert_eq!(ran.tags(), [format!("app:1 {verdict} -")], "{rule}");
        assert_eq!(ran.code, Some(ends), "{rule}");
    }
    let ran = under("on-wrong-platform: warn", "platforms");
    assert_eq!(
        (ran.status(), &ran.tag(0)["tolerated"]),
        ("wrong", &json!(true))
    );
}

#[test]
fn fix_writes_nothing_that_is_wrong_below_unless_that_is_a_warning() {
    let shared = layer(&[("app", &amd64())]);
    let arm = layered("linux/arm64", &["/app"], &[&shared]);
    let (registry, metadata) = pushed(&[&layered("linux/amd64", &["/app"], &[&shared]), &arm]);
    registry.tag("app", "1", &arm.document.digest);
    let ran = prove("fix", &metadata, &["--depth", "platforms"]);
    assert_eq!(
        (ran.tags(), ran.code),
        (vec!["app:1 wrong-platform -".to_owned()], Some(1))
    );
    assert_eq!(registry.count("PUT", ""), 0);
    let ran = prove(
        "fix",
        &metadata,
        &["--depth", "platforms", "--on-wrong-platform", "warn"],
    );
    assert_eq!(
        (ran.tags(), ran.code),
        (vec!["app:1 child fixed".to_owned()], Some(0)),
        "{}",
        ran.shown()
    );
    assert!(
        ran.tag(0)["message"]
            .as_str()
            .unwrap()
            .contains("a program for linux/amd64")
    );
}

#[test]
fn labels_that_differ_between_the_images_of_one_index_are_a_note() {
    let labelled = |platform: &str, revision: &str| {
        changed(platform, &[], &[], |config, _| {
            config["config"]["Labels"] = json!({"org.opencontainers.image.revision": revision});
        })
    };
    let (_registry, metadata) = pushed(&[
        &labelled("linux/amd64", "aaa"),
        &labelled("linux/arm64", "bbb"),
    ]);
    let ran = at("platforms", &metadata);
    assert_eq!((ran.code, ran.notes()), (Some(0), vec!["mixed-builds"]));
    let (_registry, metadata) = pushed(&[
        &labelled("linux/amd64", "aaa"),
        &labelled("linux/arm64", "aaa"),
    ]);
    assert!(at("platforms", &metadata).notes().is_empty());
}

/// Two images with a label each and a provenance that names a revision each, in `app:1`.
fn attested(labels: [&str; 2], revisions: [&str; 2]) -> (Registry, String) {
    let registry = Registry::start();
    let platforms = ["linux/amd64", "linux/arm64"];
    let images = [0, 1].map(|nth| {
        changed(platforms[nth], &[], &[], |config, _| {
            config["config"]["Labels"] = json!({"org.opencontainers.image.revision": labels[nth]});
        })
    });
    let attestations = [0, 1].map(|nth| {
        images[nth].push(&registry, "app");
        let vcs = json!({"vcs": {"revision": revisions[nth]}});
        let predicate = json!({"runDetails": {"metadata": {"buildkit_metadata": vcs}}});
        let statement = json!({"predicate": predicate}).to_string().into_bytes();
        registry.put_blob("app", &statement);
        let attestation = provenance(&images[nth].document, &statement);
        push(&registry, "app", &[&attestation]);
        attestation
    });
    let [amd64, arm64] = &images;
    let [first, second] = &attestations;
    let root = index(&[&amd64.document, &arm64.document, first, second]);
    let metadata = tagged(&registry, &root);
    (registry, metadata)
}

#[test]
fn labels_that_differ_although_the_provenance_names_one_revision_are_those_of_base_images() {
    let (registry, metadata) = attested(["aaa", "bbb"], ["one", "one"]);
    assert!(at("platforms", &metadata).notes().is_empty());
    assert!(at("programs", &metadata).notes().is_empty());
    // Where it cannot be read, nothing excuses the labels.
    registry
        .on("GET", "/blobs/")
        .skip(2)
        .always()
        .answer(Fault::error(403, "DENIED", "no"));
    assert_eq!(at("platforms", &metadata).notes(), ["mixed-builds"]);
}

#[test]
fn provenance_that_names_different_revisions_is_a_note_where_it_is_read() {
    let (_registry, metadata) = attested(["aaa", "bbb"], ["one", "two"]);
    let ran = at("platforms", &metadata);
    assert_eq!((ran.code, ran.notes()), (Some(0), vec!["mixed-builds"]));
    let words = "the provenance of its images names different revisions: `one` for linux/amd64, `two` for linux/arm64";
    assert!(
        ran.report["notes"][0]["message"]
            .as_str()
            .unwrap()
            .contains(words)
    );
    let (registry, metadata) = attested(["aaa", "aaa"], ["one", "two"]);
    assert!(at("platforms", &metadata).notes().is_empty());
    // Two configs, and nothing of the attestations.
    assert_eq!(registry.count("GET", "/blobs/"), 2);
    assert_eq!(at("programs", &metadata).notes(), ["mixed-builds"]);
}

#[test]
fn a_config_that_a_required_platform_rests_on_and_that_is_gone_is_broken_at_the_depth_of_the_tag() {
    let registry = Registry::start();
    let plain = layered("linux/arm64", &["/app"], &[]);
    plain.push(&registry, "app");
    let metadata = tagged(&registry, &plain.document);
    let asked = ["--depth", "tag", "--platform", "linux/arm64"];
    assert_eq!(prove("check", &metadata, &asked).code, Some(0));
    let config = tagproof::oci::Digest::of(&plain.document.config).to_string();
    registry.delete_blob("app", &config);
    let ran = prove("check", &metadata, &asked);
    assert_eq!(ran.tags(), ["app:1 broken -"]);
    assert!(
        ran.tag(0)["message"].as_str().unwrap().contains("config"),
        "{}",
        ran.shown()
    );
}

#[test]
fn each_thing_below_is_read_once_for_all_tags_and_looks_and_the_get_of_a_manifest_proves_that_it_is_there()
 {
    let shared = layer(&[("etc/a", b"a")]);
    let registry = Registry::start();
    let images = ["linux/amd64", "linux/arm64"].map(|it| layered(it, &["/app"], &[&shared]));
    for image in &images {
        image.push(&registry, "app");
    }
    let attested = attestation(&images[0].document);
    push(&registry, "app", &[&attested]);
    let root = index(&[&images[0].document, &images[1].document, &attested]);
    push(&registry, "app", &[&root]);
    let names: Vec<String> = (0..5)
        .map(|tag| format!("{}/app:{tag}", registry.host()))
        .collect();
    for tag in 0..5 {
        registry.tag("app", &tag.to_string(), &root.digest);
    }
    for (depth, gets, heads, blobs) in [
        ("tag", 0, 0, 0),
        ("children", 0, 3, 0),
        ("platforms", 2, 1, 3),
        ("programs", 3, 0, 3),
    ] {
        registry.forget_journal();
        let ran = tagproof(&["check", "build.json", "--settle", "0.1", "--depth", depth])
            .file("build.json", metadata(&root, &names))
            .report()
            .run();
        assert_eq!(ran.code, Some(0), "{}", ran.shown());
        // Beside the five tags at two looks: one body, and headers.
        assert_eq!(registry.count("GET", "/manifests/sha256"), gets, "{depth}");
        assert_eq!(
            registry.count("HEAD", "/manifests/sha256"),
            heads,
            "{depth}"
        );
        assert_eq!(registry.count("GET", "/blobs/"), blobs, "{depth}");
        assert_eq!(
            ran.report["images"].as_array().unwrap().len(),
            if depth.starts_with('p') { 2 } else { 0 }
        );
    }
}

#[test]
fn deep_is_gone_and_says_what_to_write() {
    let ran = prove("check", "{}", &["--deep"]);
    assert_eq!(ran.code, code(2));
    assert!(ran.stdout.contains("`--depth children`"), "{}", ran.shown());
    let ran = tagproof(&["check", "--depth", "programs", "--download-limit", "lots"]).run();
    assert_eq!(ran.code, code(2));
    assert!(
        ran.stderr.contains("write a size such as `500MiB`"),
        "{}",
        ran.stderr
    );
}
