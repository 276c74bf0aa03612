//! A leg: what one job of a matrix build pushed.

use std::sync::Arc;

use crate::finding::Finding;
use crate::observation::ImageSeen;
use crate::oci::{Document, Platform, Repository};
use crate::verdict::Verdict;

/// What one job pushed, as it was proven.
#[derive(Clone, Debug)]
pub struct Leg {
    /// What it is called: its file, its bake target in that file, or its `--source`.
    pub name: String,
    /// The bake target that it is of.
    pub target: Option<String>,
    /// Where it was pushed to.
    pub repository: Repository,
    /// The index or the manifest.
    pub document: Arc<Document>,
    /// The images in it, or the one that it is.
    pub images: Vec<ImageSeen>,
}

impl Leg {
    /// The leg that a finding proves; `None` if it does not.
    #[must_use]
    pub fn proven(finding: &Finding) -> Option<Self> {
        let Finding {
            expectation,
            observation,
            verdict,
            ..
        } = finding;
        let document = observation.tag.here().filter(|_| *verdict == Verdict::Ok)?;
        Some(Self {
            name: expectation.origin.clone(),
            target: expectation.target.clone(),
            repository: expectation.repository.clone(),
            document: document.clone(),
            images: observation.below.images.clone(),
        })
    }

    /// The platforms of its images, as far as they are known.
    pub fn platforms(&self) -> impl Iterator<Item = &Platform> {
        self.images.iter().filter_map(ImageSeen::platform)
    }
}
