//! The registry port over HTTP: what to send for a read or a write, and what its answer means.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;
use std::time::Duration;

use super::auth::Nth;
use super::auth::exchange::Exchange;
use super::login::Logins;
use super::sync::lock;
use super::wire::endpoint::RepositoryRequest;
use super::wire::http::{Http, HttpMethod, HttpRequest, Receive, Response};
use super::wire::proxy::Proxies;
use super::wire::redact::Redactor;
use super::wire::refusal::Refusal;
use super::wire::retrying::Sender;
use super::{Answer, Cause, Class, Error, MAX_BODY, Method, Read, Registry, Stream, Target, Write};
use crate::clock::Clock;
use crate::environment::Environment;
use crate::oci::{ACCEPT, Digest, Host, Repository};
use crate::text::{clean, spoken};

/// How large the bodies of one batch may be together, the last few aside.
const MAX_BATCH: usize = 12 * 1024 * 1024;

/// How the client behaves.
#[derive(Clone)]
pub struct Settings {
    /// Whether tokens should allow writing.
    pub write: bool,
    /// The hosts that are spoken to without TLS.
    pub plain_http: BTreeSet<Host>,
    /// Certificates to trust besides the system's: what to call the file, and its PEM text.
    pub ca_file: Option<(String, Vec<u8>)>,
    /// Certificates to trust for one registry only, in PEM form.
    pub ca_files: Vec<(Host, Vec<u8>)>,
    /// The environment: the proxies are in it.
    pub environment: Environment,
    /// How many requests a host gets at once.
    pub concurrency: usize,
    /// When the time for everything is over, on the clock.
    pub deadline: Duration,
}

/// How many requests were sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// All of them, for tokens and repeated ones too.
    pub total: u64,
    /// The GETs that were answered with a manifest: what Docker Hub counts as pulls.
    pub pulls: u64,
}

/// The registries of the world over HTTP.
pub struct Client<'a> {
    exchange: Exchange<'a>,
    concurrency: usize,
    warnings: Mutex<Vec<(Host, String)>>,
    /// How many pulls there may have been at the end.
    quota: Mutex<Option<u64>>,
}

impl<'a> Client<'a> {
    /// A client with these settings. Nothing is sent, and no certificate is read, until it is needed.
    ///
    /// # Errors
    ///
    /// When a proxy variable or the file of certificates cannot be used: the words say which.
    pub fn new(
        settings: Settings,
        logins: Logins,
        clock: &'a dyn Clock,
        log: &'a (dyn Fn(&str) + Sync),
    ) -> Result<Self, String> {
        let nth = move |repository: &Repository, nth| logins.nth(repository, nth);
        Self::with(settings, Box::new(nth), clock, log)
    }

    fn with(
        settings: Settings,
        logins: Box<Nth>,
        clock: &'a dyn Clock,
        log: &'a (dyn Fn(&str) + Sync),
    ) -> Result<Self, String> {
        let http = Http::new(
            Proxies::new(&settings.environment)?,
            settings.ca_file.as_ref(),
            &settings.ca_files,
            settings.concurrency,
            settings.deadline,
            clock,
            log,
        )?;
        let sender = Sender::new(http, clock, log, settings.deadline);
        Ok(Self {
            exchange: Exchange::new(sender, logins, clock, settings.plain_http, settings.write),
            concurrency: settings.concurrency,
            warnings: Mutex::default(),
            quota: Mutex::default(),
        })
    }

    /// How many requests were sent so far.
    #[must_use]
    pub fn requests(&self) -> Requests {
        let (total, pulls) = self.exchange.sender.http.counts();
        Requests { total, pulls }
    }

    /// What the registries warned of (`Warning: 299 - "…"`), each once.
    #[must_use]
    pub fn warnings(&self) -> Vec<(Host, String)> {
        lock(&self.warnings).clone()
    }

    /// Reads, unless the bodies of the batch, which are all answered with at once, are too large
    /// already.
    fn read_within(&self, read: &Read, held: &AtomicUsize) -> Result<Answer, Error> {
        if held.load(Ordering::Relaxed) > MAX_BATCH {
            return Err(Error {
                cause: Cause::Together,
                ..Error::new(
                    Class::TooLarge,
                    format!("reading {}", read.repository),
                    format!(
                        "the answers to one look are larger than {} MiB together",
                        MAX_BATCH / 1024 / 1024
                    ),
                )
            });
        }
        let answer = self.read_one(read);
        if let Ok(Answer::Body { bytes, .. }) = &answer {
            held.fetch_add(bytes.len(), Ordering::Relaxed);
        }
        answer
    }

    fn read_one(&self, read: &Read) -> Result<Answer, Error> {
        let path = read.repository.path();
        let (path, is_manifest) = match &read.target {
            Target::Tag(tag) => (format!("{path}/manifests/{tag}"), true),
            Target::Manifest(digest) => (format!("{path}/manifests/{digest}"), true),
            Target::Blob(digest) => (format!("{path}/blobs/{digest}"), false),
        };
        let request = RepositoryRequest {
            method: match read.method {
                Method::Head => HttpMethod::Head,
                Method::Get | Method::FirstByte => HttpMethod::Get,
            },
            path,
            accept: is_manifest.then_some(ACCEPT),
            receive: match read.method {
                Method::FirstByte => Receive::FirstByte,
                Method::Head | Method::Get => Receive::Whole,
            },
            is_pull: is_manifest && read.method == Method::Get,
            ..RepositoryRequest::default()
        };
        let host = read.repository.host();
        let response = self.exchange.send(&read.repository, &request)?;
        self.note_warnings(host, &response);
        self.note_quota(host, &response);
        answer(
            read.method,
            &self.exchange.outgoing(host, &request),
            response,
        )
    }

    /// Remembers how many pulls a host says are left, the first time it does. That is honored for Docker
    /// Hub only: any proxy on the way could make a proof shallower by it.
    fn note_quota(&self, host: &Host, response: &Response) {
        let said = response.header("ratelimit-remaining").split(';').next();
        let left = said.and_then(|it| it.trim().parse::<u64>().ok());
        if let Some(left) = left.filter(|_| host.is_docker_hub()) {
            let pulls = self.requests().pulls;
            lock(&self.quota).get_or_insert(pulls.saturating_add(left / 2));
        }
    }

    fn note_warnings(&self, host: &Host, response: &Response) {
        for value in response.headers.get_all("warning") {
            let Some(text) = value
                .to_str()
                .ok()
                .and_then(|value| warning(value, &response.redactor))
            else {
                continue;
            };
            let warning = (host.clone(), text);
            let mut warnings = lock(&self.warnings);
            if warnings.len() < 50 && !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
    }
}

/// What a `Warning` header says: warn-code SP warn-agent SP warn-text, of which only 299 and "-" count
/// here (distribution-spec, "Warnings").
pub(super) fn warning(value: &str, redactor: &Redactor) -> Option<String> {
    let text = value.trim().strip_prefix("299 - \"")?.strip_suffix('"')?;
    let text = text.replace("\\\"", "\"").replace("\\\\", "\\");
    Some(clean(&redactor.redact(&text), 300))
}

impl Registry for Client<'_> {
    fn read(&self, batch: &[Read]) -> Vec<Result<Answer, Error>> {
        let orders = orders(batch);
        let held = AtomicUsize::new(0);
        let at_once = self.concurrency.max(1);
        let is_single = batch.len() < 2 || (orders.len() == 1 && at_once == 1);
        if is_single || cfg!(target_os = "wasi") {
            return batch
                .iter()
                .map(|read| self.read_within(read, &held))
                .collect();
        }
        let answers: Vec<Mutex<Option<Result<Answer, Error>>>> =
            batch.iter().map(|_| Mutex::default()).collect();
        std::thread::scope(|scope| {
            for order in &orders {
                let next = Arc::new(AtomicUsize::new(0));
                for _ in 0..order.len().min(at_once) {
                    let (next, answers, held) = (Arc::clone(&next), &answers, &held);
                    let work = move || {
                        while let Some(&nth) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                            if let (Some(read), Some(place)) = (batch.get(nth), answers.get(nth)) {
                                *lock(place) = Some(self.read_within(read, held));
                            }
                        }
                    };
                    // A container may allow only so many threads: then there are fewer.
                    if Builder::new().spawn_scoped(scope, work).is_err() {
                        break;
                    }
                }
            }
        });
        answers
            .into_iter()
            .zip(batch)
            .map(|(place, read)| {
                place
                    .into_inner()
                    .unwrap_or_else(PoisonError::into_inner)
                    // Each place is filled by the thread that took its number, if there was one.
                    .unwrap_or_else(|| self.read_within(read, &held))
            })
            .collect()
    }

    fn put(&self, write: &Write) -> Result<(), Error> {
        let request = RepositoryRequest {
            method: HttpMethod::Put,
            path: format!("{}/manifests/{}", write.repository.path(), write.under),
            content_type: Some(write.media_type.as_str()),
            body: &write.bytes,
            until: Some(write.until),
            ..RepositoryRequest::default()
        };
        let host = write.repository.host();
        if write.bytes.len() > MAX_BODY {
            return Err(self.exchange.outgoing(host, &request).error(
                Class::TooLarge,
                "the manifest is larger than 4 MiB, which registries need not take",
            ));
        }
        let response = self.exchange.send(&write.repository, &request)?;
        self.note_warnings(host, &response);
        match response.status {
            200 if is_page(&response) => Err(self
                .exchange
                .outgoing(host, &request)
                .error(Class::BadAnswer, PAGE)),
            200 | 201 | 202 | 204 => Ok(()),
            _ => {
                let mut error = refused(&self.exchange.outgoing(host, &request), &response);
                error.retry_after = self.exchange.sender.asked_to_wait(&response);
                Err(error)
            }
        }
    }

    fn stream(
        &self,
        blob: &Stream,
        take: &mut dyn FnMut(&mut dyn io::Read),
    ) -> Result<bool, Error> {
        let take = RefCell::new(take);
        let take = |body: &mut dyn io::Read| (take.borrow_mut())(body);
        let request = RepositoryRequest {
            path: format!("{}/blobs/{}", blob.repository.path(), blob.digest),
            receive: Receive::Stream(&take),
            until: blob.until,
            ..RepositoryRequest::default()
        };
        let host = blob.repository.host();
        let response = self.exchange.send(&blob.repository, &request)?;
        self.note_warnings(host, &response);
        let outgoing = self.exchange.outgoing(host, &request);
        match answer(Method::FirstByte, &outgoing, response)? {
            Answer::Absent => Ok(false),
            Answer::Header(_) | Answer::Body { .. } => Ok(true),
        }
    }

    fn pulls_to_spend(&self, host: &Host) -> Option<u64> {
        let quota = (*lock(&self.quota)).filter(|_| host.is_docker_hub())?;
        Some(quota.saturating_sub(self.requests().pulls))
    }

    fn wait_for(&self, host: &Host, error: &Error, at_most: Duration) {
        self.exchange.sender.ask_again();
        let time = spoken(at_most);
        (self.exchange.sender.log)(&format!("waiting for {host}, {time} at most: {error}"));
    }
}

/// The order in which each host gets its reads: the first of each repository before all others, so
/// that repositories log in at the same time. In the order of the batch, every thread would wait
/// for the login of one repository after the other.
fn orders(batch: &[Read]) -> Vec<Vec<usize>> {
    let mut hosts: BTreeMap<&Host, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    let mut met = BTreeSet::new();
    for (nth, read) in batch.iter().enumerate() {
        let (firsts, others) = hosts.entry(read.repository.host()).or_default();
        match met.insert(&read.repository) {
            true => firsts.push(nth),
            false => others.push(nth),
        }
    }
    let whole = |(firsts, others): (Vec<usize>, Vec<usize>)| [firsts, others].concat();
    hosts.into_values().map(whole).collect()
}

fn refused(outgoing: &HttpRequest<'_>, response: &Response) -> Error {
    let refusal = response.refusal();
    let class = match response.is_redirected {
        true if matches!(response.status, 401 | 403) => Class::Denied,
        _ => refusal.class(),
    };
    let class = match (class, outgoing.method) {
        (Class::NoWrites, HttpMethod::Get | HttpMethod::Head) => Class::Refused,
        (class, _) => class,
    };
    outgoing.error(class, refusal.reason())
}

const PAGE: &str = "answered with a web page, not as a registry";

fn is_page(response: &Response) -> bool {
    let content_type = response.header("content-type").to_ascii_lowercase();
    content_type.starts_with("text/html")
}

fn answer(method: Method, outgoing: &HttpRequest<'_>, response: Response) -> Result<Answer, Error> {
    match (response.status, method) {
        // Whatever a front calls a manifest, one can be read.
        (200, Method::Get) if response.body.trim_ascii_start().starts_with(b"{") => {
            whole(outgoing, response)
        }
        (200, _) if is_page(&response) => Err(outgoing.error(Class::BadAnswer, PAGE)),
        (200, Method::Get) if response.is_encoded() => Err(outgoing.error(
            Class::BadAnswer,
            "answered with a compressed body, which was not asked for",
        )),
        (200, Method::Head) => Ok(Answer::Header(claimed(&response))),
        (200 | 206, Method::FirstByte) => Ok(Answer::Header(None)),
        (200, Method::Get) => whole(outgoing, response),
        (404, Method::Head) => Ok(Answer::Absent),
        (404, Method::Get | Method::FirstByte) => match response.refusal() {
            refusal if is_of_another_type(&refusal) => {
                Err(outgoing.error(Class::BadAnswer, refusal.reason()))
            }
            refusal if refusal.is_plain => Ok(Answer::Absent),
            refusal if refusal.is_page => Err(outgoing.error(Class::BadAnswer, PAGE)),
            refusal => Err(outgoing.error(Class::BadAnswer, refusal.reason())),
        },
        _ => Err(refused(outgoing, &response)),
    }
}

/// The body of an answer, if all of it was read.
fn whole(outgoing: &HttpRequest<'_>, response: Response) -> Result<Answer, Error> {
    if response.is_cut {
        return Err(outgoing.error(
            Class::TooLarge,
            "the body is larger than 4 MiB, which is the most that is read",
        ));
    }
    Ok(Answer::Body {
        claimed: claimed(&response),
        content_type: response.header("content-type").to_owned(),
        bytes: response.body,
    })
}

/// Whether a 404 says that the manifest is there, in a type that was not asked for (distribution,
/// olareg). Every type is asked for, so something on the way dropped the header.
fn is_of_another_type(refusal: &Refusal) -> bool {
    let words = refusal.words.to_ascii_lowercase();
    ["accept header does not support", "media type not found"]
        .iter()
        .any(|part| words.contains(part))
}

fn claimed(response: &Response) -> Option<Digest> {
    response.header("docker-content-digest").trim().parse().ok()
}

#[cfg(test)]
mod tests;
