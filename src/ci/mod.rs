//! The CI system that runs this program, and what is its own: log groups, colors, logins, inputs.
//!
//! A new one is a file here and a row in `SYSTEMS`.

pub mod github;
mod gitlab;

use crate::environment::Environment;
use crate::oci::Host;

/// A CI system: what differs there, as values.
struct System {
    /// The variable that is `true` in its jobs. What runs its pipelines elsewhere sets `false`.
    variable: &'static str,
    /// How its log folds, whatever the program does there.
    grouping: Option<LogGrouping>,
    /// The logins that it gives to its jobs.
    logins: Option<fn(&Environment) -> JobLogins>,
}

/// Each of them has a log viewer that is known to show colors.
const SYSTEMS: [System; 4] = [
    gitlab::SYSTEM,
    github::SYSTEM,
    System::new("BUILDKITE"),
    System::new("CIRCLECI"),
];

impl System {
    /// A system of which only the colors are known.
    const fn new(variable: &'static str) -> Self {
        Self {
            variable,
            grouping: None,
            logins: None,
        }
    }
}

fn detect(environment: &Environment) -> Option<&'static System> {
    let is_here = |system: &&System| environment.get(system.variable) == Some("true");
    SYSTEMS.iter().find(is_here)
}

/// How a part of a log is folded: the lines around it, from its name and the Unix time.
#[derive(Clone, Copy, Debug)]
pub struct LogGrouping {
    /// What opens it.
    pub open: fn(&str, u64) -> String,
    /// What closes it.
    pub close: fn(&str, u64) -> String,
}

/// A login for one registry.
pub(crate) struct JobLogin {
    /// The only registry that it is for.
    pub(crate) host: Host,
    /// Where it comes from, for people.
    pub(crate) source: &'static str,
    pub(crate) username: String,
    pub(crate) password: String,
}

/// A variable of the CI system that cannot be used, and why.
pub(crate) struct BadVariable {
    pub(crate) source: &'static str,
    pub(crate) reason: &'static str,
}

/// All logins of a job, in the order in which they are tried.
type JobLogins = Result<Vec<JobLogin>, BadVariable>;

/// How the log folds where this environment is from.
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
