//! What a build's provenance says of the source, as BuildKit writes it.

use serde_json::Value;

use super::json::is_bounded;
use super::moment::Moment;

/// The most that is kept of a revision, in characters.
const MAX_REVISION: usize = 200;

/// What a provenance statement (SLSA 0.2 or 1) says of the build that made an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The revision of the source: what buildx found in the working tree, else that of the Git
    /// repository that was the context.
    pub revision: Option<String>,
    /// When the build started.
    pub started: Option<Moment>,
}

/// Where BuildKit writes the revision: SLSA 1 first, then SLSA 0.2 (BuildKit, "SLSA provenance").
const REVISIONS: [&str; 4] = [
    "/predicate/runDetails/metadata/buildkit_metadata/vcs/revision",
    "/predicate/metadata/https:~1~1mobyproject.org~1buildkit@v1#metadata/vcs/revision",
    "/predicate/buildDefinition/externalParameters/configSource/digest/sha1",
    "/predicate/invocation/configSource/digest/sha1",
];

/// Where it writes the time.
const STARTS: [&str; 2] = [
    "/predicate/runDetails/metadata/startedOn",
    "/predicate/metadata/buildStartedOn",
];

impl Provenance {
    /// Reads an in-toto statement. What is not understood says nothing.
    #[must_use]
    pub fn read(statement: &[u8]) -> Self {
        if !is_bounded(statement) {
            return Self::default();
        }
        let statement: Value = serde_json::from_slice(statement).unwrap_or_default();
        let text = |places: &[&str]| {
            let mut found = places
                .iter()
                .filter_map(|place| statement.pointer(place)?.as_str())
                .filter(|text| !text.is_empty());
            found
                .next()
                .map(|text| text.chars().take(MAX_REVISION).collect())
        };
        Self {
            revision: text(&REVISIONS),
            started: text(&STARTS).and_then(|text: String| Moment::said(&text)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn revision(predicate: &Value) -> Option<String> {
        let statement =
            json!({"_type": "https://in-toto.io/Statement/v0.1", "predicate": predicate});
        Provenance::read(statement.to_string().as_bytes()).revision
    }

    #[test]
    fn the_revision_is_found_in_both_versions_of_slsa() {
        let vcs = json!({"vcs": {"revision": "3f2a", "source": "https://git.example.com/app"}});
        for predicate in [
            json!({"runDetails": {"metadata": {"buildkit_metadata": vcs}}}),
            json!({"metadata": {"https://mobyproject.org/buildkit@v1#metadata": vcs}}),
            json!({"buildDefinition": {"externalParameters": {"configSource": {"digest": {"sha1": "3f2a"}}}}}),
            json!({"invocation": {"configSource": {"digest": {"sha1": "3f2a"}}}}),
        ] {
            assert_eq!(revision(&predicate).as_deref(), Some("3f2a"), "{predicate}");
        }
    }

    #[test]
    fn the_working_tree_comes_before_the_context() {
        let predicate = json!({
            "buildDefinition": {"externalParameters": {"configSource": {"digest": {"sha1": "context"}}}},
            "runDetails": {"metadata": {"buildkit_metadata": {"vcs": {"revision": "tree"}}}},
        });
        assert_eq!(revision(&predicate).as_deref(), Some("tree"));
    }

    #[test]
    fn what_is_not_understood_says_nothing() {
        for text in [
            "",
            "[]",
            "{}",
            "{\"predicate\":1}",
            "\u{0}",
            "{\"predicate\":{\"metadata\":[]}}",
        ] {
            assert_eq!(
                Provenance::read(text.as_bytes()),
                Provenance::default(),
                "{text}"
            );
        }
        assert_eq!(
            revision(&json!({"invocation": {"configSource": {"digest": {"sha1": ""}}}})),
            None
        );
        let long = "a".repeat(10_000);
        let predicate = json!({"invocation": {"configSource": {"digest": {"sha1": long}}}});
        assert_eq!(revision(&predicate).map(|it| it.len()), Some(MAX_REVISION));
    }
}
