//! Registries that do not keep what a tag leaves: zot, Gitea and Quay, each in its way.

use std::collections::BTreeSet;

use tagproof::oci::{Digest, Tag};

use super::images::library;
use super::state::{Change, Content};

/// Which registry a repository forgets like. Without one, it keeps everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(
    clippy::enum_variant_names,
    reason = "`Forgets::LikeZot` reads like what it means"
)]
pub(crate) enum Forgets {
    /// A manifest is removed as soon as its last tag is moved, even if an index lists it.
    LikeZot,
    /// A manifest is removed as soon as its last tag is moved, unless an index lists it.
    LikeGitea,
    /// A manifest is there by digest only as long as a tag reaches it, or since it was put so.
    LikeQuay,
}

impl Forgets {
    pub(crate) const ALL: [Self; 3] = [Self::LikeZot, Self::LikeGitea, Self::LikeQuay];
}

/// A manifest and all that it lists, at every depth, what is listed before what lists it.
pub(crate) fn whole(digest: &Digest) -> Vec<Digest> {
    fn add(digest: &Digest, found: &mut Vec<Digest>) {
        if found.contains(digest) {
            return;
        }
        for child in parts(digest) {
            add(child, found);
        }
        found.push(digest.clone());
    }
    let mut found = Vec::new();
    add(digest, &mut found);
    found
}

/// What a manifest lists.
pub(crate) fn parts(digest: &Digest) -> &'static [Digest] {
    let lib = library();
    // A document that a fault altered lists what it listed.
    let original = lib.altered.get(digest).unwrap_or(digest);
    let doc = lib.docs.get(original);
    doc.map_or(&[][..], |doc| doc.children.as_slice())
}

impl Content {
    /// Whether it answers for a digest.
    pub(crate) fn serves(&self, digest: &Digest, at: i64) -> bool {
        self.has(digest, at)
            && (self.forgets != Some(Forgets::LikeQuay) || self.reaches(digest, at))
    }

    /// Whether a tag leads to a manifest, or something that was put by digest does.
    fn reaches(&self, digest: &Digest, at: i64) -> bool {
        let tagged = self.tags.keys().filter_map(|tag| self.tag(tag, at));
        let leased = self.leases.iter().filter(|(_, since)| **since <= at);
        let leased = leased.map(|(leased, _)| leased);
        let mut open: Vec<&Digest> = tagged.chain(leased).collect();
        let mut seen: BTreeSet<&Digest> = BTreeSet::new();
        while let Some(next) = open.pop() {
            if next == digest {
                return true;
            }
            if seen.insert(next) && self.has(next, at) {
                open.extend(parts(next));
            }
        }
        false
    }

    /// A manifest is put by its digest.
    pub(crate) fn put_by_digest(&mut self, digest: &Digest, at: i64) {
        self.bring(digest, at, false);
        // What a tag reaches gets no lease of its own.
        if self.forgets == Some(Forgets::LikeQuay) && !self.reaches(digest, at) {
            self.leases.entry(digest.clone()).or_insert(at);
        }
    }

    /// A manifest is pushed, and with it nothing that it lists.
    pub(crate) fn bring(&mut self, digest: &Digest, at: i64, by_others: bool) {
        if !self.has(digest, at) {
            self.set(digest, at, true, by_others);
        }
    }

    /// A tag was moved off a manifest.
    pub(crate) fn leave(&mut self, left: &Digest, at: i64, by_others: bool) {
        let points = |past: &Vec<Change<Option<Digest>>>| {
            let now = past.iter().rev().find(|it| it.at <= at);
            now.is_some_and(|it| it.is.as_ref() == Some(left))
        };
        let is_tagged = self.tags.values().any(points);
        let mut docs = library().docs.values();
        let stays = match self.forgets {
            None | Some(Forgets::LikeQuay) => true,
            Some(Forgets::LikeZot) => is_tagged,
            Some(Forgets::LikeGitea) => {
                is_tagged
                    || docs.any(|doc| doc.children.contains(left) && self.has(&doc.digest, at))
            }
        };
        if !stays {
            self.set(left, at, false, by_others);
        }
    }

    /// Whether others deleted a manifest since then, or something that lists it, or moved a tag off
    /// one of these.
    pub(crate) fn lost_by_others(&self, digest: &Digest, since: i64) -> bool {
        let leads = |from: &Digest| whole(from).contains(digest);
        let deleted = self.docs.iter().any(|(doc, past)| {
            let mut past = past.iter().filter(|it| it.by_others && it.at >= since);
            past.any(|it| !it.is) && leads(doc)
        });
        let moved = |past: &Vec<Change<Option<Digest>>>| {
            past.windows(2).any(|pair| {
                let (from, to) = (&pair[0], &pair[1]);
                to.by_others && to.at >= since && from.is.as_ref().is_some_and(leads)
            })
        };
        deleted || self.tags.values().any(moved)
    }

    /// What a tag points at, there or not.
    pub(crate) fn raw(&self, tag: &Tag) -> Option<&Digest> {
        self.tags.get(tag)?.last()?.is.as_ref()
    }
}
