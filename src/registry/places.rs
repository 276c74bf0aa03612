//! The places that logins may be in, in the order they are tried.

use std::path::{Path, PathBuf};

use super::credentials::{Secret, Sources};
use super::login_config::LoginConfig;
use super::{config_file, gitlab};
use crate::environment::Environment;
use crate::oci::Host;

/// A place that may hold logins.
pub(super) enum Place {
    /// One login, for one host.
    Given {
        /// The host, and no other.
        host: Host,
        /// What it is called.
        name: String,
        /// The login, or why it cannot work.
        secret: Result<Secret, &'static str>,
    },
    /// A config that was read already, or why it could not be, and what it is called.
    Config(String, Result<LoginConfig, String>),
    /// A config file that need not exist.
    File(PathBuf),
    /// The directory of buildx's configs for single registries and repositories.
    Scoped {
        /// The directory.
        root: PathBuf,
        /// Whether tags may be written.
        write: bool,
    },
}

impl Place {
    /// What people know the place by.
    pub(super) fn name(&self, home: Option<&Path>) -> String {
        match self {
            Self::Given { name, .. } | Self::Config(name, _) => name.clone(),
            Self::File(path) | Self::Scoped { root: path, .. } => name(path, home),
        }
    }
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
    if let Some((host, username, password)) = explicit {
        let secret = Secret::new(username, password)
            .map_err(|reason| format!("failed to use `--username` for `{host}`: {reason}"))?;
        places.push(Place::Given {
            host,
            name: "`--username`".to_owned(),
            secret: Ok(secret),
        });
    }
    match registry_config {
        Some(path) => {
            let name = name(&path, home(&environment).as_deref());
            let config = config_file::read(&path)
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

/// The home directory of the user.
pub(super) fn home(environment: &Environment) -> Option<PathBuf> {
    let name = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
    environment.get(name).map(PathBuf::from)
}

/// A path as people know it: in backticks, without control characters, `~` for the home.
pub(super) fn name(path: &Path, home: Option<&Path>) -> String {
    let text = match home.and_then(|home| path.strip_prefix(home).ok()) {
        Some(rest) => Path::new("~").join(rest).display().to_string(),
        None => path.display().to_string(),
    };
    format!("`{}`", text.replace(char::is_control, "?"))
}
