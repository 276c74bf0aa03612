use super::*;
use crate::report::tests::samples;

#[test]
fn under_a_pull_request_nothing_pushed_is_explained_by_it() {
    let line = "if: github.event_name != 'pull_request'";
    let helps = |event: &str, mut report: Report| {
        let event = ("GITHUB_EVENT_NAME".to_owned(), event.to_owned());
        let step = StepInputs::read(&Environment::new([event]));
        let step = step.unwrap_or_else(|problem| panic!("{problem}"));
        hint(&step, &mut report);
        let problem = report.problem.and_then(|problem| problem.help);
        let tags = report.tags.into_iter().flat_map(|tag| tag.help);
        let all: Vec<String> = problem.into_iter().chain(tags).collect();
        all.iter().any(|help| help.contains(line))
    };
    assert!(helps("pull_request", samples::nothing()));
    assert!(helps("pull_request_target", samples::never_pushed()));
    assert!(!helps("push", samples::never_pushed()));
    assert!(!helps("pull_request", samples::mixed()));
    assert!(!helps("pull_request", samples::invalid()));
}

#[test]
fn the_summary_is_for_problems_where_that_is_asked_for() {
    assert!(wants(Summary::Always, &samples::all_right()));
    assert!(!wants(Summary::Problems, &samples::all_right()));
    assert!(wants(Summary::Problems, &samples::mixed()));
    assert!(!wants(Summary::Never, &samples::mixed()));
}

#[test]
fn a_complaint_about_a_flag_names_the_input() {
    let problem = |name: &str, value: &str| {
        let input = (format!("INPUT_{name}"), value.to_owned());
        let step = StepInputs::read(&Environment::new([input]));
        parsed(&step.unwrap_or_else(|problem| panic!("{problem}"))).unwrap_err()
    };
    for (name, value, message, help) in [
        (
            "SETTLE",
            "x",
            "invalid value 'x' for the input `settle`: write a number of seconds, at most a day, such as `20` or `0.5`",
            "docs/github.md lists the inputs and what they take",
        ),
        (
            "ON-OTHER",
            "fial",
            "invalid value 'fial' for the input `on-other`",
            "[possible values: fail, fix, warn]; tip: a similar value exists: 'fail'",
        ),
        (
            "PLAIN-HTTP",
            "a b",
            "invalid value 'a b' for the input `plain-http`: it is not the name of a registry",
            "docs/github.md lists the inputs and what they take",
        ),
    ] {
        assert_eq!(problem(name, value), Problem::invalid(message, help));
    }
}
