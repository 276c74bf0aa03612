//! The run: what each command does with the process, and its exit code.

mod back;
mod client;
mod context;
mod files_out;
mod inputs;
mod merge;
mod prove;
mod step;
mod unpushed;

use std::path::Path;

use crate::ci;
use crate::cli::{self, Action, Options};
use crate::console::Console;
use crate::policy::PLACES;
use crate::problem::Problem;
use crate::report::{paint, terminal};

use context::RunContext;
use files_out::{refused_file, write_files};
use prove::report;

pub use context::Process;

/// Does what the arguments say, and gives the exit code.
///
/// A reader that goes away (a closed pipe) changes nothing about what is done or the exit code.
pub fn run(process: Process<'_>) -> u8 {
    match cli::parse(&process.args) {
        Action::Run(options) => check(process, &options),
        Action::CheckPolicy(file) => check_policy(process, file.as_deref()),
        Action::Step => step::run(process),
        Action::Print(text) => {
            let _ = process.stdout.write_all(text.as_bytes());
            0
        }
        Action::Refuse { text, value: _ } => {
            let _ = process.stderr.write_all(text.as_bytes());
            2
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
    let context = RunContext {
        environment: &environment,
        clock,
        console: &console,
        token: None,
    };
    let report = report(&context, stdin, options);
    let color = paint::wanted(options.color, stdout_is_terminal, &environment);
    let style = terminal::Style {
        color,
        width: width.unwrap_or(0),
        quiet: options.quiet,
        elapsed: clock.now(),
    };
    let text = (options.format.render)(&report, &style);
    let _ = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match write_files(&report, options, &console) {
        false if report.exit_code == 0 => 2,
        _ => report.exit_code,
    }
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
