//! Inputs and answers that are far too large, deep or many: the real program ends with a clear
//! error, or does its work, in 64 MiB of memory.

mod layers;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use tagproof::oci::Digest;

use crate::image::{INDEX, MANIFEST, attestation_of, image, index, metadata, multi, push};
use crate::registry::Registry;
use crate::run::{Ran, Run, tagproof};

const MIB: usize = 1024 * 1024;

/// Runs it in 64 MiB. Where that limit cannot be set, nothing is checked, and that is said aloud.
fn bounded(run: Run, check: impl FnOnce(&Ran)) {
    if let Some(run) = run.within_mib(64) {
        let ran = run.run();
        assert!(ran.code.is_some(), "it was killed: {}", ran.shown());
        check(&ran);
    }
}

/// So many tags of `app` on this digest, by their names.
fn tagged(registry: &Registry, count: usize, digest: &str) -> Vec<String> {
    let name = |number: usize| {
        registry.tag("app", &number.to_string(), digest);
        format!("{}/app:{number}", registry.host())
    };
    (0..count).map(name).collect()
}

/// The inputs are refused with these words, in a message that is not as long as they are.
fn refused(run: Run, words: &str) {
    bounded(run, |ran| {
        assert_eq!(ran.code, Some(2), "{}", ran.shown());
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!(said.contains(words), "{words}: {said}");
        assert!(said.len() < 10_000, "{} bytes", said.len());
    });
}

fn check(metadata: impl AsRef<[u8]>) -> Run {
    tagproof(&["check", "build.json", "--settle", "0"]).file("build.json", metadata)
}

/// `check` of one tag of a registry that is nobody's, with what the tag should be.
fn check_tag(host: &str) -> Run {
    let tag = format!("{host}/app:1@{}", Digest::of(b"it"));
    tagproof(&["check", "--tag", &tag, "--settle", "0"]).report()
}

/// The same of everything below this very document.
fn check_below(host: &str, found: &str) -> Run {
    let tag = format!("{host}/app:1@{found}");
    tagproof(&[
        "check", "--depth", "children", "--tag", &tag, "--settle", "0",
    ])
    .report()
}

fn digest(number: usize) -> String {
    Digest::of(&number.to_le_bytes()).to_string()
}

/// A server that answers every request with these bytes, the last of them for ever if asked to.
fn server(answer: Vec<u8>, for_ever: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let mut is_taken = stream.write_all(&answer).is_ok();
            while for_ever && is_taken {
                is_taken = stream.write_all(&[b'x'; 8_192]).is_ok();
            }
        }
    });
    host
}

/// The one tag could not be checked, for this reason.
fn unproven(run: Run, words: &str) {
    bounded(run, |ran| {
        assert_eq!(ran.code, Some(3), "{}", ran.shown());
        assert_eq!(ran.tag(0)["verdict"], "unproven");
        let message = ran.tag(0)["message"].as_str().unwrap();
        assert!(message.contains(words), "{words}: {message}");
        assert!(message.len() < 2_000, "{} bytes", message.len());
    });
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn a_metadata_file_of_a_million_targets_is_refused() {
    let targets: Vec<String> = (0..1_000_000).map(|it| format!("\"t{it}\":{{}}")).collect();
    let file = format!("{{{}}}", targets.join(","));
    refused(check(file), "more than 10000 members");
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn a_metadata_file_of_50_mib_is_refused_unread() {
    refused(check(vec![b' '; 50 * MIB]), "it is larger than 16 MiB");
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn a_metadata_file_of_one_long_text_is_not_quoted() {
    let file = format!("\"{}\"", "\u{7f}".repeat(15 * MIB));
    refused(check(file), "expected an object, found a string");
    let file = format!("{{\"a\":\"{}\"}}", "\u{7f}".repeat(15 * MIB));
    refused(check(file), "expected the keys of a bake target");
    let file = format!("{{\"image.name\":\"{}\"}}", "a".repeat(15 * MIB));
    refused(check(file), "key `image.name`: it is longer than 1 MiB");
    let file = format!(
        "{{\"containerimage.descriptor\":\"{}\"}}",
        "a".repeat(15 * MIB)
    );
    refused(check(file), "key `containerimage.descriptor`: it is longer");
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn a_metadata_file_nested_a_hundred_thousand_deep_is_refused() {
    refused(check("[".repeat(100_000)), "failed to read `build.json`");
    refused(check("{\"a\":".repeat(100_000)), "failed to read");
    let deep = format!(
        "{{\"containerimage.descriptor\":{}1{}}}",
        "{\"a\":".repeat(100_000),
        "}".repeat(100_000)
    );
    refused(check(deep), "expected a descriptor with a `digest`");
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn half_a_million_names_of_one_build_are_refused() {
    let names = "a,".repeat(500_000);
    let file = format!(
        "{{\"containerimage.digest\":\"{}\",\"image.name\":\"{names}\"}}",
        digest(0)
    );
    refused(check(file), "it has 500001 names, more than 5000");
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn half_a_million_names_of_many_targets_are_refused() {
    let names: Vec<String> = (0..1_000).map(|it| format!("r.io/app:{it}")).collect();
    let target = |it: usize| {
        format!(
            "\"t{it}\":{{\"containerimage.digest\":\"{}\",\"image.name\":\"{}\"}}",
            digest(it),
            names.join(",")
        )
    };
    let targets: Vec<String> = (0..500).map(target).collect();
    let file = format!("{{{}}}", targets.join(","));
    refused(check(file), "it has more than 5000 names");
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn a_name_of_64_kib_is_refused_and_not_repeated_whole() {
    let name = "a".repeat(64 * 1024);
    let file = format!(
        "{{\"containerimage.digest\":\"{}\",\"image.name\":\"{name}\"}}",
        digest(0)
    );
    refused(check(file), "key `image.name`");
    refused(
        tagproof(&["check", "--tag", &name]),
        "failed to read `--tag aaa",
    );
    let definition = format!("{{\"target\":{{\"a\":{{\"tags\":[\"{name}\"]}}}}}}");
    refused(
        check("{}")
            .args(&["--definition", "bake.json"])
            .file("bake.json", definition),
        "target `a`: tag",
    );
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn two_thousand_targets_that_claim_one_tag_are_a_conflict() {
    let target = |it: usize| {
        format!(
            "\"t{it}\":{{\"containerimage.digest\":\"{}\",\"image.name\":\"127.0.0.1:9/app:1\"}}",
            digest(it)
        )
    };
    let targets: Vec<String> = (0..2_000).map(target).collect();
    let file = format!("{{{}}}", targets.join(","));
    bounded(check(file).report(), |ran| {
        assert_eq!(ran.code, Some(1), "{}", ran.shown());
        assert_eq!(ran.tags().len(), 2_000);
        assert_eq!(ran.tag(1_999)["verdict"], "conflict");
    });
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn ten_thousand_platforms_are_refused_wherever_they_stand() {
    let platforms: Vec<String> = (0..9_000).map(|it| format!("linux/a{it}")).collect();
    let keys: Vec<String> = platforms
        .iter()
        .map(|it| format!(",\"buildx.build.provenance/{it}\":{{}}"))
        .collect();
    let file = format!(
        "{{\"containerimage.digest\":\"{}\",\"image.name\":\"a\"{}}}",
        digest(0),
        keys.concat()
    );
    refused(check(file), "it lists 9000 platforms, more than 100");
    let definition = format!(
        "{{\"target\":{{\"a\":{{\"platforms\":[\"{}\"]}}}}}}",
        platforms.join("\",\"")
    );
    refused(
        check("{}")
            .args(&["--definition", "bake.json"])
            .file("bake.json", definition),
        "it lists 9000 platforms, more than 100",
    );
    let policy = format!(
        "version: 1\nimages:\n  '**':\n    platforms: [{}]\n",
        platforms.join(", ")
    );
    refused(
        tagproof(&["policy", "check"]).file(".tagproof.yml", policy),
        "the list names more than 100",
    );
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn a_definition_of_millions_of_values_is_refused_before_it_is_built_up() {
    for (unit, words) in [
        ("0,", "it holds more than 100000 values"),
        ("{\"a\":0},", "it holds more than 100000 values"),
        ("[[[[[[[[", "it holds more than 100000 values"),
    ] {
        let text = format!("{{\"target\":[{}0]}}", unit.repeat(15 * MIB / unit.len()));
        let run = check("{}").args(&["--definition", "bake.json"]);
        refused(run.file("bake.json", text), words);
    }
    let deep = format!("{{\"target\":{}", "[".repeat(90_000));
    let run = check("{}").args(&["--definition", "bake.json"]);
    refused(run.file("bake.json", deep), "recursion limit exceeded");
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn a_policy_of_aliases_or_nested_lists_is_refused() {
    let mut bomb = "version: 1\nimages:\n  a0: &a0 [x, x]\n".to_owned();
    for level in 1..60 {
        let before = level - 1;
        bomb.push_str(&format!("  a{level}: &a{level} [*a{before}, *a{before}]\n"));
    }
    for (policy, words) in [
        (bomb, "at line 3"),
        (
            "[".repeat(100_000),
            "at line 1: it is nested more than 32 deep",
        ),
        (
            "{a: ".repeat(60_000),
            "at line 1: it is nested more than 32 deep",
        ),
        (
            "- ".repeat(100_000),
            "at line 1: it is nested more than 32 deep",
        ),
        ("&a ".repeat(80_000), "failed to read `.tagproof.yml`"),
        ("[],".repeat(80_000), "failed to read `.tagproof.yml`"),
        (
            "? [a,\n".repeat(30_000),
            "at line 33: it is nested more than 32 deep",
        ),
        ("a\n".repeat(120_000), "failed to read `.tagproof.yml`"),
        (" ".repeat(300 * 1024), "it is larger than 256 KiB"),
    ] {
        refused(
            tagproof(&["policy", "check"]).file(".tagproof.yml", policy),
            words,
        );
    }
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn a_login_file_that_is_too_large_is_told_of() {
    let tag = format!("127.0.0.1:9/app:1@{}", digest(0));
    let auths: Vec<String> = (0..60_000).map(|it| format!("\"a{it}\":{{}}")).collect();
    for (config, words) in [
        (" ".repeat(50 * MIB), "it is larger than 1 MiB"),
        (
            format!("{{\"auths\":{{{}}}}}", auths.join(",")),
            "it holds more than 100000 values",
        ),
        (format!("{{\"x\":{}", "[".repeat(90_000)), "it is no JSON"),
    ] {
        let run = tagproof(&["check", "--tag", &tag, "--registry-config", "config.json"]);
        let run = run.args(&["--settle", "0"]).file("config.json", config);
        bounded(run, |ran| {
            assert!(ran.code.is_some_and(|code| code > 0), "{}", ran.shown());
            assert!(ran.shown().contains(words), "{words}: {}", ran.shown());
        });
    }
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn a_refusal_without_end_is_read_to_its_64_kib() {
    let head = b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\n\r\n".to_vec();
    unproven(check_tag(&server(head, true)), "403 Forbidden: xxxx");
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn a_manifest_without_end_is_read_to_its_4_mib() {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {INDEX}\r\n\r\n");
    let run = check_tag(&server(head.into_bytes(), true));
    unproven(run, "the body is larger than 4 MiB");
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn a_challenge_of_a_hundred_thousand_parameters_is_refused() {
    let parameters: Vec<String> = (0..100_000).map(|it| format!("p{it}=\"v\"")).collect();
    for parameters in [&parameters[..], &parameters[..3_000]] {
        let head = format!(
            "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer {}\r\nContent-Length: 0\r\n\r\n",
            parameters.join(",")
        );
        let run = check_tag(&server(head.into_bytes(), false));
        bounded(run, |ran| {
            assert_eq!(ran.code, Some(3), "{}", ran.shown());
            assert_eq!(ran.tag(0)["verdict"], "unproven");
        });
    }
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn an_index_of_a_hundred_thousand_entries_is_refused() {
    let entry = |it: usize| {
        format!(
            "{{\"mediaType\":\"{MANIFEST}\",\"digest\":\"{}\",\"size\":1}}",
            digest(it)
        )
    };
    for (entries, words) in [
        (1_001, "it lists 1001 children, more than 1000"),
        (20_000, "it lists 20000 children, more than 1000"),
        (100_000, "the body is larger than 4 MiB"),
    ] {
        let registry = Registry::start();
        let all: Vec<String> = (0..entries).map(entry).collect();
        let body = format!(
            "{{\"schemaVersion\":2,\"mediaType\":\"{INDEX}\",\"manifests\":[{}]}}",
            all.join(",")
        );
        let found = registry.put_manifest("app", body.as_bytes(), INDEX);
        registry.tag("app", "1", &found);
        unproven(check_below(&registry.host(), &found), words);
    }
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn a_manifest_of_millions_of_values_or_nested_deep_is_refused() {
    let deep = format!("{}{}", "[".repeat(90_000), "]".repeat(90_000));
    for (layers, words) in [
        (
            format!("[{}0]}}", "0,".repeat(2_000_000)),
            "it holds more than 100000 values",
        ),
        (format!("{deep},\"layers\":{deep}}}"), "holds more than"),
        ("0,".repeat(2_000_000), "it is not a manifest"),
        ("[".repeat(90_000), "it is not a manifest"),
        (
            format!("\"{}\"", "\u{7f}".repeat(4_000_000)),
            "it is not a manifest",
        ),
    ] {
        let registry = Registry::start();
        let body = format!("{{\"schemaVersion\":{layers}");
        let found = registry.put_manifest("app", body.as_bytes(), MANIFEST);
        registry.tag("app", "1", &found);
        unproven(check_below(&registry.host(), &found), words);
    }
    let registry = Registry::start();
    let found = registry.put_manifest("app", "{\"schemaVersion\":", MANIFEST);
    registry.tag("app", "1", &found);
    unproven(check_tag(&registry.host()), "it is not a manifest");
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn a_thousand_tags_are_proven() {
    let registry = Registry::start();
    let build = multi("a");
    build.push(&registry, "app");
    let names = tagged(&registry, 1_000, &build.index.digest);
    bounded(check(metadata(&build.index, &names)).report(), |ran| {
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert_eq!(ran.tags().len(), 1_000);
    });
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn a_thousand_wrong_tags_are_repaired_and_told_of_in_every_form() {
    let registry = Registry::start();
    let build = multi("a");
    build.push(&registry, "app");
    let names = tagged(&registry, 1_000, &build.arm64.digest);
    // On a machine with much else to do, it takes longer than the usual five minutes.
    let run = tagproof(&["fix", "build.json", "--settle", "0", "--timeout", "3600"])
        .file("build.json", metadata(&build.index, &names));
    bounded(run.report().in_all_forms(), |ran| {
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let fixed = ran
            .tags()
            .iter()
            .filter(|tag| tag.ends_with("child fixed"))
            .count();
        assert_eq!(fixed, 1_000);
    });
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn an_index_of_a_thousand_children_is_proven_for_a_hundred_tags() {
    let registry = Registry::start();
    let children: Vec<_> = (0..1_000)
        .map(|it| image("linux/amd64", &it.to_string()))
        .collect();
    let all: Vec<_> = children.iter().collect();
    let index = index(&all);
    push(&registry, "app", &all);
    push(&registry, "app", &[&index]);
    let names = tagged(&registry, 100, &index.digest);
    bounded(check(metadata(&index, &names)).report(), |ran| {
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    });
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn a_hundred_tags_of_4_mib_each_are_not_kept() {
    let registry = Registry::start();
    let mut names = Vec::new();
    for number in 0..100 {
        let padding = "x".repeat(4 * MIB - 1_000);
        let body = format!(
            "{{\"schemaVersion\":2,\"mediaType\":\"{INDEX}\",\"manifests\":[],\"annotations\":{{\"{number}\":\"{padding}\"}}}}"
        );
        let found = registry.put_manifest("app", body.as_bytes(), INDEX);
        registry.tag("app", &number.to_string(), &found);
        names.push(format!("{}/app:{number}", registry.host()));
    }
    bounded(check(metadata(&multi("a").index, &names)).report(), |ran| {
        assert!(ran.code.is_some_and(|code| code > 0), "{}", ran.stderr);
        let message = ran.tag(99)["message"].as_str().unwrap();
        assert!(message.contains("MiB together"), "{message}");
    });
}

#[test]
#[ignore = "long: cargo test -- --include-ignored"]
fn an_index_of_a_thousand_children_has_its_attestations_for_a_thousand_tags() {
    let registry = Registry::start();
    let images: Vec<_> = (0..500)
        .map(|it| image("linux/amd64", &it.to_string()))
        .collect();
    let attestations: Vec<_> = images
        .iter()
        .map(|it| attestation_of(it, &["https://slsa.dev/provenance/v1"]))
        .collect();
    let all: Vec<_> = images.iter().chain(&attestations).collect();
    let index = index(&all);
    push(&registry, "app", &all);
    push(&registry, "app", &[&index]);
    let names = tagged(&registry, 1_000, &index.digest);
    let check = |asked: &str| {
        let args = ["check", "build.json", "--settle", "0", "--policy", "p.yml"];
        tagproof(&args)
            .file("build.json", metadata(&index, &names))
            .file(
                "p.yml",
                format!("version: 1\nimages:\n  \"**\": {{attestations: [{asked}]}}\n"),
            )
            .report()
    };
    bounded(check("provenance"), |ran| {
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    });
    bounded(check("provenance, sbom"), |ran| {
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        let message = ran.tag(999)["message"].as_str().unwrap();
        assert!(message.contains("lacks sbom of linux/amd64"), "{message}");
        assert!(message.ends_with("and more"), "{message}");
    });
}
