//! What is said of a command line that is not understood.

use std::ffi::OsString;

use clap::CommandFactory as _;

use super::Cli;

/// What a password on the command line is answered with, which repeats nothing of it.
const PASSWORD: &str = "\
error: take no password as an argument: others on this machine can see it, and logs may keep it
help: pipe it: `echo \"$PASSWORD\" | tagproof check … --registry HOST --username USER --password-stdin`
";

/// The error of these arguments in words.
pub(super) fn told(args: &[OsString], error: &clap::Error) -> String {
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
