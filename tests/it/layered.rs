//! Images with layers and programs in them, made by hand.

use serde_json::{Value, json};
use tagproof::oci::Digest;

use crate::image::{Document, image, remade};
use crate::samples::Store;

/// A program for linux/amd64, and one for linux/arm64: the header is all that is looked at.
pub(crate) fn amd64() -> Vec<u8> {
    elf(62)
}

pub(crate) fn arm64() -> Vec<u8> {
    elf(183)
}

/// The header of an ELF file for a 64-bit machine, with no segments.
fn elf(machine: u16) -> Vec<u8> {
    let mut file = b"\x7fELF\x02\x01\x01".to_vec();
    file.resize(16, 0);
    file.extend(2_u16.to_le_bytes());
    file.extend(machine.to_le_bytes());
    file.resize(64, 0);
    file
}

/// A layer of these files, all of which may be started.
pub(crate) fn layer(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o755);
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, path, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

/// An image with its layers, as they are pushed.
pub(crate) struct Layered {
    pub(crate) document: Document,
    pub(crate) layers: Vec<Vec<u8>>,
}

/// An image for a platform that starts these words.
pub(crate) fn layered(platform: &str, words: &[&str], layers: &[&[u8]]) -> Layered {
    changed(platform, words, layers, |_, _| {})
}

/// The same, with its config and its manifest changed.
pub(crate) fn changed(
    platform: &str,
    words: &[&str],
    layers: &[&[u8]],
    change: impl Fn(&mut Value, &mut Value),
) -> Layered {
    let bare = image(platform, "layered");
    let digests: Vec<String> = layers.iter().map(|it| Digest::of(it).to_string()).collect();
    let mut config: Value = serde_json::from_slice(&bare.config).unwrap();
    config["config"] = json!({"Entrypoint": words});
    config["rootfs"] = json!({"type": "layers", "diff_ids": digests});
    let mut manifest: Value = serde_json::from_slice(&bare.bytes).unwrap();
    let entries = layers.iter().zip(&digests).map(|(bytes, digest)| {
        json!({
            "mediaType": "application/vnd.oci.image.layer.v1.tar",
            "digest": digest,
            "size": bytes.len(),
        })
    });
    manifest["layers"] = entries.collect();
    change(&mut config, &mut manifest);
    let config = serde_json::to_vec(&config).unwrap();
    manifest["config"]["digest"] = json!(Digest::of(&config).to_string());
    manifest["config"]["size"] = json!(config.len());
    Layered {
        document: remade(&bare, &manifest, config),
        layers: layers.iter().map(|it| it.to_vec()).collect(),
    }
}

impl Layered {
    /// Puts the image and all that is in it into a repository.
    pub(crate) fn push(&self, registry: &impl Store, repository: &str) {
        for layer in &self.layers {
            registry.store_blob(repository, layer);
        }
        crate::image::push(registry, repository, &[&self.document]);
    }
}
