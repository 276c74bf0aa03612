//! How long a host that goes down while tags are written is waited for. Pure: the caller waits.

use std::time::Duration;

use crate::backoff::{ATTEMPTS, PATIENCE, doubled};

/// The longest wait between two tries, if the host asks for none.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(8);

/// What failed in one try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Silent {
    /// The host did not even answer the look before the write.
    Host,
    /// It did, and the write failed.
    Write,
}

/// An outage of one host.
///
/// A registry's restart takes longer than a handful of tries, so a host that answers nothing is
/// waited for as long as half of the time that was left when the outage began. The other half is for
/// what follows the writes. One that answers looks, and fails at writes, gets the handful.
#[derive(Clone, Debug)]
pub(super) struct Outage {
    /// How many tries have failed.
    tries: u32,
    /// How many of the last ones failed at the write alone.
    writes: u32,
    /// Before this the host is not asked again.
    due: Duration,
    /// Until when it is waited for.
    until: Duration,
    deadline: Duration,
}

impl Outage {
    /// An outage that is noticed `now`, in a run that must end by `deadline`.
    pub(super) fn new(now: Duration, deadline: Duration) -> Self {
        Self {
            tries: 0,
            writes: 0,
            due: now,
            until: now + deadline.saturating_sub(now) / 2,
            deadline,
        }
    }

    /// A try failed, and the host asked to wait so long: whether there is to be another one.
    pub(super) fn failed(
        &mut self,
        silent: Silent,
        asked: Option<Duration>,
        now: Duration,
    ) -> bool {
        self.tries += 1;
        self.writes = match silent {
            Silent::Host => 0,
            Silent::Write => self.writes + 1,
        };
        self.due = now.saturating_add(wait(self.tries, asked));
        let is_early = self.tries < ATTEMPTS
            && self.due < self.deadline
            && asked.is_none_or(|time| time <= PATIENCE);
        is_early || (self.writes < ATTEMPTS && self.due < self.until)
    }

    /// When the host is asked again.
    pub(super) fn due(&self) -> Duration {
        self.due
    }

    /// How long it is waited for still, at most.
    pub(super) fn left(&self, now: Duration) -> Duration {
        self.until.max(self.due).saturating_sub(now)
    }
}

/// The wait after so many tries of a host that asked to wait so long.
fn wait(tries: u32, asked: Option<Duration>) -> Duration {
    doubled(tries, LONGEST_WAIT).max(asked.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// When a host that answers nothing is asked, from `began` on.
    fn asked_at(began: u64, deadline: u64, asked: Option<u64>) -> Vec<f64> {
        tries(Silent::Host, began, deadline, asked)
    }

    fn tries(silent: Silent, began: u64, deadline: u64, asked: Option<u64>) -> Vec<f64> {
        let mut now = seconds(began);
        let mut outage = Outage::new(now, seconds(deadline));
        let mut times = vec![now.as_secs_f64()];
        while outage.failed(silent, asked.map(seconds), now) {
            now = outage.due();
            times.push(now.as_secs_f64());
        }
        times
    }

    #[test]
    fn a_host_is_waited_for_as_long_as_half_of_what_is_left() {
        for (began, deadline, last) in [
            (0, 300, 150.0),
            (20, 300, 160.0),
            (250, 300, 275.0),
            (0, 3600, 1800.0),
        ] {
            let times = asked_at(began, deadline, None);
            let end = *times.last().unwrap();
            assert!(end < last && end >= last - 8.0, "{times:?}");
        }
    }

    #[test]
    fn waits_double_up_to_eight_seconds() {
        let times = asked_at(0, 60, None);
        assert_eq!(times, [0.0, 0.5, 1.5, 3.5, 7.5, 15.5, 23.5]);
    }

    #[test]
    fn a_short_run_tries_five_times_as_long_as_there_is_time() {
        assert_eq!(asked_at(0, 10, None), [0.0, 0.5, 1.5, 3.5, 7.5]);
        assert_eq!(asked_at(0, 3, None), [0.0, 0.5, 1.5]);
        assert_eq!(asked_at(5, 5, None), [5.0]);
        assert_eq!(asked_at(9, 5, None), [9.0]);
    }

    #[test]
    fn what_the_host_asks_for_is_waited_for_if_it_ends_in_time() {
        assert_eq!(asked_at(0, 300, Some(100)), [0.0, 100.0]);
        assert_eq!(asked_at(0, 300, Some(200)), [0.0]);
        assert_eq!(asked_at(0, 40, Some(30)), [0.0, 30.0]);
        assert_eq!(asked_at(0, 300, Some(86_400)), [0.0]);
        assert_eq!(asked_at(0, 300, Some(u64::MAX)), [0.0]);
        assert_eq!(asked_at(0, 10, Some(0)), asked_at(0, 10, None));
    }

    #[test]
    fn a_host_that_fails_at_writes_alone_is_asked_five_times() {
        for asked in [None, Some(0)] {
            let times = tries(Silent::Write, 0, 300, asked);
            assert_eq!(times, [0.0, 0.5, 1.5, 3.5, 7.5]);
        }
        assert_eq!(tries(Silent::Write, 0, 300, Some(100)), [0.0, 100.0]);
        // It came back while it was waited for, and its first writes fail.
        let mut outage = Outage::new(seconds(0), seconds(300));
        for _ in 0..9 {
            assert!(outage.failed(Silent::Host, None, seconds(10)));
        }
        for _ in 0..4 {
            assert!(outage.failed(Silent::Write, None, seconds(80)));
        }
        assert!(!outage.failed(Silent::Write, None, seconds(80)));
    }

    #[test]
    fn what_is_left_is_told_as_the_longest_wait() {
        let mut outage = Outage::new(seconds(100), seconds(300));
        assert!(outage.failed(Silent::Host, None, seconds(100)));
        assert_eq!(outage.left(seconds(100)), seconds(100));
        assert_eq!(outage.left(seconds(500)), seconds(0));
    }
}
