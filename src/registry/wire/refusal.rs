//! What a registry refuses with: its status, and what its body says, sorted into classes.

use serde_json::Value;

use super::redact::NOT_SHOWN;
use crate::registry::Class;
use crate::text::clean;

/// The most that is read of the body of a refusal, and the most of it that is repeated.
pub(crate) const MAX_REFUSAL_BODY: usize = 64 * 1024;
const MAX_WORDS: usize = 300;

/// What the body of a refusal says. `{"errors":[{code,message,detail}]}` by the distribution-spec,
/// but a proxy's web page, a line of text or nothing at all is seen as well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The status.
    pub(crate) status: u16,
    /// The codes, in upper case.
    pub(crate) codes: Vec<String>,
    /// The words for people, cleaned and bounded, or that they are not shown.
    pub(crate) words: String,
    /// Everything that was said, in lower case, to be searched.
    searched: String,
    /// Whether it is a web page.
    pub(crate) is_page: bool,
    /// Whether a registry can have written it: errors as JSON, text, or nothing.
    pub(crate) is_plain: bool,
}

impl Refusal {
    /// Reads the body of an answer. Its words are not shown where a text of it is one that
    /// `repeats` a secret. Never fails.
    pub(crate) fn read(
        status: u16,
        content_type: &str,
        body: &[u8],
        repeats: impl Fn(&str) -> bool,
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
        refusal.searched = clean(&words, 8 * MAX_WORDS).to_lowercase();
        refusal.words = match repeats(text) || repeats(&words) {
            true => NOT_SHOWN.to_owned(),
            false => clean(&words, MAX_WORDS),
        };
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

    pub(super) fn has(&self, codes: &[&str]) -> bool {
        self.codes.iter().any(|code| codes.contains(&code.as_str()))
    }

    pub(super) fn says(&self, words: &[&str]) -> bool {
        words.iter().any(|words| self.searched.contains(words))
    }

    /// Whether one of these stands for itself, and not inside of a repository's name: registries
    /// repeat names in their words (`acme/quota-service`).
    pub(super) fn says_alone(&self, words: &[&str]) -> bool {
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/');
        words.iter().any(|word| {
            self.searched.match_indices(word).any(|(at, word)| {
                let (before, rest) = self.searched.split_at(at);
                let after = rest.strip_prefix(word).unwrap_or_default();
                !before.ends_with(|c: char| is_name(c) || c == '.') && !after.starts_with(is_name)
            })
        })
    }

    /// `project NAME not found`, as Harbor says it.
    pub(super) fn misses_project(&self) -> bool {
        self.searched.split("project ").skip(1).any(|rest| {
            let (_, rest) = rest.split_once(' ').unwrap_or_default();
            rest.starts_with("not found")
        })
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
mod tests;
