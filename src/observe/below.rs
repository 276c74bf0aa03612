//! The indexes that indexes list, read where the judgement needs them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::reader::{Key, Reader};
use crate::expectation::{Depth, Expectation};
use crate::observation::{MAX_INDEXES, MAX_LEVELS, Nested, Seen};
use crate::oci::{Document, Repository};
use crate::verdict::needs_below;

/// What lies below the expected images and below what the tags show, for each expectation. Without
/// an index in an index, or a need to know what is in it, nothing is asked.
pub(super) fn indexes(
    expectations: &[&Expectation],
    tags: &[Seen<Arc<Document>>],
    documents: &[Option<Arc<Document>>],
    depths: &[Depth],
    reader: &mut Reader<'_>,
) -> Vec<Arc<Nested>> {
    let mut level: BTreeMap<Key, Arc<Document>> = BTreeMap::new();
    let mut is_needed = Vec::with_capacity(expectations.len());
    let asked = expectations.iter().zip(tags).zip(documents).zip(depths);
    for (((expectation, tag), document), depth) in asked {
        let needs = needs_below(expectation, tag, document.as_deref(), *depth);
        is_needed.push(needs.expected || needs.shown);
        let roots = [
            document.as_ref().filter(|_| needs.expected),
            tag.here().filter(|_| needs.shown),
        ];
        for root in roots.into_iter().flatten() {
            let key = (expectation.repository.clone(), root.digest().clone());
            level.insert(key, root.clone());
        }
    }
    let mut nested: BTreeMap<Repository, Nested> = BTreeMap::new();
    for _ in 0..MAX_LEVELS {
        let mut below: BTreeMap<Key, Arc<Document>> = BTreeMap::new();
        for (key, seen) in read(&level, &nested, reader) {
            let known = nested.entry(key.0.clone()).or_default();
            known.insert(key.1.clone(), seen.clone());
            if let Seen::Here(document) = seen {
                below.insert(key, document);
            }
        }
        level = below;
    }
    let nested: BTreeMap<Repository, Arc<Nested>> = nested
        .into_iter()
        .map(|(repository, nested)| (repository, Arc::new(nested)))
        .collect();
    let none = Arc::new(Nested::new());
    expectations
        .iter()
        .zip(is_needed)
        .map(|(expectation, is_needed)| {
            let known = nested.get(&expectation.repository).filter(|_| is_needed);
            known.unwrap_or(&none).clone()
        })
        .collect()
}

/// The indexes that these list, as far as they are not known yet.
fn read(
    level: &BTreeMap<Key, Arc<Document>>,
    nested: &BTreeMap<Repository, Nested>,
    reader: &mut Reader<'_>,
) -> Vec<(Key, Seen<Arc<Document>>)> {
    let mut asked: BTreeSet<Key> = BTreeSet::new();
    let mut room: BTreeMap<&Repository, usize> = BTreeMap::new();
    for ((repository, _), index) in level {
        let known = nested.get(repository);
        let left = room
            .entry(repository)
            .or_insert_with(|| MAX_INDEXES.saturating_sub(known.map_or(0, Nested::len)));
        let listed = index.children().iter().filter(|it| it.may_be_index());
        for digest in listed.filter_map(|child| child.named.digest()) {
            let is_known = known.is_some_and(|known| known.contains_key(digest));
            let key = (repository.clone(), digest.clone());
            if *left > 0 && !is_known && asked.insert(key) {
                *left -= 1;
            }
        }
    }
    reader.read_manifests(asked.iter().cloned());
    let seen = asked.into_iter().map(|key| {
        let seen = reader.manifest(&key);
        (key, seen)
    });
    seen.collect()
}
