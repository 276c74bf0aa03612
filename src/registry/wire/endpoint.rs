//! How one registry is reached: over https, or over http where that was chosen or found out.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::http::{HttpMethod, HttpRequest, Receive, Response};
use super::origin::Origin;
use super::retrying::Sender;
use crate::oci::Host;
use crate::registry::{Cause, Class, Error, MAX_BODY};

/// A request to a repository, before it is known how to log in.
#[derive(Default)]
pub(crate) struct RepositoryRequest<'a> {
    pub(crate) method: HttpMethod,
    pub(crate) path: String,
    pub(crate) accept: Option<&'static str>,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) body: &'a [u8],
    pub(crate) receive: Receive<'a>,
    pub(crate) is_pull: bool,
    /// When it must be answered, where that is before the deadline of the run.
    pub(crate) until: Option<Duration>,
}

impl RepositoryRequest<'_> {
    /// The request as it is sent to `endpoint`, without a login.
    pub(crate) fn outgoing(&self, endpoint: &Endpoint) -> HttpRequest<'_> {
        HttpRequest {
            method: self.method,
            url: endpoint.url(&self.path),
            accept: self.accept,
            content_type: self.content_type,
            authorization: None,
            body: self.body,
            limit: MAX_BODY,
            receive: self.receive,
            is_pull: self.is_pull,
            until: self.until,
            redactor: None,
        }
    }
}

/// Where a registry is, and how it is spoken to.
pub(crate) struct Endpoint {
    authority: String,
    /// Whether it is spoken to over https. There is no way back from it.
    secure: AtomicBool,
    /// Whether plain http is, or was, a guess only: a loopback name.
    is_guess: bool,
    /// Whether plain http is still untested.
    doubtful: AtomicBool,
}

impl Endpoint {
    /// Plain http is for the hosts it was chosen for, and for this machine.
    pub(crate) fn new(host: &Host, is_plain: bool) -> Self {
        let is_loopback = host.is_loopback();
        Self {
            authority: host.authority().to_owned(),
            secure: AtomicBool::new(!is_plain && !is_loopback),
            is_guess: is_loopback && !is_plain,
            doubtful: AtomicBool::new(is_loopback && !is_plain),
        }
    }

    /// The URL of a path under `/v2/`.
    pub(crate) fn url(&self, path: &str) -> String {
        let scheme = match self.secure.load(Ordering::Relaxed) {
            true => "https",
            false => "http",
        };
        format!("{scheme}://{}/v2/{path}", self.authority)
    }

    /// Sends a request until it is answered, and follows redirects.
    pub(crate) fn deliver(
        &self,
        sender: &Sender<'_>,
        request: &RepositoryRequest<'_>,
        authorization: Option<String>,
    ) -> Result<Response, Error> {
        let mut outgoing = request.outgoing(self);
        outgoing.authorization = authorization;
        let result = match request.method {
            HttpMethod::Put | HttpMethod::Post => {
                let origin = Origin::parse(&outgoing.url)
                    .map_err(|why| outgoing.error(Class::Refused, why))?;
                sender
                    .check(&origin, &outgoing)
                    .and_then(|()| sender.http.send(&outgoing))
            }
            HttpMethod::Get | HttpMethod::Head => {
                let first = self.first(sender, &mut outgoing);
                let result = sender.send(&outgoing, first);
                let is_doubtful = self.is_guess && outgoing.url.starts_with("http://");
                // What spoiled the first try may have hidden what it would have shown.
                match is_doubtful && result.is_ok() {
                    true => match self.secured(sender, &mut outgoing, &result) {
                        Some(answer) => sender.send(&outgoing, Some(answer)),
                        None => result,
                    },
                    false => result,
                }
            }
        };
        sender.follow(&outgoing, result?)
    }

    /// The first try at a registry of this machine, which may want TLS without saying so in its
    /// name. `None` where there is no doubt.
    fn first(
        &self,
        sender: &Sender<'_>,
        outgoing: &mut HttpRequest<'_>,
    ) -> Option<Result<Response, Error>> {
        if !self.doubtful.swap(false, Ordering::Relaxed) {
            return None;
        }
        let plain = sender.http.send(outgoing);
        Some(self.secured(sender, outgoing, &plain).unwrap_or(plain))
    }

    /// The answer over TLS, where the one over plain http looks as if that were wanted, and it is
    /// spoken. From then on it is spoken to this host.
    fn secured(
        &self,
        sender: &Sender<'_>,
        outgoing: &mut HttpRequest<'_>,
        plain: &Result<Response, Error>,
    ) -> Option<Result<Response, Error>> {
        let hint = tls_hint(plain)?;
        let mut secure = outgoing.clone();
        secure.url = secure.url.replacen("http://", "https://", 1);
        let answer = sender.http.send(&secure);
        let speaks_tls = match (&hint, &answer) {
            // Whatever failed now may pass.
            (TlsHint::Said, _) | (_, Ok(_)) => true,
            (TlsHint::Maybe, Err(error)) => {
                error.class == Class::Tls && error.cause != Cause::NoTls
            }
        };
        if !speaks_tls {
            return None;
        }
        self.secure.store(true, Ordering::Relaxed);
        *outgoing = secure;
        Some(answer)
    }
}

/// How a server that was asked over http lets it be known that it speaks TLS.
enum TlsHint {
    /// In words.
    Said,
    /// It may be: the words were cut off, or are none.
    Maybe,
}

fn tls_hint(answer: &Result<Response, Error>) -> Option<TlsHint> {
    match answer {
        Ok(response) if response.status == 400 => {
            let body = String::from_utf8_lossy(&response.body).to_ascii_lowercase();
            let said = [
                "http request to an https server",
                "http request was sent to https port",
                "speaking plain http to an ssl-enabled server",
            ];
            match said.iter().any(|words| body.contains(words)) {
                true => Some(TlsHint::Said),
                // A registry's own answer.
                false if body.contains("\"errors\"") => None,
                false => Some(TlsHint::Maybe),
            }
        }
        Ok(_) => None,
        Err(error) => matches!(error.cause, Cause::Cut | Cause::NotHttp).then_some(TlsHint::Maybe),
    }
}
