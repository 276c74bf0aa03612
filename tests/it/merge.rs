//! `merge`: what legs make, what is refused before anything is written, and which tags are moved.

use serde_json::{Value, json};

use crate::image::{Document, attestation, index, index_with, metadata, push};
use crate::layered::{Layered, amd64, arm64, changed, layer, layered};
use crate::registry::{Fault, Registry};
use crate::run::{Ran, Run, code, tagproof};

const BOTH: &str = "linux/amd64,linux/arm64";

/// A registry with a leg for each of two platforms, pushed by digest, and a file of each.
struct Scene {
    registry: Registry,
    amd64: Document,
    arm64: Document,
}

fn of(platform: &str, revision: &str) -> Layered {
    let program = if platform == "linux/amd64" {
        amd64()
    } else {
        arm64()
    };
    let own = layer(&[("app", &program)]);
    changed(platform, &["/app"], &[&own], |config, _| {
        config["config"]["Labels"] = json!({"org.opencontainers.image.revision": revision});
    })
}

/// An image of a revision that was made at a time, by its labels.
fn built(revision: &str, created: &str) -> Layered {
    changed(
        "linux/amd64",
        &["/app"],
        &[&layer(&[("app", &amd64())])],
        |config, _| {
            config["config"]["Labels"] = json!({
                "org.opencontainers.image.revision": revision,
                "org.opencontainers.image.created": created,
            });
        },
    )
}

fn scene() -> Scene {
    let registry = Registry::start();
    let [amd64, arm64] = ["linux/amd64", "linux/arm64"].map(|platform| {
        let image = of(platform, "aaa");
        image.push(&registry, "app");
        image.document
    });
    Scene {
        registry,
        amd64,
        arm64,
    }
}

impl Scene {
    fn name(&self, tag: &str) -> String {
        format!("{}/app:{tag}", self.registry.host())
    }

    fn leg(&self, document: &Document) -> String {
        metadata(document, &[format!("{}/app", self.registry.host())])
    }

    /// `merge amd64.json arm64.json`, with these tags and flags.
    fn run(&self, tags: &[&str], args: &[&str]) -> Run {
        let mut run = tagproof(&["merge", "amd64.json", "arm64.json", "--settle", "0"])
            .file("amd64.json", self.leg(&self.amd64))
            .file("arm64.json", self.leg(&self.arm64))
            .report();
        for tag in tags {
            run = run.args(&["--tag", &self.name(tag)]);
        }
        run.args(args)
    }

    fn merge(&self, tags: &[&str], args: &[&str]) -> Ran {
        self.run(tags, &["--platform", BOTH]).args(args).run()
    }

    fn writes(&self) -> usize {
        self.registry.count("PUT", "")
    }

    fn shown(&self, tag: &str) -> Value {
        let digest = self.registry.tagged("app", tag).unwrap();
        let body = self
            .registry
            .with(|it| it.repository("app").manifests[&digest].bytes.clone());
        serde_json::from_slice(&body).unwrap()
    }
}

/// The run was refused before anything was written, with these words.
fn refused(scene: &Scene, ran: &Ran, words: &[&str]) {
    assert_eq!(
        (ran.code, ran.status()),
        (code(1), "wrong"),
        "{}",
        ran.shown()
    );
    let message = ran.report["problem"]["message"].as_str().unwrap();
    for words in words {
        assert!(message.contains(words), "{words}: {message}");
    }
    assert!(ran.stdout.contains("nothing was written"), "{}", ran.stdout);
    assert_eq!(scene.writes(), 0);
}

#[test]
fn legs_make_an_index_that_all_tags_show_and_a_second_run_writes_nothing() {
    let scene = scene();
    let ran = scene.merge(&["1.4.2", "latest"], &[]);
    assert_eq!(
        (ran.code, ran.status()),
        (Some(0), "fixed"),
        "{}",
        ran.shown()
    );
    assert_eq!(
        ran.tags(),
        ["app:1.4.2 absent fixed", "app:latest absent fixed"]
    );
    let shown = scene.shown("latest");
    let digests: Vec<&Value> = shown["manifests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["digest"])
        .collect();
    assert_eq!(
        digests,
        [&json!(scene.amd64.digest), &json!(scene.arm64.digest)]
    );
    assert_eq!(
        scene.registry.tagged("app", "latest"),
        scene.registry.tagged("app", "1.4.2")
    );
    assert_eq!(ran.report["legs"].as_array().unwrap().len(), 2);
    assert_eq!(ran.report["legs"][1]["platforms"], json!(["linux/arm64"]));
    // By its digest, and under each tag.
    assert_eq!(scene.writes(), 3);
    scene.registry.forget_journal();
    let again = scene.merge(&["1.4.2", "latest"], &[]);
    assert_eq!(
        (again.code, again.status()),
        (Some(0), "ok"),
        "{}",
        again.shown()
    );
    assert_eq!(scene.writes(), 0);
}

#[test]
fn the_index_of_one_tag_is_put_straight_to_it() {
    let scene = scene();
    assert_eq!(scene.merge(&["1"], &[]).code, Some(0));
    assert_eq!(scene.writes(), 1);
}

#[test]
fn a_dry_run_shows_the_index_and_writes_nothing() {
    let scene = scene();
    let ran = scene.merge(&["1"], &["--dry-run"]);
    assert_eq!(
        (ran.code, ran.status()),
        (Some(0), "planned"),
        "{}",
        ran.shown()
    );
    assert_eq!(ran.tags(), ["app:1 absent planned"]);
    assert_eq!(scene.writes(), 0);
    let text = ran.report["index"].as_str().unwrap();
    assert!(ran.stdout.contains(&scene.arm64.digest), "{}", ran.stdout);
    scene.merge(&["1"], &[]);
    assert_eq!(
        scene.shown("1"),
        serde_json::from_str::<Value>(text).unwrap()
    );
}

#[test]
fn the_platforms_are_named_or_nothing_is_done() {
    let scene = scene();
    let ran = scene.run(&["1"], &[]).run();
    assert_eq!(ran.code, code(2), "{}", ran.shown());
    assert_eq!(scene.registry.journal().len(), 0);
    assert!(
        ran.stdout.contains("--platform linux/amd64,linux/arm64"),
        "{}",
        ran.stdout
    );
    let by_policy = scene
        .run(&["1"], &[])
        .file(
            ".tagproof.yml",
            "version: 1\nimages:\n  '**':\n    platforms: [linux/amd64, linux/arm64]\n",
        )
        .run();
    assert_eq!(by_policy.code, Some(0), "{}", by_policy.shown());
}

#[test]
fn a_leg_that_is_missing_or_not_asked_for_or_of_another_build_is_refused_by_name() {
    let scene = scene();
    let ran = scene
        .run(
            &["1"],
            &["--platform", "linux/amd64,linux/arm64,linux/s390x"],
        )
        .run();
    refused(&scene, &ran, &["no leg has an image for linux/s390x"]);
    let ran = scene.run(&["1"], &["--platform", "linux/amd64"]).run();
    refused(
        &scene,
        &ran,
        &[
            "`arm64.json` has an image for linux/arm64",
            &scene.arm64.digest,
        ],
    );
    let other = of("linux/arm64", "bbb");
    other.push(&scene.registry, "app");
    let twice = scene
        .run(&["1"], &["other.json", "--platform", BOTH])
        .file("other.json", scene.leg(&other.document))
        .run();
    refused(
        &scene,
        &twice,
        &[
            "linux/arm64 is in more than one leg",
            "`other.json`",
            &other.document.digest,
        ],
    );
    let mixed = Scene {
        arm64: other.document,
        ..scene
    };
    let ran = mixed.merge(&["1"], &[]);
    refused(
        &mixed,
        &ran,
        &[
            "not of one build",
            "org.opencontainers.image.revision",
            "`bbb` in `arm64.json`",
        ],
    );
    assert_eq!(mixed.merge(&["1"], &["--allow-mixed"]).code, Some(0));
}

#[test]
fn a_leg_that_is_wrong_itself_is_refused() {
    let scene = scene();
    scene.registry.delete_manifest("app", &scene.arm64.digest);
    let ran = scene.merge(&["1"], &[]);
    refused(&scene, &ran, &["`arm64.json` is `never-pushed`"]);
    let program = layer(&[("app", &amd64())]);
    let pair = ["linux/amd64", "linux/arm64"].map(|it| layered(it, &["/app"], &[&program]));
    let [amd, arm] = &pair;
    pair.iter().for_each(|it| it.push(&scene.registry, "app"));
    let copied = index(&[&amd.document, &arm.document]);
    push(&scene.registry, "app", &[&copied]);
    let ran = tagproof(&[
        "merge",
        "leg.json",
        "--settle",
        "0",
        "--platform",
        BOTH,
        "--tag",
        &scene.name("1"),
    ])
    .file("leg.json", scene.leg(&copied))
    .report()
    .run();
    refused(&scene, &ran, &["`leg.json` is `wrong-platform`"]);
}

#[test]
fn a_leg_that_cannot_be_read_leaves_the_run_unproven() {
    let scene = scene();
    scene
        .registry
        .on("GET", "/manifests/")
        .always()
        .answer(Fault::error(403, "DENIED", "no"));
    let ran = scene.merge(&["1"], &[]);
    assert_eq!(
        (ran.code, ran.status(), scene.writes()),
        (code(3), "unproven", 0),
        "{}",
        ran.shown()
    );
}

#[test]
fn a_leg_of_another_repository_is_an_error_that_names_both() {
    let scene = scene();
    let stray = metadata(&scene.arm64, &[format!("{}/other", scene.registry.host())]);
    let ran = scene
        .run(&["1"], &["stray.json", "--platform", BOTH])
        .file("stray.json", stray)
        .run();
    assert_eq!(ran.code, code(2), "{}", ran.shown());
    for words in ["`stray.json` is of `", "/other`", "the tags are of `"] {
        assert!(ran.stdout.contains(words), "{}", ran.stdout);
    }
}

#[test]
fn legs_with_attestations_keep_them_and_a_source_needs_no_file() {
    let scene = scene();
    let legs = [&scene.amd64, &scene.arm64].map(|image| {
        let attested = attestation(image);
        let leg = index(&[image, &attested]);
        push(&scene.registry, "app", &[&attested, &leg]);
        format!("{}/app@{}", scene.registry.host(), leg.digest)
    });
    let ran = tagproof(&[
        "merge", "--source", &legs[1], "--source", &legs[0], "--settle", "0",
    ])
    .args(&["--platform", BOTH, "--tag", &scene.name("1")])
    .report()
    .run();
    assert_eq!(ran.code, Some(0), "{}", ran.shown());
    let shown = scene.shown("1");
    let entries = shown["manifests"].as_array().unwrap();
    assert_eq!(entries.len(), 4);
    assert_eq!(
        entries[2]["annotations"]["vnd.docker.reference.digest"],
        scene.amd64.digest
    );
    assert_eq!(
        entries[3]["annotations"]["vnd.docker.reference.digest"],
        scene.arm64.digest
    );
}

#[test]
fn a_report_of_a_leg_that_was_proven_is_a_leg() {
    let scene = scene();
    let report = |document: &Document| {
        let ran = crate::run::prove("check", &scene.leg(document), &[]);
        ran.report.to_string()
    };
    let ran = scene
        .run(&["1"], &["--platform", BOTH])
        .file("amd64.json", report(&scene.amd64))
        .file("arm64.json", report(&scene.arm64))
        .run();
    assert_eq!(ran.code, Some(0), "{}", ran.shown());
}

#[test]
fn tags_and_annotations_come_from_what_metadata_action_left() {
    let scene = scene();
    let meta = json!({
        "tags": [scene.name("1.4"), scene.name("latest")],
        "annotations": ["index:org.opencontainers.image.title=app", "index:org.opencontainers.image.created=2026-12-01T00:00:00Z"],
    });
    let run = |args: &[&str]| {
        scene
            .run(&[], &["--platform", BOTH])
            .args(args)
            .file("meta.json", meta.to_string())
            .stdin(meta.to_string())
            .run()
    };
    let ran = run(&["--tags-from", "meta.json"]);
    assert_eq!(
        ran.tags(),
        ["app:1.4 absent fixed", "app:latest absent fixed"],
        "{}",
        ran.shown()
    );
    assert_eq!(
        scene.shown("1.4")["annotations"],
        json!({"org.opencontainers.image.title": "app"})
    );
    let again = run(&["--tags-from", "-"]);
    assert_eq!(again.status(), "ok", "{}", again.shown());
}

#[test]
fn annotations_may_be_a_line_each_and_have_commas_in_them() {
    let scene = scene();
    let ran = scene.merge(
        &["1"],
        &["--annotation", "a=b, c\nd=e", "--annotation", "f=g"],
    );
    assert_eq!(ran.code, Some(0), "{}", ran.shown());
    assert_eq!(
        scene.shown("1")["annotations"],
        json!({"a": "b, c", "d": "e", "f": "g"})
    );
}

#[test]
fn a_tag_that_would_lose_a_platform_is_left_alone_unless_it_may() {
    let scene = scene();
    let third = of("linux/s390x", "aaa");
    third.push(&scene.registry, "app");
    let three = index(&[&scene.amd64, &scene.arm64, &third.document]);
    push(&scene.registry, "app", &[&three]);
    scene.registry.tag("app", "1", &three.digest);
    let ran = scene.merge(&["1"], &[]);
    assert_eq!(
        (ran.code, ran.tags()),
        (code(1), vec!["app:1 other refused".to_owned()]),
        "{}",
        ran.shown()
    );
    assert!(
        ran.tag(0)["message"]
            .as_str()
            .unwrap()
            .contains("it would lose linux/s390x")
    );
    assert_eq!(scene.registry.tagged("app", "1"), Some(three.digest));
    assert_eq!(scene.merge(&["1"], &["--allow-fewer"]).code, Some(0));
}

#[test]
fn a_tag_is_never_moved_backwards_unless_it_may() {
    let scene = scene();
    let (old, new) = (
        built("old", "2026-12-01T00:00:00Z"),
        built("new", "2026-12-01T01:00:00Z"),
    );
    for image in [&old, &new] {
        image.push(&scene.registry, "app");
    }
    let merge = |image: &Layered, args: &[&str]| {
        tagproof(&[
            "merge",
            "leg.json",
            "--settle",
            "0",
            "--platform",
            "linux/amd64",
            "--tag",
            &scene.name("1"),
        ])
        .args(args)
        .file("leg.json", scene.leg(&image.document))
        .report()
        .run()
    };
    assert_eq!(merge(&new, &[]).code, Some(0));
    let back = merge(&old, &[]);
    assert_eq!(
        (back.code, back.tags()),
        (code(1), vec!["app:1 other refused".to_owned()]),
        "{}",
        back.shown()
    );
    let message = back.tag(0)["message"].as_str().unwrap();
    for words in [
        "backwards",
        "`new`, 2026-12-01T01:00:00Z",
        "`old`, 2026-12-01T00:00:00Z",
    ] {
        assert!(message.contains(words), "{message}");
    }
    assert_eq!(merge(&old, &["--allow-older"]).code, Some(0));
    assert_eq!(merge(&new, &[]).code, Some(0));
}

#[test]
fn an_immutable_tag_is_left_alone_and_is_no_obstacle_where_it_is_right_already() {
    let scene = scene();
    let policy = "version: 1\nimages:\n  '**':\n    immutable: ['*']\n";
    let merge = || {
        scene
            .run(&["1.4.2"], &["--platform", BOTH])
            .file(".tagproof.yml", policy)
            .run()
    };
    assert_eq!(merge().code, Some(0));
    assert_eq!(merge().tags(), ["app:1.4.2 ok -"]);
    scene.registry.tag("app", "1.4.2", &scene.amd64.digest);
    assert_eq!(merge().tags(), ["app:1.4.2 child refused"]);
}

#[test]
fn no_tag_is_written_before_every_repository_takes_the_index() {
    let (scene, other) = (scene(), Registry::start());
    for platform in ["linux/amd64", "linux/arm64"] {
        of(platform, "aaa").push(&other, "app");
    }
    other
        .on("PUT", "/manifests/")
        .always()
        .answer(Fault::error(403, "DENIED", "no"));
    let elsewhere = format!("{}/app:1", other.host());
    let ran = scene.merge(&["1"], &["--tag", &elsewhere]);
    assert_eq!(ran.code, code(1), "{}", ran.shown());
    assert_eq!(ran.tags(), ["app:1 absent refused", "app:1 absent refused"]);
    assert_eq!(scene.registry.tagged("app", "1"), None);
    let message = ran.tag(0)["message"].as_str().unwrap();
    assert!(message.contains("did not take the index"), "{message}");
}

#[test]
fn children_that_are_not_in_a_target_repository_keep_every_tag_from_being_written() {
    let (scene, other) = (scene(), Registry::start());
    let ran = scene.merge(&["1"], &["--tag", &format!("{}/app:1", other.host())]);
    assert_eq!(ran.code, code(1), "{}", ran.shown());
    assert_eq!((scene.writes(), other.count("PUT", "")), (0, 0));
    assert_eq!(ran.tags(), ["app:1 absent refused", "app:1 broken -"]);
    let message = ran.tag(0)["message"].as_str().unwrap();
    let lacking = format!(
        "nothing was written, as `{}/app` is not known to have what the index lists",
        other.host()
    );
    assert!(message.contains(&lacking), "{message}");
    // Neither is a tag of a digest that is nowhere, nor a clean-up job to blame.
    assert!(
        ran.stdout
            .contains("push every leg to this repository, too"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("no tag was written"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("create it:"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("clean-up job"), "{}", ran.stdout);
}

#[test]
fn a_registry_that_takes_nothing_by_digest_gets_the_index_with_the_first_tag() {
    let scene = scene();
    scene
        .registry
        .on("PUT", "/manifests/sha256")
        .always()
        .answer(Fault::error(405, "UNSUPPORTED", "by tag only"));
    let ran = scene.merge(&["1", "2"], &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.shown());
}

#[test]
fn flags_that_mean_nothing_here_say_so() {
    let scene = scene();
    for (args, words) in [
        (&["--on-other", "fix"][..], "`merge` takes no `--on-other`"),
        (
            &["--digest", &scene.amd64.digest],
            "`merge` takes no `--digest`",
        ),
    ] {
        let ran = scene.merge(&["1"], args);
        assert_eq!(ran.code, code(2));
        assert!(ran.stdout.contains(words), "{}", ran.stdout);
    }
    let ran = scene.merge(&[], &[]);
    assert!(
        ran.stdout.contains("no tag to put the index under"),
        "{}",
        ran.stdout
    );
    let pinned = format!("1@{}", scene.amd64.digest);
    let ran = scene.merge(&[&pinned], &[]);
    assert!(
        ran.stdout
            .contains("has a digest, and the merge makes the digest"),
        "{}",
        ran.stdout
    );
    let ran = tagproof(&["merge", "--source", "r.io/app:1", "--tag", "r.io/app:2"]).run();
    assert!(
        ran.stderr.contains("there is no digest in it") || ran.stderr.contains("a tag may move"),
        "{}",
        ran.stderr
    );
    for flag in ["--dry-run", "--allow-older"] {
        let ran = crate::run::prove("check", &scene.leg(&scene.amd64), &[flag]);
        assert_eq!(ran.code, code(2));
        let words = format!("`{flag}` with `check`, which writes nothing anyway");
        assert!(ran.stdout.contains(&words), "{}", ran.stdout);
    }
}

#[test]
fn fix_says_what_it_would_write_in_a_dry_run() {
    let scene = scene();
    let root = index_with(&[&scene.amd64, &scene.arm64], json!({}));
    push(&scene.registry, "app", &[&root]);
    scene.registry.tag("app", "1", &scene.amd64.digest);
    let metadata = metadata(&root, &[scene.name("1")]);
    let ran = crate::run::prove("fix", &metadata, &["--dry-run"]);
    assert_eq!(
        (ran.code, ran.status()),
        (Some(0), "planned"),
        "{}",
        ran.shown()
    );
    assert_eq!(
        (ran.tags(), scene.writes()),
        (vec!["app:1 child planned".to_owned()], 0)
    );
}

#[test]
fn fix_leaves_a_newer_build_alone_unless_it_may_or_the_digest_is_stated() {
    let scene = scene();
    let (old, new) = (
        built("old", "2026-12-01T00:00:00Z"),
        built("new", "2026-12-01T01:00:00Z"),
    );
    for image in [&old, &new] {
        image.push(&scene.registry, "app");
    }
    scene.registry.tag("app", "1", &new.document.digest);
    let metadata = metadata(&old.document, &[scene.name("1")]);
    let ran = crate::run::prove("fix", &metadata, &["--on-other", "fix"]);
    assert_eq!(
        (ran.code, ran.tags()),
        (code(1), vec!["app:1 other refused".to_owned()]),
        "{}",
        ran.shown()
    );
    assert_eq!(scene.writes(), 0);
    let may = crate::run::prove(
        "fix",
        &metadata,
        &["--on-other", "fix", "--allow-older", "--dry-run"],
    );
    assert_eq!(may.tags(), ["app:1 other planned"]);
    let stated = format!("{}@{}", scene.name("1"), old.document.digest);
    let ran = tagproof(&[
        "fix",
        "--tag",
        &stated,
        "--on-other",
        "fix",
        "--settle",
        "0",
    ])
    .report()
    .run();
    assert_eq!(ran.tags(), ["app:1 other fixed"], "{}", ran.shown());
}

#[test]
fn a_dry_run_says_of_an_immutable_tag_what_the_run_would() {
    let scene = scene();
    scene.registry.tag("app", "1.4.2", &scene.amd64.digest);
    let policy = "version: 1\nimages:\n  '**':\n    immutable: ['*']\n";
    let run = scene.run(&["1.4.2"], &["--platform", BOTH, "--dry-run"]);
    let ran = run.file(".tagproof.yml", policy).run();
    assert_eq!(
        (ran.code, ran.tags()),
        (code(1), vec!["app:1.4.2 child refused".to_owned()])
    );
}

#[test]
fn a_policy_that_looks_at_tags_only_does_not_hide_the_platforms_of_legs() {
    let scene = scene();
    let policy = "version: 1\nimages:\n  '**':\n    depth: tag\n";
    let run = scene.run(&["1"], &["--platform", BOTH]);
    let ran = run.file(".tagproof.yml", policy).run();
    assert_eq!(ran.code, Some(0), "{}", ran.shown());
}

#[test]
fn the_index_is_put_again_where_the_registry_failed_once() {
    let scene = scene();
    scene
        .registry
        .on("PUT", "/manifests/sha256")
        .answer(Fault::status(503));
    let ran = scene.merge(&["1", "2"], &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.shown());
    assert_eq!(scene.writes(), 4);
}
