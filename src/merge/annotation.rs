//! An annotation to put on the index, as `docker buildx imagetools create` takes it.

use std::str::FromStr;

use crate::oci::Platform;

/// An annotation and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// Where it goes.
    pub place: Place,
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// Where an annotation goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// On the index.
    Index,
    /// On the entries of the images for this platform; `None`: on those of all images.
    Descriptor(Option<Platform>),
}

impl FromStr for Annotation {
    type Err = String;

    /// Reads `[index:|manifest-descriptor[PLATFORM]:]KEY=VALUE`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text
            .split_once('=')
            .ok_or_else(|| "write `KEY=VALUE`".to_owned())?;
        let (place, key) = match name.rsplit_once(':') {
            None | Some(("index", _)) => (Place::Index, name.trim_start_matches("index:")),
            Some(("manifest-descriptor", key)) => (Place::Descriptor(None), key),
            Some((place, key)) => {
                let platform = place
                    .strip_prefix("manifest-descriptor[")
                    .and_then(|rest| rest.strip_suffix(']'))
                    .ok_or_else(|| {
                        format!("`{place}` cannot be annotated here: write `index:` or `manifest-descriptor[PLATFORM]:` before the key")
                    })?;
                let platform = platform
                    .parse()
                    .map_err(|error| format!("`{platform}`: {error}"))?;
                (Place::Descriptor(Some(platform)), key)
            }
        };
        if key.is_empty() {
            return Err("the key is empty: write `KEY=VALUE`".to_owned());
        }
        Ok(Self {
            place,
            key: key.to_owned(),
            value: value.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_is_read_as_imagetools_reads_it() {
        let arm64 = "linux/arm64".parse().ok();
        for (text, place, key, value) in [
            ("a=b", Place::Index, "a", "b"),
            ("index:a=b=c", Place::Index, "a", "b=c"),
            ("manifest-descriptor:a=", Place::Descriptor(None), "a", ""),
            (
                "manifest-descriptor[linux/arm64]:a=b:c",
                Place::Descriptor(arm64),
                "a",
                "b:c",
            ),
        ] {
            let (key, value) = (key.to_owned(), value.to_owned());
            assert_eq!(text.parse(), Ok(Annotation { place, key, value }), "{text}");
        }
        for (text, words) in [
            ("a", "KEY=VALUE"),
            ("=b", "the key is empty"),
            ("manifest:a=b", "`manifest` cannot be annotated here"),
            (
                "manifest-descriptor[what/is/this/here]:a=b",
                "`what/is/this/here`",
            ),
        ] {
            let error = text.parse::<Annotation>().unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
