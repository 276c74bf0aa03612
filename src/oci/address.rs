//! The address of a registry, as people and login steps write it: `https://ghcr.io/acme`.

use super::reference::{DOCKER_HUB, Host, is_host};

/// The parts of `[http[s]://] host [:port] [/path]`, the space around it aside; what has no host
/// is nothing. The scheme may have any case, and says nothing about how the registry is spoken to.
pub(crate) fn host_and_path(text: &str) -> Option<(Host, &str)> {
    let text = text.trim();
    let rest = match text.split_once("://") {
        Some((scheme, rest)) if is_http(scheme) => rest,
        _ => text,
    };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    Some((host.parse().ok()?, path))
}

fn is_http(scheme: &str) -> bool {
    ["http", "https"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
}

/// The registry that someone logs in to, as docker/login-action takes it: a path behind it means
/// nothing, and no registry is Docker Hub.
///
/// # Errors
///
/// When it is no registry that an image's name can have. The words repeat none of it: it may hold
/// a password.
pub(crate) fn registry(text: &str) -> Result<Host, &'static str> {
    let text = match text.trim() {
        "" => DOCKER_HUB,
        text => text,
    };
    let (host, _) = host_and_path(text).ok_or("it is not the name of a registry")?;
    // A word alone is the first part of a name on Docker Hub: `acme/app`.
    match is_host(host.as_str()) {
        true => Ok(host),
        false => Err("it has neither a dot nor a port, as the name of a registry has"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_taken_as_a_login_step_has_it() {
        for (text, expected) in [
            ("ghcr.io", "ghcr.io"),
            ("GHCR.IO", "ghcr.io"),
            ("https://ghcr.io", "ghcr.io"),
            ("HTTPS://GHCR.IO", "ghcr.io"),
            ("hTTp://ghcr.io/", "ghcr.io"),
            ("ghcr.io/", "ghcr.io"),
            ("ghcr.io/acme", "ghcr.io"),
            ("ghcr.io/acme/app:1@sha256", "ghcr.io"),
            ("https://ghcr.io//", "ghcr.io"),
            (" https://ghcr.io \r\n", "ghcr.io"),
            ("ghcr.io:443", "ghcr.io:443"),
            ("http://localhost:5000", "localhost:5000"),
            ("localhost", "localhost"),
            ("https://[::1]:5000/v2/", "[::1]:5000"),
            ("10.0.0.1:5000/v2", "10.0.0.1:5000"),
            ("registry:5000", "registry:5000"),
            ("https://index.docker.io/v1/", "docker.io"),
            ("index.docker.io", "docker.io"),
            ("registry-1.docker.io", "docker.io"),
            ("docker.io/acme", "docker.io"),
            ("https://gcr.io/project", "gcr.io"),
            (
                "https://123456789012.dkr.ecr.eu-west-1.amazonaws.com",
                "123456789012.dkr.ecr.eu-west-1.amazonaws.com",
            ),
            ("", "docker.io"),
            ("  ", "docker.io"),
        ] {
            let found = registry(text).map(|host| host.to_string());
            assert_eq!(found.as_deref(), Ok(expected), "{text:?}");
        }
    }

    /// The cases of `TestConvertToHostname` in docker/cli (cli/config/credentials, Apache-2.0). It
    /// takes three more, in which no image's name can be written.
    #[test]
    fn a_registry_is_taken_as_docker_takes_it() {
        for (text, expected) in [
            ("127.0.0.1", Some("127.0.0.1")),
            ("[::1]", Some("[::1]")),
            ("example.com", Some("example.com")),
            ("http://example.com", Some("example.com")),
            ("https://example.com", Some("example.com")),
            ("https://example.com/", Some("example.com")),
            ("https://example.com/v2/", Some("example.com")),
            ("127.0.0.1:6556", Some("127.0.0.1:6556")),
            ("[::1]:6556", Some("[::1]:6556")),
            ("example.com:6555", Some("example.com:6555")),
            ("https://127.0.0.1:6555/v2/", Some("127.0.0.1:6555")),
            ("https://[::1]:6555/v2/", Some("[::1]:6555")),
            ("http://example.com:6555", Some("example.com:6555")),
            ("https://example.com:6555", Some("example.com:6555")),
            ("https://example.com:6555/v2/", Some("example.com:6555")),
            ("unix:///var/run/docker.sock", None),
            ("ftp://example.com", None),
            ("::1", None),
        ] {
            let found = registry(text).ok().map(|host| host.to_string());
            assert_eq!(found.as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_registry_is_refused() {
        for text in [
            "https://",
            "http:///acme",
            "/ghcr.io",
            "//ghcr.io",
            "https:ghcr.io",
            "https://https://ghcr.io",
            "me:hunter2@ghcr.io",
            "https://me:hunter2@ghcr.io",
            "ghcr.io?x",
            "ghcr.io#x",
            "ghcr .io",
            "ghcr.io, docker.io",
            "ghcr.io:port",
            "ghcr.io:99999",
            "*.io",
            "acme",
            "acme/app",
            "${{ env.REGISTRY }}",
        ] {
            let words = registry(text).unwrap_err();
            assert!(
                words.starts_with("it ") && !words.contains("hunter2"),
                "{text}"
            );
        }
    }
}
