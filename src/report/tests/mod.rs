//! For tests: reports of each kind, and readers of what is rendered.

pub(crate) mod fuzzing;
pub(super) mod page;
#[cfg(test)]
mod readers;
pub(crate) mod runner;
#[cfg(test)]
pub(crate) mod samples;
