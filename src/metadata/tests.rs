use base64::Engine as _;
use serde_json::{Value, json};

use super::*;
use crate::oci::MediaType;

const A: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

fn read(value: &Value) -> Result<Vec<Build>, Problem> {
    parse("build.json", value.to_string().as_bytes())
}

fn one(value: &Value) -> Build {
    let mut builds = read(value).unwrap();
    assert_eq!(builds.len(), 1);
    builds.remove(0)
}

/// Where the image is: its digest, or its ID.
fn image(build: &Build) -> String {
    match &build.image {
        Image::Manifest { digest, .. } => digest.to_string(),
        Image::Id(id) => format!("id {id}"),
        Image::None => "none".to_owned(),
        Image::Missing => "missing".to_owned(),
    }
}

fn names(build: &Build) -> Vec<String> {
    build.names.iter().map(ToString::to_string).collect()
}

fn refused(value: &Value) -> String {
    read(value).unwrap_err().message
}

#[test]
fn a_single_platform_build_has_a_manifest_with_its_platform() {
    let build = one(&json!({
        "buildx.build.provenance": {"buildType": "x"},
        "buildx.build.ref": "b/n/i",
        "containerimage.config.digest": B,
        "containerimage.descriptor": {
            "mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": A, "size": 1,
            "platform": {"architecture": "arm64", "os": "linux", "variant": "v8"},
        },
        "containerimage.digest": A,
        "image.name": "r.io/app:1",
    }));
    assert_eq!(image(&build), A);
    let Image::Manifest {
        media_type,
        platform,
        ..
    } = &build.image
    else {
        panic!()
    };
    assert_eq!(*media_type, Some(MediaType::OciManifest));
    assert_eq!(platform.as_ref().unwrap().to_string(), "linux/arm64");
    assert_eq!(build.id.as_deref(), Some("b/n/i"));
    assert_eq!((build.double_push, build.platforms), (None, vec![]));
}

#[test]
fn the_provenance_keys_are_the_list_of_platforms() {
    let build = one(&json!({
        "buildx.build.provenance/linux/amd64": {},
        "buildx.build.provenance/linux/arm/v7": "text",
        "buildx.build.provenance/linux/arm": {},
        "buildx.build.provenance/windows(10.0.17763%2B1)/amd64": {},
        "buildx.build.provenance/arm64": {},
        "containerimage.digest": A,
    }));
    let platforms: Vec<String> = build.platforms.iter().map(ToString::to_string).collect();
    assert_eq!(
        platforms,
        [
            "arm64",
            "linux/amd64",
            "linux/arm/v7",
            "windows(10.0.17763%2B1)/amd64"
        ]
    );
    assert!(build.unchecked.is_empty());
}

#[test]
fn a_provenance_key_that_ends_with_no_platform_is_kept_to_be_told() {
    let long = "x".repeat(200);
    let build = one(&json!({
        "buildx.build.provenance/": {},
        "buildx.build.provenance/0": {},
        "buildx.build.provenance/linux/amd64": {},
        "buildx.build.provenance/local": {},
        "buildx.build.provenance/not a platform": {},
        "buildx.build.provenance/unknown/unknown": {},
        format!("buildx.build.provenance/{long}"): {},
        "containerimage.digest": A,
    }));
    assert_eq!(build.platforms.len(), 1);
    assert_eq!(
        build.unchecked,
        [
            "",
            "0",
            "local",
            "not a platform",
            "unknown/unknown",
            &"x".repeat(100)
        ]
    );
}

#[test]
fn a_descriptor_whose_platform_claims_nothing_leaves_it_to_the_config() {
    for (platform, expected) in [
        (json!({}), None),
        (json!(null), None),
        (json!({"os": "linux"}), None),
        (json!({"os": "unknown", "architecture": "unknown"}), None),
        (json!({"os": "a b", "architecture": "amd64"}), None),
        (
            json!({"os": "windows", "architecture": "amd64", "os.version": "10.0.17763.1", "os.features": ["win32k"]}),
            Some("windows(10.0.17763.1+win32k)/amd64"),
        ),
    ] {
        let build = one(&json!({"containerimage.descriptor": {"digest": A, "platform": platform}}));
        let Image::Manifest { platform: read, .. } = build.image else {
            panic!("{platform}");
        };
        assert_eq!(
            read.map(|it| it.to_string()).as_deref(),
            expected,
            "{platform}"
        );
    }
}

#[test]
fn the_descriptor_is_believed_before_the_digest_and_a_difference_is_a_double_push() {
    let build =
        one(&json!({"containerimage.descriptor": {"digest": A}, "containerimage.digest": B}));
    assert_eq!(image(&build), A);
    let push = build.double_push.unwrap();
    assert_eq!(
        (push.built.to_string(), push.said.unwrap().to_string()),
        (A.to_owned(), B.to_owned())
    );
}

#[test]
fn a_config_digest_that_is_the_descriptors_is_the_other_trace_of_a_double_push() {
    let build = one(&json!({
        "containerimage.descriptor": {"digest": A}, "containerimage.digest": A, "containerimage.config.digest": A,
    }));
    assert_eq!(build.double_push.unwrap().said, None);
    let build = one(&json!({
        "containerimage.descriptor": {"digest": A}, "containerimage.digest": A, "containerimage.config.digest": B,
    }));
    assert_eq!(build.double_push, None);
}

#[test]
fn without_a_descriptor_a_config_digest_is_an_image_id() {
    assert_eq!(
        image(&one(
            &json!({"containerimage.digest": A, "containerimage.config.digest": A})
        )),
        format!("id {A}")
    );
    assert_eq!(
        image(&one(
            &json!({"containerimage.digest": B, "containerimage.config.digest": A})
        )),
        format!("id {A}")
    );
    assert_eq!(
        image(&one(&json!({"containerimage.config.digest": A}))),
        format!("id {A}")
    );
}

#[test]
fn a_builder_of_several_nodes_leaves_a_digest_and_nothing_else() {
    let build = one(&json!({"containerimage.digest": A}));
    assert_eq!((image(&build), names(&build)), (A.to_owned(), vec![]));
    let bake = read(&json!({"a": {"containerimage.digest": A}, "b": {"containerimage.digest": B}}))
        .unwrap();
    assert_eq!(
        bake.iter()
            .map(|b| b.target.as_deref().unwrap())
            .collect::<Vec<_>>(),
        ["a", "b"]
    );
}

#[test]
fn imagetools_leaves_a_descriptor_and_repositories() {
    let build = one(
        &json!({"containerimage.descriptor": {"digest": A}, "image.name": "r.io/a,r.io/b,q.io/a"}),
    );
    assert_eq!(
        (image(&build), names(&build)),
        (
            A.to_owned(),
            vec!["r.io/a".into(), "r.io/b".into(), "q.io/a".into()]
        )
    );
}

#[test]
fn names_are_completed_and_the_dangling_one_is_none() {
    let name = format!("user/app, app:1,,ghcr.io/acme/app:2,moby-dangling@{A}");
    let build = one(&json!({"containerimage.digest": A, "image.name": name}));
    assert_eq!(
        names(&build),
        [
            "docker.io/user/app",
            "docker.io/library/app:1",
            "ghcr.io/acme/app:2"
        ]
    );
}

#[test]
fn a_bake_file_has_targets_and_what_is_none_beside_them() {
    let builds = read(&json!({
        "app": {"containerimage.digest": A, "image.name": "r.io/app:1"},
        "base": {"buildx.build.ref": "b/n/i"},
        "none": null,
        "buildx.build.warnings": [{"short": "eA=="}],
    }))
    .unwrap();
    let seen: Vec<(Option<&str>, String)> = builds
        .iter()
        .map(|b| (b.target.as_deref(), image(b)))
        .collect();
    assert_eq!(
        seen,
        [
            (Some("app"), A.to_owned()),
            (Some("base"), "none".to_owned())
        ]
    );
}

#[test]
fn warnings_beside_a_builds_keys_do_not_make_it_a_bake_file() {
    let build = one(
        &json!({"buildx.build.warnings": [], "containerimage.digest": A, "cache.manifest": "{}"}),
    );
    assert_eq!((image(&build), build.target), (A.to_owned(), None));
}

#[test]
fn a_descriptor_may_be_an_object_or_a_string_that_holds_one() {
    let text =
        json!({"digest": A, "mediaType": "application/vnd.oci.image.index.v1+json"}).to_string();
    let encoded = base64::prelude::BASE64_STANDARD.encode(&text);
    for value in [json!(text), json!(encoded)] {
        assert_eq!(image(&one(&json!({"containerimage.descriptor": value}))), A);
    }
    assert_eq!(
        image(&one(
            &json!({"containerimage.descriptor": null, "containerimage.digest": A})
        )),
        A
    );
}

#[test]
fn what_is_not_used_may_be_anything() {
    let build = one(&json!({
        "containerimage.descriptor": {"digest": A, "size": -1, "annotations": {"x": 1}, "urls": 3},
        "containerimage.config.digest": "sha256:123",
        "containerimage.buildinfo": [1, 2, {"a": null}],
        "frontend.result.inlinemessage": 7,
        "buildx.build.ref": {"odd": true},
        "image.name": "r.io/app:1",
    }));
    assert_eq!((image(&build), build.id), (A.to_owned(), None));
}

#[test]
fn only_what_looks_in_all_as_exporters_of_files_leave_it_may_be_of_a_file() {
    const DATE: &str = "2026-01-01T00:00:00Z";
    let exported = |date: &Value, more: Value| {
        let annotations = json!({"org.opencontainers.image.created": date});
        let mut file = json!({
            "containerimage.descriptor": {"digest": A, "annotations": annotations},
            "containerimage.digest": A,
            "image.name": "r.io/app:1,docker.io/library/app:1",
        });
        for (key, value) in more.as_object().unwrap() {
            match value {
                Value::Null => drop(file.as_object_mut().unwrap().remove(key)),
                value => file[key] = value.clone(),
            }
        }
        one(&file).exported
    };
    assert!(exported(&json!(DATE), json!({})));
    assert!(exported(&json!(DATE), json!({"image.name": null})));
    // The dates of people and of docker/metadata-action.
    for date in [
        json!("2026-01-01T00:00:00.000Z"),
        json!("2026-01-01T00:00:00+00:00"),
        json!("2026-01-01"),
        json!("today, at about 10 am"),
        json!(""),
        json!(1),
        json!(null),
    ] {
        assert!(!exported(&date, json!({})), "{date}");
    }
    for more in [
        json!({"containerimage.descriptor": {"digest": A}}),
        // `imagetools create` leaves none.
        json!({"containerimage.digest": null}),
        // Names as they were typed.
        json!({"image.name": "app:1"}),
        json!({"image.name": "acme/app:1"}),
        json!({"image.name": "r.io/app"}),
        json!({"image.name": "r.io/app:1, r.io/app:2"}),
        json!({"image.name": "r.io/app:1,app:2"}),
    ] {
        assert!(!exported(&json!(DATE), more.clone()), "{more}");
    }
}

#[test]
fn builds_without_an_image_are_read_as_such() {
    for value in [
        json!({"buildx.build.ref": "b/n/i"}),
        json!({"buildx.build.provenance": {}}),
        json!({"result.json": {}, "result.statuscode": "0"}),
        json!({"image.name": "r.io/app:1"}),
    ] {
        assert_eq!(image(&one(&value)), "none", "{value}");
    }
}

#[test]
#[cfg_attr(miri, ignore = "so large that Miri takes minutes")]
fn several_hundred_kilobytes_of_provenance_are_read() {
    let event = "x".repeat(300 * 1024);
    let build = one(&json!({
        "buildx.build.provenance/linux/amd64": {"event": event},
        "buildx.build.provenance/linux/arm64": {"event": event},
        "containerimage.digest": A,
    }));
    assert_eq!(build.platforms.len(), 2);
}

#[test]
fn a_malformed_key_that_is_used_is_refused_with_file_key_and_reason() {
    for (value, message) in [
        (
            json!({"containerimage.digest": 7}),
            "failed to read `build.json`: key `containerimage.digest`: expected a string",
        ),
        (
            json!({"containerimage.digest": "sha256:12"}),
            "failed to read `build.json`: key `containerimage.digest`: `sha256:12`: a digest of this algorithm has 64 digits, this one has 2",
        ),
        (
            json!({"containerimage.descriptor": {"digest": "../../etc"}}),
            "failed to read `build.json`: key `containerimage.descriptor`: `../../etc`: a digest looks like `sha256:` and 64 hexadecimal digits",
        ),
        (
            json!({"containerimage.descriptor": "what"}),
            "failed to read `build.json`: key `containerimage.descriptor`: expected an object with a `digest`",
        ),
        (
            json!({"containerimage.descriptor": {"mediaType": "x"}}),
            "failed to read `build.json`: key `containerimage.descriptor`: expected a descriptor with a `digest`: missing field `digest` at line 1 column 17",
        ),
        (
            json!({"containerimage.digest": A, "image.name": ["r.io/app:1"]}),
            "failed to read `build.json`: key `image.name`: expected a string",
        ),
        (
            json!({"containerimage.digest": A, "image.name": "r.io/App:1"}),
            "failed to read `build.json`: key `image.name`: `r.io/App:1`: a repository is written in lower case",
        ),
        (
            json!({"app": "text"}),
            "failed to read `build.json`: key `app`: expected the keys of a bake target, such as `containerimage.digest`",
        ),
        (
            json!({"app": {"containerimage.digest": A, "image.name": 1}}),
            "failed to read `build.json`: target `app`, key `image.name`: expected a string",
        ),
        (
            json!({"containerimage.config.digest": "x"}),
            "failed to read `build.json`: key `containerimage.config.digest`: `x`: a digest looks like `sha256:` and 64 hexadecimal digits",
        ),
    ] {
        assert_eq!(refused(&value), message);
    }
}

#[test]
fn what_is_no_metadata_is_refused_in_one_line() {
    for (text, message) in [
        (&b""[..], "nothing to check: `build.json` is empty"),
        (b" \n", "nothing to check: `build.json` is empty"),
        (b"null", "nothing to check: `build.json` holds `null`"),
        (b"{}", "nothing to check: `build.json` holds no build"),
        (
            br#"{"buildx.build.warnings":[]}"#,
            "nothing to check: `build.json` holds no build",
        ),
        (
            b"{\"a\":",
            "failed to read `build.json`: EOF while parsing a value at line 1 column 5",
        ),
        (
            b"\xff\xfe",
            "failed to read `build.json`: not UTF-8 at byte 0",
        ),
        (
            b"[1]",
            "failed to read `build.json`: invalid type: sequence, expected a map at line 1 column 0",
        ),
    ] {
        assert_eq!(parse("build.json", text).unwrap_err().message, message);
    }
}

#[test]
#[cfg_attr(miri, ignore = "so large that Miri takes minutes")]
fn what_is_nested_deep_is_refused() {
    let deep = "[".repeat(100_000);
    assert!(parse("build.json", format!("{{\"a\":{deep}").as_bytes()).is_err());
}

#[test]
fn a_byte_order_mark_is_skipped() {
    let text = format!("\u{feff}{{\"containerimage.digest\":\"{A}\"}}");
    assert_eq!(parse("build.json", text.as_bytes()).unwrap().len(), 1);
}

#[test]
fn what_stands_beside_targets_is_no_target() {
    let target = json!({"containerimage.digest": A, "image.name": "r.io/app:1"});
    for (key, value) in [
        ("depot.build", json!({"buildID": "b", "projectID": "p"})),
        ("depot.build", json!({"targets": ["app"]})),
        ("acme.build", json!({})),
        ("acme.io/build", json!({"id": 1})),
        ("buildx.build.warnings", json!([{"vertex": "x"}])),
        ("buildx.build.new", json!("text")),
        ("buildx.build.new", json!({})),
        ("io.example.note", json!("text")),
        ("$schema", json!("https://example.com")),
        ("", json!({})),
        ("with space", json!([])),
    ] {
        let read = read(&json!({"app": target, key: value})).unwrap();
        let targets: Vec<&str> = read.iter().filter_map(|it| it.target.as_deref()).collect();
        assert_eq!(targets, ["app"], "{key}");
        let is_known = key.starts_with("buildx.") || key.starts_with("depot.");
        assert_eq!(read[0].unread.is_empty(), is_known, "{key}");
        // Beside the keys of a single build, too.
        let mut single = target.clone();
        single[key] = value.clone();
        assert_eq!(image(&one(&single)), A, "{key}");
    }
}

#[test]
fn whatever_it_is_called_a_build_is_read() {
    let target = json!({"containerimage.digest": A, "image.name": "r.io/app:1"});
    for name in ["app", "APP_2", "a-b", "0", "web.v1", "web/v1", "\u{fc}"] {
        let read = read(&json!({name: target, "other": {}})).unwrap();
        let names: Vec<&str> = read.iter().filter_map(|it| it.target.as_deref()).collect();
        assert_eq!(names.len(), 2, "{name}");
        assert!(names.contains(&name), "{names:?}");
    }
    for value in [json!("text"), json!([]), json!(1)] {
        let problem = read(&json!({"app": value})).unwrap_err();
        assert!(problem.message.contains("key `app`"), "{problem}");
    }
}

#[test]
fn targets_beside_a_single_build_are_not_lost() {
    let target = json!({"containerimage.digest": A, "image.name": "r.io/app:1"});
    let mut both = target.clone();
    both["app"] = target;
    let problem = read(&both).unwrap_err();
    assert!(
        problem.message.contains("key `app`: it is a build as well"),
        "{problem}"
    );
}

#[test]
fn names_without_a_digest_are_not_lost_without_a_word() {
    let read = read(&json!({
        "app": {"image.name": "r.io/app:1", "buildx.build.ref": "b/n/i"},
        "web": {"containerimage.digest": A, "image.name": "r.io/web:1"},
        "base": {"image.name": " "},
    }))
    .unwrap();
    let unread: Vec<&[String]> = read.iter().map(|it| it.unread.as_slice()).collect();
    assert_eq!(
        unread,
        [
            &["names of `app` without a digest".to_owned()][..],
            &[],
            &[]
        ]
    );
    let (_, notes) =
        crate::expectation::expect(&read, &crate::expectation::Asked::default()).unwrap();
    assert_eq!(notes.len(), 1);
    assert!(notes[0].message.contains("names of `app` without a digest"));
}

#[test]
fn the_config_of_an_image_is_kept_beside_its_digest() {
    let descriptor = json!({"digest": A});
    for (metadata, config) in [
        (
            json!({"containerimage.descriptor": descriptor, "containerimage.config.digest": B}),
            Some(B),
        ),
        (json!({"containerimage.descriptor": descriptor}), None),
        // The trace of a double push.
        (
            json!({"containerimage.descriptor": descriptor, "containerimage.config.digest": A}),
            None,
        ),
        (
            json!({"containerimage.descriptor": descriptor, "containerimage.config.digest": "nonsense"}),
            None,
        ),
        // All that there is, is what the tag should be.
        (json!({"containerimage.config.digest": B}), None),
        (json!({"containerimage.digest": A}), None),
    ] {
        let config = config.map(|it| it.parse().unwrap());
        assert_eq!(one(&metadata).config, config, "{metadata}");
    }
}
