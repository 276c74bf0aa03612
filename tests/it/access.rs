//! Registries that want a login, config files that hold one, and what a run let out of it.
#![allow(dead_code, reason = "scenarios use what they need")]

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::image::{metadata, multi};
use crate::registry::{Builder, Registry};
use crate::run::{Ran, Run, code, tagproof};

/// The login that is right. Passwords may hold a colon.
pub(crate) const USER: &str = "ann";
pub(crate) const PASSWORD: &str = "pa55:W0rd-of-ann";

/// A password with whatever needs an escape in JSON, XML, Markdown, URLs, commands to a runner and
/// dotenv files. What stands between, four letters each, stands in nothing else that is shown.
pub(crate) const HOSTILE: &str = r#"Zk7w"Qx9v\Jf3h<Wb8n&Ty2m'Rd5s+Lp4g/Xc6t%Vn1q Hz0yéMj7u"#;

/// A registry that takes a password.
pub(crate) fn basic() -> Registry {
    filled(Registry::builder().basic(USER, PASSWORD))
}

/// A registry that takes tokens of its own token server.
pub(crate) fn bearer() -> Registry {
    filled(Registry::builder().token(USER, PASSWORD))
}

/// A registry with a build under `app:1`.
pub(crate) fn filled(builder: Builder) -> Registry {
    let registry = builder.start();
    fill(&registry, "app");
    registry
}

/// Puts the build into a repository, under the tag `1`.
pub(crate) fn fill(registry: &Registry, repository: &str) {
    let build = multi("a");
    build.push(registry, repository);
    registry.tag(repository, "1", &build.index.digest);
}

/// Points `app:1` at one platform's manifest.
pub(crate) fn spoil(registry: &Registry) {
    registry.tag("app", "1", &multi("a").arm64.digest);
}

/// The metadata of the build, under `app:1` of each of these hosts.
pub(crate) fn metadata_of(hosts: &[&str]) -> String {
    let names: Vec<String> = hosts.iter().map(|host| format!("{host}/app:1")).collect();
    metadata(&multi("a").index, &names)
}

/// `tagproof MODE build.json --settle 0` for `app:1` of the registry, with a report.
pub(crate) fn on(registry: &Registry, mode: &str) -> Run {
    on_host(&registry.host(), mode)
}

pub(crate) fn on_host(host: &str, mode: &str) -> Run {
    settled(host, mode, "0")
}

/// The same with another time to settle.
pub(crate) fn settled(host: &str, mode: &str, seconds: &str) -> Run {
    tagproof(&[mode, "build.json", "--settle", seconds])
        .file("build.json", metadata_of(&[host]))
        .report()
}

/// An entry of `auths` with a password.
pub(crate) fn entry(user: &str, password: &str) -> Value {
    json!({ "auth": BASE64_STANDARD.encode(format!("{user}:{password}")) })
}

/// The entry that is right.
pub(crate) fn right() -> Value {
    entry(USER, PASSWORD)
}

/// A config file with these entries.
pub(crate) fn config(entries: &[(&str, Value)]) -> String {
    let mut auths = json!({});
    for (key, entry) in entries {
        auths[*key] = entry.clone();
    }
    json!({ "auths": auths }).to_string()
}

/// The users that logged in, with a password, in the order of the requests and each once in a row.
pub(crate) fn users(registry: &Registry) -> Vec<String> {
    let mut users: Vec<String> = registry
        .journal()
        .iter()
        .filter_map(|entry| {
            let basic = entry.authorization.as_ref()?.strip_prefix("Basic ")?;
            let text = String::from_utf8(BASE64_STANDARD.decode(basic).unwrap()).unwrap();
            Some(text.split(':').next().unwrap().to_owned())
        })
        .collect();
    users.dedup();
    users
}

/// Asserts that neither the password, nor the header made of it, nor any token is in what the run
/// showed and wrote.
pub(crate) fn assert_no_leak(ran: &Ran) {
    assert_secret(&ran.shown(), &[PASSWORD]);
}

/// Asserts that none of these, nor a token of the fake registry, is in a text in any shape: as it
/// is, encoded for a URL, or within anything that was encoded by base64. Of one that needs escapes
/// there must not even be the letters between, however they were escaped.
pub(crate) fn assert_secret(shown: &str, secrets: &[&str]) {
    let capitals = shown.to_uppercase();
    for secret in secrets.iter().chain(&["opaque-"]) {
        for shape in shapes(secret) {
            assert!(!shown.contains(&shape), "`{shape}` leaked: {shown}");
        }
        let is_escaped = |c: char| !c.is_ascii_alphanumeric() && !matches!(c, ':' | '-' | '_');
        for part in secret.to_uppercase().split(is_escaped) {
            assert!(!capitals.contains(part), "`{part}` leaked: {shown}");
        }
    }
}

fn shapes(secret: &str) -> Vec<String> {
    let encode = |escape: fn(u8) -> String| -> String {
        let letters = secret.bytes().map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => escape(byte),
        });
        letters.collect()
    };
    // What stands before it shifts it by up to two bytes; the letters that depend on the
    // neighbors are left out.
    let shifted = [(0, 0), (1, 2), (2, 3)].map(|(before, from)| {
        let text = BASE64_STANDARD.encode([&b"\0\0"[..before], secret.as_bytes()].concat());
        let whole = (before + secret.len()) * 8 / 6;
        text[from..whole].to_owned()
    });
    let url_safe = shifted
        .clone()
        .map(|text| text.replace('+', "-").replace('/', "_"));
    let mut shapes = vec![
        secret.to_owned(),
        encode(|byte| format!("%{byte:02X}")),
        encode(|byte| format!("%{byte:02x}")),
    ];
    shapes.extend(shifted.into_iter().chain(url_safe));
    shapes
}

#[test]
fn a_secret_is_found_in_every_shape() {
    let login = BASE64_STANDARD.encode(format!("{USER}:{PASSWORD}"));
    let password = BASE64_STANDARD.encode(PASSWORD);
    for shown in [
        PASSWORD,
        "pa55%3AW0rd-of-ann",
        "pa55%3aW0rd-of-ann",
        &login,
        &password,
    ] {
        let found = shapes(PASSWORD).iter().any(|it| shown.contains(it));
        assert!(found, "{shown}");
    }
    assert_secret("nothing", &[PASSWORD]);
}

#[test]
fn a_secret_that_needs_escapes_is_found_in_any() {
    for shown in [
        HOSTILE,
        &json!(HOSTILE).to_string(),
        "and &quot;Qx9v\\Jf3h&lt;",
        "%25Vn1q",
        "r%Vn1q\\ Hz0y\\u00e9mj7u",
        "RD5S",
    ] {
        let found = std::panic::catch_unwind(|| assert_secret(shown, &[HOSTILE]));
        assert!(found.is_err(), "{shown}");
    }
}

/// Asserts that all is right, and that nothing leaked.
pub(crate) fn assert_ok(ran: &Ran) {
    assert_eq!(ran.status(), "ok", "{}", ran.shown());
    assert_no_leak(ran);
}

/// Asserts that the one tag is unproven for this reason, and that nothing leaked.
pub(crate) fn assert_unproven(ran: &Ran, reason: &str) {
    assert_eq!(ran.status(), "unproven", "{}", ran.shown());
    assert_eq!(ran.code, code(3));
    assert!(
        ran.stdout.contains(reason),
        "no `{reason}`: {}",
        ran.shown()
    );
    assert_no_leak(ran);
}
