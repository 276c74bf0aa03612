//! What the judgement needs of the expected images themselves: whether they are in their
//! repositories, for which platform they are, and whether their children are there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::memory::{Memory, Reading, bad_answer, read_refused_again};
use super::present::present;
use super::read::{Image, Wanted, resolve};
use crate::expectation::{Expectation, Expected};
use crate::observation::Seen;
use crate::oci::{Child, Config, Content, Digest, Document, Named, Platform, Repository};
use crate::registry::{Answer, Error, Method, Read, Registry, Target};
use crate::verdict::{MAX_MISSING, missing};

/// The most manifests of one index whose platforms are read from their configs.
const MAX_UNTOLD: usize = 50;

/// Whether the expected images are in their repositories, where the tags do not show them.
pub(super) fn expected(
    expectations: &[&Expectation],
    tags: &[Seen<Arc<Document>>],
    deep: bool,
    memory: &mut Memory,
    registry: &dyn Registry,
) -> Vec<Option<Seen<Option<Arc<Document>>>>> {
    let needed = |expectation: &Expectation, tag: &Seen<Arc<Document>>| match tag {
        _ if !expectation.conflicts.is_empty() || expectation.tag.is_none() => false,
        _ if expectation.image == Expected::Nothing => false,
        Seen::Here(document) => !expectation.accepts(document),
        Seen::Absent => true,
        // What is wrong whatever the tag shows is worth knowing, if anything can be wrong so.
        Seen::Unknown(_) => {
            deep || !expectation.platforms.is_empty() || !expectation.attestations.is_empty()
        }
    };
    // Sets and maps are extended, not collected: that would sort, and sorting is much code for
    // each type.
    let mut reads: BTreeSet<Read> = BTreeSet::new();
    reads.extend(
        expectations
            .iter()
            .zip(tags)
            .filter(|(expectation, tag)| needed(expectation, tag) && !memory.knows(expectation))
            .filter_map(|(expectation, _)| read_of_expected(expectation)),
    );
    let reads: Vec<Read> = reads.into_iter().collect();
    let mut answers: BTreeMap<&Read, Seen<Option<Arc<Document>>>> = BTreeMap::new();
    for (read, answer) in reads.iter().zip(read_refused_again(&reads, registry)) {
        let seen = match memory_of(memory, read, answer) {
            Reading::Known(Seen::Here(document)) => Seen::Here(Some(document)),
            Reading::Known(Seen::Absent) => Seen::Absent,
            Reading::Known(Seen::Unknown(error)) => Seen::Unknown(error),
            Reading::HeaderOnly(_) | Reading::Inconclusive if read.method == Method::Get => {
                let reason = "the answer to a GET has no body".to_owned();
                Seen::Unknown(bad_answer(read, reason))
            }
            // A config blob, asked for by its header: it is there.
            Reading::HeaderOnly(_) | Reading::Inconclusive => Seen::Here(None),
        };
        answers.insert(read, seen);
    }
    expectations
        .iter()
        .zip(tags)
        .map(|(expectation, tag)| {
            if !needed(expectation, tag) {
                return None;
            }
            let read = read_of_expected(expectation)?;
            let key = (
                expectation.home().clone(),
                expectation.image.digest()?.clone(),
            );
            match memory.documents.get(&key) {
                Some(document) => Some(Seen::Here(Some(document.clone()))),
                None => Some(answers.get(&read).cloned().unwrap_or(Seen::Here(None))),
            }
        })
        .collect()
}

fn read_of_expected(expectation: &Expectation) -> Option<Read> {
    let (target, method) = match &expectation.image {
        Expected::Manifest(digest) => (Target::Manifest(digest.clone()), Method::Get),
        Expected::Id(config) => (Target::Blob(config.clone()), Method::Head),
        Expected::Nothing => return None,
    };
    Some(Read {
        repository: expectation.home().clone(),
        target,
        method,
    })
}

/// Like [`Memory::learn`], but a HEAD of a blob that is not there is an answer.
fn memory_of(memory: &mut Memory, read: &Read, answer: Result<Answer, Error>) -> Reading {
    match (&read.target, answer) {
        (Target::Blob(digest), Ok(Answer::Body { bytes, .. })) if !digest.is_of(&bytes) => {
            let reason = "the body is not what was asked for".to_owned();
            Reading::Known(Seen::Unknown(bad_answer(read, reason)))
        }
        (Target::Blob(_), Ok(Answer::Absent)) => Reading::Known(Seen::Absent),
        (Target::Blob(_), Ok(_)) => Reading::Inconclusive,
        (Target::Blob(_), Err(error)) => Reading::Known(Seen::Unknown(error)),
        (_, answer) => memory.learn(read, answer, None),
    }
}

/// The platforms of expected images that only configs name, where one is required: of a plain
/// manifest, and of entries of an index, where no descriptor says enough.
pub(super) fn platforms(
    images: &[Image<'_>],
    memory: &mut Memory,
    registry: &dyn Registry,
) -> Vec<Vec<Seen<Option<Platform>>>> {
    let untold: Vec<Vec<Named>> = images.iter().map(untold).collect();
    let manifests = read_manifests(images, &untold, memory, registry);
    let mut needed: BTreeSet<(Repository, Digest)> = BTreeSet::new();
    for (image, untold) in images.iter().zip(&untold) {
        let repository = &image.expectation.repository;
        let digests = untold.iter().filter_map(Named::digest);
        let keys = digests.map(|digest| (repository.clone(), digest.clone()));
        let known = keys.filter_map(|key| manifests.get(&key)?.here()?.config().cloned());
        let configs = known.map(|config| (repository.clone(), config));
        needed.extend(configs.filter(|key| !memory.configs.contains_key(key)));
    }
    let unknown = configs(needed, memory, registry);
    let of_manifest = |repository: &Repository, digest: &Digest| -> Seen<Option<Platform>> {
        let document = match manifests.get(&(repository.clone(), digest.clone())) {
            Some(Seen::Here(document)) => document,
            Some(Seen::Unknown(error)) => return Seen::Unknown(error.clone()),
            Some(Seen::Absent) | None => {
                return Seen::Unknown(Error::of_document(digest, "the manifest is gone"));
            }
        };
        let Some(config) = document.config() else {
            let reason = document.unread().map_or_else(
                || "it is an index, and the index that lists it does not say so".to_owned(),
                ToString::to_string,
            );
            return Seen::Unknown(Error::of_document(digest, reason));
        };
        let key = (repository.clone(), config.clone());
        match (memory.configs.get(&key), unknown.get(&key)) {
            (Some(config), _) => Seen::Here(config.platform.clone()),
            (None, Some(error)) => Seen::Unknown(error.clone()),
            (None, None) => Seen::Here(None),
        }
    };
    images
        .iter()
        .zip(&untold)
        .map(|(image, untold)| {
            let repository = &image.expectation.repository;
            let each = untold.iter().take(MAX_UNTOLD).map(|named| match named {
                Named::Digest(digest) => of_manifest(repository, digest),
                Named::Unknown(unknown) => Seen::Unknown(Error::of_document("the index", unknown)),
            });
            let rest = untold.get(MAX_UNTOLD).map(|named| {
                let reason = format!("more than {MAX_UNTOLD} entries of the index say no platform");
                Seen::Unknown(Error::of_document(named, reason))
            });
            each.chain(rest).collect()
        })
        .collect()
}

/// Reads configs into the memory, and gives those that could not be read with the reason.
pub(super) fn configs(
    needed: BTreeSet<(Repository, Digest)>,
    memory: &mut Memory,
    registry: &dyn Registry,
) -> BTreeMap<(Repository, Digest), Error> {
    let reads: Vec<Read> = needed
        .iter()
        .map(|(repository, digest)| Read {
            repository: repository.clone(),
            target: Target::Blob(digest.clone()),
            method: Method::Get,
        })
        .collect();
    let mut unknown: BTreeMap<(Repository, Digest), Error> = BTreeMap::new();
    if reads.is_empty() {
        return unknown;
    }
    for (key, (read, answer)) in needed
        .into_iter()
        .zip(reads.iter().zip(registry.read(&reads)))
    {
        match answer {
            Ok(Answer::Body { bytes, .. }) if key.1.is_of(&bytes) => {
                memory.configs.insert(key, Config::read(&bytes));
            }
            Ok(Answer::Absent) => {
                unknown.insert(
                    key,
                    bad_answer(read, "the image's config is gone".to_owned()),
                );
            }
            Ok(_) => {
                unknown.insert(
                    key,
                    bad_answer(read, "the body is not what was asked for".to_owned()),
                );
            }
            Err(error) => {
                unknown.insert(key, error);
            }
        }
    }
    unknown
}

/// The manifests whose platforms are needed, and that no descriptor says one of.
fn untold(image: &Image<'_>) -> Vec<Named> {
    let (Some(document), Some(tree)) = (image.document, image.tree()) else {
        return Vec::new();
    };
    let required = &image.expectation.platforms;
    match document.content() {
        Content::Image(_) if image.expectation.needs_platform_of_config() => {
            vec![document.digest().clone().into()]
        }
        Content::Index(_) => {
            let missing = missing(required, &tree.platforms());
            let may_be = |own: &Platform| missing.iter().any(|asked| asked.is_left_open_by(own));
            let images = tree
                .images()
                .filter(|child| !missing.is_empty() && child.platform.as_ref().is_none_or(may_be));
            let named = images.map(|child| child.named.clone());
            named.take(MAX_UNTOLD + 1).collect()
        }
        _ => Vec::new(),
    }
}

/// These manifests: most are known by the looks at the tags.
fn read_manifests(
    images: &[Image<'_>],
    untold: &[Vec<Named>],
    memory: &mut Memory,
    registry: &dyn Registry,
) -> BTreeMap<(Repository, Digest), Seen<Arc<Document>>> {
    let mut seen: BTreeMap<(Repository, Digest), Seen<Arc<Document>>> = BTreeMap::new();
    let mut asked: BTreeSet<(Repository, Digest)> = BTreeSet::new();
    for (image, untold) in images.iter().zip(untold) {
        for digest in untold.iter().take(MAX_UNTOLD).filter_map(Named::digest) {
            let key = (image.expectation.repository.clone(), digest.clone());
            match memory.documents.get(&key) {
                Some(document) => {
                    seen.insert(key, Seen::Here(document.clone()));
                }
                None => {
                    asked.insert(key);
                }
            }
        }
    }
    let wanted = asked.iter().map(|(repository, digest)| Wanted {
        repository: repository.clone(),
        target: Target::Manifest(digest.clone()),
        expected: None,
        whole: true,
    });
    let answers = resolve(wanted.collect(), memory, registry);
    seen.extend(asked.into_iter().zip(answers));
    seen
}

/// The children of the expected indexes that are not there, or could not be read.
pub(super) fn children(
    images: &[Image<'_>],
    memory: &mut Memory,
    registry: &dyn Registry,
) -> Vec<Vec<(Child, Seen<()>)>> {
    let mut ask: BTreeSet<(Repository, Digest)> = BTreeSet::new();
    for image in images {
        let listed = image.tree().map(|tree| tree.entries().collect::<Vec<_>>());
        let digests = listed.into_iter().flatten();
        // What was read of the indexes below is in the observation already.
        let digests = digests
            .filter_map(|child| child.named.digest())
            .filter(|digest| !image.nested.contains_key(digest));
        let keys = digests.map(|digest| (image.expectation.repository.clone(), digest.clone()));
        ask.extend(keys.filter(|key| !memory.present.contains(key)));
    }
    let keys: Vec<(Repository, Digest)> = ask.into_iter().collect();
    let mut missing: BTreeMap<(Repository, Digest), Seen<()>> = BTreeMap::new();
    let seen = present(&keys, memory, registry);
    for (key, seen) in keys.into_iter().zip(seen) {
        match seen {
            Seen::Here(()) => _ = memory.present.insert(key),
            seen => _ = missing.insert(key, seen),
        }
    }
    let lacking = |image: &Image<'_>| {
        let repository = &image.expectation.repository;
        let entries = image.tree().map(|tree| tree.entries().collect::<Vec<_>>());
        let entries = entries.into_iter().flatten();
        let mut lacking: Vec<(Child, Seen<()>)> = entries
            .filter_map(|child| {
                let seen = match &child.named {
                    Named::Digest(digest) => {
                        missing.get(&(repository.clone(), digest.clone()))?.clone()
                    }
                    Named::Unknown(unknown) => {
                        Seen::Unknown(Error::of_document("the index", unknown))
                    }
                };
                Some((child.clone(), seen))
            })
            .collect();
        // What decides comes first: an image before an attestation, gone before unknown.
        lacking.sort_by_key(|(child, seen)| (child.is_attestation, *seen != Seen::Absent));
        // One is enough to decide.
        lacking.truncate(MAX_MISSING);
        lacking
    };
    images.iter().map(lacking).collect()
}
