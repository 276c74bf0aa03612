//! What becomes of a manifest that a tag leaves: most registries keep it, some do not.

use super::state::{Repository, State, children_of};

/// Which registry a repository forgets like. Without one, it keeps everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(
    clippy::enum_variant_names,
    reason = "`Forgets::LikeZot` reads like what it means"
)]
pub(crate) enum Forgets {
    /// Removes a manifest as soon as its last tag is moved, even if an index lists it. What is put
    /// by digest and has never had a tag stays.
    LikeZot,
    /// Removes a manifest as soon as its last tag is moved, unless an index lists it.
    LikeGitea,
    /// Keeps everything, but answers by digest only for what a tag reaches, directly or through
    /// indexes. What is put by digest while it is hidden is shown again.
    LikeQuay,
}

impl State {
    /// A tag was moved off this manifest.
    pub(crate) fn leave(&mut self, name: &str, digest: &str) {
        let forgets = self.forgets;
        let repository = self.repository(name);
        if repository.tags.values().any(|tagged| tagged == digest) {
            return;
        }
        let is_gone = match forgets {
            Some(Forgets::LikeZot) => true,
            Some(Forgets::LikeGitea) => !repository.lists(digest),
            Some(Forgets::LikeQuay) | None => false,
        };
        if is_gone {
            repository.manifests.remove(digest);
        }
    }

    /// A manifest was put by its digest.
    pub(crate) fn put_by_digest(&mut self, name: &str, digest: &str) {
        let repository = self.repository(name);
        // What a tag reaches gets no lease of its own: it is hidden when the tag is moved later.
        if !repository.reaches(digest) {
            repository.leases.insert(digest.to_owned());
        }
    }

    /// Whether a manifest that is there is not answered for by digest.
    pub(crate) fn hides(&self, name: &str, digest: &str) -> bool {
        let repository = self.repositories.get(name);
        self.forgets == Some(Forgets::LikeQuay)
            && repository.is_some_and(|repository| !repository.reaches(digest))
    }
}

impl Repository {
    /// Whether an index that is there lists this manifest.
    fn lists(&self, digest: &str) -> bool {
        let mut manifests = self.manifests.values();
        manifests.any(|it| children_of(&it.bytes).iter().any(|child| child == digest))
    }

    /// Whether a tag or a lease leads to this manifest, directly or through indexes.
    fn reaches(&self, digest: &str) -> bool {
        let mut open: Vec<String> = self.tags.values().chain(&self.leases).cloned().collect();
        let mut seen = std::collections::BTreeSet::new();
        while let Some(next) = open.pop() {
            if next == digest {
                return true;
            }
            if let Some(manifest) = self.manifests.get(&next)
                && seen.insert(next)
            {
                open.extend(children_of(&manifest.bytes));
            }
        }
        false
    }
}
