use serde_json::{Value, json};

use super::*;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";

/// The config of an image of this content, for one platform, with so many layers.
fn config(platform: &str, content: &str, layers: usize) -> Vec<u8> {
    let (os, architecture) = platform.split_once('/').unwrap();
    let diff_ids: Vec<String> = (0..layers).map(|layer| format!("sha256:{layer}")).collect();
    let value = json!({
        "os": os,
        "architecture": architecture,
        "content": content,
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
    });
    value.to_string().into_bytes()
}

/// A manifest of this config, as JSON to be changed: two layers, in this compression.
fn manifest(config: &[u8], config_type: &str, compression: &str) -> Value {
    let layer = |at: &str| {
        let digest = Digest::of(format!("{compression}{at}").as_bytes()).to_string();
        json!({"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest, "size": 1})
    };
    json!({
        "schemaVersion": 2,
        "mediaType": if config_type == DOCKER_CONFIG { DOCKER } else { MANIFEST },
        "config": {"mediaType": config_type, "digest": Digest::of(config).to_string(), "size": config.len()},
        "layers": [layer("1"), layer("2")],
    })
}

fn document(value: &Value) -> Arc<Document> {
    let text = serde_json::to_vec_pretty(value).unwrap();
    Arc::new(Document::new(
        text,
        value["mediaType"].as_str().unwrap_or_default(),
    ))
}

/// Everything that a registry has.
#[derive(Default)]
struct World(Known);

impl World {
    fn image(&mut self, value: &Value, config: &[u8]) -> Arc<Document> {
        let document = document(value);
        self.0
            .manifests
            .insert(document.digest().clone(), document.clone());
        self.0
            .configs
            .insert(Digest::of(config), Config::read(config));
        document
    }

    fn oci(&mut self, platform: &str, content: &str) -> Arc<Document> {
        let config = config(platform, content, 2);
        self.image(&manifest(&config, OCI_CONFIG, "gzip"), &config)
    }

    fn docker(&mut self, platform: &str, content: &str) -> Arc<Document> {
        let config = config(platform, content, 2);
        self.image(&manifest(&config, DOCKER_CONFIG, "gzip"), &config)
    }

    fn zstd(&mut self, platform: &str, content: &str) -> Arc<Document> {
        let config = config(platform, content, 2);
        self.image(&manifest(&config, OCI_CONFIG, "zstd"), &config)
    }

    fn compare(&self, shown: &Document, with: With<'_>) -> Option<Same> {
        Comparison::new(shown, with)?.result(&self.0)
    }

    /// `child linux/arm64`, `whole`, `-`.
    fn told(&self, shown: &Document, expected: &Document) -> String {
        match self.compare(shown, With::Document(expected)) {
            None => "-".to_owned(),
            Some(Same::Child(child)) => format!("child {}", child.platform.unwrap()),
            Some(same) => format!("{same:?}").to_lowercase(),
        }
    }
}

/// An index of these manifests, each with what its descriptor says beside.
fn index(entries: &[(&Document, Value)]) -> Arc<Document> {
    let entries: Vec<Value> = entries
        .iter()
        .map(|(manifest, more)| {
            let mut entry = json!({
                "mediaType": manifest.media_type().as_str(),
                "digest": manifest.digest().to_string(),
                "size": manifest.bytes().len(),
            });
            for (key, value) in more.as_object().unwrap() {
                entry[key] = value.clone();
            }
            entry
        })
        .collect();
    document(&json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}))
}

fn on(architecture: &str) -> Value {
    json!({"platform": {"os": "linux", "architecture": architecture}})
}

fn attests(manifest: &Document) -> Value {
    json!({
        "platform": {"os": "unknown", "architecture": "unknown"},
        "annotations": {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": manifest.digest().to_string(),
        },
    })
}

/// An index for two platforms.
fn two(amd64: &Document, arm64: &Document) -> Arc<Document> {
    index(&[(amd64, on("amd64")), (arm64, on("arm64"))])
}

#[test]
fn a_manifest_of_a_childs_config_is_that_child_packed_again() {
    let mut world = World::default();
    let (amd64, arm64) = (world.oci("linux/amd64", "a"), world.oci("linux/arm64", "a"));
    let build = two(&amd64, &arm64);
    let alone = index(&[(&arm64, on("arm64")), (&amd64, attests(&arm64))]);
    for (shown, expected, is) in [
        (
            world.docker("linux/arm64", "a"),
            &build,
            "child linux/arm64",
        ),
        (
            world.docker("linux/amd64", "a"),
            &build,
            "child linux/amd64",
        ),
        (world.zstd("linux/amd64", "a"), &build, "child linux/amd64"),
        // An index of one image and its attestation.
        (
            world.docker("linux/arm64", "a"),
            &alone,
            "child linux/arm64",
        ),
        (world.docker("linux/arm64", "b"), &build, "-"),
        (world.docker("linux/s390x", "a"), &build, "-"),
    ] {
        assert_eq!(world.told(&shown, expected), is);
    }
}

#[test]
fn a_manifest_with_something_of_its_own_is_no_child_packed_again() {
    let mut world = World::default();
    let (amd64, arm64) = (world.oci("linux/amd64", "a"), world.oci("linux/arm64", "a"));
    let (build, alone) = (two(&amd64, &arm64), index(&[(&arm64, on("arm64"))]));
    let arm = config("linux/arm64", "a", 2);
    for (key, value) in [
        ("annotations", json!({"org.example.step": "signed"})),
        (
            "subject",
            json!({"mediaType": MANIFEST, "digest": amd64.digest().to_string(), "size": 1}),
        ),
    ] {
        let mut with = manifest(&arm, DOCKER_CONFIG, "gzip");
        with[key] = value;
        let shown = world.image(&with, &arm);
        assert_eq!(world.told(&shown, &build), "part", "{key}");
        assert_eq!(world.told(&shown, &alone), "whole", "{key}");
        assert_eq!(world.told(&shown, &arm64), "whole", "{key}");
    }
}

#[test]
fn two_manifests_of_one_config_are_one_image() {
    let mut world = World::default();
    let built = world.oci("linux/amd64", "a");
    for (shown, is) in [
        (world.docker("linux/amd64", "a"), "whole"),
        (world.zstd("linux/amd64", "a"), "whole"),
        (world.docker("linux/amd64", "b"), "-"),
    ] {
        assert_eq!(world.told(&shown, &built), is);
    }
}

#[test]
fn indexes_are_the_same_by_all_their_images_and_no_attestation() {
    let mut world = World::default();
    let (amd64, arm64) = (world.oci("linux/amd64", "a"), world.oci("linux/arm64", "a"));
    let (amd, arm) = (
        world.docker("linux/amd64", "a"),
        world.zstd("linux/arm64", "a"),
    );
    let other = world.oci("linux/arm64", "b");
    let build = two(&amd64, &arm64);
    let zstd = json!({"annotations": {"io.github.containers.compression.zstd": "true"}});
    let marked = |architecture: &str| {
        let mut more = on(architecture);
        more["annotations"] = zstd["annotations"].clone();
        more
    };
    for (shown, is, why) in [
        (two(&amd, &arm), "whole", "both packed again"),
        (two(&amd64, &arm), "whole", "one packed again"),
        (
            index(&[(&arm, on("arm64")), (&amd, on("amd64"))]),
            "whole",
            "in another order",
        ),
        (
            index(&[
                (&amd, on("amd64")),
                (&arm, on("arm64")),
                (&other, attests(&arm)),
            ]),
            "whole",
            "with an attestation",
        ),
        (
            index(&[
                (&amd64, on("amd64")),
                (&arm64, on("arm64")),
                (&other, attests(&arm64)),
            ]),
            "manifests",
            "its own manifests with an attestation",
        ),
        (two(&amd, &other), "-", "one image of another build"),
        (two(&arm, &amd), "-", "each under the other's platform"),
        (index(&[(&amd, on("amd64"))]), "-", "one platform less"),
        (
            index(&[
                (&amd, on("amd64")),
                (&arm, on("arm64")),
                (&other, on("riscv64")),
            ]),
            "-",
            "one platform more",
        ),
        (
            index(&[(&amd, on("amd64")), (&amd, on("amd64"))]),
            "-",
            "one image twice, in the place of the other",
        ),
        (
            index(&[(&amd, on("amd64")), (&arm, marked("arm64"))]),
            "-",
            "one marked as the variant in zstd",
        ),
        (index(&[]), "-", "nothing"),
    ] {
        assert_eq!(world.told(&shown, &build), is, "{why}");
    }
    // One image for one platform, twice: as gzip and as zstd, by podman.
    let variants = index(&[(&arm64, on("arm64")), (&arm, marked("arm64"))]);
    let again = index(&[
        (&world.docker("linux/arm64", "a"), on("arm64")),
        (&arm, marked("arm64")),
    ]);
    assert_eq!(world.told(&again, &variants), "whole");
}

#[test]
fn all_that_a_platform_says_tells_images_apart() {
    let mut world = World::default();
    let built = world.oci("windows/amd64", "a");
    let again = world.docker("windows/amd64", "a");
    let on = |key: &str, value: Value| {
        let mut platform = json!({"os": "windows", "architecture": "amd64"});
        platform[key] = value;
        json!({"platform": platform})
    };
    for (key, one, other) in [
        ("os.version", json!("10.0.17763.1"), json!("10.0.20348.1")),
        ("os.features", json!(["win32k"]), json!([])),
        ("variant", json!("v2"), json!("v3")),
    ] {
        let expected = index(&[(&built, on(key, one.clone()))]);
        let same = index(&[(&again, on(key, one))]);
        let differs = index(&[(&again, on(key, other))]);
        assert_eq!(world.told(&same, &expected), "whole", "{key}");
        assert_eq!(world.told(&differs, &expected), "-", "{key}");
    }
}

#[test]
fn a_config_proves_nothing_unless_it_is_an_images() {
    let image = config("linux/amd64", "a", 2);
    let bare = config("linux/amd64", "a", 0);
    let attestation = config("unknown/unknown", "a", 2);
    let nameless = br#"{"rootfs":{"diff_ids":["sha256:1","sha256:2"]}}"#.to_vec();
    let one_layer = config("linux/amd64", "a", 1);
    let with = |key: &str, value: Value| {
        let mut manifest = manifest(&image, OCI_CONFIG, "gzip");
        manifest[key] = value;
        manifest
    };
    for (why, manifest, config) in [
        (
            "of a chart",
            manifest(&image, "application/vnd.cncf.helm.config.v1+json", "gzip"),
            &image,
        ),
        ("of no type", manifest(&image, "", "gzip"), &image),
        (
            "the empty one",
            manifest(b"{}", OCI_CONFIG, "gzip"),
            &b"{}".to_vec(),
        ),
        (
            "the empty one by its type",
            manifest(b"{}", "application/vnd.oci.empty.v1+json", "gzip"),
            &b"{}".to_vec(),
        ),
        (
            "an artifact's",
            with("artifactType", json!("application/x")),
            &image,
        ),
        ("without layers", with("layers", json!([])), &image),
        ("with null for layers", with("layers", json!(null)), &image),
        (
            "of fewer layers",
            manifest(&one_layer, OCI_CONFIG, "gzip"),
            &one_layer,
        ),
        ("of none", manifest(&bare, OCI_CONFIG, "gzip"), &bare),
        (
            "an attestation's",
            manifest(&attestation, OCI_CONFIG, "gzip"),
            &attestation,
        ),
        (
            "a signature's, without a platform",
            manifest(&nameless, OCI_CONFIG, "gzip"),
            &nameless,
        ),
        (
            "not JSON",
            manifest(b"nonsense", OCI_CONFIG, "gzip"),
            &b"nonsense".to_vec(),
        ),
    ] {
        let mut world = World::default();
        let built = world.image(&manifest, config);
        let mut again = manifest.clone();
        again["packed"] = json!("again");
        let shown = world.image(&again, config);
        assert_ne!(shown.digest(), built.digest(), "{why}");
        assert_eq!(world.told(&shown, &built), "-", "{why}");
        let listed = index(&[(&built, on("amd64"))]);
        assert_eq!(world.told(&shown, &listed), "-", "{why}, in an index");
        let other = index(&[(&shown, on("amd64"))]);
        assert_eq!(world.told(&other, &listed), "-", "{why}, in two indexes");
        let id = Digest::of(config);
        let by_id = world.compare(&shown, With::Configs(vec![&id]));
        assert_eq!(by_id, None, "{why}, by its digest");
    }
}

#[test]
fn what_was_not_read_is_the_same_as_nothing() {
    let mut world = World::default();
    let (amd64, arm64) = (world.oci("linux/amd64", "a"), world.oci("linux/arm64", "a"));
    let (amd, arm) = (
        world.docker("linux/amd64", "a"),
        world.docker("linux/arm64", "a"),
    );
    let (build, again) = (two(&amd64, &arm64), two(&amd, &arm));
    assert_eq!(world.told(&again, &build), "whole");
    assert_eq!(world.told(&arm, &build), "child linux/arm64");
    // Another child that is gone changes nothing about this one.
    let gone = world.0.manifests.remove(amd64.digest()).unwrap();
    assert_eq!(world.told(&again, &build), "-");
    assert_eq!(world.told(&arm, &build), "child linux/arm64");
    world.0.manifests.insert(gone.digest().clone(), gone);
    let config = Digest::of(&config("linux/arm64", "a", 2));
    world.0.configs.remove(&config);
    assert_eq!(world.told(&again, &build), "-");
    assert_eq!(world.told(&arm, &build), "-");
}

#[test]
fn one_image_is_known_by_the_digest_of_its_config() {
    let mut world = World::default();
    let plain = world.docker("linux/amd64", "a");
    let other = world.docker("linux/arm64", "a");
    let around = index(&[(&plain, on("amd64")), (&other, attests(&plain))]);
    let mislabelled = index(&[(&plain, on("arm64"))]);
    let both = two(&plain, &other);
    let id = Digest::of(&config("linux/amd64", "a", 2));
    let foreign = Digest::of(b"foreign");
    for (shown, ids, is) in [
        (&plain, vec![&id], true),
        (&plain, vec![&foreign, &id], true),
        (&plain, vec![&foreign], false),
        (&plain, vec![], false),
        (&around, vec![&id], true),
        (&mislabelled, vec![&id], false),
        (&both, vec![&id], false),
        (&other, vec![&id], false),
    ] {
        let same = world.compare(shown, With::Configs(ids.clone()));
        assert_eq!(same, is.then_some(Same::Config), "{ids:?}");
    }
}

#[test]
fn no_more_is_read_than_could_show_that_two_are_the_same() {
    let mut world = World::default();
    let (amd64, arm64) = (world.oci("linux/amd64", "a"), world.oci("linux/arm64", "a"));
    let (build, again) = (
        two(&amd64, &arm64),
        two(&amd64, &world.docker("linux/arm64", "a")),
    );
    let counts = |shown: &Document, with: With<'_>, known: &Known| {
        let comparison = Comparison::new(shown, with)?;
        let [ours, theirs] = comparison.manifests();
        Some((ours.len(), theirs.len(), comparison.configs(known).len()))
    };
    let all = |document| With::Document(document);
    let docker = world.docker("linux/arm64", "a");
    let foreign = world.docker("linux/arm64", "z");
    let chart = manifest(b"{}", "application/vnd.cncf.helm.config.v1+json", "gzip");
    let id = Digest::of(&config("linux/arm64", "a", 2));
    for (shown, with, expected) in [
        (&docker, all(&build), Some((0, 2, 1))),
        (&foreign, all(&build), Some((0, 2, 0))),
        (&foreign, all(&arm64), Some((0, 0, 0))),
        (&docker, all(&arm64), Some((0, 0, 1))),
        // What both list is not read.
        (&again, all(&build), Some((1, 1, 1))),
        (&two(&foreign, &foreign), all(&build), Some((2, 2, 0))),
        (&index(&[(&amd64, on("amd64"))]), all(&build), None),
        (&document(&chart), all(&build), None),
        (&docker, With::Configs(vec![&id]), Some((0, 0, 1))),
        (&foreign, With::Configs(vec![&id]), Some((0, 0, 0))),
        (
            &index(&[(&docker, on("arm64"))]),
            With::Configs(vec![&id]),
            Some((1, 0, 1)),
        ),
        (&build, With::Configs(vec![&id]), None),
    ] {
        assert_eq!(counts(shown, with, &world.0), expected);
    }
}

#[test]
#[cfg_attr(miri, ignore = "so large that Miri takes minutes")]
fn an_index_of_too_many_images_is_not_compared() {
    let mut world = World::default();
    let arm64 = world.oci("linux/arm64", "a");
    let docker = world.docker("linux/arm64", "a");
    let many = |count: usize| index(&vec![(&*arm64, on("arm64")); count]);
    assert_eq!(world.told(&docker, &many(100)), "child linux/arm64");
    assert_eq!(world.told(&docker, &many(101)), "-");
    assert_eq!(world.told(&many(101), &many(101)), "-");
}

#[test]
fn a_config_claims_layers_where_it_is_what_the_spec_says() {
    for (text, platform, layers) in [
        (
            r#"{"os":"linux","architecture":"arm","variant":"v7","rootfs":{"type":"layers","diff_ids":["a","b"]}}"#,
            Some("linux/arm/v7"),
            2,
        ),
        // The spec wants the type.
        (
            r#"{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":["a"]}}"#,
            Some("linux/amd64"),
            0,
        ),
        (
            r#"{"os":"linux","architecture":"amd64","rootfs":{}}"#,
            Some("linux/amd64"),
            0,
        ),
        (
            r#"{"os":"linux","architecture":"amd64","rootfs":{"diff_ids":null}}"#,
            Some("linux/amd64"),
            0,
        ),
        (
            r#"{"os":"linux","architecture":"amd64"}"#,
            Some("linux/amd64"),
            0,
        ),
        (r#"{"rootfs":{"type":"layers","diff_ids":["a"]}}"#, None, 1),
        ("{}", None, 0),
        ("nonsense", None, 0),
        ("", None, 0),
    ] {
        let config = Config::read(text.as_bytes());
        let platform = platform.map(|it| it.parse().unwrap());
        assert_eq!(
            (config.platform, config.layers),
            (platform, layers),
            "{text}"
        );
    }
}

#[test]
fn more_layers_than_linux_stacks_are_counted_and_not_kept() {
    for (count, kept) in [(500, 500), (501, 0)] {
        let diff_ids = vec![Digest::of(b"it").to_string(); count];
        let config = json!({"rootfs": {"type": "layers", "diff_ids": diff_ids}});
        let config = Config::read(config.to_string().as_bytes());
        assert_eq!((config.layers, config.diff_ids.len()), (count, kept));
    }
}
