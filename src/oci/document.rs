//! A manifest or an index as a registry served it: the exact bytes, their digest, and a view to read.
//!
//! The bytes are what counts and what may be written again. The view (through `oci_spec`'s image
//! types, which lose unknown fields) is only ever read.

use std::collections::HashMap;
use std::fmt;

use oci_spec::image::{Descriptor, ImageIndex, ImageManifest};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::{Attestation, Digest, MAX_VALUES, MediaType, Platform, is_bounded};

/// More children than any index of a build has; more is an attack or a mistake.
const MAX_CHILDREN: usize = 1000;

/// A manifest or an image index that was read: never without its exact bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    bytes: Vec<u8>,
    digest: Digest,
    media_type: MediaType,
    content: Content,
}

/// What a document is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// An image index or a manifest list.
    Index(Index),
    /// The manifest of one image (or of an attestation).
    Image(Image),
}

/// The view of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    children: Vec<Child>,
    annotations: Vec<(String, String)>,
}

/// The view of a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    config: Digest,
    annotations: Vec<(String, String)>,
    attestations: Vec<Attestation>,
}

/// One entry of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// The digest of the entry's manifest.
    pub digest: Digest,
    /// The platform it says it is for; an attestation's `unknown/unknown` is none.
    pub platform: Option<Platform>,
    /// Whether it is an attestation manifest of BuildKit and no image
    /// (`vnd.docker.reference.type`, BuildKit docs, "Attestation storage").
    pub is_attestation: bool,
    /// The image that an attestation manifest is about (`vnd.docker.reference.digest`).
    pub attests: Option<Digest>,
}

impl Document {
    /// Reads the body of an answer whose `Content-Type` was `content_type`.
    ///
    /// # Errors
    ///
    /// When the type is none of the four, differs from the body's own `mediaType`, or the body is
    /// not such a document, or could be read as an index and as a manifest
    /// (CVE-2021-41190: what it means would depend on the reader).
    pub fn parse(bytes: Vec<u8>, content_type: &str) -> Result<Self, ParseDocumentError> {
        use ParseDocumentError as E;
        if !is_bounded(&bytes) {
            return Err(E::TooManyValues);
        }
        let shape: Shape = serde_json::from_slice(&bytes).map_err(json)?;
        let named = |text: &str| {
            text.parse::<MediaType>()
                .map_err(|()| E::MediaType(text.to_owned()))
        };
        let media_type = match &shape.media_type {
            // A body without a media type is legal in OCI: then the header decides.
            None => named(content_type)?,
            Some(own) => {
                let own = named(own)?;
                // A front that serves JSON as `application/json` says nothing about the document.
                let said = content_type.split(';').next().unwrap_or_default().trim();
                if !matches!(said, "" | "application/json" | "application/octet-stream")
                    && named(said)? != own
                {
                    return Err(E::TypesDiffer {
                        header: said.to_owned(),
                        body: own,
                    });
                }
                own
            }
        };
        let has_image =
            shape.config.is_some() || shape.layers.is_some() || shape.fs_layers.is_some();
        if has_image && shape.manifests.is_some() {
            return Err(E::Ambiguous);
        }
        let content = match media_type.is_index() {
            true if has_image || shape.manifests.is_none() => {
                return Err(E::WrongShape(media_type));
            }
            false if !has_image || shape.manifests.is_some() => {
                return Err(E::WrongShape(media_type));
            }
            true => Content::Index(Index::parse(&bytes)?),
            false => Content::Image(Image::parse(&bytes)?),
        };
        Ok(Self {
            digest: Digest::of(&bytes),
            bytes,
            media_type,
            content,
        })
    }

    /// The bytes exactly as they were served.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The sha256 digest of the bytes.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The media type.
    #[must_use]
    pub fn media_type(&self) -> MediaType {
        self.media_type
    }

    /// What is in it.
    #[must_use]
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// The entries, if this is an index; none otherwise.
    #[must_use]
    pub fn children(&self) -> &[Child] {
        match &self.content {
            Content::Index(index) => &index.children,
            Content::Image(_) => &[],
        }
    }

    /// The entries that are images: all but attestation manifests.
    pub fn images(&self) -> impl Iterator<Item = &Child> {
        self.children().iter().filter(|child| !child.is_attestation)
    }

    /// The digest of the config blob, if this is a manifest.
    #[must_use]
    pub fn config(&self) -> Option<&Digest> {
        match &self.content {
            Content::Index(_) => None,
            Content::Image(image) => Some(&image.config),
        }
    }

    /// The attestations in it, if this is an attestation manifest.
    #[must_use]
    pub fn attestations(&self) -> &[Attestation] {
        match &self.content {
            Content::Index(_) => &[],
            Content::Image(image) => &image.attestations,
        }
    }

    /// The platforms an index says it has, sorted, each once; empty for a manifest.
    #[must_use]
    pub fn platforms(&self) -> Vec<Platform> {
        let mut platforms: Vec<&Platform> = self
            .images()
            .filter_map(|child| child.platform.as_ref())
            .collect();
        platforms.sort();
        platforms.dedup();
        platforms.into_iter().cloned().collect()
    }

    /// The value of an annotation of the document itself.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<&str> {
        let annotations = match &self.content {
            Content::Index(index) => &index.annotations,
            Content::Image(image) => &image.annotations,
        };
        annotations
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    /// The platform that a config blob (`config`, already checked against its digest) is for.
    #[must_use]
    pub fn platform_of_config(config: &[u8]) -> Option<Platform> {
        let config: ConfigPlatform = serde_json::from_slice(config).ok()?;
        Platform::new(
            &config.os?,
            &config.architecture?,
            config.variant.as_deref(),
        )
        .ok()
    }
}

/// The members that tell an index from a manifest. A member that stands twice is refused by serde.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    media_type: Option<String>,
    manifests: Option<IgnoredAny>,
    config: Option<IgnoredAny>,
    layers: Option<IgnoredAny>,
    fs_layers: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct ConfigPlatform {
    os: Option<String>,
    architecture: Option<String>,
    variant: Option<String>,
}

impl Index {
    fn parse(bytes: &[u8]) -> Result<Self, ParseDocumentError> {
        let index: ImageIndex = serde_json::from_slice(bytes).map_err(json)?;
        if index.manifests().len() > MAX_CHILDREN {
            return Err(ParseDocumentError::TooManyChildren(index.manifests().len()));
        }
        let children = index
            .manifests()
            .iter()
            .map(child)
            .collect::<Result<_, _>>()?;
        let annotations = shown(index.annotations());
        Ok(Self {
            children,
            annotations,
        })
    }
}

fn child(descriptor: &Descriptor) -> Result<Child, ParseDocumentError> {
    let digest = digest_of(descriptor)?;
    let annotation = |key: &str| {
        descriptor
            .annotations()
            .as_ref()
            .and_then(|all| all.get(key))
    };
    let is_attestation =
        annotation("vnd.docker.reference.type").is_some_and(|kind| kind == "attestation-manifest");
    let attests = annotation("vnd.docker.reference.digest")
        .filter(|_| is_attestation)
        .and_then(|digest| digest.parse().ok());
    let platform = descriptor
        .platform()
        .as_ref()
        .and_then(|p| {
            Platform::new(
                &p.os().to_string(),
                &p.architecture().to_string(),
                p.variant().as_deref(),
            )
            .ok()
        })
        .filter(|platform| !platform.is_unknown());
    Ok(Child {
        digest,
        platform,
        is_attestation,
        attests,
    })
}

impl Image {
    fn parse(bytes: &[u8]) -> Result<Self, ParseDocumentError> {
        let manifest: ImageManifest = serde_json::from_slice(bytes).map_err(json)?;
        let config = digest_of(manifest.config())?;
        let annotations = shown(manifest.annotations());
        // BuildKit names each statement's kind at its layer, so that no layer has to be read.
        let attestations = manifest
            .layers()
            .iter()
            .filter_map(|layer| layer.annotations().as_ref())
            .filter_map(|annotations| annotations.get("in-toto.io/predicate-type"))
            .filter_map(|predicate_type| Attestation::of_predicate(predicate_type))
            .collect();
        Ok(Self {
            config,
            annotations,
            attestations,
        })
    }
}

/// The annotations that are shown of a document: those of OCI's own keys, as far as a line goes.
fn shown(annotations: &Option<HashMap<String, String>>) -> Vec<(String, String)> {
    let all = annotations.iter().flatten();
    all.filter(|(key, _)| key.len() <= 100 && key.starts_with("org.opencontainers.image."))
        .map(|(key, value)| (key.clone(), value.chars().take(512).collect()))
        .collect()
}

/// The parser's words, which may quote all of the body.
fn json(error: serde_json::Error) -> ParseDocumentError {
    ParseDocumentError::Json(error.to_string().chars().take(300).collect())
}

fn digest_of(descriptor: &Descriptor) -> Result<Digest, ParseDocumentError> {
    let text = descriptor.digest().to_string();
    text.parse().map_err(|_| ParseDocumentError::Digest(text))
}

/// Why a body is no manifest and no index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseDocumentError {
    /// It is not JSON, or a member has the wrong type or stands twice.
    Json(String),
    /// The media type is none of the four.
    MediaType(String),
    /// The `Content-Type` and the body's own `mediaType` differ.
    TypesDiffer {
        /// What the header said.
        header: String,
        /// What the body says.
        body: MediaType,
    },
    /// It has the members of an index and those of a manifest.
    Ambiguous,
    /// It lacks what its media type promises.
    WrongShape(MediaType),
    /// A digest in it is none.
    Digest(String),
    /// It lists more children than is sensible.
    TooManyChildren(usize),
    /// It holds more values than is sensible.
    TooManyValues,
}

impl fmt::Display for ParseDocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => write!(f, "it is not a manifest: {error}"),
            Self::MediaType(media_type) => write!(
                f,
                "its media type `{media_type}` is neither a manifest's nor an index's"
            ),
            Self::TypesDiffer { header, body } => {
                write!(
                    f,
                    "its Content-Type is `{header}`, its own mediaType `{body}`"
                )
            }
            Self::Ambiguous => f.write_str("it can be read as an index and as a manifest"),
            Self::WrongShape(media_type) => {
                write!(f, "it lacks what its media type `{media_type}` promises")
            }
            Self::Digest(digest) => write!(f, "`{digest}` in it is no digest"),
            Self::TooManyChildren(count) => {
                write!(f, "it lists {count} children, more than {MAX_CHILDREN}")
            }
            Self::TooManyValues => write!(f, "it holds more than {MAX_VALUES} values"),
        }
    }
}

impl std::error::Error for ParseDocumentError {}

#[cfg(test)]
mod tests {
    use super::*;

    const INDEX: &str = "application/vnd.oci.image.index.v1+json";
    const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

    fn parse(body: &str, content_type: &str) -> Result<Document, ParseDocumentError> {
        Document::parse(body.as_bytes().to_vec(), content_type)
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

    fn manifest() -> String {
        let config = Digest::of(b"config");
        format!(
            r#"{{"schemaVersion":2,"config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{config}","size":2}},"layers":[]}}"#
        )
    }

    #[test]
    fn an_index_shows_its_images_and_their_platforms_but_no_attestation() {
        let document = parse(&index_of_two(), INDEX).unwrap();
        assert_eq!(document.digest(), &Digest::of(index_of_two().as_bytes()));
        assert_eq!(document.children().len(), 2);
        assert_eq!(document.images().count(), 1);
        assert_eq!(document.platforms(), vec!["linux/arm64".parse().unwrap()]);
        assert_eq!(
            document.annotation("org.opencontainers.image.version"),
            Some("1.2")
        );
        assert_eq!(document.config(), None);
    }

    #[test]
    fn a_body_without_a_media_type_is_what_the_header_says() {
        let document = parse(&manifest(), &format!("{MANIFEST}; charset=utf-8")).unwrap();
        assert_eq!(document.media_type(), MediaType::OciManifest);
        assert_eq!(document.config(), Some(&Digest::of(b"config")));
        assert!(document.children().is_empty());
    }

    #[test]
    fn bodies_that_could_mean_two_things_are_refused() {
        use ParseDocumentError as E;
        let both = r#"{"schemaVersion":2,"manifests":[],"config":{},"layers":[]}"#;
        assert_eq!(parse(both, INDEX), Err(E::Ambiguous));
        assert_eq!(
            parse(&manifest(), INDEX),
            Err(E::WrongShape(MediaType::OciIndex))
        );
        assert_eq!(
            parse(&index_of_two(), MANIFEST),
            Err(E::TypesDiffer {
                header: MANIFEST.to_owned(),
                body: MediaType::OciIndex
            })
        );
        let twice = index_of_two().replacen(
            "\"schemaVersion\":2",
            "\"schemaVersion\":2,\"manifests\":[]",
            1,
        );
        assert!(matches!(parse(&twice, INDEX), Err(E::Json(_))));
    }

    #[test]
    fn what_is_no_manifest_is_refused_with_the_reason() {
        use ParseDocumentError as E;
        assert!(matches!(parse("<html>", "text/html"), Err(E::Json(_))));
        assert_eq!(
            parse(&manifest(), "text/html"),
            Err(E::MediaType("text/html".to_owned()))
        );
        assert!(matches!(parse("[]", INDEX), Err(E::Json(_))));
        let bad = index_of_two().replace("sha256:", "md5:");
        assert!(parse(&bad, INDEX).is_err());
    }

    #[test]
    #[cfg_attr(miri, ignore = "so large that Miri takes minutes")]
    fn more_children_than_any_index_has_are_refused() {
        let entry = format!(
            r#"{{"mediaType":"{MANIFEST}","digest":"{}","size":1}}"#,
            Digest::of(b"a")
        );
        let many = format!(
            r#"{{"schemaVersion":2,"manifests":[{}]}}"#,
            vec![entry; 1001].join(",")
        );
        let refused = ParseDocumentError::TooManyChildren(1001);
        assert_eq!(parse(&many, INDEX), Err(refused));
    }

    #[test]
    #[cfg_attr(miri, ignore = "so large that Miri takes minutes")]
    fn more_values_than_any_document_has_are_not_built_up() {
        let many = format!(
            r#"{{"schemaVersion":2,"manifests":[{}0]}}"#,
            "0,".repeat(100_000)
        );
        assert_eq!(parse(&many, INDEX), Err(ParseDocumentError::TooManyValues));
    }

    #[test]
    fn a_front_that_calls_every_json_application_json_is_read_by_the_bodys_own_type() {
        assert!(parse(&index_of_two(), "application/json").is_ok());
        assert!(parse(&manifest(), "application/json").is_err());
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
}
