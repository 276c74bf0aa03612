//! Proxies, TLS and IPv6: how a registry is reached.

use std::net::TcpListener;

use crate::access::{
    PASSWORD, USER, assert_no_leak, assert_ok, assert_unproven, config, filled, on, on_host, right,
    spoil,
};
use crate::proxy::Proxy;
use crate::registry::{Fault, Registry};
use crate::run::{Host, Run, code};
use crate::tls;

const HOST: &str = "registry.test:5000";

/// `check` of a made-up registry over plain HTTP.
fn plain() -> Run {
    on_host(HOST, "check").args(&["--plain-http", HOST, "--timeout", "5"])
}

/// In virtual time, and for longer: `looks.rs`.
#[test]
fn a_registry_that_goes_down_between_look_and_write_is_waited_for_and_the_log_says_so() {
    let registry = filled(Registry::builder());
    spoil(&registry);
    // The five tries of the look before the write, and one more.
    registry
        .on("HEAD", "/manifests/1")
        .times(6)
        .answer(Fault::Drop);
    let ran = on(&registry, "fix").args(&["-v"]).run();
    assert_eq!(ran.tags(), ["app:1 child fixed"], "{}", ran.shown());
    let told = format!("waiting for {}, ", registry.host());
    assert!(ran.stderr.contains(&told), "{}", ran.shown());
    assert!(ran.stderr.contains("min at most: HEAD "), "{}", ran.shown());
    assert_eq!(registry.count("PUT", ""), 1);
}

#[test]
fn each_variable_names_the_proxy_in_both_cases() {
    let registry = filled(Registry::builder());
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        let proxy = Proxy::start(&[(HOST, &registry)]);
        assert_ok(&plain().env(variable, &proxy.url()).run());
        assert_eq!(proxy.targets(), [format!("CONNECT {HOST}")], "{variable}");
    }
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let registry = filled(Registry::builder().tls(tls::server_config()));
        let proxy = Proxy::start(&[(HOST, &registry)]);
        let ran = on_host(HOST, "check")
            .args(&["--ca-file", &tls::file("ca.crt").display().to_string()])
            .env(variable, &proxy.url())
            .run();
        // The certificate is for 127.0.0.1, so the tunnel is there and the proof is not.
        assert_unproven(&ran, "its certificate is for another name");
        assert_eq!(proxy.targets(), [format!("CONNECT {HOST}")], "{variable}");
    }
}

#[test]
fn this_machine_is_reached_past_the_proxy() {
    let (registry, proxy) = (filled(Registry::builder()), Proxy::start(&[]));
    let run = on(&registry, "check").env("ALL_PROXY", &proxy.url());
    assert_ok(&run.env("HTTP_PROXY", &proxy.url()).run());
    assert!(proxy.journal().is_empty());
}

#[test]
fn no_proxy_names_what_is_reached_past_it() {
    let registry = filled(Registry::builder());
    let proxy = Proxy::start(&[(HOST, &registry), ("192.0.2.7:5000", &registry)]);
    for (host, exceptions, past) in [
        (HOST, "registry.test", true),
        (HOST, "other.test, .test", true),
        (HOST, "registry.test:5000", true),
        (HOST, "registry.test:443", false),
        (HOST, "registry.tes", false),
        (HOST, "*", true),
        ("192.0.2.7:5000", "10.0.0.0/8", false),
    ] {
        let before = proxy.journal().len();
        let ran = on_host(host, "check")
            .args(&["--plain-http", host, "--timeout", "3"])
            .env("HTTP_PROXY", &proxy.url())
            .env("NO_PROXY", exceptions)
            .run();
        let is_proxied = proxy.journal().len() > before;
        assert_eq!(is_proxied, !past, "{host} {exceptions} {}", ran.shown());
        assert_eq!(ran.status() == "ok", !past, "{}", ran.shown());
    }
}

#[test]
fn a_network_in_no_proxy_is_reached_past_the_proxy() {
    if !Host::get().reaches_unspecified() {
        return;
    }
    let registry = filled(Registry::builder().unspecified());
    let host = registry.url().replace("http://", "");
    for (networks, past) in [
        ("0.0.0.0/8", true),
        ("10.0.0.0/8,0.0.0.0/32", true),
        ("10.0.0.0/8", false),
        ("128.0.0.0/1", false),
    ] {
        // It leads nowhere.
        let proxy = Proxy::start(&[]);
        let ran = on_host(&host, "check")
            .args(&["--plain-http", &host, "--timeout", "3"])
            .env("HTTP_PROXY", &proxy.url())
            .env("no_proxy", networks)
            .run();
        assert_eq!(proxy.journal().is_empty(), past, "{networks}");
        match past {
            true => assert_ok(&ran),
            false => assert_unproven(&ran, "the proxy of `HTTP_PROXY` does not get through"),
        }
    }
}

#[test]
fn an_address_in_a_network_in_no_proxy_is_connected_to_itself() {
    // 192.0.2.0/24 is for documentation: nobody is there, and it is given up after a moment.
    let proxy = Proxy::start(&[]);
    let host = "192.0.2.7:5000";
    let ran = on_host(host, "check")
        .args(&["--plain-http", host, "--timeout", "1"])
        .env("HTTP_PROXY", &proxy.url())
        .env("no_proxy", "192.0.2.0/24")
        .run();
    assert_unproven(&ran, &format!("GET http://{host}/v2/app/manifests/1: "));
    // How a network tells that nobody is there is its own business.
    let ways = [
        "no connection within",
        "there is no way to this host",
        "the connection was refused",
        "the connection failed",
        "the time for the whole run is over",
    ];
    assert!(
        ways.iter().any(|words| ran.stdout.contains(words)),
        "{}",
        ran.shown()
    );
    assert!(!ran.stdout.contains("the proxy of"), "{}", ran.shown());
    assert!(proxy.journal().is_empty());
}

#[test]
fn a_proxy_gets_its_own_login_and_the_registry_gets_its_own() {
    let realm = format!("http://{HOST}/token");
    let registry = filled(Registry::builder().token(USER, PASSWORD).realm(&realm));
    let proxy = Proxy::with_login(&[(HOST, &registry)], Some("walter:open-sesame"));
    let ran = plain()
        .args(&["-v"])
        .env("HTTP_PROXY", &proxy.url_as("walter:open-sesame"))
        .file(".docker/config.json", config(&[(HOST, right())]))
        .run();
    assert_ok(&ran);
    assert!(!ran.shown().contains("open-sesame"), "{}", ran.shown());
    for request in proxy.journal() {
        assert_eq!(request.header("Authorization"), None, "{request:?}");
    }
    for entry in registry.journal() {
        let is_proxys = |(name, _): &(String, String)| name.to_lowercase().starts_with("proxy-");
        assert!(!entry.headers.iter().any(is_proxys), "{entry:?}");
    }
}

#[test]
fn a_proxy_that_wants_another_login_is_named_by_its_variable() {
    let registry = filled(Registry::builder());
    let proxy = Proxy::with_login(&[(HOST, &registry)], Some("walter:open-sesame"));
    for url in [proxy.url(), proxy.url_as("walter:wrong-sesame")] {
        let ran = plain().env("HTTP_PROXY", &url).run();
        assert_unproven(&ran, "the proxy of `HTTP_PROXY`");
        assert!(ran.stdout.contains("407"), "{}", ran.shown());
        assert!(!ran.shown().contains("sesame"), "{}", ran.shown());
        assert!(registry.journal().is_empty());
    }
}

#[test]
fn a_proxy_that_does_not_find_the_registry_or_is_not_there_is_named() {
    let proxy = Proxy::start(&[]);
    assert_unproven(
        &plain().env("ALL_PROXY", &proxy.url()).run(),
        "the proxy of `ALL_PROXY`",
    );
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let ran = plain()
        .env("HTTP_PROXY", &format!("http://127.0.0.1:{port}"))
        .run();
    assert_unproven(
        &ran,
        "the proxy of `HTTP_PROXY`: the connection was refused",
    );
    let ran = plain().env("HTTP_PROXY", "http://proxy.invalid:3128").run();
    assert_unproven(&ran, "the proxy of `HTTP_PROXY`: no such host");
}

#[test]
fn a_variable_that_holds_no_proxy_is_an_input_that_cannot_be_used() {
    let ran = plain().env("HTTP_PROXY", "ftp://proxy.test:21").run();
    assert_eq!((ran.code, ran.status()), (code(2), "invalid"));
    assert!(ran.stdout.contains("`HTTP_PROXY`"), "{}", ran.shown());
}

fn secure() -> Registry {
    filled(
        Registry::builder()
            .token(USER, PASSWORD)
            .tls(tls::server_config()),
    )
}

fn over_tls(registry: &Registry) -> Run {
    let file = config(&[(&registry.host(), right())]);
    on(registry, "check").file(".docker/config.json", file)
}

#[test]
fn an_authority_that_is_not_trusted_is_unproven_and_the_flag_is_named() {
    let registry = secure();
    let ran = over_tls(&registry)
        .env("SSL_CERT_FILE", "/nonexistent")
        .run();
    assert_unproven(
        &ran,
        "its certificate is signed by an authority that is not trusted here",
    );
    assert!(ran.stdout.contains("`--ca-file FILE`"), "{}", ran.shown());
    assert!(registry.journal().is_empty());
}

#[test]
fn an_authority_can_be_trusted_in_three_ways() {
    let registry = secure();
    let authority = tls::file("ca.crt").display().to_string();
    let text = std::fs::read_to_string(&authority).unwrap();
    assert_ok(&over_tls(&registry).args(&["--ca-file", &authority]).run());
    assert_ok(&over_tls(&registry).env("SSL_CERT_FILE", &authority).run());
    for name in ["5ed36f99.0", "company.pem"] {
        let ran = over_tls(&registry)
            .file(&format!("certs/{name}"), &text)
            .env_path("SSL_CERT_DIR", "certs")
            .run();
        assert_ok(&ran);
    }
    if Host::get() == Host::Node {
        let ran = over_tls(&registry).env("NODE_EXTRA_CA_CERTS", &authority);
        assert_ok(&ran.run());
    }
}

#[test]
fn a_file_of_certificates_that_is_none_is_an_input_that_cannot_be_used() {
    let registry = secure();
    for (content, reason) in [
        (None, "no such file"),
        (Some(""), "holds no certificate"),
        (Some("hello"), "holds no certificate"),
        (
            Some("-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n"),
            "not a file of PEM certificates",
        ),
    ] {
        let run = over_tls(&registry).args(&["--ca-file", "ca.pem"]);
        let run = match content {
            Some(content) => run.file("ca.pem", content),
            None => run,
        };
        let ran = run.run();
        assert_eq!(
            (ran.code, ran.status()),
            (code(2), "invalid"),
            "{}",
            ran.shown()
        );
        assert!(ran.stdout.contains(reason), "{}", ran.shown());
    }
    assert!(registry.journal().is_empty());
}

#[test]
fn a_registry_without_tls_where_tls_is_meant_is_told_with_the_flag() {
    let registry = filled(Registry::builder());
    let proxy = Proxy::start(&[(HOST, &registry)]);
    let ran = on_host(HOST, "check")
        .env("HTTPS_PROXY", &proxy.url())
        .run();
    assert_unproven(&ran, "it does not speak TLS");
    let flag = format!("`--plain-http {HOST}`");
    assert!(ran.stdout.contains(&flag), "{}", ran.shown());
    assert_no_leak(&ran);
}

#[test]
fn a_registry_at_an_ipv6_address_is_reached() {
    if TcpListener::bind("[::1]:0").is_err() {
        println!("skipped: this machine has no IPv6 loopback address");
        return;
    }
    let registry = filled(Registry::builder().token(USER, PASSWORD).ipv6());
    assert!(registry.host().starts_with("[::1]:"));
    assert_ok(&over_tls(&registry).run());
}
