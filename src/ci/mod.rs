//! The CI system that runs this program, and what is its own: log groups, colors, logins, inputs.
//!
//! A new one is a file here and a row in `SYSTEMS`.

pub mod github;
mod gitlab;
mod system;

use crate::environment::Environment;

use system::{JobLogins, System};

pub use system::LogGrouping;

/// Each of them has a log viewer that is known to show colors.
const SYSTEMS: [System; 4] = [
    gitlab::SYSTEM,
    github::SYSTEM,
    System::new("BUILDKITE"),
    System::new("CIRCLECI"),
];

fn detect(environment: &Environment) -> Option<&'static System> {
    let is_here = |system: &&System| environment.get(system.variable) == Some("true");
    SYSTEMS.iter().find(is_here)
}

/// How the log of the CI system folds, if this is the environment of one.
#[must_use]
pub fn log_grouping(environment: &Environment) -> Option<LogGrouping> {
    detect(environment)?.grouping
}

/// Whether the log viewer shows colors.
pub(crate) fn shows_colors(environment: &Environment) -> bool {
    detect(environment).is_some()
}

/// The logins that the job was given; `None` where the CI system gives none to any job.
pub(crate) fn logins(environment: &Environment) -> Option<JobLogins> {
    Some(detect(environment)?.logins?(environment))
}
