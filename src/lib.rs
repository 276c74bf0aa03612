//! skeleton
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice)
)]
pub mod apply;
pub mod cli;
pub mod clock;
pub mod definition;
pub mod environment;
pub mod expectation;
pub mod explain;
mod files;
pub mod finding;
mod inputs;
pub mod metadata;
pub mod note;
pub mod observation;
pub mod observe;
pub mod oci;
pub mod outcome;
pub mod plan;
pub mod policy;
pub mod problem;
pub mod registry;
pub mod report;
pub mod run;
pub mod text;
pub mod verdict;
