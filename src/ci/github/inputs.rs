//! The inputs of the Action, and the command line that they stand for.

use std::ffi::OsString;

use super::step::{StepInputs, Summary};
use crate::environment::Environment;
use crate::problem::Problem;
use crate::text::items;

/// What an input means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// The command: `fix`, `check` or `merge`.
    Command,
    /// Metadata files, which need no flag on the command line.
    Files,
    /// This flag, with the input as its value.
    Value(&'static str),
    /// This flag, once for every item of a list.
    Each(&'static str),
    /// This flag, once for every line: what stands there may have commas in it.
    Lines(&'static str),
    /// This flag, where the input is `true`.
    Switch(&'static str),
    /// This flag, which reads the input from standard input.
    Secret(&'static str),
    /// Something that only the Action has.
    Own,
}

/// Every input, as action.yml has them.
pub const INPUTS: [(&str, Means); 38] = [
    ("mode", Means::Command),
    ("metadata", Means::Value("--metadata")),
    ("metadata-file", Means::Files),
    ("tags", Means::Value("--tag")),
    ("digest", Means::Value("--digest")),
    ("targets", Means::Each("--target")),
    ("definition", Means::Value("--definition")),
    ("group", Means::Value("--group")),
    ("platforms", Means::Value("--platform")),
    ("source", Means::Each("--source")),
    ("tags-from", Means::Value("--tags-from")),
    ("index-annotations", Means::Lines("--annotation")),
    ("allow-mixed", Means::Switch("--allow-mixed")),
    ("allow-fewer", Means::Switch("--allow-fewer")),
    ("allow-older", Means::Switch("--allow-older")),
    ("dry-run", Means::Switch("--dry-run")),
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

/// The inputs that only a merge has.
const ONLY_OF_MERGE: [&str; 5] = [
    "source",
    "tags-from",
    "index-annotations",
    "allow-mixed",
    "allow-fewer",
];

/// The inputs that only mean something where tags are written, and why they mean nothing to `check`.
const NOT_OF_CHECK: [(&str, &str); 2] = [
    ("dry-run", "writes nothing anyway"),
    ("allow-older", "moves no tag"),
];

/// The inputs that a merge does not take, and why.
const NOT_OF_MERGE: [(&str, &str); 2] = [
    (
        "on-other",
        "leave it out: a merge moves the tags that it was told to, as a push does",
    ),
    ("digest", "leave it out: a merge makes the digest itself"),
];

/// What docker/metadata-action sets for the steps after it.
const TAGS_OF_THE_JOB: &str = "DOCKER_METADATA_OUTPUT_JSON";

impl StepInputs {
    /// Reads the inputs (`INPUT_…`) of a step.
    ///
    /// # Errors
    ///
    /// When one has a value it cannot have, or lacks the one that goes with it.
    pub fn read(environment: &Environment) -> Result<Self, Problem> {
        let input = |name: &str| value(environment, name);
        let mode = input("mode").unwrap_or("fix");
        if !matches!(mode, "fix" | "check" | "merge") {
            return Err(Problem::invalid(
                format!("failed to read the input `mode`: there is no mode `{mode}`"),
                "write `fix`, `check` or `merge`",
            ));
        }
        let is_merge = mode == "merge";
        of_mode(mode, &input)?;
        in_pairs(&input)?;

        let (args, files) = arguments(mode, &input)?;
        let said = ["metadata", "tags"].map(|name| input(name).is_some());
        let tags_of_the_job = match is_merge {
            true => tags_of_the_job(environment, &input)?,
            false => None,
        };
        let name = environment.get("GITHUB_ACTOR").unwrap_or("x-access-token");
        Ok(Self {
            all_builds: !is_merge && files.is_empty() && said == [false, false],
            args,
            files,
            tags_of_the_job,
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
            Means::Lines(flag) => {
                let lines = value.lines().map(str::trim).filter(|line| !line.is_empty());
                args.extend(lines.map(|line| format!("{flag}={line}").into()));
            }
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
    let single = [
        (
            "definition",
            "name the file that `docker buildx bake --print` was redirected to",
        ),
        (
            "tags-from",
            "name the file that docker/metadata-action's output was written to",
        ),
    ];
    for (name, help) in single {
        if input(name) == Some("-") {
            return Err(Problem::invalid(
                format!(
                    "failed to read `-`, which the input `{name}` names: a step has no standard input"
                ),
                help,
            ));
        }
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

/// Refuses inputs that mean nothing in this mode, and a merge of nothing.
fn of_mode<'a>(mode: &str, input: &impl Fn(&str) -> Option<&'a str>) -> Result<(), Problem> {
    let is_given = |name: &str| match (input(name), means(name)) {
        (None, _) => Ok(false),
        (Some(value), Some(Means::Switch(_))) => boolean(name, value),
        (Some(_), _) => Ok(true),
    };
    for (name, why) in NOT_OF_CHECK {
        if mode == "check" && is_given(name)? {
            return Err(Problem::invalid(
                format!("failed to use the input `{name}`: the mode is `check`, which {why}"),
                "leave it out, or write `mode: fix`",
            ));
        }
    }
    if mode != "merge" {
        for name in ONLY_OF_MERGE {
            if is_given(name)? {
                return Err(Problem::invalid(
                    format!(
                        "failed to use the input `{name}`: only a merge has it, and the mode is `{mode}`"
                    ),
                    "leave it out, or write `mode: merge`",
                ));
            }
        }
        return Ok(());
    }
    for (name, help) in NOT_OF_MERGE {
        if is_given(name)? {
            return Err(Problem::invalid(
                format!("failed to use the input `{name}`: a merge has no use for it"),
                help,
            ));
        }
    }
    let legs = ["metadata-file", "metadata", "source"];
    match legs.iter().any(|name| input(name).is_some()) {
        true => Ok(()),
        false => Err(Problem::invalid(
            "failed to merge: no input names a leg",
            "name the metadata files of the legs in `metadata-file`, such as `metadata-file: legs/*.json`; or name the legs in `source`",
        )),
    }
}

/// The tags for a merge that names none: those that docker/metadata-action left to the job.
fn tags_of_the_job<'a>(
    environment: &Environment,
    input: &impl Fn(&str) -> Option<&'a str>,
) -> Result<Option<String>, Problem> {
    if ["tags", "tags-from"]
        .iter()
        .any(|name| input(name).is_some())
    {
        return Ok(None);
    }
    match environment.get(TAGS_OF_THE_JOB) {
        Some(text) => Ok(Some(text.to_owned())),
        None => Err(Problem::invalid(
            format!(
                "failed to merge: neither `tags` nor `tags-from` nor `${TAGS_OF_THE_JOB}` names a tag"
            ),
            "name the tags in the input `tags`, or put docker/metadata-action before this step, which sets that variable",
        )),
    }
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

/// What an input means.
fn means(name: &str) -> Option<Means> {
    let mut inputs = INPUTS.into_iter();
    Some(inputs.find(|(known, _)| *known == name)?.1)
}

/// The input that stands for this flag.
#[must_use]
pub fn input_of(flag: &str) -> Option<&'static str> {
    let stands_for = |means| match means {
        Means::Value(it)
        | Means::Each(it)
        | Means::Lines(it)
        | Means::Switch(it)
        | Means::Secret(it) => it == flag,
        Means::Command | Means::Files | Means::Own => false,
    };
    let mut inputs = INPUTS.into_iter();
    Some(inputs.find(|(_, means)| stands_for(*means))?.0)
}
