//! The process edge: arguments, environment, streams and the clock in, the exit code out.

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use tagproof::clock::Clock;
use tagproof::environment::Environment;
use tagproof::run::{Process, run};

fn main() -> ExitCode {
    // A variable that is not UTF-8 is kept, damaged: left out, an input would seem not to be set.
    let text = |name: std::ffi::OsString| name.to_string_lossy().into_owned();
    let variables = std::env::vars_os().map(|(name, value)| (text(name), text(value)));
    let width = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    let (mut stdout, mut stderr) = (io::stdout(), io::stderr());
    ExitCode::from(run(Process {
        args: std::env::args_os().collect(),
        environment: Environment::new(variables),
        stdin: &mut io::stdin().lock(),
        stdout: &mut stdout,
        stderr: &mut stderr,
        stdout_is_terminal: io::stdout().is_terminal(),
        stderr_is_terminal: io::stderr().is_terminal(),
        width,
        clock: &RealClock {
            start: Instant::now(),
        },
    }))
}

/// The time since the process started.
struct RealClock {
    start: Instant,
}

impl Clock for RealClock {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }

    fn unix_time(&self) -> u64 {
        SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |time| time.as_secs())
    }
}
