//! When a request is repeated, and after how long. Pure: the caller waits.

use std::time::Duration;

/// How often a request is sent at most.
pub(crate) const ATTEMPTS: u32 = 5;

const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(15);
const SHORTEST: Duration = Duration::from_millis(100);

/// The longest wait that a server can ask for and get.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How long to wait after the `attempt`th try (from 1), with full jitter: anything up to twice
/// the wait before, so that many clients do not come back at the same moment.
///
/// `asked` is what the server demanded (`Retry-After`), `hint` what its words suggest.
pub(crate) fn wait(
    attempt: u32,
    asked: Option<Duration>,
    hint: Option<Duration>,
    jitter: &mut Jitter,
) -> Duration {
    let doubled = FIRST.saturating_mul(1 << attempt.saturating_sub(1).min(16));
    let most = doubled.min(LONGEST);
    let chosen = most.mul_f64(jitter.next()).max(SHORTEST);
    let least = asked.into_iter().chain(hint).max().unwrap_or_default();
    match least > chosen {
        true => least.min(PATIENCE).max(SHORTEST),
        false => chosen,
    }
}

/// Numbers that differ from run to run. Nothing secret hangs on them (xorshift64*).
#[derive(Debug)]
pub(crate) struct Jitter {
    state: u64,
}

impl Jitter {
    /// Starts anywhere.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            state: seed ^ 0x9e37_79b9_7f4a_7c15 | 1,
        }
    }

    /// The next number in `0.0..1.0`.
    pub(crate) fn next(&mut self) -> f64 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let bits = self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 40;
        f64::from(u32::try_from(bits).unwrap_or_default()) / f64::from(1 << 24)
    }
}

/// Reads `Retry-After`: seconds, or a date (RFC 9110, section 10.2.3). Nonsense is none.
pub(crate) fn retry_after(value: &str, unix_now: u64) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let then = http_date(value)?;
    Some(Duration::from_secs(then.saturating_sub(unix_now)))
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

/// The seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` or
/// `Sun Nov  6 08:49:37 1994` (RFC 9110, section 5.6.7).
fn http_date(text: &str) -> Option<u64> {
    let words: Vec<&str> = text
        .split([' ', ',', '-'])
        .filter(|word| !word.is_empty())
        .collect();
    let (day, month, year, time) = match words.as_slice() {
        [_, day, month, year, time, "GMT"] => (*day, *month, *year, *time),
        [_, month, day, time, year] => (*day, *month, *year, *time),
        _ => return None,
    };
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let month = MONTHS.iter().position(|name| *name == month)?;
    let month = u64::try_from(month).ok()? + 1;
    let day: u64 = day.parse().ok().filter(|day| (1..=31).contains(day))?;
    let year = match (year.len(), year.parse::<u64>().ok()?) {
        (2, year) if year < 70 => year + 2000,
        (2, year) => year + 1900,
        (4, year) if year >= 1970 => year,
        _ => return None,
    };
    let mut clock = time.split(':').map(|part| part.parse::<u64>().ok());
    let (hours, minutes, seconds) = (clock.next()??, clock.next()??, clock.next()??);
    if hours > 23 || minutes > 59 || seconds > 60 || clock.next().is_some() {
        return None;
    }
    // Days from civil (H. Hinnant), with years that begin in March.
    let shifted = if month > 2 { year } else { year - 1 };
    let (era, of_era) = (shifted / 400, shifted % 400);
    let of_year = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let days = (era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year)
        .checked_sub(719_468)?;
    Some(days * 86_400 + hours * 3600 + minutes * 60 + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_with_jitter_and_stay_within_their_bounds() {
        let mut jitter = Jitter::new(7);
        for attempt in 1..=40 {
            for _ in 0..50 {
                let time = wait(attempt, None, None, &mut jitter);
                let most = FIRST
                    .saturating_mul(1 << (attempt - 1).min(10))
                    .min(LONGEST);
                assert!(time >= SHORTEST && time <= most, "{attempt} {time:?}");
            }
        }
    }

    #[test]
    fn numbers_differ_and_fill_the_interval() {
        let mut jitter = Jitter::new(0);
        let numbers: Vec<f64> = (0..1000).map(|_| jitter.next()).collect();
        assert!(numbers.iter().all(|n| (0.0..1.0).contains(n)));
        let mean = numbers.iter().sum::<f64>() / 1000.0;
        assert!((0.45..0.55).contains(&mean), "{mean}");
    }

    #[test]
    fn what_the_server_asks_for_is_waited_for() {
        let mut jitter = Jitter::new(7);
        let ten = Some(Duration::from_secs(10));
        assert_eq!(wait(1, ten, None, &mut jitter), Duration::from_secs(10));
        assert_eq!(wait(1, None, ten, &mut jitter), Duration::from_secs(10));
        let day = Some(Duration::from_secs(86_400));
        assert_eq!(wait(1, None, day, &mut jitter), PATIENCE);
        assert!(wait(1, Some(Duration::ZERO), None, &mut jitter) >= SHORTEST);
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
        assert_eq!(http_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(
            http_date("Thu, 29 Feb 2024 23:59:59 GMT"),
            Some(1_709_251_199)
        );
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
