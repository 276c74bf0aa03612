//! The report for GitHub Actions: annotations of a step and its outputs.

mod annotations;
mod outputs;

pub use annotations::annotations;
pub use outputs::{StepOutputs, file, outputs};
