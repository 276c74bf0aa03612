//! Registries that hide (404) or refuse (403) what they would show to who logs in, instead of asking.

use crate::access::{
    PASSWORD, USER, assert_no_leak, assert_ok, assert_unproven, config, entry, filled, on, right,
    spoil, users,
};
use crate::registry::{Fault, Registry};
use crate::run::{Ran, code};

/// With Basic and with tokens.
fn hiding(status: u16) -> [Registry; 2] {
    [
        Registry::builder().basic(USER, PASSWORD),
        Registry::builder().token(USER, PASSWORD),
    ]
    .map(|builder| filled(builder.hides(status)))
}

fn with_login(registry: &Registry, mode: &str) -> Ran {
    on(registry, mode)
        .file(
            ".docker/config.json",
            config(&[(&registry.host(), right())]),
        )
        .run()
}

#[test]
fn a_login_that_is_there_is_used_before_anything_is_called_absent_or_unproven() {
    for status in [403, 404] {
        for registry in hiding(status) {
            assert_ok(&with_login(&registry, "check"));
            assert_eq!(users(&registry), [USER]);
            assert_eq!(registry.count("GET", "/v2/"), 3);
        }
    }
}

#[test]
fn a_tag_there_is_repaired() {
    for status in [403, 404] {
        for registry in hiding(status) {
            spoil(&registry);
            let ran = with_login(&registry, "fix");
            assert_eq!(ran.tags(), ["app:1 child fixed"], "{}", ran.shown());
            assert_no_leak(&ran);
        }
    }
}

#[test]
fn a_write_that_is_refused_where_anyone_may_read_gets_the_login() {
    let registry = filled(Registry::builder().basic(USER, PASSWORD).anonymous_pull());
    spoil(&registry);
    registry
        .on("PUT", "/manifests/1")
        .even_unauthorized()
        .answer(Fault::error(403, "DENIED", "denied"));
    registry
        .on("GET", "/v2/")
        // The tag, the index, and the two children that a move might take away.
        .skip(4)
        .even_unauthorized()
        .answer(Fault::status(401).with("WWW-Authenticate", r#"Basic realm="x""#));
    let ran = with_login(&registry, "fix");
    assert_eq!(ran.tags(), ["app:1 child fixed"], "{}", ran.shown());
    assert_eq!(users(&registry), [USER]);
}

#[test]
fn a_login_that_is_refused_there_is_named() {
    for registry in hiding(404) {
        let ran = on(&registry, "check")
            .file(
                ".docker/config.json",
                config(&[(&registry.host(), entry(USER, "of-yesterday"))]),
            )
            .run();
        assert_unproven(&ran, "refused: `~/.docker/config.json`");
    }
}

#[test]
fn without_a_login_it_is_what_it_looks_like() {
    for (status, words, exit) in [(404, "never-pushed", 1), (403, "unproven", 3)] {
        for registry in hiding(status) {
            let ran = on(&registry, "check").run();
            assert_eq!(ran.tags(), [format!("app:1 {words} -")], "{}", ran.shown());
            assert_eq!(ran.code, code(exit));
            let journal = registry.journal();
            assert!(journal.iter().all(|entry| entry.path != "/v2/"));
        }
    }
}

#[test]
fn a_public_registry_never_sees_the_login() {
    let registry = Registry::start();
    let ran = with_login(&registry, "check");
    assert_eq!(ran.tags(), ["app:1 never-pushed -"], "{}", ran.shown());
    let journal = registry.journal();
    assert!(journal.iter().all(|entry| entry.authorization.is_none()));
    // The tag, the base, and the digest.
    assert_eq!(journal.len(), 3);
}
