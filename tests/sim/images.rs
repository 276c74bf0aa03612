//! The images of the simulated world: builds, their parts, and what others make of them.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_json::{Value, json};
use tagproof::expectation::Depth;
use tagproof::oci::{Attestation, Digest};

pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// A manifest or an index.
pub(crate) struct Doc {
    pub(crate) bytes: Vec<u8>,
    pub(crate) media_type: &'static str,
    pub(crate) digest: Digest,
    /// The digest of the config, of a manifest.
    pub(crate) config: Option<Digest>,
    /// What an index lists, and which of it are images.
    pub(crate) children: Vec<Digest>,
    pub(crate) images: Vec<Digest>,
    pub(crate) platforms: Vec<String>,
    /// The config and the layers of a manifest.
    pub(crate) blobs: Vec<Digest>,
    /// The images of an index that have a provenance in it.
    attested: Vec<Digest>,
}

/// A build, with what a tag of it may show instead.
pub(crate) struct Build {
    pub(crate) image: Digest,
    pub(crate) wrapped: Vec<Digest>,
    /// What is no part of it: a merge job's index, a part of it, some of it, newer and older builds.
    pub(crate) others: Vec<Digest>,
    /// From which depth on it can be seen that an image of it is for another platform.
    pub(crate) wrong_at: Option<Depth>,
}

/// All documents there are.
pub(crate) struct Library {
    pub(crate) docs: BTreeMap<Digest, Doc>,
    pub(crate) blobs: BTreeMap<Digest, Vec<u8>>,
    pub(crate) builds: Vec<Build>,
    /// What a fault makes of each document, and that document.
    pub(crate) altered: BTreeMap<Digest, Digest>,
}

/// How a tag relates to the build that is expected of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Right,
    Child,
    Wrapped,
    Absent,
    Other,
}

pub(crate) fn library() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(make)
}

impl Library {
    pub(crate) fn doc(&self, digest: &Digest) -> &Doc {
        &self.docs[digest]
    }

    /// What a tag that shows this is to a build, told without the engine.
    pub(crate) fn kind(&self, build: &Build, by_id: bool, shown: Option<&Digest>) -> Kind {
        let Some(shown) = shown else {
            return Kind::Absent;
        };
        let image = self.doc(&build.image);
        // An altered document holds what it held, under a digest that nobody expects.
        let original = self.altered.get(shown).unwrap_or(shown);
        let Some(doc) = self.docs.get(original) else {
            return Kind::Other;
        };
        if *shown == build.image || (by_id && doc.config == image.config) {
            Kind::Right
        } else if !by_id && image.children.contains(shown) {
            Kind::Child
        } else if !by_id && doc.images == [build.image.clone()] {
            Kind::Wrapped
        } else {
            Kind::Other
        }
    }

    /// The configs and the layers of all images of a document.
    pub(crate) fn blobs_of(&self, digest: &Digest) -> Vec<&Digest> {
        let doc = self.doc(digest);
        let below = doc.images.iter().flat_map(|image| &self.doc(image).blobs);
        doc.blobs.iter().chain(below).collect()
    }

    /// Whether it lists images.
    pub(crate) fn is_index(&self, digest: &Digest) -> bool {
        !self.doc(digest).images.is_empty()
    }

    /// Whether it lists attestations.
    pub(crate) fn is_attested(&self, digest: &Digest) -> bool {
        let original = self.altered.get(digest).unwrap_or(digest);
        let doc = self.docs.get(original);
        doc.is_some_and(|doc| !doc.attested.is_empty())
    }

    fn add(&mut self, doc: Doc) -> Digest {
        let digest = doc.digest.clone();
        self.docs.insert(digest.clone(), doc);
        digest
    }

    /// Whether every image of a build has these attestations. None here has an SBOM.
    pub(crate) fn has(&self, build: &Build, attestations: &[Attestation]) -> bool {
        let image = self.doc(&build.image);
        let is_attested = !image.images.is_empty() && image.images == image.attested;
        attestations
            .iter()
            .all(|kind| *kind == Attestation::Provenance && is_attested)
    }

    fn image(&mut self, platform: &str, content: &str, is_docker: bool) -> Digest {
        self.manifest(platform, content, is_docker, &json!([]))
    }

    fn manifest(
        &mut self,
        platform: &str,
        content: &str,
        is_docker: bool,
        layers: &Value,
    ) -> Digest {
        let (os, architecture) = platform.split_once('/').unwrap();
        let config = json!({"os": os, "architecture": architecture, "content": content});
        self.manifest_of(platform, &config, is_docker, layers)
    }

    /// An image that starts a program for a machine of ELF. Its config names no platform, so that no
    /// other manifest is taken for the same image.
    fn program(&mut self, platform: &str, machine: u16, content: &str) -> Digest {
        let layer = layer(machine, content);
        let digest = Digest::of(&layer);
        let layers = json!([{
            "mediaType": "application/vnd.oci.image.layer.v1.tar",
            "digest": digest.to_string(),
            "size": layer.len(),
        }]);
        let config = json!({
            "content": format!("{platform} {content}"),
            "config": {"Entrypoint": ["/app"]},
            "rootfs": {"type": "layers", "diff_ids": [digest.to_string()]},
        });
        self.blobs.insert(digest.clone(), layer);
        let image = self.manifest_of(platform, &config, false, &layers);
        if let Some(doc) = self.docs.get_mut(&image) {
            doc.blobs.push(digest);
        }
        image
    }

    fn manifest_of(
        &mut self,
        platform: &str,
        config: &Value,
        is_docker: bool,
        layers: &Value,
    ) -> Digest {
        let config = serde_json::to_vec(config).unwrap();
        let config_digest = Digest::of(&config);
        let media_type = if is_docker { DOCKER_MANIFEST } else { MANIFEST };
        let value = json!({
            "schemaVersion": 2,
            "mediaType": media_type,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": config_digest.to_string(),
                "size": config.len(),
            },
            "layers": layers,
        });
        self.blobs.insert(config_digest.clone(), config);
        let doc = Doc {
            blobs: vec![config_digest.clone()],
            config: Some(config_digest),
            platforms: vec![platform.to_owned()],
            ..plain(&value, media_type)
        };
        self.add(doc)
    }

    /// An index of these images, with an attestation of the first if `attest`.
    fn index(&mut self, images: &[&Digest], attest: bool, is_docker: bool) -> Digest {
        let mut manifests: Vec<Value> = Vec::new();
        let mut platforms = Vec::new();
        let mut children: Vec<Digest> = Vec::new();
        for &image in images {
            let doc = self.doc(image);
            let mut entry = json!({
                "mediaType": doc.media_type,
                "digest": image.to_string(),
                "size": doc.bytes.len(),
            });
            if let [platform] = doc.platforms.as_slice() {
                let (os, architecture) = platform.split_once('/').unwrap();
                entry["platform"] = json!({"os": os, "architecture": architecture});
            }
            platforms.extend(doc.platforms.clone());
            manifests.push(entry);
            children.push(image.clone());
        }
        if attest {
            let of = images[0];
            let statement = json!([{
                "mediaType": "application/vnd.in-toto+json",
                "digest": Digest::of(b"{}").to_string(),
                "size": 2,
                "annotations": {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v1"},
            }]);
            let attestation = self.manifest("unknown/unknown", of.as_str(), is_docker, &statement);
            manifests.push(json!({
                "mediaType": MANIFEST,
                "digest": attestation.to_string(),
                "size": self.doc(&attestation).bytes.len(),
                "platform": {"os": "unknown", "architecture": "unknown"},
                "annotations": {
                    "vnd.docker.reference.type": "attestation-manifest",
                    "vnd.docker.reference.digest": of.to_string(),
                },
            }));
            children.push(attestation);
        }
        let media_type = if is_docker { DOCKER_LIST } else { INDEX };
        let value = json!({"schemaVersion": 2, "mediaType": media_type, "manifests": manifests});
        let doc = Doc {
            children,
            images: images.iter().map(|&image| image.clone()).collect(),
            platforms,
            attested: images
                .iter()
                .take(usize::from(attest))
                .map(|&image| image.clone())
                .collect(),
            ..plain(&value, media_type)
        };
        self.add(doc)
    }

    fn build(&mut self, image: Digest, foreign: &[Digest], wrong_at: Option<Depth>) {
        let images = self.doc(&image).images.clone();
        let own: Vec<&Digest> = if images.is_empty() {
            vec![&image]
        } else {
            images.iter().collect()
        };
        let mut others = foreign.to_vec();
        // A merge job's: all of it and more.
        let more: Vec<&Digest> = own.iter().copied().chain([&foreign[0]]).collect();
        others.push(self.index(&more, false, false));
        if images.len() > 1 {
            others.push(self.index(&own[..1], false, false));
            others.push(self.index(&[own[0], &foreign[0]], true, false));
        }
        let wrapped = vec![self.index(&[&image], false, false)];
        self.builds.push(Build {
            image,
            wrapped,
            others,
            wrong_at,
        });
    }
}

fn plain(value: &Value, media_type: &'static str) -> Doc {
    // Not as a serialiser would write it, so that writing it anew is seen.
    let bytes = serde_json::to_vec_pretty(value).unwrap();
    Doc {
        digest: Digest::of(&bytes),
        bytes,
        media_type,
        config: None,
        children: Vec::new(),
        images: Vec::new(),
        platforms: Vec::new(),
        blobs: Vec::new(),
        attested: Vec::new(),
    }
}

fn make() -> Library {
    let mut library = Library {
        docs: BTreeMap::new(),
        blobs: BTreeMap::new(),
        builds: Vec::new(),
        altered: BTreeMap::new(),
    };
    let (older, newer) = (
        library.image("linux/amd64", "older", false),
        library.image("linux/amd64", "newer", false),
    );
    let newer_arm = library.image("linux/arm64", "newer", false);
    let newer_index = library.index(&[&newer, &newer_arm], true, false);
    let foreign = [older, newer, newer_index];
    for content in ["a", "b"] {
        for is_docker in [false, true] {
            let amd = library.image("linux/amd64", content, is_docker);
            let arm = library.image("linux/arm64", content, is_docker);
            let riscv = library.image("linux/riscv64", content, is_docker);
            let two = library.index(&[&amd, &arm], !is_docker, is_docker);
            let three = library.index(&[&amd, &arm, &riscv], false, is_docker);
            let one = library.index(&[&riscv], true, false);
            for image in [two, three, one, arm] {
                library.build(image, &foreign, None);
            }
        }
    }
    const AMD64: u16 = 62;
    const ARM64: u16 = 183;
    let lying = json!({"os": "linux", "architecture": "amd64", "content": "lying"});
    let lying = library.manifest_of("linux/arm64", &lying, false, &json!([]));
    let honest = library.image("linux/amd64", "honest", false);
    let shared = |library: &mut Library, platform: &str| library.program(platform, AMD64, "shared");
    for (images, wrong_at) in [
        ([honest, lying], Some(Depth::Platforms)),
        (
            [
                library.program("linux/amd64", AMD64, "right"),
                library.program("linux/arm64", ARM64, "right"),
            ],
            None,
        ),
        (
            [
                shared(&mut library, "linux/amd64"),
                shared(&mut library, "linux/arm64"),
            ],
            Some(Depth::Platforms),
        ),
        (
            [
                library.program("linux/amd64", AMD64, "own"),
                library.program("linux/arm64", AMD64, "another"),
            ],
            Some(Depth::Programs),
        ),
    ] {
        let index = library.index(&[&images[0], &images[1]], true, false);
        library.build(index, &foreign, wrong_at);
    }
    let altered = library.docs.values().map(|doc| {
        let mut bytes = doc.bytes.clone();
        alter(&mut bytes);
        (Digest::of(&bytes), doc.digest.clone())
    });
    library.altered = altered.collect();
    library
}

/// A layer with the header of a program for a 64-bit machine as `/app`.
fn layer(machine: u16, content: &str) -> Vec<u8> {
    let mut program = b"\x7fELF\x02\x01\x01".to_vec();
    program.resize(16, 0);
    program.extend(2_u16.to_le_bytes());
    program.extend(machine.to_le_bytes());
    program.resize(64, 0);
    program.extend(content.as_bytes());
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o755);
    header.set_size(program.len() as u64);
    builder
        .append_data(&mut header, "app", program.as_slice())
        .unwrap();
    builder.into_inner().unwrap()
}

/// Makes another document of one, with the same members.
pub(crate) fn alter(bytes: &mut Vec<u8>) {
    bytes.insert(1, b' ');
}
