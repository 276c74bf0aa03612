//! The options of a run, as the command line has them, and what they mean together.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::PossibleValue;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, ValueEnum, value_parser};

use crate::expectation::{Asked, Depth, OnOther, OnWrongPlatform};
use crate::merge::Annotation;
use crate::oci::{self, Digest, Host, Platform, Reference};
use crate::problem::Problem;
use crate::report::formats::{FILE_FORMATS, FORMATS, FileFormat, Format};
use crate::report::paint::ColorChoice;
use crate::report::{Mode, Tolerate};
use crate::text::items;

/// What a run is asked for: the flags of `check` and `fix`, and what a step adds.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)]
pub struct Options {
    /// Check, fix or merge.
    #[arg(skip = Mode::Check)]
    pub mode: Mode,

    /// What only a merge is asked for.
    #[arg(skip)]
    pub merge: Option<MergeOptions>,

    /// Files that buildx wrote with --metadata-file (build or bake); `-` is standard input
    #[arg(value_name = "METADATA")]
    pub files: Vec<PathBuf>,

    /// The metadata itself, instead of a file
    #[arg(long, value_name = "JSON", action = clap::ArgAction::Append, help_heading = "What to check")]
    pub metadata: Vec<String>,

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
    pub definition: Option<PathBuf>,

    /// Only this group of the definition
    #[arg(
        long,
        value_name = "NAME",
        requires = "definition",
        help_heading = "What to check"
    )]
    pub group: Option<String>,

    /// A platform the image must have, such as linux/arm64 (repeatable, or comma separated)
    #[arg(long = "platform", value_name = "P", help_heading = "What to check")]
    platforms: Vec<String>,

    /// How deep to look; without it and a policy: platforms
    #[arg(long, value_name = "HOW", help_heading = "What to check")]
    depth: Option<Depth>,

    /// Gone: `--depth children` is what it was
    #[arg(long, hide = true)]
    deep: bool,

    /// The most that `--depth programs` downloads, such as 500MiB or 4GiB
    #[arg(long, value_name = "SIZE", default_value = "2GiB", value_parser = size, help_heading = "What to check")]
    pub download_limit: u64,

    /// What to do where a tag is something that is no part of this build; without it and a policy: fail
    #[arg(long, value_name = "WHAT", help_heading = "What to make of it")]
    on_other: Option<OnOther>,

    /// What to do where an image, or a program in it, is for another platform; without it and a policy: fail
    #[arg(long, value_name = "WHAT", help_heading = "What to make of it")]
    on_wrong_platform: Option<OnWrongPlatform>,

    /// Move a tag backwards: `fix --on-other fix` and `merge` leave one that holds a newer build
    #[arg(long, help_heading = "What to make of it")]
    pub allow_older: bool,

    /// Say what would be written, and write nothing (`fix` and `merge`)
    #[arg(long, help_heading = "What to make of it")]
    pub dry_run: bool,

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
    pub policy: Option<PathBuf>,

    /// Judge by no rule of a policy file; what it says of registries still holds
    #[arg(long, help_heading = "What to make of it")]
    pub no_policy: bool,

    /// How far apart two looks must be that agree; 0: one look decides; without it and a policy: 2
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true, help_heading = "Time")]
    pub settle: Option<Duration>,

    /// How long a tag that is not right may take to come right
    #[arg(long, value_name = "SECONDS", default_value = "20", value_parser = seconds, allow_negative_numbers = true, help_heading = "Time")]
    pub settle_timeout: Duration,

    /// How long everything may take
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = seconds, allow_negative_numbers = true, help_heading = "Time")]
    pub timeout: Duration,

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
    pub registry_config: Option<PathBuf>,

    /// Speak plain HTTP to this registry (repeatable); loopback names need no flag
    #[arg(long, value_name = "HOST", value_parser = host, help_heading = "Registry")]
    pub plain_http: Vec<Host>,

    /// Trust these certificates, too
    #[arg(long, value_name = "PEM", help_heading = "Registry")]
    pub ca_file: Option<PathBuf>,

    /// The most requests at once to one registry
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=32), allow_negative_numbers = true, help_heading = "Registry")]
    pub concurrency: u8,

    /// How to show the report
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "terminal",
        help_heading = "Output"
    )]
    pub format: Format,

    #[command(flatten)]
    files_out: FilesOut,

    /// Whether to use colors
    #[arg(
        long,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Output"
    )]
    pub color: ColorChoice,

    /// Show each build's name, and each request: method, URL, status and time
    #[arg(short, long, conflicts_with = "quiet", help_heading = "Output")]
    pub verbose: bool,

    /// Show only what needs attention
    #[arg(short, long, help_heading = "Output")]
    pub quiet: bool,

    /// Whether a build that was not pushed is set aside where another one was.
    #[arg(skip)]
    pub set_aside_unpushed: bool,

    /// Whether the later of two builds that claim one tag wins.
    #[arg(skip)]
    pub later_wins: bool,
}

/// What only a merge is asked for.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)]
pub struct MergeOptions {
    /// A leg without a metadata file (repeatable)
    #[arg(long = "source", value_name = "REPO@DIGEST", value_parser = source, help_heading = "What to merge")]
    pub sources: Vec<Reference>,

    /// The tags, from what docker/metadata-action left: its `json` or its `bake-file`; `-` is standard input
    #[arg(long, value_name = "FILE", help_heading = "What to merge")]
    pub tags_from: Option<PathBuf>,

    /// The text that docker/metadata-action left to a job, where nothing names the tags.
    #[arg(skip)]
    pub tags_of_the_job: Option<String>,

    /// An annotation of the index: `[index:|manifest-descriptor[PLATFORM]:]KEY=VALUE` (repeatable, or a line each)
    #[arg(
        long = "annotation",
        value_name = "KEY=VALUE",
        value_delimiter = '\n',
        help_heading = "What to merge"
    )]
    pub annotations: Vec<Annotation>,

    /// Merge legs that are not of one build
    #[arg(long, help_heading = "What to merge")]
    pub allow_mixed: bool,

    /// Move a tag that loses platforms by it
    #[arg(long, help_heading = "What to merge")]
    pub allow_fewer: bool,
}

/// What a finding does to the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum OnFinding {
    /// The run fails
    Fail,
    /// The run does not fail for it
    Warn,
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        &FORMATS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.value).help(self.help))
    }
}

/// The files that the report is also written to: a flag for each row of the table.
#[derive(Debug)]
struct FilesOut(Vec<(&'static FileFormat, PathBuf)>);

impl Args for FilesOut {
    fn augment_args(command: Command) -> Command {
        command.args(FILE_FORMATS.iter().map(|format| {
            Arg::new(format.flag)
                .long(format.flag.trim_start_matches('-'))
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help(format.help)
                .help_heading("Output")
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for FilesOut {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let named = FILE_FORMATS.iter().filter_map(|format| {
            let path = matches.get_one::<PathBuf>(format.flag)?;
            Some((format, path.clone()))
        });
        Ok(Self(named.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl ValueEnum for OnOther {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Fail, Self::Fix, Self::Warn]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.as_str()).help(match self {
            Self::Fail => "The run fails",
            Self::Fix => "The tag is moved all the same",
            Self::Warn => "The run does not fail for it",
        }))
    }
}

impl ValueEnum for Depth {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.as_str()).help(match self {
            Self::Tag => "The tag is the expected digest",
            Self::Children => "And every manifest that the index lists is in the repository",
            Self::Platforms => "And each image is for the platform that the index says",
            Self::Programs => "And every layer is there, and its programs are for that platform",
        }))
    }
}

impl ValueEnum for OnWrongPlatform {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.as_str()).help(match self {
            Self::Fail => "The run fails",
            Self::Warn => "The run does not fail for it, and repairs go on",
        }))
    }
}

impl ValueEnum for ColorChoice {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Auto, Self::Always, Self::Never]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        }))
    }
}

impl Options {
    /// The flags that a command typed after this run needs to reach the same registries, and to
    /// judge by the same policy, with a space before each: ` --plain-http r.io`.
    #[must_use]
    pub fn followup_flags(&self) -> String {
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
        if self.no_policy {
            flags.push_str(" --no-policy");
        }

        flags
    }

    /// Which findings do not fail the run.
    #[must_use]
    pub fn tolerate(&self) -> Tolerate {
        Tolerate {
            unproven: self.on_unproven == OnFinding::Warn,
            unpushed: self.on_unpushed == OnFinding::Warn,
        }
    }

    /// The flag that has no meaning for a merge, if there is one.
    fn not_of_merge(&self) -> Option<&'static str> {
        match (&self.on_other, &self.digest) {
            (Some(_), _) => Some("--on-other"),
            (_, Some(_)) => Some("--digest"),
            (None, None) => None,
        }
    }

    /// The files that the report is also written to, and in which format.
    pub fn files_out(&self) -> impl Iterator<Item = (&'static FileFormat, &Path)> {
        let files = self.files_out.0.iter();
        files.map(|(format, path)| (*format, path.as_path()))
    }

    /// The login given on the command line: for which registry (`None`: the only one), as whom.
    ///
    /// # Errors
    ///
    /// When the registry cannot be read. It is not repeated: a password may be in it.
    pub fn login(&self) -> Result<Option<(Option<Host>, String)>, Problem> {
        let registry = self.registry.as_deref().map(oci::registry).transpose();
        let registry = registry.map_err(|cause| {
            Problem::invalid(
                format!("failed to read `--registry`: {cause}"),
                "write it like `ghcr.io`, `registry.example.com:5000` or `https://index.docker.io/v1/`",
            )
        })?;
        Ok(self.username.clone().map(|username| (registry, username)))
    }

    /// The tags, digest, targets and platforms asked for, from lists with commas or newlines.
    ///
    /// # Errors
    ///
    /// When one of them cannot be read.
    pub fn asked(&self) -> Result<Asked, Problem> {
        let mut asked = Asked {
            digest: self.digest.clone(),
            targets: self.targets.clone(),
            on_other: self.on_other,
            depth: self.depth,
            on_wrong_platform: self.on_wrong_platform,
            no_restore: self.no_restore,
            later_wins: self.later_wins,
            ..Asked::default()
        };
        if self.deep {
            return Err(Problem::invalid(
                "`--deep` is gone: there are four depths now",
                "write `--depth children` for what it was, or leave it out: the default, `--depth platforms`, goes deeper",
            ));
        }
        let idle = [
            ("--dry-run", self.dry_run),
            ("--allow-older", self.allow_older),
        ];
        if let Some((flag, _)) = idle.iter().find(|(_, is_given)| *is_given)
            && !self.mode.writes()
        {
            return Err(Problem::invalid(
                format!("`{flag}` with `check`, which writes nothing anyway"),
                format!("leave it out, or write `tagproof fix {flag}`"),
            ));
        }
        if let (Mode::Merge, Some(flag)) = (self.mode, self.not_of_merge()) {
            return Err(Problem::invalid(
                format!("`merge` takes no `{flag}`"),
                "it makes the digest itself, and moves the tags that it was told to, as a push does; `tagproof merge --help` shows its flags",
            ));
        }
        for text in self.tags.iter().flat_map(|list| items(list)) {
            let reference = text.parse::<Reference>().map_err(|error| {
                Problem::invalid(
                    format!("failed to read `--tag {text}`: {error}"),
                    "write it like `registry.example.com/app:1.4`, or with `@sha256:…` behind it",
                )
            })?;
            asked.tags.push(reference);
        }
        let mut known = BTreeSet::new();
        for text in self.platforms.iter().flat_map(|list| items(list)) {
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
        if asked.platforms.is_empty() && !self.platforms.is_empty() {
            return Err(Problem::invalid(
                "`--platform` is empty",
                "write it like `--platform linux/amd64`, or leave it out",
            ));
        }
        if asked.tags.is_empty() && !self.tags.is_empty() {
            return Err(Problem::invalid(
                "`--tag` is empty",
                "write it like `--tag registry.example.com/app:1.4`",
            ));
        }
        Ok(asked)
    }
}

/// The text as one word of a shell.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/:=+@%,".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// A leg that is named by its digest.
fn source(text: &str) -> Result<Reference, String> {
    let reference: Reference = text.parse().map_err(|error| format!("{error}"))?;
    match (reference.tag(), reference.digest()) {
        (None, Some(_)) => Ok(reference),
        (Some(_), _) => Err("a tag may move: write `REPO@sha256:…`".to_owned()),
        (None, None) => Err("there is no digest in it: write `REPO@sha256:…`".to_owned()),
    }
}

/// A registry that is named.
fn host(text: &str) -> Result<Host, &'static str> {
    match text.trim().is_empty() {
        true => Err("name the registry"),
        false => oci::registry(text),
    }
}

/// A number of bytes: `500MiB`, `4GiB`, `2000000`.
fn size(text: &str) -> Result<u64, String> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit: u64 = match text.strip_prefix(number).unwrap_or_default() {
        "" | "B" => 1,
        "k" | "kB" | "KB" => 1_000,
        "M" | "MB" => 1_000_000,
        "G" | "GB" => 1_000_000_000,
        "K" | "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => 0,
    };
    let bytes = number
        .trim()
        .parse()
        .ok()
        .and_then(|number: u64| number.checked_mul(unit));
    bytes
        .filter(|_| unit > 0)
        .ok_or_else(|| "write a size such as `500MiB` or `4GiB`".to_owned())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let number = text.strip_suffix('s').unwrap_or(text).parse::<f64>().ok();
    number
        .filter(|seconds| (0.0..=86_400.0).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "write a number of seconds, at most a day, such as `20` or `0.5`".to_owned())
}
