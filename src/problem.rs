//! A problem with the inputs: what is wrong and where, and what to type instead.

use std::fmt;

/// Why nothing was checked. Ends the run with exit code 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Whether the inputs are unusable, or hold nothing to check.
    pub kind: ProblemKind,
    /// What is wrong and where, in one line.
    pub message: String,
    /// What to type instead, if that can be said.
    pub help: Option<String>,
}

/// What kind of problem it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// The inputs are unusable.
    Invalid,
    /// The inputs are fine but hold nothing to check.
    Nothing,
    /// What was given was looked at, and is not what was asked for: the run is wrong.
    Refused,
    /// What was given could not be looked at.
    Unproven,
}

impl Problem {
    /// Inputs that are unusable.
    pub fn invalid(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            kind: ProblemKind::Invalid,
            message: message.into(),
            help: Some(help.into()),
        }
    }

    /// Inputs that hold nothing to check.
    pub fn nothing(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            kind: ProblemKind::Nothing,
            message: message.into(),
            help: Some(help.into()),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}
