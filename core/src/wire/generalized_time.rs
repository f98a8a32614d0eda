//! `GeneralizedTime`, in the one form that every BTP peer reads.
//!
//! The canonical rule drops trailing zeros of the fraction (RFC 0030, *Variable-length Timestamps*), and so does rasn's type. JavaScript
//! peers write and need all three digits. So for rasn it is an octet string, and its text is made and read here.

use crate::time::{Civil, Timestamp, decimal, fraction_millis};

/// How long the form is that we send.
pub(super) const LENGTH: usize = 19;

/// `YYYYMMDDHHMMSS.mmmZ`, always with three digits of fraction.
pub(super) fn format(at: Timestamp) -> [u8; LENGTH] {
    let Civil { year, month, day, hour, minute, second, millisecond } = at.to_civil();
    let [[y0, y1], [y2, y3], [m0, m1], [d0, d1]] = [year / 100, year % 100, month, day].map(two_digits);
    let [[h0, h1], [i0, i1], [s0, s1]] = [hour, minute, second].map(two_digits);
    let ([_, f0], [f1, f2]) = (two_digits(millisecond / 100), two_digits(millisecond % 100));
    [y0, y1, y2, y3, m0, m1, d0, d1, h0, h1, i0, i1, s0, s1, b'.', f0, f1, f2, b'Z']
}

/// Reads `YYYYMMDDHHMMSSZ` with none to nine digits of fraction after a point, of which milliseconds are kept; `None` if the
/// text has another form, or names a day or time that does not exist. A leap second is none that a [`Timestamp`] can name.
pub(super) fn parse(text: &[u8]) -> Option<Timestamp> {
    let (whole, fraction) = text.strip_suffix(b"Z")?.split_at_checked(14)?;
    Timestamp::from_civil(Civil {
        year: decimal(&whole[..4])?,
        month: decimal(&whole[4..6])?,
        day: decimal(&whole[6..8])?,
        hour: decimal(&whole[8..10])?,
        minute: decimal(&whole[10..12])?,
        second: decimal(&whole[12..14])?,
        millisecond: fraction_millis(fraction)?,
    })
}

/// The decimal digits of a number below 100.
#[allow(clippy::cast_possible_truncation)] // digits are small
fn two_digits(number: u32) -> [u8; 2] {
    [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fraction_always_has_three_digits() {
        for (millis, text) in [
            (Timestamp::MIN.as_millis(), b"00000101000000.000Z"),
            (-1, b"19691231235959.999Z"),
            (0, b"19700101000000.000Z"),
            (100, b"19700101000000.100Z"),
            (10, b"19700101000000.010Z"),
            (1_509_971_696_789, b"20171106123456.789Z"),
            (Timestamp::MAX.as_millis(), b"99991231235959.999Z"),
        ] {
            let at = Timestamp::from_millis(millis);
            assert_eq!(&format(at), text);
            assert_eq!(parse(text), Some(at));
        }
    }

    #[test]
    fn none_to_nine_digits_of_fraction_are_read() {
        for (text, millis) in [
            ("19700101000000Z", 0),
            ("19700101000000.7Z", 700),
            ("19700101000000.78Z", 780),
            ("19700101000000.789012Z", 789),
            ("19700101000000.999999999Z", 999),
        ] {
            assert_eq!(parse(text.as_bytes()), Some(Timestamp::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            "Z",
            "2017",
            "20171106123456.789",
            "20171106123456.789z",
            "20171106123456.789+0100",
            "20171106123456,789Z",
            "20171106123456.Z",
            "20171106123456.0123456789Z",
            "20171106123456.789Z\n",
            " 20171106123456.789Z",
            "2017-11-06T12:34:56.789Z",
            "2017110612345Z",
            "201711061234567Z",
            "20171106123456.7 9Z",
            "20171306123456Z",
            "20170006123456Z",
            "20170230123456Z",
            "20170132123456Z",
            "20171106240000Z",
            "20171106126000Z",
            "20171231235960Z",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse(b"2017110612345\xb6.789Z"), None);
    }
}
