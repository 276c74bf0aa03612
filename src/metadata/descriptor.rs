//! The descriptor in the metadata, in each of the ways that buildx writes it.

use std::collections::BTreeMap;

use base64::Engine as _;
use serde::Deserialize;
use serde_json::Value;

use crate::oci::{Described, Digest, MediaType, Platform};

/// What is used of a descriptor.
pub(super) struct Descriptor {
    pub(super) digest: Digest,
    pub(super) media_type: Option<MediaType>,
    pub(super) platform: Option<Platform>,
    /// Whether it has the date that exporters of files give it, in the form they write it.
    pub(super) dated: bool,
}

/// Reads a descriptor: an object, or a string that holds one (buildx leaves what it cannot decode
/// as it came, in base64 or as text).
pub(super) fn descriptor(value: &str) -> Result<Option<Descriptor>, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Wire {
        digest: String,
        media_type: Option<String>,
        platform: Option<Described>,
        annotations: Option<BTreeMap<String, Value>>,
    }

    let mut text = value.to_owned();
    if let Ok(inner) = serde_json::from_str::<String>(value) {
        text = match base64::prelude::BASE64_STANDARD
            .decode(&inner)
            .map(String::from_utf8)
        {
            Ok(Ok(decoded)) => decoded,
            _ => inner,
        };
    }
    let wire: Option<Wire> =
        serde_json::from_str(&text).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => {
                format!("expected a descriptor with a `digest`: {error}")
            }
            _ => "expected an object with a `digest`".to_owned(),
        })?;
    let Some(wire) = wire else { return Ok(None) };
    Ok(Some(Descriptor {
        digest: wire
            .digest
            .parse()
            .map_err(|error| format!("`{}`: {error}", wire.digest))?,
        media_type: wire
            .media_type
            .and_then(|media_type| media_type.parse().ok()),
        // One that claims nothing is read from the image's config, where it is needed.
        platform: wire.platform.as_ref().and_then(Platform::described),
        dated: wire
            .annotations
            .as_ref()
            .and_then(|annotations| {
                annotations
                    .get("org.opencontainers.image.created")?
                    .as_str()
            })
            .is_some_and(is_of_exporter),
    }))
}

/// Whether a date has the form that BuildKit's `oci` and `docker` exporters give it, to the second
/// and in UTC: `2026-11-24T10:17:05Z`. Users annotate descriptors with dates as well, and then the
/// exporters leave theirs out.
fn is_of_exporter(date: &str) -> bool {
    const FORM: &[u8] = b"0000-00-00T00:00:00Z";
    let fits = |(byte, form): (u8, &u8)| match form {
        b'0' => byte.is_ascii_digit(),
        form => byte == *form,
    };
    date.len() == FORM.len() && date.bytes().zip(FORM).all(fits)
}
