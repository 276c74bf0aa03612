//! Files as Windows PowerShell and other Windows tools write them: UTF-16, and byte order marks.

use serde_json::json;

use crate::access::{
    PASSWORD, USER, assert_no_leak, assert_ok, basic, config, filled, metadata_of, on, right, users,
};
use crate::registry::Registry;
use crate::run::{Run, code, tagproof};
use crate::tls;

/// The names of encodings, and a text in each of them.
fn encoded(text: &str) -> [(&'static str, Vec<u8>); 3] {
    let units = || std::iter::once(0xfeff).chain(text.encode_utf16());
    [
        (
            "UTF-16, little end first",
            units().flat_map(u16::to_le_bytes).collect(),
        ),
        (
            "UTF-16, big end first",
            units().flat_map(u16::to_be_bytes).collect(),
        ),
        ("UTF-8 with a mark", format!("\u{feff}{text}").into_bytes()),
    ]
}

/// Runs with a text in each encoding, and asserts that the tag is proven each time.
fn each_is_read(text: &str, run: impl Fn(Vec<u8>) -> Run) {
    for (encoding, bytes) in encoded(text) {
        let ran = run(bytes).run();
        assert_eq!(ran.tags(), ["app:1 ok -"], "{encoding}: {}", ran.shown());
        assert_no_leak(&ran);
    }
}

fn check(args: &[&str]) -> Run {
    tagproof(&["check", "--settle", "0"]).args(args).report()
}

#[test]
fn metadata_is_read_in_every_encoding_from_a_file_and_from_standard_input() {
    let registry = filled(Registry::builder());
    let text = metadata_of(&[&registry.host()]);
    each_is_read(&text, |bytes| {
        check(&["build.json"]).file("build.json", bytes)
    });
    each_is_read(&text, |bytes| check(&["-"]).stdin(bytes));
}

#[test]
fn a_definition_is_read_in_every_encoding_from_a_file_and_from_standard_input() {
    let registry = filled(Registry::builder());
    let text = json!({"target": {"web": {
        "tags": [format!("{}/app:1", registry.host())],
        "platforms": ["linux/amd64"],
    }}});
    let text = format!("{text:#}\r\n").replace('\n', "\r\n");
    let build = || check(&["build.json"]).file("build.json", metadata_of(&[&registry.host()]));
    each_is_read(&text, |bytes| {
        build()
            .args(&["--definition", "d.json"])
            .file("d.json", bytes)
    });
    each_is_read(&text, |bytes| {
        build().args(&["--definition", "-"]).stdin(bytes)
    });
}

#[test]
fn a_policy_is_read_in_every_encoding_and_obeyed() {
    let registry = filled(Registry::builder());
    let text = "version: 1\r\nimages:\r\n  \"**\": {platforms: [linux/s390x]}\r\n";
    for (encoding, bytes) in encoded(text) {
        let ran = on(&registry, "check").file(".tagproof.yml", bytes).run();
        assert_eq!(
            ran.tags(),
            ["app:1 incomplete -"],
            "{encoding}: {}",
            ran.shown()
        );
    }
}

#[test]
fn login_files_are_read_in_every_encoding() {
    let registry = basic();
    let text = config(&[(&registry.host(), right())]);
    for (variable, value, file) in [
        ("UNUSED", "", ".docker/config.json"),
        ("REGISTRY_AUTH_FILE", "auth.json", "auth.json"),
    ] {
        each_is_read(&text, |bytes| {
            on(&registry, "check")
                .file(file, bytes)
                .env_path(variable, value)
        });
    }
    each_is_read(&text, |bytes| {
        on(&registry, "check")
            .file("mine.json", bytes)
            .args(&["--registry-config", "mine.json"])
    });
}

#[test]
fn a_password_is_read_in_every_encoding() {
    let registry = basic();
    each_is_read(&format!("{PASSWORD}\r\n"), |bytes| {
        on(&registry, "check")
            .args(&["--username", USER, "--password-stdin"])
            .stdin(bytes)
    });
    assert_eq!(users(&registry), [USER]);
}

#[test]
fn certificates_are_read_in_every_encoding() {
    let registry = filled(Registry::builder().tls(tls::server_config()));
    let text = std::fs::read_to_string(tls::file("ca.crt")).unwrap();
    each_is_read(&text, |bytes| {
        on(&registry, "check")
            .file("ca.pem", bytes)
            .args(&["--ca-file", "ca.pem"])
    });
}

#[test]
fn what_cannot_be_decoded_is_named_with_its_file_and_what_to_type() {
    let registry = filled(Registry::builder());
    let text = metadata_of(&[&registry.host()]);
    let [(_, little), (_, big), _] = encoded(&text);
    let cut = |bytes: &[u8]| bytes[..bytes.len() - 1].to_vec();
    let mut half = little.clone();
    half.extend([0x00, 0xd8]);
    for (bytes, words) in [
        (
            little[2..].to_vec(),
            "it is UTF-16 without a byte order mark",
        ),
        (big[2..].to_vec(), "it is UTF-16 without a byte order mark"),
        (cut(&little), "it is UTF-16 with an odd number of bytes"),
        (cut(&big), "it is UTF-16 with an odd number of bytes"),
        (half, "it is UTF-16 with half a character"),
        ([&b"\xff\xfe\0\0"[..], b"{\0\0\0"].concat(), "it is UTF-32"),
    ] {
        let help = "Out-File -Encoding utf8";
        for (ran, source) in [
            (
                check(&["build.json"]).file("build.json", &bytes).run(),
                "failed to read `build.json`",
            ),
            (
                check(&["-"]).stdin(&bytes).run(),
                "failed to read standard input",
            ),
            (
                check(&["build.json", "--definition", "d.json"])
                    .file("build.json", &text)
                    .file("d.json", &bytes)
                    .run(),
                "failed to read `d.json`",
            ),
            (
                on(&registry, "check").file(".tagproof.yml", &bytes).run(),
                "failed to read `.tagproof.yml`",
            ),
            (
                on(&registry, "check")
                    .file("mine.json", &bytes)
                    .args(&["--registry-config", "mine.json"])
                    .run(),
                "failed to read `mine.json`",
            ),
        ] {
            assert_eq!((ran.code, ran.status()), (code(2), "invalid"));
            for words in [words, source] {
                assert!(ran.stdout.contains(words), "no `{words}`: {}", ran.shown());
            }
            let is_told = ran.stdout.contains(help) || ran.stdout.contains("save it as UTF-8");
            assert!(is_told, "{}", ran.shown());
        }
    }
    assert!(registry.journal().is_empty());
}

#[test]
fn a_login_file_that_cannot_be_decoded_is_passed_over_and_named() {
    let registry = basic();
    let [(_, little), _, _] = encoded(&config(&[(&registry.host(), right())]));
    let ran = on(&registry, "check")
        .file(".docker/config.json", &little[2..])
        .run();
    assert_eq!(ran.tags(), ["app:1 unproven -"]);
    assert!(
        ran.stdout.contains("UTF-16 without a byte order mark"),
        "{}",
        ran.shown()
    );
    let ran = on(&registry, "check")
        .file(".docker/config.json", &little[2..])
        .file(
            ".config/containers/auth.json",
            config(&[(&registry.host(), right())]),
        )
        .run();
    assert_ok(&ran);
}
