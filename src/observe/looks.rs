//! How long and how deep to look, for all tags of a run.

use std::time::Duration;

/// How long and how deep to look.
#[derive(Clone, Copy, Debug)]
pub struct Looks {
    /// How far apart two agreeing looks must be. Zero: one look decides, nothing waits.
    pub settle: Duration,
    /// How long a tag that is not right may take to come right before that is believed.
    pub settle_timeout: Duration,
    /// Whether what lies below the tags is looked at, as deep as each expectation says.
    pub below: bool,
    /// Whether the provenance of every image is read, and not only where it decides something.
    pub provenance: bool,
    /// Whether layers are read, or manifests and configs only.
    pub layers: bool,
    /// The most that is downloaded of layers where all of them are read, in bytes.
    pub download_limit: u64,
    /// When the whole run must be over, on the clock.
    pub deadline: Duration,
}
