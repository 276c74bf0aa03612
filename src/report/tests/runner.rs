//! For tests: what GitHub's runner makes of a line of the log (`ActionCommand.cs`) and of a file
//! of outputs (`FileCommandManager.cs`), written from its source and apart from what writes them.

use std::collections::BTreeMap;

/// A command as the runner understands it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) name: String,
    pub(crate) properties: BTreeMap<String, String>,
    pub(crate) data: String,
}

/// The command in a line, of the present form or the older one.
pub(crate) fn command(line: &str) -> Option<Command> {
    present(line).or_else(|| older(line))
}

/// `::name key=value,key=value::data`; white space may stand before it.
fn present(line: &str) -> Option<Command> {
    let rest = line.trim_start().strip_prefix("::")?;
    let (head, data) = rest.split_once("::")?;
    let unescape = |text: &str| {
        text.replace("%0D", "\r")
            .replace("%0A", "\n")
            .replace("%3A", ":")
            .replace("%2C", ",")
            .replace("%25", "%")
    };
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    let properties = properties
        .split(',')
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(key, value)| !key.is_empty() && !value.is_empty())
        .map(|(key, value)| (key.to_owned(), unescape(value)))
        .collect();
    // In data, `:` and `,` have no escape.
    let data = data
        .replace("%0D", "\r")
        .replace("%0A", "\n")
        .replace("%25", "%");
    Some(Command {
        name: name.to_ascii_lowercase(),
        properties,
        data,
    })
}

/// `##[name key=value;key=value]data`, anywhere in the line; also what Azure's agent takes,
/// `##vso[`.
fn older(line: &str) -> Option<Command> {
    line.match_indices('#').find_map(|(at, _)| {
        let after = line[at..].strip_prefix("##")?;
        let letters = after.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let (head, data) = letters.strip_prefix('[')?.split_once(']')?;
        Some(Command {
            name: head.to_owned(),
            properties: BTreeMap::new(),
            data: data.to_owned(),
        })
    })
}

/// The outputs in a file, or why the step fails.
pub(crate) fn outputs(file: &str) -> Result<Vec<(String, String)>, String> {
    let mut outputs = Vec::new();
    let mut rest = file;
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        rest = after;
        if line.is_empty() {
            continue;
        }
        let equals = line.find('=').unwrap_or(usize::MAX);
        let heredoc = line.find("<<").unwrap_or(usize::MAX);
        if heredoc < equals {
            let (name, delimiter) = line.split_once("<<").unwrap();
            if name.is_empty() || delimiter.is_empty() {
                return Err(format!("invalid format: {line}"));
            }
            let mut lines = Vec::new();
            loop {
                let (line, after) = rest
                    .split_once('\n')
                    .ok_or_else(|| format!("delimiter not found: {delimiter}"))?;
                rest = after;
                if line == delimiter {
                    break;
                }
                lines.push(line);
            }
            outputs.push((name.to_owned(), lines.join("\n")));
        } else if let Some((name, value)) = line.split_once('=') {
            outputs.push((name.to_owned(), value.to_owned()));
        } else {
            return Err(format!("invalid format: {line}"));
        }
    }
    Ok(outputs)
}

#[test]
fn commands_are_recognised_wherever_the_runner_would() {
    let name = |line: &str| command(line).map(|command| command.name);
    for (line, expected) in [
        ("::error::x", Some("error")),
        ("  ::ERROR title=a::x", Some("error")),
        ("::stop-commands::t", Some("stop-commands")),
        ("::t::", Some("t")),
        ("a ::error::x", None),
        (": :error::x", None),
        ("::error", None),
        ("a ##[group]x", Some("group")),
        ("a ###[error]x", Some("error")),
        ("##vso[task.x]y", Some("task.x")),
        ("# #[error]", None),
        ("## heading", None),
    ] {
        assert_eq!(name(line).as_deref(), expected, "{line}");
    }
    let read = command("::warning title=a%3A b%2C 50%25,x=::m%0An%3A100%25").unwrap();
    assert_eq!(read.properties.len(), 1);
    assert_eq!(read.properties["title"], "a: b, 50%");
    assert_eq!(read.data, "m\nn%3A100%");
}

#[test]
fn outputs_are_read_and_refused_as_the_runner_does() {
    let file = "a=b<<c\nd<<E\n1\n\n2=3\nE\n\nf<<E\nE\n";
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        outputs(file),
        Ok(vec![
            pair("a", "b<<c"),
            pair("d", "1\n\n2=3"),
            pair("f", "")
        ])
    );
    for refused in ["a<<E\n1\nE", "a<<E\n1\n", "a\n", "<<E\nE\n"] {
        assert!(outputs(refused).is_err(), "{refused}");
    }
}
