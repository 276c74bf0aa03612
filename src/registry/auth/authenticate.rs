//! Gets an authorization for a repository: tries the available logins in turn, and asks the token server.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::challenge::Challenge;
use super::session::{Authorization, Session, Stage};
use super::token::{self, MAX_TOKEN_BODY, Scope, Token};
use crate::clock::Clock;
use crate::oci::Repository;
use crate::registry::login::{Login, Secret, Unusable};
use crate::registry::sync::lock;
use crate::registry::wire::http::{HttpMethod, HttpRequest, Receive, Response};
use crate::registry::wire::origin::{Origin, public_url};
use crate::registry::wire::redact::Redactor;
use crate::registry::wire::retrying::Sender;
use crate::registry::{Class, Error};
use crate::text::clean;

/// The login of the nth place for a repository, as [`Logins::nth`](crate::registry::login::Logins::nth) gives it.
pub(crate) type Nth = dyn Fn(&Repository, usize) -> Option<Result<Login, Unusable>> + Send + Sync;

/// Gets authorizations from logins.
pub(crate) struct Authenticator<'a> {
    pub(crate) logins: Box<Nth>,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) log: &'a (dyn Fn(&str) + Sync),
    /// The lines about logins that were logged already.
    pub(crate) logged: Mutex<BTreeSet<String>>,
}

/// A header and how long it is good for, or why a login has none.
type Presented = Result<(String, Option<Duration>), String>;

/// What a token server said.
enum Reply {
    Token(Token),
    Refused(String),
}

impl Authenticator<'_> {
    /// An authorization for `repository` by the next login that works; `None` when nothing is
    /// left to try.
    /// `may_be_anyone` allows the last try without any login.
    pub(crate) fn authorize(
        &self,
        sender: &Sender<'_>,
        session: &mut Session,
        challenge: &Challenge,
        repository: &Repository,
        outgoing: &HttpRequest<'_>,
        may_be_anyone: bool,
    ) -> Result<Option<Authorization>, Error> {
        while let Stage::Login(nth) = session.stage {
            match (self.logins)(repository, nth) {
                None => session.stage = Stage::Anonymous,
                Some(Err(login)) => {
                    session.needs_helper |= login.needs_helper;
                    session.note_refused(clean(&login.reason, 200));
                    session.next();
                }
                Some(Ok(login)) => {
                    let found =
                        self.present(sender, session, challenge, &login.secret, outgoing)?;
                    match found {
                        Ok((header, lives)) => {
                            self.log_source(repository, &login.source);
                            return Ok(Some(self.authorization(header, lives, Some(login.source))));
                        }
                        Err(why) => {
                            session.note_refused(format!("{} ({why})", login.source));
                            session.next();
                        }
                    }
                }
            }
        }
        // A login that was there and refused does not make a write anonymous.
        if session.stage == Stage::Exhausted || !may_be_anyone {
            return Ok(None);
        }
        let Challenge::Bearer { .. } = challenge else {
            session.stage = Stage::Exhausted;
            return Ok(None);
        };
        match self.ask(sender, session, challenge, None, outgoing)? {
            Reply::Token(token) => Ok(Some(self.authorization(
                format!("Bearer {}", token.text),
                Some(token.lives),
                None,
            ))),
            Reply::Refused(why) => {
                session.anyone = Some(why);
                session.stage = Stage::Exhausted;
                Ok(None)
            }
        }
    }

    fn authorization(
        &self,
        header: String,
        lives: Option<Duration>,
        source: Option<String>,
    ) -> Authorization {
        Authorization {
            header,
            expires: lives.map(|time| self.clock.now() + time),
            source,
        }
    }

    fn log_source(&self, repository: &Repository, source: &str) {
        let line = format!("login {}: from {source}", repository.host());
        let mut logged = lock(&self.logged);
        if logged.insert(line.clone()) {
            (self.log)(&line);
        }
    }

    /// The header that a login comes to and how long it is good for, or why there is none.
    fn present(
        &self,
        sender: &Sender<'_>,
        session: &Session,
        challenge: &Challenge,
        secret: &Secret,
        outgoing: &HttpRequest<'_>,
    ) -> Result<Presented, Error> {
        Ok(match (challenge, secret) {
            (_, Secret::RegistryToken(token)) if is_header(token) => {
                Ok((format!("Bearer {token}"), None))
            }
            (_, Secret::RegistryToken(_)) => Err("its token fits into no header".to_owned()),
            (Challenge::Basic, Secret::Password { username, password }) => {
                Ok((basic(username, password), None))
            }
            (Challenge::Basic, Secret::IdentityToken(_)) => {
                Err("an identity token, but the registry wants a password".to_owned())
            }
            (Challenge::Bearer { .. }, secret) => {
                match self.ask(sender, session, challenge, Some(secret), outgoing)? {
                    Reply::Token(token) => {
                        Ok((format!("Bearer {}", token.text), Some(token.lives)))
                    }
                    Reply::Refused(why) => Err(why),
                }
            }
        })
    }

    /// Asks the token server for what the session needs.
    fn ask(
        &self,
        sender: &Sender<'_>,
        session: &Session,
        challenge: &Challenge,
        secret: Option<&Secret>,
        outgoing: &HttpRequest<'_>,
    ) -> Result<Reply, Error> {
        let Challenge::Bearer { realm, service, .. } = challenge else {
            return Ok(Reply::Refused("the registry wants a password".to_owned()));
        };
        let registry =
            Origin::parse(&outgoing.url).map_err(|why| outgoing.error(Class::Refused, why))?;
        let redactor = sender.http.redactor();
        token::check_realm(realm, &registry).map_err(|why| {
            let realm = redactor.redact(&public_url(realm));
            let why = format!(
                "the registry names the token server `{realm}`, which is not safe to ask: {why}"
            );
            outgoing.error(Class::Unsafe, why)
        })?;
        let service = service.as_deref();
        let get = |scope: &Scope, basic: Option<(&str, &str)>| {
            let account = basic.map(|(name, _)| name).filter(|name| !name.is_empty());
            let request = HttpRequest {
                authorization: basic.map(|(name, password)| self::basic(name, password)),
                ..token_request(token::url(realm, service, scope, account), redactor)
            };
            sender
                .send_within(&request)
                .and_then(|response| reply(&request, &response))
        };
        match secret {
            None => match (get(&session.scope, None)?, session.scope.reading()) {
                // Who may not push may still read.
                (Reply::Refused(_), Some(less)) => get(&less, None),
                (reply, _) => Ok(reply),
            },
            Some(Secret::Password { username, password }) => {
                let login = Some((username.as_str(), password.as_str()));
                match (get(&session.scope, login)?, session.scope.reading()) {
                    (Reply::Refused(why), Some(less)) => match get(&less, login)? {
                        Reply::Refused(_) => Ok(Reply::Refused(why)),
                        token @ Reply::Token(_) => Ok(token),
                    },
                    (reply, _) => Ok(reply),
                }
            }
            Some(Secret::IdentityToken(identity) | Secret::RegistryToken(identity)) => {
                let form = token::form(service, &session.scope, identity);
                let request = HttpRequest {
                    method: HttpMethod::Post,
                    content_type: Some("application/x-www-form-urlencoded"),
                    body: form.as_bytes(),
                    ..token_request(realm.clone(), redactor)
                };
                let response = sender.send_within(&request)?;
                match response.status {
                    // Servers without OAuth2 answer so (containerd's list), and take it as a password.
                    400 | 401 | 404 | 405 => get(&session.scope, Some(("", identity))),
                    _ => reply(&request, &response),
                }
            }
        }
    }
}

/// A GET to a token server, without a login.
fn token_request<'a>(url: String, redactor: &Arc<Redactor>) -> HttpRequest<'a> {
    HttpRequest {
        method: HttpMethod::Get,
        url,
        accept: Some("application/json"),
        content_type: None,
        authorization: None,
        body: b"",
        limit: MAX_TOKEN_BODY,
        receive: Receive::Whole,
        is_pull: false,
        until: None,
        redactor: Some(Arc::clone(redactor)),
    }
}

fn reply(request: &HttpRequest<'_>, response: &Response) -> Result<Reply, Error> {
    match response.status {
        200 if response.is_cut => {
            Err(request.error(Class::BadAnswer, "the token server's answer is too large"))
        }
        200 if response.is_encoded() => Err(request.error(
            Class::BadAnswer,
            "the token server answered with a compressed body, which was not asked for",
        )),
        200 if response.refusal().is_page => Err(request.error(
            Class::BadAnswer,
            "the token server answered with a web page, not with a token",
        )),
        200 => token::parse(&response.body)
            .map(Reply::Token)
            .map_err(|why| request.error(Class::BadAnswer, why)),
        400..=499 => {
            let why = response.refusal().reason();
            Ok(Reply::Refused(format!("its token server says {why}")))
        }
        300..=399 => Err(request.error(
            Class::Unsafe,
            "the token server redirects elsewhere, and credentials do not follow",
        )),
        status => Err(request.error(
            Class::BadAnswer,
            format!("the token server answered {status}"),
        )),
    }
}

fn basic(username: &str, password: &str) -> String {
    format!(
        "Basic {}",
        STANDARD.encode(format!("{username}:{password}"))
    )
}

fn is_header(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
}
