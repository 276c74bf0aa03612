//! The report as JUnit XML, for the test views of GitLab, Jenkins and others.
//!
//! One test case is one tag: `classname` the repository, `name` the tag. A wrong tag is a
//! `<failure>`, one that could not be checked an `<error>`. What a setting tolerates is `<skipped>`:
//! it fails nothing and is still seen. What was repaired has passed, and its `<system-out>`
//! says what was changed. The elements and attributes are those that Jenkins' `junit-10.xsd` has.

use std::collections::BTreeSet;

use super::words::{MESSAGE, NAME};
use super::{Entry, Report, Standing, describe, extract};
use crate::note::Note;
use crate::problem::{Problem, ProblemKind};
use crate::text::clean;

mod xml;

use xml::{element, escape, escape_within};

/// How many bytes the text of all cases may have together: GitLab takes 30 MB a file.
const CASES: usize = 24_000_000;
/// How many bytes the notes may have.
const NOTES: usize = 2_000_000;
/// How many bytes of text one case has at most.
const CASE: usize = 64_000;

/// The report as an XML document. There is no time in it: the same run gives the same bytes.
#[must_use]
pub fn render(report: &Report) -> String {
    let Report {
        mode: _,
        status: _,
        exit_code,
        problem,
        notes,
        tags,
        requests: _,
        images: _,
        legs: _,
        index: _,
        pulls: _,
    } = report;
    let mut cases: Vec<TestCase> = problem
        .iter()
        .map(|it| TestCase::from_problem(it, *exit_code))
        .collect();
    let mut names = BTreeSet::new();
    for tag in tags {
        let mut case = TestCase::new(tag);
        case.name = unique(&mut names, &case.class, case.name, tag.target.as_deref());
        cases.push(case);
    }
    let count = |end: fn(&End) -> bool| cases.iter().filter(|case| end(&case.end)).count();
    let failures = count(|end| matches!(end, End::Failed { .. }));
    let errors = count(|end| matches!(end, End::Error { .. }));
    let skipped = count(|end| matches!(end, End::Skipped { .. }));
    let counts = format!(
        "tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\"",
        cases.len()
    );
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"tagproof\" {counts}>\n  \
         <testsuite name=\"tagproof\" {counts} skipped=\"{skipped}\">\n"
    );
    let room = (CASES / cases.len().max(1)).min(CASE);
    for case in &cases {
        case.write(&mut out, room);
    }
    let said: Vec<String> = notes.iter().flat_map(note).collect();
    if !said.is_empty() {
        element(&mut out, 4, "system-out", &said.join("\n"), NOTES);
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

struct TestCase {
    class: String,
    name: String,
    end: End,
    /// What is shown of a case that has passed.
    said: Vec<String>,
}

enum End {
    Passed,
    Failed(Details),
    Error(Details),
    Skipped(Details),
}

/// What the attributes and the text of an element say.
struct Details {
    kind: String,
    message: String,
    lines: Vec<String>,
}

impl TestCase {
    fn new(tag: &Entry) -> Self {
        let (class, name) = extract::split(&tag.reference);
        let mut lines = vec![format!("reference: {}", tag.name())];
        lines.extend(describe::lines(tag));
        lines.extend(tag.before.iter().map(|it| format!("replaced: {it}")));
        let labelled = |label: &str, text: &String| format!("{label}: {}", clean(text, MESSAGE));
        lines.extend(tag.help.iter().map(|it| labelled("help", it)));
        lines.extend(tag.inspect.iter().map(|it| labelled("inspect", it)));
        lines.extend(tag.undo.iter().map(|it| labelled("undo", it)));
        let message = clean(&tag.message, MESSAGE);
        let mut said = Vec::new();
        let details = |lines: Vec<String>| Details {
            kind: tag.codes(),
            message: message.clone(),
            lines: lines.into_iter().chain(tag.tolerated_by()).collect(),
        };
        let end = match tag.standing() {
            Standing::Right => End::Passed,
            Standing::Repaired | Standing::CameRight | Standing::Planned => {
                said.push(message.clone());
                said.extend(lines);
                End::Passed
            }
            Standing::Tolerated => End::Skipped(details(lines)),
            Standing::Unproven => End::Error(details(lines)),
            Standing::Wrong => End::Failed(details(lines)),
        };
        Self {
            class,
            name,
            end,
            said,
        }
    }

    /// A run without tags is not a success: a case of its own says why.
    fn from_problem(problem: &Problem, exit_code: u8) -> Self {
        let Problem {
            kind,
            message,
            help,
        } = problem;
        let kind = match kind {
            ProblemKind::Invalid => "invalid",
            ProblemKind::Nothing => "nothing",
            ProblemKind::Refused => "refused",
            ProblemKind::Unproven => "unproven",
        };
        let details = Details {
            kind: kind.to_owned(),
            message: clean(message, MESSAGE),
            lines: help
                .iter()
                .map(|it| format!("help: {}", clean(it, MESSAGE)))
                .collect(),
        };
        Self {
            class: "tagproof".to_owned(),
            name: "inputs".to_owned(),
            end: match exit_code {
                0 => End::Skipped(details),
                1 => End::Failed(details),
                _ => End::Error(details),
            },
            said: Vec::new(),
        }
    }

    fn write(&self, out: &mut String, room: usize) {
        let Self {
            class,
            name,
            end,
            said,
        } = self;
        let (class, name) = (escape(class), escape(name));
        let (element_name, details) = match end {
            End::Passed if said.is_empty() => {
                out.push_str(&format!(
                    "    <testcase classname=\"{class}\" name=\"{name}\"/>\n"
                ));
                return;
            }
            End::Passed => ("system-out", None),
            End::Failed(details) => ("failure", Some(details)),
            End::Error(details) => ("error", Some(details)),
            End::Skipped(details) => ("skipped", Some(details)),
        };
        out.push_str(&format!(
            "    <testcase classname=\"{class}\" name=\"{name}\">\n"
        ));
        match details {
            None => element(out, 6, element_name, &said.join("\n"), room),
            Some(Details {
                kind,
                message,
                lines,
            }) => {
                let kind = escape(kind);
                let text = format!("{message}\n{}", lines.join("\n"));
                let text = escape_within(text.trim_end(), room / 4 * 3);
                let message = escape_within(message, room / 4);
                out.push_str(&format!(
                    "      <{element_name} type=\"{kind}\" message=\"{message}\">{text}</{element_name}>\n"
                ));
            }
        }
        out.push_str("    </testcase>\n");
    }
}

fn note(note: &Note) -> Vec<String> {
    let Note {
        code,
        message,
        help,
    } = note;
    let mut lines = vec![format!("note[{code}] {}", clean(message, MESSAGE))];
    lines.extend(
        help.lines()
            .map(|it| format!("help: {}", clean(it, MESSAGE))),
    );
    lines
}

/// The name, with the target or a number where the class has a case of that name already: GitLab
/// drops the second of two that are alike.
fn unique(
    names: &mut BTreeSet<(String, String)>,
    class: &str,
    name: String,
    target: Option<&str>,
) -> String {
    let with_target = target.map(|it| format!("{name} (target {})", clean(it, NAME)));
    let numbered = (2_u64..).map(|number| format!("{name} #{number}"));
    let plain = name.clone();
    std::iter::once(plain)
        .chain(with_target)
        .chain(numbered)
        .find(|name| names.insert((class.to_owned(), name.clone())))
        .unwrap_or(name)
}

#[cfg(test)]
mod tests;
