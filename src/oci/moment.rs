//! A moment, as configs and provenance name it (RFC 3339, section 5.6).

use std::fmt;
use std::str::FromStr;

/// Milliseconds since 1970 began, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i64);

impl Moment {
    /// The moment, unless it is from before 1981: reproducible builds write such a fixed time, and it
    /// says nothing (reproducible-builds.org, `SOURCE_DATE_EPOCH`; Bazel and Jib write 1970 and 1980).
    #[must_use]
    pub fn said(text: &str) -> Option<Self> {
        const YEAR_1981: Moment = Moment(347_155_200_000);
        text.parse().ok().filter(|moment| *moment >= YEAR_1981)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_euclid(1000);
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = date(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
        )
    }
}

impl FromStr for Moment {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let number = |from: usize, to: usize| -> Result<i64, ()> {
            let digits = text.get(from..to).ok_or(())?;
            let is_number = digits.bytes().all(|b| b.is_ascii_digit());
            is_number.then_some(()).ok_or(())?;
            digits.parse().map_err(|_| ())
        };
        let is_marked = [(4, "-"), (7, "-"), (13, ":"), (16, ":")]
            .iter()
            .all(|(at, mark)| text.get(*at..at + 1) == Some(mark));
        let is_parted = matches!(text.get(10..11), Some("T" | "t" | " "));
        if !is_marked || !is_parted {
            return Err(());
        }
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        let rest = text.get(19..).ok_or(())?;
        let (fraction, zone) = match rest.strip_prefix('.') {
            Some(rest) => rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).ok_or(())?),
            None => ("0", rest),
        };
        let millis = format!("{fraction:0<3}").get(..3).map(str::parse::<i64>);
        let millis = millis.ok_or(())?.map_err(|_| ())?;
        let is_valid = (1..=12).contains(&month) && (1..=31).contains(&day);
        if !is_valid || hour > 23 || minute > 59 || second > 60 || fraction.is_empty() {
            return Err(());
        }
        let minutes = days(year, month, day) * 1440 + hour * 60 + minute - offset(zone)?;
        Ok(Self((minutes * 60 + second) * 1000 + millis))
    }
}

/// The minutes that a zone is ahead of UTC: `Z`, `+02:00`.
fn offset(zone: &str) -> Result<i64, ()> {
    if zone.eq_ignore_ascii_case("z") {
        return Ok(0);
    }
    let (sign, rest) = match zone.split_at_checked(1).ok_or(())? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return Err(()),
    };
    let (hours, minutes) = rest.split_once(':').ok_or(())?;
    let number = |text: &str| match text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit()) {
        true => text.parse::<i64>().map_err(|_| ()),
        false => Err(()),
    };
    Ok(sign * (number(hours)? * 60 + number(minutes)?))
}

/// The days from 1970 to a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March have their leap day at the end.
    let year = if month > 2 { year } else { year - 1 };
    let from_march = (month + 9) % 12;
    let leap_days = year / 4 - year / 100 + year / 400;
    year * 365 + leap_days + (153 * from_march + 2) / 5 + day - 1 - 719_468
}

/// The date of the Gregorian calendar so many days after 1970 began.
fn date(days: i64) -> (i64, i64, i64) {
    // From the first of March of the year 0, in cycles of 400 years.
    let days = days + 719_468;
    let (cycle, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = cycle * 400 + year + i64::from(month <= 2);
    (year, month, of_year - (153 * from_march + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_in_every_form_that_builders_write() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T00:00:00.5Z", 500),
            ("2000-02-29T12:00:00+02:00", 951_818_400_000),
            ("2026-12-01T00:29:54.123456789Z", 1_796_084_994_123),
            ("2026-11-30T19:29:54-05:00", 1_796_084_994_000),
            ("2026-12-01 00:29:54z", 1_796_084_994_000),
            ("0001-01-01T00:00:00Z", -62_135_596_800_000),
        ] {
            assert_eq!(text.parse(), Ok(Moment(expected)), "{text}");
        }
    }

    #[test]
    fn a_moment_is_shown_as_it_is_read() {
        for text in [
            "1970-01-01T00:00:00Z",
            "1999-12-31T23:59:59Z",
            "2000-02-29T12:00:00Z",
            "2026-12-01T00:29:54Z",
            "2100-03-01T00:00:00Z",
        ] {
            assert_eq!(
                text.parse::<Moment>().map(|it| it.to_string()),
                Ok(text.to_owned())
            );
        }
    }

    #[test]
    fn what_is_not_a_moment_is_none() {
        for text in [
            "",
            "now",
            "2026-12-01",
            "2026-12-01T00:29:54",
            "2026-13-01T00:29:54Z",
            "2026-12-32T00:29:54Z",
            "2026-12-01T24:29:54Z",
            "2026-12-01T00:29:54.Z",
            "2026-12-01T00:29:54+0200",
            "2026-12-01T00:29:54+2:00",
            "+026-12-01T00:29:54Z",
            "2026-12-01T00:29:54\u{e9}",
            "202\u{e9}-12-01T00:29:54Z",
        ] {
            assert_eq!(text.parse::<Moment>(), Err(()), "{text}");
        }
    }

    #[test]
    fn a_fixed_time_of_a_reproducible_build_says_nothing() {
        assert_eq!(Moment::said("1980-01-01T00:00:01Z"), None);
        assert!(Moment::said("1981-01-01T00:00:00Z").is_some());
    }
}
