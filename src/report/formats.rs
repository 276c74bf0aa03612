//! The output formats, a row each: the flag or value that asks for it, its help, and its renderer.

use super::dotenv::{self, Dotenv, MAX_BYTES, MAX_VARIABLES};
use super::terminal::{self, Style};
use super::{Report, json, junit, markdown};

/// How standard output shows the report: a value of `--format`.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// The value.
    pub value: &'static str,
    /// What `--help` says of it.
    pub help: &'static str,
    /// Its renderer.
    pub render: fn(&Report, &Style) -> String,
}

/// Every value of `--format`.
pub static FORMATS: [Format; 2] = [
    Format {
        value: "terminal",
        help: "For people",
        render: terminal::render,
    },
    Format {
        value: "json",
        help: "The JSON report",
        render: |report, _| json::render(report),
    },
];

/// A file that the report is also written to: a flag that takes its name.
#[derive(Debug)]
pub struct FileFormat {
    /// The flag, with its dashes.
    pub flag: &'static str,
    /// What `--help` says of it.
    pub help: &'static str,
    /// Its renderer.
    pub render: fn(&Report) -> Rendered,
}

/// Every such flag.
pub static FILE_FORMATS: [FileFormat; 4] = [
    FileFormat {
        flag: "--report",
        help: "Also write the JSON report to this file",
        render: |report| json::render(report).into(),
    },
    FileFormat {
        flag: "--junit",
        help: "Also write the report as JUnit XML to this file, a test case a tag",
        render: |report| junit::render(report).into(),
    },
    FileFormat {
        flag: "--dotenv",
        help: "Also write status, digest and pinned reference to this file, for GitLab's dotenv reports",
        render: |report| dotenv::render(report).into(),
    },
    FileFormat {
        flag: "--markdown",
        help: "Also write a summary in Markdown to this file",
        render: |report| markdown::render(report).into(),
    },
];

/// The content of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The content.
    pub text: String,
    /// What had no place in it, and why; a sentence without its subject, the file.
    pub left_out: Option<String>,
}

impl From<String> for Rendered {
    fn from(text: String) -> Self {
        Self {
            text,
            left_out: None,
        }
    }
}

impl From<Dotenv> for Rendered {
    fn from(Dotenv { text, left_out }: Dotenv) -> Self {
        let names = left_out.join(", ");
        Self {
            text,
            left_out: (!names.is_empty()).then(|| {
                format!("may hold {MAX_VARIABLES} variables and {MAX_BYTES} bytes: {names}")
            }),
        }
    }
}
