//! The integration tests, one crate: test registries and the scenarios that run against them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that panics is a test that fails"
)]

mod client;
mod real;
mod registry;
mod samples;
mod tls;
mod token_server;

mod alike;
mod real_test;
mod registry_test;
