//! The faults: each one line, with what kind it is, what the message says and what it says to do.

use std::time::{SystemTime, UNIX_EPOCH};

use super::cell::LONG;
use super::rules::Kind;
use crate::registry::{BODIES, Fault, Refusal};
use crate::tls;

/// One fault.
pub(super) struct Row {
    /// What the document calls it.
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) strike: Strike,
    /// What the message says.
    pub(super) reason: String,
    /// What it says to do.
    pub(super) help: &'static str,
    /// Whether the registry must speak TLS.
    pub(super) secure: bool,
    /// Whether it is in the body of an answer.
    pub(super) in_body: bool,
}

/// How the registry does it.
pub(super) enum Strike {
    /// It answers so.
    Answer(Vec<Fault>),
    /// It is so from the answer before on.
    Turn(Fault),
    /// It redirects with this status to another host; over plain HTTP, where the flag says so and
    /// it speaks TLS itself.
    Redirect(u16, bool),
}

/// The faults that go together, under a heading of the document.
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) rows: Vec<Row>,
}

impl Row {
    pub(super) fn is_late(&self) -> bool {
        self.kind == Kind::Late
    }

    pub(super) fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }

    fn over_tls(mut self) -> Self {
        self.secure = true;
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
        help,
        secure: false,
        in_body: false,
    }
}

fn answer(name: &str, kind: Kind, fault: Fault, reason: &str, help: &'static str) -> Row {
    row(name, kind, Strike::Answer(vec![fault]), reason, help)
}

/// A status in the words of distribution, or as a proxy in front of a registry says it.
fn status(status: u16, kind: Kind, code: &str, message: &str, help: &'static str) -> Row {
    let (fault, reason) = match code {
        "" => (Fault::Answer(crate::registry::Response::new(status, "text/html", message)), format!("{status} ")),
        _ => (Fault::error(status, code, message), format!("{code}: {message}")),
    };
    answer(&status.to_string(), kind, fault, &reason, help)
}

/// A refusal of the table of refusals.
fn refusal(refusal: &Refusal) -> Row {
    let (kind, help) = match (refusal.means, refusal.status) {
        ("immutable", 401) => (Kind::Unauthorized, IMMUTABLE),
        ("immutable", _) => (Kind::Refused, IMMUTABLE),
        ("locked", _) => (Kind::Refused, IMMUTABLE),
        ("protected", _) => (Kind::Unauthorized, "an account that may push protected tags"),
        ("denied", _) => (Kind::Refused, DENIED),
        ("rate-limit", 403) => (Kind::HiddenLimit, LATER),
        ("rate-limit", _) if refusal.name == "hub-rate-limit" => (Kind::Exhausted, LATER),
        ("rate-limit", _) => (Kind::Passing, LATER),
        ("child-missing", 404) => (Kind::Missing, "push the image again"),
        ("child-missing", _) => (Kind::Refused, "push the image again"),
        ("media-type", _) => (Kind::Refused, "oci-mediatypes"),
        ("too-large", _) => (Kind::Refused, "a manifest is at most 4 MiB"),
        ("read-only", _) => (Kind::Refused, "free some quota"),
        ("policy", _) => (Kind::Refused, "look at the registry's policy"),
        ("unavailable", _) => (Kind::Passing, RERUN),
        (means, _) => panic!("{means} has no rule"),
    };
    let name = format!("{} {}", refusal.status, refusal.name);
    let reason = match refusal.body.starts_with('{') {
        true => format!("{} ", refusal.status),
        false => "with a web page instead of a reason".to_owned(),
    };
    answer(&name, kind, Fault::Refuse(*refusal), &reason, help)
}

const CONNECTION: &str = "check that a registry listens at";
const AUTHORITY: &str = "`--ca-file FILE`";
const TIME: &str = "allow more time with `--timeout`";
const REGISTRY: &str = "is a registry and that no login page or proxy answers for it";
const UNSAFE: &str = "it sends requests where no credentials may go";
const LOGIN: &str = "log in before this step: `docker login";
const DENIED: &str = "an account or token that may pull from this repository, and push to it";
const IMMUTABLE: &str = "push a new tag, or relax the registry's rule for immutable tags";
const RERUN: &str = "rerun the job when the registry works again";
const LATER: &str = "rerun the job";
const REASON: &str = "look at the reason that";

/// Gzip of one letter.
const GZIP: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\x04\0\x43\xbe\xb7\xe8\x01\0\0\0";

/// A date as HTTP has it, so many seconds from now.
fn date_in(seconds: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let then = now.as_secs() + seconds;
    let (days, second) = (then / 86_400, then % 86_400);
    // The civil date of a day, by years that begin in March (Howard Hinnant's algorithm).
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let names = [
        "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "Jan", "Feb",
    ];
    let year = era * 400 + year + u64::from(month > 9);
    let weekday = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"][usize::try_from(days % 7).unwrap()];
    let name = names[usize::try_from(month).unwrap()];
    let (hours, minutes, seconds) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{weekday}, {day:02} {name} {year} {hours:02}:{minutes:02}:{seconds:02} GMT")
}

fn limit(name: &str, kind: Kind, value: &str, help: &'static str) -> Row {
    let fault = Fault::error(429, "TOOMANYREQUESTS", "Rate exceeded").with("Retry-After", value);
    answer(name, kind, fault, "429 Too Many Requests", help)
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
                row("nobody listens", K::Unreachable, Strike::Turn(Fault::Leave), "the connection was refused", CONNECTION),
                answer("reset", K::Passing, Fault::Reset, "the connection was cut", CONNECTION),
                answer("closed without an answer", K::Passing, Fault::Drop, "the connection was cut", CONNECTION),
                answer("closed after it took effect", K::Lost, Fault::DropAfter, "the connection was cut", CONNECTION),
                answer("no answer", K::Late, Fault::Stall(LONG), "the time for the whole run is over", TIME),
                answer("stuck in the headers", K::Late, Fault::StallHead(LONG), "the time for the whole run is over", TIME),
                answer("stuck in the body", K::Late, Fault::StallInside(LONG), "the time for the whole run is over", TIME).in_body(),
            ],
        },
        Group {
            title: "TLS",
            rows: vec![
                certificate("unknown authority", "unknown.crt", "signed by an authority that is not trusted here", AUTHORITY),
                certificate("expired certificate", "expired.crt", "its certificate has expired", "renew"),
                certificate("certificate of another host", "elsewhere.crt", "its certificate is for another name", "name"),
            ],
        },
        Group {
            title: "Answers",
            rows: vec![
                answer("cut off", K::Cut, Fault::Truncate(20), "the answer was cut off", CONNECTION).in_body(),
                answer("wrong chunks", K::Broken, Fault::BadChunks, "answered with something that is not HTTP", REGISTRY).in_body(),
                answer("more than 4 MiB", K::Broken, large, "larger", "4 MiB").in_body(),
                answer("more than announced", K::Surplus, Fault::Trailing(b"and more"), "not HTTP", REGISTRY).in_body(),
                row("gzip that nobody asked for", K::Broken, Strike::Answer(compressed), "compressed", REGISTRY).in_body(),
                answer("web page with 200", K::Broken, Fault::Answer(crate::registry::Response::new(200, "text/html", "<html><h1>Sign in</h1></html>")), "a web page", REGISTRY),
            ],
        },
        Group {
            title: "Redirects",
            rows: vec![
                row("301 to another host", K::Followed, Strike::Redirect(301, false), "redirects", UNSAFE),
                row("307 to another host", K::Followed, Strike::Redirect(307, false), "redirects", UNSAFE),
                row("301 to plain http", K::Final, Strike::Redirect(301, true), "redirects", UNSAFE).over_tls(),
                row("307 to plain http", K::Final, Strike::Redirect(307, true), "redirects", UNSAFE).over_tls(),
            ],
        },
        Group {
            title: "Statuses",
            rows: vec![
                status(400, K::Refused, "MANIFEST_INVALID", "manifest invalid", REASON),
                status(401, K::Unauthorized, "UNAUTHORIZED", "authentication required", LOGIN),
                status(403, K::Refused, "DENIED", "requested access to the resource is denied", DENIED),
                status(404, K::Missing, "MANIFEST_UNKNOWN", "manifest unknown", "check the repository's name"),
                status(405, K::Refused, "UNSUPPORTED", "The operation is unsupported.", "wait until the registry takes writes again"),
                status(408, K::Passing, "", "<html>timeout</html>", RERUN),
                status(409, K::Refused, "CONFLICT", "conflict", IMMUTABLE),
                status(412, K::Refused, "PRECONDITION", "precondition failed", "look at the registry's policy"),
                status(413, K::Refused, "", "<html>too large</html>", "a manifest is at most 4 MiB"),
                status(415, K::Refused, "MANIFEST_INVALID", "manifest invalid", "oci-mediatypes"),
                limit("429, a second", K::Passing, "1", LATER),
                limit("429, a date", K::Passing, &date_in(5), LATER),
                limit("429, hours", K::Exhausted, "14400", "rerun the job in 4 h"),
                status(500, K::Passing, "UNKNOWN", "unknown error", RERUN),
                status(502, K::Passing, "", "<html>bad gateway</html>", RERUN),
                status(503, K::Passing, "UNAVAILABLE", "service unavailable", RERUN),
                status(504, K::Passing, "", "<html>gateway timeout</html>", RERUN),
            ],
        },
        Group {
            title: "Refusals in the words of registries",
            rows: BODIES.iter().map(refusal).collect(),
        },
    ]
}
