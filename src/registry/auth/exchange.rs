//! One request to a repository with whatever login it needs: the dance of 401, token and next login.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use super::authenticate::{Doorman, Nth};
use super::challenge::{self, Challenge};
use super::session::{Gate, Pass, Session, Station, is_steady};
use crate::clock::Clock;
use crate::oci::{Host, Repository};
use crate::registry::sync::lock;
use crate::registry::wire::endpoint::{Ask, Endpoint};
use crate::registry::wire::http::{Outgoing, Response, Verb};
use crate::registry::wire::retrying::Sender;
use crate::registry::{Class, Error};
use crate::text::clean;

/// The most rounds of logging in for one request; each is a different login or a new token.
const MAX_ROUNDS: usize = 16;

/// The most that is repeated of what a challenge demands, in characters.
const MAX_DEMANDED: usize = 200;

/// Sends requests with the logins they need, and keeps what is known of each host.
pub(crate) struct Exchange<'a> {
    pub(crate) sender: Sender<'a>,
    doorman: Doorman<'a>,
    clock: &'a dyn Clock,
    plain_http: BTreeSet<Host>,
    /// Whether tokens should allow writing.
    write: bool,
    stations: Mutex<BTreeMap<Host, Arc<Station>>>,
}

impl<'a> Exchange<'a> {
    /// Nothing is known of any host yet. Plain http is for the hosts named here.
    pub(crate) fn new(
        sender: Sender<'a>,
        logins: Box<Nth>,
        clock: &'a dyn Clock,
        plain_http: BTreeSet<Host>,
        write: bool,
    ) -> Self {
        Self {
            doorman: Doorman {
                logins,
                clock,
                log: sender.log,
                told: Mutex::default(),
            },
            sender,
            clock,
            plain_http,
            write,
            stations: Mutex::default(),
        }
    }

    /// A request to this host as it is sent, without a login.
    pub(crate) fn outgoing<'b>(&self, host: &Host, ask: &'b Ask<'_>) -> Outgoing<'b> {
        ask.outgoing(&self.station(host).endpoint)
    }

    fn station(&self, host: &Host) -> Arc<Station> {
        let mut stations = lock(&self.stations);
        let station = stations.entry(host.clone()).or_insert_with(|| {
            let endpoint = Endpoint::new(host, self.plain_http.contains(host));
            Arc::new(Station::new(endpoint))
        });
        Arc::clone(station)
    }

    /// Sends a request with whatever login it needs.
    ///
    /// The first request of a host, and the first of a repository, are sent alone: they find out
    /// what the others need, which wait for it instead of asking the same.
    pub(crate) fn send(&self, repository: &Repository, ask: &Ask<'_>) -> Result<Response, Error> {
        let station = &*self.station(repository.host());
        let shared = station.session(repository, self.write);
        let mut held: Option<MutexGuard<'_, Session>> = None;
        let mut login = Attempt::default();
        for _ in 0..MAX_ROUNDS {
            let challenge = match self.knock(station, repository, &shared, ask)? {
                Door::Answered(response) => {
                    return served(&ask.outgoing(&station.endpoint), response);
                }
                Door::Known(challenge) => challenge,
            };
            let mut session = held.take().unwrap_or_else(|| lock(&shared));
            let mut outgoing = ask.outgoing(&station.endpoint);
            if let Some((class, reason)) = &session.failed {
                return Err(outgoing.error(*class, reason.clone()));
            }
            if let Some(challenge) = &challenge
                && !session.is_open()
                && !session.is_valid(self.clock.now())
            {
                self.admit(&mut session, challenge, repository, &outgoing, &login)?;
                // Where nobody has tried yet, no login may be needed.
                if session.pass.is_none() && (session.is_closed || outgoing.verb == Verb::Put) {
                    return login.fail(&mut session, &outgoing);
                }
            }
            outgoing.authorization = session.pass.as_ref().map(|pass| pass.header.clone());
            let (pass, generation) = (session.pass.clone(), session.generation);
            match session.is_proved {
                true => drop(session),
                false => held = Some(session),
            }
            let response =
                station
                    .endpoint
                    .deliver(&self.sender, ask, outgoing.authorization.clone())?;
            let mut session = held.take().unwrap_or_else(|| lock(&shared));
            let is_current = session.generation == generation;
            let is_refused =
                is_login(&response) || (pass.is_some() && is_denied(&response, ask.verb));
            let is_unserved = pass.is_none() && is_refused && offered(&response).is_none();
            if !is_refused || is_unserved {
                if is_current && !is_unserved {
                    session.prove();
                }
                let is_late = !is_current && pass.is_none() && session.pass.is_some();
                if is_late && hides(&response, false) {
                    // Another request has found a login since.
                    continue;
                }
                if is_current && self.turn(station, repository, &mut session, ask.verb, &response) {
                    if pass.is_some_and(|pass| pass.source.is_some()) {
                        login.hidden.get_or_insert(response);
                    }
                    held = Some(session);
                    continue;
                }
                session.settle(!hides(&response, true));
                return served(&outgoing, response);
            }
            if !is_current {
                // Another request has found a new pass since.
                continue;
            }
            match (&pass, offered(&response)) {
                (None, None) => {}
                (None, Some(offered)) => {
                    session.close();
                    lock(&station.gate).challenge.get_or_insert(offered);
                }
                (Some(pass), offered) => {
                    if let (Some(known), Some(offered)) = (&challenge, &offered)
                        && !is_steady(known, offered)
                    {
                        let why = "the registry now names another token server than before";
                        return Err(outgoing.error(Class::Unsafe, why));
                    }
                    let may_be_old = session.is_proved && !login.is_renewed;
                    if pass.expires.is_some() && response.status == 401 && may_be_old {
                        login.is_renewed = true;
                        session.drop_pass();
                    } else {
                        login.refuse(&mut session, pass, offered.as_ref(), &response);
                    }
                }
            }
            held = Some(session);
        }
        let mut session = held.take().unwrap_or_else(|| lock(&shared));
        login.fail(&mut session, &ask.outgoing(&station.endpoint))
    }

    /// What the host asks for. The first request of all finds out, while the others wait.
    fn knock(
        &self,
        station: &Station,
        repository: &Repository,
        session: &Mutex<Session>,
        ask: &Ask<'_>,
    ) -> Result<Door, Error> {
        let mut gate = lock(&station.gate);
        if gate.is_known {
            return Ok(Door::Known(gate.challenge.clone()));
        }
        let response = station.endpoint.deliver(&self.sender, ask, None)?;
        gate.is_known = true;
        // No session is locked before the gate is known, so this waits for nobody.
        let mut session = lock(session);
        if is_login(&response) {
            gate.challenge = offered(&response);
        } else {
            session.prove();
        }
        let has_login = || (self.doorman.logins)(repository, 0).is_some();
        if gate.challenge.is_none() && hides(&response, false) && has_login() {
            self.ask_at_base(station, &mut gate);
        }
        if gate.challenge.is_none() {
            return Ok(Door::Answered(response));
        }
        session.close();
        Ok(Door::Known(gate.challenge.clone()))
    }

    /// Whether to ask once more, with a login that was not used yet: the answer hides or refuses
    /// instead of asking for one, and the host asks for one at its base.
    fn turn(
        &self,
        station: &Station,
        repository: &Repository,
        session: &mut Session,
        verb: Verb,
        response: &Response,
    ) -> bool {
        let is_used = session.pass.as_ref().is_some_and(|it| it.source.is_some());
        // A HEAD that is refused is asked again as GET, which says why.
        let is_said = !(is_used && verb == Verb::Head && response.status != 404);
        is_said
            && hides(response, is_used)
            && session.turn(|nth| {
                if (self.doorman.logins)(repository, nth).is_none() {
                    return false;
                }
                let mut gate = lock(&station.gate);
                if gate.challenge.is_none() {
                    self.ask_at_base(station, &mut gate);
                }
                gate.challenge.is_some()
            })
    }

    /// Asks the host whether it wants a login at all, as its `/v2/` says: once.
    fn ask_at_base(&self, station: &Station, gate: &mut Gate) {
        if gate.is_base_asked {
            return;
        }
        gate.is_base_asked = true;
        let base = Ask {
            verb: Verb::Get,
            path: String::new(),
            accept: None,
            content_type: None,
            body: b"",
            is_pull: false,
            until: None,
        };
        // What became of the request itself is known already.
        let answer = station.endpoint.deliver(&self.sender, &base, None).ok();
        gate.challenge = answer
            .filter(|answer| answer.status == 401 && !answer.is_redirected)
            .and_then(|answer| offered(&answer));
    }

    /// Gives the session a pass, if there is one to be had.
    fn admit(
        &self,
        session: &mut Session,
        challenge: &Challenge,
        repository: &Repository,
        outgoing: &Outgoing<'_>,
        login: &Attempt,
    ) -> Result<(), Error> {
        // A login that was there and denied does not make a write anonymous.
        let may_be_anyone = outgoing.verb != Verb::Put || login.refusal.is_none();
        let pass = self.doorman.admit(
            &self.sender,
            session,
            challenge,
            repository,
            outgoing,
            may_be_anyone,
        );
        match pass {
            Ok(Some(pass)) => session.take(pass),
            Ok(None) => {}
            Err(error) => {
                // Not to be tried again with the same credentials.
                if matches!(error.class, Class::Unsafe | Class::BadAnswer) {
                    session.failed = Some((error.class, error.reason.clone()));
                }
                return Err(error);
            }
        }
        Ok(())
    }
}

/// What a host is like.
enum Door {
    /// This request has just been answered without a login.
    Answered(Response),
    /// What is asked for is known, if anything is.
    Known(Option<Challenge>),
}

fn offered(response: &Response) -> Option<Challenge> {
    challenge::choose(
        response
            .headers
            .get_all("www-authenticate")
            .iter()
            .filter_map(|value| value.to_str().ok()),
    )
}

/// The answer to a request; an error if it asks for a login, but not how.
fn served(outgoing: &Outgoing<'_>, response: Response) -> Result<Response, Error> {
    match is_login(&response) {
        false => Ok(response),
        true => Err(outgoing.error(
            Class::Login,
            format!(
                "{}, and the registry does not say how to log in",
                response.refusal().reason()
            ),
        )),
    }
}

/// Whether an answer may be another one for those who have logged in, or `is_used`: with another
/// login. What was denied to a login was refused, and not hidden.
fn hides(response: &Response, is_used: bool) -> bool {
    if response.is_redirected {
        return false;
    }
    // A 401 that asks in a way that is not known here has asked.
    if response.status == 401 && !response.header("www-authenticate").trim().is_empty() {
        return false;
    }
    match (response.status, response.refusal().class()) {
        (404, Class::NotFound) => true,
        (400 | 401 | 403 | 405, class) => {
            let is_plain = matches!(
                class,
                Class::Login | Class::Denied | Class::NotFound | Class::Refused | Class::NoWrites
            );
            is_plain && !is_used
        }
        _ => false,
    }
}

/// Whether an answer asks for a login. GitLab's protected tags answer 401 as well, and Harbor's
/// projects that do not exist; those may come with a challenge where nobody has logged in.
fn is_login(response: &Response) -> bool {
    let asks = || match response.refusal().class() {
        Class::Login => true,
        Class::NotFound => offered(response).is_some(),
        _ => false,
    };
    response.status == 401 && !response.is_redirected && asks()
}

/// Whether another login may do better. A HEAD does not say why.
fn is_denied(response: &Response, verb: Verb) -> bool {
    response.status == 403
        && verb != Verb::Head
        && !response.is_redirected
        && response.refusal().class() == Class::Denied
}

/// What became of the logins for one request.
#[derive(Default)]
struct Attempt {
    /// Whether an old token was renewed already.
    is_renewed: bool,
    /// The registry's last refusal of a fresh pass.
    refusal: Option<(Class, String)>,
    /// What it answered to a login that it took, where another login might have seen more.
    hidden: Option<Response>,
}

impl Attempt {
    /// The registry refused a fresh pass: on to the next.
    fn refuse(
        &mut self,
        session: &mut Session,
        pass: &Pass,
        offered: Option<&Challenge>,
        response: &Response,
    ) {
        let refusal = response.refusal();
        let class = match (&pass.source, pass.expires) {
            // The token server knew the login, so it is the right that is missing.
            (Some(_), Some(_)) => Class::Denied,
            _ => refusal.class(),
        };
        // What a login was denied says more than what nobody is allowed.
        if pass.source.is_some() || self.refusal.is_none() {
            let mut reason = refusal.reason();
            if let Some(demanded) = offered.and_then(|it| beyond(session, it)) {
                let demanded = clean(&response.secrets.conceal(&demanded), MAX_DEMANDED);
                let scope = &session.scope;
                reason =
                    format!("{reason}; it demands `{demanded}`, and only `{scope}` is asked for");
            }
            self.refusal = Some((class, reason));
        }
        session.refused_by_registry(pass);
        session.next();
    }

    /// What becomes of a request that no login opens, or no other one: an error, or the answer to
    /// the login that was taken.
    fn fail(self, session: &mut Session, outgoing: &Outgoing<'_>) -> Result<Response, Error> {
        if let Some(response) = self.hidden {
            session.settle(false);
            return Ok(response);
        }
        let (class, mut reason) = self.refusal.unwrap_or_else(|| {
            let mut reason = "a login is needed, and none ".to_owned();
            reason.push_str(match session.refused.is_empty() {
                true => "is at hand",
                false => "that is at hand works",
            });
            if let Some(why) = session
                .anyone
                .as_ref()
                .filter(|_| session.refused.is_empty())
            {
                reason = format!("{reason} ({why})");
            }
            (Class::Login, reason)
        });
        if !session.refused.is_empty() {
            reason = format!("{reason}; refused: {}", session.refused.join(", "));
        }
        session.give_up(outgoing.verb == Verb::Put, class, &reason);
        Err(outgoing.error(class, reason))
    }
}

/// The scopes that a challenge demands, if a token of this session cannot have them all.
fn beyond(session: &Session, offered: &Challenge) -> Option<String> {
    let Challenge::Bearer { scopes, .. } = offered else {
        return None;
    };
    let covered = scopes.iter().all(|scope| session.scope.covers(scope));
    (!covered).then(|| scopes.join(" "))
}
