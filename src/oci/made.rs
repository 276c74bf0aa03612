//! An index that is made of others: entries are carried over whole, in an order that is given.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::document::Document;
use super::media_type::MediaType;
use super::platform::Platform;

/// An entry of an index, with every member that it has: among them a media type, a digest and a size.
#[derive(Clone, Debug, PartialEq)]
pub struct Descriptor(Map<String, Value>);

/// The members that stand first, in the order in which builders write them.
const FIRST: [&str; 5] = ["mediaType", "digest", "size", "platform", "annotations"];

impl Serialize for Descriptor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let first = FIRST.iter().filter_map(|key| self.0.get_key_value(*key));
        let rest = self
            .0
            .iter()
            .filter(|(key, _)| !FIRST.contains(&key.as_str()));
        serializer.collect_map(first.chain(rest))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Made<'a> {
    schema_version: u8,
    media_type: &'a str,
    manifests: &'a [Descriptor],
    #[serde(skip_serializing_if = "Map::is_empty")]
    annotations: &'a Map<String, Value>,
}

impl Descriptor {
    /// The entry of a document that is listed for a platform.
    #[must_use]
    pub fn of(document: &Document, platform: &Platform) -> Self {
        let members = [
            ("mediaType", Value::from(document.media_type().as_str())),
            ("digest", Value::from(document.digest().as_str())),
            ("size", Value::from(document.bytes().len())),
            ("platform", described(platform)),
        ];
        let members = members.into_iter();
        Self(
            members
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
        )
    }

    /// The entries of an index, in its order; `None` where one lacks a media type, a digest or a size.
    #[must_use]
    pub fn all(index: &Document) -> Option<Vec<Self>> {
        let Value::Array(entries) = member(index, "manifests")? else {
            return None;
        };
        let whole = |entry: Value| match entry {
            Value::Object(members)
                if members.get("mediaType").is_some_and(Value::is_string)
                    && members.get("digest").is_some_and(Value::is_string)
                    && members.get("size").is_some_and(Value::is_u64) =>
            {
                Some(Self(members))
            }
            _ => None,
        };
        entries.into_iter().map(whole).collect()
    }

    /// The digest of what it names, as it stands there.
    #[must_use]
    pub fn digest(&self) -> &str {
        self.text("digest")
    }

    /// Lists it for a platform, where it says none.
    pub fn complete(&mut self, platform: &Platform) {
        let listed = self.0.entry("platform").or_insert(Value::Null);
        if listed.is_null() {
            *listed = described(platform);
        }
    }

    /// Adds an annotation, in the place of one of the same key.
    pub fn annotate(&mut self, key: &str, value: &str) {
        let annotations = self.0.entry("annotations").or_insert(Value::Null);
        if !annotations.is_object() {
            *annotations = Value::Object(Map::new());
        }
        if let Some(annotations) = annotations.as_object_mut() {
            annotations.insert(key.to_owned(), Value::from(value));
        }
    }

    /// Whether it is one of Docker's media types.
    #[must_use]
    pub fn is_dockers(&self) -> bool {
        self.text("mediaType")
            .starts_with("application/vnd.docker.")
    }

    fn text(&self, key: &str) -> &str {
        self.0.get(key).and_then(Value::as_str).unwrap_or_default()
    }
}

/// A member of a document.
fn member(document: &Document, key: &str) -> Option<Value> {
    let whole: Value = serde_json::from_slice(document.bytes()).ok()?;
    match whole {
        Value::Object(mut members) => members.remove(key),
        _ => None,
    }
}

/// The annotations of an index, of any key.
#[must_use]
pub fn annotations_of(index: &Document) -> Map<String, Value> {
    match member(index, "annotations") {
        Some(Value::Object(annotations)) => annotations,
        _ => Map::new(),
    }
}

/// The index of these entries: the same entries in the same order give the same bytes.
#[must_use]
pub fn index_of(entries: &[Descriptor], annotations: &Map<String, Value>) -> Document {
    let is_dockers = annotations.is_empty() && entries.iter().all(Descriptor::is_dockers);
    let media_type = match is_dockers {
        true => MediaType::DockerList,
        false => MediaType::OciIndex,
    };
    let made = Made {
        schema_version: 2,
        media_type: media_type.as_str(),
        manifests: entries,
        annotations,
    };
    let bytes = serde_json::to_vec_pretty(&made).unwrap_or_default();
    Document::new(bytes, media_type.as_str())
}

/// The members that say this in a descriptor (image-spec, `image-index.md`, `platform`).
fn described(platform: &Platform) -> Value {
    let mut members = Map::new();
    let mut add = |key: &str, value: Option<&str>| {
        if let Some(value) = value {
            members.insert(key.to_owned(), Value::from(value));
        }
    };
    let (os, machine) = (platform.os_parts(), platform.machine_parts());
    add("os", os.map(|it| it.0));
    add("os.version", os.and_then(|it| it.1));
    add("architecture", machine.map(|it| it.0));
    add("variant", machine.and_then(|it| it.1));
    if let Some((_, _, features)) = os.filter(|it| !it.2.is_empty()) {
        members.insert("os.features".to_owned(), Value::from(features));
    }
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::Described;

    fn index(body: &str) -> Document {
        Document::new(body.as_bytes().to_vec(), MediaType::OciIndex.as_str())
    }

    #[test]
    fn an_entry_is_carried_over_with_members_that_nobody_here_knows() {
        let entry = r#"{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:aa","size":3,"platform":{"os":"windows","architecture":"amd64","os.version":"10.0.1"},"annotations":{"a":"b"},"artifactType":"x/y","data":"e30=","urls":["https://example.com"]}"#;
        let body = format!(r#"{{"schemaVersion":2,"manifests":[{entry}]}}"#);
        let entries = Descriptor::all(&index(&body)).unwrap();
        let made = index_of(&entries, &Map::new());
        let read: Value = serde_json::from_slice(made.bytes()).unwrap();
        let whole: Value = serde_json::from_str(entry).unwrap();
        assert_eq!(read["manifests"][0], whole);
        assert_eq!(read["mediaType"], MediaType::OciIndex.as_str());
    }

    #[test]
    fn it_is_dockers_list_only_if_all_is_dockers_and_nothing_is_annotated() {
        let entries = |media_type: &str| {
            let body = format!(
                r#"{{"manifests":[{{"mediaType":"{media_type}","digest":"sha256:aa","size":3}}]}}"#
            );
            Descriptor::all(&index(&body)).unwrap()
        };
        let dockers = entries(MediaType::DockerManifest.as_str());
        let oci = entries(MediaType::OciManifest.as_str());
        let none = Map::new();
        let some: Map<String, Value> = [("a".to_owned(), Value::from("b"))].into_iter().collect();
        assert_eq!(
            *index_of(&dockers, &none).media_type(),
            MediaType::DockerList
        );
        assert_eq!(*index_of(&dockers, &some).media_type(), MediaType::OciIndex);
        let both = [dockers, oci].concat();
        assert_eq!(*index_of(&both, &none).media_type(), MediaType::OciIndex);
    }

    #[test]
    fn a_platform_is_described_as_it_is_read() {
        for text in [
            "linux/amd64",
            "linux/arm/v7",
            "linux/arm64",
            "windows(10.0.17763.5+win32k)/amd64",
        ] {
            let platform: Platform = text.parse().unwrap();
            let described: Described = serde_json::from_value(described(&platform)).unwrap();
            assert_eq!(Platform::described(&described), Some(platform), "{text}");
        }
    }
}
