//! The requests of ours that wait for their answer on one connection.

use alloc::vec::Vec;

use crate::{Timestamp, TransferId};

/// What a request of ours asked, and so what its answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    Authenticate {
        /// Our trustline's sequence number when it was asked.
        sequence: u64,
    },
    Info,
    /// The balance, to compare it with ours.
    Balance,
    /// How far its ledger is, told how far ours is.
    Position,
    /// Who is there, to see whether the connection lives.
    Election,
    /// The balance, to settle transfers that the peer is silent about.
    Reconcile {
        /// Our trustline's sequence number when it was asked.
        sequence: u64,
    },
    Prepare(TransferId),
    Fulfill(TransferId),
    Reject(TransferId),
    Transfer(TransferId),
    Message(u64),
}

impl Request {
    /// The transfer that stays undecided until this request is answered, on this connection or another.
    pub(super) fn transfer(self) -> Option<TransferId> {
        match self {
            Self::Prepare(id) | Self::Fulfill(id) | Self::Reject(id) | Self::Transfer(id) => Some(id),
            Self::Authenticate { .. }
            | Self::Info
            | Self::Balance
            | Self::Position
            | Self::Election
            | Self::Reconcile { .. }
            | Self::Message(_) => None,
        }
    }
}

/// Insertion, look-up and removal in constant time, and the order of insertion: a slab whose slots form a list.
///
/// A request id is a slot's index and, above it, how often the slot was used, so that a second answer to an old
/// request does not pass for the answer to a new one.
#[derive(Debug)]
pub(super) struct RequestTable {
    slots: Vec<Slot>,
    free: Vec<u32>,
    /// Slot 0 is the list's head and tail, and never holds a request: no request id is 0.
    limit: usize,
    len: usize,
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    request: Option<(Request, Timestamp)>,
    previous: u32,
    next: u32,
}

const INDEX_BITS: u32 = 20;
const INDEX_MASK: u32 = (1 << INDEX_BITS) - 1;
const HEAD: u32 = 0;

impl RequestTable {
    /// A table of at most `limit` requests, or 1,048,575 if that is less.
    pub(super) fn new(limit: usize) -> Self {
        let head = Slot { generation: 0, request: None, previous: HEAD, next: HEAD };
        Self { slots: alloc::vec![head], free: Vec::new(), limit: limit.min(INDEX_MASK as usize), len: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_full(&self) -> bool {
        self.len >= self.limit
    }

    /// The id under which the request is to be sent; `None` if the table is full. Deadlines must not decrease.
    pub(super) fn insert(&mut self, request: Request, deadline: Timestamp) -> Option<u32> {
        if self.is_full() {
            return None;
        }
        let last = self.slots[HEAD as usize].previous;
        let index = if let Some(index) = self.free.pop() {
            index
        } else {
            let index = u32::try_from(self.slots.len()).ok()?;
            self.slots.push(Slot { generation: 0, request: None, previous: HEAD, next: HEAD });
            index
        };
        let slot = &mut self.slots[index as usize];
        slot.request = Some((request, deadline));
        slot.previous = last;
        slot.next = HEAD;
        let id = slot.generation << INDEX_BITS | index;
        self.slots[last as usize].next = index;
        self.slots[HEAD as usize].previous = index;
        self.len += 1;
        Some(id)
    }

    /// The request that was sent under `id` and not answered yet.
    pub(super) fn remove(&mut self, id: u32) -> Option<Request> {
        let index = id & INDEX_MASK;
        let slot = self.slots.get_mut(index as usize)?;
        if slot.generation != id >> INDEX_BITS {
            return None;
        }
        let (request, _) = slot.request.take()?;
        slot.generation = (slot.generation + 1) & (u32::MAX >> INDEX_BITS);
        let (previous, next) = (slot.previous, slot.next);
        self.slots[previous as usize].next = next;
        self.slots[next as usize].previous = previous;
        self.free.push(index);
        self.len -= 1;
        Some(request)
    }

    /// The request that waits longest: its id, what it asked, and when it is given up.
    pub(super) fn oldest(&self) -> Option<(u32, Request, Timestamp)> {
        let index = self.slots[HEAD as usize].next;
        let slot = &self.slots[index as usize];
        slot.request.map(|(request, deadline)| (slot.generation << INDEX_BITS | index, request, deadline))
    }

    /// All requests, in the order in which they were inserted.
    pub(super) fn drain(&mut self) -> Vec<Request> {
        let mut requests = Vec::with_capacity(self.len);
        while let Some((id, ..)) = self.oldest() {
            requests.extend(self.remove(id));
        }
        requests
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn a_request_is_answered_once() {
        let mut table = RequestTable::new(10);
        let id = table.insert(Request::Message(1), at(0)).unwrap();
        assert_eq!(table.remove(id), Some(Request::Message(1)));
        assert_eq!(table.remove(id), None);
        let reused = table.insert(Request::Message(2), at(0)).unwrap();
        assert_ne!(reused, id, "an old answer does not pass for a new one");
        assert_eq!(table.remove(id), None);
        assert_eq!(table.remove(reused), Some(Request::Message(2)));
    }

    #[test]
    fn ids_that_were_never_given_are_unknown() {
        let mut table = RequestTable::new(10);
        for id in [0, 1, INDEX_MASK, u32::MAX] {
            assert_eq!(table.remove(id), None);
        }
    }

    #[test]
    fn the_order_of_insertion_survives_removals() {
        let mut table = RequestTable::new(10);
        let ids: Vec<_> = (0..5).map(|n| table.insert(Request::Message(n), at(0)).unwrap()).collect();
        table.remove(ids[0]);
        table.remove(ids[3]);
        table.insert(Request::Message(5), at(1)).unwrap();
        assert_eq!(table.oldest().map(|(id, ..)| id), Some(ids[1]));
        assert_eq!(table.drain(), [1, 2, 4, 5].map(Request::Message));
        assert_eq!(table.len(), 0);
        assert_eq!(table.oldest(), None);
    }

    #[test]
    fn a_full_table_takes_no_more_until_one_is_answered() {
        let mut table = RequestTable::new(2);
        let first = table.insert(Request::Info, at(0)).unwrap();
        table.insert(Request::Info, at(0)).unwrap();
        assert_eq!(table.insert(Request::Info, at(0)), None);
        table.remove(first);
        assert!(table.insert(Request::Info, at(0)).is_some());
    }
}
