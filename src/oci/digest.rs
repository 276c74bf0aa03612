//! The digest of some bytes: `sha256:…` or `sha512:…`, strictly lower-case.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256, Sha512};

/// The name of some bytes by their hash (OCI image-spec, "Digests").
///
/// A value that exists has a registered algorithm and exactly as many lower-case hexadecimal
/// digits as that algorithm gives, so it may stand in a URL as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    text: String,
}

const ALGORITHMS: [(&str, usize); 2] = [("sha256", 64), ("sha512", 128)];

impl Digest {
    /// The sha256 digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self {
            text: format!("sha256:{}", hex(&Sha256::digest(bytes))),
        }
    }

    /// Whether this is the digest of `bytes`, by this digest's own algorithm.
    #[must_use]
    pub fn is_of(&self, bytes: &[u8]) -> bool {
        match self.text.split_once(':') {
            Some(("sha512", encoded)) => encoded == hex(&Sha512::digest(bytes)),
            _ => self.text == Self::of(bytes).text,
        }
    }

    /// Hashes a stream by this digest's own algorithm.
    #[must_use]
    pub fn hasher(&self) -> Hasher {
        match self.text.starts_with("sha512:") {
            true => Hasher::Sha512(Sha512::new()),
            false => Hasher::Sha256(Sha256::new()),
        }
    }

    /// `sha256:…`, whole.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The hash in hexadecimal, without the algorithm.
    #[must_use]
    pub fn encoded(&self) -> &str {
        self.text.split_once(':').map_or("", |(_, encoded)| encoded)
    }

    /// The first twelve hexadecimal digits with the algorithm: enough to recognise, for people only.
    #[must_use]
    pub fn short(&self) -> String {
        let (algorithm, encoded) = self.text.split_once(':').unwrap_or(("", ""));
        format!("{algorithm}:{}", encoded.get(..12).unwrap_or(encoded))
    }
}

/// The digest of a stream, while it is read.
#[derive(Clone, Debug)]
pub enum Hasher {
    /// By sha256.
    Sha256(Sha256),
    /// By sha512.
    Sha512(Sha512),
}

impl Hasher {
    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Sha512(hasher) => hasher.update(bytes),
        }
    }

    /// The digest of all bytes that were added.
    #[must_use]
    pub fn finish(self) -> Digest {
        let text = match self {
            Self::Sha256(hasher) => format!("sha256:{}", hex(&hasher.finalize())),
            Self::Sha512(hasher) => format!("sha512:{}", hex(&hasher.finalize())),
        };
        Digest { text }
    }
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (algorithm, encoded) = text.split_once(':').ok_or(ParseDigestError::NoAlgorithm)?;
        let Some((_, length)) = ALGORITHMS.iter().find(|(name, _)| *name == algorithm) else {
            return Err(ParseDigestError::Algorithm);
        };
        if encoded
            .bytes()
            .any(|b| !matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        {
            return Err(ParseDigestError::NotHex);
        }
        if encoded.len() != *length {
            return Err(ParseDigestError::Length {
                wanted: *length,
                found: encoded.len(),
            });
        }
        Ok(Self {
            text: text.to_owned(),
        })
    }
}

/// Why a text is not a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseDigestError {
    /// There is no `:` in it.
    NoAlgorithm,
    /// The algorithm is neither sha256 nor sha512.
    Algorithm,
    /// The encoded part has something other than `0-9a-f`.
    NotHex,
    /// The encoded part has the wrong number of digits for its algorithm.
    Length {
        /// How many digits the algorithm gives.
        wanted: usize,
        /// How many there are.
        found: usize,
    },
}

impl fmt::Display for ParseDigestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAlgorithm => {
                f.write_str("a digest looks like `sha256:` and 64 hexadecimal digits")
            }
            Self::Algorithm => f.write_str("the algorithm of a digest is `sha256` or `sha512`"),
            Self::NotHex => f.write_str("the digits of a digest are `0-9` and lower-case `a-f`"),
            Self::Length { wanted, found } => write!(
                f,
                "a digest of this algorithm has {wanted} digits, this one has {found}"
            ),
        }
    }
}

impl std::error::Error for ParseDigestError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_nothing_is_the_well_known_one() {
        assert_eq!(
            Digest::of(b"").as_str(),
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }

    #[test]
    fn only_registered_algorithms_in_lower_case_and_full_length_are_digests() {
        let hex64 = "a".repeat(64);
        let cases = [
            (format!("sha256:{hex64}"), Ok(())),
            (format!("sha512:{hex64}{hex64}"), Ok(())),
            (hex64.clone(), Err(ParseDigestError::NoAlgorithm)),
            (format!("md5:{hex64}"), Err(ParseDigestError::Algorithm)),
            (format!("SHA256:{hex64}"), Err(ParseDigestError::Algorithm)),
            (
                format!("sha256:{}", "A".repeat(64)),
                Err(ParseDigestError::NotHex),
            ),
            (
                format!("sha256:{}/", "a".repeat(63)),
                Err(ParseDigestError::NotHex),
            ),
            (
                "sha256:aa".to_owned(),
                Err(ParseDigestError::Length {
                    wanted: 64,
                    found: 2,
                }),
            ),
            (
                format!("sha512:{hex64}"),
                Err(ParseDigestError::Length {
                    wanted: 128,
                    found: 64,
                }),
            ),
            (
                "sha256:".to_owned(),
                Err(ParseDigestError::Length {
                    wanted: 64,
                    found: 0,
                }),
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<Digest>().map(|_| ()), expected, "{text}");
        }
    }

    #[test]
    fn bytes_are_compared_by_the_digests_own_algorithm() {
        assert!(Digest::of(b"x").is_of(b"x"));
        assert!(!Digest::of(b"x").is_of(b"y"));
        let sha512: Digest = format!("sha512:{}", hex(&Sha512::digest(b"x")))
            .parse()
            .unwrap();
        assert!(sha512.is_of(b"x"));
        assert!(!sha512.is_of(b"y"));
    }

    #[test]
    fn a_short_digest_keeps_the_algorithm_and_twelve_digits() {
        assert_eq!(Digest::of(b"").short(), "sha256:e3b0c44298fc");
    }
}
