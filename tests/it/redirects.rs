//! Where a redirect leads, over TLS and in a circle, no login comes.

use crate::access::{PASSWORD, USER, assert_ok, assert_unproven, config, filled, on_host, right};
use crate::image::multi;
use crate::proxy::Proxy;
use crate::registry::{Builder, Fault, Registry, Response};
use crate::run::Ran;
use crate::tls;

/// The registry, and where it redirects to. Each has a certificate of its own.
const NEAR: &str = "registry.test:5000";
const FAR: &str = "elsewhere.test:443";
const BEHIND: &str = "https://elsewhere.test/v2/app/manifests/1?signature=x";

/// A registry with tokens at `NEAR`, over TLS.
fn near() -> Registry {
    let realm = format!("https://{NEAR}/token");
    let builder = Registry::builder().token(USER, PASSWORD).realm(&realm);
    filled(builder.tls(tls::server_config_with("named.crt")))
}

/// Another one at `FAR`, over TLS.
fn far(builder: Builder) -> Registry {
    filled(builder.tls(tls::server_config_with("elsewhere.crt")))
}

fn check((near, far): (&Registry, &Registry)) -> Ran {
    let proxy = Proxy::start(&[(NEAR, near), (FAR, far)]);
    on_host(NEAR, "check")
        .args(&["-v", "--timeout", "10"])
        .args(&["--ca-file", &tls::file("ca.crt").display().to_string()])
        .env("HTTPS_PROXY", &proxy.url())
        .file(".docker/config.json", config(&[(NEAR, right())]))
        .run()
}

/// It was asked, and nothing of the login came with it: no header of that name, and neither the
/// password nor a token in any other.
fn assert_bare(registry: &Registry) {
    let journal = registry.journal();
    assert!(!journal.is_empty());
    for entry in journal {
        assert_eq!(entry.authorization, None, "{entry:?}");
        let shown = format!("{entry:?}");
        assert!(!shown.contains("opaque-"), "{shown}");
        assert!(!shown.contains(PASSWORD), "{shown}");
    }
}

#[test]
fn to_another_host_over_https_it_is_followed_without_the_login() {
    for status in [301, 302, 303, 307, 308] {
        let (near, far) = (near(), far(Registry::builder()));
        near.on("*", "/manifests/")
            .always()
            .answer(Fault::status(status).with("Location", BEHIND));
        assert_ok(&check((&near, &far)));
        assert_bare(&far);
    }
}

#[test]
fn to_another_host_over_https_that_asks_for_the_same_login_it_gets_none() {
    let realm = "https://elsewhere.test/token";
    for builder in [
        Registry::builder().basic(USER, PASSWORD),
        Registry::builder().token(USER, PASSWORD).realm(realm),
    ] {
        let (near, far) = (near(), far(builder));
        near.on("*", "/manifests/")
            .always()
            .answer(Fault::redirect(BEHIND));
        assert_unproven(&check((&near, &far)), "401 Unauthorized");
        assert_bare(&far);
        assert_eq!(far.count("*", "/token"), 0);
    }
}

#[test]
fn back_to_the_registry_itself_it_is_followed_and_the_login_does_not_return() {
    let (near, far) = (near(), far(Registry::builder()));
    let back = format!("https://{NEAR}/v2/app/manifests/1?signature=y");
    far.on("*", "signature=x")
        .always()
        .answer(Fault::redirect(&back));
    let index = multi("a").index;
    let answer = Response::new(200, index.media_type, index.bytes);
    near.on("*", "signature=y")
        .even_unauthorized()
        .times(1)
        .answer(Fault::Answer(answer));
    near.on("*", "/manifests/1")
        .always()
        .answer(Fault::redirect(BEHIND));
    // The first time it is answered. Then it would take a login, which it does not get.
    assert_ok(&check((&near, &far)));
    assert_unproven(&check((&near, &far)), "401 Unauthorized");
    assert_bare(&far);
    let returned: Vec<_> = near
        .journal()
        .into_iter()
        .filter(|entry| entry.path.contains("signature=y"))
        .map(|entry| (entry.status, entry.authorization))
        .collect();
    assert_eq!(returned, [(200, None), (401, None)]);
    assert_eq!(near.count("*", "/token"), 2);
}
