//! The faults: each one line, with what kind it is, what the message says and what it says to do.

use std::time::Duration;

use serde_json::Value;

use super::cell::LONG;
use super::phase::Phase;
use super::rules::Kind;
use crate::registry::{BODIES, Fault, Refusal, Response, To};
use crate::run::Host;
use crate::tls;

/// One fault.
pub(super) struct Row {
    /// What the document calls it.
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) strike: Strike,
    /// What the message says, and in what other words if the answer has a body.
    pub(super) reason: String,
    words: &'static str,
    /// What it says to do.
    pub(super) help: &'static str,
    /// The same two where there is a proxy.
    pub(super) proxied: Option<(&'static str, &'static str)>,
    /// Whether the registry must speak TLS.
    pub(super) secure: bool,
    /// Whether it is in the body of an answer.
    pub(super) in_body: bool,
    /// Which requests it can meet.
    pub(super) to: To,
    /// How long the registry asks to wait before each repeat, at the least.
    pub(super) wait: Duration,
}

/// How the registry does it.
pub(super) enum Strike {
    /// It answers so.
    Answer(Vec<Fault>),
    /// It is so from the answer before on.
    Turn(Fault),
    /// It redirects with this status to another host, which speaks TLS if it does itself and the
    /// flag does not say that it must not.
    Redirect(u16, bool),
    /// The proxy refuses so from the answer before on; `None`: nobody listens there.
    Proxy(Option<&'static str>),
    /// Nothing: after the answer before there is a new connection, through a proxy that wants no
    /// login.
    Plain,
    /// The same, but past the proxy, because of what `NO_PROXY` holds.
    Past(&'static str),
}

/// The faults that go together, under a heading of the document.
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) rows: Vec<Row>,
}

impl Row {
    pub(super) fn is_late(&self) -> bool {
        matches!(self.kind, Kind::Late | Kind::LateBody)
    }

    pub(super) fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }

    /// Whether the host that it redirects to speaks TLS.
    pub(super) fn is_secure_elsewhere(&self) -> bool {
        self.secure && !matches!(self.strike, Strike::Redirect(_, true))
    }

    /// Whether only a proxy can do it.
    pub(super) fn needs_proxy(&self) -> bool {
        matches!(
            self.strike,
            Strike::Proxy(_) | Strike::Plain | Strike::Past(_)
        )
    }

    /// Whether it strikes with the answer before.
    pub(super) fn is_before(&self) -> bool {
        matches!(self.strike, Strike::Turn(_)) || self.needs_proxy()
    }

    /// What `NO_PROXY` holds.
    pub(super) fn past(&self) -> &'static str {
        match self.strike {
            Strike::Past(networks) => networks,
            _ => "",
        }
    }

    /// Whether it can be tried here. Says so aloud if not.
    pub(super) fn can_be(&self) -> bool {
        !matches!(self.strike, Strike::Past(_)) || Host::get().reaches_unspecified()
    }

    /// In what words, beside the reason, the message tells of this phase: a registry's own.
    pub(super) fn words(&self, phase: Phase) -> Vec<String> {
        let (repository, reference) = phase.target();
        match &self.strike {
            Strike::Answer(faults) => match faults.as_slice() {
                [Fault::Refuse(refusal)] => refusal.words(repository, &reference),
                _ => vec![self.words.to_owned()],
            },
            _ => Vec::new(),
        }
    }

    fn behind_proxy(mut self, reason: &'static str, help: &'static str) -> Self {
        self.proxied = Some((reason, help));
        self
    }

    fn over_tls(mut self) -> Self {
        self.secure = true;
        self
    }

    fn waited_for(mut self, seconds: u64) -> Self {
        self.wait = Duration::from_secs(seconds);
        self
    }

    fn in_body(mut self) -> Self {
        self.in_body = true;
        self
    }
}

fn row(name: &str, kind: Kind, strike: Strike, reason: &str, help: &'static str) -> Row {
    Row {
        name: name.to_owned(),
        kind,
        strike,
        reason: reason.to_owned(),
        words: "",
        help,
        proxied: None,
        secure: false,
        in_body: false,
        to: To::Any,
        wait: Duration::ZERO,
    }
}

fn answer(name: &str, kind: Kind, fault: Fault, reason: &str, help: &'static str) -> Row {
    row(name, kind, Strike::Answer(vec![fault]), reason, help)
}

/// A status in the words of distribution, or as a proxy in front of a registry says it.
fn status(status: u16, kind: Kind, code: &str, message: &'static str, help: &'static str) -> Row {
    let (fault, words) = match code {
        "" => (
            Response::new(status, "text/html", message),
            "a web page instead of a reason",
        ),
        _ => (
            Response::error(status, code, message, &Value::Null),
            message,
        ),
    };
    Row {
        words,
        ..answer(
            &status.to_string(),
            kind,
            Fault::Answer(fault),
            &format!("{status} "),
            help,
        )
    }
}

/// A refusal of the table of refusals.
fn refusal(refusal: &Refusal) -> Row {
    let (kind, help) = match (refusal.means, refusal.status) {
        ("immutable" | "locked", _) => (Kind::Refused, IMMUTABLE),
        ("protected", _) => (Kind::Refused, "an account that may push protected tags"),
        ("denied", _) => (Kind::Refused, DENIED),
        ("rate-limit", 403 | 503) => (Kind::HiddenLimit, LATER),
        ("rate-limit", _) if refusal.name == "hub-rate-limit" => (Kind::Exhausted, LATER),
        ("rate-limit", _) => (Kind::Limited, LATER),
        ("child-missing", 404) => (Kind::Missing, "push the image again"),
        // They do not say what is invalid.
        _ if matches!(
            refusal.name,
            "zot-child-missing" | "distribution-media-type"
        ) =>
        {
            (Kind::Refused, REASON)
        }
        ("child-missing", _) => (Kind::Refused, "push the image again"),
        ("media-type", _) => (Kind::Refused, "oci-mediatypes"),
        ("too-large", _) => (Kind::Refused, "a manifest is at most 4 MiB"),
        ("read-only", _) => (Kind::Refused, "free some quota"),
        ("no-writes", _) => (Kind::Refused, NO_WRITES),
        ("no-project", _) => (Kind::Refused, "create it, or the project it is in"),
        ("policy", _) => (Kind::Refused, "look at the registry's policy"),
        ("config", _) => (Kind::Refused, REASON),
        // It is there, so this is no answer to the question, like a page.
        ("accept", _) => (Kind::Page, REGISTRY),
        ("unavailable", _) => (Kind::Failing, RERUN),
        (means, _) => panic!("{means} has no rule"),
    };
    let name = format!("{} {}", refusal.status, refusal.name);
    let reason = format!("{} ", refusal.status);
    Row {
        to: refusal.to,
        ..answer(&name, kind, Fault::Refuse(*refusal), &reason, help)
    }
}

const CONNECTION: &str = "check the connection to";
const AUTHORITY: &str = "`--ca-file FILE`";
const TIME: &str = "allow more time with `--timeout`";
const REGISTRY: &str = "is a registry and that no login page or proxy answers for it";
const UNSAFE: &str = "it sends requests where no credentials may go";
const DENIED: &str = "an account or token that may pull from this repository, and push to it";
const IMMUTABLE: &str = "push a new tag, or relax the registry's rule for immutable tags";
const NO_WRITES: &str = "repair the tag where it was pushed";
const RERUN: &str = "rerun the job when the registry works again";
const LATER: &str = "rerun the job";
const REASON: &str = "look at the reason that";

/// Gzip of one letter.
const GZIP: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\x04\0\x43\xbe\xb7\xe8\x01\0\0\0";

/// A rate limit that asks to come back later, as the second fault says.
fn limit(name: &str, kind: Kind, later: Fault, help: &'static str) -> Row {
    let fault = Fault::error(429, "TOOMANYREQUESTS", "Rate exceeded");
    let strike = Strike::Answer(vec![fault, later]);
    row(name, kind, strike, "429 Too Many Requests", help)
}

fn retry_after(seconds: &str) -> Fault {
    Fault::Header("Retry-After", seconds.to_owned())
}

/// All faults.
pub(super) fn groups() -> Vec<Group> {
    use Kind as K;
    let certificate = |name: &str, file: &str, reason: &str, help| {
        let turn = Strike::Turn(Fault::Certificate(tls::server_config_with(file)));
        row(name, K::Final, turn, reason, help).over_tls()
    };
    let large = Fault::Body(vec![b' '; 4 * 1024 * 1024 + 1]);
    let compressed = vec![
        Fault::Body(GZIP.to_vec()),
        Fault::Header("Content-Encoding", "gzip".to_owned()),
    ];
    vec![
        Group {
            title: "Connections",
            rows: vec![
                row(
                    "nobody listens",
                    K::Unreachable,
                    Strike::Turn(Fault::Leave),
                    "the connection was refused",
                    CONNECTION,
                )
                .over_tls()
                .behind_proxy(
                    "the proxy of `ALL_PROXY` does not get through: 502 Bad Gateway",
                    "check that the proxy of `ALL_PROXY` may reach",
                ),
                answer(
                    "reset",
                    K::Passing,
                    Fault::Reset,
                    "the connection was cut",
                    CONNECTION,
                )
                .over_tls(),
                answer(
                    "closed without an answer",
                    K::Passing,
                    Fault::Drop,
                    "the connection was cut",
                    CONNECTION,
                )
                .over_tls(),
                answer(
                    "closed after it took effect",
                    K::Lost,
                    Fault::DropAfter,
                    "the connection was cut",
                    CONNECTION,
                )
                .over_tls(),
                answer(
                    "no answer",
                    K::Late,
                    Fault::Stall(LONG),
                    "the time for the whole run is over",
                    TIME,
                ),
                answer(
                    "stuck in the headers",
                    K::Late,
                    Fault::StallHead(LONG),
                    "the time for the whole run is over",
                    TIME,
                ),
                answer(
                    "stuck in the body",
                    K::LateBody,
                    Fault::StallInside(LONG),
                    "the time for the whole run",
                    TIME,
                )
                .in_body(),
            ],
        },
        Group {
            title: "TLS",
            rows: vec![
                certificate(
                    "unknown authority",
                    "unknown.crt",
                    "signed by an authority that is not trusted here",
                    AUTHORITY,
                ),
                certificate(
                    "expired certificate",
                    "expired.crt",
                    "its certificate has expired",
                    "renew the certificate of",
                ),
                certificate(
                    "certificate of another host",
                    "elsewhere.crt",
                    "its certificate is for another name",
                    "use the name that the registry's certificate is for",
                ),
            ],
        },
        Group {
            title: "Answers",
            rows: vec![
                answer(
                    "cut off",
                    K::Cut,
                    Fault::Truncate(20),
                    "the answer was cut off",
                    CONNECTION,
                )
                .over_tls()
                .in_body(),
                answer(
                    "wrong chunks",
                    K::Broken,
                    Fault::BadChunks,
                    "answered with something that is not HTTP",
                    REGISTRY,
                )
                .in_body(),
                answer(
                    "more than 4 MiB",
                    K::Broken,
                    large,
                    "the body is larger than 4 MiB",
                    "a manifest is at most 4 MiB",
                )
                .in_body(),
                answer(
                    "more than announced",
                    K::Surplus,
                    Fault::Trailing(b"and more"),
                    "not HTTP",
                    REGISTRY,
                )
                .in_body(),
                row(
                    "gzip that nobody asked for",
                    K::Broken,
                    Strike::Answer(compressed),
                    "a compressed body, which was not asked for",
                    REGISTRY,
                )
                .in_body(),
                answer(
                    "web page with 200",
                    K::Page,
                    Fault::Answer(Response::new(
                        200,
                        "text/html",
                        "<html><h1>Sign in</h1></html>",
                    )),
                    "a web page",
                    REGISTRY,
                ),
            ],
        },
        Group {
            title: "Redirects",
            rows: vec![
                row(
                    "301 to another host",
                    K::Followed,
                    Strike::Redirect(301, false),
                    "redirects",
                    UNSAFE,
                ),
                row(
                    "307 to another host",
                    K::Followed,
                    Strike::Redirect(307, false),
                    "redirects",
                    UNSAFE,
                ),
                row(
                    "301 to another host, over https",
                    K::Followed,
                    Strike::Redirect(301, false),
                    "redirects",
                    UNSAFE,
                )
                .over_tls(),
                row(
                    "307 to another host, over https",
                    K::Followed,
                    Strike::Redirect(307, false),
                    "redirects",
                    UNSAFE,
                )
                .over_tls(),
                row(
                    "301 to plain http",
                    K::Final,
                    Strike::Redirect(301, true),
                    "redirects",
                    UNSAFE,
                )
                .over_tls(),
                row(
                    "307 to plain http",
                    K::Final,
                    Strike::Redirect(307, true),
                    "redirects",
                    UNSAFE,
                )
                .over_tls(),
            ],
        },
        Group {
            title: "Statuses",
            rows: vec![
                status(
                    400,
                    K::Refused,
                    "MANIFEST_INVALID",
                    "manifest invalid",
                    REASON,
                ),
                status(
                    401,
                    K::Refused,
                    "UNAUTHORIZED",
                    "authentication required",
                    DENIED,
                ),
                status(
                    403,
                    K::Refused,
                    "DENIED",
                    "requested access to the resource is denied",
                    DENIED,
                ),
                status(
                    404,
                    K::Missing,
                    "MANIFEST_UNKNOWN",
                    "manifest unknown",
                    "check the repository's name",
                ),
                Row {
                    name: "405 to a read".to_owned(),
                    to: To::Reads,
                    ..status(
                        405,
                        K::Refused,
                        "UNSUPPORTED",
                        "The operation is unsupported.",
                        REASON,
                    )
                },
                Row {
                    name: "405 to a write, with a web page".to_owned(),
                    to: To::Writes,
                    ..status(
                        405,
                        K::Refused,
                        "",
                        "<html>method not allowed</html>",
                        NO_WRITES,
                    )
                },
                status(408, K::Failing, "", "<html>timeout</html>", RERUN),
                status(409, K::Refused, "CONFLICT", "conflict", IMMUTABLE),
                status(
                    412,
                    K::Refused,
                    "PRECONDITION",
                    "precondition failed",
                    "look at the registry's policy",
                ),
                status(
                    413,
                    K::Refused,
                    "",
                    "<html>too large</html>",
                    "a manifest is at most 4 MiB",
                ),
                status(
                    415,
                    K::Refused,
                    "MANIFEST_INVALID",
                    "manifest invalid",
                    "oci-mediatypes",
                ),
                limit("429, a second", K::Limited, retry_after("1"), LATER).waited_for(1),
                // Dates have whole seconds: from one to two of them.
                limit("429, a date", K::Limited, Fault::RetryAtDate(2), LATER).waited_for(1),
                limit(
                    "429, hours",
                    K::Exhausted,
                    retry_after("14400"),
                    "rerun the job in 4 h",
                ),
                status(500, K::Failing, "UNKNOWN", "unknown error", RERUN),
                status(501, K::Unable, "UNSUPPORTED", "not implemented", RERUN),
                status(502, K::Failing, "", "<html>bad gateway</html>", RERUN),
                status(503, K::Failing, "UNAVAILABLE", "service unavailable", RERUN),
                status(504, K::Failing, "", "<html>gateway timeout</html>", RERUN),
            ],
        },
        Group {
            title: "Proxies",
            rows: vec![
                row(
                    "a proxy without a login",
                    K::Harmless,
                    Strike::Plain,
                    "",
                    "",
                ),
                row(
                    "a proxy, and the registry's network in `NO_PROXY`",
                    K::Harmless,
                    Strike::Past("10.0.0.0/8, 0.0.0.0/8"),
                    "",
                    "",
                ),
                row(
                    "the proxy wants a login",
                    K::Final,
                    Strike::Proxy(Some("407 Proxy Authentication Required")),
                    "the proxy of `ALL_PROXY` refused: 407 Proxy Authentication Required",
                    "put the proxy's login into `ALL_PROXY`",
                ),
                row(
                    "the proxy forbids it",
                    K::Final,
                    Strike::Proxy(Some("403 Forbidden")),
                    "the proxy of `ALL_PROXY` refused: 403 Forbidden",
                    "check `ALL_PROXY`",
                ),
                row(
                    "the proxy does not get through",
                    K::Unreachable,
                    Strike::Proxy(Some("503 Service Unavailable")),
                    "the proxy of `ALL_PROXY` does not get through: 503 Service Unavailable",
                    "check that the proxy of `ALL_PROXY` may reach",
                ),
                row(
                    "nobody listens at the proxy",
                    K::Final,
                    Strike::Proxy(None),
                    "the proxy of `ALL_PROXY`: the connection was refused",
                    "check `ALL_PROXY`",
                ),
            ],
        },
        Group {
            title: "Refusals in the words of registries",
            rows: BODIES.iter().map(refusal).collect(),
        },
    ]
}
