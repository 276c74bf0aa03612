//! Images for scenarios: small manifests and indexes as a build makes them, and its metadata.

use serde_json::{Value, json};
use tagproof::oci::Digest;

use crate::samples::Store;

pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub(crate) const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// A document as a registry holds it.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) bytes: Vec<u8>,
    pub(crate) media_type: &'static str,
    pub(crate) digest: String,
    platform: Option<Value>,
    annotations: Value,
    artifact_type: Option<String>,
    pub(crate) config: Vec<u8>,
}

fn document(value: &Value, media_type: &'static str) -> Document {
    let bytes = serde_json::to_vec_pretty(value).unwrap();
    let digest = Digest::of(&bytes).to_string();
    Document {
        bytes,
        media_type,
        digest,
        platform: None,
        annotations: Value::Null,
        artifact_type: None,
        config: Vec::new(),
    }
}

/// An image for one platform (`linux/arm64`, `windows(10.0.17763.5)/amd64`); `content` makes it
/// differ from others.
pub(crate) fn image(platform: &str, content: &str) -> Document {
    let parts: Vec<&str> = platform.split('/').collect();
    let (os, version) = match parts[0].split_once('(') {
        Some((os, version)) => (os, version.strip_suffix(')')),
        None => (parts[0], None),
    };
    let mut config =
        json!({"os": os, "architecture": parts[1], "variant": parts.get(2), "content": content});
    if let Some(version) = version {
        config["os.version"] = json!(version);
    }
    let config = serde_json::to_vec(&config).unwrap();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": Digest::of(&config).to_string(), "size": config.len()},
        "layers": [],
    });
    let mut platform = json!({"os": os, "architecture": parts[1]});
    if let Some(version) = version {
        platform["os.version"] = json!(version);
    }
    if let Some(variant) = parts.get(2) {
        platform["variant"] = json!(variant);
    }
    Document {
        platform: Some(platform),
        config,
        ..document(&manifest, MANIFEST)
    }
}

/// An attestation manifest of an image, as BuildKit makes it.
pub(crate) fn attestation(of: &Document) -> Document {
    Document {
        platform: Some(json!({"os": "unknown", "architecture": "unknown"})),
        annotations: json!({
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": of.digest,
        }),
        ..image("unknown/unknown", &of.digest)
    }
}

/// The same with a statement of each of these predicate types.
pub(crate) fn attestation_of(of: &Document, predicate_types: &[&str]) -> Document {
    let bare = attestation(of);
    let mut manifest: Value = serde_json::from_slice(&bare.bytes).unwrap();
    let layers = predicate_types.iter().map(|predicate_type| {
        json!({
            "mediaType": "application/vnd.in-toto+json",
            "digest": Digest::of(predicate_type.as_bytes()).to_string(),
            "size": 1,
            "annotations": {"in-toto.io/predicate-type": predicate_type},
        })
    });
    manifest["layers"] = layers.collect();
    Document {
        platform: bare.platform,
        annotations: bare.annotations,
        config: bare.config,
        ..document(&manifest, MANIFEST)
    }
}

/// An attestation manifest with this statement of provenance.
pub(crate) fn provenance(of: &Document, statement: &[u8]) -> Document {
    let predicate_type = "https://slsa.dev/provenance/v1";
    let named = attestation_of(of, &[predicate_type]);
    let mut manifest: Value = serde_json::from_slice(&named.bytes).unwrap();
    manifest["layers"][0]["digest"] = json!(Digest::of(statement).to_string());
    manifest["layers"][0]["size"] = json!(statement.len());
    remade(&named, &manifest, named.config.clone())
}

/// An index of these.
pub(crate) fn index(children: &[&Document]) -> Document {
    index_with(children, json!({}))
}

/// An index of these with annotations.
pub(crate) fn index_with(children: &[&Document], annotations: Value) -> Document {
    let manifests: Vec<Value> = children
        .iter()
        .map(|child| {
            let mut entry = json!({"mediaType": child.media_type, "digest": child.digest, "size": child.bytes.len()});
            if let Some(platform) = &child.platform {
                entry["platform"] = platform.clone();
            }
            if let Some(artifact_type) = &child.artifact_type {
                entry["artifactType"] = json!(artifact_type);
            }
            if child.annotations.is_object() {
                entry["annotations"] = child.annotations.clone();
            }
            entry
        })
        .collect();
    let mut value = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests});
    if annotations
        .as_object()
        .is_some_and(|annotations| !annotations.is_empty())
    {
        value["annotations"] = annotations;
    }
    document(&value, INDEX)
}

/// The same, served under another type.
pub(crate) fn served_as(of: &Document, media_type: &'static str) -> Document {
    Document {
        media_type,
        ..of.clone()
    }
}

/// An image whose manifest does not say what it is.
pub(crate) fn without_media_type(of: &Document) -> Document {
    let mut manifest: Value = serde_json::from_slice(&of.bytes).unwrap();
    manifest.as_object_mut().unwrap().remove("mediaType");
    Document {
        platform: of.platform.clone(),
        annotations: of.annotations.clone(),
        config: of.config.clone(),
        ..document(&manifest, of.media_type)
    }
}

/// An image again, with another manifest and config.
pub(crate) fn remade(of: &Document, manifest: &Value, config: Vec<u8>) -> Document {
    Document {
        platform: of.platform.clone(),
        annotations: of.annotations.clone(),
        config,
        ..document(manifest, of.media_type)
    }
}

impl Document {
    /// The same, listed for the platform of another one.
    pub(crate) fn listed_for(&self, other: &Self) -> Self {
        Self {
            platform: other.platform.clone(),
            ..self.clone()
        }
    }

    /// The same, with a member of its manifest, which an index repeats.
    pub(crate) fn with_artifact_type(&self, artifact_type: &str) -> Self {
        let mut manifest: Value = serde_json::from_slice(&self.bytes).unwrap();
        manifest["artifactType"] = json!(artifact_type);
        Self {
            artifact_type: Some(artifact_type.to_owned()),
            ..remade(self, &manifest, self.config.clone())
        }
    }
}

/// A build for two platforms with an attestation each: the index and all its children.
pub(crate) struct Multi {
    pub(crate) index: Document,
    pub(crate) amd64: Document,
    pub(crate) arm64: Document,
    pub(crate) attestation: Document,
}

pub(crate) fn multi(content: &str) -> Multi {
    let (amd64, arm64) = (image("linux/amd64", content), image("linux/arm64", content));
    let attestation = attestation(&amd64);
    Multi {
        index: index(&[&amd64, &arm64, &attestation]),
        amd64,
        arm64,
        attestation,
    }
}

impl Multi {
    /// Puts the index and all its children into a repository.
    pub(crate) fn push(&self, registry: &impl Store, repository: &str) {
        push(
            registry,
            repository,
            &[&self.amd64, &self.arm64, &self.attestation, &self.index],
        );
    }
}

/// Puts documents into a repository, without a tag.
pub(crate) fn push(registry: &impl Store, repository: &str, documents: &[&Document]) {
    for document in documents {
        if !document.config.is_empty() {
            registry.store_blob(repository, &document.config);
        }
        registry.store_manifest(repository, &document.bytes, document.media_type);
    }
}

/// The metadata of a build of `document` under these names.
pub(crate) fn metadata(document: &Document, names: &[String]) -> String {
    build(document, names).to_string()
}

/// The same as a value, to be changed.
pub(crate) fn build(document: &Document, names: &[String]) -> Value {
    json!({
        "buildx.build.ref": "builder/node/id",
        "containerimage.descriptor": {
            "mediaType": document.media_type,
            "digest": document.digest,
            "size": document.bytes.len(),
        },
        "containerimage.digest": document.digest,
        "image.name": names.join(","),
    })
}

/// An image as builds make it, with layers that its config names.
pub(crate) fn layered(platform: &str, content: &str) -> Document {
    let mut config: Value = serde_json::from_slice(&image(platform, content).config).unwrap();
    let diff_ids = ["1", "2"].map(|at| Digest::of(format!("{content}{at}").as_bytes()).to_string());
    config["rootfs"] = json!({"type": "layers", "diff_ids": diff_ids});
    packed(
        platform,
        &serde_json::to_vec(&config).unwrap(),
        "gzip",
        json!({}),
    )
}

/// A manifest of this config in two layers, with these members beside.
fn packed(platform: &str, config: &[u8], compression: &str, more: Value) -> Document {
    let bare = image(platform, "");
    let layer = |at: &str| {
        let digest = Digest::of(format!("{compression}{at}").as_bytes()).to_string();
        json!({"mediaType": format!("application/vnd.oci.image.layer.v1.tar+{compression}"), "digest": digest, "size": 1})
    };
    let mut manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": Digest::of(config).to_string(), "size": config.len()},
        "layers": [layer("1"), layer("2")],
    });
    for (key, value) in more.as_object().unwrap() {
        manifest[key] = value.clone();
    }
    Document {
        platform: bare.platform,
        config: config.to_vec(),
        ..document(&manifest, MANIFEST)
    }
}

/// What `docker push` of the classic store makes of an image that it has pulled: the same config in
/// a manifest of Docker's types, as Docker writes it.
pub(crate) fn repacked(of: &Document) -> Document {
    repacked_with(of, json!({}))
}

/// The same with these members beside.
pub(crate) fn repacked_with(of: &Document, more: Value) -> Document {
    let mut manifest: Value = serde_json::from_slice(&of.bytes).unwrap();
    manifest["mediaType"] = json!(DOCKER_MANIFEST);
    manifest["config"]["mediaType"] = json!("application/vnd.docker.container.image.v1+json");
    for layer in manifest["layers"].as_array_mut().unwrap() {
        layer["mediaType"] = json!("application/vnd.docker.image.rootfs.diff.tar.gzip");
    }
    for (key, value) in more.as_object().unwrap() {
        manifest[key] = value.clone();
    }
    let mut bytes = Vec::new();
    let mut writer = serde_json::Serializer::with_formatter(
        &mut bytes,
        serde_json::ser::PrettyFormatter::with_indent(b"   "),
    );
    serde::Serialize::serialize(&manifest, &mut writer).unwrap();
    Document {
        digest: Digest::of(&bytes).to_string(),
        bytes,
        media_type: DOCKER_MANIFEST,
        ..of.clone()
    }
}

/// The same image with its layers compressed by zstd: another output of the build.
pub(crate) fn in_zstd(of: &Document) -> Document {
    let platform = of.platform.as_ref().unwrap();
    let part = |key: &str| platform[key].as_str().unwrap().to_owned();
    let name = format!("{}/{}", part("os"), part("architecture"));
    packed(&name, &of.config, "zstd", json!({}))
}

/// The digest of an image's config.
pub(crate) fn image_id(of: &Document) -> String {
    Digest::of(&of.config).to_string()
}

/// A build for two platforms of images with layers, and an attestation of the first.
pub(crate) fn layered_multi(content: &str) -> Multi {
    let (amd64, arm64) = (
        layered("linux/amd64", content),
        layered("linux/arm64", content),
    );
    let attestation = attestation(&amd64);
    Multi {
        index: index(&[&amd64, &arm64, &attestation]),
        amd64,
        arm64,
        attestation,
    }
}
