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

/// A pass that is about to expire is renewed before it is used.
const MARGIN: Duration = Duration::from_secs(5);

/// A registry, as far as it is known.
pub(crate) struct Station {
    pub(crate) endpoint: Endpoint,
    /// Held while the first request of the host is under way, so that the others wait for it.
    pub(crate) gate: Mutex<Gate>,
    sessions: Mutex<BTreeMap<String, Arc<Mutex<Session>>>>,
}

/// What the first answer of a host said.
#[derive(Default)]
pub(crate) struct Gate {
    /// Whether there was one.
    pub(crate) is_known: bool,
    /// What it asks for, once it did.
    pub(crate) challenge: Option<Challenge>,
    /// Whether `/v2/` was asked what it asks for.
    pub(crate) is_base_asked: bool,
}

impl Station {
    /// A registry that nothing is known about.
    pub(crate) fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            gate: Mutex::default(),
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
    /// There is nothing left to try.
    Spent,
}

/// What opens the door: the value of `Authorization`.
#[derive(Clone)]
pub(crate) struct Pass {
    pub(crate) header: String,
    /// When it expires, on the clock; a password does not.
    pub(crate) expires: Option<Duration>,
    /// Where the login came from; `None` is anonymous.
    pub(crate) source: Option<String>,
}

/// The login to one repository.
pub(crate) struct Session {
    /// What its tokens are asked for.
    pub(crate) scope: Scope,
    pub(crate) stage: Stage,
    pub(crate) pass: Option<Pass>,
    /// Grows whenever the pass changes, so that a late refusal of an old one is recognised.
    pub(crate) generation: u64,
    /// Whether the registry has taken the pass (or the lack of one).
    pub(crate) is_proved: bool,
    /// Whether the registry has refused to serve without a login.
    pub(crate) is_closed: bool,
    /// The last pass that it took: what is gone back to when a write finds no better one.
    good: Option<(Stage, Pass)>,
    /// The pass that is gone back to if what it did not find is not found with other logins either.
    kept: Option<(Stage, Pass)>,
    /// Whether what is not found was looked for with every login.
    is_sure: bool,
    /// The logins that were refused or could not be had.
    pub(crate) refused: Vec<String>,
    /// What was said to asking without a login.
    pub(crate) anyone: Option<String>,
    /// Why there is no way in.
    pub(crate) failed: Option<(Class, String)>,
}

impl Session {
    fn new(path: &str, write: bool) -> Self {
        Self {
            scope: Scope::of(path, write),
            stage: Stage::Login(0),
            pass: None,
            generation: 0,
            is_proved: false,
            is_closed: false,
            good: None,
            kept: None,
            is_sure: false,
            refused: Vec::new(),
            anyone: None,
            failed: None,
        }
    }

    /// Whether the pass can be used at `now`.
    pub(crate) fn is_valid(&self, now: Duration) -> bool {
        self.pass
            .as_ref()
            .is_some_and(|pass| pass.expires.is_none_or(|expires| now + MARGIN < expires))
    }

    /// Whether the registry serves without a login.
    pub(crate) fn is_open(&self) -> bool {
        self.is_proved && self.pass.is_none()
    }

    /// The registry does not serve without a login, or no longer.
    pub(crate) fn close(&mut self) {
        self.is_closed = true;
        self.is_proved = false;
    }

    /// Takes a new pass.
    pub(crate) fn take(&mut self, pass: Pass) {
        self.pass = Some(pass);
        self.drop_proof();
    }

    /// Drops the pass, so that the same login gets a new one.
    pub(crate) fn drop_pass(&mut self) {
        self.pass = None;
        self.drop_proof();
    }

    fn drop_proof(&mut self) {
        self.generation += 1;
        self.is_proved = false;
    }

    /// The registry took the pass.
    pub(crate) fn prove(&mut self) {
        self.is_proved = true;
        if let Some(pass) = &self.pass {
            self.good = Some((self.stage, pass.clone()));
        }
    }

    /// The registry took the pass, and answered with what it may hide (404) or refuse (403) from
    /// this login, or for want of one: goes on to the first login that has not been used, if there
    /// is one among those that `has` says there are.
    pub(crate) fn turn(&mut self, has: impl Fn(usize) -> bool) -> bool {
        let Stage::Login(nth) = self.stage else {
            return false;
        };
        let used = self.pass.clone().filter(|pass| pass.source.is_some());
        let nth = nth + usize::from(used.is_some());
        if self.is_sure || !has(nth) {
            return false;
        }
        if let Some(used) = used {
            self.kept.get_or_insert((self.stage, used));
        }
        self.close();
        self.stage = Stage::Login(nth);
        self.drop_pass();
        true
    }

    /// What was not found with one login was found with another one, or not: then the first one is
    /// as good.
    pub(crate) fn settle(&mut self, is_found: bool) {
        if let Some((stage, pass)) = self.kept.take()
            && !is_found
        {
            self.stage = stage;
            self.take(pass);
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

    /// Notes that the registry did not take a pass.
    pub(crate) fn refused_by_registry(&mut self, pass: &Pass) {
        if let Some(source) = &pass.source {
            self.note_refused(source.clone());
        }
    }

    /// Goes on to the next login.
    pub(crate) fn next(&mut self) {
        self.stage = match self.stage {
            Stage::Login(nth) => Stage::Login(nth + 1),
            Stage::Anonymous | Stage::Spent => Stage::Spent,
        };
        self.drop_pass();
    }

    /// Nothing is left: goes back to what worked for other requests, or remembers that nothing
    /// does. A write that was refused says nothing about reading.
    pub(crate) fn give_up(&mut self, is_write: bool, class: Class, reason: &str) {
        match self.good.clone() {
            Some((stage, pass)) => {
                self.stage = stage;
                self.take(pass);
                self.is_proved = true;
            }
            None if is_write => {
                self.stage = Stage::Login(0);
                self.drop_pass();
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
                        (Origin::of(realm), Origin::of(new_realm)),
                        (Ok(known), Ok(new)) if known == new
                    ))
        }
        (Challenge::Basic, Challenge::Bearer { .. }) => false,
        (_, Challenge::Basic) => true,
    }
}
