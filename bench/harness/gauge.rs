//! What one command costs: wall time, CPU and peak memory, its children included.
//!
//! The system tells a process only of all its ended children together, so each command gets a
//! small process of its own that starts it, waits, and tells: this program, called with `--gauge`.

use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::signal::{Signal, killpg};
use nix::sys::time::TimeValLike as _;
use nix::unistd::Pid;

/// The longest that a command may take; then it is ended, with all that it started.
const LIMIT: Duration = Duration::from_secs(120);

/// What was measured.
#[derive(Clone, Debug)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    /// The largest of its processes.
    pub(crate) peak_kib: u64,
    pub(crate) code: i32,
    /// What it wrote to standard error.
    pub(crate) said: String,
}

/// A command line with its environment.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) words: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
}

/// Runs a command and tells on standard output.
pub(crate) fn tell(words: &[String]) -> Result<String> {
    let (program, args) = words.split_first().context("nothing to run")?;
    let mut command = Command::new(program);
    command
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .process_group(0);
    let start = Instant::now();
    let mut child = command.spawn().with_context(|| program.clone())?;
    let group = Pid::from_raw(child.id().try_into()?);
    let (done, over) = mpsc::channel::<()>();
    let watch = std::thread::spawn(move || {
        if over.recv_timeout(LIMIT) == Err(mpsc::RecvTimeoutError::Timeout) {
            let _ = killpg(group, Signal::SIGKILL);
        }
    });
    let status = child.wait()?;
    let wall = start.elapsed();
    drop(done);
    let _ = watch.join();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    // macOS counts bytes.
    let unit = if cfg!(target_os = "macos") { 1024 } else { 1 };
    Ok(format!(
        "{} {cpu} {} {}",
        wall.as_nanos(),
        usage.max_rss() / unit,
        status.code().unwrap_or(-1)
    ))
}

/// Measures a command.
pub(crate) fn measure(line: &Line) -> Result<Cost> {
    let output = Command::new(std::env::current_exe()?)
        .arg("--gauge")
        .args(&line.words)
        .env_clear()
        .envs(line.environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{:?}: {said}", line.words);
    let text = String::from_utf8(output.stdout)?;
    let mut numbers = text.split_whitespace();
    let mut next = || numbers.next().context("too few numbers");
    let cost = Cost {
        wall: Duration::from_nanos(next()?.parse()?),
        cpu: Duration::from_micros(next()?.parse()?),
        peak_kib: next()?.parse()?,
        code: next()?.parse()?,
        said: said.trim().to_owned(),
    };
    Ok(cost)
}
