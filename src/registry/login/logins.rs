//! The login for a repository, from the places that hold one.

use std::fmt;
use std::path::{Path, PathBuf};

use super::docker_config::{self, LoginConfig};
use super::helper::Helpers;
use super::once_map::OnceMap;
use super::place::{self, Place};
use super::scoped;
use super::secret::{Login, Secret, Unusable};
use super::sources::{self, Sources};
use crate::environment::Environment;
use crate::oci::{Host, Repository};

/// All places that logins may be in, in the order they are tried.
pub struct Logins {
    places: Vec<Place>,
    /// A place for those who have a login in no other.
    last: Option<Place>,
    files: OnceMap<PathBuf, Result<Option<LoginConfig>, String>>,
    helpers: Helpers,
    home: Option<PathBuf>,
}

impl Logins {
    /// The places of these sources. Only `registry_config` is read now, because the user named it.
    ///
    /// # Errors
    ///
    /// When `registry_config` cannot be read.
    pub fn new(sources: Sources) -> Result<Self, String> {
        Ok(Self {
            files: OnceMap::default(),
            helpers: Helpers::new(&sources.environment),
            home: place::home(&sources.environment),
            last: sources::last(&sources),
            places: sources::places(sources)?,
        })
    }

    /// No places: every request is anonymous.
    #[must_use]
    pub fn none() -> Self {
        Self {
            places: Vec::new(),
            last: None,
            files: OnceMap::default(),
            helpers: Helpers::new(&Environment::default()),
            home: None,
        }
    }

    /// The login of the `nth` place (from 0) that holds one for this repository's registry; `None`
    /// when there are no more. Reads what it needs only when asked, and a helper program once.
    ///
    /// # Errors
    ///
    /// When that place holds a login that cannot be had (a helper fails): the words say which and why.
    pub fn nth(&self, repository: &Repository, nth: usize) -> Option<Result<Login, Unusable>> {
        let found = self
            .places
            .iter()
            .flat_map(|place| self.at(place, repository))
            .nth(nth);
        match (found, &self.last) {
            (None, Some(last)) if nth == 0 => self.at(last, repository).into_iter().next(),
            (found, _) => found,
        }
    }

    /// The logins that a place holds for a repository.
    fn at(&self, place: &Place, repository: &Repository) -> Vec<Result<Login, Unusable>> {
        match place {
            Place::Given { host, name, secret } if host == repository.host() => {
                vec![login(host, name, secret.clone())]
            }
            Place::Given { .. } => Vec::new(),
            Place::Config(name, config) => {
                let config = config.as_ref().map(Some);
                Vec::from_iter(self.search(config, name, repository))
            }
            Place::File(path) => Vec::from_iter(self.search_file(path, repository)),
            Place::Scoped { root, write } => {
                let (files, failures) = scoped::files(root, repository, *write);
                let failures = failures.into_iter().map(|(directory, error)| {
                    Err(format!("failed to list {}: {error}", self.name(&directory)).into())
                });
                files
                    .iter()
                    .filter_map(|path| self.search_file(path, repository))
                    .chain(failures)
                    .collect()
            }
        }
    }

    fn search_file(&self, path: &Path, repository: &Repository) -> Option<Result<Login, Unusable>> {
        let config = self
            .files
            .get(path.to_owned(), || docker_config::read(path));
        let config = config.as_ref().as_ref().map(Option::as_ref);
        self.search(config, &self.name(path), repository)
    }

    /// What this config has for a repository: in its helper, else in itself.
    fn search(
        &self,
        config: Result<Option<&LoginConfig>, &String>,
        name: &str,
        repository: &Repository,
    ) -> Option<Result<Login, Unusable>> {
        let host = repository.host();
        let config = match config {
            Ok(config) => config?,
            Err(reason) => return Some(Err(format!("failed to read {name}: {reason}").into())),
        };
        if let Some(helper) = config.helper(host) {
            match self.helpers.get(helper.name, host, &helper.servers) {
                Ok(None) => {}
                Ok(Some(secret)) => {
                    let source = format!("the credential helper `{}`", helper.name);
                    return Some(Ok(Login { source, secret }));
                }
                Err(reason) => return Some(Err(reason)),
            }
        }
        Some(login(host, name, config.secret(repository)?))
    }

    fn name(&self, path: &Path) -> String {
        place::name(path, self.home.as_deref())
    }
}

/// The login that a place holds for a host, or why it cannot be used.
fn login(host: &Host, name: &str, secret: Result<Secret, &'static str>) -> Result<Login, Unusable> {
    match secret {
        Ok(secret) => Ok(Login {
            source: name.to_owned(),
            secret,
        }),
        Err(reason) => {
            Err(format!("failed to use the login for `{host}` in {name}: {reason}").into())
        }
    }
}

impl Default for Logins {
    fn default() -> Self {
        Self::none()
    }
}

impl fmt::Debug for Logins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let home = self.home.as_deref();
        let places = self.places.iter().map(|place| place.name(home));
        f.debug_list().entries(places).finish()
    }
}

#[cfg(test)]
mod tests;
