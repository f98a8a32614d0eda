//! What happens between two.

use core::time::Duration;

use arbitrary::{Arbitrary, Result, Unstructured};

use crate::testing::Act;

/// Of two parties, both of whom pay.
impl<'a> Arbitrary<'a> for Act {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let party = |u: &mut Unstructured<'_>| u.int_in_range(0..=1_usize);
        let amount = |u: &mut Unstructured<'_>| u.int_in_range(1..=50_u64);
        Ok(match u.int_in_range(0..=9)? {
            0 => Self::Pay { by: party(u)?, amount: amount(u)?, expires_in: millis(u, 30_000)? },
            1 => Self::Transfer { by: party(u)?, amount: amount(u)? },
            2 => Self::Decide { by: party(u)?, fulfills: u.ratio(2, 3)? },
            3 => Self::Wait(millis(u, 40_000)?),
            4 => Self::Delay(millis(u, 1_000)?),
            5 => Self::Cut { of: 1, host_notices: millis(u, 3_000)?, party_notices: millis(u, 3_000)? },
            6 => Self::CutAfter { frames: u.int_in_range(1..=8)? },
            7 => Self::Connect { by: 1 },
            8 => Self::Restart { who: party(u)? },
            _ => Self::Crash {
                who: party(u)?,
                batches: u.int_in_range(0..=5)?,
                effects: u.int_in_range(0..=3)?,
                frames: u.int_in_range(0..=3)?,
            },
        })
    }
}

fn millis(u: &mut Unstructured<'_>, most: u64) -> Result<Duration> {
    u.int_in_range(0..=most).map(Duration::from_millis)
}
