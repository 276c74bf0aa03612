//! Where credentials come from: files, variables, helper programs. It knows nothing of the rest of
//! the registry, and no file in here knows this one.

pub(super) mod docker_config;
mod gitlab;
pub(super) mod go_json;
pub(super) mod helper;
mod logins;
mod once_map;
mod place;
mod scoped;
mod secret;
mod sources;

pub use logins::Logins;
pub use secret::{Login, Secret, Unusable};
pub use sources::{GivenLogin, Sources};
