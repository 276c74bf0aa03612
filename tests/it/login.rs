//! Every place a login may be in, through the whole program.

use serde_json::json;

use crate::access::{
    PASSWORD, USER, assert_no_leak, assert_ok, assert_unproven, basic, bearer, config, entry,
    filled, metadata_of, on, right, users,
};
use crate::registry::Registry;
use crate::run::{Host, code, tagproof};

const GIVEN: [&str; 3] = ["--username", USER, "--password-stdin"];

#[test]
fn a_password_on_standard_input_is_for_the_only_registry_at_hand() {
    for ending in ["", "\n", "\r\n"] {
        let registry = basic();
        let ran = on(&registry, "check")
            .args(&GIVEN)
            .stdin(format!("{PASSWORD}{ending}"))
            .run();
        assert_ok(&ran);
        assert_eq!(users(&registry), [USER]);
    }
}

#[test]
fn a_password_goes_to_the_registry_it_is_for_and_to_no_other() {
    let (one, other) = (basic(), basic());
    let ran = tagproof(&["check", "build.json", "--settle", "0"])
        .file("build.json", metadata_of(&[&one.host(), &other.host()]))
        .args(&GIVEN)
        .args(&["--registry", &one.host()])
        .stdin(PASSWORD)
        .report()
        .run();
    assert_eq!(ran.tags(), ["app:1 ok -", "app:1 unproven -"]);
    assert_eq!(users(&one), [USER]);
    assert!(users(&other).is_empty());
    assert_no_leak(&ran);
}

#[test]
fn a_registry_is_named_as_a_login_step_names_it() {
    let (one, other) = (basic(), basic());
    for (before, behind) in [
        ("", ""),
        ("http://", ""),
        ("https://", ""),
        ("HTTPS://", "/"),
        ("", "/"),
        ("", "/acme"),
        ("http://", "/v2/"),
        (" ", " "),
    ] {
        let ran = tagproof(&["check", "build.json", "--settle", "0"])
            .file("build.json", metadata_of(&[&one.host(), &other.host()]))
            .args(&GIVEN)
            .args(&["--registry", &format!("{before}{}{behind}", one.host())])
            .stdin(PASSWORD)
            .report()
            .run();
        assert_eq!(ran.tags(), ["app:1 ok -", "app:1 unproven -"]);
        assert!(users(&other).is_empty());
    }
}

#[test]
fn what_names_no_registry_is_refused_and_not_repeated() {
    let registry = basic();
    for name in [
        "ftp://r.io",
        "https://",
        "/r.io",
        "r.io?x",
        "acme/app",
        &format!("https://{USER}:{PASSWORD}@r.io"),
        &format!("{USER}:{PASSWORD}@r.io"),
    ] {
        let ran = on(&registry, "check")
            .args(&GIVEN)
            .args(&["--registry", name])
            .stdin(PASSWORD)
            .run();
        assert_eq!((ran.code, ran.status()), (code(2), "invalid"), "{name}");
        for words in [
            "failed to read `--registry`: it ",
            "write it like `ghcr.io`",
        ] {
            assert!(ran.stdout.contains(words), "{name}: {}", ran.shown());
        }
        assert_no_leak(&ran);
    }
    assert!(registry.journal().is_empty());
}

#[test]
fn an_empty_registry_is_docker_hub_as_in_a_login_step() {
    let registry = basic();
    let ran = on(&registry, "check")
        .args(&GIVEN)
        .args(&["--registry", ""])
        .stdin(PASSWORD)
        .run();
    assert_unproven(&ran, "a login is needed, and none is at hand");
    assert!(users(&registry).is_empty());
}

#[test]
fn plain_http_is_for_a_registry_that_is_named() {
    for name in ["", " ", "acme", "ftp://r.io", "r.io?x"] {
        let ran = tagproof(&["check", "build.json", "--plain-http", name]).run();
        assert_eq!(ran.code, code(2), "{name}: {}", ran.shown());
        assert!(ran.stderr.contains("--plain-http"), "{}", ran.shown());
    }
    let registry = filled(Registry::builder());
    let name = format!("http://{}/", registry.host());
    assert_ok(&on(&registry, "check").args(&["--plain-http", &name]).run());
}

#[test]
fn a_password_for_one_of_several_registries_must_say_which() {
    let (one, other) = (basic(), basic());
    let ran = tagproof(&["check", "build.json"])
        .file("build.json", metadata_of(&[&one.host(), &other.host()]))
        .args(&GIVEN)
        .stdin(PASSWORD)
        .report()
        .run();
    assert_eq!((ran.code, ran.status()), (code(2), "invalid"));
    for host in [one.host(), other.host()] {
        let flag = format!("`--registry {host}`");
        assert!(ran.stdout.contains(&flag), "{}", ran.shown());
    }
    assert!(one.journal().is_empty() && other.journal().is_empty());
    assert_no_leak(&ran);
}

#[test]
fn an_empty_password_and_half_a_login_are_refused() {
    let registry = basic();
    let ran = on(&registry, "check").args(&GIVEN).stdin("\n").run();
    assert_eq!((ran.code, ran.status()), (code(2), "invalid"));
    assert!(ran.stdout.contains("is empty"), "{}", ran.shown());
    for half in [
        &["--username", USER][..],
        &["--password-stdin"],
        &["--registry", "r.io"],
    ] {
        let ran = tagproof(&["check", "build.json"]).args(half).run();
        assert_eq!(ran.code, code(2), "{half:?} {}", ran.shown());
    }
    assert!(registry.journal().is_empty());
}

#[test]
fn a_config_may_be_in_a_variable() {
    let registry = basic();
    let ran = on(&registry, "check")
        .env(
            "DOCKER_AUTH_CONFIG",
            &config(&[(&registry.host(), right())]),
        )
        .args(&["-v"])
        .run();
    assert_ok(&ran);
    assert!(
        ran.stderr.contains("from `$DOCKER_AUTH_CONFIG`"),
        "{}",
        ran.shown()
    );
}

#[test]
fn buildx_keeps_logins_for_one_repository_and_scope() {
    for (mode, scope, holds) in [
        ("check", "", true),
        ("check", "@pull", true),
        ("check", "@pull,push", true),
        ("fix", "@push", true),
        ("fix", "@pull", false),
        ("check", "/app@pull", true),
        ("check", "/other", false),
    ] {
        let registry = basic();
        let path = format!(
            ".docker/buildx/config/{}{scope}/config.json",
            registry.host()
        );
        let ran = on(&registry, mode)
            .file(&path, config(&[(&registry.host(), right())]))
            .args(&["-v"])
            .run();
        match holds {
            true => assert_ok(&ran),
            false => assert_unproven(&ran, "a login is needed"),
        }
        assert_eq!(ran.stderr.contains(&path), holds, "{}", ran.shown());
    }
}

#[test]
fn the_directory_of_buildx_may_be_elsewhere() {
    let registry = basic();
    let path = format!("elsewhere/config/{}/config.json", registry.host());
    let ran = on(&registry, "check")
        .file(&path, config(&[(&registry.host(), right())]))
        .env_path("BUILDX_CONFIG", "elsewhere")
        .run();
    assert_ok(&ran);
}

#[test]
fn files_of_docker_and_podman_are_found_where_they_keep_them() {
    for (variable, value, file) in [
        ("DOCKER_CONFIG", "docker", "docker/config.json"),
        ("UNUSED", "", ".docker/config.json"),
        ("REGISTRY_AUTH_FILE", "mine.json", "mine.json"),
        ("XDG_RUNTIME_DIR", "run", "run/containers/auth.json"),
        ("XDG_CONFIG_HOME", "xdg", "xdg/containers/auth.json"),
        ("UNUSED", "", ".config/containers/auth.json"),
    ] {
        let registry = basic();
        let ran = on(&registry, "check")
            .file(file, config(&[(&registry.host(), right())]))
            .env_path(variable, value)
            .args(&["-v"])
            .run();
        assert_ok(&ran);
        let line = format!("login {}: from `~/{file}`", registry.host());
        assert!(ran.stderr.contains(&line), "{line}: {}", ran.shown());
    }
}

#[test]
fn a_config_on_the_command_line_replaces_all_others() {
    let registry = basic();
    let ran = on(&registry, "check")
        .file("mine.json", config(&[(&registry.host(), right())]))
        .file(
            ".docker/config.json",
            config(&[(&registry.host(), entry("bob", "x"))]),
        )
        .args(&["--registry-config", "mine.json"])
        .run();
    assert_ok(&ran);
    assert_eq!(users(&registry), [USER]);
}

#[test]
fn a_config_on_the_command_line_must_be_there_and_be_one() {
    let registry = basic();
    for (content, reason) in [
        (None, "there is no such file"),
        (Some("{\n\"auths\": x"), "it is no JSON at line 2"),
        (
            Some(r#"{"auths": 1}"#),
            "it is JSON, but no login config, at line 1",
        ),
    ] {
        let run = on(&registry, "check").args(&["--registry-config", "mine.json"]);
        let run = match content {
            Some(content) => run.file("mine.json", content),
            None => run,
        };
        let ran = run.run();
        assert_eq!((ran.code, ran.status()), (code(2), "invalid"));
        assert!(ran.stdout.contains(reason), "{}", ran.shown());
        assert!(ran.stdout.contains("mine.json"), "{}", ran.shown());
    }
}

#[test]
fn an_entry_may_hold_a_password_in_two_ways() {
    for value in [right(), json!({"username": USER, "password": PASSWORD})] {
        let registry = basic();
        let file = config(&[(&registry.host(), value)]);
        let ran = on(&registry, "check")
            .file(".docker/config.json", file)
            .run();
        assert_ok(&ran);
    }
}

#[test]
fn an_identity_token_is_posted_to_the_token_server() {
    let registry = bearer();
    let file = config(&[(&registry.host(), json!({"identitytoken": PASSWORD}))]);
    let ran = on(&registry, "check")
        .file(".docker/config.json", file)
        .run();
    assert_ok(&ran);
    assert_eq!(registry.count("POST", "/token"), 1);
    assert_eq!(registry.count("GET", "/token"), 0);
    let journal = registry.journal();
    let post = journal.iter().find(|entry| entry.method == "POST").unwrap();
    let body = String::from_utf8_lossy(&post.body).into_owned();
    assert!(body.contains("grant_type=refresh_token"), "{body}");
    assert!(!post.path.contains(PASSWORD), "{}", post.path);
    assert_eq!(post.authorization, None);
}

#[test]
fn an_identity_token_is_no_password() {
    let registry = basic();
    let file = config(&[(&registry.host(), json!({"identitytoken": PASSWORD}))]);
    let ran = on(&registry, "check")
        .file(".docker/config.json", file)
        .run();
    assert_unproven(&ran, "an identity token, but the registry wants a password");
    assert_eq!(registry.journal().len(), 1);
}

#[test]
fn a_registry_token_is_shown_as_it_is_and_no_token_server_is_asked() {
    let registry = bearer();
    let file = config(&[(&registry.host(), right())]);
    assert_ok(
        &on(&registry, "check")
            .file(".docker/config.json", file)
            .run(),
    );
    registry.forget_journal();
    // The token of the run before is still good.
    let file = config(&[(&registry.host(), json!({"registrytoken": "opaque-1"}))]);
    let ran = on(&registry, "check")
        .file(".docker/config.json", file)
        .args(&["-v"])
        .run();
    assert_ok(&ran);
    assert_eq!(registry.count("*", "/token"), 0);
}

#[test]
fn the_key_with_the_longest_path_is_taken() {
    let registry = Registry::builder().basic(USER, PASSWORD).start();
    crate::access::fill(&registry, "acme/app");
    let host = registry.host();
    let metadata = metadata_of(&[&host]).replace("/app:1", "/acme/app:1");
    let file = config(&[
        (&host, entry("bob", "x")),
        (&format!("{host}/acme/application"), entry("eve", "x")),
        (&format!("{host}/acme"), right()),
        (&format!("{host}/other"), entry("dan", "x")),
    ]);
    let ran = on(&registry, "check")
        .file("build.json", metadata)
        .file(".docker/config.json", file)
        .run();
    assert_ok(&ran);
    assert_eq!(users(&registry), [USER]);
}

#[test]
fn spellings_of_a_key_make_no_difference() {
    for spelling in [
        "HOST",
        "https://HOST",
        "http://HOST",
        "https://HOST/v1/",
        "https://HOST/v2/",
        "HOST/",
    ] {
        let registry = basic();
        let key = spelling.replace("HOST", &registry.host());
        let ran = on(&registry, "check")
            .file(".docker/config.json", config(&[(&key, right())]))
            .run();
        assert_ok(&ran);
    }
}

#[test]
fn a_login_for_another_host_is_not_used() {
    let registry = basic();
    let host = registry.host();
    let name = host.split(':').next().unwrap();
    let others = [
        name.to_owned(),
        format!("{name}:1"),
        format!("{host}.example.com"),
    ];
    let entries: Vec<(&str, serde_json::Value)> =
        others.iter().map(|key| (key.as_str(), right())).collect();
    let ran = on(&registry, "check")
        .file(".docker/config.json", config(&entries))
        .run();
    assert_unproven(&ran, "a login is needed, and none is at hand");
    assert!(users(&registry).is_empty());
}

#[cfg(unix)]
#[test]
fn a_helper_for_the_host_comes_before_the_store_and_the_file() {
    if !Host::get().runs_helpers() {
        return;
    }
    let registry = basic();
    let mut file = json!({"credHelpers": {}, "credsStore": "all"});
    file["credHelpers"][registry.host()] = json!("own");
    file["auths"][registry.host()] = entry("bob", "x");
    let answer = json!({"Username": USER, "Secret": PASSWORD, "ServerURL": registry.host()});
    let script =
        format!("read -r server || true\necho \"$1 $server\" >>\"$HOME/asked\"\necho '{answer}'");
    let ran = on(&registry, "check")
        .file(".docker/config.json", file.to_string())
        .helper("own", &script)
        .helper("all", "exit 1")
        .args(&["-v"])
        .run();
    assert_ok(&ran);
    assert_eq!(users(&registry), [USER]);
    assert!(
        ran.stderr.contains("the credential helper `own`"),
        "{}",
        ran.shown()
    );
}

#[cfg(unix)]
#[test]
fn the_store_is_asked_for_hosts_without_a_helper_of_their_own() {
    if !Host::get().runs_helpers() {
        return;
    }
    let registry = bearer();
    let answer = json!({"Username": "<token>", "Secret": PASSWORD});
    let ran = on(&registry, "check")
        .file(".docker/config.json", r#"{"credsStore":"all"}"#)
        .helper("all", &format!("echo '{answer}'"))
        .run();
    assert_ok(&ran);
    assert_eq!(registry.count("POST", "/token"), 1);
}

#[cfg(unix)]
#[test]
fn a_helper_that_knows_nothing_gives_way_to_the_file() {
    if !Host::get().runs_helpers() {
        return;
    }
    let registry = basic();
    let mut file = json!({"credsStore": "all"});
    file["auths"][registry.host()] = right();
    let ran = on(&registry, "check")
        .file(".docker/config.json", file.to_string())
        .helper(
            "all",
            "echo credentials not found in native keychain; exit 1",
        )
        .run();
    assert_ok(&ran);
}

#[cfg(unix)]
#[test]
fn a_helper_that_fails_is_named_and_what_it_printed_is_not() {
    if !Host::get().runs_helpers() {
        return;
    }
    let registry = basic();
    let script = format!("echo '{PASSWORD}'; echo 'no keyring' >&2; exit 3");
    let ran = on(&registry, "check")
        .file(".docker/config.json", r#"{"credsStore":"all"}"#)
        .helper("all", &script)
        .args(&["-v"])
        .run();
    assert_unproven(&ran, "the credential helper `all`");
    assert!(ran.stdout.contains("exit status 3"), "{}", ran.shown());
}

#[test]
fn a_helper_that_is_not_there_is_named() {
    if !Host::get().runs_helpers() {
        return;
    }
    let registry = basic();
    let ran = on(&registry, "check")
        .file(".docker/config.json", r#"{"credsStore":"gone"}"#)
        .run();
    assert_unproven(&ran, "`docker-credential-gone`");
}

#[test]
fn a_broken_config_is_told_and_the_next_place_is_tried() {
    let registry = basic();
    let run = on(&registry, "check").file(".docker/config.json", "{\n oops");
    assert_unproven(
        &run.run(),
        "failed to read `~/.docker/config.json`: it is no JSON at line 2",
    );
    let ran = on(&registry, "check")
        .file(".docker/config.json", "{\n oops")
        .file(
            ".config/containers/auth.json",
            config(&[(&registry.host(), right())]),
        )
        .run();
    assert_ok(&ran);
}
