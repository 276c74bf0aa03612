//! Why an exchange failed below HTTP: names, sockets, TLS and proxies, as a class, a cause and words.

use std::time::Duration;

use super::proxy::Proxy;
use crate::registry::{Cause, Class};
use crate::text::clean;

/// A failure, before or after the headers were there.
pub(crate) enum Failure {
    Answer(ureq::Error),
    Body(std::io::Error),
}

/// How a request was made that failed below HTTP.
pub(crate) struct FailedCall<'a> {
    pub(crate) is_secure: bool,
    pub(crate) proxy: Option<&'a Proxy>,
    /// The time for the call was what was left of the run.
    pub(crate) is_last: bool,
    /// How long a connection may take.
    pub(crate) connect: Duration,
}

/// What is made of a failure.
type Explained = (Class, Cause, String);

impl FailedCall<'_> {
    /// The class of a failure, what is known of its cause, and its words.
    pub(crate) fn explain(&self, failure: Failure) -> Explained {
        use std::io::ErrorKind as K;
        let error = match failure {
            Failure::Answer(error) => error,
            Failure::Body(error) => match error.kind() {
                _ if is_reset(&error) => {
                    return other(Class::Network, "the answer was cut off");
                }
                K::UnexpectedEof | K::ConnectionReset | K::ConnectionAborted => {
                    return other(Class::Network, "the answer was cut off");
                }
                _ => ureq::Error::from(error),
            },
        };
        match error {
            ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => self
                .connection(
                    Class::Network,
                    format!("no connection within {} s", self.connect.as_secs()),
                ),
            ureq::Error::Timeout(ureq::Timeout::Global) if self.is_last => {
                other(Class::Deadline, "the time for the whole run is over")
            }
            ureq::Error::Timeout(_) => other(Class::Network, "no answer in time"),
            ureq::Error::HostNotFound => {
                self.connection(Class::UnknownHost, "no such host".to_owned())
            }
            ureq::Error::Io(error) if is_reset(&error) => cut(),
            ureq::Error::Io(error) => match error.kind() {
                K::ConnectionRefused | K::NotConnected => {
                    self.connection(Class::Network, "the connection was refused".to_owned())
                }
                K::ConnectionReset | K::ConnectionAborted | K::BrokenPipe | K::UnexpectedEof => {
                    cut()
                }
                K::NetworkUnreachable | K::HostUnreachable => {
                    self.connection(Class::Network, "there is no way to this host".to_owned())
                }
                K::InvalidData if self.is_secure => tls(&error.to_string()),
                _ => other(
                    Class::Network,
                    &format!("the connection failed: {}", clean(&error.to_string(), 200)),
                ),
            },
            ureq::Error::Tls(words) => tls(words),
            ureq::Error::Pem(_) => tls("a certificate could not be read"),
            ureq::Error::Rustls(error) => tls(&error.to_string()),
            ureq::Error::TlsRequired => tls("no TLS"),
            ureq::Error::ConnectProxyFailed(words) => self.refused(&words),
            ureq::Error::InvalidProxyUrl => (
                Class::Proxy,
                self.proxy_cause(false),
                format!("{} is not a proxy that can be used", self.proxy_name()),
            ),
            ureq::Error::Protocol(_) => (
                Class::BadAnswer,
                Cause::NotHttp,
                "answered with something that is not HTTP".to_owned(),
            ),
            ureq::Error::LargeResponseHeader(..) => {
                other(Class::BadAnswer, "answered with headers that are too large")
            }
            error => other(
                Class::Network,
                &format!("the request failed: {}", clean(&error.to_string(), 200)),
            ),
        }
    }

    /// A connection that was not made is the proxy's fault, if there is one.
    fn connection(&self, class: Class, words: String) -> Explained {
        match self.proxy {
            None => (class, Cause::Other, words),
            Some(_) => (
                Class::Proxy,
                self.proxy_cause(false),
                format!("{}: {words}", self.proxy_name()),
            ),
        }
    }

    /// A proxy that answers as a gateway says that the way beyond it is broken, which may pass.
    fn refused(&self, words: &str) -> Explained {
        let name = self.proxy_name();
        // "proxy server responded 407/407"
        let status = words
            .split(|c: char| !c.is_ascii_digit())
            .find_map(|number| ureq::http::StatusCode::from_bytes(number.as_bytes()).ok());
        match status {
            Some(status) if matches!(status.as_u16(), 502..=504) => (
                Class::Network,
                self.proxy_cause(false),
                format!("{name} does not get through: {status}"),
            ),
            Some(status) => (
                Class::Proxy,
                self.proxy_cause(status.as_u16() == 407),
                format!("{name} refused: {status}"),
            ),
            None => (
                Class::Proxy,
                self.proxy_cause(false),
                format!("{name} refused: {}", clean(words, 200)),
            ),
        }
    }

    fn proxy_cause(&self, wants_login: bool) -> Cause {
        let variable = self.proxy.map(|proxy| proxy.variable);
        variable.map_or(Cause::Other, |variable| Cause::Proxy {
            variable,
            wants_login,
        })
    }

    fn proxy_name(&self) -> String {
        self.proxy.map_or_else(
            || "the proxy".to_owned(),
            |proxy| format!("the proxy of `{}`", proxy.variable),
        )
    }
}

/// Whether a connection was reset, as WASI tells it: its streams know no more than that they failed,
/// which becomes `EIO`.
fn is_reset(error: &std::io::Error) -> bool {
    cfg!(target_os = "wasi") && error.raw_os_error() == Some(29)
}

fn other(class: Class, words: &str) -> Explained {
    (class, Cause::Other, words.to_owned())
}

fn cut() -> Explained {
    let words = "the connection was cut".to_owned();
    (Class::Network, Cause::Cut, words)
}

fn tls(words: &str) -> Explained {
    let lower = words.to_ascii_lowercase();
    let no_tls = (Cause::NoTls, "it does not speak TLS");
    let other_name = (Cause::OtherName, "its certificate is for another name");
    let not_yet = (Cause::NotYetValid, "its certificate is not valid yet");
    let untrusted = "its certificate is signed by an authority that is not trusted here";
    let known = [
        ("unknownissuer", (Cause::Other, untrusted)),
        (
            "caused by a self-signed",
            (Cause::Other, "its certificate is self-signed"),
        ),
        ("not valid for name", other_name.clone()),
        ("notvalidforname", other_name),
        ("expired", (Cause::Expired, "its certificate has expired")),
        ("not valid yet", not_yet.clone()),
        ("notvalidyet", not_yet),
        ("invalidcontenttype", no_tls.clone()),
        ("corrupt message", no_tls),
    ];
    let found = known.into_iter().find(|(sign, _)| lower.contains(sign));
    match found {
        Some((_, (cause, reason))) => (Class::Tls, cause, reason.to_owned()),
        None => other(Class::Tls, &format!("TLS failed: {}", clean(words, 200))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_of_tls_are_told_in_words() {
        for (words, part) in [
            (
                "invalid peer certificate: UnknownIssuer",
                "not trusted here",
            ),
            (
                "invalid peer certificate: certificate not valid for name \"x\"",
                "another name",
            ),
            (
                "invalid peer certificate: certificate expired: …",
                "has expired",
            ),
            (
                "received corrupt message of type InvalidContentType",
                "it does not speak TLS",
            ),
            ("peer is incompatible", "TLS failed: peer is incompatible"),
        ] {
            let (class, _, reason) = tls(words);
            assert_eq!(class, Class::Tls);
            assert!(reason.contains(part), "{reason}");
        }
    }
}
