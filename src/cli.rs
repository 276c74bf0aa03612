//! The command line: flags to options that are complete.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

mod mistakes;
mod options;

use options::options;

use crate::explain;
use crate::oci::{Digest, Host, registry};
use crate::report::Mode;

pub use options::{FileFormat, Options};

/// Proves that every tag a build pushed points at what the build made, and repairs it when it does not.
#[derive(Debug, Parser)]
#[command(
    name = "tagproof",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    subcommand_required = true
)]
#[command(after_help = "\
Right after a build:
  docker buildx build --push --metadata-file build.json -t registry.example.com/app:1.4 .
  tagproof fix build.json

Exit codes: 0 every tag is proven, 1 a tag is wrong, 2 the inputs are unusable,
3 something could not be checked and nothing is known to be wrong.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Look and judge; change nothing
    #[command(after_help = "\
Examples:
  tagproof check build.json
  tagproof check --tag ghcr.io/acme/app:1.4@sha256:3f2a… --platform linux/amd64,linux/arm64")]
    Check(RunArgs),
    /// Look, judge, repair what is safe to repair, look and judge again
    #[command(after_help = "\
Examples:
  tagproof fix build.json
  tagproof fix bake.json --target app --platform linux/amd64,linux/arm64 --report report.json")]
    Fix(RunArgs),
    /// Look at the policy file
    #[command(subcommand_required = true, arg_required_else_help = true)]
    Policy {
        #[command(subcommand)]
        command: PolicyCommand,
    },
    /// Say what a verdict, outcome or note means, why it happens and what to do
    #[command(after_help = "\
Examples:
  tagproof explain
  tagproof explain child")]
    Explain {
        /// The code, as it stands in a report; none: list them all
        code: Option<String>,
    },
    /// Do the step of a GitHub Action, whose inputs are in the environment
    #[command(hide = true)]
    Action,
    /// Print a completion script for a shell
    #[command(after_help = "\
Examples:
  tagproof completions bash > /etc/bash_completion.d/tagproof
  tagproof completions zsh > ~/.zfunc/_tagproof")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Read a policy file, and say what is understood of it
    #[command(after_help = "\
Examples:
  tagproof policy check
  tagproof policy check ci/tagproof.yml")]
    Check {
        /// The file; none: .tagproof.yml or .github/tagproof.yml in the working directory
        file: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)]
struct RunArgs {
    /// Files that buildx wrote with --metadata-file (build or bake); `-` is standard input
    #[arg(value_name = "METADATA")]
    files: Vec<PathBuf>,

    /// The metadata itself, instead of a file
    #[arg(long, value_name = "JSON", action = clap::ArgAction::Append, help_heading = "What to check")]
    metadata: Vec<String>,

    /// A tag to prove, instead of the names in the metadata; REF@DIGEST needs no metadata
    #[arg(long = "tag", value_name = "REF", help_heading = "What to check")]
    tags: Vec<String>,

    /// The digest that every --tag without one of its own should be
    #[arg(
        long,
        value_name = "DIGEST",
        requires = "tags",
        help_heading = "What to check"
    )]
    digest: Option<Digest>,

    /// Only this bake target (repeatable)
    #[arg(long = "target", value_name = "NAME", help_heading = "What to check")]
    targets: Vec<String>,

    /// What `docker buildx bake --print` printed: what was asked for; `-` is standard input
    #[arg(long, value_name = "FILE", help_heading = "What to check")]
    definition: Option<PathBuf>,

    /// Only this group of the definition
    #[arg(
        long,
        value_name = "NAME",
        requires = "definition",
        help_heading = "What to check"
    )]
    group: Option<String>,

    /// A platform the image must have, such as linux/arm64 (repeatable, or comma separated)
    #[arg(long = "platform", value_name = "P", help_heading = "What to check")]
    platforms: Vec<String>,

    /// Also ask for every child of the index, to find one that is gone
    #[arg(long, help_heading = "What to check")]
    deep: bool,

    /// What to do where a tag is something that is no part of this build; without it and a policy: fail
    #[arg(long, value_name = "WHAT", help_heading = "What to make of it")]
    on_other: Option<OnOther>,

    /// Do not put back another image that a registry forgets when --on-other fix moves its last tag
    #[arg(long, help_heading = "What to make of it")]
    no_restore: bool,

    /// What to do where something could not be checked
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "fail",
        help_heading = "What to make of it"
    )]
    on_unproven: OnFinding,

    /// What to do where an image was never pushed, or there is nothing to check
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "fail",
        help_heading = "What to make of it"
    )]
    on_unpushed: OnFinding,

    /// The policy file, instead of .tagproof.yml or .github/tagproof.yml in the working directory
    #[arg(long, value_name = "FILE", help_heading = "What to make of it")]
    policy: Option<PathBuf>,

    /// Judge by no rule of a policy file; what it says of registries still holds
    #[arg(long, help_heading = "What to make of it")]
    no_policy: bool,

    /// How far apart two looks must be that agree; 0: one look decides; without it and a policy: 2
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true, help_heading = "Time")]
    settle: Option<Duration>,

    /// How long a tag that is not right may take to come right
    #[arg(long, value_name = "SECONDS", default_value = "20", value_parser = seconds, allow_negative_numbers = true, help_heading = "Time")]
    settle_timeout: Duration,

    /// How long everything may take
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = seconds, allow_negative_numbers = true, help_heading = "Time")]
    timeout: Duration,

    /// The registry that --username is for, as docker login takes it; empty: Docker Hub
    #[arg(
        long,
        value_name = "HOST",
        requires = "username",
        help_heading = "Registry"
    )]
    registry: Option<String>,

    /// The user name for --registry, or for the only registry at hand
    #[arg(
        long,
        value_name = "U",
        requires = "password_stdin",
        help_heading = "Registry"
    )]
    username: Option<String>,

    /// Read the password for --username from standard input
    #[arg(long, requires = "username", help_heading = "Registry")]
    password_stdin: bool,

    /// A config file with logins, instead of Docker's and Podman's own
    #[arg(long, value_name = "FILE", help_heading = "Registry")]
    registry_config: Option<PathBuf>,

    /// Speak plain HTTP to this registry (repeatable); loopback names need no flag
    #[arg(long, value_name = "HOST", value_parser = host, help_heading = "Registry")]
    plain_http: Vec<Host>,

    /// Trust these certificates, too
    #[arg(long, value_name = "PEM", help_heading = "Registry")]
    ca_file: Option<PathBuf>,

    /// The most requests at once to one registry
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32), allow_negative_numbers = true, help_heading = "Registry")]
    concurrency: u8,

    /// How to show the report
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "auto",
        help_heading = "Output"
    )]
    format: Format,

    /// Also write the JSON report to this file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    report: Option<PathBuf>,

    /// Also write the report as JUnit XML to this file, a test case a tag
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    junit: Option<PathBuf>,

    /// Also write status, digest and pinned reference to this file, for GitLab's dotenv reports
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    dotenv: Option<PathBuf>,

    /// Also write a summary in Markdown to this file
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    markdown: Option<PathBuf>,

    /// Whether to use colors
    #[arg(long, value_name = "WHEN", default_value = "auto", value_parser = PossibleValuesParser::new(["auto", "always", "never"]), help_heading = "Output")]
    color: String,

    /// Show each build's name, and each request: method, URL, status and time
    #[arg(short, long, conflicts_with = "quiet", help_heading = "Output")]
    verbose: bool,

    /// Show only what needs attention
    #[arg(short, long, help_heading = "Output")]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OnOther {
    /// The run fails
    Fail,
    /// The tag is moved all the same
    Fix,
    /// The run does not fail for it
    Warn,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OnFinding {
    /// The run fails
    Fail,
    /// The run does not fail for it
    Warn,
}

/// How a report is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Auto,
    /// For people
    Terminal,
    /// The JSON report
    Json,
}

/// What the command line asks for.
#[derive(Debug)]
pub enum Action {
    /// Look at tags, and maybe repair them.
    Run(Box<Options>),
    /// Read this policy, or the one of the working directory, and say what is understood.
    CheckPolicy(Option<PathBuf>),
    /// Do the step of a GitHub Action.
    Step,
    /// Print this text and end with this exit code: help, an explanation, a usage error.
    Print {
        /// What to print.
        text: String,
        /// Whether it goes to standard error.
        to_stderr: bool,
        /// The exit code.
        code: u8,
    },
    /// Print this script.
    Completions(Vec<u8>),
}

/// Reads the command line, the program's name first.
#[must_use]
pub fn parse(args: &[OsString]) -> Action {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let to_stderr = error.use_stderr();
            let text = mistakes::told(args, &error);
            return Action::Print {
                text,
                to_stderr,
                code: if to_stderr { 2 } else { 0 },
            };
        }
    };
    match cli.command {
        Command::Check(args) => Action::Run(Box::new(options(Mode::Check, args))),
        Command::Fix(args) => Action::Run(Box::new(options(Mode::Fix, args))),
        Command::Policy {
            command: PolicyCommand::Check { file },
        } => Action::CheckPolicy(file),
        Command::Action => Action::Step,
        Command::Explain { code: None } => Action::Print {
            text: explain::list(),
            to_stderr: false,
            code: 0,
        },
        Command::Explain { code: Some(code) } => match explain::explain(&code) {
            Some(text) => Action::Print {
                text,
                to_stderr: false,
                code: 0,
            },
            None => {
                let help = match explain::closest(&code) {
                    Some(closest) => format!("did you mean `tagproof explain {closest}`?"),
                    None => "`tagproof explain` lists them all".to_owned(),
                };
                Action::Print {
                    text: format!("error: no code `{code}`\nhelp: {help}\n"),
                    to_stderr: true,
                    code: 2,
                }
            }
        },
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "tagproof", &mut script);
            Action::Completions(script)
        }
    }
}

/// A registry that is named.
fn host(text: &str) -> Result<Host, &'static str> {
    match text.trim().is_empty() {
        true => Err("name the registry"),
        false => registry(text),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.strip_suffix('s').unwrap_or(text).parse::<f64>().ok();
    number
        .filter(|seconds| (0.0..=86_400.0).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "write a number of seconds, at most a day, such as `20` or `0.5`".to_owned())
}
