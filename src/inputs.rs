//! Which files of the project are read beside the metadata: the definition, and the policy.

use std::path::Path;

use crate::definition::{self, Definition, MAX_DEFINITION};
use crate::files;
use crate::policy::{self, MAX_POLICY, PLACES, Policy};
use crate::problem::Problem;

/// Reads a definition (`-` is standard input).
pub(crate) fn definition(
    path: &Path,
    stdin: &mut files::StdinOnce<'_>,
) -> Result<Definition, Problem> {
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
pub(crate) fn policy(file: Option<&Path>) -> Result<Option<(String, Policy)>, Problem> {
    let places: Vec<&Path> = match file {
        Some(file) => vec![file],
        // What is there and cannot be read is no reason to go on without it.
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
            let policy = policy::parse(&source, &text)?;
            Ok(Some((source, policy)))
        }
        [..] => Err(Problem::invalid(
            format!("two policies here: `{}`", PLACES.join("` and `")),
            "keep one of them, or say which one with `--policy FILE`",
        )),
    }
}
