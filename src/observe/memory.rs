//! What earlier looks have proven, so that later ones can ask for less.
//!
//! A digest counts when it was computed from a body, or came in a header of a repository whose
//! header was seen to agree with a hashed body.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::kept::{BelowKey, LayerState};
use crate::expectation::{Expectation, Expected};
use crate::observation::{Below, Seen};
use crate::oci::{Config, Digest, Document, Provenance, Repository, Why};
use crate::registry::{Answer, Cause, Class, Error, Method, Read, Registry, Server, Target};
use crate::text::clean;

/// The most that is kept of documents: their bytes, and what is read of each child.
const MAX_HELD: usize = 16 * 1024 * 1024;
const CHILD: usize = 256;
const TOO_MUCH: &str =
    "the manifests of this run are larger than 16 MiB together, the most that is kept";

/// What earlier looks have proven, so that later ones can ask for less.
#[derive(Debug, Default)]
pub struct Memory {
    /// Documents that were read whole from a repository, under every digest they were asked by.
    pub(super) documents: BTreeMap<(Repository, Digest), Arc<Document>>,
    /// Whether a repository's digest header agreed with the body, each time so far.
    pub(super) headers: BTreeMap<Repository, bool>,
    /// What was not there when it was asked for with GET.
    pub(super) absent: BTreeSet<(Repository, Target)>,
    /// Configs that were read.
    pub(super) configs: BTreeMap<(Repository, Digest), Config>,
    /// What attestation manifests say of the builds.
    pub(super) provenance: BTreeMap<(Repository, Digest), Provenance>,
    /// Children that are there.
    pub(super) present: BTreeSet<(Repository, Digest)>,
    /// Layers that were read.
    pub(super) layers: BTreeMap<(Repository, Digest), LayerState>,
    /// How much memory the layers take.
    pub(super) kept: usize,
    /// How much was downloaded of layers, in bytes.
    pub(super) downloaded: u64,
    /// What lies below images, where nothing of it is open.
    pub(super) below: BTreeMap<BelowKey, Arc<Below>>,
    /// How much the documents take.
    pub(super) held: usize,
}

/// What one answer taught.
pub(super) enum Reading {
    /// What is under the name, or why that is not known.
    Known(Seen<Arc<Document>>),
    /// A header named this digest; whether that is enough depends on the repository.
    HeaderOnly(Digest),
    /// Nothing that counts: it has to be read whole.
    Inconclusive,
}

impl Memory {
    /// Whether the expected image was read from the repository that it was pushed to.
    pub(super) fn knows(&self, expectation: &Expectation) -> bool {
        match &expectation.image {
            Expected::Manifest(digest) => self
                .documents
                .contains_key(&(expectation.home().clone(), digest.clone())),
            Expected::Id(_) => self.documents.iter().any(|((repository, _), document)| {
                *repository == expectation.repository && expectation.image.is(document)
            }),
            Expected::Nothing => true,
        }
    }

    /// Takes a document for known that this run made and will put into a repository.
    pub(crate) fn hold(&mut self, repository: &Repository, document: &Arc<Document>) {
        let key = (repository.clone(), document.digest().clone());
        self.documents.insert(key, document.clone());
    }

    /// What an answer teaches; of a body that nothing says is a document, only that it could not be
    /// read, unless it was asked for by its digest or is `expected`.
    pub(super) fn learn(
        &mut self,
        read: &Read,
        answer: Result<Answer, Error>,
        expected: Option<&Expected>,
    ) -> Reading {
        let key = (read.repository.clone(), read.target.clone());
        match (answer, read.method) {
            (
                Ok(Answer::Body {
                    bytes,
                    content_type,
                    claimed,
                }),
                _,
            ) => Reading::Known(self.learn_body(read, bytes, &content_type, claimed, expected)),
            (Ok(Answer::Absent), Method::Get) => {
                self.absent.insert(key);
                Reading::Known(Seen::Absent)
            }
            (Ok(Answer::Absent), Method::Head | Method::FirstByte)
                if self.absent.contains(&key) =>
            {
                Reading::Known(Seen::Absent)
            }
            (Ok(Answer::Header(Some(digest))), _) => Reading::HeaderOnly(digest),
            (Ok(Answer::Absent | Answer::Header(None)), _) => Reading::Inconclusive,
            // Some registries refuse a HEAD they would answer as a GET (ECR 400, Artifactory 403).
            // Why is not said, so a GET is asked in any case.
            (Err(error), Method::Head) if error.class.may_be_about_head() => Reading::Inconclusive,
            (Err(error), _) => Reading::Known(Seen::Unknown(error)),
        }
    }

    fn learn_body(
        &mut self,
        read: &Read,
        bytes: Vec<u8>,
        content_type: &str,
        claimed: Option<Digest>,
        expected: Option<&Expected>,
    ) -> Seen<Arc<Document>> {
        if let Target::Manifest(asked) = &read.target
            && !asked.is_of(&bytes)
        {
            let reason = format!("the body is {}, not what was asked for", Digest::of(&bytes));
            return Seen::Unknown(Error {
                cause: Cause::OtherBytes,
                ..bad_answer(read, reason)
            });
        }
        let agrees = claimed
            .as_ref()
            .is_some_and(|claimed| claimed.is_of(&bytes));
        let trusted = self.headers.entry(read.repository.clone()).or_insert(true);
        *trusted &= agrees;
        let document = Document::new(bytes, content_type);
        if let Some(why) = document.unread()
            && why.may_be_an_error_page()
        {
            let is_asked_for = matches!(read.target, Target::Manifest(_))
                || expected.is_some_and(|expected| expected.is(&document))
                // The registry itself says that this is what it holds.
                || (agrees && *why == Why::NoManifest);
            if !is_asked_for {
                return Seen::Unknown(bad_answer(read, why.to_string()));
            }
        }
        let key = (read.repository.clone(), document.digest().clone());
        let document = match self.documents.get(&key) {
            Some(known) => known.clone(),
            None => {
                let layers = document.image().and_then(|image| image.layers.as_ref());
                let listed = document.children().len() + layers.map_or(0, Vec::len);
                self.held += document.bytes().len() + CHILD * listed;
                Arc::new(document)
            }
        };
        if self.held > MAX_HELD {
            // Another look would only add to it.
            return Seen::Unknown(Error {
                class: Class::TooLarge,
                cause: Cause::Together,
                ..bad_answer(read, TOO_MUCH.to_owned())
            });
        }
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
}

/// Reads a batch, and each HEAD that was refused once more: of a blob, its first byte.
pub(super) fn read_refused_again(
    reads: &[Read],
    registry: &dyn Registry,
) -> Vec<Result<Answer, Error>> {
    let mut answers = registry.read(reads);
    let is_refused = |(read, answer): &(&Read, &mut Result<Answer, Error>)| {
        let class = answer.as_ref().err().map(|error| error.class);
        read.method == Method::Head && class.is_some_and(Class::may_be_about_head)
    };
    let (again, places): (Vec<Read>, Vec<_>) = reads
        .iter()
        .zip(&mut answers)
        .filter(is_refused)
        .map(|(read, place)| {
            let read = Read {
                method: Method::FirstByte,
                ..read.clone()
            };
            (read, place)
        })
        .unzip();
    if !again.is_empty() {
        for (place, answer) in places.into_iter().zip(registry.read(&again)) {
            *place = answer;
        }
    }
    answers
}

/// A failure of what was answered, not of the request.
pub(super) fn bad_answer(read: &Read, reason: String) -> Error {
    let of = match &read.target {
        Target::Tag(tag) => format!(":{tag}"),
        Target::Manifest(digest) | Target::Blob(digest) => format!("@{digest}"),
    };
    let request = format!("reading {}{of}", read.repository);
    Error {
        server: Some(Box::new(Server {
            authority: read.repository.host().to_string(),
            is_plain: false,
        })),
        // It may quote the body.
        ..Error::new(Class::BadAnswer, request, clean(&reason, 300))
    }
}
