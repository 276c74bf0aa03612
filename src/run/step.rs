//! The run of a step of GitHub Actions: inputs to a run, its report to where the runner looks.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::path::Path;

use super::context::{Process, RunContext};
use super::files_out::{refused_file, write_files};
use super::prove::report;
use crate::ci::github::{self as ci, BUILDS_OF_A_JOB, StepInputs, Summary};
use crate::cli::{self, Action, BadValue, Options};
use crate::console::Console;
use crate::environment::Environment;
use crate::files;
use crate::problem::{Problem, ProblemKind};
use crate::report::{self as render, Mode, Report, Status, Tolerate, github, paint, terminal};
use crate::text::clean;
use crate::verdict;

/// What a workflow says to leave a step out where most workflows do not push.
const NOT_ON_PULL_REQUESTS: &str = "if: github.event_name != 'pull_request'";

/// Where it says what inputs take.
const INPUTS_HELP: &str = "docs/github.md lists the inputs and what they take";

/// Does the step, and gives the exit code. All it says goes to standard output, in its order.
pub(super) fn run(process: Process<'_>) -> u8 {
    let Process {
        args: _,
        environment,
        stdin: _,
        stdout,
        stderr: _,
        stdout_is_terminal,
        stderr_is_terminal: _,
        width,
        clock,
    } = process;
    let step = StepInputs::read(&environment);
    let console = Console::new(stdout, Some(ci::GROUPING), false);
    for mask in step.iter().flat_map(StepInputs::masks) {
        console.line(&mask);
    }
    let read = step.as_ref().map_err(Clone::clone);
    let mut asked = read.and_then(|step| Ok((step, parsed(step)?)));
    let mut report = match &mut asked {
        Ok((step, options)) => match what(step, options, &environment, &console) {
            Ok(()) => {
                let context = RunContext {
                    environment: &environment,
                    clock,
                    console: &console,
                    token: step.token.clone(),
                };
                let mut password = step.password.as_deref().unwrap_or_default().as_bytes();
                report(&context, &mut password, options)
            }
            Err(problem) => Report::from_problem(options.mode, problem, options.tolerate()),
        },
        Err(problem) => Report::from_problem(Mode::Fix, problem.clone(), Tolerate::default()),
    };
    if let Ok(step) = &step {
        hint(step, &mut report);
    }
    let style = terminal::Style {
        color: paint::wanted(paint::ColorChoice::Auto, stdout_is_terminal, &environment),
        width: width.unwrap_or(0),
        quiet: false,
        elapsed: clock.now(),
    };
    console.line(terminal::render(&report, &style).trim_end());
    let written = match &asked {
        Ok((_, options)) => write_files(&report, options, &console),
        Err(_) => true,
    };
    let report_file = match (&step, written) {
        (Ok(step), true) => step.report_file.clone(),
        _ => None,
    };
    let published = publish(
        &report,
        step.as_ref().ok(),
        report_file,
        &environment,
        &console,
    );
    match written && published {
        false if report.exit_code == 0 => 2,
        _ => report.exit_code,
    }
}

/// The options that a step's inputs stand for.
fn parsed(step: &StepInputs) -> Result<Box<Options>, Problem> {
    let options = match cli::parse(&step.args) {
        Action::Run(options) => options,
        Action::Refuse {
            value: Some(value), ..
        } => return Err(input_problem(&value)),
        Action::Refuse { value: None, .. }
        | Action::Print(_)
        | Action::Step
        | Action::CheckPolicy(_) => {
            return Err(Problem::invalid("failed to read the inputs", INPUTS_HELP));
        }
    };
    match refused_file(&options) {
        Some(problem) => Err(problem),
        None => Ok(options),
    }
}

/// The problem with the value of a flag that an input stands for.
fn input_problem(bad: &BadValue) -> Problem {
    let input = ci::input_of(&bad.flag).unwrap_or(&bad.flag);
    let cause = bad.cause.iter().map(|cause| format!(": {cause}"));
    let possible = bad.possible.join(", ");
    let possible = (!possible.is_empty()).then(|| format!("[possible values: {possible}]"));
    let suggested = bad.suggested.iter();
    let suggested = suggested.map(|it| format!("tip: a similar value exists: '{it}'"));
    let help: Vec<String> = possible.into_iter().chain(suggested).collect();
    Problem::invalid(
        format!(
            "invalid value '{}' for the input `{input}`{}",
            bad.value,
            cause.collect::<String>()
        ),
        match help.is_empty() {
            true => INPUTS_HELP.to_owned(),
            false => help.join("; "),
        },
    )
}

/// Finds what is to be checked.
fn what(
    step: &StepInputs,
    options: &mut Options,
    environment: &Environment,
    console: &Console<'_>,
) -> Result<(), Problem> {
    options.verbose |= environment.get("RUNNER_DEBUG") == Some("1");
    for pattern in &step.files {
        let found = files::matching(Path::new(""), &[pattern])?;
        if found.is_empty() {
            return Err(Problem::invalid(
                format!(
                    "found no file that is called like `{pattern}`, which the input `metadata-file` names"
                ),
                "name the file that `docker buildx build --metadata-file FILE` wrote; it writes none when the build fails",
            ));
        }
        options.files.extend(found);
    }
    if let Some(merge) = &mut options.merge {
        merge.tags_of_the_job.clone_from(&step.tags_of_the_job);
    }
    match step.all_builds {
        true => all_builds(options, step, environment, console),
        false => Ok(()),
    }
}

/// Checks every build of the job, the oldest first.
fn all_builds(
    options: &mut Options,
    step: &StepInputs,
    environment: &Environment,
    console: &Console<'_>,
) -> Result<(), Problem> {
    let found = match environment.get("RUNNER_TEMP") {
        Some(temp) => files::matching(Path::new(temp), &BUILDS_OF_A_JOB)?,
        None => Vec::new(),
    };
    if found.is_empty() {
        return Err(ci::no_builds());
    }
    console
        .line("no input says what to check, so it is what this job has built, the oldest first:");
    for file in &found {
        console.line(&format!("  {}", clean(&file.to_string_lossy(), 400)));
    }
    options.files = found;
    options.set_aside_unpushed = !step.unpushed_fails;
    options.later_wins = true;
    Ok(())
}

/// Writes annotations, outputs and the job summary; whether all could be written.
fn publish(
    report: &Report,
    step: Option<&StepInputs>,
    report_file: Option<String>,
    environment: &Environment,
    console: &Console<'_>,
) -> bool {
    let append = |variable: &str, text: &str| match environment.get(variable) {
        None => true,
        Some(path) => match files::append(Path::new(path), text) {
            Ok(()) => true,
            Err(error) => {
                console.line(&format!("error: failed to write `${variable}`: {error}"));
                false
            }
        },
    };
    let summary = environment.get("GITHUB_STEP_SUMMARY").is_some()
        && step.is_none_or(|step| wants(step.summary, report));
    if step.is_none_or(|step| step.annotations) {
        let annotations = github::annotations(report, summary);
        if !annotations.is_empty() {
            console.line(annotations.trim_end());
        }
    }
    let mut outputs = github::outputs(report);
    if !outputs.left_out.is_empty() {
        console.line(&format!(
            "warning: left out, as they are too long for outputs: {}\nhelp: the file that `report-file` names has everything",
            outputs.left_out.join(", ")
        ));
    }
    outputs
        .pairs
        .push(("report-file", report_file.unwrap_or_default()));
    let outputs = append("GITHUB_OUTPUT", &github::file(&outputs.pairs, &delimiter()));
    let summary = !summary || append("GITHUB_STEP_SUMMARY", &render::markdown::render(report));
    outputs && summary
}

/// A text that nobody can guess: the keys of the standard library's maps are random.
fn delimiter() -> String {
    format!(
        "tagproof_{:016x}{:016x}",
        RandomState::new().build_hasher().finish(),
        RandomState::new().build_hasher().finish()
    )
}

/// Whether a report like this one is to be summed up.
fn wants(summary: Summary, report: &Report) -> bool {
    match summary {
        Summary::Always => true,
        Summary::Problems => report.status != Status::Ok,
        Summary::Never => false,
    }
}

/// Adds the most frequent cause to a report of nothing pushed: that the workflow does not push on
/// pull requests.
fn hint(step: &StepInputs, report: &mut Report) {
    if !step.is_pull_request {
        return;
    }
    let hint = format!(
        "a workflow that pushes nothing on pull requests leaves this step out there: `{NOT_ON_PULL_REQUESTS}`"
    );
    if let Some(problem) = &mut report.problem
        && problem.kind == ProblemKind::Nothing
    {
        problem.help = Some(hint);
        return;
    }
    let unpushed = |code| code == verdict::Code::NeverPushed;
    if report.tags.iter().all(|tag| unpushed(tag.verdict)) {
        for tag in &mut report.tags {
            tag.help.insert(0, hint.clone());
        }
    }
}

#[cfg(test)]
mod tests;
