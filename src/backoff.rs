//! How often something that fails is tried, and the waits in between. Pure: the caller waits.

use std::time::Duration;

/// How often it is tried at most, where nothing else says how long it is worth trying.
pub(crate) const ATTEMPTS: u32 = 5;

/// The wait before the second try. It doubles with each.
pub(crate) const FIRST: Duration = Duration::from_millis(500);

/// The longest wait that a server can ask for and get.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The wait after so many tries, which is never longer than `longest`.
pub(crate) fn doubled(tries: u32, longest: Duration) -> Duration {
    let times = 1 << tries.saturating_sub(1).min(16);
    FIRST.saturating_mul(times).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let longest = Duration::from_secs(8);
        let waits = [1, 2, 3, 4, 5, 6, 99].map(|tries| doubled(tries, longest).as_secs_f64());
        assert_eq!(waits, [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]);
    }
}
