//! What documents, the component of GitLab and its examples say of the command line is so.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The documents for users, and what is copied from the examples.
fn documents() -> Vec<PathBuf> {
    let mut files = vec!["README.md".into(), "templates/tagproof.yml".into()];
    for folder in ["docs", "examples/gitlab"] {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let is_text = path.extension().is_some_and(|it| it == "md" || it == "yml");
            files.extend(is_text.then_some(path));
        }
    }
    files
}

/// The words of a text that begin with `--` and a letter.
fn flags(text: &str) -> BTreeSet<&str> {
    let is_end = |c: char| !c.is_ascii_alphanumeric() && c != '-';
    text.split([' ', '`', '"', '(', '[', '\n'])
        .filter_map(|word| word.strip_prefix("--"))
        .map(|word| word.split(is_end).next().unwrap())
        .filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()))
        .collect()
}

/// What follows the name of a command, such as `tagproof check`, up to its end.
fn commands(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for command in [
        "tagproof check ",
        "tagproof fix ",
        "tagproof merge ",
        "tagproof $[[ inputs.mode ]] ",
    ] {
        for (at, _) in text.match_indices(command) {
            let rest = &text[at..];
            let end = match command.contains('$') {
                // The component's script is one command on many lines.
                true => rest.find("artifacts:"),
                // A line that ends with a backslash goes on.
                false => rest
                    .match_indices(['\n', '`', '|', ';', '#'])
                    .map(|(at, _)| at)
                    .find(|at| !rest[..*at].ends_with('\\')),
            };
            found.push(&rest[..end.unwrap_or(rest.len())]);
        }
    }
    found
}

#[test]
fn every_flag_in_a_command_that_is_shown_exists() {
    let help = |command: &str| crate::run::tagproof(&[command, "--help"]).run().stdout;
    let (fix, merge) = (help("fix"), help("merge"));
    let (fix, merge) = (flags(&fix), flags(&merge));
    assert!(fix.len() > 20 && merge.len() > 20, "{fix:?} {merge:?}");
    let mut seen = 0;
    for file in documents() {
        let text = read(&file);
        for command in commands(&text) {
            for flag in flags(command) {
                // A mode that is an input may be either.
                let is_known = match command.split(' ').nth(1) {
                    Some("merge") => merge.contains(flag),
                    Some("check" | "fix") => fix.contains(flag),
                    _ => merge.contains(flag) || fix.contains(flag),
                };
                assert!(is_known, "{}: `{command}`", file.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 40, "only {seen} flags were found");
}

/// The part of the component that says what its inputs are, and its jobs.
fn component() -> (String, String) {
    let text = read("templates/tagproof.yml");
    let (header, jobs) = text.split_once("\n---\n").unwrap();
    (header.to_owned(), jobs.to_owned())
}

/// The names of the inputs, each with the lines about it.
fn inputs(header: &str) -> Vec<(&str, Vec<&str>)> {
    let mut inputs: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in header
        .lines()
        .skip_while(|line| *line != "  inputs:")
        .skip(1)
    {
        match line.strip_prefix("    ").unwrap().strip_suffix(':') {
            Some(name) => inputs.push((name, Vec::new())),
            None => inputs.last_mut().unwrap().1.push(line.trim()),
        }
    }
    inputs
}

#[test]
fn every_input_of_the_component_is_described_used_and_documented() {
    let (header, jobs) = component();
    let document = read("docs/gitlab.md");
    let inputs = inputs(&header);
    assert!(inputs.len() > 10, "{inputs:?}");
    for (name, lines) in &inputs {
        let has = |what: &str| lines.iter().any(|line| line.starts_with(what));
        assert!(has("description: "), "`{name}` has no description");
        assert!(
            has("default: ") || *name == "image",
            "`{name}` has no default"
        );
        assert!(
            jobs.contains(&format!("$[[ inputs.{name} ]]")),
            "`{name}` is not used"
        );
        let row = document
            .lines()
            .any(|line| line.starts_with("| `") && line.contains(&format!("`{name}`")));
        assert!(row, "docs/gitlab.md lacks `{name}`");
    }
    for (at, found) in jobs.match_indices("$[[ inputs.") {
        let name = jobs[at + found.len()..].split(' ').next().unwrap();
        assert!(inputs.iter().any(|(known, _)| *known == name), "`{name}`");
    }
}

#[test]
fn the_inputs_of_the_component_have_the_defaults_and_the_choices_of_the_flags() {
    let help = crate::run::tagproof(&["fix", "--help"]).run().stdout;
    let (header, _) = component();
    let mut seen = 0;
    for (name, lines) in inputs(&header) {
        let flag = format!("--{name} <");
        let Some(at) = help.find(&flag) else { continue };
        // Up to the next flag.
        let about = &help[at + 2..];
        let about = &about[..about.find("\n  ").map_or(about.len(), |end| {
            about[end..]
                .find("--")
                .map_or(about.len(), |next| end + next)
        })];
        for line in lines {
            if let Some(value) = line.strip_prefix("default: ")
                && about.contains("[default:")
            {
                let default = format!("[default: {value}]");
                assert!(about.contains(&default), "`{name}`: {value}, {about}");
                seen += 1;
            }
            if let Some(list) = line.strip_prefix("options: ") {
                for choice in list.trim_matches(['[', ']']).split(", ") {
                    assert!(about.contains(choice), "`{name}`: {choice}, {about}");
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 7, "only {seen} were compared");
}

#[test]
fn the_figures_of_the_benchmarks_stand_between_their_marks_and_nowhere_else() {
    let text = read("docs/benchmarks.md");
    let (words, rest) = text
        .split_once("<!-- figures: drawn by bench/run -->\n")
        .unwrap();
    let (figures, after) = rest.split_once("<!-- end of the figures -->").unwrap();
    assert_eq!(after.trim(), "");
    let is_figure = |word: &&str| word.parse::<f64>().is_ok();
    let is_unit = |word: &str| matches!(word, "ms" | "s" | "MiB");
    let all: Vec<&str> = words.split_whitespace().collect();
    let measured = |pair: &&[&str]| is_figure(&pair[0]) && is_unit(pair[1]);
    // The distances are no result.
    let results: Vec<_> = all
        .windows(2)
        .filter(measured)
        .filter(|it| it[0] != "100")
        .collect();
    assert!(results.is_empty(), "{results:?}");
    if figures.contains("(benchmarks.svg)") {
        assert!(read("docs/benchmarks.svg").starts_with("<svg "));
    }
}

#[test]
fn every_document_about_a_ci_system_has_all_exit_codes() {
    for file in [
        "docs/gitlab.md",
        "docs/other-ci.md",
        "docs/cli.md",
        "README.md",
    ] {
        let text = read(file);
        for code in 0..=3 {
            let row = format!("\n| {code} |");
            assert!(text.contains(&row), "{file} lacks exit code {code}");
        }
    }
}
