//! One look: the reads that one round of judging needs, as few as prove something.
//!
//! A digest counts when it was computed from a body, or came in a header of a repository whose
//! header was seen to agree with a hashed body (design, rule 1). So the first tag of an image is
//! read whole and the others by their headers; a header that says anything unexpected is decided
//! by reading that tag whole, too.

mod attested;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::expectation::{Expectation, Expected};
use crate::observation::{Seen, Sight};
use crate::oci::{Child, Digest, Document, Platform, Repository, Tag};
use crate::registry::{Answer, Class, Error, Method, Read, Registry, Target};

/// What earlier looks have proven, so that later ones can ask for less.
#[derive(Debug, Default)]
pub struct Memory {
    /// Documents that were read whole from a repository, under every digest they were asked by.
    documents: BTreeMap<(Repository, Digest), Arc<Document>>,
    /// Whether a repository's digest header agreed with the body, each time so far.
    headers: BTreeMap<Repository, bool>,
    /// What was not there when it was asked for with GET.
    absent: BTreeSet<(Repository, Target)>,
    /// Configs whose platform is known.
    platforms: BTreeMap<(Repository, Digest), Option<Platform>>,
    /// Children that are there.
    present: BTreeSet<(Repository, Digest)>,
}

/// Looks at each expectation once.
pub(super) fn look(
    expectations: &[&Expectation],
    deep: bool,
    memory: &mut Memory,
    registry: &dyn Registry,
) -> Vec<Sight> {
    let tags = tags(expectations, memory, registry);
    let expected = expected(expectations, &tags, deep, memory, registry);
    let documents: Vec<Option<Arc<Document>>> = expectations
        .iter()
        .zip(&tags)
        .zip(&expected)
        .map(|((expectation, tag), expected)| match (tag, expected) {
            (Seen::Here(document), _) if expectation.image.is(document) => Some(document.clone()),
            (_, Some(Seen::Here(document))) => document.clone(),
            _ => None,
        })
        .collect();
    let platforms = platforms(expectations, &documents, memory, registry);
    let attestations = attested::attestations(expectations, &documents, memory, registry);
    let children = match deep {
        true => children(expectations, &documents, memory, registry),
        false => vec![Vec::new(); expectations.len()],
    };
    tags.into_iter()
        .zip(expected)
        .zip(platforms)
        .zip(attestations)
        .zip(children)
        .map(
            |((((tag, expected), platform), attestations), children)| Sight {
                tag,
                expected,
                platform,
                attestations,
                children,
            },
        )
        .collect()
}

/// Reads one tag again, just before it is written.
pub(crate) fn look_at_tag(
    repository: &Repository,
    tag: &Tag,
    memory: &mut Memory,
    registry: &dyn Registry,
) -> Seen<Arc<Document>> {
    let wanted = Wanted {
        repository: repository.clone(),
        target: Target::Tag(tag.clone()),
        whole: false,
    };
    resolve(vec![wanted], memory, registry)
        .pop()
        .unwrap_or(Seen::Absent)
}

/// A manifest to look at.
struct Wanted {
    repository: Repository,
    target: Target,
    /// Whether its body is needed, and not only its digest.
    whole: bool,
}

/// What the tags point at; for an expectation without a tag, what is under its digest.
fn tags(
    expectations: &[&Expectation],
    memory: &mut Memory,
    registry: &dyn Registry,
) -> Vec<Seen<Arc<Document>>> {
    let mut first: BTreeSet<(&Repository, &Expected)> = BTreeSet::new();
    let wanted: Vec<Option<Wanted>> = expectations
        .iter()
        .map(|expectation| {
            // Later looks know from the first one whether headers can be trusted.
            let known =
                memory.knows(expectation) || memory.headers.contains_key(&expectation.repository);
            let target = match &expectation.tag {
                Some(tag) => Target::Tag(tag.clone()),
                // Without a digest, too, there is nothing to look at.
                None => Target::Manifest(expectation.image.digest()?.clone()),
            };
            Some(Wanted {
                repository: expectation.repository.clone(),
                target,
                whole: !known && first.insert((&expectation.repository, &expectation.image)),
            })
        })
        .collect();
    let is_asked: Vec<bool> = wanted.iter().map(Option::is_some).collect();
    let mut seen = resolve(wanted.into_iter().flatten().collect(), memory, registry).into_iter();
    let mut next = |is_asked: bool| is_asked.then(|| seen.next()).flatten();
    is_asked
        .into_iter()
        .map(|is_asked| next(is_asked).unwrap_or(Seen::Absent))
        .collect()
}

/// Reads manifests until each is known: headers first where they may be enough, then bodies.
fn resolve(
    wanted: Vec<Wanted>,
    memory: &mut Memory,
    registry: &dyn Registry,
) -> Vec<Seen<Arc<Document>>> {
    let mut seen: Vec<Option<Seen<Arc<Document>>>> = wanted.iter().map(|_| None).collect();
    let mut method: Vec<Method> = wanted
        .iter()
        .map(|wanted| {
            match wanted.whole || memory.headers.get(&wanted.repository) == Some(&false) {
                true => Method::Get,
                false => Method::Head,
            }
        })
        .collect();
    // What the header of a tag said, while its repository's headers are not trusted yet.
    let mut said: Vec<Option<Digest>> = wanted.iter().map(|_| None).collect();
    let mut ask: Vec<usize> = (0..wanted.len()).collect();
    while !ask.is_empty() {
        let batch: Vec<Read> = ask
            .iter()
            .filter_map(|&i| Some((wanted.get(i)?, *method.get(i)?)))
            .map(|(wanted, method)| Read {
                repository: wanted.repository.clone(),
                target: wanted.target.clone(),
                method,
            })
            .collect();
        for ((&i, read), answer) in ask.iter().zip(&batch).zip(registry.read(&batch)) {
            let (Some(seen), Some(said)) = (seen.get_mut(i), said.get_mut(i)) else {
                continue;
            };
            match memory.learn(read, answer) {
                Learnt::Seen(it) => *seen = Some(it),
                _ if read.method == Method::Get => {
                    let error = bad_answer(read, "the answer to a GET has no body".to_owned());
                    *seen = Some(Seen::Unknown(error));
                }
                Learnt::Said(digest) => *said = Some(digest),
                Learnt::Nothing => {}
            }
        }
        // A header settles what it names if its repository's headers are trusted and the document
        // is known. Of those that are left, one for each digest is read whole; the rest may find
        // it known then.
        let mut asked: BTreeSet<(Repository, Digest)> = BTreeSet::new();
        ask.clear();
        for (i, wanted) in wanted.iter().enumerate() {
            let (Some(seen), Some(said), Some(method)) =
                (seen.get_mut(i), said.get(i), method.get_mut(i))
            else {
                continue;
            };
            if seen.is_some() {
                continue;
            }
            if let Some(digest) = said {
                let key = (wanted.repository.clone(), digest.clone());
                match memory.headers.get(&wanted.repository) {
                    Some(true) => match memory.documents.get(&key) {
                        Some(document) => {
                            *seen = Some(Seen::Here(document.clone()));
                            continue;
                        }
                        None if !asked.insert(key) => continue,
                        None => {}
                    },
                    Some(false) => {}
                    None if !asked.insert(key) => continue,
                    None => {}
                }
            }
            *method = Method::Get;
            ask.push(i);
        }
    }
    seen.into_iter()
        .map(|seen| seen.unwrap_or(Seen::Absent))
        .collect()
}

/// What one answer taught.
enum Learnt {
    /// What is so.
    Seen(Seen<Arc<Document>>),
    /// A header named this digest; whether that is enough is to be seen.
    Said(Digest),
    /// Nothing: it has to be read whole.
    Nothing,
}

impl Memory {
    /// Whether the expected image was read from its repository.
    fn knows(&self, expectation: &Expectation) -> bool {
        match &expectation.image {
            Expected::Manifest(digest) => self
                .documents
                .contains_key(&(expectation.repository.clone(), digest.clone())),
            Expected::Id(_) => self.documents.iter().any(|((repository, _), document)| {
                *repository == expectation.repository && expectation.image.is(document)
            }),
            Expected::Nothing => true,
        }
    }

    fn learn(&mut self, read: &Read, answer: Result<Answer, Error>) -> Learnt {
        let key = (read.repository.clone(), read.target.clone());
        match (answer, read.method) {
            (
                Ok(Answer::Body {
                    bytes,
                    content_type,
                    claimed,
                }),
                _,
            ) => Learnt::Seen(self.learn_body(read, bytes, &content_type, claimed)),
            (Ok(Answer::Absent), Method::Get) => {
                self.absent.insert(key);
                Learnt::Seen(Seen::Absent)
            }
            (Ok(Answer::Absent), Method::Head) if self.absent.contains(&key) => {
                Learnt::Seen(Seen::Absent)
            }
            (Ok(Answer::Header(Some(digest))), _) => Learnt::Said(digest),
            (Ok(Answer::Absent | Answer::Header(None)), _) => Learnt::Nothing,
            // Some registries refuse a HEAD they would answer as a GET (ECR 400, Artifactory 403).
            (Err(error), Method::Head) if may_be_about_head(error.class) => Learnt::Nothing,
            (Err(error), _) => Learnt::Seen(Seen::Unknown(error)),
        }
    }

    fn learn_body(
        &mut self,
        read: &Read,
        bytes: Vec<u8>,
        content_type: &str,
        claimed: Option<Digest>,
    ) -> Seen<Arc<Document>> {
        if let Target::Manifest(asked) = &read.target
            && !asked.is_of(&bytes)
        {
            return Seen::Unknown(bad_answer(
                read,
                format!("the body is {}, not what was asked for", Digest::of(&bytes)),
            ));
        }
        let agrees = claimed
            .as_ref()
            .is_some_and(|claimed| claimed.is_of(&bytes));
        let trusted = self.headers.entry(read.repository.clone()).or_insert(true);
        *trusted &= agrees;
        match Document::parse(bytes, content_type) {
            Ok(document) => {
                let document = Arc::new(document);
                let mut names = vec![document.digest().clone()];
                names.extend(claimed.filter(|_| agrees));
                if let Target::Manifest(asked) = &read.target {
                    names.push(asked.clone());
                }
                for name in names {
                    self.documents
                        .insert((read.repository.clone(), name), document.clone());
                }
                self.absent
                    .remove(&(read.repository.clone(), read.target.clone()));
                Seen::Here(document)
            }
            Err(error) => Seen::Unknown(bad_answer(read, error.to_string())),
        }
    }
}

fn may_be_about_head(class: Class) -> bool {
    !matches!(
        class,
        Class::Deadline
            | Class::Network
            | Class::UnknownHost
            | Class::Tls
            | Class::Proxy
            | Class::Login
            | Class::RateLimited
            | Class::Unavailable
            | Class::Unsafe
    )
}

fn bad_answer(read: &Read, reason: String) -> Error {
    let of = match &read.target {
        Target::Tag(tag) => format!(":{tag}"),
        Target::Manifest(digest) | Target::Blob(digest) => format!("@{digest}"),
    };
    Error {
        class: Class::BadAnswer,
        request: format!("reading {}{of}", read.repository),
        reason,
        retry_after: None,
    }
}

/// Whether the expected images are in their repositories, where the tags do not show them.
fn expected(
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
    let reads: BTreeSet<Read> = expectations
        .iter()
        .zip(tags)
        .filter(|(expectation, tag)| needed(expectation, tag) && !memory.knows(expectation))
        .filter_map(|(expectation, _)| read_of_expected(expectation))
        .collect();
    let reads: Vec<Read> = reads.into_iter().collect();
    let answers: BTreeMap<&Read, Seen<Option<Arc<Document>>>> = reads
        .iter()
        .zip(registry.read(&reads))
        .map(|(read, answer)| {
            (
                read,
                match (&read.target, memory_of(memory, read, answer)) {
                    (_, Learnt::Seen(Seen::Here(document))) => Seen::Here(Some(document)),
                    (_, Learnt::Seen(Seen::Absent)) => Seen::Absent,
                    (_, Learnt::Seen(Seen::Unknown(error))) => Seen::Unknown(error),
                    // A config blob, asked for by its header: it is there.
                    (_, Learnt::Said(_) | Learnt::Nothing) => Seen::Here(None),
                },
            )
        })
        .collect();
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
        (_, answer) => memory.learn(read, answer),
    }
}

/// The platforms of expected images that are plain manifests, where one is required and no
/// descriptor names it: from the config blob.
fn platforms(
    expectations: &[&Expectation],
    documents: &[Option<Arc<Document>>],
    memory: &mut Memory,
    registry: &dyn Registry,
) -> Vec<Option<Seen<Option<Platform>>>> {
    let config = |expectation: &Expectation,
                  document: &Option<Arc<Document>>|
     -> Option<(Repository, Digest)> {
        if expectation.platforms.is_empty() || expectation.own_platform.is_some() {
            return None;
        }
        Some((
            expectation.repository.clone(),
            document.as_ref()?.config()?.clone(),
        ))
    };
    let needed: BTreeSet<(Repository, Digest)> = expectations
        .iter()
        .zip(documents)
        .filter_map(|(expectation, document)| config(expectation, document))
        .filter(|key| !memory.platforms.contains_key(key))
        .collect();
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
            let key = config(expectation, document)?;
            match (memory.platforms.get(&key), unknown.get(&key)) {
                (Some(platform), _) => Some(Seen::Here(platform.clone())),
                (None, Some(error)) => Some(Seen::Unknown(error.clone())),
                (None, None) => None,
            }
        })
        .collect()
}

/// Whether the children of the expected indexes are there.
fn children(
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
            .map(|child| (expectation.repository.clone(), child.digest.clone()))
            .collect()
    };
    let ask: BTreeSet<(Repository, Digest)> = expectations
        .iter()
        .zip(documents)
        .flat_map(|(expectation, document)| listed(expectation, document))
        .filter(|key| !memory.present.contains(key))
        .collect();
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
            children
                .map(|child| {
                    let key = (expectation.repository.clone(), child.digest.clone());
                    let seen = missing.get(&key).cloned().unwrap_or(Seen::Here(()));
                    (child.clone(), seen)
                })
                .collect()
        })
        .collect()
}
