//! Programs: what the layers of an image hold, and whether what the image starts is for its platform.
//!
//! Pure: a layer comes in as a stream of bytes, and goes out as a [`Layer`]; no request is sent here.

mod executable;
mod judge;
mod layer;
mod resolve;
mod unpack;

#[cfg(any(test, fuzzing))]
pub(crate) mod tests;

pub use executable::Machine;
pub use judge::{Foreign, Image, Judgement, Program, Start, judge, judge_all, shared};
pub use layer::{Layer, Limits, Unread, read_layer};
pub use resolve::Stack;
