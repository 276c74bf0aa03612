//! Looks names up, within the time that is left.

use std::net::{SocketAddr, ToSocketAddrs as _};

use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// Looks names up, in no more time than is left.
#[derive(Debug)]
pub(crate) struct TimeoutResolver;

impl Resolver for TimeoutResolver {
    fn resolve(
        &self,
        uri: &Uri,
        _config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().ok_or(ureq::Error::HostNotFound)?;
        let port = uri.port_u16().unwrap_or(match uri.scheme_str() {
            Some("https") => 443,
            Some(scheme) if scheme.starts_with("socks") => 1080,
            _ => 80,
        });
        let found = addresses(format!("{host}:{port}"), &timeout)?.map_err(|error| {
            // "Temporary failure in name resolution" is the name server's, not the name's.
            match error.to_string().to_ascii_lowercase() {
                words if words.contains("temporary") || words.contains("try again") => {
                    ureq::Error::Io(error)
                }
                _ => ureq::Error::HostNotFound,
            }
        })?;
        let mut addresses = self.empty();
        for address in found.into_iter().take(16) {
            addresses.push(address);
        }
        match addresses.is_empty() {
            true => Err(ureq::Error::HostNotFound),
            false => Ok(addresses),
        }
    }
}

/// What a look-up found: a list of addresses, or why there is none.
type Addresses = std::io::Result<Vec<SocketAddr>>;

fn look_up(name: &str) -> Addresses {
    name.to_socket_addrs().map(Iterator::collect)
}

/// Waits for the system's answer no longer than `timeout`: the system itself knows no limit, so
/// another thread asks it. An address needs no look-up.
#[cfg(not(target_os = "wasi"))]
fn addresses(name: String, timeout: &NextTimeout) -> Result<Addresses, ureq::Error> {
    if let Ok(address) = name.parse::<SocketAddr>() {
        return Ok(Ok(vec![address]));
    }
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    let asked = name.clone();
    let ask = move || sender.send(look_up(&asked));
    if std::thread::Builder::new().spawn(ask).is_err() {
        // No more threads are to be had, so this one asks.
        return Ok(look_up(&name));
    }
    match receiver.recv_timeout(*timeout.after) {
        Ok(found) => Ok(found),
        Err(_) => Err(ureq::Error::Timeout(timeout.reason)),
    }
}

/// WASI has no threads, and its hosts answer or fail by themselves.
#[cfg(target_os = "wasi")]
fn addresses(name: String, _timeout: &NextTimeout) -> Result<Addresses, ureq::Error> {
    Ok(look_up(&name))
}
