//! A runner of GitHub Actions, as far as a step can tell: the environment of action.yml's inputs and
//! `with`, a file for outputs and one for the summary, and the grammar and limits of what comes back.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::run::{Directory, Host, start};

// What the renderers are tested with, too: one reader of the runner's grammar.
#[path = "../../src/report/tests/runner.rs"]
mod grammar;

pub(crate) use grammar::Command;

/// The token of the job.
pub(crate) const TOKEN: &str = "ghs_0123456789abcdef";

/// An input or output of action.yml and its default.
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) default: Option<String>,
}

/// What stands below a heading of action.yml, which is laid out plainly: two spaces, then four.
pub(crate) fn action_yml(heading: &str) -> Vec<Input> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("action.yml");
    let text = std::fs::read_to_string(path).unwrap();
    let mut found: Vec<Input> = Vec::new();
    let mut here = false;
    for line in text.lines() {
        if !line.starts_with(' ') {
            here = line == format!("{heading}:");
        } else if here && line.starts_with("    ") {
            if let Some(default) = line.trim().strip_prefix("default: ") {
                found.last_mut().unwrap().default = Some(default.trim_matches('"').to_owned());
            }
        } else if here {
            let name = line.trim().trim_end_matches(':').to_owned();
            let default = None;
            found.push(Input { name, default });
        }
    }
    found
}

/// A step in the making.
pub(crate) struct Step {
    with: BTreeMap<String, String>,
    variables: BTreeMap<String, String>,
    workspace: Directory,
    temp: Directory,
    files: Directory,
}

/// What came of a step.
pub(crate) struct Stepped {
    pub(crate) code: Option<i32>,
    /// What the log shows, commands aside.
    pub(crate) log: String,
    pub(crate) commands: Vec<Command>,
    pub(crate) outputs: BTreeMap<String, String>,
    pub(crate) summary: String,
    pub(crate) workspace: Directory,
}

impl Step {
    pub(crate) fn new() -> Self {
        Self {
            with: BTreeMap::new(),
            variables: BTreeMap::new(),
            workspace: Directory::new(),
            temp: Directory::new(),
            files: Directory::new(),
        }
    }

    pub(crate) fn with(mut self, input: &str, value: &str) -> Self {
        self.with.insert(input.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// A file in the workspace.
    pub(crate) fn file(self, name: &str, content: &str) -> Self {
        self.workspace.file(name, content);
        self
    }

    /// A file below `RUNNER_TEMP`.
    pub(crate) fn left_behind(self, name: &str, content: &str) -> Self {
        self.temp.file(name, content);
        // Files of one moment would have no order.
        std::thread::sleep(std::time::Duration::from_millis(15));
        self
    }

    pub(crate) fn run(self) -> Stepped {
        let host = Host::get();
        let mut command = host.command();
        if host != Host::Node {
            command.arg("action");
        }
        let inputs = action_yml("inputs");
        for name in self.with.keys() {
            assert!(
                inputs.iter().any(|it| it.name == *name),
                "no input `{name}`"
            );
        }
        let path = |directory: &Directory, name: &str| directory.path().join(name);
        let output = self.files.file("output", "");
        let summary = self.files.file("summary", "");
        let shown = |path: &PathBuf| path.display().to_string();
        command
            .current_dir(self.workspace.path())
            .env_clear()
            .env("HOME", path(&self.files, "home"))
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("CI", "true")
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_ACTOR", "octocat")
            .env("GITHUB_EVENT_NAME", "push")
            .env("GITHUB_WORKSPACE", self.workspace.path())
            .env("GITHUB_OUTPUT", shown(&output))
            .env("GITHUB_STEP_SUMMARY", shown(&summary))
            .env("RUNNER_TEMP", self.temp.path())
            .env("ACTIONS_RUNTIME_TOKEN", "not-for-the-component");
        if let Some(system) = std::env::var_os("SystemRoot").filter(|_| cfg!(windows)) {
            command.env("SystemRoot", system);
        }
        for input in inputs {
            let default = input.default.unwrap_or_default();
            let default = default.replace("${{ github.token }}", TOKEN);
            let value = self.with.get(&input.name).unwrap_or(&default);
            let name = input.name.replace(' ', "_").to_uppercase();
            command.env(format!("INPUT_{name}"), value);
        }
        command.envs(&self.variables);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let ended = start(&mut command).wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let all = text(ended.stdout) + &text(ended.stderr);
        assert!(!all.contains("panicked"), "{all}");
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        let stepped = Stepped {
            code: ended.status.code(),
            log: all
                .lines()
                .filter(|line| grammar::command(line).is_none())
                .collect::<Vec<_>>()
                .join("\n"),
            commands: all.lines().filter_map(grammar::command).collect(),
            outputs: grammar::outputs(&read(&output))
                .unwrap_or_else(|error| panic!("{error}"))
                .into_iter()
                .collect(),
            summary: read(&summary),
            workspace: self.workspace,
        };
        keep(&stepped.summary);
        stepped.keeps_the_rules();
        stepped
    }
}

/// Leaves a summary in the directory that `TAGPROOF_TEST_SUMMARIES` names, for `scripts/mermaid`.
fn keep(summary: &str) {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let Some(directory) = std::env::var_os("TAGPROOF_TEST_SUMMARIES") else {
        return;
    };
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test").replace("::", ".");
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let path = Path::new(&directory).join(format!("{test}-{number}.md"));
    std::fs::write(path, summary).unwrap();
}

impl Stepped {
    /// What the runner would cut, drop or hide is nothing that a step may count on.
    fn keeps_the_rules(&self) {
        for kind in ["error", "warning", "notice"] {
            assert!(self.annotations(kind).len() <= 10, "too many of {kind}");
        }
        for command in &self.commands {
            assert!(
                command.data.encode_utf16().count() <= 4_096,
                "{}",
                command.data
            );
            let known = [
                "error", "warning", "notice", "add-mask", "group", "endgroup",
            ];
            assert!(known.contains(&command.name.as_str()), "{command:?}");
        }
        assert!(self.summary.len() <= 1_048_576);
        let size: usize = self
            .outputs
            .values()
            .map(|it| it.encode_utf16().count())
            .sum();
        assert!(size <= 1_048_576);
        let declared: Vec<String> = action_yml("outputs")
            .into_iter()
            .map(|it| it.name)
            .collect();
        let mut declared: Vec<&str> = declared.iter().map(String::as_str).collect();
        declared.sort_unstable();
        assert_eq!(self.outputs.keys().collect::<Vec<_>>(), declared);
        let masks = self.commands.iter().filter(|it| it.name == "add-mask");
        for mask in masks {
            for (name, value) in &self.outputs {
                assert!(!value.contains(&mask.data), "`{name}` would be dropped");
            }
            assert!(!self.log.contains(&mask.data), "{}", self.log);
        }
    }

    /// `title: message` of all annotations of a kind.
    pub(crate) fn annotations(&self, kind: &str) -> Vec<String> {
        let all = self.commands.iter().filter(|it| it.name == kind);
        all.map(|it| {
            let title = it.properties.get("title").map_or("", String::as_str);
            format!("{title}: {}", it.data)
        })
        .collect()
    }

    pub(crate) fn output(&self, name: &str) -> &str {
        &self.outputs[name]
    }

    /// All that came back and may be seen by people: the runner keeps what it is told to mask.
    pub(crate) fn visible(&self) -> String {
        let is_seen = |it: &&Command| it.name != "add-mask";
        let commands: Vec<&Command> = self.commands.iter().filter(is_seen).collect();
        format!(
            "{:?}\n{}\n{commands:#?}\n{:#?}\n{}",
            self.code, self.log, self.outputs, self.summary
        )
    }

    /// All that came back, for a failed assertion.
    pub(crate) fn shown(&self) -> String {
        format!(
            "{:?}\n{}\n{:#?}\n{:#?}\n{}",
            self.code, self.log, self.commands, self.outputs, self.summary
        )
    }
}
