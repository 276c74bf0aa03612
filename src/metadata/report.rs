//! tagproof's own report (`--report`, `--format json`): what was proven then, to be proven again or merged.

use serde::Deserialize;

use super::build::{Build, Image, MAX_NAMES};
use super::members::Members;
use crate::oci::{Digest, MediaType, Reference};
use crate::problem::Problem;

#[derive(Deserialize)]
struct Tag {
    reference: String,
    target: Option<String>,
    expected: Expected,
}

#[derive(Deserialize)]
struct Expected {
    digest: Option<String>,
    media_type: Option<String>,
}

/// The builds in a report: one for each digest and target. Empty if it is not a report.
pub(super) fn read(source: &str, members: &Members<'_>) -> Result<Vec<Build>, Problem> {
    let tool = members.0.get("tool").map(|value| value.get());
    if !tool.is_some_and(|tool| tool.starts_with("\"tagproof ")) {
        return Ok(Vec::new());
    }
    let failed = |cause: &str| {
        Problem::invalid(
            format!("failed to read `{source}`, key `tags`: {cause}"),
            "give the report as `tagproof … --report FILE` wrote it",
        )
    };
    let tags = members
        .0
        .get("tags")
        .ok_or_else(|| failed("there is none"))?;
    let tags: Vec<Tag> =
        serde_json::from_str(tags.get()).map_err(|error| failed(&error.to_string()))?;
    if tags.len() > MAX_NAMES {
        return Err(failed(&format!("it has more than {MAX_NAMES} tags")));
    }
    let mut builds: Vec<Build> = Vec::new();
    for Tag {
        reference,
        target,
        expected,
    } in tags
    {
        let Some(digest) = expected.digest else {
            continue;
        };
        let digest: Digest = digest
            .parse()
            .map_err(|error| failed(&format!("`{digest}`: {error}")))?;
        let name: Reference = reference
            .parse()
            .map_err(|error| failed(&format!("`{reference}`: {error}")))?;
        let name = Reference::new(name.repository().clone(), name.tag().cloned(), None);
        let image = Image::Manifest {
            digest,
            media_type: expected
                .media_type
                .and_then(|it| it.parse::<MediaType>().ok()),
            platform: None,
        };
        let known = |build: &&mut Build| build.image == image && build.target == target;
        match builds.iter_mut().find(known) {
            Some(build) => build.names.push(name),
            None => builds.push(Build {
                names: vec![name],
                image,
                target: target.clone(),
                ..Build::without_metadata(source, "")
            }),
        }
    }
    Ok(builds)
}

#[cfg(test)]
mod tests {
    use crate::metadata::parse;
    use crate::oci::Digest;

    #[test]
    fn the_tags_of_one_digest_and_target_are_one_build() {
        let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
        let tag = |name: &str, target: &str, digest: &Digest| {
            format!(
                r#"{{"reference":"r.io/{name}","target":{target},"expected":{{"digest":"{digest}"}}}}"#
            )
        };
        let report = format!(
            r#"{{"version":1,"tool":"tagproof 0.1.0","problem":null,"tags":[{},{},{},{{"reference":"r.io/a:3","target":null,"expected":{{"digest":null}}}}]}}"#,
            tag("a:1", "null", &one),
            tag("a:2", "null", &one),
            tag("b:1", "\"worker\"", &other),
        );
        let builds = parse("report.json", report.as_bytes()).unwrap();
        let names: Vec<Vec<String>> = builds
            .iter()
            .map(|build| build.names.iter().map(ToString::to_string).collect())
            .collect();
        assert_eq!(names, [vec!["r.io/a:1", "r.io/a:2"], vec!["r.io/b:1"]]);
        assert_eq!(builds[1].target.as_deref(), Some("worker"));
    }

    #[test]
    fn a_report_that_cannot_be_read_says_where() {
        for (tags, words) in [
            ("1", "key `tags`"),
            (
                r#"[{"reference":"a b","expected":{"digest":"sha256:aa"}}]"#,
                "`sha256:aa`",
            ),
        ] {
            let text = format!(r#"{{"tool":"tagproof 0.1.0","tags":{tags}}}"#);
            let problem = parse("report.json", text.as_bytes()).unwrap_err();
            assert!(problem.message.contains(words), "{}", problem.message);
        }
    }
}
