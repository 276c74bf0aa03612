//! Whether a tag may be moved to the index that legs make: never to fewer platforms, never backwards.

use std::collections::BTreeSet;

use crate::observation::ImageSeen;
use crate::oci::{Document, Moment, Platform, Tag};

/// The platforms that a tag would lose: those of what it shows, where all of the new ones are among them.
#[must_use]
pub fn lost_platforms(shown: &[Platform], new: &[Platform]) -> Vec<Platform> {
    let has = |all: &[Platform], one: &Platform| all.iter().any(|it| one.is_met_by(it));
    let is_subset = new.iter().all(|platform| has(shown, platform));
    let lost = shown.iter().filter(|platform| !has(new, platform));
    match is_subset {
        true => lost.cloned().collect(),
        false => Vec::new(),
    }
}

/// What one build made: the document, and its images as they were seen.
pub type Built<'a> = (&'a Document, &'a [ImageSeen]);

/// That what a tag shows is of a newer build than every one of `new`, and of another revision: what both
/// are. Their provenance says when a build began; where it does not, the time that is written on the
/// index or in the labels counts, where both have it. A config's own time says nothing: a cached build
/// has that of the cache, and a reproducible one a fixed time.
#[must_use]
pub fn goes_back(new: &[Built<'_>], (shown, images): Built<'_>) -> Option<String> {
    let ours: Vec<&ImageSeen> = new.iter().flat_map(|(_, images)| *images).collect();
    let theirs: Vec<&ImageSeen> = images.iter().collect();
    let (own, other) = (revisions(&ours), revisions(&theirs));
    if own.is_empty() || other.is_empty() || own == other {
        return None;
    }
    let started = |image: &&ImageSeen| image.provenance.as_ref()?.started;
    let by_provenance = all(&ours, &started).zip(all(&theirs, &started));
    let created = |image: &&ImageSeen| image.created;
    let by_created = || {
        let ours: Option<Vec<Vec<Moment>>> = new
            .iter()
            .map(|(document, images)| match annotated(document) {
                Some(moment) => Some(vec![moment]),
                None => all(&images.iter().collect::<Vec<_>>(), &created),
            })
            .collect();
        let theirs = match annotated(shown) {
            Some(moment) => Some(vec![moment]),
            None => all(&theirs, &created),
        };
        ours.map(|ours| ours.concat()).zip(theirs)
    };
    let (ours, theirs) = by_provenance.or_else(by_created)?;
    let (newest, oldest) = (ours.into_iter().max()?, theirs.into_iter().min()?);
    let named = |revisions: BTreeSet<String>| Vec::from_iter(revisions).join(", ");
    (oldest > newest).then(|| {
        format!(
            "the tag holds a newer build: of `{}`, {oldest}; this one is of `{}`, {newest}",
            named(other),
            named(own)
        )
    })
}

/// A time of each image; `None` if one has none.
fn all(images: &[&ImageSeen], time: &dyn Fn(&&ImageSeen) -> Option<Moment>) -> Option<Vec<Moment>> {
    let each: Option<Vec<Moment>> = images.iter().map(time).collect();
    each.filter(|times| !times.is_empty())
}

fn annotated(document: &Document) -> Option<Moment> {
    Moment::said(document.annotation("org.opencontainers.image.created")?)
}

/// The revisions that images are of: by their provenance, else by their labels.
fn revisions(images: &[&ImageSeen]) -> BTreeSet<String> {
    let of = |image: &&ImageSeen| {
        let provenance = image.provenance.as_ref();
        let built = provenance.and_then(|it| it.revision.clone());
        built.or_else(|| image.labels.first().cloned().flatten())
    };
    images.iter().filter_map(of).collect()
}

/// Whether a tag is one that moves: `latest`, `1`, `1.4`, `main`; not `1.4.2`, not one with a commit in it.
#[must_use]
pub fn is_moving(tag: &Tag) -> bool {
    let text = tag.as_str().trim_start_matches('v');
    let numbers = text.split(['.', '-', '+']);
    let leading =
        numbers.take_while(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    let is_commit = |part: &str| {
        let is_hex = part.len() >= 7 && part.bytes().all(|b| b.is_ascii_hexdigit());
        is_hex && part.bytes().any(|b| b.is_ascii_digit())
    };
    leading.count() < 3 && !text.split(['.', '-', '_']).any(is_commit)
}
