//! What an entry of an index names: a digest that can be checked, or one that cannot.

use std::fmt;

use super::digest::{Digest, ParseDigestError};

/// The most that is kept of a text that is not a digest.
const MAX_UNKNOWN: usize = 160;

/// What an entry of an index names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Named {
    /// A document by a digest that can be checked.
    Digest(Digest),
    /// A digest of an unknown algorithm, or a text that is not a digest. A registry is never asked
    /// for it: no answer could be checked.
    Unknown(UnknownDigest),
}

/// A text in the place of a digest, and why it is not one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnknownDigest {
    text: String,
    is_algorithm: bool,
}

impl Named {
    /// What stands in the place of a digest.
    #[must_use]
    pub fn new(text: &str) -> Self {
        match text.parse() {
            Ok(digest) => Self::Digest(digest),
            Err(error) => Self::Unknown(UnknownDigest {
                text: text.chars().take(MAX_UNKNOWN).collect(),
                is_algorithm: error == ParseDigestError::Algorithm,
            }),
        }
    }

    /// The digest, if it can be checked.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        match self {
            Self::Digest(digest) => Some(digest),
            Self::Unknown(_) => None,
        }
    }

    /// Whether it names `digest`.
    #[must_use]
    pub fn is(&self, digest: &Digest) -> bool {
        self.digest() == Some(digest)
    }

    /// Short enough to recognise, for people only.
    #[must_use]
    pub fn short(&self) -> String {
        match self {
            Self::Digest(digest) => digest.short(),
            Self::Unknown(UnknownDigest { text, .. }) => text.chars().take(19).collect(),
        }
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digest(digest) => f.write_str(digest.as_str()),
            Self::Unknown(UnknownDigest { text, .. }) => f.write_str(text),
        }
    }
}

impl From<Digest> for Named {
    fn from(digest: Digest) -> Self {
        Self::Digest(digest)
    }
}

impl fmt::Display for UnknownDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.text.split_once(':'), self.is_algorithm) {
            (Some((algorithm, _)), true) => write!(
                f,
                "the index names an entry by a digest of the algorithm `{algorithm}`, and only sha256 and sha512 can be checked"
            ),
            _ if self.text.is_empty() => f.write_str("the index has an entry without a digest"),
            _ => write!(
                f,
                "the index names an entry by `{}`, which is not a digest",
                self.text
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_that_can_be_checked_is_known_and_others_say_why_not() {
        let known = Digest::of(b"a");
        assert_eq!(Named::new(known.as_str()), Named::from(known.clone()));
        assert!(Named::new(known.as_str()).is(&known));
        for (text, words) in [
            ("blake3:aa", "of the algorithm `blake3`"),
            ("", "without a digest"),
            ("sha256:zz", "by `sha256:zz`, which is not a digest"),
            ("latest", "by `latest`, which is not a digest"),
        ] {
            match Named::new(text) {
                Named::Unknown(unknown) => {
                    assert!(unknown.to_string().contains(words), "{unknown}");
                }
                Named::Digest(digest) => panic!("{digest}"),
            }
            assert_eq!(Named::new(text).to_string(), text);
        }
    }

    #[test]
    fn of_a_long_text_only_the_beginning_is_kept() {
        assert_eq!(Named::new(&"ä".repeat(5_000)).to_string(), "ä".repeat(160));
    }
}
