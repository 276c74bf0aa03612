//! The attributes of an output or an attestation, in each form that buildx prints them in.

use serde_json::Value;

/// One output or attestation: an object, or text like `type=image,push=true` (buildx before 0.20).
pub(super) struct Attributes(Vec<(String, String)>);

impl Attributes {
    pub(super) fn read(value: &Value) -> Result<Self, String> {
        match value {
            Value::String(text) => Self::of_text(text),
            Value::Object(members) => Ok(Self(
                members
                    .iter()
                    .map(|(key, value)| match value {
                        Value::String(text) => (key.clone(), text.clone()),
                        other => (key.clone(), other.to_string()),
                    })
                    .collect(),
            )),
            other => Err(format!(
                "expected `type=…` or an object, found {}",
                shown(other)
            )),
        }
    }

    fn of_text(text: &str) -> Result<Self, String> {
        let fields = fields(text);
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        if let [one] = fields.as_slice()
            && !one.starts_with("type=")
        {
            // A path alone is a directory, `-` is a tar stream.
            let kind = if one == "-" { "tar" } else { "local" };
            return Ok(Self(vec![pair("type", kind), pair("dest", one)]));
        }
        fields
            .iter()
            .map(|field| match field.split_once('=') {
                Some((key, value)) => Ok(pair(&key.trim().to_ascii_lowercase(), value)),
                None => Err(format!("expected `key=value`, found `{field}`")),
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub(super) fn get(&self, key: &str) -> Option<&str> {
        let pair = self.0.iter().rfind(|(known, _)| known == key);
        pair.map(|(_, value)| value.as_str())
    }

    /// Whether it is said to be true; BuildKit takes an empty value for yes.
    ///
    /// # Errors
    ///
    /// When it is neither true nor false in one of the ways that Go reads.
    pub(super) fn is_true(&self, key: &str) -> Result<bool, String> {
        match self.get(key) {
            None | Some("0" | "f" | "F" | "false" | "False" | "FALSE") => Ok(false),
            Some("" | "1" | "t" | "T" | "true" | "True" | "TRUE") => Ok(true),
            Some(text) => {
                let text: String = text.chars().take(100).collect();
                Err(format!("`{key}`: `{text}` is neither true nor false"))
            }
        }
    }
}

/// The fields of one line of comma-separated values; a field in quotes may hold commas.
pub(super) fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut is_quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let Some(field) = fields.last_mut() else {
            break;
        };
        match c {
            '"' if is_quoted && chars.peek() == Some(&'"') => {
                field.push('"');
                chars.next();
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(String::new()),
            c => field.push(c),
        }
    }
    fields
}

/// A value for people: what is long or nested by its kind alone.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::String(text) if text.len() > 100 => "a long text".to_owned(),
        other => format!("`{other}`"),
    }
}
