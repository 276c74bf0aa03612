//! One look: the reads that one round of judging needs, as few as prove something.
//!
//! A digest counts when it was computed from a body, or came in a header of a repository whose
//! header was seen to agree with a hashed body (design, rule 1). So the first tag of an image is
//! read whole and the others by their headers; a header that says anything unexpected is decided
//! by reading that tag whole, too.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::attested::attestations;
use super::below::indexes;
use super::images::{children, expected, platforms};
use super::memory::{Learnt, Memory, bad_answer};
use super::same::same;
use crate::expectation::{Expectation, Expected};
use crate::observation::{Attested, Nested, Seen, Sight, Tree};
use crate::oci::{Digest, Document, Repository, Tag};
use crate::registry::{Method, Read, Registry, Target};
use crate::verdict::{is_right, right_image};

/// An expected image, as far as it was read.
#[derive(Clone, Copy)]
pub(super) struct Image<'a> {
    pub(super) expectation: &'a Expectation,
    pub(super) document: Option<&'a Document>,
    pub(super) nested: &'a Nested,
}

impl<'a> Image<'a> {
    /// What it lists, at every level.
    pub(super) fn tree(&self) -> Option<Tree<'a>> {
        Some(Tree::of(self.document?, self.nested))
    }
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
    let mut sights: Vec<Sight> = tags
        .into_iter()
        .zip(expected)
        .map(|(tag, expected)| Sight {
            tag,
            expected,
            same: None,
            nested: Arc::default(),
            platforms: Vec::new(),
            attestations: Attested::default(),
            deep,
            children: Vec::new(),
        })
        .collect();
    let all = expectations.iter().copied().zip(&mut sights);
    look_below(all.collect(), deep, memory, registry);
    let mut right = Vec::new();
    let same = same(expectations, &sights, memory, registry);
    for ((&expectation, sight), same) in expectations.iter().zip(&mut sights).zip(same) {
        sight.same = same;
        if sight.same.is_some() && is_right(expectation, sight) {
            right.push((expectation, sight));
        }
    }
    if !right.is_empty() {
        look_below(right, deep, memory, registry);
    }
    sights
}

/// Looks at what lies below the images that are expected, or that are right in their place.
fn look_below(
    mut looked: Vec<(&Expectation, &mut Sight)>,
    deep: bool,
    memory: &mut Memory,
    registry: &dyn Registry,
) {
    let expectations: Vec<&Expectation> = looked.iter().map(|(it, _)| *it).collect();
    let tags: Vec<Seen<Arc<Document>>> = looked.iter().map(|(_, it)| it.tag.clone()).collect();
    let documents: Vec<Option<Arc<Document>>> = looked
        .iter()
        .map(|(expectation, sight)| right_image(expectation, sight).cloned())
        .collect();
    let nested = indexes(&expectations, &tags, &documents, deep, memory, registry);
    let images: Vec<Image<'_>> = expectations
        .iter()
        .zip(&documents)
        .zip(&nested)
        .map(|((&expectation, document), nested)| Image {
            expectation,
            document: document.as_deref(),
            nested,
        })
        .collect();
    let platforms = platforms(&images, memory, registry);
    let attestations = attestations(&images, memory, registry);
    let children = match deep {
        true => children(&images, memory, registry),
        false => vec![Vec::new(); looked.len()],
    };
    for (((((_, sight), nested), platforms), attestations), children) in looked
        .iter_mut()
        .zip(&nested)
        .zip(platforms)
        .zip(attestations)
        .zip(children)
    {
        sight.nested = nested.clone();
        sight.platforms = platforms;
        sight.attestations = attestations;
        sight.children = children;
    }
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
        expected: None,
        whole: false,
    };
    resolve(vec![wanted], memory, registry)
        .pop()
        .unwrap_or(Seen::Absent)
}

/// A manifest to look at.
pub(super) struct Wanted<'a> {
    pub(super) repository: Repository,
    pub(super) target: Target,
    /// What it should be, where it is a tag: that is believed whatever its shape.
    pub(super) expected: Option<&'a Expected>,
    /// Whether its body is needed, and not only its digest.
    pub(super) whole: bool,
}

/// What the tags point at; for an expectation without a tag, what is under its digest.
fn tags(
    expectations: &[&Expectation],
    memory: &mut Memory,
    registry: &dyn Registry,
) -> Vec<Seen<Arc<Document>>> {
    let mut first: BTreeSet<(&Repository, &Expected)> = BTreeSet::new();
    let wanted: Vec<Option<Wanted<'_>>> = expectations
        .iter()
        .map(|expectation| {
            // Later looks know from the first one whether headers can be trusted.
            let is_home = *expectation.home() == expectation.repository;
            let known = (is_home && memory.knows(expectation))
                || memory.headers.contains_key(&expectation.repository);
            let target = match &expectation.tag {
                Some(tag) => Target::Tag(tag.clone()),
                // Without a digest, too, there is nothing to look at.
                None => Target::Manifest(expectation.image.digest()?.clone()),
            };
            Some(Wanted {
                repository: expectation.repository.clone(),
                target,
                expected: Some(&expectation.image),
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
pub(super) fn resolve(
    wanted: Vec<Wanted<'_>>,
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
            let (Some(seen), Some(said), Some(wanted)) =
                (seen.get_mut(i), said.get_mut(i), wanted.get(i))
            else {
                continue;
            };
            match memory.learn(read, answer, wanted.expected) {
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
