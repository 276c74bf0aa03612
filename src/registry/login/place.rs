//! A place that may hold logins, and what people know it by.

use std::path::{Path, PathBuf};

use super::docker_config::LoginConfig;
use super::secret::Secret;
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
