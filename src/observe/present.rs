//! Whether manifests are in their repository, asked for by digest, whatever was seen before.

use std::sync::Arc;

use super::memory::{Memory, bad_answer};
use super::read::{Wanted, resolve};
use crate::observation::Seen;
use crate::oci::{Digest, Document, Repository};
use crate::registry::{Answer, Error, Method, Read, Registry, Target};

/// Whether each is there: by its header where the repository's headers are trusted, else by its
/// body.
pub(crate) fn present(
    keys: &[(Repository, Digest)],
    memory: &Memory,
    registry: &dyn Registry,
) -> Vec<Seen<()>> {
    let read = |method: Method, (repository, digest): &(Repository, Digest)| Read {
        repository: repository.clone(),
        target: Target::Manifest(digest.clone()),
        method,
    };
    let heads: Vec<Read> = keys.iter().map(|key| read(Method::Head, key)).collect();
    let is_shown = |(key, answer): (&(Repository, Digest), Result<Answer, Error>)| {
        let is_here = matches!(&answer, Ok(Answer::Header(Some(said))) if *said == key.1);
        is_here && memory.headers.get(&key.0) == Some(&true)
    };
    let shown: Vec<bool> = keys
        .iter()
        .zip(registry.read(&heads))
        .map(is_shown)
        .collect();
    // Anything else is decided by reading it whole, a 404 as well.
    let open = keys.iter().zip(&shown).filter(|(_, is_shown)| !**is_shown);
    let gets: Vec<Read> = open.map(|(key, _)| read(Method::Get, key)).collect();
    let mut read = gets.iter().zip(registry.read(&gets));
    keys.iter()
        .zip(shown)
        .map(|((_, digest), is_shown)| {
            if is_shown {
                return Seen::Here(());
            }
            match read.next() {
                Some((_, Ok(Answer::Body { bytes, .. }))) if digest.is_of(&bytes) => Seen::Here(()),
                Some((_, Ok(Answer::Absent))) => Seen::Absent,
                Some((get, Ok(_))) => {
                    let reason = "the body is not what was asked for".to_owned();
                    Seen::Unknown(bad_answer(get, reason))
                }
                Some((_, Err(error))) => Seen::Unknown(error),
                None => Seen::Unknown(Error::of_document(digest, "it was not asked for")),
            }
        })
        .collect()
}

/// Reads each whole.
pub(crate) fn whole(
    repository: &Repository,
    digests: &[Digest],
    memory: &mut Memory,
    registry: &dyn Registry,
) -> Vec<Seen<Arc<Document>>> {
    let wanted = digests.iter().map(|digest| Wanted {
        repository: repository.clone(),
        target: Target::Manifest(digest.clone()),
        whole: true,
        expected: None,
    });
    resolve(wanted.collect(), memory, registry)
}

/// What was read of a repository under a digest, if it was.
pub(crate) fn known(
    repository: &Repository,
    digest: &Digest,
    memory: &Memory,
) -> Option<Arc<Document>> {
    let key = (repository.clone(), digest.clone());
    memory.documents.get(&key).cloned()
}
