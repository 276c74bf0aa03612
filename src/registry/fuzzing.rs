//! For tests: what hostile bytes from registries, token servers and login files must never do.

use super::challenge::{Challenge, choose};
use super::error::Refusal;
use super::login_config::LoginConfig;
use super::origin::{Origin, redact, resolve};
use super::{retry, token};
use crate::fuzzing::is_tame;
use crate::oci::Reference;

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
        if let Ok(origin) = Origin::of(&realm) {
            assert!(origin.is_same_place(&origin) && origin.may_lead_to(&origin));
            assert!(!origin.host().is_empty() && !origin.host().contains(['/', '@', '?', '#']));
        }
        // No query is shown.
        let shown = redact(&realm);
        let query = shown.split_once('?').map(|(_, query)| query);
        assert!(query.is_none_or(|it| it == "…"), "{shown}");
        if let Some(url) = resolve("https://r.example/v2/app/manifests/1", &realm) {
            let _ = Origin::of(&url);
        }
    }
    let _ = retry::retry_after(&text, 1_700_000_000);
    let _ = retry::hint(&text);
}

/// The text of a login config.
pub fn docker_config(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match LoginConfig::parse(text) {
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

/// The body of a refusal under each status, and of a token server's answer: the first line is the
/// `Content-Type`.
pub fn error_body(data: &[u8]) {
    let cut = data.iter().position(|byte| *byte == b'\n');
    let (head, body) = data.split_at(cut.map_or(0, |at| at + 1));
    let content_type = String::from_utf8_lossy(head);
    for status in [400, 401, 403, 404, 409, 412, 429, 500, 999] {
        let refusal = Refusal::read(status, content_type.trim(), body, str::to_owned);
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
}
