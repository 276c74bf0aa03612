//! What the judgement needs of the expected images themselves: whether they are in their
//! repositories, for which platform they are, and whether their children are there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::memory::{Learnt, Memory, bad_answer, uncheckable, unread};
use crate::expectation::{Expectation, Expected};
use crate::observation::Seen;
use crate::oci::{Child, Digest, Document, Named, Platform, Repository};
use crate::registry::{Answer, Error, Method, Read, Registry, Target};
use crate::verdict::TOLD;

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
        Seen::Here(document) => !expectation.image.is(document),
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
    for (read, answer) in reads.iter().zip(registry.read(&reads)) {
        let seen = match memory_of(memory, read, answer) {
            Learnt::Seen(Seen::Here(document)) => Seen::Here(Some(document)),
            Learnt::Seen(Seen::Absent) => Seen::Absent,
            Learnt::Seen(Seen::Unknown(error)) => Seen::Unknown(error),
            Learnt::Said(_) | Learnt::Nothing if read.method == Method::Get => {
                let reason = "the answer to a GET has no body".to_owned();
                Seen::Unknown(bad_answer(read, reason))
            }
            // A config blob, asked for by its header: it is there.
            Learnt::Said(_) | Learnt::Nothing => Seen::Here(None),
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
                expectation.repository.clone(),
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
        repository: expectation.repository.clone(),
        target,
        method,
    })
}

/// Like [`Memory::learn`], but a HEAD of a blob that is not there is an answer.
fn memory_of(memory: &mut Memory, read: &Read, answer: Result<Answer, Error>) -> Learnt {
    match (&read.target, answer) {
        (Target::Blob(_), Ok(Answer::Absent)) => Learnt::Seen(Seen::Absent),
        (Target::Blob(_), Ok(_)) => Learnt::Nothing,
        (Target::Blob(_), Err(error)) => Learnt::Seen(Seen::Unknown(error)),
        (_, answer) => memory.learn(read, answer, None),
    }
}

/// The platforms of expected images that are plain manifests, where one is required and no
/// descriptor says enough: from the config blob.
pub(super) fn platforms(
    expectations: &[&Expectation],
    documents: &[Option<Arc<Document>>],
    deep: bool,
    memory: &mut Memory,
    registry: &dyn Registry,
) -> Vec<Option<Seen<Option<Platform>>>> {
    let config = |expectation: &Expectation,
                  document: &Option<Arc<Document>>|
     -> Option<(Repository, Digest)> {
        if !expectation.needs_platform_of_config() {
            return None;
        }
        Some((
            expectation.repository.clone(),
            document.as_ref()?.config()?.clone(),
        ))
    };
    let mut needed: BTreeSet<(Repository, Digest)> = BTreeSet::new();
    needed.extend(
        expectations
            .iter()
            .zip(documents)
            .filter_map(|(expectation, document)| config(expectation, document))
            .filter(|key| !memory.platforms.contains_key(key)),
    );
    let reads: Vec<Read> = needed
        .iter()
        .map(|(repository, digest)| Read {
            repository: repository.clone(),
            target: Target::Blob(digest.clone()),
            method: Method::Get,
        })
        .collect();
    let mut unknown: BTreeMap<(Repository, Digest), Error> = BTreeMap::new();
    for (key, (read, answer)) in needed
        .into_iter()
        .zip(reads.iter().zip(registry.read(&reads)))
    {
        match answer {
            Ok(Answer::Body { bytes, .. }) if key.1.is_of(&bytes) => {
                memory
                    .platforms
                    .insert(key, Document::platform_of_config(&bytes));
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
    expectations
        .iter()
        .zip(documents)
        .map(|(expectation, document)| {
            let needs_platform = expectation.needs_platform_of_config();
            if let Some(document) = document
                && let Some(why) = document.unread()
                && (needs_platform || deep || !expectation.attestations.is_empty())
            {
                let target = Target::Manifest(document.digest().clone());
                let read = Read {
                    repository: expectation.repository.clone(),
                    target,
                    method: Method::Get,
                };
                return Some(Seen::Unknown(unread(&read, why)));
            }
            let key = config(expectation, document)?;
            match (memory.platforms.get(&key), unknown.get(&key)) {
                (Some(platform), _) => Some(Seen::Here(platform.clone())),
                (None, Some(error)) => Some(Seen::Unknown(error.clone())),
                (None, None) => None,
            }
        })
        .collect()
}

/// The children of the expected indexes that are not there, or could not be read.
pub(super) fn children(
    expectations: &[&Expectation],
    documents: &[Option<Arc<Document>>],
    memory: &mut Memory,
    registry: &dyn Registry,
) -> Vec<Vec<(Child, Seen<()>)>> {
    let listed = |expectation: &Expectation,
                  document: &Option<Arc<Document>>|
     -> Vec<(Repository, Digest)> {
        let children = document.iter().flat_map(|document| document.children());
        children
            .filter_map(|child| {
                let digest = child.named.digest()?.clone();
                Some((expectation.repository.clone(), digest))
            })
            .collect()
    };
    let mut ask: BTreeSet<(Repository, Digest)> = BTreeSet::new();
    ask.extend(
        expectations
            .iter()
            .zip(documents)
            .flat_map(|(expectation, document)| listed(expectation, document))
            .filter(|key| !memory.present.contains(key)),
    );
    let wanted = |method: Method, keys: &[(Repository, Digest)]| -> Vec<Read> {
        keys.iter()
            .map(|(repository, digest)| Read {
                repository: repository.clone(),
                target: Target::Manifest(digest.clone()),
                method,
            })
            .collect()
    };
    let keys: Vec<(Repository, Digest)> = ask.into_iter().collect();
    let mut decide = Vec::new();
    for (key, answer) in keys.iter().zip(registry.read(&wanted(Method::Head, &keys))) {
        match answer {
            Ok(Answer::Header(Some(digest)))
                if digest == key.1 && memory.headers.get(&key.0) == Some(&true) =>
            {
                memory.present.insert(key.clone());
            }
            _ => decide.push(key.clone()),
        }
    }
    let mut missing: BTreeMap<(Repository, Digest), Seen<()>> = BTreeMap::new();
    let reads = wanted(Method::Get, &decide);
    for (key, (read, answer)) in decide.iter().zip(reads.iter().zip(registry.read(&reads))) {
        match answer {
            Ok(Answer::Body { bytes, .. }) if key.1.is_of(&bytes) => {
                memory.present.insert(key.clone());
            }
            Ok(Answer::Absent) => {
                missing.insert(key.clone(), Seen::Absent);
            }
            Ok(_) => {
                let error = bad_answer(read, "the body is not what was asked for".to_owned());
                missing.insert(key.clone(), Seen::Unknown(error));
            }
            Err(error) => {
                missing.insert(key.clone(), Seen::Unknown(error));
            }
        }
    }
    expectations
        .iter()
        .zip(documents)
        .map(|(expectation, document)| {
            let children = document.iter().flat_map(|document| document.children());
            let mut lacking: Vec<(Child, Seen<()>)> = children
                .filter_map(|child| {
                    let seen = match &child.named {
                        Named::Digest(digest) => {
                            let key = (expectation.repository.clone(), digest.clone());
                            missing.get(&key)?.clone()
                        }
                        Named::Unknown(unknown) => {
                            Seen::Unknown(uncheckable(&expectation.repository, unknown))
                        }
                    };
                    Some((child.clone(), seen))
                })
                .collect();
            // What decides comes first: an image before an attestation, gone before unknown.
            lacking.sort_by_key(|(child, seen)| (child.is_attestation, *seen != Seen::Absent));
            // One is enough to decide.
            lacking.truncate(TOLD + 1);
            lacking
        })
        .collect()
}
