//! Reads of manifests: headers where they may be enough, then bodies.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::memory::{Memory, Reading, bad_answer};
use crate::expectation::{Expectation, Expected};
use crate::observation::{Nested, Seen, Tree};
use crate::oci::{Digest, Document, Repository};
use crate::registry::{Method, Read, Registry, Target};

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
        Some(Tree::new(self.document?, self.nested))
    }
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
                Reading::Known(it) => *seen = Some(it),
                _ if read.method == Method::Get => {
                    let error = bad_answer(read, "the answer to a GET has no body".to_owned());
                    *seen = Some(Seen::Unknown(error));
                }
                Reading::HeaderOnly(digest) => *said = Some(digest),
                Reading::Inconclusive => {}
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
