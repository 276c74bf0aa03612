use serde_json::json;

use super::attributes::fields;
use super::outputs::Push;
use super::*;
use crate::metadata;

const A: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn recorded(name: &str) -> Definition {
    let root = env!("CARGO_MANIFEST_DIR");
    let text = std::fs::read(format!("{root}/tests/data/definitions/{name}")).unwrap();
    parse(name, &text).unwrap()
}

fn of(value: &Value) -> Result<Definition, Problem> {
    parse("def.json", value.to_string().as_bytes())
}

/// What is made of each target when the metadata holds these.
fn completed(definition: &Definition, metadata: &Value, group: Option<&str>) -> Vec<Build> {
    let builds = match metadata.as_object() {
        Some(members) if members.is_empty() => Vec::new(),
        _ => metadata::parse("build.json", metadata.to_string().as_bytes()).unwrap(),
    };
    definition.complete(builds, group).unwrap()
}

/// `target: names; platforms; attestations`, `!` before a target that left no image, `-` before
/// one that is not pushed.
fn told(builds: &[Build]) -> Vec<String> {
    let list = |items: Vec<String>| items.join(" ");
    let one = |build: &Build| {
        let (mark, names) = match build.image {
            Image::Missing => ("!", &build.names),
            Image::None => ("-", &build.unpushed),
            _ => ("", &build.names),
        };
        format!(
            "{mark}{}: {}; {}; {}",
            build.target.as_deref().unwrap_or_default(),
            list(names.iter().map(ToString::to_string).collect()),
            list(build.platforms.iter().map(ToString::to_string).collect()),
            list(build.attestations.iter().map(ToString::to_string).collect()),
        )
    };
    builds.iter().map(one).collect()
}

#[test]
fn every_target_of_a_definition_is_expected_with_its_tags_platforms_and_attestations() {
    let expected = [
        "-base: ; ; ",
        "!tools: registry.example.com/tools:1.4; ; ",
        "!web: registry.example.com/web:1.4 registry.example.com/web:latest; linux/amd64 linux/arm64; provenance sbom",
        "!worker-alpine-3-20: registry.example.com/worker:alpine3.20; linux/amd64 linux/arm64; sbom",
        "!worker-debian-12: registry.example.com/worker:debian12; linux/amd64 linux/arm64; sbom",
    ];
    let all = recorded("all.json");
    assert_eq!(told(&completed(&all, &json!({}), None)), expected);
    // Its groups hold each other.
    assert_eq!(
        told(&completed(&all, &json!({}), Some("all"))),
        expected[1..]
    );
    assert_eq!(
        told(&completed(&all, &json!({}), Some("workers"))),
        expected[3..]
    );
    let metadata = json!({"tools": {"containerimage.digest": A}, "other": {"containerimage.digest": A, "image.name": "r.io/x:1"}});
    assert_eq!(
        told(&completed(&all, &metadata, Some("worker"))),
        expected[3..]
    );
    let with = told(&completed(&all, &metadata, None));
    assert_eq!(
        with[..2],
        [
            "other: r.io/x:1; ; ",
            "tools: registry.example.com/tools:1.4; ; "
        ]
    );
}

#[test]
fn outputs_decide_what_is_pushed() {
    for (file, pushed, not) in [
        ("default.json", 3, 0),
        ("push.json", 3, 0),
        ("load.json", 0, 2),
        ("outputs.json", 5, 8),
        ("strings.json", 2, 3),
    ] {
        let builds = completed(&recorded(file), &json!({}), None);
        let is_pushed = |build: &&Build| build.image == Image::Missing;
        assert_eq!(builds.iter().filter(is_pushed).count(), pushed, "{file}");
        let names = builds.iter().filter(|build| !build.unpushed.is_empty());
        assert_eq!(names.count(), not, "{file}");
    }
    assert_eq!(
        told(&completed(&recorded("strings.json"), &json!({}), None)),
        [
            "!app: r.example/app:1; linux/amd64; provenance",
            "-dir: r.example/dir:1; ; ",
            "-file: r.example/file:1; ; ",
            "!named: r.example/named:1 r.example/named:2; ; ",
            "-stdout: r.example/stdout:1; ; ",
        ]
    );
    for (output, expected) in [
        (json!([]), Push::Tags),
        (json!(["type=registry"]), Push::Tags),
        (json!([{"type": "image", "push": "true"}]), Push::Tags),
        (json!([{"type": "image", "push": "false"}]), Push::No),
        (json!([{"type": "image", "push": true}]), Push::Tags),
        (json!(["type=image"]), Push::No),
        (json!(["type=registry,push=false"]), Push::No),
        (json!(["type=moby,push=true"]), Push::Tags),
        (json!(["type=moby"]), Push::No),
        (json!(["type=oci,dest=a.tar"]), Push::No),
        (json!(["type=cacheonly", "type=registry"]), Push::Tags),
        (
            json!(["type=image,push-by-digest=true,push=true,name=r.io/a"]),
            Push::Digest,
        ),
        (
            json!(["type=image,push-by-digest=true,name=r.io/a"]),
            Push::No,
        ),
    ] {
        let definition = of(&json!({"target": {"a": {"output": output}}})).unwrap();
        let outputs = &definition.targets["a"].outputs;
        assert!(
            outputs.iter().any(|it| it.push == expected),
            "{output}: {outputs:?}"
        );
    }
}

#[test]
fn a_build_has_the_names_of_both_each_once_and_completed() {
    let definition =
        of(&json!({"target": {"a": {"tags": ["acme/app", "r.io/app:1", "r.io/app:2"]}}})).unwrap();
    let metadata =
        json!({"a": {"containerimage.digest": A, "image.name": "acme/app,r.io/app:2,r.io/app:3"}});
    assert_eq!(
        told(&completed(&definition, &metadata, None)),
        ["a: docker.io/acme/app:latest r.io/app:2 r.io/app:3 r.io/app:1; ; "]
    );
    // What is pushed by digest has no tag.
    let definition = of(
        &json!({"target": {"a": {"output": ["type=image,push-by-digest=true,push=true,name=r.io/app"]}}}),
    )
    .unwrap();
    assert_eq!(
        told(&completed(&definition, &json!({}), None)),
        ["!a: r.io/app; ; "]
    );
}

/// `names; described; others; unpushed` of the only target with these tags and outputs.
fn outputs(tags: &Value, outputs: &Value, names: &str) -> String {
    let definition = of(&json!({"target": {"a": {"tags": tags, "output": outputs}}})).unwrap();
    let mut metadata = json!({"a": {"containerimage.digest": A}});
    if !names.is_empty() {
        metadata["a"]["image.name"] = json!(names);
    }
    let build = completed(&definition, &metadata, None).remove(0);
    let list = |names: &[Reference]| {
        let short = names.iter().map(|name| {
            let name = name.to_string();
            name.strip_prefix("r.io/").unwrap_or(&name).to_owned()
        });
        short.collect::<Vec<_>>().join(" ")
    };
    let of = build.outputs.as_ref();
    let part = |names: Option<&Vec<Reference>>| names.map_or("-".to_owned(), |it| list(it));
    format!(
        "{}; {}; {}; {}",
        list(&build.names),
        part(of.map(|of| &of.described)),
        part(of.map(|of| &of.others)),
        list(&build.unpushed)
    )
}

#[test]
fn of_several_outputs_that_push_the_metadata_is_of_one() {
    let (zstd, gzip) = (
        "type=image,name=r.io/app:1-zstd,push=true,compression=zstd",
        "type=image,name=r.io/app:1,push=true",
    );
    let none = json!([]);
    for (tags, given, metadata, expected) in [
        (
            &none,
            json!([zstd, gzip]),
            "",
            "app:1-zstd app:1; app:1; app:1-zstd; ",
        ),
        (
            &none,
            json!([gzip, zstd]),
            "",
            "app:1 app:1-zstd; app:1-zstd; app:1; ",
        ),
        // The names in the metadata say more than the order.
        (
            &none,
            json!([zstd, gzip]),
            "r.io/app:1-zstd",
            "app:1-zstd app:1; app:1-zstd; app:1; ",
        ),
        (
            &none,
            json!([zstd, gzip]),
            "r.io/app:1",
            "app:1 app:1-zstd; app:1; app:1-zstd; ",
        ),
        (
            &none,
            json!([zstd, gzip]),
            "r.io/x:1",
            "x:1 app:1-zstd app:1; app:1; app:1-zstd; ",
        ),
        // Tags take the place of the names of each.
        (
            &json!(["r.io/app:2", "r.io/app"]),
            json!([zstd, gzip]),
            "",
            "app:2 app:latest; app:2 app:latest; app:2 app:latest; ",
        ),
        (
            &none,
            json!([zstd, "type=registry,name=r.io/app", gzip]),
            "",
            "app:1-zstd app:latest app:1; app:1; app:1-zstd app:latest; ",
        ),
        (
            &none,
            json!([{"type": "registry", "name": "r.io/a:1,r.io/b:1"}, {"type": "image", "push": "true", "name": "r.io/b:1"}]),
            "",
            "a:1 b:1; b:1; a:1 b:1; ",
        ),
        // By digest, and by tag.
        (
            &none,
            json!([
                "type=image,name=r.io/app,push=true,push-by-digest=true",
                gzip
            ]),
            "",
            "app app:1; app:1; app; ",
        ),
        // One output alone pushes.
        (&none, json!([gzip]), "", "app:1; -; -; "),
        (
            &none,
            json!(["type=docker,name=local:1", gzip]),
            "",
            "app:1; -; -; docker.io/library/local:1",
        ),
        (
            &none,
            json!([gzip, "type=docker,name=r.io/app:1"]),
            "",
            "app:1; -; -; ",
        ),
        (
            &json!(["r.io/app:1"]),
            json!([gzip, "type=oci,dest=a.tar"]),
            "",
            "app:1; -; -; ",
        ),
        (&json!(["r.io/app:1"]), json!([]), "", "app:1; -; -; "),
        (
            &none,
            json!(["type=oci,name=r.io/app:1"]),
            "",
            "; -; -; app:1",
        ),
    ] {
        assert_eq!(
            outputs(tags, &given, metadata),
            expected,
            "{tags} {given} {metadata}"
        );
    }
}

#[test]
fn the_metadata_of_a_build_without_a_target_is_that_of_the_only_one() {
    let one = of(&json!({"target": {"a": {"tags": ["r.io/app:1"]}}})).unwrap();
    let metadata = json!({"containerimage.digest": A});
    assert_eq!(
        told(&completed(&one, &metadata, None)),
        [": r.io/app:1; ; "]
    );
    let two = of(&json!({"target": {"a": {"tags": ["r.io/app:1"]}, "b": {"tags": []}}})).unwrap();
    assert_eq!(
        told(&completed(&two, &metadata, None)),
        [": ; ; ", "!a: r.io/app:1; ; ", "!b: ; ; "]
    );
}

#[test]
fn a_target_of_the_metadata_without_an_image_is_missing() {
    let definition = of(&json!({"target": {"a": {"tags": ["r.io/app:1"]}}})).unwrap();
    let metadata = json!({"a": {"buildx.build.ref": "b/n/i"}});
    assert_eq!(
        told(&completed(&definition, &metadata, None)),
        ["!a: r.io/app:1; ; "]
    );
}

/// The platforms of a target, and what stands among them and cannot be checked.
fn platforms(texts: &Value) -> Result<(Vec<String>, Vec<String>), Problem> {
    let definition = of(&json!({"target": {"a": {"tags": ["r.io/app:1"], "platforms": texts}}}))?;
    let build = completed(&definition, &json!({}), None).remove(0);
    assert_eq!(build.platforms_stated, !build.platforms.is_empty());
    let platforms = build.platforms.iter().map(ToString::to_string).collect();
    Ok((platforms, build.unchecked))
}

#[test]
fn platforms_are_read_as_buildx_reads_them() {
    for (texts, expected) in [
        (json!(null), ""),
        (json!([]), ""),
        (json!(["amd64", "arm64"]), "amd64 arm64"),
        (json!(["linux/amd64", "arm64"]), "linux/amd64 arm64"),
        (
            json!(["linux/amd64,linux/arm64", "armhf"]),
            "linux/amd64 linux/arm64 arm",
        ),
        (
            json!([" linux/amd64 , linux/arm64\n"]),
            "linux/amd64 linux/arm64",
        ),
        // bake leaves empty ones out itself.
        (json!(["", "linux/amd64", ","]), "linux/amd64"),
        (json!(["x86_64", "amd64", "AMD64"]), "amd64"),
        (json!(["linux/arm64/v8", "LINUX/ARM64"]), "linux/arm64"),
        (json!(["linux", "windows"]), "linux windows"),
        (
            json!([
                "windows(10.0.17763)/amd64",
                "windows(10.0.20348)/amd64",
                "windows(10.0.17763)/x86_64"
            ]),
            "windows(10.0.17763)/amd64 windows(10.0.20348)/amd64",
        ),
    ] {
        let (read, unchecked) = platforms(&texts).unwrap();
        assert_eq!(read.join(" "), expected, "{texts}");
        assert!(unchecked.is_empty());
    }
}

#[test]
fn the_platform_of_the_machine_that_builds_is_kept_to_be_told() {
    for (texts, expected) in [
        (json!(["local"]), ""),
        (json!(["LOCAL", "local", "linux/amd64"]), "linux/amd64"),
        (json!(["linux/amd64,local"]), "linux/amd64"),
    ] {
        let (read, unchecked) = platforms(&texts).unwrap();
        assert_eq!(read.join(" "), expected, "{texts}");
        assert_eq!(unchecked, ["local"], "{texts}");
    }
}

#[test]
fn one_platform_that_is_none_among_nine_is_named_with_what_to_write() {
    let nine: Vec<String> = (1..10).map(|it| format!("linux/a{it}")).collect();
    for (text, help) in [
        (
            "amd65",
            "write the operating system and the architecture, like `linux/amd64`",
        ),
        ("linux/", "write it like `linux/amd64`"),
        ("linux/*", "write it like `linux/amd64`"),
        ("linux/amd64/v2/x", "write it like `linux/amd64`"),
        ("windows(10.0/amd64", "write it like `linux/amd64`"),
        (
            "all",
            "write the operating system and the architecture, like `linux/amd64`",
        ),
    ] {
        for texts in [
            [&nine[..], &[text.to_owned()]].concat(),
            vec![format!("{},{text}", nine.join(","))],
        ] {
            let problem = platforms(&json!(texts)).unwrap_err();
            let place = format!("`def.json`: target `a`: `platforms`: `{text}`: ");
            assert!(problem.message.contains(&place), "{}", problem.message);
            assert!(problem.help.unwrap().contains(help));
        }
    }
    let problem = platforms(&json!([7])).unwrap_err();
    assert!(problem.message.contains("expected a text"), "{problem}");
}

#[test]
fn the_platforms_of_a_definition_stand_in_the_place_of_the_metadatas() {
    let metadata = json!({"a": {
        "containerimage.digest": A,
        "buildx.build.provenance/linux/amd64": {},
        "buildx.build.provenance/0": {},
    }});
    let with = |platforms: Value| {
        let definition = json!({"target": {"a": {"tags": ["r.io/app:1"], "platforms": platforms}}});
        completed(&of(&definition).unwrap(), &metadata, None).remove(0)
    };
    let build = with(json!(["arm64"]));
    assert_eq!(build.platforms, ["arm64".parse().unwrap()]);
    assert!(build.unchecked.is_empty());
    let build = with(json!(["local"]));
    assert_eq!(build.platforms, ["linux/amd64".parse().unwrap()]);
    assert_eq!(build.unchecked, ["0", "local"]);
}

#[test]
fn what_is_no_definition_is_refused_with_the_reason() {
    for (text, cause) in [
        ("", "EOF"),
        ("group \"default\" {}", "expected value"),
        ("{}", "it has no `target`"),
        (r#"{"target":{}}"#, "it has no targets"),
        (
            r#"{"target":{"a":{"tags":"x"}}}"#,
            "target `a`: `tags`: expected a list",
        ),
        (
            r#"{"target":{"a":{"tags":["A B"]}}}"#,
            "target `a`: tag `A B`",
        ),
        (
            r#"{"target":{"a":{"output":[7]}}}"#,
            "target `a`: `output`: expected",
        ),
        (
            r#"{"target":{"a":{"output":["type=image,push"]}}}"#,
            "found `push`",
        ),
        (
            r#"{"target":{"a":{"output":["type=image,push=maybe"]}}}"#,
            "target `a`: `output`: `push`: `maybe` is neither true nor false",
        ),
    ] {
        let problem = parse("def.json", text.as_bytes()).unwrap_err();
        assert!(
            problem.message.contains(cause),
            "{text}: {}",
            problem.message
        );
        assert!(problem.help.unwrap().contains("bake --push --print"));
    }
}

#[test]
fn an_unknown_group_is_refused_with_those_that_there_are() {
    let problem = recorded("all.json")
        .complete(Vec::new(), Some("nope"))
        .unwrap_err();
    assert_eq!(
        problem.message,
        "no group `nope` in the definition `all.json`"
    );
    assert_eq!(
        problem.help.as_deref(),
        Some("use one of `all`, `default`, `worker`, `workers`")
    );
}

#[test]
fn fields_in_quotes_hold_commas() {
    assert_eq!(
        fields(r#"type=image,"name=a,b",push=true"#),
        ["type=image", "name=a,b", "push=true"]
    );
    assert_eq!(fields(r#""a ""b""",c"#), [r#"a "b""#, "c"]);
    assert_eq!(fields(""), [""]);
}

#[test]
fn an_attestation_that_nobody_could_look_for_is_refused() {
    let read = |attest: Value| {
        let text = json!({"target": {"a": {"tags": ["r.io/a:1"], "attest": attest}}});
        parse("d.json", text.to_string().as_bytes())
    };
    for (attest, words) in [
        (json!([{"type": "vex"}]), "no attestation of the type `vex`"),
        (
            json!(["type=vex,mode=max"]),
            "no attestation of the type `vex`",
        ),
        (json!([{"mode": "max"}]), "it has no `type`"),
        (json!([{}]), "it has no `type`"),
        (
            json!([{"type": "sbom", "disabled": "maybe"}]),
            "`disabled`: `maybe` is neither",
        ),
        (
            json!(["type=sbom,disabled=yes"]),
            "`disabled`: `yes` is neither",
        ),
        (json!([null]), "expected `type=…` or an object"),
        (json!({"type": "sbom"}), "`attest`: expected a list"),
    ] {
        let problem = read(attest.clone()).unwrap_err();
        assert!(problem.message.contains(words), "{attest}: {problem}");
    }
    for attest in [
        json!(null),
        json!([]),
        json!([{"type": "SBOM"}, {"type": "Provenance", "mode": "max"}]),
        json!(["type=provenance,disabled=false", {"type": "sbom", "disabled": true}]),
        json!([{"type": "provenance", "disabled": "0", "anything": "else"}]),
    ] {
        assert!(read(attest.clone()).is_ok(), "{attest}");
    }
    let builds = read(json!([{"type": "SBOM"}])).unwrap();
    let builds = builds.complete(Vec::new(), None).unwrap();
    assert_eq!(builds[0].attestations, [Attestation::Sbom]);
}

#[test]
fn groups_that_are_not_understood_are_refused() {
    let target = json!({"a": {"tags": ["r.io/a:1"]}});
    for group in [
        json!([]),
        json!("a"),
        json!({"g": ["a"]}),
        json!({"g": {"targets": "a"}}),
    ] {
        let text = json!({"target": target, "group": group}).to_string();
        assert!(parse("d.json", text.as_bytes()).is_err(), "{text}");
    }
    let text = json!({"target": target, "group": {
        "all": {"targets": ["a", "more"]},
        "more": {"targets": ["a", "lost"]},
        "one": {"targets": ["a"]},
    }});
    let definition = parse("d.json", text.to_string().as_bytes()).unwrap();
    for group in ["all", "more"] {
        let problem = definition.complete(Vec::new(), Some(group)).unwrap_err();
        assert!(problem.message.contains("the group `more`"), "{problem}");
        assert!(problem.message.contains("lists `lost`"), "{problem}");
    }
    for group in [None, Some("one")] {
        assert_eq!(definition.complete(Vec::new(), group).unwrap().len(), 1);
    }
}
