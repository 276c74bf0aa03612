//! One look: the reads that one round of judging needs, as few as prove something.
//!
//! A digest counts when it was computed from a body, or came in a header of a repository whose
//! header was seen to agree with a hashed body. So the first tag of an image is
//! read whole and the others by their headers; a header that says anything unexpected is decided
//! by reading that tag whole, too.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::attested::attestations;
use super::below::indexes;
use super::depths::{depths, manifests};
use super::images::{children, expected, platforms};
use super::looks::Looks;
use super::memory::Memory;
use super::read::{ExpectedImage, Wanted, resolve};
use super::reader::Reader;
use super::same::same;
use crate::clock::Clock;
use crate::expectation::{Depth, Expectation, Expected};
use crate::observation::{Attested, Observation, Seen};
use crate::oci::{Document, Repository, Tag};
use crate::registry::{Registry, Target};
use crate::verdict::{is_right, right_image};

/// Looks at each expectation once, and says when the tags were read: what lies below them is read
/// after that.
pub(super) fn look(
    expectations: &[&Expectation],
    looks: Looks,
    memory: &mut Memory,
    registry: &dyn Registry,
    clock: &dyn Clock,
) -> (Vec<Observation>, Duration) {
    let tags = tags(expectations, memory, registry);
    let mut reader = Reader::new(memory, registry, looks);
    let reader = &mut reader;
    let depths: Vec<Depth> = expectations
        .iter()
        .map(|expectation| match looks.below {
            true => expectation.depth,
            false => Depth::Tag,
        })
        .collect();
    let expected = expected(expectations, &tags, &depths, reader);
    let read_at = clock.now();
    let mut observations: Vec<Observation> = tags
        .into_iter()
        .zip(expected)
        .zip(&depths)
        .map(|((tag, expected), depth)| Observation {
            tag,
            expected,
            same: None,
            nested: Arc::default(),
            platforms: Vec::new(),
            gone: Vec::new(),
            attestations: Attested::default(),
            depth: *depth,
            below: Arc::default(),
            children: Vec::new(),
        })
        .collect();
    let all = expectations.iter().copied().zip(&mut observations);
    look_below(all.collect(), reader);
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
        look_below(right, reader);
    }
    (observations, read_at)
}

/// Looks at what lies below the images that are expected, or that are right in their place.
fn look_below(mut looked: Vec<(&Expectation, &mut Observation)>, reader: &mut Reader<'_>) {
    let expectations: Vec<&Expectation> = looked.iter().map(|(it, _)| *it).collect();
    let tags: Vec<Seen<Arc<Document>>> = looked.iter().map(|(_, it)| it.tag.clone()).collect();
    let deep: Vec<Depth> = looked.iter().map(|(_, it)| it.depth).collect();
    let documents: Vec<Option<Arc<Document>>> = looked
        .iter()
        .map(|(expectation, observation)| right_image(expectation, observation).cloned())
        .collect();
    let nested = indexes(&expectations, &tags, &documents, &deep, reader);
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
    // A body proves more than a header, so what is read whole goes first.
    manifests(&images, &deep, reader);
    let platforms = platforms(&images, reader);
    let attestations = attestations(&images, reader);
    let children = children(&images, &deep, reader);
    let below = depths(&images, &deep, reader);
    let seen = nested
        .iter()
        .zip(platforms)
        .zip(attestations)
        .zip(children)
        .zip(below);
    for ((_, observation), ((((nested, platforms), attestations), children), below)) in
        looked.iter_mut().zip(seen)
    {
        observation.nested = nested.clone();
        observation.platforms = platforms.platforms;
        observation.gone = platforms.gone;
        observation.attestations = attestations;
        observation.children = children;
        observation.below = below;
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
