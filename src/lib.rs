//! skeleton
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice)
)]
pub mod clock;
pub mod environment;
pub mod note;
pub mod oci;
pub mod outcome;
pub mod registry;
pub mod report;
pub mod verdict;
