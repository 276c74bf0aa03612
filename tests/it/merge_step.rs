//! The Action's step as the merge job of a matrix build.

use serde_json::{Value, json};

use crate::image::{Multi, metadata, multi};
use crate::registry::Registry;
use crate::run::code;
use crate::runner::{Step, Stepped};

/// A registry with a leg for each of two platforms, pushed by digest.
struct Scene {
    registry: Registry,
    legs: Multi,
}

fn scene() -> Scene {
    let (registry, legs) = (Registry::start(), multi("a"));
    legs.push(&registry, "app");
    Scene { registry, legs }
}

impl Scene {
    fn name(&self, name: &str) -> String {
        format!("{}/{name}", self.registry.host())
    }

    /// A step that merges, and is told the platforms.
    fn bare(&self) -> Step {
        Step::new()
            .with("mode", "merge")
            .with("platforms", "linux/amd64,linux/arm64")
            .with("settle", "0")
    }

    /// The same with the files of both legs, as downloaded artifacts lie there.
    fn step(&self) -> Step {
        let leg = |document| metadata(document, &[self.name("app")]);
        self.bare()
            .file(
                "legs/leg~app~1.4~amd64/t/build.json",
                &leg(&self.legs.amd64),
            )
            .file(
                "legs/leg~app~1.4~arm64/t/build.json",
                &leg(&self.legs.arm64),
            )
            .with("metadata-file", "legs/*/*/build*.json")
    }

    /// What docker/metadata-action says of these tags.
    fn said(&self, tags: &[&str]) -> String {
        let tags: Vec<String> = tags.iter().map(|tag| self.name(tag)).collect();
        let annotations = ["manifest:a=b", "index:org.opencontainers.image.title=app"];
        json!({"tags": tags, "labels": {}, "annotations": annotations}).to_string()
    }

    fn shown(&self, tag: &str) -> Value {
        let digest = self.registry.tagged("app", tag).unwrap();
        let bytes = self
            .registry
            .with(|it| it.repository("app").manifests[&digest].bytes.clone());
        serde_json::from_slice(&bytes).unwrap()
    }
}

/// The step is an error with these words, and asked no registry.
fn assert_invalid(scene: &Scene, stepped: &Stepped, words: &[&str]) {
    assert_eq!(stepped.code, code(2), "{}", stepped.shown());
    assert_eq!(stepped.output("status"), "invalid", "{}", stepped.shown());
    let errors = stepped.annotations("error");
    assert_eq!(errors.len(), 1, "{errors:?}");
    for words in words {
        assert!(errors[0].contains(words), "no {words}: {errors:?}");
    }
    assert!(scene.registry.journal().is_empty());
}

#[test]
fn the_legs_that_a_pattern_finds_become_the_index_under_the_tags() {
    let scene = scene();
    let tags = format!("{}\n{}", scene.name("app:1.4"), scene.name("app:latest"));
    let stepped = scene.step().with("tags", &tags).run();
    assert_eq!(stepped.code, Some(0), "{}", stepped.shown());
    assert_eq!(stepped.output("fixed"), tags);
    let digest = scene.registry.tagged("app", "1.4").unwrap();
    assert_eq!(stepped.output("digest"), digest);
    assert_eq!(stepped.output("pinned").lines().count(), 2);
    assert_eq!(
        scene.shown("latest")["manifests"].as_array().unwrap().len(),
        2
    );
}

#[test]
fn tags_that_metadata_action_left_to_the_job_are_understood() {
    let scene = scene();
    let stepped = scene
        .step()
        .env(
            "DOCKER_METADATA_OUTPUT_JSON",
            &scene.said(&["app:1.4", "app:1"]),
        )
        .run();
    assert_eq!(stepped.code, Some(0), "{}", stepped.shown());
    assert_eq!(stepped.output("fixed").lines().count(), 2);
    let title = json!({"org.opencontainers.image.title": "app"});
    assert_eq!(scene.shown("1")["annotations"], title);
}

#[test]
fn tags_of_an_input_go_before_those_that_metadata_action_left() {
    let scene = scene();
    let run = |input: &str, value: &str| {
        scene
            .step()
            .with(input, value)
            .file("meta.json", &scene.said(&["app:2"]))
            .env("DOCKER_METADATA_OUTPUT_JSON", &scene.said(&["other:9"]))
            .run()
    };
    let stepped = run("tags", &scene.name("app:1"));
    assert_eq!(stepped.output("fixed"), scene.name("app:1"));
    let stepped = run("tags-from", "meta.json");
    assert_eq!(
        stepped.output("fixed"),
        scene.name("app:2"),
        "{}",
        stepped.shown()
    );
}

#[test]
fn a_repository_that_no_leg_is_of_is_refused_in_what_metadata_action_left() {
    let scene = scene();
    let stepped = scene
        .step()
        .env(
            "DOCKER_METADATA_OUTPUT_JSON",
            &scene.said(&["app:1", "other:1"]),
        )
        .run();
    let foreign = format!("has a tag of `{}`", scene.name("other"));
    let own = format!("the legs are of `{}`", scene.name("app"));
    assert_invalid(&scene, &stepped, &[&foreign, &own, "the input `tags`"]);
}

#[test]
fn what_metadata_action_left_means_nothing_to_another_mode() {
    let scene = scene();
    scene.registry.tag("app", "1", &scene.legs.index.digest);
    let stepped = Step::new()
        .with(
            "tags",
            &format!("{}@{}", scene.name("app:1"), scene.legs.index.digest),
        )
        .with("settle", "0")
        .env("DOCKER_METADATA_OUTPUT_JSON", "not even JSON")
        .run();
    assert_eq!(stepped.output("status"), "ok", "{}", stepped.shown());
}

#[test]
fn legs_may_be_named_in_sources_and_annotations_a_line_each() {
    let scene = scene();
    let leg = |digest: &str| format!("{}@{digest}", scene.name("app"));
    let (amd64, arm64) = (&scene.legs.amd64.digest, &scene.legs.arm64.digest);
    let stepped = scene
        .bare()
        .with("source", &format!("{},\n{}", leg(arm64), leg(amd64)))
        .with("tags", &scene.name("app:1"))
        .with("index-annotations", "a=b, c\n\n  index:d=e=f\n")
        .run();
    assert_eq!(stepped.code, Some(0), "{}", stepped.shown());
    assert_eq!(
        scene.shown("1")["annotations"],
        json!({"a": "b, c", "d": "e=f"})
    );
}

#[test]
fn a_leg_that_is_missing_fails_the_step_and_nothing_is_written() {
    let scene = scene();
    let stepped = scene
        .step()
        .with("metadata-file", "legs/*~amd64/*/build*.json")
        .with("tags", &scene.name("app:1"))
        .run();
    assert_eq!(stepped.code, code(1), "{}", stepped.shown());
    assert_eq!(stepped.output("status"), "wrong");
    let errors = stepped.annotations("error");
    assert!(
        errors[0].contains("no leg has an image for linux/arm64"),
        "{errors:?}"
    );
    assert_eq!(scene.registry.count("PUT", ""), 0);
}

#[test]
fn a_dry_run_writes_nothing_in_either_mode_that_writes() {
    let scene = scene();
    let merge = scene.step().with("tags", &scene.name("app:1"));
    scene.registry.tag("app", "2", &scene.legs.arm64.digest);
    let pinned = format!("{}@{}", scene.name("app:2"), scene.legs.index.digest);
    let fix = Step::new().with("tags", &pinned).with("settle", "0");
    for step in [merge, fix.with("settle-timeout", "0")] {
        let stepped = step.with("dry-run", "true").run();
        assert_eq!(stepped.output("status"), "planned", "{}", stepped.shown());
        assert_eq!(stepped.code, Some(0));
    }
    assert_eq!(scene.registry.count("PUT", ""), 0);
}

#[test]
fn inputs_that_only_a_merge_has_are_an_error_in_another_mode() {
    let scene = scene();
    for (input, value) in [
        ("source", "r.io/app@sha256:0"),
        ("tags-from", "meta.json"),
        ("index-annotations", "a=b"),
        ("allow-mixed", "true"),
        ("allow-fewer", "True"),
    ] {
        let stepped = Step::new().with(input, value).run();
        let named = format!("the input `{input}`");
        assert_invalid(&scene, &stepped, &[&named, "`fix`", "`mode: merge`"]);
    }
    for input in ["dry-run", "allow-older"] {
        let step = Step::new().with("mode", "check");
        let stepped = step.with(input, "true").run();
        let named = format!("the input `{input}`");
        assert_invalid(&scene, &stepped, &[&named, "`check`"]);
    }
}

#[test]
fn inputs_that_a_merge_does_not_take_are_an_error_of_their_name() {
    let scene = scene();
    let digest = &scene.legs.index.digest;
    for (input, value) in [("on-other", "fix"), ("digest", digest)] {
        let step = scene.step().with("tags", &scene.name("app:1"));
        let stepped = step.with(input, value).run();
        assert_invalid(&scene, &stepped, &[&format!("the input `{input}`")]);
    }
}

#[test]
fn a_merge_of_nothing_or_under_nothing_is_an_error_and_not_what_the_job_has_built() {
    let scene = scene();
    let left = metadata(&scene.legs.index, &[scene.name("app:1")]);
    let stepped = scene
        .bare()
        .left_behind("docker-actions-toolkit-Aa/build-metadata-e.json", &left)
        .with("tags", &scene.name("app:1"))
        .run();
    assert_invalid(
        &scene,
        &stepped,
        &["no input names a leg", "`metadata-file`"],
    );
    let stepped = scene.step().run();
    assert_invalid(&scene, &stepped, &["names a tag", "docker/metadata-action"]);
    let stepped = scene.step().with("tags-from", "-").run();
    assert_invalid(&scene, &stepped, &["a step has no standard input"]);
}

#[test]
fn a_source_that_cannot_be_read_is_an_error_of_the_input() {
    let scene = scene();
    let step = scene.bare().with("tags", &scene.name("app:1"));
    let stepped = step.with("source", &scene.name("app:1")).run();
    assert_invalid(&scene, &stepped, &["the input `source`"]);
}
