//! One look: the reads that one round of judging needs, as few as prove something.
//!
//! A digest counts when it was computed from a body, or came in a header of a repository whose
//! header was seen to agree with a hashed body. So the first tag of an image is
//! read whole and the others by their headers; a header that says anything unexpected is decided
//! by reading that tag whole, too.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::attested::attestations;
use super::below::indexes;
use super::images::{children, expected, platforms};
use super::memory::Memory;
use super::read::{ExpectedImage, Wanted, resolve};
use super::reader::Reader;
use super::same::same;
use crate::expectation::{Expectation, Expected};
use crate::observation::{Attested, Observation, Seen};
use crate::oci::{Document, Repository, Tag};
use crate::registry::{Registry, Target};
use crate::verdict::{is_right, right_image};

/// Looks at each expectation once.
pub(super) fn look(
    expectations: &[&Expectation],
    deep: bool,
    memory: &mut Memory,
    registry: &dyn Registry,
) -> Vec<Observation> {
    let tags = tags(expectations, memory, registry);
    let mut reader = Reader::new(memory, registry);
    let reader = &mut reader;
    let expected = expected(expectations, &tags, deep, reader);
    let mut observations: Vec<Observation> = tags
        .into_iter()
        .zip(expected)
        .map(|(tag, expected)| Observation {
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
    let all = expectations.iter().copied().zip(&mut observations);
    look_below(all.collect(), deep, reader);
    let mut right = Vec::new();
    let same = same(expectations, &observations, reader);
    for ((&expectation, observation), same) in expectations.iter().zip(&mut observations).zip(same)
    {
        observation.same = same;
        if observation.same.is_some() && is_right(expectation, observation) {
            right.push((expectation, observation));
        }
    }
    if !right.is_empty() {
        look_below(right, deep, reader);
    }
    observations
}

/// Looks at what lies below the images that are expected, or that are right in their place.
fn look_below(
    mut looked: Vec<(&Expectation, &mut Observation)>,
    deep: bool,
    reader: &mut Reader<'_>,
) {
    let expectations: Vec<&Expectation> = looked.iter().map(|(it, _)| *it).collect();
    let tags: Vec<Seen<Arc<Document>>> = looked.iter().map(|(_, it)| it.tag.clone()).collect();
    let documents: Vec<Option<Arc<Document>>> = looked
        .iter()
        .map(|(expectation, observation)| right_image(expectation, observation).cloned())
        .collect();
    let nested = indexes(&expectations, &tags, &documents, deep, reader);
    let images: Vec<ExpectedImage<'_>> = expectations
        .iter()
        .zip(&documents)
        .zip(&nested)
        .map(|((&expectation, document), nested)| ExpectedImage {
            expectation,
            document: document.as_deref(),
            nested,
        })
        .collect();
    let platforms = platforms(&images, reader);
    let attestations = attestations(&images, reader);
    let children = match deep {
        true => children(&images, reader),
        false => vec![Vec::new(); looked.len()],
    };
    for (((((_, observation), nested), platforms), attestations), children) in looked
        .iter_mut()
        .zip(&nested)
        .zip(platforms)
        .zip(attestations)
        .zip(children)
    {
        observation.nested = nested.clone();
        observation.platforms = platforms;
        observation.attestations = attestations;
        observation.children = children;
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
