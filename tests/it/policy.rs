//! The policy file: found, chosen by pattern, and obeyed.

use serde_json::json;

use crate::image::{Document, Multi, attestation_of, image, index, metadata, multi, push};
use crate::registry::Registry;
use crate::run::{Ran, Run, code, tagproof};
use crate::runner::Step;
use crate::samples;
use crate::tls;

const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
const SBOM: &str = "https://spdx.dev/Document";

/// A registry with the whole build, `app:v1` on what `on` chooses, and the build's metadata.
fn tagged(on: impl Fn(&Multi) -> Document) -> (Registry, Multi, String) {
    let registry = Registry::start();
    let build = multi("a");
    build.push(&registry, "app");
    let shown = on(&build);
    push(&registry, "app", &[&shown]);
    registry.tag("app", "v1", &shown.digest);
    let metadata = metadata(&build.index, &[format!("{}/app:v1", registry.host())]);
    (registry, build, metadata)
}

/// A run over this metadata beside a policy for all images, not started yet.
fn under(mode: &str, metadata: &str, keys: &str) -> Run {
    tagproof(&[mode, "build.json", "--settle", "0"])
        .file("build.json", metadata)
        .file(
            ".tagproof.yml",
            format!("version: 1\nimages: {{\"**\": {{{keys}}}}}\n"),
        )
        .report()
}

fn prove(mode: &str, metadata: &str, keys: &str) -> Ran {
    under(mode, metadata, keys).run()
}

#[test]
fn platforms_are_required_and_the_report_says_by_which_pattern() {
    let (registry, _, metadata) = tagged(|build| build.index.clone());
    let policy = format!(
        "version: 1\nimages:\n  \"{0}/**\": {{platforms: [linux/amd64, linux/arm/v7], on-other: warn}}\n  \"{0}/app:*\": {{platforms: [linux/arm/v6]}}\n",
        registry.host()
    );
    let run = |args: &[&str]| {
        tagproof(&["check", "build.json", "--settle", "0"])
            .args(args)
            .file("build.json", &metadata)
            .file(".github/tagproof.yml", &policy)
            .report()
            .run()
    };
    let ran = run(&[]);
    assert_eq!(ran.tags(), ["app:v1 incomplete -"]);
    let message = ran.tag(0)["message"].as_str().unwrap();
    assert!(message.ends_with("lacks linux/arm/v6"), "{message}");
    let rules = json!({
        "on-other": format!("{}/**", registry.host()),
        "platforms": format!("{}/app:*", registry.host()),
    });
    assert_eq!(ran.tag(0)["rules"], rules);
    assert!(
        ran.stdout.contains("policy: on-other by `"),
        "{}",
        ran.shown()
    );
    let ran = run(&["--platform", "linux/amd64"]);
    assert_eq!(ran.tags(), ["app:v1 ok -"]);
    assert_eq!(ran.tag(0)["rules"].as_object().unwrap().len(), 1);
    let ran = run(&["--no-policy"]);
    assert_eq!(
        (ran.tags(), &ran.tag(0)["rules"]),
        (vec!["app:v1 ok -".to_owned()], &json!({}))
    );
}

#[test]
fn every_form_of_the_report_says_by_which_pattern_a_wrong_tag_was_judged() {
    let (_registry, _, metadata) = tagged(|build| build.index.clone());
    for flag in ["--junit", "--markdown"] {
        let ran = under("check", &metadata, "platforms: [linux/s390x]")
            .args(&[flag, "out"])
            .keep("out")
            .run();
        let text = ran.kept.unwrap();
        assert!(text.contains("policy: platforms by `**`"), "{flag}: {text}");
    }
}

#[test]
fn attestations_are_read_from_the_annotations_of_the_layers_and_no_layer_is_fetched() {
    let registry = Registry::start();
    let (amd64, arm64) = (image("linux/amd64", "a"), image("linux/arm64", "a"));
    let of_amd64 = attestation_of(&amd64, &[PROVENANCE, SBOM]);
    let of_arm64 = attestation_of(&arm64, &[PROVENANCE]);
    let built = index(&[&amd64, &arm64, &of_amd64, &of_arm64]);
    push(
        &registry,
        "app",
        &[&amd64, &arm64, &of_amd64, &of_arm64, &built],
    );
    registry.tag("app", "v1", &built.digest);
    let metadata = metadata(&built, &[format!("{}/app:v1", registry.host())]);
    let ran = prove("check", &metadata, "attestations: [provenance]");
    assert_eq!(ran.tags(), ["app:v1 ok -"]);
    // The index, and the two attestation manifests.
    assert_eq!(
        (
            registry.count("GET", "/manifests/"),
            registry.count("*", "/blobs/")
        ),
        (3, 0)
    );
    let ran = prove("check", &metadata, "attestations: [sbom, provenance]");
    assert_eq!(
        (ran.tags(), ran.code),
        (vec!["app:v1 incomplete -".to_owned()], Some(1))
    );
    let message = ran.tag(0)["message"].as_str().unwrap();
    assert!(message.ends_with("lacks sbom of linux/arm64"), "{message}");
    let help = ran.tag(0)["help"].as_str().unwrap();
    for said in ["`--sbom=true`", "signatures and referrers"] {
        assert!(help.contains(said), "{help}");
    }
    // One that is gone may have held anything: that is not what the index promises.
    registry.delete_manifest("app", &of_arm64.digest);
    let ran = prove("fix", &metadata, "attestations: [provenance]");
    assert_eq!(
        (ran.tags(), ran.notes()),
        (vec!["app:v1 broken -".to_owned()], vec![])
    );
    let help = ran.tag(0)["help"].as_str().unwrap();
    assert!(help.contains("provenance or SBOM"), "{help}");
    let ran = under("check", &metadata, "on-other: warn")
        .args(&["--depth", "children"])
        .run();
    assert_eq!(
        (ran.tags(), ran.notes()),
        (vec!["app:v1 ok -".to_owned()], vec!["attestation-gone"])
    );
}

#[test]
fn an_image_without_an_index_has_no_attestations() {
    let registry = Registry::start();
    let plain = image("linux/amd64", "a");
    push(&registry, "app", &[&plain]);
    registry.tag("app", "v1", &plain.digest);
    let metadata = metadata(&plain, &[format!("{}/app:v1", registry.host())]);
    let ran = prove("check", &metadata, "attestations: [provenance]");
    assert_eq!(ran.tags(), ["app:v1 incomplete -"]);
    assert!(
        ran.tag(0)["message"]
            .as_str()
            .unwrap()
            .ends_with("lacks provenance")
    );
}

#[test]
fn a_tag_on_a_child_of_an_image_without_its_attestations_is_not_repaired() {
    let (registry, build, metadata) = tagged(|build| build.arm64.clone());
    let ran = prove("fix", &metadata, "attestations: [provenance]");
    assert_eq!(ran.tags(), ["app:v1 incomplete -"]);
    assert_eq!(registry.tagged("app", "v1"), Some(build.arm64.digest));
}

#[test]
fn an_immutable_tag_is_never_moved_whatever_the_flags() {
    let foreign = || image("linux/amd64", "z");
    for (shown, verdict) in [(None, "child"), (Some(foreign()), "other")] {
        let (registry, build, metadata) =
            tagged(|build| shown.clone().unwrap_or_else(|| build.arm64.clone()));
        let before = shown.map_or(build.arm64.digest, |shown| shown.digest);
        for args in [&[][..], &["--on-other", "fix"]] {
            let ran = under("fix", &metadata, "immutable: [v*]").args(args).run();
            assert_eq!(ran.tags(), [format!("app:v1 {verdict} refused")]);
            assert_eq!((ran.code, ran.status()), (Some(1), "wrong"));
            assert!(ran.stdout.contains("the policy says"), "{}", ran.shown());
            assert_eq!(ran.tag(0)["rules"], json!({"immutable": "**"}));
        }
        assert_eq!(registry.count("PUT", ""), 0);
        assert_eq!(registry.tagged("app", "v1"), Some(before));
        let ran = prove("check", &metadata, "immutable: [v*]");
        assert_eq!(ran.tags(), [format!("app:v1 {verdict} -")]);
        assert!(
            !ran.tag(0)["help"]
                .as_str()
                .unwrap()
                .contains("tagproof fix"),
            "{}",
            ran.shown()
        );
        let ran = under("fix", &metadata, "immutable: [1.*]")
            .args(&["--on-other", "fix"])
            .run();
        assert_eq!(ran.tags(), [format!("app:v1 {verdict} fixed")]);
    }
}

#[test]
fn an_immutable_tag_that_is_absent_is_created() {
    let (registry, build, metadata) = tagged(|build| build.index.clone());
    registry.untag("app", "v1");
    let ran = prove("fix", &metadata, "immutable: [v*]");
    assert_eq!(ran.tags(), ["app:v1 absent fixed"]);
    assert_eq!(registry.tagged("app", "v1"), Some(build.index.digest));
}

#[test]
fn another_image_is_a_warning_a_failure_or_moved_as_the_policy_says() {
    let (registry, build, metadata) = tagged(|_| image("linux/amd64", "z"));
    let ran = prove("fix", &metadata, "on-other: warn");
    assert_eq!(
        (ran.tags(), ran.code),
        (vec!["app:v1 other -".to_owned()], Some(0))
    );
    assert_eq!(
        (ran.status(), &ran.tag(0)["tolerated"]),
        ("wrong", &json!(true))
    );
    assert!(
        ran.stdout.contains("`on-other: warn` of the policy"),
        "{}",
        ran.shown()
    );
    let ran = under("fix", &metadata, "on-other: warn")
        .args(&["--on-other", "fail"])
        .run();
    assert_eq!(
        (ran.tags(), ran.code),
        (vec!["app:v1 other -".to_owned()], Some(1))
    );
    let ran = prove("fix", &metadata, "on-other: fix");
    assert_eq!(
        (ran.tags(), ran.code),
        (vec!["app:v1 other fixed".to_owned()], Some(0))
    );
    assert_eq!(registry.tagged("app", "v1"), Some(build.index.digest));
}

#[test]
fn a_step_of_the_action_obeys_the_policy_of_its_workspace() {
    let (_registry, _, metadata) = tagged(|_| image("linux/amd64", "z"));
    let step = |on_other: &str| {
        Step::new()
            .file("build.json", &metadata)
            .file(
                ".github/tagproof.yml",
                "version: 1\nimages: {\"**\": {on-other: warn}}\n",
            )
            .with("metadata-file", "build.json")
            .with("on-other", on_other)
            .with("settle", "0")
            .run()
    };
    let stepped = step("");
    assert_eq!(stepped.code, Some(0), "{}", stepped.shown());
    assert_eq!(stepped.output("status"), "wrong");
    let warnings = stepped.annotations("warning");
    assert!(warnings[0].contains("of the policy"), "{warnings:?}");
    assert_eq!(step("fail").code, code(1));
}

#[test]
fn the_undo_command_undoes_it_under_the_same_policy() {
    let (registry, build, metadata) = tagged(|build| build.arm64.clone());
    let keys = "platforms: [linux/amd64, linux/arm64]";
    let ran = prove("fix", &metadata, keys);
    assert_eq!(ran.tags(), ["app:v1 child fixed"]);
    let undo = ran.tag(0)["undo"].as_str().unwrap().to_owned();
    let words: Vec<&str> = undo.split(' ').skip(1).collect();
    let undone = tagproof(&words)
        .args(&["--settle", "0"])
        .file(
            ".tagproof.yml",
            format!("version: 1\nimages: {{\"**\": {{{keys}}}}}"),
        )
        .report()
        .run();
    assert_eq!(undone.code, Some(0), "{}", undone.shown());
    assert_eq!(registry.tagged("app", "v1"), Some(build.arm64.digest));
}

#[test]
fn the_policy_is_the_one_file_of_the_working_directory_or_the_one_that_is_named() {
    let (_registry, _, metadata) = tagged(|build| build.index.clone());
    let strict = "version: 1\nimages: {\"**\": {platforms: [linux/s390x]}}";
    let run = |args: &[&str], files: &[(&str, &str)]| {
        let mut run = tagproof(&["check", "build.json", "--settle", "0"])
            .args(args)
            .file("build.json", &metadata);
        for (name, content) in files {
            run = run.file(name, content);
        }
        run.report().run()
    };
    let ran = run(
        &["--policy", "p.yml"],
        &[("p.yml", strict), (".tagproof.yml", "no: policy")],
    );
    assert_eq!(ran.tags(), ["app:v1 incomplete -"]);
    for (files, said) in [
        (
            &[(".tagproof.yml", strict), (".github/tagproof.yml", strict)][..],
            "two policies",
        ),
        (
            &[(".tagproof.yml", "version: 1\nimags: {}")],
            "at line 2, column 1: unknown key `imags`",
        ),
        (
            &[(".github/tagproof.yaml", strict)],
            "is not read as a policy",
        ),
        (
            &[(".tagproof.yml", &" ".repeat(256 * 1024 + 1))],
            "larger than 256 KiB",
        ),
    ] {
        let ran = run(&[], files);
        assert_eq!((ran.code, ran.status()), (code(2), "invalid"));
        assert!(ran.stdout.contains(said), "{said}: {}", ran.shown());
        assert_eq!(ran.report["requests"], 0);
    }
    let ran = run(&["--policy", "nope.yml"], &[]);
    assert!(
        ran.stdout
            .contains("failed to read `nope.yml`: no such file"),
        "{}",
        ran.shown()
    );
}

#[test]
fn a_registry_is_trusted_by_the_file_that_the_policy_names_for_it() {
    let registry = Registry::builder().tls(tls::server_config()).start();
    let build = multi("a");
    build.push(&registry, "app");
    registry.tag("app", "v1", &build.index.digest);
    let metadata = metadata(&build.index, &[format!("{}/app:v1", registry.host())]);
    let authority = std::fs::read(tls::file("ca.crt")).unwrap();
    let run = |host: &str| {
        tagproof(&["check", "build.json", "--settle", "0", "--no-policy"])
            .file("build.json", &metadata)
            .file(
                ".tagproof.yml",
                format!("version: 1\nregistries: {{\"{host}\": {{ca-file: ca.pem}}}}"),
            )
            .file("ca.pem", &authority)
            .report()
            .run()
    };
    assert_eq!(run(&registry.host()).tags(), ["app:v1 ok -"]);
    assert_eq!(run("other.example.com").tags(), ["app:v1 unproven -"]);
    let ran = tagproof(&["check", "build.json"])
        .file("build.json", &metadata)
        .file(
            ".tagproof.yml",
            "version: 1\nregistries: {r.io: {ca-file: gone.pem}}",
        )
        .report()
        .run();
    assert!(
        ran.stdout.contains("failed to read `gone.pem`"),
        "{}",
        ran.shown()
    );
}

#[test]
fn looks_are_as_far_apart_as_the_policy_says_of_the_registry() {
    let (registry, _, metadata) = tagged(|build| build.index.clone());
    let run = |settle: &str, args: &[&str]| {
        let start = std::time::Instant::now();
        let ran = tagproof(&["check", "build.json"])
            .args(args)
            .file("build.json", &metadata)
            .file(
                ".tagproof.yml",
                format!(
                    "version: 1\nregistries: {{\"{}\": {{settle: {settle}}}}}",
                    registry.host()
                ),
            )
            .report()
            .run();
        assert_eq!(ran.tags(), ["app:v1 ok -"]);
        start.elapsed().as_secs_f64()
    };
    let looks = || registry.count("HEAD", "/manifests/v1") + registry.count("GET", "/manifests/v1");
    run("0", &[]);
    assert_eq!(looks(), 1);
    assert!(run("0.5", &[]) >= 0.5);
    assert_eq!(looks(), 3);
    run("3600", &["--settle", "0"]);
    assert_eq!(looks(), 4);
}

#[test]
fn policy_check_says_what_it_understood() {
    let policy = "version: 1\nimages: {\"r.io/**\": {immutable: [\"v*\"]}}\n";
    let ran = tagproof(&["policy", "check"])
        .file(".tagproof.yml", policy)
        .env("CLICOLOR_FORCE", "1")
        .run();
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    for said in [
        "`.tagproof.yml` is a policy",
        "r.io/**",
        "immutable         v*",
    ] {
        assert!(ran.stdout.contains(said), "{}", ran.stdout);
    }
    let ran = tagproof(&["policy", "check", "p.yml"])
        .file("p.yml", "version: 3")
        .run();
    assert_eq!((ran.code, ran.stdout.as_str()), (code(2), ""));
    assert!(
        ran.stderr
            .starts_with("error: failed to read `p.yml` at line 1"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("\nhelp: write `version: 1`"),
        "{}",
        ran.stderr
    );
    let ran = tagproof(&["policy", "check"]).run();
    assert_eq!(ran.code, code(2));
    assert!(ran.stderr.contains("no policy here"), "{}", ran.stderr);
}

#[test]
fn the_attestations_of_every_recorded_build_are_found() {
    for (name, expected) in [
        ("docker26-single-attest", "ok"),
        ("docker28-multi-attest", "ok"),
        ("buildx38-multi-attest", "ok"),
        ("docker28-bake", "ok"),
        ("docker28-single-noattest", "incomplete"),
    ] {
        let registry = Registry::start();
        let metadata = samples::named(name).load(&registry, &registry);
        let ran = prove("check", &metadata, "attestations: [provenance]");
        for tag in ran.report["tags"].as_array().unwrap() {
            assert_eq!(tag["verdict"], expected, "{name}: {}", ran.shown());
        }
        let ran = prove("check", &metadata, "attestations: [sbom]");
        for tag in ran.report["tags"].as_array().unwrap() {
            assert_eq!(tag["verdict"], "incomplete", "{name}: {}", ran.shown());
        }
    }
}
