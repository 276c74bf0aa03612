use serde_json::Value;

use super::yaml::parse;
use super::*;
use crate::expectation::expect;
use crate::metadata;

const A: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn policy(text: &str) -> Policy {
    parse("p.yml", text.as_bytes()).unwrap_or_else(|problem| panic!("{text}: {problem}"))
}

/// The expectation of this reference under a policy.
fn ruled(policy: &Policy, reference: &str, asked: &Asked) -> Result<Expectation, Problem> {
    let metadata = format!(r#"{{"containerimage.digest":"{A}","image.name":"{reference}"}}"#);
    let builds = metadata::parse("build.json", metadata.as_bytes()).unwrap();
    let (mut expectations, _) = expect(&builds, asked).unwrap();
    policy.rule(&mut expectations, asked)?;
    Ok(expectations.remove(0))
}

/// What the policy makes of a reference: `platforms; attestations; immutable; on-other`.
fn made_of(policy: &Policy, reference: &str) -> String {
    let it = ruled(policy, reference, &Asked::default()).unwrap();
    let platforms: Vec<String> = it.platforms.iter().map(ToString::to_string).collect();
    let attestations: Vec<String> = it.attestations.iter().map(ToString::to_string).collect();
    format!(
        "{}; {}; {}; {}",
        platforms.join(" "),
        attestations.join(" "),
        it.immutable,
        it.on_other
    )
}

/// The YAML of docs/policy.md.
fn documented() -> Vec<String> {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/policy.md"));
    let page = page.unwrap();
    let blocks = page.split("```yaml\n").skip(1);
    blocks
        .map(|block| block.split("```").next().unwrap().to_owned())
        .collect()
}

fn schema() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/policy.schema.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn each_key_comes_from_the_most_specific_pattern_that_has_it() {
    let starter = policy(&documented()[0]);
    for (reference, expected) in [
        (
            "ghcr.io/acme/app:1.4",
            "linux/amd64 linux/arm64; provenance; false; fail",
        ),
        (
            "ghcr.io/acme/app:v1.4",
            "linux/amd64 linux/arm64; provenance; true; fail",
        ),
        (
            "ghcr.io/acme/app:latest",
            "linux/amd64 linux/arm64; provenance; false; warn",
        ),
        (
            "ghcr.io/acme/app:v1-amd64",
            "linux/amd64; provenance; true; fail",
        ),
        ("ghcr.io/other/app:v1", "; ; false; fail"),
    ] {
        assert_eq!(made_of(&starter, reference), expected, "{reference}");
    }
    let it = ruled(&starter, "ghcr.io/acme/app:latest", &Asked::default()).unwrap();
    assert!(it.platforms_stated);
    let rules: Vec<String> = it.rules.iter().map(|(k, v)| format!("{k} {v}")).collect();
    assert_eq!(
        rules,
        [
            "attestations ghcr.io/acme/**",
            "immutable ghcr.io/acme/**",
            "on-other ghcr.io/acme/**:latest",
            "platforms ghcr.io/acme/**",
        ]
    );
}

#[test]
fn the_command_line_wins() {
    let starter = policy(&documented()[0]);
    let asked = Asked {
        platforms: vec!["linux/s390x".parse().unwrap()],
        on_other: Some(OnOther::Fix),
        ..Asked::default()
    };
    let it = ruled(&starter, "ghcr.io/acme/app:latest", &asked).unwrap();
    assert_eq!(it.platforms, asked.platforms);
    assert_eq!(it.on_other, OnOther::Fix);
    let keys: Vec<&&str> = it.rules.keys().collect();
    assert_eq!(keys, [&"attestations", &"immutable"]);
}

#[test]
fn equally_specific_patterns_that_disagree_are_an_error() {
    let text = |one: &str, other: &str| {
        policy(&format!(
            "version: 1\nimages:\n  \"r.io/ab*\": {{platforms: [{one}]}}\n  \"r.io/a*b\": {{platforms: [{other}]}}\n  \"**\": {{platforms: [a/b]}}\n"
        ))
    };
    let asked = Asked::default();
    let problem = ruled(&text("linux/amd64", "linux/arm64"), "r.io/abb:1", &asked).unwrap_err();
    assert_eq!(
        problem.message,
        "the policy's `r.io/ab*` and `r.io/a*b` fit r.io/abb:1 equally well, and disagree on `platforms`"
    );
    let same = text("linux/amd64, linux/arm64", "linux/arm64, linux/amd64");
    assert_eq!(
        made_of(&same, "r.io/abb:1"),
        "linux/amd64 linux/arm64; ; false; fail"
    );
    // Where something more specific says it, their quarrel does not matter.
    let decided = policy(
        "version: 1\nimages: {\"r.io/ab*\": {on-other: fix}, \"r.io/a*b\": {on-other: warn}, \"r.io/abb\": {on-other: fail}}",
    );
    assert_eq!(made_of(&decided, "r.io/abb:1"), "; ; false; fail");
}

#[test]
fn a_list_that_is_empty_asks_for_nothing() {
    let text =
        "version: 1\nimages: {\"**\": {platforms: [linux/amd64]}, \"**:dev\": {platforms: []}}";
    assert_eq!(made_of(&policy(text), "r.io/app:dev"), "; ; false; fail");
}

#[test]
fn versions_of_windows_and_parts_of_a_platform_are_platforms_of_their_own() {
    let text = "version: 1\nimages: {\"**\": {platforms: [Windows(10.0.20348)/amd64, windows(10.0.17763)/amd64, windows/amd64, arm64, 386, linux/arm64/v8]}}";
    assert_eq!(
        made_of(&policy(text), "r.io/app:1"),
        "386 arm64 linux/arm64 windows/amd64 windows(10.0.17763)/amd64 windows(10.0.20348)/amd64; ; false; fail"
    );
}

#[test]
fn the_slowest_registry_at_hand_decides_how_long_a_look_waits() {
    let text = "version: 1\nregistries: {a.io: {settle: 5}, b.io: {settle: 0.5}, c.io: {plain-http: true, ca-file: x.pem}}";
    let policy = policy(text);
    let settle = |hosts: &[&str]| {
        let hosts: Vec<Host> = hosts.iter().map(|host| host.parse().unwrap()).collect();
        let seconds = policy.settle(&hosts.iter().collect(), Duration::from_secs(2));
        seconds.as_secs_f64()
    };
    assert_eq!(settle(&["a.io", "b.io"]), 5.0);
    assert_eq!(settle(&["b.io"]), 0.5);
    assert_eq!(settle(&["b.io", "c.io"]), 2.0);
    assert_eq!(settle(&[]), 2.0);
    assert_eq!(policy.plain_http().count(), 1);
    assert_eq!(policy.ca_files().count(), 1);
}

#[test]
fn mistakes_have_a_line_a_column_and_what_to_write_instead() {
    let image = |keys: &str| format!("version: 1\nimages:\n  \"r.io/**\":\n    {keys}\n");
    let registry = |keys: &str| format!("version: 1\nregistries:\n  r.io: {{{keys}}}\n");
    for (text, place, cause, help) in [
        (
            String::new(),
            "1, column 1",
            "it has no `version`",
            "`version: 1`",
        ),
        (
            "[]".to_owned(),
            "1, column 1",
            "invalid type: sequence",
            "docs/policy.md",
        ),
        (
            "version: 2".to_owned(),
            "1, column 10",
            "`2` does not fit",
            "`version: 1`",
        ),
        (
            "version: \"1\"".to_owned(),
            "1, column 10",
            "not a number",
            "`version: 1`",
        ),
        (
            "version: 1\nimagse: {}".to_owned(),
            "2, column 1",
            "unknown key `imagse`",
            "`images`?",
        ),
        (
            "version: 1\nx: {}".to_owned(),
            "2, column 1",
            "unknown key `x`",
            "`version`, `images`",
        ),
        (
            "version: 1\nversion: 1".to_owned(),
            "2, column 1",
            "`version` stands here twice",
            "under one",
        ),
        (
            image("platfroms: []"),
            "4, column 5",
            "unknown key `platfroms`",
            "`platforms`?",
        ),
        (
            image("platforms: linux/amd64"),
            "4, column 16",
            "not a list",
            "`[linux/amd64]`",
        ),
        (
            image("platforms: [linux/amd64, linux/]"),
            "4, column 30",
            "`linux/` is not a platform",
            "like `linux/amd64`",
        ),
        (
            image("platforms: [linux/amd64, amd65]"),
            "4, column 30",
            "`amd65` is not a platform",
            "write the operating system and the architecture, like `linux/amd64`",
        ),
        (
            image("platforms: [local]"),
            "4, column 17",
            "`local` is not a platform",
            "name the platform of that machine",
        ),
        (
            image("platforms: ['linux/amd64,linux/arm64']"),
            "4, column 17",
            "`linux/amd64,linux/arm64` is not a platform",
            "like `linux/amd64`",
        ),
        (
            image("platforms: [windows(10.0.17763)/amd64, Windows(10.0.17763)/x86_64]"),
            "4, column 44",
            "names one twice",
            "each once",
        ),
        (
            image("platforms: [linux/amd64, linux/x86_64]"),
            "4, column 30",
            "names one twice",
            "each once",
        ),
        (
            image("platforms: {a: b}"),
            "4, column 16",
            "expected a list",
            "docs/policy.md",
        ),
        (
            image("attestations: [provenence]"),
            "4, column 20",
            "`provenence`",
            "`provenance`?",
        ),
        (image("on-other: wran"), "4, column 15", "`wran`", "`warn`?"),
        (
            image("immutable: [a b]"),
            "4, column 17",
            "`a b`",
            "like `v*`",
        ),
        (
            image("on-other: warn\n    on-other: warn"),
            "5, column 5",
            "`on-other` stands here twice",
            "under one",
        ),
        (
            image("on-other: warn\n  \"r.io/**\":\n    on-other: warn"),
            "5, column 3",
            "`r.io/**` stands here twice",
            "under one",
        ),
        (
            image("on-other: warn\n  \"acme/app\": {on-other: warn}"),
            "5, column 3",
            "no registry",
            "`docker.io/acme/app`",
        ),
        (image(""), "3, column 13", "says nothing", "`platforms`"),
        (
            "version: 1\nimages:\n  **:\n    on-other: warn".to_owned(),
            "3, column 4",
            "alias",
            "quotes",
        ),
        (
            registry("settle: 5s"),
            "3, column 18",
            "`5s` is not a number",
            "such as `5`",
        ),
        (
            registry("settle: -1"),
            "3, column 18",
            "`-1` does not fit",
            "such as `5`",
        ),
        (
            registry("plain-http: yes"),
            "3, column 22",
            "expected a boolean",
            "`true` or `false`",
        ),
        (
            registry("ca-file: [x]"),
            "3, column 19",
            "expected a file",
            "docs/policy.md",
        ),
        (
            registry("setle: 5"),
            "3, column 10",
            "unknown key `setle`",
            "`settle`?",
        ),
        (
            registry("settle: 5}\n  R.io: {settle: 5"),
            "4, column 3",
            "`r.io` stands here twice",
            "under one",
        ),
        (
            "version: 1\nregistries:\n  a.io: {settle: 1}\n  https://r.io: {settle: 1}".to_owned(),
            "4, column 3",
            "`https://r.io`",
            "without `https://`",
        ),
    ] {
        let problem = parse("p.yml", text.as_bytes()).expect_err(&text);
        let start = format!("failed to read `p.yml` at line {place}: ");
        assert!(problem.message.starts_with(&start), "{text}: {problem}");
        assert!(problem.message.contains(cause), "{text}: {problem}");
        let found = problem.help.unwrap();
        assert!(found.contains(help), "{text}: {found}");
    }
}

#[test]
fn what_is_no_text_or_several_documents_is_refused() {
    for text in [
        &b"\xff\xfe"[..],
        b"version: 1\n---\nversion: 1\n",
        b"version: 1\nimages: {\"**\": &x [*x]}",
    ] {
        assert!(parse("p.yml", text).is_err());
    }
}

#[test]
fn what_was_understood_is_shown_in_the_order_in_which_it_decides() {
    insta::assert_snapshot!(policy(&documented()[0]).show("p.yml"), @"
    `p.yml` is a policy that can be used

    Of images, each key from the first pattern that fits the tag and has the key:
      ghcr.io/acme/**:latest
        on-other          warn
      ghcr.io/acme/**:*-amd64
        platforms         linux/amd64
      ghcr.io/acme/**:main
        on-other          warn
      ghcr.io/acme/**
        platforms         linux/amd64, linux/arm64
        attestations      provenance
        immutable         v*
        on-other          fail
    ");
    insta::assert_snapshot!(policy(&documented()[1]).show("p.yml"), @"
    `p.yml` is a policy that can be used

    It asks nothing of images.

    Of registries:
      harbor.example.com
        ca-file           ci/ca.pem
        settle            5 s
      registry.internal:5000
        plain-http        true
    ");
}

#[test]
fn the_schema_knows_the_very_keys_and_words() {
    let schema = schema();
    let keys = |at: &str| -> Vec<String> {
        let properties = schema.pointer(at).unwrap().as_object().unwrap();
        properties.keys().cloned().collect()
    };
    let sorted = |mut words: Vec<&str>| -> Vec<String> {
        words.sort_unstable();
        words.into_iter().map(str::to_owned).collect()
    };
    assert_eq!(keys("/properties"), sorted(yaml::places::TOP.to_vec()));
    assert_eq!(
        keys("/definitions/rule/properties"),
        sorted(yaml::places::IMAGES.to_vec())
    );
    assert_eq!(
        keys("/definitions/registry/properties"),
        sorted(yaml::places::REGISTRIES.to_vec())
    );
    let words = |at: &str| schema.pointer(at).unwrap().clone();
    assert_eq!(
        words("/definitions/rule/properties/on-other/enum"),
        serde_json::json!(OnOther::ALL.map(OnOther::as_str))
    );
    assert_eq!(
        words("/definitions/rule/properties/attestations/items/enum"),
        serde_json::json!(Attestation::ALL.map(Attestation::as_str))
    );
}

#[test]
#[cfg_attr(miri, ignore = "the reader of schemas takes Miri minutes")]
fn the_schema_and_the_reader_agree() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let image = |keys: &str| format!("version: 1\nimages: {{\"r.io/**:v*\": {{{keys}}}}}");
    let registry = |keys: &str| format!("version: 1\nregistries: {{\"r.io:5000\": {{{keys}}}}}");
    let mut texts = documented();
    texts.extend(
        [
            "version: 1",
            "version: 2",
            "{}",
            "version: 1\nx: 1",
            "[]",
            "version: \"1\"",
        ]
        .map(str::to_owned),
    );
    for pattern in [
        "**",
        "**:latest",
        "ghcr.io",
        "acme app",
        "r.io/App",
        "r.io/a@b",
        "r.io/a:",
        "localhost:5000/**",
        "r.io/",
        "r.io/a/",
    ] {
        texts.push(format!(
            "version: 1\nimages: {{\"{pattern}\": {{on-other: warn}}}}"
        ));
    }
    for keys in [
        "",
        "platforms: []",
        "platforms: [linux/amd64, linux/arm/v7]",
        "platforms: [linux, arm64, 386]",
        "platforms: [linux/]",
        "platforms: ['']",
        "platforms: ['linux/amd64,linux/arm64']",
        "platforms: [windows(10.0.17763)/amd64, windows(10.0.20348+win32k)/amd64]",
        "platforms: [windows(10.0/amd64]",
        "platforms: [linux/a/b/c]",
        "platforms: linux/amd64",
        "attestations: [sbom, provenance]",
        "attestations: [x]",
        "immutable: [v*, 1.4]",
        "immutable: [a/b]",
        "on-other: fix",
        "on-other: no",
        "platfroms: []",
        "platforms: [linux/amd64, linux/amd64]",
    ] {
        texts.push(image(keys));
    }
    for keys in [
        "",
        "plain-http: true",
        "plain-http: 1",
        "ca-file: a.pem",
        "ca-file: \"\"",
        "settle: 0",
        "settle: 2.5",
        "settle: 90000",
        "settle: x",
        "timeout: 1",
    ] {
        texts.push(registry(keys));
    }
    for text in texts {
        let value: Value = serde_yaml::from_str(&text).unwrap();
        let read = parse("p.yml", text.as_bytes());
        assert_eq!(validator.is_valid(&value), read.is_ok(), "{text}\n{read:?}");
    }
}
