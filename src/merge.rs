//! Merging: one index of what the jobs of a matrix build pushed, each for its platforms. Pure.
//!
//! A *leg* is what one job pushed, after it was proven. [`misfits`] says why legs do not make the index
//! that was asked for; [`compose()`] makes it, the same bytes of the same legs in whatever order they come;
//! [`goes_back`] and [`lost_platforms`] say why a tag must not be moved to it.

mod annotation;
mod compose;
mod fit;
mod leg;
mod moves;
mod tags_from;

pub use annotation::{Annotation, Place};
pub use compose::compose;
pub use fit::{Misfit, misfits};
pub use leg::Leg;
pub use moves::{Built, goes_back, is_moving, lost_platforms};
pub use tags_from::{MAX_TAGS_FROM, TagsFrom, tags_from};

#[cfg(test)]
mod tests;
