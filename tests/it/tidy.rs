//! The house rules that a machine can hold: who imports whom, what is absent, and that documents are true.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use tagproof::{note, outcome, verdict};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every Rust file below src with its path from there, tests aside: whole files of tests, and what
/// follows `#[cfg(test)]` in the others.
fn sources() -> BTreeMap<String, String> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => walk(&path, files),
                false => files.push(path),
            }
        }
    }
    let src = root().join("src");
    let mut files = Vec::new();
    walk(&src, &mut files);
    let name = |path: &Path| {
        path.strip_prefix(&src)
            .unwrap()
            .to_str()
            .unwrap()
            .replace('\\', "/")
    };
    files
        .iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| (name(path), std::fs::read_to_string(path).unwrap()))
        .filter(|(name, _)| !is_test_file(name))
        .map(|(name, text)| {
            // `lib.rs` begins with an attribute about tests; its `mod` lines are its code.
            let code = match text.split_once("\nmod tests") {
                Some((code, _)) => code.to_owned(),
                None => text,
            };
            (name, code)
        })
        .collect()
}

fn is_test_file(name: &str) -> bool {
    name.ends_with("/tests.rs") || name.contains("/tests/") || name.starts_with("tests/")
}

/// The lines that are code: no comments, so that a document may name what code must not.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
}

/// The top-level module of a file: `registry` for `registry/http.rs`.
fn module(file: &str) -> &str {
    file.split('/').next().unwrap().trim_end_matches(".rs")
}

/// The modules of the crate that a file names.
fn imports(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let text: String = code(text).collect::<Vec<_>>().join("\n");
    for (_, rest) in text
        .match_indices("crate::")
        .map(|(at, found)| (at, &text[at + found.len()..]))
    {
        let names = match rest.strip_prefix('{') {
            Some(list) => list.split_once('}').unwrap().0.to_owned(),
            None => rest
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect(),
        };
        let first = |name: &str| {
            name.trim()
                .split("::")
                .next()
                .unwrap()
                .trim_start_matches('{')
                .to_owned()
        };
        found.extend(names.split(',').map(first).filter(|name| !name.is_empty()));
    }
    found
}

#[test]
fn modules_import_only_what_the_table_allows() {
    const TABLE: [(&str, &[&str]); 28] = [
        (
            "apply",
            &[
                "backoff",
                "clock",
                "expectation",
                "observation",
                "observe",
                "oci",
                "outcome",
                "plan",
                "registry",
                "verdict",
            ],
        ),
        ("backoff", &[]),
        ("ci", &["environment", "oci", "problem", "text"]),
        (
            "cli",
            &[
                "expectation",
                "explain",
                "merge",
                "oci",
                "problem",
                "report",
                "text",
            ],
        ),
        ("clock", &[]),
        ("console", &["ci", "text"]),
        ("definition", &["metadata", "oci", "problem"]),
        (
            "engine",
            &[
                "apply",
                "clock",
                "expectation",
                "finding",
                "merge",
                "observe",
                "outcome",
                "plan",
                "registry",
                "verdict",
            ],
        ),
        ("environment", &[]),
        (
            "expectation",
            &["metadata", "note", "oci", "problem", "text"],
        ),
        ("explain", &["note", "outcome", "text", "verdict"]),
        ("files", &["oci", "problem", "text"]),
        (
            "finding",
            &["expectation", "observation", "outcome", "verdict"],
        ),
        (
            "merge",
            &["finding", "observation", "oci", "problem", "verdict"],
        ),
        ("metadata", &["oci", "problem"]),
        ("note", &[]),
        (
            "observation",
            &["expectation", "oci", "programs", "registry"],
        ),
        (
            "observe",
            &[
                "clock",
                "expectation",
                "observation",
                "oci",
                "outcome",
                "programs",
                "registry",
                "text",
                "verdict",
            ],
        ),
        ("oci", &[]),
        ("outcome", &["oci", "registry"]),
        (
            "plan",
            &["expectation", "finding", "observation", "oci", "verdict"],
        ),
        ("policy", &["expectation", "oci", "problem", "text"]),
        ("problem", &[]),
        ("programs", &["oci"]),
        (
            "registry",
            &["backoff", "ci", "clock", "environment", "oci", "text"],
        ),
        (
            "report",
            &[
                "ci",
                "environment",
                "expectation",
                "finding",
                "note",
                "observation",
                "oci",
                "outcome",
                "plan",
                "problem",
                "programs",
                "registry",
                "text",
                "verdict",
            ],
        ),
        ("text", &[]),
        (
            "verdict",
            &["expectation", "observation", "oci", "registry"],
        ),
    ];
    let table: BTreeMap<&str, &[&str]> = TABLE.into_iter().collect();
    for (file, text) in sources() {
        let module = module(&file);
        // The edges see everything.
        if matches!(module, "main" | "lib" | "run") {
            continue;
        }
        let allowed = table
            .get(module)
            .unwrap_or_else(|| panic!("{file} is in no row of the table"));
        for import in imports(&text) {
            assert!(
                import == module || allowed.contains(&import.as_str()),
                "{file} must not import `{import}`"
            );
        }
    }
}

/// The module that a file is, as the segments of its path: `["registry", "http"]`.
fn module_path(file: &str) -> Vec<String> {
    let path = file.trim_end_matches(".rs").trim_end_matches("/mod");
    match path {
        "lib" => Vec::new(),
        path => path.split('/').map(str::to_owned).collect(),
    }
}

/// The paths of a `use` tree: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn use_paths(tree: &str) -> Vec<String> {
    let Some((head, rest)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap().trim();
        return vec![path.to_owned()];
    };
    let (mut depth, mut items) = (0, vec![String::new()]);
    for c in rest.strip_suffix('}').unwrap_or(rest).chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                items.push(String::new());
                continue;
            }
            _ => {}
        }
        items.last_mut().unwrap().push(c);
    }
    let items = items.iter().map(|item| item.trim());
    items
        .filter(|item| !item.is_empty())
        .flat_map(use_paths)
        .map(|path| format!("{}{path}", head.trim()))
        .collect()
}

/// Every path in a file: those of its `use` items, and those in its code.
fn paths(text: &str) -> BTreeSet<String> {
    let text: String = code(text).collect::<Vec<_>>().join(" ");
    let mut paths = BTreeSet::new();
    let mut body = String::new();
    for (nth, part) in format!(" {text}").split(" use ").enumerate() {
        let rest = match part.split_once(';') {
            Some((tree, rest)) if nth > 0 => {
                let tree = tree.split_whitespace().collect::<Vec<_>>().join(" ");
                paths.extend(use_paths(
                    tree.trim_end_matches(", }").trim_end_matches('}'),
                ));
                rest
            }
            _ => part,
        };
        body.push_str(rest);
    }
    let is_path = |c: char| c.is_alphanumeric() || matches!(c, '_' | ':');
    paths.extend(
        body.split(|c| !is_path(c))
            .filter(|path| path.contains("::"))
            .map(str::to_owned),
    );
    paths
}

/// The other files of this program that each file reaches by a path. `mod child;` is not one.
fn reached() -> BTreeMap<String, BTreeSet<String>> {
    let sources = sources();
    let files: BTreeMap<Vec<String>, &str> = sources
        .keys()
        .filter(|file| *file != "main.rs")
        .map(|file| (module_path(file), file.as_str()))
        .collect();
    let find = |file: &str, path: &str| {
        let own = module_path(file);
        let mut whole = own.clone();
        let mut segments = path.split("::").peekable();
        match segments.next()? {
            "crate" => whole.clear(),
            "self" => {}
            "super" => {
                whole.pop();
                while segments.next_if_eq(&"super").is_some() {
                    whole.pop();
                }
            }
            first => {
                whole.push(first.to_owned());
                files.contains_key(&whole).then_some(())?;
            }
        }
        whole.extend(segments.map(str::to_owned));
        while !files.contains_key(&whole) {
            whole.pop()?;
        }
        Some(files[&whole].to_owned()).filter(|found| found != file)
    };
    sources
        .iter()
        .map(|(file, text)| {
            let paths = paths(text);
            let found = paths.iter().filter_map(|path| find(file, path));
            (file.clone(), found.collect())
        })
        .collect()
}

#[test]
fn no_two_files_reach_each_other() {
    let reached = reached();
    let beyond = |file: &String| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![file.clone()]);
        while let Some(file) = next.pop() {
            for other in &reached[&file] {
                if seen.insert(other.clone()) {
                    next.push(other.clone());
                }
            }
        }
        seen
    };
    let beyond: BTreeMap<&String, BTreeSet<String>> =
        reached.keys().map(|file| (file, beyond(file))).collect();
    let circles: BTreeSet<BTreeSet<&String>> = beyond
        .iter()
        .filter(|(file, far)| far.contains(**file))
        .map(|(file, far)| {
            let others = beyond.iter().filter(|(other, _)| far.contains(**other));
            others
                .filter(|(_, far)| far.contains(*file))
                .map(|(other, _)| *other)
                .collect()
        })
        .collect();
    let mut told = String::new();
    for circle in &circles {
        for file in circle {
            let others: Vec<_> = reached[*file]
                .iter()
                .filter(|it| circle.contains(it))
                .collect();
            told.push_str(&format!("{file} reaches {others:?}\n"));
        }
    }
    assert!(told.is_empty(), "files reach each other:\n{told}");
}

#[test]
fn the_pure_middle_knows_the_registrys_errors_and_nothing_else_of_it() {
    for (file, text) in sources() {
        if !matches!(
            module(&file),
            "verdict" | "observation" | "outcome" | "report"
        ) {
            continue;
        }
        for line in code(&text).filter(|line| line.contains("crate::registry")) {
            // What to do depends on the class and the cause.
            let advice = "use crate::registry::{Cause, Class, Error};";
            let allowed = match file.as_str() {
                "report/advice/registry.rs" => advice,
                _ => "use crate::registry::Error;",
            };
            assert_eq!(line, allowed, "{file}");
        }
    }
}

#[test]
fn what_reaches_outside_stands_where_it_belongs() {
    let rules: [(&str, &[&str]); 17] = [
        ("tar::", &["programs/"]),
        ("flate2", &["programs/"]),
        ("ruzstd", &["programs/"]),
        ("ureq", &["registry/wire/"]),
        ("oci_spec", &["oci/document/"]),
        ("serde_yaml", &["policy/yaml"]),
        ("clap", &["cli"]),
        ("glob::", &["files.rs"]),
        ("anyhow", &["files.rs"]),
        (
            "std::fs",
            &[
                "files.rs",
                "registry/login/docker_config.rs",
                "registry/login/helper.rs",
                "registry/login/scoped.rs",
                "registry/wire/certificates.rs",
            ],
        ),
        ("std::process", &["main.rs", "registry/login/helper.rs"]),
        (
            "std::env",
            &[
                "main.rs",
                "registry/login/helper.rs",
                "registry/wire/certificates.rs",
            ],
        ),
        ("Instant", &["main.rs"]),
        ("SystemTime", &["main.rs"]),
        ("thread::sleep", &["main.rs", "registry/login/helper.rs"]),
        (
            "Deserialize",
            &[
                "merge/tags_from.rs",
                "metadata/",
                "oci/document/",
                "oci/made.rs",
                "oci/platform/",
                "policy/yaml",
                "registry/",
            ],
        ),
        (
            "Serialize)]",
            &["oci/made.rs", "oci/platform/described.rs", "report/json.rs"],
        ),
    ];
    for (file, text) in sources() {
        for (what, places) in rules {
            let found = code(&text).any(|line| line.contains(what));
            assert!(
                !found || places.iter().any(|place| file.starts_with(place)),
                "{file} has `{what}`"
            );
        }
        for forbidden in [
            "println!",
            "eprintln!",
            "unsafe ",
            ".unwrap()",
            "async fn",
            "macro_rules!",
            "todo!",
            "dbg!",
        ] {
            assert!(
                !code(&text).any(|line| line.contains(forbidden)),
                "{file} has `{forbidden}`"
            );
        }
    }
}

#[test]
fn every_file_says_its_one_responsibility_and_is_not_too_long() {
    for (file, text) in sources() {
        assert!(
            text.starts_with("//! "),
            "{file} does not begin with what it is for"
        );
        let lines = text.lines().count();
        assert!(lines <= 600, "{file} has {lines} lines");
    }
}

#[test]
fn every_registry_that_is_known_to_keep_what_no_tag_names_stands_in_the_documents_with_its_source()
{
    let text = read("docs/registries.md");
    let rows = text.lines().filter(|line| line.contains("](https://"));
    let known: BTreeSet<&str> = rows
        .filter_map(|row| row.split(" | ").nth(1))
        .flat_map(|names| names.split('`').skip(1).step_by(2))
        .collect();
    let code: BTreeSet<&str> = tagproof::oci::Host::keeping_untagged().collect();
    assert_eq!(code, known);
}

#[test]
fn every_code_stands_in_the_documents() {
    let verdicts = verdict::Code::ALL.map(verdict::Code::as_str);
    let others = outcome::Code::ALL
        .map(outcome::Code::as_str)
        .into_iter()
        .chain(note::Code::ALL.map(note::Code::as_str));
    let (documents, readme) = (read("docs/verdicts.md"), read("README.md"));
    for code in verdicts {
        assert!(
            readme.contains(&format!("| `{code}` |")),
            "README.md lacks a line for `{code}`"
        );
    }
    for code in verdicts.into_iter().chain(others) {
        assert!(
            documents.contains(&format!("| `{code}` |")),
            "docs/verdicts.md lacks a line for `{code}`"
        );
    }
}

#[test]
fn what_security_names_is_there() {
    let text = read("SECURITY.md");
    // A test is looked for in the file that was named last.
    let (mut file, mut tests) = (String::new(), 0);
    for name in text.split('`').skip(1).step_by(2) {
        if let Some(bare) = name.strip_suffix(".rs").filter(|it| !it.contains('/')) {
            read(&format!("tests/sim/{bare}.rs"));
        } else if name.contains('/') && !name.contains(' ') {
            assert!(root().join(name).exists(), "SECURITY.md names `{name}`");
            if name.ends_with(".rs") {
                file = read(name);
            }
        } else if name.matches('_').count() > 2 && !name.contains(' ') {
            assert!(
                file.contains(&format!("fn {name}()")),
                "SECURITY.md names `{name}`"
            );
            tests += 1;
        }
    }
    assert!(tests > 60, "{tests} tests are named");
    let rows = text.lines().skip_while(|line| *line != "**Credentials**");
    for row in rows.filter(|line| line.starts_with("| ") && !line.contains("held by")) {
        let held = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let is_held = held.contains(".rs`");
        assert!(
            is_held || row.contains("where it is told"),
            "nothing holds {row}"
        );
    }
}

#[test]
fn the_files_that_a_change_touches_are_there_and_few() {
    let text = read("CONTRIBUTING.md");
    let (_, rest) = text.split_once("### Where a change goes\n").unwrap();
    let rows = rest.trim_start().lines().skip(2);
    let rows: Vec<&str> = rows.take_while(|line| line.starts_with('|')).collect();
    let named: BTreeSet<&str> = rows
        .iter()
        .filter_map(|row| row.split(" | ").next())
        .collect();
    for change in [
        "verdict",
        "output format",
        "login source",
        "CI system",
        "error body of a registry",
        "metadata format",
        "flag",
    ] {
        let cell = format!("| {change}");
        assert!(named.contains(cell.as_str()), "no row for a new {change}");
    }
    for row in rows {
        let (_, cells) = row.split_once(" | ").unwrap();
        let (code, _) = cells.split_once(" | ").unwrap();
        let paths = |cell: &str| -> Vec<String> {
            let quoted = cell.split('`').skip(1).step_by(2);
            let paths = quoted.filter(|it| it.contains(['/', '.']));
            paths.map(str::to_owned).collect()
        };
        assert!(paths(code).len() <= 4, "a change of many files: {row}");
        for path in paths(cells) {
            let (known, _) = path.split_once("NAME").unwrap_or((&path, ""));
            assert!(
                root().join(known).exists(),
                "CONTRIBUTING.md names `{path}`"
            );
        }
    }
}
