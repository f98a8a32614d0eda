//! Hash maps by transfer id.

use core::hash::BuildHasher;

use hashbrown::HashMap;
use siphasher::sip::SipHasher13;

use crate::TransferId;

/// A map whose keys the peer chooses: keyed, so that he cannot make them collide.
pub(crate) type TransferMap<V> = HashMap<TransferId, V, Seed>;

/// The key of a hash map, drawn by whoever builds it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed(pub(crate) [u64; 2]);

impl BuildHasher for Seed {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_keys(self.0[0], self.0[1])
    }
}
