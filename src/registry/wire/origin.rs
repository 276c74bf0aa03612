//! Where a URL leads: scheme, host and port, and whether a stranger may send us there.

use std::net::{IpAddr, Ipv6Addr};

use ureq::http::Uri;

use crate::oci::is_loopback;

/// A scheme, a host and a port. Another port or scheme of the same host is another origin
/// (oras-go GHSA-vh4v-2xq2-g5cg).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Origin {
    secure: bool,
    host: String,
    port: u16,
}

impl Origin {
    /// The origin of an `http` or `https` URL that names nothing but a place: no user, no fragment.
    pub(crate) fn parse(url: &str) -> Result<Self, &'static str> {
        // The parser drops a fragment silently.
        if url.contains('#') {
            return Err("it has a fragment");
        }
        let uri: Uri = url.parse().map_err(|_| "it is not a URL")?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err("it is neither `https` nor `http`"),
        };
        let authority = uri.authority().ok_or("it has no host")?;
        if authority.as_str().contains('@') {
            return Err("it has a user name in it");
        }
        let host = authority.host().to_ascii_lowercase();
        let host = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(&host)
            .trim_end_matches('.');
        if host.is_empty() {
            return Err("it has no host");
        }
        let port = match (authority.port(), secure) {
            (Some(port), _) => port.as_u16(),
            (None, true) => 443,
            (None, false) => 80,
        };
        Ok(Self {
            secure,
            host: host.to_owned(),
            port,
        })
    }

    /// Whether it is `https`.
    pub(crate) fn is_secure(&self) -> bool {
        self.secure
    }

    /// The host, without the brackets of an IPv6 address.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The port, the scheme's own if none was written.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Whether both are the same host and port, whatever the scheme.
    pub(crate) fn is_same_place(&self, other: &Self) -> bool {
        self.host == other.host && self.port == other.port
    }

    /// Whether a registry here may send us to `target`: to an internal place only if that is the
    /// registry's own, or if the registry itself is on this machine and so is the target.
    pub(crate) fn may_lead_to(&self, target: &Self) -> bool {
        !target.is_internal()
            || target.is_same_place(self)
            || (is_loopback(&self.host) && is_loopback(&target.host))
    }

    /// Whether only this machine or its cloud's metadata service is there: no registry has a
    /// reason to send anyone to it. RFC 1918 is not meant: self-hosted registries live there.
    fn is_internal(&self) -> bool {
        const METADATA: [&str; 4] = [
            "metadata",
            "metadata.google.internal",
            "instance-data",
            "instance-data.ec2.internal",
        ];
        if is_loopback(&self.host) || METADATA.contains(&self.host.as_str()) {
            return true;
        }
        match self.host.parse::<IpAddr>() {
            Ok(IpAddr::V4(ip)) => ip.is_link_local() || ip.is_unspecified() || ip.is_loopback(),
            Ok(IpAddr::V6(ip)) => match v4_within(&ip) {
                Some(ip) => ip.is_link_local() || ip.is_unspecified() || ip.is_loopback(),
                None => {
                    ip.is_loopback()
                        || ip.is_unspecified()
                        || ip.segments().first().is_some_and(|s| s & 0xffc0 == 0xfe80)
                        || METADATA_V6.contains(&ip)
                }
            },
            // `127.1`, `2130706433` and `0x7f.1` are addresses to some resolvers and to no one else.
            Err(_) => self.host.rsplit('.').next().is_some_and(|last| {
                last.starts_with("0x") || (last.bytes().all(|b| b.is_ascii_digit()))
            }),
        }
    }
}

/// The metadata service of AWS over IPv6.
const METADATA_V6: [Ipv6Addr; 1] = [Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)];

/// The IPv4 address that an IPv6 one stands for: mapped, compatible, or by NAT64.
fn v4_within(ip: &Ipv6Addr) -> Option<std::net::Ipv4Addr> {
    if ip.is_loopback() || ip.is_unspecified() {
        return None;
    }
    let [a, b, c, d, e, f, high, low] = ip.segments();
    let nat64 = [a, b, c, d, e, f] == [0x64, 0xff9b, 0, 0, 0, 0];
    ip.to_ipv4().or_else(|| {
        nat64.then(|| {
            let [w, x] = high.to_be_bytes();
            let [y, z] = low.to_be_bytes();
            std::net::Ipv4Addr::new(w, x, y, z)
        })
    })
}

/// `url` as it may be shown: without user, query and fragment, which can hold secrets.
pub(crate) fn public_url(url: &str) -> String {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let (shown, rest) = url.split_at(end);
    let shown = match shown.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
            let host = authority.rsplit('@').next().unwrap_or_default();
            match rest.contains('/') {
                true => format!("{scheme}://{host}/{path}"),
                false => format!("{scheme}://{host}"),
            }
        }
        None => shown.to_owned(),
    };
    let shown = crate::text::clean(&shown, 500);
    match rest.is_empty() {
        true => shown,
        false => format!("{shown}?…"),
    }
}

/// Where `location` leads from `base` (RFC 3986, section 5, as far as registries use it).
pub(crate) fn resolve(base: &str, location: &str) -> Option<String> {
    let location = location.split('#').next().unwrap_or_default();
    if location.is_empty() || location.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return None;
    }
    let scheme_end = location.find(':').unwrap_or(usize::MAX);
    let path_start = location.find(['/', '?']).unwrap_or(usize::MAX);
    if scheme_end < path_start {
        return Some(location.to_owned());
    }
    let (scheme, rest) = base.split_once("://")?;
    if let Some(rest) = location.strip_prefix("//") {
        return Some(format!("{scheme}://{rest}"));
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let path = path.split('?').next().unwrap_or_default();
    if location.starts_with('?') {
        return Some(format!("{scheme}://{authority}{path}{location}"));
    }
    let (target, query) = match location.split_once('?') {
        Some((target, query)) => (target, format!("?{query}")),
        None => (location, String::new()),
    };
    let merged = match target.starts_with('/') {
        true => target.to_owned(),
        false => {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            format!("{folder}/{target}")
        }
    };
    let mut segments: Vec<&str> = Vec::new();
    for segment in merged.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    Some(format!(
        "{scheme}://{authority}/{}{query}",
        segments.join("/")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let origin =
            |url| Origin::parse(url).map(|o| (o.is_secure(), o.host().to_owned(), o.port()));
        assert_eq!(
            origin("https://R.io/token?x=1"),
            Ok((true, "r.io".to_owned(), 443))
        );
        assert_eq!(
            origin("http://[::1]:5000/x"),
            Ok((false, "::1".to_owned(), 5000))
        );
        assert!(origin("https://user@r.io/").is_err());
        assert!(origin("https://r.io/#f").is_err());
        assert!(origin("ftp://r.io/").is_err());
        assert!(origin("/token").is_err());
        assert!(origin("https:///x").is_err());
        assert!(origin("").is_err());
    }

    #[test]
    fn this_machine_and_metadata_services_are_internal_and_private_networks_are_not() {
        for (host, expected) in [
            ("127.0.0.1", true),
            ("localhost", true),
            ("a.localhost", true),
            ("[::1]", true),
            ("[::ffff:127.0.0.1]", true),
            ("[::ffff:169.254.169.254]", true),
            ("[64:ff9b::a9fe:a9fe]", true),
            ("[fe80::1]", true),
            ("[::]", true),
            ("[fd00:ec2::254]", true),
            ("0.0.0.0", true),
            ("169.254.169.254", true),
            ("metadata.google.internal", true),
            ("localhost.", true),
            ("127.1", true),
            ("2130706433", true),
            ("0x7f.0.0.1", true),
            ("10.0.0.1", false),
            ("192.168.1.1", false),
            ("[fd00::1]", false),
            ("[2001:db8::1]", false),
            ("auth.docker.io", false),
        ] {
            let origin = Origin::parse(&format!("https://{host}/x")).unwrap();
            assert_eq!(origin.is_internal(), expected, "{host}");
        }
    }

    #[test]
    fn neither_user_nor_query_is_shown() {
        for (url, shown) in [
            ("https://r.io/token?service=x", "https://r.io/token?…"),
            ("https://u:p@r.io/a", "https://r.io/a"),
            ("https://u:p@r.io", "https://r.io"),
            ("https://r.io/a#x", "https://r.io/a?…"),
            (
                "https://r.io/v2/a/manifests/1",
                "https://r.io/v2/a/manifests/1",
            ),
        ] {
            assert_eq!(public_url(url), shown);
        }
    }

    #[test]
    fn locations_are_resolved_against_the_request() {
        let base = "https://r.io/v2/app/manifests/1?x=y";
        for (location, expected) in [
            ("https://cdn.io/b", Some("https://cdn.io/b")),
            ("//cdn.io/b", Some("https://cdn.io/b")),
            ("/b?c=d", Some("https://r.io/b?c=d")),
            ("2", Some("https://r.io/v2/app/manifests/2")),
            ("../blobs/x", Some("https://r.io/v2/app/blobs/x")),
            ("/../../x", Some("https://r.io/x")),
            ("?z", Some("https://r.io/v2/app/manifests/1?z")),
            ("/a#f", Some("https://r.io/a")),
            ("javascript:x", Some("javascript:x")),
            ("", None),
            ("/a b", None),
        ] {
            assert_eq!(resolve(base, location).as_deref(), expected, "{location}");
        }
    }
}
