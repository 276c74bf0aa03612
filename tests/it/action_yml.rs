//! action.yml, the launcher, the tables of docs/github.md and docs/cli.md and the command line say
//! the same.

use std::collections::{BTreeMap, BTreeSet};

use tagproof::ci::github::{INPUTS, Means};
use tagproof::report::formats::FILE_FORMATS;
use tagproof::report::{Mode, Report, Status, github};

/// Inputs whose default is none though their flag has one, and why.
const OPEN: [(&str, &str); 2] = [
    (
        "on-unpushed",
        "what it means depends on whether anything is said about what to check",
    ),
    ("password", "the flag is a switch, the input a value"),
];

fn read(path: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// An input or output of action.yml.
struct Declared {
    name: String,
    description: String,
    default: String,
}

/// What stands below `inputs:` or `outputs:` of action.yml. It is laid out simply, and what is not
/// laid out like that fails: names two spaces in, `key: value` in one line four spaces in.
fn declared(section: &str) -> Vec<Declared> {
    let text = read("action.yml");
    let lines = text.lines().skip_while(|line| *line != section).skip(1);
    let mut found: Vec<Declared> = Vec::new();
    for line in lines.take_while(|line| line.starts_with(' ') || line.is_empty()) {
        let level = line.len() - line.trim_start().len();
        match (level, line.trim().split_once(':')) {
            _ if line.is_empty() => {}
            (2, Some((name, ""))) => found.push(Declared {
                name: name.to_owned(),
                description: String::new(),
                default: String::new(),
            }),
            (4, Some((key, value))) => {
                let last = found.last_mut().unwrap();
                let value = value.trim().trim_matches('"').to_owned();
                match key {
                    "description" => last.description = value,
                    "default" => last.default = value,
                    _ => panic!("action.yml: `{key}` of `{}`", last.name),
                }
            }
            _ => panic!("action.yml: {line}"),
        }
    }
    assert!(found.len() > 5, "{section}");
    found
}

/// The cells of the table that begins with this header, without the backticks around a cell; `—` is
/// nothing.
fn table(header: &str) -> Vec<Vec<String>> {
    let text = read("docs/github.md");
    let lines = text.lines().skip_while(|line| *line != header).skip(2);
    let cell = |cell: &str| match cell.trim().trim_matches('`') {
        "—" => String::new(),
        text => text.to_owned(),
    };
    let rows: Vec<Vec<String>> = lines
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(cell).collect())
        .collect();
    assert!(rows.len() > 5, "no table `{header}`");
    rows
}

fn inputs() -> Vec<Vec<String>> {
    table("| input | flag | default | what it does |")
}

/// A flag, as `--help` has it.
struct Flag {
    /// What stands for its value, such as `FILE`; empty for a switch.
    value: String,
    /// Of a switch `false`, of a value that has none nothing.
    default: String,
}

/// The flags of `tagproof fix` and of `tagproof merge` but `--help`.
fn flags() -> BTreeMap<String, Flag> {
    let mut flags = flags_of("fix");
    flags.extend(flags_of("merge"));
    flags
}

/// The flags of a command but `--help`.
fn flags_of(command: &str) -> BTreeMap<String, Flag> {
    let help = crate::run::tagproof(&[command, "--help"]).run().stdout;
    let mut flags: BTreeMap<String, Flag> = BTreeMap::new();
    let mut last = String::new();
    for line in help.lines() {
        let words = line.trim();
        if words.starts_with('-') && words.contains("--") {
            let (_, flag) = words.split_once("--").unwrap();
            let (name, value) = flag.split_once(' ').unwrap_or((flag, ""));
            last = format!("--{name}");
            let default = if value.is_empty() { "false" } else { "" };
            let flag = Flag {
                value: value.trim_matches(['<', '>']).to_owned(),
                default: default.to_owned(),
            };
            flags.insert(last.clone(), flag);
        } else if let Some(default) = words.strip_prefix("[default: ") {
            let default = default.strip_suffix(']').unwrap();
            flags.get_mut(&last).unwrap().default = default.to_owned();
        }
    }
    assert!(flags.len() > 20, "{last}");
    flags.remove("--help");
    flags
}

#[test]
fn the_table_of_inputs_is_that_of_action_yml() {
    let declared: Vec<[String; 2]> = declared("inputs:")
        .into_iter()
        .map(|input| [input.name, input.default])
        .collect();
    let documented: Vec<[String; 2]> = inputs()
        .into_iter()
        .map(|row| [row[0].clone(), row[2].clone()])
        .collect();
    assert_eq!(documented, declared);
}

#[test]
fn every_input_stands_for_its_flag_and_has_its_default() {
    let flags = flags();
    let help = crate::run::tagproof(&["fix", "--help"]).run().stdout;
    for row in inputs() {
        let (input, flag, default) = (row[0].as_str(), row[1].as_str(), row[2].as_str());
        let (_, means) = INPUTS
            .into_iter()
            .find(|(name, _)| *name == input)
            .unwrap_or_else(|| panic!("the program reads no `{input}`"));
        let stands_for = match means {
            Means::Command => "fix",
            Means::Files => "METADATA",
            Means::Value(flag)
            | Means::Each(flag)
            | Means::Lines(flag)
            | Means::Switch(flag)
            | Means::Secret(flag) => flag,
            Means::Own => "",
        };
        assert_eq!(flag, stands_for, "the flag of `{input}`");
        match flag {
            "" => {}
            "fix" => assert_eq!(default, "fix", "`{input}`"),
            "METADATA" => assert!(help.contains("[METADATA]") && default.is_empty()),
            _ => {
                let of_flag = flags
                    .get(flag)
                    .unwrap_or_else(|| panic!("`{input}`: there is no `{flag}`"));
                match OPEN.iter().find(|(name, _)| *name == input) {
                    Some((_, why)) => {
                        assert!(default.is_empty(), "`{input}` has a default, but {why}");
                    }
                    None => assert_eq!(
                        default, of_flag.default,
                        "the defaults of `{input}` and `{flag}`"
                    ),
                }
            }
        }
    }
}

#[test]
fn every_flag_has_an_input_or_is_said_to_have_none() {
    let named = |cell: &str| -> Vec<String> {
        let names = cell.split(", ").map(|name| name.trim_matches('`'));
        let flags = names.filter(|name| name.starts_with("--"));
        flags.map(str::to_owned).collect()
    };
    let with: Vec<String> = inputs().iter().flat_map(|row| named(&row[1])).collect();
    let without: Vec<String> = table("| flag | instead |")
        .iter()
        .flat_map(|row| named(&row[0]))
        .collect();
    let all: BTreeSet<&String> = with.iter().chain(&without).collect();
    assert_eq!(all.len(), with.len() + without.len(), "one is named twice");
    let flags = flags();
    assert_eq!(all, flags.keys().collect());
}

#[test]
fn the_tables_of_docs_cli_md_are_the_flags_of_the_help() {
    let page = read("docs/cli.md");
    let mut documented = BTreeSet::new();
    let mut flags = flags();
    let of_merge = flags_of("merge");
    let hidden = flags.keys().filter(|name| !of_merge.contains_key(*name));
    assert_eq!(hidden.collect::<Vec<_>>(), ["--digest", "--on-other"]);
    flags.extend(of_merge);
    for row in page.lines().filter(|line| line.starts_with("| `-")) {
        let mut cells = row.trim_matches('|').split(" | ").map(str::trim);
        let (named, default) = (cells.next().unwrap(), cells.next().unwrap());
        let long = named.split(", ").last().unwrap().trim_matches('`');
        let (name, value) = long.split_once(' ').unwrap_or((long, ""));
        assert!(documented.insert(name.to_owned()), "`{name}` has two rows");
        let Some(flag) = flags.get(name) else {
            assert_eq!(name, "--help", "there is no `{name}`");
            continue;
        };
        assert_eq!(value, flag.value, "the value of `{name}`");
        match flag.default.as_str() {
            "" => {}
            "false" => assert_eq!(default, "off", "`{name}`"),
            said => assert_eq!(default.trim_matches('`'), said, "`{name}`"),
        }
    }
    documented.remove("--help");
    assert_eq!(
        documented.iter().collect::<Vec<_>>(),
        flags.keys().collect::<Vec<_>>()
    );
}

#[test]
fn the_launcher_grants_what_flags_and_inputs_name() {
    let launcher = read("action/grants.mjs");
    let list = |name: &str| -> BTreeSet<String> {
        let start = format!("const {name} = [");
        let (_, rest) = launcher.split_once(&start).unwrap();
        let (list, _) = rest.split_once("];").unwrap();
        let names = list.split(", ").map(|name| name.trim_matches('"'));
        names.map(str::to_owned).collect()
    };
    let written: BTreeSet<String> = FILE_FORMATS.iter().map(|it| it.flag.to_owned()).collect();
    assert_eq!(list("WRITTEN_FLAGS"), written);
    let flags = flags();
    let inputs = |is_wanted: &dyn Fn(&str) -> bool| -> BTreeSet<String> {
        let wanted = INPUTS.into_iter().filter(|(_, means)| match means {
            Means::Files => is_wanted("METADATA"),
            Means::Value(flag) | Means::Each(flag) => is_wanted(flag),
            Means::Command | Means::Lines(_) | Means::Switch(_) | Means::Secret(_) | Means::Own => {
                false
            }
        });
        wanted.map(|(name, _)| name.to_owned()).collect()
    };
    let is_read = |flag: &str| {
        let value = flags.get(flag).map(|flag| flag.value.as_str());
        flag == "METADATA" || matches!(value, Some("FILE" | "PEM")) && !written.contains(flag)
    };
    assert_eq!(list("READ_INPUTS"), inputs(&is_read));
    let is_written = |flag: &str| written.contains(flag);
    assert_eq!(list("WRITTEN_INPUTS"), inputs(&is_written));
}

#[test]
fn every_input_says_its_default_in_its_description() {
    for input in declared("inputs:") {
        let (_, said) = input
            .description
            .rsplit_once("Default: ")
            .unwrap_or_else(|| panic!("`{}` does not say its default", input.name));
        match input.default.as_str() {
            "" => {}
            "${{ github.token }}" => assert_eq!(said, "the job's own token"),
            default => assert_eq!(said, default, "`{}`", input.name),
        }
    }
}

#[test]
fn the_outputs_of_action_yml_are_those_that_are_written() {
    let declared = declared("outputs:");
    assert!(declared.iter().all(|output| !output.description.is_empty()));
    let declared: Vec<String> = declared.into_iter().map(|output| output.name).collect();
    let documented: Vec<String> = table("| output | what it is |")
        .iter()
        .map(|row| row[0].clone())
        .collect();
    assert_eq!(documented, declared);

    let report = Report {
        mode: Mode::Check,
        status: Status::Nothing,
        exit_code: 2,
        problem: None,
        notes: Vec::new(),
        tags: Vec::new(),
        images: Vec::new(),
        legs: Vec::new(),
        index: None,
        requests: 0,
        pulls: 0,
    };
    let pairs = github::outputs(&report).pairs;
    let mut written: BTreeSet<&str> = pairs.iter().map(|(name, _)| *name).collect();
    // The command adds it, as the report does not know where it is written to.
    written.insert("report-file");
    assert_eq!(
        declared.iter().map(String::as_str).collect::<BTreeSet<_>>(),
        written
    );
}

#[test]
fn the_documents_use_inputs_and_outputs_that_there_are() {
    let names =
        |section| -> BTreeSet<String> { declared(section).into_iter().map(|it| it.name).collect() };
    let (inputs, outputs) = (names("inputs:"), names("outputs:"));
    let mut used = 0;
    for document in ["README.md", "docs/github.md"] {
        let text = read(document);
        let mut steps = text.split("- uses: OWNER/tagproof@v1");
        steps.next();
        for step in steps {
            // Its own lines: the next step or fence is less deep, or begins with `-` or `` ` ``.
            let lines = step
                .lines()
                .skip(1)
                .take_while(|line| line.starts_with("        "));
            for line in lines.skip_while(|line| *line != "        with:").skip(1) {
                let (input, _) = line.trim().split_once(':').unwrap();
                assert!(inputs.contains(input), "{document} has an input `{input}`");
                used += 1;
            }
        }
        for (_, rest) in text
            .match_indices("steps.proof.outputs.")
            .map(|(at, found)| (at, &text[at + found.len()..]))
        {
            let output: String = rest
                .chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '-')
                .collect();
            assert!(
                outputs.contains(&output),
                "{document} has an output `{output}`"
            );
            used += 1;
        }
    }
    assert!(used > 20, "only {used} uses were found");
}
