//! How a login is presented: challenges, tokens, and the session of each repository. It knows the
//! wire, the errors of the port, and where logins come from.

mod authenticate;
pub(super) mod challenge;
pub(super) mod exchange;
mod session;
pub(super) mod token;

pub(super) use authenticate::Nth;
