//! What a job of GitLab gives to the program, through the whole program.

use serde_json::{Value, json};

use crate::access::{
    PASSWORD, USER, assert_no_leak, assert_ok, assert_unproven, basic, config, entry, fill, filled,
    metadata_of, on, right, spoil, users,
};
use crate::registry::{Fault, Registry, Response};
use crate::run::{Host, Ran, Run, tagproof};

/// The user that GitLab's tokens belong to.
const TOKEN_USER: &str = "gitlab-ci-token";

/// A job whose GitLab has its registry here.
fn job(run: Run, registry: &Registry) -> Run {
    run.env("GITLAB_CI", "true")
        .env("CI_REGISTRY", &registry.host())
        .args(&["-v"])
}

/// The login of a job that is right for registries of `access`.
fn with_user(run: Run) -> Run {
    run.env("CI_REGISTRY_USER", USER)
        .env("CI_REGISTRY_PASSWORD", PASSWORD)
}

/// A GitLab: its token server takes the token of a job.
fn gitlab() -> Registry {
    filled(Registry::builder().token(TOKEN_USER, PASSWORD))
}

fn assert_login_from(ran: &Ran, registry: &Registry, source: &str) {
    let line = format!("login {}: from {source}", registry.host());
    assert!(ran.stderr.contains(&line), "no `{line}`: {}", ran.shown());
}

#[test]
fn one_line_repairs_in_a_job_without_any_login_before() {
    if !Host::get().runs_on_gitlab() {
        return;
    }
    let registry = gitlab();
    spoil(&registry);
    let run = tagproof(&["fix", "build.json"]).file("build.json", metadata_of(&[&registry.host()]));
    let ran = job(run, &registry)
        .env("CI_JOB_TOKEN", PASSWORD)
        .report()
        .run();
    assert_eq!(ran.tags(), ["app:1 child fixed"], "{}", ran.shown());
    assert_eq!(ran.code, Some(0));
    assert_login_from(&ran, &registry, "`$CI_JOB_TOKEN`");
    assert_no_leak(&ran);
}

#[test]
fn the_user_of_the_registry_comes_before_the_token_of_the_job() {
    if !Host::get().runs_on_gitlab() {
        return;
    }
    let registry = basic();
    let ran = with_user(job(on(&registry, "check"), &registry))
        .env("CI_JOB_TOKEN", "another-token")
        .run();
    assert_ok(&ran);
    assert_eq!(users(&registry), [USER]);
    let source = "`$CI_REGISTRY_USER` and `$CI_REGISTRY_PASSWORD`";
    assert_login_from(&ran, &registry, source);
}

#[test]
fn the_token_of_the_job_is_tried_where_the_user_is_refused() {
    if !Host::get().runs_on_gitlab() {
        return;
    }
    let registry = gitlab();
    let ran = job(on(&registry, "check"), &registry)
        .env("CI_REGISTRY_USER", "bob")
        .env("CI_REGISTRY_PASSWORD", "revoked")
        .env("CI_JOB_TOKEN", PASSWORD)
        .run();
    assert_ok(&ran);
    assert_eq!(users(&registry), ["bob", TOKEN_USER]);
}

#[test]
fn a_login_that_works_goes_before_that_of_the_job() {
    if !Host::get().runs_on_gitlab() {
        return;
    }
    let registry = basic();
    let ran = job(on(&registry, "check"), &registry)
        .env("CI_JOB_TOKEN", "another-token")
        .file(
            ".docker/config.json",
            config(&[(&registry.host(), right())]),
        )
        .run();
    assert_ok(&ran);
    assert_eq!(users(&registry), [USER]);
    assert_login_from(&ran, &registry, "`~/.docker/config.json`");
}

#[test]
fn a_stale_login_gives_way_to_that_of_the_job() {
    if !Host::get().runs_on_gitlab() {
        return;
    }
    let registry = basic();
    let stale = config(&[(&registry.host(), entry("bob", "stale"))]);
    let ran = with_user(job(on(&registry, "check"), &registry))
        .file(".docker/config.json", stale)
        .run();
    assert_ok(&ran);
    assert_eq!(users(&registry), ["bob", USER]);
}

#[test]
fn docker_login_goes_before_the_variable_on_gitlab_only() {
    if !Host::get().runs_on_gitlab() {
        return;
    }
    for (is_gitlab, first) in [("true", "docker"), ("false", "variable")] {
        let registry = basic();
        let login = |user| config(&[(&registry.host(), entry(user, "x"))]);
        let ran = on(&registry, "check")
            .env("GITLAB_CI", is_gitlab)
            .env("DOCKER_AUTH_CONFIG", &login("variable"))
            .file(".docker/config.json", login("docker"))
            .run();
        assert_unproven(&ran, "refused: ");
        let tried = users(&registry);
        assert_eq!(tried.first().map(String::as_str), Some(first), "{tried:?}");
        assert_eq!(tried.len(), 2, "{tried:?}");
    }
}

#[test]
fn a_variable_that_may_only_read_does_not_hinder_the_repair() {
    if !Host::get().runs_on_gitlab() {
        return;
    }
    let registry = basic();
    spoil(&registry);
    // Who is not the job's user may not write.
    let denied = Response::error(403, "DENIED", "access denied", &Value::Null);
    registry
        .on("PUT", "/manifests/")
        .answer(Fault::Answer(denied));
    let ran = job(on(&registry, "fix"), &registry)
        .env(
            "DOCKER_AUTH_CONFIG",
            &config(&[(&registry.host(), right())]),
        )
        .env("CI_REGISTRY_USER", USER)
        .env("CI_REGISTRY_PASSWORD", PASSWORD)
        .run();
    assert_eq!(ran.tags(), ["app:1 child fixed"], "{}", ran.shown());
    let source = "`$CI_REGISTRY_USER` and `$CI_REGISTRY_PASSWORD`";
    assert_login_from(&ran, &registry, source);
}

#[test]
fn the_login_of_a_job_goes_to_its_own_registry_and_to_no_other() {
    if !Host::get().runs_on_gitlab() {
        return;
    }
    let (own, other) = (basic(), basic());
    let run = tagproof(&["check", "build.json", "--settle", "0"])
        .file("build.json", metadata_of(&[&own.host(), &other.host()]))
        .report();
    let ran = with_user(job(run, &own))
        .env("CI_JOB_TOKEN", "another-token")
        .run();
    assert_eq!(ran.tags(), ["app:1 ok -", "app:1 unproven -"]);
    assert_eq!(users(&own), [USER]);
    assert!(users(&other).is_empty(), "{:?}", other.journal());
    assert_no_leak(&ran);
}

#[test]
fn a_registry_at_the_same_name_and_another_port_is_another() {
    if !Host::get().runs_on_gitlab() {
        return;
    }
    let registry = basic();
    let name = registry.host().split(':').next().unwrap().to_owned();
    for elsewhere in [name.clone(), format!("{name}:1"), format!("https://{name}")] {
        let ran = with_user(job(on(&registry, "check"), &registry))
            .env("CI_REGISTRY", &elsewhere)
            .run();
        assert_unproven(&ran, "a login is needed, and none is at hand");
    }
    assert!(users(&registry).is_empty());
}

#[test]
fn the_registry_of_a_job_may_have_a_scheme_or_a_path() {
    if !Host::get().runs_on_gitlab() {
        return;
    }
    for spelling in ["https://HOST", "http://HOST/", "HOST/group/project"] {
        let registry = basic();
        let ran = with_user(job(on(&registry, "check"), &registry))
            .env("CI_REGISTRY", &spelling.replace("HOST", &registry.host()))
            .run();
        assert_ok(&ran);
    }
}

#[test]
fn outside_of_gitlab_its_variables_are_not_used() {
    if !Host::get().runs_on_gitlab() {
        return;
    }
    for value in [None, Some("false"), Some("1"), Some("")] {
        let registry = basic();
        let run = with_user(on(&registry, "check")).env("CI_REGISTRY", &registry.host());
        let run = match value {
            Some(value) => run.env("GITLAB_CI", value),
            None => run,
        };
        assert_unproven(&run.run(), "a login is needed, and none is at hand");
        assert!(users(&registry).is_empty());
    }
}

#[test]
fn a_config_on_the_command_line_replaces_the_login_of_the_job_too() {
    if !Host::get().runs_on_gitlab() {
        return;
    }
    let registry = basic();
    let ran = with_user(job(on(&registry, "check"), &registry))
        .file("mine.json", "{}")
        .args(&["--registry-config", "mine.json"])
        .run();
    assert_unproven(&ran, "a login is needed, and none is at hand");
    assert!(users(&registry).is_empty());
}

#[test]
fn a_job_without_a_registry_of_its_own_is_told_what_is_wrong_with_it() {
    if !Host::get().runs_on_gitlab() {
        return;
    }
    let registry = basic();
    let ran = with_user(job(on(&registry, "check"), &registry))
        .env("CI_REGISTRY", &format!("{USER}:{PASSWORD}@r.io"))
        .run();
    assert_unproven(&ran, "`$CI_REGISTRY`: it names no registry");
    assert!(users(&registry).is_empty());
}

#[test]
fn the_logins_of_a_job_that_were_refused_are_named_and_not_shown() {
    if !Host::get().runs_on_gitlab() {
        return;
    }
    let registry = filled(Registry::builder().token("someone", "else"));
    let ran = with_user(job(on(&registry, "check"), &registry))
        .env("CI_JOB_TOKEN", PASSWORD)
        .run();
    assert_unproven(&ran, "`$CI_JOB_TOKEN`");
    assert!(
        ran.stdout.contains("`$CI_REGISTRY_USER`"),
        "{}",
        ran.shown()
    );
}

#[test]
fn a_registry_that_repeats_the_token_of_a_job_makes_none_of_it_public() {
    if !Host::get().runs_on_gitlab() {
        return;
    }
    for is_bearer in [false, true] {
        let registry = match is_bearer {
            true => gitlab(),
            false => {
                let registry = Registry::builder().basic(TOKEN_USER, PASSWORD).start();
                fill(&registry, "app");
                registry
            }
        };
        let words = format!("no access for {PASSWORD}");
        registry
            .on("*", if is_bearer { "/token" } else { "/manifests/" })
            .always()
            .answer(Fault::Answer(Response::error(
                403,
                "DENIED",
                &words,
                &json!(null),
            )));
        let ran = job(on(&registry, "fix"), &registry)
            .env("CI_JOB_TOKEN", PASSWORD)
            .run();
        assert_unproven(&ran, "(not shown: it repeats the login)");
    }
}
