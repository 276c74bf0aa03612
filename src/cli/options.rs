//! The options of a run, complete: what is not said on the command line has its default.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use super::{Format, OnFinding, OnOther, RunArgs};
use crate::expectation::{self, Asked};
use crate::oci::{self, Host, Platform, Reference};
use crate::problem::Problem;
use crate::report::paint::ColorChoice;
use crate::report::{Mode, Reach, Soften};
use crate::text::items;

/// Everything a run needs to know, complete.
#[derive(Debug)]
pub struct Options {
    /// Check or fix.
    pub mode: Mode,
    /// The metadata, in order: files (`-` is standard input) first.
    pub files: Vec<PathBuf>,
    /// Metadata given as text.
    pub metadata: Vec<String>,
    /// What a bake was asked for (`-` is standard input).
    pub definition: Option<PathBuf>,
    /// The group of the definition that is meant.
    pub group: Option<String>,
    /// The tags, digest, targets and platforms asked for; a problem with one of them is reported
    /// like any problem with the inputs.
    pub asked: Result<Asked, Problem>,
    /// Whether every child of an index is asked for.
    pub deep: bool,
    /// The policy file that is to be read instead of the working directory's.
    pub policy: Option<PathBuf>,
    /// Whether the rules of the policy hold.
    pub use_rules: bool,
    /// What does not fail the run.
    pub soften: Soften,
    /// Whether a build that was not pushed is set aside where another one was.
    pub set_aside_unpushed: bool,
    /// How far apart two agreeing looks are, whatever a policy says.
    pub settle: Option<Duration>,
    /// How long a tag may take to come right.
    pub settle_timeout: Duration,
    /// How long everything may take.
    pub timeout: Duration,
    /// The login given on the command line: for which registry (`None`: the only one), as whom.
    pub login: Option<(Option<Host>, String)>,
    /// The config file that replaces the usual ones.
    pub registry_config: Option<PathBuf>,
    /// The registries spoken to over plain HTTP.
    pub plain_http: Vec<Host>,
    /// A file of certificates to trust, too.
    pub ca_file: Option<PathBuf>,
    /// The most requests at once to one registry.
    pub concurrency: usize,
    /// How the report is shown.
    pub format: Format,
    /// Where the report goes, too, and in which form.
    pub files_out: Vec<(FileFormat, PathBuf)>,
    /// Whether to use colors.
    pub color: ColorChoice,
    /// Whether each request is shown.
    pub verbose: bool,
    /// Whether only what needs attention is shown.
    pub quiet: bool,
}

/// The form of a report in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// `--report`
    Json,
    /// `--junit`
    Junit,
    /// `--dotenv`
    Dotenv,
    /// `--markdown`
    Markdown,
}

impl FileFormat {
    /// The flag that asks for it.
    #[must_use]
    pub fn flag(self) -> &'static str {
        match self {
            Self::Json => "--report",
            Self::Junit => "--junit",
            Self::Dotenv => "--dotenv",
            Self::Markdown => "--markdown",
        }
    }
}

impl Options {
    /// The flags that a command typed after this run needs to reach the same registries, and to
    /// judge by the same policy.
    #[must_use]
    pub fn reach(&self) -> Reach {
        let mut flags = String::new();
        for host in &self.plain_http {
            flags.push_str(&format!(" --plain-http {host}"));
        }
        for (flag, path) in [
            ("--ca-file", &self.ca_file),
            ("--registry-config", &self.registry_config),
            ("--policy", &self.policy),
        ] {
            if let Some(path) = path {
                flags.push_str(&format!(" {flag} {}", quoted(&path.to_string_lossy())));
            }
        }
        if !self.use_rules {
            flags.push_str(" --no-policy");
        }
        Reach { flags }
    }
}

/// A word as a shell takes it for one.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/:=+@%,".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// The options that these arguments ask for.
pub(super) fn options(mode: Mode, args: RunArgs) -> Options {
    let (asked, registry) = match args.registry.as_deref().map(registry).transpose() {
        Ok(registry) => (asked(&args), registry),
        Err(problem) => (Err(problem), None),
    };
    let RunArgs {
        files,
        metadata,
        tags: _,
        digest: _,
        targets: _,
        definition,
        group,
        platforms: _,
        deep,
        on_other: _,
        no_restore: _,
        on_unproven,
        on_unpushed,
        policy,
        no_policy,
        settle,
        settle_timeout,
        timeout,
        registry: _,
        username,
        password_stdin: _,
        registry_config,
        plain_http,
        ca_file,
        concurrency,
        format,
        report,
        junit,
        dotenv,
        markdown,
        color,
        verbose,
        quiet,
    } = args;
    let files_out = [
        (FileFormat::Json, report),
        (FileFormat::Junit, junit),
        (FileFormat::Dotenv, dotenv),
        (FileFormat::Markdown, markdown),
    ];
    Options {
        mode,
        files,
        metadata,
        definition,
        group,
        asked,
        deep,
        policy,
        use_rules: !no_policy,
        soften: Soften {
            unproven: on_unproven == OnFinding::Warn,
            unpushed: on_unpushed == OnFinding::Warn,
        },
        set_aside_unpushed: false,
        settle,
        settle_timeout,
        timeout,
        login: username.map(|username| (registry, username)),
        registry_config,
        plain_http,
        ca_file,
        concurrency: usize::from(concurrency),
        format,
        files_out: files_out
            .into_iter()
            .filter_map(|(format, path)| Some((format, path?)))
            .collect(),
        color: match color.as_str() {
            "always" => ColorChoice::Always,
            "never" => ColorChoice::Never,
            _ => ColorChoice::Auto,
        },
        verbose,
        quiet,
    }
}

/// The registry that a login is for. What cannot be read is not repeated: a password may be in it.
fn registry(text: &str) -> Result<Host, Problem> {
    oci::registry(text).map_err(|cause| {
        Problem::invalid(
            format!("failed to read `--registry`: {cause}"),
            "write it like `ghcr.io`, `registry.example.com:5000` or `https://index.docker.io/v1/`",
        )
    })
}

/// The tags and platforms, from lists with commas or newlines.
fn asked(args: &RunArgs) -> Result<Asked, Problem> {
    let mut asked = Asked {
        digest: args.digest.clone(),
        targets: args.targets.clone(),
        on_other: args.on_other.map(|on_other| match on_other {
            OnOther::Fail => expectation::OnOther::Fail,
            OnOther::Fix => expectation::OnOther::Fix,
            OnOther::Warn => expectation::OnOther::Warn,
        }),
        no_restore: args.no_restore,
        ..Asked::default()
    };
    for text in args.tags.iter().flat_map(|list| items(list)) {
        let reference = text.parse::<Reference>().map_err(|error| {
            Problem::invalid(
                format!("failed to read `--tag {text}`: {error}"),
                "write it like `registry.example.com/app:1.4`, or with `@sha256:…` behind it",
            )
        })?;
        asked.tags.push(reference);
    }
    let mut known = BTreeSet::new();
    for text in args.platforms.iter().flat_map(|list| items(list)) {
        let platform = text.parse::<Platform>().map_err(|error| {
            Problem::invalid(
                format!("failed to read `--platform {text}`: {error}"),
                error.help(),
            )
        })?;
        if known.insert(platform.clone()) {
            asked.platforms.push(platform);
        }
    }
    if asked.platforms.is_empty() && !args.platforms.is_empty() {
        return Err(Problem::invalid(
            "`--platform` is empty",
            "write it like `--platform linux/amd64`, or leave it out",
        ));
    }
    if asked.tags.is_empty() && !args.tags.is_empty() {
        return Err(Problem::invalid(
            "`--tag` is empty",
            "write it like `--tag registry.example.com/app:1.4`",
        ));
    }
    Ok(asked)
}
