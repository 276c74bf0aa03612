//! Where logins may come from, and the places that makes, in the order they are tried.

use std::path::PathBuf;

use super::docker_config::{self, LoginConfig};
use super::gitlab;
use super::place::{Place, home, name};
use super::secret::Secret;
use crate::environment::Environment;
use crate::oci::Host;

/// A login for one registry that the user gives. No `Debug`: it has a password.
pub struct GivenLogin {
    /// The only registry that it is for.
    pub host: Host,
    /// What to call it in messages.
    pub name: String,
    /// The user name.
    pub username: String,
    /// The password.
    pub password: String,
}

/// Where logins may come from.
pub struct Sources {
    /// The environment: it names config files, or holds one.
    pub environment: Environment,
    /// A login that the user gives.
    pub explicit: Option<GivenLogin>,
    /// A config file that is read instead of every other.
    pub registry_config: Option<PathBuf>,
    /// The token of a GitHub job, for GitHub's own registry only and where there is no other login
    /// for it: user name and token.
    pub token: Option<(String, String)>,
    /// Whether tags may be written: a login that is scoped to pulling is of no use then.
    pub write: bool,
}

/// The places of these sources. A new kind of source is a new line here.
pub(super) fn places(sources: Sources) -> Result<Vec<Place>, String> {
    let Sources {
        environment,
        explicit,
        registry_config,
        token: _,
        write,
    } = sources;
    let mut places = Vec::new();
    if let Some(given) = explicit {
        let GivenLogin {
            host,
            name,
            username,
            password,
        } = given;
        let secret = Secret::new(username, password)
            .map_err(|reason| format!("failed to use {name} for `{host}`: {reason}"))?;
        places.push(Place::Given {
            host,
            name,
            secret: Ok(secret),
        });
    }
    match registry_config {
        Some(path) => {
            let name = name(&path, home(&environment).as_deref());
            let config = docker_config::read(&path)
                .and_then(|config| config.ok_or("there is no such file".to_owned()))
                .map_err(|reason| format!("failed to read {name}: {reason}"))?;
            places.push(Place::Config(name, Ok(config)));
        }
        None => places.extend(defaults(&environment, write)),
    }
    Ok(places)
}

/// The place for those who have a login in no other: a GitHub job's own token, which only GitHub's
/// registry is to see.
pub(super) fn last(sources: &Sources) -> Option<Place> {
    let (username, token) = sources.token.clone()?;
    Some(Place::Given {
        host: "ghcr.io".parse().ok()?,
        name: "the job's `github-token`".to_owned(),
        secret: Secret::new(username, token),
    })
}

/// Where Docker, buildx and Podman keep logins, and what GitLab gives to a job.
fn defaults(environment: &Environment, write: bool) -> Vec<Place> {
    let variable = |name: &str| environment.get(name).map(PathBuf::from);
    let home = home(environment);
    let in_home = |path: &str| home.as_deref().map(|home| home.join(path));
    let docker = variable("DOCKER_CONFIG").or_else(|| in_home(".docker"));
    let buildx =
        variable("BUILDX_CONFIG").or_else(|| docker.as_deref().map(|path| path.join("buildx")));
    let files = [
        docker.map(|path| path.join("config.json")),
        variable("REGISTRY_AUTH_FILE"),
        variable("XDG_RUNTIME_DIR").map(|path| path.join("containers/auth.json")),
        variable("XDG_CONFIG_HOME")
            .or_else(|| in_home(".config"))
            .map(|path| path.join("containers/auth.json")),
    ];

    let variable = environment.get("DOCKER_AUTH_CONFIG").map(|text| {
        Place::Config(
            "`$DOCKER_AUTH_CONFIG`".to_owned(),
            LoginConfig::parse(text.as_bytes()),
        )
    });
    let scoped = buildx.map(|path| Place::Scoped {
        root: path.join("config"),
        write,
    });
    let mut seen: Vec<PathBuf> = Vec::new();
    for file in files.into_iter().flatten() {
        if !seen.contains(&file) {
            seen.push(file);
        }
    }
    let files = scoped.into_iter().chain(seen.into_iter().map(Place::File));
    // On GitLab the variable is an administrator's, and often for reading only; the files are
    // what this job logged in with.
    match gitlab::places(environment) {
        Some(places) => files.chain(variable).chain(places).collect(),
        None => variable.into_iter().chain(files).collect(),
    }
}
