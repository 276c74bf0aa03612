//! A manifest that a move may take away: what is needed to put it back, and what came of that.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::observation::Seen;
use crate::oci::{Digest, Document, MediaType, Repository};
use crate::outcome::Left;
use crate::registry::{Class, Error, Server};

/// A manifest that a move may take away, and that was there before it.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    /// The digest that it was asked for by.
    pub(super) digest: Digest,
    pub(super) document: Arc<Document>,
    /// Whether it is put back if it is gone.
    pub(super) restore: bool,
}

impl Kept {
    pub(super) fn left(&self) -> Left {
        Left {
            digest: self.digest.clone(),
            media_type: put_back_as(&self.document).clone(),
            size: self.document.bytes().len(),
        }
    }
}

/// What was there before a write and was not seen after it.
pub(super) struct Dropped {
    pub(super) kept: Kept,
    pub(super) seen: Seen<()>,
    /// What came of putting it back.
    pub(super) put: Option<Result<(), Error>>,
}

impl Dropped {
    /// Whether another try may do better.
    pub(super) fn may_come(&self) -> bool {
        match (&self.seen, &self.put) {
            (Seen::Unknown(error), _) => error.class.is_passing(),
            (_, Some(Err(error))) => error.class.is_passing(),
            (_, Some(Ok(()))) => true,
            (_, None) => self.kept.restore,
        }
    }

    pub(super) fn digest(&self) -> Digest {
        self.kept.digest.clone()
    }

    /// Whether it could not be looked for.
    pub(super) fn is_unknown(&self) -> bool {
        matches!(self.seen, Seen::Unknown(_))
    }

    /// Whether it lists one of these.
    pub(super) fn lists_any(&self, digests: &BTreeSet<Digest>) -> bool {
        let mut listed = self.kept.document.children().iter();
        listed.any(|child| child.named.digest().is_some_and(|it| digests.contains(it)))
    }

    /// Why it is not known to be there.
    pub(super) fn why(&self, repository: &Repository) -> Error {
        match (&self.seen, &self.put) {
            (Seen::Unknown(error), _) | (_, Some(Err(error))) => error.clone(),
            (_, None) => Error::of_document(
                &self.kept.digest,
                "it is gone, and was not put back, as a part of it could not be looked for",
            ),
            _ => Error {
                server: Some(Box::new(Server {
                    authority: repository.host().to_string(),
                    is_plain: false,
                })),
                ..Error::new(
                    Class::BadAnswer,
                    format!("putting back {repository}@{}", self.kept.digest),
                    "the registry said that it took it, and does not serve it",
                )
            },
        }
    }
}

/// Hands over what `root` lists, at every level, and then itself.
pub(super) fn children_first(
    root: &Digest,
    found: &BTreeMap<Digest, Arc<Document>>,
    met: &mut BTreeSet<Digest>,
    take: &mut dyn FnMut(&Digest, &Arc<Document>),
) {
    let Some(document) = found.get(root) else {
        return;
    };
    if !met.insert(root.clone()) {
        return;
    }
    for digest in document
        .children()
        .iter()
        .filter_map(|it| it.named.digest())
    {
        children_first(digest, found, met, take);
    }
    take(root, document);
}

/// The type that it was served under. One that says nothing, such as `application/json`, is not
/// a type that a registry takes.
pub(super) fn put_back_as(document: &Document) -> &MediaType {
    match document.served() {
        served if served.is_plain() => document.media_type(),
        served => served,
    }
}
