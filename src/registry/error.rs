//! How a request to a registry fails: a class that decides what to do, and the words to say it with.

use std::fmt;
use std::time::Duration;

use crate::text::clean;

/// The most that is repeated of a reason, in characters.
const MAX_WORDS: usize = 300;

/// A request that failed, told so that a person knows which one and why.
///
/// `Display` is the whole story; it holds no secret and no control characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What kind of failure it is.
    pub class: Class,
    /// What more is known of the cause.
    pub cause: Cause,
    /// The server that the request was for, where there was one.
    pub server: Option<Box<Server>>,
    /// The request: method and URL without its query, such as `GET https://r.io/v2/app/manifests/1`.
    pub request: String,
    /// What went wrong: the status and the registry's own words (cleaned), or the network's.
    pub reason: String,
    /// How long the registry asked to wait before the next try.
    pub retry_after: Option<Duration>,
}

/// A server, as a URL names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Host and port, such as `r.io:5000`.
    pub authority: String,
    /// Whether it is spoken to without TLS.
    pub is_plain: bool,
}

/// What is known of the cause of a failure beyond its class, where a decision or the advice depends
/// on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Cause {
    /// Nothing more.
    #[default]
    Other,
    /// The connection ended where an answer should begin.
    Cut,
    /// What came is not HTTP.
    NotHttp,
    /// The other side of a TLS handshake does not speak TLS.
    NoTls,
    /// The certificate has expired.
    Expired,
    /// The certificate is not valid yet.
    NotYetValid,
    /// The certificate is for another name.
    OtherName,
    /// A credential helper has the login, and this build cannot run programs.
    NeedsHelper,
    /// The answers to one batch of reads are too large together.
    Together,
    /// What came is not what its digest names.
    OtherBytes,
    /// What a run may download is used up.
    DownloadLimit,
    /// It takes more than the default depth reads.
    DefaultDepth,
    /// The proxy that this variable names is in the way.
    Proxy {
        /// The variable's name.
        variable: &'static str,
        /// Whether it wants another login (407).
        wants_login: bool,
    },
}

/// What kind of failure it is (research: the status, the code and the words decide together).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// There is no login that the registry or its token server accepts.
    Login,
    /// Logged in, but not allowed.
    Denied,
    /// The tag is immutable.
    Immutable,
    /// The tag is protected: only some may move it.
    Protected,
    /// A quota is used up, or the registry is read-only for now.
    ReadOnly,
    /// No tag is written here by anyone: a mirror, a cache, or set to read-only (writes only).
    NoWrites,
    /// Too many requests.
    RateLimited,
    /// A manifest lists a child that the registry does not have.
    ChildMissing,
    /// The manifest is larger than the registry, or this program, takes.
    TooLarge,
    /// The registry does not take this media type.
    MediaType,
    /// A policy of the registry hides the image (vulnerable, unsigned).
    Policy,
    /// There is no such repository, or no such project that it could be in. (A read that is answered
    /// with 404 is no error, but [`super::Answer::Absent`].)
    NotFound,
    /// The registry failed (5xx).
    Unavailable,
    /// The connection failed, was cut or stalled.
    Network,
    /// No such host.
    UnknownHost,
    /// The certificate or the handshake is not good.
    Tls,
    /// A proxy refused or failed.
    Proxy,
    /// The answer is none that a registry gives.
    BadAnswer,
    /// The document is there, and what is in it could not be understood: only its digest is known.
    Shape,
    /// The answers do not come to rest: each look shows something else.
    Unstable,
    /// It was not asked for, as that would take more than may be read.
    NotRead,
    /// A redirect or a token server that credentials or requests must not follow.
    Unsafe,
    /// The time for the whole run is over.
    Deadline,
    /// Refused for another reason.
    Refused,
}

/// What follows from a class.
struct Properties {
    is_passing: bool,
    is_of_the_host: bool,
    is_down: bool,
    is_refusal: bool,
    may_be_about_head: bool,
}

impl Class {
    /// The one table of what follows from a class.
    fn properties(self) -> Properties {
        let (is_passing, is_of_the_host, is_down, is_refusal, may_be_about_head) = match self {
            Self::Login
            | Self::Denied
            | Self::Immutable
            | Self::Protected
            | Self::ReadOnly
            | Self::NoWrites
            | Self::ChildMissing
            | Self::TooLarge
            | Self::MediaType
            | Self::Policy
            | Self::NotFound
            | Self::Refused => (false, false, false, true, true),
            Self::Unavailable => (true, true, true, false, true),
            Self::Network => (true, true, true, false, false),
            Self::RateLimited => (true, false, true, false, false),
            Self::BadAnswer => (true, false, false, false, true),
            Self::UnknownHost | Self::Tls | Self::Proxy => (false, false, true, false, false),
            Self::Shape | Self::Unstable | Self::NotRead => (false, false, false, false, true),
            Self::Unsafe | Self::Deadline => (false, false, false, false, false),
        };
        Properties {
            is_passing,
            is_of_the_host,
            is_down,
            is_refusal,
            may_be_about_head,
        }
    }

    /// Whether the same request may succeed a moment later.
    #[must_use]
    pub fn is_passing(self) -> bool {
        self.properties().is_passing
    }

    /// Whether a failure is the registry's as a whole, and not this request's.
    pub(crate) fn is_of_the_host(self) -> bool {
        self.properties().is_of_the_host
    }

    /// Whether other requests to the same server need not be tried for now.
    pub(crate) fn is_down(self) -> bool {
        self.properties().is_down
    }

    /// Whether the registry will not take this write, however often it is asked.
    pub(crate) fn is_refusal(self) -> bool {
        self.properties().is_refusal
    }

    /// Whether a GET may be answered where a HEAD failed so: whatever was refused, and not what never
    /// reached the registry, or what it has no time for.
    pub(crate) fn may_be_about_head(self) -> bool {
        self.properties().may_be_about_head
    }
}

impl Error {
    /// A failure of this request, of which no more is known.
    pub fn new(class: Class, request: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            class,
            cause: Cause::Other,
            server: None,
            request: request.into(),
            reason: reason.into(),
            retry_after: None,
        }
    }

    /// Whether it must not be passed over, however deep somebody wanted to look: what came is not what
    /// its digest names, or nothing that there is to know was within reach.
    #[must_use]
    pub fn always_counts(&self) -> bool {
        matches!(self.cause, Cause::OtherBytes | Cause::DefaultDepth)
    }

    /// Of a document that is there, but whose content could not be understood.
    pub fn of_document(document: impl fmt::Display, reason: impl fmt::Display) -> Self {
        // It may quote the body.
        let reason = clean(&reason.to_string(), MAX_WORDS);
        Self::new(Class::Shape, format!("reading {document}"), reason)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.request, self.reason)
    }
}

impl std::error::Error for Error {}
