//! One request to a repository with the login it needs: on a 401 a token, a new token, or the next login.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use super::authenticate::{Authenticator, Nth};
use super::challenge::{self, Challenge};
use super::session::{Authorization, HostState, Probe, Session, is_steady};
use crate::clock::Clock;
use crate::oci::{Host, Repository};
use crate::registry::sync::lock;
use crate::registry::wire::endpoint::{Endpoint, RepositoryRequest};
use crate::registry::wire::http::{HttpMethod, HttpRequest, Response};
use crate::registry::wire::retrying::Sender;
use crate::registry::{Cause, Class, Error};
use crate::text::clean;

/// The most rounds of logging in for one request; each is a different login or a new token.
const MAX_ROUNDS: usize = 16;

/// The most that is repeated of what a challenge demands, in characters.
const MAX_DEMANDED: usize = 200;

/// Sends requests with the logins they need, and keeps what is known of each host.
pub(crate) struct Exchange<'a> {
    pub(crate) sender: Sender<'a>,
    authenticator: Authenticator<'a>,
    clock: &'a dyn Clock,
    plain_http: BTreeSet<Host>,
    /// Whether tokens should allow writing.
    write: bool,
    hosts: Mutex<BTreeMap<Host, Arc<HostState>>>,
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
            authenticator: Authenticator {
                logins,
                clock,
                log: sender.log,
                logged: Mutex::default(),
            },
            sender,
            clock,
            plain_http,
            write,
            hosts: Mutex::default(),
        }
    }

    /// A request to this host as it is sent, without a login.
    pub(crate) fn outgoing<'b>(
        &self,
        host: &Host,
        request: &'b RepositoryRequest<'_>,
    ) -> HttpRequest<'b> {
        request.outgoing(&self.host_state(host).endpoint)
    }

    fn host_state(&self, host: &Host) -> Arc<HostState> {
        let mut hosts = lock(&self.hosts);
        let host_state = hosts.entry(host.clone()).or_insert_with(|| {
            let endpoint = Endpoint::new(host, self.plain_http.contains(host));
            Arc::new(HostState::new(endpoint))
        });
        Arc::clone(host_state)
    }

    /// Sends a request with whatever login it needs.
    ///
    /// The first request of a host, and the first of a repository, are sent alone: they find out
    /// what the others need, which wait for it instead of asking the same.
    pub(crate) fn send(
        &self,
        repository: &Repository,
        request: &RepositoryRequest<'_>,
    ) -> Result<Response, Error> {
        let host_state = &*self.host_state(repository.host());
        let shared = host_state.session(repository, self.write);
        let mut held: Option<MutexGuard<'_, Session>> = None;
        let mut login = LoginAttempts::default();
        for _ in 0..MAX_ROUNDS {
            let challenge = match self.probe(host_state, repository, &shared, request)? {
                Probed::Answered(response) => {
                    return served(&request.outgoing(&host_state.endpoint), response);
                }
                Probed::Known(challenge) => challenge,
            };
            let mut session = held.take().unwrap_or_else(|| lock(&shared));
            let mut outgoing = request.outgoing(&host_state.endpoint);
            if let Some((class, reason)) = &session.failed {
                return Err(failed(&session, &outgoing, *class, reason.clone()));
            }
            if let Some(challenge) = &challenge
                && !self.log_in(&mut session, challenge, repository, &outgoing, &login)?
            {
                return login.fail(&mut session, &outgoing);
            }
            let sent = SentWith {
                authorization: session.authorization.clone(),
                generation: session.generation,
            };
            // Until the registry has taken it, other requests wait.
            held = (!session.is_proved).then_some(session);
            let header = sent.authorization.as_ref().map(|it| it.header.clone());
            outgoing.authorization.clone_from(&header);
            let response = host_state.endpoint.deliver(&self.sender, request, header)?;
            let mut session = held.take().unwrap_or_else(|| lock(&shared));
            let next = self.next(
                host_state,
                repository,
                &mut session,
                &sent,
                request,
                &response,
            );
            match next {
                Next::Late => {}
                Next::Refused => {
                    let used = sent.authorization.as_ref();
                    let known = challenge.as_ref();
                    let offered = login.refused(&mut session, used, known, &response, &outgoing)?;
                    if let Some(offered) = offered {
                        lock(&host_state.probe).challenge.get_or_insert(offered);
                    }
                    held = Some(session);
                }
                Next::Turned => {
                    if sent.authorization.is_some_and(|it| it.source.is_some()) {
                        login.hidden.get_or_insert(response);
                    }
                    held = Some(session);
                }
                Next::Served => {
                    session.settle(!hides(&response, true));
                    return served(&outgoing, response);
                }
            }
        }
        let mut session = held.take().unwrap_or_else(|| lock(&shared));
        login.fail(&mut session, &request.outgoing(&host_state.endpoint))
    }

    /// What an answer means for the login that the request was sent with.
    fn next(
        &self,
        host_state: &HostState,
        repository: &Repository,
        session: &mut Session,
        sent: &SentWith,
        request: &RepositoryRequest<'_>,
        response: &Response,
    ) -> Next {
        let is_current = session.generation == sent.generation;
        let is_anonymous = sent.authorization.is_none();
        let is_refused =
            is_login(response) || (!is_anonymous && is_denied(response, request.method));
        let is_unserved = is_anonymous && is_refused && offered(response).is_none();
        if is_refused && !is_unserved {
            return match is_current {
                true => Next::Refused,
                false => Next::Late,
            };
        }
        if is_current && !is_unserved {
            session.prove();
        }
        let is_late = !is_current && is_anonymous && session.authorization.is_some();
        if is_late && hides(response, false) {
            return Next::Late;
        }
        match is_current && self.turn(host_state, repository, session, request.method, response) {
            true => Next::Turned,
            false => Next::Served,
        }
    }

    /// Gives the session an authorization where the registry asks for one; whether the request may
    /// be sent with what the session has then.
    fn log_in(
        &self,
        session: &mut Session,
        challenge: &Challenge,
        repository: &Repository,
        outgoing: &HttpRequest<'_>,
        login: &LoginAttempts,
    ) -> Result<bool, Error> {
        if session.is_open() || session.is_valid(self.clock.now()) {
            return Ok(true);
        }
        // A login that was there and denied does not make a write anonymous.
        let may_be_anyone = outgoing.method != HttpMethod::Put || login.refusal.is_none();
        let authorization = self.authenticator.authorize(
            &self.sender,
            session,
            challenge,
            repository,
            outgoing,
            may_be_anyone,
        );
        match authorization {
            Ok(Some(authorization)) => session.take(authorization),
            Ok(None) => {}
            Err(error) => {
                // Not to be tried again with the same credentials.
                if matches!(error.class, Class::Unsafe | Class::BadAnswer) {
                    session.failed = Some((error.class, error.reason.clone()));
                }
                return Err(error);
            }
        }
        // Nobody has tried anonymously yet, and that may be enough.
        let may_be_anonymous = !session.is_closed && outgoing.method != HttpMethod::Put;
        Ok(session.authorization.is_some() || may_be_anonymous)
    }

    /// What the host asks for. The first request of all finds out, while the others wait.
    fn probe(
        &self,
        host_state: &HostState,
        repository: &Repository,
        session: &Mutex<Session>,
        request: &RepositoryRequest<'_>,
    ) -> Result<Probed, Error> {
        let mut probe = lock(&host_state.probe);
        if probe.is_known {
            return Ok(Probed::Known(probe.challenge.clone()));
        }
        let response = host_state.endpoint.deliver(&self.sender, request, None)?;
        probe.is_known = true;
        // A session is locked only after the probe is done, so this does not wait.
        let mut session = lock(session);
        if is_login(&response) {
            probe.challenge = offered(&response);
        } else {
            session.prove();
        }
        let has_login = || (self.authenticator.logins)(repository, 0).is_some();
        if probe.challenge.is_none() && hides(&response, false) && has_login() {
            self.ask_at_base(host_state, &mut probe);
        }
        if probe.challenge.is_none() {
            return Ok(Probed::Answered(response));
        }
        session.close();
        Ok(Probed::Known(probe.challenge.clone()))
    }

    /// Whether to ask once more, with a login that was not used yet: the answer hides or refuses
    /// instead of asking for one, and the host asks for one at its base.
    fn turn(
        &self,
        host_state: &HostState,
        repository: &Repository,
        session: &mut Session,
        method: HttpMethod,
        response: &Response,
    ) -> bool {
        let is_used = session
            .authorization
            .as_ref()
            .is_some_and(|it| it.source.is_some());
        // A HEAD that is refused is asked again as GET, which says why.
        let is_said = !(is_used && method == HttpMethod::Head && response.status != 404);
        is_said
            && hides(response, is_used)
            && session.turn(|nth| {
                if (self.authenticator.logins)(repository, nth).is_none() {
                    return false;
                }
                let mut probe = lock(&host_state.probe);
                if probe.challenge.is_none() {
                    self.ask_at_base(host_state, &mut probe);
                }
                probe.challenge.is_some()
            })
    }

    /// Asks the host whether it wants a login at all, as its `/v2/` says: once.
    fn ask_at_base(&self, host_state: &HostState, probe: &mut Probe) {
        if probe.is_base_asked {
            return;
        }
        probe.is_base_asked = true;
        let base = RepositoryRequest::default();
        // What became of the request itself is known already.
        let answer = host_state.endpoint.deliver(&self.sender, &base, None).ok();
        probe.challenge = answer
            .filter(|answer| answer.status == 401 && !answer.is_redirected)
            .and_then(|answer| offered(&answer));
    }
}

/// What the first request to a host found out.
enum Probed {
    /// This request has just been answered without a login.
    Answered(Response),
    /// What is asked for is known, if anything is.
    Known(Option<Challenge>),
}

/// What a request was sent with.
struct SentWith {
    authorization: Option<Authorization>,
    /// The session's generation at that time.
    generation: u64,
}

/// What follows an answer.
enum Next {
    /// It is the answer.
    Served,
    /// Again: another request has found an authorization since.
    Late,
    /// Again, with a login or the next one: the registry asks for it.
    Refused,
    /// Again, with a login that was not used yet: this one may not be shown everything.
    Turned,
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
fn served(outgoing: &HttpRequest<'_>, response: Response) -> Result<Response, Error> {
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
fn is_denied(response: &Response, method: HttpMethod) -> bool {
    response.status == 403
        && method != HttpMethod::Head
        && !response.is_redirected
        && response.refusal().class() == Class::Denied
}

/// What became of the logins for one request.
#[derive(Default)]
struct LoginAttempts {
    /// Whether an old token was renewed already.
    is_renewed: bool,
    /// The registry's last refusal of a fresh authorization.
    refusal: Option<(Class, String)>,
    /// What it answered to a login that it took, where another login might have seen more.
    hidden: Option<Response>,
}

impl LoginAttempts {
    /// The registry asks for a login, or for another one than was `used`: what it offers where it
    /// had not asked before.
    fn refused(
        &mut self,
        session: &mut Session,
        used: Option<&Authorization>,
        known: Option<&Challenge>,
        response: &Response,
        outgoing: &HttpRequest<'_>,
    ) -> Result<Option<Challenge>, Error> {
        let offered = offered(response);
        let Some(used) = used else {
            if offered.is_some() {
                session.close();
            }
            return Ok(offered);
        };
        if let (Some(known), Some(offered)) = (known, &offered)
            && !is_steady(known, offered)
        {
            let why = "the registry now names another token server than before";
            return Err(outgoing.error(Class::Unsafe, why));
        }
        let may_be_old = session.is_proved && !self.is_renewed;
        if used.expires.is_some() && response.status == 401 && may_be_old {
            self.is_renewed = true;
            session.drop_authorization();
        } else {
            self.refuse(session, used, offered.as_ref(), response);
        }
        Ok(None)
    }

    /// The registry refused a fresh authorization: on to the next.
    fn refuse(
        &mut self,
        session: &mut Session,
        authorization: &Authorization,
        offered: Option<&Challenge>,
        response: &Response,
    ) {
        let refusal = response.refusal();
        let class = match (&authorization.source, authorization.expires) {
            // The token server knew the login, so it is the right that is missing.
            (Some(_), Some(_)) => Class::Denied,
            _ => refusal.class(),
        };
        // What a login was denied says more than what nobody is allowed.
        if authorization.source.is_some() || self.refusal.is_none() {
            let mut reason = refusal.reason();
            if let Some(demanded) = offered.and_then(|it| beyond(session, it)) {
                let demanded = clean(&response.redactor.redact(&demanded), MAX_DEMANDED);
                let scope = &session.scope;
                reason =
                    format!("{reason}; it demands `{demanded}`, and only `{scope}` is asked for");
            }
            self.refusal = Some((class, reason));
        }
        session.refused_by_registry(authorization);
        session.next();
    }

    /// What becomes of a request that no login opens, or no other one: an error, or the answer to
    /// the login that was taken.
    fn fail(self, session: &mut Session, outgoing: &HttpRequest<'_>) -> Result<Response, Error> {
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
        session.give_up(outgoing.method == HttpMethod::Put, class, &reason);
        Err(failed(session, outgoing, class, reason))
    }
}

/// That no login of the session opens the repository, with what may be the cause.
fn failed(session: &Session, outgoing: &HttpRequest<'_>, class: Class, reason: String) -> Error {
    let cause = match class {
        Class::Login if session.needs_helper => Cause::NeedsHelper,
        _ => Cause::Other,
    };
    Error {
        cause,
        ..outgoing.error(class, reason)
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
