//! The report in other forms, as files.

use crate::image::{metadata, multi};
use crate::registry::Registry;
use crate::run::{code, tagproof};

fn wrong() -> (Registry, String) {
    let registry = Registry::start();
    let build = multi("a");
    build.push(&registry, "app");
    registry.tag("app", "1", &build.arm64.digest);
    let metadata = metadata(&build.index, &[format!("{}/app:1", registry.host())]);
    (registry, metadata)
}

/// What the file that `flag` names held in the end.
fn written(flag: &str) -> String {
    let (_registry, metadata) = wrong();
    let args = ["check", "build.json", "--settle", "0", flag, "out"];
    let ran = tagproof(&args)
        .file("build.json", metadata)
        .keep("out")
        .run();
    assert_eq!(ran.code, code(1), "{}", ran.shown());
    ran.kept.unwrap()
}

#[test]
fn junit_has_a_test_case_a_tag() {
    let text = written("--junit");
    assert!(
        text.contains("<testcase") && text.contains("<failure"),
        "{text}"
    );
}

#[test]
fn dotenv_has_the_status_and_the_digest() {
    let text = written("--dotenv");
    let digest = format!("TAGPROOF_DIGEST={}", multi("a").index.digest);
    for line in ["TAGPROOF_STATUS=wrong", &digest] {
        assert!(text.lines().any(|it| it == line), "{text}");
    }
}

#[test]
fn markdown_has_a_picture_and_the_verdict() {
    let text = written("--markdown");
    assert!(text.contains("```mermaid\nflowchart LR"), "{text}");
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_anything_is_done() {
    let (registry, metadata) = wrong();
    for flag in ["--report", "--junit", "--dotenv", "--markdown"] {
        let ran = tagproof(&["fix", "build.json", flag, "missing/file"])
            .file("build.json", &metadata)
            .run();
        assert_eq!(ran.code, code(2), "{}", ran.shown());
        assert!(
            ran.stderr.contains(&format!("give `{flag}`")),
            "{}",
            ran.shown()
        );
    }
    assert!(registry.journal().is_empty());
}
