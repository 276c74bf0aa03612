//! Platforms in every spelling and from every place that asks for them, Windows versions among them.

use serde_json::{Value, json};

use crate::image::{Document, build, image, index, push};
use crate::registry::{Fault, Registry};
use crate::run::{Ran, code, prove, tagproof};
use crate::runner::Step;

const OLD: &str = "windows(10.0.17763.6532)/amd64";
const NEW: &str = "windows(10.0.20348.2113)/amd64";

/// A registry that has an index of these platforms under `app:1`, and the metadata of that build.
fn built(platforms: &[&str]) -> (Registry, Document, Value) {
    let registry = Registry::start();
    let images: Vec<Document> = platforms.iter().map(|it| image(it, "a")).collect();
    let index = index(&images.iter().collect::<Vec<_>>());
    push(&registry, "app", &images.iter().collect::<Vec<_>>());
    push(&registry, "app", &[&index]);
    registry.tag("app", "1", &index.digest);
    let metadata = build(&index, &[format!("{}/app:1", registry.host())]);
    (registry, index, metadata)
}

/// `check` with a definition whose only target asks for these platforms.
fn under_definition(registry: &Registry, metadata: &Value, platforms: &Value) -> Ran {
    let tags = [format!("{}/app:1", registry.host())];
    let definition = json!({"target": {"app": {"tags": tags, "platforms": platforms}}});
    tagproof(&["check", "m.json", "--settle", "0", "--definition", "d.json"])
        .file("m.json", metadata.to_string())
        .file("d.json", definition.to_string())
        .report()
        .run()
}

/// `ok`, or what the message says is lacking.
fn judged(ran: &Ran) -> String {
    let tag = ran.tag(0);
    let message = tag["message"].as_str().unwrap();
    match (
        tag["verdict"].as_str().unwrap(),
        message.split_once(" lacks "),
    ) {
        ("incomplete", Some((_, lacks))) => lacks.to_owned(),
        (verdict, _) => verdict.to_owned(),
    }
}

#[test]
fn a_definition_in_short_forms_is_held_to_as_one_in_long_ones() {
    let (registry, _, metadata) = built(&["linux/amd64"]);
    for (platforms, expected) in [
        (json!(["amd64", "arm64"]), "arm64"),
        (json!(["linux/amd64", "aarch64"]), "arm64"),
        (json!(["amd64,arm64"]), "arm64"),
        (
            json!(["x86_64", "armhf", "armel", "i386"]),
            "arm, armel, 386",
        ),
        (json!(["linux", "windows"]), "windows"),
        (
            json!(["linux/amd64/v1", "LINUX/AMD64", "x86_64", "linux"]),
            "ok",
        ),
        (json!(["linux/amd64/v2"]), "linux/amd64/v2"),
    ] {
        let ran = under_definition(&registry, &metadata, &platforms);
        assert_eq!(judged(&ran), expected, "{platforms}: {}", ran.shown());
    }
}

#[test]
fn the_flag_takes_what_buildx_takes() {
    let (_registry, _, metadata) = built(&["linux/amd64", "linux/arm64/v8"]);
    for (platforms, expected) in [
        ("amd64,arm64", "ok"),
        ("linux/amd64, linux/arm64/v8\nARM64", "ok"),
        ("linux/aarch64", "ok"),
        ("linux", "ok"),
        ("arm64,arm", "arm"),
        ("s390x", "s390x"),
        ("darwin,macos", "darwin"),
    ] {
        let ran = prove("check", &metadata.to_string(), &["--platform", platforms]);
        assert_eq!(judged(&ran), expected, "{platforms}: {}", ran.shown());
    }
}

#[test]
fn a_definition_with_one_platform_that_is_none_ends_the_run() {
    let (registry, _, metadata) = built(&["linux/amd64"]);
    let platforms = json!(["linux/amd64", "amd64", "linux/amd65v1", "amd65"]);
    let ran = under_definition(&registry, &metadata, &platforms);
    assert_eq!((ran.code, ran.status()), (code(2), "invalid"));
    for words in [
        "`d.json`: target `app`: `platforms`: `amd65`:",
        "help: write the operating system and the architecture, like `linux/amd64`",
    ] {
        assert!(ran.stdout.contains(words), "{}", ran.shown());
    }
    assert!(registry.journal().is_empty());
}

#[test]
fn what_cannot_be_checked_here_is_a_note_and_the_rest_is_checked() {
    let (registry, _, mut metadata) = built(&["linux/amd64"]);
    for (platforms, expected) in [
        (json!(["local"]), "ok"),
        (json!(["local", "amd64"]), "ok"),
        (json!(["local", "linux/arm64"]), "linux/arm64"),
    ] {
        let ran = under_definition(&registry, &metadata, &platforms);
        assert_eq!(
            (judged(&ran).as_str(), ran.notes()),
            (expected, vec!["unchecked"])
        );
        assert!(
            ran.stdout.contains("cannot be checked here: `local`"),
            "{}",
            ran.shown()
        );
    }
    metadata["buildx.build.provenance/linux/amd64"] = json!({});
    metadata["buildx.build.provenance/result 0"] = json!({});
    let ran = prove("check", &metadata.to_string(), &[]);
    assert_eq!(
        (judged(&ran).as_str(), ran.notes()),
        ("ok", vec!["unchecked"])
    );
    assert_eq!(ran.code, Some(0));
    assert!(ran.stdout.contains("`result 0`"), "{}", ran.shown());
    // Who says which platforms there must be has nothing left to be told.
    let ran = prove("check", &metadata.to_string(), &["--platform", "amd64"]);
    assert_eq!((judged(&ran).as_str(), ran.notes()), ("ok", vec![]));
}

/// What a run says of `app:1` that asks for these platforms, by each way there is to ask.
fn each_way(registry: &Registry, metadata: &Value, platforms: &[&str]) -> Vec<String> {
    let text = metadata.to_string();
    let flag = prove("check", &text, &["--platform", &platforms.join(",")]);
    let definition = under_definition(registry, metadata, &json!(platforms));
    let policy = tagproof(&["check", "m.json", "--settle", "0"])
        .file("m.json", &text)
        .file(
            ".tagproof.yml",
            format!(
                "version: 1\nimages: {{\"**\": {{platforms: [{}]}}}}",
                platforms.join(", ")
            ),
        )
        .report()
        .run();
    let mut all = vec![judged(&flag), judged(&definition), judged(&policy)];
    for separator in ["\n", ", "] {
        let stepped = Step::new()
            .file("m.json", &text)
            .with("metadata-file", "m.json")
            .with("mode", "check")
            .with("settle", "0")
            .with("platforms", &platforms.join(separator))
            .run();
        let report: Value = serde_json::from_str(stepped.output("report")).unwrap();
        let ran = Ran {
            report,
            ..prove("check", "{}", &[])
        };
        all.push(judged(&ran));
    }
    all
}

#[test]
fn windows_versions_are_told_apart_whichever_way_they_are_asked_for() {
    let (old, new) = ("windows(10.0.17763)/amd64", "windows(10.0.20348)/amd64");
    for (served, asked, expected) in [
        (&[OLD, NEW][..], &[old, new][..], "ok"),
        (&[OLD, NEW], &[OLD, "Windows(10.0.20348)/x86_64"], "ok"),
        (&[OLD, NEW], &["windows/amd64"], "ok"),
        (&[OLD], &[old, new], new),
        (&[NEW], &[old, new], old),
        (&["windows(10.0.177630)/amd64"], &[old], old),
        // One without a version may be of any.
        (&["windows/amd64"], &[old], old),
        (&[OLD, "windows(10.0.20348.1)/arm64"], &[old, new], new),
        (
            &[OLD],
            &[NEW, "windows(10.0.17763.1)/amd64"],
            "windows(10.0.20348.2113)/amd64, windows(10.0.17763.1)/amd64",
        ),
    ] {
        let (registry, _, metadata) = built(served);
        for (way, said) in each_way(&registry, &metadata, asked).iter().enumerate() {
            // A policy's list has no order.
            let sorted = |text: &str| {
                let mut parts: Vec<String> = text.split(", ").map(str::to_owned).collect();
                parts.sort();
                parts
            };
            assert_eq!(
                sorted(said),
                sorted(expected),
                "{asked:?} of {served:?}, way {way}"
            );
        }
    }
}

#[test]
fn a_build_for_two_windows_versions_is_held_to_both() {
    let key = |platform: &str| format!("buildx.build.provenance/{platform}");
    for (served, expected) in [
        (&[OLD, NEW][..], "ok"),
        (&[OLD], "windows(10.0.20348)/amd64"),
    ] {
        let (_registry, _, mut metadata) = built(served);
        // BuildKit's keys are what was asked for; the version in the index may be longer.
        metadata[key("windows(10.0.17763)/amd64")] = json!({});
        metadata[key("windows(10.0.20348)/amd64")] = json!({});
        let ran = prove("check", &metadata.to_string(), &[]);
        assert_eq!(judged(&ran), expected, "{}", ran.shown());
    }
}

#[test]
fn the_report_shows_the_versions_that_an_index_has() {
    let (_registry, _, metadata) = built(&[NEW, OLD]);
    let ran = prove("check", &metadata.to_string(), &[]);
    assert_eq!(ran.tag(0)["expected"]["platforms"], json!([OLD, NEW]));
    let ran = prove(
        "check",
        &metadata.to_string(),
        &["--platform", "arm64,windows(10.0)"],
    );
    assert_eq!(
        ran.tag(0)["expected"]["platforms"],
        json!(["arm64", "windows(10.0)"])
    );
    assert_eq!(judged(&ran), "arm64");
}

/// A plain Windows image under `app:1`, and the metadata of its build with this descriptor.
fn plain(descriptor: &Value) -> (Registry, Value) {
    let registry = Registry::start();
    let plain = image(OLD, "a");
    push(&registry, "app", &[&plain]);
    registry.tag("app", "1", &plain.digest);
    let mut metadata = build(&plain, &[format!("{}/app:1", registry.host())]);
    metadata["containerimage.descriptor"]["platform"] = descriptor.clone();
    (registry, metadata)
}

#[test]
fn the_version_of_a_plain_manifest_comes_from_its_config_where_the_descriptor_has_none() {
    let windows = json!({"os": "windows", "architecture": "amd64"});
    let full = json!({"os": "windows", "architecture": "amd64", "os.version": "10.0.17763.6532"});
    for (descriptor, asked, expected, configs) in [
        (&windows, "windows(10.0.17763)/amd64", "ok", 1),
        (
            &windows,
            "windows(10.0.20348)/amd64",
            "windows(10.0.20348)/amd64",
            1,
        ),
        (&windows, "windows/amd64", "ok", 0),
        (
            &windows,
            "windows(10.0.17763)/arm64",
            "windows(10.0.17763)/arm64",
            0,
        ),
        (&full, "windows(10.0.17763)/amd64", "ok", 0),
        (&json!({}), "windows(10.0.17763)/amd64", "ok", 1),
    ] {
        let (registry, metadata) = plain(descriptor);
        let ran = prove("check", &metadata.to_string(), &["--platform", asked]);
        assert_eq!(
            judged(&ran),
            expected,
            "{descriptor} {asked}: {}",
            ran.shown()
        );
        assert_eq!(
            registry.count("GET", "/blobs/"),
            configs,
            "{descriptor} {asked}"
        );
    }
    // What is in a config that cannot be read is not known to be missing.
    let (registry, metadata) = plain(&windows);
    registry
        .on("GET", "/blobs/")
        .always()
        .answer(Fault::Body(b"{}".to_vec()));
    let unread = |asked: &str| {
        judged(&prove(
            "check",
            &metadata.to_string(),
            &["--platform", asked],
        ))
    };
    assert_eq!(unread("windows(10.0.17763)/amd64"), "unproven");
    assert_eq!(
        unread("windows(10.0.17763)/amd64,linux/amd64"),
        "linux/amd64"
    );
}

#[test]
fn an_operating_system_alone_is_no_reason_to_create_a_tag() {
    let (registry, index, metadata) = built(&["linux/amd64", "linux/arm64"]);
    let tag = format!("{}/app:new", registry.host());
    let fix = |platforms: &str| {
        let args = ["--tag", &tag, "--platform", platforms];
        prove("fix", &metadata.to_string(), &args).tags()
    };
    assert_eq!(fix("linux"), ["app:new absent -"]);
    assert_eq!(fix("arm64,linux"), ["app:new absent -"]);
    assert_eq!(registry.tagged("app", "new"), None);
    assert_eq!(fix("amd64,arm64"), ["app:new absent fixed"]);
    assert_eq!(registry.tagged("app", "new"), Some(index.digest));
}

#[test]
fn a_command_that_names_a_version_is_one_that_a_shell_takes() {
    let (registry, _, metadata) = built(&[OLD, "windows(1 `$(id)`'+)/arm64"]);
    registry.untag("app", "1");
    let ran = prove("check", &metadata.to_string(), &[]);
    assert_eq!(ran.tags(), ["app:1 absent -"]);
    let help = ran.tag(0)["help"].to_string();
    let list = format!("--platform 'windows(1%20%60%24%28id%29%60%27%2B)/arm64,{OLD}'");
    assert!(help.contains(&list), "{help}");
}

#[test]
fn the_summary_says_of_a_platform_in_short_that_it_is_there() {
    let (_registry, _, metadata) = built(&["linux/amd64", OLD]);
    let asked = "amd64,arm64,windows(10.0.17763)/amd64,windows(10.0.20348)/amd64";
    let ran = tagproof(&["check", "m.json", "--settle", "0", "--platform", asked])
        .file("m.json", metadata.to_string())
        .args(&["--markdown", "out.md"])
        .keep("out.md")
        .run();
    let summary = ran.kept.unwrap();
    let row = format!("| `linux/amd64, {OLD}`, without `arm64, windows(10.0.20348)/amd64` |");
    assert!(summary.contains(&row), "{summary}");
}
