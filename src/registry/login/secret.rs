//! A login: the secret, and where it came from.

use std::fmt;

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

impl Secret {
    /// The secret that a user name and a password are; the name `<token>` says that the password
    /// is an identity token.
    pub(crate) fn new(username: String, password: String) -> Result<Self, &'static str> {
        if username == "<token>" {
            return Self::identity_token(&password);
        }
        if password.is_empty() {
            return Err("its password is empty");
        }
        if username.contains(':') {
            return Err("its user name has a colon");
        }
        Ok(Self::Password { username, password })
    }

    pub(crate) fn identity_token(token: &str) -> Result<Self, &'static str> {
        token_text(token).map(Self::IdentityToken)
    }

    pub(crate) fn registry_token(token: &str) -> Result<Self, &'static str> {
        token_text(token).map(Self::RegistryToken)
    }
}

/// A token goes into a header or a form as it is.
fn token_text(token: &str) -> Result<String, &'static str> {
    let token = token.trim();
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("its token is empty or has characters that no token has");
    }
    Ok(token.to_owned())
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

/// Why a login that is there cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// In words.
    pub reason: String,
    /// A credential helper has it, and this build cannot run programs.
    pub needs_helper: bool,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl From<String> for Unusable {
    fn from(reason: String) -> Self {
        Self {
            reason,
            needs_helper: false,
        }
    }
}
