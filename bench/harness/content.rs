//! What the registries hold: one image for two platforms, under many tags, written straight into the storage.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tagproof::oci::Digest;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// The storage of a registry.
pub(crate) struct Content {
    pub(crate) storage: PathBuf,
    index: Vec<u8>,
    children: [(&'static str, String); 2],
}

impl Content {
    /// Writes `repositories`, each with tags `0` to `tags - 1`.
    pub(crate) fn write(storage: &Path, repositories: &[(String, usize)]) -> Result<Self> {
        let platform = |architecture: &str| json!({"os": "linux", "architecture": architecture});
        // As far as crane reads it.
        let config = |architecture: &str| {
            let rootfs = json!({"type": "layers", "diff_ids": []});
            json!({"os": "linux", "architecture": architecture, "config": {}, "rootfs": rootfs})
        };
        let manifest = |architecture: &str| {
            let config = config(architecture).to_string();
            json!({
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": {
                    "mediaType": "application/vnd.oci.image.config.v1+json",
                    "digest": Digest::of(config.as_bytes()).to_string(),
                    "size": config.len(),
                },
                "layers": [],
            })
            .to_string()
        };
        let children =
            ["amd64", "arm64"].map(|architecture| (architecture, manifest(architecture)));
        let listed: Vec<Value> = children
            .iter()
            .map(|(architecture, manifest)| {
                json!({
                    "mediaType": MANIFEST,
                    "digest": Digest::of(manifest.as_bytes()).to_string(),
                    "size": manifest.len(),
                    "platform": platform(architecture),
                })
            })
            .collect();
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": listed});
        let content = Self {
            storage: storage.to_owned(),
            index: index.to_string().into_bytes(),
            children: children
                .clone()
                .map(|(name, manifest)| (name, Digest::of(manifest.as_bytes()).to_string())),
        };
        let manifests = children.iter().map(|(_, manifest)| manifest.as_bytes());
        for (repository, tags) in repositories {
            for bytes in manifests.clone().chain([content.index.as_slice()]) {
                content.write_manifest(repository, bytes)?;
            }
            for (architecture, _) in &children {
                content.write_blob(repository, config(architecture).to_string().as_bytes())?;
            }
            for tag in 0..*tags {
                content.point(repository, &tag.to_string(), &content.digest())?;
            }
        }
        Ok(content)
    }

    /// The digest of the index, which every tag should point at.
    pub(crate) fn digest(&self) -> String {
        Digest::of(&self.index).to_string()
    }

    /// Points a tag at one platform of the image.
    pub(crate) fn spoil(&self, repository: &str, tag: &str) -> Result<()> {
        let [_, (_, child)] = &self.children;
        self.point(repository, tag, child)
    }

    /// Points a tag at the image.
    pub(crate) fn mend(&self, repository: &str, tag: &str) -> Result<()> {
        self.point(repository, tag, &self.digest())
    }

    /// What a build that pushed these tags leaves behind.
    pub(crate) fn metadata(&self, names: &[String]) -> String {
        json!({
            "containerimage.digest": self.digest(),
            "containerimage.descriptor": {
                "mediaType": INDEX,
                "digest": self.digest(),
                "size": self.index.len(),
            },
            "image.name": names.join(","),
        })
        .to_string()
    }

    /// The platforms of the image, each with the digest of its manifest.
    pub(crate) fn children(&self) -> [(&'static str, String); 2] {
        self.children.clone()
    }

    fn write_manifest(&self, repository: &str, bytes: &[u8]) -> Result<()> {
        let digest = self.write_data(bytes)?;
        let link = self
            .manifests(repository)
            .join(format!("revisions/sha256/{}/link", hex(&digest)?));
        write(&link, digest.as_bytes())
    }

    fn write_blob(&self, repository: &str, bytes: &[u8]) -> Result<()> {
        let digest = self.write_data(bytes)?;
        let link = self
            .repository(repository)
            .join(format!("_layers/sha256/{}/link", hex(&digest)?));
        write(&link, digest.as_bytes())
    }

    /// The digest of what was written.
    fn write_data(&self, bytes: &[u8]) -> Result<String> {
        let digest = Digest::of(bytes).to_string();
        let hex = hex(&digest)?;
        let prefix = hex.get(..2).context("no digest")?;
        let path = format!("blobs/sha256/{prefix}/{hex}/data");
        write(&self.root().join(path), bytes)?;
        Ok(digest)
    }

    fn point(&self, repository: &str, tag: &str, digest: &str) -> Result<()> {
        let tag = self.manifests(repository).join("tags").join(tag);
        let index = tag.join(format!("index/sha256/{}/link", hex(digest)?));
        write(&index, digest.as_bytes())?;
        write(&tag.join("current/link"), digest.as_bytes())
    }

    fn root(&self) -> PathBuf {
        self.storage.join("docker/registry/v2")
    }

    fn manifests(&self, repository: &str) -> PathBuf {
        self.repository(repository).join("_manifests")
    }

    fn repository(&self, repository: &str) -> PathBuf {
        self.root().join("repositories").join(repository)
    }
}

fn hex(digest: &str) -> Result<&str> {
    digest.strip_prefix("sha256:").context("no digest")
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::create_dir_all(path.parent().context("no folder")?)?;
    fs::write(path, bytes).with_context(|| path.display().to_string())
}
