//! What differs between CI systems, as values.

use crate::environment::Environment;
use crate::oci::Host;

/// A CI system that is known here.
pub(super) struct System {
    /// The variable that is `true` in its jobs. What runs its pipelines elsewhere sets `false`.
    pub(super) variable: &'static str,
    /// How its log folds, whatever the program does there.
    pub(super) grouping: Option<LogGrouping>,
    /// The logins that it gives to its jobs.
    pub(super) logins: Option<fn(&Environment) -> JobLogins>,
}

impl System {
    /// A system of which only the colors are known.
    pub(super) const fn new(variable: &'static str) -> Self {
        Self {
            variable,
            grouping: None,
            logins: None,
        }
    }
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
pub(crate) type JobLogins = Result<Vec<JobLogin>, BadVariable>;
