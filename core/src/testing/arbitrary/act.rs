//! What happens between two.

use core::time::Duration;

use arbitrary::{Arbitrary, Result, Unstructured};

use crate::testing::Act;
use crate::testing::edges::{CONVERSATION_AMOUNTS, DELAYS, FRAMES_BEFORE_A_CUT, LIVES, LONG_WAITS, NOTICES, WAITS};

/// Of two parties, both of whom pay.
impl<'a> Arbitrary<'a> for Act {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let party = |u: &mut Unstructured<'_>| u.int_in_range(0..=1_usize);
        let amount = |u: &mut Unstructured<'_>| u.int_in_range(CONVERSATION_AMOUNTS);
        Ok(match u.int_in_range(0..=9)? {
            0 => Self::Pay { by: party(u)?, amount: amount(u)?, expires_in: one(u, LIVES)? },
            1 => Self::Transfer { by: party(u)?, amount: amount(u)? },
            2 => Self::Decide { by: party(u)?, fulfills: u.ratio(2, 3)? },
            3 => Self::Wait(if u.ratio(6, 7)? { one(u, WAITS) } else { one(u, LONG_WAITS) }?),
            4 => Self::Delay(one(u, DELAYS)?),
            5 => Self::Cut { of: 1, host_notices: one(u, NOTICES)?, party_notices: one(u, NOTICES)? },
            6 => Self::CutAfter { frames: u.int_in_range(FRAMES_BEFORE_A_CUT)? },
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

fn one(u: &mut Unstructured<'_>, millis: &[u64]) -> Result<Duration> {
    u.choose(millis).copied().map(Duration::from_millis)
}
