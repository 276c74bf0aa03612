//! The command line: flags to options that are complete.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{CommandFactory as _, Parser, Subcommand};

mod options;

use crate::explain;
use crate::report::Mode;

pub use options::{MergeOptions, Options};

/// The answer to a password on the command line. It repeats nothing of the password.
const PASSWORD: &str = "\
error: take no password as an argument: others on this machine can see it, and logs may keep it
help: pipe it: `echo \"$PASSWORD\" | tagproof check … --registry HOST --username USER --password-stdin`
";

/// What stands for METADATA where it is merged.
const LEGS: &str = "The legs: files that buildx wrote with --metadata-file, or reports of tagproof; `-` is standard input";

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
    Check(Box<Options>),
    /// Look, judge, repair what is safe to repair, look and judge again
    #[command(after_help = "\
Examples:
  tagproof fix build.json
  tagproof fix bake.json --target app --platform linux/amd64,linux/arm64 --report report.json")]
    Fix(Box<Options>),
    /// Make the index of a matrix build of what its jobs pushed, and put it under tags
    #[command(after_help = "\
Examples:
  tagproof merge legs/*.json --tag ghcr.io/acme/app:1.4 --platform linux/amd64,linux/arm64
  tagproof merge legs/*.json --tags-from meta.json --platform linux/amd64,linux/arm64 --dry-run")]
    #[command(mut_arg("on_other", |it| it.hide(true)), mut_arg("digest", |it| it.hide(true)))]
    #[command(mut_arg("tags", |it| it.help("A tag to put the index under (repeatable)")))]
    #[command(mut_arg("files", |it| it.help(LEGS)))]
    Merge(Box<MergeArgs>),
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

/// The flags of `merge`: its own, and those of `fix`.
#[derive(Debug, clap::Args)]
struct MergeArgs {
    #[command(flatten)]
    merge: MergeOptions,
    #[command(flatten)]
    options: Options,
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

/// What the command line asks for.
#[derive(Debug)]
pub enum Action {
    /// Look at tags, and maybe repair them.
    Run(Box<Options>),
    /// Read this policy, or the one of the working directory, and say what is understood.
    CheckPolicy(Option<PathBuf>),
    /// Do the step of a GitHub Action.
    Step,
    /// Print this text: help, an explanation, a completion script.
    Print(String),
    /// Print this error.
    Refuse {
        /// The error in words.
        text: String,
        /// The value that is wrong, if it is one.
        value: Option<BadValue>,
    },
}

/// The value of a flag that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadValue {
    /// The flag, with its dashes.
    pub flag: String,
    /// The value.
    pub value: String,
    /// Why, where the possible values do not say it.
    pub cause: Option<String>,
    /// The values that are possible, if they are few.
    pub possible: Vec<String>,
    /// The one of them that was likely meant.
    pub suggested: Option<String>,
}

impl BadValue {
    fn from_error(error: &clap::Error) -> Option<Self> {
        use clap::error::{ContextKind as K, ContextValue as V};
        let strings = |kind| match error.get(kind) {
            Some(V::String(text)) => vec![text.clone()],
            Some(V::Strings(texts)) => texts.clone(),
            _ => Vec::new(),
        };
        let string = |kind| strings(kind).into_iter().next();
        let argument = string(K::InvalidArg)?;
        Some(Self {
            flag: argument.split(' ').next()?.to_owned(),
            value: string(K::InvalidValue)?,
            cause: std::error::Error::source(error).map(ToString::to_string),
            possible: strings(K::ValidValue),
            suggested: string(K::SuggestedValue),
        })
    }
}

/// Reads the command line, the program's name first.
#[must_use]
pub fn parse(args: &[OsString]) -> Action {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            let text = usage_error(args, &error);
            return match error.use_stderr() {
                true => Action::Refuse {
                    text,
                    value: BadValue::from_error(&error),
                },
                false => Action::Print(text),
            };
        }
    };
    match cli.command {
        Command::Check(options) => Action::Run(options),
        Command::Fix(mut options) => {
            options.mode = Mode::Fix;
            Action::Run(options)
        }
        Command::Merge(args) => {
            let MergeArgs { mut options, merge } = *args;
            options.mode = Mode::Merge;
            options.merge = Some(merge);
            Action::Run(Box::new(options))
        }
        Command::Policy {
            command: PolicyCommand::Check { file },
        } => Action::CheckPolicy(file),
        Command::Action => Action::Step,
        Command::Explain { code: None } => Action::Print(explain::list()),
        Command::Explain { code: Some(code) } => match explain::explain(&code) {
            Some(text) => Action::Print(text),
            None => {
                let help = match explain::closest(&code) {
                    Some(closest) => format!("did you mean `tagproof explain {closest}`?"),
                    None => "`tagproof explain` lists them all".to_owned(),
                };
                Action::Refuse {
                    text: format!("error: no code `{code}`\nhelp: {help}\n"),
                    value: None,
                }
            }
        },
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "tagproof", &mut script);
            Action::Print(String::from_utf8_lossy(&script).into_owned())
        }
    }
}

/// The error of these arguments in words.
fn usage_error(args: &[OsString], error: &clap::Error) -> String {
    if error.use_stderr() && args.iter().any(is_password) {
        return PASSWORD.to_owned();
    }
    match usage_help(args, error) {
        Some(help) => format!("{}help: {help}\n", error.render()),
        None => error.render().to_string(),
    }
}

/// Whether an argument gives a password, as it does with other tools.
fn is_password(argument: &OsString) -> bool {
    let text = argument.to_string_lossy();
    match text.split('=').next().unwrap_or_default() {
        "--password" | "--token" | "-p" => true,
        "--password-stdin" => text.contains('='),
        _ => false,
    }
}

/// What to type instead, where clap cannot know it: the command that was left out.
fn usage_help(args: &[OsString], error: &clap::Error) -> Option<String> {
    use clap::error::ErrorKind as K;
    let first = args.get(1)?.to_str()?;
    let what = match error.kind() {
        K::InvalidSubcommand if first.contains(['.', '/']) || first == "-" => first.to_owned(),
        K::UnknownArgument => {
            let name = first.strip_prefix("--")?.split('=').next()?;
            let command = Cli::command();
            let check = command.find_subcommand("check")?;
            let is_known = check.get_arguments().any(|it| it.get_long() == Some(name));
            is_known.then(|| format!("--{name} …"))?
        }
        _ => return None,
    };
    Some(format!(
        "`tagproof check {what}` looks, `tagproof fix {what}` also repairs"
    ))
}
