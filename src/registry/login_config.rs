//! The text of a login config, as Docker (`config.json`) and Podman (`auth.json`) write it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;

use super::credentials::Secret;
use crate::oci::{Host, MAX_VALUES, Repository, is_bounded};

/// What Docker calls its Hub in a config file, and asks credential helpers for.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// Writers disagree about the padding; nothing else is forgiven.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The logins of one config file. No `Debug`: most of it is secret.
#[derive(Default)]
pub(super) struct LoginConfig {
    auths: Vec<(Key, Entry)>,
    helpers: Vec<(Key, String)>,
    store: Option<String>,
}

/// The credential helper that a config names for a host.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HelperEntry<'a> {
    /// Its name as written, not checked.
    pub(super) name: &'a str,
    /// What the login may be filed under, the likeliest first; printable ASCII.
    pub(super) servers: Vec<String>,
}

/// The name an entry is filed under: `ghcr.io`, `https://index.docker.io/v1/`, `quay.io/acme/app`.
struct Key {
    text: String,
    host: Host,
    /// The namespace or repository that the entry is meant for, empty for all of the host.
    path: String,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    auths: Option<BTreeMap<String, Option<Entry>>>,
    #[serde(default, rename = "credHelpers")]
    helpers: Option<BTreeMap<String, String>>,
    #[serde(default, rename = "credsStore")]
    store: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    #[serde(rename = "identitytoken")]
    identity_token: Option<String>,
    #[serde(rename = "registrytoken")]
    registry_token: Option<String>,
}

impl LoginConfig {
    /// Reads the text of a config file. An empty one holds no logins, as for Docker.
    ///
    /// The error is in words of this program alone: the parser's own quote the text.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        if !is_bounded(text.as_bytes()) {
            return Err(format!("it holds more than {MAX_VALUES} values"));
        }
        let wire: Wire = serde_json::from_str(text).map_err(|error| {
            let what = match error.classify() {
                serde_json::error::Category::Data => "it is JSON, but no login config,",
                _ => "it is no JSON",
            };
            format!("{what} at line {}", error.line())
        })?;
        let mut auths: Vec<_> = wire
            .auths
            .unwrap_or_default()
            .into_iter()
            .filter_map(|(key, entry)| Some((Key::parse(key)?, entry?)))
            .collect();
        // Where one host is spelled in several ways, Docker's own spelling comes first.
        auths.sort_by_key(|(key, _)| key.text != server(&key.host));
        let mut helpers: Vec<_> = wire
            .helpers
            .unwrap_or_default()
            .into_iter()
            .filter_map(|(key, name)| Some((Key::parse(key)?, name)))
            .collect();
        helpers.sort_by_key(|(key, _)| key.text != server(&key.host));
        Ok(Self {
            auths,
            helpers,
            store: wire.store,
        })
    }

    /// The helper that keeps the login of this host: the host's own before the one for all. An
    /// empty name for a host means that its login is in the file.
    pub(super) fn helper(&self, host: &Host) -> Option<HelperEntry<'_>> {
        let own = self.helpers.iter().find(|(key, _)| key.is_all_of(host));
        let (name, as_written): (_, Vec<&Key>) = match own {
            Some((key, name)) => (name, vec![key]),
            None => {
                let keys = self.auths.iter().map(|(key, _)| key);
                let keys = keys.filter(|key| key.is_all_of(host));
                (self.store.as_ref()?, keys.collect())
            }
        };
        let mut servers = vec![server(host).to_owned()];
        for key in as_written {
            if key.text.bytes().all(|b| b.is_ascii_graphic()) && !servers.contains(&key.text) {
                servers.push(key.text.clone());
            }
        }
        (!name.is_empty()).then_some(HelperEntry { name, servers })
    }

    /// The secret in the file itself: the repository's own, its namespace's, its host's. The
    /// error says what is wrong with the entry, and nothing of what it holds.
    pub(super) fn secret(&self, repository: &Repository) -> Option<Result<Secret, &'static str>> {
        let mut path = repository.path();
        loop {
            let found = self
                .auths
                .iter()
                .filter(|(key, _)| key.host == *repository.host() && key.path == path)
                .find_map(|(_, entry)| entry.secret());
            if found.is_some() || path.is_empty() {
                return found;
            }
            path = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        }
    }
}

/// What Docker files the login of a host under.
fn server(host: &Host) -> &str {
    if host.is_docker_hub() {
        DOCKER_HUB
    } else {
        host.as_str()
    }
}

/// The parts of `[http[s]://] host [:port] [/path]`; what has no host is nothing.
pub(super) fn host_and_path(text: &str) -> Option<(Host, &str)> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .unwrap_or(text);
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    Some((host.parse().ok()?, path))
}

impl Key {
    /// `[http[s]://] host [:port] [/v1 | /v2 | /path] [/]`. What is no host is no key; a path
    /// that is none of a repository simply never matches.
    fn parse(text: String) -> Option<Self> {
        let (host, path) = host_and_path(&text)?;
        let path = match path.trim_end_matches('/') {
            "v1" | "v2" => "",
            path => path,
        };
        Some(Self {
            path: path.to_owned(),
            host,
            text,
        })
    }

    fn is_all_of(&self, host: &Host) -> bool {
        self.host == *host && self.path.is_empty()
    }
}

impl Entry {
    fn secret(&self) -> Option<Result<Secret, &'static str>> {
        let filled = |field: &Option<String>| field.clone().filter(|text| !text.is_empty());
        if let Some(token) = filled(&self.registry_token) {
            return Some(Secret::registry_token(&token));
        }
        if let Some(token) = filled(&self.identity_token) {
            return Some(Secret::identity_token(&token));
        }
        if let Some(auth) = filled(&self.auth) {
            let decoded = decode(&auth).ok_or("its `auth` is not the base64 of `user:password`");
            return Some(decoded.and_then(|(username, password)| Secret::new(username, password)));
        }
        match (filled(&self.username), filled(&self.password)) {
            (None, None) => None,
            (username, password) => Some(Secret::new(
                username.unwrap_or_default(),
                password.unwrap_or_default(),
            )),
        }
    }
}

/// The user may hold no colon, the password may. Some writers end the password with NULs.
fn decode(auth: &str) -> Option<(String, String)> {
    let text = String::from_utf8(BASE64.decode(auth.trim()).ok()?).ok()?;
    let (username, password) = text.split_once(':')?;
    let password = password.trim_end_matches('\0');
    Some((username.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests;
