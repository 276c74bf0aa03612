//! Sends a request until it is answered: repeats what passes, follows redirects, with credentials
//! only as long as they stay where they began, and gives up on hosts that are down.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use super::backoff;
use super::http::{Http, HttpMethod, HttpRequest, Response};
use super::origin::{Origin, public_url, resolve};
use crate::backoff::{ATTEMPTS, PATIENCE};
use crate::clock::Clock;
use crate::registry::sync::lock;
use crate::registry::{Class, Error};
use crate::text::spoken;

const MAX_REDIRECTS: usize = 3;

/// What came of one try.
pub(crate) type Sent = Result<Response, Error>;

/// What to do about a failure.
enum Retry {
    /// Try again, after about as long as the words of the answer suggest.
    Repeat { hint: Option<Duration> },
    /// It would be no use.
    Stop,
}

/// Sends requests with patience.
pub(crate) struct Sender<'a> {
    pub(crate) http: Http<'a>,
    clock: &'a dyn Clock,
    pub(crate) log: &'a (dyn Fn(&str) + Sync),
    deadline: Duration,
    /// The origins that failed every try.
    dead: Mutex<BTreeMap<Origin, Dead>>,
}

/// An origin that failed every try.
enum Dead {
    /// Nothing goes to it, because of this.
    Down(Error),
    /// A request may go to it, and is sent once.
    Asked,
}

impl<'a> Sender<'a> {
    pub(crate) fn new(
        http: Http<'a>,
        clock: &'a dyn Clock,
        log: &'a (dyn Fn(&str) + Sync),
        deadline: Duration,
    ) -> Self {
        Self {
            http,
            clock,
            log,
            deadline,
            dead: Mutex::default(),
        }
    }

    /// Sends a request that may be repeated until it is answered otherwise than with a passing
    /// failure. `first` is what came of a first try that was made already.
    pub(crate) fn send(&self, outgoing: &HttpRequest<'_>, first: Option<Sent>) -> Sent {
        let origin =
            Origin::parse(&outgoing.url).map_err(|why| outgoing.error(Class::Refused, why))?;
        let mut first = first;
        let mut before: Option<Error> = None;
        let attempts = match self.dead().get(&origin) {
            Some(Dead::Asked) => 1,
            _ => ATTEMPTS,
        };
        for attempt in 1.. {
            self.check(&origin, outgoing)
                .map_err(|error| with_reason_of(error, before.as_ref()))?;
            let outcome = first.take().unwrap_or_else(|| self.http.send(outgoing));
            let (error, retry) = match self.failure(outgoing, outcome) {
                Ok(response) => {
                    self.dead().remove(&origin);
                    return Ok(response);
                }
                Err((error, retry)) => (with_reason_of(error, before.as_ref()), retry),
            };
            if outgoing.method == HttpMethod::Head && error.class == Class::Unavailable {
                // It may be the method that the registry fails at, and a GET says more in any case.
                return Err(error);
            }
            let Retry::Repeat { hint } = retry else {
                self.give_up(origin, &error);
                return Err(error);
            };
            if attempt >= attempts {
                self.give_up(origin, &error);
                return Err(error);
            }
            let time = backoff::wait(attempt, error.retry_after, hint, backoff::chance());
            if self.clock.now() + time >= self.deadline {
                return Err(Error {
                    class: Class::Deadline,
                    reason: format!("no time is left to repeat it: {}", error.reason),
                    ..error
                });
            }
            (self.log)(&format!("retry in {}: {error}", spoken(time)));
            self.clock.sleep(time);
            before = Some(error);
        }
        // The loop above ends by itself only after four billion tries.
        Err(outgoing.error(Class::Deadline, "the time for the whole run is over"))
    }

    /// Follows the redirects of an answer to a GET or HEAD. The login goes along within the origin
    /// of the request (RFC 9110, section 15.4), is left behind where another one begins, and does
    /// not come back.
    pub(crate) fn follow(&self, outgoing: &HttpRequest<'_>, response: Response) -> Sent {
        let refuse = |why: String| Err(outgoing.error(Class::Unsafe, why));
        let registry =
            Origin::parse(&outgoing.url).map_err(|why| outgoing.error(Class::Refused, why))?;
        let mut request = outgoing.clone();
        request.redactor = Some(Arc::clone(&response.redactor));
        let mut response = response;
        let mut is_home = true;
        for _ in 0..MAX_REDIRECTS {
            if !is_redirect(&response) {
                return Ok(response);
            }
            if !matches!(request.method, HttpMethod::Get | HttpMethod::Head) {
                return refuse("it redirects a write, which is not followed".to_owned());
            }
            let Some(location) = resolve(&request.url, response.header("location")) else {
                return Err(
                    outgoing.error(Class::BadAnswer, format!("{} to nowhere", response.status))
                );
            };
            let shown = response.redactor.redact(&public_url(&location));
            let target = match Origin::parse(&location) {
                Ok(target) => target,
                Err(why) => return refuse(format!("it redirects to `{shown}`: {why}")),
            };
            let is_secure = Origin::parse(&request.url).is_ok_and(|origin| origin.is_secure());
            if is_secure && !target.is_secure() {
                return refuse(format!("it redirects from https to `{shown}`"));
            }
            if !registry.may_lead_to(&target) {
                return refuse(format!(
                    "it redirects to `{shown}`, which is this machine or its link"
                ));
            }
            if target != registry {
                is_home = false;
                request.authorization = None;
                request.is_pull = false;
            }
            request.url = location;
            response = self.send(&request, None)?;
            response.is_redirected = !is_home;
        }
        match is_redirect(&response) {
            true => refuse(format!("it redirects more than {MAX_REDIRECTS} times")),
            false => Ok(response),
        }
    }

    /// Sends a request to a token server, and once more, with all that was sent, wherever the same
    /// origin has it elsewhere. To another one nothing goes: it holds credentials.
    pub(crate) fn send_within(&self, outgoing: &HttpRequest<'_>) -> Sent {
        let origin =
            Origin::parse(&outgoing.url).map_err(|why| outgoing.error(Class::Refused, why))?;
        let mut request = outgoing.clone();
        for _ in 0..=MAX_REDIRECTS {
            let response = self.send(&request, None)?;
            // 303 asks for a GET, which has nothing of what was posted.
            if !is_redirect(&response)
                || (response.status == 303 && request.method != HttpMethod::Get)
            {
                return Ok(response);
            }
            let location = resolve(&request.url, response.header("location"));
            let Some(location) = location.filter(|it| Origin::parse(it) == Ok(origin.clone()))
            else {
                return Ok(response);
            };
            // Many write down the path alone.
            request.url = match (location.contains('?'), request.url.split_once('?')) {
                (false, Some((_, query))) => format!("{location}?{query}"),
                _ => location,
            };
            request.redactor = Some(Arc::clone(&response.redactor));
        }
        let why = format!("the token server redirects more than {MAX_REDIRECTS} times");
        Err(outgoing.error(Class::Unsafe, why))
    }

    /// An answer, or the error that it is and whether to wait for a better one.
    fn failure(
        &self,
        outgoing: &HttpRequest<'_>,
        outcome: Sent,
    ) -> Result<Response, (Error, Retry)> {
        let response = match outcome {
            Ok(response) if response.status < 400 => return Ok(response),
            Ok(response) => response,
            Err(error) if error.class == Class::Network => {
                return Err((error, Retry::Repeat { hint: None }));
            }
            Err(error) => return Err((error, Retry::Stop)),
        };
        let refusal = response.refusal();
        if !matches!(refusal.class(), Class::RateLimited | Class::Unavailable) {
            return Ok(response);
        }
        let mut error = outgoing.error(refusal.class(), refusal.reason());
        error.retry_after = self.retry_after(&response);
        if let Some(time) = error.retry_after.filter(|time| *time > PATIENCE) {
            let later = spoken(time);
            error.reason = format!("{}; it takes requests again in {later}", error.reason);
            return Err((error, Retry::Stop));
        }
        let retry = match refusal.is_passing() {
            true => Retry::Repeat {
                hint: backoff::hint(&refusal.words),
            },
            false => Retry::Stop,
        };
        Err((error, retry))
    }

    /// How long an answer asks to wait, in its header.
    fn retry_after(&self, response: &Response) -> Option<Duration> {
        backoff::retry_after(response.header("retry-after"), self.clock.unix_time())
    }

    /// How long an answer asks to wait, in its header or in its words.
    pub(crate) fn asked_to_wait(&self, response: &Response) -> Option<Duration> {
        let hint = || backoff::hint(&response.refusal().words);
        self.retry_after(response).or_else(hint)
    }

    /// Fails what would go to a host that is down, or after the deadline.
    pub(crate) fn check(&self, origin: &Origin, outgoing: &HttpRequest<'_>) -> Result<(), Error> {
        if self.clock.now() >= self.deadline {
            return Err(outgoing.error(Class::Deadline, "the time for the whole run is over"));
        }
        match self.dead().get(origin) {
            None | Some(Dead::Asked) => Ok(()),
            Some(Dead::Down(error)) => Err(Error {
                request: outgoing.shown(),
                ..error.clone()
            }),
        }
    }

    /// Lets requests go to the origins that are down and may be up again: one try each, until one of
    /// them is answered.
    pub(crate) fn ask_again(&self) {
        for dead in self.dead().values_mut() {
            if let Dead::Down(error) = dead
                && matches!(error.class, Class::Network | Class::Unavailable)
            {
                *dead = Dead::Asked;
            }
        }
    }

    fn dead(&self) -> MutexGuard<'_, BTreeMap<Origin, Dead>> {
        lock(&self.dead)
    }

    /// Marks an origin as down, until it is asked again.
    fn give_up(&self, origin: Origin, error: &Error) {
        if error.class.is_down() {
            let mut dead = self.dead();
            if !matches!(dead.get(&origin), Some(Dead::Down(_))) {
                dead.insert(origin, Dead::Down(error.clone()));
            }
        }
    }
}

/// That the time was over while a request was repeated, with why it was.
fn with_reason_of(error: Error, before: Option<&Error>) -> Error {
    match before {
        Some(before) if error.class == Class::Deadline => Error {
            reason: format!("{}, after {}", error.reason, before.reason),
            ..error
        },
        _ => error,
    }
}

fn is_redirect(response: &Response) -> bool {
    matches!(response.status, 301 | 302 | 303 | 307 | 308)
}
