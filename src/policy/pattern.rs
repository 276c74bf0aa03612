//! The patterns of a policy: which repositories, and maybe which of their tags, a rule is for.

use std::fmt;
use std::str::FromStr;

use crate::oci::{Host, Repository, Tag};
use crate::text::matches;

/// The longest pattern; no reference is longer.
const MAX: usize = 512;

/// A repository with wildcards, and maybe a tag with wildcards: `ghcr.io/acme/**:v*`. `*` stays
/// within a path component, `**` crosses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    repository: String,
    tag: Option<String>,
}

/// Tags with wildcards: `v*`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TagPattern {
    text: String,
}

impl Pattern {
    /// Whether the rule is for this.
    #[must_use]
    pub fn fits(&self, repository: &Repository, tag: Option<&Tag>) -> bool {
        let tag_fits = match (&self.tag, tag) {
            (None, _) => true,
            (Some(pattern), Some(tag)) => matches(pattern, tag.as_str()),
            (Some(_), None) => false,
        };
        tag_fits && matches(&self.repository, &repository.to_string())
    }

    /// What decides between two patterns that fit: one with a tag, then the longest literal text.
    #[must_use]
    pub fn specificity(&self) -> (bool, usize) {
        let literal = self.text.chars().filter(|c| *c != '*').count();
        (self.tag.is_some(), literal)
    }
}

impl TagPattern {
    /// Whether the tag is one of them.
    #[must_use]
    pub fn fits(&self, tag: &Tag) -> bool {
        matches(&self.text, tag.as_str())
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for TagPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Why a text is not a pattern, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsePatternError {
    /// What is wrong with it.
    pub cause: String,
    /// What to write instead.
    pub help: String,
}

fn error(cause: &str, help: impl Into<String>) -> ParsePatternError {
    ParsePatternError {
        cause: cause.to_owned(),
        help: help.into(),
    }
}

impl FromStr for Pattern {
    type Err = ParsePatternError;

    /// Reads a pattern. What could never fit is refused: a rule that does nothing looks like one
    /// that does.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const HELP: &str = "write it like `ghcr.io/acme/**`, or with a tag, `ghcr.io/acme/**:v*`";
        if text.is_empty() || text.len() > MAX {
            return Err(error("it is empty, or longer than any reference", HELP));
        }
        if text.contains('@') {
            return Err(error("a pattern has no digest", HELP));
        }
        // Before the last slash, a colon is a port's.
        let name = text.rfind('/').map_or(0, |slash| slash + 1);
        let (repository, tag) = match text.rfind(':').filter(|colon| *colon >= name) {
            Some(colon) => {
                let (repository, tag) = text.split_at(colon);
                (repository, Some(tag.trim_start_matches(':')))
            }
            None => (text, None),
        };
        if tag.is_some_and(|tag| !is_tag_pattern(tag)) {
            return Err(error("its tag could be no tag's", HELP));
        }
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "*._-/".contains(c);
        let (host, path) = match repository.split_once('/') {
            Some((host, path)) => (host, path),
            None if repository == "**" => ("**", ""),
            None => {
                return Err(error(
                    "it names no repository, only a registry or a name",
                    format!("for all of a registry write `{repository}/**`"),
                ));
            }
        };
        let has_gap = repository != "**" && path.split('/').any(str::is_empty);
        if !path.chars().all(fits) || has_gap {
            return Err(error(
                "it could be no repository's: those are in lower case, as `acme/app`",
                HELP,
            ));
        }
        if !host.contains('*') {
            let is_registry = host.contains(['.', ':']) || host == "localhost";
            let known: Option<Host> = host.parse().ok().filter(|_| is_registry);
            let Some(known) = known else {
                return Err(error(
                    "it begins with no registry",
                    format!("on Docker Hub write `docker.io/{text}`"),
                ));
            };
            if known.is_docker_hub() && !path.contains(['/', '*']) {
                return Err(error(
                    "Docker Hub has no such repository",
                    format!("write `docker.io/library/{path}`"),
                ));
            }
            if known.as_str() != host {
                return Err(error(
                    "its registry has another name in references",
                    format!("write `{known}/{path}`"),
                ));
            }
        }
        Ok(Self {
            text: text.to_owned(),
            repository: repository.to_owned(),
            tag: tag.map(str::to_owned),
        })
    }
}

impl FromStr for TagPattern {
    type Err = ParsePatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match is_tag_pattern(text) {
            true => Ok(Self {
                text: text.to_owned(),
            }),
            false => Err(error(
                "it could be no tag's",
                "write it like `v*` or `1.4`, without a name before it",
            )),
        }
    }
}

fn is_tag_pattern(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "*._-".contains(c);
    !text.is_empty() && text.len() <= 128 && text.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, reference: &str) -> bool {
        let pattern: Pattern = pattern.parse().unwrap();
        let reference: crate::oci::Reference = reference.parse().unwrap();
        pattern.fits(reference.repository(), reference.tag())
    }

    #[test]
    fn one_star_stays_within_a_component_and_two_cross() {
        for (pattern, reference, expected) in [
            ("ghcr.io/acme/*", "ghcr.io/acme/app:1", true),
            ("ghcr.io/acme/*", "ghcr.io/acme/app/web:1", false),
            ("ghcr.io/acme/**", "ghcr.io/acme/app/web:1", true),
            ("ghcr.io/acme/**", "ghcr.io/acmeapp:1", false),
            ("ghcr.io/**/web", "ghcr.io/acme/app/web:1", true),
            ("ghcr.io/**/web", "ghcr.io/web:1", false),
            ("**/app", "ghcr.io/acme/app:1", true),
            ("**", "ghcr.io/acme/app:1", true),
            ("*/acme/app", "ghcr.io/acme/app:1", true),
            ("*/app", "ghcr.io/acme/app:1", false),
            ("ghcr.io/acme/a*p", "ghcr.io/acme/app:1", true),
            ("ghcr.io/acme/a*p", "ghcr.io/acme/ap:1", true),
            ("ghcr.io/acme/a*p", "ghcr.io/acme/apps:1", false),
            ("ghcr.io/acme/app", "ghcr.io/acme/app:1", true),
            ("docker.io/acme/app", "acme/app:1", true),
            ("docker.io/library/alpine", "alpine:1", true),
            ("localhost:5000/**", "localhost:5000/app:1", true),
            ("localhost:5000/app", "localhost:5000/app:1", true),
        ] {
            assert_eq!(fits(pattern, reference), expected, "{pattern} {reference}");
        }
    }

    #[test]
    fn a_tag_pattern_is_for_tags_only() {
        for (pattern, reference, expected) in [
            ("ghcr.io/acme/**:v*", "ghcr.io/acme/app:v1", true),
            ("ghcr.io/acme/**:v*", "ghcr.io/acme/app:1", false),
            ("**:latest", "ghcr.io/acme/app:latest", true),
            ("localhost:5000/app:1", "localhost:5000/app:1", true),
            ("localhost:5000/app:1", "localhost:5000/app:2", false),
            ("**:*", "ghcr.io/acme/app", false),
        ] {
            assert_eq!(fits(pattern, reference), expected, "{pattern} {reference}");
        }
    }

    #[test]
    fn a_tag_comes_before_none_and_then_the_longest_literal_text() {
        let order = [
            "**",
            "ghcr.io/**",
            "ghcr.io/acme/**",
            "ghcr.io/acme/app",
            "**:latest",
            "ghcr.io/acme/**:*-amd64",
        ];
        let specificity = |text: &str| text.parse::<Pattern>().unwrap().specificity();
        assert!(order.is_sorted_by_key(|text| specificity(text)));
    }

    #[test]
    fn what_could_never_fit_is_refused_with_what_to_write_instead() {
        for (text, help) in [
            ("ghcr.io", "`ghcr.io/**`"),
            ("acme/app", "`docker.io/acme/app`"),
            ("app", "`app/**`"),
            ("docker.io/alpine", "`docker.io/library/alpine`"),
            ("index.docker.io/acme/app", "`docker.io/acme/app`"),
            ("GHCR.io/acme/app", "`ghcr.io/acme/app`"),
            ("ghcr.io/Acme/app", "write it like"),
            ("ghcr.io/acme//app", "write it like"),
            ("ghcr.io/", "write it like"),
            ("ghcr.io/acme/", "write it like"),
            ("ghcr.io/acme/app:", "write it like"),
            ("ghcr.io/acme/app:a b", "write it like"),
            ("ghcr.io/acme/app@sha256:aa", "write it like"),
            ("", "write it like"),
        ] {
            let error = text.parse::<Pattern>().unwrap_err();
            assert!(error.help.contains(help), "{text}: {error:?}");
        }
        assert!("ghcr.io/acme:v*".parse::<TagPattern>().is_err());
        assert!("".parse::<TagPattern>().is_err());
    }

    #[test]
    #[cfg_attr(miri, ignore = "so large that Miri takes minutes")]
    fn many_stars_take_no_time() {
        let pattern = "*a".repeat(200);
        assert!(!matches(&pattern, &"a".repeat(199)));
        assert!(matches(&pattern, &"a".repeat(500)));
    }
}
