//! One cell of the matrix: a repair that meets one fault in one phase, over one way, and all that
//! came of it.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::faults::{Row, Strike};
use super::phase::Phase;
use crate::access::{PASSWORD, USER, assert_secret, config, fill, metadata_of, right, spoil};
use crate::proxy::Proxy;
use crate::registry::{Builder, Fault, Registry};
use crate::run::{Host, tagproof};
use crate::runner::{self, Step};
use crate::tls;

/// The name of the registry behind the proxy.
const FAR: &str = "registry.test:5000";
/// Where a redirect leads behind the proxy, without TLS and with it.
pub(super) const ELSEWHERE: &str = "cdn.test:80";
const SECURE_ELSEWHERE: &str = "elsewhere.test:443";
const PROXY_LOGIN: &str = "walter:open-sesame";

/// How the registry is reached, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// The command line, and the registry itself.
    Direct,
    /// A step of GitHub Actions, and a proxy that wants a login.
    Proxied,
}

impl Way {
    /// The ways that are gone here: both natively, and the component's hosts have one each, that
    /// which they are for.
    pub(super) fn here() -> &'static [Self] {
        match Host::get() {
            Host::Native => &[Self::Direct, Self::Proxied],
            Host::Wasmtime => &[Self::Direct],
            Host::Node => &[Self::Proxied],
        }
    }
}

/// What came of a cell.
pub(super) struct Seen {
    pub(super) verdict: String,
    pub(super) outcome: String,
    pub(super) code: Option<i32>,
    /// What is said about the tag, and what to do.
    pub(super) message: String,
    pub(super) help: String,
    /// Scheme and host of the registry, and the name it has in references.
    pub(super) base: String,
    pub(super) host: String,
    /// How many requests met the fault, and the shortest time between two of them.
    pub(super) met: usize,
    pub(super) pause: Option<Duration>,
    pub(super) puts: usize,
    /// Whether the tag is right in the end.
    pub(super) is_right: bool,
    /// All that was shown, for a failed assertion.
    pub(super) shown: String,
}

impl Seen {
    /// What is said, or all that was shown.
    pub(super) fn told(&self, all: bool) -> String {
        match all {
            true => self.shown.clone(),
            false => format!(
                "    message: {}\n    help: {}",
                self.message,
                self.help.replace('\n', " / ")
            ),
        }
    }
}

/// Runs a repair of `app:1` that meets the fault. What waits for the deadline gets more time where
/// the machine is so slow that the fault was not met by then.
pub(super) fn run(row: &Row, phase: Phase, way: Way) -> Seen {
    let times: &[u64] = match row.is_late() {
        // A part of it is for what follows the write, and must be enough for that.
        true if phase == Phase::Put => &[25],
        true => &[2, 6, 25],
        false => &[240],
    };
    let mut seen = times.iter().map(|time| once(row, phase, way, *time));
    let last = seen.len() - 1;
    let mut tried = 0;
    loop {
        let seen = seen.next().unwrap();
        if seen.met > 0 || tried == last {
            return seen;
        }
        tried += 1;
    }
}

fn once(row: &Row, phase: Phase, way: Way, timeout: u64) -> Seen {
    let registry = registry(row, way);
    let twin = twin(&registry, row, way);
    spoil(&registry);
    let routes = [
        (FAR, &registry),
        (ELSEWHERE, &twin),
        (SECURE_ELSEWHERE, &twin),
    ];
    let (routes, login): (&[_], _) = match row.strike {
        Strike::Plain => (&routes, None),
        // It leads nowhere.
        Strike::Past(_) => (&[], None),
        _ => (&routes, Some(PROXY_LOGIN)),
    };
    let proxy = Proxy::with_login(routes, login);
    let proxy_url = login.map_or_else(|| proxy.url(), |login| proxy.url_as(login));
    script(row, phase, way, (&registry, &twin, &proxy));
    let host = match (way, &row.strike) {
        (Way::Direct, _) => registry.host(),
        (_, Strike::Past(_)) => registry.url().replace("http://", ""),
        _ => FAR.to_owned(),
    };
    let login = config(&[(&host, right())]);
    let timeout = timeout.to_string();
    let authority = tls::file("ca.crt").display().to_string();
    let (code, report, shown) = match way {
        Way::Direct => {
            let mut run = tagproof(&["fix", "build.json", "--settle", "0"])
                .args(&["--settle-timeout", "0", "--timeout", &timeout])
                .args(&["--ca-file", &authority])
                .file("build.json", metadata_of(&[&host]))
                .file(".docker/config.json", &login)
                .args(&["-v"])
                .report()
                .in_all_forms();
            // Half of them in the log of a job on GitLab.
            if matches!(phase, Phase::ByTag | Phase::Head | Phase::Confirm) {
                run = run.env("GITLAB_CI", "true");
            }
            let ran = run.run();
            let shown = ran.shown();
            (ran.code, ran.report, shown)
        }
        Way::Proxied => {
            let step = Step::new()
                .file("build.json", &metadata_of(&[&host]))
                .file("config.json", &login)
                .file("ca.crt", &std::fs::read_to_string(&authority).unwrap())
                .with("metadata-file", "build.json")
                .with("registry-config", "config.json")
                .with("ca-file", "ca.crt")
                .with("plain-http", if row.secure { "" } else { &host })
                .with("depth", "tag")
                .with("settle", "0")
                .with("settle-timeout", "0")
                .with("timeout", &timeout)
                .env("RUNNER_DEBUG", "1")
                .env("ALL_PROXY", &proxy_url)
                .env("NO_PROXY", row.past());
            let stepped = step.run();
            check_proxy(row, &proxy);
            let report = serde_json::from_str(stepped.output("report")).unwrap();
            (stepped.code, report, stepped.visible())
        }
    };
    check_secrets(&registry, &twin, &shown);
    seen(&registry, way, host, phase, row, (code, report, shown))
}

fn registry(row: &Row, way: Way) -> Registry {
    let mut builder = Registry::builder().token(USER, PASSWORD).at_own_port();
    if row.secure {
        builder = builder.tls(tls::server_config_with("named.crt"));
    }
    let filled = |builder: Builder| {
        let registry = builder.start();
        fill(&registry, "app");
        registry
    };
    filled(match (way, &row.strike) {
        (Way::Direct, _) => builder,
        (_, Strike::Past(_)) => builder.unspecified(),
        _ => builder.realm(&format!("{}://{FAR}/token", row.scheme())),
    })
}

/// Closes the connection after the answer, so that there must be a new one.
fn close() -> Fault {
    Fault::Header("Connection", "close".to_owned())
}

/// The registry that a redirect leads to: the same tags, under another name.
fn twin(registry: &Registry, row: &Row, way: Way) -> Registry {
    let builder = Registry::builder().twin_of(registry);
    let certificate = match way {
        Way::Direct => "server.crt",
        Way::Proxied => "elsewhere.crt",
    };
    let builder = match row.is_secure_elsewhere() {
        true => builder.tls(tls::server_config_with(certificate)),
        false => builder,
    };
    builder.start()
}

/// Tells the registry what goes wrong, and when.
fn script(
    row: &Row,
    phase: Phase,
    way: Way,
    (registry, twin, proxy): (&Registry, &Registry, &Proxy),
) {
    if row.in_body && phase == Phase::Confirm {
        // So that there are bodies: this one refuses it after the write.
        let heads = registry.on("HEAD", "/manifests/1").skip(1).always();
        heads.answer(Fault::status(405));
    }
    let (method, path, skip) = match row.is_before() {
        true => phase.before(),
        false => phase.requests(),
    };
    let mut script = registry.on(method, path).skip(skip);
    if phase == Phase::Token {
        script = script.even_unauthorized();
    }
    match &row.strike {
        Strike::Turn(fault) => script.answer([fault.clone()]),
        Strike::Proxy(refusal) => {
            let turn = proxy.turn(*refusal);
            // A new connection is what the proxy is asked for.
            script.then(move |_| turn()).answer([close()]);
        }
        Strike::Plain | Strike::Past(_) => script.answer([close()]),
        Strike::Answer(faults) => {
            let mut faults = faults.clone();
            if row.in_body && phase == Phase::Put {
                // Registries have no more to say to a write that they took.
                faults.insert(0, Fault::Body(b"{\"taken\": true}\n".repeat(9)));
            }
            script.always().answer(faults);
        }
        Strike::Redirect(status, is_plain) => {
            let port = twin.host().split_once(':').unwrap().1.to_owned();
            let place = match way {
                Way::Direct if !is_plain => format!("localhost:{port}"),
                Way::Proxied if row.is_secure_elsewhere() => SECURE_ELSEWHERE.to_owned(),
                _ => ELSEWHERE.to_owned(),
            };
            let scheme = match row.is_secure_elsewhere() {
                true => "https",
                false => "http",
            };
            let path = match phase {
                Phase::Token => "/token".to_owned(),
                Phase::ByDigest => {
                    format!(
                        "/v2/app/manifests/{}",
                        crate::image::multi("a").index.digest
                    )
                }
                _ => "/v2/app/manifests/1".to_owned(),
            };
            let url = format!("{scheme}://{place}{path}?signature=of-the-redirect");
            script
                .always()
                .answer(Fault::status(*status).with("Location", &url));
        }
    }
    if row.is_before() {
        // Several were open at once, and none is to be used again.
        registry.on("*", "/manifests/").always().answer([close()]);
    }
}

/// The proxy was asked for tunnels only, with its own login if it wants one, and not at all where
/// the way goes past it.
fn check_proxy(row: &Row, proxy: &Proxy) {
    let journal = proxy.journal();
    for request in &journal {
        assert_eq!(request.method, "CONNECT");
        assert_eq!(request.header("Authorization"), None, "{request:?}");
        let is_plain = matches!(row.strike, Strike::Plain);
        let login = request.header("Proxy-Authorization");
        assert_eq!(login.is_none(), is_plain, "{request:?}");
    }
    // That it was asked at all is seen at the registry, which has a name that only the proxy knows.
    assert!(row.past().is_empty() || journal.is_empty(), "{journal:?}");
}

/// No login but the registry's own came to it, none at all to where it redirects, the proxy's to
/// neither; and no secret was shown.
fn check_secrets(registry: &Registry, twin: &Registry, shown: &str) {
    for entry in twin.journal() {
        assert_eq!(entry.authorization, None, "{entry:?}");
    }
    for entry in registry.journal().iter().chain(&twin.journal()) {
        let is_proxys = |(name, _): &(String, String)| name.to_lowercase().starts_with("proxy-");
        assert!(!entry.headers.iter().any(is_proxys), "{entry:?}");
        let scheme = if entry.path.starts_with("/token") {
            "Basic "
        } else {
            "Bearer "
        };
        let authorization = entry.authorization.as_deref();
        assert!(
            authorization.is_none_or(|it| it.starts_with(scheme)),
            "{entry:?}"
        );
    }
    let secrets = [PASSWORD, "open-sesame", "of-the-redirect", runner::TOKEN];
    assert_secret(shown, &secrets);
}

fn seen(
    registry: &Registry,
    way: Way,
    host: String,
    phase: Phase,
    row: &Row,
    (code, report, shown): (Option<i32>, Value, String),
) -> Seen {
    let tag = &report["tags"][0];
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let (method, path, skip) = phase.requests();
    let puts = registry.count("PUT", "");
    let journal = registry.journal();
    let met = journal.iter().filter(|entry| {
        (method == "*" || entry.method == method)
            && entry.path.contains(path)
            // What was refused for want of a token is before the first phase.
            && (phase == Phase::Token || entry.authorization.is_some())
    });
    let times: Vec<Instant> = met.skip(skip).map(|entry| entry.at).collect();
    let met = match row.is_before() {
        true => usize::from(registry.unused_rules().is_empty()),
        false => times.len(),
    };
    let pauses = times.iter().zip(times.iter().skip(1));
    let base = match way {
        Way::Direct => registry.url().to_owned(),
        Way::Proxied => format!("{}://{host}", row.scheme()),
    };
    Seen {
        verdict: text(&tag["verdict"]),
        outcome: text(&tag["outcome"]),
        code,
        message: text(&tag["message"]),
        help: text(&tag["help"]),
        base,
        host,
        met,
        pause: pauses.map(|(one, next)| *next - *one).min(),
        puts,
        is_right: registry.tagged("app", "1") == Some(crate::image::multi("a").index.digest),
        shown,
    }
}

/// How long a stall lasts: longer than any run.
pub(super) const LONG: Duration = Duration::from_secs(120);
