//! Numbers and errors as people read them.

use std::fmt;
use std::io::Write as _;
use std::time::Duration;

/// Prints a line. That nobody may read it any more is no reason to stop.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// An error as a sentence: with a capital letter and a full stop.
pub(crate) fn sentence(error: &impl fmt::Display) -> String {
    let text = error.to_string();
    let mut rest = text.chars();
    let first = rest.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{stop}", rest.as_str())
}

/// An integer with its digits in groups of three: `-1,234,567`.
pub(crate) fn grouped(number: impl Into<i128>) -> String {
    let number = number.into();
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 2);
    if number < 0 {
        text.push('-');
    }
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A duration in the unit that suits it: `812 us`, `2.1 ms`, `1.30 s`.
pub(crate) fn duration(duration: Duration) -> String {
    let micros = duration.as_micros();
    match micros {
        0..1000 => format!("{micros} us"),
        1000..10_000 => format!("{}.{} ms", micros / 1000, micros % 1000 / 100),
        10_000..1_000_000 => format!("{} ms", micros / 1000),
        _ => format!("{}.{:02} s", micros / 1_000_000, micros % 1_000_000 / 10_000),
    }
}

/// `count` in `time`, per second and rounded to the nearest; 0 if no time has passed.
pub(crate) fn per_second(count: u64, time: Duration) -> u64 {
    let nanos = time.as_nanos();
    let rounded = (u128::from(count) * 1_000_000_000 + nanos / 2).checked_div(nanos).unwrap_or(0);
    u64::try_from(rounded).unwrap_or(u64::MAX)
}

/// `count` with the noun it counts: `1 letter`, `1,000 letters`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped() {
        for (number, text) in
            [(0, "0"), (999, "999"), (1000, "1,000"), (-1, "-1"), (-999, "-999"), (-1000, "-1,000"), (1_234_567, "1,234,567")]
        {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(grouped(i128::MIN), "-170,141,183,460,469,231,731,687,303,715,884,105,728");
    }

    #[test]
    fn durations_have_a_fitting_unit() {
        for (micros, text) in [
            (0, "0 us"),
            (999, "999 us"),
            (1000, "1.0 ms"),
            (2190, "2.1 ms"),
            (10_999, "10 ms"),
            (999_999, "999 ms"),
            (1_000_000, "1.00 s"),
            (61_505_000, "61.50 s"),
        ] {
            assert_eq!(duration(Duration::from_micros(micros)), text);
        }
    }

    #[test]
    fn rates_are_rounded() {
        assert_eq!(per_second(10, Duration::from_secs(4)), 3);
        assert_eq!(per_second(1, Duration::from_secs(4)), 0);
        assert_eq!(per_second(7, Duration::ZERO), 0);
        assert_eq!(per_second(u64::MAX, Duration::from_nanos(1)), u64::MAX);
    }

    #[test]
    fn errors_become_sentences() {
        assert_eq!(sentence(&"the shop closed"), "The shop closed.");
        assert_eq!(sentence(&"The shop is full."), "The shop is full.");
        assert_eq!(sentence(&""), ".");
    }

    #[test]
    fn one_is_singular() {
        assert_eq!(counted(1, "letter"), "1 letter");
        assert_eq!(counted(0, "letter"), "0 letters");
        assert_eq!(counted(1000, "letter"), "1,000 letters");
    }
}
