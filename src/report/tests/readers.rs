//! For tests: the report files as the parsers of others read them (`tests/readers`).

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::samples;
use crate::oci::Digest;
use crate::report::{Entry, Report, dotenv, github, junit, markdown, terminal};
use crate::{outcome, verdict};

/// What the readers say of these reports, in their order. `None`, which is printed, where they are not
/// installed; that fails the test when `TAGPROOF_TEST_REQUIRE_ALL=1` asks for no test to be skipped.
fn read(reports: &[Report]) -> Option<Vec<Value>> {
    let python = std::env::var("TAGPROOF_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/read.py");
    let process = Command::new(&python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut process) = process else {
        skip(&format!("{python} is not installed"));
        return None;
    };
    let files: Vec<Value> = reports
        .iter()
        .map(|it| json!({"junit": junit::render(it), "dotenv": dotenv::render(it).text}))
        .collect();
    // A reader that lacks its parsers is gone already; its exit code says so.
    let input = serde_json::to_vec(&files).unwrap();
    let _ = process.stdin.take().unwrap().write_all(&input);
    let output = process.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(77) {
        skip(said.trim());
        return None;
    }
    assert!(output.status.success(), "{said}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn skip(why: &str) {
    let message =
        format!("skipped: {why}: `pip install -r tests/readers/requirements.txt` installs it");
    let required = std::env::var("TAGPROOF_TEST_REQUIRE_ALL").is_ok_and(|all| all == "1");
    assert!(!required, "{message}");
    // Not by `println!`, which the test harness keeps to itself.
    let _ = writeln!(std::io::stderr(), "{message}");
}

/// What a test view shows of a tag.
fn expected_kind(tag: &Entry) -> Option<&'static str> {
    match tag.verdict {
        _ if tag.is_right() => None,
        _ if tag.outcome == Some(outcome::Code::Planned) => None,
        _ if tag.tolerated => Some("Skipped"),
        verdict::Code::Unproven => Some("Error"),
        _ => Some("Failure"),
    }
}

#[test]
fn others_read_what_was_meant() {
    let mut reports = samples::every();
    reports.push(samples::wrong_sixty());
    reports.push(samples::five_thousand());
    let Some(read) = read(&reports) else { return };
    assert_eq!(read.len(), reports.len());
    for (report, read) in reports.iter().zip(read) {
        let cases = read["junit"].as_array().unwrap();
        let before = usize::from(report.problem.is_some());
        assert_eq!(cases.len(), before + report.tags.len());
        for (tag, case) in report.tags.iter().zip(&cases[before..]) {
            let results = case["results"].as_array().unwrap();
            let kinds: Vec<&str> = results
                .iter()
                .map(|it| it["kind"].as_str().unwrap())
                .collect();
            assert_eq!(kinds, Vec::from_iter(expected_kind(tag)), "{case}");
            if let [result] = results.as_slice() {
                let kind = result["type"].as_str().unwrap();
                assert!(kind.starts_with(tag.verdict.as_str()), "{case}");
                let text = result["text"].as_str().unwrap();
                assert!(text.starts_with(result["message"].as_str().unwrap()));
                if let Some(digest) = &tag.expected.digest {
                    assert!(text.contains(digest.as_str()), "{text}");
                }
            } else if tag.verdict != verdict::Code::Ok {
                let said = case["system_out"].as_str().unwrap();
                assert!(tag.before.is_none() || said.contains("undo: "), "{said}");
            }
        }
        let variables = read["dotenv"].as_object().unwrap();
        let text = dotenv::render(report).text;
        assert_eq!(variables.len(), text.lines().count());
        for line in text.lines() {
            let (name, value) = line.split_once('=').unwrap();
            assert_eq!(variables[name], value);
        }
    }
}

#[test]
fn every_rendering_names_what_was_put_back_and_what_was_lost() {
    let report = samples::forgetful();
    let style = terminal::Style {
        color: false,
        width: 0,
        quiet: false,
        elapsed: Duration::ZERO,
    };
    let (b, e) = (samples::digest('b'), samples::digest('e'));
    let kind = "application/vnd.oci.image.manifest.v1+json";
    for text in [
        terminal::render(&report, &style),
        markdown::render(&report).replace('`', ""),
        junit::render(&report),
        github::annotations(&report, true),
    ] {
        for words in [
            format!("put back: {b} ({kind}, 1234 bytes)"),
            format!("put back: {e} ({kind}, 1234 bytes)"),
            format!("lost: {b} ({kind}, 1234 bytes): PUT https"),
        ] {
            assert!(text.contains(&words), "no {words} in {text}");
        }
        // What is gone cannot be put back, so no command says that it can.
        assert!(!text.contains("app:latest@"), "{text}");
    }
    let json: Value = serde_json::from_str(&crate::report::json::render(&report)).unwrap();
    let left =
        |digest: &Digest| json!({"digest": digest.as_str(), "media_type": kind, "size": 1234});
    let tags = &json["tags"];
    assert_eq!(tags[0]["restored"], json!([left(&b), left(&e)]));
    assert_eq!(tags[0]["lost"], json!([]));
    assert_eq!(tags[1]["lost"][0]["digest"], json!(b.as_str()));
    assert!(
        tags[1]["lost"][0]["reason"]
            .as_str()
            .unwrap()
            .contains("403")
    );
    assert_eq!(
        (&tags[1]["outcome"], &tags[1]["undo"]),
        (&json!("lost"), &Value::Null)
    );
}

#[test]
fn others_read_the_names_of_repositories_and_tags() {
    let Some(read) = read(&[samples::checked_only(), samples::conflict()]) else {
        return;
    };
    let names: Vec<(&str, &str)> = read
        .iter()
        .flat_map(|it| it["junit"].as_array().unwrap())
        .map(|it| {
            (
                it["classname"].as_str().unwrap(),
                it["name"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        names,
        [
            ("ghcr.io/acme/app", "1.4"),
            ("ghcr.io/acme/app", "latest"),
            ("registry.example.com:5000/acme/app", "1.4"),
            ("ghcr.io/acme/app", "latest"),
            ("ghcr.io/acme/app", "latest (target debug)"),
        ]
    );
}
