//! Moments as the wire and the ledger count them: milliseconds of UTC.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

/// A moment in UTC, in whole milliseconds since the Unix epoch, from the year 0000 to the year 9999: the years that a
/// `GeneralizedTime` of four digits can say.
///
/// The core reads no clock; every input brings its `now`.
///
/// ```
/// use core::time::Duration;
/// use trustline_core::Timestamp;
///
/// let at: Timestamp = "2017-11-06T12:34:56.789Z".parse()?;
/// assert_eq!(at.as_millis(), 1_509_971_696_789);
/// assert_eq!(at.saturating_add(Duration::from_secs(4)).to_string(), "2017-11-06T12:35:00.789Z");
/// # Ok::<(), trustline_core::TimestampError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 0000-01-01T00:00:00.000Z.
    pub const MIN: Self = Self(-62_167_219_200_000);
    /// 9999-12-31T23:59:59.999Z.
    pub const MAX: Self = Self(253_402_300_799_999);

    /// The moment `millis` milliseconds after the Unix epoch, or before it if negative; [`MIN`](Self::MIN) or
    /// [`MAX`](Self::MAX) if that is further away.
    pub const fn from_millis(millis: i64) -> Self {
        if millis < Self::MIN.0 {
            Self::MIN
        } else if millis > Self::MAX.0 {
            Self::MAX
        } else {
            Self(millis)
        }
    }

    /// Milliseconds since the Unix epoch; negative before it.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The moment `duration` later, at most [`MAX`](Self::MAX). Parts of a millisecond are dropped.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self::from_millis(self.0.saturating_add(whole_millis(duration)))
    }

    /// The moment `duration` earlier, at least [`MIN`](Self::MIN). Parts of a millisecond are dropped.
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self::from_millis(self.0.saturating_sub(whole_millis(duration)))
    }

    /// The time from `earlier` to this moment; zero if `earlier` is later.
    pub fn saturating_since(self, earlier: Self) -> Duration {
        // Both lie within MIN..=MAX, so that their difference fits.
        Duration::from_millis(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    /// The moment of a calendar date and a time of day, if there is such a day and such a time.
    pub(crate) const fn from_civil(civil: Civil) -> Option<Self> {
        let Civil { year, month, day, hour, minute, second, millisecond } = civil;
        let exists = year <= 9999
            && month >= 1
            && month <= 12
            && day >= 1
            && day <= days_in_month(year, month)
            && hour < 24
            && minute < 60
            && second < 60
            && millisecond < 1000;
        if !exists {
            return None;
        }
        let of_day = ((hour * 60 + minute) * 60 + second) * 1000 + millisecond;
        let millis = days_from_civil(year, month, day) as i64 * MILLIS_PER_DAY + of_day as i64;
        Some(Self(Self::MIN.0 + millis))
    }

    /// This moment's date and time of day.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // nothing is negative after MIN, and all is reduced
    pub(crate) const fn to_civil(self) -> Civil {
        let millis = (self.0 - Self::MIN.0) as u64; // unsigned division is the faster one
        let (year, month, day) = civil_from_days((millis / MILLIS_PER_DAY as u64) as u32);
        let of_day = (millis % MILLIS_PER_DAY as u64) as u32;
        Civil {
            year,
            month,
            day,
            hour: of_day / 3_600_000,
            minute: of_day / 60_000 % 60,
            second: of_day / 1000 % 60,
            millisecond: of_day % 1000,
        }
    }
}

/// A date of the proleptic Gregorian calendar and a time of day in UTC. Nothing says that it exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: u32,
    pub(crate) month: u32,
    pub(crate) day: u32,
    pub(crate) hour: u32,
    pub(crate) minute: u32,
    pub(crate) second: u32,
    pub(crate) millisecond: u32,
}

impl fmt::Display for Timestamp {
    /// ISO 8601, as in `2017-11-06T12:34:56.789Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Civil { year, month, day, hour, minute, second, millisecond } = self.to_civil();
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z")
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timestamp({self})")
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    /// Reads the form that `Display` writes, with none to nine digits of fraction; beyond milliseconds they are dropped.
    fn from_str(text: &str) -> Result<Self, TimestampError> {
        parse_iso8601(text.as_bytes()).ok_or(TimestampError)
    }
}

/// The text is not a moment of the form `2017-11-06T12:34:56.789Z` in the years 0000 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimestampError;

impl fmt::Display for TimestampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a timestamp is a real UTC date and time such as 2017-11-06T12:34:56.789Z")
    }
}

impl core::error::Error for TimestampError {}

const MILLIS_PER_DAY: i64 = 86_400_000;

fn whole_millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn parse_iso8601(text: &[u8]) -> Option<Timestamp> {
    let (date, time) = text.split_at_checked(19)?;
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T', h0, h1, b':', i0, i1, b':', s0, s1] = *date else {
        return None;
    };
    Timestamp::from_civil(Civil {
        year: decimal(&[y0, y1, y2, y3])?,
        month: decimal(&[m0, m1])?,
        day: decimal(&[d0, d1])?,
        hour: decimal(&[h0, h1])?,
        minute: decimal(&[i0, i1])?,
        second: decimal(&[s0, s1])?,
        millisecond: fraction_millis(time.strip_suffix(b"Z")?)?,
    })
}

/// The number that ASCII digits write; at most nine of them, so that it fits.
pub(crate) fn decimal(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0')))
}

/// The milliseconds of a fraction of a second: nothing, or a point and one to nine digits, of which three count.
pub(crate) fn fraction_millis(text: &[u8]) -> Option<u32> {
    if text.is_empty() {
        return Some(0);
    }
    let digits = text.strip_prefix(b".")?;
    if !(1..=9).contains(&digits.len()) {
        return None;
    }
    let number = decimal(digits)?;
    Some(match digits.len() {
        1 => number * 100,
        2 => number * 10,
        more => number / 10_u32.pow(u32::try_from(more - 3).ok()?),
    })
}

const fn days_in_month(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

// The two conversions count days from 0000-01-01, the first day of MIN, but years from March, so that the leap day is the last day
// of its year; and 400 years more, so that nothing is negative. The fractions are those of C. Neri and L. Schneider, "Euclidean
// affine functions and their application to calendar algorithms" (2022). All days there are, are tested below.

/// From 0000-01-01 back to 1 March 400 years before the year 0.
const SHIFT: u32 = DAYS_PER_ERA - 60;
/// The calendar repeats after 400 years.
const DAYS_PER_ERA: u32 = 146_097;

const fn days_from_civil(year: u32, month: u32, day: u32) -> u32 {
    let before_march = month <= 2;
    let year = year + 400 - before_march as u32;
    let month = if before_march { month + 12 } else { month };
    let century = year / 100;
    let of_years = 1461 * year / 4 - century + century / 4;
    let of_months = (979 * month - 2919) / 32;
    of_years + of_months + day - 1 - SHIFT
}

#[allow(clippy::cast_possible_truncation)] // the two halves of a product are wanted
const fn civil_from_days(days: u32) -> (u32, u32, u32) {
    let quarters = 4 * (days + SHIFT) + 3;
    let century = quarters / DAYS_PER_ERA;
    let product = 2_939_745 * ((quarters % DAYS_PER_ERA) | 3) as u64;
    let year = 100 * century + (product >> 32) as u32;
    let day_of_year = product as u32 / 2_939_745 / 4;
    let months = 2141 * day_of_year + 197_913;
    let (month, day) = (months >> 16, months % (1 << 16) / 2141 + 1);
    if day_of_year < 306 { (year - 400, month, day) } else { (year + 1 - 400, month - 12, day) }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "an interpreter is too slow for 3,652,425 days")]
    fn every_day_there_is() {
        let mut days = 0;
        for year in 0..=9999 {
            for month in 1..=12 {
                for day in 1..=days_in_month(year, month) {
                    assert_eq!(days_from_civil(year, month, day), days);
                    assert_eq!(civil_from_days(days), (year, month, day));
                    days += 1;
                }
            }
        }
        assert_eq!(i64::from(days) * MILLIS_PER_DAY - 1, Timestamp::MAX.0 - Timestamp::MIN.0);
    }

    #[test]
    fn text_and_milliseconds_agree() {
        for (text, millis) in [
            ("0000-01-01T00:00:00.000Z", Timestamp::MIN.as_millis()),
            ("0000-02-29T12:00:00.001Z", -62_162_078_399_999),
            ("1582-10-10T00:00:00.000Z", -12_219_724_800_000), // a day the proleptic calendar has
            ("1969-12-31T23:59:59.999Z", -1),
            ("1970-01-01T00:00:00.000Z", 0),
            ("2000-02-29T23:59:59.999Z", 951_868_799_999),
            ("2017-11-06T12:34:56.789Z", 1_509_971_696_789),
            ("2038-01-19T03:14:08.000Z", 2_147_483_648_000),
            ("9999-12-31T23:59:59.999Z", Timestamp::MAX.as_millis()),
        ] {
            assert_eq!(Timestamp::from_millis(millis).to_string(), text);
            assert_eq!(text.parse(), Ok(Timestamp::from_millis(millis)));
        }
    }

    #[test]
    fn the_fraction_may_be_absent_and_is_cut_to_milliseconds() {
        for (fraction, millis) in [("", 0), (".7", 700), (".78", 780), (".789", 789), (".7899", 789), (".000999999", 0)] {
            let text = alloc::format!("1970-01-01T00:00:00{fraction}Z");
            assert_eq!(text.parse(), Ok(Timestamp::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_moment_is_refused() {
        for text in [
            "",
            "Z",
            "2017-11-06T12:34:56.789",
            "2017-11-06T12:34:56.789z",
            "2017-11-06T12:34:56.789+01:00",
            "2017-11-06 12:34:56.789Z",
            "2017-11-06T12:34:56.Z",
            "2017-11-06T12:34:56,789Z",
            "2017-11-06T12:34:56.0123456789Z",
            "2017-11-06T12:34:5\u{e9}Z",
            "+017-11-06T12:34:56Z",
            "10000-01-01T00:00:00Z",
            "2017-00-06T12:34:56Z",
            "2017-13-06T12:34:56Z",
            "2017-11-00T12:34:56Z",
            "2017-02-29T12:34:56Z",
            "1900-02-29T12:34:56Z",
            "2017-04-31T12:34:56Z",
            "2017-11-06T24:00:00Z",
            "2017-11-06T12:60:00Z",
            "2016-12-31T23:59:60Z",
        ] {
            assert_eq!(text.parse::<Timestamp>(), Err(TimestampError), "{text}");
        }
    }

    #[test]
    fn arithmetic_stays_in_range() {
        let (second, for_ever) = (Duration::from_secs(1), Duration::MAX);
        let now = Timestamp::from_millis(500);
        assert_eq!(now.saturating_add(second).saturating_sub(second), now);
        assert_eq!(now.saturating_add(for_ever), Timestamp::MAX);
        assert_eq!(now.saturating_sub(for_ever), Timestamp::MIN);
        assert_eq!(now.saturating_add(Duration::from_micros(1_999)).as_millis(), 501);
        assert_eq!(now.saturating_since(Timestamp::from_millis(-500)), second);
        assert_eq!(Timestamp::MIN.saturating_since(now), Duration::ZERO);
        assert_eq!(Timestamp::MAX.saturating_since(Timestamp::MIN), Duration::from_millis(315_569_519_999_999));
        assert_eq!(Timestamp::from_millis(i64::MIN), Timestamp::MIN);
        assert_eq!(Timestamp::from_millis(i64::MAX), Timestamp::MAX);
    }
}
