//! The run: inputs to builds to expectations to looks to verdicts to repairs to the report, and the exit code.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use crate::cli::{self, Action, Format, Options};
use crate::clock::Clock;
use crate::environment::Environment;
use crate::expectation::{self, Claim, Expectation};
use crate::finding::Finding;
use crate::metadata::{self, Build, MAX_METADATA};
use crate::note::{self, Note};
use crate::observe::{self, Looks, Memory, Phase};
use crate::oci::Host;
use crate::policy::{PLACES, Policy};
use crate::problem::{Problem, ProblemKind};
use crate::registry::{Client, Logins, Settings, Sources};
use crate::report::{self, Mode, Report, paint, terminal};
use crate::verdict;
use crate::{apply, files, inputs, plan};

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
    pub stdout: &'a mut dyn Write,
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
    let screen = Screen {
        stderr: Mutex::new(stderr),
        progress: stderr_is_terminal && !options.quiet && !options.verbose,
    };
    if let Some(problem) = options.report.as_deref().and_then(files::refuse_as_output) {
        screen.line(&format!("error: {problem}\n{}", help_line(&problem)));
        return 2;
    }
    let report = match prove(&environment, stdin, clock, options, &screen) {
        Ok(report) => report,
        Err(problem) => Report::of_problem(options.mode, problem, options.soften),
    };
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
    screen.clear();
    let _ = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    if let Some(path) = &options.report
        && let Err(error) = files::write_whole(path, report::json::render(&report).as_bytes())
    {
        screen.line(&format!(
            "error: failed to write `{}`: {error}\nhelp: give `--report` a file that can be written",
            path.display()
        ));
        return 2;
    }
    report.exit_code
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

/// Everything between the inputs and the report.
fn prove(
    environment: &Environment,
    stdin: &mut dyn Read,
    clock: &dyn Clock,
    options: &Options,
    screen: &Screen<'_>,
) -> Result<Report, Problem> {
    let asked = options.asked.clone()?;
    let mut stdin = files::StdinOnce::new(stdin);
    let builds = builds(options, &mut stdin)?;
    let (mut expectations, mut notes) = expectation::expect(&builds, &asked)?;
    let policy = inputs::policy(options.policy.as_deref())?
        .unwrap_or_default()
        .1;
    if options.use_rules {
        policy.rule(&mut expectations, &asked)?;
    }
    let log = |line: &str| {
        if options.verbose {
            screen.line(line);
        }
    };
    let hosts: BTreeSet<&Host> = expectations.iter().map(|it| it.repository.host()).collect();
    let settle = options
        .settle
        .unwrap_or_else(|| policy.settle(&hosts, SETTLE));
    let client = client(
        environment,
        &mut stdin,
        clock,
        options,
        &policy,
        &expectations,
        &log,
    )?;

    let looks = Looks {
        settle,
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

    if options.mode == Mode::Fix {
        let plan = plan::plan(&findings);
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
    let report = Report::of(options.mode, &findings, notes, options.soften);
    Ok(Report {
        requests: requests.total,
        pulls: requests.pulls,
        ..report
    })
}

fn builds(options: &Options, stdin: &mut files::StdinOnce<'_>) -> Result<Vec<Build>, Problem> {
    let mut builds = Vec::new();
    // What is missing from a file without builds, a definition says.
    let parse = |source: &str, text: &[u8]| match metadata::parse(source, text) {
        Err(problem) if problem.kind == ProblemKind::Nothing && options.definition.is_some() => {
            Ok(Vec::new())
        }
        builds => builds,
    };
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
        builds.extend(parse(&source, &text)?);
    }
    for text in &options.metadata {
        builds.extend(parse("--metadata", text.as_bytes())?);
    }
    match &options.definition {
        None => Ok(builds),
        Some(_) if options.files.is_empty() && options.metadata.is_empty() => {
            Err(Problem::invalid(
                "`--definition` without metadata: it says what was asked for, not what was built",
                "give the metadata file of the bake, too: `tagproof check bake.json --definition FILE`",
            ))
        }
        Some(path) => inputs::definition(path, stdin)?.complete(builds, options.group.as_deref()),
    }
}

fn client<'a>(
    environment: &Environment,
    stdin: &mut files::StdinOnce<'_>,
    clock: &'a dyn Clock,
    options: &Options,
    policy: &Policy,
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
    let mut ca_files = BTreeMap::new();
    for (host, path) in policy.ca_files() {
        let help = format!("the policy names it for `{host}`, relative to the working directory");
        ca_files.insert(host.clone(), files::read(path, 4 * 1024 * 1024, &help)?);
    }
    let sources = Sources {
        environment: environment.clone(),
        explicit,
        registry_config: options.registry_config.clone(),
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
            .chain(policy.plain_http())
            .cloned()
            .collect::<BTreeSet<Host>>(),
        ca_file,
        ca_files,
        environment: environment.clone(),
        concurrency: options.concurrency,
        deadline: options.timeout,
    };
    Client::new(settings, logins, clock, log)
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

/// Standard error while the run goes on: log lines, and one line of progress on a terminal.
struct Screen<'a> {
    stderr: Mutex<&'a mut (dyn Write + Send)>,
    progress: bool,
}

impl Screen<'_> {
    fn line(&self, line: &str) {
        self.write(&format!("{line}\n"));
    }

    fn waiting(&self, tags: usize, left: Duration) {
        if self.progress {
            let tags = if tags == 1 {
                "1 tag".to_owned()
            } else {
                format!("{tags} tags")
            };
            self.write(&format!(
                "\r\x1b[Kwaiting for {tags} to settle, at most {:.0} s more",
                left.as_secs_f64().ceil()
            ));
        }
    }

    /// Takes the line of progress away.
    fn clear(&self) {
        if self.progress {
            self.write("\r\x1b[K");
        }
    }

    fn write(&self, text: &str) {
        if let Ok(mut stderr) = self.stderr.lock() {
            // A reader that went away does not stop the run.
            let _ = stderr
                .write_all(text.as_bytes())
                .and_then(|()| stderr.flush());
        }
    }
}
