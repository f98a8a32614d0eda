//! A trustline to which anything may be done, and what watches it: the naive ledger, to which the same is done, and a
//! trustline that only hears of the effects.

use bytes::Bytes;
use trustline_core::ledger::{Direction, Lineage, Snapshot, Transfer, Trustline, TrustlineConfig};
use trustline_core::testing::{Bank, NotDone, Operation, Request};
use trustline_core::{Fulfillment, Timestamp, TransferId};

use crate::model::{Model, Verdict};
use crate::names::{START, fulfillment, transfer_id};

/// A bank, and what watches it.
#[derive(Debug)]
pub struct Watched {
    bank: Bank,
    config: TrustlineConfig,
    /// It only hears of the effects.
    replica: Trustline,
    model: Model,
}

impl Watched {
    /// A bank in which nothing has happened.
    pub fn new(config: TrustlineConfig) -> Self {
        let replica = Trustline::new(config.clone());
        Self { bank: Bank::new(config.clone()), replica, model: Model::new(config.clone()), config }
    }

    /// Does something. Then the verdict, the sums, the names and the number of open and remembered transfers are those of
    /// the naive ledger; there is an effect if and only if something changed; and applying it elsewhere changes the same.
    pub fn perform(&mut self, operation: &Operation) {
        let before = views(&self.bank.trustline);
        let expected = naive(&self.bank, &mut self.model, operation);
        let result = self.bank.perform(operation);
        let verdict = result.as_ref().map(Option::is_some).map_err(reason);
        assert_eq!(verdict, expected.map_err(str::to_owned), "{operation:?}");
        if let Ok(Some(effect)) = result {
            assert_eq!((effect.sequence, effect.at), (before.0.sequence + 1, self.bank.now), "each effect has its number and its time");
            self.replica.apply(&effect);
            self.replica.apply(&effect); // a second time changes nothing
        } else {
            assert_eq!(views(&self.bank.trustline), before, "no effect, no change");
        }
        let trustline = &self.bank.trustline;
        assert_eq!(views(&self.replica), views(trustline), "replay gives the live trustline");
        assert_eq!(*trustline.sums(), self.model.sums());
        let Lineage { ledger, openings, peers, others } = trustline.lineage();
        let openings = openings.iter().map(|opening| opening.id).collect();
        assert_eq!((*ledger, openings, peers.values().map(|peer| peer.position).collect(), *others), self.model.lineage());
        assert_eq!((trustline.open_len(), trustline.remembered_len()), self.model.counts());
    }

    /// The process starts again, from a snapshot, which gives the same trustline.
    pub fn restart(&mut self) {
        let before = views(&self.bank.trustline);
        self.bank.trustline = Trustline::from_snapshot(self.config.clone(), before.0.clone());
        assert_eq!(views(&self.bank.trustline), before, "a snapshot gives the same trustline");
    }
}

/// All that can be seen of a trustline: its state, and when what will expire, which is kept beside it and is in no snapshot.
pub fn views(trustline: &Trustline) -> (Snapshot, [Vec<TransferId>; 2], [Option<Timestamp>; 2]) {
    let directions = [Direction::Incoming, Direction::Outgoing];
    let expiring = directions.map(|direction| trustline.expired(direction, Timestamp::MAX).collect());
    (trustline.snapshot(), expiring, directions.map(|direction| trustline.next_expiry(direction)))
}

/// What the naive ledger makes of it. The clock stays.
fn naive(bank: &Bank, model: &mut Model, operation: &Operation) -> Verdict {
    let now = bank.now;
    let unconditional = |n, amount| {
        let condition = Fulfillment::from([0; 32]).condition();
        Transfer { id: transfer_id(n), amount, condition, expires_at: START, protocol_data: Bytes::new() }
    };
    match *operation {
        Operation::Prepare { n, amount, expires_in } => {
            model.prepare(Direction::Outgoing, &bank.conditional(n, amount, expires_in), true, now)
        }
        Operation::Transfer { n, amount } => model.prepare(Direction::Outgoing, &unconditional(n, amount), false, now),
        Operation::Fulfill { n, with } => model.fulfill(transfer_id(n), fulfillment(with), now),
        Operation::Reject { n } => model.reject(transfer_id(n), now),
        Operation::Expire { n } => model.expire(transfer_id(n), now),
        Operation::SetBounds { bounds } => model.set_bounds(bounds, now),
        Operation::ReceivePrepare { n, amount, expires_in } => {
            model.prepare(Direction::Incoming, &bank.conditional(n, amount, expires_in), true, now)
        }
        Operation::ReceiveTransfer { n: Some(n), amount } => model.receive_transfer(&unconditional(n, amount), now),
        Operation::ReceiveTransfer { n: None, amount } => model.receive_unnamed_transfer(amount, now),
        Operation::ReceiveFulfill { n, with } => model.receive_fulfill(transfer_id(n), fulfillment(with), now),
        Operation::ReceiveReject { n } => model.receive_reject(transfer_id(n), now),
        Operation::Open { id } => model.open(id),
        Operation::SeePeer { position } => model.see_peer(position),
        Operation::SeeUnnamed => model.see_unnamed(),
        Operation::Answered { to: Request::Prepare, accepted: true, .. } | Operation::Wait { .. } => Ok(false),
        Operation::Answered { n, to, accepted } => model.answered(transfer_id(n), to, accepted, now),
    }
}

/// The name of the reason, as the naive ledger has it.
fn reason(not_done: &NotDone) -> String {
    let words = match not_done {
        NotDone::Prepare(error) => format!("{error:?}"),
        NotDone::Fulfill(error) => format!("{error:?}"),
        NotDone::Reject(error) => format!("{error:?}"),
        NotDone::Refused(refusal) => format!("{refusal:?}"),
    };
    words.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}
