//! What is known about logging in to a host and to a repository of it, while a run goes on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::challenge::Challenge;
use super::token::Scope;
use crate::oci::Repository;
use crate::registry::Class;
use crate::registry::sync::lock;
use crate::registry::wire::endpoint::Endpoint;
use crate::registry::wire::origin::Origin;

/// An authorization that is about to expire is renewed before it is used.
const MARGIN: Duration = Duration::from_secs(5);

/// What is known of a registry.
pub(crate) struct HostState {
    pub(crate) endpoint: Endpoint,
    /// Locked while the first request to the host is on its way, so that the others wait for it.
    pub(crate) probe: Mutex<Probe>,
    sessions: Mutex<BTreeMap<String, Arc<Mutex<Session>>>>,
}

/// What the first answer of a host said.
#[derive(Default)]
pub(crate) struct Probe {
    /// Whether there was one.
    pub(crate) is_known: bool,
    /// What it asks for, once it did.
    pub(crate) challenge: Option<Challenge>,
    /// Whether `/v2/` was asked what it asks for.
    pub(crate) is_base_asked: bool,
}

impl HostState {
    /// A registry that nothing is known about.
    pub(crate) fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            probe: Mutex::default(),
            sessions: Mutex::default(),
        }
    }

    /// The session of a repository.
    pub(crate) fn session(&self, repository: &Repository, write: bool) -> Arc<Mutex<Session>> {
        let mut sessions = lock(&self.sessions);
        let session = sessions
            .entry(repository.path().to_owned())
            .or_insert_with(|| Arc::new(Mutex::new(Session::new(repository.path(), write))));
        Arc::clone(session)
    }
}

/// Which login is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// That of the nth place.
    Login(usize),
    /// None: as anyone may.
    Anonymous,
    /// Nothing is left to try.
    Exhausted,
}

/// The value of an `Authorization` header.
#[derive(Clone)]
pub(crate) struct Authorization {
    pub(crate) header: String,
    /// When it expires, on the clock; a password does not.
    pub(crate) expires: Option<Duration>,
    /// Where the login came from; `None` is anonymous.
    pub(crate) source: Option<String>,
}

/// The login to one repository while the run goes on.
pub(crate) struct Session {
    /// What its tokens are asked for.
    pub(crate) scope: Scope,
    pub(crate) stage: Stage,
    pub(crate) authorization: Option<Authorization>,
    /// Grows whenever the authorization changes, so that a late refusal of an old one is recognised.
    pub(crate) generation: u64,
    /// Whether the registry has taken the authorization (or the lack of one).
    pub(crate) is_proved: bool,
    /// Whether the registry has refused to serve without a login.
    pub(crate) is_closed: bool,
    /// The last authorization that the registry took: the one to return to when a write finds no
    /// better one.
    good: Option<(Stage, Authorization)>,
    /// The authorization to return to if other logins do not find what it did not find.
    kept: Option<(Stage, Authorization)>,
    /// Whether what is not found was looked for with every login.
    is_sure: bool,
    /// The logins that were refused or could not be had.
    pub(crate) refused: Vec<String>,
    /// Whether one of those could not be had because this build runs no programs.
    pub(crate) needs_helper: bool,
    /// What the token server said to a request without a login.
    pub(crate) anyone: Option<String>,
    /// Why there is no way in.
    pub(crate) failed: Option<(Class, String)>,
}

impl Session {
    fn new(path: &str, write: bool) -> Self {
        Self {
            scope: Scope::new(path, write),
            stage: Stage::Login(0),
            authorization: None,
            generation: 0,
            is_proved: false,
            is_closed: false,
            good: None,
            kept: None,
            is_sure: false,
            refused: Vec::new(),
            needs_helper: false,
            anyone: None,
            failed: None,
        }
    }

    /// Whether the authorization can be used at `now`.
    pub(crate) fn is_valid(&self, now: Duration) -> bool {
        self.authorization.as_ref().is_some_and(|authorization| {
            authorization
                .expires
                .is_none_or(|expires| now + MARGIN < expires)
        })
    }

    /// Whether the registry serves without a login.
    pub(crate) fn is_open(&self) -> bool {
        self.is_proved && self.authorization.is_none()
    }

    /// The registry does not serve without a login, or no longer.
    pub(crate) fn close(&mut self) {
        self.is_closed = true;
        self.is_proved = false;
    }

    /// Takes a new authorization.
    pub(crate) fn take(&mut self, authorization: Authorization) {
        self.authorization = Some(authorization);
        self.drop_proof();
    }

    /// Drops the authorization, so that the same login gets a new one.
    pub(crate) fn drop_authorization(&mut self) {
        self.authorization = None;
        self.drop_proof();
    }

    fn drop_proof(&mut self) {
        self.generation += 1;
        self.is_proved = false;
    }

    /// The registry took the authorization.
    pub(crate) fn prove(&mut self) {
        self.is_proved = true;
        if let Some(authorization) = &self.authorization {
            self.good = Some((self.stage, authorization.clone()));
        }
    }

    /// The registry took the authorization, and answered 404 or 403, which it may do because of this
    /// login or the lack of one. Goes on to the first login that has not been used, if `has` says
    /// that there is one.
    pub(crate) fn turn(&mut self, has: impl Fn(usize) -> bool) -> bool {
        let Stage::Login(nth) = self.stage else {
            return false;
        };
        let used = self
            .authorization
            .clone()
            .filter(|authorization| authorization.source.is_some());
        let nth = nth + usize::from(used.is_some());
        if self.is_sure || !has(nth) {
            return false;
        }
        if let Some(used) = used {
            self.kept.get_or_insert((self.stage, used));
        }
        self.close();
        self.stage = Stage::Login(nth);
        self.drop_authorization();
        true
    }

    /// What was not found with one login was found with another one, or not: then the first one is
    /// as good.
    pub(crate) fn settle(&mut self, is_found: bool) {
        if let Some((stage, authorization)) = self.kept.take()
            && !is_found
        {
            self.stage = stage;
            self.take(authorization);
            self.prove();
            self.is_sure = true;
        }
    }

    /// Notes a login that did not work, once.
    pub(crate) fn note_refused(&mut self, login: String) {
        if !self.refused.contains(&login) {
            self.refused.push(login);
        }
    }

    /// Notes that the registry did not take an authorization.
    pub(crate) fn refused_by_registry(&mut self, authorization: &Authorization) {
        if let Some(source) = &authorization.source {
            self.note_refused(source.clone());
        }
    }

    /// Goes on to the next login.
    pub(crate) fn next(&mut self) {
        self.stage = match self.stage {
            Stage::Login(nth) => Stage::Login(nth + 1),
            Stage::Anonymous | Stage::Exhausted => Stage::Exhausted,
        };
        self.drop_authorization();
    }

    /// Nothing is left: goes back to what worked for other requests, or remembers that nothing
    /// does. A write that was refused says nothing about reading.
    pub(crate) fn give_up(&mut self, is_write: bool, class: Class, reason: &str) {
        match self.good.clone() {
            Some((stage, authorization)) => {
                self.stage = stage;
                self.take(authorization);
                self.is_proved = true;
            }
            None if is_write => {
                self.stage = Stage::Login(0);
                self.drop_authorization();
            }
            None => self.failed = Some((class, reason.to_owned())),
        }
    }
}

/// Whether a host that asked for `known` may now ask for `offered` instead: another token server
/// or another name at it may be an attempt to lead credentials astray. The path may differ, as
/// Artifactory has one for each repository.
pub(crate) fn is_steady(known: &Challenge, offered: &Challenge) -> bool {
    match (known, offered) {
        (
            Challenge::Bearer { realm, service, .. },
            Challenge::Bearer {
                realm: new_realm,
                service: new_service,
                ..
            },
        ) => {
            service == new_service
                && (realm == new_realm
                    || matches!(
                        (Origin::parse(realm), Origin::parse(new_realm)),
                        (Ok(known), Ok(new)) if known == new
                    ))
        }
        (Challenge::Basic, Challenge::Bearer { .. }) => false,
        (_, Challenge::Basic) => true,
    }
}
