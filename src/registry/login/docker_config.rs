//! A login config, as Docker (`config.json`) and Podman (`auth.json`) write it, and as they read it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::de::MapAccess;

use super::go_json::{self, Fields, Object, members, skip, text};
use super::secret::Secret;
use crate::oci::{Host, MAX_VALUES, Repository, host_and_path, is_bounded};
use crate::text::{too_large, utf8};

/// The most that is read of a config file.
const MAX_SIZE: usize = 1024 * 1024;

/// What Docker calls its Hub in a config file, and asks credential helpers for.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// Writers disagree about the padding, and Go does not look at the bits that nothing needs.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The logins of one config file. No `Debug`: most of it is secret.
#[derive(Default)]
pub(crate) struct LoginConfig {
    auths: Vec<(ServerKey, AuthEntry)>,
    helpers: Vec<(ServerKey, String)>,
    store: String,
}

/// The credential helper that a config names for a host.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct HelperEntry<'a> {
    /// Its name as written, not checked.
    pub(crate) name: &'a str,
    /// What the login may be filed under, the likeliest first; printable ASCII.
    pub(crate) servers: Vec<String>,
}

/// The name an entry is filed under: `ghcr.io`, `https://index.docker.io/v1/`, `quay.io/acme/app`.
struct ServerKey {
    text: String,
    host: Host,
    /// The namespace or repository that the entry is meant for, empty for all of the host.
    path: String,
}

#[derive(Default)]
struct ConfigFile {
    auths: BTreeMap<String, AuthEntry>,
    helpers: BTreeMap<String, String>,
    store: String,
}

impl Fields for ConfigFile {
    fn take<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<(), A::Error> {
        match name {
            "auths" => members(&mut self.auths, value, |Object(entry)| entry),
            // One that is `null` has an empty name, which says that the login is in the file.
            "credhelpers" => members(&mut self.helpers, value, |name: String| name),
            "credsstore" => text(&mut self.store, value),
            _ => skip(value),
        }
    }
}

#[derive(Default)]
struct AuthEntry {
    auth: String,
    username: String,
    password: String,
    identity_token: String,
    registry_token: String,
}

impl Fields for AuthEntry {
    fn take<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<(), A::Error> {
        match name {
            "auth" => text(&mut self.auth, value),
            "username" => text(&mut self.username, value),
            "password" => text(&mut self.password, value),
            "identitytoken" => text(&mut self.identity_token, value),
            "registrytoken" => text(&mut self.registry_token, value),
            _ => skip(value),
        }
    }
}

impl LoginConfig {
    /// Reads the text of a config file. An empty one holds no logins, as for Docker.
    ///
    /// The error is in words of this program alone: the parser's own quote the text.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, String> {
        if text.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        if !is_bounded(text) {
            return Err(format!("it holds more than {MAX_VALUES} values"));
        }
        let wire: ConfigFile = go_json::read(text).map_err(|error| {
            let what = match error.classify() {
                serde_json::error::Category::Data => "it is JSON, but no login config,",
                _ => "it is no JSON",
            };
            format!("{what} at line {}", error.line())
        })?;
        let mut auths: Vec<_> = wire
            .auths
            .into_iter()
            // What names no registry is no registry's login.
            .filter_map(|(key, entry)| Some((ServerKey::parse(key)?, entry)))
            .collect();
        // Where one host is spelled in several ways, Docker's own spelling comes first.
        auths.sort_by_key(|(key, _)| key.text != server(&key.host));
        let mut helpers: Vec<_> = wire
            .helpers
            .into_iter()
            .filter_map(|(key, name)| Some((ServerKey::parse(key)?, name)))
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
    pub(crate) fn helper(&self, host: &Host) -> Option<HelperEntry<'_>> {
        let own = self.helpers.iter().find(|(key, _)| key.is_all_of(host));
        let (name, as_written): (_, Vec<&ServerKey>) = match own {
            Some((key, name)) => (name, vec![key]),
            None => {
                let keys = self.auths.iter().map(|(key, _)| key);
                let keys = keys.filter(|key| key.is_all_of(host));
                (&self.store, keys.collect())
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
    pub(crate) fn secret(&self, repository: &Repository) -> Option<Result<Secret, &'static str>> {
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

/// Reads a config file; `None` if there is no such file.
pub(crate) fn read(path: &Path) -> Result<Option<LoginConfig>, String> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if is_missing(&error) => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let mut bytes = Vec::new();
    file.take(MAX_SIZE as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    if bytes.len() > MAX_SIZE {
        return Err(too_large(MAX_SIZE));
    }
    let text = utf8(bytes, MAX_SIZE).map_err(|why| format!("{why}: save it as UTF-8"))?;
    LoginConfig::parse(&text).map(Some)
}

/// Whether a file or directory could not be opened because there is none. A WebAssembly host
/// shows only the directories it was told to, and fails for the others in ways of its own.
pub(crate) fn is_missing(error: &io::Error) -> bool {
    cfg!(target_os = "wasi")
        || matches!(
            error.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
        )
}

/// What Docker files the login of a host under.
fn server(host: &Host) -> &str {
    if host.is_docker_hub() {
        DOCKER_HUB
    } else {
        host.as_str()
    }
}

impl ServerKey {
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

impl AuthEntry {
    fn secret(&self) -> Option<Result<Secret, &'static str>> {
        if !self.registry_token.is_empty() {
            return Some(Secret::registry_token(&self.registry_token));
        }
        if !self.identity_token.is_empty() {
            return Some(Secret::identity_token(&self.identity_token));
        }
        if !self.auth.is_empty() {
            let decoded =
                decode(&self.auth).ok_or("its `auth` is not the base64 of `user:password`");
            return Some(decoded.and_then(|(username, password)| Secret::new(username, password)));
        }
        if self.username.is_empty() && self.password.is_empty() {
            return None;
        }
        Some(Secret::new(self.username.clone(), self.password.clone()))
    }
}

/// The user may hold no colon, the password may. Some writers wrap the base64 into lines, and some
/// put NULs around the password.
fn decode(auth: &str) -> Option<(String, String)> {
    let auth: String = auth.trim().split(['\r', '\n']).collect();
    let text = String::from_utf8(BASE64.decode(auth).ok()?).ok()?;
    let (username, password) = text.split_once(':')?;
    let password = password.trim_matches('\0');
    Some((username.to_owned(), password.to_owned()))
}

#[cfg(test)]
mod tests;
