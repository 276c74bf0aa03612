use serde_json::{Value, json};

use super::*;
use crate::metadata;
use crate::note;

const A: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

fn builds(values: &[Value]) -> Vec<Build> {
    let read = |value: &Value| metadata::parse("build.json", value.to_string().as_bytes()).unwrap();
    values.iter().flat_map(read).collect()
}

fn tags(tags: &[&str]) -> Asked {
    Asked {
        tags: tags.iter().map(|tag| tag.parse().unwrap()).collect(),
        ..Asked::default()
    }
}

/// `reference claim digest` of each expectation, digests by their first digit.
fn claims(values: &[Value], asked: &Asked) -> Vec<String> {
    let (expectations, _) = expect(&builds(values), asked).unwrap();
    let told = |it: &Expectation| {
        let reference = it.reference().to_string().replace(A, "A").replace(B, "B");
        let conflict = if it.conflicts.is_empty() {
            ""
        } else {
            " conflict"
        };
        let digest = it
            .image
            .digest()
            .map_or_else(|| "nothing".to_owned(), ToString::to_string)
            .replace(A, "A")
            .replace(B, "B");
        format!("{reference} {:?} {digest}{conflict}", it.claim)
    };
    expectations.iter().map(told).collect()
}

fn problem(values: &[Value], asked: &Asked) -> String {
    let problem = expect(&builds(values), asked).unwrap_err();
    format!("{}; {}", problem.message, problem.help.unwrap_or_default())
}

fn notes(values: &[Value], asked: &Asked) -> Vec<note::Code> {
    expect(&builds(values), asked)
        .unwrap()
        .1
        .iter()
        .map(|note| note.code)
        .collect()
}

fn built(digest: &str, names: &str) -> Value {
    json!({"containerimage.descriptor": {"digest": digest}, "image.name": names})
}

#[test]
fn every_name_of_a_build_is_an_expectation_in_its_order() {
    assert_eq!(
        claims(&[built(A, "r.io/b:2,r.io/a:1,q.io/a:1")], &Asked::default()),
        ["r.io/b:2 Build A", "r.io/a:1 Build A", "q.io/a:1 Build A"]
    );
}

#[test]
fn a_name_without_a_tag_is_its_digest_and_maybe_latest() {
    assert_eq!(
        claims(&[built(A, "r.io/a")], &Asked::default()),
        ["r.io/a@A Build A", "r.io/a:latest Implied A"]
    );
    assert_eq!(
        notes(&[built(A, "r.io/a")], &Asked::default()),
        [note::Code::NoTag]
    );
}

#[test]
fn latest_that_a_build_names_is_no_guess() {
    assert_eq!(
        claims(&[built(A, "r.io/a,r.io/a:latest")], &Asked::default()),
        ["r.io/a@A Build A", "r.io/a:latest Build A"]
    );
    assert_eq!(
        claims(
            &[built(A, "r.io/a"), built(B, "r.io/a:latest")],
            &Asked::default()
        ),
        ["r.io/a@A Build A", "r.io/a:latest Build B"]
    );
}

#[test]
fn one_tag_with_two_digests_is_a_conflict_and_with_one_is_one() {
    assert_eq!(
        claims(
            &[built(A, "r.io/a:1,r.io/a:2"), built(B, "r.io/a:1")],
            &Asked::default()
        ),
        [
            "r.io/a:1 Build A conflict",
            "r.io/a:2 Build A",
            "r.io/a:1 Build B conflict"
        ]
    );
    assert_eq!(
        claims(
            &[built(A, "r.io/a:1"), built(A, "r.io/a:1")],
            &Asked::default()
        ),
        ["r.io/a:1 Build A"]
    );
}

#[test]
fn tags_asked_for_replace_the_names_and_are_of_the_build_if_it_names_them() {
    assert_eq!(
        claims(
            &[built(A, "r.io/a:1,r.io/a:2")],
            &tags(&["r.io/a:2", "r.io/a:3", "r.io/b"])
        ),
        [
            "r.io/a:2 Build A",
            "r.io/a:3 Asked A",
            "r.io/b:latest Asked A"
        ]
    );
}

#[test]
fn a_reference_with_a_digest_needs_no_metadata() {
    assert_eq!(
        claims(
            &[],
            &tags(&[&format!("r.io/a:1@{B}"), &format!("r.io/a@{A}")])
        ),
        ["r.io/a:1 Asked B", "r.io/a@A Asked A"]
    );
    let asked = Asked {
        digest: Some(B.parse().unwrap()),
        ..tags(&["r.io/a:1", &format!("r.io/b:1@{A}")])
    };
    assert_eq!(
        claims(&[], &asked),
        ["r.io/a:1 Asked B", "r.io/b:1 Asked A"]
    );
    let asked = Asked {
        digest: Some(B.parse().unwrap()),
        ..tags(&["r.io/a:1"])
    };
    assert_eq!(
        claims(&[built(A, "r.io/a:1"), built(B, "r.io/b:1")], &asked),
        ["r.io/a:1 Asked B"]
    );
}

#[test]
fn a_tag_whose_digest_cannot_be_told_is_refused() {
    let bake = json!({"x": built(A, "r.io/a:1"), "y": built(B, "r.io/b:1")});
    assert_eq!(
        problem(&[bake], &tags(&["r.io/c:1"])),
        "several digests at hand for `r.io/c:1`, and nothing says which one it should be; \
         say which one: one `--target` of `x`, `y`, or `--digest sha256:…`"
    );
    assert_eq!(
        problem(
            &[built(A, "r.io/a:1"), built(B, "r.io/b:1")],
            &tags(&["r.io/c:1"])
        ),
        "several digests at hand for `r.io/c:1`, and nothing says which one it should be; \
         say which one: `--digest sha256:…`, or `--tag r.io/c:1@sha256:…`"
    );
    assert_eq!(
        problem(&[], &tags(&["r.io/c:1"])),
        "no digest to expect of `r.io/c:1`; give the metadata file, `--digest sha256:…`, or `--tag r.io/c:1@sha256:…`"
    );
}

#[test]
fn one_target_of_a_bake_file_says_whose_digest_it_is() {
    let bake = json!({"x": {"containerimage.digest": A}, "y": {"containerimage.digest": B}});
    let asked = Asked {
        targets: vec!["y".to_owned()],
        ..tags(&["r.io/c:1"])
    };
    assert_eq!(
        claims(std::slice::from_ref(&bake), &asked),
        ["r.io/c:1 Asked B"]
    );
    assert_eq!(
        notes(std::slice::from_ref(&bake), &asked),
        [note::Code::NoName]
    );
    assert_eq!(
        problem(&[bake], &Asked::default()),
        "nothing to check: the build of `x` left a digest and no name; a builder of several nodes, or a build \
         without `-t`, leaves no names: give `--tag NAME:TAG` with one `--target`"
    );
}

#[test]
fn an_unknown_target_is_refused_with_those_there_are() {
    let bake = json!({"x": built(A, "r.io/a:1"), "linked": {"buildx.build.ref": "b/n/i"}});
    let asked = Asked {
        targets: vec!["z".to_owned()],
        ..Asked::default()
    };
    assert_eq!(
        problem(std::slice::from_ref(&bake), &asked),
        "no target `z` in the metadata; use one of `linked`, `x`"
    );
    let asked = Asked {
        targets: vec!["linked".to_owned()],
        ..Asked::default()
    };
    assert!(problem(&[bake], &asked).starts_with("nothing to check"));
    let asked = Asked {
        targets: vec!["z".to_owned()],
        ..Asked::default()
    };
    assert_eq!(
        problem(&[built(A, "r.io/a:1")], &asked),
        "no target `z` in the metadata; leave `--target` out: only a bake file has targets"
    );
}

#[test]
fn nothing_at_hand_is_refused() {
    assert!(problem(&[], &Asked::default()).starts_with("no metadata and no tag to check"));
    assert!(
        problem(&[json!({"buildx.build.ref": "b"})], &Asked::default())
            .starts_with("nothing to check")
    );
}

#[test]
fn stated_platforms_go_before_those_the_build_names() {
    let mut value = built(A, "r.io/a:1");
    value["buildx.build.provenance/linux/amd64"] = json!({});
    let (expectations, _) = expect(&builds(&[value.clone()]), &Asked::default()).unwrap();
    assert_eq!(
        (
            expectations[0].platforms.len(),
            expectations[0].platforms_stated
        ),
        (1, false)
    );
    let asked = Asked {
        platforms: vec!["linux/arm64".parse().unwrap(), "linux/386".parse().unwrap()],
        ..Asked::default()
    };
    let (expectations, _) = expect(&builds(&[value]), &asked).unwrap();
    assert_eq!(
        (
            expectations[0].platforms.len(),
            expectations[0].platforms_stated
        ),
        (2, true)
    );
}

#[test]
fn an_image_id_is_expected_under_latest_where_no_tag_is_named() {
    let value = json!({"containerimage.config.digest": A, "containerimage.digest": A, "image.name": "docker.io/library/app"});
    let (expectations, notes) = expect(&builds(&[value]), &Asked::default()).unwrap();
    assert_eq!(
        expectations[0].reference().to_string(),
        "docker.io/library/app:latest"
    );
    assert_eq!(expectations[0].image, Expected::Id(A.parse().unwrap()));
    assert_eq!(notes[0].code, note::Code::ImageId);
}

#[test]
fn a_nameless_build_beside_a_named_one_is_a_note() {
    let values = [built(A, "r.io/a:1"), json!({"containerimage.digest": B})];
    assert_eq!(notes(&values, &Asked::default()), [note::Code::NoName]);
}

#[test]
fn what_two_alike_claims_require_is_required_together() {
    let mut first = built(A, "r.io/a:1");
    first["buildx.build.provenance/linux/amd64"] = json!({});
    let mut second = built(A, "r.io/a:1");
    second["buildx.build.provenance/linux/arm64"] = json!({});
    let (expectations, _) = expect(&builds(&[first, second]), &Asked::default()).unwrap();
    assert_eq!(expectations.len(), 1);
    assert_eq!(expectations[0].platforms.len(), 2);
}

#[test]
fn of_builds_that_ran_one_after_the_other_the_later_one_has_the_tag() {
    let asked = Asked {
        later_wins: true,
        ..Asked::default()
    };
    let values = [
        built(A, "r.io/a:1,r.io/a:2"),
        built(B, "r.io/a:1"),
        built(A, "r.io/a:1"),
    ];
    assert_eq!(
        claims(&values[..2], &asked),
        ["r.io/a:2 Build A", "r.io/a:1 Build B"]
    );
    assert_eq!(notes(&values[..2], &asked), [note::Code::Superseded]);
    assert_eq!(
        claims(&values, &asked),
        ["r.io/a:2 Build A", "r.io/a:1 Build A"]
    );
}

/// Two outputs of one build: the metadata is of `app:1`.
fn two_outputs(described: &[&str], others: &[&str]) -> Build {
    let read = |names: &[&str]| names.iter().map(|it| it.parse().unwrap()).collect();
    let mut build = builds(&[built(A, &[described, others].concat().join(","))]).remove(0);
    build.outputs = Some(metadata::Outputs {
        described: read(described),
        others: read(others),
    });
    build
}

#[test]
fn each_tag_of_several_outputs_is_known_by_the_output_that_pushes_it() {
    let told = |build: &Build, asked: &Asked| -> Vec<String> {
        let (expectations, _) = expect(std::slice::from_ref(build), asked).unwrap();
        let one = |it: &Expectation| {
            let output = match &it.output {
                Output::Described => "described".to_owned(),
                Output::Any => "any".to_owned(),
                Output::Other(home) => format!("other, of {home}"),
            };
            let reference = it.reference().to_string().replace(A, "A");
            format!("{reference} {output} {}", it.home())
        };
        expectations.iter().map(one).collect()
    };
    let all = Asked::default();
    let build = two_outputs(&["r.io/app:1", "r.io/app:2"], &["r.io/app:2", "q.io/app:1"]);
    assert_eq!(
        told(&build, &all),
        [
            "r.io/app:1 described r.io/app",
            "r.io/app:2 any r.io/app",
            "q.io/app:1 other, of r.io/app r.io/app",
        ]
    );
    assert_eq!(
        told(&build, &tags(&["q.io/app:1", "q.io/app:3", "r.io/app:1"])),
        [
            "q.io/app:1 other, of r.io/app r.io/app",
            "q.io/app:3 described q.io/app",
            "r.io/app:1 described r.io/app",
        ]
    );
    // Its own repository before another one.
    let build = two_outputs(&["r.io/app:1", "q.io/app:1"], &["q.io/app:1-zstd"]);
    assert_eq!(
        told(&build, &all)[2],
        "q.io/app:1-zstd other, of q.io/app q.io/app"
    );
    // Pushed by digest, and that digest is not known.
    let build = two_outputs(&["r.io/app:1"], &["r.io/app"]);
    assert_eq!(told(&build, &all), ["r.io/app:1 described r.io/app"]);
    let (_, notes) = expect(&[build], &all).unwrap();
    let said: Vec<note::Code> = notes.iter().map(|note| note.code).collect();
    assert_eq!(said, [note::Code::OtherOutput]);
    assert!(notes[0].message.contains("`r.io/app`"), "{notes:?}");
}
