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
mod tests {
    use super::*;
    use crate::oci::Reference;

    fn base64(text: &str) -> String {
        BASE64.encode(text)
    }

    fn secret(config: &str, reference: &str) -> Option<Result<Secret, &'static str>> {
        let reference: Reference = reference.parse().unwrap();
        LoginConfig::parse(config)
            .unwrap()
            .secret(reference.repository())
    }

    fn password(username: &str, password: &str) -> Option<Result<Secret, &'static str>> {
        Some(Ok(Secret::Password {
            username: username.to_owned(),
            password: password.to_owned(),
        }))
    }

    fn auths(entries: &[(&str, &str)]) -> String {
        let entries: Vec<String> = entries
            .iter()
            .map(|(key, auth)| format!(r#""{key}": {{"auth": "{}"}}"#, base64(auth)))
            .collect();
        format!(r#"{{"auths": {{{}}}}}"#, entries.join(","))
    }

    #[test]
    fn a_host_is_found_however_its_key_is_spelled() {
        for (key, reference) in [
            ("ghcr.io", "ghcr.io/acme/app"),
            ("GHCR.io", "ghcr.io/acme/app"),
            ("https://ghcr.io", "ghcr.io/acme/app"),
            ("http://ghcr.io/", "ghcr.io/acme/app"),
            ("https://ghcr.io/v1/", "ghcr.io/acme/app"),
            ("ghcr.io/v2", "ghcr.io/acme/app"),
            ("localhost:5000", "localhost:5000/app"),
            ("https://index.docker.io/v1/", "acme/app"),
            ("https://index.docker.io/v2/", "acme/app"),
            ("index.docker.io", "acme/app"),
            ("docker.io", "acme/app"),
            ("registry-1.docker.io", "acme/app"),
        ] {
            let config = auths(&[(key, "user:pass:word\0\0")]);
            assert_eq!(
                secret(&config, reference),
                password("user", "pass:word"),
                "{key}"
            );
        }
    }

    #[test]
    fn a_host_that_looks_alike_is_another() {
        for key in [
            "ghcr.io.evil.com",
            "https://ghcr.io.evil.com/v1/",
            "xghcr.io",
            "ghcr.io:443",
            "user@ghcr.io",
            "https://ghcr.io@evil.com",
            "ghcr.io?",
            "*.io",
            "ghcr",
            "",
            "ghcr.io/acme/ap",
            "https://ghcr.io/v1/access-token",
        ] {
            let config = auths(&[(key, "user:pass")]);
            assert_eq!(secret(&config, "ghcr.io/acme/app"), None, "{key}");
        }
    }

    #[test]
    fn the_most_specific_key_is_taken() {
        let config = auths(&[
            ("r.io", "host:x"),
            ("r.io/acme", "namespace:x"),
            ("r.io/acme/app", "repository:x"),
        ]);
        for (reference, username) in [
            ("r.io/acme/app", "repository"),
            ("r.io/acme/app/cache", "repository"),
            ("r.io/acme/application", "namespace"),
            ("r.io/acme2/app", "host"),
        ] {
            assert_eq!(secret(&config, reference), password(username, "x"));
        }
    }

    #[test]
    fn an_entry_without_a_login_is_passed_over() {
        let config = format!(
            r#"{{"auths": {{"r.io/acme": {{}}, "r.io": {{"auth": ""}}, "https://r.io": {{"auth": "{}"}}, "q.io": null}}}}"#,
            base64("user:x")
        );
        assert_eq!(secret(&config, "r.io/acme/app"), password("user", "x"));
        assert_eq!(secret(&config, "q.io/app"), None);
        assert_eq!(secret("", "r.io/app"), None);
        assert_eq!(secret("{}", "r.io/app"), None);
    }

    #[test]
    fn every_kind_of_entry_is_understood() {
        let identity = Some(Ok(Secret::IdentityToken("t".to_owned())));
        for (entry, expected) in [
            (
                r#"{"username": "u", "password": "p"}"#.to_owned(),
                password("u", "p"),
            ),
            (
                format!(
                    r#"{{"auth": "{}", "identitytoken": "t"}}"#,
                    base64("00000000-0000-0000-0000-000000000000:")
                ),
                identity.clone(),
            ),
            (
                format!(r#"{{"auth": "{}"}}"#, base64("<token>:t")),
                identity.clone(),
            ),
            (
                r#"{"username": "<token>", "password": "t"}"#.to_owned(),
                identity,
            ),
            (
                r#"{"registrytoken": "t"}"#.to_owned(),
                Some(Ok(Secret::RegistryToken("t".to_owned()))),
            ),
            (
                format!(r#"{{"auth": "{}"}}"#, base64("u:pp").trim_end_matches('=')),
                password("u", "pp"),
            ),
        ] {
            let config = format!(r#"{{"auths": {{"r.io": {entry}}}}}"#);
            assert_eq!(secret(&config, "r.io/app"), expected, "{entry}");
        }
    }

    #[test]
    fn a_broken_entry_is_told_without_what_it_holds() {
        for (entry, reason) in [
            (
                r#"{"auth": "hunter2!"}"#.to_owned(),
                "its `auth` is not the base64 of `user:password`",
            ),
            (
                format!(r#"{{"auth": "{}"}}"#, base64("hunter2")),
                "its `auth` is not the base64 of `user:password`",
            ),
            (
                format!(r#"{{"auth": "{}"}}"#, base64("user:")),
                "its password is empty",
            ),
            (
                r#"{"registrytoken": "hunter2\r\nX: y"}"#.to_owned(),
                "its token is empty or has characters that no token has",
            ),
        ] {
            let config = format!(r#"{{"auths": {{"r.io": {entry}}}}}"#);
            assert_eq!(secret(&config, "r.io/app"), Some(Err(reason)), "{entry}");
            assert_eq!(secret(&config, "q.io/app"), None);
        }
    }

    #[test]
    fn a_broken_file_is_told_by_its_line_alone() {
        for (text, reason) in [
            ("{\n\"auths\": hunter2", "it is no JSON at line 2"),
            ("{\n\"auths\": {", "it is no JSON at line 2"),
            (
                r#"{"auths": {"r.io": "hunter2"}}"#,
                "it is JSON, but no login config, at line 1",
            ),
            (
                r#"{"auths": {"r.io": {"auth": ["hunter2"]}}}"#,
                "it is JSON, but no login config, at line 1",
            ),
        ] {
            assert_eq!(LoginConfig::parse(text).err().as_deref(), Some(reason));
        }
    }

    #[test]
    fn the_helper_of_a_host_comes_before_the_one_for_all() {
        let config = LoginConfig::parse(
            r#"{
                "auths": {"https://q.io": {}, "https://index.docker.io/v1/access-token": {}},
                "credHelpers": {"https://r.io": "own", "docker.io": "hub", "s.io": ""},
                "credsStore": "all"
            }"#,
        )
        .unwrap();
        for (host, expected) in [
            ("r.io", Some(("own", vec!["r.io", "https://r.io"]))),
            (
                "docker.io",
                Some(("hub", vec!["https://index.docker.io/v1/", "docker.io"])),
            ),
            ("q.io", Some(("all", vec!["q.io", "https://q.io"]))),
            ("r.io:5000", Some(("all", vec!["r.io:5000"]))),
            ("s.io", None),
        ] {
            let expected = expected.map(|(name, servers)| HelperEntry {
                name,
                servers: servers.into_iter().map(str::to_owned).collect(),
            });
            assert_eq!(config.helper(&host.parse().unwrap()), expected, "{host}");
        }
        let none = LoginConfig::parse("{}").unwrap();
        assert_eq!(none.helper(&"r.io".parse().unwrap()), None);
    }
}
