//! What lies below a tag: each image that is expected, as deep as it was looked.

use crate::expectation::Depth;
use crate::oci::{Child, Digest, LABELS, Moment, Platform, Provenance};
use crate::programs::{Foreign, Program, Start};
use crate::registry::Error;

/// Every image of an expected index, or the image itself; empty where that was not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Below {
    /// In the order of the index.
    pub images: Vec<ImageSeen>,
}

/// One image, as far as it was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSeen {
    /// Its manifest.
    pub digest: Digest,
    /// The entry that lists it; `None` where the image is not in an index.
    pub child: Option<Child>,
    /// What it is listed or described for.
    pub listed: Option<Platform>,
    /// What the index is listed for that lists it, where an index lists that.
    pub outer: Option<Platform>,
    /// What its config says that it is for.
    pub own: Option<Platform>,
    /// What it starts.
    pub start: Start,
    /// What else it holds for other architectures.
    pub foreign: Option<Foreign>,
    /// Whether none of its executables is for its platform.
    pub has_none: bool,
    /// Its config or layers that were looked for and are not there.
    pub gone: Vec<(Part, Digest)>,
    /// Why it is not known as deep as was asked.
    pub open: Option<Error>,
    /// How deep it is known.
    pub reached: Depth,
    /// How many of its layers were not read, and how large they are together.
    pub unread: (usize, u64),
    /// What its config says of its source, in the order of [`LABELS`].
    pub labels: [Option<String>; LABELS.len()],
    /// What its config says of the time when it was made.
    pub created: Option<Moment>,
    /// The words that it starts.
    pub words: Vec<String>,
    /// What its provenance says of its source, where that was read.
    pub provenance: Option<Provenance>,
}

/// What differs between images that should be of one build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mixed {
    /// The revision that their provenance names.
    Revision,
    /// This one of the [`LABELS`].
    Label(usize),
}

impl Mixed {
    /// What an image says of it.
    #[must_use]
    pub fn of(self, image: &ImageSeen) -> Option<&str> {
        match self {
            Self::Revision => image.provenance.as_ref()?.revision.as_deref(),
            Self::Label(nth) => image.labels.get(nth)?.as_deref(),
        }
    }
}

/// What differs between the images of one index: the revision in their provenance; else a label, unless
/// their provenance names one revision for all that have it. A label that differs then comes from base
/// images.
#[must_use]
pub fn mixed<'a>(mut images: impl Iterator<Item = &'a ImageSeen> + Clone) -> Option<Mixed> {
    if differs(images.clone().filter_map(|it| Mixed::Revision.of(it))) {
        return Some(Mixed::Revision);
    }
    let label = Mixed::Label(differing_label(images.clone().map(|it| &it.labels))?);
    let is_of_base = images.all(|it| label.of(it).is_none() || Mixed::Revision.of(it).is_some());
    (!is_of_base).then_some(label)
}

/// The first of the [`LABELS`] that has different values.
#[must_use]
pub fn differing_label<'a>(
    labels: impl Iterator<Item = &'a [Option<String>; LABELS.len()]> + Clone,
) -> Option<usize> {
    (0..LABELS.len()).find(|nth| {
        let values = labels.clone();
        differs(values.filter_map(|it| it.get(*nth)?.as_deref()))
    })
}

fn differs<T: PartialEq>(mut values: impl Iterator<Item = T>) -> bool {
    let first = values.next();
    first.is_some_and(|first| values.any(|it| it != first))
}

/// A part of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Its config.
    Config,
    /// One of its layers.
    Layer,
}

/// Something that the expected image needs and the repository does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// The entry of the index; `None` where the image is not in an index.
    pub child: Option<Child>,
    /// The part of it; `None`: the manifest.
    pub part: Option<(Part, Digest)>,
}

/// An image that is for another platform than is said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongImage {
    /// Its manifest.
    pub digest: Digest,
    /// What it is said to be for.
    pub listed: Platform,
    /// What it is for.
    pub is: WrongBy,
}

/// By what an image is for another platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WrongBy {
    /// The index that lists it is itself listed for this platform.
    Outer(Platform),
    /// Its config names this platform.
    Config(Platform),
    /// It starts this program.
    Program(Program),
    /// None of its executables is for its platform, and nothing else is there to start: this is one.
    All(Program),
}

impl ImageSeen {
    /// What the image is taken to be for.
    #[must_use]
    pub fn platform(&self) -> Option<&Platform> {
        self.listed.as_ref().or(self.own.as_ref())
    }

    /// That the image is for another platform, if that is known.
    #[must_use]
    pub fn wrong(&self) -> Option<WrongImage> {
        let listed = self.platform()?;
        let outer = self
            .outer
            .as_ref()
            .filter(|outer| outer.contradicts(listed));
        let own = self.own.as_ref().filter(|own| listed.contradicts(own));
        let any = self.foreign.as_ref().and_then(|it| it.paths.first());
        let is = match (outer, own, &self.start) {
            (Some(outer), _, _) => WrongBy::Outer(outer.clone()),
            (_, Some(own), _) => WrongBy::Config(own.clone()),
            (_, _, Start::Wrong(program)) => WrongBy::Program(program.clone()),
            (_, _, Start::Nothing) if self.has_none => WrongBy::All(any?.clone()),
            _ => return None,
        };
        Some(WrongImage {
            digest: self.digest.clone(),
            listed: listed.clone(),
            is,
        })
    }

    /// The program that it starts, if one was found.
    #[must_use]
    pub fn program(&self) -> Option<&Program> {
        match &self.start {
            Start::Right(program) | Start::Kin(program) | Start::Wrong(program) => Some(program),
            Start::Unread(_) | Start::Nothing | Start::Unknown => None,
        }
    }

    /// What of it is gone.
    pub fn gone(&self) -> impl Iterator<Item = Gone> {
        self.gone.iter().map(|part| Gone {
            child: self.child.clone(),
            part: Some(part.clone()),
        })
    }
}
