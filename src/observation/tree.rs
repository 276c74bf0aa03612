//! An index with what was read of the indexes that it lists: one walk for all who look below.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::seen::Seen;
use crate::oci::{Child, Content, Digest, Document, Named, Platform};
use crate::registry::Error;

/// How many levels of indexes are read below an index. Real ones have one.
pub const MAX_LEVELS: usize = 4;

/// The most indexes below others that are read of one repository.
pub const MAX_INDEXES: usize = 500;

/// The most entries of all levels of one index that are walked.
const MAX_ENTRIES: usize = 1_000;

/// What was read of the indexes that other indexes list. One that is not in it was not needed.
pub type Nested = BTreeMap<Digest, Seen<Arc<Document>>>;

/// All entries of an index, at every level.
#[derive(Clone, Debug)]
pub struct Tree<'a> {
    entries: Vec<TreeEntry<'a>>,
    unknown: Option<Error>,
}

/// One entry of an index, or of an index that it lists.
#[derive(Clone, Copy, Debug)]
struct TreeEntry<'a> {
    child: &'a Child,
    kind: Kind,
    /// What the index is listed for that lists it.
    outer: Option<&'a Platform>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// An image or an attestation.
    Leaf,
    /// An index whose entries are in the tree, too.
    Index,
    /// An index that is not there: what it lists cannot be reached.
    Gone,
    /// What may be an index, and was not read or not understood.
    Unread,
}

impl<'a> Tree<'a> {
    /// Walks `root` and the indexes below it, as far as they were read; of a document that is not
    /// an index there is nothing to walk.
    #[must_use]
    pub fn new(root: &'a Document, nested: &'a Nested) -> Self {
        let mut tree = Self {
            entries: Vec::new(),
            unknown: root
                .unread()
                .map(|why| Error::of_document(root.digest(), why)),
        };
        let mut walked: BTreeSet<&Digest> = BTreeSet::from([root.digest()]);
        let mut level: Vec<(&Document, Option<&Platform>)> = vec![(root, None)];
        for _ in 0..=MAX_LEVELS {
            let mut below: Vec<(&Document, Option<&Platform>)> = Vec::new();
            for (index, outer) in &level {
                for child in index.children() {
                    if tree.entries.len() >= MAX_ENTRIES {
                        let reason = format!("it lists more than {MAX_ENTRIES} entries in all");
                        tree.miss(Error::of_document(root.digest(), reason));
                        return tree;
                    }
                    let kind = tree.enter(child, *outer, nested, &mut walked, &mut below);
                    tree.entries.push(TreeEntry {
                        child,
                        kind,
                        outer: *outer,
                    });
                }
            }
            level = below;
        }
        if let Some((index, _)) = level.first() {
            tree.miss(too_deep(index.digest()));
        }
        tree
    }

    /// What an entry is. An index that was read is walked later, and once.
    fn enter(
        &mut self,
        child: &'a Child,
        outer: Option<&'a Platform>,
        nested: &'a Nested,
        walked: &mut BTreeSet<&'a Digest>,
        below: &mut Vec<(&'a Document, Option<&'a Platform>)>,
    ) -> Kind {
        if !child.may_be_index() {
            return Kind::Leaf;
        }
        let digest = match &child.named {
            Named::Digest(digest) => digest,
            Named::Unknown(unknown) => {
                self.miss(Error::of_document("an index", unknown));
                return Kind::Unread;
            }
        };
        match nested.get(digest) {
            Some(Seen::Here(document)) => match document.content() {
                Content::Image(_) => Kind::Leaf,
                Content::Index(_) => {
                    if walked.insert(digest) {
                        below.push((document, child.platform.as_ref().or(outer)));
                    }
                    Kind::Index
                }
                Content::Unread(why) => {
                    self.miss(Error::of_document(digest, why));
                    Kind::Unread
                }
            },
            Some(Seen::Absent) => Kind::Gone,
            Some(Seen::Unknown(error)) => {
                self.miss(error.clone());
                Kind::Unread
            }
            None => {
                self.miss(too_deep(digest));
                Kind::Unread
            }
        }
    }

    fn miss(&mut self, error: Error) {
        self.unknown.get_or_insert(error);
    }

    /// All entries, those of an index before those of the indexes that it lists.
    pub fn entries(&self) -> impl Iterator<Item = &'a Child> {
        self.entries.iter().map(|entry| entry.child)
    }

    /// The entry that names a document, at whatever level.
    #[must_use]
    pub fn find(&self, digest: &Digest) -> Option<&'a Child> {
        self.entries().find(|child| child.named.is(digest))
    }

    /// The images: neither attestations nor indexes.
    pub fn images(&self) -> impl Iterator<Item = &'a Child> {
        let leaves = self.entries.iter().filter(|it| it.kind == Kind::Leaf);
        leaves.map(|it| it.child).filter(|it| it.is_image())
    }

    /// The images, each with what the index is listed for that lists it.
    pub fn images_within(&self) -> impl Iterator<Item = (&'a Child, Option<&'a Platform>)> {
        let leaves = self.entries.iter().filter(|it| it.kind == Kind::Leaf);
        leaves
            .filter(|it| it.child.is_image())
            .map(|it| (it.child, it.outer))
    }

    /// What the index is about: images, and artifacts that are none.
    pub fn contents(&self) -> impl Iterator<Item = &'a Child> {
        let leaves = self.entries.iter().filter(|it| it.kind == Kind::Leaf);
        leaves.map(|it| it.child).filter(|it| !it.is_attestation)
    }

    /// The attestation manifests.
    pub fn attestations(&self) -> impl Iterator<Item = &'a Child> {
        self.entries().filter(|child| child.is_attestation)
    }

    /// The indexes that are not there.
    pub fn gone(&self) -> impl Iterator<Item = &'a Child> {
        let gone = self.entries.iter().filter(|it| it.kind == Kind::Gone);
        gone.map(|it| it.child)
    }

    /// What may hold images that are not known: indexes that are gone or were not read.
    pub fn closed(&self) -> impl Iterator<Item = &'a Child> {
        let closed = self.entries.iter();
        closed
            .filter(|it| matches!(it.kind, Kind::Gone | Kind::Unread))
            .map(|it| it.child)
    }

    /// Why not all of it is known, gone indexes aside.
    #[must_use]
    pub fn unknown(&self) -> Option<&Error> {
        self.unknown.as_ref()
    }

    /// Whether every entry of every level is known.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.unknown.is_none() && self.closed().next().is_none()
    }

    /// The platforms that its images say they are for, sorted, each once.
    #[must_use]
    pub fn platforms(&self) -> Vec<Platform> {
        let named = self.images().filter_map(|child| child.platform.as_ref());
        let mut platforms: Vec<&Platform> = named.collect();
        platforms.sort();
        platforms.dedup();
        platforms.into_iter().cloned().collect()
    }
}

/// Of an index that was not read although it was needed.
fn too_deep(digest: &Digest) -> Error {
    let reason = format!(
        "it is one index too many: more than {MAX_LEVELS} levels or {MAX_INDEXES} indexes are not read"
    );
    Error::of_document(digest, reason)
}

#[cfg(test)]
mod tests;
