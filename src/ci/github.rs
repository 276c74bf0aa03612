//! GitHub Actions: what the inputs of a step ask for, and what its runner reads and hides. Pure.

mod inputs;
mod step;

use super::system::{LogGrouping, System};
use crate::problem::Problem;

pub use inputs::{INPUTS, Means, input_of};
pub use step::{StepInputs, Summary};

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
