//! What a run works with: what the process gives, and what every part of the run is handed.

use std::ffi::OsString;
use std::io::{Read, Write};

use crate::clock::Clock;
use crate::console::Console;
use crate::environment::Environment;

/// What the process gives to a run. The library touches nothing of the process by itself.
pub struct Process<'a> {
    /// The arguments, the program's name first.
    pub args: Vec<OsString>,
    /// The environment.
    pub environment: Environment,
    /// Standard input.
    pub stdin: &'a mut dyn Read,
    /// Standard output.
    pub stdout: &'a mut (dyn Write + Send),
    /// Standard error.
    pub stderr: &'a mut (dyn Write + Send),
    /// Whether standard output is a terminal.
    pub stdout_is_terminal: bool,
    /// Whether standard error is a terminal.
    pub stderr_is_terminal: bool,
    /// How many columns the terminal has; `None` if there is none.
    pub width: Option<usize>,
    /// The clock.
    pub clock: &'a dyn Clock,
}

/// What a run works with, besides what it is asked for.
pub(super) struct RunContext<'a, 's> {
    pub(super) environment: &'a Environment,
    pub(super) clock: &'a dyn Clock,
    pub(super) console: &'a Console<'s>,
    /// The login that a GitHub job has for GitHub's registry.
    pub(super) token: Option<(String, String)>,
}
