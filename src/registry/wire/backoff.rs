//! When a request is repeated, and after how long. Pure: the caller waits.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::{Duration, UNIX_EPOCH};

use crate::backoff::{PATIENCE, doubled};

const LONGEST: Duration = Duration::from_secs(15);
const SHORTEST: Duration = Duration::from_millis(100);

/// How long to wait after the `attempt`th try (from 1), with full jitter: anything up to twice
/// the wait before, so that many clients do not come back at the same moment.
///
/// `asked` is what the server demanded (`Retry-After`), `hint` what its words suggest, `chance` a
/// number in `0.0..1.0`.
pub(crate) fn wait(
    attempt: u32,
    asked: Option<Duration>,
    hint: Option<Duration>,
    chance: f64,
) -> Duration {
    let chosen = doubled(attempt, LONGEST).mul_f64(chance).max(SHORTEST);
    let least = asked.into_iter().chain(hint).max().unwrap_or_default();
    match least > chosen {
        true => least.min(PATIENCE).max(SHORTEST),
        false => chosen,
    }
}

/// A number in `0.0..1.0` that differs from call to call. Nothing secret depends on it.
pub(crate) fn chance() -> f64 {
    let bits = RandomState::new().build_hasher().finish() >> 32;
    f64::from(u32::try_from(bits).unwrap_or_default()) / f64::from(u32::MAX)
}

/// Reads `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3). Nonsense is none.
pub(crate) fn retry_after(value: &str, unix_now: u64) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let then = httpdate::parse_http_date(value).ok()?;
    let now = UNIX_EPOCH + Duration::from_secs(unix_now);
    Some(then.duration_since(now).unwrap_or_default())
}

/// What GHCR writes into its message: `retry-after: 12.5ms, allowed: 2000/minute`.
pub(crate) fn hint(words: &str) -> Option<Duration> {
    let words = words.to_ascii_lowercase();
    let (_, rest) = words.split_once("retry-after:")?;
    let rest = rest.trim_start();
    let end = rest
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(rest.len());
    let (number, unit) = rest.split_at(end);
    let number: f64 = number.parse().ok().filter(|n: &f64| n.is_finite())?;
    let seconds = match unit {
        unit if unit.starts_with("ms") => number / 1e3,
        unit if unit.starts_with("µs") || unit.starts_with("us") => number / 1e6,
        unit if unit.starts_with("ns") => number / 1e9,
        unit if unit.starts_with('m') => number * 60.0,
        unit if unit.starts_with('s') || unit.is_empty() => number,
        _ => return None,
    };
    Duration::try_from_secs_f64(seconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_anything_up_to_the_doubled_one_and_stay_within_their_bounds() {
        for attempt in 1..=40 {
            for chance in [0.0, 0.3, 0.99] {
                let time = wait(attempt, None, None, chance);
                let most = doubled(attempt, LONGEST);
                assert!(time >= SHORTEST && time <= most, "{attempt} {time:?}");
            }
        }
    }

    #[test]
    fn numbers_differ_and_fill_the_interval() {
        let numbers: Vec<f64> = (0..1000).map(|_| chance()).collect();
        assert!(numbers.iter().all(|n| (0.0..=1.0).contains(n)));
        let mean = numbers.iter().sum::<f64>() / 1000.0;
        assert!((0.4..0.6).contains(&mean), "{mean}");
    }

    #[test]
    fn what_the_server_asks_for_is_waited_for() {
        let ten = Some(Duration::from_secs(10));
        assert_eq!(wait(1, ten, None, 0.5), Duration::from_secs(10));
        assert_eq!(wait(1, None, ten, 0.5), Duration::from_secs(10));
        let day = Some(Duration::from_secs(86_400));
        assert_eq!(wait(1, None, day, 0.5), PATIENCE);
        assert!(wait(1, Some(Duration::ZERO), None, 0.5) >= SHORTEST);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = 784_111_770;
        let seven = Some(Duration::from_secs(7));
        for (value, expected) in [
            ("120", Some(Duration::from_secs(120))),
            (" 0 ", Some(Duration::ZERO)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", seven),
            ("Sunday, 06-Nov-94 08:49:37 GMT", seven),
            ("Sun Nov  6 08:49:37 1994", seven),
            ("Sat, 05 Nov 1994 08:49:37 GMT", Some(Duration::ZERO)),
            ("Sun, 06 Nov 1994 28:49:37 GMT", None),
            ("Sun, 99 Nov 1994 08:49:37 GMT", None),
            ("Sun, 06 Foo 1994 08:49:37 GMT", None),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(retry_after(value, now), expected, "{value}");
        }
    }

    #[test]
    fn a_hint_in_the_words_is_found() {
        for (words, expected) in [
            (
                "toomanyrequests: retry-after: 12.5ms, allowed: 2000/minute",
                Some(Duration::from_micros(12_500)),
            ),
            ("Retry-After: 250µs", Some(Duration::from_micros(250))),
            ("retry-after: 3s", Some(Duration::from_secs(3))),
            ("retry-after: 2m", Some(Duration::from_secs(120))),
            ("retry-after: x", None),
            ("slow down", None),
        ] {
            assert_eq!(hint(words), expected, "{words}");
        }
    }
}
