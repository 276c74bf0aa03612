//! The two attestations that BuildKit can put into an image index.

use std::fmt;
use std::str::FromStr;

/// A kind of attestation, as `--provenance` and `--sbom` make it: a manifest in the index, with a
/// layer for each statement. Signatures and referrers are something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Attestation {
    /// How the image was built (SLSA).
    Provenance,
    /// What is in the image (SPDX, CycloneDX).
    Sbom,
}

impl Attestation {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Provenance, Self::Sbom];

    /// The name as it stands in `attest` and in policies.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Provenance => "provenance",
            Self::Sbom => "sbom",
        }
    }

    /// The kind that a predicate type (the annotation `in-toto.io/predicate-type`) stands for.
    /// Versions come and go, so only its beginning is read.
    #[must_use]
    pub fn of_predicate(predicate_type: &str) -> Option<Self> {
        let begins = |prefixes: &[&str]| prefixes.iter().any(|it| predicate_type.starts_with(it));
        if begins(&["https://slsa.dev/provenance/"]) {
            Some(Self::Provenance)
        } else if begins(&["https://spdx.dev/Document", "https://cyclonedx.org/bom"]) {
            Some(Self::Sbom)
        } else {
            None
        }
    }
}

impl fmt::Display for Attestation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Attestation {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|known| known.as_str() == text)
            .ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predicate_types_of_all_versions_are_known() {
        for (predicate_type, expected) in [
            (
                "https://slsa.dev/provenance/v0.2",
                Some(Attestation::Provenance),
            ),
            (
                "https://slsa.dev/provenance/v1",
                Some(Attestation::Provenance),
            ),
            ("https://spdx.dev/Document", Some(Attestation::Sbom)),
            ("https://cyclonedx.org/bom/v1.6", Some(Attestation::Sbom)),
            ("https://example.com/other", None),
            ("", None),
        ] {
            assert_eq!(
                Attestation::of_predicate(predicate_type),
                expected,
                "{predicate_type}"
            );
        }
    }
}
