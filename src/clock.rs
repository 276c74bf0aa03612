//! The clock port: the time that waits and deadlines are counted in.

use std::time::Duration;

/// The one source of time. The process gives the real one, tests give virtual time.
pub trait Clock: Sync {
    /// How long the run has gone on; never goes back.
    fn now(&self) -> Duration;

    /// Waits. Returns early for no reason.
    fn sleep(&self, time: Duration);

    /// The seconds since 1970-01-01T00:00Z, for the dates that servers send (`Retry-After`).
    fn unix_time(&self) -> u64;
}
