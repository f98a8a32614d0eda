//! The auditor: reads ledger files that nobody has open, and says what does not add up.
//!
//! Each account must come to what its effects come to, and hold what its open transfers hold. Two ledgers of one
//! trustline must mirror each other: what one has paid, the other was paid, and nothing is undecided.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use trustline_smol::core::TransferId;
use trustline_smol::core::ledger::{Direction, Effect, Fact, Snapshot, Sums};
use trustline_smol::{Journal as _, JournalError, Sqlite};

use crate::cli::AuditArgs;
use crate::text;

/// Effects read at once.
const PAGE: usize = 10_000;

/// Payments named one by one; of more, there is only their number.
const MAX_NAMED: usize = 3;

/// `letter-shop audit`: exit 0 only if everything adds up.
pub(crate) fn run(args: &AuditArgs) -> Result<ExitCode, Box<dyn Error>> {
    let ledgers = args.ledgers.iter().map(|file| Ledger::read(file)).collect::<Result<Vec<_>, _>>()?;
    let mut faults: Vec<String> = ledgers.iter().flat_map(Ledger::faults).collect();
    match &ledgers[..] {
        [_] => {}
        [one, other] => faults.extend(differences(one, other)),
        _ => return Err("one ledger can be audited, or two can be compared".into()),
    }
    if !faults.is_empty() {
        return Err(format!("this does not add up: {}", faults.join("; ")).into());
    }
    for ledger in &ledgers {
        text::say(&ledger.to_string());
    }
    if ledgers.len() == 2 {
        text::say("The two ledgers mirror each other, and nothing is pending.");
    }
    Ok(ExitCode::SUCCESS)
}

/// One file.
struct Ledger {
    file: PathBuf,
    accounts: Vec<Books>,
}

/// One account: what it says of itself, and what its effects say.
struct Books {
    name: String,
    state: Snapshot,
    tally: Tally,
}

/// What the effects come to. It knows nothing of how a trustline works but which facts move money.
#[derive(Default)]
struct Tally {
    /// The number of the first effect that is kept.
    first: Option<u64>,
    last: u64,
    incoming_posted: u128,
    outgoing_posted: u128,
    transfers: HashMap<TransferId, Agreed>,
    faults: Vec<String>,
}

/// A transfer that the effects speak of.
#[derive(Clone, Copy)]
struct Agreed {
    direction: Direction,
    amount: u64,
    paid: bool,
}

impl Ledger {
    fn read(file: &Path) -> Result<Self, Box<dyn Error>> {
        // To look must not create it.
        if !file.exists() {
            return Err(format!("there is no ledger {}", file.display()).into());
        }
        let journal = Sqlite::builder(file).keep_all_effects().open()?;
        let accounts = journal.accounts()?.into_iter().map(|name| Books::read(&journal, name)).collect::<Result<_, _>>()?;
        Ok(Self { file: file.to_owned(), accounts })
    }

    fn faults(&self) -> Vec<String> {
        let name = |books: &Books, fault| format!("in {}, account {:?}, {fault}", self.file.display(), books.name);
        self.accounts.iter().flat_map(|books| books.faults().into_iter().map(move |fault| name(books, fault))).collect()
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} adds up:", self.file.display())?;
        if self.accounts.is_empty() {
            return f.write_str(" it has no accounts yet.");
        }
        for (n, Books { name, state, tally }) in self.accounts.iter().enumerate() {
            let effects = if tally.is_complete() { "all" } else { "the last" };
            let kept = tally.first.map_or(0, |first| tally.last - first + 1);
            let (balance, kept) = (text::grouped(state.sums.balance()), text::counted(kept, "effect"));
            let before = if n == 0 { "" } else { ";" };
            write!(f, "{before} account {name:?} has the balance {balance}, by {effects} {kept}")?;
        }
        f.write_str(".")
    }
}

impl Books {
    fn read(journal: &Sqlite, name: String) -> Result<Self, JournalError> {
        let no_state = || JournalError::Other(format!("account {name:?} has a name, and nothing else"));
        let state = journal.load(&name)?.ok_or_else(no_state)?;
        let mut tally = Tally::default();
        loop {
            let page = journal.effects(&name, tally.last, PAGE)?;
            for effect in &page {
                tally.add(effect);
            }
            if page.len() < PAGE {
                return Ok(Self { name, state, tally });
            }
        }
    }

    /// What does not add up.
    fn faults(&self) -> Vec<String> {
        let Self { state: Snapshot { sequence, sums, open, .. }, tally, .. } = self;
        let mut faults = tally.faults.clone();
        let mut check = |what: &str, stored: u128, found: u128, by: &str| {
            if stored != found {
                faults.push(format!("{what} is {stored}, and {found} by its {by}"));
            }
        };
        let held = |direction| -> u128 {
            let pending = open.iter().filter(|(_, transfer)| transfer.direction == direction && transfer.state.is_pending());
            pending.map(|(_, transfer)| u128::from(transfer.terms.amount())).sum()
        };
        check("what is pending towards it", sums.incoming_pending, held(Direction::Incoming), "open transfers");
        check("what is pending from it", sums.outgoing_pending, held(Direction::Outgoing), "open transfers");
        if tally.first.is_some() {
            check("the last number", u128::from(*sequence), u128::from(tally.last), "effects");
        }
        if tally.is_complete() {
            check("what was paid to it", sums.incoming_posted, tally.incoming_posted, "effects");
            check("what it has paid", sums.outgoing_posted, tally.outgoing_posted, "effects");
        }
        faults
    }
}

impl Tally {
    /// Whether all effects are kept that there ever were.
    fn is_complete(&self) -> bool {
        self.first == Some(1)
    }

    fn add(&mut self, effect: &Effect) {
        if self.first.is_some() && effect.sequence != self.last + 1 {
            self.faults.push(format!("effect {} follows effect {}", effect.sequence, self.last));
        }
        self.first.get_or_insert(effect.sequence);
        self.last = effect.sequence;
        match &effect.fact {
            Fact::Prepared { direction, transfer } => self.agree(transfer.id, *direction, transfer.amount),
            Fact::Transferring { id, amount, .. } => self.agree(*id, Direction::Outgoing, *amount),
            Fact::Fulfilled { id, .. } => self.pay(*id),
            Fact::Transferred { direction, id: Some(id), amount, .. } => {
                self.agree(*id, *direction, *amount);
                self.pay(*id);
            }
            Fact::Transferred { direction, id: None, amount, .. } => self.post(*direction, *amount),
            _ => {}
        }
    }

    fn agree(&mut self, id: TransferId, direction: Direction, amount: u64) {
        let agreed = self.transfers.entry(id).or_insert(Agreed { direction, amount, paid: false });
        if !agreed.paid {
            *agreed = Agreed { direction, amount, paid: false };
        }
    }

    fn pay(&mut self, id: TransferId) {
        let is_complete = self.is_complete();
        match self.transfers.get_mut(&id) {
            Some(agreed) if agreed.paid => self.faults.push(format!("transfer {id} is paid twice")),
            Some(agreed) => {
                agreed.paid = true;
                let Agreed { direction, amount, .. } = *agreed;
                self.post(direction, amount);
            }
            // It was prepared before the first effect that is kept.
            None if !is_complete => {}
            None => self.faults.push(format!("transfer {id} is paid, and nobody prepared it")),
        }
    }

    fn post(&mut self, direction: Direction, amount: u64) {
        let posted = match direction {
            Direction::Incoming => &mut self.incoming_posted,
            Direction::Outgoing => &mut self.outgoing_posted,
        };
        *posted += u128::from(amount);
    }

    fn has_paid(&self, id: &TransferId, direction: Direction) -> bool {
        self.transfers.get(id).is_some_and(|agreed| agreed.paid && agreed.direction == direction)
    }
}

/// In what two ledgers of one trustline do not mirror each other.
fn differences(one: &Ledger, other: &Ledger) -> Vec<String> {
    let mut faults = Vec::new();
    for ledger in [one, other] {
        if ledger.accounts.len() > 1 {
            faults.push(format!("{} has {} accounts, and only one can be compared", ledger.file.display(), ledger.accounts.len()));
        }
        for books in &ledger.accounts {
            let pending = books.state.sums.incoming_pending + books.state.sums.outgoing_pending;
            if pending > 0 {
                faults.push(format!("{pending} is still pending in {}", ledger.file.display()));
            }
        }
    }
    let sums = |ledger: &Ledger| ledger.accounts.first().map_or_else(Sums::default, |books| books.state.sums);
    for (payer, payee) in [(one, other), (other, one)] {
        let (paid, received) = (sums(payer).outgoing_posted, sums(payee).incoming_posted);
        let (from, to) = (payer.file.display(), payee.file.display());
        if paid != received {
            faults.push(format!("{from} has paid {paid}, and {to} was paid {received}"));
        }
        if let ([payer], [payee]) = (&payer.accounts[..], &payee.accounts[..]) {
            faults.extend(unmatched(&payer.tally, &payee.tally, Direction::Outgoing).map(|ids| format!("only {from} has paid {ids}")));
            faults.extend(unmatched(&payee.tally, &payer.tally, Direction::Incoming).map(|ids| format!("only {to} was paid {ids}")));
        }
    }
    faults
}

/// Payments that one ledger has and the other has not, where both have all their effects.
fn unmatched(one: &Tally, other: &Tally, direction: Direction) -> Option<String> {
    if !one.is_complete() || !other.is_complete() {
        return None;
    }
    let mirrored = match direction {
        Direction::Incoming => Direction::Outgoing,
        Direction::Outgoing => Direction::Incoming,
    };
    let mut ids: Vec<_> = one.transfers.keys().filter(|id| one.has_paid(id, direction) && !other.has_paid(id, mirrored)).collect();
    ids.sort_unstable();
    let named: Vec<_> = ids.iter().take(MAX_NAMED).map(ToString::to_string).collect();
    let more = ids.len().saturating_sub(MAX_NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!ids.is_empty()).then(|| format!("{}{more}", named.join(", ")))
}

#[cfg(test)]
mod tests {
    use trustline_smol::core::ledger::{Lineage, Transfer};
    use trustline_smol::core::{Fulfillment, Timestamp};

    use super::*;

    fn id() -> TransferId {
        TransferId::from([1; 16])
    }

    fn prepared() -> Fact {
        let condition = Fulfillment::from([7; 32]).condition();
        let transfer = Transfer { id: id(), amount: 10, condition, expires_at: Timestamp::MAX, protocol_data: bytes::Bytes::new() };
        Fact::Prepared { direction: Direction::Incoming, transfer: transfer.into() }
    }

    fn fulfilled() -> Fact {
        Fact::Fulfilled { id: id(), fulfillment: Fulfillment::from([7; 32]), protocol_data: bytes::Bytes::new() }
    }

    /// Numbered from `first`.
    fn tally(first: u64, facts: impl IntoIterator<Item = Fact>) -> Tally {
        let mut tally = Tally::default();
        for (sequence, fact) in (first..).zip(facts) {
            tally.add(&Effect { sequence, at: Timestamp::MAX, fact });
        }
        tally
    }

    #[test]
    fn a_payment_counts_once_and_a_second_time_is_a_fault() {
        let paid = tally(1, [prepared(), fulfilled()]);
        assert_eq!((paid.incoming_posted, paid.outgoing_posted, paid.faults.len()), (10, 0, 0));
        for again in [tally(1, [prepared(), fulfilled(), fulfilled()]), tally(1, [prepared(), fulfilled(), prepared(), fulfilled()])] {
            assert_eq!((again.incoming_posted, again.faults.len()), (10, 1));
            assert!(again.faults[0].contains("paid twice"), "{:?}", again.faults);
        }
        let unknown = tally(1, [Fact::Expired { id: id() }, fulfilled()]);
        assert!(unknown.faults[0].contains("nobody prepared it"), "{:?}", unknown.faults);
        assert!(tally(9, [fulfilled()]).faults.is_empty(), "it was prepared before what is kept");
    }

    #[test]
    fn sums_that_are_not_those_of_the_effects_are_a_fault() {
        let books = |incoming_posted, sequence| {
            let sums = Sums { incoming_posted, ..Sums::default() };
            let bounds = trustline_smol::core::ledger::Bounds::UNBOUNDED;
            let state = Snapshot { sequence, sums, bounds, open: Vec::new(), finished: Vec::new(), lineage: Lineage::default() };
            Books { name: String::new(), state, tally: tally(1, [prepared(), fulfilled()]) }
        };
        assert!(books(10, 2).faults().is_empty());
        assert_eq!(books(11, 2).faults(), ["what was paid to it is 11, and 10 by its effects"]);
        assert_eq!(books(10, 3).faults(), ["the last number is 3, and 2 by its effects"]);
    }

    #[test]
    fn a_payment_that_only_one_side_has_is_named() {
        let (paid, unpaid) = (tally(1, [prepared(), fulfilled()]), tally(1, [prepared()]));
        assert_eq!(unmatched(&paid, &unpaid, Direction::Incoming), Some(id().to_string()));
        assert_eq!(unmatched(&unpaid, &paid, Direction::Outgoing), None);
    }
}
