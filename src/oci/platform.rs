//! A platform an image runs on: `os/architecture[/variant]`, compared in its normal form.

use std::fmt;
use std::str::FromStr;

/// An operating system, an architecture and maybe a variant, in normal form: `arm64` is
/// `arm64/v8` without saying so, `arm` is `arm/v7`, `x86_64` is `amd64` (containerd
/// `platforms`, `Normalize`). Two platforms that print alike are equal.
///
/// The operating system's version (Windows) is not part of it: which version an image is for
/// never decides whether a tag is right.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Platform {
    os: String,
    architecture: String,
    variant: Option<String>,
}

impl Platform {
    /// The normal form of what a descriptor or a config says; empty parts are refused.
    ///
    /// # Errors
    ///
    /// When a part is empty or has a character that no platform has.
    pub fn new(
        os: &str,
        architecture: &str,
        variant: Option<&str>,
    ) -> Result<Self, ParsePlatformError> {
        let os = match os.to_ascii_lowercase().as_str() {
            "macos" => "darwin".to_owned(),
            other => other.to_owned(),
        };
        let architecture = architecture.to_ascii_lowercase();
        let variant = variant
            .map(str::to_ascii_lowercase)
            .filter(|v| !v.is_empty());
        for part in [Some(&os), Some(&architecture), variant.as_ref()]
            .into_iter()
            .flatten()
        {
            let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
            if part.is_empty() || part.len() > 64 || !part.bytes().all(fits) {
                return Err(ParsePlatformError);
            }
        }
        let (architecture, variant) = match (architecture.as_str(), variant.as_deref()) {
            ("x86_64" | "x86-64" | "amd64", None | Some("v1")) => ("amd64", None),
            ("x86_64" | "x86-64", variant) => ("amd64", variant),
            ("i386" | "i486" | "i586" | "i686", _) => ("386", None),
            ("aarch64" | "arm64", None | Some("8" | "v8" | "v8.0")) => ("arm64", None),
            ("aarch64", variant) => ("arm64", variant),
            ("armhf", _) | ("arm", None | Some("7" | "v7")) => ("arm", Some("v7")),
            ("armel", _) | ("arm", Some("6")) => ("arm", Some("v6")),
            ("arm", Some("5")) => ("arm", Some("v5")),
            ("arm", Some("8")) => ("arm", Some("v8")),
            (architecture, variant) => (architecture, variant),
        };
        let (architecture, variant) = (architecture.to_owned(), variant.map(str::to_owned));
        Ok(Self {
            os,
            architecture,
            variant,
        })
    }

    /// Whether this is the `unknown/unknown` that attestation manifests carry.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.os == "unknown" || self.architecture == "unknown"
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Platform {
    type Err = ParsePlatformError;

    /// Reads `os/architecture[/variant]`, with an operating system's version in parentheses
    /// (`windows(10.0.17763)/amd64`, as BuildKit writes it) left out.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('/');
        let (Some(os), Some(architecture)) = (parts.next(), parts.next()) else {
            return Err(ParsePlatformError);
        };
        let variant = parts.next();
        if parts.next().is_some() || variant == Some("") {
            return Err(ParsePlatformError);
        }
        let os = match os.split_once('(') {
            Some((os, version)) if version.ends_with(')') => os,
            _ => os,
        };
        Self::new(os, architecture, variant)
    }
}

/// A text that is no platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParsePlatformError;

impl fmt::Display for ParsePlatformError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a platform looks like `linux/amd64` or `linux/arm/v7`")
    }
}

impl std::error::Error for ParsePlatformError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(text: &str) -> String {
        text.parse::<Platform>()
            .map_or_else(|error| error.to_string(), |platform| platform.to_string())
    }

    #[test]
    fn spellings_of_one_platform_are_equal() {
        for (spelling, expected) in [
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/aarch64", "linux/arm64"),
            ("linux/arm64/v9", "linux/arm64/v9"),
            ("linux/arm", "linux/arm/v7"),
            ("linux/armhf", "linux/arm/v7"),
            ("linux/arm/6", "linux/arm/v6"),
            ("linux/x86_64", "linux/amd64"),
            ("linux/amd64/v1", "linux/amd64"),
            ("linux/amd64/v3", "linux/amd64/v3"),
            ("linux/i686", "linux/386"),
            ("Linux/AMD64", "linux/amd64"),
            ("macos/arm64", "darwin/arm64"),
            ("windows(10.0.17763)/amd64", "windows/amd64"),
        ] {
            assert_eq!(normal(spelling), expected, "{spelling}");
        }
    }

    #[test]
    fn what_is_no_platform_is_refused() {
        for text in [
            "",
            "linux",
            "linux/",
            "/amd64",
            "linux/arm/v7/x",
            "linux/amd 64",
            "linux/arm/",
            "linux/ämd64",
        ] {
            assert!(text.parse::<Platform>().is_err(), "{text}");
        }
    }

    #[test]
    fn attestations_carry_the_unknown_platform() {
        assert!("unknown/unknown".parse::<Platform>().unwrap().is_unknown());
        assert!(!"linux/amd64".parse::<Platform>().unwrap().is_unknown());
    }
}
