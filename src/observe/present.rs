//! Whether manifests are in their repository, asked for by digest, whatever was seen before.

use std::sync::Arc;

use super::look::{Wanted, resolve};
use super::memory::{Memory, bad_answer};
use crate::observation::Seen;
use crate::oci::{Digest, Document, Repository};
use crate::registry::{Answer, Method, Read, Registry, Target};

/// Whether each is there: by its header where the repository's headers are trusted, else by its
/// body.
pub(crate) fn present(
    repository: &Repository,
    digests: &[Digest],
    memory: &Memory,
    registry: &dyn Registry,
) -> Vec<Seen<()>> {
    let read = |method: Method, digest: &Digest| Read {
        repository: repository.clone(),
        target: Target::Manifest(digest.clone()),
        method,
    };
    let heads: Vec<Read> = digests.iter().map(|it| read(Method::Head, it)).collect();
    let is_trusted = memory.headers.get(repository) == Some(&true);
    let mut seen: Vec<Option<Seen<()>>> = Vec::new();
    for (digest, answer) in digests.iter().zip(registry.read(&heads)) {
        let is_here = matches!(&answer, Ok(Answer::Header(Some(said))) if said == digest);
        seen.push((is_here && is_trusted).then_some(Seen::Here(())));
    }
    // Anything else is decided by reading it whole, a 404 as well.
    let open: Vec<usize> = (0..seen.len())
        .filter(|&nth| matches!(seen.get(nth), Some(None)))
        .collect();
    let gets: Vec<Read> = open
        .iter()
        .filter_map(|&nth| Some(read(Method::Get, digests.get(nth)?)))
        .collect();
    for ((&nth, get), answer) in open.iter().zip(&gets).zip(registry.read(&gets)) {
        let (Some(place), Some(digest)) = (seen.get_mut(nth), digests.get(nth)) else {
            continue;
        };
        *place = Some(match answer {
            Ok(Answer::Body { bytes, .. }) if digest.is_of(&bytes) => Seen::Here(()),
            Ok(Answer::Absent) => Seen::Absent,
            Ok(_) => {
                let reason = "the body is not what was asked for".to_owned();
                Seen::Unknown(bad_answer(get, reason))
            }
            Err(error) => Seen::Unknown(error),
        });
    }
    seen.into_iter()
        .map(|seen| seen.unwrap_or(Seen::Absent))
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
