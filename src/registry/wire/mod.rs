//! How bytes travel: HTTP, retries, redirects, proxies and certificates. It knows the errors of the
//! port, and nothing of logins but the header it is given.

pub(super) mod backoff;
mod certificates;
pub(super) mod endpoint;
mod failure;
pub(super) mod http;
pub(super) mod origin;
pub(super) mod proxy;
pub(super) mod redact;
pub(super) mod refusal;
mod resolver;
pub(super) mod retrying;
mod rules;
