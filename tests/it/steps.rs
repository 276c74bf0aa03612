//! The Action's step, run by a runner that does what GitHub's documents and source say.

use serde_json::json;

use crate::image::{Multi, build, metadata, multi};
use crate::proxy::Proxy;
use crate::registry::Registry;
use crate::run::{Host, code};
use crate::runner::{Step, Stepped, TOKEN};
use crate::tls;

/// A registry with a build of two platforms in `app`, under the tag `1`.
fn pushed() -> (Registry, Multi) {
    let registry = Registry::start();
    let build = multi("a");
    build.push(&registry, "app");
    registry.tag("app", "1", &build.index.digest);
    (registry, build)
}

fn name(registry: &Registry, name: &str) -> String {
    format!("{}/{name}", registry.host())
}

/// A step that looks once at what `build.json` says of `app:1`.
fn step(registry: &Registry, build: &Multi) -> Step {
    Step::new()
        .file(
            "build.json",
            &metadata(&build.index, &[name(registry, "app:1")]),
        )
        .with("metadata-file", "build.json")
        .with("settle", "0")
        .with("settle-timeout", "0")
}

fn assert_ok(stepped: &Stepped) {
    assert_eq!(stepped.code, Some(0), "{}", stepped.shown());
    assert_eq!(stepped.output("status"), "ok", "{}", stepped.shown());
}

#[test]
fn a_right_tag_is_quiet_and_gives_its_digest_to_later_steps() {
    let (registry, build) = pushed();
    let stepped = step(&registry, &build).run();
    assert_ok(&stepped);
    let digest = &build.index.digest;
    assert_eq!(stepped.output("digest"), digest);
    let pinned = format!("{}@{digest}", name(&registry, "app:1"));
    assert_eq!(stepped.output("pinned"), pinned);
    for empty in ["wrong", "fixed", "report-file"] {
        assert_eq!(stepped.output(empty), "", "{empty}");
    }
    assert!(stepped.output("report").starts_with('{'));
    assert!(
        stepped.summary.starts_with("### ✅ "),
        "{}",
        stepped.summary
    );
    for kind in ["error", "warning", "notice"] {
        assert_eq!(stepped.annotations(kind), [""; 0]);
    }
}

#[test]
fn a_tag_on_one_platform_is_repaired_and_told_as_a_warning() {
    let (registry, build) = pushed();
    registry.tag("app", "1", &build.arm64.digest);
    let stepped = step(&registry, &build).run();
    assert_eq!(stepped.code, Some(0), "{}", stepped.shown());
    assert_eq!(stepped.output("status"), "fixed");
    assert_eq!(stepped.output("fixed"), name(&registry, "app:1"));
    assert_eq!(
        registry.tagged("app", "1"),
        Some(build.index.digest.clone())
    );
    let warnings = stepped.annotations("warning");
    let title = format!("child, fixed: {}", name(&registry, "app:1"));
    assert!(
        warnings.len() == 1 && warnings[0].starts_with(&title),
        "{warnings:?}"
    );
    assert!(warnings[0].contains("\nundo: "), "{warnings:?}");
    assert!(
        stepped.summary.contains("```mermaid"),
        "{}",
        stepped.summary
    );
}

#[test]
fn check_only_looks() {
    let (registry, build) = pushed();
    registry.tag("app", "1", &build.arm64.digest);
    let stepped = step(&registry, &build).with("mode", "check").run();
    assert_eq!(stepped.code, code(1), "{}", stepped.shown());
    assert_eq!(stepped.output("status"), "wrong");
    assert_eq!(stepped.output("wrong"), name(&registry, "app:1"));
    assert_eq!(stepped.output("digest"), build.index.digest);
    assert_eq!(registry.tagged("app", "1"), Some(build.arm64.digest));
    assert_eq!(stepped.annotations("error").len(), 1);
}

#[test]
fn an_immutable_tag_is_refused() {
    let (registry, build) = pushed();
    registry.tag("app", "1", &build.arm64.digest);
    registry.immutable("app", "ecr-immutable");
    let stepped = step(&registry, &build).run();
    assert_eq!(stepped.code, code(1), "{}", stepped.shown());
    assert!(stepped.annotations("error")[0].starts_with("child, refused"));
}

#[test]
fn the_block_of_a_login_step_is_taken_as_it_is() {
    for (before, behind) in [
        ("https://", ""),
        ("http://", "/v2/"),
        ("", "/acme"),
        ("", "/"),
    ] {
        let registry = Registry::builder().basic("me", "a-long-password").start();
        let build = multi("a");
        build.push(&registry, "app");
        registry.tag("app", "1", &build.index.digest);
        let stepped = step(&registry, &build)
            .with("registry", &format!("{before}{}{behind}", registry.host()))
            .with("username", "me")
            .with("password", "a-long-password")
            .run();
        assert_ok(&stepped);
    }
    let (registry, build) = pushed();
    let stepped = step(&registry, &build)
        .with("registry", "ftp://r.io")
        .with("username", "me")
        .with("password", "a-long-password")
        .run();
    assert_eq!(stepped.code, code(2), "{}", stepped.shown());
    assert_eq!(stepped.output("status"), "invalid");
}

#[test]
fn without_a_login_nothing_is_proven() {
    let registry = Registry::builder().basic("me", "a-long-password").start();
    let build = multi("a");
    let stepped = step(&registry, &build).run();
    assert_eq!(stepped.code, code(3), "{}", stepped.shown());
    assert_eq!(stepped.output("status"), "unproven");
    assert_eq!(stepped.output("pinned"), "");
}

#[test]
fn the_inputs_log_in_and_the_password_is_masked() {
    let registry = Registry::builder().basic("me", "a-long-password").start();
    let build = multi("a");
    build.push(&registry, "app");
    registry.tag("app", "1", &build.index.digest);
    let stepped = step(&registry, &build)
        .with("username", "me")
        .with("password", "a-long-password")
        .run();
    assert_ok(&stepped);
    let masks: Vec<&str> = stepped
        .commands
        .iter()
        .filter(|it| it.name == "add-mask")
        .map(|it| it.data.as_str())
        .collect();
    assert_eq!(masks, ["a-long-password", TOKEN]);
}

#[test]
fn the_jobs_token_goes_to_no_other_registry() {
    let registry = Registry::builder().basic("octocat", TOKEN).start();
    let build = multi("a");
    build.push(&registry, "app");
    registry.tag("app", "1", &build.index.digest);
    let stepped = step(&registry, &build).run();
    assert_eq!(stepped.output("status"), "unproven", "{}", stepped.shown());
    for request in registry.journal() {
        assert_eq!(request.authorization, None);
    }
}

#[test]
fn three_targets_of_a_bake_have_a_digest_each() {
    let registry = Registry::start();
    let mut bake = json!({});
    let mut expected = json!({});
    for target in ["api", "web", "worker"] {
        let made = multi(target);
        made.push(&registry, target);
        registry.tag(target, "1", &made.index.digest);
        bake[target] = build(&made.index, &[name(&registry, &format!("{target}:1"))]);
        expected[target] = json!(made.index.digest);
    }
    let run = |step: Step| {
        step.with("settle", "0")
            .with("metadata", &bake.to_string())
            .run()
    };
    let stepped = run(Step::new());
    assert_ok(&stepped);
    let digests: serde_json::Value = serde_json::from_str(stepped.output("digests")).unwrap();
    assert_eq!(digests, expected);
    assert_eq!(stepped.output("digest"), "");
    let stepped = run(Step::new().with("targets", "api,\n web"));
    assert_ok(&stepped);
    assert_eq!(stepped.output("pinned").lines().count(), 2);
}

#[test]
fn metadata_of_300_kilobytes_comes_by_file() {
    let (registry, build) = pushed();
    let mut metadata = crate::image::build(&build.index, &[name(&registry, "app:1")]);
    let event = json!({"event": "x".repeat(150 * 1024)});
    metadata["buildx.build.provenance/linux/amd64"] = event.clone();
    metadata["buildx.build.provenance/linux/arm64"] = event;
    let stepped = Step::new()
        .file("out/a/build.json", &metadata.to_string())
        .file("out/b/other.json", "not metadata")
        .with("metadata-file", "out/*/build*.json")
        .with("settle", "0")
        .run();
    assert_ok(&stepped);
}

#[test]
fn a_pattern_that_fits_no_file_is_told() {
    let stepped = Step::new().with("metadata-file", "out/*.json").run();
    assert_eq!(stepped.code, code(2), "{}", stepped.shown());
    assert_eq!(stepped.output("status"), "invalid");
    assert!(
        stepped.annotations("error")[0].contains("found no file that is called like `out/*.json`"),
        "{}",
        stepped.shown()
    );
}

#[test]
fn where_nothing_is_said_it_is_what_the_job_has_built() {
    let registry = Registry::start();
    let (old, new, loaded) = (multi("old"), multi("new"), multi("loaded"));
    old.push(&registry, "app");
    new.push(&registry, "app");
    registry.tag("app", "1", &new.index.digest);
    registry.tag("app", "old", &old.index.digest);
    let of = |build: &Multi, tags: &[&str]| {
        let names: Vec<String> = tags.iter().map(|it| name(&registry, it)).collect();
        metadata(&build.index, &names)
    };
    let first = "docker-actions-toolkit-Zz/build-metadata-f.json";
    let stepped = Step::new()
        .left_behind(first, &of(&old, &["app:1", "app:old"]))
        .left_behind(
            "docker-actions-toolkit-Aa/build-metadata-e.json",
            &of(&loaded, &["app:test", "test:1"]),
        )
        .left_behind(
            "docker-actions-toolkit-Bb/bake-metadata-d.json",
            &json!({"app": build(&new.index, &[name(&registry, "app:1")])}).to_string(),
        )
        .left_behind("docker-actions-toolkit-Bb/other.json", "not metadata")
        .with("settle", "0")
        .with("settle-timeout", "0")
        .run();
    assert_ok(&stepped);
    let notices = stepped.annotations("notice");
    let titles: Vec<&str> = notices
        .iter()
        .map(|it| it.split_once(':').unwrap().0)
        .collect();
    assert_eq!(titles, ["superseded", "not-pushed"], "{}", stepped.shown());
    assert!(stepped.log.contains(first), "{}", stepped.shown());
    assert_eq!(stepped.output("pinned").lines().count(), 2);
    assert_eq!(stepped.output("wrong"), "");
}

#[test]
fn a_job_that_pushed_nothing_fails_and_says_what_to_write_on_a_pull_request() {
    let (registry, build) = (Registry::start(), multi("a"));
    let left = |event: &str, on_unpushed: &str| {
        Step::new()
            .left_behind(
                "docker-actions-toolkit-Zz/build-metadata-f.json",
                &metadata(&build.index, &[name(&registry, "app:1")]),
            )
            .with("settle", "0")
            .with("settle-timeout", "0")
            .with("on-unpushed", on_unpushed)
            .env("GITHUB_EVENT_NAME", event)
            .run()
    };
    let line = "if: github.event_name != 'pull_request'";
    let stepped = left("pull_request", "");
    assert_eq!(stepped.code, code(1), "{}", stepped.shown());
    assert!(stepped.annotations("error")[0].contains(line));
    let stepped = left("push", "");
    assert_eq!(stepped.code, code(1), "{}", stepped.shown());
    assert!(!stepped.annotations("error")[0].contains(line));
    assert_eq!(left("push", "warn").code, Some(0));
}

#[test]
fn a_job_that_built_nothing_fails() {
    let stepped = Step::new().run();
    assert_eq!(stepped.code, code(2), "{}", stepped.shown());
    assert_eq!(stepped.output("status"), "nothing");
    assert!(stepped.annotations("error")[0].contains("found no build of this job"));
    assert_eq!(Step::new().with("on-unpushed", "warn").run().code, Some(0));
}

#[test]
fn a_file_with_a_certificate_is_trusted() {
    let registry = Registry::builder().tls(tls::server_config()).start();
    let build = multi("a");
    build.push(&registry, "app");
    registry.tag("app", "1", &build.index.digest);
    let authority = std::fs::read_to_string(tls::file("ca.crt")).unwrap();
    let with = || step(&registry, &build).file("ci/ca.pem", &authority);
    assert_ok(&with().with("ca-file", "ci/ca.pem").run());
    assert_eq!(with().run().output("status"), "unproven");
}

#[test]
fn a_certificate_that_the_runner_trusts_is_trusted() {
    let registry = Registry::builder().tls(tls::server_config()).start();
    let build = multi("a");
    build.push(&registry, "app");
    registry.tag("app", "1", &build.index.digest);
    let authority = tls::file("ca.crt").display().to_string();
    // What Node knows; the native program asks the system, which OpenSSL's variable adds to.
    let variable = match Host::get() {
        Host::Node => "NODE_EXTRA_CA_CERTS",
        _ => "SSL_CERT_FILE",
    };
    assert_ok(&step(&registry, &build).env(variable, &authority).run());
}

#[test]
fn a_registry_is_reached_through_the_proxy_of_the_environment() {
    let (registry, build) = pushed();
    let host = "registry.test:5000";
    let proxy = Proxy::start(&[(host, &registry)]);
    let stepped = Step::new()
        .with("tags", &format!("{host}/app:1@{}", build.index.digest))
        .with("plain-http", host)
        .with("settle", "0")
        .env("HTTP_PROXY", &proxy.url())
        .run();
    assert_ok(&stepped);
    assert_eq!(proxy.targets(), [format!("CONNECT {host}")]);
}

#[test]
fn what_a_registry_says_is_never_a_command() {
    let (registry, build) = pushed();
    registry
        .on("HEAD", "/v2/app/manifests/1")
        .always()
        .answer([crate::registry::Fault::status(500)]);
    registry
        .on("GET", "/v2/app/manifests/1")
        .always()
        .answer([crate::registry::Fault::error(
            403,
            "DENIED",
            "\n::error::pwned\r\n##[error]pwned<script>alert(1)</script>",
        )]);
    let stepped = step(&registry, &build).env("RUNNER_DEBUG", "1").run();
    assert_eq!(stepped.output("status"), "unproven", "{}", stepped.shown());
    let errors = stepped.annotations("error");
    assert!(
        errors.len() == 1 && errors[0].starts_with("unproven: "),
        "{errors:?}"
    );
    let mut options = comrak::Options::default();
    options.extension.table = true;
    options.render.r#unsafe = true;
    let page = comrak::markdown_to_html(&stepped.summary, &options);
    assert!(!page.contains("<script>"), "{page}");
}

#[test]
fn sixty_wrong_tags_are_ten_annotations_and_all_of_them_in_the_summary() {
    let (registry, build) = pushed();
    let names: Vec<String> = (0..60)
        .map(|n| name(&registry, &format!("app:t{n}")))
        .collect();
    for n in 0..60 {
        registry.tag("app", &format!("t{n}"), &build.arm64.digest);
    }
    let stepped = Step::new()
        .file("build.json", &metadata(&build.index, &names))
        .with("metadata-file", "build.json")
        .with("mode", "check")
        .with("settle", "0")
        .with("settle-timeout", "0")
        .with("report-file", "out.json")
        .run();
    assert_eq!(stepped.code, code(1), "{}", stepped.shown());
    let errors = stepped.annotations("error");
    assert_eq!(errors.len(), 10);
    assert!(errors[9].starts_with("51 more: "), "{errors:?}");
    assert!(errors[9].contains("summary"), "{errors:?}");
    for name in &names {
        assert!(stepped.summary.contains(name.as_str()), "{name}");
    }
    assert_eq!(stepped.output("wrong").lines().count(), 60);
    assert_eq!(stepped.output("report-file"), "out.json");
    let report = std::fs::read_to_string(stepped.workspace.path().join("out.json")).unwrap();
    assert_eq!(report.trim_end(), stepped.output("report"));
}

#[test]
fn a_runner_that_debugs_shows_the_requests_in_a_group() {
    let (registry, build) = pushed();
    let stepped = step(&registry, &build).env("RUNNER_DEBUG", "1").run();
    assert_ok(&stepped);
    let groups: Vec<&str> = stepped
        .commands
        .iter()
        .filter(|it| it.name.ends_with("group"))
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(groups, ["group", "endgroup"]);
    assert!(stepped.log.contains("GET http"), "{}", stepped.log);
}

#[test]
fn annotations_and_the_summary_can_be_left_out() {
    let (registry, build) = pushed();
    let run = |summary: &str| {
        step(&registry, &build)
            .with("summary", summary)
            .with("annotations", "false")
            .run()
    };
    assert_eq!(run("problems").summary, "");
    registry.tag("app", "1", &build.arm64.digest);
    assert_eq!(run("never").summary, "");
    registry.tag("app", "1", &build.arm64.digest);
    let stepped = run("problems");
    assert!(stepped.summary.contains("repaired"), "{}", stepped.shown());
    assert_eq!(stepped.annotations("warning"), [""; 0]);
}

#[test]
fn an_input_that_is_wrong_is_an_error_of_its_name() {
    for (input, value, message) in [
        ("mode", "repair", "there is no mode `repair`"),
        ("settle", "soon", "the input `settle`"),
        ("on-other", "fial", "the input `on-other`"),
        ("no-restore", "maybe", "`maybe` is neither true nor false"),
        (
            "report-file",
            "no/such/r.json",
            "its directory does not exist",
        ),
    ] {
        let (registry, build) = pushed();
        let stepped = step(&registry, &build).with(input, value).run();
        assert_eq!(stepped.code, code(2), "{}", stepped.shown());
        assert_eq!(stepped.output("status"), "invalid", "{input}");
        let errors = stepped.annotations("error");
        assert!(
            errors.len() == 1 && errors[0].contains(message),
            "{errors:?}"
        );
        assert!(registry.journal().is_empty(), "{input}");
    }
}

#[test]
fn every_input_of_the_file_is_one_that_the_program_reads() {
    let known: Vec<&str> = tagproof::ci::github::INPUTS
        .iter()
        .map(|(name, _)| *name)
        .collect();
    let inputs: Vec<String> = crate::runner::action_yml("inputs")
        .into_iter()
        .map(|it| it.name)
        .collect();
    assert_eq!(inputs, known);
}

#[test]
fn a_list_with_nothing_in_it_is_not_taken_for_one_that_is_not_set() {
    let (registry, build) = pushed();
    for input in [
        "platforms",
        "targets",
        "tags",
        "plain-http",
        "metadata-file",
    ] {
        for list in [",", " , ,", ",\n,"] {
            let stepped = step(&registry, &build).with(input, list).run();
            assert_eq!(stepped.code, code(2), "{input}: {}", stepped.shown());
            assert_eq!(stepped.output("status"), "invalid", "{input}");
        }
    }
    assert!(registry.journal().is_empty());
}
