//! Logins for registries: where they are kept, and in which order they are tried.

use std::fmt;

use crate::oci::Repository;

/// What logs in to a registry, and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Where it came from, for people: "`~/.docker/config.json`", "the credential helper `ecr-login`".
    pub source: String,
    /// The secret itself.
    pub secret: Secret,
}

/// A secret. `Debug` shows none of it, and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// A user name and a password, for Basic or for a token server.
    Password {
        /// The user name.
        username: String,
        /// The password.
        password: String,
    },
    /// An OAuth2 refresh token (`identitytoken`): goes to the token server by POST.
    IdentityToken(String),
    /// A bearer token for the registry itself (`registrytoken`): no token server is asked.
    RegistryToken(String),
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password { .. } => "Password(…)",
            Self::IdentityToken(_) => "IdentityToken(…)",
            Self::RegistryToken(_) => "RegistryToken(…)",
        })
    }
}

/// All places that logins may be in, in the order they are tried.
#[derive(Debug, Default)]
pub struct Logins {}

impl Logins {
    /// The login of the `nth` place (from 0) that holds one for this repository's registry; `None`
    /// when there are no more. Reads what it needs only when asked, and a helper program once.
    ///
    /// # Errors
    ///
    /// When that place holds a login that cannot be had (a helper fails): the words say which and why.
    pub fn nth(&self, _repository: &Repository, _nth: usize) -> Option<Result<Login, String>> {
        None
    }
}
