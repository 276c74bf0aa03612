//! Reads of manifests: headers where they may be enough, then bodies.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::memory::{Memory, Reading, bad_answer};
use crate::expectation::{Expectation, Expected};
use crate::observation::{Nested, Seen, Tree};
use crate::oci::{Child, Digest, Document, Repository};
use crate::registry::{Answer, Error, Method, Read, Registry, Target};

/// An expected image, as far as it was read.
#[derive(Clone, Copy)]
pub(super) struct ExpectedImage<'a> {
    pub(super) expectation: &'a Expectation,
    pub(super) document: Option<&'a Document>,
    pub(super) nested: &'a Nested,
}

impl<'a> ExpectedImage<'a> {
    /// What it lists, at every level.
    pub(super) fn tree(&self) -> Option<Tree<'a>> {
        Some(Tree::new(self.document?, self.nested))
    }

    /// All that it lists, at every level.
    pub(super) fn entries(&self) -> Vec<&'a Child> {
        let entries = self.tree().map(|tree| tree.entries().collect());
        entries.unwrap_or_default()
    }

    /// A digest in the repository of the tag.
    pub(super) fn key(&self, digest: &Digest) -> (Repository, Digest) {
        (self.expectation.repository.clone(), digest.clone())
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

/// A manifest while it is looked at.
struct Open<'a> {
    wanted: Wanted<'a>,
    method: Method,
    /// Whether the next round asks for it.
    is_asked: bool,
    /// What its header said, while the headers of its repository are not trusted yet.
    said: Option<Digest>,
    seen: Option<Seen<Arc<Document>>>,
}

/// Reads manifests until each is known: headers first where they may be enough, then bodies.
pub(super) fn resolve(
    wanted: Vec<Wanted<'_>>,
    memory: &mut Memory,
    registry: &dyn Registry,
) -> Vec<Seen<Arc<Document>>> {
    let open = wanted.into_iter().map(|wanted| Open::new(wanted, memory));
    let mut all: Vec<Open<'_>> = open.collect();
    loop {
        let asked: Vec<&mut Open<'_>> = all.iter_mut().filter(|it| it.is_asked).collect();
        if asked.is_empty() {
            break;
        }
        let batch: Vec<Read> = asked.iter().map(|it| it.read()).collect();
        let answers = batch.iter().zip(registry.read(&batch));
        for (open, (read, answer)) in asked.into_iter().zip(answers) {
            open.learn(read, answer, memory);
        }
        let mut met = BTreeSet::new();
        for open in &mut all {
            open.is_asked = open.seen.is_none() && open.needs_body(memory, &mut met);
        }
    }
    let seen = all.into_iter().map(|open| open.seen);
    seen.map(|seen| seen.unwrap_or(Seen::Absent)).collect()
}

impl<'a> Open<'a> {
    fn new(wanted: Wanted<'a>, memory: &Memory) -> Self {
        let is_read_whole = wanted.whole || memory.headers.get(&wanted.repository) == Some(&false);
        Self {
            method: match is_read_whole {
                true => Method::Get,
                false => Method::Head,
            },
            is_asked: true,
            said: None,
            seen: None,
            wanted,
        }
    }

    fn read(&self) -> Read {
        Read {
            repository: self.wanted.repository.clone(),
            target: self.wanted.target.clone(),
            method: self.method,
        }
    }

    fn learn(&mut self, read: &Read, answer: Result<Answer, Error>, memory: &mut Memory) {
        match memory.learn(read, answer, self.wanted.expected) {
            Reading::Known(seen) => self.seen = Some(seen),
            _ if read.method == Method::Get => {
                let error = bad_answer(read, "the answer to a GET has no body".to_owned());
                self.seen = Some(Seen::Unknown(error));
            }
            Reading::HeaderOnly(digest) => self.said = Some(digest),
            Reading::Inconclusive => {}
        }
    }

    /// Whether its body is read in the next round. A header settles what it names if its
    /// repository's headers are trusted and the document is known. Of those that are left, one for
    /// each digest is read whole; the rest may find it known then.
    fn needs_body(&mut self, memory: &Memory, met: &mut BTreeSet<(Repository, Digest)>) -> bool {
        self.method = Method::Get;
        let Some(digest) = &self.said else {
            return true;
        };
        let key = (self.wanted.repository.clone(), digest.clone());
        match memory.headers.get(&self.wanted.repository) {
            Some(false) => true,
            Some(true) => match memory.documents.get(&key) {
                Some(document) => {
                    self.seen = Some(Seen::Here(document.clone()));
                    false
                }
                None => met.insert(key),
            },
            None => met.insert(key),
        }
    }
}
