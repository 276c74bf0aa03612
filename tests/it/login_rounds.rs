//! Challenges, tokens and refusals: how a login goes on after it was found.

use serde_json::json;

use crate::access::{
    PASSWORD, USER, assert_no_leak, assert_ok, assert_unproven, basic, bearer, config, entry, fill,
    filled, metadata_of, on, right, settled, spoil, users,
};
use crate::registry::{Fault, Registry, Response};
use crate::run::{Ran, Run};

/// With this login in Docker's config file.
fn with(run: Run, registry: &Registry, login: serde_json::Value) -> Run {
    run.file(".docker/config.json", config(&[(&registry.host(), login)]))
}

fn check(registry: &Registry) -> Ran {
    with(on(registry, "check"), registry, right())
        .args(&["-v"])
        .run()
}

/// A 401 with these lines of `WWW-Authenticate`.
fn challenges(lines: &[String]) -> Fault {
    let mut response = Response::new(401, "text/plain", "who are you?");
    for line in lines {
        response
            .headers
            .push(("WWW-Authenticate".to_owned(), line.clone()));
    }
    Fault::Answer(response)
}

fn bearer_line(registry: &Registry, scope: &str) -> String {
    format!(
        r#"Bearer realm="{}/token",service="fake registry",scope="{scope}""#,
        registry.url()
    )
}

#[test]
fn a_password_is_sent_only_after_the_registry_asked_for_one() {
    let registry = basic();
    assert_ok(&check(&registry));
    let journal = registry.journal();
    assert_eq!(journal[0].authorization, None);
    assert_eq!(
        journal.iter().filter(|entry| entry.status == 401).count(),
        1
    );
    let registry = filled(Registry::builder().anonymous());
    assert_ok(&check(&registry));
    assert!(users(&registry).is_empty());
}

#[test]
fn a_token_is_asked_for_once_with_the_right_to_pull() {
    let registry = bearer();
    assert_ok(&check(&registry));
    assert_eq!(registry.count("GET", "/token"), 1);
    assert_eq!(registry.count("GET", "scope=repository%3Aapp%3Apull&"), 1);
    assert_eq!(registry.count("GET", "service=fake%20registry"), 1);
    assert_eq!(registry.count("GET", "account=ann"), 1);
}

#[test]
fn fix_asks_for_the_right_to_push_from_the_start_and_once() {
    let registry = bearer();
    spoil(&registry);
    let ran = with(on(&registry, "fix"), &registry, right()).run();
    assert_eq!(ran.tags(), ["app:1 child fixed"], "{}", ran.shown());
    assert_eq!(registry.count("GET", "/token"), 1);
    assert_eq!(registry.count("GET", "repository%3Aapp%3Apull%2Cpush"), 1);
    assert_no_leak(&ran);
}

#[test]
fn the_token_may_be_called_access_token() {
    let registry = filled(Registry::builder().token(USER, PASSWORD).access_token());
    assert_ok(&check(&registry));
}

#[test]
fn several_challenges_may_stand_in_one_line_or_in_several() {
    let basic = r#"Basic realm="a, Bearer realm=\"x\"""#.to_owned();
    let negotiate = "Negotiate YWJj==".to_owned();
    for lines in 0..3 {
        let registry = bearer();
        let bearer = bearer_line(&registry, "repository:app:pull");
        let lines = match lines {
            0 => vec![format!("{negotiate}, {basic}, {bearer}")],
            1 => vec![negotiate.clone(), basic.clone(), bearer],
            _ => vec![basic.clone(), format!("{negotiate}, {bearer}")],
        };
        registry
            .on("*", "/manifests/")
            .even_unauthorized()
            .answer(challenges(&lines));
        assert_ok(&check(&registry));
        assert_eq!(registry.count("GET", "/token"), 1, "{lines:?}");
    }
}

#[test]
fn a_scheme_that_nobody_here_knows_is_unproven() {
    let registry = bearer();
    registry
        .on("*", "/manifests/")
        .always()
        .even_unauthorized()
        .answer(challenges(&["Negotiate".to_owned()]));
    assert_unproven(&check(&registry), "the registry does not say how to log in");
    assert!(users(&registry).is_empty());
}

#[test]
fn a_token_that_expires_in_between_is_renewed_once() {
    let registry = filled(
        Registry::builder()
            .token(USER, PASSWORD)
            .expires_in(Some(1)),
    );
    let run = settled(&registry.host(), "check", "1.5");
    let ran = with(run, &registry, right()).run();
    assert_ok(&ran);
    assert_eq!(registry.count("GET", "/token"), 2);
    let refused = registry
        .journal()
        .iter()
        .filter(|entry| entry.status == 401)
        .count();
    assert_eq!(refused, 2);
}

#[test]
fn tokens_that_the_registry_forgets_are_renewed_once_for_each_repository() {
    let registry = bearer();
    fill(&registry, "b");
    fill(&registry, "c");
    let host = registry.host();
    let names = ["app", "b", "c"].map(|name| format!("{host}/{name}:1"));
    let metadata = crate::image::metadata(&crate::image::multi("a").index, &names);
    let run = with(settled(&host, "check", "1.5"), &registry, right()).file("build.json", metadata);
    let ran = std::thread::scope(|scope| {
        let running = scope.spawn(|| run.run());
        while registry.count("GET", "/token") < 3 && !running.is_finished() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        std::thread::sleep(std::time::Duration::from_millis(600));
        registry.expire_tokens();
        running.join().unwrap()
    });
    assert_ok(&ran);
    assert_eq!(registry.count("GET", "/token"), 6);
}

#[test]
fn a_fresh_token_that_is_refused_is_not_asked_for_again() {
    let registry = bearer();
    let line = bearer_line(&registry, "repository:app:pull");
    registry
        .on("*", "/manifests/")
        .always()
        .even_unauthorized()
        .answer(challenges(&[line]));
    let ran = check(&registry);
    assert_unproven(&ran, "refused: `~/.docker/config.json`");
    // One for the login, one for anyone.
    assert!(
        registry.count("GET", "/token") <= 2,
        "{:?}",
        registry.journal()
    );
}

#[test]
fn anyone_may_read_where_the_token_server_says_so() {
    let registry = filled(Registry::builder().token(USER, PASSWORD).anonymous_pull());
    let ran = on(&registry, "check").run();
    assert_ok(&ran);
    assert_eq!(registry.count("GET", "/token"), 1);
    assert!(users(&registry).is_empty());
}

#[test]
fn who_may_only_read_can_check_in_fix_mode_and_is_told_why_nothing_is_repaired() {
    let registry = filled(Registry::builder().token(USER, PASSWORD).anonymous_pull());
    assert_ok(&on(&registry, "fix").run());
    spoil(&registry);
    let ran = on(&registry, "fix").run();
    assert_eq!(ran.tags(), ["app:1 child refused"], "{}", ran.shown());
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("docker login"), "{}", ran.shown());
    assert_eq!(
        registry.tagged("app", "1").unwrap(),
        crate::image::multi("a").arm64.digest
    );
}

#[test]
fn a_login_without_the_right_to_push_is_told_as_denied() {
    let registry = filled(Registry::builder().token(USER, PASSWORD).read_only());
    spoil(&registry);
    let ran = with(on(&registry, "fix"), &registry, right()).run();
    assert_eq!(ran.tags(), ["app:1 child refused"], "{}", ran.shown());
    assert!(
        ran.stdout.contains("refused: `~/.docker/config.json`"),
        "{}",
        ran.shown()
    );
    assert_no_leak(&ran);
}

#[test]
fn a_refused_login_gives_way_to_the_next_that_holds_the_host() {
    for registry in [basic(), bearer()] {
        let host = registry.host();
        let ran = on(&registry, "check")
            .env(
                "DOCKER_AUTH_CONFIG",
                &config(&[(&host, entry("bob", "stale"))]),
            )
            .file(
                ".docker/config.json",
                config(&[("other.example.com", entry("eve", "x"))]),
            )
            .file(".config/containers/auth.json", config(&[(&host, right())]))
            .args(&["-v"])
            .run();
        assert_ok(&ran);
        assert_eq!(users(&registry), ["bob", USER]);
        assert!(
            ran.stderr.contains("from `~/.config/containers/auth.json`"),
            "{}",
            ran.shown()
        );
    }
}

#[test]
fn when_all_logins_are_refused_each_is_named_and_each_was_tried_once() {
    for registry in [basic(), bearer()] {
        let host = registry.host();
        let ran = on(&registry, "check")
            .env(
                "DOCKER_AUTH_CONFIG",
                &config(&[(&host, entry("bob", "stale"))]),
            )
            .file(
                ".docker/config.json",
                config(&[(&host, entry("eve", "stale"))]),
            )
            .run();
        assert_unproven(&ran, "`$DOCKER_AUTH_CONFIG`");
        assert!(
            ran.stdout.contains("`~/.docker/config.json`"),
            "{}",
            ran.shown()
        );
        assert_eq!(users(&registry), ["bob", "eve"]);
        let is_login = |value: &String| value.starts_with("Basic ");
        let journal = registry.journal();
        let logins = journal
            .iter()
            .filter(|entry| entry.authorization.as_ref().is_some_and(is_login));
        assert_eq!(logins.count(), 2, "{journal:?}");
    }
}

#[test]
fn a_refused_login_gives_way_to_what_anyone_may_read() {
    let registry = filled(Registry::builder().token(USER, PASSWORD).anonymous_pull());
    let ran = with(on(&registry, "check"), &registry, entry("bob", "stale")).run();
    assert_ok(&ran);
    assert_eq!(users(&registry), ["bob"]);
    assert_eq!(registry.count("GET", "/token"), 2);
}

#[test]
fn a_token_server_without_oauth_takes_an_identity_token_as_a_password() {
    let registry = filled(Registry::builder().token("", PASSWORD));
    registry.on("POST", "/token").answer(Fault::status(404));
    let login = json!({"identitytoken": PASSWORD});
    assert_ok(&with(on(&registry, "check"), &registry, login).run());
    assert_eq!(registry.count("POST", "/token"), 1);
    assert_eq!(registry.count("GET", "/token"), 1);
}

#[test]
fn a_token_server_that_fails_is_asked_again_and_one_that_talks_nonsense_is_named() {
    let registry = bearer();
    registry.on("GET", "/token").answer(Fault::status(503));
    assert_ok(&check(&registry));
    for (answer, reason) in [
        (
            Response::new(200, "text/html", "<html>log in</html>"),
            "a web page, not with a token",
        ),
        (
            Response::new(200, "application/json", "{}"),
            "without a token",
        ),
        (
            Response::new(
                200,
                "application/json",
                format!(r#"{{"token":"{}"}}"#, "a".repeat(70_000)),
            ),
            "too large",
        ),
        (
            Response::new(200, "application/json", "{\"token\":\"a\\r\\nb\"}"),
            "does not fit into a header",
        ),
    ] {
        let registry = bearer();
        registry
            .on("GET", "/token")
            .always()
            .answer(Fault::Answer(answer));
        assert_unproven(&check(&registry), reason);
    }
}

#[test]
fn two_registries_have_a_login_each() {
    let (one, other) = (basic(), bearer());
    let file = config(&[(&one.host(), right()), (&other.host(), right())]);
    let ran = on(&one, "check")
        .file("build.json", metadata_of(&[&one.host(), &other.host()]))
        .file(".docker/config.json", file)
        .run();
    assert_eq!(ran.tags(), ["app:1 ok -", "app:1 ok -"], "{}", ran.shown());
    assert_no_leak(&ran);
}
