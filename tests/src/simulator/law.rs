//! What must hold between the parties: at any time, and when everyone has settled.

use trustline_core::ledger::Sums;

use super::books::{Books, Fate};
use super::world::{HOST, Who, World};

/// No money is made, and none is lost: what one side has paid and what the other was paid differ by no more than what
/// is on its way. And no transfer is paid on one side and back on the other.
pub(super) fn at_any_time(world: &World) {
    for account in 0..world.processes[HOST].parties.len() {
        let host = Total::of(&[world.party(Who { process: HOST, account }).decided()]);
        let others: Vec<_> = dialers(world, account).map(|who| world.party(who).decided()).collect();
        let others = Total::of(&others);
        host.check_paid_to(&others);
        others.check_paid_to(&host);
    }
    for payment in &world.payments {
        let Some(paid) = world.party(payment.by).decided().entry(&payment.id) else { continue };
        for payee in payees(world, payment.by) {
            let Some(received) = world.party(payee).decided().entry(&payment.id) else { continue };
            let fates = (paid.fate, received.fate);
            assert!(!matches!(fates, (Fate::Paid, Fate::Back) | (Fate::Back, Fate::Paid)), "{:?}: {fates:?}", payment.id);
        }
    }
}

/// Everything is decided, everyone knows, and the two sides of every trustline mirror each other.
pub(super) fn when_settled(world: &World) {
    for account in 0..world.processes[HOST].parties.len() {
        let host = world.party(Who { process: HOST, account }).session.sums();
        let mut mirrored = Sums::default();
        for who in dialers(world, account) {
            let sums = world.party(who).session.sums();
            mirrored.incoming_posted += sums.outgoing_posted;
            mirrored.outgoing_posted += sums.incoming_posted;
        }
        assert_eq!(*host, mirrored, "the two sides mirror each other");
    }
    if world.are_equals() {
        let kept: Vec<Vec<_>> = world.everyone().into_iter().map(|who| world.party(who).session.connections().collect()).collect();
        assert_eq!(kept[0], kept[1], "equals keep the same connection");
    }
    for payment in &world.payments {
        let fate = |who| world.party(who).decided().entry(&payment.id).map(|entry| entry.fate);
        let is_paid = fate(payment.by) == Some(Fate::Paid);
        let payees = payees(world, payment.by).filter(|payee| fate(*payee) == Some(Fate::Paid)).count();
        assert_eq!(usize::from(is_paid), payees, "{:?} came to the same end on both sides", payment.id);
    }
    for who in world.everyone() {
        let party = world.party(who);
        for id in &party.interested {
            assert!(party.was_told(id), "{} was told how {id:?} ended", party.name);
        }
    }
}

/// What still waits for something, in words; `None` if everyone has settled.
pub(super) fn unsettled(world: &World) -> Option<String> {
    for who in world.everyone() {
        let party = world.party(who);
        let problem = match () {
            () if !world.processes[who.process].is_up || party.has_failed() => "is down",
            () if !party.is_settled() => "waits for its disk",
            () if party.session.in_flight() > 0 => "waits for answers",
            () if party.decided().open_len() > 0 => "has something open",
            () if !party.unanswered.is_empty() => "has a message without an answer",
            () if party.owes_answers() > 0 => "owes answers",
            () if !party.session.is_connected() => "is not connected",
            () if world.are_equals() && party.session.connections().count() > 1 => "has more than one connection",
            () => continue,
        };
        let open: Vec<_> = party.decided().entries().filter(|(_, entry)| entry.is_open()).collect();
        return Some(format!("{} {problem}; open: {open:?}", party.name));
    }
    world.lines.iter().any(|line| line.firsts().next().is_some()).then(|| "something is on its way".to_owned())
}

fn dialers(world: &World, account: usize) -> impl Iterator<Item = Who> + '_ {
    (1..world.processes.len()).filter(move |process| world.accounts[*process] == account).map(|process| Who { process, account: 0 })
}

fn payees(world: &World, payer: Who) -> Box<dyn Iterator<Item = Who> + '_> {
    if payer.process == HOST { Box::new(dialers(world, payer.account)) } else { Box::new(std::iter::once(world.host_of(payer.process))) }
}

/// One side of a trustline, which may be several processes.
struct Total {
    sums: Sums,
    lapsed: u128,
}

impl Total {
    fn of(books: &[&Books]) -> Self {
        let mut total = Self { sums: Sums::default(), lapsed: 0 };
        for books in books {
            let sums = books.sums();
            total.sums.incoming_posted += sums.incoming_posted;
            total.sums.incoming_pending += sums.incoming_pending;
            total.sums.outgoing_posted += sums.outgoing_posted;
            total.sums.outgoing_pending += sums.outgoing_pending;
            total.lapsed += books.lapsed();
        }
        total
    }

    fn check_paid_to(&self, payee: &Self) {
        let (paid, received) = (self.sums.outgoing_posted, payee.sums.incoming_posted);
        let (on_its_way, in_doubt) = (self.sums.outgoing_pending + self.lapsed, payee.sums.incoming_pending);
        assert!(received <= paid + on_its_way, "money is made: {paid} paid, {on_its_way} on its way, {received} received");
        assert!(paid <= received + in_doubt, "money is lost: {paid} paid, {received} received, {in_doubt} in doubt");
    }
}
