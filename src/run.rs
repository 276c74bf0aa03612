//! The run: inputs to builds to expectations to looks to verdicts to repairs to the report, and the exit code.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::{self, Action, FileFormat, Format, Options};
use crate::clock::Clock;
use crate::environment::Environment;
use crate::expectation::{self, Claim, Expectation};
use crate::finding::Finding;
use crate::metadata::{self, Build, MAX_METADATA};
use crate::note::{self, Note};
use crate::observe::{self, Looks, Memory, Phase};
use crate::oci::Host;
use crate::problem::Problem;
use crate::registry::{Client, Logins, Settings, Sources};
use crate::report::{self, Mode, Report, paint, terminal};
use crate::screen::{Fold, Screen};
use crate::{apply, files, plan, step as github, verdict};

mod step;

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
    let screen = Screen::new(
        stderr,
        Fold::of(&environment),
        stderr_is_terminal && !options.quiet && !options.verbose,
    );
    let refused =
        |(format, path): &(FileFormat, PathBuf)| files::refuse_as_output(format.flag(), path);
    if let Some(problem) = options.files_out.iter().find_map(refused) {
        screen.line(&format!("error: {problem}\n{}", help_line(&problem)));
        return 2;
    }
    let around = Around {
        environment: &environment,
        clock,
        screen: &screen,
        token: None,
    };
    let report = report(&around, stdin, options);
    let color = paint::wanted(options.color, stdout_is_terminal, &environment);
    let text = match options.format {
        Format::Json => report::json::render(&report),
        Format::Auto | Format::Terminal => {
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
    match write_files(&report, options, &screen) {
        false if report.exit_code == 0 => 2,
        _ => report.exit_code,
    }
}

/// Writes the report to the files that were asked for; whether all of them could be written.
fn write_files(report: &Report, options: &Options, screen: &Screen<'_>) -> bool {
    let mut all = true;
    for (format, path) in &options.files_out {
        let text = match format {
            FileFormat::Json => report::json::render(report),
            FileFormat::Junit => report::junit::render(report),
            FileFormat::Markdown => report::markdown::render(report),
            FileFormat::Dotenv => {
                let dotenv = report::dotenv::render(report);
                if !dotenv.left_out.is_empty() {
                    screen.line(&format!(
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
            screen.line(&format!(
                "error: failed to write `{}`: {error}\nhelp: give `{}` a file that can be written",
                path.display(),
                format.flag()
            ));
            all = false;
        }
    }
    all
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
    screen: &'a Screen<'s>,
    /// The login that a GitHub job has for GitHub's registry.
    token: Option<(String, String)>,
}

/// The report of a run, whatever came of it.
fn report(around: &Around<'_, '_>, stdin: &mut dyn Read, options: &Options) -> Report {
    let proved = prove(around, stdin, options);
    around.screen.finish(around.clock.unix_time());
    proved.unwrap_or_else(|problem| Report::of_problem(options.mode, problem, options.soften))
}

/// Everything between the inputs and the report.
fn prove(
    around: &Around<'_, '_>,
    stdin: &mut dyn Read,
    options: &Options,
) -> Result<Report, Problem> {
    let Around { clock, screen, .. } = *around;
    let asked = options.asked.clone()?;
    let mut stdin = files::StdinOnce::new(stdin);
    let builds = builds(options, &mut stdin)?;
    let (expectations, mut notes) = expectation::expect(&builds, &asked)?;
    let log = |line: &str| {
        if options.verbose {
            screen.log(line, clock.unix_time());
        }
    };
    let client = client(around, &mut stdin, options, &expectations, &log)?;

    let looks = Looks {
        settle: options.settle,
        settle_timeout: options.settle_timeout,
        deep: options.deep,
        deadline: options.timeout,
    };
    let mut memory = Memory::default();
    let waiting = |tags: usize, left: Duration| screen.waiting(tags, left);
    let asked: Vec<&Expectation> = expectations.iter().collect();
    let seen = observe::observe(
        &asked,
        Phase::Before,
        looks,
        &mut memory,
        &client,
        clock,
        &waiting,
    );
    let mut findings: Vec<Finding> = expectations
        .into_iter()
        .zip(seen)
        .map(|(expectation, (sight, verdict))| Finding {
            expectation,
            sight,
            verdict,
            outcome: None,
        })
        .filter(|it| {
            it.expectation.claim != Claim::Implied || verdict::concerns(&it.expectation, &it.sight)
        })
        .collect();

    if options.set_aside_unpushed {
        notes.extend(github::set_aside(&mut findings));
    }
    if options.mode == Mode::Fix {
        let plan = plan::plan(&findings, options.move_other);
        let outcomes = apply::apply(&plan, looks, &mut memory, &client, clock, &waiting);
        let done: Vec<_> = plan.iter().map(|step| step.index).zip(outcomes).collect();
        for (index, outcome) in done {
            if let Some(finding) = findings.get_mut(index) {
                finding.outcome = Some(outcome);
            }
        }
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
        options.soften,
        &options.reach(),
    );
    Ok(Report {
        requests: requests.total,
        pulls: requests.pulls,
        ..report
    })
}

fn builds(options: &Options, stdin: &mut files::StdinOnce<'_>) -> Result<Vec<Build>, Problem> {
    let mut builds = Vec::new();
    for path in &options.files {
        let (source, text) = match path == Path::new("-") {
            true => (
                "standard input".to_owned(),
                stdin.read("metadata `-`", MAX_METADATA)?,
            ),
            false => (
                path.display().to_string(),
                files::read_metadata(path, MAX_METADATA)?,
            ),
        };
        builds.extend(metadata::parse(&source, &text)?);
    }
    for text in &options.metadata {
        builds.extend(metadata::parse("--metadata", text.as_bytes())?);
    }
    Ok(builds)
}

fn client<'a>(
    around: &Around<'a, '_>,
    stdin: &mut files::StdinOnce<'_>,
    options: &Options,
    expectations: &[Expectation],
    log: &'a (dyn Fn(&str) + Sync),
) -> Result<Client<'a>, Problem> {
    let explicit = match &options.login {
        None => None,
        Some((host, username)) => {
            let host = match host {
                Some(host) => host.clone(),
                None => only_host(expectations)?,
            };
            let password = stdin.read_line_of("`--password-stdin`", 64 * 1024)?;
            Some((host, username.clone(), password))
        }
    };
    let ca_file = match &options.ca_file {
        None => None,
        Some(path) => Some(files::read(
            path,
            4 * 1024 * 1024,
            "give a file with PEM certificates",
        )?),
    };
    let sources = Sources {
        environment: around.environment.clone(),
        explicit,
        registry_config: options.registry_config.clone(),
        token: around.token.clone(),
        write: options.mode == Mode::Fix,
    };
    let logins = Logins::new(sources).map_err(|cause| {
        Problem::invalid(
            cause,
            "give `--registry-config` a file like Docker's `config.json`",
        )
    })?;
    let settings = Settings {
        write: options.mode == Mode::Fix,
        plain_http: options
            .plain_http
            .iter()
            .cloned()
            .collect::<BTreeSet<Host>>(),
        ca_file,
        environment: around.environment.clone(),
        concurrency: options.concurrency,
        deadline: options.timeout,
    };
    Client::new(settings, logins, around.clock, log)
        .map_err(|cause| Problem::invalid(cause, "`tagproof check --help` shows the flags"))
}

/// The one registry that `--username` can be for.
fn only_host(expectations: &[Expectation]) -> Result<Host, Problem> {
    let hosts: BTreeSet<&Host> = expectations.iter().map(|it| it.repository.host()).collect();
    let mut hosts = hosts.into_iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => Ok(host.clone()),
        (first, second) => {
            let named: Vec<String> = first
                .into_iter()
                .chain(second)
                .chain(hosts)
                .map(|host| format!("`--registry {host}`"))
                .collect();
            Err(Problem::invalid(
                "`--username` without `--registry`, and several registries at hand",
                format!("say whose login it is: {}", named.join(" or ")),
            ))
        }
    }
}
