//! Secrets stay secret, whatever fails and however it is shown.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::access::{
    HOSTILE, PASSWORD, USER, assert_no_leak, assert_secret, basic, entry, filled, metadata_of, on,
    spoil,
};
use crate::proxy::Proxy;
use crate::registry::{Builder, Fault, Registry};
use crate::run::{Host, Run};
use crate::runner::{Step, TOKEN};

/// A token, which has no space and nothing but ASCII, with what needs an escape somewhere.
const HOSTILE_TOKEN: &str = r#"Zk7w"Qx9v\Jf3h<Wb8n&Ty2m'Rd5s+Lp4g/Xc6t%Vn1q"#;

/// Runs in both modes, as loud and as quiet as can be, in all forms and files, and as a step of
/// GitHub with and without its debug log, and looks for the secret in all that came out.
/// `registry` makes the registry anew for each, and `login` gives a run the login.
fn assert_secret_is_kept(
    secret: &str,
    registry: &(impl Fn() -> Registry + Sync),
    login: &(impl Fn(&Registry) -> Value + Sync),
    ready: &(impl Fn(Run) -> Run + Sync),
) {
    let run = &|mode, arguments: &[&str]| {
        let registry = registry();
        spoil(&registry);
        let run = on(&registry, mode)
            .args(&["--timeout", "1"])
            .args(arguments)
            .in_all_forms()
            .file(".docker/config.json", login(&registry).to_string());
        let ran = ready(run).run();
        assert_ne!(ran.code, Some(2), "{}", ran.shown());
        assert_secret(&ran.shown(), &[secret]);
    };
    let step = &|mode, debug| {
        let registry = registry();
        spoil(&registry);
        let stepped = Step::new()
            .file("build.json", &metadata_of(&[&registry.host()]))
            .file("config.json", &login(&registry).to_string())
            .with("metadata-file", "build.json")
            .with("registry-config", "config.json")
            .with("mode", mode)
            .with("settle", "0")
            .with("timeout", "1")
            .env("RUNNER_DEBUG", debug)
            .run();
        assert_ne!(stepped.output("status"), "invalid", "{}", stepped.shown());
        assert_secret(&stepped.visible(), &[secret, TOKEN]);
    };
    // Most of these wait for something.
    std::thread::scope(|scope| {
        for mode in ["check", "fix"] {
            for arguments in [
                &["-q"] as &[&str],
                &[],
                &["-v"],
                &["--format", "json", "-v"],
            ] {
                scope.spawn(move || run(mode, arguments));
            }
            for debug in ["", "1"] {
                scope.spawn(move || step(mode, debug));
            }
        }
    });
}

/// The same with passwords, for a registry that takes them and for one with a token server. Both
/// fail in the way that `fail` makes them, which is given what they are sent.
fn assert_nothing_leaks(fail: impl Fn(&Registry, &[&str]) + Sync) {
    for password in [HOSTILE, PASSWORD] {
        let header = BASE64_STANDARD.encode(format!("{USER}:{password}"));
        let login = |registry: &Registry| auths(registry, entry(USER, password));
        let basic = || Registry::builder().basic(USER, password);
        let sent = [password, &header];
        assert_fails_in_silence(password, &basic, &|it| fail(it, &sent), &login);
        let token = || Registry::builder().token(USER, password);
        let sent = [password, &header, "opaque-1"];
        assert_fails_in_silence(password, &token, &|it| fail(it, &sent), &login);
    }
}

fn assert_fails_in_silence(
    secret: &str,
    builder: &(impl Fn() -> Builder + Sync),
    fail: &(impl Fn(&Registry) + Sync),
    login: &(impl Fn(&Registry) -> Value + Sync),
) {
    let make = || {
        let registry = filled(builder());
        fail(&registry);
        registry
    };
    assert_secret_is_kept(secret, &make, login, &|run| run);
}

/// A config file with this entry for the registry.
fn auths(registry: &Registry, entry: Value) -> Value {
    json!({"auths": {registry.host(): entry}})
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn nothing_leaks_when_all_goes_well() {
    assert_nothing_leaks(|_, _| {});
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
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
#[ignore = "long: cargo test -- --include-ignored"]
fn nothing_leaks_through_a_registry_that_repeats_what_it_was_sent() {
    for status in [401, 403, 404, 418, 429] {
        assert_nothing_leaks(|registry, _| {
            registry
                .on("*", "/manifests/")
                .always()
                .answer(Fault::Parrot(status));
        });
    }
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn nothing_leaks_through_a_refused_write_that_repeats_what_it_was_sent() {
    for status in [401, 403, 400, 500] {
        assert_nothing_leaks(|registry, _| {
            registry
                .on("PUT", "/manifests/")
                .always()
                .answer(Fault::Parrot(status));
        });
    }
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn nothing_leaks_through_a_token_server_that_repeats_what_it_was_sent() {
    for status in [400, 401, 500] {
        let builder = || Registry::builder().token(USER, HOSTILE);
        let fail = |registry: &Registry| {
            let rule = registry.on("*", "/token").always();
            rule.answer(Fault::Parrot(status));
        };
        for (secret, entry) in [
            (HOSTILE, entry(USER, HOSTILE)),
            (HOSTILE_TOKEN, json!({"identitytoken": HOSTILE_TOKEN})),
            (
                HOSTILE_TOKEN,
                json!({"username": "<token>", "password": HOSTILE_TOKEN}),
            ),
        ] {
            let login = |registry: &Registry| auths(registry, entry.clone());
            assert_fails_in_silence(secret, &builder, &fail, &login);
        }
    }
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn nothing_leaks_of_a_token_that_is_shown_to_the_registry_as_it_is() {
    for status in [401, 403] {
        let builder = || Registry::builder().token(USER, PASSWORD);
        let fail = |registry: &Registry| {
            let rule = registry.on("*", "/manifests/").even_unauthorized();
            rule.skip(1).always().answer(Fault::Parrot(status));
        };
        let login = |registry: &Registry| auths(registry, json!({"registrytoken": HOSTILE_TOKEN}));
        assert_fails_in_silence(HOSTILE_TOKEN, &builder, &fail, &login);
    }
}

#[cfg(unix)]
#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn nothing_leaks_of_what_a_credential_helper_keeps() {
    if !Host::get().runs_helpers() {
        return;
    }
    for (user, secret, works) in [
        (USER, HOSTILE, true),
        ("<token>", HOSTILE_TOKEN, true),
        (USER, HOSTILE, false),
    ] {
        let make = || {
            let registry = filled(Registry::builder().token(USER, PASSWORD));
            registry
                .on("*", "/token")
                .always()
                .answer(Fault::Parrot(403));
            registry
        };
        let login = |registry: &Registry| json!({"credHelpers": {registry.host(): "keeper"}});
        let answer = json!({"ServerURL": "x", "Username": user, "Secret": secret}).to_string();
        // A failing one repeats what it keeps on both of its streams.
        let end = if works {
            ""
        } else {
            "cat \"$HOME/answer\" >&2; exit 1"
        };
        let script = format!("cat \"$HOME/answer\"; {end}");
        assert_secret_is_kept(secret, &make, &login, &|run| {
            run.file("answer", &answer).helper("keeper", &script)
        });
    }
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn nothing_leaks_through_a_warning_that_repeats_what_was_sent() {
    assert_nothing_leaks(|registry, sent| {
        // A header that is not ASCII is not read, so the password ends before that.
        let words = sent.join(" or ");
        let words: String = words.chars().filter(char::is_ascii).collect();
        let words = words.replace("Mj7u", "");
        let quoted = words.replace('\\', r"\\").replace('"', r#"\""#);
        registry
            .on("*", "/manifests/")
            .always()
            .answer(Fault::Header("Warning", format!("299 - \"{quoted}\"")));
    });
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn nothing_leaks_through_a_redirect_that_repeats_what_was_sent() {
    for place in [
        "http://127.0.0.1:1",
        "/v2/app/manifests",
        "https://10.0.0.0:0",
    ] {
        assert_nothing_leaks(|registry, sent| {
            let encode = |text: &&str| -> String {
                let letters = text.bytes().map(|byte| match byte {
                    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' => char::from(byte).to_string(),
                    _ => format!("%{byte:02x}"),
                });
                letters.collect()
            };
            let path: Vec<String> = sent.iter().map(encode).collect();
            registry
                .on("*", "/manifests/")
                .always()
                .answer(Fault::redirect(&format!("{place}/{}", path.join("/"))));
        });
    }
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
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
#[ignore = "long: cargo test -- --include-ignored"]
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

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn nothing_leaks_through_a_proxy_that_repeats_its_login() {
    let login = format!("{USER}:{HOSTILE}");
    let header = BASE64_STANDARD.encode(&login);
    let in_url: String = HOSTILE.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let host = "registry.test:5000";
    // What stands behind it plays the proxy's part: the tunnel is its own.
    let words = format!("your Proxy-Authorization was Basic {header}, {login}, {in_url}");
    let parrot = filled(Registry::builder());
    parrot
        .on("*", "/manifests/")
        .always()
        .answer(Fault::error(407, "DENIED", &words));
    for refusal in [
        None,
        Some(format!("407 Basic {header} {in_url}")),
        Some(format!("403 Basic {header} {in_url}")),
    ] {
        let proxy = Proxy::with_login(&[(host, &parrot)], Some(&login));
        // The proxy keeps its status line for as long as the tests run.
        if let Some(refusal) = refusal {
            proxy.turn(Some(refusal.leak()))();
        }
        for mode in ["check", "fix"] {
            for verbosity in ["-q", "-v"] {
                let ran = on(&parrot, mode)
                    .file("build.json", metadata_of(&[host]))
                    .args(&["--timeout", "60", "--plain-http", host, verbosity])
                    .in_all_forms()
                    .env("HTTP_PROXY", &proxy.url_as(&format!("{USER}:{in_url}")))
                    .run();
                assert!(!proxy.journal().is_empty());
                assert_eq!(ran.status(), "unproven", "{}", ran.shown());
                assert_secret(&ran.shown(), &[HOSTILE]);
            }
        }
    }
}
