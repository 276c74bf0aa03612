//! The four media types of manifests, and the `Accept` header that asks for all of them.

use std::fmt;
use std::str::FromStr;

/// What every manifest request accepts. A partial list makes registries answer with another
/// manifest or with 404, which looks exactly like a wrong tag (distribution, Quay, olareg).
pub const ACCEPT: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json";

/// The media type of a manifest or an image index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MediaType {
    /// OCI image index.
    OciIndex,
    /// Docker manifest list.
    DockerList,
    /// OCI image manifest.
    OciManifest,
    /// Docker image manifest, version 2, schema 2.
    DockerManifest,
}

impl MediaType {
    /// Whether a document of this type lists other documents (an index or a manifest list).
    #[must_use]
    pub fn is_index(self) -> bool {
        matches!(self, Self::OciIndex | Self::DockerList)
    }

    /// The name as it stands in `Content-Type` and `mediaType`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OciIndex => "application/vnd.oci.image.index.v1+json",
            Self::DockerList => "application/vnd.docker.distribution.manifest.list.v2+json",
            Self::OciManifest => "application/vnd.oci.image.manifest.v1+json",
            Self::DockerManifest => "application/vnd.docker.distribution.manifest.v2+json",
        }
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
        [
            Self::OciIndex,
            Self::DockerList,
            Self::OciManifest,
            Self::DockerManifest,
        ]
        .into_iter()
        .find(|known| known.as_str().eq_ignore_ascii_case(name))
        .ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_case_do_not_matter() {
        assert_eq!(
            "Application/vnd.oci.image.index.v1+json; charset=utf-8".parse(),
            Ok(MediaType::OciIndex)
        );
        assert_eq!("text/html".parse::<MediaType>(), Err(()));
    }

    #[test]
    fn the_accept_header_names_all_four() {
        let named: Vec<MediaType> = ACCEPT
            .split(", ")
            .map(|name| name.parse().unwrap())
            .collect();
        assert_eq!(named.len(), 4);
        assert!(
            named
                .iter()
                .all(|media_type| ACCEPT.contains(media_type.as_str()))
        );
    }
}
