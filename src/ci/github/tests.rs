use super::*;
use crate::environment::Environment;

fn environment(variables: &[(&str, &str)]) -> Environment {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Environment::new(variables.iter().map(owned))
}

fn step(variables: &[(&str, &str)]) -> StepInputs {
    StepInputs::read(&environment(variables)).unwrap_or_else(|problem| panic!("{problem}"))
}

fn problem(variables: &[(&str, &str)]) -> (String, String) {
    match StepInputs::read(&environment(variables)) {
        Ok(_) => panic!("no problem with {variables:?}"),
        Err(problem) => (problem.message, problem.help.unwrap_or_default()),
    }
}

fn args(variables: &[(&str, &str)]) -> Vec<String> {
    let args = step(variables).args.into_iter();
    args.skip(1).map(|arg| arg.into_string().unwrap()).collect()
}

#[test]
fn a_step_without_inputs_repairs_what_the_job_has_built() {
    let step = step(&[("INPUT_TAGS", ""), ("INPUT_MODE", "  ")]);
    assert_eq!(step.args, ["tagproof", "fix"]);
    assert!(step.all_builds && !step.unpushed_fails && step.annotations);
    assert_eq!(step.summary, Summary::Always);
    assert_eq!(
        (step.password, step.token, step.report_file),
        (None, None, None)
    );
}

#[test]
fn what_says_what_to_check_replaces_what_the_job_has_built() {
    for name in ["INPUT_METADATA", "INPUT_METADATA-FILE", "INPUT_TAGS"] {
        assert!(!step(&[(name, "x")]).all_builds, "{name}");
    }
}

#[test]
fn inputs_are_flags() {
    assert_eq!(
        args(&[
            ("INPUT_MODE", "check"),
            ("INPUT_TAGS", "r.io/a:1\nr.io/a:2\n"),
            ("INPUT_TARGETS", "a, b"),
            ("INPUT_SETTLE-TIMEOUT", "30"),
            ("INPUT_NO-RESTORE", "True"),
            ("INPUT_ANNOTATIONS", "false"),
            ("INPUT_PLAIN-HTTP", "r.io\nq.io"),
            ("INPUT_REPORT-FILE", "report.json"),
        ]),
        [
            "check",
            "--tag=r.io/a:1\nr.io/a:2",
            "--target=a",
            "--target=b",
            "--no-restore",
            "--settle-timeout=30",
            "--plain-http=r.io",
            "--plain-http=q.io",
            "--report=report.json",
        ]
    );
    assert_eq!(args(&[("INPUT_NO-RESTORE", "false")]), ["fix"]);
}

#[test]
fn a_merge_is_told_by_inputs_and_by_what_metadata_action_left() {
    let merge = [
        ("INPUT_MODE", "merge"),
        ("INPUT_METADATA-FILE", "legs/*.json"),
        ("INPUT_SOURCE", "r.io/a@sha256:0, r.io/a@sha256:1"),
        ("INPUT_INDEX-ANNOTATIONS", "a=b, c\r\n\n  d=e"),
        ("INPUT_ALLOW-OLDER", "true"),
        ("INPUT_ALLOW-FEWER", "false"),
        ("DOCKER_METADATA_OUTPUT_JSON", "{}"),
    ];
    assert_eq!(
        args(&merge),
        [
            "merge",
            "--source=r.io/a@sha256:0",
            "--source=r.io/a@sha256:1",
            "--annotation=a=b, c",
            "--annotation=d=e",
            "--allow-older",
        ]
    );
    let left = |more: &[(&str, &str)]| step(&[&merge[..], more].concat()).tags_of_the_job;
    assert_eq!(left(&[]).as_deref(), Some("{}"));
    assert_eq!(left(&[("INPUT_TAGS", "r.io/a:1")]), None);
    assert_eq!(left(&[("INPUT_TAGS-FROM", "meta.json")]), None);
    assert_eq!(
        step(&[("DOCKER_METADATA_OUTPUT_JSON", "{}")]).tags_of_the_job,
        None
    );
}

#[test]
fn names_with_underscores_are_the_same_inputs() {
    assert_eq!(
        args(&[("INPUT_SETTLE_TIMEOUT", "30")]),
        ["fix", "--settle-timeout=30"]
    );
    assert_eq!(step(&[("INPUT_METADATA_FILE", "a.json")]).files, ["a.json"]);
}

#[test]
fn the_report_file_is_named_as_the_runner_knows_it() {
    for (input, output) in [
        ("out/report.json", "out/report.json"),
        ("/tmp/report.json", "/tmp/report.json"),
        ("/C:/a/report.json", "C:/a/report.json"),
    ] {
        let file = step(&[("INPUT_REPORT-FILE", input)]).report_file;
        assert_eq!(file.as_deref(), Some(output));
    }
}

#[test]
fn no_secret_is_an_argument() {
    let variables = [
        ("INPUT_USERNAME", "me"),
        ("INPUT_PASSWORD", "hunter2hunter2"),
        ("INPUT_GITHUB-TOKEN", "ghs_0123456789"),
        ("GITHUB_ACTOR", "octocat"),
    ];
    assert_eq!(
        args(&variables),
        ["fix", "--username=me", "--password-stdin"]
    );
    let step = step(&variables);
    assert_eq!(step.password.as_deref(), Some("hunter2hunter2"));
    let token = ("octocat".to_owned(), "ghs_0123456789".to_owned());
    assert_eq!(step.token, Some(token));
}

#[test]
fn secrets_are_masked_line_by_line_and_short_ones_are_not() {
    let masks = |password: &str| {
        step(&[
            ("INPUT_USERNAME", "a-long-user-name"),
            ("INPUT_PASSWORD", password),
        ])
        .masks()
    };
    assert_eq!(masks("hunter2"), [""; 0]);
    assert_eq!(masks("hunter2%hunter2"), ["::add-mask::hunter2%25hunter2"]);
    assert_eq!(
        masks("first-line\nx\nsecond-line"),
        ["::add-mask::first-line", "::add-mask::second-line"]
    );
}

#[test]
fn an_input_that_cannot_be_used_is_told_by_its_name() {
    for (variables, message, help) in [
        (
            &[("INPUT_MODE", "repair")][..],
            "failed to read the input `mode`: there is no mode `repair`",
            "write `fix`, `check` or `merge`",
        ),
        (
            &[("INPUT_NO-RESTORE", "yes")],
            "failed to read the input `no-restore`: `yes` is neither true nor false",
            "write `true` or `false`",
        ),
        (
            &[("INPUT_SUMMARY", "off")],
            "failed to read the input `summary`: there is no `off`",
            "write `always`, `problems` or `never`",
        ),
        (
            &[("INPUT_PASSWORD", "x")],
            "failed to use the input `password`: there is no `username`",
            "say whose password it is",
        ),
        (
            &[("INPUT_DIGEST", "sha256:x")],
            "failed to use the input `digest`: there is no `tags`",
            "name the tags that should have it, like `tags: registry.example.com/app:1.4`",
        ),
        (
            &[("INPUT_METADATA-FILE", "a.json, -")],
            "failed to read `-`, which the input `metadata-file` names: a step has no standard input",
            "name the file, or pass the metadata itself in the input `metadata`",
        ),
    ] {
        assert_eq!(problem(variables), (message.to_owned(), help.to_owned()));
    }
}
