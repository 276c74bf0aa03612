//! For tests: directories with logins in them, and what fuzzers must never find.

#[cfg(test)]
pub(super) mod directory;
pub(crate) mod fuzzing;
