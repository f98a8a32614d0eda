//! What must hold after each happening, each panicking with what broke it.

use trustline_core::ledger::Authority;
use trustline_core::session::{AuthenticationRequest, Credentials};
use trustline_core::wire::{Body, Packet};

use super::{CONNECTIONS, IN_FLIGHT, OPEN, OurSide, UNANSWERED};
use crate::names::{START, no_data, payment, seconds};

/// Of the connections that are gone, so many are tried again.
const LATE: usize = 8;

impl OurSide {
    /// All that is below.
    pub fn obeys_every_law(&mut self) {
        self.gave_each_request_one_answer_where_it_was_asked();
        self.took_answers_only_where_it_had_asked();
        self.gave_each_connection_up_once();
        self.ignores_what_comes_late_or_twice();
        self.kept_its_bounds();
        self.kept_its_limits();
    }

    /// Over the connection that asked, whatever it asked; at once, or when our application has the answer.
    pub fn gave_each_request_one_answer_where_it_was_asked(&self) {
        assert_eq!(self.misanswered, Vec::<String>::new());
    }

    /// What the peer answers on another connection does nothing.
    pub fn took_answers_only_where_it_had_asked(&self) {
        assert_eq!(self.misplaced, []);
    }

    /// For one reason.
    pub fn gave_each_connection_up_once(&self) {
        assert_eq!(self.given_up_again, []);
    }

    /// What is gone, what is open already, and time that has not come.
    pub fn ignores_what_comes_late_or_twice(&mut self) {
        let late = Packet { request_id: 1, body: Body::Prepare(payment(0, 1, START.saturating_add(seconds(10)))) };
        let late = late.encode().expect("it can be sent");
        let again = AuthenticationRequest { request_id: 9, credentials: Credentials::default() };
        let now = self.side.now;
        let before = self.side.whole_state();
        let session = &mut self.side.session;
        for gone in self.gone.iter().rev().take(LATE) {
            session.handle_frame(*gone, &late, now);
            session.handle_text(*gone);
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
        assert!(session.in_flight() <= IN_FLIGHT * session.connections().count());
        assert!(session.in_flight() <= self.asked.len(), "what we wait for was asked");
        for open in session.connections() {
            let unanswered = self.requests.iter().filter(|((connection, _), _)| *connection == open).count();
            assert!(unanswered <= UNANSWERED, "{unanswered} requests wait for our application");
        }
    }
}
