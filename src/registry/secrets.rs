//! The secrets that were sent: a server that repeats what it was sent must not make it public.

use std::collections::BTreeSet;
use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{percent_decode_str, utf8_percent_encode};

use super::exchange::lock;
use super::token::QUERY;

/// What a secret is replaced by.
const VEIL: &str = "***";

/// Shorter ones would only tear words apart.
const SHORTEST: usize = 4;

/// Every secret that was sent in this run, as it was sent and as it may be repeated.
#[derive(Default)]
pub(crate) struct Secrets {
    known: Mutex<BTreeSet<String>>,
}

impl Secrets {
    /// Remembers what the value of an `Authorization` header holds.
    pub(crate) fn learn_header(&self, value: &str) {
        let Some((scheme, credentials)) = value.split_once(' ') else {
            return;
        };
        self.learn(credentials);
        if !scheme.eq_ignore_ascii_case("basic") {
            return;
        }
        self.learn(credentials.trim_end_matches('='));
        let decoded = STANDARD.decode(credentials).ok();
        if let Some(login) = decoded.and_then(|bytes| String::from_utf8(bytes).ok())
            && let Some((_, password)) = login.split_once(':')
        {
            self.learn(password);
        }
    }

    /// Remembers the token that a form for the token server holds.
    pub(crate) fn learn_form(&self, form: &[u8]) {
        let form = String::from_utf8_lossy(form);
        let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
        for (_, token) in pairs.filter(|(name, _)| *name == "refresh_token") {
            self.learn(token);
            self.learn(&percent_decode_str(token).decode_utf8_lossy());
        }
    }

    /// In every shape that a server may put it in without a thought.
    fn learn(&self, secret: &str) {
        if secret.len() < SHORTEST {
            return;
        }
        let in_url = utf8_percent_encode(secret, QUERY).to_string();
        let base64 = STANDARD.encode(secret);
        lock(&self.known).extend([
            secret.to_owned(),
            with_small_escapes(&in_url),
            in_url,
            base64.trim_end_matches('=').to_owned(),
            base64,
        ]);
    }

    /// The text without them.
    pub(crate) fn conceal(&self, text: &str) -> String {
        let known = lock(&self.known);
        // The longest first: one secret may begin another.
        let mut found: Vec<&String> = known.iter().filter(|it| text.contains(*it)).collect();
        found.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let mut text = text.to_owned();
        for secret in found {
            text = text.replace(secret, VEIL);
        }
        text
    }
}

/// `%2F` written as `%2f`, and the rest as it is.
fn with_small_escapes(in_url: &str) -> String {
    let mut parts = in_url.split('%');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (escape, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        text.push_str(&format!("%{}{rest}", escape.to_ascii_lowercase()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_shapes_of_what_was_sent_are_concealed() {
        let secrets = Secrets::default();
        secrets.learn_header(&format!("Basic {}", STANDARD.encode("me:hunter2")));
        secrets.learn_header("Bearer tokentoken");
        secrets.learn_form(b"grant_type=refresh_token&refresh_token=A%2Fb%2Fc");
        for (text, concealed) in [
            ("me:hunter2 and hunter2!", "me:*** and ***!"),
            ("bWU6aHVudGVyMg==, bWU6aHVudGVyMg", "***, ***"),
            ("Bearer tokentoken", "Bearer ***"),
            ("A/b/c A%2Fb%2Fc A/b", "*** *** A/b"),
            ("A%2fb%2fc aHVudGVyMg== QS9iL2M", "*** *** ***"),
            ("refresh_token", "refresh_token"),
            ("me", "me"),
        ] {
            assert_eq!(secrets.conceal(text), concealed);
        }
    }

    #[test]
    fn what_is_too_short_to_be_secret_tears_no_words_apart() {
        let secrets = Secrets::default();
        secrets.learn_header(&format!("Basic {}", STANDARD.encode("me:e")));
        secrets.learn_header("Bearer");
        assert_eq!(secrets.conceal("denied"), "denied");
    }
}
