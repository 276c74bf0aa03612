//! The main scenarios on every kind of registry: the same function runs on the fake one and on
//! the real one, without a login, with a password over TLS, and with tokens.

use base64::Engine as _;
use serde_json::{Value, json};

use crate::image::{image, index, metadata, multi, push};
use crate::real::{self, Real};
use crate::registry::Registry;
use crate::run::{Ran, Run, code, tagproof};
use crate::samples::{self, Store};
use crate::tls;
use crate::token_server::{PASSWORD, USER};

/// A registry, and what it takes to speak to it.
struct Place<S> {
    store: S,
    is_login: bool,
    is_tls: bool,
}

fn open<S>(store: S) -> Place<S> {
    Place {
        store,
        is_login: false,
        is_tls: false,
    }
}

fn with_login<S>(store: S) -> Place<S> {
    Place {
        is_login: true,
        ..open(store)
    }
}

fn with_login_over_tls<S>(store: S) -> Place<S> {
    Place {
        is_tls: true,
        ..with_login(store)
    }
}

/// Every scenario on every kind of registry, as a test of its own.
macro_rules! on_all {
    ($($scenario:ident)*) => {
        on_all!(@kinds {$($scenario)*}
            fake_without_a_login: true, || open(Registry::start());
            fake_with_a_password: true, || {
                let builder = Registry::builder().basic(USER, PASSWORD);
                with_login_over_tls(builder.tls(tls::server_config()).start())
            };
            fake_with_tokens: true, || {
                with_login(Registry::builder().token(USER, PASSWORD).start())
            };
            real_without_a_login: real::available(), || open(Real::anonymous());
            real_with_a_password: real::available(), || with_login_over_tls(Real::htpasswd());
            real_with_tokens: real::available(), || with_login(Real::token());
        );
    };
    (@kinds $scenarios:tt $($kind:ident: $available:expr, $start:expr;)*) => {
        $(on_all!(@kind $scenarios $kind, $available, $start);)*
    };
    (@kind {$($scenario:ident)*} $kind:ident, $available:expr, $start:expr) => {
        mod $kind {
            use super::*;

            $(#[test]
            #[ignore = "long: cargo test -- --include-ignored"]
            fn $scenario() {
                if $available {
                    super::$scenario($start);
                }
            })*
        }
    };
}

on_all! {
    a_tag_that_is_right_is_ok
    a_tag_on_a_child_is_repaired_and_the_undo_command_undoes_it
    a_wrapped_tag_is_repaired
    an_absent_tag_is_created
    a_foreign_image_is_moved_only_if_the_user_says_so
    an_image_without_a_platform_that_was_asked_for_is_incomplete
    a_child_that_is_gone_makes_the_index_broken
    what_is_nowhere_in_the_repository_is_never_pushed
    two_registries_are_repaired_each_where_it_is
    without_a_login_it_is_unproven
    a_login_can_come_from_standard_input
    a_wrong_password_is_unproven_and_never_shown
    the_recorded_bug_is_repaired
}

/// `.docker/config.json` with the login of each place that wants one.
fn config<S: Store>(places: &[&Place<S>], password: &str) -> String {
    let auth = base64::prelude::BASE64_STANDARD.encode(format!("{USER}:{password}"));
    let mut auths = json!({});
    for place in places.iter().filter(|place| place.is_login) {
        auths[place.store.store_host()] = json!({ "auth": auth });
    }
    json!({ "auths": auths }).to_string()
}

/// A run that trusts the tests' authority and finds no login yet.
fn bare<S: Store>(place: &Place<S>, mode: &str, metadata: &str) -> Run {
    let run = tagproof(&[mode, "build.json"]).file("build.json", metadata);
    let authority = tls::file("ca.crt");
    match place.is_tls {
        true => run.args(&["--ca-file", authority.to_str().unwrap()]),
        false => run,
    }
}

/// A run with the logins that the places want; one look decides.
fn prove<S: Store>(places: &[&Place<S>], mode: &str, metadata: &str, args: &[&str]) -> Ran {
    prove_settled("0", places, mode, metadata, args)
}

/// A run with the logins that the places want, and two looks so many seconds apart.
fn prove_settled<S: Store>(
    settle: &str,
    places: &[&Place<S>],
    mode: &str,
    metadata: &str,
    args: &[&str],
) -> Ran {
    bare(places[0], mode, metadata)
        .args(&["--settle", settle])
        .args(args)
        .file(".docker/config.json", config(places, PASSWORD))
        .report()
        .run()
}

impl<S: Store> Place<S> {
    fn name(&self, rest: &str) -> String {
        format!("{}/{rest}", self.store.store_host())
    }
}

fn a_tag_that_is_right_is_ok<S: Store>(start: impl Fn() -> Place<S>) {
    let place = start();
    let build = multi("a");
    build.push(&place.store, "ns/app");
    place.store.point("ns/app", "1", &build.index.digest);
    place.store.point("ns/app", "latest", &build.index.digest);
    let names = [place.name("ns/app:1"), place.name("ns/app:latest")];
    let metadata = metadata(&build.index, &names);
    for mode in ["check", "fix"] {
        let ran = prove(&[&place], mode, &metadata, &["--depth", "children"]);
        assert_eq!(
            ran.tags(),
            ["ns/app:1 ok -", "ns/app:latest ok -"],
            "{}",
            ran.shown()
        );
        assert_eq!((ran.code, ran.status()), (Some(0), "ok"));
        assert_eq!(ran.tag(1)["proof"], "digest");
    }
    // The settings that most runs have: two looks, some time apart.
    let ran = prove_settled("0.2", &[&place], "check", &metadata, &[]);
    assert_eq!(ran.status(), "ok", "{}", ran.shown());
}

fn a_tag_on_a_child_is_repaired_and_the_undo_command_undoes_it<S: Store>(
    start: impl Fn() -> Place<S>,
) {
    let place = start();
    let build = multi("a");
    build.push(&place.store, "ns/app");
    place.store.point("ns/app", "1", &build.arm64.digest);
    let metadata = metadata(&build.index, &[place.name("ns/app:1")]);
    let ran = prove(&[&place], "check", &metadata, &[]);
    assert_eq!(ran.tags(), ["ns/app:1 child -"], "{}", ran.shown());
    assert_eq!((ran.code, ran.status()), (Some(1), "wrong"));
    assert_eq!(ran.tag(0)["found"]["platform"], "linux/arm64");
    assert_eq!(
        place.store.pointed("ns/app", "1"),
        Some(build.arm64.digest.clone())
    );

    let ran = prove_settled("0.2", &[&place], "fix", &metadata, &[]);
    assert_eq!(ran.tags(), ["ns/app:1 child fixed"], "{}", ran.shown());
    assert_eq!((ran.code, ran.status()), (Some(0), "fixed"));
    assert_eq!(
        place.store.pointed("ns/app", "1"),
        Some(build.index.digest.clone())
    );
    assert_eq!(ran.tag(0)["before"], build.arm64.digest);

    let undo = ran.tag(0)["undo"].as_str().unwrap().to_owned();
    let words: Vec<&str> = undo.split(' ').skip(1).collect();
    let mut run = tagproof(&words)
        .args(&["--settle", "0"])
        .file(".docker/config.json", config(&[&place], PASSWORD));
    if place.is_tls {
        // As where the machine itself trusts the authority.
        run = run.env("SSL_CERT_FILE", tls::file("ca.crt").to_str().unwrap());
    }
    let undone = run.report().run();
    assert_eq!(undone.code, Some(0), "{}", undone.shown());
    assert_eq!(place.store.pointed("ns/app", "1"), Some(build.arm64.digest));
}

fn a_wrapped_tag_is_repaired<S: Store>(start: impl Fn() -> Place<S>) {
    let place = start();
    let plain = image("linux/amd64", "a");
    let around = index(&[&plain]);
    push(&place.store, "ns/app", &[&plain, &around]);
    place.store.point("ns/app", "1", &around.digest);
    let metadata = metadata(&plain, &[place.name("ns/app:1")]);
    let ran = prove(&[&place], "fix", &metadata, &["--platform", "linux/amd64"]);
    assert_eq!(ran.tags(), ["ns/app:1 wrapped fixed"], "{}", ran.shown());
    assert_eq!(place.store.pointed("ns/app", "1"), Some(plain.digest));
}

fn an_absent_tag_is_created<S: Store>(start: impl Fn() -> Place<S>) {
    let place = start();
    let build = multi("a");
    build.push(&place.store, "ns/app");
    let metadata = metadata(&build.index, &[place.name("ns/app:1")]);
    let ran = prove(&[&place], "check", &metadata, &[]);
    assert_eq!(ran.tags(), ["ns/app:1 absent -"], "{}", ran.shown());
    let ran = prove(&[&place], "fix", &metadata, &[]);
    assert_eq!(ran.tags(), ["ns/app:1 absent fixed"], "{}", ran.shown());
    assert_eq!(
        place.store.pointed("ns/app", "1"),
        Some(build.index.digest.clone())
    );
    // A tag that was there once is absent as well.
    place.store.unpoint("ns/app", "1");
    let ran = prove(&[&place], "fix", &metadata, &[]);
    assert_eq!(ran.tags(), ["ns/app:1 absent fixed"], "{}", ran.shown());
    assert_eq!(place.store.pointed("ns/app", "1"), Some(build.index.digest));
}

fn a_foreign_image_is_moved_only_if_the_user_says_so<S: Store>(start: impl Fn() -> Place<S>) {
    let place = start();
    let (build, foreign) = (multi("a"), image("linux/s390x", "z"));
    build.push(&place.store, "ns/app");
    push(&place.store, "ns/app", &[&foreign]);
    place.store.point("ns/app", "1", &foreign.digest);
    let metadata = metadata(&build.index, &[place.name("ns/app:1")]);
    let ran = prove(&[&place], "fix", &metadata, &[]);
    assert_eq!(ran.tags(), ["ns/app:1 other -"], "{}", ran.shown());
    assert_eq!(ran.code, Some(1));
    assert_eq!(
        place.store.pointed("ns/app", "1"),
        Some(foreign.digest.clone())
    );
    let ran = prove(&[&place], "fix", &metadata, &["--on-other", "fix"]);
    assert_eq!(ran.tags(), ["ns/app:1 other fixed"], "{}", ran.shown());
    assert_eq!(ran.tag(0)["before"], foreign.digest);
    assert_eq!(place.store.pointed("ns/app", "1"), Some(build.index.digest));
}

fn an_image_without_a_platform_that_was_asked_for_is_incomplete<S: Store>(
    start: impl Fn() -> Place<S>,
) {
    let place = start();
    let build = multi("a");
    build.push(&place.store, "ns/app");
    place.store.point("ns/app", "1", &build.amd64.digest);
    let metadata_of = metadata(&build.index, &[place.name("ns/app:1")]);
    let platforms = ["--platform", "linux/amd64,linux/riscv64"];
    let ran = prove(&[&place], "fix", &metadata_of, &platforms);
    assert_eq!(ran.tags(), ["ns/app:1 incomplete -"], "{}", ran.shown());
    assert_eq!(place.store.pointed("ns/app", "1"), Some(build.amd64.digest));
    // The platform of a plain manifest is in its config, which is a blob.
    let plain = metadata(&build.arm64, &[place.name("ns/app:2")]);
    place.store.point("ns/app", "2", &build.arm64.digest);
    for (platform, verdict) in [("linux/arm64", "ok"), ("linux/amd64", "incomplete")] {
        let ran = prove(&[&place], "check", &plain, &["--platform", platform]);
        let expected = format!("ns/app:2 {verdict} -");
        assert_eq!(ran.tags(), [expected], "{}", ran.shown());
    }
}

fn a_child_that_is_gone_makes_the_index_broken<S: Store>(start: impl Fn() -> Place<S>) {
    let place = start();
    let build = multi("a");
    build.push(&place.store, "ns/app");
    place.store.point("ns/app", "1", &build.index.digest);
    let metadata = metadata(&build.index, &[place.name("ns/app:1")]);
    place.store.remove("ns/app", &build.attestation.digest);
    let ran = prove(&[&place], "check", &metadata, &["--depth", "children"]);
    assert_eq!(ran.tags(), ["ns/app:1 ok -"], "{}", ran.shown());
    assert_eq!(ran.notes(), ["attestation-gone"]);
    place.store.remove("ns/app", &build.arm64.digest);
    let ran = prove(&[&place], "fix", &metadata, &["--depth", "children"]);
    assert_eq!(ran.tags(), ["ns/app:1 broken -"], "{}", ran.shown());
    assert_eq!(ran.code, Some(1));
    // A tag that is wrong as well stays as it is.
    place.store.point("ns/app", "1", &build.amd64.digest);
    let ran = prove(&[&place], "fix", &metadata, &["--depth", "children"]);
    assert_eq!(ran.tags(), ["ns/app:1 broken -"], "{}", ran.shown());
    // Who does not ask for the children learns of it from the registry, which refuses the write.
    let ran = prove(&[&place], "fix", &metadata, &[]);
    assert_eq!(ran.tags(), ["ns/app:1 child refused"], "{}", ran.shown());
    assert_eq!(place.store.pointed("ns/app", "1"), Some(build.amd64.digest));
}

fn what_is_nowhere_in_the_repository_is_never_pushed<S: Store>(start: impl Fn() -> Place<S>) {
    let place = start();
    let (build, old) = (multi("a"), multi("old"));
    let metadata = metadata(&build.index, &[place.name("ns/app:1")]);
    // Neither where there is no repository, nor where there is one.
    let ran = prove(&[&place], "fix", &metadata, &[]);
    assert_eq!(ran.tags(), ["ns/app:1 never-pushed -"], "{}", ran.shown());
    old.push(&place.store, "ns/app");
    place.store.point("ns/app", "1", &old.index.digest);
    let ran = prove(&[&place], "fix", &metadata, &["--on-other", "fix"]);
    assert_eq!(ran.tags(), ["ns/app:1 never-pushed -"], "{}", ran.shown());
    assert_eq!(ran.code, Some(1));
    assert_eq!(place.store.pointed("ns/app", "1"), Some(old.index.digest));
}

fn two_registries_are_repaired_each_where_it_is<S: Store>(start: impl Fn() -> Place<S>) {
    let (first, second) = (start(), start());
    let build = multi("a");
    let mut names = Vec::new();
    for place in [&first, &second] {
        for repository in ["ns/app", "other/app"] {
            build.push(&place.store, repository);
            for tag in ["1", "latest"] {
                place.store.point(repository, tag, &build.amd64.digest);
                names.push(place.name(&format!("{repository}:{tag}")));
            }
        }
    }
    let metadata = metadata(&build.index, &names);
    let ran = prove(&[&first, &second], "fix", &metadata, &[]);
    assert_eq!(ran.tags().len(), 8);
    assert!(
        ran.tags().iter().all(|tag| tag.ends_with(" child fixed")),
        "{}",
        ran.shown()
    );
    for place in [&first, &second] {
        for repository in ["ns/app", "other/app"] {
            for tag in ["1", "latest"] {
                let now = place.store.pointed(repository, tag);
                assert_eq!(now.as_ref(), Some(&build.index.digest));
            }
        }
    }
}

/// A place with a wrong tag, and the metadata.
fn wrong<S: Store>(start: impl Fn() -> Place<S>) -> (Place<S>, String) {
    let place = start();
    let build = multi("a");
    build.push(&place.store, "ns/app");
    place.store.point("ns/app", "1", &build.amd64.digest);
    let metadata = metadata(&build.index, &[place.name("ns/app:1")]);
    (place, metadata)
}

fn without_a_login_it_is_unproven<S: Store>(start: impl Fn() -> Place<S>) {
    let (place, metadata) = wrong(start);
    for mode in ["check", "fix"] {
        let ran = bare(&place, mode, &metadata)
            .args(&["--settle", "0"])
            .report()
            .run();
        if !place.is_login {
            assert!(ran.tags()[0].starts_with("ns/app:1 child "));
            continue;
        }
        assert_eq!(ran.tags(), ["ns/app:1 unproven -"], "{}", ran.shown());
        assert_eq!((ran.code, ran.status()), (code(3), "unproven"));
        assert!(
            ran.stdout.contains("help: log in before this step"),
            "{}",
            ran.shown()
        );
    }
}

fn a_login_can_come_from_standard_input<S: Store>(start: impl Fn() -> Place<S>) {
    let (place, metadata) = wrong(start);
    let ran = bare(&place, "fix", &metadata)
        .args(&["--settle", "0", "--username", USER, "--password-stdin"])
        .stdin(format!("{PASSWORD}\n"))
        .report()
        .run();
    assert_eq!(ran.tags(), ["ns/app:1 child fixed"], "{}", ran.shown());
}

fn a_wrong_password_is_unproven_and_never_shown<S: Store>(start: impl Fn() -> Place<S>) {
    let (place, metadata) = wrong(start);
    let ran = bare(&place, "fix", &metadata)
        .args(&["--settle", "0", "--verbose"])
        .file(".docker/config.json", config(&[&place], "correct horse"))
        .report()
        .run();
    let verdict = match place.is_login {
        true => "ns/app:1 unproven -",
        false => "ns/app:1 child fixed",
    };
    assert_eq!(ran.tags(), [verdict], "{}", ran.shown());
    let encoded = base64::prelude::BASE64_STANDARD.encode(format!("{USER}:correct horse"));
    for secret in ["correct horse", &encoded] {
        assert!(!ran.shown().contains(secret), "{}", ran.shown());
    }
}

fn the_recorded_bug_is_repaired<S: Store>(start: impl Fn() -> Place<S>) {
    let (first, second) = (start(), start());
    let sample = samples::named("docker26-bug-2959");
    let metadata = sample.load(&first.store, &second.store);
    let ran = prove(&[&first, &second], "fix", &metadata, &[]);
    assert_eq!(
        ran.tags(),
        ["fq3/app:1 child fixed", "fq3/app:latest child fixed"],
        "{}",
        ran.shown()
    );
    let expected = ran.tag(0)["expected"]["digest"].as_str();
    let is_second = sample.has_second() && metadata.contains(&second.store.store_host());
    let store = if is_second {
        &second.store
    } else {
        &first.store
    };
    for tag in ["1", "latest"] {
        assert_eq!(store.pointed("fq3/app", tag).as_deref(), expected);
    }
}

/// The report on a sample, with the registries' names taken out.
fn report_on<S: Store>(sample: &samples::Sample, start: fn() -> S, args: &[&str]) -> Value {
    let (first, second) = (start(), start());
    let metadata = sample.load(&first, &second);
    let mut tags = Vec::new();
    for (store, file) in [(&first, "registry.json"), (&second, "registry-5001.json")] {
        for (repository, tag, _) in sample.tags(file) {
            tags.push(format!("{}/{repository}:{tag}", store.store_host()));
        }
    }
    let mut run = tagproof(args)
        .args(&["build.json", "--settle", "0"])
        .file("build.json", metadata)
        .report();
    if args.contains(&"children") && !tags.is_empty() {
        run = run.args(&["--tag", &tags.join(",")]);
    }
    let report = run.run().report.to_string();
    let report = report
        .replace(&first.store_host(), "FIRST")
        .replace(&second.store_host(), "SECOND");
    serde_json::from_str(&report).unwrap()
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn every_recorded_build_has_the_same_report_on_the_real_registry_as_on_the_fake() {
    if !real::available() {
        return;
    }
    for sample in samples::all() {
        // As the build names its tags, each tag that the registries have, and repaired.
        for args in [&["check"][..], &["check", "--depth", "children"], &["fix"]] {
            let fake = report_on(&sample, Registry::start, args);
            let real = report_on(&sample, Real::anonymous, args);
            assert_eq!(fake, real, "{} {args:?}", sample.name);
        }
    }
}
