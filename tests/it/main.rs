//! The integration tests, one crate: test registries and the scenarios that run against them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::too_many_lines,
    reason = "a test that panics is a test that fails, and may be a long table"
)]

mod access;
mod client;
mod image;
mod layered;
mod proxy;
mod real;
mod registry;
mod run;
mod runner;
mod samples;
#[path = "../sim/mod.rs"]
mod sim;
mod tls;
mod token_server;
mod world;

mod action_yml;
mod alike;
mod below;
mod bounds;
mod cli;
mod dated;
mod definition;
mod documents;
mod encodings;
mod faults;
mod forgetting;
mod formats;
mod gitlab;
mod hiding;
mod hosts;
mod inputs;
mod keeping;
mod leaks;
mod login;
mod login_rounds;
mod looks;
mod merge;
mod merge_faults;
mod merge_step;
mod nested;
mod network;
mod on_real;
mod origins;
mod outputs;
mod platforms;
mod policy;
mod real_test;
mod recorded;
mod redirects;
mod registry_test;
mod repairs;
mod requests;
mod same;
mod shapes;
mod simulation;
mod steps;
mod tidy;
mod verdicts;
mod wire;
