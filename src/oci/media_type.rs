//! The media types of manifests, and the `Accept` header that asks for the four that are read.

use std::fmt;
use std::str::FromStr;

/// What every manifest request accepts. A partial list makes registries answer with another
/// manifest or with 404, which looks exactly like a wrong tag (distribution, Quay, olareg).
pub const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json";

/// The media type of a manifest, an image index, or another document that a registry holds.
///
/// A value that exists is `type/subtype` in lower case without parameters, in characters that may
/// stand in a header and in a report (RFC 6838, section 4.2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MediaType {
    /// OCI image index.
    OciIndex,
    /// Docker manifest list.
    DockerList,
    /// OCI image manifest.
    OciManifest,
    /// Docker image manifest, version 2, schema 2.
    DockerManifest,
    /// Any other: Docker's schema 1, an artifact manifest, a vendor's own, a web page's.
    Other(OtherType),
}

/// The name of a media type that is none of the four.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OtherType(Box<str>);

const KNOWN: [MediaType; 4] = [
    MediaType::OciIndex,
    MediaType::DockerList,
    MediaType::OciManifest,
    MediaType::DockerManifest,
];

impl MediaType {
    /// What bytes are that came without a type (RFC 9110, section 8.3).
    #[must_use]
    pub fn of_bytes() -> Self {
        Self::Other(OtherType("application/octet-stream".into()))
    }

    /// Whether a document of this type lists other documents (an index or a manifest list).
    #[must_use]
    pub fn is_index(&self) -> bool {
        matches!(self, Self::OciIndex | Self::DockerList)
    }

    /// Whether it says nothing about what a document is: `application/json`, as fronts and object
    /// stores serve everything. Types of manifests are all in the tree of vendors.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        !self.as_str().contains("/vnd.")
    }

    /// The name as it stands in `Content-Type` and `mediaType`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::OciIndex => "application/vnd.oci.image.index.v1+json",
            Self::DockerList => "application/vnd.docker.distribution.manifest.list.v2+json",
            Self::OciManifest => "application/vnd.oci.image.manifest.v1+json",
            Self::DockerManifest => "application/vnd.docker.distribution.manifest.v2+json",
            Self::Other(OtherType(name)) => name,
        }
    }
}

impl fmt::Display for OtherType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for MediaType {
    type Err = ();

    /// Reads a media type; parameters (`; charset=utf-8`, seen in the wild) are ignored
    /// (distribution-spec, "Pulling manifests").
    fn from_str(text: &str) -> Result<Self, ()> {
        let name = text.split(';').next().unwrap_or_default().trim();
        let known = KNOWN
            .into_iter()
            .find(|known| known.as_str().eq_ignore_ascii_case(name));
        if let Some(known) = known {
            return Ok(known);
        }
        let is_part = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphanumeric())
                && part.len() <= 127
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
        };
        match name.split_once('/') {
            Some((kind, subtype)) if is_part(kind) && is_part(subtype) => Ok(Self::Other(
                OtherType(name.to_ascii_lowercase().into_boxed_str()),
            )),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_case_do_not_matter() {
        for (text, name) in [
            (
                "Application/vnd.oci.image.index.v1+json; charset=utf-8",
                "application/vnd.oci.image.index.v1+json",
            ),
            ("Text/HTML;charset=utf-8", "text/html"),
            (
                "application/vnd.oci.artifact.manifest.v1+json",
                "application/vnd.oci.artifact.manifest.v1+json",
            ),
        ] {
            let media_type: MediaType = text.parse().unwrap();
            assert_eq!(media_type.as_str(), name);
            assert_eq!(name.parse(), Ok(media_type));
        }
    }

    #[test]
    fn what_may_not_stand_in_a_header_is_not_a_media_type() {
        let long = format!("application/{}", "a".repeat(128));
        for text in [
            "",
            "json",
            "/json",
            "application/",
            "a/b/c",
            "a/b\r\nX: y",
            "a/b c",
            "a/ü",
            "a/`b`",
            &long,
        ] {
            assert_eq!(text.parse::<MediaType>(), Err(()), "{text}");
        }
    }

    #[test]
    fn only_types_of_vendors_say_what_a_document_is() {
        for (text, plain) in [
            ("application/json", true),
            ("text/plain", true),
            ("application/octet-stream", true),
            (
                "application/vnd.docker.distribution.manifest.v1+prettyjws",
                false,
            ),
            ("application/vnd.oci.image.manifest.v1+json", false),
        ] {
            assert_eq!(
                text.parse::<MediaType>().unwrap().is_plain(),
                plain,
                "{text}"
            );
        }
    }

    #[test]
    fn the_accept_header_names_all_four() {
        let named: Vec<MediaType> = ACCEPT
            .split(", ")
            .map(|name| name.parse().unwrap())
            .collect();
        assert_eq!(named.len(), 4);
        assert!(named.iter().all(|it| KNOWN.contains(it)));
    }
}
