//! Scripted misbehaviour: which request is answered wrongly, how, and what others do meanwhile.

use std::sync::Arc;
use std::time::Duration;

use super::Registry;
use super::bodies::Refusal;
use super::http::{Delivery, Request, Response, date_in};
use super::parrot;
use super::protocol::Route;
use super::state::State;

/// One way to misbehave. Several go together: `[Fault::Stale(old), Fault::NoDigestHeader]`.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Answer this instead; the request does not take effect.
    Answer(Response),
    /// Answer this status instead, and repeat whatever the request brought to log in.
    Parrot(u16),
    /// Answer this instead, about the request's repository and tag.
    Refuse(Refusal),
    /// Let the request take effect although it is answered with something else.
    TakeEffect,
    /// Close without an answer; the request does not take effect.
    Drop,
    /// The request takes effect, but the answer is lost: the connection is closed.
    DropAfter,
    /// The same as `Drop`, and the client is told that the connection was reset.
    Reset,
    /// Answer a tag with this digest's document, header and body.
    Stale(String),
    /// Leave `Docker-Content-Digest` out.
    NoDigestHeader,
    /// Claim another digest.
    WrongDigestHeader(String),
    /// Set a header of the answer to something else.
    Header(&'static str, String),
    /// Ask to come back at a date, so many seconds after the answer.
    RetryAtDate(u64),
    /// Answer as usual, but with this body.
    Body(Vec<u8>),
    /// Send the body in chunks, without a length.
    ChunkedBody,
    /// Send it in chunks that are none.
    BadChunks,
    /// Send more than was announced.
    Trailing(&'static [u8]),
    /// Announce the whole body, send that many bytes of it and close.
    Truncate(usize),
    /// Wait before the answer.
    Stall(Duration),
    /// Wait in the middle of the headers.
    StallHead(Duration),
    /// Wait in the middle of the body.
    StallInside(Duration),
    /// Answer as usual, and from then on refuse every connection.
    Leave,
    /// Answer as usual, and from then on show this certificate.
    Certificate(Arc<rustls::ServerConfig>),
}

impl Fault {
    /// A status with a body that is no JSON.
    pub(crate) fn status(status: u16) -> Self {
        Self::Answer(Response::new(
            status,
            "text/plain",
            format!("status {status}\n"),
        ))
    }

    /// A status with an error in the registries' form.
    pub(crate) fn error(status: u16, code: &str, message: &str) -> Self {
        let detail = serde_json::Value::Null;
        Self::Answer(Response::error(status, code, message, &detail))
    }

    /// A status with an error whose `message` is `null`, as angos writes it.
    pub(crate) fn wordless(status: u16, code: &str) -> Self {
        let body = format!(r#"{{"errors":[{{"code":"{code}","message":null,"detail":null}}]}}"#);
        Self::Answer(Response::new(status, "application/json", body))
    }

    /// A refusal of the table.
    pub(crate) fn refusal(name: &str) -> Self {
        Self::Refuse(Refusal::named(name))
    }

    /// 307 to another place.
    pub(crate) fn redirect(url: &str) -> Self {
        Self::status(307).with("Location", url)
    }

    /// Adds a header to an answer: `Fault::status(429).with("Retry-After", "1")`.
    pub(crate) fn with(self, name: &'static str, value: &str) -> Self {
        match self {
            Self::Answer(response) => Self::Answer(response.with(name, value)),
            other => panic!("{other:?} has no headers of its own"),
        }
    }
}

impl From<Fault> for Vec<Fault> {
    fn from(fault: Fault) -> Self {
        vec![fault]
    }
}

pub(crate) type Hook = Box<dyn FnMut(&mut State) + Send>;

/// A rule: the first live one that matches a request decides about it.
pub(crate) struct Rule {
    method: String,
    path: String,
    unauthorized: bool,
    skip: usize,
    /// How often it still applies; `None`: always.
    left: Option<usize>,
    before: Option<Hook>,
    after: Option<Hook>,
    faults: Vec<Fault>,
}

impl Rule {
    /// Whether the rule applies to the request; counts if it does.
    pub(crate) fn applies(&mut self, request: &Request, authorized: bool) -> bool {
        let matches = (self.method == "*" || self.method == request.method)
            && request.target.contains(&self.path)
            && (authorized || self.unauthorized)
            && self.left != Some(0);
        if !matches {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        if let Some(left) = &mut self.left {
            *left -= 1;
        }
        true
    }

    /// What the rule makes of a request. `usual` is how it would be answered, given a stale
    /// digest. `None`: no answer at all.
    pub(crate) fn answer(
        &mut self,
        request: &Request,
        state: &mut State,
        usual: &mut dyn FnMut(&mut State, Option<&str>) -> Response,
    ) -> (Option<Response>, Delivery) {
        if let Some(hook) = &mut self.before {
            hook(state);
        }
        let mut stale = None;
        let mut instead = None;
        let mut delivery = Delivery::default();
        let mut drop = false;
        let mut effect = false;
        for fault in &self.faults {
            match fault {
                Fault::Answer(response) => instead = Some(response.clone()),
                Fault::Parrot(status) => instead = Some(parrot::answer(*status, request)),
                Fault::Refuse(refusal) => {
                    let route = Route::of(&request.path());
                    let repository = route.repository().unwrap_or_default();
                    let reference = route.reference().unwrap_or_default();
                    instead = Some(refusal.answer(repository, reference));
                }
                Fault::Drop => drop = true,
                Fault::DropAfter => (drop, effect) = (true, true),
                Fault::Reset => (drop, delivery.reset) = (true, true),
                Fault::TakeEffect => effect = true,
                Fault::Stale(digest) => stale = Some(digest.as_str()),
                _ => {}
            }
        }
        let usual = (effect || (instead.is_none() && !drop)).then(|| usual(state, stale));
        if let Some(hook) = &mut self.after {
            hook(state);
        }
        let response = (!drop).then(|| instead.or(usual).unwrap_or_default());
        let response = response.map(|mut response| {
            for fault in &self.faults {
                fault.apply(&mut response, &mut delivery);
            }
            response
        });
        (response, delivery)
    }

    /// What is different for all connections from now on.
    pub(crate) fn turns(&self) -> impl Iterator<Item = &Fault> {
        let is_turn = |fault: &&Fault| matches!(fault, Fault::Leave | Fault::Certificate(_));
        self.faults.iter().filter(is_turn)
    }

    /// What is left of it, for a message; `None` if it did all it was to do.
    pub(crate) fn unused(&self) -> Option<String> {
        let left = self.left.filter(|left| *left > 0)?;
        Some(format!("{} {}: {left} times", self.method, self.path))
    }
}

impl Fault {
    fn apply(&self, response: &mut Response, delivery: &mut Delivery) {
        match self {
            Self::Answer(_)
            | Self::Parrot(_)
            | Self::Refuse(_)
            | Self::TakeEffect
            | Self::Drop
            | Self::DropAfter
            | Self::Reset
            | Self::Stale(_) => {}
            Self::NoDigestHeader => response.unset("Docker-Content-Digest"),
            Self::WrongDigestHeader(digest) => response.set("Docker-Content-Digest", digest),
            Self::Header(name, value) => response.set(name, value),
            Self::RetryAtDate(seconds) => response.set("Retry-After", date_in(*seconds)),
            Self::Body(body) => response.body.clone_from(body),
            Self::ChunkedBody => delivery.chunked = true,
            Self::BadChunks => (delivery.chunked, delivery.bad_chunks) = (true, true),
            Self::Trailing(bytes) => delivery.trailing = bytes,
            Self::Truncate(length) => {
                delivery.truncate = Some(*length);
                delivery.close = true;
            }
            Self::Stall(time) => delivery.stall_before = Some(*time),
            Self::StallHead(time) => delivery.stall_head = Some(*time),
            Self::StallInside(time) => delivery.stall_inside = Some(*time),
            Self::Leave | Self::Certificate(_) => delivery.close = true,
        }
    }
}

/// A rule in the making; [`answer`](Script::answer) or [`pass`](Script::pass) ends it.
#[must_use = "a rule counts only after `answer` or `pass`"]
pub(crate) struct Script<'a> {
    registry: &'a Registry,
    rule: Rule,
}

impl<'a> Script<'a> {
    pub(crate) fn new(registry: &'a Registry, method: &str, path: &str) -> Self {
        Self {
            registry,
            rule: Rule {
                method: method.to_owned(),
                path: path.to_owned(),
                unauthorized: false,
                skip: 0,
                left: Some(1),
                before: None,
                after: None,
                faults: Vec::new(),
            },
        }
    }

    /// Applies so many times instead of once.
    pub(crate) fn times(mut self, times: usize) -> Self {
        self.rule.left = Some(times);
        self
    }

    /// Applies for ever.
    pub(crate) fn always(mut self) -> Self {
        self.rule.left = None;
        self
    }

    /// Lets the first so many requests pass.
    pub(crate) fn skip(mut self, requests: usize) -> Self {
        self.rule.skip = requests;
        self
    }

    /// Applies also to requests that the registry would refuse to know (401).
    pub(crate) fn even_unauthorized(mut self) -> Self {
        self.rule.unauthorized = true;
        self
    }

    /// Changes the registry just before the request takes effect: another actor was faster.
    /// The hook gets the state because the registry itself is busy with the request.
    pub(crate) fn before(mut self, hook: impl FnMut(&mut State) + Send + 'static) -> Self {
        self.rule.before = Some(Box::new(hook));
        self
    }

    /// Changes the registry just after the request took effect, before it is answered.
    pub(crate) fn then(mut self, hook: impl FnMut(&mut State) + Send + 'static) -> Self {
        self.rule.after = Some(Box::new(hook));
        self
    }

    /// Puts the rule in force.
    pub(crate) fn answer(mut self, faults: impl Into<Vec<Fault>>) {
        self.rule.faults = faults.into();
        self.registry.add(self.rule);
    }

    /// Puts a rule in force that has hooks only.
    pub(crate) fn pass(self) {
        self.answer([]);
    }
}
