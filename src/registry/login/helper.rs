//! Credential helpers, the programs `docker-credential-NAME`: the only processes that are started.
//!
//! On WASI no process can be started. There the GitHub Action's launcher runs the helper when this
//! program opens a file of a directory that the launcher keeps in memory, and the file is what the
//! helper left behind: the launcher learns which logins there are without a protocol, and no secret is in
//! an argument, in the environment or on a disk.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::MapAccess;

use super::go_json::{self, Fields, skip, text};
use super::once_map::OnceMap;
use super::secret::{Secret, Unusable};
use crate::environment::Environment;
use crate::oci::Host;

/// The most that is read of what a helper prints.
const MAX_OUTPUT: usize = 64 * 1024;

/// The most that is shown of what a helper complains, in bytes.
const MAX_COMPLAINT: usize = 200;

/// How long a helper may take. Those of the clouds go over the network.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// How often a running helper is looked at.
const STEP: Duration = Duration::from_millis(5);

/// How a program's file name may end. Google's helper is a batch file on Windows.
#[cfg(windows)]
const ENDINGS: [&str; 2] = [".exe", ".cmd"];
#[cfg(not(windows))]
const ENDINGS: [&str; 1] = [""];

/// How long the complaints of a helper that has ended are waited for.
const GRACE: Duration = Duration::from_millis(200);

/// Where the launcher keeps the file `NAME/SERVER` (percent-encoded) for each helper and server.
const LAUNCHER: &str = "/tagproof-launcher/credential-helpers";

/// How a helper says that it has no login. The exit status is 1, as for any failure.
const NOT_FOUND: &str = "credentials not found in native keychain";

/// The credential helpers of this machine, each asked once for a server.
pub(super) struct Helpers {
    directories: Vec<PathBuf>,
    time_limit: Duration,
    answers: OnceMap<(String, String), Result<Option<Secret>, Failed>>,
}

#[derive(Default)]
struct HelperAnswer {
    username: String,
    secret: String,
}

impl Fields for HelperAnswer {
    fn take<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<(), A::Error> {
        match name {
            "username" => text(&mut self.username, value),
            "secret" => text(&mut self.secret, value),
            _ => skip(value),
        }
    }
}

/// What a helper printed, and how it ended.
struct HelperOutput {
    success: bool,
    status: String,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

/// Why a helper gave no answer.
enum Failed {
    /// This build cannot start a program, and nobody does it for it.
    CannotRun,
    /// What happened, in words.
    Said(String),
}

/// What the launcher reports about a helper.
#[derive(Deserialize)]
#[serde(untagged)]
enum LauncherReply {
    Ended {
        success: bool,
        status: String,
        stdout: String,
        stderr: String,
    },
    Error {
        error: String,
    },
}

impl Helpers {
    /// The helpers in the absolute directories of `PATH`: a relative one would mean whatever a
    /// checked-out repository puts there (CVE-2019-15752).
    pub(super) fn new(environment: &Environment) -> Self {
        let directories = environment
            .get("PATH")
            // On WASI no program can be started, and `split_paths` panics.
            .filter(|_| !cfg!(target_os = "wasi"))
            .map(|path| std::env::split_paths(path).collect::<Vec<_>>())
            .unwrap_or_default();
        Self {
            directories: directories
                .into_iter()
                .filter(|directory| directory.is_absolute())
                .collect(),
            time_limit: TIME_LIMIT,
            answers: OnceMap::default(),
        }
    }

    /// The same, with less patience.
    #[cfg(all(test, unix))]
    pub(super) fn within(self, time_limit: Duration) -> Self {
        Self { time_limit, ..self }
    }

    /// The secret that the helper keeps for the first of these servers it knows, if any.
    pub(super) fn get(
        &self,
        name: &str,
        host: &Host,
        servers: &[String],
    ) -> Result<Option<Secret>, Unusable> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        if name.is_empty() || name.len() > 128 || !name.bytes().all(fits) {
            return Err(format!(
                "failed to run the credential helper for `{host}`: its name has other characters than `A-Z`, `a-z`, `0-9`, `.`, `_`, `-`"
            )
            .into());
        }
        for server in servers {
            let key = (name.to_owned(), server.clone());
            let answer = self.answers.get(key, || match cfg!(target_os = "wasi") {
                true => ask_launcher(Path::new(LAUNCHER), name, server)
                    .ok_or(Failed::CannotRun)?
                    .map_err(Failed::Said),
                false => self.ask(name, server).map_err(Failed::Said),
            });
            match answer.as_ref() {
                Ok(None) => {}
                Ok(Some(secret)) => return Ok(Some(secret.clone())),
                Err(Failed::CannotRun) => return Err(cannot_run(name, host)),
                Err(Failed::Said(reason)) => {
                    return Err(format!(
                        "failed to get the login for `{host}` from the credential helper `{name}`: {reason}"
                    )
                    .into());
                }
            }
        }
        Ok(None)
    }

    fn ask(&self, name: &str, server: &str) -> Result<Option<Secret>, String> {
        let program = format!("docker-credential-{name}");
        let path = self
            .directories
            .iter()
            .flat_map(|path| ENDINGS.map(|ending| path.join(format!("{program}{ending}"))))
            .find(|path| is_executable(path))
            .ok_or_else(|| format!("there is no `{program}` in an absolute path of `PATH`"))?;
        let child = Command::new(path)
            .arg("get")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("failed to start `{program}`: {error}"))?;
        parse(&self.finish(child, server)?)
    }

    /// Gives a helper its question and waits for its end, which comes within the time limit.
    fn finish(&self, mut child: Child, server: &str) -> Result<HelperOutput, String> {
        if let Some(mut stdin) = child.stdin.take() {
            // A helper that does not read its input may have ended already; its answer counts.
            let _ = stdin.write_all(server.as_bytes());
        }
        let stdout = child.stdout.take().map(collect);
        let stderr = child.stderr.take().map(collect);
        let late = || format!("it did not answer within {:?}", self.time_limit);
        let mut left = self.time_limit;
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if !left.is_zero() => {
                    thread::sleep(STEP);
                    left = left.saturating_sub(STEP);
                }
                outcome => {
                    // It may have ended just now; in either case it is gone after this.
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(match outcome {
                        Ok(_) => late(),
                        Err(error) => format!("failed to wait for it: {error}"),
                    });
                }
            }
        };
        // A process that it left running may hold its output open.
        let text = |pipe: Option<Receiver<Vec<u8>>>, time| pipe?.recv_timeout(time).ok();
        Ok(HelperOutput {
            success: status.success(),
            status: match status.code() {
                Some(code) => format!("exit status {code}"),
                None => "a signal".to_owned(),
            },
            stdout: text(stdout, left.max(STEP)).ok_or_else(late)?,
            stderr: text(stderr, GRACE).unwrap_or_default(),
        })
    }
}

/// Has the launcher ask a helper; `None` if there is no launcher.
fn ask_launcher(root: &Path, name: &str, server: &str) -> Option<Result<Option<Secret>, String>> {
    let server = utf8_percent_encode(server, NON_ALPHANUMERIC).to_string();
    let answer = std::fs::read(root.join(name).join(server)).ok()?;
    Some(match serde_json::from_slice(&answer) {
        Ok(LauncherReply::Ended {
            success,
            status,
            stdout,
            stderr,
        }) => parse(&HelperOutput {
            success,
            status,
            stdout: stdout.into_bytes(),
            stderr: stderr.into_bytes(),
        }),
        Ok(LauncherReply::Error { error }) => Err(error),
        Err(_) => Err("the launcher's answer is not understood".to_owned()),
    })
}

/// Why a WebAssembly build has no login for this host.
fn cannot_run(name: &str, host: &Host) -> Unusable {
    Unusable {
        reason: format!(
            "credentials for `{host}` are in the credential helper `{name}`, which this build cannot run"
        ),
        needs_helper: true,
    }
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

/// Reads a pipe aside, to its end or to one byte more than is taken.
fn collect(pipe: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    let read = move || {
        let mut bytes = Vec::new();
        if pipe
            .take(MAX_OUTPUT as u64 + 1)
            .read_to_end(&mut bytes)
            .is_ok()
        {
            // Nobody may be waiting any more.
            let _ = sender.send(bytes);
        }
    };
    // Without a thread there is no answer, which the receiver sees.
    let _ = thread::Builder::new().spawn(read);
    receiver
}

/// `{"ServerURL": …, "Username": …, "Secret": …}`. Standard output is never shown: it is where
/// the secret goes. Standard error is shown if standard output is empty.
fn parse(ended: &HelperOutput) -> Result<Option<Secret>, String> {
    let stdout = String::from_utf8_lossy(&ended.stdout);
    let stderr = String::from_utf8_lossy(&ended.stderr);
    if ended.stdout.len() > MAX_OUTPUT {
        return Err(format!(
            "its answer is larger than {} KiB",
            MAX_OUTPUT / 1024
        ));
    }
    if !ended.success {
        if stdout.contains(NOT_FOUND) || stderr.contains(NOT_FOUND) {
            return Ok(None);
        }
        let complaint = match stdout.trim() {
            "" => clean(&stderr),
            _ => String::new(),
        };
        let colon = if complaint.is_empty() { "" } else { ": " };
        return Err(format!("it ended with {}{colon}{complaint}", ended.status));
    }
    let wire: HelperAnswer = go_json::read(&ended.stdout)
        .map_err(|_| "its answer is not the JSON that a credential helper gives")?;
    if wire.secret.is_empty() {
        return Ok(None);
    }
    let secret = Secret::new(wire.username, wire.secret)?;
    Ok(Some(secret))
}

/// The same for fuzzing.
#[cfg(any(test, fuzzing))]
pub(crate) fn parse_output(
    success: bool,
    stdout: &[u8],
    stderr: &[u8],
) -> Result<Option<Secret>, String> {
    parse(&HelperOutput {
        success,
        status: "exit status 1".to_owned(),
        stdout: stdout.to_owned(),
        stderr: stderr.to_owned(),
    })
}

/// Printable ASCII on one line, bounded. A long unbroken word may be a token and is left out.
fn clean(text: &str) -> String {
    let printable = |c: char| if c.is_ascii_graphic() { c } else { ' ' };
    let text: String = text.chars().map(printable).collect();
    let mut cleaned = String::new();
    for word in text.split_whitespace() {
        let long = |part: &str| part.len() >= 20;
        let secretive = word
            .split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '=' | '_'))
            .any(long);
        let word = if secretive { "…" } else { word };
        if cleaned.len() + word.len() + 1 > MAX_COMPLAINT {
            cleaned.push_str(" …");
            break;
        }
        if !cleaned.is_empty() {
            cleaned.push(' ');
        }
        cleaned.push_str(word);
    }
    cleaned
}

#[cfg(all(test, unix))]
mod tests;
