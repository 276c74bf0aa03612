//! A reference to an image, `host/path:tag@digest`, completed the way Docker completes it.
//!
//! The grammar is that of distribution/reference, in ASCII only; nothing that parses here can
//! change the meaning of a URL it is put into.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use super::digest::{Digest, ParseDigestError};

pub(super) const DOCKER_HUB: &str = "docker.io";

/// A registry's name and port, in lower case: `ghcr.io`, `localhost:5000`, `[::1]:5000`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host {
    text: String,
}

impl Host {
    /// The name as people write it (`docker.io` for Docker Hub).
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The authority that requests go to: Docker Hub answers at `registry-1.docker.io`.
    #[must_use]
    pub fn authority(&self) -> &str {
        if self.is_docker_hub() {
            "registry-1.docker.io"
        } else {
            &self.text
        }
    }

    /// Whether this is Docker Hub, under whichever of its names.
    #[must_use]
    pub fn is_docker_hub(&self) -> bool {
        self.text == DOCKER_HUB
    }

    /// The name without the port, and without the brackets of an IPv6 address.
    #[must_use]
    pub fn name(&self) -> &str {
        let name = match self.text.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
            _ => &self.text,
        };
        name.strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'))
            .unwrap_or(name)
    }

    /// Whether the name always means this machine: such a registry is spoken to over plain HTTP
    /// unless it turns out to want TLS, and never through a proxy.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(self.name())
    }
}

/// Whether `name` (no port, no brackets) always means this machine.
pub(crate) fn is_loopback(name: &str) -> bool {
    name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|ip| match ip {
            std::net::IpAddr::V4(ip) => ip.is_loopback(),
            std::net::IpAddr::V6(ip) => {
                ip.is_loopback() || ip.to_ipv4_mapped().is_some_and(|ip| ip.is_loopback())
            }
        })
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Host {
    type Err = ParseReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.to_ascii_lowercase();
        let (name, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, rest) = rest.split_once(']').ok_or(ParseReferenceError::Host)?;
                // Docker takes none that ends like an IPv4 address.
                if address.contains('.') || address.parse::<Ipv6Addr>().is_err() {
                    return Err(ParseReferenceError::Host);
                }
                match rest {
                    "" => ("", None),
                    rest => (
                        "",
                        Some(rest.strip_prefix(':').ok_or(ParseReferenceError::Host)?),
                    ),
                }
            }
            None => match text.split_once(':') {
                Some((name, port)) => (name, Some(port)),
                None => (text.as_str(), None),
            },
        };
        let component = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !part.starts_with('-')
                && !part.ends_with('-')
        };
        if !text.starts_with('[') && !name.split('.').all(component) {
            return Err(ParseReferenceError::Host);
        }
        if port.is_some_and(|port| {
            !port.bytes().all(|b| b.is_ascii_digit()) || port.parse::<u16>().is_err()
        }) {
            return Err(ParseReferenceError::Host);
        }
        let text = match text.as_str() {
            "index.docker.io" | "registry-1.docker.io" => DOCKER_HUB.to_owned(),
            _ => text,
        };
        Ok(Self { text })
    }
}

/// A repository of a registry: `ghcr.io/acme/app`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Repository {
    host: Host,
    path: String,
}

impl Repository {
    /// The registry it is in.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The path within the registry: `acme/app`, `library/alpine`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether it is one of Docker Hub's `library`, as every name of one word is: only Docker
    /// pushes there, and anyone may read.
    #[must_use]
    pub fn is_dockers_own(&self) -> bool {
        self.host.is_docker_hub() && self.path.starts_with("library/")
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.host, self.path)
    }
}

/// A tag: at most 128 of `[A-Za-z0-9_.-]`, the first none of `.-` (distribution-spec).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag {
    text: String,
}

impl Tag {
    /// The tag as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The tag that a name without one means.
    #[must_use]
    pub fn latest() -> Self {
        Self {
            text: "latest".to_owned(),
        }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Tag {
    type Err = ParseReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // [a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let fits = !text.is_empty()
            && text.len() <= 128
            && text.bytes().next().is_some_and(word)
            && text.bytes().all(|b| word(b) || b == b'.' || b == b'-');
        if fits {
            Ok(Self {
                text: text.to_owned(),
            })
        } else {
            Err(ParseReferenceError::Tag)
        }
    }
}

/// A name as users write it, completed: `app` is `docker.io/library/app`.
///
/// Whether a tag was written is kept: `tag()` is `None` where there was none. What such a name
/// means (`latest`, or the repository alone) is for the reader of the name to decide.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    repository: Repository,
    tag: Option<Tag>,
    digest: Option<Digest>,
}

impl Reference {
    /// A reference to a tag of a repository, to a digest, or to both.
    #[must_use]
    pub fn new(repository: Repository, tag: Option<Tag>, digest: Option<Digest>) -> Self {
        Self {
            repository,
            tag,
            digest,
        }
    }

    /// The repository.
    #[must_use]
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The tag, if one was written.
    #[must_use]
    pub fn tag(&self) -> Option<&Tag> {
        self.tag.as_ref()
    }

    /// The digest, if one was written.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl FromStr for Reference {
    type Err = ParseReferenceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(ParseReferenceError::Empty);
        }
        if text.contains("://") {
            return Err(ParseReferenceError::Scheme);
        }
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (
                name,
                Some(digest.parse().map_err(ParseReferenceError::Digest)?),
            ),
            None => (text, None),
        };
        // A colon after the last slash begins a tag; any other belongs to the host's port.
        let (name, tag) = match name.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') && !name.is_empty() => {
                (name, Some(tag.parse()?))
            }
            _ => (name, None),
        };
        let (host, path) = match name.split_once('/') {
            Some((host, path)) if is_host(host) => (host.parse::<Host>()?, path.to_owned()),
            _ => (
                Host {
                    text: DOCKER_HUB.to_owned(),
                },
                name.to_owned(),
            ),
        };
        // `HOST/app` is a host by its capitals alone: in lower case it would be another name.
        if !is_host(host.as_str()) {
            return Err(ParseReferenceError::Host);
        }
        let path = match host.is_docker_hub() && !path.contains('/') {
            true => format!("library/{path}"),
            false => path,
        };
        // 64 hexadecimal digits and nothing else are taken for an image ID (distribution/reference).
        let is_id = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
        if is_id {
            return Err(ParseReferenceError::Path);
        }
        check_path(&path)?;
        Ok(Self {
            repository: Repository { host, path },
            tag,
            digest,
        })
    }
}

/// The part before the first slash is a host only if it could not be a path component
/// (distribution/reference, `splitDockerDomain`).
pub(super) fn is_host(part: &str) -> bool {
    part.contains(['.', ':']) || part == "localhost" || part.bytes().any(|b| b.is_ascii_uppercase())
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*`, at most 255 bytes.
fn check_path(path: &str) -> Result<(), ParseReferenceError> {
    if path.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(ParseReferenceError::UpperCase);
    }
    let component = |part: &str| {
        let mut separator = String::new();
        let mut letters = 0_usize;
        for c in part.chars() {
            match c {
                'a'..='z' | '0'..='9' => {
                    if !(separator.is_empty() || letters > 0) || !is_separator(&separator) {
                        return false;
                    }
                    separator.clear();
                    letters += 1;
                }
                '.' | '_' | '-' => separator.push(c),
                _ => return false,
            }
        }
        letters > 0 && separator.is_empty()
    };
    if path.len() > 255 || !path.split('/').all(component) {
        return Err(ParseReferenceError::Path);
    }
    Ok(())
}

fn is_separator(text: &str) -> bool {
    matches!(text, "" | "." | "_" | "__") || text.bytes().all(|b| b == b'-')
}

/// Why a text is no reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseReferenceError {
    /// There is nothing.
    Empty,
    /// It is a URL.
    Scheme,
    /// The host is no host name with an optional port.
    Host,
    /// The path has upper-case letters.
    UpperCase,
    /// The path is not what a repository may be called.
    Path,
    /// The tag is not what a tag may be called.
    Tag,
    /// The digest is none.
    Digest(ParseDigestError),
}

impl fmt::Display for ParseReferenceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::Scheme => f.write_str("a reference has no `https://` in front of it"),
            Self::Host => f.write_str("the host is not a host name with an optional port"),
            Self::UpperCase => f.write_str("a repository is written in lower case"),
            Self::Path => f.write_str("a repository is made of `a-z`, `0-9` and single `.`, `_`, `-` between them"),
            Self::Tag => f.write_str(
                "a tag is at most 128 of `A-Z`, `a-z`, `0-9`, `_`, `.`, `-`, and begins with none of `.` and `-`",
            ),
            Self::Digest(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ParseReferenceError {}

#[cfg(test)]
mod tests {
    use super::*;

    mod vectors;

    fn parse(text: &str) -> Result<String, ParseReferenceError> {
        text.parse::<Reference>()
            .map(|reference| reference.to_string())
    }

    #[test]
    fn names_are_completed_as_docker_completes_them() {
        for (written, completed) in [
            ("app", "docker.io/library/app"),
            ("app:1", "docker.io/library/app:1"),
            ("user/app", "docker.io/user/app"),
            ("docker.io/app", "docker.io/library/app"),
            ("index.docker.io/user/app:1", "docker.io/user/app:1"),
            ("registry-1.docker.io/app", "docker.io/library/app"),
            ("ghcr.io/acme/app:1.2", "ghcr.io/acme/app:1.2"),
            ("localhost/app", "localhost/app"),
            ("localhost:5000/app", "localhost:5000/app"),
            ("localhost:5000/a/b/c:x", "localhost:5000/a/b/c:x"),
            ("Registry.Example.com/app", "registry.example.com/app"),
            ("[::1]:5000/app:1", "[::1]:5000/app:1"),
            ("[2001:db8::1]/app", "[2001:db8::1]/app"),
            ("a.b/c__d/e-f---g.h", "a.b/c__d/e-f---g.h"),
            ("library/app", "docker.io/library/app"),
        ] {
            assert_eq!(parse(written).as_deref(), Ok(completed), "{written}");
        }
    }

    #[test]
    fn what_was_not_written_is_not_filled_in() {
        let reference: Reference = "app".parse().unwrap();
        assert_eq!((reference.tag(), reference.digest()), (None, None));
        let digest = Digest::of(b"x");
        let reference: Reference = format!("r.io/app:1@{digest}").parse().unwrap();
        assert_eq!(reference.tag().map(Tag::as_str), Some("1"));
        assert_eq!(reference.digest(), Some(&digest));
        assert_eq!(reference.to_string(), format!("r.io/app:1@{digest}"));
    }

    #[test]
    fn what_could_bend_a_url_is_refused() {
        use ParseReferenceError as E;
        let id = "a".repeat(64);
        let long = format!("r.io/{}", "a".repeat(256));
        let tag = format!("r.io/a:{}", "a".repeat(129));
        for (text, error) in [
            ("", E::Empty),
            ("https://r.io/app", E::Scheme),
            ("r.io/App", E::UpperCase),
            ("r.io/a/../b", E::Path),
            ("r.io/a//b", E::Path),
            ("r.io/", E::Path),
            ("r.io/a..b", E::Path),
            ("r.io/a___b", E::Path),
            ("r.io/-a", E::Path),
            ("r.io/a-", E::Path),
            ("r.io/a b", E::Path),
            ("r.io/ä", E::Path),
            ("r.io/a%2fb", E::Path),
            ("r.io/a?b", E::Path),
            (&id, E::Path),
            (&long, E::Path),
            ("r.io/a:é", E::Tag),
            ("r.io/a:.x", E::Tag),
            ("r.io/a:-x", E::Tag),
            ("r.io/a:", E::Tag),
            ("r.io/a:b c", E::Tag),
            ("r.io/a:١", E::Tag),
            (&tag, E::Tag),
            ("HOST/app", E::Host),
            ("r_x.io:5/app", E::Host),
            ("r.io:99999/app", E::Host),
            ("r.io:/app", E::Host),
            ("[::1/app", E::Host),
            ("[zz]:1/app", E::Host),
            ("user@r.io/app", E::Digest(ParseDigestError::NoAlgorithm)),
            (":1", E::Path),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn loopback_names_are_known_with_and_without_a_port() {
        for (host, expected) in [
            ("localhost", true),
            ("localhost:5000", true),
            ("registry.localhost:5000", true),
            ("127.0.0.1:5000", true),
            ("127.9.9.9", true),
            ("[::1]:5000", true),
            ("localhost.example.com", false),
            ("127.0.0.1.example.com", false),
            ("10.0.0.1:5000", false),
            ("ghcr.io", false),
        ] {
            assert_eq!(
                host.parse::<Host>().unwrap().is_loopback(),
                expected,
                "{host}"
            );
        }
    }

    #[test]
    fn requests_for_docker_hub_go_to_its_registry() {
        let reference: Reference = "app".parse().unwrap();
        assert_eq!(
            reference.repository().host().authority(),
            "registry-1.docker.io"
        );
        assert_eq!("ghcr.io".parse::<Host>().unwrap().authority(), "ghcr.io");
        assert_eq!("[::1]:5".parse::<Host>().unwrap().name(), "::1");
    }
}
