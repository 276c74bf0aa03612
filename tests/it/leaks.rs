//! Secrets stay secret, whatever fails and however it is shown.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use crate::access::{
    PASSWORD, USER, assert_no_leak, assert_secret, basic, bearer, config, filled, metadata_of, on,
    right, spoil,
};
use crate::registry::{Fault, Registry, Response};
use crate::runner::{Step, TOKEN};

/// Runs against registries that fail in the way `fail` makes them, with passwords and tokens, in
/// both modes, all formats and files, and as a step of GitHub, and looks for the secrets in all that
/// came out.
fn assert_nothing_leaks(fail: impl Fn(&Registry, &str) + Sync) {
    let run = &|mode, arguments: [&str; 2], registry: &Registry, token| {
        spoil(registry);
        fail(registry, token);
        let ran = on(registry, mode)
            .args(&["--timeout", "1", "--format"])
            .args(&arguments)
            .in_all_forms()
            .file(
                ".docker/config.json",
                config(&[(&registry.host(), right())]),
            )
            .run();
        assert_ne!(ran.code, Some(2), "{}", ran.shown());
        assert_no_leak(&ran);
    };
    let step = &|registry: &Registry, token| {
        spoil(registry);
        fail(registry, token);
        let stepped = Step::new()
            .file("build.json", &metadata_of(&[&registry.host()]))
            .file("config.json", &config(&[(&registry.host(), right())]))
            .with("metadata-file", "build.json")
            .with("registry-config", "config.json")
            .with("settle", "0")
            .with("timeout", "1")
            .env("RUNNER_DEBUG", "1")
            .run();
        assert_ne!(stepped.output("status"), "invalid", "{}", stepped.shown());
        assert_secret(&stepped.visible(), &[PASSWORD, TOKEN]);
    };
    // Most of these wait for something.
    std::thread::scope(|scope| {
        for (mode, format, verbosity) in [
            ("check", "terminal", "-v"),
            ("fix", "json", "-v"),
            ("fix", "terminal", "-q"),
        ] {
            scope.spawn(move || run(mode, [format, verbosity], &basic(), ""));
            scope.spawn(move || run(mode, [format, verbosity], &bearer(), " or Bearer opaque-1"));
        }
        scope.spawn(|| step(&basic(), ""));
        scope.spawn(|| step(&bearer(), " or Bearer opaque-1"));
    });
}

/// A refusal that repeats everything the registry was sent.
fn parrot(status: u16, token: &str) -> Fault {
    let login = format!("{USER}:{PASSWORD}");
    let message = format!(
        "not you: password {PASSWORD}, in a URL pa55%3AW0rd-of-ann or pa55%3aW0rd-of-ann, login {login}, Authorization: Basic {}{token}",
        BASE64_STANDARD.encode(&login)
    );
    Fault::Answer(Response::error(status, "DENIED", &message, &json!(null)))
}

#[test]
fn nothing_leaks_when_all_goes_well() {
    assert_nothing_leaks(|_, _| {});
}

#[test]
fn nothing_leaks_when_the_registry_or_the_connection_fails() {
    assert_nothing_leaks(|registry, _| {
        registry
            .on("*", "/manifests/")
            .always()
            .answer(Fault::status(503));
    });
    assert_nothing_leaks(|registry, _| {
        registry.on("*", "/manifests/").always().answer(Fault::Drop);
    });
    assert_nothing_leaks(|registry, _| {
        let far = Fault::redirect("http://user:pass@169.254.169.254/x?token=opaque-1");
        registry.on("*", "/manifests/").always().answer(far);
    });
}

#[test]
fn nothing_leaks_through_a_registry_that_repeats_what_it_was_sent() {
    for status in [401, 403, 404, 418, 429] {
        assert_nothing_leaks(|registry, token| {
            registry
                .on("*", "/manifests/")
                .always()
                .answer(parrot(status, token));
        });
        assert_nothing_leaks(|registry, token| {
            registry
                .on("PUT", "/manifests/")
                .always()
                .answer(parrot(status, token));
        });
    }
}

#[test]
fn nothing_leaks_through_a_token_server_that_repeats_what_it_was_sent() {
    for status in [400, 401, 500] {
        assert_nothing_leaks(|registry, _| {
            registry
                .on("*", "/token")
                .always()
                .answer(parrot(status, ""));
        });
    }
    let registry = filled(Registry::builder().token(USER, PASSWORD));
    let words = format!("no user has the token {PASSWORD}");
    let parrot = Response::error(403, "DENIED", &words, &json!(null));
    registry
        .on("*", "/token")
        .always()
        .answer(Fault::Answer(parrot));
    let login = json!({"identitytoken": PASSWORD});
    let ran = on(&registry, "check")
        .args(&["-v"])
        .file(".docker/config.json", config(&[(&registry.host(), login)]))
        .run();
    assert_no_leak(&ran);
}

#[test]
fn nothing_leaks_through_a_warning_that_repeats_the_token() {
    assert_nothing_leaks(|registry, token| {
        let warning = format!(
            "299 - \"your login is Basic {}{token}\"",
            BASE64_STANDARD.encode(format!("{USER}:{PASSWORD}"))
        );
        registry
            .on("*", "/manifests/")
            .always()
            .answer(Fault::Header("Warning", warning));
    });
}

#[test]
fn nothing_leaks_out_of_a_broken_config() {
    let registry = basic();
    for broken in [
        format!(
            r#"{{"auths":{{"{}":{{"auth":"{PASSWORD}"}}}}}}"#,
            registry.host()
        ),
        format!(r#"{{"auths":"{PASSWORD}"}}"#),
        PASSWORD.to_owned(),
        format!(
            r#"{{"auths":{{"{}":{{"username":"a:b","password":"{PASSWORD}"}}}}}}"#,
            registry.host()
        ),
        format!(r#"{{"credsStore":"{PASSWORD}"}}"#),
    ] {
        for source in [".docker/config.json", ".config/containers/auth.json"] {
            let run = on(&registry, "check").args(&["-v"]).file(source, &broken);
            let ran = run.env("DOCKER_AUTH_CONFIG", &broken).run();
            assert_eq!(ran.status(), "unproven", "{}", ran.shown());
            assert_no_leak(&ran);
        }
        let run = on(&registry, "check").args(&["-v", "--registry-config", "x.json"]);
        assert_no_leak(&run.file("x.json", &broken).run());
    }
}

#[test]
fn the_password_of_a_proxy_does_not_leak() {
    let registry = basic();
    for proxy in [
        format!("http://{USER}:{PASSWORD}@127.0.0.1:1"),
        format!("ftp://{USER}:{PASSWORD}@127.0.0.1:1"),
        format!("http://{USER}:{PASSWORD}@"),
    ] {
        let metadata = metadata_of(&["registry.test:5000"]);
        let ran = on(&registry, "check")
            .file("build.json", metadata)
            .args(&["-v", "--timeout", "1"])
            .env("HTTPS_PROXY", &proxy)
            .run();
        assert_ne!(ran.code, Some(0), "{}", ran.shown());
        assert_no_leak(&ran);
    }
}
