//! The run: inputs to builds to expectations to looks to verdicts to repairs to the report, and the exit code.

mod client;
mod inputs;
mod step;
mod unpushed;

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

use crate::cli::{self, Action, FileFormat, Format, Options};
use crate::clock::Clock;
use crate::console::Console;
use crate::engine::{self, Ports};
use crate::environment::Environment;
use crate::expectation;
use crate::note::{self, Note};
use crate::observe::{Event, Looks, Memory};
use crate::policy::PLACES;
use crate::problem::Problem;
use crate::report::{self, Mode, Report, paint, terminal};
use crate::{ci, files};

use client::{client, hosts};
use inputs::{builds, named};

/// How far apart two agreeing looks are, where nobody says otherwise.
const SETTLE: Duration = Duration::from_secs(2);

/// What the process gives to a run. The library touches nothing of the process by itself.
pub struct Process<'a> {
    /// The arguments, the program's name first.
    pub args: Vec<OsString>,
    /// The environment.
    pub environment: Environment,
    /// Standard input.
    pub stdin: &'a mut dyn Read,
    /// Standard output.
    pub stdout: &'a mut (dyn Write + Send),
    /// Standard error.
    pub stderr: &'a mut (dyn Write + Send),
    /// Whether standard output is a terminal.
    pub stdout_is_terminal: bool,
    /// Whether standard error is a terminal.
    pub stderr_is_terminal: bool,
    /// How many columns the terminal has; `None` if there is none.
    pub width: Option<usize>,
    /// The clock.
    pub clock: &'a dyn Clock,
}

/// Does what the arguments say, and gives the exit code.
///
/// A reader that goes away (a closed pipe) changes nothing about what is done or the exit code.
pub fn run(process: Process<'_>) -> u8 {
    match cli::parse(&process.args) {
        Action::Run(options) => check(process, &options),
        Action::CheckPolicy(file) => check_policy(process, file.as_deref()),
        Action::Step => step::run(process),
        Action::Print {
            text,
            to_stderr,
            code,
        } => {
            let _ = match to_stderr {
                true => process.stderr.write_all(text.as_bytes()),
                false => process.stdout.write_all(text.as_bytes()),
            };
            code
        }
        Action::Completions(script) => {
            let _ = process.stdout.write_all(&script);
            0
        }
    }
}

fn check(process: Process<'_>, options: &Options) -> u8 {
    let Process {
        args: _,
        environment,
        stdin,
        stdout,
        stderr,
        stdout_is_terminal,
        stderr_is_terminal,
        width,
        clock,
    } = process;
    let console = Console::new(
        stderr,
        ci::log_grouping(&environment),
        stderr_is_terminal && !options.quiet && !options.verbose,
    );
    if let Some(problem) = refused_file(options) {
        console.line(&format!("error: {problem}\n{}", help_line(&problem)));
        return 2;
    }
    let around = Around {
        environment: &environment,
        clock,
        console: &console,
        token: None,
    };
    let report = report(&around, stdin, options);
    let color = paint::wanted(options.color, stdout_is_terminal, &environment);
    let text = match options.format {
        Format::Json => report::json::render(&report),
        Format::Terminal => {
            let look = terminal::Look {
                color,
                width: width.unwrap_or(0),
                quiet: options.quiet,
                elapsed: clock.now(),
            };
            terminal::render(&report, &look)
        }
    };
    let _ = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match write_files(&report, options, &console) {
        false if report.exit_code == 0 => 2,
        _ => report.exit_code,
    }
}

/// The problem with a file that the report must not go to.
fn refused_file(options: &Options) -> Option<Problem> {
    let refused =
        |(format, path): (FileFormat, &Path)| files::refuse_as_output(format.flag(), path);
    options.files_out().find_map(refused)
}

/// Writes the report to the files that were asked for; whether all of them could be written.
fn write_files(report: &Report, options: &Options, console: &Console<'_>) -> bool {
    let mut all = true;
    for (format, path) in options.files_out() {
        let text = match format {
            FileFormat::Json => report::json::render(report),
            FileFormat::Junit => report::junit::render(report),
            FileFormat::Markdown => report::markdown::render(report),
            FileFormat::Dotenv => {
                let dotenv = report::dotenv::render(report);
                if !dotenv.left_out.is_empty() {
                    console.line(&format!(
                        "warning: left out of `{}`, which may hold {} variables and {} bytes: {}",
                        path.display(),
                        report::dotenv::MAX_VARIABLES,
                        report::dotenv::MAX_BYTES,
                        dotenv.left_out.join(", ")
                    ));
                }
                dotenv.text
            }
        };
        if let Err(error) = files::write_whole(path, text.as_bytes()) {
            console.line(&format!(
                "error: failed to write `{}`: {error}\nhelp: give `{}` a file that can be written",
                path.display(),
                format.flag()
            ));
            all = false;
        }
    }
    all
}

fn check_policy(process: Process<'_>, file: Option<&Path>) -> u8 {
    let none = || {
        Problem::invalid(
            format!("no policy here: neither `{}`", PLACES.join("` nor `")),
            "name the file: `tagproof policy check FILE`; docs/policy.md has one to start with",
        )
    };
    match inputs::policy(file).and_then(|found| found.ok_or_else(none)) {
        Ok((source, policy)) => {
            let _ = process.stdout.write_all(policy.show(&source).as_bytes());
            0
        }
        Err(problem) => {
            let text = format!("error: {problem}\n{}\n", help_line(&problem));
            let _ = process.stderr.write_all(text.as_bytes());
            2
        }
    }
}

fn help_line(problem: &Problem) -> String {
    problem
        .help
        .as_ref()
        .map(|help| format!("help: {help}"))
        .unwrap_or_default()
}

/// What a run works with, beside what it is asked for.
struct Around<'a, 's> {
    environment: &'a Environment,
    clock: &'a dyn Clock,
    console: &'a Console<'s>,
    /// The login that a GitHub job has for GitHub's registry.
    token: Option<(String, String)>,
}

/// The report of a run, whatever came of it.
fn report(around: &Around<'_, '_>, stdin: &mut dyn Read, options: &Options) -> Report {
    let proved = prove(around, stdin, options);
    around.console.finish(around.clock.unix_time());
    proved.unwrap_or_else(|problem| Report::of_problem(options.mode, problem, options.tolerate()))
}

/// Everything between the inputs and the report.
fn prove(
    around: &Around<'_, '_>,
    stdin: &mut dyn Read,
    options: &Options,
) -> Result<Report, Problem> {
    let Around { clock, console, .. } = *around;
    let login = options.login()?;
    let asked = options.asked()?;
    let mut stdin = files::StdinOnce::new(stdin);
    let builds = builds(options, &mut stdin)?;
    let log = |line: &str| {
        if options.verbose {
            console.log(line, clock.unix_time());
        }
    };
    builds.iter().filter_map(named).for_each(|line| log(&line));
    let (mut expectations, mut notes) = expectation::expect(&builds, &asked)?;
    let policy = inputs::policy(options.policy.as_deref())?
        .unwrap_or_default()
        .1;
    if !options.no_policy {
        policy.rule(&mut expectations, &asked)?;
    }
    let settle = options
        .settle
        .unwrap_or_else(|| policy.settle(&hosts(&expectations), SETTLE));
    let explicit = client::explicit(login, &expectations, &mut stdin)?;
    let client = client(around, explicit, options, &policy, &log)?;

    let looks = Looks {
        settle,
        settle_timeout: options.settle_timeout,
        deep: options.deep,
        deadline: options.timeout,
    };
    let tell = |event: Event<'_>| match event {
        Event::Waiting { tags, left } => console.waiting(tags, left),
        // If the run is killed now, nothing else names it.
        Event::Leaving { reference, left } if !options.quiet => {
            let (last, listed) = left
                .split_last()
                .map_or((None, left), |(it, rest)| (Some(it), rest));
            for line in last
                .iter()
                .map(|it| format!("moving {reference} off {it}"))
                .chain(listed.iter().map(|it| format!("  which lists {it}")))
            {
                console.log(&line, clock.unix_time());
            }
        }
        Event::Leaving { .. } => {}
    };
    let mut ports = Ports {
        registry: &client,
        clock,
        tell: &tell,
        memory: Memory::default(),
    };
    let mut findings = engine::look(expectations, looks, &mut ports);
    if options.set_aside_unpushed {
        notes.extend(unpushed::set_aside(&mut findings));
    }
    if options.mode == Mode::Fix {
        engine::repair(&mut findings, looks, &mut ports);
    }
    notes.extend(client.warnings().into_iter().map(|(host, text)| Note {
        code: note::Code::RegistryWarning,
        message: format!("{host} says: {text}"),
        help: "ask the registry's operator, or read its documentation".to_owned(),
    }));
    let requests = client.requests();
    let report = Report::of(
        options.mode,
        &findings,
        notes,
        options.tolerate(),
        &options.reach(),
    );
    Ok(Report {
        requests: requests.total,
        pulls: requests.pulls,
        ..report
    })
}
