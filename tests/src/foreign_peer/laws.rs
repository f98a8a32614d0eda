//! What must hold after each act, each panicking with what broke it.

use trustline_core::ledger::Authority;
use trustline_core::session::{AuthenticationRequest, Credentials};
use trustline_core::wire::{Body, Packet};

use super::{CONNECTIONS, ForeignPeer, OPEN};
use crate::names::{START, no_data, payment, seconds};

impl ForeignPeer {
    /// All that is below.
    pub fn obeys_every_law(&mut self) {
        self.gave_each_request_one_answer_where_it_was_asked();
        self.took_answers_only_where_it_had_asked();
        self.ignores_what_comes_late_or_twice();
        self.kept_its_bounds();
        self.kept_its_limits();
    }

    /// Over the connection that asked, whatever it asked.
    pub fn gave_each_request_one_answer_where_it_was_asked(&self) {
        assert_eq!(self.misanswered, Vec::<String>::new());
    }

    /// What the peer answers on another connection does nothing.
    pub fn took_answers_only_where_it_had_asked(&self) {
        assert_eq!(self.misplaced, []);
    }

    /// What is gone, what is open already, and time that has not come.
    pub fn ignores_what_comes_late_or_twice(&mut self) {
        let late = Packet { request_id: 1, body: Body::Prepare(payment(0, 1, START.saturating_add(seconds(10)))) };
        let late = late.encode().expect("it can be sent");
        let again = AuthenticationRequest { request_id: 9, credentials: Credentials::default() };
        let now = self.side.now;
        let before = self.side.whole_state();
        let session = &mut self.side.session;
        for gone in &self.gone {
            session.handle_frame(*gone, &late, now);
            session.handle_disconnected(*gone, now);
        }
        for open in session.connections().collect::<Vec<_>>() {
            session.handle_connected(open, now);
            session.handle_accepted(open, &again, no_data(), now);
        }
        if session.poll_timeout().is_none_or(|deadline| deadline.at > now) {
            session.handle_timeout(now);
        }
        assert_eq!(session.poll_output(), None);
        assert_eq!(self.side.whole_state(), before);
    }

    /// What the balance may be, however the peer pays and is paid.
    pub fn kept_its_bounds(&self) {
        let (session, bounds) = (&self.side.session, self.side.config().bounds);
        let sums = session.sums();
        let signed = |sum: u128| i128::try_from(sum).expect("it is far below 2^127");
        assert!(signed(sums.incoming_posted + sums.incoming_pending) - signed(sums.outgoing_posted) <= bounds.maximum);
        // What the host of the ledger fulfills late counts, whatever our own minimum.
        if session.trustline().authority() != Authority::Theirs {
            assert!(signed(sums.incoming_posted) - signed(sums.outgoing_posted + sums.outgoing_pending) >= bounds.minimum);
        }
    }

    /// What the peer can make us keep.
    pub fn kept_its_limits(&self) {
        let session = &self.side.session;
        assert!(session.trustline().open_len() <= OPEN);
        assert!(session.connections().count() <= CONNECTIONS);
        assert!(session.in_flight() <= self.asked.len(), "what we wait for was asked");
    }
}
