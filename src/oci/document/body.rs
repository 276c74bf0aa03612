//! The members of a body, read as Go's decoders read them: `null` is nothing, and what is not
//! needed may have any shape.

use oci_spec::image::RootFs;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::content::{Child, Content, Index, Layer, Manifest};
use super::why::{MAX_CHILDREN, Why};
use crate::oci::attestation::Attestation;
use crate::oci::digest::Digest;
use crate::oci::json::is_bounded;
use crate::oci::media_type::MediaType;
use crate::oci::named::Named;
use crate::oci::platform::{Described, Platform};

/// The annotation that podman and its peers put on the zstd variant of an image in an index.
const ZSTD: &str = "io.github.containers.compression.zstd";

/// The most that is kept of an artifact's type.
const MAX_TYPE: usize = 255;

/// What is in a body, and the media type that it gives itself.
pub(super) fn read(bytes: &[u8], served: Option<&MediaType>) -> (Option<MediaType>, Content) {
    let body: Body = match whole(bytes, served) {
        Ok(body) => body,
        Err(why) => return (None, Content::Unread(why)),
    };
    let own = body.media_type.as_deref().filter(|own| !own.is_empty());
    let media_type = own.and_then(|own| own.parse().ok());
    let content = match (own, &media_type) {
        (Some(own), None) => Err(Why::MediaType(own.chars().take(MAX_TYPE).collect())),
        _ => body.content(media_type.as_ref(), served),
    };
    (media_type, content.unwrap_or_else(Content::Unread))
}

fn whole(bytes: &[u8], served: Option<&MediaType>) -> Result<Body, Why> {
    // The parser's words may quote all of the body.
    let words = |error: serde_json::Error| error.to_string().chars().take(300).collect();
    serde_json::from_slice::<IgnoredAny>(bytes).map_err(|error| Why::NotJson(words(error)))?;
    // serde would read a list as the members in their order.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(match served {
            Some(served) if !served.is_plain() => Why::Json("it is not an object".to_owned()),
            _ => Why::NoManifest,
        });
    }
    if !is_bounded(bytes) {
        return Err(Why::TooManyValues);
    }
    serde_json::from_slice(bytes).map_err(|error| Why::Json(words(error)))
}

/// The members that say what a document is. One that stands twice is refused by serde.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    schema_version: Option<IgnoredAny>,
    media_type: Option<String>,
    #[serde(default, deserialize_with = "present")]
    manifests: Option<Option<Vec<IndexEntry>>>,
    config: Option<ConfigEntry>,
    layers: Option<Vec<LayerEntry>>,
    fs_layers: Option<IgnoredAny>,
    blobs: Option<IgnoredAny>,
    #[serde(default)]
    artifact_type: Lenient<String>,
    #[serde(default)]
    subject: Lenient<Value>,
    #[serde(default)]
    annotations: Lenient<Map<String, Value>>,
}

/// One entry of an index.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IndexEntry {
    #[serde(default)]
    media_type: Lenient<String>,
    digest: Option<String>,
    #[serde(default)]
    size: Lenient<u64>,
    #[serde(default)]
    platform: Lenient<Described>,
    #[serde(default)]
    artifact_type: Lenient<String>,
    #[serde(default)]
    annotations: Lenient<Map<String, Value>>,
}

/// The config of an image.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfigEntry {
    #[serde(default)]
    media_type: Lenient<String>,
    digest: Option<String>,
}

/// One layer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LayerEntry {
    #[serde(default)]
    media_type: Lenient<String>,
    #[serde(default)]
    digest: Lenient<String>,
    #[serde(default)]
    size: Lenient<u64>,
    #[serde(default)]
    urls: Lenient<Vec<IgnoredAny>>,
    #[serde(default)]
    annotations: Lenient<Map<String, Value>>,
}

/// A member that is not needed: one of another shape is as good as none.
struct Lenient<T>(Option<T>);

impl<T> Default for Lenient<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(|value| Self(serde_json::from_value(value).ok()))
    }
}

/// Tells a member that is `null` from one that is not there.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl Body {
    fn content(self, own: Option<&MediaType>, served: Option<&MediaType>) -> Result<Content, Why> {
        let is_list = matches!(self.manifests, Some(Some(_)));
        let is_image = self.config.is_some() || self.layers.is_some();
        if is_list && (is_image || self.fs_layers.is_some()) {
            return Err(Why::Ambiguous);
        }
        // A body without a media type is legal in OCI: then the header decides, if it says
        // anything, and else the members do.
        let named = own.or(served.filter(|served| !served.is_plain()));
        let kind = match named {
            Some(named) => named.clone(),
            None if is_image => MediaType::OciManifest,
            None if self.manifests.is_some() => MediaType::OciIndex,
            None if self.has_something_of_a_manifest() => return Err(Why::NoType),
            None => return Err(Why::NoManifest),
        };
        if let MediaType::Other(_) = kind {
            return Err(Why::MediaType(kind.to_string()));
        }
        let annotations = self.annotations.0.unwrap_or_default();
        match (kind.is_index(), self.manifests, self.config) {
            (true, Some(entries), None) if !is_image => {
                index(entries.unwrap_or_default(), &annotations)
            }
            (false, None | Some(None), Some(config)) => {
                let artifact_type = self.artifact_type.0.filter(|name| !name.is_empty());
                Ok(Content::Image(Manifest {
                    config: digest(config.digest)?,
                    config_type: media_type(config.media_type),
                    layers: self.layers.as_deref().map(layers),
                    artifact_type: artifact_type.map(|name| name.chars().take(MAX_TYPE).collect()),
                    has_subject: self.subject.0.is_some_and(|subject| !subject.is_null()),
                    has_annotations: !annotations.is_empty(),
                    annotations: shown(&annotations),
                    provenance: provenance(self.layers.as_deref().unwrap_or_default()),
                    attestations: attestations(&self.layers.unwrap_or_default()),
                }))
            }
            _ => Err(Why::WrongShape(kind)),
        }
    }

    fn has_something_of_a_manifest(&self) -> bool {
        self.schema_version.is_some() || self.fs_layers.is_some() || self.blobs.is_some()
    }
}

fn index(entries: Vec<IndexEntry>, annotations: &Map<String, Value>) -> Result<Content, Why> {
    if entries.len() > MAX_CHILDREN {
        return Err(Why::TooManyChildren(entries.len()));
    }
    Ok(Content::Index(Index {
        children: entries.into_iter().map(child).collect(),
        annotations: shown(annotations),
    }))
}

fn child(entry: IndexEntry) -> Child {
    let annotations = entry.annotations.0.unwrap_or_default();
    let annotation = |key: &str| annotations.get(key).and_then(Value::as_str);
    let is_attestation = annotation("vnd.docker.reference.type") == Some("attestation-manifest");
    let media_type = media_type(entry.media_type);
    let platform = entry.platform.0.as_ref();
    let is_other_type = matches!(media_type, Some(MediaType::Other(_)));
    let has_type = entry.artifact_type.0.is_some_and(|name| !name.is_empty());
    let is_unknown = platform.is_some_and(Described::is_unknown);
    Child {
        named: Named::new(&entry.digest.unwrap_or_default()),
        media_type,
        size: entry.size.0,
        platform: platform.and_then(Platform::described),
        is_attestation,
        is_artifact: !is_attestation && (is_other_type || has_type || is_unknown),
        attests: annotation("vnd.docker.reference.digest")
            .filter(|_| is_attestation)
            .map(Named::new),
        is_zstd: annotation(ZSTD) == Some("true"),
    }
}

fn layers(entries: &[LayerEntry]) -> Vec<Layer> {
    let layer = |entry: &LayerEntry| {
        let media_type = entry.media_type.0.as_deref().unwrap_or_default();
        Layer {
            named: Named::new(entry.digest.0.as_deref().unwrap_or_default()),
            size: entry.size.0.unwrap_or(0),
            is_foreign: entry.urls.0.as_ref().is_some_and(|urls| !urls.is_empty())
                || media_type.contains(".nondistributable.")
                || media_type.contains(".foreign."),
            is_encrypted: media_type.ends_with("+encrypted"),
        }
    };
    entries.iter().map(layer).collect()
}

fn attestations(layers: &[LayerEntry]) -> Vec<Attestation> {
    layers.iter().filter_map(attestation).collect()
}

fn provenance(layers: &[LayerEntry]) -> Option<Named> {
    let mut layers = layers.iter();
    let layer = layers.find(|it| attestation(it) == Some(Attestation::Provenance))?;
    Some(Named::new(layer.digest.0.as_deref()?))
}

/// BuildKit names each statement's kind at its layer, so that no layer has to be read.
fn attestation(layer: &LayerEntry) -> Option<Attestation> {
    let annotations = layer.annotations.0.as_ref()?;
    Attestation::of_predicate(annotations.get("in-toto.io/predicate-type")?.as_str()?)
}

/// The annotations that are shown of a document: those of OCI's own keys, as far as a line goes.
fn shown(annotations: &Map<String, Value>) -> Vec<(String, String)> {
    let texts = annotations
        .iter()
        .filter_map(|(key, value)| Some((key, value.as_str()?)));
    texts
        .filter(|(key, _)| key.len() <= 100 && key.starts_with("org.opencontainers.image."))
        .map(|(key, text)| (key.clone(), text.chars().take(512).collect()))
        .collect()
}

fn media_type(text: Lenient<String>) -> Option<MediaType> {
    text.0?.parse().ok()
}

fn digest(text: Option<String>) -> Result<Digest, Why> {
    match Named::new(&text.unwrap_or_default()) {
        Named::Digest(digest) => Ok(digest),
        unknown @ Named::Unknown(_) => Err(Why::Digest(unknown.to_string())),
    }
}

/// See [`super::Document::platform_of_config`].
pub(super) fn platform_of_config(config: &[u8]) -> Option<Platform> {
    let config: Described = serde_json::from_slice(config).ok()?;
    Platform::described(&config)
}

/// The member `config` of an image's config (image-spec, `config.md`, "Properties").
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Execution {
    pub(crate) entrypoint: Option<Vec<String>>,
    pub(crate) cmd: Option<Vec<String>>,
    pub(crate) env: Option<Vec<String>>,
    pub(crate) working_dir: Option<String>,
    pub(crate) labels: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct Executed {
    #[serde(default)]
    config: Lenient<Execution>,
}

/// See [`super::Document::execution_of_config`].
pub(super) fn execution_of_config(config: &[u8]) -> Execution {
    let executed: Option<Executed> = serde_json::from_slice(config).ok();
    executed.and_then(|it| it.config.0).unwrap_or_default()
}

/// What a config says of its layers.
#[derive(Deserialize)]
struct Layers {
    rootfs: RootFs,
}

/// See [`super::Document::layers_of_config`].
pub(super) fn layers_of_config(config: &[u8]) -> Vec<String> {
    serde_json::from_slice::<Layers>(config)
        .map(|config| config.rootfs.diff_ids().clone())
        .unwrap_or_default()
}
