use super::*;
use crate::report::tests::page::{assert_flowchart, assert_nothing_to_link, assert_page, read};
use crate::report::tests::samples;

#[test]
fn all_right() {
    insta::assert_snapshot!(render(&samples::all_right()), @"
    ### ✅ every tag is what the build made

    | Tag | Expected | Found | Platforms | Result |
    |---|---|---|---|---|
    | `ghcr.io/acme/app:1.4` | `sha256:aaaaaaaaaaaa` | `sha256:aaaaaaaaaaaa` | `linux/amd64, linux/arm64` | ✅ ok (platforms) |
    | `ghcr.io/acme/app:latest` | `sha256:aaaaaaaaaaaa` | `sha256:aaaaaaaaaaaa` | `linux/amd64, linux/arm64` | ✅ ok (platforms) |

    #### Proven, by digest

    ```text
    ghcr.io/acme/app:1.4@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    ghcr.io/acme/app:latest@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    ```

    2 tags: 2 ok · 9 requests (1 pull)
    ");
}

#[test]
fn a_double_push_repaired() {
    insta::assert_snapshot!(render(&samples::double_push()), @r#"
    ### ✅ 2 tags were wrong and are repaired

    | Tag | Expected | Found | Platforms | Result |
    |---|---|---|---|---|
    | `ghcr.io/acme/app:1.4` | `sha256:aaaaaaaaaaaa` | `sha256:bbbbbbbbbbbb` | `linux/amd64, linux/arm64` | ✅ fixed, was child (`linux/amd64`) |
    | `ghcr.io/acme/app:latest` | `sha256:aaaaaaaaaaaa` | `sha256:bbbbbbbbbbbb` | `linux/amd64, linux/arm64` | ✅ fixed, was child (`linux/amd64`) |

    #### Where the tags point

    ```mermaid
    flowchart LR
      t0["ghcr.io/acme/app:1.4"]
      d0["sha256:bbbbbbbbbbbb (linux/amd64 manifest)"]
      t0 -.->|before| d0
      d1["sha256:aaaaaaaaaaaa (image index)"]
      t0 -->|now| d1
      t1["ghcr.io/acme/app:latest"]
      t1 -.->|before| d0
      t1 -->|now| d1
    ```

    #### What was changed

    - `ghcr.io/acme/app:1.4`: `sha256:bbbbbbbbbbbb` → `sha256:aaaaaaaaaaaa`
    - `ghcr.io/acme/app:latest`: `sha256:bbbbbbbbbbbb` → `sha256:aaaaaaaaaaaa`

    To undo it:

    ```sh
    tagproof fix --tag ghcr.io/acme/app:1.4@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb --on-other fix --depth tag
    tagproof fix --tag ghcr.io/acme/app:latest@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb --on-other fix --depth tag
    ```

    #### Proven, by digest

    ```text
    ghcr.io/acme/app:1.4@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    ghcr.io/acme/app:latest@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    ```

    #### Notes

    - **double-push**: the build's own Docker pushed its tags twice (`docker/buildx#2959`)
      - upgrade buildx to 0.22 or newer

    <details><summary>What a double push is</summary>

    With Docker's own builder and the containerd image store, buildx before 0.22 pushes every tag twice: BuildKit pushes the whole image, and then Docker pushes the same tags again from its own store. The second push can leave a tag on the manifest of one platform, or change its digest. The metadata file keeps the trace of it, and so it is said even where every tag is right this time.

    Where the note names two digests, the `digest` output of the build step is the wrong one, and whatever signed or deployed by it used the wrong one. The digests on this page are those of the build's own descriptor.

    </details>

    <details><summary>Details of 2 tags</summary>

    - **child, fixed** `ghcr.io/acme/app:1.4`
      - the tag is the `linux/amd64` manifest of the image index that was built
      - is: `sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` (image index; `linux/amd64`, `linux/arm64`)
      - was: `sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb` (manifest; `linux/amd64`)
      - inspect: `docker buildx imagetools inspect ghcr.io/acme/app:1.4`
    - **child, fixed** `ghcr.io/acme/app:latest`
      - the tag is the `linux/amd64` manifest of the image index that was built
      - is: `sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` (image index; `linux/amd64`, `linux/arm64`)
      - was: `sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb` (manifest; `linux/amd64`)
      - inspect: `docker buildx imagetools inspect ghcr.io/acme/app:latest`

    </details>

    2 tags: 2 fixed · 9 requests (1 pull)
    "#);
}

#[test]
fn checked_only() {
    insta::assert_snapshot!(render(&samples::checked_only()), @r#"
    ### ❌ 1 of 3 tags is wrong

    | Tag | Expected | Found | Platforms | Result |
    |---|---|---|---|---|
    | `ghcr.io/acme/app:1.4` | `sha256:aaaaaaaaaaaa` | `sha256:aaaaaaaaaaaa` | `linux/amd64, linux/arm64` | ✅ ok (platforms) |
    | `ghcr.io/acme/app:latest` | `sha256:aaaaaaaaaaaa` | `sha256:bbbbbbbbbbbb` | `linux/amd64`, without `linux/arm64` | ❌ child (`linux/amd64`) |
    | `registry.example.com:5000/acme/app:1.4` | `sha256:aaaaaaaaaaaa` | `sha256:aaaaaaaaaaaa` | `linux/amd64, linux/arm64` | ✅ ok (platforms) |

    #### What is wrong

    - **child** `ghcr.io/acme/app:latest`: the tag is the `linux/amd64` manifest of the image index that was built
      - whoever pulls it on `linux/arm64` gets an image that cannot run
      - run `tagproof fix` to point the tag at the index

    #### Where the tags point

    ```mermaid
    flowchart LR
      t0["ghcr.io/acme/app:latest"]
      d0["sha256:bbbbbbbbbbbb (linux/amd64 manifest)"]
      t0 -->|now| d0
      d1["sha256:aaaaaaaaaaaa (image index)"]
      t0 -.->|expected| d1
    ```

    #### Proven, by digest

    ```text
    ghcr.io/acme/app:1.4@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    registry.example.com:5000/acme/app:1.4@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    ```

    <details><summary>Details of 1 tag</summary>

    - **child** `ghcr.io/acme/app:latest`
      - expected: `sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` (image index; `linux/amd64`, `linux/arm64`)
      - found: `sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb` (manifest; `linux/amd64`)

    </details>

    3 tags: 2 ok, 1 wrong · 13 requests (1 pull)
    "#);
}

#[test]
fn someone_elses_image_as_a_warning() {
    insta::assert_snapshot!(render(&samples::other(true)), @r#"
    ### ⚠️ the tag is wrong (a warning only, as asked)

    | Tag | Expected | Found | Platforms | Result |
    |---|---|---|---|---|
    | `ghcr.io/acme/app:latest` | `sha256:aaaaaaaaaaaa` | `sha256:cccccccccccc` | `linux/amd64, linux/arm64` | ⚠️ other, a warning only |

    #### What is wrong

    - **other** `ghcr.io/acme/app:latest`: the tag is an image that is no part of this build
      - it may be a newer build's, so it is left alone
      - to move it here all the same, run with `--on-other fix`
      - this does not fail the run, as `--on-other warn` asks

    #### Where the tags point

    ```mermaid
    flowchart LR
      t0["ghcr.io/acme/app:latest"]
      d0["sha256:cccccccccccc (image index)"]
      t0 -->|now| d0
      d1["sha256:aaaaaaaaaaaa (image index)"]
      t0 -.->|expected| d1
    ```

    <details><summary>Details of 1 tag</summary>

    - **other** `ghcr.io/acme/app:latest`
      - expected: `sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` (image index; `linux/amd64`, `linux/arm64`)
      - found: `sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc` (image index; `linux/amd64`, `linux/arm64`; created `2026-11-22T08:30:00Z`; revision `4f1c2d3`)

    </details>

    1 tag: 1 wrong · 5 requests (1 pull)
    "#);
}

#[test]
fn unproven() {
    insta::assert_snapshot!(render(&samples::unproven()), @r"
    ### ⚠️ 2 tags could not be checked

    | Tag | Expected | Found | Platforms | Result |
    |---|---|---|---|---|
    | `ghcr.io/acme/app:1.4` | `sha256:aaaaaaaaaaaa` | – | `linux/amd64, linux/arm64` | ⚠️ unproven |
    | `ghcr.io/acme/app:latest` | `sha256:aaaaaaaaaaaa` | – | `linux/amd64, linux/arm64` | ⚠️ unproven |

    #### What could not be checked

    - **unproven** `ghcr.io/acme/app:1.4`: the tag could not be read: GET `https://ghcr.io/v2/acme/app/manifests/1.4`: 401 UNAUTHORIZED
      - log in before this step: `docker login ghcr.io`
    - **unproven** `ghcr.io/acme/app:latest`: the tag could not be read: GET `https://ghcr.io/v2/acme/app/manifests/1.4`: 401 UNAUTHORIZED
      - log in before this step: `docker login ghcr.io`

    <details><summary>Details of 2 tags</summary>

    - **unproven** `ghcr.io/acme/app:1.4`
      - expected: `sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` (image index; `linux/amd64`, `linux/arm64`)
    - **unproven** `ghcr.io/acme/app:latest`
      - expected: `sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` (image index; `linux/amd64`, `linux/arm64`)

    </details>

    2 tags: 2 not checked · 9 requests (1 pull)
    ");
}

#[test]
fn a_tag_created() {
    insta::assert_snapshot!(render(&samples::created()), @r#"
    ### ✅ the tag was wrong and is repaired

    | Tag | Expected | Found | Platforms | Result |
    |---|---|---|---|---|
    | `ghcr.io/acme/app:1.4` | `sha256:aaaaaaaaaaaa` | nothing | `linux/amd64, linux/arm64` | ✅ fixed, was absent |

    #### Where the tags point

    ```mermaid
    flowchart LR
      t0["ghcr.io/acme/app:1.4"]
      d0["no such tag"]
      t0 -.->|before| d0
      d1["sha256:aaaaaaaaaaaa (image index)"]
      t0 -->|now| d1
    ```

    #### What was changed

    - `ghcr.io/acme/app:1.4`: no such tag → `sha256:aaaaaaaaaaaa`; only the registry can delete it

    #### Proven, by digest

    ```text
    ghcr.io/acme/app:1.4@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    ```

    <details><summary>Details of 1 tag</summary>

    - **absent, fixed** `ghcr.io/acme/app:1.4`
      - there was no such tag, though the image had been pushed
      - is: `sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` (image index; `linux/amd64`, `linux/arm64`)
      - was: no such tag
      - help: the tag was created: only the registry can delete it
      - inspect: `docker buildx imagetools inspect ghcr.io/acme/app:1.4`

    </details>

    1 tag: 1 fixed · 5 requests (1 pull)
    "#);
}

#[test]
fn two_claims_on_one_tag() {
    insta::assert_snapshot!(render(&samples::conflict()), @r#"
    ### ❌ 2 tags are wrong

    | Tag | Expected | Found | Platforms | Result |
    |---|---|---|---|---|
    | `ghcr.io/acme/app:latest` (target `app`) | `sha256:aaaaaaaaaaaa` | – | `linux/amd64, linux/arm64` | ❌ conflict |
    | `ghcr.io/acme/app:latest` (target `debug`) | `sha256:dddddddddddd` | – | `linux/amd64, linux/arm64` | ❌ conflict |

    #### What is wrong

    - **conflict** `ghcr.io/acme/app:latest` (target `app`): the targets `app` and `debug` both claim this tag, with different digests
      - give each target tags of its own in the bake file
    - **conflict** `ghcr.io/acme/app:latest` (target `debug`): the targets `app` and `debug` both claim this tag, with different digests
      - give each target tags of its own in the bake file

    #### Where the tags point

    ```mermaid
    flowchart LR
      t0["ghcr.io/acme/app:latest"]
      d0["sha256:aaaaaaaaaaaa (image index)"]
      t0 -.->|expected| d0
      d1["sha256:dddddddddddd (image index)"]
      t0 -.->|expected| d1
    ```

    <details><summary>Details of 2 tags</summary>

    - **conflict** `ghcr.io/acme/app:latest` (target `app`)
      - expected: `sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` (image index; `linux/amd64`, `linux/arm64`)
    - **conflict** `ghcr.io/acme/app:latest` (target `debug`)
      - expected: `sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd` (image index; `linux/amd64`, `linux/arm64`)

    </details>

    2 tags: 2 wrong · 9 requests (1 pull)
    "#);
}

#[test]
fn mixed_with_notes() {
    insta::assert_snapshot!(render(&samples::mixed()), @r#"
    ### ❌ 8 of 13 tags are wrong, 1 was repaired, 1 could not be checked

    | Tag | Expected | Found | Platforms | Result |
    |---|---|---|---|---|
    | `ghcr.io/acme/app:1.4` | `sha256:aaaaaaaaaaaa` | `sha256:aaaaaaaaaaaa` | `linux/amd64, linux/arm64` | ✅ ok (platforms) |
    | `docker.io/acme/app:classic` | image ID `sha256:eeeeeeeeeeee` | `sha256:aaaaaaaaaaaa` | – | ✅ ok (platforms), by its image ID |
    | `123456789012.dkr.ecr.eu-central-1.amazonaws.com/acme/app:1.4` | `sha256:aaaaaaaaaaaa` | `sha256:bbbbbbbbbbbb` | `linux/amd64`, without `linux/arm64` | ❌ child (`linux/amd64`), refused |
    | `ghcr.io/acme/app:edge` | `sha256:aaaaaaaaaaaa` | `sha256:bbbbbbbbbbbb` | `linux/amd64, linux/arm64` | ✅ already-right, was child (`linux/amd64`) |
    | `ghcr.io/acme/app:sbom` | `sha256:aaaaaaaaaaaa` | `sha256:ffffffffffff` | `linux/amd64, linux/arm64` | ✅ fixed, was child (attestation) |
    | `quay.io/acme/app:1.4` | `sha256:aaaaaaaaaaaa` | `sha256:bbbbbbbbbbbb` | `linux/amd64`, without `linux/arm64` | ❌ child (`linux/amd64`), changed |
    | `quay.io/acme/app:1.4` | `sha256:aaaaaaaaaaaa` | `sha256:bbbbbbbbbbbb` | `linux/amd64`, without `linux/arm64` | ❌ child (`linux/amd64`), unsettled |
    | `quay.io/acme/app:1.4` | `sha256:aaaaaaaaaaaa` | `sha256:bbbbbbbbbbbb` | `linux/amd64`, without `linux/arm64` | ❌ child (`linux/amd64`), failed |
    | `quay.io/acme/app:1.4` | `sha256:aaaaaaaaaaaa` | – | `linux/amd64, linux/arm64` | ❌ wrapped |
    | `quay.io/acme/app:1.4` | `sha256:aaaaaaaaaaaa` | – | `linux/amd64, linux/arm64` | ❌ incomplete |
    | `quay.io/acme/app:1.4` | `sha256:aaaaaaaaaaaa` | – | `linux/amd64, linux/arm64` | ❌ wrong-platform |
    | `quay.io/acme/app:1.4` | `sha256:aaaaaaaaaaaa` | – | `linux/amd64, linux/arm64` | ❌ broken |
    | `ghcr.io/acme/app:1.4` | `sha256:aaaaaaaaaaaa` | – | `linux/amd64, linux/arm64` | ⚠️ unproven |

    #### What is wrong

    - **child, refused** `123456789012.dkr.ecr.eu-central-1.amazonaws.com/acme/app:1.4`: the tag is the `linux/amd64` manifest of the image index that was built
      - the repository is immutable: let this tag be `MUTABLE`, or use a new tag
    - **child, changed** `quay.io/acme/app:1.4`: the tag is the `linux/amd64` manifest of the image index that was built
      - whoever pulls it on `linux/arm64` gets an image that cannot run
      - run `tagproof fix` to point the tag at the index
    - **child, unsettled** `quay.io/acme/app:1.4`: the tag is the `linux/amd64` manifest of the image index that was built
      - whoever pulls it on `linux/arm64` gets an image that cannot run
      - run `tagproof fix` to point the tag at the index
    - **child, failed** `quay.io/acme/app:1.4`: the tag is the `linux/amd64` manifest of the image index that was built
      - whoever pulls it on `linux/arm64` gets an image that cannot run
      - run `tagproof fix` to point the tag at the index
    - **wrapped** `quay.io/acme/app:1.4`: message
    - **incomplete** `quay.io/acme/app:1.4`: message
    - **wrong-platform** `quay.io/acme/app:1.4`: message
    - **broken** `quay.io/acme/app:1.4`: message
    - **unproven** `ghcr.io/acme/app:1.4`: the tag could not be read: GET `https://ghcr.io/v2/acme/app/manifests/1.4`: 401 UNAUTHORIZED
      - log in before this step: `docker login ghcr.io`

    #### Where the tags point

    ```mermaid
    flowchart LR
      t0["123456789012.dkr.ecr.eu-central-1.amazonaws.com/acme/app:1.4"]
      d0["sha256:bbbbbbbbbbbb (linux/amd64 manifest)"]
      t0 -->|now| d0
      d1["sha256:aaaaaaaaaaaa (image index)"]
      t0 -.->|expected| d1
      t1["ghcr.io/acme/app:edge"]
      t1 -.->|before| d0
      t1 -->|now| d1
      t2["ghcr.io/acme/app:sbom"]
      d2["sha256:ffffffffffff (attestation manifest)"]
      t2 -.->|before| d2
      t2 -->|now| d1
      t3["quay.io/acme/app:1.4"]
      t3 -.->|before| d0
      t3 -.->|expected| d1
      t3 -.->|written, not seen yet| d1
      t3 -->|now| d0
    ```

    #### What was changed

    - `ghcr.io/acme/app:sbom`: `sha256:ffffffffffff` → `sha256:aaaaaaaaaaaa`
    - `quay.io/acme/app:1.4`: `sha256:bbbbbbbbbbbb` → `sha256:aaaaaaaaaaaa`, written but not seen in time

    To undo it:

    ```sh
    tagproof fix --tag ghcr.io/acme/app:sbom@sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff --on-other fix --depth tag
    ```

    #### Proven, by digest

    ```text
    ghcr.io/acme/app:1.4@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    ghcr.io/acme/app:edge@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    ghcr.io/acme/app:sbom@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    ```

    #### Notes

    - **double-push**: what was seen of `double-push`
      - what to do
    - **no-name**: what was seen of `no-name`
      - what to do
    - **no-tag**: what was seen of `no-tag`
      - what to do
    - **image-id**: what was seen of `image-id`
      - what to do
    - **other-output**: what was seen of `other-output`
      - what to do
    - **superseded**: what was seen of `superseded`
      - what to do
    - **not-pushed**: what was seen of `not-pushed`
      - what to do
    - **unchecked**: what was seen of `unchecked`
      - what to do
    - **attestation-gone**: what was seen of `attestation-gone`
      - what to do
    - **foreign-programs**: what was seen of `foreign-programs`
      - what to do
    - **32-bit-program**: what was seen of `32-bit-program`
      - what to do
    - **mixed-builds**: what was seen of `mixed-builds`
      - what to do
    - **depth-reduced**: what was seen of `depth-reduced`
      - what to do
    - **media-type**: what was seen of `media-type`
      - what to do
    - **registry-warning**: what was seen of `registry-warning`
      - what to do

    <details><summary>What a double push is</summary>

    With Docker's own builder and the containerd image store, buildx before 0.22 pushes every tag twice: BuildKit pushes the whole image, and then Docker pushes the same tags again from its own store. The second push can leave a tag on the manifest of one platform, or change its digest. The metadata file keeps the trace of it, and so it is said even where every tag is right this time.

    Where the note names two digests, the `digest` output of the build step is the wrong one, and whatever signed or deployed by it used the wrong one. The digests on this page are those of the build's own descriptor.

    </details>

    <details><summary>Details of 11 tags</summary>

    - **child, refused** `123456789012.dkr.ecr.eu-central-1.amazonaws.com/acme/app:1.4`
      - expected: `sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` (image index; `linux/amd64`, `linux/arm64`)
      - found: `sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb` (manifest; `linux/amd64`)
    - **child, already-right** `ghcr.io/acme/app:edge`
      - the tag is the `linux/amd64` manifest of the image index that was built
      - is: `sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` (image index; `linux/amd64`, `linux/arm64`)
      - was: `sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb` (manifest; `linux/amd64`)
    - **child, fixed** `ghcr.io/acme/app:sbom`
      - the tag is the `linux/amd64` manifest of the image index that was built
      - is: `sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` (image index; `linux/amd64`, `linux/arm64`)
      - was: `sha256:ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff` (attestation manifest)
      - inspect: `docker buildx imagetools inspect ghcr.io/acme/app:sbom`
    - **child, changed** `quay.io/acme/app:1.4`
      - expected: `sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` (image index; `linux/amd64`, `linux/arm64`)
      - found: `sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb` (manifest; `linux/amd64`)
    - **child, unsettled** `quay.io/acme/app:1.4`
      - expected: `sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` (image index; `linux/amd64`, `linux/arm64`)
      - found: `sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb` (manifest; `linux/amd64`)
    - **child, failed** `quay.io/acme/app:1.4`
      - expected: `sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` (image index; `linux/amd64`, `linux/arm64`)
      - found: `sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb` (manifest; `linux/amd64`)
    - **wrapped** `quay.io/acme/app:1.4`
      - expected: `sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` (image index; `linux/amd64`, `linux/arm64`)
    - **incomplete** `quay.io/acme/app:1.4`
      - expected: `sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` (image index; `linux/amd64`, `linux/arm64`)
    - **wrong-platform** `quay.io/acme/app:1.4`
      - expected: `sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` (image index; `linux/amd64`, `linux/arm64`)
    - **broken** `quay.io/acme/app:1.4`
      - expected: `sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` (image index; `linux/amd64`, `linux/arm64`)
    - **unproven** `ghcr.io/acme/app:1.4`
      - expected: `sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` (image index; `linux/amd64`, `linux/arm64`)

    </details>

    <details><summary>2 images below the tags</summary>

    | Image | Listed for | Config | Program | Depth | Layers not read |
    |---|---|---|---|---|---|
    | `ghcr.io/acme/app@sha256:cccccccccccc` | `linux/amd64` | `linux/amd64` | `/usr/bin/app (linux/386)` | platforms | none |
    | ❌ `ghcr.io/acme/app@sha256:dddddddddddd` | `linux/arm64` | `linux/arm64` | `/usr/bin/app (linux/386)` | platforms | 1 (39 MiB) |

    </details>

    13 tags: 2 ok, 1 fixed, 1 already right, 8 wrong, 1 not checked · 53 requests (1 pull)
    "#);
}

#[test]
fn a_merge() {
    insta::assert_snapshot!(render(&samples::merged()), @r#"
    ### ✅ 2 legs are merged, and 2 tags are published

    #### Legs

    - **ok** `linux-amd64.json` (`linux/amd64`): `ghcr.io/acme/app@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb`
    - **ok** `linux-arm64.json` (`linux/arm64`): `ghcr.io/acme/app@sha256:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee`

    | Tag | Expected | Found | Platforms | Result |
    |---|---|---|---|---|
    | `ghcr.io/acme/app:1.4.2` | `sha256:aaaaaaaaaaaa` | nothing | `linux/amd64, linux/arm64` | ✅ fixed, was absent |
    | `ghcr.io/acme/app:latest` | `sha256:aaaaaaaaaaaa` | `sha256:bbbbbbbbbbbb` | `linux/amd64, linux/arm64` | ✅ fixed, was child (`linux/amd64`) |

    #### Where the tags point

    ```mermaid
    flowchart LR
      t0["ghcr.io/acme/app:1.4.2"]
      d0["no such tag"]
      t0 -.->|before| d0
      d1["sha256:aaaaaaaaaaaa (image index)"]
      t0 -->|now| d1
      t1["ghcr.io/acme/app:latest"]
      d2["sha256:bbbbbbbbbbbb (linux/amd64 manifest)"]
      t1 -.->|before| d2
      t1 -->|now| d1
      l0["linux-amd64.json (linux/amd64)"]
      l0 --> d1
      l1["linux-arm64.json (linux/arm64)"]
      l1 --> d1
    ```

    #### What was changed

    - `ghcr.io/acme/app:1.4.2`: no such tag → `sha256:aaaaaaaaaaaa`; only the registry can delete it
    - `ghcr.io/acme/app:latest`: `sha256:bbbbbbbbbbbb` → `sha256:aaaaaaaaaaaa`

    To undo it:

    ```sh
    tagproof fix --tag ghcr.io/acme/app:latest@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb --on-other fix --depth tag
    ```

    #### Proven, by digest

    ```text
    ghcr.io/acme/app:1.4.2@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    ghcr.io/acme/app:latest@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    ```

    <details><summary>Details of 2 tags</summary>

    - **absent, fixed** `ghcr.io/acme/app:1.4.2`
      - there was no tag `1.4.2`; it was created
      - is: `sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` (image index; `linux/amd64`, `linux/arm64`)
      - was: no such tag
      - help: the tag was created: only the registry can delete it
      - inspect: `docker buildx imagetools inspect ghcr.io/acme/app:1.4.2`
    - **child, fixed** `ghcr.io/acme/app:latest`
      - `latest` was another image; it was moved to the merged index
      - is: `sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa` (image index; `linux/amd64`, `linux/arm64`)
      - was: `sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb` (manifest; `linux/amd64`)
      - inspect: `docker buildx imagetools inspect ghcr.io/acme/app:latest`

    </details>

    <details><summary>The index</summary>

    ```json
    {
      "schemaVersion": 2,
      "manifests": []
    }
    ```

    </details>

    2 tags: 2 fixed · 9 requests (1 pull)
    "#);
    insta::assert_snapshot!(render(&samples::not_merged()), @"
    ### ❌ the legs are not merged: `linux-arm64.json` is `never-pushed`: `sha256:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee` is not in the repository

    What to do: build that leg again, or look what became of it; nothing was written

    #### Legs

    - **ok** `linux-amd64.json` (`linux/amd64`): `ghcr.io/acme/app@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb`
    - **never-pushed** `linux-arm64.json` (–): `ghcr.io/acme/app@sha256:eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee`

    0 tags · 1 request
    ");
}

#[test]
fn nothing_and_invalid() {
    insta::assert_snapshot!(render(&samples::nothing()), @r"
    ### ⚠️ nothing to check: `metadata.json` names no image that was pushed

    What to do: build with `--push`, or name the tags with `--tag`

    0 tags · 1 request
    ");
    insta::assert_snapshot!(render(&samples::invalid()), @"### ❌ the inputs are unusable: failed to read `metadata.json`: no such file");
}

#[test]
fn no_text_becomes_anything_but_text() {
    for report in samples::every() {
        let read = assert_page(&render(&report));
        assert_eq!(read.rows, report.tags.len() + report.images.len());
        assert_eq!(read.legs, report.legs.len());
        assert_eq!(read.indexes, usize::from(report.index.is_some()));
    }
}

/// Texts put together from what means something in Markdown, some thousands of them.
#[test]
fn no_mixture_of_markup_breaks_out() {
    const PARTS: [&str; 32] = [
        "`",
        "``",
        "```",
        " ",
        " ",
        " ",
        "a",
        "b.c",
        "\\",
        "|",
        "<b>",
        "</details>",
        "<!--",
        "*",
        "_",
        "[x](y)",
        "![",
        "](",
        "http://e.x/",
        "www.e.x",
        "@me",
        "#1",
        "~~",
        "$",
        "\n",
        "&lt;",
        ":x:",
        "1.",
        "-",
        ">",
        "(",
        ")",
    ];
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % below as u64).unwrap()
    };
    for _ in 0..3_000 {
        let text: String = (0..=next(12)).map(|_| PARTS[next(PARTS.len())]).collect();
        let (prose, code, cell) = (
            prose(&text, 200),
            escape::code(&text, 200),
            escape::cell(&text, 200),
        );
        let page = format!(
            "### {prose}\n\n- **a** {code}: {prose}\n  - {prose}\n\n| a | b |\n|---|---|\n| {cell} | c |\n"
        );
        let read = read(&page);
        assert_eq!((read.rows, read.headings.len()), (1, 1), "{page}");
        assert!(read.html.is_empty() && read.fences.is_empty(), "{page}");
        assert_nothing_to_link(&read);
    }
}

/// All that can be hostile in Markdown, HTML, tables and Mermaid.
#[test]
fn markup_is_shown_and_not_obeyed() {
    for text in [
        "<script>alert(1)</script> <img src=x onerror=y> </details>",
        "[a](https://evil.example) ![b](//evil.example/x.png) <https://evil.example>",
        "https://evil.example www.evil.example a@evil.example @team #1 GH-2 acme/app#3",
        "| a | b |\n|---|---|\n| c |",
        "a | b \\| c `|` \\",
        "``` \n```mermaid\n~~~ ````` ` `` a``b`",
        "*a* _b_ ~~c~~ **d** $e$ :tada: [^1] [ ] - [x] y",
        "# a\n> b\n- c\n1. d\n---\n===",
        "\"] end --> x[\"y `**` %%{init: {}}%% click t0 href \"javascript:alert(1)\" &quot; #quot; ;;",
        "&lt;b&gt; &#64;team &amp;",
    ] {
        let mut report = samples::hostile();
        report.problem = None;
        report.notes[0].message = text.to_owned();
        report.notes[0].help = text.to_owned();
        for tag in &mut report.tags {
            tag.target = Some(text.to_owned());
            tag.message = text.to_owned();
            tag.help = vec![text.to_owned()];
            tag.inspect = Some(text.to_owned());
            tag.undo = Some(text.to_owned());
            let found = tag.found.as_mut().unwrap();
            found.created = Some(text.to_owned());
        }
        let program = report.images[0].program.as_mut().unwrap();
        text.clone_into(&mut program.path);
        text.clone_into(&mut report.legs[0].name);
        report.index = Some(text.to_owned());
        let page = render(&report);
        let read = read(&page);
        assert_eq!(read.rows, report.tags.len() + 1, "{page}");
        assert_eq!((read.html.len(), read.legs), (6, 1), "{page}");
        let mermaid: Vec<&(String, String)> = read
            .fences
            .iter()
            .filter(|(info, _)| info == "mermaid")
            .collect();
        assert_eq!(mermaid.len(), 1);
        assert_flowchart(&mermaid[0].1);
    }
}

#[test]
fn every_picture_is_a_plain_flowchart() {
    let mut count = 0;
    for report in samples::every() {
        for (info, text) in read(&render(&report)).fences {
            if info == "mermaid" {
                assert_flowchart(&text);
                count += 1;
            }
        }
    }
    assert!(count > 8);
}

#[test]
fn of_sixty_wrong_tags_ten_are_told_and_twenty_drawn() {
    let page = render(&samples::wrong_sixty());
    let read = read(&page);
    assert_eq!(read.rows, 60);
    assert!(page.contains("*and 50 more: see the details*"));
    assert!(page.contains("*40 tags more had no place in the picture.*"));
    let drawn = |line: &&str| line.starts_with("  t") && line.ends_with("\"]");
    assert_eq!(page.lines().filter(drawn).count(), 20);
    assert!(page.contains("Details of 60 tags"));
}

#[test]
fn a_page_is_short_whatever_the_report_is() {
    let page = render(&samples::five_thousand());
    assert!(page.len() < MAX);
    let rows = read(&page).rows;
    assert_eq!(rows, 500);
    assert!(page.contains("*4500 tags more had no place here: the JSON report has all.*"));
    // Every undo command there is room for is whole.
    for line in page.lines().filter(|line| line.starts_with("tagproof fix")) {
        assert!(line.ends_with(" --on-other fix --depth tag"), "{line}");
    }

    let mut report = samples::five_thousand();
    report.tags.truncate(600);
    let long = "\u{1f600}`".repeat(3_000);
    for tag in &mut report.tags {
        tag.reference = format!("h.example/{}:1", "a".repeat(240)).parse().unwrap();
        tag.message.clone_from(&long);
        tag.help = vec![long.clone(); 10];
        tag.undo = tag.undo.as_ref().map(|_| long.clone());
        tag.target = Some(long.clone());
    }
    report.notes = vec![samples::hostile().notes.remove(0); 500];
    let page = render(&report);
    assert!(page.len() < MAX, "{}", page.len());
    read(&page);
}

#[test]
fn what_is_right_is_left_out_of_the_table_first() {
    let mut report = samples::five_thousand();
    report
        .tags
        .retain(|tag| tag.verdict == crate::verdict::Code::Ok);
    report.tags.extend(samples::checked_only().tags);
    let page = render(&report);
    assert_eq!(read(&page).rows, 500);
    assert!(page.contains("| `ghcr.io/acme/app:latest` |"));
}
