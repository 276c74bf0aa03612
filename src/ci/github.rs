//! GitHub Actions: what the inputs of a step ask for, and what its runner reads and hides. Pure.

mod inputs;

use std::ffi::OsString;

use super::{LogGrouping, System};
use crate::environment::Environment;
use crate::problem::Problem;

pub use inputs::{INPUTS, Means, usage_problem};

/// Groups are commands, which are for a step that speaks to GitHub and to nobody else: only
/// `tagproof action` writes them.
pub(super) const SYSTEM: System = System::new("GITHUB_ACTIONS");

/// How the log of a step folds.
pub const GROUPING: LogGrouping = LogGrouping {
    open: |name, _| format!("::group::{name}\n"),
    close: |_, _| "::endgroup::\n".to_owned(),
};

/// The builds of docker/build-push-action and docker/bake-action, below `RUNNER_TEMP`. They are
/// there until the job ends.
pub const BUILDS_OF_A_JOB: [&str; 2] = [
    "docker-actions-toolkit-*/build-metadata-*.json",
    "docker-actions-toolkit-*/bake-metadata-*.json",
];

/// What the inputs of a step ask for. No `Debug`: some of it is secret.
pub struct Step {
    /// The command line they stand for, the program's name first; metadata files aside.
    pub args: Vec<OsString>,
    /// The metadata files: names or patterns.
    pub files: Vec<String>,
    /// Whether nothing is said about what to check: then it is what the job has built.
    pub of_the_job: bool,
    /// Whether a build that was not pushed fails the step also where another one was.
    pub unpushed_fails: bool,
    /// The password for `--username`.
    pub password: Option<String>,
    /// The job's own login for GitHub's registry: user name and token.
    pub token: Option<(String, String)>,
    /// When the job summary is written.
    pub summary: Summary,
    /// Whether there are annotations.
    pub annotations: bool,
    /// Where the JSON report goes, as the workflow names it.
    pub report_file: Option<String>,
    /// Whether a pull request started the workflow.
    pub of_a_pull_request: bool,
}

/// When the job summary is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Summary {
    /// Always.
    Always,
    /// Unless every tag was right from the start.
    Problems,
    /// Never.
    Never,
}

impl Step {
    /// Reads the inputs (`INPUT_…`) of a step.
    ///
    /// # Errors
    ///
    /// When one has a value it cannot have, or lacks the one that goes with it.
    pub fn read(environment: &Environment) -> Result<Self, Problem> {
        inputs::read(environment)
    }

    /// The commands that have the runner hide secrets in all logs. Nothing that is short: GitHub
    /// drops outputs that hold what is hidden.
    #[must_use]
    pub fn masks(&self) -> Vec<String> {
        const SHORTEST: usize = 8;
        let token = self.token.as_ref().map(|(_, token)| token);
        let secrets = self.password.iter().chain(token);
        secrets
            .flat_map(|secret| secret.lines())
            .map(str::trim)
            .filter(|line| line.chars().count() >= SHORTEST)
            .map(|line| format!("::add-mask::{}", line.replace('%', "%25")))
            .collect()
    }
}

/// That there is nothing to check where nothing was said about it.
#[must_use]
pub fn no_builds() -> Problem {
    Problem::nothing(
        "found no build of this job: nothing that docker/build-push-action or docker/bake-action left in `$RUNNER_TEMP`",
        "put this step behind the build, in the same job; or name what to check with `metadata-file`, `metadata` or `tags`",
    )
}

#[cfg(test)]
mod tests;
