//! Requests are the cost: how many each situation takes, counted.

use serde_json::json;

use crate::image::{
    build, image_id, index, layered, layered_multi, metadata, multi, push, repacked,
};
use crate::registry::{Fault, Registry};
use crate::run::{Host, prove, tagproof};

/// A registry with token login that has the build in these repositories under so many tags each.
fn with_tags(repositories: &[&str], tags: usize) -> (Registry, Vec<String>) {
    let registry = Registry::builder().token("user", "secret").start();
    let build = multi("a");
    let mut names = Vec::new();
    for repository in repositories {
        build.push(&registry, repository);
        for tag in 0..tags {
            registry.tag(repository, &tag.to_string(), &build.index.digest);
            names.push(format!("{}/{repository}:{tag}", registry.host()));
        }
    }
    (registry, names)
}

fn config(registry: &Registry) -> String {
    use base64::Engine as _;
    let auth = base64::prelude::BASE64_STANDARD.encode("user:secret");
    format!(
        r#"{{"auths":{{"{}":{{"auth":"{auth}"}}}}}}"#,
        registry.host()
    )
}

fn run(registry: &Registry, names: &[String], args: &[&str]) -> crate::run::Ran {
    tagproof(args)
        .args(&["build.json"])
        .file("build.json", metadata(&multi("a").index, names))
        .file(".docker/config.json", config(registry))
        .report()
        .run()
}

#[test]
fn all_right_takes_one_challenge_one_token_a_repository_and_one_read_a_tag() {
    let (registry, names) = with_tags(&["a/app", "b/app", "c/app"], 5);
    let ran = run(&registry, &names, &["check", "--settle", "0"]);
    assert_eq!(ran.status(), "ok", "{}", ran.shown());
    let journal = registry.journal();
    assert_eq!(
        journal.iter().filter(|entry| entry.status == 401).count(),
        1
    );
    assert_eq!(registry.count("GET", "/token"), 3);
    assert_eq!(
        registry.count("GET", "/manifests/") + registry.count("HEAD", "/manifests/"),
        15 + 1
    );
    let whole = journal.iter().filter(|entry| {
        entry.method == "GET" && entry.path.contains("/manifests/") && entry.status == 200
    });
    assert_eq!(whole.count(), 3);
    assert_eq!(journal.len(), 15 + 1 + 3);
    assert_eq!(ran.report["requests"], 15 + 1 + 3);
    assert!(registry.connections() <= 4, "{}", registry.connections());
}

#[test]
fn the_second_looks_are_one_head_a_tag() {
    let (registry, names) = with_tags(&["a/app", "b/app"], 3);
    let ran = run(&registry, &names, &["check", "--settle", "0.1"]);
    assert_eq!(ran.status(), "ok");
    assert_eq!(ran.report["requests"], 6 + 1 + 2 + 6);
    assert_eq!(ran.report["pulls"], 2);
}

#[test]
fn a_wrong_tag_takes_one_deciding_get_and_one_of_the_expected_digest() {
    let (registry, names) = with_tags(&["app"], 4);
    registry.tag("app", "2", &multi("a").arm64.digest);
    run(&registry, &names, &["check", "--settle", "0"]);
    let tag = |method: &str, path: &str| registry.count(method, &format!("/manifests/{path}"));
    assert_eq!((tag("HEAD", "2"), tag("GET", "2")), (1, 1));
    // The expected index was read under another tag already.
    assert_eq!(tag("GET", "sha256"), 0);
    assert_eq!(registry.journal().len(), 1 + 1 + 4 + 1);
}

#[test]
fn many_tags_wrong_in_the_same_way_take_one_body_and_one_of_the_expected_digest() {
    let (registry, names) = with_tags(&["app"], 20);
    for tag in 0..20 {
        registry.tag("app", &tag.to_string(), &multi("a").arm64.digest);
    }
    let ran = run(&registry, &names, &["check", "--settle", "0"]);
    assert_eq!(ran.status(), "wrong");
    assert_eq!(registry.journal().len(), 1 + 1 + 20 + 1);
    assert_eq!(ran.report["pulls"], 1 + 1);
}

#[test]
fn a_repair_takes_a_look_a_put_and_two_looks_and_one_read_of_each_child_before_and_after() {
    let (registry, names) = with_tags(&["app"], 1);
    registry.tag("app", "0", &multi("a").arm64.digest);
    run(&registry, &names, &["check", "--settle", "0"]);
    let checked = registry.journal().len();
    registry.forget_journal();
    let ran = run(&registry, &names, &["fix", "--settle", "0"]);
    assert_eq!(ran.tags(), ["app:0 child fixed"], "{}", ran.shown());
    assert_eq!(registry.journal().len(), checked + 4 + (3 - 1) + 3);
    let by_digest = |method: &str| registry.count(method, "/manifests/sha256:");
    // The index itself and its children; the tag has shown one of those.
    assert_eq!((by_digest("GET"), by_digest("HEAD")), (1 + 2, 3));
    let scopes = registry.count("GET", "scope=repository%3Aapp%3Apull%2Cpush");
    assert_eq!(scopes, 1, "{:?}", registry.journal());
}

#[test]
fn each_further_repair_in_a_repository_takes_one_read_of_each_child_more() {
    let (registry, names) = with_tags(&["app"], 3);
    for tag in 0..3 {
        registry.tag("app", &tag.to_string(), &multi("a").arm64.digest);
    }
    run(&registry, &names, &["check", "--settle", "0"]);
    let checked = registry.journal().len();
    registry.forget_journal();
    let ran = run(&registry, &names, &["fix", "--settle", "0"]);
    assert_eq!(ran.status(), "fixed", "{}", ran.shown());
    let repairs = 3 * (4 + 3) + 2;
    assert_eq!(registry.journal().len(), checked + repairs);
    assert_eq!(registry.count("PUT", ""), 3);
}

#[test]
fn check_asks_for_the_right_to_pull_only() {
    let (registry, names) = with_tags(&["app"], 1);
    run(&registry, &names, &["check", "--settle", "0"]);
    assert_eq!(registry.count("GET", "push"), 0);
}

/// What tokens were asked for: the scopes of each request to the token server, by GET or by POST.
fn scopes(registry: &Registry) -> Vec<String> {
    let asked = registry
        .journal()
        .into_iter()
        .filter(|entry| entry.path.starts_with("/token"));
    let asked = asked.map(|entry| {
        let text = format!("{}&{}", entry.path, String::from_utf8(entry.body).unwrap());
        let scopes = text
            .split(['?', '&'])
            .filter_map(|pair| pair.strip_prefix("scope="));
        scopes
            .collect::<Vec<_>>()
            .join(" ")
            .replace("%3A", ":")
            .replace("%2C", ",")
    });
    asked.collect()
}

#[test]
fn what_a_challenge_demands_beyond_is_never_asked_for() {
    for (mode, fair) in [
        ("check", "repository:app:pull"),
        ("fix", "repository:app:pull,push"),
    ] {
        for login in [
            json!({"auth": "dXNlcjpzZWNyZXQ="}),
            json!({"identitytoken": "secret"}),
        ] {
            // At first only, on the first token only, and always.
            for (skip, times) in [(0, 1), (1, 1), (0, 1000)] {
                let (registry, names) = with_tags(&["app"], 1);
                let demanded =
                    "repository:app:pull,push,delete,* repository:x/y:pull,push registry:catalog:*";
                let challenge = format!(
                    r#"Bearer realm="{}/token",service="fake registry",scope="{demanded}""#,
                    registry.url()
                );
                registry
                    .on("*", "/manifests/")
                    .skip(skip)
                    .times(times)
                    .even_unauthorized()
                    .answer(
                        Fault::error(401, "DENIED", "not with that")
                            .with("WWW-Authenticate", &challenge),
                    );
                let ran = tagproof(&[mode, "build.json", "--settle", "0"])
                    .file("build.json", metadata(&multi("a").index, &names))
                    .file(
                        ".docker/config.json",
                        json!({"auths": {registry.host(): login}}).to_string(),
                    )
                    .report()
                    .run();
                let asked = scopes(&registry);
                assert!(
                    !asked.is_empty() && asked.iter().all(|it| it == fair),
                    "{asked:?}"
                );
                if (skip, times) == (0, 1) {
                    assert_eq!(ran.status(), "ok", "{}", ran.shown());
                    continue;
                }
                assert_eq!(ran.status(), "unproven", "{}", ran.shown());
                for words in [
                    "not with that",
                    &format!("it demands `{demanded}`, and only `{fair}` is asked for"),
                ] {
                    assert!(ran.stdout.contains(words), "no `{words}`: {}", ran.shown());
                }
            }
        }
    }
}

#[test]
fn deep_asks_for_each_child_once() {
    let (registry, names) = with_tags(&["app"], 3);
    let ran = run(
        &registry,
        &names,
        &["check", "--settle", "0.1", "--depth", "children"],
    );
    assert_eq!(ran.status(), "ok");
    assert_eq!(registry.count("HEAD", "/manifests/sha256:"), 3);
    assert_eq!(registry.count("GET", "/manifests/sha256:"), 0);
}

#[test]
fn an_anonymous_registry_takes_one_request_a_tag() {
    let registry = Registry::start();
    let build = multi("a");
    build.push(&registry, "app");
    registry.tag("app", "1", &build.index.digest);
    let ran = prove(
        "check",
        &metadata(&build.index, &[format!("{}/app:1", registry.host())]),
        &[],
    );
    assert_eq!(
        (registry.journal().len(), ran.report["requests"].as_u64()),
        (1, Some(1))
    );
}

#[test]
fn a_registry_that_hides_instead_of_asking_takes_one_request_more() {
    let registry = Registry::builder()
        .token("user", "secret")
        .hides(404)
        .start();
    let build = multi("a");
    let mut names = Vec::new();
    for repository in ["a/app", "b/app"] {
        build.push(&registry, repository);
        for tag in ["1", "2", "3"] {
            registry.tag(repository, tag, &build.index.digest);
            names.push(format!("{}/{repository}:{tag}", registry.host()));
        }
    }
    let ran = run(&registry, &names, &["check", "--settle", "0"]);
    assert_eq!(ran.status(), "ok", "{}", ran.shown());
    // The first 404, `/v2/`, a token for each repository, and a read of each tag.
    assert_eq!(registry.journal().len(), 1 + 1 + 2 + 6);
    let base = registry.journal();
    let base = base.iter().filter(|entry| entry.path == "/v2/");
    assert_eq!(base.count(), 1);
}

#[test]
fn a_registry_that_is_asked_for_what_it_has_not_is_asked_once_whether_it_wants_a_login() {
    let registry = Registry::start();
    let names: Vec<String> = (0..5)
        .map(|tag| format!("{}/app:{tag}", registry.host()))
        .collect();
    let ran = run(&registry, &names, &["check", "--settle", "0"]);
    assert_eq!(ran.report["status"], "wrong", "{}", ran.shown());
    let journal = registry.journal();
    let base = journal.iter().filter(|entry| entry.path == "/v2/");
    assert_eq!(base.count(), 1);
    assert!(journal.iter().all(|entry| entry.authorization.is_none()));
}

#[test]
fn nothing_is_sent_that_reads_or_writes_no_manifest_and_gets_no_token() {
    let (registry, names) = with_tags(&["a/app", "b/app"], 2);
    registry.tag("b/app", "1", &multi("a").arm64.digest);
    let ran = run(&registry, &names, &["fix", "--settle", "0"]);
    assert_eq!(ran.status(), "fixed", "{}", ran.shown());
    for entry in registry.journal() {
        let is_needed = entry.path.contains("/manifests/") || entry.path.starts_with("/token");
        assert!(is_needed, "{} {}", entry.method, entry.path);
    }
}

#[test]
fn at_the_default_settings_two_looks_cost_one_pull_a_repository() {
    let (registry, names) = with_tags(&["a/app", "b/app"], 4);
    let ran = run(&registry, &names, &["check"]);
    assert_eq!(ran.status(), "ok", "{}", ran.shown());
    assert_eq!(
        (&ran.report["pulls"], &ran.report["requests"]),
        (&2.into(), &(1 + 2 + 8 + 8).into())
    );
}

#[test]
fn each_of_two_registries_is_asked_for_its_own() {
    let (one, mut names) = with_tags(&["app"], 10);
    let (other, more) = with_tags(&["app"], 10);
    names.extend(more);
    let auths =
        [config(&one), config(&other)].map(|it| it["{\"auths\":{".len()..it.len() - 2].to_owned());
    let ran = tagproof(&["check", "--settle", "0"])
        .args(&["build.json"])
        .file("build.json", metadata(&multi("a").index, &names))
        .file(
            ".docker/config.json",
            format!(r#"{{"auths":{{{}}}}}"#, auths.join(",")),
        )
        .report()
        .run();
    assert_eq!(ran.status(), "ok", "{}", ran.shown());
    assert_eq!([&one, &other].map(|it| it.journal().len()), [12, 12]);
    assert!(one.connections() <= 4 && other.connections() <= 4);
}

#[test]
fn where_no_thread_can_be_started_one_request_follows_another() {
    if Host::get() != Host::Native {
        return;
    }
    let (registry, names) = with_tags(&["a/app", "b/app"], 3);
    // The name of the registry is looked up, too.
    let names: Vec<String> = names
        .iter()
        .map(|name| name.replace("127.0.0.1", "localhost"))
        .collect();
    let ran = tagproof(&["check", "build.json", "--settle", "0"])
        .file("build.json", metadata(&multi("a").index, &names))
        .file(
            ".docker/config.json",
            config(&registry).replace("127.0.0.1", "localhost"),
        )
        // More than there are addresses.
        .env("RUST_MIN_STACK", "200000000000000")
        .report()
        .run();
    assert_eq!(ran.status(), "ok", "{}", ran.shown());
}

#[test]
fn never_more_connections_than_asked_for() {
    let (registry, names) = with_tags(&["app"], 60);
    run(
        &registry,
        &names,
        &["check", "--settle", "0", "--concurrency", "2"],
    );
    assert!(registry.connections() <= 2, "{}", registry.connections());
}

/// A registry with a build for two platforms, and so many tags that show this instead.
fn instead(shown: &crate::image::Document, tags: usize) -> (Registry, String) {
    let registry = Registry::start();
    let build = layered_multi("a");
    build.push(&registry, "app");
    push(&registry, "app", &[shown]);
    let names: Vec<String> = (0..tags)
        .map(|tag| format!("{}/app:{tag}", registry.host()))
        .collect();
    for tag in 0..tags {
        registry.tag("app", &tag.to_string(), &shown.digest);
    }
    let metadata = metadata(&build.index, &names);
    (registry, metadata)
}

#[test]
fn images_are_compared_only_where_they_could_be_the_same_and_once() {
    let build = layered_multi("a");
    let foreign = layered("linux/amd64", "z");
    let chart = crate::image::image("linux/amd64", "no layers");
    // The tag and the expected image, the children's manifests, the configs that are equal.
    for (shown, tags, looks) in [
        (&build.index, 1, (1, 0, 0)),
        (&build.arm64, 1, (2, 0, 0)),
        (&repacked(&build.arm64), 1, (2, 2, 1)),
        (&repacked(&build.arm64), 20, (2 + 19, 2, 1)),
        (&foreign, 1, (2, 2, 0)),
        (&foreign, 20, (2 + 19, 2, 0)),
        (&chart, 1, (2, 0, 0)),
        (&index(&[&foreign]), 1, (2, 0, 0)),
        (
            &index(&[&build.amd64, &repacked(&build.arm64)]),
            1,
            (2, 2, 1),
        ),
        (&index(&[&build.amd64, &build.arm64]), 1, (2, 0, 0)),
    ] {
        let (registry, metadata) = instead(shown, tags);
        push(&registry, "app", &[&repacked(&build.arm64), &foreign]);
        let children = [
            &build.amd64,
            &build.arm64,
            &repacked(&build.arm64),
            &foreign,
        ];
        let ran = prove("check", &metadata, &[]);
        let of = |digest: &str| registry.count("GET", &format!("/manifests/{digest}"));
        let read: usize = children.iter().map(|it| of(&it.digest)).sum();
        let blobs = registry.count("GET", "/blobs/");
        let rest = registry.journal().len() - read - blobs;
        assert_eq!((rest, read, blobs), looks, "{}", ran.shown());
    }
}

#[test]
fn what_was_compared_is_not_read_again_at_the_next_look() {
    let build = layered_multi("a");
    let (registry, metadata) = instead(&repacked(&build.arm64), 3);
    let ran = tagproof(&["check", "build.json", "--settle", "0.1"])
        .file("build.json", metadata)
        .report()
        .run();
    assert_eq!(ran.tags()[0], "app:0 child -", "{}", ran.shown());
    assert_eq!(registry.journal().len(), 2 + 2 + 2 + 1 + 3);
}

#[test]
fn an_image_id_takes_one_read_of_the_config() {
    let registry = Registry::start();
    let loaded = layered("linux/amd64", "a");
    let again = repacked(&loaded);
    push(&registry, "app", &[&again]);
    registry.tag("app", "1", &again.digest);
    let mut metadata = build(&loaded, &[format!("{}/app:1", registry.host())]);
    for (config, requests) in [
        (image_id(&loaded), 3),
        (image_id(&layered("linux/amd64", "z")), 2),
    ] {
        registry.forget_journal();
        metadata["containerimage.config.digest"] = json!(config);
        prove("check", &metadata.to_string(), &[]);
        assert_eq!(
            registry.journal().len(),
            requests,
            "{:?}",
            registry.journal()
        );
    }
}
