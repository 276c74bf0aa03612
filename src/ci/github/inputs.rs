//! The inputs of the Action, and the command line that they stand for.

use std::ffi::OsString;

use super::step::{StepInputs, Summary};
use crate::environment::Environment;
use crate::problem::Problem;
use crate::text::items;

/// What an input means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// The command: `fix` or `check`.
    Command,
    /// Metadata files, which need no flag on the command line.
    Files,
    /// This flag, with the input as its value.
    Value(&'static str),
    /// This flag, once for every item of a list.
    Each(&'static str),
    /// This flag, where the input is `true`.
    Switch(&'static str),
    /// This flag, which reads the input from standard input.
    Secret(&'static str),
    /// Something that only the Action has.
    Own,
}

/// Every input, as action.yml has them.
pub const INPUTS: [(&str, Means); 31] = [
    ("mode", Means::Command),
    ("metadata", Means::Value("--metadata")),
    ("metadata-file", Means::Files),
    ("tags", Means::Value("--tag")),
    ("digest", Means::Value("--digest")),
    ("targets", Means::Each("--target")),
    ("definition", Means::Value("--definition")),
    ("group", Means::Value("--group")),
    ("platforms", Means::Value("--platform")),
    ("on-other", Means::Value("--on-other")),
    ("on-wrong-platform", Means::Value("--on-wrong-platform")),
    ("no-restore", Means::Switch("--no-restore")),
    ("on-unproven", Means::Value("--on-unproven")),
    ("on-unpushed", Means::Value("--on-unpushed")),
    ("policy", Means::Value("--policy")),
    ("no-policy", Means::Switch("--no-policy")),
    ("settle", Means::Value("--settle")),
    ("settle-timeout", Means::Value("--settle-timeout")),
    ("depth", Means::Value("--depth")),
    ("download-limit", Means::Value("--download-limit")),
    ("timeout", Means::Value("--timeout")),
    ("plain-http", Means::Each("--plain-http")),
    ("ca-file", Means::Value("--ca-file")),
    ("registry-config", Means::Value("--registry-config")),
    ("registry", Means::Value("--registry")),
    ("username", Means::Value("--username")),
    ("password", Means::Secret("--password-stdin")),
    ("github-token", Means::Own),
    ("summary", Means::Own),
    ("annotations", Means::Own),
    ("report-file", Means::Value("--report")),
];

impl StepInputs {
    /// Reads the inputs (`INPUT_…`) of a step.
    ///
    /// # Errors
    ///
    /// When one has a value it cannot have, or lacks the one that goes with it.
    pub fn read(environment: &Environment) -> Result<Self, Problem> {
        let input = |name: &str| value(environment, name);
        let mode = input("mode").unwrap_or("fix");
        if !matches!(mode, "fix" | "check") {
            return Err(Problem::invalid(
                format!("failed to read the input `mode`: there is no mode `{mode}`"),
                "write `fix` or `check`",
            ));
        }
        in_pairs(&input)?;

        let (args, files) = arguments(mode, &input)?;
        let name = environment.get("GITHUB_ACTOR").unwrap_or("x-access-token");
        Ok(Self {
            all_builds: files.is_empty() && input("metadata").is_none() && input("tags").is_none(),
            args,
            files,
            unpushed_fails: input("on-unpushed") == Some("fail"),
            password: input("password").map(str::to_owned),
            token: input("github-token").map(|token| (name.to_owned(), token.to_owned())),
            summary: match input("summary") {
                None | Some("always") => Summary::Always,
                Some("problems") => Summary::Problems,
                Some("never") => Summary::Never,
                Some(other) => {
                    return Err(Problem::invalid(
                        format!("failed to read the input `summary`: there is no `{other}`"),
                        "write `always`, `problems` or `never`",
                    ));
                }
            },
            annotations: match input("annotations") {
                None => true,
                Some(value) => boolean("annotations", value)?,
            },
            report_file: input("report-file").map(|path| outside(path).to_owned()),
            is_pull_request: environment
                .get("GITHUB_EVENT_NAME")
                .is_some_and(|event| event.starts_with("pull_request")),
        })
    }
}

/// The command line that inputs stand for, and the metadata files among them.
fn arguments<'a>(
    mode: &str,
    input: &impl Fn(&str) -> Option<&'a str>,
) -> Result<(Vec<OsString>, Vec<String>), Problem> {
    let mut args: Vec<OsString> = vec!["tagproof".into(), mode.into()];
    let mut files = Vec::new();
    for (name, means) in INPUTS {
        let Some(value) = input(name) else {
            continue;
        };
        match means {
            Means::Command | Means::Own => {}
            Means::Value(flag) => args.push(format!("{flag}={value}").into()),
            Means::Each(_) | Means::Files if items(value).next().is_none() => {
                return Err(Problem::invalid(
                    format!("failed to read the input `{name}`: there is nothing in its list"),
                    "separate the items by commas or new lines, or leave the input empty",
                ));
            }
            Means::Files => files.extend(items(value).map(str::to_owned)),
            Means::Each(flag) => {
                args.extend(items(value).map(|item| format!("{flag}={item}").into()));
            }
            Means::Switch(flag) if boolean(name, value)? => args.push(flag.into()),
            Means::Switch(_) => {}
            Means::Secret(flag) => args.push(flag.into()),
        }
    }
    if input("definition") == Some("-") {
        return Err(Problem::invalid(
            "failed to read `-`, which the input `definition` names: a step has no standard input",
            "name the file that `docker buildx bake --print` was redirected to",
        ));
    }
    if files.iter().any(|file| file == "-") {
        return Err(Problem::invalid(
            "failed to read `-`, which the input `metadata-file` names: a step has no standard input",
            "name the file, or pass the metadata itself in the input `metadata`",
        ));
    }
    Ok((args, files))
}

/// The value of an input, if it has one. GitHub keeps the dashes of its name, others do not, and
/// some shells drop variables with dashes.
fn value<'a>(environment: &'a Environment, name: &str) -> Option<&'a str> {
    let name = format!("INPUT_{}", name.to_ascii_uppercase());
    [name.as_str(), &name.replace('-', "_")]
        .into_iter()
        .find_map(|name| environment.get(name))
        .map(str::trim)
        .filter(|value| !value.is_empty())
}

/// Inputs that go together.
fn in_pairs<'a>(input: &impl Fn(&str) -> Option<&'a str>) -> Result<(), Problem> {
    let rules = [
        (
            "username",
            "password",
            "pass `password: ${{ secrets.… }}`; a secret is empty where the workflow may not read it, such as for a fork's pull request",
        ),
        ("password", "username", "say whose password it is"),
        (
            "registry",
            "username",
            "say who logs in there; a registry that others logged in to needs no input",
        ),
        (
            "group",
            "definition",
            "name the file that `docker buildx bake --print` was redirected to",
        ),
        (
            "digest",
            "tags",
            "name the tags that should have it, like `tags: registry.example.com/app:1.4`",
        ),
    ];
    for (one, other, help) in rules {
        if input(one).is_some() && input(other).is_none() {
            return Err(Problem::invalid(
                format!("failed to use the input `{one}`: there is no `{other}`"),
                help,
            ));
        }
    }
    Ok(())
}

/// A path as the runner knows it: the launcher writes those of Windows as WASI has them, `/C:/a`.
fn outside(path: &str) -> &str {
    let is_drive = |rest: &&str| {
        let mut chars = rest.chars();
        chars.next().is_some_and(|c| c.is_ascii_alphabetic()) && chars.next() == Some(':')
    };
    path.strip_prefix('/').filter(is_drive).unwrap_or(path)
}

fn boolean(name: &str, value: &str) -> Result<bool, Problem> {
    match value.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Problem::invalid(
            format!("failed to read the input `{name}`: `{value}` is neither true nor false"),
            "write `true` or `false`",
        )),
    }
}

/// The input that stands for this flag.
#[must_use]
pub fn input_of(flag: &str) -> Option<&'static str> {
    let stands_for = |means| match means {
        Means::Value(it) | Means::Each(it) | Means::Switch(it) | Means::Secret(it) => it == flag,
        Means::Command | Means::Files | Means::Own => false,
    };
    let mut inputs = INPUTS.into_iter();
    Some(inputs.find(|(_, means)| stands_for(*means))?.0)
}
