//! What the judgement needs of the expected images themselves: whether they are in their
//! repositories, for which platform they are, and whether their children are there.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::read::ExpectedImage;
use super::reader::{Key, Reader};
use crate::expectation::{Depth, Expectation, Expected};
use crate::observation::{Gone, Part, Seen};
use crate::oci::{Child, Content, Digest, Document, Named, Platform};
use crate::registry::Error;
use crate::verdict::{MAX_MISSING, missing};

/// The most manifests of one index whose platforms are read from their configs.
const MAX_UNTOLD: usize = 50;

/// A manifest whose platform is needed, and the entry that lists it.
type Untold<'a> = (Option<&'a Child>, Named);

/// What configs say of platforms, as far as they are there.
#[derive(Default)]
pub(super) struct Told {
    pub(super) platforms: Vec<Seen<Option<Platform>>>,
    pub(super) gone: Vec<Gone>,
}

/// Whether the expected images are in their repositories, where the tags do not show them.
pub(super) fn expected(
    expectations: &[&Expectation],
    tags: &[Seen<Arc<Document>>],
    depths: &[Depth],
    reader: &mut Reader<'_>,
) -> Vec<Option<Seen<Option<Arc<Document>>>>> {
    let needed = |expectation: &Expectation, tag: &Seen<Arc<Document>>, depth: Depth| match tag {
        _ if !expectation.conflicts.is_empty() || expectation.tag.is_none() => false,
        _ if expectation.image == Expected::Nothing => false,
        Seen::Here(document) => !expectation.accepts(document),
        Seen::Absent => true,
        // What is wrong whatever the tag shows is worth knowing, if anything can be wrong so.
        Seen::Unknown(_) => {
            depth >= Depth::Children
                || !expectation.platforms.is_empty()
                || !expectation.attestations.is_empty()
        }
    };
    let needed: Vec<bool> = expectations
        .iter()
        .zip(tags)
        .zip(depths)
        .map(|((expectation, tag), depth)| needed(expectation, tag, *depth))
        .collect();
    let open = expectations.iter().zip(&needed);
    let open = open.filter(|(expectation, needed)| **needed && !reader.memory.knows(expectation));
    let open: Vec<&Expectation> = open.map(|(expectation, _)| *expectation).collect();
    let key =
        |expectation: &Expectation, digest: &Digest| (expectation.home().clone(), digest.clone());
    reader.read_manifests(
        open.iter()
            .filter_map(|expectation| match &expectation.image {
                Expected::Manifest(digest) => Some(key(expectation, digest)),
                Expected::Id(_) | Expected::Nothing => None,
            }),
    );
    let ids = open
        .iter()
        .filter_map(|expectation| match &expectation.image {
            Expected::Id(config) => Some(key(expectation, config)),
            Expected::Manifest(_) | Expected::Nothing => None,
        });
    let ids = reader.look_for_blobs(ids);
    expectations
        .iter()
        .zip(needed)
        .map(|(expectation, needed)| match &expectation.image {
            _ if !needed => None,
            Expected::Nothing => None,
            Expected::Manifest(digest) => Some(match reader.manifest(&key(expectation, digest)) {
                Seen::Here(document) => Seen::Here(Some(document)),
                Seen::Absent => Seen::Absent,
                Seen::Unknown(error) => Seen::Unknown(error),
            }),
            Expected::Id(config) => Some(match ids.get(&key(expectation, config)) {
                Some(Seen::Absent) => Seen::Absent,
                Some(Seen::Unknown(error)) => Seen::Unknown(error.clone()),
                Some(Seen::Here(())) | None => Seen::Here(None),
            }),
        })
        .collect()
}

/// The platforms of expected images that only configs name, where one is required: of a plain
/// manifest, and of entries of an index, where no descriptor says enough. With what is gone of them.
pub(super) fn platforms(images: &[ExpectedImage<'_>], reader: &mut Reader<'_>) -> Vec<Told> {
    let untold: Vec<Vec<Untold>> = images.iter().map(untold).collect();
    let keys = || {
        let all = images.iter().zip(&untold);
        all.flat_map(|(image, untold)| {
            let digests = untold.iter().take(MAX_UNTOLD);
            let digests = digests.filter_map(|(_, named)| named.digest());
            digests.map(|digest| image.key(digest))
        })
    };
    reader.read_manifests(keys());
    let config = |key: Key| {
        let config = reader.manifest(&key).here()?.config().cloned();
        config.map(|config| (key.0, config))
    };
    let mut configs: BTreeSet<Key> = BTreeSet::new();
    configs.extend(keys().filter_map(config));
    reader.read_configs(configs);
    images
        .iter()
        .zip(&untold)
        .map(|(image, untold)| {
            let mut told = Told::default();
            for (child, named) in untold.iter().take(MAX_UNTOLD) {
                let seen = match named {
                    Named::Digest(digest) => platform_of(&image.key(digest), reader),
                    Named::Unknown(unknown) => {
                        Ok(Seen::Unknown(Error::of_document("the index", unknown)))
                    }
                };
                match seen {
                    Ok(seen) => told.platforms.push(seen),
                    Err(part) => told.gone.push(Gone {
                        child: child.cloned(),
                        part,
                    }),
                }
            }
            told.platforms
                .extend(untold.get(MAX_UNTOLD).map(|(_, named)| {
                    let reason =
                        format!("more than {MAX_UNTOLD} entries of the index say no platform");
                    Seen::Unknown(Error::of_document(named, reason))
                }));
            told
        })
        .collect()
}

/// What the config of a manifest says of its platform; an error where the manifest is gone, or that
/// part of it.
fn platform_of(
    key: &Key,
    reader: &Reader<'_>,
) -> Result<Seen<Option<Platform>>, Option<(Part, Digest)>> {
    let document = match reader.manifest(key) {
        Seen::Here(document) => document,
        Seen::Unknown(error) => return Ok(Seen::Unknown(error)),
        Seen::Absent => return Err(None),
    };
    let Some(config) = document.config() else {
        let reason = document.unread().map_or_else(
            || "it is an index, and the index that lists it does not say so".to_owned(),
            ToString::to_string,
        );
        return Ok(Seen::Unknown(Error::of_document(&key.1, reason)));
    };
    match reader.config(&(key.0.clone(), config.clone())) {
        Some(Seen::Here(config)) => Ok(Seen::Here(config.platform.clone())),
        Some(Seen::Unknown(error)) => Ok(Seen::Unknown(error)),
        Some(Seen::Absent) => Err(Some((Part::Config, config.clone()))),
        None => Ok(Seen::Here(None)),
    }
}

/// The manifests whose platforms are needed, and that no descriptor says one of; with their entries.
fn untold<'a>(image: &ExpectedImage<'a>) -> Vec<Untold<'a>> {
    let (Some(document), Some(tree)) = (image.document, image.tree()) else {
        return Vec::new();
    };
    let required = &image.expectation.platforms;
    match document.content() {
        Content::Image(_) if image.expectation.needs_platform_of_config() => {
            vec![(None, document.digest().clone().into())]
        }
        Content::Index(_) => {
            let missing = missing(required, &tree.platforms());
            let may_be = |own: &Platform| missing.iter().any(|asked| asked.is_left_open_by(own));
            let images = tree
                .images()
                .filter(|child| !missing.is_empty() && child.platform.as_ref().is_none_or(may_be));
            let named = images.map(|child| (Some(child), child.named.clone()));
            named.take(MAX_UNTOLD + 1).collect()
        }
        _ => Vec::new(),
    }
}

/// The children of the expected indexes that are not there, or could not be read.
pub(super) fn children(
    images: &[ExpectedImage<'_>],
    depths: &[Depth],
    reader: &mut Reader<'_>,
) -> Vec<Vec<(Child, Seen<()>)>> {
    let is_deep = |depth: Depth| depth >= Depth::Children;
    let asked = images
        .iter()
        .zip(depths)
        .filter(|(_, depth)| is_deep(**depth));
    reader.look_for(asked.flat_map(|(image, _)| {
        let digests = image
            .entries()
            .into_iter()
            .filter(|child| !child.is_artifact);
        // What was read of the indexes below is in the observation already.
        let digests = digests
            .filter_map(|child| child.named.digest())
            .filter(|digest| !image.nested.contains_key(digest));
        digests.map(|digest| image.key(digest))
    }));
    let lacking = |(image, depth): (&ExpectedImage<'_>, &Depth)| {
        if !is_deep(*depth) {
            return Vec::new();
        }
        let seen = |child: &Child| match &child.named {
            Named::Digest(digest) => reader.missed(&image.key(digest)).cloned(),
            Named::Unknown(unknown) => {
                Some(Seen::Unknown(Error::of_document("the index", unknown)))
            }
        };
        let entries = image.entries().into_iter();
        let entries = entries.filter_map(|child| Some((child.clone(), seen(child)?)));
        let mut lacking: Vec<(Child, Seen<()>)> = entries.collect();
        // What decides comes first: an image before an attestation, gone before unknown.
        lacking.sort_by_key(|(child, seen)| (!child.is_image(), *seen != Seen::Absent));
        // One is enough to decide.
        lacking.truncate(MAX_MISSING);
        lacking
    };
    images.iter().zip(depths).map(lacking).collect()
}
