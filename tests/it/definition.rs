//! What a bake was asked for, against what it left and pushed.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::image::{Multi, build, image, index, multi, push};
use crate::registry::Registry;
use crate::run::{Ran, code, tagproof};
use crate::runner::Step;

/// `tagproof MODE bake.json --settle 0 --definition def.json ARGS`.
fn prove(mode: &str, metadata: &Value, definition: &Value, args: &[&str]) -> Ran {
    tagproof(&[mode, "bake.json", "--settle", "0"])
        .args(&["--definition", "def.json"])
        .args(args)
        .file("bake.json", metadata.to_string())
        .file("def.json", definition.to_string())
        .report()
        .run()
}

/// A registry that has the build of `web-a` under `web:1`, and the metadata of that.
fn web_a() -> (Registry, Multi, Value) {
    let registry = Registry::start();
    let multi = multi("a");
    multi.push(&registry, "web");
    registry.tag("web", "1", &multi.index.digest);
    let metadata = json!({"web-a": build(&multi.index, &[format!("{}/web:1", registry.host())])});
    (registry, multi, metadata)
}

#[test]
fn a_target_that_left_no_metadata_is_never_pushed() {
    let (registry, _, metadata) = web_a();
    let host = registry.host();
    let definition = json!({"target": {
        "web-a": {"tags": [format!("{host}/web:1")]},
        "web-b": {"tags": [format!("{host}/web:2"), format!("{host}/web:b")]},
    }});
    let foreign = image("linux/amd64", "z");
    push(&registry, "web", &[&foreign]);
    registry.tag("web", "2", &foreign.digest);
    let ran = prove("fix", &metadata, &definition, &["--on-other", "fix"]);
    assert_eq!(
        ran.tags(),
        ["web:1 ok -", "web:2 never-pushed -", "web:b never-pushed -"]
    );
    assert_eq!((ran.code, ran.status()), (Some(1), "wrong"));
    let tag = ran.tag(1);
    assert_eq!(tag["expected"]["digest"], Value::Null);
    assert_eq!(tag["expected"]["config"], Value::Null);
    assert_eq!(tag["target"], "web-b");
    assert_eq!(tag["found"]["digest"], foreign.digest);
    assert!(
        ran.stdout.contains("the build of `web-b` left no metadata"),
        "{}",
        ran.shown()
    );
    assert_eq!(registry.count("PUT", ""), 0);
    let ran = prove("check", &metadata, &definition, &["--target", "web-a"]);
    assert_eq!(ran.tags(), ["web:1 ok -"]);
    let ran = prove("check", &metadata, &definition, &["--on-unpushed", "warn"]);
    assert_eq!((ran.code, ran.status()), (Some(0), "wrong"));
}

#[test]
fn it_is_said_at_once_and_even_if_the_registry_cannot_be_reached() {
    let definition = json!({"target": {"a": {"tags": ["127.0.0.1:1/web:1"]}}});
    let ran = tagproof(&["check", "bake.json", "--definition", "def.json"])
        .file("bake.json", "{}")
        .file("def.json", definition.to_string())
        .report()
        .run();
    assert_eq!(ran.tags(), ["web:1 never-pushed -"]);
    assert_eq!(ran.code, Some(1));
}

#[test]
fn a_target_by_digest_that_left_no_metadata_is_named_by_its_repository() {
    let (registry, _, metadata) = web_a();
    let output = format!(
        "type=image,name={}/web,push-by-digest=true,push=true",
        registry.host()
    );
    let definition = json!({"target": {"web-b": {"output": [output]}}});
    let ran = prove("check", &metadata, &definition, &[]);
    assert_eq!(ran.tags(), ["web:1 ok -", "web never-pushed -"]);
}

#[test]
fn a_tag_that_only_the_definition_names_is_checked_and_created() {
    let (registry, multi, metadata) = web_a();
    let tags = ["1", "latest"].map(|tag| format!("{}/web:{tag}", registry.host()));
    let definition = json!({"target": {"web-a": {"tags": tags}}});
    let ran = prove("check", &metadata, &definition, &[]);
    assert_eq!(ran.tags(), ["web:1 ok -", "web:latest absent -"]);
    let ran = prove("fix", &metadata, &definition, &[]);
    assert_eq!(ran.tags(), ["web:1 ok -", "web:latest absent fixed"]);
    assert_eq!(registry.tagged("web", "latest"), Some(multi.index.digest));
}

#[test]
fn the_platforms_of_the_definition_are_expected_unless_the_command_line_says_others() {
    let (registry, _, metadata) = web_a();
    let tags = [format!("{}/web:1", registry.host())];
    let definition = json!({"target": {"web-a": {
        "tags": tags, "platforms": ["linux/amd64", "linux/arm64", "linux/arm/v7"],
    }}});
    let ran = prove("check", &metadata, &definition, &[]);
    assert_eq!(ran.tags(), ["web:1 incomplete -"]);
    assert!(ran.stdout.contains("linux/arm/v7"), "{}", ran.shown());
    let ran = prove(
        "check",
        &metadata,
        &definition,
        &["--platform", "linux/amd64"],
    );
    assert_eq!(ran.tags(), ["web:1 ok -"]);
}

#[test]
fn metadata_without_names_needs_no_tag_on_the_command_line() {
    let (registry, multi, _) = web_a();
    let metadata = json!({"web-a": {"containerimage.digest": multi.index.digest}});
    let definition = json!({"target": {"web-a": {"tags": [format!("{}/web:1", registry.host())]}}});
    let ran = prove("check", &metadata, &definition, &[]);
    assert_eq!(ran.tags(), ["web:1 ok -"]);
    assert!(ran.notes().is_empty(), "{}", ran.shown());
}

#[test]
fn a_target_that_no_output_pushes_is_a_note_and_no_tag() {
    let (registry, multi, mut metadata) = web_a();
    let tag = format!("{}/file:1", registry.host());
    metadata["file"] = build(&multi.index, std::slice::from_ref(&tag));
    let definition = json!({"target": {
        "web-a": {"tags": [format!("{}/web:1", registry.host())], "output": ["type=image,push=true"]},
        "file": {"tags": [tag], "output": [{"type": "oci", "dest": "out.tar"}]},
    }});
    let ran = prove("check", &metadata, &definition, &[]);
    assert_eq!(ran.tags(), ["web:1 ok -"]);
    assert_eq!((ran.code, ran.notes()), (Some(0), vec!["not-pushed"]));
    for named in ["the build of `file` is not pushed", &tag] {
        assert!(ran.stdout.contains(named), "{}", ran.shown());
    }
    let ran = prove("check", &metadata, &definition, &["--target", "file"]);
    assert_eq!((ran.code, ran.status()), (code(2), "nothing"));
    assert!(ran.stdout.contains("pushes nothing"), "{}", ran.shown());
}

#[test]
fn a_group_chooses_its_targets() {
    let (registry, _, metadata) = web_a();
    let host = registry.host();
    let definition = json!({
        "group": {"default": {"targets": ["webs", "other"]}, "webs": {"targets": ["web-a"]}},
        "target": {
            "web-a": {"tags": [format!("{host}/web:1")]},
            "other": {"tags": [format!("{host}/other:1")]},
        },
    });
    let ran = prove("check", &metadata, &definition, &[]);
    assert_eq!(ran.tags(), ["web:1 ok -", "other:1 never-pushed -"]);
    let ran = prove("check", &metadata, &definition, &["--group", "webs"]);
    assert_eq!(ran.tags(), ["web:1 ok -"]);
    let ran = prove("check", &metadata, &definition, &["--group", "web"]);
    assert_eq!((ran.code, ran.status()), (code(2), "invalid"));
    assert!(ran.stdout.contains("`webs`"), "{}", ran.shown());
}

#[test]
fn attestations_that_were_asked_for_are_expected() {
    let (registry, _, metadata) = web_a();
    let definition = json!({"target": {"web-a": {
        "tags": [format!("{}/web:1", registry.host())], "attest": [{"type": "provenance"}, {"type": "sbom", "disabled": true}],
    }}});
    let ran = prove("check", &metadata, &definition, &[]);
    assert_eq!(ran.tags(), ["web:1 incomplete -"]);
    let message = ran.tag(0)["message"].as_str().unwrap();
    assert!(message.contains("provenance of linux/amd64"), "{message}");
    assert!(!message.contains("sbom"), "{message}");
}

#[test]
fn a_step_of_the_action_misses_what_the_job_was_asked_to_build() {
    let (registry, _, metadata) = web_a();
    let host = registry.host();
    let definition = json!({"target": {
        "web-a": {"tags": [format!("{host}/web:1")]},
        "web-b": {"tags": [format!("{host}/web:2")]},
    }});
    let stepped = Step::new()
        .left_behind(
            "docker-actions-toolkit-a/bake-metadata-b.json",
            &metadata.to_string(),
        )
        .file("def.json", &definition.to_string())
        .with("definition", "def.json")
        .with("settle", "0")
        .run();
    assert_eq!(stepped.code, code(1), "{}", stepped.shown());
    assert_eq!(stepped.output("wrong"), format!("{host}/web:2"));
}

#[test]
fn standard_input_is_for_one_thing_only() {
    let (registry, _, metadata) = web_a();
    let definition = json!({"target": {"web-a": {"tags": [format!("{}/web:1", registry.host())]}}});
    let run = |args: &[&str]| {
        tagproof(args)
            .args(&["--settle", "0", "--definition", "-"])
            .file("bake.json", metadata.to_string())
            .stdin(definition.to_string())
            .report()
            .run()
    };
    assert_eq!(run(&["check", "bake.json"]).tags(), ["web:1 ok -"]);
    let ran = run(&["check", "-"]);
    assert_eq!((ran.code, ran.status()), (code(2), "invalid"));
    assert!(
        ran.stdout
            .contains("standard input is wanted for `--definition -`"),
        "{}",
        ran.shown()
    );
}

#[test]
fn a_definition_that_cannot_be_used_ends_the_run() {
    let ran = prove("check", &json!({}), &json!({"target": {}}), &[]);
    assert_eq!((ran.code, ran.status()), (code(2), "invalid"));
    let ran = tagproof(&["check", "--definition", "def.json"])
        .report()
        .run();
    assert!(
        ran.stdout.contains("`--definition` without metadata"),
        "{}",
        ran.shown()
    );
    let ran = tagproof(&["check", "b.json", "--group", "x"]).run();
    assert!(ran.stderr.contains("--definition"), "{}", ran.stderr);
}

/// How to run buildx here, if it can be run.
fn buildx() -> Option<Vec<&'static str>> {
    let found = [
        vec!["buildx"],
        vec!["docker-buildx"],
        vec!["docker", "buildx"],
    ]
    .into_iter()
    .find(|words| {
        let version = Command::new(words[0])
            .args(&words[1..])
            .arg("version")
            .output();
        version.is_ok_and(|output| {
            output.status.success() && String::from_utf8_lossy(&output.stdout).contains("buildx")
        })
    });
    if found.is_none() {
        let message = "skipped: buildx is not installed (definition)";
        let required = std::env::var("TAGPROOF_TEST_REQUIRE_ALL").is_ok_and(|all| all == "1");
        assert!(!required, "{message}");
        // Not by `println!`, which the test harness keeps to itself.
        let _ = writeln!(std::io::stdout(), "{message}");
        let _ = writeln!(std::io::stderr(), "{message}");
    }
    found
}

#[test]
fn what_a_real_buildx_prints_is_read() {
    let Some(buildx) = buildx() else {
        return;
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/definitions");
    let bake = |args: &[&str]| {
        let output = Command::new(buildx[0])
            .args(&buildx[1..])
            .args(["bake", "--print"])
            .args(args)
            .current_dir(&folder)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    };
    let check = |args: &[&str], printed: Vec<u8>| {
        tagproof(&["check", "bake.json", "--definition", "-", "--settle", "0"])
            .args(args)
            .file("bake.json", "{}")
            .stdin(printed)
            .report()
            .run()
    };
    let registry = Registry::start();
    let multi = multi("a");
    let plain = index(&[&multi.amd64]);
    push(&registry, "web", &[&multi.amd64, &plain]);
    let tags = format!("web.tags={}/web:1", registry.host());
    let printed = bake(&["-f", "docker-bake.hcl", "--set", &tags, "--push", "web"]);
    let ran = check(&[], printed);
    assert_eq!(ran.tags(), ["web:1 never-pushed -"]);
    assert_eq!(ran.tag(0)["target"], "web");
    assert_eq!(
        ran.tag(0)["expected"]["platforms"],
        json!(["linux/amd64", "linux/arm64"])
    );
    let ran = check(
        &[],
        bake(&["-f", "outputs.hcl", "local", "oci", "cacheonly"]),
    );
    assert_eq!((ran.code, ran.status()), (code(2), "nothing"));
    // What is used of it is as it was recorded.
    let used = |text: &[u8]| -> Vec<(String, Value, Value)> {
        let definition: Value = serde_json::from_slice(text).unwrap();
        let targets = definition["target"].as_object().unwrap().iter();
        targets
            .map(|(name, it)| (name.clone(), it["tags"].clone(), it["platforms"].clone()))
            .collect()
    };
    let printed = bake(&["-f", "docker-bake.hcl", "all"]);
    let recorded = std::fs::read(folder.join("all.json")).unwrap();
    assert_eq!(used(&printed), used(&recorded));
}
