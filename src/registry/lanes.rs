//! How many requests are under way to each origin, and the wait where those are as many as it gets.
//!
//! The threads of a registry are as many as it gets at once. A token server may be that of several
//! registries, and gets no more either.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::origin::Origin;

/// The requests that are under way.
pub(super) struct Lanes {
    most: usize,
    busy: Mutex<BTreeMap<Origin, usize>>,
    freed: Condvar,
}

/// The right to send one request. It ends when it is dropped.
pub(super) struct Lane<'a> {
    lanes: &'a Lanes,
    origin: &'a Origin,
}

impl Lanes {
    /// At most `most` requests to an origin at once.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            busy: Mutex::default(),
            freed: Condvar::new(),
        }
    }

    /// Waits for a lane, in no more than `time`; `None` when that is over.
    pub(super) fn enter<'a>(&'a self, origin: &'a Origin, time: Duration) -> Option<Lane<'a>> {
        let is_full = |busy: &mut BTreeMap<Origin, usize>| {
            busy.get(origin).is_some_and(|count| *count >= self.most)
        };
        let waited = self.freed.wait_timeout_while(self.lock(), time, is_full);
        let (mut busy, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return None;
        }
        *busy.entry(origin.clone()).or_default() += 1;
        Some(Lane {
            lanes: self,
            origin,
        })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Origin, usize>> {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Lane<'_> {
    fn drop(&mut self) {
        if let Some(count) = self.lanes.lock().get_mut(self.origin) {
            *count = count.saturating_sub(1);
        }
        self.lanes.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_gets_so_many_and_no_more_until_one_ends() {
        let origin = |url| Origin::of(url).unwrap();
        let (one, other) = (origin("https://r.io/v2/"), origin("https://auth.io/token"));
        let lanes = Lanes::new(2);
        let now = Duration::ZERO;
        let (first, second) = (lanes.enter(&one, now), lanes.enter(&one, now));
        assert!(first.is_some() && second.is_some());
        assert!(lanes.enter(&one, now).is_none());
        assert!(lanes.enter(&other, now).is_some());
        drop(first);
        assert!(lanes.enter(&one, now).is_some());
    }
}
