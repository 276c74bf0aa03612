//! What one command costs: wall time, CPU and peak memory, its children included.
//!
//! The system tells a process only of all its ended children together, so each command gets a
//! small process of its own that starts it, waits, and tells: this program, called with `--gauge`.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    /// The largest of its processes.
    pub(crate) peak_kib: u64,
    pub(crate) code: i32,
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
        .stdout(Stdio::null());
    let start = Instant::now();
    let status = command.status().with_context(|| program.clone())?;
    let wall = start.elapsed();
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
    };
    Ok(cost)
}
