//! How a request to a registry fails: a class that decides what to do, and the words to say it with.

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::text::clean;

/// The most that is read of the body of a refusal, and the most of it that is repeated.
pub(crate) const MAX_REFUSAL_BODY: usize = 64 * 1024;
const MAX_WORDS: usize = 300;

/// A request that failed, told so that a person knows which one and why.
///
/// `Display` is the whole story; it holds no secret and no control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What kind of failure it is.
    pub class: Class,
    /// The request: method and URL without its query, such as `GET https://r.io/v2/app/manifests/1`.
    pub request: String,
    /// What went wrong: the status and the registry's own words (cleaned), or the network's.
    pub reason: String,
    /// How long the registry asked to wait before the next try.
    pub retry_after: Option<Duration>,
}

/// What kind of failure it is (research: the status, the code and the words decide together).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// No login at hand, or none that the registry or its token server accepts.
    Login,
    /// Logged in, but not allowed.
    Denied,
    /// The tag is immutable.
    Immutable,
    /// The tag is protected: only some may move it.
    Protected,
    /// A quota is used up, or the registry is read-only for now.
    ReadOnly,
    /// Too many requests.
    RateLimited,
    /// A manifest lists a child that the registry does not have.
    ChildMissing,
    /// The manifest is larger than the registry, or this program, takes.
    TooLarge,
    /// The registry does not take this media type.
    MediaType,
    /// A policy of the registry hides the image (vulnerable, unsigned).
    Policy,
    /// There is no such repository (writes only; a read is answered with [`super::Answer::Absent`]).
    NotFound,
    /// The registry failed (5xx).
    Unavailable,
    /// The connection failed, was cut or stalled.
    Network,
    /// No such host.
    UnknownHost,
    /// The certificate or the handshake is not good.
    Tls,
    /// A proxy refused or failed.
    Proxy,
    /// The answer is none that a registry gives.
    BadAnswer,
    /// The answers do not come to rest: each look shows something else.
    Restless,
    /// A redirect or a token server that credentials or requests must not follow.
    Unsafe,
    /// The time for the whole run is over.
    Deadline,
    /// Refused for another reason.
    Refused,
}

impl Class {
    /// Whether the same request may succeed a moment later.
    #[must_use]
    pub fn is_passing(self) -> bool {
        matches!(
            self,
            Self::RateLimited | Self::Unavailable | Self::Network | Self::BadAnswer
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.request, self.reason)
    }
}

impl std::error::Error for Error {}

/// What the body of a refusal says. `{"errors":[{code,message,detail}]}` by the distribution-spec,
/// but a proxy's web page, a line of text or nothing at all is seen as well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The status.
    pub(crate) status: u16,
    /// The codes, in upper case.
    pub(crate) codes: Vec<String>,
    /// The words for people, cleaned and bounded.
    pub(crate) words: String,
    /// Everything that was said, in lower case, to be searched.
    searched: String,
    /// Whether it is a web page.
    pub(crate) is_page: bool,
    /// Whether a registry can have written it: errors as JSON, text, or nothing.
    pub(crate) is_plain: bool,
}

impl Refusal {
    /// Reads the body of an answer, and takes out of its words what `conceal` does not let through.
    /// Never fails.
    pub(crate) fn read(
        status: u16,
        content_type: &str,
        body: &[u8],
        conceal: impl Fn(&str) -> String,
    ) -> Self {
        let text = String::from_utf8_lossy(body.get(..MAX_REFUSAL_BODY).unwrap_or(body));
        let text = text.trim();
        let content_type = content_type.to_ascii_lowercase();
        let json: Option<Value> = serde_json::from_str(text).ok();
        let is_page = json.is_none()
            && (content_type.starts_with("text/html")
                || text
                    .get(..256)
                    .unwrap_or(text)
                    .to_ascii_lowercase()
                    .split_whitespace()
                    .next()
                    .is_some_and(|tag| tag.starts_with("<!doctype") || tag.starts_with("<html")));
        let mut refusal = Self {
            status,
            is_page,
            is_plain: !is_page
                && (text.is_empty()
                    || matches!(json, Some(Value::Object(_)))
                    || (content_type.starts_with("text/plain") && !text.starts_with('<'))),
            ..Self::default()
        };
        let words = match &json {
            Some(value) => refusal.read_errors(value),
            None if is_page => String::new(),
            None => text.to_owned(),
        };
        let words = conceal(&words);
        refusal.searched = clean(&words, 8 * MAX_WORDS).to_lowercase();
        refusal.words = clean(&words, MAX_WORDS);
        refusal
    }

    fn read_errors(&mut self, value: &Value) -> String {
        let list = match value.get("errors") {
            Some(Value::Array(list)) => list.as_slice(),
            Some(single @ Value::Object(_)) => std::slice::from_ref(single),
            // OAuth2 and the vendors' own APIs: `{"error":…}`, `{"message":…}`, `{"details":…}`.
            _ => {
                let texts = ["error", "error_description", "message", "details", "detail"]
                    .into_iter()
                    .filter_map(|key| value.get(key).and_then(Value::as_str));
                return texts.collect::<Vec<_>>().join(": ");
            }
        };
        let mut told: Vec<String> = Vec::new();
        for error in list.iter().take(8) {
            let code = error.get("code").map(plain).unwrap_or_default();
            let code = code.to_ascii_uppercase();
            let mut parts = vec![code.clone()];
            parts.extend(error.get("message").map(plain));
            parts.extend(error.get("detail").map(plain));
            parts.retain(|part| !part.is_empty());
            parts.dedup();
            if let Value::String(text) = error {
                parts.push(text.clone());
            }
            told.push(parts.join(": "));
            self.codes.push(code);
        }
        told.retain(|words| !words.is_empty());
        told.join("; ")
    }

    fn has(&self, codes: &[&str]) -> bool {
        self.codes.iter().any(|code| codes.contains(&code.as_str()))
    }

    fn says(&self, words: &[&str]) -> bool {
        words.iter().any(|words| self.searched.contains(words))
    }

    /// Whether one of these stands for itself, and not inside of a repository's name: registries
    /// repeat names in their words (`acme/quota-service`).
    fn says_alone(&self, words: &[&str]) -> bool {
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/');
        words.iter().any(|word| {
            self.searched.match_indices(word).any(|(at, word)| {
                let (before, rest) = self.searched.split_at(at);
                let after = rest.strip_prefix(word).unwrap_or_default();
                !before.ends_with(|c: char| is_name(c) || c == '.') && !after.starts_with(is_name)
            })
        })
    }

    /// The class of this refusal. The status alone is ambiguous: 401 is a protected tag on GitLab,
    /// 403 is an immutable one on Docker Hub and a rate limit on GHCR (research, table 3.2).
    pub(crate) fn class(&self) -> Class {
        let refused = (400..500).contains(&self.status);
        if self.status == 429
            || self.has(&["TOOMANYREQUESTS", "THROTTLINGEXCEPTION"])
            || self.says(&[
                "secondary rate limit",
                "rate exceeded",
                "rate limit exceeded",
            ])
        {
            return Class::RateLimited;
        }
        if self.has(&["PROTECTED_TAG", "PROTECTED_MANIFEST"]) {
            return Class::Protected;
        }
        if self.has(&[
            "IMMUTABLE_TAG",
            "TAG_IMMUTABLE",
            "REGISTRY_DISALLOWED_OPERATION",
        ]) {
            return Class::Immutable;
        }
        // What else a request for a login says, it says of the repository.
        if self.status == 401 {
            return Class::Login;
        }
        if refused
            && (self.says_alone(&["immutable", "immutability"])
                || self.says(&["cannot be overwritten", "does not allow updating assets"]))
        {
            return Class::Immutable;
        }
        if refused && self.says_alone(&["read-only", "read only", "readonly", "quota"]) {
            return Class::ReadOnly;
        }
        if refused && self.says(&["body too large"]) || self.has(&["SIZE_INVALID"]) {
            return Class::TooLarge;
        }
        match self.status {
            _ if self.has(&["UNAVAILABLE"]) => Class::Unavailable,
            403 => Class::Denied,
            413 => Class::TooLarge,
            415 => Class::MediaType,
            409 if self.has(&["CONFLICT"]) => Class::Immutable,
            412 => Class::Policy,
            405 if self.has(&["UNSUPPORTED", "DENIED"]) => Class::ReadOnly,
            400..=499 if self.has(&["PROJECTPOLICYVIOLATION"]) => Class::Policy,
            400..=499 if self.misses_child() => Class::ChildMissing,
            400 if self.has(&["MANIFEST_INVALID"]) && self.says(&["403 forbidden"]) => {
                Class::Denied
            }
            400 if self.says(&["media type", "mediatype", "content-type", "content type"]) => {
                Class::MediaType
            }
            404 => Class::NotFound,
            408 | 425 | 499 | 500..=599 => Class::Unavailable,
            400..=498 => Class::Refused,
            _ => Class::BadAnswer,
        }
    }

    fn misses_child(&self) -> bool {
        self.has(&["MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN"])
            || self.says(&["sub-manifest", "required for pushing image"])
            || (self.status == 400
                && self.has(&["MANIFEST_INVALID"])
                && self.says(&[
                    "not found",
                    "unknown",
                    "does not exist",
                    "do not exist",
                    "missing",
                ]))
    }

    /// Whether the same request may be answered otherwise a moment later.
    pub(crate) fn is_passing(&self) -> bool {
        match self.class() {
            // Docker Hub counts pulls in hours: waiting for seconds is no use.
            Class::RateLimited => !self.says(&["pull rate limit"]),
            Class::Unavailable => !matches!(self.status, 501 | 505..=511),
            _ => false,
        }
    }

    /// The reason in words: `403 Forbidden: DENIED: requested access is denied`.
    pub(crate) fn reason(&self) -> String {
        let name = ureq::http::StatusCode::from_u16(self.status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .map(|name| format!(" {name}"))
            .unwrap_or_default();
        let status = self.status;
        match (self.words.is_empty(), self.is_page) {
            (true, true) => format!("{status}{name}, with a web page instead of a reason"),
            (true, false) => format!("{status}{name}"),
            (false, _) => format!("{status}{name}: {}", self.words),
        }
    }
}

/// A JSON value as words: a string as it is, a nested message for itself, anything else compact.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Object(fields) if fields.is_empty() => String::new(),
        Value::Array(items) if items.is_empty() => String::new(),
        Value::Object(fields) => match fields.get("message") {
            Some(Value::String(text)) => text.clone(),
            _ => value.to_string(),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, content_type: &str, body: &[u8]) -> Refusal {
        Refusal::read(status, content_type, body, str::to_owned)
    }

    fn class(status: u16, body: &str) -> Class {
        read(status, "application/json", body.as_bytes()).class()
    }

    fn json(code: &str, message: &str, detail: &str) -> String {
        format!(r#"{{"errors":[{{"code":"{code}","message":"{message}","detail":{detail}}}]}}"#)
    }

    #[test]
    fn the_name_of_a_repository_is_no_reason() {
        for name in [
            "acme/quota-service",
            "acme/readonly-ui",
            "immutable-infra",
            "a/my-quota",
        ] {
            let detail =
                format!(r#"[{{"Type":"repository","Class":"","Name":"{name}","Action":"pull"}}]"#);
            let unauthorized = json("UNAUTHORIZED", "authentication required", &detail);
            assert_eq!(class(401, &unauthorized), Class::Login, "{name}");
            let denied = json("DENIED", &format!("no access to {name}"), &detail);
            assert_eq!(class(403, &denied), Class::Denied, "{name}");
        }
    }

    #[test]
    fn every_registry_is_understood_by_its_own_words() {
        for (registry, status, body, expected) in [
            (
                "ECR",
                400,
                json(
                    "TAG_INVALID",
                    "The image tag 'x' already exists in the 'y' repository and cannot be overwritten because the repository is immutable.",
                    "null",
                ),
                Class::Immutable,
            ),
            (
                "ECR, newer",
                400,
                json(
                    "TAG_INVALID",
                    "The image tag 'x' already exists in the 'y' repository and cannot be overwritten because the tag is immutable.",
                    "{}",
                ),
                Class::Immutable,
            ),
            (
                "Docker Hub",
                403,
                json(
                    "DENIED",
                    "requested access to the resource is denied - This tag is already assigned to an image in this repository and cannot be updated due to immutability settings. To push this image, use a different tag.",
                    "null",
                ),
                Class::Immutable,
            ),
            (
                "Google AR",
                400,
                json(
                    "MANIFEST_INVALID",
                    "cannot update tag X. The repository has enabled tag immutability",
                    "null",
                ),
                Class::Immutable,
            ),
            (
                "Quay",
                409,
                json(
                    "TAG_IMMUTABLE",
                    "tag is immutable and cannot be overwritten",
                    r#"{"message":"tag 'x' is immutable"}"#,
                ),
                Class::Immutable,
            ),
            (
                "Harbor",
                412,
                json(
                    "PRECONDITION",
                    "Failed to process request due to 'library/app:1' configured as immutable.",
                    "null",
                ),
                Class::Immutable,
            ),
            (
                "GitLab immutable",
                401,
                json(
                    "IMMUTABLE_TAG",
                    "tag is immutable",
                    r#""tag \"x\" is immutable""#,
                ),
                Class::Immutable,
            ),
            (
                "GitLab protected",
                401,
                json(
                    "PROTECTED_TAG",
                    "insufficient permissions to push or delete protected tag",
                    "null",
                ),
                Class::Protected,
            ),
            (
                "GitLab manifest",
                401,
                json("PROTECTED_MANIFEST", "x", "null"),
                Class::Protected,
            ),
            (
                "GitLab config",
                400,
                json("TAG_PATTERN_COUNT_LIMIT_EXCEEDED", "too many", "null"),
                Class::Refused,
            ),
            (
                "ACR",
                405,
                json(
                    "REGISTRY_DISALLOWED_OPERATION",
                    "The operation is disallowed on this registry, repository or image. View troubleshooting steps",
                    "null",
                ),
                Class::Immutable,
            ),
            (
                "Nexus",
                400,
                json(
                    "BLOB_UPLOAD_INVALID",
                    "blob upload invalid",
                    r#""Repository does not allow updating assets: docker""#,
                ),
                Class::Immutable,
            ),
            (
                "Artifactory",
                400,
                json(
                    "MANIFEST_INVALID",
                    "manifest invalid",
                    r#"{"description":"HTTP 403 Forbidden"}"#,
                ),
                Class::Denied,
            ),
            (
                "Alibaba",
                400,
                json(
                    "UNKNOWN",
                    "The requested tag already exists and cannot be overwritten",
                    "null",
                ),
                Class::Immutable,
            ),
            (
                "MSR",
                400,
                json(
                    "UNKNOWN",
                    "unknown error",
                    r#""tag=latest cannot be overwritten because a/b is an immutable repository""#,
                ),
                Class::Immutable,
            ),
            (
                "OCIR, angos",
                409,
                json("CONFLICT", "conflict", "null"),
                Class::Immutable,
            ),
            (
                "zot denied",
                403,
                json(
                    "DENIED",
                    "requested access to the resource is denied",
                    r#"{"reason":"policy"}"#,
                ),
                Class::Denied,
            ),
            (
                "GHCR denied",
                403,
                json("DENIED", "permission_denied: write_package", "null"),
                Class::Denied,
            ),
            (
                "GHCR installation",
                403,
                json(
                    "DENIED",
                    "installation not allowed to Write organization package",
                    "null",
                ),
                Class::Denied,
            ),
            (
                "GHCR limit as 403",
                403,
                json(
                    "DENIED",
                    "permission_denied: Error from intermediary with HTTP status code 403 \"Forbidden\": You have exceeded a secondary rate limit",
                    "null",
                ),
                Class::RateLimited,
            ),
            (
                "Docker Hub limit",
                429,
                json(
                    "TOOMANYREQUESTS",
                    "You have reached your pull rate limit. You may increase the limit",
                    "null",
                ),
                Class::RateLimited,
            ),
            (
                "GHCR limit",
                429,
                json(
                    "TOOMANYREQUESTS",
                    "retry-after: 12.5ms, allowed: 2000/minute",
                    "null",
                ),
                Class::RateLimited,
            ),
            (
                "ECR limit",
                503,
                json("ThrottlingException", "Rate exceeded", "null"),
                Class::RateLimited,
            ),
            (
                "child, distribution",
                400,
                json(
                    "MANIFEST_BLOB_UNKNOWN",
                    "blob unknown to registry",
                    r#""sha256:aa""#,
                ),
                Class::ChildMissing,
            ),
            (
                "child, ECR",
                400,
                json(
                    "MANIFEST_INVALID",
                    "Images with digests '[sha256:aa]' required for pushing image into repository with name 'x' in the registry with id '1' do not exist",
                    "null",
                ),
                Class::ChildMissing,
            ),
            (
                "child, ggcr",
                404,
                json(
                    "MANIFEST_UNKNOWN",
                    "Sub-manifest \"sha256:aa\" not found",
                    "null",
                ),
                Class::ChildMissing,
            ),
            (
                "child, zot",
                400,
                json(
                    "MANIFEST_INVALID",
                    "manifest invalid",
                    r#"{"reference":"manifest not found"}"#,
                ),
                Class::ChildMissing,
            ),
            (
                "child, Cloudflare",
                404,
                json("BLOB_UNKNOWN", "unknown blob", "null"),
                Class::ChildMissing,
            ),
            (
                "media type, Quay",
                415,
                json(
                    "MANIFEST_INVALID",
                    "manifest invalid",
                    r#"{"message":"manifest type not supported"}"#,
                ),
                Class::MediaType,
            ),
            (
                "media type, Gitea",
                400,
                json(
                    "MANIFEST_INVALID",
                    "mediaType does not match Content-Type",
                    "null",
                ),
                Class::MediaType,
            ),
            (
                "too large, zot",
                413,
                json("MANIFEST_INVALID", "manifest invalid", "null"),
                Class::TooLarge,
            ),
            (
                "too large, distribution",
                400,
                json(
                    "MANIFEST_INVALID",
                    "manifest invalid",
                    r#""http: request body too large""#,
                ),
                Class::TooLarge,
            ),
            (
                "size",
                400,
                json(
                    "SIZE_INVALID",
                    "provided length did not match content length",
                    "null",
                ),
                Class::TooLarge,
            ),
            (
                "Quay quota",
                403,
                json("DENIED", "Quota has been exceeded on namespace", "null"),
                Class::ReadOnly,
            ),
            (
                "Quay read-only",
                405,
                json(
                    "DENIED",
                    "System is currently read-only. Pulls will succeed but all write operations are currently suspended.",
                    "null",
                ),
                Class::ReadOnly,
            ),
            (
                "distribution cache",
                405,
                json("UNSUPPORTED", "The operation is unsupported.", "null"),
                Class::ReadOnly,
            ),
            (
                "Harbor policy",
                412,
                json(
                    "PROJECTPOLICYVIOLATION",
                    "current image with 2 vulnerabilities cannot be pulled due to configured policy",
                    "null",
                ),
                Class::Policy,
            ),
            (
                "no repository",
                404,
                json(
                    "NAME_UNKNOWN",
                    "repository name not known to registry",
                    r#"{"name":"x"}"#,
                ),
                Class::NotFound,
            ),
            (
                "no login",
                401,
                json(
                    "UNAUTHORIZED",
                    "authentication required",
                    r#"[{"Type":"repository","Class":"","Name":"a","Action":"pull"}]"#,
                ),
                Class::Login,
            ),
            (
                "maintenance",
                400,
                json("UNAVAILABLE", "service unavailable", "null"),
                Class::Unavailable,
            ),
            (
                "bad name",
                400,
                json("NAME_INVALID", "invalid repository name", "null"),
                Class::Refused,
            ),
        ] {
            assert_eq!(class(status, &body), expected, "{registry}: {body}");
            let words = read(status, "", body.as_bytes()).reason();
            assert!(
                words.starts_with(&status.to_string()) && words.contains(": "),
                "{words}"
            );
        }
    }

    #[test]
    fn a_status_without_words_is_still_classed() {
        for (status, expected) in [
            (401, Class::Login),
            (403, Class::Denied),
            (404, Class::NotFound),
            (405, Class::Refused),
            (408, Class::Unavailable),
            (413, Class::TooLarge),
            (418, Class::Refused),
            (425, Class::Unavailable),
            (429, Class::RateLimited),
            (499, Class::Unavailable),
            (500, Class::Unavailable),
            (503, Class::Unavailable),
            (524, Class::Unavailable),
            (204, Class::BadAnswer),
            (304, Class::BadAnswer),
        ] {
            assert_eq!(class(status, ""), expected, "{status}");
        }
    }

    #[test]
    fn any_body_is_read() {
        for (content_type, body, words, is_page, is_plain) in [
            ("", "", "", false, true),
            ("text/html; charset=utf-8", "<h1>No</h1>", "", true, false),
            ("", "<!DOCTYPE html><p>", "", true, false),
            ("text/plain", "\n<html><body>x", "", true, false),
            (
                "text/plain; charset=utf-8",
                "404 page not found\n",
                "404 page not found",
                false,
                true,
            ),
            ("application/json", r#"{"errors":[]}"#, "", false, true),
            (
                "application/json",
                r#"{"errors":{"code":"x","message":"y"}}"#,
                "X: y",
                false,
                true,
            ),
            (
                "application/json",
                r#"{"errors":["a","b"]}"#,
                "a; b",
                false,
                true,
            ),
            (
                "application/json",
                r#"{"errors":[{"code":5,"detail":[1,2]}]}"#,
                "5: [1,2]",
                false,
                true,
            ),
            (
                "application/json",
                r#"{"errors":null,"message":"m"}"#,
                "m",
                false,
                true,
            ),
            (
                "application/json",
                r#"{"error":"invalid_grant","error_description":"no"}"#,
                "invalid_grant: no",
                false,
                true,
            ),
            ("application/json", "[1", "[1", false, false),
            ("application/xml", "<Error/>", "<Error/>", false, false),
            (
                "",
                "\u{1b}[31m::error::x ##[y]",
                "\u{fffd}[31m::error::x # #[y]",
                false,
                false,
            ),
            ("", "::set-output::x", ": :set-output::x", false, false),
        ] {
            let refusal = read(400, content_type, body.as_bytes());
            assert_eq!(refusal.words, words, "{body}");
            assert_eq!(refusal.is_page, is_page, "{body}");
            assert_eq!(refusal.is_plain, is_plain, "{body}");
        }
        let long = read(400, "", &vec![0xff; 1 << 20]);
        assert!(long.words.chars().count() <= MAX_WORDS);
    }

    #[test]
    fn only_what_passes_soon_is_waited_for() {
        for (status, body, expected) in [
            (503, String::new(), true),
            (501, String::new(), false),
            (429, json("TOOMANYREQUESTS", "Rate exceeded", "null"), true),
            (
                429,
                json(
                    "TOOMANYREQUESTS",
                    "You have reached your pull rate limit.",
                    "null",
                ),
                false,
            ),
            (403, json("DENIED", "denied", "null"), false),
            (403, json("DENIED", "secondary rate limit", "null"), true),
            (400, String::new(), false),
        ] {
            let refusal = read(status, "", body.as_bytes());
            assert_eq!(refusal.is_passing(), expected, "{status} {body}");
        }
    }
}
