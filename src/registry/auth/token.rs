//! The token server: which one may be asked, how, for what, and what it answers.

use std::fmt;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::MapAccess;

use crate::registry::login::go_json::{self, Fields, skip, text};
use crate::registry::wire::origin::Origin;

/// The most that is read of a token server's answer.
pub(crate) const MAX_TOKEN_BODY: usize = 64 * 1024;

/// How long a token lives that does not say so, and the least that one is taken to live.
const SHORTEST: u64 = 60;

/// RFC 3986, `unreserved`.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Checks that credentials for the registry at `registry` may go to the token server `realm`.
///
/// Its host need not be the registry's (`auth.docker.io`). It must not be less safe than the
/// registry's own connection, nor lie on this machine unless the registry does.
pub(crate) fn check_realm(realm: &str, registry: &Origin) -> Result<Origin, &'static str> {
    let origin = Origin::parse(realm)?;
    if !origin.is_secure() && registry.is_secure() {
        return Err("it is not `https`");
    }
    if !registry.may_lead_to(&origin) {
        return Err("it is on this machine or in its local network link");
    }
    Ok(origin)
}

/// What a token is asked for: to read from the repository that the session is about, and where it
/// may be written, to write to it. Whatever a challenge demands, it is never more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    path: String,
    may_write: bool,
}

impl Scope {
    /// Reading from a repository, or writing to it too.
    pub(crate) fn new(path: &str, may_write: bool) -> Self {
        let path = path.to_owned();
        Self { path, may_write }
    }

    /// The same for reading only, if that is less.
    pub(crate) fn reading(&self) -> Option<Self> {
        self.may_write.then(|| Self::new(&self.path, false))
    }

    /// Whether a token for it has all that `demanded`, a scope of a challenge, names.
    pub(crate) fn covers(&self, demanded: &str) -> bool {
        let Some((resource, actions)) = demanded.rsplit_once(':') else {
            return false;
        };
        let has = |action| action == "pull" || (self.may_write && action == "push");
        resource.strip_prefix("repository:") == Some(&self.path) && actions.split(',').all(has)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // In the order that servers expect.
        let actions = if self.may_write { "pull,push" } else { "pull" };
        write!(f, "repository:{}:{actions}", self.path)
    }
}

/// The URL that a token is asked for with GET. A realm may have a query of its own.
pub(crate) fn url(
    realm: &str,
    service: Option<&str>,
    scope: &Scope,
    account: Option<&str>,
) -> String {
    let mut pairs: Vec<(&str, String)> = Vec::new();
    pairs.extend(service.map(|service| ("service", service.to_owned())));
    pairs.push(("scope", scope.to_string()));
    pairs.extend(account.map(|account| ("account", account.to_owned())));
    let mark = if realm.contains('?') { '&' } else { '?' };
    format!("{realm}{mark}{}", encode(&pairs))
}

/// The form that a token is asked for with POST, for an identity token (OAuth2, `refresh_token`).
pub(crate) fn form(service: Option<&str>, scope: &Scope, identity_token: &str) -> String {
    encode(&[
        ("grant_type", "refresh_token".to_owned()),
        ("service", service.unwrap_or_default().to_owned()),
        ("client_id", "tagproof".to_owned()),
        ("scope", scope.to_string()),
        ("refresh_token", identity_token.to_owned()),
    ])
}

fn encode(pairs: &[(&str, String)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(key, value)| format!("{key}={}", utf8_percent_encode(value, QUERY)))
        .collect();
    pairs.join("&")
}

/// A token and how long it lives. Opaque: nobody looks into it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) lives: Duration,
}

#[derive(Default)]
struct TokenBody {
    token: String,
    access_token: String,
    expires_in: serde_json::Value,
}

impl Fields for TokenBody {
    fn take<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<(), A::Error> {
        match name {
            "token" => text(&mut self.token, value),
            "access_token" => text(&mut self.access_token, value),
            "expires_in" => value.next_value().map(|it| self.expires_in = it),
            _ => skip(value),
        }
    }
}

/// Reads the answer of a token server.
pub(crate) fn parse(body: &[u8]) -> Result<Token, &'static str> {
    let answer: TokenBody =
        go_json::read(body).map_err(|_| "the token server's answer is not a token")?;
    let text = [answer.token, answer.access_token]
        .into_iter()
        .find(|token| !token.is_empty())
        .ok_or("the token server answered without a token")?;
    if !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("the token server's token does not fit into a header");
    }
    let seconds = answer
        .expires_in
        .as_u64()
        .or_else(|| {
            answer
                .expires_in
                .as_str()
                .and_then(|text| text.parse().ok())
        })
        .unwrap_or(SHORTEST);
    Ok(Token {
        text,
        // A year is as good as for ever, and cannot overflow.
        lives: Duration::from_secs(seconds.clamp(SHORTEST, 31_536_000)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_go_to_no_unsafe_token_server() {
        let cases = [
            ("https://r.io/x", "https://auth.io/token", true),
            ("https://r.io/x", "https://10.0.0.1/jwt/auth", true),
            ("https://r.io/x", "http://auth.io/token", false),
            ("https://r.io/x", "http://r.io/token", false),
            ("https://r.io/x", "https://u:p@auth.io/token", false),
            ("https://r.io/x", "https://auth.io/token#x", false),
            ("https://r.io/x", "https://169.254.169.254/token", false),
            ("https://r.io/x", "https://127.0.0.1/token", false),
            ("https://r.io/x", "https://[::ffff:127.0.0.1]/token", false),
            ("https://r.io/x", "https://metadata.google.internal/", false),
            ("https://r.io/x", "/token", false),
            ("https://r.io/x", "file:///etc/passwd", false),
            (
                "http://localhost:5000/",
                "http://localhost:5000/token",
                true,
            ),
            (
                "http://localhost:5000/",
                "http://127.0.0.1:5001/token",
                true,
            ),
            (
                "http://localhost:5000/",
                "http://169.254.169.254/token",
                false,
            ),
            ("http://localhost:5000/", "https://auth.io/token", true),
            ("http://localhost:5000/", "http://auth.io/token", true),
        ];
        for (registry, realm, expected) in cases {
            let registry = Origin::parse(registry).unwrap();
            assert_eq!(
                check_realm(realm, &registry).is_ok(),
                expected,
                "{realm} {registry:?}"
            );
        }
    }

    #[test]
    fn a_token_is_asked_for_with_what_the_challenge_named() {
        let scope = Scope::new("acme/app", true);
        assert_eq!(
            url("https://a/t", Some("my registry"), &scope, Some("me")),
            "https://a/t?service=my%20registry&scope=repository%3Aacme%2Fapp%3Apull%2Cpush&account=me"
        );
        assert_eq!(
            url("https://a/t?x=1", None, &Scope::new("app", false), None),
            "https://a/t?x=1&scope=repository%3Aapp%3Apull"
        );
        assert_eq!(
            form(Some("s"), &Scope::new("app", false), "a&b"),
            "grant_type=refresh_token&service=s&client_id=tagproof&scope=repository%3Aapp%3Apull&refresh_token=a%26b"
        );
    }

    #[test]
    fn a_scope_covers_what_is_read_and_written_of_its_repository_and_nothing_else() {
        let (reading, writing) = (Scope::new("a/app", false), Scope::new("a/app", true));
        for (demanded, reads, writes) in [
            ("repository:a/app:pull", true, true),
            ("repository:a/app:push,pull", false, true),
            ("repository:a/app:pull,delete", false, false),
            ("repository:a/app:*", false, false),
            ("repository:a/app:", false, false),
            ("repository:app:pull", false, false),
            ("repository:a/app/x:pull", false, false),
            ("registry:catalog:*", false, false),
            ("a/app:pull", false, false),
            ("nonsense", false, false),
        ] {
            let covers = (reading.covers(demanded), writing.covers(demanded));
            assert_eq!(covers, (reads, writes), "{demanded}");
        }
        assert_eq!(writing.reading(), Some(reading.clone()));
        assert_eq!(reading.reading(), None);
    }

    #[test]
    fn a_token_lives_a_minute_at_least() {
        let cases = [
            (r#"{"token":"t"}"#, Some(("t", 60))),
            (r#"{"access_token":"t","expires_in":300}"#, Some(("t", 300))),
            (
                r#"{"token":"","access_token":"a","expires_in":"90"}"#,
                Some(("a", 90)),
            ),
            (r#"{"token":"t","expires_in":1}"#, Some(("t", 60))),
            (r#"{"token":"t","expires_in":-5}"#, Some(("t", 60))),
            (r#"{"token":"t","expires_in":null}"#, Some(("t", 60))),
            (r#"{"Token":"t","Expires_In":300}"#, Some(("t", 300))),
            (r#"{"TOKEN":"t","EXPIRES_IN":null}"#, Some(("t", 60))),
            (r#"{"token":null,"Access_Token":"a"}"#, Some(("a", 60))),
            (r#"{"token":"t","access_token":null}"#, Some(("t", 60))),
            (r#"{"token":"t","Token":"u"}"#, Some(("u", 60))),
            (
                r#"{"token":"t","issued_at":null,"x":{"token":"no"}}"#,
                Some(("t", 60)),
            ),
            (r#"{"token":null}"#, None),
            (r#"{"token":1}"#, None),
            ("null", None),
            (r#"{"token":"a\nb"}"#, None),
            ("{}", None),
            ("[]", None),
            ("<html>", None),
            ("", None),
        ];
        for (body, expected) in cases {
            let found = parse(body.as_bytes()).ok();
            let found = found.as_ref().map(|t| (t.text.as_str(), t.lives.as_secs()));
            assert_eq!(found, expected, "{body}");
        }
    }
}
