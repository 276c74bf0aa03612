//! GitLab: collapsed sections of the log, and the logins for its registry, in variables.

use super::system::{BadVariable, JobLogin, JobLogins, LogGrouping, System};
use crate::environment::Environment;
use crate::oci::host_and_path;

pub(super) const SYSTEM: System = System {
    variable: "GITLAB_CI",
    grouping: Some(LogGrouping {
        open: |name, unix_time| {
            format!(
                "\x1b[0Ksection_start:{unix_time}:tagproof_{name}[collapsed=true]\r\x1b[0K{name}\n"
            )
        },
        close: |name, unix_time| {
            format!("\x1b[0Ksection_end:{unix_time}:tagproof_{name}\r\x1b[0K\n")
        },
    }),
    logins: Some(logins),
};

/// The user name that goes with the token of a job.
const TOKEN_USER: &str = "gitlab-ci-token";

/// The logins for the registry that `CI_REGISTRY` names, and for no other host.
fn logins(environment: &Environment) -> JobLogins {
    let Some(registry) = environment.get("CI_REGISTRY") else {
        return Ok(Vec::new());
    };
    // Users set it, too, and then as `docker login` takes it: `https://index.docker.io/v1/`.
    let (host, _) = host_and_path(registry).ok_or(BadVariable {
        source: "`$CI_REGISTRY`",
        reason: "it names no registry",
    })?;
    let login = |source, username: &str, password: &str| JobLogin {
        host: host.clone(),
        source,
        username: username.to_owned(),
        password: password.to_owned(),
    };

    let mut logins = Vec::new();
    let user = environment.get("CI_REGISTRY_USER");
    let given = user.zip(environment.get("CI_REGISTRY_PASSWORD"));
    if let Some((user, password)) = given {
        let source = "`$CI_REGISTRY_USER` and `$CI_REGISTRY_PASSWORD`";
        logins.push(login(source, user, password));
    }
    let token = environment.get("CI_JOB_TOKEN");
    // GitLab gives the token as the password, too: what was refused is not tried again. And no
    // GitLab has its registry at Docker Hub: there the variables are the user's own.
    let is_new = |token: &&str| given != Some((TOKEN_USER, *token)) && !host.is_docker_hub();
    if let Some(token) = token.filter(is_new) {
        logins.push(login("`$CI_JOB_TOKEN`", TOKEN_USER, token));
    }
    Ok(logins)
}
