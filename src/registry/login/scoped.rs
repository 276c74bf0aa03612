//! Where buildx keeps the login configs that are meant for one registry or repository.
//!
//! `docker/login-action` writes them for its input `scope`, buildx 0.31 and newer reads them:
//! `buildx/config/REGISTRY[/REPOSITORY][@ACTION[,ACTION]…]/config.json`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::docker_config::is_missing;
use crate::oci::Repository;

/// The config files for a repository, the one to try first in front, and the directories that
/// could not be listed. A repository's own come before its registry's; within each, those made
/// for just these actions before those for any. A file of pulling alone is none for writing.
pub(super) fn files(
    root: &Path,
    repository: &Repository,
    write: bool,
) -> (Vec<PathBuf>, Vec<(PathBuf, io::Error)>) {
    let host = repository.host().authority();
    // On Windows a colon in a path means something else, and buildx cannot make such a directory.
    if cfg!(windows) && host.contains(':') {
        return (Vec::new(), Vec::new());
    }
    let own = root.join(host).join(repository.path());
    let mut files = Vec::new();
    let mut failures = Vec::new();
    for directory in [own, root.join(host)] {
        let (Some(parent), Some(name)) = (directory.parent(), directory.file_name()) else {
            continue;
        };
        match scopes(parent, &name.to_string_lossy()) {
            Ok(scopes) => {
                let mut found: Vec<_> = scopes
                    .into_iter()
                    .filter_map(|(name, scope)| Some((rank(scope.as_deref(), write)?, name)))
                    .collect();
                found.sort();
                files.extend(
                    found
                        .into_iter()
                        .map(|(_, name)| parent.join(name).join("config.json")),
                );
            }
            Err(error) if is_missing(&error) => {}
            Err(error) => failures.push((parent.to_owned(), error)),
        }
    }
    (files, failures)
}

/// The entries `NAME` and `NAME@SCOPE` of a directory.
fn scopes(directory: &Path, name: &str) -> io::Result<Vec<(String, Option<String>)>> {
    let mut scopes = Vec::new();
    for entry in fs::read_dir(directory)? {
        let Ok(entry) = entry?.file_name().into_string() else {
            continue;
        };
        if entry == name {
            scopes.push((entry, None));
        } else if let Some((before, scope)) = entry.split_once('@')
            && before == name
        {
            let scope = scope.to_owned();
            scopes.push((entry, Some(scope)));
        }
    }
    Ok(scopes)
}

/// How well a scope suits, 0 best; `None` if it does not. Reading takes a login that is scoped to
/// pushing last: buildx would not take it, and registries let it pull.
fn rank(scope: Option<&str>, write: bool) -> Option<u8> {
    let Some(scope) = scope else {
        return Some(1);
    };
    let has = |action| scope.split(',').any(|part| part.trim() == action);
    match (write, has("pull"), has("push")) {
        (true, _, true) | (false, true, _) => Some(0),
        (false, false, true) => Some(2),
        (true, _, false) | (false, false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::Reference;
    use crate::registry::tests::directory::Directory;

    fn found(directory: &Directory, reference: &str, write: bool) -> Vec<String> {
        let reference: Reference = reference.parse().unwrap();
        let (files, failures) = files(directory.path(), reference.repository(), write);
        assert!(failures.is_empty());
        let relative = |file: PathBuf| {
            let file = file.strip_prefix(directory.path()).unwrap();
            file.parent().unwrap().display().to_string()
        };
        // A directory that only leads to another has no file in it.
        let there = files.into_iter().filter(|file| file.exists());
        there.map(relative).collect()
    }

    #[test]
    fn a_repository_comes_before_its_registry_and_a_scope_before_none() {
        let directory = Directory::new();
        for name in [
            "r.io",
            "r.io@push",
            "r.io@pull",
            "r.io/acme/app",
            "r.io/acme/app@pull,push",
            "r.io/acme/app@pull",
            "r.io/acme/app@delete",
            "r.io/acme/application",
            "r.io/acme",
            "r.io.evil.com@push",
            "r.io:5000@push",
        ] {
            directory.file(&format!("{name}/config.json"), "{}");
        }
        assert_eq!(
            found(&directory, "r.io/acme/app", true),
            [
                "r.io/acme/app@pull,push",
                "r.io/acme/app",
                "r.io@push",
                "r.io"
            ]
        );
        assert_eq!(
            found(&directory, "r.io/acme/app", false),
            [
                "r.io/acme/app@pull",
                "r.io/acme/app@pull,push",
                "r.io/acme/app",
                "r.io@pull",
                "r.io",
                "r.io@push"
            ]
        );
        assert_eq!(found(&directory, "r.io/other", true), ["r.io@push", "r.io"]);
        assert_eq!(found(&directory, "other.io/acme/app", true), [""; 0]);
    }

    #[test]
    fn docker_hub_is_filed_under_the_host_that_answers_for_it() {
        let directory = Directory::new();
        directory.file("registry-1.docker.io@push/config.json", "{}");
        directory.file("registry-1.docker.io/acme/app/config.json", "{}");
        assert_eq!(
            found(&directory, "acme/app", true),
            ["registry-1.docker.io/acme/app", "registry-1.docker.io@push"]
        );
    }
}
