//! One HTTP exchange: a request goes out, and its status, headers and body or a classed error come back.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use ureq::http::HeaderMap;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, AsSendBody, Body};

use super::certificates;
use super::failure::{FailedCall, Failure};
use super::origin::{Origin, public_url};
use super::proxy::{Proxies, Proxy};
use super::redact::Redactor;
use super::refusal::{MAX_REFUSAL_BODY, Refusal};
use super::resolver::TimeoutResolver;
use crate::clock::Clock;
use crate::oci::Host;
use crate::registry::sync::lock;
use crate::registry::{Class, Error, Server};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);
const ANSWER: Duration = Duration::from_secs(30);
const CALL: Duration = Duration::from_secs(60);

/// The method of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum HttpMethod {
    #[default]
    Get,
    Head,
    Put,
    Post,
}

impl HttpMethod {
    fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Put => "PUT",
            Self::Post => "POST",
        }
    }
}

/// What is read of the body of an answer.
#[derive(Clone, Copy, Default)]
pub(crate) enum Receive<'a> {
    /// All of it, up to a limit.
    #[default]
    Whole,
    /// No more than its first byte.
    FirstByte,
    /// As much as this reads of it. It is called again where the answer was cut off.
    Stream(&'a dyn Fn(&mut dyn Read)),
}

/// A request.
#[derive(Clone)]
pub(crate) struct HttpRequest<'a> {
    pub(crate) method: HttpMethod,
    pub(crate) url: String,
    pub(crate) accept: Option<&'static str>,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) authorization: Option<String>,
    pub(crate) body: &'a [u8],
    /// The most that is read of the body of a 200.
    pub(crate) limit: usize,
    /// What is read of the body of a 200.
    pub(crate) receive: Receive<'a>,
    /// Whether it is counted as a pull.
    pub(crate) is_pull: bool,
    /// When it must be answered, where that is before the deadline of the run.
    pub(crate) until: Option<Duration>,
    /// What must not be shown of the URL, if a server named it.
    pub(crate) redactor: Option<Arc<Redactor>>,
}

impl HttpRequest<'_> {
    /// The request as it may be shown.
    pub(crate) fn shown(&self) -> String {
        format!("{} {}", self.method.as_str(), self.shown_url())
    }

    fn shown_url(&self) -> String {
        let url = public_url(&self.url);
        match &self.redactor {
            Some(redactor) => redactor.redact(&url),
            None => url,
        }
    }

    /// An error about this request.
    pub(crate) fn error(&self, class: Class, reason: impl Into<String>) -> Error {
        Error {
            server: server(&self.shown_url()),
            ..Error::new(class, self.shown(), reason)
        }
    }
}

/// The server of a URL, as it may be shown.
fn server(url: &str) -> Option<Box<Server>> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, _) = rest.split_once(['/', '?']).unwrap_or((rest, ""));
    Some(Box::new(Server {
        authority: authority.to_owned(),
        is_plain: scheme == "http",
    }))
}

/// An answer.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// The body is larger than the limit; `body` is its beginning.
    pub(crate) is_cut: bool,
    /// A redirect led to another origin, and the answer came from there, where no login goes.
    pub(crate) is_redirected: bool,
    /// What must not be repeated of it.
    pub(crate) redactor: Arc<Redactor>,
}

impl Response {
    /// The value of a header, empty if there is none or it is no text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Whether the body is not the bytes themselves. Nothing else was asked for.
    pub(crate) fn is_encoded(&self) -> bool {
        let encoding = self.header("content-encoding").trim();
        !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity")
    }

    /// The body read as a refusal.
    pub(crate) fn refusal(&self) -> Refusal {
        let repeats = |words: &str| self.redactor.is_repeated_in(words);
        Refusal::read(
            self.status,
            self.header("content-type"),
            &self.body,
            repeats,
        )
    }
}

/// A way out: whether it is encrypted, through which variable's proxy, and to which origin if that
/// one has authorities of its own.
type Way = (bool, Option<&'static str>, Option<Origin>);

/// What sends requests, keeps connections, and counts and logs what it does.
pub(crate) struct Http<'a> {
    agents: Mutex<BTreeMap<Way, Agent>>,
    roots: OnceLock<Vec<Certificate<'static>>>,
    authorities: Vec<Certificate<'static>>,
    /// What is trusted for one origin only.
    own_authorities: Vec<(Origin, Vec<Certificate<'static>>)>,
    redactor: Arc<Redactor>,
    proxies: Proxies,
    limit: ConcurrencyLimit,
    concurrency: usize,
    deadline: Duration,
    clock: &'a dyn Clock,
    log: &'a (dyn Fn(&str) + Sync),
    total: AtomicU64,
    pulls: AtomicU64,
}

impl<'a> Http<'a> {
    pub(crate) fn new(
        proxies: Proxies,
        ca_file: Option<&(String, Vec<u8>)>,
        ca_files: &[(Host, Vec<u8>)],
        concurrency: usize,
        deadline: Duration,
        clock: &'a dyn Clock,
        log: &'a (dyn Fn(&str) + Sync),
    ) -> Result<Self, String> {
        Ok(Self {
            agents: Mutex::default(),
            roots: OnceLock::new(),
            authorities: ca_file
                .map(|(name, pem)| certificates::read_file(name, pem))
                .transpose()?
                .unwrap_or_default(),
            own_authorities: ca_files
                .iter()
                .map(|(host, pem)| {
                    let origin = Origin::parse(&format!("https://{}/", host.authority()))?;
                    let of = format!("the policy's `ca-file` of `{host}`");
                    Ok((origin, certificates::read_file(&of, pem)?))
                })
                .collect::<Result<_, String>>()?,
            redactor: Arc::default(),
            proxies,
            limit: ConcurrencyLimit::new(concurrency),
            concurrency,
            deadline,
            clock,
            log,
            total: AtomicU64::new(0),
            pulls: AtomicU64::new(0),
        })
    }

    /// How many requests were sent, and how many of them were answered with a manifest.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
        (count(&self.total), count(&self.pulls))
    }

    /// Sends a request once, follows nothing, and reads the whole answer.
    pub(crate) fn send(&self, outgoing: &HttpRequest<'_>) -> Result<Response, Error> {
        let origin =
            Origin::parse(&outgoing.url).map_err(|why| outgoing.error(Class::Refused, why))?;
        let end = outgoing
            .until
            .map_or(self.deadline, |it| it.min(self.deadline));
        let left = || end.saturating_sub(self.clock.now());
        let lane = self.limit.acquire(&origin, left());
        let (start, left) = (self.clock.now(), left());
        if lane.is_none() || left.is_zero() {
            return Err(outgoing.error(Class::Deadline, "the time for the whole run is over"));
        }
        let proxy = self.proxies.choose(&origin);
        let agent = self.agent(&origin, proxy);
        self.total.fetch_add(1, Ordering::Relaxed);
        if let Some(authorization) = &outgoing.authorization {
            self.redactor.add_header(authorization);
        }
        if outgoing.method == HttpMethod::Post {
            self.redactor.add_form(outgoing.body);
        }
        if let Some(password) = proxy.and_then(|it| it.proxy.password()) {
            let username = proxy.and_then(|it| it.proxy.username());
            self.redactor
                .add_login(username.unwrap_or_default(), password);
        }
        let redactor = Arc::clone(&self.redactor);
        let result =
            exchange(&agent, outgoing, time_of(outgoing, left), redactor).map_err(|failure| {
                let attempt = FailedCall {
                    is_secure: origin.is_secure(),
                    proxy,
                    is_last: left < CALL,
                    connect: CONNECT,
                };
                let (class, cause, reason) = attempt.explain(failure);
                Error {
                    cause,
                    ..outgoing.error(class, reason)
                }
            });
        let time = self.clock.now().saturating_sub(start).as_millis();
        if outgoing.is_pull && result.as_ref().is_ok_and(|answer| answer.status == 200) {
            self.pulls.fetch_add(1, Ordering::Relaxed);
        }
        match &result {
            Ok(answer) => (self.log)(&format!("{} {} {time} ms", outgoing.shown(), answer.status)),
            Err(error) => (self.log)(&format!(
                "{} failed after {time} ms: {}",
                outgoing.shown(),
                error.reason
            )),
        }
        result
    }

    /// What was sent and must not be repeated.
    pub(crate) fn redactor(&self) -> &Arc<Redactor> {
        &self.redactor
    }

    /// One agent, and so one pool of connections, for each way out. Certificates are only read
    /// when the first of them is needed: that takes milliseconds.
    fn agent(&self, origin: &Origin, proxy: Option<&Proxy>) -> Agent {
        let is_tls = origin.is_secure()
            || proxy.is_some_and(|p| p.proxy.protocol() == ureq::ProxyProtocol::Https);
        let own = self.own_authorities.iter().find(|(of, _)| of == origin);
        let key = (
            is_tls,
            proxy.map(|proxy| proxy.variable),
            own.map(|(origin, _)| origin.clone()),
        );
        let mut agents = lock(&self.agents);
        let build = || {
            let mut tls = TlsConfig::builder();
            if is_tls {
                tls = tls.root_certs(self.roots(own.map(|(_, own)| own.as_slice())));
            }
            let config = Agent::config_builder()
                .http_status_as_error(false)
                .max_redirects(0)
                .user_agent(concat!("tagproof/", env!("CARGO_PKG_VERSION")))
                .proxy(proxy.map(|proxy| proxy.proxy.clone()))
                .tls_config(tls.build())
                .timeout_connect(Some(CONNECT))
                .timeout_recv_response(Some(ANSWER))
                .timeout_global(Some(CALL))
                .max_idle_connections(self.concurrency.saturating_mul(8).max(16))
                .max_idle_connections_per_host(self.concurrency.max(1))
                .build();
            Agent::with_parts(config, DefaultConnector::default(), TimeoutResolver)
        };
        agents.entry(key).or_insert_with(build).clone()
    }

    fn roots(&self, own: Option<&[Certificate<'static>]>) -> RootCerts {
        let mut roots = self.roots.get_or_init(certificates::system).clone();
        roots.extend(self.authorities.iter().cloned());
        roots.extend(own.into_iter().flatten().cloned());
        if roots.is_empty() {
            (self.log)("no certificates on this system: Mozilla's are used");
            return RootCerts::WebPki;
        }
        RootCerts::from(roots)
    }
}

/// How long a request may take: what is read as a stream may be large, and says so.
fn time_of(outgoing: &HttpRequest<'_>, left: Duration) -> Duration {
    match (outgoing.receive, outgoing.until) {
        (Receive::Stream(_), Some(_)) => left,
        _ => left.min(CALL),
    }
}

fn exchange(
    agent: &Agent,
    outgoing: &HttpRequest<'_>,
    time: Duration,
    redactor: Arc<Redactor>,
) -> Result<Response, Failure> {
    let mut request = ureq::http::Request::builder()
        .method(outgoing.method.as_str())
        .uri(&outgoing.url);
    let is_first_byte = matches!(outgoing.receive, Receive::FirstByte);
    let headers = [
        ("accept", outgoing.accept),
        ("range", is_first_byte.then_some("bytes=0-0")),
        ("content-type", outgoing.content_type),
        ("authorization", outgoing.authorization.as_deref()),
    ];
    for (name, value) in headers {
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    let answer = |error: ureq::Error| Failure::Answer(error);
    let mut response = match outgoing.method {
        HttpMethod::Put | HttpMethod::Post => {
            let request = request.body(outgoing.body).map_err(|e| answer(e.into()))?;
            run(agent, request, time)
        }
        HttpMethod::Get | HttpMethod::Head => {
            let request = request.body(()).map_err(|e| answer(e.into()))?;
            run(agent, request, time)
        }
    }
    .map_err(answer)?;
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let received = |body: Vec<u8>, is_cut: bool| Response {
        status,
        headers: headers.clone(),
        body,
        is_cut,
        is_redirected: false,
        redactor: Arc::clone(&redactor),
    };
    let limit = match (status, outgoing.receive) {
        (200 | 206, Receive::Stream(take)) => {
            let mut body = Watched::new(response.body_mut().as_reader());
            take(&mut body);
            return match body.error {
                Some(error) => Err(Failure::Body(error)),
                None => Ok(received(Vec::new(), false)),
            };
        }
        // More of it would be all of it, where the range is not understood.
        (200 | 206, Receive::FirstByte) => return Ok(received(Vec::new(), false)),
        (200, Receive::Whole) => outgoing.limit,
        _ => MAX_REFUSAL_BODY,
    };
    // Read to the end, so that the connection can be used again.
    let length = response.body().content_length().unwrap_or_default();
    let mut body = Vec::with_capacity(usize::try_from(length).unwrap_or(limit).min(limit) + 64);
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let read = response
        .body_mut()
        .as_reader()
        .take(most)
        .read_to_end(&mut body);
    match read {
        Ok(_) => {}
        // The words of a refusal are a courtesy.
        Err(_) if status != 200 => {}
        Err(error) => return Err(Failure::Body(error)),
    }
    let is_cut = body.len() > limit;
    body.truncate(limit);
    Ok(received(body, is_cut))
}

/// A body that remembers how reading it failed.
struct Watched<R> {
    body: R,
    error: Option<io::Error>,
}

impl<R: Read> Watched<R> {
    fn new(body: R) -> Self {
        Self { body, error: None }
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.body.read(into).map_err(|error| {
            let kind = error.kind();
            self.error = Some(error);
            kind.into()
        })
    }
}

/// Sends a request, and gives up after `time`. Only the last minute of a run, and what is large, has a
/// limit of its own for each request: with settings of its own, a request cannot share the TLS settings that the
/// agent has parsed.
fn run(
    agent: &Agent,
    request: ureq::http::Request<impl AsSendBody>,
    time: Duration,
) -> Result<ureq::http::Response<Body>, ureq::Error> {
    match time != CALL {
        true => agent.run(
            agent
                .configure_request(request)
                .timeout_global(Some(time))
                .build(),
        ),
        false => agent.run(request),
    }
}

/// How many requests are on their way to each origin. Each registry has at most that many threads
/// already; this also limits a token server that several registries share.
struct ConcurrencyLimit {
    most: usize,
    busy: Mutex<BTreeMap<Origin, usize>>,
    freed: Condvar,
}

/// The right to send one request. It ends when it is dropped.
struct Permit<'a> {
    limit: &'a ConcurrencyLimit,
    origin: &'a Origin,
}

impl ConcurrencyLimit {
    /// At most `most` requests to an origin at once.
    fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            busy: Mutex::default(),
            freed: Condvar::new(),
        }
    }

    /// Waits for a permit, at most `time`; `None` when that has passed.
    fn acquire<'a>(&'a self, origin: &'a Origin, time: Duration) -> Option<Permit<'a>> {
        let is_full = |busy: &mut BTreeMap<Origin, usize>| {
            busy.get(origin).is_some_and(|count| *count >= self.most)
        };
        let waited = self
            .freed
            .wait_timeout_while(lock(&self.busy), time, is_full);
        let (mut busy, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return None;
        }
        *busy.entry(origin.clone()).or_default() += 1;
        Some(Permit {
            limit: self,
            origin,
        })
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if let Some(count) = lock(&self.limit.busy).get_mut(self.origin) {
            *count = count.saturating_sub(1);
        }
        self.limit.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_gets_so_many_and_no_more_until_one_ends() {
        let origin = |url| Origin::parse(url).unwrap();
        let (one, other) = (origin("https://r.io/v2/"), origin("https://auth.io/token"));
        let limit = ConcurrencyLimit::new(2);
        let now = Duration::ZERO;
        let (first, second) = (limit.acquire(&one, now), limit.acquire(&one, now));
        assert!(first.is_some() && second.is_some());
        assert!(limit.acquire(&one, now).is_none());
        assert!(limit.acquire(&other, now).is_some());
        drop(first);
        assert!(limit.acquire(&one, now).is_some());
    }
}
