//! The places of a policy's YAML: what each may hold, and where that goes.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::super::{ImageRule, ParsePatternError, Pattern, Policy, RegistrySettings, TagPattern};
use crate::expectation::{Depth, OnOther, OnWrongPlatform, PathPattern};
use crate::oci::{Attestation, Host, ParseReferenceError, Platform};
use crate::text::nearest;

/// The keys of a policy.
pub(in crate::policy) const TOP: [&str; 3] = ["version", "images", "registries"];
/// The keys of a rule.
pub(in crate::policy) const IMAGES: [&str; 7] = [
    "platforms",
    "attestations",
    "immutable",
    "on-other",
    "depth",
    "on-wrong-platform",
    "programs",
];
/// The keys of what a rule says of programs.
pub(in crate::policy) const PROGRAMS: [&str; 1] = ["ignore"];
/// The keys of a registry.
pub(in crate::policy) const REGISTRIES: [&str; 3] = ["plain-http", "ca-file", "settle"];

/// The most items of a list.
const MAX_LIST: usize = 100;

/// A mistake, and what to write instead.
pub(super) struct Mistake {
    pub(super) cause: String,
    pub(super) help: String,
}

impl Mistake {
    pub(super) fn new(cause: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            cause: cause.into(),
            help: help.into(),
        }
    }
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Mapping,
    /// Words, each once, in any order.
    List,
    Word,
    Number,
    Flag,
}

/// What a value is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    Top,
    Version,
    Images,
    Rule,
    Platforms,
    Platform,
    Attestations,
    Attestation,
    Immutable,
    TagPattern,
    OnOther,
    Depth,
    OnWrongPlatform,
    Programs,
    Ignore,
    Path,
    Registries,
    Registry,
    PlainHttp,
    CaFile,
    Settle,
}

impl Position {
    pub(super) fn form(self) -> Form {
        match self {
            Self::Top
            | Self::Images
            | Self::Rule
            | Self::Programs
            | Self::Registries
            | Self::Registry => Form::Mapping,
            Self::Platforms | Self::Attestations | Self::Immutable | Self::Ignore => Form::List,
            Self::Platform
            | Self::Attestation
            | Self::TagPattern
            | Self::OnOther
            | Self::Depth
            | Self::OnWrongPlatform
            | Self::Path
            | Self::CaFile => Form::Word,
            Self::Version | Self::Settle => Form::Number,
            Self::PlainHttp => Form::Flag,
        }
    }

    /// What it should be, for people.
    pub(super) fn what(self) -> &'static str {
        match self {
            Self::Top => "a policy that begins with `version: 1`",
            Self::Images => "patterns of images, such as `ghcr.io/acme/**`, each with its keys",
            Self::Rule => "the keys of a pattern, such as `platforms: [linux/amd64]`",
            Self::Registries => {
                "registries, such as `registry.example.com:5000`, each with its keys"
            }
            Self::Registry => "the keys of a registry, such as `settle: 5`",
            Self::Programs => "the key `ignore`, with paths such as `[/opt/firmware/**]`",
            Self::Platforms | Self::Attestations | Self::Immutable | Self::Ignore => {
                "a list in brackets, such as `[a, b]`"
            }
            Self::Platform => "a platform",
            Self::Attestation => "one of `provenance` and `sbom`",
            Self::TagPattern => "a tag with or without `*`",
            Self::Depth => "one of `tag`, `children`, `platforms` and `programs`",
            Self::OnWrongPlatform => "one of `fail` and `warn`",
            Self::Path => "a path in an image, with or without `*`",
            Self::OnOther => "one of `fail`, `warn` and `fix`",
            Self::CaFile => "a file",
            Self::Version | Self::Settle => "a number",
            Self::PlainHttp => "a boolean",
        }
    }

    /// What to write instead of a wrong number.
    pub(super) fn help(self) -> &'static str {
        match self {
            Self::Version => "write `version: 1`, the only one there is",
            _ => "write a number of seconds, at most a day, such as `5`",
        }
    }

    /// What the words of a list are.
    pub(super) fn item(self) -> Option<Self> {
        match self {
            Self::Platforms => Some(Self::Platform),
            Self::Attestations => Some(Self::Attestation),
            Self::Immutable => Some(Self::TagPattern),
            Self::Ignore => Some(Self::Path),
            _ => None,
        }
    }

    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Top => &TOP,
            Self::Rule => &IMAGES,
            Self::Programs => &PROGRAMS,
            Self::Registry => &REGISTRIES,
            _ => &[],
        }
    }

    /// The key of a mapping as it is compared with others.
    pub(super) fn key(self, key: &str) -> Result<String, Mistake> {
        match self {
            Self::Images => pattern(key).map(|pattern| pattern.to_string()),
            Self::Registries => host(key).map(|host| host.to_string()),
            _ if self.keys().contains(&key) => Ok(key.to_owned()),
            _ => Err(Mistake::new(
                format!("unknown key `{key}`"),
                one_of(key, self.keys()),
            )),
        }
    }

    /// Looks at the keys of a whole mapping.
    pub(super) fn finish(self, keys: &BTreeSet<String>) -> Result<(), Mistake> {
        match self {
            Self::Top if !keys.contains("version") => Err(Mistake::new(
                "it has no `version`",
                "begin it with `version: 1`",
            )),
            // An empty rule looks as if it asked for something.
            Self::Rule | Self::Programs | Self::Registry if keys.is_empty() => Err(Mistake::new(
                "it says nothing",
                format!("give it one of `{}`", self.keys().join("`, `")),
            )),
            _ => Ok(()),
        }
    }
}

/// A policy that is being read.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) policy: Policy,
    /// The keys that are read go to the last rule, and to this registry.
    host: Option<Host>,
    /// The mistake that the reading ended with, if it is one of ours.
    pub(super) mistake: Option<Mistake>,
}

impl Draft {
    /// The place of what this key of a mapping has.
    pub(super) fn enter(&mut self, mapping: Position, key: &str) -> Result<Position, Mistake> {
        Ok(match (mapping, key) {
            (Position::Images, _) => {
                self.policy.rules.push(ImageRule::new(pattern(key)?));
                Position::Rule
            }
            (Position::Registries, _) => {
                let host = host(key)?;
                let settings = RegistrySettings::default();
                self.policy.registries.insert(host.clone(), settings);
                self.host = Some(host);
                Position::Registry
            }
            (Position::Rule, "platforms") => Position::Platforms,
            (Position::Rule, "attestations") => Position::Attestations,
            (Position::Rule, "immutable") => Position::Immutable,
            (Position::Rule, "on-other") => Position::OnOther,
            (Position::Rule, "depth") => Position::Depth,
            (Position::Rule, "on-wrong-platform") => Position::OnWrongPlatform,
            (Position::Rule, _) => Position::Programs,
            (Position::Programs, _) => Position::Ignore,
            (Position::Registry, "plain-http") => Position::PlainHttp,
            (Position::Registry, "ca-file") => Position::CaFile,
            (Position::Registry, _) => Position::Settle,
            (_, "version") => Position::Version,
            (_, "images") => Position::Images,
            (_, _) => Position::Registries,
        })
    }

    /// A list that may stay empty.
    pub(super) fn open(&mut self, list: Position) {
        if let Some(rule) = self.policy.rules.last_mut() {
            match list {
                Position::Platforms => rule.platforms = Some(Vec::new()),
                Position::Attestations => rule.attestations = Some(Vec::new()),
                Position::Ignore => rule.ignored = Some(Vec::new()),
                _ => rule.immutable = Some(Vec::new()),
            }
        }
    }

    pub(super) fn word(&mut self, place: Position, text: &str) -> Result<(), Mistake> {
        let fault = |help: String| Mistake::new(format!("`{text}` is not {}", place.what()), help);
        if place == Position::CaFile {
            let path = match text {
                "" => return Err(fault("name a file with PEM certificates".to_owned())),
                text => PathBuf::from(text),
            };
            if let Some(settings) = self.settings() {
                settings.ca_file = Some(path);
            }
            return Ok(());
        }
        let Some(rule) = self.policy.rules.last_mut() else {
            return Ok(());
        };
        match place {
            Position::Platform => {
                let read = text.parse::<Platform>();
                let platform = read.map_err(|error| fault(error.help().to_owned()))?;
                add(&mut rule.platforms, platform)
            }
            Position::Attestation => {
                let known = Attestation::ALL.map(Attestation::as_str);
                let read = text.parse::<Attestation>();
                let attestation = read.map_err(|()| fault(one_of(text, &known)))?;
                add(&mut rule.attestations, attestation)
            }
            Position::TagPattern => {
                let read = TagPattern::from_str(text);
                add(
                    &mut rule.immutable,
                    read.map_err(|error| fault(error.help))?,
                )
            }
            Position::Path => {
                let help = || fault("write it like `/opt/firmware/**` or `**/*.elf`".to_owned());
                add(&mut rule.ignored, PathPattern::new(text).ok_or_else(help)?)
            }
            Position::Depth => {
                let known = Depth::ALL.map(Depth::as_str);
                let found = Depth::ALL.into_iter().find(|it| it.as_str() == text);
                rule.depth = Some(found.ok_or_else(|| fault(one_of(text, &known)))?);
                Ok(())
            }
            Position::OnWrongPlatform => {
                let known = OnWrongPlatform::ALL.map(OnWrongPlatform::as_str);
                let mut all = OnWrongPlatform::ALL.into_iter();
                let found = all.find(|it| it.as_str() == text);
                rule.on_wrong_platform = Some(found.ok_or_else(|| fault(one_of(text, &known)))?);
                Ok(())
            }
            _ => {
                let known = OnOther::ALL.map(OnOther::as_str);
                let found = OnOther::ALL.into_iter().find(|it| it.as_str() == text);
                rule.on_other = Some(found.ok_or_else(|| fault(one_of(text, &known)))?);
                Ok(())
            }
        }
    }

    pub(super) fn number(&mut self, place: Position, number: f64) -> Result<(), Mistake> {
        let fits = match place {
            Position::Version => number == 1.0,
            _ => (0.0..=86_400.0).contains(&number),
        };
        if !fits {
            return Err(Mistake::new(
                format!("`{number}` does not fit here"),
                place.help(),
            ));
        }
        if place == Position::Settle
            && let Some(settings) = self.settings()
        {
            settings.settle = Some(Duration::from_secs_f64(number));
        }
        Ok(())
    }

    pub(super) fn flag(&mut self, flag: bool) {
        if let Some(settings) = self.settings() {
            settings.plain_http = flag;
        }
    }

    fn settings(&mut self) -> Option<&mut RegistrySettings> {
        self.policy.registries.get_mut(self.host.as_ref()?)
    }
}

/// Adds to a list that is kept sorted, as its order means nothing.
fn add<T: Ord>(list: &mut Option<Vec<T>>, item: T) -> Result<(), Mistake> {
    let list = list.get_or_insert_default();
    match list.binary_search(&item) {
        _ if list.len() == MAX_LIST => Err(Mistake::new(
            format!("the list names more than {MAX_LIST}"),
            "name fewer: with `*`, where they are tags",
        )),
        Ok(_) => Err(Mistake::new("the list names one twice", "name each once")),
        Err(at) => {
            list.insert(at, item);
            Ok(())
        }
    }
}

fn pattern(key: &str) -> Result<Pattern, Mistake> {
    let read: Result<Pattern, ParsePatternError> = key.parse();
    read.map_err(|error| Mistake::new(format!("`{key}`: {}", error.cause), error.help))
}

fn host(key: &str) -> Result<Host, Mistake> {
    let read: Result<Host, ParseReferenceError> = key.parse();
    let help = "write it like `registry.example.com:5000`, without `https://` and without a path";
    read.map_err(|error| Mistake::new(format!("`{key}`: {error}"), help))
}

fn one_of(text: &str, known: &[&str]) -> String {
    match nearest(text, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("use one of `{}`", known.join("`, `")),
    }
}
