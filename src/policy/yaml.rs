//! The text of a policy: YAML, read strictly. Every mistake has its line and column.

mod kinds;

use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{self, MapAccess};

use self::kinds::{HELP, List, Mapping, Number, Scalar, Shape, Word, fault, mapping};
use super::{ParsePatternError, Pattern, Policy, Rule, Settings, TagPattern};
use crate::expectation::OnOther;
use crate::oci::{Attestation, Host, ParseReferenceError, Platform};
use crate::problem::Problem;
use crate::text::nearest;

/// The keys of a policy.
pub(super) const TOP: [&str; 3] = ["version", "images", "registries"];
/// The keys of a rule.
pub(super) const IMAGES: [&str; 4] = ["platforms", "attestations", "immutable", "on-other"];
/// The keys of a registry.
pub(super) const REGISTRIES: [&str; 3] = ["plain-http", "ca-file", "settle"];

/// Reads the text of a policy; `source` is what to call it in messages.
///
/// # Errors
///
/// When it is not YAML, or not a policy: the message has the line and the column.
pub fn parse(source: &str, text: &[u8]) -> Result<Policy, Problem> {
    let document = serde_yaml::Deserializer::from_slice(text);
    mapping(PolicyShape, document).map_err(|error| {
        let at = error.location();
        let place = at.as_ref().map(|at| (at.line(), at.column()));
        let words = error.to_string();
        let (words, place) = match place {
            Some((line, column)) => (
                words.replace(&format!(" at line {line} column {column}"), ""),
                format!(" at line {line}, column {column}"),
            ),
            None => (words, String::new()),
        };
        let (cause, help) = words.split_once(HELP).unwrap_or((
            &words,
            match words.contains("expected a boolean") {
                true => "write `true` or `false`",
                false => "docs/policy.md shows each key; put quotes around a text that begins with `*` or holds `: `",
            },
        ));
        Problem::invalid(format!("failed to read `{source}`{place}: {cause}"), help)
    })
}

/// What says nothing looks as if it did.
fn not_empty<T, E: de::Error>(value: T, keys: &BTreeSet<String>, known: &[&str]) -> Result<T, E> {
    match keys.is_empty() {
        true => Err(fault(
            "it says nothing",
            &format!("give it one of `{}`", known.join("`, `")),
        )),
        false => Ok(value),
    }
}

struct PolicyShape;

impl Shape for PolicyShape {
    type Value = Policy;
    const WHAT: &'static str = "a policy that begins with `version: 1`";
    const KEYS: &'static [&'static str] = &TOP;

    fn read<'de, M: MapAccess<'de>>(
        into: &mut Policy,
        key: &str,
        map: &mut M,
    ) -> Result<(), M::Error> {
        match key {
            "version" => map
                .next_value_seed(Number("write `version: 1`, the only one there is", |it| {
                    it == 1.0
                }))
                .map(|_| ())?,
            "images" => into.rules = map.next_value_seed(Mapping::<Images>(PhantomData))?,
            _ => into.registries = map.next_value_seed(Mapping::<Registries>(PhantomData))?,
        }
        Ok(())
    }

    fn finish<E: de::Error>(value: Policy, keys: &BTreeSet<String>) -> Result<Policy, E> {
        match keys.contains("version") {
            true => Ok(value),
            false => Err(fault("it has no `version`", "begin it with `version: 1`")),
        }
    }
}

struct Images;

impl Shape for Images {
    type Value = Vec<Rule>;
    const WHAT: &'static str = "patterns of images, such as `ghcr.io/acme/**`, each with its keys";
    const KEYS: &'static [&'static str] = &[];

    fn key(key: &str) -> Result<String, (String, String)> {
        let read: Result<Pattern, ParsePatternError> = key.parse();
        let fault = |error: ParsePatternError| (format!("`{key}`: {}", error.cause), error.help);
        read.map(|pattern| pattern.to_string()).map_err(fault)
    }

    fn read<'de, M: MapAccess<'de>>(
        into: &mut Vec<Rule>,
        key: &str,
        map: &mut M,
    ) -> Result<(), M::Error> {
        let pattern = key
            .parse()
            .map_err(|error: ParsePatternError| fault(&error.cause, &error.help))?;
        let keys = map.next_value_seed(Mapping::<Image>(PhantomData))?;
        into.push(Rule {
            pattern,
            platforms: keys.platforms,
            attestations: keys.attestations,
            immutable: keys.immutable,
            on_other: keys.on_other,
        });
        Ok(())
    }
}

#[derive(Default)]
struct Keys {
    platforms: Option<Vec<Platform>>,
    attestations: Option<Vec<Attestation>>,
    immutable: Option<Vec<TagPattern>>,
    on_other: Option<OnOther>,
}

struct Image;

impl Shape for Image {
    type Value = Keys;
    const WHAT: &'static str = "the keys of a pattern, such as `platforms: [linux/amd64]`";
    const KEYS: &'static [&'static str] = &IMAGES;

    fn read<'de, M: MapAccess<'de>>(
        into: &mut Keys,
        key: &str,
        map: &mut M,
    ) -> Result<(), M::Error> {
        match key {
            "platforms" => into.platforms = Some(map.next_value_seed(List::new())?),
            "attestations" => into.attestations = Some(map.next_value_seed(List::new())?),
            "immutable" => into.immutable = Some(map.next_value_seed(List::new())?),
            _ => into.on_other = Some(map.next_value_seed(Scalar::new())?),
        }
        Ok(())
    }

    fn finish<E: de::Error>(value: Keys, keys: &BTreeSet<String>) -> Result<Keys, E> {
        not_empty(value, keys, Self::KEYS)
    }
}

struct Registries;

impl Shape for Registries {
    type Value = BTreeMap<Host, Settings>;
    const WHAT: &'static str =
        "registries, such as `registry.example.com:5000`, each with its keys";
    const KEYS: &'static [&'static str] = &[];

    fn key(key: &str) -> Result<String, (String, String)> {
        let read: Result<Host, ParseReferenceError> = key.parse();
        let help =
            "write it like `registry.example.com:5000`, without `https://` and without a path";
        read.map(|host| host.to_string())
            .map_err(|error| (format!("`{key}`: {error}"), help.to_owned()))
    }

    fn read<'de, M: MapAccess<'de>>(
        into: &mut Self::Value,
        key: &str,
        map: &mut M,
    ) -> Result<(), M::Error> {
        let host: Host = key.parse().map_err(de::Error::custom)?;
        into.insert(host, map.next_value_seed(Mapping::<Registry>(PhantomData))?);
        Ok(())
    }
}

struct Registry;

impl Shape for Registry {
    type Value = Settings;
    const WHAT: &'static str = "the keys of a registry, such as `settle: 5`";
    const KEYS: &'static [&'static str] = &REGISTRIES;

    fn read<'de, M: MapAccess<'de>>(
        into: &mut Settings,
        key: &str,
        map: &mut M,
    ) -> Result<(), M::Error> {
        match key {
            "plain-http" => into.plain_http = map.next_value()?,
            "ca-file" => into.ca_file = Some(map.next_value_seed(Scalar::new())?),
            _ => {
                let help = "write a number of seconds, at most a day, such as `5`";
                let seconds = Number(help, |it| (0.0..=86_400.0).contains(&it));
                into.settle = Some(Duration::from_secs_f64(map.next_value_seed(seconds)?));
            }
        }
        Ok(())
    }

    fn finish<E: de::Error>(value: Settings, keys: &BTreeSet<String>) -> Result<Settings, E> {
        not_empty(value, keys, Self::KEYS)
    }
}

impl Word for PathBuf {
    const WHAT: &'static str = "a file";
    fn read(text: &str) -> Result<Self, String> {
        match text.is_empty() {
            true => Err("name a file with PEM certificates".to_owned()),
            false => Ok(Self::from(text)),
        }
    }
}

impl Word for Platform {
    const WHAT: &'static str = "a platform";
    fn read(text: &str) -> Result<Self, String> {
        text.parse()
            .map_err(|_| "write it like `linux/amd64`".to_owned())
    }
}

impl Word for Attestation {
    const WHAT: &'static str = "one of `provenance` and `sbom`";
    fn read(text: &str) -> Result<Self, String> {
        let known = Self::ALL.map(Self::as_str);
        text.parse().map_err(|()| one_of(text, &known))
    }
}

impl Word for TagPattern {
    const WHAT: &'static str = "a tag with or without `*`";
    fn read(text: &str) -> Result<Self, String> {
        Self::from_str(text).map_err(|error| error.help)
    }
}

impl Word for OnOther {
    const WHAT: &'static str = "one of `fail`, `warn` and `fix`";
    fn read(text: &str) -> Result<Self, String> {
        let known = Self::ALL.map(Self::as_str);
        let found = Self::ALL.into_iter().find(|it| it.as_str() == text);
        found.ok_or_else(|| one_of(text, &known))
    }
}

fn one_of(text: &str, known: &[&str]) -> String {
    match nearest(text, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("use one of `{}`", known.join("`, `")),
    }
}
