//! Which proxy a request goes through: the variables that everyone sets, read as Go reads them.

use std::net::IpAddr;

use super::origin::Origin;
use crate::environment::Environment;
use crate::oci::is_loopback;

/// The proxies that the environment names, and what goes past them.
#[derive(Debug)]
pub(crate) struct Proxies {
    secure: Option<Proxy>,
    plain: Option<Proxy>,
    exceptions: Vec<Exception>,
}

/// A proxy and the variable that named it.
#[derive(Clone, Debug)]
pub(crate) struct Proxy {
    /// The variable's name, for messages: its value may hold a password.
    pub(crate) variable: &'static str,
    /// What the HTTP client takes.
    pub(crate) proxy: ureq::Proxy,
}

impl Proxies {
    /// The proxies of this environment.
    ///
    /// # Errors
    ///
    /// When a variable holds no proxy: the words name the variable, never its value.
    pub(crate) fn new(environment: &Environment) -> Result<Self, String> {
        let first = |names: [&'static str; 4]| {
            names
                .into_iter()
                .find_map(|name| environment.get(name).map(|value| (name, value)))
                .map(|(variable, value)| parse(variable, value))
                .transpose()
        };
        let exceptions = ["NO_PROXY", "no_proxy"]
            .into_iter()
            .find_map(|name| environment.get(name))
            .unwrap_or_default();
        Ok(Self {
            secure: first(["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])?,
            plain: first(["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])?,
            exceptions: exceptions
                .split([',', ' '])
                .filter_map(Exception::parse)
                .collect(),
        })
    }

    /// The proxy for requests to `origin`; none for this machine, as in Go.
    pub(crate) fn choose(&self, origin: &Origin) -> Option<&Proxy> {
        let excepted = is_loopback(origin.host())
            || self
                .exceptions
                .iter()
                .any(|exception| exception.matches(origin));
        match excepted {
            true => None,
            false if origin.is_secure() => self.secure.as_ref(),
            false => self.plain.as_ref(),
        }
    }
}

fn parse(variable: &'static str, value: &str) -> Result<Proxy, String> {
    ureq::Proxy::new(value.trim())
        .map(|proxy| Proxy { variable, proxy })
        .map_err(|_| {
            format!("`{variable}` is not a proxy: it looks like `http://proxy.example.com:3128`")
        })
}

/// One entry of `NO_PROXY`.
#[derive(Debug, PartialEq, Eq)]
enum Exception {
    All,
    /// `example.com` and everything below it, `.example.com` only what is below it.
    Name {
        name: String,
        below_only: bool,
        port: Option<u16>,
    },
    Address {
        address: IpAddr,
        port: Option<u16>,
    },
    Network {
        address: IpAddr,
        bits: u32,
    },
}

impl Exception {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        if text.is_empty() {
            return None;
        }
        if text == "*" {
            return Some(Self::All);
        }
        if let Some((address, bits)) = text.split_once('/') {
            let address = bare(address).parse().ok()?;
            let bits: u32 = bits.parse().ok()?;
            let most = if matches!(address, IpAddr::V4(_)) {
                32
            } else {
                128
            };
            return (bits <= most).then_some(Self::Network { address, bits });
        }
        if let Ok(address) = bare(&text).parse() {
            return Some(Self::Address {
                address,
                port: None,
            });
        }
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) => (name, Some(port.parse().ok()?)),
            None => (text.as_str(), None),
        };
        if let Ok(address) = bare(name).parse() {
            return Some(Self::Address { address, port });
        }
        let rest = name.strip_prefix('*').unwrap_or(name);
        let below = rest.strip_prefix('.');
        Some(Self::Name {
            below_only: below.is_some(),
            name: below.unwrap_or(rest).trim_end_matches('.').to_owned(),
            port,
        })
    }

    fn matches(&self, origin: &Origin) -> bool {
        let fits = |port: &Option<u16>| port.is_none_or(|port| port == origin.port());
        match self {
            Self::All => true,
            Self::Name {
                name,
                below_only,
                port,
            } => {
                let host = origin.host();
                let below = host
                    .strip_suffix(name.as_str())
                    .is_some_and(|rest| rest.ends_with('.'));
                !name.is_empty() && fits(port) && (below || (host == name && !below_only))
            }
            Self::Address { address, port } => fits(port) && origin.host().parse() == Ok(*address),
            Self::Network { address, bits } => origin
                .host()
                .parse()
                .is_ok_and(|host| in_network(host, *address, *bits)),
        }
    }
}

fn bare(address: &str) -> &str {
    address
        .strip_prefix('[')
        .and_then(|address| address.strip_suffix(']'))
        .unwrap_or(address)
}

fn in_network(host: IpAddr, network: IpAddr, bits: u32) -> bool {
    match (host, network) {
        (IpAddr::V4(host), IpAddr::V4(network)) => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            host.to_bits() & mask == network.to_bits() & mask
        }
        (IpAddr::V6(host), IpAddr::V6(network)) => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            host.to_bits() & mask == network.to_bits() & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Result<Proxies, String> {
        Proxies::new(&Environment::new(
            variables
                .iter()
                .map(|&(name, value)| (name.to_owned(), value.to_owned())),
        ))
    }

    fn chosen(variables: &[(&str, &str)], url: &str) -> Option<String> {
        let proxies = proxies(variables).unwrap();
        proxies
            .choose(&Origin::parse(url).unwrap())
            .map(|proxy| format!("{} {}", proxy.variable, proxy.proxy.host()))
    }

    #[test]
    fn each_scheme_has_its_variable_and_all_proxy_stands_in() {
        let both = [("HTTPS_PROXY", "http://s:1"), ("http_proxy", "http://p:2")];
        let all = [("ALL_PROXY", "socks5://a:3")];
        let only_plain = [("HTTP_PROXY", "p:2")];
        for (variables, url, expected) in [
            (&both[..], "https://r.io/", Some("HTTPS_PROXY s")),
            (&both, "http://r.io/", Some("http_proxy p")),
            (&both, "http://localhost:5000/", None),
            (&both, "https://127.0.0.1/", None),
            (&both, "http://[::1]:5000/", None),
            (&all, "https://r.io/", Some("ALL_PROXY a")),
            (&all, "http://r.io/", Some("ALL_PROXY a")),
            (&only_plain, "https://r.io/", None),
            (&only_plain, "http://r.io/", Some("HTTP_PROXY p")),
            (&[("HTTPS_PROXY", "")], "https://r.io/", None),
            (&[], "https://r.io/", None),
        ] {
            assert_eq!(chosen(variables, url).as_deref(), expected, "{url}");
        }
    }

    #[test]
    fn no_proxy_knows_names_suffixes_ports_addresses_and_networks() {
        for (exceptions, url, past) in [
            ("*", "https://r.io/", true),
            ("r.io", "https://r.io/", true),
            ("R.IO", "https://r.io:5000/", true),
            ("r.io", "https://x.r.io/", true),
            ("r.io", "https://xr.io/", false),
            (".r.io", "https://x.r.io/", true),
            (".r.io", "https://r.io/", false),
            ("*.r.io", "https://x.r.io/", true),
            ("r.io:443", "https://r.io/", true),
            ("r.io:5000", "https://r.io/", false),
            ("a, b ,r.io", "https://r.io/", true),
            ("10.0.0.0/8", "https://10.1.2.3/", true),
            ("10.0.0.0/8", "https://11.1.2.3/", false),
            ("0.0.0.0/0", "https://11.1.2.3/", true),
            ("10.1.2.3", "https://10.1.2.3:5000/", true),
            ("10.1.2.3:5000", "https://10.1.2.3/", false),
            ("[2001:db8::1]", "https://[2001:db8::1]/", true),
            ("[2001:db8::1]:5", "https://[2001:db8::1]:5/", true),
            ("2001:db8::/32", "https://[2001:db8::1]/", true),
            ("2001:db8::/32", "https://[2001:db9::1]/", false),
            ("10.0.0.0/99", "https://10.0.0.0/", false),
            (".", "https://r.io/", false),
            ("", "https://r.io/", false),
        ] {
            let variables = [("HTTPS_PROXY", "http://s:1"), ("no_proxy", exceptions)];
            assert_eq!(
                chosen(&variables, url).is_none(),
                past,
                "{exceptions} {url}"
            );
        }
    }

    #[test]
    fn a_bad_proxy_is_named_by_its_variable_without_its_password() {
        for bad in ["ftp://me:hunter2@x:1", "http://me:hunter2@:x y", "::"] {
            let words = proxies(&[("HTTPS_PROXY", bad)]).unwrap_err();
            assert!(words.contains("`HTTPS_PROXY`"), "{words}");
            assert!(!words.contains("hunter2"), "{words}");
        }
    }
}
