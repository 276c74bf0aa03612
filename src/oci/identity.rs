//! The identity of an image: by what two images are the same, whatever the manifests around them.
//!
//! It is the digest of the config. A config has the digests of the unpacked layers, so a build that
//! is compressed in another way, that a `docker push` packed again, or that a cache made once more
//! has the same config in another manifest. No layer is read, and nothing forces a manifest's layers
//! to be what its config says: this is never the proof that a digest is.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::arguments::Arguments;
use super::digest::Digest;
use super::document::{Child, Document, Execution};
use super::json::is_bounded;
use super::moment::Moment;
use super::platform::Platform;

/// The most images of an index that are compared.
const MAX_IMAGES: usize = 100;

/// The most unpacked layers whose digests are kept: as many as Linux stacks in an overlay.
const MAX_LAYERS: usize = 500;

/// The labels that say which source an image was built of (image-spec, `annotations.md`).
pub const LABELS: [&str; 4] = [
    "org.opencontainers.image.revision",
    "org.opencontainers.image.version",
    "org.opencontainers.image.title",
    "org.opencontainers.image.source",
];

/// The most that is kept of a label, in characters.
const MAX_LABEL: usize = 200;

/// What the config of an image says, as far as it could be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// The platform of the image.
    pub platform: Option<Platform>,
    /// How many unpacked layers it has the digests of.
    pub layers: usize,
    /// Those digests, the lowest first; empty where one cannot be checked, or where there are too many.
    pub diff_ids: Vec<Digest>,
    /// What the image starts.
    pub arguments: Arguments,
    /// What the image says of its source, in the order of [`LABELS`].
    pub labels: [Option<String>; LABELS.len()],
    /// Its label of the time when it was made.
    pub created: Option<Moment>,
}

/// How the images of two documents are the same, by their configs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Same {
    /// The one is a manifest with nothing of its own, and its image is that of this child of the
    /// other.
    Child(Box<Child>),
    /// Both list exactly the same manifests of images.
    Manifests,
    /// Both have exactly the same images.
    Whole,
    /// The one is a manifest with something of its own, and its image is one of the other's.
    Part,
    /// The one has exactly one image, and its config has the digest that was asked for.
    Config,
}

/// What a document is compared with.
#[derive(Clone, Debug)]
pub enum With<'a> {
    /// Another document.
    Document(&'a Document),
    /// Images of these digests of configs.
    Configs(Vec<&'a Digest>),
}

/// What was read to compare documents: nothing that is missing here is the same as anything.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Manifests, by their digests.
    pub manifests: BTreeMap<Digest, Arc<Document>>,
    /// Configs, by their digests.
    pub configs: BTreeMap<Digest, Config>,
}

/// The comparison of what a tag shows with what it should be.
#[derive(Clone, Debug)]
pub struct Comparison<'a> {
    shown: &'a Document,
    with: With<'a>,
    ours: Vec<Compared<'a>>,
    theirs: Vec<Compared<'a>>,
}

/// One image of a document: itself, or an entry of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Compared<'a> {
    /// The entry, of an index.
    child: Option<&'a Child>,
    manifest: &'a Digest,
    platform: Option<&'a Platform>,
    is_zstd: bool,
}

/// The identity of one image in a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Identity<'a> {
    config: &'a Digest,
    platform: &'a Platform,
    is_zstd: bool,
}

impl Config {
    /// Reads a config blob that was checked against its digest.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        if !is_bounded(bytes) {
            return Self::default();
        }
        let execution = Document::execution_of_config(bytes);
        let layers = Document::layers_of_config(bytes);
        let counted = layers.iter().filter(|_| layers.len() <= MAX_LAYERS);
        let diff_ids: Result<Vec<Digest>, _> = counted.map(|it| it.parse()).collect();
        Self {
            platform: Document::platform_of_config(bytes),
            layers: layers.len(),
            diff_ids: diff_ids.unwrap_or_default(),
            created: created(&execution),
            labels: labels(&execution),
            arguments: Arguments::new(execution),
        }
    }
}

fn created(execution: &Execution) -> Option<Moment> {
    let labels = execution.labels.as_ref()?;
    Moment::said(labels.get("org.opencontainers.image.created")?.as_str()?)
}

fn labels(execution: &Execution) -> [Option<String>; LABELS.len()] {
    LABELS.map(|key| {
        let value = execution.labels.as_ref()?.get(key)?.as_str()?;
        (!value.is_empty()).then(|| value.chars().take(MAX_LABEL).collect())
    })
}

/// The digest of a manifest's config, if it can be an image's: of an image's media type, with layers,
/// and not the empty one that artifacts share.
fn config_of(document: &Document) -> Option<&Digest> {
    let image = document.image()?;
    let has_layers = image
        .layers
        .as_ref()
        .is_some_and(|layers| !layers.is_empty());
    let is_image = document.is_image() && has_layers;
    (is_image && !image.config.is_of(b"{}")).then_some(&image.config)
}

/// The images of a document; none where there are too many.
fn entries(document: &Document) -> Vec<Compared<'_>> {
    if document.image().is_some() {
        return vec![Compared {
            child: None,
            manifest: document.digest(),
            platform: None,
            is_zstd: false,
        }];
    }
    if document.contents().count() > MAX_IMAGES {
        return Vec::new();
    }
    // One that cannot be asked for is one that cannot be compared.
    let all: Option<Vec<Compared<'_>>> = document.contents().map(Compared::of).collect();
    all.unwrap_or_default()
}

impl<'a> Compared<'a> {
    fn of(child: &'a Child) -> Option<Self> {
        Some(Self {
            child: Some(child),
            manifest: child.named.digest()?,
            platform: child.platform.as_ref(),
            is_zstd: child.is_zstd,
        })
    }
}

impl<'a> Comparison<'a> {
    /// What is left to compare of two documents; `None` where they cannot be the same.
    #[must_use]
    pub fn new(shown: &'a Document, with: With<'a>) -> Option<Self> {
        let mut ours = entries(shown);
        let mut theirs = match &with {
            With::Document(document) => entries(document),
            With::Configs(_) => Vec::new(),
        };
        let is_plain = shown.image().is_some();
        let may_be = match &with {
            _ if is_plain && config_of(shown).is_none() => false,
            With::Document(_) if is_plain => !theirs.is_empty(),
            With::Document(_) => ours.len() == theirs.len() && !ours.is_empty(),
            With::Configs(_) => ours.len() == 1,
        };
        if !may_be {
            return None;
        }
        // An entry that both have is the same whatever it is.
        ours.retain(|entry| {
            let is_it = |other: &Compared<'_>| {
                other.manifest == entry.manifest
                    && other.platform == entry.platform
                    && other.is_zstd == entry.is_zstd
            };
            match theirs.iter().position(is_it) {
                Some(at) => {
                    theirs.remove(at);
                    false
                }
                None => true,
            }
        });
        Some(Self {
            shown,
            with,
            ours,
            theirs,
        })
    }

    /// The manifests to read: of what the tag shows, and of what it is compared with.
    #[must_use]
    pub fn manifests(&self) -> [Vec<&'a Digest>; 2] {
        [&self.ours, &self.theirs].map(|entries| {
            let listed = entries.iter().filter(|entry| entry.child.is_some());
            listed.map(|entry| entry.manifest).collect()
        })
    }

    /// The configs to read, once the manifests are known: none where they differ already.
    #[must_use]
    pub fn configs(&self, known: &Known) -> Vec<Digest> {
        let of = |entries: &[Compared<'_>], other: Option<&Document>| -> Vec<Option<Digest>> {
            let config = |entry: &Compared<'_>| self.config(entry, other, known).cloned();
            entries.iter().map(config).collect()
        };
        let mut ours = of(&self.ours, Some(self.shown));
        ours.sort();
        let mut theirs = match &self.with {
            With::Document(document) => of(&self.theirs, Some(document)),
            With::Configs(configs) => configs.iter().map(|it| Some((*it).clone())).collect(),
        };
        theirs.sort();
        let is_one_of = ours.len() == 1 && ours.iter().all(|config| theirs.contains(config));
        let may_be_part = self.shown.image().is_some() || matches!(self.with, With::Configs(_));
        match ours == theirs || (is_one_of && may_be_part) {
            // One that is not an image's makes two things the same no more.
            true => ours.into_iter().collect::<Option<_>>().unwrap_or_default(),
            false => Vec::new(),
        }
    }

    /// Whether they are the same, once manifests and configs are known.
    #[must_use]
    pub fn result(&self, known: &Known) -> Option<Same> {
        let mut ours = self.identities(&self.ours, self.shown, known);
        match &self.with {
            With::Configs(configs) => {
                let only = ours.pop()??;
                let config = known.configs.get(only.config)?;
                let is_labelled_so = config.platform.as_ref() == Some(only.platform);
                let is_named = configs.contains(&only.config) && is_labelled_so;
                is_named.then_some(Same::Config)
            }
            With::Document(document) => {
                let mut theirs = self.identities(&self.theirs, document, known);
                if ours.is_empty() && theirs.is_empty() {
                    return Some(Same::Manifests);
                }
                let Some(image) = self.shown.image() else {
                    ours.sort();
                    theirs.sort();
                    let all_known = ours.iter().all(Option::is_some);
                    return (all_known && ours == theirs).then_some(Same::Whole);
                };
                let only = ours.pop()??;
                let at = theirs
                    .iter()
                    .position(|it| it.as_ref().is_some_and(|it| it.config == only.config))?;
                let child = self.theirs.get(at).and_then(|entry| entry.child);
                let is_bare = !image.has_annotations && !image.has_subject;
                match child {
                    Some(child) if is_bare => Some(Same::Child(Box::new(child.clone()))),
                    _ if theirs == [Some(only)] => Some(Same::Whole),
                    _ => Some(Same::Part),
                }
            }
        }
    }

    /// The config of an entry of `document`, where it can be an image's.
    fn config<'k>(
        &self,
        entry: &Compared<'_>,
        document: Option<&'k Document>,
        known: &'k Known,
    ) -> Option<&'k Digest> {
        match entry.child {
            Some(_) => config_of(known.manifests.get(entry.manifest)?),
            None => config_of(document?),
        }
    }

    /// The identity of each entry of `document`, where it has one: its config was read, has a
    /// platform, and as many layers as the manifest.
    fn identities<'k>(
        &self,
        entries: &[Compared<'k>],
        document: &'k Document,
        known: &'k Known,
    ) -> Vec<Option<Identity<'k>>> {
        let identity = |entry: &Compared<'k>| {
            let manifest: &Document = match entry.child {
                Some(_) => known.manifests.get(entry.manifest)?,
                None => document,
            };
            let digest = config_of(manifest)?;
            let config = known.configs.get(digest)?;
            let own = config.platform.as_ref().filter(|it| !it.is_unknown())?;
            let layers = manifest.image()?.layers.as_ref();
            let fits = layers.is_some_and(|layers| layers.len() == config.layers);
            fits.then_some(Identity {
                config: digest,
                platform: entry.platform.unwrap_or(own),
                is_zstd: entry.is_zstd,
            })
        };
        entries.iter().map(identity).collect()
    }
}

#[cfg(test)]
mod tests;
