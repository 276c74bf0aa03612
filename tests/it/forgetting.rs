//! That the fake registry forgets what a tag leaves as real ones do, and answers in their manner.

use crate::client::{self, Answer};
use crate::image::{Document, Multi, index, multi};
use crate::registry::{Fault, Forgets, Registry};

/// A registry that forgets so. Both tags were pushed as a build of two platforms, and then the
/// first was overwritten with the image of one: what docker/buildx#2959 leaves behind.
fn spoilt(forgets: Option<Forgets>) -> (Registry, Multi) {
    let registry = Registry::start();
    if let Some(forgets) = forgets {
        registry.forgets(forgets);
    }
    let build = multi("a");
    build.push(&registry, "app");
    for tag in ["1", "2"] {
        registry.tag("app", tag, &build.index.digest);
    }
    assert_eq!(put(&registry, "1", &build.arm64).status, 201);
    (registry, build)
}

fn put(registry: &Registry, reference: &str, document: &Document) -> Answer {
    let path = format!("/v2/app/manifests/{reference}");
    client::put(
        &registry.host(),
        &path,
        document.media_type,
        &document.bytes,
    )
}

/// What a manifest is answered with by its digest: by GET, and the same by HEAD.
fn status(registry: &Registry, document: &Document) -> u16 {
    let path = format!("/v2/app/manifests/{}", document.digest);
    let get = client::get(&registry.host(), &path).status;
    let accept = [("Accept", document.media_type)];
    let head = client::send(&registry.host(), "HEAD", &path, &accept, b"").unwrap();
    assert_eq!(head.status, get);
    get
}

const ALL: [Option<Forgets>; 4] = [
    None,
    Some(Forgets::LikeZot),
    Some(Forgets::LikeGitea),
    Some(Forgets::LikeQuay),
];

#[test]
fn a_child_whose_only_tag_is_moved_back_to_its_index_is_gone_on_zot_only() {
    for forgets in ALL {
        let (registry, build) = spoilt(forgets);
        assert_eq!(status(&registry, &build.arm64), 200, "{forgets:?}");
        assert_eq!(put(&registry, "1", &build.index).status, 201);
        let left = if forgets == Some(Forgets::LikeZot) {
            404
        } else {
            200
        };
        assert_eq!(status(&registry, &build.arm64), left, "{forgets:?}");
        assert_eq!(status(&registry, &build.amd64), 200, "{forgets:?}");
        assert_eq!(status(&registry, &build.index), 200, "{forgets:?}");
    }
}

#[test]
fn an_index_whose_last_tag_is_moved_is_kept_only_where_nothing_is_forgotten() {
    for forgets in ALL {
        let (registry, build) = spoilt(forgets);
        assert_eq!(put(&registry, "2", &build.arm64).status, 201);
        let left = if forgets.is_none() { 200 } else { 404 };
        assert_eq!(status(&registry, &build.index), left, "{forgets:?}");
        assert_eq!(status(&registry, &build.arm64), 200, "{forgets:?}");
        // No tag reaches it any more, but it stays where it is not only hidden.
        let other = if forgets == Some(Forgets::LikeQuay) {
            404
        } else {
            200
        };
        assert_eq!(status(&registry, &build.amd64), other, "{forgets:?}");
    }
}

#[test]
fn what_was_put_by_digest_before_the_tag_is_moved_is_forgotten_all_the_same() {
    for forgets in ALL {
        let (registry, build) = spoilt(forgets);
        assert_eq!(
            put(&registry, &build.index.digest, &build.index).status,
            201
        );
        assert_eq!(put(&registry, "2", &build.arm64).status, 201);
        let left = if forgets.is_none() { 200 } else { 404 };
        assert_eq!(status(&registry, &build.index), left, "{forgets:?}");
    }
}

#[test]
fn what_is_put_by_digest_after_the_tag_was_moved_is_there_again_and_stays() {
    for forgets in ALL {
        let (registry, build) = spoilt(forgets);
        put(&registry, "2", &build.arm64);
        let taken = put(&registry, &build.index.digest, &build.index);
        assert_eq!(taken.status, 201, "{forgets:?}");
        let named = taken.header("Docker-Content-Digest");
        assert_eq!(named, Some(build.index.digest.as_str()));
        for document in [&build.index, &build.amd64, &build.arm64] {
            assert_eq!(status(&registry, document), 200, "{forgets:?}");
        }
        let other = multi("b");
        other.push(&registry, "app");
        assert_eq!(put(&registry, "1", &other.index).status, 201);
        assert_eq!(status(&registry, &build.index), 200, "{forgets:?}");
    }
}

#[test]
fn a_tag_that_is_moved_to_what_it_holds_or_while_another_one_holds_it_forgets_nothing() {
    for forgets in ALL {
        let (registry, build) = spoilt(forgets);
        assert_eq!(put(&registry, "1", &build.arm64).status, 201);
        assert_eq!(put(&registry, "3", &build.arm64).status, 201);
        assert_eq!(put(&registry, "1", &build.index).status, 201);
        assert_eq!(status(&registry, &build.arm64), 200, "{forgets:?}");
    }
}

#[test]
fn what_only_an_index_of_an_index_lists_is_reached() {
    for forgets in ALL {
        let (registry, build) = spoilt(forgets);
        let outer = index(&[&build.index]);
        assert_eq!(put(&registry, "3", &outer).status, 201);
        assert_eq!(put(&registry, "2", &build.arm64).status, 201);
        let left = if forgets == Some(Forgets::LikeZot) {
            404
        } else {
            200
        };
        assert_eq!(status(&registry, &build.index), left, "{forgets:?}");
        assert_eq!(status(&registry, &build.amd64), 200, "{forgets:?}");
    }
}

#[test]
fn a_tag_that_is_deleted_leaves_its_manifest_as_one_that_is_moved_does() {
    for forgets in ALL {
        let (registry, build) = spoilt(forgets);
        registry.untag("app", "2");
        let left = if forgets.is_none() { 200 } else { 404 };
        assert_eq!(status(&registry, &build.index), left, "{forgets:?}");
    }
}

#[test]
fn what_is_put_by_a_digest_that_is_not_its_own_is_refused_and_not_stored() {
    let (registry, build) = spoilt(None);
    let other = multi("b");
    let refused = put(&registry, &other.arm64.digest, &build.arm64);
    assert_eq!(refused.status, 400);
    assert_eq!(refused.code().as_deref(), Some("DIGEST_INVALID"));
    assert_eq!(status(&registry, &other.arm64), 404);
}

#[test]
fn what_is_put_by_digest_must_have_its_children_as_under_a_tag() {
    let registry = Registry::start();
    let build = multi("a");
    let put = |document: &Document| put(&registry, &document.digest, document);
    assert_eq!(put(&build.index).status, 400);
    build.push(&registry, "app");
    registry.delete_manifest("app", &build.index.digest);
    assert_eq!(put(&build.index).status, 201);
}

#[test]
fn an_index_whose_child_is_gone_is_refused_in_any_registrys_words_or_taken() {
    for (refusal, status, code) in [
        ("ggcr-child-missing", 404, "MANIFEST_UNKNOWN"),
        ("ferro-child-missing", 404, "MANIFEST_BLOB_UNKNOWN"),
        ("gitea-child-missing", 404, "MANIFEST_BLOB_UNKNOWN"),
        ("cuelabs-child-missing", 500, "UNKNOWN"),
        ("cloudflare-child-missing", 400, "BLOB_UNKNOWN"),
    ] {
        let (registry, build) = spoilt(None);
        registry.delete_manifest("app", &build.arm64.digest);
        registry.misses_children(refusal);
        let refused = put(&registry, "2", &build.index);
        assert_eq!(
            (refused.status, refused.code().as_deref()),
            (status, Some(code))
        );
        registry.takes_missing_children();
        assert_eq!(put(&registry, "2", &build.index).status, 201);
    }
}

#[test]
fn headers_can_be_empty_and_a_message_can_be_null() {
    let (registry, _) = spoilt(None);
    let get = || client::get(&registry.host(), "/v2/app/manifests/1");
    registry
        .on("GET", "/manifests/1")
        .answer(Fault::Header("Docker-Content-Digest", String::new()));
    registry.on("GET", "/manifests/1").answer(
        Fault::error(401, "UNAUTHORIZED", "project x not found").with("WWW-Authenticate", ""),
    );
    registry
        .on("GET", "/manifests/1")
        .answer(Fault::wordless(404, "MANIFEST_UNKNOWN"));
    let (digest, login, wordless) = (get(), get(), get());
    assert_eq!(digest.header("Docker-Content-Digest"), Some(""));
    assert_eq!(login.header("WWW-Authenticate"), Some(""));
    let error = &wordless.json()["errors"][0];
    assert_eq!(error["code"], "MANIFEST_UNKNOWN");
    assert!(error["message"].is_null());
}
