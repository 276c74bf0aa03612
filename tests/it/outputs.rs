//! What comes out: the report for people, the JSON report, colors, and readers that go away.

use serde_json::Value;

use crate::access::{filled, metadata_of, on, spoil};
use crate::registry::Registry;
use crate::run::{Directory, Run, code, tagproof};

fn open() -> Registry {
    filled(Registry::builder())
}

/// `check` of the registry without a report.
fn check(registry: &Registry) -> Run {
    tagproof(&["check", "build.json", "--settle", "0"])
        .file("build.json", metadata_of(&[&registry.host()]))
}

#[test]
fn json_on_standard_output_is_what_the_report_file_holds() {
    let registry = open();
    let directory = Directory::new();
    let path = directory.path().join("report.json");
    for is_right in [true, false] {
        if !is_right {
            spoil(&registry);
        }
        let ran = check(&registry)
            .args(&["--format", "json", "--report", &path.display().to_string()])
            .run();
        assert_eq!(ran.stdout, std::fs::read_to_string(&path).unwrap());
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(report["exit_code"], ran.code.unwrap());
        assert_eq!(ran.stderr, "");
    }
}

#[test]
fn the_report_is_written_when_the_inputs_are_unusable_too() {
    for (content, status) in [("{", "invalid"), ("{}", "nothing")] {
        let run = tagproof(&["check", "build.json"]).file("build.json", content);
        let ran = run.report().run();
        assert_eq!((ran.code, ran.status()), (code(2), status));
        assert_eq!(ran.report["tags"], Value::Array(Vec::new()));
        assert!(ran.report["problem"]["help"].is_string());
    }
}

#[test]
fn a_report_that_cannot_be_written_is_refused_before_anything_is_done() {
    let registry = open();
    spoil(&registry);
    for (path, reason) in [
        (".", "it is a directory"),
        ("no/report.json", "its directory does not exist"),
    ] {
        let ran = tagproof(&["fix", "build.json", "--settle", "0", "--report", path])
            .file("build.json", metadata_of(&[&registry.host()]))
            .run();
        assert_eq!(
            (ran.code, ran.stdout.as_str()),
            (code(2), ""),
            "{}",
            ran.shown()
        );
        assert!(
            ran.stderr.contains(path) && ran.stderr.contains(reason),
            "{}",
            ran.stderr
        );
        assert!(
            ran.stderr.contains("help: give `--report` a file"),
            "{}",
            ran.stderr
        );
    }
    assert!(registry.journal().is_empty());
}

#[test]
fn a_report_is_never_half_written() {
    let registry = open();
    let directory = Directory::new();
    let path = directory.file("report.json", "the old one");
    // The place beside it, where the new one is prepared, is taken.
    directory.file("report.json.part/x", "");
    let arguments = ["--report", &path.display().to_string()];
    let ran = check(&registry).args(&arguments).run();
    assert_eq!(ran.code, code(2), "{}", ran.shown());
    assert!(ran.stderr.contains("failed to write"), "{}", ran.stderr);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "the old one");

    std::fs::remove_dir_all(directory.path().join("report.json.part")).unwrap();
    assert_eq!(check(&registry).args(&arguments).run().code, Some(0));
    assert!(std::fs::read_to_string(&path).unwrap().starts_with('{'));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn a_reader_that_goes_away_changes_nothing() {
    let registry = open();
    for format in ["terminal", "json"] {
        spoil(&registry);
        let (code, stderr) = tagproof(&["fix", "-", "--settle", "0", "--format", format])
            .stdin(metadata_of(&[&registry.host()]))
            .run_unread();
        assert_eq!(code, Some(0), "{stderr}");
        let of_the_log = |line: &str| line.starts_with("moving ");
        assert!(stderr.lines().all(of_the_log), "{stderr}");
    }
    for args in [&["--help"][..], &["explain"], &["completions", "bash"]] {
        let (code, stderr) = tagproof(args).run_unread();
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn quiet_says_nothing_when_all_is_right_and_all_that_is_wrong() {
    let registry = open();
    let ran = check(&registry).args(&["-q"]).run();
    assert_eq!(
        (ran.code, ran.stdout.as_str(), ran.stderr.as_str()),
        (Some(0), "", "")
    );
    spoil(&registry);
    let ran = check(&registry).args(&["-q"]).run();
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("error[child]"), "{}", ran.stdout);
}

#[test]
fn verbose_shows_the_build_and_each_request_on_standard_error() {
    let registry = open();
    let ran = check(&registry).args(&["-v"]).run();
    let line = format!("GET {}/v2/app/manifests/1 200 ", registry.url());
    assert!(ran.stderr.contains(&line), "{}", ran.stderr);
    assert_eq!(
        ran.stderr.lines().next(),
        Some("build build.json: builder/node/id")
    );
    assert_eq!(ran.stderr.lines().count(), 1 + registry.journal().len());
    assert_eq!(check(&registry).run().stderr, "");
}

#[test]
fn colors_are_for_those_who_want_them() {
    let registry = open();
    for (args, variables, expected) in [
        (&[][..], &[][..], false),
        (&["--color", "always"], &[], true),
        (&["--color", "always"], &[("NO_COLOR", "1")], true),
        (&[], &[("GITHUB_ACTIONS", "true")], true),
        (&[], &[("GITHUB_ACTIONS", "true"), ("NO_COLOR", "1")], false),
        (&["--color", "never"], &[("GITHUB_ACTIONS", "true")], false),
        (&["--color", "always", "--format", "json"], &[], false),
    ] {
        let run = check(&registry).args(args);
        let ran = variables
            .iter()
            .fold(run, |run, (name, value)| run.env(name, value))
            .run();
        assert_eq!(
            ran.stdout.contains('\x1b'),
            expected,
            "{args:?} {variables:?}"
        );
    }
}

#[test]
fn a_wrong_tag_is_told_so_that_it_can_be_understood_and_repaired() {
    let registry = open();
    spoil(&registry);
    let ran = on(&registry, "check").run();
    let text = ran.stdout.replace(&registry.host(), "r.io:5000");
    let (text, _time) = text.rsplit_once(" · ").unwrap();
    insta::assert_snapshot!(text, @"
    ✖ the tag is wrong

      ✖ r.io:5000/app:1  sha256:2159f76b54fb  child (linux/arm64)  expected sha256:e831703c4fe4

    error[child] r.io:5000/app:1
      `1` points at the linux/arm64 manifest of the build, not at its index
      expected: sha256:e831703c4fe4130af11ea6f209aaa6531105a40032c36d065c8bb358333a3946 (image index; linux/amd64, linux/arm64)
      found:    sha256:2159f76b54fba5302bc16f995be55932468964ebff6735305442fbe453b719f5 (manifest; linux/arm64)
      help: whoever pulls it on another platform gets an image that cannot run there
      help: repair it: `tagproof fix --tag r.io:5000/app:1@sha256:e831703c4fe4130af11ea6f209aaa6531105a40032c36d065c8bb358333a3946`

    `tagproof explain child` says more

    1 tag: 1 wrong · 2 requests (2 pulls)
    ");
}
