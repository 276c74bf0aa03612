//! The login files of Docker and Podman.

use super::*;
use crate::oci::Reference;

fn base64(text: &str) -> String {
    BASE64.encode(text)
}

fn secret(config: &str, reference: &str) -> Option<Result<Secret, &'static str>> {
    let reference: Reference = reference.parse().unwrap();
    LoginConfig::parse(config.as_bytes())
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
        ("HTTPS://GHCR.IO/", "ghcr.io/acme/app"),
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
        assert_eq!(
            LoginConfig::parse(text.as_bytes()).err().as_deref(),
            Some(reason)
        );
    }
}

#[test]
fn the_helper_of_a_host_comes_before_the_one_for_all() {
    let config = LoginConfig::parse(
        br#"{
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
    let none = LoginConfig::parse(b"{}").unwrap();
    assert_eq!(none.helper(&"r.io".parse().unwrap()), None);
}

/// What Docker and Podman log in with, no matter which program wrote the file.
#[test]
fn base64_is_read_as_go_reads_it() {
    let pair = format!("AWS:{}", "p".repeat(100));
    let wrapped = |width: usize, between: &str| {
        let encoded = base64(&pair);
        let lines: Vec<&str> = encoded
            .as_bytes()
            .chunks(width)
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect();
        lines.join(between)
    };
    for auth in [
        wrapped(76, "\\n"),
        wrapped(64, "\\r\\n"),
        wrapped(1, "\\n"),
        wrapped(76, "\\r"),
        format!("\\n{}\\n", base64(&pair)),
        format!(" {} ", base64(&pair)),
    ] {
        let config = format!(r#"{{"auths": {{"r.io": {{"auth": "{auth}"}}}}}}"#);
        let expected = password("AWS", &"p".repeat(100));
        assert_eq!(secret(&config, "r.io/app"), expected, "{auth}");
    }
    for (auth, expected) in [
        // The last letter has bits that belong to no byte.
        ("dTpwcB==", password("u", "pp")),
        ("dTpwcA=\\n=", password("u", "pp")),
        ("AHU6cA==", password("\0u", "p")),
        (
            "dTpwc*==",
            Some(Err("its `auth` is not the base64 of `user:password`")),
        ),
        (
            "dTpw cA==",
            Some(Err("its `auth` is not the base64 of `user:password`")),
        ),
    ] {
        let config = format!(r#"{{"auths": {{"r.io": {{"auth": "{auth}"}}}}}}"#);
        assert_eq!(secret(&config, "r.io/app"), expected, "{auth}");
    }
    let config = auths(&[("r.io", "u:\0\0p:p\0")]);
    assert_eq!(secret(&config, "r.io/app"), password("u", "p:p"));
}

#[test]
fn keys_are_read_as_go_reads_them() {
    let auth = base64("user:pass");
    for config in [
        r#"{"Auths": {"r.io": {"Auth": "AUTH"}}}"#,
        r#"{"AUTHS": {"r.io": {"AUTH": "AUTH"}}}"#,
        r#"{"auths": {"r.io": {"Username": "user", "PASSWORD": "pass"}}}"#,
        r#"{"auths": {"r.io": {"auth": "AUTH", "identitytoken": null, "registrytoken": null}}}"#,
        r#"{"auths": {"r.io": {"auth": "AUTH", "Auth": null, "email": null, "new": [{}]}}}"#,
        r#"{"auths": {"r.io": {"auth": "!"}, "r.io": {"auth": "AUTH"}}}"#,
        r#"{"auths": {"r.io": {"auth": "AUTH"}}, "Auths": {"q.io": null}}"#,
        r#"{"auths": {"r.io": {"auth": "!"}}, "aUths": {"r.io": {"auth": "AUTH"}}}"#,
        r#"{"auths": null, "AUTHS": {"r.io": {"auth": "AUTH"}}}"#,
        r#"{"credsStore": null, "credHelpers": null, "auths": {"r.io": {"auth": "AUTH"}}}"#,
        r#"{"credHelpers": {"r.io": null}, "credsStore": "desktop", "auths": {"r.io": {"auth": "AUTH"}}}"#,
        r#"{"HttpHeaders": 1, "auths": {"r.io": {"auth": "AUTH"}}} {"auths": null}"#,
    ] {
        let config = config
            .replace("AUTH\"}", &format!("{auth}\"}}"))
            .replace("\"AUTH\",", &format!("\"{auth}\","));
        assert_eq!(
            secret(&config, "r.io/app"),
            password("user", "pass"),
            "{config}"
        );
        let read = LoginConfig::parse(config.as_bytes()).unwrap();
        assert_eq!(read.helper(&"r.io".parse().unwrap()), None, "{config}");
    }
    for config in [
        r#"{"auths": {"r.io": {"auth": "AUTH"}}, "Auths": null}"#,
        r#"{"auths": {"R.IO.": {"auth": "AUTH"}}}"#,
        r#"{"auths": {"r.io": null}}"#,
        "null",
    ] {
        assert_eq!(
            secret(&config.replace("AUTH", &auth), "r.io/app"),
            None,
            "{config}"
        );
    }
}

#[test]
fn helpers_are_named_in_any_case_of_the_keys() {
    let config = br#"{"CredHelpers": {"r.io": "own"}, "credsstore": "first", "CREDSSTORE": "all", "credsStore": null}"#;
    let config = LoginConfig::parse(config).unwrap();
    for (host, expected) in [("r.io", "own"), ("q.io", "all")] {
        let host = host.parse().unwrap();
        assert_eq!(config.helper(&host).map(|it| it.name), Some(expected));
    }
}

#[test]
fn bytes_that_are_not_utf8_spoil_only_the_key_they_are_in() {
    let auth = base64("user:pass");
    let mut config =
        b"{\"note\": \"caf\xe9\", \"auths\": {\"\xff.io\": {}, \"r.io\": {\"auth\": \"".to_vec();
    config.extend(auth.bytes());
    config.extend(b"\"}}}");
    let reference: Reference = "r.io/app".parse().unwrap();
    let read = LoginConfig::parse(&config).unwrap();
    assert_eq!(
        read.secret(reference.repository()),
        password("user", "pass")
    );
}

/// The facts of the configs that docker/cli (cli/config, Apache-2.0) and containers/image
/// (pkg/docker/config/testdata, Apache-2.0) test with.
#[test]
fn the_configs_that_docker_and_podman_are_tested_with_are_read_as_there() {
    let one = |key: &str, entry: &str| format!(r#"{{"auths": {{"{key}": {entry}}}}}"#);
    let full = auths(&[
        ("example.org", "example:org"),
        ("index.docker.io", "index:docker.io"),
        ("docker.io", "docker:io"),
        ("localhost", "local:host"),
        ("localhost:5000", "local:host-5000"),
        ("10.10.30.45", "10.10:30.45"),
        ("10.10.30.45:5000", "10.10:30.45-5000"),
        ("https://normalize.example.org/v1", "normalize:example"),
    ]);
    let paths = auths(&[
        ("example.org/repo", "example:org"),
        ("example.org", "local:host"),
    ]);
    let hub = one(
        "https://index.docker.io/v1/",
        r#"{"auth": "am9lam9lOmhlbGxv", "email": "user@example.com"}"#,
    );
    let variable = one(
        "env.example.test",
        r#"{"auth": "ZW52X3VzZXI6ZW52X3Bhc3M="}"#,
    );
    for (config, reference, expected) in [
        (&hub, "alpine", Some(("joejoe", "hello"))),
        (&hub, "docker.io/acme/app", Some(("joejoe", "hello"))),
        (&hub, "ghcr.io/acme/app", None),
        (
            &variable,
            "env.example.test/app",
            Some(("env_user", "env_pass")),
        ),
        (&full, "example.org/app", Some(("example", "org"))),
        (&full, "localhost/app", Some(("local", "host"))),
        (&full, "localhost:5000/app", Some(("local", "host-5000"))),
        (&full, "10.10.30.45/app", Some(("10.10", "30.45"))),
        (&full, "10.10.30.45:5000/app", Some(("10.10", "30.45-5000"))),
        (
            &full,
            "normalize.example.org/app",
            Some(("normalize", "example")),
        ),
        (&full, "example.com/app", None),
        (&full, "localhost:5001/app", None),
        (&paths, "example.org/repo", Some(("example", "org"))),
        (&paths, "example.org/repo/image", Some(("example", "org"))),
        (&paths, "example.org/image", Some(("local", "host"))),
    ] {
        let expected = expected.and_then(|(username, secret)| password(username, secret));
        assert_eq!(secret(config, reference), expected, "{reference}");
    }
    // Where Docker Hub has several names, it is one of these; which of them, nothing says.
    assert!(secret(&full, "acme/app").is_some_and(|it| it.is_ok()));
    let token = one(
        "example.org",
        &format!(
            r#"{{"auth": "{}", "identitytoken": "some very long identity token"}}"#,
            base64("00000000-0000-0000-0000-000000000000:")
        ),
    );
    assert!(secret(&token, "example.org/app").is_some_and(|it| it.is_err()));
    for empty in ["{}", r#"{"auths": {}}"#, "", " \n"] {
        assert_eq!(secret(empty, "acme/app"), None);
    }
    // The directory of `auths` that is a list, and an entry that is a text.
    for broken in [r#"{"auths": []}"#, r#"{"auths": {"r.io": "x"}}"#, "[]", "{"] {
        assert!(LoginConfig::parse(broken.as_bytes()).is_err(), "{broken}");
    }
}
