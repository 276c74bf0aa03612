//! The tags and annotations that docker/metadata-action leaves: its JSON, or its bake file.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::annotation::Annotation;
use crate::oci::Reference;
use crate::problem::Problem;

/// The largest file of them that is read, in bytes.
pub const MAX_TAGS_FROM: usize = 1024 * 1024;

/// The target that metadata-action's bake file describes.
const TARGET: &str = "docker-metadata-action";

const HELP: &str =
    "give what docker/metadata-action left: its output `json`, or its output `bake-file`";

/// What a file of tags says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagsFrom {
    /// The tags.
    pub tags: Vec<Reference>,
    /// The annotations that go on the index.
    pub annotations: Vec<Annotation>,
}

#[derive(Deserialize)]
struct Said {
    tags: Option<Vec<String>>,
    annotations: Option<Vec<String>>,
    target: Option<BTreeMap<String, Self>>,
}

/// Reads it; `source` is what to call it in messages.
///
/// The time of the run that stands among the annotations is left out: a second run must make the same
/// index. Annotations of manifests are left out, too: the legs were built with them.
///
/// # Errors
///
/// When it is not one of the two, or a tag or an annotation in it cannot be read.
pub fn tags_from(source: &str, text: &[u8]) -> Result<TagsFrom, Problem> {
    let failed =
        |cause: String| Problem::invalid(format!("failed to read `{source}`: {cause}"), HELP);
    let mut said: Said = serde_json::from_slice(text).map_err(|error| failed(error.to_string()))?;
    if let Some(mut targets) = said.target.take() {
        said = match (targets.remove(TARGET), targets.len()) {
            (Some(of_action), _) => of_action,
            (None, 1) => targets
                .into_values()
                .next()
                .ok_or_else(|| failed(String::new()))?,
            (None, _) => return Err(failed(format!("no target `{TARGET}`"))),
        };
    }
    let texts = said.tags.filter(|tags| !tags.is_empty());
    let texts = texts.ok_or_else(|| failed("it has no tags".to_owned()))?;
    let tags: Result<Vec<Reference>, Problem> = texts
        .iter()
        .map(|text| {
            let parsed = text.parse::<Reference>();
            parsed.map_err(|error| failed(format!("key `tags`: `{text}`: {error}")))
        })
        .collect();
    let mut annotations = Vec::new();
    for text in said.annotations.unwrap_or_default() {
        let levels = text.split_once(':').map_or("index", |(levels, _)| levels);
        let is_of_index = levels.split(',').any(|level| level == "index");
        let rest = text.split_once(':').map_or(text.as_str(), |(_, rest)| rest);
        if !is_of_index || rest.starts_with("org.opencontainers.image.created=") {
            continue;
        }
        let parsed = rest.parse();
        let parsed = parsed.map_err(|error| failed(format!("key `annotations`: {error}")))?;
        annotations.push(parsed);
    }
    Ok(TagsFrom {
        tags: tags?,
        annotations,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAGS: &str = r#""tags":["ghcr.io/acme/app:1.4","ghcr.io/acme/app:latest"]"#;

    fn read(text: &str) -> Result<TagsFrom, String> {
        tags_from("meta.json", text.as_bytes()).map_err(|problem| problem.message)
    }

    #[test]
    fn both_files_of_metadata_action_say_the_same() {
        let annotations = r#""annotations":["index:a=b","manifest:c=d","manifest,index:e=f:g","index:org.opencontainers.image.created=2026-12-01T00:00:00Z"]"#;
        let json = read(&format!("{{{TAGS},\"labels\":{{}},{annotations}}}")).unwrap();
        assert_eq!(json.tags.len(), 2);
        let keys: Vec<&str> = json.annotations.iter().map(|it| it.key.as_str()).collect();
        assert_eq!(keys, ["a", "e"]);
        assert_eq!(json.annotations[1].value, "f:g");
        let bake =
            format!("{{\"target\":{{\"docker-metadata-action\":{{{TAGS},{annotations}}}}}}}");
        assert_eq!(read(&bake), Ok(json));
    }

    #[test]
    fn what_is_not_one_of_them_says_why() {
        for (text, words) in [
            ("", "EOF"),
            ("{}", "it has no tags"),
            (r#"{"tags":[]}"#, "it has no tags"),
            (r#"{"tags":["a b"]}"#, "key `tags`: `a b`"),
            (
                r#"{"target":{"a":{},"b":{}}}"#,
                "no target `docker-metadata-action`",
            ),
            (
                r#"{"tags":["a:1"],"annotations":["index:a"]}"#,
                "key `annotations`",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
