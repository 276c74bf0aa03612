//! The command line as someone meets it who does not know it yet.

use crate::run::{Host, Ran, code, tagproof};

fn run(args: &[&str]) -> Ran {
    tagproof(args).run()
}

/// Asserts that it ends with 2, shows all of these on standard error and nothing on standard output.
fn assert_usage(args: &[&str], parts: &[&str]) {
    let ran = run(args);
    assert_eq!(ran.code, code(2), "{args:?} {}", ran.shown());
    assert_eq!(ran.stdout, "", "{args:?}");
    for part in parts {
        assert!(
            ran.stderr.contains(part),
            "{args:?} `{part}`: {}",
            ran.stderr
        );
    }
}

#[test]
fn without_arguments_the_help_is_shown_and_the_exit_code_is_that_of_a_mistake() {
    if Host::get() == Host::Node {
        // The launcher starts the Action then.
        return;
    }
    let ran = run(&[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (code(2), ""));
    assert_eq!(ran.stderr, run(&["--help"]).stdout);
}

#[test]
fn a_password_as_an_argument_is_refused_and_not_repeated() {
    for arguments in [
        &["--password", "hunter2secret"] as &[&str],
        &["--password=hunter2secret"],
        &["--password-stdin=hunter2secret"],
        &["--token", "hunter2secret"],
        &["-p", "hunter2secret"],
    ] {
        let arguments = [&["check", "build.json", "--username", "me"], arguments].concat();
        assert_usage(
            &arguments,
            &[
                "error: take no password as an argument",
                "help: pipe it: `echo \"$PASSWORD\" | tagproof check",
                "--password-stdin`",
            ],
        );
        assert!(!run(&arguments).stderr.contains("hunter2"));
    }
    for misspelled in ["-phunter2secret", "--pass=hunter2secret"] {
        let ran = run(&["check", "build.json", misspelled]);
        assert!(!ran.shown().contains("hunter2"), "{}", ran.shown());
    }
}

#[test]
fn help_says_what_it_is_for_and_what_the_exit_codes_mean() {
    let ran = run(&["--help"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(ran.stdout, @"
    Proves that every tag a build pushed points at what the build made, and repairs it when it does not

    Usage: tagproof <COMMAND>

    Commands:
      check        Look and judge; change nothing
      fix          Look, judge, repair what is safe to repair, look and judge again
      merge        Make the index of a matrix build of what its jobs pushed, and put it under tags
      policy       Look at the policy file
      explain      Say what a verdict, outcome or note means, why it happens and what to do
      completions  Print a completion script for a shell
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Right after a build:
      docker buildx build --push --metadata-file build.json -t registry.example.com/app:1.4 .
      tagproof fix build.json

    Exit codes: 0 every tag is proven, 1 a tag is wrong, 2 the inputs are unusable,
    3 something could not be checked and nothing is known to be wrong.
    ");
}

#[test]
fn each_command_has_two_examples() {
    for command in [
        "check",
        "fix",
        "merge",
        "policy check",
        "explain",
        "completions",
    ] {
        let words: Vec<&str> = command.split(' ').collect();
        for help in [
            [&words[..], &["--help"]].concat(),
            [&words[..], &["-h"]].concat(),
            [&["help"], &words[..]].concat(),
        ] {
            let ran = run(&help);
            assert_eq!(ran.code, Some(0), "{}", ran.shown());
            let (_, examples) = ran.stdout.split_once("Examples:\n").unwrap();
            let examples: Vec<&str> = examples.lines().collect();
            assert_eq!(examples.len(), 2, "{examples:?}");
            let start = format!("  tagproof {command}");
            assert!(
                examples.iter().all(|line| line.starts_with(&start)),
                "{examples:?}"
            );
        }
    }
}

#[test]
fn the_version_is_the_packages() {
    for flag in ["--version", "-V"] {
        let ran = run(&[flag]);
        assert_eq!(ran.code, Some(0));
        assert_eq!(
            ran.stdout,
            concat!("tagproof ", env!("CARGO_PKG_VERSION"), "\n")
        );
    }
}

#[test]
fn what_is_misspelled_is_suggested() {
    assert_usage(&["chek"], &["'chek'", "similar subcommand exists: 'check'"]);
    assert_usage(
        &["check", "--plattform", "x"],
        &["similar argument exists: '--platform'"],
    );
    assert_usage(
        &["fix", "--on-other", "fixx"],
        &[
            "possible values: fail, fix, warn",
            "similar value exists: 'fix'",
        ],
    );
    assert_usage(
        &["check", "--format", "jsn"],
        &["similar value exists: 'json'"],
    );
    assert_usage(
        &["check", "--color", "allways"],
        &["similar value exists: 'always'"],
    );
    assert_usage(
        &["completions", "bahs"],
        &["possible values: bash, elvish, fish, powershell, zsh"],
    );
}

#[test]
fn a_file_without_a_command_is_told_which_commands_there_are() {
    for file in ["build.json", "out/metadata", "-"] {
        let help =
            format!("help: `tagproof check {file}` looks, `tagproof fix {file}` also repairs");
        assert_usage(&[file], &[&help]);
    }
    assert_usage(
        &["--tag", "r.io/app:1"],
        &["help: `tagproof check --tag …` looks, `tagproof fix --tag …` also repairs"],
    );
}

#[test]
fn values_that_are_none_are_told_with_one_that_is() {
    for flag in ["--settle", "--settle-timeout", "--timeout"] {
        for value in ["x", "-1", "1e99", "nan", "86401", ""] {
            let help = "write a number of seconds, at most a day, such as `20` or `0.5`";
            assert_usage(&["check", "b.json", flag, value], &[flag, help]);
        }
    }
    for value in ["0", "33", "-1", "x"] {
        assert_usage(
            &["check", "b.json", "--concurrency", value],
            &["--concurrency", value],
        );
    }
    assert_usage(
        &["check", "--tag", "a:1", "--digest", "sha256:12"],
        &["64 digits"],
    );
    assert_usage(&["check", "--digest", "12"], &["--digest"]);
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    assert_usage(
        &["check", "b.json", "-q", "-v"],
        &["'--quiet' cannot be used with '--verbose'"],
    );
    assert_usage(
        &["check", "b.json", "--username", "u"],
        &["--password-stdin"],
    );
    assert_usage(&["check", "b.json", "--registry", "r.io"], &["--username"]);
}

#[test]
fn a_completion_script_is_there_for_each_shell() {
    for (shell, part) in [
        ("bash", "complete -F _tagproof"),
        ("zsh", "#compdef tagproof"),
        ("fish", "complete -c tagproof"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "edit:completion"),
    ] {
        let ran = run(&["completions", shell]);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
        assert!(ran.stdout.contains(part), "{shell}");
        assert!(ran.stdout.contains("settle-timeout"), "{shell}");
    }
}

#[test]
fn explain_lists_the_codes_and_tells_of_one() {
    let all = run(&["explain"]);
    assert_eq!(all.code, Some(0));
    for code in [
        "ok",
        "child",
        "never-pushed",
        "double-push",
        "already-right",
    ] {
        assert!(all.stdout.contains(code), "{}", all.stdout);
        let one = run(&["explain", code]);
        assert_eq!((one.code, one.stderr.as_str()), (Some(0), ""));
        assert!(one.stdout.contains(code), "{}", one.stdout);
    }
}

#[test]
fn a_code_that_is_misspelled_is_suggested() {
    assert_usage(
        &["explain", "chil"],
        &["no code `chil`", "did you mean `tagproof explain child`?"],
    );
    assert_usage(
        &["explain", "zzzzzzz"],
        &["`tagproof explain` lists them all"],
    );
}
