//! The integration tests, one crate: test registries and the scenarios that run against them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test that panics is a test that fails"
)]

mod client;
mod image;
mod real;
mod registry;
mod run;
mod samples;
mod tls;
mod token_server;
mod world;

mod alike;
mod definition;
mod looks;
mod policy;
mod real_test;
mod recorded;
mod registry_test;
mod repairs;
mod requests;
mod verdicts;
