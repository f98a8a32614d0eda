//! A process: one clock, one disk, and a party for each account that it keeps.

use trustline_core::Timestamp;
use trustline_core::session::ConnectionId;

use super::clock::Clock;
use super::disk::Disk;
use super::party::Party;

pub(super) struct Process {
    pub(super) clock: Clock,
    pub(super) disk: Disk,
    pub(super) parties: Vec<Party>,
    pub(super) is_up: bool,
    /// How often it was started: what an application meant to do is gone with its process.
    pub(super) incarnation: u32,
    pub(super) is_closing: bool,
    /// It is about to dial.
    pub(super) is_dialing: bool,
    /// What it dialed last.
    pub(super) dialed: Option<ConnectionId>,
}

impl Process {
    pub(super) fn new(parties: Vec<Party>, clock: Clock) -> Self {
        let disk = Disk::new(parties.len());
        Self { clock, disk, parties, is_up: true, incarnation: 0, is_closing: false, is_dialing: false, dialed: None }
    }

    /// Whether it has no connection, and none that it dialed and that has not come to its end: then it dials, if it does that.
    pub(super) fn is_alone(&self) -> bool {
        let session = &self.parties[0].session;
        !session.is_connected() && !session.connections().any(|open| Some(open) == self.dialed)
    }

    /// It dies. What is left is what is on its disk, and `is_kept` of what was on its way there.
    pub(super) fn die(&mut self, is_kept: impl FnMut() -> bool, mut snapshot_at: impl FnMut(usize) -> usize) {
        self.disk.crash(is_kept);
        self.incarnation += 1;
        (self.is_up, self.is_closing, self.is_dialing) = (false, false, false);
        for (account, party) in self.parties.iter_mut().enumerate() {
            let journal = self.disk.journal(account);
            party.restart(journal, snapshot_at(journal.len()));
        }
    }

    /// The true time, `now` or later, of the next deadline of a party, and which party.
    pub(super) fn deadlines(&self, now: Timestamp) -> impl Iterator<Item = (Timestamp, usize)> + '_ {
        let parties = self.parties.iter().enumerate().filter(|_| self.is_up);
        parties.filter_map(move |(index, party)| {
            let deadline = party.session.poll_timeout().filter(|_| !party.has_failed())?;
            Some((self.clock.when(deadline.at, now), index))
        })
    }
}
