use super::*;
use crate::report::tests::runner;
use crate::report::tests::samples;

fn written(report: &Report) -> String {
    annotations(report, true)
}

#[test]
fn all_right_says_nothing() {
    assert_eq!(written(&samples::all_right()), "");
}

#[test]
fn a_double_push_repaired() {
    insta::assert_snapshot!(written(&samples::double_push()), @"
    ::warning title=child%2C fixed%3A ghcr.io/acme/app%3A1.4::the tag is the linux/amd64 manifest of the image index that was built%0Ais: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (image index; linux/amd64, linux/arm64)%0Awas: sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb (manifest; linux/amd64)%0Aundo: tagproof fix --tag ghcr.io/acme/app:1.4@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb --on-other fix --depth tag
    ::warning title=child%2C fixed%3A ghcr.io/acme/app%3Alatest::the tag is the linux/amd64 manifest of the image index that was built%0Ais: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (image index; linux/amd64, linux/arm64)%0Awas: sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb (manifest; linux/amd64)%0Aundo: tagproof fix --tag ghcr.io/acme/app:latest@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb --on-other fix --depth tag
    ::notice title=double-push::the build's own Docker pushed its tags twice (docker/buildx#2959)%0Ahelp: upgrade buildx to 0.22 or newer
    ");
}

#[test]
fn checked_only() {
    insta::assert_snapshot!(written(&samples::checked_only()), @"::error title=child%3A ghcr.io/acme/app%3Alatest::the tag is the linux/amd64 manifest of the image index that was built%0Aexpected: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (image index; linux/amd64, linux/arm64)%0Afound: sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb (manifest; linux/amd64)%0Ahelp: whoever pulls it on linux/arm64 gets an image that cannot run%0Ahelp: run `tagproof fix` to point the tag at the index");
}

#[test]
fn someone_elses_image_as_a_warning() {
    insta::assert_snapshot!(written(&samples::other(true)), @"::warning title=other%3A ghcr.io/acme/app%3Alatest::the tag is an image that is no part of this build%0Aexpected: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (image index; linux/amd64, linux/arm64)%0Afound: sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc (image index; linux/amd64, linux/arm64; created 2026-11-22T08:30:00Z; revision 4f1c2d3)%0Ahelp: it may be a newer build's, so it is left alone%0Ahelp: to move it here all the same, run with `--on-other fix`%0Athis does not fail the run, as `--on-other warn` asks");
}

#[test]
fn unproven() {
    insta::assert_snapshot!(written(&samples::unproven()), @r"
    ::error title=unproven%3A ghcr.io/acme/app%3A1.4::the tag could not be read: GET https://ghcr.io/v2/acme/app/manifests/1.4: 401 UNAUTHORIZED%0Aexpected: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (image index; linux/amd64, linux/arm64)%0Ahelp: log in before this step: `docker login ghcr.io`
    ::error title=unproven%3A ghcr.io/acme/app%3Alatest::the tag could not be read: GET https://ghcr.io/v2/acme/app/manifests/1.4: 401 UNAUTHORIZED%0Aexpected: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (image index; linux/amd64, linux/arm64)%0Ahelp: log in before this step: `docker login ghcr.io`
    ");
}

#[test]
fn two_claims_on_one_tag_are_one_problem() {
    insta::assert_snapshot!(written(&samples::conflict()), @"::error title=conflict%3A ghcr.io/acme/app%3Alatest::the targets `app` and `debug` both claim this tag, with different digests%0Atarget: app%0Aexpected: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (image index; linux/amd64, linux/arm64)%0Ahelp: give each target tags of its own in the bake file");
}

#[test]
fn nothing_and_invalid() {
    insta::assert_snapshot!(written(&samples::nothing()), @"::error title=nothing to check::nothing to check: `metadata.json` names no image that was pushed%0Ahelp: build with `--push`, or name the tags with `--tag`");
    insta::assert_snapshot!(written(&samples::invalid()), @"::error title=the inputs are unusable::failed to read `metadata.json`: no such file");
    let mut tolerated = samples::nothing();
    tolerated.exit_code = 0;
    assert!(written(&tolerated).starts_with("::warning title=nothing to check::"));
}

/// The worst come first, so that what is left out is the least.
#[test]
fn of_many_the_last_says_how_many_more() {
    let report = samples::wrong_sixty();
    let lines: Vec<String> = written(&report).lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 10);
    insta::assert_snapshot!(lines[9], @"::error title=51 more::51 more annotations have no place here: the job summary tells all");
    let log = annotations(&report, false);
    assert!(log.lines().last().unwrap().ends_with("the log tells all"));

    let mut mixed = samples::many(true);
    mixed.tags.push(samples::checked_only().tags.remove(1));
    let first = written(&mixed).lines().next().unwrap().to_owned();
    assert!(first.starts_with("::error title=child%3A ghcr.io/acme/app%3Alatest::"));
    assert_eq!(written(&mixed).matches("::warning").count(), 9);
}

#[test]
fn exactly_ten_leave_none_out() {
    let mut report = samples::many(false);
    report.tags.truncate(10);
    assert!(!written(&report).contains(" more"));
}

#[test]
fn the_runner_understands_every_line_and_no_other_command() {
    for report in samples::every() {
        let text = written(&report);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.len() <= MAX);
        for line in lines {
            let command = runner::command(line).unwrap();
            assert!(["error", "warning", "notice"].contains(&command.name.as_str()));
            let keys: Vec<&String> = command.properties.keys().collect();
            assert_eq!(keys, ["title"], "{line}");
            let (_, escaped) = line.trim_start_matches(':').split_once("::").unwrap();
            assert!(escaped.encode_utf16().count() <= MAX_MESSAGE);
            // Nor is one in what the log shows of it.
            for line in command
                .data
                .lines()
                .chain([command.properties["title"].as_str()])
            {
                assert_eq!(runner::command(line), None, "{line}");
                assert!(!line.contains(|c: char| c.is_control()), "{line}");
            }
        }
    }
}

#[test]
fn what_means_something_to_the_runner_arrives_as_it_was() {
    let mut report = samples::checked_only();
    report.tags[1].reference = "localhost:5000/a:b".parse().unwrap();
    report.tags[1].message = "100%, x=y::z %0A".to_owned();
    let command = runner::command(written(&report).trim_end()).unwrap();
    assert_eq!(command.properties["title"], "child: localhost:5000/a:b");
    assert_eq!(command.data.lines().next(), Some("100%, x=y::z %0A"));
    let escapes = [('%', "%25"), (':', "%3A"), (',', "%2C")];
    let title = escape("a:b,c=%25", &escapes, usize::MAX);
    assert_eq!(title, "a%3Ab%2Cc=%2525");
}

#[test]
fn a_long_message_is_cut_between_escapes() {
    let mut report = samples::checked_only();
    report.tags[1].help = (0..9).map(|_| "%".repeat(1_999)).collect();
    let text = written(&report);
    let (_, message) = text.trim_end().rsplit_once("::").unwrap();
    assert!((MAX_MESSAGE - 3..=MAX_MESSAGE).contains(&message.encode_utf16().count()));
    assert!(message.ends_with("%25…"), "{message}");
    assert_eq!(escape("ab\u{1f600}cd", &[], 4), "ab…");
    assert_eq!(escape("ab\u{1f600}cd", &[], 5), "ab\u{1f600}…");
}
