//! What is to be checked, as it is given: files, standard input, text, tags and digests.

use serde_json::json;

use crate::access::{fill, filled, metadata_of, on};
use crate::image::{build, image, metadata, multi, push};
use crate::registry::Registry;
use crate::run::{Ran, code, tagproof};

/// Asserts that it ends with 2 and this status, and shows these words.
fn assert_unusable(ran: &Ran, status: &str, words: &[&str]) {
    assert_eq!(
        (ran.code, ran.status()),
        (code(2), status),
        "{}",
        ran.shown()
    );
    for words in words {
        assert!(ran.stdout.contains(words), "no `{words}`: {}", ran.shown());
    }
    assert!(ran.report["problem"]["message"].is_string());
}

fn with_file(content: &[u8]) -> Ran {
    let run = tagproof(&["check", "build.json"]);
    run.file("build.json", content).report().run()
}

#[test]
fn a_file_that_is_not_there_is_told_why_it_may_not_be() {
    let ran = tagproof(&["check", "build.json"]).run();
    assert_eq!(ran.code, code(2));
    insta::assert_snapshot!(ran.stdout, @"
    ✖ the inputs are unusable: failed to read `build.json`: no such file
      help: give the file that `docker buildx build --push --metadata-file FILE` wrote; it writes none when the build fails
    ");
}

#[test]
fn what_is_no_file_of_metadata_is_told_with_what_to_give() {
    for (name, help) in [
        (".", "give the file in it that"),
        ("r.io/app:1", "give a tag with `--tag NAME:TAG@sha256:…`"),
        (
            r#"{"containerimage.digest":1}"#,
            "give the metadata itself with `--metadata JSON`",
        ),
        (
            "metadata.json",
            "give the file that `docker buildx build --push --metadata-file FILE` wrote",
        ),
    ] {
        let ran = tagproof(&["check", name]).report().run();
        assert_unusable(&ran, "invalid", &[name, help]);
    }
}

#[test]
fn what_is_too_large_is_not_read() {
    let large = vec![b' '; 16 * 1024 * 1024 + 1];
    assert_unusable(
        &with_file(&large),
        "invalid",
        &["`build.json`", "larger than 16 MiB"],
    );
    let ran = tagproof(&["check", "-"]).stdin(&large).report().run();
    assert_unusable(&ran, "invalid", &["standard input", "larger than 16 MiB"]);
}

#[test]
fn what_is_no_json_is_told_where() {
    assert_unusable(
        &with_file(b"{\"a\": \xff}"),
        "invalid",
        &["`build.json`", "not UTF-8 at byte 6"],
    );
    assert_unusable(
        &with_file(b"{\n  oops"),
        "invalid",
        &["`build.json`", "at line 2 column 3"],
    );
    assert_unusable(&with_file(b"[]"), "invalid", &["`build.json`", "line 1"]);
    assert_unusable(&with_file(b"{} {}"), "invalid", &["`build.json`", "line 1"]);
}

#[test]
fn what_holds_no_build_leaves_nothing_to_check() {
    for (content, words) in [
        ("", "`build.json` is empty"),
        (" \n", "`build.json` is empty"),
        ("null", "`build.json` holds `null`"),
        ("{}", "`build.json` holds no build"),
        ("\u{feff}{}", "`build.json` holds no build"),
        (r#"{"buildx.build.ref":"a/b/c"}"#, "made an image"),
    ] {
        let ran = with_file(content.as_bytes());
        assert_unusable(&ran, "nothing", &[words]);
        assert_eq!(
            ran.stdout.matches("nothing to check").count(),
            1,
            "{}",
            ran.stdout
        );
    }
}

#[test]
fn nothing_to_check_can_be_tolerated() {
    let ran = tagproof(&["check", "build.json", "--on-unpushed", "warn"])
        .file("build.json", "{}")
        .report()
        .run();
    assert_eq!(
        (ran.code, ran.status()),
        (Some(0), "nothing"),
        "{}",
        ran.shown()
    );
}

#[test]
fn a_key_of_the_wrong_kind_is_named_with_its_file_and_target() {
    let digest = multi("a").index.digest;
    for (content, words) in [
        (
            json!({"containerimage.digest": 5}),
            &["key `containerimage.digest`", "expected a string"][..],
        ),
        (
            json!({"containerimage.digest": "sha256:12"}),
            &["key `containerimage.digest`", "64 digits"],
        ),
        (
            json!({"containerimage.digest": digest, "image.name": 1}),
            &["key `image.name`", "expected a string"],
        ),
        (
            json!({"containerimage.digest": digest, "image.name": "r.io/App:1"}),
            &["key `image.name`", "lower case"],
        ),
        (
            json!({"containerimage.descriptor": "x"}),
            &["key `containerimage.descriptor`"],
        ),
        (
            json!({"containerimage.descriptor": {"digest": 1}}),
            &["containerimage.descriptor"],
        ),
        (
            json!({"app": {"containerimage.digest": []}}),
            &["target `app`, key `containerimage.digest`"],
        ),
        (json!({"app": 5}), &["key `app`", "a bake target"]),
    ] {
        let ran = with_file(content.to_string().as_bytes());
        assert_unusable(&ran, "invalid", &["`build.json`"]);
        assert_unusable(&ran, "invalid", words);
    }
}

#[test]
fn metadata_may_come_from_standard_input_and_as_text() {
    let registry = filled(Registry::builder());
    let text = metadata_of(&[&registry.host()]);
    let ran = tagproof(&["check", "-", "--settle", "0"])
        .stdin(&text)
        .report()
        .run();
    assert_eq!(ran.tags(), ["app:1 ok -"], "{}", ran.shown());
    let ran = tagproof(&["check", "--metadata", &text, "--settle", "0"])
        .report()
        .run();
    assert_eq!(ran.tags(), ["app:1 ok -"], "{}", ran.shown());
}

#[test]
fn standard_input_is_read_for_one_thing_only() {
    let registry = filled(Registry::builder());
    let text = metadata_of(&[&registry.host()]);
    for args in [
        &["-", "-"][..],
        &["-", "--username", "u", "--password-stdin"],
    ] {
        let run = tagproof(&["check"]).args(args);
        let ran = run.stdin(&text).report().run();
        assert_unusable(&ran, "invalid", &["standard input", "one thing only"]);
    }
    assert!(registry.journal().is_empty());
}

#[test]
fn several_files_are_several_builds() {
    let registry = filled(Registry::builder());
    let other = image("linux/amd64", "b");
    push(&registry, "b", &[&other]);
    registry.tag("b", "2", &other.digest);
    let names = [format!("{}/b:2", registry.host())];
    let ran = on(&registry, "check")
        .args(&["other.json"])
        .file("other.json", metadata(&other, &names))
        .run();
    assert_eq!(ran.tags(), ["app:1 ok -", "b:2 ok -"], "{}", ran.shown());
}

#[test]
fn tags_may_be_a_list_with_commas_and_line_breaks() {
    let registry = filled(Registry::builder());
    let host = registry.host();
    registry.tag("app", "2", &multi("a").index.digest);
    let list = format!("{host}/app:1, {host}/app:2\n\n{host}/app:3\r\n");
    let ran = on(&registry, "check")
        .args(&["--tag", &list, "--settle-timeout", "0"])
        .run();
    assert_eq!(
        ran.tags(),
        ["app:1 ok -", "app:2 ok -", "app:3 absent -"],
        "{}",
        ran.shown()
    );
}

#[test]
fn a_tag_and_its_digest_need_no_metadata() {
    let registry = filled(Registry::builder());
    let digest = multi("a").index.digest;
    let tag = format!("{}/app:1", registry.host());
    let with_digest = format!("{tag}@{digest}");
    for args in [
        &["--tag", &with_digest][..],
        &["--tag", &tag, "--digest", &digest],
    ] {
        let ran = tagproof(&["check", "--settle", "0"])
            .args(args)
            .report()
            .run();
        assert_eq!(ran.tags(), ["app:1 ok -"], "{}", ran.shown());
    }
    let wrong = format!("{tag}@{}", multi("b").index.digest);
    let ran = tagproof(&[
        "check",
        "--settle",
        "0",
        "--settle-timeout",
        "0",
        "--tag",
        &wrong,
    ])
    .report()
    .run();
    assert_eq!(ran.code, Some(1), "{}", ran.shown());
}

#[test]
fn a_tag_without_a_digest_to_expect_is_refused() {
    let ran = tagproof(&["check", "--tag", "r.io/app:1"]).report().run();
    assert_unusable(
        &ran,
        "invalid",
        &["no digest to expect of `r.io/app:1`", "`--digest sha256:…`"],
    );
}

#[test]
fn several_digests_and_a_tag_without_one_ask_which_it_should_be() {
    let registry = filled(Registry::builder());
    let bake = json!({
        "app": build(&multi("a").index, &[]),
        "db": build(&multi("b").index, &[]),
    });
    let tag = format!("{}/app:1", registry.host());
    let run = |args: &[&str]| {
        tagproof(&["check", "bake.json", "--settle", "0", "--tag", &tag])
            .args(args)
            .file("bake.json", bake.to_string())
            .report()
            .run()
    };
    assert_unusable(
        &run(&[]),
        "invalid",
        &[
            "several digests",
            "one `--target` of `app`, `db`",
            "`--digest sha256:…`",
        ],
    );
    assert!(registry.journal().is_empty());
    assert_eq!(run(&["--target", "app"]).tags(), ["app:1 ok -"]);
    assert_eq!(
        run(&["--digest", &multi("a").index.digest]).tags(),
        ["app:1 ok -"]
    );
    let ran = run(&["--target", "ap"]);
    assert_unusable(
        &ran,
        "invalid",
        &["no target `ap`", "use one of `app`, `db`"],
    );
}

#[test]
fn a_bake_file_of_a_builder_with_several_nodes_asks_for_a_tag_and_one_target() {
    let bake = json!({"app": build(&multi("a").index, &[])});
    let ran = with_file(bake.to_string().as_bytes());
    assert_unusable(
        &ran,
        "nothing",
        &[
            "left a digest and no name",
            "give `--tag NAME:TAG` with one `--target`",
        ],
    );
}

#[test]
fn a_tag_or_platform_that_is_none_is_told_with_one_that_is() {
    let registry = filled(Registry::builder());
    for (flag, value, words) in [
        ("--tag", "r.io/App:1", "lower case"),
        ("--tag", "r.io/app:a b", "--tag"),
        ("--tag", "r.io/app@sha256:12", "64 digits"),
        ("--tag", " , ", "`--tag` is empty"),
        ("--tag", "r.io/../app:1", "--tag"),
        ("--platform", "linux/", "write it like `linux/amd64`"),
        (
            "--platform",
            "amd65",
            "write the operating system and the architecture, like `linux/amd64`",
        ),
        ("--platform", "local", "name the platform of that machine"),
        ("--platform", "", "`--platform` is empty"),
        ("--platform", " ,\n", "`--platform` is empty"),
        (
            "--platform",
            "linux/amd64,x y",
            "write it like `linux/amd64`",
        ),
    ] {
        let ran = on(&registry, "check").args(&[flag, value]).run();
        assert_unusable(&ran, "invalid", &[words]);
    }
    assert!(registry.journal().is_empty());
}

#[test]
fn platforms_may_be_a_list_and_are_asked_for() {
    let registry = filled(Registry::builder());
    fill(&registry, "app");
    for (platforms, verdict) in [
        ("linux/amd64, linux/arm64", "app:1 ok -"),
        ("linux/amd64\nlinux/s390x", "app:1 incomplete -"),
    ] {
        let ran = on(&registry, "check")
            .args(&["--platform", platforms])
            .run();
        assert_eq!(ran.tags(), [verdict], "{}", ran.shown());
    }
}

/// An input that is not UTF-8 is set: left out, its check would not be made.
#[cfg(unix)]
#[test]
fn an_input_that_is_not_utf8_is_refused_and_not_left_out() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    if crate::run::Host::get().is_wasi() {
        return;
    }
    let text = metadata(&multi("a").index, &["r.io/app:1".to_owned()]);
    for input in ["INPUT_PLATFORMS", "INPUT_TAGS", "INPUT_DIGEST"] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_tagproof"));
        command
            .arg("action")
            .env_clear()
            .env("INPUT_METADATA", &text)
            .env("INPUT_TAGS", "r.io/app:1")
            .env(input, OsStr::from_bytes(b"linux/amd64,\xff"));
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(2), "{input}: {said}");
    }
}
