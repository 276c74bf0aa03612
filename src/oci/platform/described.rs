//! The members that say of a descriptor, or of an image's config, which platform it is for.

use serde::Deserialize;

/// What a descriptor or a config says of its platform, in OCI's words. Any of it may be missing.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Described {
    /// The operating system.
    pub os: Option<String>,
    /// The architecture.
    pub architecture: Option<String>,
    /// The variant of the architecture.
    pub variant: Option<String>,
    /// The version of the operating system.
    #[serde(rename = "os.version")]
    pub os_version: Option<String>,
    /// What the image needs of the operating system.
    #[serde(rename = "os.features")]
    pub os_features: Option<Vec<String>>,
}

impl Described {
    /// Whether it is the `unknown/unknown` of what is not an image.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        let is_unknown = |it: &Option<String>| it.as_deref() == Some("unknown");
        is_unknown(&self.os) && is_unknown(&self.architecture)
    }
}
