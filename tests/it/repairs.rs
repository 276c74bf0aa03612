//! Each outcome of a repair, and the rules that no repair breaks.

use crate::access::{PASSWORD, USER, bearer, config, filled, on, right, spoil};
use crate::image::{Multi, image, index, metadata, multi, push};
use crate::registry::{BODIES, Entry, Fault, Forgets, Registry};
use crate::run::{code, prove, tagproof};

/// A registry with the whole build, `app:1` on its arm64 child, and the build's metadata.
fn on_a_child() -> (Registry, Multi, String) {
    let registry = Registry::start();
    let build = multi("a");
    build.push(&registry, "app");
    registry.tag("app", "1", &build.arm64.digest);
    let metadata = metadata(&build.index, &[format!("{}/app:1", registry.host())]);
    (registry, build, metadata)
}

#[test]
fn a_tag_on_a_child_is_fixed_with_the_very_bytes_and_says_how_to_undo_it() {
    let (registry, build, metadata) = on_a_child();
    let ran = prove("fix", &metadata, &[]);
    assert_eq!(ran.tags(), ["app:1 child fixed"]);
    assert_eq!((ran.code, ran.status()), (Some(0), "fixed"));
    assert_eq!(
        registry.tagged("app", "1"),
        Some(build.index.digest.clone())
    );
    let journal = registry.journal();
    let put = journal.iter().find(|entry| entry.method == "PUT").unwrap();
    assert_eq!(put.body, build.index.bytes);
    assert_eq!(put.content_type.as_deref(), Some(build.index.media_type));
    assert_eq!(ran.tag(0)["before"], build.arm64.digest);
    let reference = format!("{}/app:1", registry.host());
    assert_eq!(
        ran.tag(0)["undo"],
        format!(
            "tagproof fix --tag {reference}@{} --on-other fix --depth tag",
            build.arm64.digest
        )
    );
    assert_eq!(
        ran.tag(0)["inspect"],
        format!("docker buildx imagetools inspect {reference}")
    );
    assert_eq!(prove("fix", &metadata, &[]).tags(), ["app:1 ok -"]);
}

#[test]
fn the_undo_command_undoes_it_as_it_stands_there() {
    let (registry, build, metadata) = on_a_child();
    let ran = prove("fix", &metadata, &[]);
    let undo = ran.tag(0)["undo"].as_str().unwrap().to_owned();
    let words: Vec<&str> = undo.split(' ').skip(1).collect();
    let undone = tagproof(&words).args(&["--settle", "0"]).report().run();
    assert_eq!(undone.code, Some(0), "{}", undone.shown());
    assert_eq!(registry.tagged("app", "1"), Some(build.arm64.digest));
}

/// Forgets a manifest as soon as the next write of `app:1` was answered.
fn forgets(registry: &Registry, digest: &str) {
    let digest = digest.to_owned();
    registry
        .on("PUT", "/manifests/1")
        .then(move |state| state.delete_manifest("app", &digest))
        .pass();
}

#[test]
fn what_the_registry_forgets_by_a_repair_is_put_back_and_told() {
    let (registry, build, metadata) = on_a_child();
    forgets(&registry, &build.arm64.digest);
    let ran = prove("fix", &metadata, &[]);
    assert_eq!(ran.tags(), ["app:1 child fixed"], "{}", ran.shown());
    let restored = &ran.tag(0)["restored"];
    assert_eq!(restored[0]["digest"], build.arm64.digest);
    assert_eq!(restored[0]["media_type"], build.arm64.media_type);
    assert_eq!(restored[0]["size"], build.arm64.bytes.len());
    // Its own bytes, under its own digest, in the requests that follow the write.
    let journal = registry.journal();
    let puts: Vec<&Entry> = journal.iter().filter(|it| it.method == "PUT").collect();
    let [_, back] = puts.as_slice() else {
        panic!("{puts:?}")
    };
    assert!(back.path.ends_with(&build.arm64.digest), "{back:?}");
    assert_eq!(back.body, build.arm64.bytes);
    let moving = format!(
        "moving {}/app:1 off {}",
        registry.host(),
        build.arm64.digest
    );
    assert!(ran.stderr.contains(&moving), "{}", ran.stderr);
    assert_eq!(
        prove("check", &metadata, &["--depth", "children"]).tags(),
        ["app:1 ok -"]
    );
}

#[test]
fn what_the_registry_forgets_and_does_not_take_back_is_lost_and_fails_the_run() {
    let (registry, build, metadata) = on_a_child();
    forgets(&registry, &build.arm64.digest);
    registry
        .on("PUT", "/manifests/sha256:")
        .always()
        .answer(Fault::refusal("ecr-immutable"));
    let ran = prove("fix", &metadata, &[]);
    assert_eq!(ran.tags(), ["app:1 child lost"], "{}", ran.shown());
    assert_eq!((ran.code, ran.status()), (Some(1), "wrong"));
    let tag = ran.tag(0);
    assert_eq!(tag["lost"][0]["digest"], build.arm64.digest);
    assert!(tag["undo"].is_null(), "{tag}");
    assert!(
        tag["help"]
            .as_str()
            .unwrap()
            .contains("build and push again"),
        "{tag}"
    );
    assert_eq!(registry.tagged("app", "1"), Some(build.index.digest));
}

#[test]
fn another_image_that_the_registry_forgets_is_put_back_so_that_undo_works_unless_told_not_to() {
    for args in [
        &["--on-other", "fix"][..],
        &["--on-other", "fix", "--no-restore"],
    ] {
        let (registry, build, metadata) = on_a_child();
        let foreign = image("linux/amd64", "z");
        push(&registry, "app", &[&foreign]);
        registry.tag("app", "1", &foreign.digest);
        forgets(&registry, &foreign.digest);
        let ran = prove("fix", &metadata, args);
        assert_eq!(ran.tags(), ["app:1 other fixed"], "{}", ran.shown());
        assert_eq!(ran.tag(0)["before"], foreign.digest);
        let Some(undo) = ran.tag(0)["undo"].as_str() else {
            assert!(args.contains(&"--no-restore"), "{}", ran.shown());
            assert!(ran.stdout.contains("no way to undo it"), "{}", ran.stdout);
            continue;
        };
        assert!(!args.contains(&"--no-restore"), "{}", ran.shown());
        let words: Vec<&str> = undo.split(' ').skip(1).collect();
        let undone = tagproof(&words).args(&["--settle", "0"]).report().run();
        assert_eq!(undone.code, Some(0), "{}", undone.shown());
        assert_eq!(registry.tagged("app", "1"), Some(foreign.digest));
        assert_ne!(registry.tagged("app", "1"), Some(build.index.digest));
    }
}

#[test]
fn no_platform_is_lost_on_a_registry_that_forgets_as_zot_gitea_and_quay_do() {
    for forgets in [Forgets::LikeZot, Forgets::LikeGitea, Forgets::LikeQuay] {
        let registry = Registry::start();
        registry.forgets(forgets);
        let build = multi("a");
        let foreign = multi("other");
        build.push(&registry, "app");
        foreign.push(&registry, "app");
        let tags = [
            ("1", &build.arm64),
            ("2", &build.amd64),
            ("3", &foreign.index),
            ("4", &build.index),
        ];
        for (tag, document) in tags {
            registry.tag("app", tag, &document.digest);
        }
        let names = tags.map(|(tag, _)| format!("{}/app:{tag}", registry.host()));
        let metadata = metadata(&build.index, &names);
        let ran = prove("fix", &metadata, &["--on-other", "fix"]);
        let fixed = [
            "app:1 child fixed",
            "app:2 child fixed",
            "app:3 other fixed",
            "app:4 ok -",
        ];
        assert_eq!(ran.tags(), fixed, "{forgets:?} {}", ran.shown());
        let ran = prove("check", &metadata, &["--depth", "children"]);
        assert_eq!(ran.status(), "ok", "{forgets:?} {}", ran.shown());
        // And what was someone else's is whole, so that it can be put under its tag again.
        let theirs = format!("{}/app:3@{}", registry.host(), foreign.index.digest);
        let undo = [
            "--tag",
            &theirs,
            "--on-other",
            "fix",
            "--depth",
            "children",
            "--settle",
            "0",
        ];
        let ran = tagproof(&["fix"]).args(&undo).report().run();
        assert_eq!(ran.status(), "fixed", "{forgets:?} {}", ran.shown());
    }
}

#[test]
fn a_tag_whose_children_cannot_be_read_is_not_moved() {
    let (registry, build, metadata) = on_a_child();
    registry
        .on("GET", &format!("/manifests/{}", build.amd64.digest))
        .always()
        .answer(Fault::error(403, "DENIED", "not for you"));
    let ran = prove("fix", &metadata, &[]);
    assert_eq!(ran.tags(), ["app:1 child refused"], "{}", ran.shown());
    assert!(ran.stdout.contains("not for you"), "{}", ran.stdout);
    assert_eq!(registry.count("PUT", ""), 0);
}

/// Types the first command between backticks that the help of the only tag shows.
fn type_help(ran: &crate::run::Ran) -> crate::run::Ran {
    let help = ran.tag(0)["help"].as_str().unwrap().to_owned();
    let command = help
        .split('`')
        .find(|text| text.starts_with("tagproof fix"));
    let words: Vec<&str> = command.unwrap().split(' ').skip(1).collect();
    tagproof(&words).args(&["--settle", "0"]).report().run()
}

#[test]
fn the_repair_command_in_the_help_works_as_it_stands_there() {
    let foreign = image("linux/amd64", "z");
    for (wrong, verdict) in [
        (Some(multi("a").arm64), "child"),
        (Some(foreign), "other"),
        (None, "absent"),
    ] {
        let (registry, build, metadata) = on_a_child();
        registry.untag("app", "1");
        if let Some(wrong) = wrong {
            push(&registry, "app", &[&wrong]);
            registry.tag("app", "1", &wrong.digest);
        }
        let ran = prove("check", &metadata, &[]);
        assert_eq!(ran.tags(), [format!("app:1 {verdict} -")]);
        let typed = type_help(&ran);
        assert_eq!(typed.code, Some(0), "{}", typed.shown());
        assert_eq!(registry.tagged("app", "1"), Some(build.index.digest));
    }
}

#[test]
fn latest_that_nobody_named_is_moved_from_a_child_but_not_from_someones_index() {
    let registry = Registry::start();
    let build = multi("a");
    build.push(&registry, "app");
    registry.tag("app", "latest", &build.arm64.digest);
    let named = metadata(&build.index, &[format!("{}/app", registry.host())]);
    let ran = prove("fix", &named, &[]);
    assert_eq!(ran.tags()[1], "app:latest child fixed");
    let plain = image("linux/amd64", "a");
    let around = index(&[&plain]);
    push(&registry, "app", &[&plain, &around]);
    registry.tag("app", "latest", &around.digest);
    let named = metadata(&plain, &[format!("{}/app", registry.host())]);
    let ran = prove("fix", &named, &["--on-other", "fix"]);
    assert_eq!(ran.tags()[1], "app:latest wrapped -");
    assert_eq!(registry.tagged("app", "latest"), Some(around.digest));
}

#[test]
fn commands_to_type_carry_the_flags_that_reach_the_registry() {
    let (registry, _, metadata) = on_a_child();
    let host = registry.host();
    let ran = prove("fix", &metadata, &["--plain-http", &host]);
    let undo = ran.tag(0)["undo"].as_str().unwrap();
    assert!(
        undo.ends_with(&format!(" --on-other fix --depth tag --plain-http {host}")),
        "{undo}"
    );
}

#[test]
fn check_writes_nothing() {
    let (registry, build, metadata) = on_a_child();
    prove("check", &metadata, &["--on-other", "fix"]);
    assert_eq!(registry.count("PUT", ""), 0);
    assert_eq!(registry.tagged("app", "1"), Some(build.arm64.digest));
}

#[test]
fn a_wrapped_tag_is_fixed() {
    let registry = Registry::start();
    let plain = image("linux/amd64", "a");
    let around = index(&[&plain]);
    push(&registry, "app", &[&plain, &around]);
    registry.tag("app", "1", &around.digest);
    let ran = prove(
        "fix",
        &metadata(&plain, &[format!("{}/app:1", registry.host())]),
        &[],
    );
    assert_eq!(ran.tags(), ["app:1 wrapped fixed"]);
    assert_eq!(registry.tagged("app", "1"), Some(plain.digest));
}

#[test]
fn an_absent_tag_that_the_build_names_is_created_and_only_the_registry_can_delete_it() {
    let (registry, build, metadata) = on_a_child();
    registry.untag("app", "1");
    let ran = prove("fix", &metadata, &[]);
    assert_eq!(ran.tags(), ["app:1 absent fixed"]);
    assert_eq!(registry.tagged("app", "1"), Some(build.index.digest));
    assert_eq!(ran.tag(0)["before"], serde_json::Value::Null);
    assert_eq!(ran.tag(0)["undo"], serde_json::Value::Null);
    assert!(
        ran.tag(0)["help"]
            .as_str()
            .unwrap()
            .contains("only the registry can delete it"),
        "{}",
        ran.shown()
    );
}

#[test]
fn an_absent_tag_that_only_the_command_line_names_is_created_only_with_its_platforms() {
    let (registry, build, metadata) = on_a_child();
    let reference = format!("{}/app:new", registry.host());
    let ran = prove("fix", &metadata, &["--tag", &reference]);
    assert_eq!(ran.tags(), ["app:new absent -"]);
    assert_eq!((ran.code, registry.tagged("app", "new")), (Some(1), None));
    let ran = prove(
        "fix",
        &metadata,
        &[
            "--tag",
            &reference,
            "--platform",
            "linux/amd64,linux/arm/v7",
        ],
    );
    assert_eq!(
        (ran.tags(), registry.tagged("app", "new")),
        (vec!["app:new incomplete -".to_owned()], None)
    );
    let ran = prove(
        "fix",
        &metadata,
        &["--tag", &reference, "--platform", "linux/amd64,linux/arm64"],
    );
    assert_eq!(ran.tags(), ["app:new absent fixed"]);
    assert_eq!(registry.tagged("app", "new"), Some(build.index.digest));
}

#[test]
fn an_absent_tag_named_by_both_is_created() {
    let (registry, build, metadata) = on_a_child();
    registry.untag("app", "1");
    let ran = prove(
        "fix",
        &metadata,
        &["--tag", &format!("{}/app:1", registry.host())],
    );
    assert_eq!(ran.tags(), ["app:1 absent fixed"]);
    assert_eq!(registry.tagged("app", "1"), Some(build.index.digest));
}

#[test]
fn a_foreign_image_is_moved_only_if_the_user_says_so() {
    let (registry, build, metadata) = on_a_child();
    let foreign = image("linux/amd64", "z");
    push(&registry, "app", &[&foreign]);
    registry.tag("app", "1", &foreign.digest);
    let ran = prove("fix", &metadata, &[]);
    assert_eq!(
        (ran.tags(), ran.code),
        (vec!["app:1 other -".to_owned()], Some(1))
    );
    let ran = prove("fix", &metadata, &["--on-other", "warn"]);
    assert_eq!((ran.code, ran.status()), (Some(0), "wrong"));
    assert_eq!(registry.tagged("app", "1"), Some(foreign.digest.clone()));
    let ran = prove("fix", &metadata, &["--on-other", "fix"]);
    assert_eq!(
        (ran.tags(), ran.code),
        (vec!["app:1 other fixed".to_owned()], Some(0))
    );
    assert_eq!(registry.tagged("app", "1"), Some(build.index.digest));
    assert_eq!(ran.tag(0)["before"], foreign.digest);
}

#[test]
fn a_tag_that_came_right_before_the_write_is_already_right_and_not_written() {
    let (registry, build, metadata) = on_a_child();
    let digest = build.index.digest.clone();
    // The deciding look is one GET; what comes after it sees the second push finished.
    registry
        .on("GET", "/manifests/1")
        .then(move |state| state.tag("app", "1", &digest))
        .pass();
    let ran = prove("fix", &metadata, &[]);
    assert_eq!(ran.tags(), ["app:1 child already-right"]);
    assert_eq!((ran.code, ran.status()), (Some(0), "ok"));
    assert_eq!(registry.count("PUT", ""), 0);
}

#[test]
fn one_stale_right_answer_before_the_write_does_not_stop_it() {
    let (registry, build, metadata) = on_a_child();
    registry
        .on("HEAD", "/manifests/1")
        .answer(Fault::Stale(build.index.digest.clone()));
    let ran = prove("fix", &metadata, &[]);
    assert_eq!(ran.tags(), ["app:1 child fixed"]);
    assert_eq!(registry.tagged("app", "1"), Some(build.index.digest));
}

#[test]
fn a_tag_that_someone_else_moved_between_look_and_write_is_left_alone() {
    let (registry, _, metadata) = on_a_child();
    let newer = multi("newer");
    newer.push(&registry, "app");
    let digest = newer.index.digest.clone();
    registry
        .on("GET", "/manifests/1")
        .then(move |state| state.tag("app", "1", &digest))
        .pass();
    let ran = prove("fix", &metadata, &[]);
    assert_eq!(ran.tags(), ["app:1 child changed"]);
    assert_eq!((ran.code, ran.status()), (Some(1), "wrong"));
    assert_eq!(registry.count("PUT", ""), 0);
    assert_eq!(registry.tagged("app", "1"), Some(newer.index.digest));
}

#[test]
fn a_tag_that_was_deleted_between_look_and_write_is_left_alone() {
    let (registry, _, metadata) = on_a_child();
    registry
        .on("GET", "/manifests/1")
        .then(|state| state.untag("app", "1"))
        .pass();
    let ran = prove("fix", &metadata, &[]);
    assert_eq!(ran.tags(), ["app:1 child changed"]);
    assert_eq!(registry.tagged("app", "1"), None);
}

#[test]
fn every_registrys_refusal_is_refused_with_its_words_and_not_repeated() {
    for refusal in BODIES {
        match refusal.means {
            "immutable" | "protected" | "locked" | "denied" | "read-only" | "policy"
            | "too-large" | "child-missing" | "media-type" | "config" | "no-writes"
            | "no-project" => {}
            // They may pass: such a write is `failed`, and most are repeated.
            "rate-limit" | "unavailable" => continue,
            // Only reads are answered so.
            "accept" => continue,
            means => panic!("it is not known what becomes of a write that is `{means}`"),
        }
        let (registry, build, metadata) = on_a_child();
        registry
            .on("PUT", "/manifests/1")
            .always()
            .answer(Fault::refusal(refusal.name));
        let ran = prove("fix", &metadata, &[]);
        assert_eq!(
            ran.tags(),
            ["app:1 child refused"],
            "{} {}",
            refusal.name,
            ran.shown()
        );
        assert_eq!(ran.code, Some(1), "{}", refusal.name);
        let told = ran.tag(0)["message"].as_str().unwrap();
        for words in refusal.words("app", "1") {
            assert!(told.contains(&words), "{}: {told}", refusal.name);
        }
        assert_eq!(registry.count("PUT", ""), 1, "{}", refusal.name);
        assert_eq!(
            registry.tagged("app", "1"),
            Some(build.arm64.digest),
            "{}",
            refusal.name
        );
    }
}

#[test]
fn a_registry_that_asks_for_a_login_at_the_write_only_gets_it_between_look_and_write() {
    let open = Registry::builder().token(USER, PASSWORD).open_pull();
    let basic = Registry::builder().basic(USER, PASSWORD).anonymous_pull();
    for (builder, between) in [
        (open, &["PUT 401", "GET token", "PUT 201"][..]),
        (basic, &["PUT 401", "PUT 201"][..]),
    ] {
        let registry = filled(builder);
        spoil(&registry);
        let login = config(&[(&registry.host(), right())]);
        let ran = on(&registry, "fix").file(".docker/config.json", login);
        assert_eq!(ran.run().tags(), ["app:1 child fixed"]);
        assert_eq!(around_the_write(&registry), between);
    }
}

#[test]
fn a_token_that_is_refused_at_the_write_is_followed_by_a_new_one_and_the_write() {
    let registry = bearer();
    spoil(&registry);
    let realm = format!(r#"Bearer realm="{}/token""#, registry.url());
    let challenge = format!(r#"{realm},service="fake registry",error="invalid_token""#);
    registry
        .on("PUT", "/manifests/1")
        .answer(Fault::error(401, "UNAUTHORIZED", "expired").with("WWW-Authenticate", &challenge));
    let login = config(&[(&registry.host(), right())]);
    let ran = on(&registry, "fix").file(".docker/config.json", login);
    assert_eq!(ran.run().tags(), ["app:1 child fixed"]);
    let between = ["PUT 401", "GET token", "PUT 201"];
    assert_eq!(around_the_write(&registry), between);
}

/// What came between the look before the write and the looks after it.
fn around_the_write(registry: &Registry) -> Vec<String> {
    let journal = registry.journal();
    let is_look = |entry: &Entry| entry.method != "PUT" && entry.path.contains("/manifests/");
    let first = journal.iter().position(|entry| entry.method == "PUT");
    let (before, rest) = journal.split_at(first.unwrap());
    let look = before.last().unwrap();
    assert_eq!((&*look.method, look.status), ("HEAD", 200), "{look:?}");
    let between = rest.iter().take_while(|entry| !is_look(entry));
    let told = between.map(|entry| match entry.path.contains("/token") {
        true => format!("{} token", entry.method),
        false => format!("{} {}", entry.method, entry.status),
    });
    told.collect()
}

#[test]
fn a_write_whose_answer_was_lost_is_fixed() {
    let (registry, build, metadata) = on_a_child();
    registry.on("PUT", "/manifests/1").answer(Fault::DropAfter);
    let ran = prove("fix", &metadata, &[]);
    assert_eq!(ran.tags(), ["app:1 child fixed"]);
    assert_eq!(registry.count("PUT", ""), 1);
    assert_eq!(registry.tagged("app", "1"), Some(build.index.digest));
}

#[test]
fn an_immutable_tag_that_took_the_lost_write_is_fixed_although_the_second_write_is_refused() {
    // Oracle's refuses the same manifest again, whatever the tag's rule.
    for refusal in ["ecr-immutable", "ocir-conflict"] {
        let (registry, build, metadata) = on_a_child();
        registry.untag("app", "1");
        registry.on("PUT", "/manifests/1").answer(Fault::DropAfter);
        // The look after the lost answer is stale, so it is written again, and refused.
        registry
            .on("HEAD", "/manifests/1")
            .skip(1)
            .answer(Fault::error(404, "MANIFEST_UNKNOWN", "manifest unknown"));
        registry
            .on("PUT", "/manifests/1")
            .answer(Fault::refusal(refusal));
        let ran = prove("fix", &metadata, &[]);
        assert_eq!(ran.tags(), ["app:1 absent fixed"], "{}", ran.shown());
        assert_eq!(registry.count("PUT", ""), 2, "{refusal}");
        assert_eq!(registry.unused_rules(), [""; 0], "{refusal}");
        assert_eq!(registry.tagged("app", "1"), Some(build.index.digest));
    }
}

#[test]
fn a_write_that_passes_after_a_while_is_tried_again_and_the_tag_is_looked_at_each_time() {
    let (registry, build, metadata) = on_a_child();
    registry
        .on("PUT", "/manifests/1")
        .times(2)
        .answer(Fault::status(503).with("Retry-After", "0"));
    let ran = prove("fix", &metadata, &[]);
    assert_eq!(ran.tags(), ["app:1 child fixed"]);
    assert_eq!(registry.count("PUT", ""), 3);
    let methods: Vec<String> = registry
        .journal()
        .into_iter()
        .filter(|entry| entry.path.ends_with("/manifests/1"))
        .map(|entry| entry.method)
        .collect();
    let tail: Vec<&str> = methods
        .iter()
        .skip_while(|method| *method != "PUT")
        .map(String::as_str)
        .collect();
    assert_eq!(tail, ["PUT", "HEAD", "PUT", "HEAD", "PUT", "HEAD", "HEAD"]);
    assert_eq!(registry.tagged("app", "1"), Some(build.index.digest));
}

#[test]
fn a_newer_build_that_comes_between_two_tries_is_left_alone() {
    let (registry, _, metadata) = on_a_child();
    let newer = multi("newer");
    newer.push(&registry, "app");
    let digest = newer.index.digest.clone();
    registry
        .on("PUT", "/manifests/1")
        .then(move |state| state.tag("app", "1", &digest))
        .answer(Fault::status(503).with("Retry-After", "0"));
    let ran = prove("fix", &metadata, &[]);
    assert_eq!(ran.tags(), ["app:1 child changed"]);
    assert_eq!(registry.tagged("app", "1"), Some(newer.index.digest));
}

#[test]
fn a_write_that_never_passes_is_failed_and_the_cause_is_told() {
    for status in [501, 503] {
        let (registry, _, metadata) = on_a_child();
        registry
            .on("PUT", "/manifests/1")
            .always()
            .answer(Fault::status(status).with("Retry-After", "0"));
        let ran = prove("fix", &metadata, &[]);
        assert_eq!(ran.tags(), ["app:1 child failed"]);
        assert_eq!(ran.code, Some(1));
        assert_eq!(registry.count("PUT", ""), 5, "{status}");
        let message = ran.tag(0)["message"].as_str().unwrap();
        assert!(message.contains(&status.to_string()), "{}", ran.shown());
    }
}

#[test]
fn a_write_that_the_registry_does_not_show_is_unsettled() {
    let (registry, build, metadata) = on_a_child();
    registry
        .on("PUT", "/manifests/1")
        .then({
            let old = build.arm64.digest.clone();
            move |state| state.tag("app", "1", &old)
        })
        .pass();
    let ran = prove("fix", &metadata, &[]);
    assert_eq!(ran.tags(), ["app:1 child unsettled"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.tag(0)["before"], build.arm64.digest);
}

#[test]
fn a_registry_that_lags_behind_the_write_is_waited_for() {
    let (registry, build, metadata) = on_a_child();
    registry
        .on("HEAD", "/manifests/1")
        .skip(2)
        .times(2)
        .answer(Fault::Stale(build.arm64.digest.clone()));
    let ran = tagproof(&[
        "fix",
        "build.json",
        "--settle",
        "0.05",
        "--settle-timeout",
        "5",
    ])
    .file("build.json", &metadata)
    .report()
    .run();
    assert_eq!(ran.tags(), ["app:1 child fixed"], "{}", ran.shown());
}

#[test]
fn a_registry_that_lags_behind_the_push_is_waited_for_and_not_written() {
    let (registry, build, metadata) = on_a_child();
    registry.tag("app", "1", &build.index.digest);
    let old = multi("old");
    old.push(&registry, "app");
    registry
        .on("*", "/manifests/1")
        .times(4)
        .answer(Fault::Stale(old.index.digest));
    let ran = tagproof(&[
        "fix",
        "build.json",
        "--settle",
        "0.05",
        "--settle-timeout",
        "10",
    ])
    .file("build.json", &metadata)
    .report()
    .run();
    assert_eq!(ran.tags(), ["app:1 ok -"], "{}", ran.shown());
    assert_eq!(registry.count("PUT", ""), 0);
}

#[test]
fn tags_of_several_registries_are_repaired_each_where_it_is() {
    let (first, second) = (Registry::start(), Registry::start());
    let build = multi("a");
    let mut names = Vec::new();
    for registry in [&first, &second] {
        build.push(registry, "app");
        for tag in ["1", "latest"] {
            registry.tag("app", tag, &build.amd64.digest);
            names.push(format!("{}/app:{tag}", registry.host()));
        }
    }
    let ran = prove("fix", &metadata(&build.index, &names), &[]);
    assert_eq!(
        ran.tags(),
        vec![
            "app:1 child fixed",
            "app:latest child fixed",
            "app:1 child fixed",
            "app:latest child fixed"
        ]
    );
    for registry in [&first, &second] {
        assert_eq!(
            registry.tagged("app", "latest"),
            Some(build.index.digest.clone())
        );
    }
}

#[test]
fn a_registry_that_is_down_does_not_hold_up_the_other() {
    let (registry, build, _) = on_a_child();
    let down = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let names = [
        format!("{down}/app:1"),
        format!("{}/app:1", registry.host()),
    ];
    let ran = prove("fix", &metadata(&build.index, &names), &["--timeout", "20"]);
    assert_eq!(ran.tags(), ["app:1 unproven -", "app:1 child fixed"]);
    assert_eq!((ran.code, ran.status()), (code(3), "unproven"));
}

#[test]
fn manifests_of_docker_types_and_with_odd_spacing_keep_every_byte() {
    let registry = Registry::start();
    let bytes = br#"{"schemaVersion":2,  "mediaType":"application/vnd.docker.distribution.manifest.list.v2+json","unknown":{"z":1,"a":2},
        "manifests":[ ] }"#;
    let digest = registry.put_manifest(
        "app",
        bytes,
        "application/vnd.docker.distribution.manifest.list.v2+json",
    );
    let mut document = index(&[]);
    document.digest = digest;
    let ran = prove(
        "fix",
        &metadata(&document, &[format!("{}/app:1", registry.host())]),
        &[],
    );
    assert_eq!(ran.tags(), ["app:1 absent fixed"], "{}", ran.shown());
    let journal = registry.journal();
    let put = journal.iter().find(|entry| entry.method == "PUT").unwrap();
    assert_eq!(put.body, bytes);
    assert_eq!(
        put.content_type.as_deref(),
        Some("application/vnd.docker.distribution.manifest.list.v2+json")
    );
}
