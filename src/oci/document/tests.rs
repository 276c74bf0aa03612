use super::*;
use crate::oci::Named;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const SCHEMA_1: &str = "application/vnd.docker.distribution.manifest.v1+prettyjws";

fn of(body: &str, content_type: &str) -> Document {
    Document::new(body.as_bytes().to_vec(), content_type)
}

fn index_of_two() -> String {
    let (a, b) = (Digest::of(b"a"), Digest::of(b"b"));
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[
        {{"mediaType":"{MANIFEST}","digest":"{a}","size":1,"platform":{{"os":"linux","architecture":"arm64","variant":"v8"}}}},
        {{"mediaType":"{MANIFEST}","digest":"{b}","size":1,"platform":{{"os":"unknown","architecture":"unknown"}},
          "annotations":{{"vnd.docker.reference.type":"attestation-manifest","vnd.docker.reference.digest":"{a}"}}}}],
        "annotations":{{"org.opencontainers.image.version":"1.2"}}}}"#
    )
}

/// A manifest with these members beside its config.
fn manifest_with(members: &str) -> String {
    let config = Digest::of(b"config");
    format!(
        r#"{{"schemaVersion":2,"config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{config}","size":2}}{members}}}"#
    )
}

fn manifest() -> String {
    manifest_with(r#","layers":[]"#)
}

/// An index of one entry with these members.
fn index_of(entry: &str) -> Document {
    let body = format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{{{entry}}}]}}"#);
    of(&body, INDEX)
}

fn why(document: &Document) -> String {
    document.unread().map(ToString::to_string).unwrap()
}

#[test]
fn an_index_shows_its_images_and_their_platforms_but_no_attestation() {
    let document = of(&index_of_two(), INDEX);
    assert_eq!(document.digest(), &Digest::of(index_of_two().as_bytes()));
    assert_eq!(document.children().len(), 2);
    assert_eq!(document.images().count(), 1);
    assert_eq!(document.platforms(), vec!["linux/arm64".parse().unwrap()]);
    let [image, attestation] = document.children() else {
        panic!("{document:?}")
    };
    assert_eq!(image.media_type, Some(MediaType::OciManifest));
    assert_eq!(image.size, Some(1));
    assert_eq!(attestation.attests.as_ref(), Some(&image.named));
    assert!(!image.is_index());
    assert_eq!(
        document.annotation("org.opencontainers.image.version"),
        Some("1.2")
    );
    assert_eq!(document.config(), None);
}

#[test]
fn a_manifest_shows_its_config_and_what_else_tells_images_from_artifacts() {
    let image = of(&manifest(), MANIFEST).image().unwrap().clone();
    assert_eq!(image.config, Digest::of(b"config"));
    assert_eq!(
        image.config_type.unwrap().as_str(),
        "application/vnd.oci.image.config.v1+json"
    );
    assert_eq!(
        (image.layers, image.artifact_type),
        (Some(Vec::new()), None)
    );
    assert!(!image.has_subject && !image.has_annotations);
    let artifact =
        r#","layers":[{},{}],"artifactType":"application/x","subject":{},"annotations":{"a":1}"#;
    let artifact = of(&manifest_with(artifact), MANIFEST);
    let artifact = artifact.image().unwrap();
    assert_eq!(artifact.layers.as_ref().map(Vec::len), Some(2));
    assert_eq!(artifact.artifact_type.as_deref(), Some("application/x"));
    assert!(artifact.has_subject && artifact.has_annotations);
}

#[test]
fn a_body_without_a_media_type_is_what_the_header_says() {
    let document = of(&manifest(), &format!("{MANIFEST}; charset=utf-8"));
    assert_eq!(document.media_type(), &MediaType::OciManifest);
    assert_eq!((document.own_type(), document.unread()), (None, None));
    assert!(document.children().is_empty());
}

#[test]
fn where_neither_body_nor_header_names_a_type_the_members_do() {
    for served in [
        "",
        "application/json",
        "application/octet-stream",
        "text/plain",
        "nonsense",
    ] {
        let document = of(&manifest(), served);
        assert_eq!(document.media_type(), &MediaType::OciManifest, "{served}");
        assert_eq!(document.config(), Some(&Digest::of(b"config")));
        let list = of(r#"{"schemaVersion":2,"manifests":[]}"#, served);
        assert_eq!(list.media_type(), &MediaType::OciIndex, "{served}");
    }
}

#[test]
fn where_header_and_body_differ_the_body_decides_and_both_are_kept() {
    for served in [
        MANIFEST,
        "application/json",
        "text/html",
        SCHEMA_1,
        "APPLICATION/JSON; charset=x",
    ] {
        let document = of(&index_of_two(), served);
        assert_eq!(document.media_type(), &MediaType::OciIndex);
        assert_eq!(document.own_type(), Some(&MediaType::OciIndex));
        assert_eq!(document.served(), &served.parse().unwrap());
        assert_eq!(document.children().len(), 2);
    }
    let capitals = index_of_two().replacen(INDEX, &INDEX.to_uppercase(), 1);
    assert_eq!(of(&capitals, "").media_type(), &MediaType::OciIndex);
}

#[test]
fn what_is_written_with_null_or_left_out_is_read_as_registries_and_clients_read_it() {
    for layers in ["", r#","layers":null"#] {
        let document = of(&manifest_with(layers), MANIFEST);
        assert_eq!(document.image().unwrap().layers, None, "{layers}");
    }
    let null = format!(r#"{{"mediaType":"{INDEX}","manifests":null,"annotations":null}}"#);
    assert!(matches!(of(&null, INDEX).content(), Content::Index(_)));
    let digest = Digest::of(b"a");
    for more in [
        r#""platform":{}"#,
        r#""platform":{"architecture":"amd64"}"#,
        r#""platform":null"#,
        r#""platform":"linux/amd64""#,
        r#""platform":{"os":"","architecture":""}"#,
        r#""size":"12","mediaType":7"#,
        r#""annotations":{"a":1,"b":null}"#,
        r#""annotations":[]"#,
        r#""urls":null,"data":{}"#,
    ] {
        let document = index_of(&format!(r#""digest":"{digest}",{more}"#));
        let [child] = document.children() else {
            panic!("{more}: {document:?}")
        };
        assert!(child.named.is(&digest));
        assert_eq!((&child.platform, child.size), (&None, None), "{more}");
    }
}

#[test]
fn an_entry_whose_digest_cannot_be_checked_is_an_entry() {
    for digest in ["blake3:aa", "md5:00", "sha256:00", "", "x"] {
        let document = index_of(&format!(r#""digest":"{digest}""#));
        assert_eq!(document.children()[0].named.digest(), None);
        assert_eq!(document.images().count(), 1);
    }
    assert_eq!(index_of("").children()[0].named, Named::new(""));
    let sha512 = format!("sha512:{}", "a".repeat(128));
    let document = index_of(&format!(r#""digest":"{sha512}""#));
    assert!(document.children()[0].named.digest().is_some());
}

#[test]
fn bodies_that_could_mean_two_things_mean_nothing() {
    for both in [
        r#"{"schemaVersion":2,"manifests":[],"config":{},"layers":[]}"#,
        r#"{"schemaVersion":2,"manifests":[],"layers":[]}"#,
        r#"{"schemaVersion":2,"manifests":[],"fsLayers":[]}"#,
    ] {
        for served in [INDEX, MANIFEST, ""] {
            assert_eq!(of(both, served).unread(), Some(&Why::Ambiguous), "{both}");
        }
    }
    assert_eq!(
        of(&manifest(), INDEX).unread(),
        Some(&Why::WrongShape(MediaType::OciIndex))
    );
    for (member, value) in [
        ("manifests", "[]"),
        ("mediaType", "\"\""),
        ("digest", "\"\""),
    ] {
        let twice = index_of_two().replacen(
            &format!("\"{member}\":"),
            &format!("\"{member}\":{value},\"{member}\":"),
            1,
        );
        let document = of(&twice, INDEX);
        assert!(why(&document).contains("duplicate"), "{twice}");
    }
}

/// Each is a document that a registry may hold: it has a digest, and may be served under a tag.
#[test]
fn what_is_a_document_but_not_understood_says_why() {
    let vendor = index_of_two().replacen(INDEX, "application/vnd.acme.index", 1);
    let bad_config = manifest().replace("sha256:", "blake3:");
    for (body, served, words) in [
        ("{}", INDEX, "lacks what its media type"),
        ("[]", INDEX, "it is not a manifest"),
        (r#"{"schemaVersion":2}"#, "", "nothing says whether"),
        (
            r#"{"schemaVersion":1,"fsLayers":[],"signatures":[]}"#,
            SCHEMA_1,
            "its media type `application/vnd.docker",
        ),
        (
            r#"{"schemaVersion":1,"fsLayers":[]}"#,
            "application/json",
            "nothing says whether",
        ),
        (
            r#"{"mediaType":"application/vnd.oci.artifact.manifest.v1+json","blobs":[]}"#,
            "",
            "its media type `application/vnd.oci.artifact",
        ),
        (
            &vendor,
            INDEX,
            "its media type `application/vnd.acme.index`",
        ),
        (
            r#"{"mediaType":"no type","config":{}}"#,
            MANIFEST,
            "its media type `no type`",
        ),
        (
            r#"{"mediaType":7,"config":{}}"#,
            MANIFEST,
            "it is not a manifest",
        ),
        (r#"{"config":null,"layers":[]}"#, MANIFEST, "lacks what"),
        (
            r#"{"config":{},"layers":{}}"#,
            MANIFEST,
            "it is not a manifest",
        ),
        (r#"{"config":{}}"#, MANIFEST, "is not a digest"),
        (&bad_config, MANIFEST, "`blake3:"),
        (
            &manifest(),
            "application/vnd.acme",
            "its media type `application/vnd.acme`",
        ),
    ] {
        let document = of(body, served);
        assert!(why(&document).contains(words), "{body}: {}", why(&document));
        assert!(!document.unread().unwrap().may_be_an_error_page(), "{body}");
        assert_eq!(document.digest(), &Digest::of(body.as_bytes()));
        assert!(document.children().is_empty() && document.config().is_none());
    }
}

#[test]
fn what_a_login_page_answers_is_told_from_a_document() {
    for (body, served) in [
        ("<html>", "text/html"),
        ("", MANIFEST),
        ("\u{1f}\u{8b}", INDEX),
        (r#"{"schemaVersion":2,"manifes"#, INDEX),
        ("{}", "application/json"),
        (r#"{"errors":[{"code":"DENIED"}]}"#, "application/json"),
        ("[]", ""),
    ] {
        let document = of(body, served);
        assert!(document.unread().unwrap().may_be_an_error_page(), "{body}");
    }
}

#[test]
fn a_document_without_any_type_has_the_one_that_bytes_have() {
    for (served, expected) in [("", "application/octet-stream"), ("text/html", "text/html")] {
        let document = of("{}", served);
        assert_eq!(document.media_type().as_str(), expected);
        assert_eq!(document.served().as_str(), expected);
    }
}

#[test]
#[cfg_attr(miri, ignore = "so large that Miri takes minutes")]
fn more_children_than_any_index_has_are_not_read() {
    let entry = format!(
        r#"{{"mediaType":"{MANIFEST}","digest":"{}","size":1}}"#,
        Digest::of(b"a")
    );
    let many = format!(
        r#"{{"schemaVersion":2,"manifests":[{}]}}"#,
        vec![entry; 1001].join(",")
    );
    assert_eq!(of(&many, INDEX).unread(), Some(&Why::TooManyChildren(1001)));
}

#[test]
#[cfg_attr(miri, ignore = "so large that Miri takes minutes")]
fn more_values_than_any_document_has_are_not_built_up() {
    let many = format!(
        r#"{{"schemaVersion":2,"manifests":[{}0]}}"#,
        "0,".repeat(100_000)
    );
    assert_eq!(of(&many, INDEX).unread(), Some(&Why::TooManyValues));
}

#[test]
fn the_platform_of_a_manifest_comes_from_its_config() {
    let config = br#"{"architecture":"arm","os":"linux","variant":"v7","rootfs":{}}"#;
    assert_eq!(
        Document::platform_of_config(config),
        Some("linux/arm/v7".parse().unwrap())
    );
    assert_eq!(Document::platform_of_config(b"{}"), None);
    assert_eq!(Document::platform_of_config(b"nonsense"), None);
}
