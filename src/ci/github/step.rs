//! A step of a job: what its inputs ask for, and what the runner must hide of them.

use std::ffi::OsString;

/// What the inputs of a step ask for. No `Debug`: some of it is secret.
pub struct StepInputs {
    /// The command line they stand for, the program's name first; metadata files aside.
    pub args: Vec<OsString>,
    /// The metadata files: names or patterns.
    pub files: Vec<String>,
    /// What docker/metadata-action left to the job, where no input names the tags of a merge.
    pub tags_of_the_job: Option<String>,
    /// Whether nothing is said about what to check: then it is what the job has built.
    pub all_builds: bool,
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
    pub is_pull_request: bool,
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

impl StepInputs {
    /// The commands that make the runner hide secrets in all logs. Short ones are left out: GitHub
    /// drops every output that contains a hidden text.
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
