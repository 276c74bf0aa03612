//! Credentials go to the registry and its token server, and to no other origin.

use serde_json::json;

use crate::access::{
    PASSWORD, USER, assert_no_leak, assert_ok, assert_unproven, basic, bearer, config, filled, on,
    on_host, right, spoil, users,
};
use crate::image::multi;
use crate::proxy::Proxy;
use crate::registry::{Fault, Registry};
use crate::run::{Ran, tagproof};
use crate::tls;

/// Neither `Authorization` nor a password came here.
fn assert_bare(other: &Registry) {
    for entry in other.journal() {
        assert_eq!(entry.authorization, None, "{entry:?}");
        assert!(!entry.path.contains(PASSWORD), "{entry:?}");
        assert!(
            !String::from_utf8_lossy(&entry.body).contains(PASSWORD),
            "{entry:?}"
        );
    }
}

/// `check` of `registry.test:5000/app:1` over plain HTTP through a proxy.
fn far(proxy: &Proxy) -> Ran {
    let host = "registry.test:5000";
    on_host(host, "check")
        .args(&["-v", "--plain-http", host, "--timeout", "10"])
        .env("HTTP_PROXY", &proxy.url())
        .env("HTTPS_PROXY", &proxy.url())
        .file(".docker/config.json", config(&[(host, right())]))
        .run()
}

fn near(registry: &Registry, mode: &str) -> Ran {
    on(registry, mode)
        .args(&["-v"])
        .file(
            ".docker/config.json",
            config(&[(&registry.host(), right())]),
        )
        .run()
}

#[test]
fn a_redirect_to_another_host_or_port_is_followed_without_the_login() {
    for target in [
        "cdn.test:80",
        "registry.test:5001",
        "registry.test.evil.test:5000",
        "evil-registry.test:5000",
    ] {
        let realm = "http://registry.test:5000/token";
        let bearer = filled(Registry::builder().token(USER, PASSWORD).realm(realm));
        for registry in [basic(), bearer] {
            let other = filled(Registry::builder());
            let url = format!("http://{target}/v2/app/manifests/1?signature=x");
            registry
                .on("*", "/manifests/")
                .always()
                .answer(Fault::redirect(&url));
            let proxy = Proxy::start(&[("registry.test:5000", &registry), (target, &other)]);
            let ran = far(&proxy);
            assert_ok(&ran);
            assert_eq!(users(&registry), [USER]);
            assert!(!other.journal().is_empty());
            assert_bare(&other);
            assert!(!ran.shown().contains("signature=x"), "{}", ran.shown());
        }
    }
}

#[test]
fn a_redirect_within_the_origin_keeps_the_login() {
    for status in [301, 302, 303, 307, 308] {
        for registry in [basic(), bearer()] {
            registry.tag("app", "2", &multi("a").index.digest);
            let url = format!("{}/v2/app/manifests/2", registry.url());
            registry
                .on("*", "/manifests/1")
                .always()
                .even_unauthorized()
                .answer(Fault::status(status).with("Location", &url));
            assert_ok(&near(&registry, "check"));
            assert_eq!(users(&registry), [USER]);
        }
    }
}

#[test]
fn a_token_server_that_redirects_within_its_origin_is_followed_with_the_login() {
    for status in [301, 302, 307, 308] {
        for login in [right(), json!({"identitytoken": PASSWORD})] {
            let registry = bearer();
            registry
                .on("*", "/token")
                .answer(Fault::status(status).with("Location", "/token"));
            let ran = on(&registry, "check")
                .file(".docker/config.json", config(&[(&registry.host(), login)]))
                .run();
            assert_ok(&ran);
            assert_eq!(registry.count("*", "/token"), 2);
        }
    }
}

#[test]
fn where_a_redirect_leads_no_login_is_given_even_when_it_is_asked_for() {
    let registry = basic();
    let other = basic();
    registry
        .on("*", "/manifests/")
        .always()
        .answer(Fault::redirect("http://cdn.test/v2/app/manifests/1"));
    let proxy = Proxy::start(&[("registry.test:5000", &registry), ("cdn.test:80", &other)]);
    let ran = far(&proxy);
    assert_eq!(ran.status(), "unproven", "{}", ran.shown());
    assert!(!other.journal().is_empty());
    assert_bare(&other);
}

#[test]
fn a_redirect_to_this_machine_or_its_link_is_not_followed() {
    let (registry, other) = (basic(), filled(Registry::builder()));
    let proxy = Proxy::start(&[("registry.test:5000", &registry)]);
    for url in [
        format!("{}/v2/app/manifests/1", other.url()),
        format!(
            "{}/v2/app/manifests/1",
            other.url().replace("127.0.0.1", "localhost")
        ),
        "http://169.254.169.254/latest/meta-data".to_owned(),
    ] {
        registry
            .on("*", "/manifests/")
            .times(2)
            .answer(Fault::redirect(&url));
        assert_unproven(&far(&proxy), "which is this machine or its link");
        assert!(other.journal().is_empty());
    }
}

#[test]
fn a_registry_of_this_machine_may_redirect_to_another_port_of_it_without_the_login() {
    let (registry, other) = (basic(), filled(Registry::builder()));
    let url = format!("{}/v2/app/manifests/1", other.url());
    registry
        .on("*", "/manifests/")
        .always()
        .answer(Fault::redirect(&url));
    let ran = near(&registry, "check");
    assert_eq!(ran.code, Some(0), "{}", ran.shown());
    let journal = other.journal();
    assert!(!journal.is_empty());
    assert!(journal.iter().all(|entry| entry.authorization.is_none()));
}

#[test]
fn a_redirect_from_https_to_http_and_one_with_a_login_in_it_are_not_followed() {
    let other = filled(Registry::builder());
    let registry = filled(
        Registry::builder()
            .basic(USER, PASSWORD)
            .tls(tls::server_config()),
    );
    let ca_file = tls::file("ca.crt").display().to_string();
    for (url, reason) in [
        (
            "http://cdn.test/v2/app/manifests/1",
            "it redirects from https",
        ),
        (
            "https://me:pass@cdn.test/v2/app/manifests/1",
            "it has a user name in it",
        ),
        ("ftp://cdn.test/", "neither `https` nor `http`"),
    ] {
        registry.on("*", "/manifests/").answer(Fault::redirect(url));
        let proxy = Proxy::start(&[("cdn.test:80", &other), ("cdn.test:443", &other)]);
        let ran = on(&registry, "check")
            .args(&["--ca-file", &ca_file])
            .env("ALL_PROXY", &proxy.url())
            .file(
                ".docker/config.json",
                config(&[(&registry.host(), right())]),
            )
            .run();
        assert_unproven(&ran, reason);
        assert!(proxy.journal().is_empty() && other.journal().is_empty());
    }
}

#[test]
fn redirects_in_a_circle_end() {
    let registry = basic();
    registry
        .on("*", "/manifests/1")
        .always()
        .even_unauthorized()
        .answer(Fault::redirect("/v2/app/manifests/1"));
    assert_unproven(&near(&registry, "check"), "redirects more than 3 times");
    assert!(
        registry.journal().len() <= 5,
        "{}",
        registry.journal().len()
    );
}

#[test]
fn a_write_is_never_redirected() {
    for (status, target) in [(307, "other"), (308, "same"), (302, "other")] {
        let (registry, other) = (basic(), filled(Registry::builder()));
        spoil(&registry);
        let to = if target == "same" { &registry } else { &other };
        let url = format!("{}/v2/app/manifests/2", to.url());
        registry
            .on("PUT", "/manifests/1")
            .always()
            .answer(Fault::status(status).with("Location", &url));
        let ran = near(&registry, "fix");
        assert_eq!(ran.code, Some(1), "{}", ran.shown());
        assert!(ran.shown().contains("redirects a write"), "{}", ran.shown());
        assert_eq!(registry.count("PUT", "/manifests/2"), 0);
        assert!(other.journal().is_empty());
        assert_no_leak(&ran);
    }
}

#[test]
fn a_token_server_on_this_machine_is_only_asked_where_the_registry_is() {
    let other = bearer();
    let realm = format!("{}/token", other.url());
    let registry = filled(Registry::builder().token(USER, PASSWORD).realm(&realm));
    let proxy = Proxy::start(&[("registry.test:5000", &registry)]);
    assert_unproven(&far(&proxy), "it is on this machine");
    assert!(other.journal().is_empty());
    // A registry of this machine may have it on another port.
    near(&registry, "check");
    assert_eq!(users(&other), [USER]);
}

#[test]
fn a_token_server_elsewhere_gets_the_login_and_the_registry_the_token() {
    let auth = bearer();
    let realm = "http://auth.test/token?x=1";
    let registry = filled(Registry::builder().token(USER, PASSWORD).realm(realm));
    let proxy = Proxy::start(&[("registry.test:5000", &registry), ("auth.test:80", &auth)]);
    // Its tokens are not those of this registry, so the run stays without proof.
    let ran = far(&proxy);
    assert_unproven(&ran, "refused: `~/.docker/config.json`");
    assert_eq!(users(&auth), [USER]);
    assert!(users(&registry).is_empty());
    for entry in auth.journal() {
        assert!(
            entry.path.starts_with("/token?x=1&service="),
            "{}",
            entry.path
        );
        assert!(
            !entry
                .authorization
                .unwrap_or_default()
                .starts_with("Bearer")
        );
    }
}

#[test]
fn a_registry_with_tls_cannot_have_a_token_server_without() {
    let auth = bearer();
    let builder = Registry::builder()
        .token(USER, PASSWORD)
        .tls(tls::server_config());
    let registry = filled(builder.realm("http://auth.test/token"));
    let proxy = Proxy::start(&[("auth.test:80", &auth)]);
    let ran = on(&registry, "check")
        .args(&["--ca-file", &tls::file("ca.crt").display().to_string()])
        .env("ALL_PROXY", &proxy.url())
        .file(
            ".docker/config.json",
            config(&[(&registry.host(), right())]),
        )
        .run();
    assert_unproven(&ran, "it is not `https`");
    assert!(auth.journal().is_empty() && proxy.journal().is_empty());
}

#[test]
fn a_token_server_that_breaks_a_rule_is_not_asked() {
    let this_machine = bearer();
    let port = this_machine.host().replace("127.0.0.1:", "");
    for (realm, reason) in [
        ("http://me:pass@auth.test/token", "it has a user name in it"),
        ("http://auth.test/token#x", "it has a fragment"),
        ("ftp://auth.test/token", "neither `https` nor `http`"),
        ("/token", "neither `https` nor `http`"),
        ("http:///token", "not safe to ask"),
        ("http://169.254.169.254/token", "it is on this machine"),
        (
            "http://[::ffff:169.254.169.254]/token",
            "it is on this machine",
        ),
        ("http://[fe80::1]/token", "it is on this machine"),
        ("http://0.0.0.0/token", "it is on this machine"),
        ("http://127.1/token", "it is on this machine"),
        (
            "http://metadata.google.internal/token",
            "it is on this machine",
        ),
        ("http://localhost:PORT/token", "it is on this machine"),
        ("http://localhost.:PORT/token", "it is on this machine"),
        (
            "http://[::ffff:127.0.0.1]:PORT/token",
            "it is on this machine",
        ),
    ] {
        let realm = realm.replace("PORT", &port);
        let registry = filled(Registry::builder().token(USER, PASSWORD).realm(&realm));
        let proxy = Proxy::start(&[("registry.test:5000", &registry)]);
        assert_unproven(&far(&proxy), reason);
        assert_eq!(proxy.targets(), ["CONNECT registry.test:5000"], "{realm}");
        assert_eq!(registry.journal().len(), 1, "{realm}");
    }
    assert!(this_machine.journal().is_empty());
}

#[test]
fn a_token_server_in_a_private_network_is_asked() {
    let auth = bearer();
    let realm = "http://10.0.0.7/token";
    let registry = filled(Registry::builder().token(USER, PASSWORD).realm(realm));
    let proxy = Proxy::start(&[("registry.test:5000", &registry), ("10.0.0.7:80", &auth)]);
    far(&proxy);
    assert_eq!(users(&auth), [USER]);
}

#[test]
fn a_registry_that_is_called_almost_like_another_gets_nothing_of_it() {
    for host in [
        "registry.test.evil.test:5000",
        "evil-registry.test:5000",
        "registry.test:5001",
        "registry.tes:5000",
    ] {
        for registry in [
            basic(),
            filled(
                Registry::builder()
                    .token(USER, PASSWORD)
                    .realm(&format!("http://{host}/token")),
            ),
        ] {
            let proxy = Proxy::start(&[(host, &registry)]);
            let ran = on_host(host, "fix")
                .args(&["-v", "--plain-http", host, "--timeout", "10"])
                .env("HTTP_PROXY", &proxy.url())
                .file(
                    ".docker/config.json",
                    config(&[("registry.test:5000", right())]),
                )
                .run();
            assert_unproven(&ran, &format!("`docker login {host}`"));
            assert!(!registry.journal().is_empty());
            assert!(users(&registry).is_empty());
            for entry in registry.journal() {
                let token = entry.authorization.unwrap_or_default();
                assert!(token.is_empty() || token.starts_with("Bearer "), "{token}");
            }
        }
    }
}

#[test]
fn a_token_server_that_redirects_is_not_followed() {
    let (registry, other) = (bearer(), bearer());
    let url = format!("{}/token", other.url());
    registry
        .on("GET", "/token")
        .always()
        .answer(Fault::redirect(&url));
    assert_unproven(&near(&registry, "check"), "credentials do not follow");
    assert!(other.journal().is_empty());
}

#[test]
fn another_token_server_or_service_in_the_middle_of_a_run_is_refused() {
    for (realm, service) in [
        ("http://auth.test/token", "fake registry"),
        ("OWN/token", "other"),
    ] {
        let (registry, auth) = (bearer(), bearer());
        let realm = realm.replace("OWN", registry.url());
        let line =
            format!(r#"Bearer realm="{realm}",service="{service}",scope="repository:app:pull""#);
        registry
            .on("*", "/manifests/1")
            .skip(1)
            .always()
            .answer(Fault::status(401).with("WWW-Authenticate", &line));
        let proxy = Proxy::start(&[("auth.test:80", &auth)]);
        let ran = tagproof(&["check", "build.json", "--settle", "0.1", "-v"])
            .file(
                "build.json",
                crate::access::metadata_of(&[&registry.host()]),
            )
            .file(
                ".docker/config.json",
                config(&[(&registry.host(), right())]),
            )
            .env("ALL_PROXY", &proxy.url())
            .report()
            .run();
        assert_unproven(&ran, "another token server than before");
        assert!(auth.journal().is_empty());
        assert_eq!(registry.count("GET", "/token"), 1);
    }
}
