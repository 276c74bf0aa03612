//! Why an exchange failed below HTTP: names, sockets, TLS and proxies, told in words.

use std::time::Duration;

use super::proxy::Proxy;
use crate::registry::Class;
use crate::text::clean;

/// A failure, before or after the headers were there.
pub(crate) enum Failure {
    Answer(ureq::Error),
    Body(std::io::Error),
}

/// What is known about a request that failed below HTTP.
pub(crate) struct Cause<'a> {
    pub(crate) is_secure: bool,
    pub(crate) proxy: Option<&'a Proxy>,
    /// The time for the call was what was left of the run.
    pub(crate) is_last: bool,
    /// How long a connection may take.
    pub(crate) connect: Duration,
}

impl Cause<'_> {
    /// The class of a failure, and its words.
    pub(crate) fn explain(&self, failure: Failure) -> (Class, String) {
        use std::io::ErrorKind as K;
        let error = match failure {
            Failure::Answer(error) => error,
            Failure::Body(error) => match error.kind() {
                _ if is_reset(&error) => {
                    return (Class::Network, "the answer was cut off".to_owned());
                }
                K::UnexpectedEof | K::ConnectionReset | K::ConnectionAborted => {
                    return (Class::Network, "the answer was cut off".to_owned());
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
            ureq::Error::Timeout(ureq::Timeout::Global) if self.is_last => (
                Class::Deadline,
                "the time for the whole run is over".to_owned(),
            ),
            ureq::Error::Timeout(_) => (Class::Network, "no answer in time".to_owned()),
            ureq::Error::HostNotFound => {
                self.connection(Class::UnknownHost, "no such host".to_owned())
            }
            ureq::Error::Io(error) if is_reset(&error) => (Class::Network, CUT.to_owned()),
            ureq::Error::Io(error) => match error.kind() {
                K::ConnectionRefused | K::NotConnected => {
                    self.connection(Class::Network, "the connection was refused".to_owned())
                }
                K::ConnectionReset | K::ConnectionAborted | K::BrokenPipe | K::UnexpectedEof => {
                    (Class::Network, CUT.to_owned())
                }
                K::NetworkUnreachable | K::HostUnreachable => {
                    self.connection(Class::Network, "there is no way to this host".to_owned())
                }
                K::InvalidData if self.is_secure => tls(&error.to_string()),
                _ => (
                    Class::Network,
                    format!("the connection failed: {}", clean(&error.to_string(), 200)),
                ),
            },
            ureq::Error::Tls(words) => tls(words),
            ureq::Error::Pem(_) => tls("a certificate could not be read"),
            ureq::Error::Rustls(error) => tls(&error.to_string()),
            ureq::Error::TlsRequired => tls("no TLS"),
            ureq::Error::ConnectProxyFailed(words) => self.refused(&words),
            ureq::Error::InvalidProxyUrl => (
                Class::Proxy,
                format!("{} is not a proxy that can be used", self.proxy_name()),
            ),
            ureq::Error::Protocol(_) => (Class::BadAnswer, GARBAGE.to_owned()),
            ureq::Error::LargeResponseHeader(..) => (
                Class::BadAnswer,
                "answered with headers that are too large".to_owned(),
            ),
            error => (
                Class::Network,
                format!("the request failed: {}", clean(&error.to_string(), 200)),
            ),
        }
    }

    /// A connection that was not made is the proxy's fault, if there is one.
    fn connection(&self, class: Class, words: String) -> (Class, String) {
        match self.proxy {
            None => (class, words),
            Some(_) => (Class::Proxy, format!("{}: {words}", self.proxy_name())),
        }
    }

    /// A proxy that answers as a gateway says that the way beyond it is broken, which may pass.
    fn refused(&self, words: &str) -> (Class, String) {
        let name = self.proxy_name();
        // "proxy server responded 407/407"
        let status = words
            .split(|c: char| !c.is_ascii_digit())
            .find_map(|number| ureq::http::StatusCode::from_bytes(number.as_bytes()).ok());
        match status {
            Some(status) if matches!(status.as_u16(), 502..=504) => (
                Class::Network,
                format!("{name} does not get through: {status}"),
            ),
            Some(status) => (Class::Proxy, format!("{name} refused: {status}")),
            None => (
                Class::Proxy,
                format!("{name} refused: {}", clean(words, 200)),
            ),
        }
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

/// The connection ended where an answer should begin.
pub(crate) const CUT: &str = "the connection was cut";

/// What came is not HTTP.
pub(crate) const GARBAGE: &str = "answered with something that is not HTTP";

/// The other side of a TLS handshake does not know TLS.
pub(crate) const NO_TLS: &str = "it does not speak TLS";

fn tls(words: &str) -> (Class, String) {
    let lower = words.to_ascii_lowercase();
    let known = [
        (
            "unknownissuer",
            "its certificate is signed by an authority that is not trusted here",
        ),
        ("caused by a self-signed", "its certificate is self-signed"),
        ("not valid for name", "its certificate is for another name"),
        ("notvalidforname", "its certificate is for another name"),
        ("expired", "its certificate has expired"),
        ("not valid yet", "its certificate is not valid yet"),
        ("notvalidyet", "its certificate is not valid yet"),
        ("invalidcontenttype", NO_TLS),
        ("corrupt message", NO_TLS),
    ];
    let reason = known
        .iter()
        .find(|(sign, _)| lower.contains(sign))
        .map_or_else(
            || format!("TLS failed: {}", clean(words, 200)),
            |(_, reason)| (*reason).to_owned(),
        );
    (Class::Tls, reason)
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
                NO_TLS,
            ),
            ("peer is incompatible", "TLS failed: peer is incompatible"),
        ] {
            let (class, reason) = tls(words);
            assert_eq!(class, Class::Tls);
            assert!(reason.contains(part), "{reason}");
        }
    }
}
