//! For tests: what hostile bytes from registries, token servers and login files must never do.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;

use crate::fuzzing::is_tame;
use crate::oci::Reference;
use crate::registry::auth::challenge::{Challenge, choose};
use crate::registry::auth::token;
use crate::registry::client::warning;
use crate::registry::login::Secret;
use crate::registry::login::docker_config::LoginConfig;
use crate::registry::login::helper;
use crate::registry::wire::backoff;
use crate::registry::wire::origin::{Origin, public_url, resolve};
use crate::registry::wire::redact::Redactor;
use crate::registry::wire::refusal::Refusal;
use crate::text::{clean, utf8};

/// A password that was sent. It needs escapes in JSON, XML, URLs and Markdown.
const SECRET: &str = "hun\"ter\\2<&>'+/%é";

/// The lines of `WWW-Authenticate`, and the URL of the token server that they name.
pub fn challenge(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let found = choose(text.lines());
    if let Some(Challenge::Bearer {
        realm,
        service,
        scopes,
    }) = found
    {
        assert!(!realm.is_empty() && service.is_none_or(|it| !it.is_empty()));
        assert!(scopes.iter().all(|it| !it.is_empty() && !it.contains(' ')));
        if let Ok(origin) = Origin::parse(&realm) {
            assert!(origin.is_same_place(&origin) && origin.may_lead_to(&origin));
            assert!(!origin.host().is_empty() && !origin.host().contains(['/', '@', '?', '#']));
        }
        // No query is shown.
        let shown = public_url(&realm);
        let query = shown.split_once('?').map(|(_, query)| query);
        assert!(query.is_none_or(|it| it == "…"), "{shown}");
        if let Some(url) = resolve("https://r.example/v2/app/manifests/1", &realm) {
            let _ = Origin::parse(&url);
        }
    }
    let _ = backoff::retry_after(&text, 1_700_000_000);
    let _ = backoff::hint(&text);
}

/// The text of a login config, which is what a credential helper printed, too.
pub fn docker_config(data: &[u8]) {
    helps(data);
    match utf8(data.to_vec(), 1024 * 1024).and_then(|text| LoginConfig::parse(&text)) {
        Ok(config) => {
            for name in ["ghcr.io/acme/app", "docker.io/library/app", "r.io:5000/a/b"] {
                let reference: Reference = name.parse().unwrap();
                let host = reference.repository().host();
                if let Some(helper) = config.helper(host) {
                    assert!(!helper.name.is_empty() && !helper.servers.is_empty());
                    let plain = |it: &String| it.bytes().all(|b| b.is_ascii_graphic());
                    assert!(helper.servers.iter().all(plain));
                }
                if let Some(Err(why)) = config.secret(reference.repository()) {
                    is_tame(why);
                }
            }
        }
        // In words of our own, none of the file's.
        Err(why) => assert!(why.starts_with("it ") && why.len() < 100, "{why}"),
    }
}

/// What a helper printed as its answer, or complained of.
fn helps(data: &[u8]) {
    for (success, stdout, stderr) in [
        (true, data, data),
        (false, data, data),
        (false, &b""[..], data),
    ] {
        match helper::parse_output(success, stdout, stderr) {
            Ok(Some(Secret::Password { username, password })) => {
                assert!(success && !password.is_empty() && !username.contains(':'));
            }
            Ok(Some(Secret::IdentityToken(token) | Secret::RegistryToken(token))) => {
                assert!(success && !token.is_empty());
            }
            Ok(None) => {}
            // In words of our own, and of its complaint no word that may be a token.
            Err(why) => {
                assert!(why.starts_with("it") && why.len() < 300, "{why}");
                assert!(
                    why.bytes()
                        .all(|b| matches!(b, b' '..=b'~') || !b.is_ascii())
                );
                let is_long =
                    |word: &str| word.len() > 20 && word.bytes().all(|b| b.is_ascii_alphanumeric());
                assert!(!why.split(' ').any(is_long), "{why}");
                is_tame(&clean(&why, 200));
            }
        }
    }
}

/// The body of a refusal under each status, and of a token server's answer: the first line is the
/// `Content-Type`. What is said with a secret in it is told without.
pub fn error_body(data: &[u8]) {
    let cut = data.iter().position(|byte| *byte == b'\n');
    let (head, body) = data.split_at(cut.map_or(0, |at| at + 1));
    let content_type = String::from_utf8_lossy(head);
    let redactor = Redactor::default();
    let login = STANDARD.encode(format!("me:{SECRET}"));
    redactor.add_header(&format!("Basic {login}"));
    let repeats = |words: &str| redactor.is_repeated_in(words);
    let refusal = Refusal::read(403, content_type.trim(), body, repeats);
    is_told(&refusal.words);
    is_told(&refusal.reason());
    for status in [400, 401, 403, 404, 409, 412, 429, 500, 999] {
        let refusal = Refusal::read(status, content_type.trim(), body, |_| false);
        is_tame(&refusal.words);
        is_tame(&refusal.reason());
        assert!(refusal.words.chars().count() <= 300);
        assert!(refusal.codes.len() <= 8);
        let _ = (refusal.class(), refusal.is_passing());
    }
    match token::parse(body) {
        Ok(token) => assert!(token.text.bytes().all(|b| b.is_ascii_graphic())),
        Err(why) => is_tame(why),
    }
    repeated(&String::from_utf8_lossy(body), &redactor, &login);
}

/// A server that says `text` and what it was sent.
fn repeated(text: &str, redactor: &Redactor, login: &str) {
    assert_eq!(Redactor::default().redact(text), text);
    let short: String = text.chars().take(40).collect();
    let text = format!("{short}{SECRET}{short}");
    // The letters that have bits of nothing but the secret.
    let from = (short.len() * 8).div_ceil(6);
    let to = (short.len() + SECRET.len()) * 8 / 6;
    let letters = |encoded: &str| encoded.get(from..to).unwrap_or_default().to_owned();
    let (base64, for_urls) = (STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text));
    let shape = text.len() % 5;
    let all = [
        (text, SECRET.to_owned()),
        (format!("{short}{login}{short}"), login.to_owned()),
        (format!("{short} {base64} {short}"), letters(&base64)),
        (format!("{short} {for_urls} {short}"), letters(&for_urls)),
        (
            format!("{short} {} {short}", json!(SECRET)),
            SECRET.to_owned(),
        ),
    ];
    // One for each input: a chance is found by many, and all of them would be slow.
    for (said, never) in all.into_iter().skip(shape).take(1) {
        let error = json!({"code": said, "message": said, "detail": {"it": [said]}});
        let body = json!({"errors": [error]}).to_string();
        for body in [&body, &said] {
            let repeats = |words: &str| redactor.is_repeated_in(words);
            let words = Refusal::read(403, "text/plain", body.as_bytes(), repeats).words;
            is_told(&words);
            assert!(!words.contains(&never), "{words}");
        }
        let quoted = said.replace('\\', "\\\\").replace('"', "\\\"");
        let header = format!("299 - \"{quoted}\"");
        let words = warning(&header, redactor).unwrap_or_default();
        is_told(&words);
        assert!(!words.contains(&never), "{words}");
    }
}

/// It is tame, and has the secret neither as it is nor as JSON has it.
fn is_told(words: &str) {
    is_tame(words);
    let json = json!(SECRET).to_string();
    for secret in [SECRET, json.trim_matches('"')] {
        assert!(!words.contains(secret), "{words}");
    }
}
