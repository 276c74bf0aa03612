//! Registries that stall, cut, limit and answer nonsense: the run ends, and says what it knows.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::access::{assert_ok, assert_unproven, filled, metadata_of, on, on_host, spoil};
use crate::image::multi;
use crate::registry::{Fault, Registry, Response};
use crate::run::code;

fn open() -> Registry {
    filled(Registry::builder())
}

/// A registry that answers every request for a manifest so.
fn always(faults: impl Into<Vec<Fault>>) -> Registry {
    let registry = open();
    registry.on("*", "/manifests/").always().answer(faults);
    registry
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn a_registry_that_stalls_ends_with_the_time_for_the_run() {
    std::thread::scope(|scope| {
        for fault in [Fault::Stall(LONG), Fault::StallInside(LONG)] {
            scope.spawn(|| {
                let registry = always(fault);
                let ran = on(&registry, "check").args(&["--timeout", "2"]).run();
                assert_unproven(&ran, "the time for the whole run is over");
            });
        }
    });
}

#[test]
fn a_write_that_stalls_is_not_called_done() {
    let registry = open();
    spoil(&registry);
    registry
        .on("PUT", "/manifests/")
        .always()
        .answer(Fault::Stall(LONG));
    let ran = on(&registry, "fix").args(&["--timeout", "1"]).run();
    assert_eq!(ran.code, Some(1), "{}", ran.shown());
    assert!(!ran.tags()[0].contains("fixed"), "{}", ran.shown());
}

#[test]
fn connections_that_are_dropped_and_bodies_that_are_cut_are_tried_again() {
    let faults = [
        Fault::Drop,
        Fault::Truncate(20),
        Fault::status(500),
        Fault::status(502),
    ];
    std::thread::scope(|scope| {
        for fault in faults {
            scope.spawn(|| {
                let registry = open();
                registry.on("GET", "/manifests/").times(2).answer(fault);
                assert_ok(&on(&registry, "check").run());
                assert!(registry.unused_rules().is_empty());
            });
        }
    });
}

#[test]
fn what_always_fails_is_unproven_with_the_reason() {
    for (fault, reason) in [
        (Fault::Drop, "the connection was cut"),
        (Fault::Truncate(20), "the answer was cut off"),
        (Fault::status(503), "503 Service Unavailable"),
    ] {
        let registry = always(fault);
        assert_unproven(
            &on(&registry, "check").args(&["--timeout", "4"]).run(),
            reason,
        );
    }
}

#[test]
fn a_body_in_chunks_is_read_and_one_that_is_too_large_is_not() {
    assert_ok(&on(&always(Fault::ChunkedBody), "check").run());
    let large = Fault::Body(vec![b' '; 4 * 1024 * 1024 + 1]);
    assert_unproven(&on(&always(large), "check").run(), "larger than 4 MiB");
}

#[test]
fn a_body_that_is_compressed_without_being_asked_for_is_no_proof_and_no_accusation() {
    let registry = always([
        Fault::Body(b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\x04\0\x43\xbe\xb7\xe8\x01\0\0\0".to_vec()),
        Fault::Header("Content-Encoding", "gzip".to_owned()),
    ]);
    let ran = on(&registry, "fix").run();
    assert_eq!(ran.status(), "unproven", "{}", ran.shown());
    assert_eq!(registry.count("PUT", ""), 0);
}

#[test]
fn a_web_page_is_no_answer_of_a_registry() {
    for status in [200, 404] {
        let page = Response::new(status, "text/html", "<html><h1>Sign in</h1></html>");
        let ran = on(&always(Fault::Answer(page)), "fix").run();
        assert_unproven(&ran, "a web page");
    }
}

#[test]
fn a_rate_limit_is_waited_for_as_long_as_it_asks() {
    for (seconds, least) in [("0", 0), ("1", 1000)] {
        let registry = open();
        registry
            .on("GET", "/manifests/")
            .answer(Fault::status(429).with("Retry-After", seconds));
        let start = Instant::now();
        assert_ok(&on(&registry, "check").run());
        assert!(start.elapsed() >= Duration::from_millis(least));
    }
}

#[test]
fn a_rate_limit_of_hours_is_told_at_once() {
    let registry = always(Fault::status(429).with("Retry-After", "14400"));
    let ran = on(&registry, "check").run();
    assert_unproven(&ran, "it takes requests again in 4 h");
    assert_eq!(registry.journal().len(), 1);
}

#[test]
fn a_host_that_is_not_there_is_told_apart_from_a_port_that_is_closed() {
    let ran = on_host("registry.invalid", "check")
        .args(&["--timeout", "5"])
        .run();
    assert_unproven(&ran, "no such host");
    assert!(
        ran.stdout.contains("check the name `registry.invalid`"),
        "{}",
        ran.shown()
    );
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let host = format!("127.0.0.1:{port}");
    let ran = on_host(&host, "check").run();
    assert_unproven(&ran, "the connection was refused");
    let help = format!("check that a registry listens at `{host}`");
    assert!(ran.stdout.contains(&help), "{}", ran.shown());
}

#[test]
fn a_dead_registry_does_not_keep_the_other_from_being_proven_and_repaired() {
    let registry = open();
    spoil(&registry);
    let metadata = metadata_of(&["registry.invalid", &registry.host()]);
    let ran = on(&registry, "fix").file("build.json", metadata).run();
    assert_eq!(
        ran.tags(),
        ["app:1 unproven -", "app:1 child fixed"],
        "{}",
        ran.shown()
    );
    assert_eq!(ran.code, code(3));
    assert_eq!(registry.tagged("app", "1"), Some(multi("a").index.digest));
}
