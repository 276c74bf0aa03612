use super::*;
use crate::report::tests::runner;
use crate::report::tests::samples;

#[test]
fn all_right() {
    insta::assert_snapshot!(render(&samples::all_right()), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="tagproof" tests="2" failures="0" errors="0">
      <testsuite name="tagproof" tests="2" failures="0" errors="0" skipped="0">
        <testcase classname="ghcr.io/acme/app" name="1.4"/>
        <testcase classname="ghcr.io/acme/app" name="latest"/>
      </testsuite>
    </testsuites>
    "#);
}

#[test]
fn a_double_push_repaired() {
    insta::assert_snapshot!(render(&samples::double_push()), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="tagproof" tests="2" failures="0" errors="0">
      <testsuite name="tagproof" tests="2" failures="0" errors="0" skipped="0">
        <testcase classname="ghcr.io/acme/app" name="1.4">
          <system-out>the tag is the linux/amd64 manifest of the image index that was built
    reference: ghcr.io/acme/app:1.4
    is: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (image index; linux/amd64, linux/arm64)
    was: sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb (manifest; linux/amd64)
    replaced: sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
    inspect: docker buildx imagetools inspect ghcr.io/acme/app:1.4
    undo: tagproof fix --tag ghcr.io/acme/app:1.4@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb --on-other fix --depth tag</system-out>
        </testcase>
        <testcase classname="ghcr.io/acme/app" name="latest">
          <system-out>the tag is the linux/amd64 manifest of the image index that was built
    reference: ghcr.io/acme/app:latest
    is: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (image index; linux/amd64, linux/arm64)
    was: sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb (manifest; linux/amd64)
    replaced: sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
    inspect: docker buildx imagetools inspect ghcr.io/acme/app:latest
    undo: tagproof fix --tag ghcr.io/acme/app:latest@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb --on-other fix --depth tag</system-out>
        </testcase>
        <system-out>note[double-push] the build&apos;s own Docker pushed its tags twice (docker/buildx#2959)
    help: upgrade buildx to 0.22 or newer</system-out>
      </testsuite>
    </testsuites>
    "#);
}

#[test]
fn checked_only() {
    insta::assert_snapshot!(render(&samples::checked_only()), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="tagproof" tests="3" failures="1" errors="0">
      <testsuite name="tagproof" tests="3" failures="1" errors="0" skipped="0">
        <testcase classname="ghcr.io/acme/app" name="1.4"/>
        <testcase classname="ghcr.io/acme/app" name="latest">
          <failure type="child" message="the tag is the linux/amd64 manifest of the image index that was built">the tag is the linux/amd64 manifest of the image index that was built
    reference: ghcr.io/acme/app:latest
    expected: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (image index; linux/amd64, linux/arm64)
    found: sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb (manifest; linux/amd64)
    help: whoever pulls it on linux/arm64 gets an image that cannot run
    help: run `tagproof fix` to point the tag at the index</failure>
        </testcase>
        <testcase classname="registry.example.com:5000/acme/app" name="1.4"/>
      </testsuite>
    </testsuites>
    "#);
}

#[test]
fn someone_elses_image_as_a_warning() {
    insta::assert_snapshot!(render(&samples::other(true)), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="tagproof" tests="1" failures="0" errors="0">
      <testsuite name="tagproof" tests="1" failures="0" errors="0" skipped="1">
        <testcase classname="ghcr.io/acme/app" name="latest">
          <skipped type="other" message="the tag is an image that is no part of this build">the tag is an image that is no part of this build
    reference: ghcr.io/acme/app:latest
    expected: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (image index; linux/amd64, linux/arm64)
    found: sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc (image index; linux/amd64, linux/arm64; created 2026-11-22T08:30:00Z; revision 4f1c2d3)
    help: it may be a newer build&apos;s, so it is left alone
    help: to move it here all the same, run with `--on-other fix`
    this does not fail the run, as `--on-other warn` asks</skipped>
        </testcase>
      </testsuite>
    </testsuites>
    "#);
}

#[test]
fn unproven() {
    insta::assert_snapshot!(render(&samples::unproven()), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="tagproof" tests="2" failures="0" errors="2">
      <testsuite name="tagproof" tests="2" failures="0" errors="2" skipped="0">
        <testcase classname="ghcr.io/acme/app" name="1.4">
          <error type="unproven" message="the tag could not be read: GET https://ghcr.io/v2/acme/app/manifests/1.4: 401 UNAUTHORIZED">the tag could not be read: GET https://ghcr.io/v2/acme/app/manifests/1.4: 401 UNAUTHORIZED
    reference: ghcr.io/acme/app:1.4
    expected: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (image index; linux/amd64, linux/arm64)
    help: log in before this step: `docker login ghcr.io`</error>
        </testcase>
        <testcase classname="ghcr.io/acme/app" name="latest">
          <error type="unproven" message="the tag could not be read: GET https://ghcr.io/v2/acme/app/manifests/1.4: 401 UNAUTHORIZED">the tag could not be read: GET https://ghcr.io/v2/acme/app/manifests/1.4: 401 UNAUTHORIZED
    reference: ghcr.io/acme/app:latest
    expected: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (image index; linux/amd64, linux/arm64)
    help: log in before this step: `docker login ghcr.io`</error>
        </testcase>
      </testsuite>
    </testsuites>
    "#);
}

#[test]
fn two_claims_on_one_tag() {
    insta::assert_snapshot!(render(&samples::conflict()), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="tagproof" tests="2" failures="2" errors="0">
      <testsuite name="tagproof" tests="2" failures="2" errors="0" skipped="0">
        <testcase classname="ghcr.io/acme/app" name="latest">
          <failure type="conflict" message="the targets `app` and `debug` both claim this tag, with different digests">the targets `app` and `debug` both claim this tag, with different digests
    reference: ghcr.io/acme/app:latest
    target: app
    expected: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (image index; linux/amd64, linux/arm64)
    help: give each target tags of its own in the bake file</failure>
        </testcase>
        <testcase classname="ghcr.io/acme/app" name="latest (target debug)">
          <failure type="conflict" message="the targets `app` and `debug` both claim this tag, with different digests">the targets `app` and `debug` both claim this tag, with different digests
    reference: ghcr.io/acme/app:latest
    target: debug
    expected: sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd (image index; linux/amd64, linux/arm64)
    help: give each target tags of its own in the bake file</failure>
        </testcase>
      </testsuite>
    </testsuites>
    "#);
}

#[test]
fn nothing() {
    insta::assert_snapshot!(render(&samples::nothing()), @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="tagproof" tests="1" failures="0" errors="1">
      <testsuite name="tagproof" tests="1" failures="0" errors="1" skipped="0">
        <testcase classname="tagproof" name="inputs">
          <error type="nothing" message="nothing to check: `metadata.json` names no image that was pushed">nothing to check: `metadata.json` names no image that was pushed
    help: build with `--push`, or name the tags with `--tag`</error>
        </testcase>
      </testsuite>
    </testsuites>
    "#);
    let mut tolerated = samples::nothing();
    tolerated.exit_code = 0;
    assert!(render(&tolerated).contains("<skipped type=\"nothing\""));
}

#[test]
fn names_are_unique_whatever_the_tags_are() {
    for report in samples::every() {
        let xml = render(&report);
        let mut heads: Vec<&str> = xml
            .lines()
            .filter(|line| line.trim_start().starts_with("<testcase "))
            .map(|line| line.trim_end_matches(['/', '>']))
            .collect();
        assert_eq!(
            heads.len(),
            report.tags.len() + usize::from(report.problem.is_some())
        );
        let count = heads.len();
        heads.sort_unstable();
        heads.dedup();
        assert_eq!(heads.len(), count);
    }
}

#[test]
fn no_line_is_a_command() {
    for report in samples::every() {
        for line in render(&report).lines() {
            assert_eq!(runner::command(line), None, "{line}");
        }
    }
}

#[test]
fn a_file_is_bounded_whatever_the_tags_say() {
    let mut report = samples::five_thousand();
    report.tags.truncate(2_000);
    for tag in &mut report.tags {
        tag.message = "<".repeat(3_000);
        tag.help = vec!["<".repeat(2_000); 3];
    }
    let xml = render(&report);
    assert!(xml.len() < 30_000_000, "{}", xml.len());
    assert_eq!(xml.matches("<testcase ").count(), 2_000);
}
