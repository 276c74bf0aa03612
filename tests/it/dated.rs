//! Descriptors with a date, which exporters of files leave and people annotate: the registry says what was pushed.

use serde_json::{Value, json};

use crate::access::{PASSWORD, USER, basic, filled};
use crate::image::{Document, build, image, index, metadata, multi, push};
use crate::registry::Registry;
use crate::run::{Ran, code, tagproof};
use crate::runner::{Step, Stepped};

/// The form of BuildKit's exporters, and that of docker/metadata-action.
const EXPORTERS: &str = "2026-11-01T00:00:00Z";
const PEOPLES: &str = "2026-11-01T00:00:00.000Z";

/// The metadata of an image whose descriptor has this date.
fn dated(image: &Document, names: &[String], date: &str) -> Value {
    let mut build = build(image, names);
    build["containerimage.digest"] = json!(image.digest);
    build["containerimage.descriptor"]["annotations"] =
        json!({"org.opencontainers.image.created": date});
    build
}

fn fix(build: &Value, args: &[&str]) -> Ran {
    tagproof(&["fix", "build.json", "--settle", "0"])
        .file("build.json", build.to_string())
        .args(args)
        .report()
        .run()
}

/// The step without inputs, over a build that is right and this one.
fn beside_a_right_build(build: &Value) -> Stepped {
    let right = filled(Registry::builder());
    let of_right = metadata(&multi("a").index, &[format!("{}/app:1", right.host())]);
    Step::new()
        .left_behind("docker-actions-toolkit-Aa/build-metadata-e.json", &of_right)
        .left_behind(
            "docker-actions-toolkit-Zz/build-metadata-f.json",
            &build.to_string(),
        )
        .with("settle", "0")
        .with("settle-timeout", "0")
        .run()
}

#[test]
fn a_date_is_no_reason_to_take_what_was_not_seen_for_not_pushed() {
    let registry = Registry::builder().basic(USER, PASSWORD).start();
    let names = [format!("{}/web:1", registry.host())];
    let image = multi("web").index;
    let mut of_imagetools = dated(&image, &names, EXPORTERS);
    let keys = of_imagetools.as_object_mut().unwrap();
    keys.remove("containerimage.digest");
    for build in [
        dated(&image, &names, EXPORTERS),
        dated(&image, &names, PEOPLES),
        of_imagetools,
    ] {
        let stepped = beside_a_right_build(&build);
        assert_eq!(stepped.code, code(3), "{}", stepped.shown());
        assert_eq!(stepped.output("status"), "unproven");
        assert_eq!(stepped.annotations("notice"), [""; 0]);
    }
}

#[test]
fn what_the_registry_does_not_have_was_not_pushed() {
    let registry = Registry::start();
    let names = [format!("{}/web:test", registry.host())];
    for date in [EXPORTERS, PEOPLES] {
        let stepped = beside_a_right_build(&dated(&multi("web").index, &names, date));
        assert_eq!(stepped.code, Some(0), "{}", stepped.shown());
        assert!(stepped.annotations("notice")[0].starts_with("not-pushed"));
    }
}

#[test]
fn a_dated_index_that_is_in_the_repository_was_pushed_so_its_tag_is_created() {
    for date in [EXPORTERS, PEOPLES] {
        let registry = Registry::start();
        let multi = multi("a");
        multi.push(&registry, "app");
        let names = [format!("{}/app:1", registry.host())];
        let ran = fix(&dated(&multi.index, &names, date), &[]);
        assert_eq!(ran.tags(), ["app:1 absent fixed"], "{}", ran.shown());
        assert_eq!(registry.tagged("app", "1"), Some(multi.index.digest));
    }
}

#[test]
fn a_manifest_may_be_there_as_a_part_of_another_build_so_its_tag_is_not_created_on_a_guess() {
    let created = |date: &str, args: &[&str]| {
        let registry = Registry::start();
        let multi = multi("a");
        multi.push(&registry, "app");
        registry.tag("app", "1", &multi.index.digest);
        let names = [format!("{}/app:test", registry.host())];
        let ran = fix(&dated(&multi.amd64, &names, date), args);
        (ran.tags(), ran.shown())
    };
    let (tags, shown) = created(EXPORTERS, &[]);
    assert_eq!(tags, ["app:test absent -"], "{shown}");
    assert!(
        shown.contains("may be of a file or a loaded image"),
        "{shown}"
    );
    let (tags, shown) = created(EXPORTERS, &["--platform", "linux/amd64"]);
    assert_eq!(tags, ["app:test absent fixed"], "{shown}");
    let (tags, shown) = created(PEOPLES, &[]);
    assert_eq!(tags, ["app:test absent fixed"], "{shown}");
}

#[test]
fn an_index_around_a_dated_manifest_is_repaired() {
    let registry = Registry::start();
    let manifest = image("linux/amd64", "a");
    let around = index(&[&manifest]);
    push(&registry, "app", &[&manifest, &around]);
    registry.tag("app", "1", &around.digest);
    let names = [format!("{}/app:1", registry.host())];
    let ran = fix(&dated(&manifest, &names, EXPORTERS), &[]);
    assert_eq!(ran.tags(), ["app:1 wrapped fixed"], "{}", ran.shown());
    assert_eq!(registry.tagged("app", "1"), Some(manifest.digest));
}

#[test]
fn a_login_that_works_proves_a_dated_build() {
    let registry = basic();
    let names = [format!("{}/app:1", registry.host())];
    let ran = tagproof(&["check", "build.json", "--settle", "0"])
        .file(
            "build.json",
            dated(&multi("a").index, &names, EXPORTERS).to_string(),
        )
        .args(&["--username", USER, "--password-stdin"])
        .stdin(PASSWORD)
        .report()
        .run();
    assert_eq!(ran.tags(), ["app:1 ok -"], "{}", ran.shown());
}
