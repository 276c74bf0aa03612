use std::time::Duration;

use super::*;
use crate::report::tests::samples;

const PLAIN: Style = Style {
    color: false,
    width: 0,
    quiet: false,
    elapsed: Duration::from_millis(2_149),
};

fn at(width: usize) -> Style {
    Style { width, ..PLAIN }
}

#[test]
fn all_right() {
    insta::assert_snapshot!(render(&samples::all_right(), &PLAIN), @"
    ✔ every tag is what the build made

      ✔ ghcr.io/acme/app:1.4     sha256:aaaaaaaaaaaa  ok (platforms)
      ✔ ghcr.io/acme/app:latest  sha256:aaaaaaaaaaaa  ok (platforms)

    2 tags: 2 ok · 9 requests (1 pull) · 2.1 s
    ");
}

#[test]
fn a_double_push_repaired() {
    insta::assert_snapshot!(render(&samples::double_push(), &PLAIN), @"
    ✔ 2 tags were wrong and are repaired

      ✔ ghcr.io/acme/app:1.4     sha256:aaaaaaaaaaaa  fixed  was child (linux/amd64) sha256:bbbbbbbbbbbb
      ✔ ghcr.io/acme/app:latest  sha256:aaaaaaaaaaaa  fixed  was child (linux/amd64) sha256:bbbbbbbbbbbb

    fixed[child] ghcr.io/acme/app:1.4
      the tag is the linux/amd64 manifest of the image index that was built
      is:  sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (image index; linux/amd64, linux/arm64)
      was: sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb (manifest; linux/amd64)
      inspect: docker buildx imagetools inspect ghcr.io/acme/app:1.4
      undo: tagproof fix --tag ghcr.io/acme/app:1.4@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb --on-other fix --depth tag

    fixed[child] ghcr.io/acme/app:latest
      the tag is the linux/amd64 manifest of the image index that was built
      is:  sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (image index; linux/amd64, linux/arm64)
      was: sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb (manifest; linux/amd64)
      inspect: docker buildx imagetools inspect ghcr.io/acme/app:latest
      undo: tagproof fix --tag ghcr.io/acme/app:latest@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb --on-other fix --depth tag

    note[double-push] the build's own Docker pushed its tags twice (docker/buildx#2959)
      help: upgrade buildx to 0.22 or newer

    2 tags: 2 fixed · 9 requests (1 pull) · 2.1 s
    ");
}

#[test]
fn checked_only() {
    insta::assert_snapshot!(render(&samples::checked_only(), &at(80)), @"
    ✖ 1 of 3 tags is wrong

      ✔ ghcr.io/acme/app:1.4                sha256:aaaaaaaaaaaa  ok (platforms)
      ✖ ghcr.io/acme/app:latest             sha256:bbbbbbbbbbbb  child (linux/amd64)
      ✔ registry.ex….com:5000/acme/app:1.4  sha256:aaaaaaaaaaaa  ok (platforms)

    error[child] ghcr.io/acme/app:latest
      the tag is the linux/amd64 manifest of the image index that was built
      expected:
        sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        (image index; linux/amd64, linux/arm64)
      found:
        sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
        (manifest; linux/amd64)
      help: whoever pulls it on linux/arm64 gets an image that cannot run
      help: run `tagproof fix` to point the tag at the index

    `tagproof explain child` says more

    3 tags: 2 ok, 1 wrong · 13 requests (1 pull) · 2.1 s
    ");
}

#[test]
fn someone_elses_image() {
    insta::assert_snapshot!(render(&samples::other(false), &at(100)), @r"
    ✖ the tag is wrong

      ✖ ghcr.io/acme/app:latest  sha256:cccccccccccc  other  expected sha256:aaaaaaaaaaaa

    error[other] ghcr.io/acme/app:latest
      the tag is an image that is no part of this build
      expected: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        (image index; linux/amd64, linux/arm64)
      found:    sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc
        (image index; linux/amd64, linux/arm64; created 2026-11-22T08:30:00Z; revision 4f1c2d3)
      help: it may be a newer build's, so it is left alone
      help: to move it here all the same, run with `--on-other fix`

    `tagproof explain other` says more

    1 tag: 1 wrong · 5 requests (1 pull) · 2.1 s
    ");
}

#[test]
fn someone_elses_image_as_a_warning() {
    insta::assert_snapshot!(render(&samples::other(true), &at(80)), @r"
    ! the tag is wrong (a warning only, as asked)

      ! ghcr.io/acme/app:latest  sha256:cccccccccccc  other, a warning only

    warning[other] ghcr.io/acme/app:latest
      the tag is an image that is no part of this build
      expected:
        sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        (image index; linux/amd64, linux/arm64)
      found:
        sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc
        (image index; linux/amd64, linux/arm64; created 2026-11-22T08:30:00Z;
        revision 4f1c2d3)
      help: it may be a newer build's, so it is left alone
      help: to move it here all the same, run with `--on-other fix`
      note: this does not fail the run, as `--on-other warn` asks

    `tagproof explain other` says more

    1 tag: 1 wrong · 5 requests (1 pull) · 2.1 s
    ");
}

#[test]
fn unproven() {
    insta::assert_snapshot!(render(&samples::unproven(), &at(80)), @r"
    ! 2 tags could not be checked

      ! ghcr.io/acme/app:1.4     -  unproven  expected sha256:aaaaaaaaaaaa
      ! ghcr.io/acme/app:latest  -  unproven  expected sha256:aaaaaaaaaaaa

    error[unproven] ghcr.io/acme/app:1.4
      the tag could not be read: GET https://ghcr.io/v2/acme/app/manifests/1.4: 401
      UNAUTHORIZED
      expected:
        sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        (image index; linux/amd64, linux/arm64)
      help: log in before this step: `docker login ghcr.io`

    error[unproven] ghcr.io/acme/app:latest
      the tag could not be read: GET https://ghcr.io/v2/acme/app/manifests/1.4: 401
      UNAUTHORIZED
      expected:
        sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        (image index; linux/amd64, linux/arm64)
      help: log in before this step: `docker login ghcr.io`

    `tagproof explain unproven` says more

    2 tags: 2 not checked · 9 requests (1 pull) · 2.1 s
    ");
}

#[test]
fn never_pushed() {
    insta::assert_snapshot!(render(&samples::never_pushed(), &PLAIN), @r"
    ✖ the tag is wrong

      ✖ ghcr.io/acme/app:1.4  -  never-pushed  expected sha256:aaaaaaaaaaaa

    error[never-pushed] ghcr.io/acme/app:1.4
      the repository does not have what was built
      expected: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (image index; linux/amd64, linux/arm64)
      help: build with `--push`: `--load` and `type=oci` push nothing

    `tagproof explain never-pushed` says more

    1 tag: 1 wrong · 5 requests (1 pull) · 2.1 s
    ");
}

#[test]
fn a_tag_created() {
    insta::assert_snapshot!(render(&samples::created(), &PLAIN), @r"
    ✔ the tag was wrong and is repaired

      ✔ ghcr.io/acme/app:1.4  sha256:aaaaaaaaaaaa  fixed  was absent

    fixed[absent] ghcr.io/acme/app:1.4
      there was no such tag, though the image had been pushed
      is:  sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (image index; linux/amd64, linux/arm64)
      was: no such tag
      help: the tag was created: only the registry can delete it
      inspect: docker buildx imagetools inspect ghcr.io/acme/app:1.4

    1 tag: 1 fixed · 5 requests (1 pull) · 2.1 s
    ");
}

#[test]
fn two_claims_on_one_tag() {
    insta::assert_snapshot!(render(&samples::conflict(), &PLAIN), @r"
    ✖ 2 tags are wrong

      ✖ ghcr.io/acme/app:latest  -  conflict  expected sha256:aaaaaaaaaaaa
      ✖ ghcr.io/acme/app:latest  -  conflict  expected sha256:dddddddddddd

    error[conflict] ghcr.io/acme/app:latest (target app)
      the targets `app` and `debug` both claim this tag, with different digests
      expected: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (image index; linux/amd64, linux/arm64)
      help: give each target tags of its own in the bake file

    error[conflict] ghcr.io/acme/app:latest (target debug)
      the targets `app` and `debug` both claim this tag, with different digests
      expected: sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd (image index; linux/amd64, linux/arm64)
      help: give each target tags of its own in the bake file

    `tagproof explain conflict` says more

    2 tags: 2 wrong · 9 requests (1 pull) · 2.1 s
    ");
}

#[test]
fn mixed_with_notes() {
    insta::assert_snapshot!(render(&samples::mixed(), &at(110)), @"
    ✖ 8 of 13 tags are wrong, 1 was repaired, 1 could not be checked

      ✔ ghcr.io/acme/app:1.4                                  sha256:aaaaaaaaaaaa  ok (platforms)
      ✔ docker.io/acme/app:classic                            sha256:aaaaaaaaaaaa  ok (by its image ID, platforms)
      ✖ 123456789012.dkr.…ntral-1.amazonaws.com/acme/app:1.4  sha256:bbbbbbbbbbbb  child (linux/amd64), refused
      ✔ ghcr.io/acme/app:edge                                 sha256:aaaaaaaaaaaa  already-right
      ✔ ghcr.io/acme/app:sbom                                 sha256:aaaaaaaaaaaa  fixed
      ✖ quay.io/acme/app:1.4                                  sha256:bbbbbbbbbbbb  child (linux/amd64), changed
      ✖ quay.io/acme/app:1.4                                  sha256:bbbbbbbbbbbb  child (linux/amd64), unsettled
      ✖ quay.io/acme/app:1.4                                  sha256:bbbbbbbbbbbb  child (linux/amd64), failed
      ✖ quay.io/acme/app:1.4                                  -                    wrapped
      ✖ quay.io/acme/app:1.4                                  -                    incomplete
      ✖ quay.io/acme/app:1.4                                  -                    wrong-platform
      ✖ quay.io/acme/app:1.4                                  -                    broken
      ! ghcr.io/acme/app:1.4                                  -                    unproven

    error[child, refused] 123456789012.dkr.ecr.eu-central-1.amazonaws.com/acme/app:1.4
      the tag is the linux/amd64 manifest of the image index that was built
      expected: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        (image index; linux/amd64, linux/arm64)
      found:    sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb (manifest; linux/amd64)
      help: the repository is immutable: let this tag be `MUTABLE`, or use a new tag

    already-right[child] ghcr.io/acme/app:edge
      the tag is the linux/amd64 manifest of the image index that was built
      is:  sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        (image index; linux/amd64, linux/arm64)
      was: sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb (manifest; linux/amd64)

    fixed[child] ghcr.io/acme/app:sbom
      the tag is the linux/amd64 manifest of the image index that was built
      is:  sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        (image index; linux/amd64, linux/arm64)
      was: sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff (attestation manifest)
      inspect: docker buildx imagetools inspect ghcr.io/acme/app:sbom
      undo:
        tagproof fix --tag ghcr.io/acme/app:sbom@sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff --on-other fix --depth tag

    error[child, changed] quay.io/acme/app:1.4
      the tag is the linux/amd64 manifest of the image index that was built
      expected: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        (image index; linux/amd64, linux/arm64)
      found:    sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb (manifest; linux/amd64)
      help: whoever pulls it on linux/arm64 gets an image that cannot run
      help: run `tagproof fix` to point the tag at the index

    error[child, unsettled] quay.io/acme/app:1.4
      the tag is the linux/amd64 manifest of the image index that was built
      expected: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        (image index; linux/amd64, linux/arm64)
      found:    sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb (manifest; linux/amd64)
      help: whoever pulls it on linux/arm64 gets an image that cannot run
      help: run `tagproof fix` to point the tag at the index

    error[child, failed] quay.io/acme/app:1.4
      the tag is the linux/amd64 manifest of the image index that was built
      expected: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        (image index; linux/amd64, linux/arm64)
      found:    sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb (manifest; linux/amd64)
      help: whoever pulls it on linux/arm64 gets an image that cannot run
      help: run `tagproof fix` to point the tag at the index

    error[wrapped] quay.io/acme/app:1.4
      message
      expected: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        (image index; linux/amd64, linux/arm64)

    error[incomplete] quay.io/acme/app:1.4
      message
      expected: an image for linux/amd64, linux/arm64

    error[wrong-platform] quay.io/acme/app:1.4
      message
      expected: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        (image index; linux/amd64, linux/arm64)

    error[broken] quay.io/acme/app:1.4
      message
      expected: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        (image index; linux/amd64, linux/arm64)

    error[unproven] ghcr.io/acme/app:1.4
      the tag could not be read: GET https://ghcr.io/v2/acme/app/manifests/1.4: 401 UNAUTHORIZED
      expected: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        (image index; linux/amd64, linux/arm64)
      help: log in before this step: `docker login ghcr.io`

    note[double-push] what was seen of `double-push`
      help: what to do

    note[no-name] what was seen of `no-name`
      help: what to do

    note[no-tag] what was seen of `no-tag`
      help: what to do

    note[image-id] what was seen of `image-id`
      help: what to do

    note[other-output] what was seen of `other-output`
      help: what to do

    note[superseded] what was seen of `superseded`
      help: what to do

    note[not-pushed] what was seen of `not-pushed`
      help: what to do

    note[unchecked] what was seen of `unchecked`
      help: what to do

    note[attestation-gone] what was seen of `attestation-gone`
      help: what to do

    note[foreign-programs] what was seen of `foreign-programs`
      help: what to do

    note[32-bit-program] what was seen of `32-bit-program`
      help: what to do

    note[mixed-builds] what was seen of `mixed-builds`
      help: what to do

    note[depth-reduced] what was seen of `depth-reduced`
      help: what to do

    note[media-type] what was seen of `media-type`
      help: what to do

    note[registry-warning] what was seen of `registry-warning`
      help: what to do

    `tagproof explain child` says more

    13 tags: 2 ok, 1 fixed, 1 already right, 8 wrong, 1 not checked · 53 requests (1 pull) · 2.1 s
    ");
}

#[test]
fn nothing() {
    insta::assert_snapshot!(render(&samples::nothing(), &at(80)), @r"
    ! nothing to check: `metadata.json` names no image that was pushed
      help: build with `--push`, or name the tags with `--tag`

    0 tags · 1 request · 2.1 s
    ");
}

#[test]
fn invalid() {
    insta::assert_snapshot!(render(&samples::invalid(), &at(80)), @"✖ the inputs are unusable: failed to read `metadata.json`: no such file");
}

#[test]
fn narrow() {
    insta::assert_snapshot!(render(&samples::double_push(), &at(40)), @"
    ✔ 2 tags were wrong and are repaired

      ✔ ghcr.io/acme/app:1.4
        sha256:aaaaaaaaaaaa  fixed
      ✔ ghcr.io/acme/app:latest
        sha256:aaaaaaaaaaaa  fixed

    fixed[child] ghcr.io/acme/app:1.4
      the tag is the linux/amd64 manifest of
      the image index that was built
      is:
        sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        (image index; linux/amd64,
        linux/arm64)
      was:
        sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
        (manifest; linux/amd64)
      inspect:
        docker buildx imagetools inspect ghcr.io/acme/app:1.4
      undo:
        tagproof fix --tag ghcr.io/acme/app:1.4@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb --on-other fix --depth tag

    fixed[child] ghcr.io/acme/app:latest
      the tag is the linux/amd64 manifest of
      the image index that was built
      is:
        sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
        (image index; linux/amd64,
        linux/arm64)
      was:
        sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
        (manifest; linux/amd64)
      inspect:
        docker buildx imagetools inspect ghcr.io/acme/app:latest
      undo:
        tagproof fix --tag ghcr.io/acme/app:latest@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb --on-other fix --depth tag

    note[double-push] the build's own Docker
      pushed its tags twice
      (docker/buildx#2959)
      help: upgrade buildx to 0.22 or newer

    2 tags: 2 fixed · 9 requests (1 pull) ·
    2.1 s
    ");
}

#[test]
fn long_names_in_a_narrow_list() {
    insta::assert_snapshot!(list_of(&samples::mixed(), 70), @"
    ✔ ghcr.io/acme/app:1.4
      sha256:aaaaaaaaaaaa  ok (platforms)
    ✔ docker.io/acme/app:classic
      sha256:aaaaaaaaaaaa  ok (by its image ID, platforms)
    ✖ 123456789012.dkr.ecr.eu-central-1.amazonaws.com/acme/app:1.4
      sha256:bbbbbbbbbbbb  child (linux/amd64), refused
    ✔ ghcr.io/acme/app:edge
      sha256:aaaaaaaaaaaa  already-right
    ✔ ghcr.io/acme/app:sbom
      sha256:aaaaaaaaaaaa  fixed
    ✖ quay.io/acme/app:1.4
      sha256:bbbbbbbbbbbb  child (linux/amd64), changed
    ✖ quay.io/acme/app:1.4
      sha256:bbbbbbbbbbbb  child (linux/amd64), unsettled
    ✖ quay.io/acme/app:1.4
      sha256:bbbbbbbbbbbb  child (linux/amd64), failed
    ✖ quay.io/acme/app:1.4
      -                    wrapped
    ✖ quay.io/acme/app:1.4
      -                    incomplete
    ✖ quay.io/acme/app:1.4
      -                    wrong-platform
    ✖ quay.io/acme/app:1.4
      -                    broken
    ! ghcr.io/acme/app:1.4
      -                    unproven
    ");
}

#[test]
fn a_digest_without_a_tag_is_short_in_the_list() {
    let mut report = samples::all_right();
    let reference = format!("ghcr.io/acme/app@{}", samples::digest('a'));
    report.tags[0].reference = reference.parse().unwrap();
    insta::assert_snapshot!(list_of(&report, 0), @"
    ✔ ghcr.io/acme/app@sha256:aaaaaaaaaaaa  sha256:aaaaaaaaaaaa  ok (platforms)
    ✔ ghcr.io/acme/app:latest               sha256:aaaaaaaaaaaa  ok (platforms)
    ");
}

fn list_of(report: &Report, width: usize) -> String {
    let text = render(report, &at(width));
    text.split("\n\n").nth(1).unwrap().to_owned()
}

#[test]
fn quietly_all_right_says_nothing() {
    let quiet = Style {
        quiet: true,
        ..PLAIN
    };
    assert_eq!(render(&samples::all_right(), &quiet), "");
}

#[test]
fn quietly_repaired_says_what_was_repaired() {
    let quiet = Style {
        quiet: true,
        ..PLAIN
    };
    insta::assert_snapshot!(render(&samples::created(), &quiet), @r"
    fixed[absent] ghcr.io/acme/app:1.4
      there was no such tag, though the image had been pushed
      is:  sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (image index; linux/amd64, linux/arm64)
      was: no such tag
      help: the tag was created: only the registry can delete it
      inspect: docker buildx imagetools inspect ghcr.io/acme/app:1.4
    ");
}

#[test]
fn quietly_wrong_leaves_out_what_is_right() {
    let quiet = Style {
        quiet: true,
        ..PLAIN
    };
    insta::assert_snapshot!(render(&samples::checked_only(), &quiet), @r"
    ✖ 1 of 3 tags is wrong

      ✖ ghcr.io/acme/app:latest  sha256:bbbbbbbbbbbb  child (linux/amd64)  expected sha256:aaaaaaaaaaaa

    error[child] ghcr.io/acme/app:latest
      the tag is the linux/amd64 manifest of the image index that was built
      expected: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (image index; linux/amd64, linux/arm64)
      found:    sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb (manifest; linux/amd64)
      help: whoever pulls it on linux/arm64 gets an image that cannot run
      help: run `tagproof fix` to point the tag at the index

    `tagproof explain child` says more

    3 tags: 2 ok, 1 wrong · 13 requests (1 pull) · 2.1 s
    ");
}

#[test]
fn colored() {
    let color = Style {
        color: true,
        ..PLAIN
    };
    let text = render(&samples::checked_only(), &color);
    insta::assert_snapshot!(text.replace('\x1b', "ESC"), @"
    ESC[31m✖ 1 of 3 tags is wrongESC[0m

      ESC[32m✔ESC[0m ghcr.io/acme/app:1.4                    sha256:aaaaaaaaaaaa  ok (platforms)
      ESC[31m✖ESC[0m ghcr.io/acme/app:latest                 sha256:bbbbbbbbbbbb  child (linux/amd64)  expected sha256:aaaaaaaaaaaa
      ESC[32m✔ESC[0m registry.example.com:5000/acme/app:1.4  sha256:aaaaaaaaaaaa  ok (platforms)

    ESC[31merror[child]ESC[0m ghcr.io/acme/app:latest
      the tag is the linux/amd64 manifest of the image index that was built
      expected: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (image index; linux/amd64, linux/arm64)
      found:    sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb (manifest; linux/amd64)
      help: whoever pulls it on linux/arm64 gets an image that cannot run
      help: run `tagproof fix` to point the tag at the index

    `tagproof explain child` says more

    3 tags: 2 ok, 1 wrong · 13 requests (1 pull) · 2.1 s
    ");
}

#[test]
fn a_merge_and_a_dry_run() {
    insta::assert_snapshot!(render(&samples::merged(), &PLAIN), @"
    ✔ 2 legs are merged, and 2 tags are published

      ✔ ghcr.io/acme/app:1.4.2   sha256:aaaaaaaaaaaa  fixed  was absent
      ✔ ghcr.io/acme/app:latest  sha256:aaaaaaaaaaaa  fixed  was child (linux/amd64) sha256:bbbbbbbbbbbb

    fixed[absent] ghcr.io/acme/app:1.4.2
      there was no tag `1.4.2`; it was created
      is:  sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (image index; linux/amd64, linux/arm64)
      was: no such tag
      help: the tag was created: only the registry can delete it
      inspect: docker buildx imagetools inspect ghcr.io/acme/app:1.4.2

    fixed[child] ghcr.io/acme/app:latest
      `latest` was another image; it was moved to the merged index
      is:  sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (image index; linux/amd64, linux/arm64)
      was: sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb (manifest; linux/amd64)
      inspect: docker buildx imagetools inspect ghcr.io/acme/app:latest
      undo: tagproof fix --tag ghcr.io/acme/app:latest@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb --on-other fix --depth tag

    2 tags: 2 fixed · 9 requests (1 pull) · 2.1 s
    ");
    insta::assert_snapshot!(render(&samples::planned(), &PLAIN), @r#"
    ! a dry run: the tag would be written

      ! ghcr.io/acme/app:1.4.2  -  absent, planned  expected sha256:aaaaaaaaaaaa

    planned[absent] ghcr.io/acme/app:1.4.2
      there is no tag `1.4.2`; it would be written: this is a dry run
      expected: sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (image index; linux/amd64, linux/arm64)
      found:    no such tag

    {
      "schemaVersion": 2,
      "manifests": []
    }

    `tagproof explain absent` says more

    1 tag: 1 planned · 9 requests (1 pull) · 2.1 s
    "#);
    insta::assert_snapshot!(render(&samples::not_merged(), &PLAIN), @"
    ✖ the legs are not merged: `linux-arm64.json` is `never-pushed`: `sha256:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee` is not in the repository
      help: build that leg again, or look what became of it; nothing was written

    0 tags · 1 request · 2.1 s
    ");
}

#[test]
fn color_changes_nothing_but_the_color() {
    let invalid = Report {
        status: Status::Invalid,
        ..samples::hostile()
    };
    for report in samples::every().into_iter().chain([invalid]) {
        for width in [0, 20, 40, 80] {
            let color = Style {
                color: true,
                ..at(width)
            };
            let mut text = render(&report, &color);
            for code in ["31", "32", "33", "0"] {
                text = text.replace(&format!("\x1b[{code}m"), "");
            }
            assert_eq!(text, render(&report, &at(width)));
        }
    }
}

#[test]
fn of_many_findings_alike_ten_are_told() {
    let text = render(&samples::many(false), &PLAIN);
    assert_eq!(text.matches("error[child]").count(), 10);
    assert_eq!(text.matches("  ✖ ghcr.io").count(), 40);
    assert!(text.contains("\nand 30 more like it\n"), "{text}");
}

#[test]
fn every_repair_can_be_undone_however_many_there_are() {
    let report = samples::many(true);
    for style in [
        PLAIN,
        Style {
            quiet: true,
            ..at(60)
        },
    ] {
        let text = render(&report, &style);
        for tag in &report.tags {
            assert!(text.contains(tag.undo.as_deref().unwrap()), "{text}");
        }
    }
}

#[test]
fn hostile_text_is_no_command_at_any_width() {
    let report = samples::hostile();
    for status in [Status::Wrong, Status::Nothing, Status::Invalid] {
        for width in [0, 1, 20, 33, 40, 61, 80, 97, 120] {
            let report = Report {
                status,
                ..report.clone()
            };
            let text = render(&report, &at(width));
            for c in text.chars() {
                assert!(
                    c == '\n' || !(c.is_control() || crate::text::is_invisible(c)),
                    "{c:?}"
                );
            }
            assert!(!text.contains("##["), "{text}");
            assert!(!text.contains("##vso["), "{text}");
            assert!(
                !text.lines().any(|line| line.trim_start().starts_with("::")),
                "{text}"
            );
        }
    }
}

/// Prose keeps to the width; only what is to be copied may be wider.
#[test]
fn lines_keep_to_the_width() {
    for report in samples::every() {
        if report == samples::hostile() {
            continue;
        }
        for width in [40, 60, 80, 100, 120] {
            for line in render(&report, &at(width)).lines() {
                let is_copied = line.contains("sha256:")
                    || line.contains("docker ")
                    || line.contains("https:")
                    || line.contains("application/")
                    || line.starts_with("error[")
                    || line.starts_with("fixed[")
                    || line.starts_with("already-right[");
                assert!(is_copied || width_of(line) <= width, "{width}: {line}");
            }
        }
    }
}

#[test]
fn times_are_told_as_people_do() {
    for (milliseconds, expected) in [
        (0, "0.0 s"),
        (2_149, "2.1 s"),
        (9_999, "10.0 s"),
        (75_400, "75 s"),
        (303_000, "5 min 3 s"),
    ] {
        assert_eq!(seconds(Duration::from_millis(milliseconds)), expected);
    }
}
