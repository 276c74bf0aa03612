//! The report in other forms, as files.

use crate::image::{metadata, multi};
use crate::registry::Registry;
use crate::run::tagproof;

fn wrong() -> (Registry, String) {
    let registry = Registry::start();
    let build = multi("a");
    build.push(&registry, "app");
    registry.tag("app", "1", &build.arm64.digest);
    let metadata = metadata(&build.index, &[format!("{}/app:1", registry.host())]);
    (registry, metadata)
}

/// What a file in the directory of a run held at its end: printed by a shell would need one, so
/// each form goes to standard output instead.
fn to_stdout(flag: &str) -> String {
    let (_registry, metadata) = wrong();
    let args = [
        "check",
        "build.json",
        "--settle",
        "0",
        "--format",
        "json",
        flag,
        "/dev/stdout",
    ];
    let ran = tagproof(&args).file("build.json", metadata).run();
    assert_eq!(ran.code, Some(1), "{}", ran.shown());
    ran.stdout
}

#[cfg(target_os = "linux")]
#[test]
fn junit_has_a_test_case_a_tag() {
    let text = to_stdout("--junit");
    assert!(
        text.contains("<testcase") && text.contains("<failure"),
        "{text}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn dotenv_has_the_status_and_the_digest() {
    let text = to_stdout("--dotenv");
    assert!(text.contains("\nTAGPROOF_STATUS=wrong\n"), "{text}");
    assert!(
        text.contains(&format!("\nTAGPROOF_DIGEST={}\n", multi("a").index.digest)),
        "{text}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn markdown_has_a_picture_and_the_verdict() {
    let text = to_stdout("--markdown");
    assert!(text.contains("```mermaid\nflowchart LR"), "{text}");
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_anything_is_done() {
    let (registry, metadata) = wrong();
    for flag in ["--report", "--junit", "--dotenv", "--markdown"] {
        let ran = tagproof(&["fix", "build.json", flag, "missing/file"])
            .file("build.json", &metadata)
            .run();
        assert_eq!(ran.code, Some(2), "{}", ran.shown());
        assert!(
            ran.stderr.contains(&format!("give `{flag}`")),
            "{}",
            ran.shown()
        );
    }
    assert!(registry.journal().is_empty());
}
