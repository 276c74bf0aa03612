//! The login files of Docker and Podman.

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
