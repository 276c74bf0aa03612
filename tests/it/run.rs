//! Runs the real program as a user would, in an empty environment, and keeps all it says.

use std::io::{Error, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;

/// What runs the program: `TAGPROOF_TEST_HOST` is `native` (the default), `wasmtime` or `node`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Host {
    Native,
    /// `TAGPROOF_TEST_PYTHON` with the `wasmtime` package, and `TAGPROOF_TEST_COMPONENT`.
    Wasmtime,
    /// `TAGPROOF_TEST_NODE` with the Action's launcher, which was built into `dist/`.
    Node,
}

impl Host {
    pub(crate) fn get() -> Self {
        match std::env::var("TAGPROOF_TEST_HOST").as_deref() {
            Err(_) | Ok("native") => Self::Native,
            Ok("wasmtime") => Self::Wasmtime,
            Ok("node") => Self::Node,
            Ok(other) => panic!("there is no host `{other}`"),
        }
    }

    /// Whether it runs the component, without threads and child processes.
    pub(crate) fn is_wasi(self) -> bool {
        self != Self::Native
    }

    /// Whether credential helpers can be run: under wasmtime no process can be started, and there is
    /// no launcher that does it. Says so aloud, not by `println!`, which the test harness keeps.
    pub(crate) fn runs_helpers(self) -> bool {
        if self == Self::Wasmtime {
            skip("no processes on WASI");
        }
        self != Self::Wasmtime
    }

    /// Whether `0.0.0.0` is reached, which is this machine: not on WASI, whose sockets refuse it, nor
    /// on Windows. Says so aloud.
    pub(crate) fn reaches_unspecified(self) -> bool {
        let reaches = self == Self::Native && cfg!(unix);
        if !reaches {
            skip("0.0.0.0 is not reached here");
        }
        reaches
    }

    /// Whether it gives the program what GitLab sets: the Action's launcher does not. Says so aloud.
    pub(crate) fn runs_on_gitlab(self) -> bool {
        if self == Self::Node {
            skip("the Action has no business on GitLab");
        }
        self != Self::Node
    }

    pub(crate) fn command(self) -> Command {
        let variable =
            |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("`{name}` is not set"));
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        match self {
            Self::Native => Command::new(env!("CARGO_BIN_EXE_tagproof")),
            Self::Wasmtime => {
                let mut command = Command::new(variable("TAGPROOF_TEST_PYTHON"));
                command
                    .arg(root.join("tests/hosts/wasmtime_host.py"))
                    .arg(variable("TAGPROOF_TEST_COMPONENT"))
                    .arg(format!(
                        "{}/tests,{}",
                        root.display(),
                        env!("CARGO_TARGET_TMPDIR")
                    ));
                command
            }
            Self::Node => {
                let mut command = Command::new(variable("TAGPROOF_TEST_NODE"));
                command.arg(root.join("action/main.mjs"));
                command
            }
        }
    }
}

/// Starts a program, later if the system has too much to do for one more at the moment.
pub(crate) fn start(command: &mut Command) -> Child {
    for _ in 0..600 {
        match command.spawn() {
            Err(error) if is_passing(&error) => std::thread::sleep(Duration::from_millis(100)),
            started => return started.unwrap_or_else(|error| panic!("{command:?}: {error}")),
        }
    }
    panic!("{command:?} could not be started for a minute");
}

fn is_passing(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock
            | ErrorKind::OutOfMemory
            | ErrorKind::ExecutableFileBusy
            | ErrorKind::Interrupted
    )
}

fn skip(why: &str) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or("a test");
    // In one piece: other tests write, too.
    let line = format!("skipped: {why} ({test})\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// The exit code that is expected where the native program ends with `native`: WASI knows only
/// success and failure.
pub(crate) fn code(native: i32) -> Option<i32> {
    Some(match Host::get().is_wasi() {
        true => native.min(1),
        false => native,
    })
}

/// A run in the making: arguments, environment, files, standard input.
pub(crate) struct Run {
    command: Command,
    directory: Directory,
    stdin: Vec<u8>,
    report: bool,
    keep: Option<String>,
    forms: bool,
}

/// The forms that a report can be written in, and the flags that ask for them.
const FORMS: [(&str, &str); 3] = [
    ("--junit", "report.xml"),
    ("--markdown", "report.md"),
    ("--dotenv", "report.env"),
];

/// What came of a run.
pub(crate) struct Ran {
    /// The exit code; a crash has none.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The JSON report, where one was written.
    pub(crate) report: Value,
    /// The file that was to be kept.
    pub(crate) kept: Option<String>,
    /// The report in all its other forms, where they were asked for.
    pub(crate) forms: String,
}

/// A directory of its own for a test; it goes when it is dropped.
pub(crate) struct Directory {
    path: PathBuf,
}

impl Directory {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!(
            "{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self { path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file in it, and gives its path.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// `tagproof ARGS`, in a directory of its own, which is the home directory as well.
pub(crate) fn tagproof(args: &[&str]) -> Run {
    tagproof_on(Host::get(), args)
}

/// The same on this host.
pub(crate) fn tagproof_on(host: Host, args: &[&str]) -> Run {
    let directory = Directory::new();
    let mut command = host.command();
    command
        .args(args)
        .current_dir(directory.path())
        .env_clear()
        .env("HOME", directory.path());
    if let Some(system) = std::env::var_os("SystemRoot").filter(|_| cfg!(windows)) {
        // Windows opens no socket without it.
        command
            .env("SystemRoot", system)
            .env("USERPROFILE", directory.path());
    }
    Run {
        command,
        directory,
        stdin: Vec::new(),
        report: false,
        keep: None,
        forms: false,
    }
}

/// `tagproof MODE build.json --settle 0 ARGS`, with the metadata in that file and a report.
pub(crate) fn prove(mode: &str, metadata: &str, args: &[&str]) -> Ran {
    tagproof(&[mode, "build.json", "--settle", "0"])
        .args(args)
        .file("build.json", metadata)
        .report()
        .run()
}

impl Run {
    pub(crate) fn args(mut self, args: &[&str]) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// A file in the working directory, which is the home directory as well.
    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self.directory.file(name, content);
        self
    }

    /// A variable that holds the path of something in the working directory.
    pub(crate) fn env_path(self, name: &str, path: &str) -> Self {
        let path = self.directory.path().join(path).display().to_string();
        self.env(name, &path)
    }

    /// Gives it this much memory and no more: what is writable, the stacks of its threads as well.
    /// `None`, said aloud, where there is no such limit.
    pub(crate) fn within_mib(mut self, mib: usize) -> Option<Self> {
        self.at_a_depth();
        if Host::get() != Host::Native || !cfg!(target_os = "linux") {
            skip("no limit on memory here");
            return None;
        }
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", "ulimit -d \"$0\" && exec \"$@\""])
            .arg((mib * 1024).to_string())
            .arg(self.command.get_program())
            .args(self.command.get_args())
            .current_dir(self.directory.path())
            .env_clear();
        for (name, value) in self.command.get_envs() {
            command.envs(value.map(|value| (name, value)));
        }
        self.command = command;
        Some(self)
    }

    /// A credential helper on the `PATH`. Another process writes it: a thread that starts a
    /// program meanwhile would keep the file open, and it could not be run ("Text file busy").
    #[cfg(unix)]
    pub(crate) fn helper(self, name: &str, script: &str) -> Self {
        let bin = self.directory.path().join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        let mut writer = Command::new("/bin/sh")
            .args(["-c", "cat > \"$0\" && chmod 755 \"$0\""])
            .arg(bin.join(format!("docker-credential-{name}")))
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let text = format!("#!/bin/sh\n{script}\n");
        let mut input = writer.stdin.take().unwrap();
        input.write_all(text.as_bytes()).unwrap();
        drop(input);
        assert!(writer.wait().unwrap().success());
        let path = format!("{}:/usr/bin:/bin", bin.display());
        self.env("PATH", &path)
    }

    pub(crate) fn stdin(mut self, content: impl AsRef<[u8]>) -> Self {
        self.stdin = content.as_ref().to_vec();
        self
    }

    /// Keeps a file that the program writes in its working directory.
    pub(crate) fn keep(mut self, name: &str) -> Self {
        self.keep = Some(name.to_owned());
        self
    }

    /// Has the JSON report written, too.
    pub(crate) fn report(mut self) -> Self {
        self.command.args(["--report", "report.json"]);
        self.report = true;
        self
    }

    /// Has the report written in all its other forms, too.
    pub(crate) fn in_all_forms(mut self) -> Self {
        for (flag, file) in FORMS {
            self.command.args([flag, file]);
        }
        self.forms = true;
        self
    }

    /// Where a test does not say how deep to look, it is about the tag alone: `tests/it/below.rs` has
    /// the default.
    fn at_a_depth(&mut self) {
        let args = || self.command.get_args().map(|arg| arg.to_string_lossy());
        let looks = args().any(|arg| arg == "check" || arg == "fix");
        let is_said = args().any(|arg| arg.starts_with("--dep") || arg == "--deep");
        let is_policy = args().any(|arg| ["policy", "help", "--help"].contains(&arg.as_ref()));
        if looks && !is_said && !is_policy {
            self.command.args(["--depth", "tag"]);
        }
    }

    /// Runs it with nobody who reads what it shows: the exit code and standard error.
    pub(crate) fn run_unread(mut self) -> (Option<i32>, String) {
        self.at_a_depth();
        self.command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = start(&mut self.command);
        drop(child.stdout.take());
        let _ = child.stdin.take().unwrap().write_all(&self.stdin);
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), stderr)
    }

    pub(crate) fn run(mut self) -> Ran {
        self.at_a_depth();
        self.command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = start(&mut self.command);
        // A program that does not read its standard input closes it.
        let _ = child.stdin.take().unwrap().write_all(&self.stdin);
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let forms = FORMS.iter().filter(|_| self.forms).map(|(flag, file)| {
            let read = std::fs::read_to_string(self.directory.path().join(file));
            read.unwrap_or_else(|error| panic!("{flag}: {error}"))
        });
        let ran = Ran {
            forms: forms.collect(),
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            report: match std::fs::read(self.directory.path().join("report.json")) {
                Ok(report) => serde_json::from_slice(&report).unwrap(),
                Err(_) => Value::Null,
            },
            kept: self
                .keep
                .and_then(|name| std::fs::read_to_string(self.directory.path().join(name)).ok()),
        };
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        if self.report {
            assert!(
                ran.report.is_object(),
                "no report: {} {}",
                ran.stdout,
                ran.stderr
            );
        }
        ran
    }
}

impl Ran {
    /// `reference verdict outcome` of each tag, the host left out.
    pub(crate) fn tags(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let tags = self.report["tags"].as_array().unwrap();
        tags.iter()
            .map(|tag| {
                let reference = text(&tag["reference"]);
                let name = reference.split_once('/').map_or("", |(_, name)| name);
                format!("{name} {} {}", text(&tag["verdict"]), text(&tag["outcome"]))
            })
            .collect()
    }

    /// The tag of this place in the report.
    pub(crate) fn tag(&self, index: usize) -> &Value {
        &self.report["tags"][index]
    }

    /// The codes of the notes.
    pub(crate) fn notes(&self) -> Vec<&str> {
        self.report["notes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|note| note["code"].as_str().unwrap())
            .collect()
    }

    pub(crate) fn status(&self) -> &str {
        self.report["status"].as_str().unwrap()
    }

    /// All that was shown, for a failed assertion.
    pub(crate) fn shown(&self) -> String {
        format!(
            "{}\n{}\n{:#}\n{}",
            self.stdout, self.stderr, self.report, self.forms
        )
    }
}
