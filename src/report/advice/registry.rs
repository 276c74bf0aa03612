//! What to do about a request that failed: one line for people per class.

use crate::registry::{Cause, Class, Error};
use crate::text::spoken;

/// What the user should type or do: lower case, verb first, no full stop.
pub(super) fn help(error: &Error) -> String {
    let host = error
        .server
        .as_ref()
        .map_or("the registry", |it| it.authority.as_str());
    let is_ghcr = host == "ghcr.io";
    match (error.class, &error.cause) {
        (Class::Login, Cause::NeedsHelper) => format!("pass the login, as this build cannot run credential helpers: `--registry {host} --username USER --password-stdin`; or use the native program"),
        (Class::Login, _) if is_ghcr => "log in to `ghcr.io` before this step: `docker/login-action` with `password: ${{ secrets.GITHUB_TOKEN }}`, and `permissions: packages: read` (`write` to repair)".to_owned(),
        (Class::Login, _) => match host {
            "registry-1.docker.io" => "log in before this step: `docker login` with a personal access token, or `docker/login-action`".to_owned(),
            host if host.contains("gitlab") => format!("give the job access to this project's registry (its settings, CI/CD, job token permissions), or log in before this step: `docker login {host}` with a deploy token"),
            host => format!("log in before this step: `docker login {host}`, or `docker/login-action` with `registry: {host}`"),
        },
        (Class::Denied, _) if is_ghcr => "give the job `permissions: packages: write`, and the package access for this repository (package settings, `Manage Actions access`)".to_owned(),
        (Class::Denied, _) => format!("log in to `{host}` with an account or token that may pull from this repository, and push to it to repair tags"),
        (Class::Immutable, _) => "push a new tag, or relax the registry's rule for immutable tags: this one cannot be moved".to_owned(),
        (Class::Protected, _) => "use an account that may push protected tags, or change the protection in the project's settings".to_owned(),
        (Class::ReadOnly, _) => "free some quota, or wait until the registry takes writes again, and rerun the job".to_owned(),
        (Class::NoWrites, _) => format!("repair the tag where it was pushed: `{host}` takes no writes here, as a mirror, a cache or a read-only registry does"),
        (Class::RateLimited, _) => match (host, error.retry_after) {
            ("registry-1.docker.io", _) => "log in to Docker Hub for a higher limit: `docker login`, or rerun the job later".to_owned(),
            // What is over in a moment was waited for.
            (_, Some(time)) if time.as_secs() >= 10 => format!("rerun the job in {}", spoken(time)),
            _ => "rerun the job later, or use a login with a higher limit".to_owned(),
        },
        (Class::ChildMissing, _) => "push the image again: the registry no longer has a part of it".to_owned(),
        (Class::TooLarge, Cause::Together) => "check a part of the tags at a time: by `--target` or `--tag`".to_owned(),
        (Class::TooLarge, _) => "build with fewer platforms or annotations: a manifest is at most 4 MiB".to_owned(),
        (Class::MediaType, _) => "build with `--output type=image,oci-mediatypes=…` as the registry wants it, or allow the media type in the registry's settings".to_owned(),
        (Class::Policy, _) => "look at the registry's policy for this project: it hides images that are vulnerable or not signed".to_owned(),
        (Class::NotFound, _) => "check the repository's name, and create it, or the project it is in, if the registry does not do so on push".to_owned(),
        (Class::Unavailable, _) => "rerun the job when the registry works again".to_owned(),
        (Class::Network, Cause::Proxy { variable, .. }) => format!("check that the proxy of `{variable}` may reach `{host}`, or put `{host}` into `NO_PROXY`"),
        (Class::Network, _) if error.server.as_ref().is_some_and(|it| it.is_plain) => format!("check that a registry listens at `{host}`"),
        (Class::Network, _) => format!("check the connection to `{host}` and the proxy variables (`HTTPS_PROXY`, `NO_PROXY`); a registry without TLS needs `--plain-http {host}`"),
        (Class::UnknownHost, _) => format!("check the name `{host}`: no address is known for it"),
        (Class::Tls, Cause::NoTls) => format!("use `--plain-http {host}` if this registry has no TLS"),
        (Class::Tls, Cause::Expired) => format!("renew the certificate of `{host}`, or set this machine's clock"),
        (Class::Tls, Cause::NotYetValid) => "set this machine's clock".to_owned(),
        (Class::Tls, Cause::OtherName) => format!("use the name that the registry's certificate is for, or give `{host}` one for its own"),
        (Class::Tls, _) => "pass the authority that signed the registry's certificate: `--ca-file FILE`, or `SSL_CERT_FILE`".to_owned(),
        (Class::Proxy, Cause::Proxy { variable, wants_login: true }) => format!("put the proxy's login into `{variable}`: `http://USER:PASSWORD@…`, or `{host}` into `NO_PROXY`"),
        (Class::Proxy, Cause::Proxy { variable, .. }) => format!("check `{variable}`, or put `{host}` into `NO_PROXY`"),
        (Class::Proxy, _) => format!("check `HTTPS_PROXY`, or put `{host}` into `NO_PROXY`"),
        (Class::BadAnswer, _) => format!("check that `{host}` is a registry and that no login page or proxy answers for it"),
        (Class::Shape, _) => "leave out what asks for more than the digest (`--platform`, `--depth` below `tag`, `platforms` and `attest` of a policy): what is in this document cannot be checked".to_owned(),
        (Class::Unstable, _) => "find the job that pushes this tag at the same time, or raise `--settle-timeout` if the registry is slow to agree with itself".to_owned(),
        (Class::Unsafe, _) => "check the registry's configuration: it sends requests where no credentials may go".to_owned(),
        (Class::Deadline, _) => "allow more time with `--timeout`, or run it again".to_owned(),
        (Class::NotRead, Cause::DownloadLimit) => "raise `--download-limit`, or look less deep: `--depth platforms`".to_owned(),
        (Class::NotRead, Cause::DefaultDepth) => "read all layers: `--depth programs`; or look less deep: `--depth children`".to_owned(),
        (Class::NotRead, _) => "run it again later, or look less deep: `--depth children`".to_owned(),
        (Class::Refused, _) => format!("look at the reason that `{host}` gave"),
    }
}

#[cfg(test)]
mod tests {
    use crate::registry::{Class, Error, Server};

    const CLASSES: [Class; 24] = [
        Class::NotRead,
        Class::Login,
        Class::Denied,
        Class::Immutable,
        Class::Protected,
        Class::ReadOnly,
        Class::NoWrites,
        Class::RateLimited,
        Class::ChildMissing,
        Class::TooLarge,
        Class::MediaType,
        Class::Policy,
        Class::NotFound,
        Class::Unavailable,
        Class::Network,
        Class::UnknownHost,
        Class::Tls,
        Class::Proxy,
        Class::BadAnswer,
        Class::Shape,
        Class::Unstable,
        Class::Unsafe,
        Class::Deadline,
        Class::Refused,
    ];

    fn help(class: Class, host: &str) -> String {
        let server = Some(Box::new(Server {
            authority: host.to_owned(),
            is_plain: false,
        }));
        super::help(&Error {
            server,
            ..Error::new(class, "GET", "")
        })
    }

    #[test]
    fn every_class_says_what_to_do_in_the_house_style() {
        for class in CLASSES {
            for host in [
                "ghcr.io",
                "registry-1.docker.io",
                "registry.gitlab.com",
                "r.io:5000",
            ] {
                let text = help(class, host);
                assert!(text.starts_with(|c: char| c.is_ascii_lowercase()), "{text}");
                assert!(!text.ends_with('.') && !text.contains('\n'), "{text}");
            }
        }
    }

    #[test]
    fn help_names_the_host_and_what_to_type() {
        for (class, host, part) in [
            (Class::Login, "r.io:5000", "`docker login r.io:5000`"),
            (Class::Login, "registry-1.docker.io", "`docker login`"),
            (Class::Denied, "ghcr.io", "`permissions: packages: write`"),
            (Class::Tls, "r.io", "`--ca-file FILE`"),
            (Class::Network, "r.io", "`--plain-http r.io`"),
            (Class::NotFound, "r.io", "the project it is in"),
            (
                Class::NoWrites,
                "r.io",
                "repair the tag where it was pushed",
            ),
        ] {
            assert!(help(class, host).contains(part), "{}", help(class, host));
        }
    }
}
