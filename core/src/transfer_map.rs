//! Hash maps by transfer id.

use foldhash::quality::FixedState;
use hashbrown::HashMap;

use crate::TransferId;

/// A map whose keys the peer chooses: its hashes depend on a key that the peer cannot know, lest he make them collide.
pub(crate) type TransferMap<V> = HashMap<TransferId, V, FixedState>;

/// An empty map under the key that whoever builds the trustline has drawn.
pub(crate) fn transfer_map<V>(seed: u64) -> TransferMap<V> {
    TransferMap::with_hasher(FixedState::with_seed(seed))
}
