//! What a run is given: the metadata, the definition, the policy.

use std::path::Path;

use crate::cli::Options;
use crate::definition::{self, Definition, MAX_DEFINITION};
use crate::files;
use crate::metadata::{self, Build, MAX_METADATA};
use crate::policy::{self, MAX_POLICY, PLACES, Policy};
use crate::problem::{Problem, ProblemKind};

/// The builds in the metadata, completed by what the definition asks for.
pub(super) fn builds(
    options: &Options,
    stdin: &mut files::SharedStdin<'_>,
) -> Result<Vec<Build>, Problem> {
    let mut builds = Vec::new();
    // With a definition, a file without builds is not an error: the definition says what is missing.
    let parse = |source: &str, text: &[u8]| match metadata::parse(source, text) {
        Err(problem) if problem.kind == ProblemKind::Nothing && options.definition.is_some() => {
            Ok(Vec::new())
        }
        builds => builds,
    };
    for path in &options.files {
        let (source, text) = match path == Path::new("-") {
            true => (
                "standard input".to_owned(),
                stdin.read("metadata `-`", MAX_METADATA)?,
            ),
            false => (
                path.display().to_string(),
                files::read_metadata(path, MAX_METADATA)?,
            ),
        };
        builds.extend(parse(&source, &text)?);
    }
    for text in &options.metadata {
        builds.extend(parse("--metadata", text.as_bytes())?);
    }
    match &options.definition {
        None => Ok(builds),
        Some(_) if options.files.is_empty() && options.metadata.is_empty() => {
            Err(Problem::invalid(
                "`--definition` without metadata: it says what was asked for, not what was built",
                "give the metadata file of the bake, too: `tagproof check bake.json --definition FILE`",
            ))
        }
        Some(path) => definition(path, stdin)?.complete(builds, options.group.as_deref()),
    }
}

/// A build by buildx's own name, for the log: in a file that a failed build left in place, it is
/// the name of the build before.
pub(super) fn named(build: &Build) -> Option<String> {
    let id = build.id.as_ref()?;
    let target = build.target.as_ref();
    let target = target.map(|it| format!(", target {it}"));
    Some(format!(
        "build {}{}: {id}",
        build.source,
        target.unwrap_or_default()
    ))
}

/// Reads a definition (`-` is standard input).
fn definition(path: &Path, stdin: &mut files::SharedStdin<'_>) -> Result<Definition, Problem> {
    match path == Path::new("-") {
        true => definition::parse(
            "standard input",
            &stdin.read("`--definition -`", MAX_DEFINITION)?,
        ),
        false => definition::parse(
            &path.display().to_string(),
            &files::read(
                path,
                MAX_DEFINITION,
                "give the file that `docker buildx bake --print` was redirected to",
            )?,
        ),
    }
}

/// The policy and its name: of this file, or of the working directory if it has one.
pub(super) fn policy(file: Option<&Path>) -> Result<Option<(String, Policy)>, Problem> {
    let places: Vec<&Path> = match file {
        Some(file) => vec![file],
        // A file that is there and cannot be read must fail, not be passed over.
        None => PLACES
            .iter()
            .map(Path::new)
            .filter(|it| it.symlink_metadata().is_ok())
            .collect(),
    };
    match places.as_slice() {
        [] => match PLACES
            .map(|place| place.replace(".yml", ".yaml"))
            .iter()
            .find(|it| Path::new(it).exists())
        {
            Some(misnamed) => Err(Problem::invalid(
                format!("`{misnamed}` is not read as a policy, because of its name"),
                format!("call it `{}`", misnamed.replace(".yaml", ".yml")),
            )),
            None => Ok(None),
        },
        [path] => {
            let source = path.display().to_string();
            let text = files::read(path, MAX_POLICY, "docs/policy.md shows what it looks like")?;
            let policy = policy::yaml::parse(&source, &text)?;
            Ok(Some((source, policy)))
        }
        [..] => Err(Problem::invalid(
            format!("two policies here: `{}`", PLACES.join("` and `")),
            "keep one of them, or say which one with `--policy FILE`",
        )),
    }
}
