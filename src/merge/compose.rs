//! The index that legs make.

use serde_json::{Map, Value};

use super::annotation::{Annotation, Place};
use super::leg::Leg;
use crate::oci::{Descriptor, Digest, Document, Moment, Platform, annotations_of, index_of};

/// The annotation that says when an index was made.
const CREATED: &str = "org.opencontainers.image.created";

/// Where an entry stands: images in the order of the platforms, then their attestations, then what is
/// neither; alike ones by their digests.
type Order = (u8, usize, String);

/// The index of these legs, whose platforms are exactly `asked`: what one leg alone is, where nothing is
/// added. `None` where an entry of a leg lacks what every entry has.
#[must_use]
pub fn compose(legs: &[Leg], asked: &[Platform], annotations: &[Annotation]) -> Option<Document> {
    if let ([only], []) = (legs, annotations) {
        return Some(Document::clone(&only.document));
    }
    let mut entries: Vec<(Order, Descriptor)> = Vec::new();
    for leg in legs {
        match leg.document.image() {
            Some(_) => entries.extend(plain(leg, asked)),
            None => entries.extend(listed(leg, asked)?),
        }
    }
    entries.sort_by(|(one, _), (other, _)| one.cmp(other));
    entries.dedup_by(|(_, one), (_, other)| one == other);
    for Annotation { place, key, value } in annotations {
        let Place::Descriptor(of) = place else {
            continue;
        };
        for ((class, at, _), entry) in &mut entries {
            let is_meant = match of {
                None => true,
                Some(platform) => asked.get(*at).is_some_and(|it| platform.is_met_by(it)),
            };
            if *class == 0 && is_meant {
                entry.annotate(key, value);
            }
        }
    }
    let entries: Vec<Descriptor> = entries.into_iter().map(|(_, entry)| entry).collect();
    let mut own = shared_annotations(legs);
    for Annotation { place, key, value } in annotations {
        if *place == Place::Index {
            own.insert(key.clone(), Value::from(value.as_str()));
        }
    }
    Some(index_of(&entries, &own))
}

/// Which of the platforms this is.
fn position(asked: &[Platform], platform: &Platform) -> usize {
    let at = asked.iter().position(|asked| asked.is_met_by(platform));
    at.unwrap_or(asked.len())
}

/// The entry of a leg that is a manifest.
fn plain(leg: &Leg, asked: &[Platform]) -> Option<(Order, Descriptor)> {
    let own = leg.images.first()?.own.as_ref();
    let platform = own.or_else(|| leg.platforms().next())?;
    let digest = leg.document.digest().to_string();
    let place = (0, position(asked, platform), digest);
    Some((place, Descriptor::of(&leg.document, platform)))
}

/// The entries of a leg that is an index.
fn listed(leg: &Leg, asked: &[Platform]) -> Option<Vec<(Order, Descriptor)>> {
    let of_image = |digest: &Digest| {
        let image = leg.images.iter().find(|image| image.digest == *digest);
        image.and_then(|it| it.platform())
    };
    let at = |digest: Option<&Digest>| {
        let platform = digest.and_then(of_image);
        platform.map_or(asked.len(), |platform| position(asked, platform))
    };
    let all = Descriptor::all(&leg.document)?;
    let entries = all.into_iter().zip(leg.document.children());
    let placed = entries.map(|(mut entry, child)| {
        let digest = child.named.digest();
        let place = match &child.attests {
            Some(attested) => (1, at(attested.digest())),
            None if child.is_image() => (0, at(digest)),
            None => (2, asked.len()),
        };
        if let (0, Some(platform)) = (place.0, digest.and_then(of_image)) {
            entry.complete(platform);
        }
        ((place.0, place.1, entry.digest().to_owned()), entry)
    });
    Some(placed.collect())
}

/// The annotations that the indexes of all legs share. When they were made is when the last one was.
fn shared_annotations(legs: &[Leg]) -> Map<String, Value> {
    let indexes = legs.iter().filter(|leg| leg.document.image().is_none());
    let all: Vec<Map<String, Value>> = indexes.map(|leg| annotations_of(&leg.document)).collect();
    let Some((first, rest)) = all.split_first() else {
        return Map::new();
    };
    let mut shared = first.clone();
    shared.retain(|key, value| rest.iter().all(|other| other.get(key) == Some(value)));
    let moment = |of: &Map<String, Value>| {
        let text = of.get(CREATED)?.as_str()?.to_owned();
        Some((text.parse::<Moment>().ok()?, text))
    };
    if let Some((_, newest)) = all.iter().filter_map(moment).max() {
        shared.insert(CREATED.to_owned(), Value::from(newest));
    }
    shared
}
