//! Every recorded build: what the program says of it is what is true about it.

use crate::registry::Registry;
use crate::run::{Ran, code, prove};
use crate::samples;

/// Loads a sample into two registries, and proves it.
fn recorded(name: &str, mode: &str, args: &[&str]) -> (Ran, Registry, Registry) {
    let sample = samples::named(name);
    let (first, second) = (Registry::start(), Registry::start());
    let metadata = sample.load(&first, &second);
    let args: Vec<String> = args
        .iter()
        .map(|arg| {
            arg.replace("localhost:5000", &first.host())
                .replace("localhost:5001", &second.host())
        })
        .collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    (prove(mode, &metadata, &args), first, second)
}

fn check(name: &str, args: &[&str]) -> Ran {
    recorded(name, "check", args).0
}

#[test]
fn the_recorded_bug_has_both_tags_on_a_child_and_is_repaired() {
    let ran = check("docker26-bug-2959", &[]);
    assert_eq!(ran.tags(), ["fq3/app:1 child -", "fq3/app:latest child -"]);
    assert_eq!(ran.notes(), ["double-push"]);
    let note = ran.report["notes"][0]["message"].as_str().unwrap();
    assert!(
        note.contains("sha256:536e34e4") && note.contains("sha256:9d3d91e9"),
        "both digests are named: {note}"
    );
    let (ran, first, second) = recorded("docker26-bug-2959", "fix", &[]);
    assert_eq!(
        ran.tags(),
        ["fq3/app:1 child fixed", "fq3/app:latest child fixed"]
    );
    let index = ran.tag(0)["expected"]["digest"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(index.starts_with("sha256:536e34e4"));
    let now = first
        .tagged("fq3/app", "1")
        .or(second.tagged("fq3/app", "1"));
    assert_eq!(now, Some(index));
}

#[test]
fn the_double_push_is_told_even_when_every_tag_is_right() {
    for name in ["docker26-multi-attest", "docker26-single-attest"] {
        let ran = check(name, &[]);
        assert_eq!(
            (ran.status(), ran.notes()),
            ("ok", vec!["double-push"]),
            "{name}: {}",
            ran.shown()
        );
    }
}

#[test]
fn no_other_recorded_build_has_the_trace_of_a_double_push() {
    for sample in samples::all()
        .iter()
        .filter(|sample| !sample.name.starts_with("docker26"))
    {
        let ran = recorded(&sample.name, "check", &[]).0;
        assert!(!ran.notes().contains(&"double-push"), "{}", sample.name);
    }
    for name in ["docker26-load", "docker26-oci", "docker26-untagged"] {
        assert!(!check(name, &[]).notes().contains(&"double-push"), "{name}");
    }
}

#[test]
fn builds_that_were_not_pushed_are_never_pushed() {
    for name in ["docker26-load", "docker26-oci"] {
        let ran = check(name, &[]);
        assert!(
            ran.tags().iter().all(|tag| tag.ends_with("never-pushed -")),
            "{name}: {}",
            ran.shown()
        );
        assert_eq!(ran.code, Some(1), "{name}");
    }
    // The annotation that exporters of files leave is a hint for the message.
    let hint = |name: &str| {
        check(name, &[]).tag(0)["help"]
            .as_str()
            .unwrap()
            .contains("type=oci")
    };
    assert!(hint("docker26-oci"));
}

#[test]
fn a_build_without_a_name_has_nothing_to_check() {
    let ran = check("docker26-untagged", &[]);
    assert_eq!(
        (ran.code, ran.status()),
        (code(2), "nothing"),
        "{}",
        ran.shown()
    );
}

#[test]
fn four_platforms_with_attestations_are_right_and_what_other_tools_made_of_them_is_not() {
    assert_eq!(check("docker28-multi-attest", &[]).status(), "ok");
    let tag = |tag: &str| {
        check(
            "docker28-multi-attest",
            &["--tag", &format!("localhost:5000/cap28/multi-attest:{tag}")],
        )
    };
    for (name, verdict, platform) in [
        ("pushed-platform", "child", "linux/arm64"),
        ("skopeo-copied", "child", "linux/arm/v7"),
    ] {
        let ran = tag(name);
        assert_eq!(
            ran.tags(),
            [format!("cap28/multi-attest:{name} {verdict} -")]
        );
        assert_eq!(ran.tag(0)["found"]["platform"], platform);
    }
    let ran = tag("filtered");
    assert_eq!(ran.tags(), ["cap28/multi-attest:filtered other -"]);
}

#[test]
fn a_plain_manifest_is_right_and_an_index_around_it_is_wrapped() {
    assert_eq!(check("docker28-single-noattest", &[]).status(), "ok");
    let ran = check(
        "docker28-single-noattest",
        &["--tag", "localhost:5000/cap28/single-noattest:wrapped"],
    );
    assert_eq!(ran.tags(), ["cap28/single-noattest:wrapped wrapped -"]);
    let ran = check("docker28-single-noattest", &["--platform", "linux/amd64"]);
    assert_eq!(ran.status(), "ok");
}

#[test]
fn a_bake_file_has_its_targets_and_neither_linked_targets_nor_warnings_among_them() {
    let ran = check("docker28-bake", &[]);
    assert_eq!(ran.status(), "ok", "{}", ran.shown());
    let targets: Vec<&str> = ran.report["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| tag["target"].as_str().unwrap())
        .collect();
    assert_eq!(targets, ["app", "app", "mat-a", "mat-b", "worker"]);
    let ran = check("docker28-bake", &["--target", "mat-a"]);
    assert_eq!(ran.report["tags"].as_array().unwrap().len(), 1);
    let ran = check("docker28-bake", &["--target", "mat-x"]);
    assert_eq!((ran.code, ran.status()), (code(2), "invalid"));
    assert!(
        ran.stdout
            .contains("`app`, `base`, `mat-a`, `mat-b`, `worker`"),
        "{}",
        ran.shown()
    );
    let ran = check("docker28-bake", &["--target", "base"]);
    assert_eq!((ran.code, ran.status()), (code(2), "nothing"));
}

#[test]
fn builds_of_newer_tools_are_right() {
    for name in ["docker28-warnings", "buildx38-multi-attest"] {
        let ran = check(name, &["--depth", "children"]);
        assert_eq!(
            (ran.status(), ran.notes().is_empty()),
            ("ok", true),
            "{name}: {}",
            ran.shown()
        );
    }
    let ran = check("buildx38-multi-attest", &[]);
    assert_eq!(ran.tags().len(), 2);
}

#[test]
fn a_build_that_wrote_a_directory_has_nothing_to_check() {
    let ran = check("buildx38-local", &[]);
    assert_eq!((ran.code, ran.status()), (code(2), "nothing"));
}

#[test]
fn a_name_without_a_tag_was_pushed_as_latest() {
    let ran = check("buildx38-no-tag", &[]);
    assert_eq!(
        (ran.status(), ran.notes()),
        ("ok", vec!["no-tag"]),
        "{}",
        ran.shown()
    );
    assert_eq!(ran.tags()[1], "no/tag:latest ok -");
}

#[test]
fn what_the_classic_store_pushed_is_proven_by_its_image_id() {
    let ran = check("docker26-classic", &[]);
    assert_eq!(
        (ran.tags(), ran.notes()),
        (vec!["ways/classic:1 ok -".to_owned()], vec!["image-id"]),
        "{}",
        ran.shown()
    );
    assert_eq!(ran.tag(0)["proof"], "config");
}

#[test]
fn a_digest_without_a_name_needs_a_tag() {
    let ran = check("buildx38-multi-node", &[]);
    assert_eq!((ran.code, ran.status()), (code(2), "nothing"));
    assert!(ran.stdout.contains("--tag"), "{}", ran.shown());
    let sample = samples::named("buildx38-multi-node");
    let tags: Vec<String> = sample
        .tags("registry.json")
        .into_iter()
        .map(|(repository, tag, _)| format!("localhost:5000/{repository}:{tag}"))
        .collect();
    let ran = check("buildx38-multi-node", &["--tag", &tags.join(",")]);
    assert_eq!(
        (ran.status(), ran.notes()),
        ("ok", vec!["no-name"]),
        "{}",
        ran.shown()
    );
    assert_eq!(ran.tags().len(), 2);
}

#[test]
fn a_push_by_digest_is_proven_by_digest() {
    let ran = check("buildx38-push-by-digest", &[]);
    assert_eq!(
        (ran.status(), ran.notes()),
        ("ok", vec!["no-tag"]),
        "{}",
        ran.shown()
    );
    assert_eq!(ran.tags().len(), 1);
    assert!(
        ran.tags()[0].starts_with("s/pbd@sha256:"),
        "{:?}",
        ran.tags()
    );
}

#[test]
fn imagetools_metadata_is_proven_by_digest_in_every_repository_and_registry() {
    let ran = check("buildx38-imagetools", &[]);
    assert_eq!(ran.status(), "ok", "{}", ran.shown());
    let names: Vec<String> = ran
        .tags()
        .iter()
        .map(|tag| tag.split('@').next().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["s/it", "s/it2", "s/it"]);
    let ran = check(
        "buildx38-imagetools",
        &[
            "--tag",
            "localhost:5000/s/it:a\nlocalhost:5000/s/it2:b\nlocalhost:5001/s/it:c",
        ],
    );
    assert_eq!(ran.tags(), ["s/it:a ok -", "s/it2:b ok -", "s/it:c ok -"]);
}

#[test]
fn what_was_pushed_beside_a_file_is_right_though_the_metadata_is_of_the_file() {
    // `--output type=registry --output type=oci`: the metadata is the last output's, which has no
    // provenance and so is a plain manifest.
    let (ran, registry, _) = recorded("buildx38-two-outputs", "fix", &[]);
    let pushed = samples::named("buildx38-two-outputs").tags("registry.json");
    assert_eq!(ran.tags(), ["two/outputs:1 ok -"], "{}", ran.shown());
    assert_eq!((ran.code, ran.notes()), (Some(0), vec!["other-output"]));
    assert_eq!(
        registry.tagged("two/outputs", "1").as_ref(),
        Some(&pushed[0].2)
    );
    let note = ran.report["notes"][0]["message"].as_str().unwrap();
    assert!(note.contains(&pushed[0].2), "{note}");
}

#[test]
fn a_build_that_was_loaded_creates_no_tag_on_its_own() {
    let (_, registry, _) = recorded("buildx38-two-outputs", "check", &[]);
    registry.untag("two/outputs", "1");
    let metadata = samples::named("buildx38-two-outputs")
        .metadata()
        .replace("localhost:5000", &registry.host());
    let ran = prove("fix", &metadata, &[]);
    assert_eq!(ran.tags(), ["two/outputs:1 absent -"], "{}", ran.shown());
    assert_eq!(registry.tagged("two/outputs", "1"), None);
    let ran = prove("fix", &metadata, &["--platform", "linux/amd64"]);
    assert_eq!(
        ran.tags(),
        ["two/outputs:1 absent fixed"],
        "{}",
        ran.shown()
    );
}

#[test]
fn a_job_of_a_matrix_that_lost_the_tag_finds_another_image_and_leaves_it() {
    let (ran, registry, _) = recorded("buildx38-matrix-lost", "fix", &[]);
    assert_eq!(ran.tags(), ["matrix/app:1 other -"], "{}", ran.shown());
    let won = samples::named("buildx38-matrix-lost").tags("registry.json")[0]
        .2
        .clone();
    assert_eq!(registry.tagged("matrix/app", "1").as_ref(), Some(&won));
    let tag = format!("{}/matrix/app:1@{won}", registry.host());
    let args = ["--tag", &tag, "--platform", "linux/amd64,linux/arm64"];
    let metadata = samples::named("buildx38-matrix-lost").metadata();
    let ran = prove("check", &metadata, &args);
    assert_eq!(ran.tags(), ["matrix/app:1 incomplete -"], "{}", ran.shown());
}

#[test]
fn a_build_whose_digest_was_merged_finds_more_than_itself_under_the_tags_and_leaves_them() {
    let (ran, _, _) = recorded("buildx38-merged", "fix", &[]);
    assert_eq!((ran.status(), ran.notes()), ("ok", vec!["no-tag"]));
    assert_eq!(
        ran.tags().len(),
        1,
        "the digest, and no tag: {}",
        ran.shown()
    );
    let tags = "localhost:5000/merge/app:1,localhost:5000/merge/app:latest";
    let (ran, registry, _) = recorded("buildx38-merged", "fix", &["--tag", tags]);
    assert_eq!(
        ran.tags(),
        ["merge/app:1 other -", "merge/app:latest other -"],
        "{}",
        ran.shown()
    );
    assert!(ran.tag(0)["message"].as_str().unwrap().contains("and more"));
    for (repository, tag, merged) in samples::named("buildx38-merged").tags("registry.json") {
        assert_eq!(registry.tagged(&repository, &tag), Some(merged));
    }
}

#[test]
fn several_nodes_that_push_by_digest_move_latest_unasked() {
    let name = "buildx38-multi-node-by-digest";
    let ran = check(name, &["--tag", "localhost:5000/nodes/app:latest"]);
    assert_eq!(ran.tags(), ["nodes/app:latest ok -"], "{}", ran.shown());
    assert_eq!(ran.notes(), ["no-name"]);
    let tags = samples::named(name).tags("registry.json");
    let [(_, _, before), (_, _, latest)] = &tags[..] else {
        panic!("two tags were recorded: {tags:?}");
    };
    assert_ne!(before, latest, "latest was on the image of the tag 1");
}

#[test]
fn the_log_names_each_build_as_buildx_does() {
    // A build that fails leaves the metadata of the one before: its name tells them apart.
    let build = |name: &str| check(name, &["--verbose"]).stderr;
    let shown = build("buildx38-multi-attest");
    let id = json(&samples::named("buildx38-multi-attest"))["buildx.build.ref"].clone();
    let line = format!("build build.json: {}\n", id.as_str().unwrap());
    assert!(shown.contains(&line), "{shown}");
    let shown = build("docker28-bake");
    let id = json(&samples::named("docker28-bake"))["mat-a"]["buildx.build.ref"].clone();
    let line = format!("build build.json, target mat-a: {}\n", id.as_str().unwrap());
    assert!(shown.contains(&line), "{shown}");
    assert!(!check("docker28-bake", &[]).stderr.contains("mat-a: "));
}

fn json(sample: &samples::Sample) -> serde_json::Value {
    serde_json::from_str(&sample.metadata()).unwrap()
}

#[test]
fn every_recorded_build_has_a_scenario() {
    let source = include_str!("recorded.rs");
    for sample in samples::all() {
        assert!(
            source.contains(&format!("\"{}\"", sample.name)),
            "no scenario for {}",
            sample.name
        );
    }
}
