//! Whether every repository takes an index that was made, before any tag is written.

use std::collections::BTreeMap;

use crate::backoff::{ATTEMPTS, FIRST, PATIENCE};
use crate::observation::Seen;
use crate::observe::{self, Looks, Ports};
use crate::oci::Repository;
use crate::plan::Step;
use crate::registry::{Class, Error, Under, Write};

/// Puts the documents of these steps into their repositories by digest, as far as they are not there;
/// what refused them. A single tag is put straight: some registries take the same manifest only once.
///
/// A registry that takes nothing by digest gets it with the first tag.
pub fn accept(
    steps: &[Step<'_>],
    looks: Looks,
    ports: &mut Ports<'_>,
) -> BTreeMap<Repository, Error> {
    let mut refused = BTreeMap::new();
    if steps.len() < 2 {
        return refused;
    }
    let mut met: Vec<&Repository> = Vec::new();
    for step in steps {
        let repository = &step.expectation.repository;
        if met.contains(&repository) {
            continue;
        }
        met.push(repository);
        let digest = step.document.digest();
        let key = [(repository.clone(), digest.clone())];
        let seen = observe::present(&key, &ports.memory, ports.registry);
        if matches!(seen.as_slice(), [Seen::Here(())]) {
            continue;
        }
        let write = Write {
            repository: repository.clone(),
            under: Under::Digest(digest.clone()),
            media_type: step.document.media_type().clone(),
            bytes: step.document.bytes().to_vec(),
            until: looks.deadline,
        };
        match put(&write, ports) {
            Ok(()) => {}
            Err(error) if may_be_about_digests(error.class) => {}
            Err(error) => _ = refused.insert(repository.clone(), error),
        }
    }
    refused
}

/// Puts it, and again after a while where the registry failed: by its digest, nothing can be in the way.
fn put(write: &Write, ports: &Ports<'_>) -> Result<(), Error> {
    let mut wait = FIRST;
    for _ in 1..ATTEMPTS {
        match ports.registry.put(write) {
            Err(error) if error.class.is_passing() => {
                let pause = error.retry_after.unwrap_or(wait);
                if pause > PATIENCE || ports.clock.now() + pause >= write.until {
                    return Err(error);
                }
                ports.clock.sleep(pause);
                wait *= 2;
            }
            answer => return answer,
        }
    }
    ports.registry.put(write)
}

/// Whether a refusal may be of a write by digest only.
fn may_be_about_digests(class: Class) -> bool {
    matches!(
        class,
        Class::NoWrites | Class::NotFound | Class::Immutable | Class::Refused
    )
}
