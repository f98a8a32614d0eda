//! What every adapter to an async runtime must do, as one suite over real sockets: once for a host and a client on the
//! same runtime, and once for each two runtimes that meet.
//!
//! A case is an async function whose name says what it shows. [`contract!`](macro@crate::contract) makes tests of those that
//! need a host and a client, [`host_contract!`](crate::host_contract) of what a host owes to any peer, and
//! [`client_contract!`](crate::client_contract) of what a client owes to any host.

#![allow(missing_docs)] // the name of a case is its sentence

pub mod clients;
pub mod hosts;
pub mod pairs;
pub mod rig;

/// Makes tests of the cases of some themes.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_cases {
    ($side:ident, $block_on:path, $runtimes:tt; $($theme:ident: $($case:ident)+;)+) => {
        $(
            mod $theme {
                #[allow(unused_imports)] // a runtime may be named by its full path
                use super::*;

                $(
                    #[test]
                    fn $case() {
                        $crate::contract_case!($block_on, $crate::contract::$side::$theme::$case, $runtimes);
                    }
                )+
            }
        )+
    };
}

/// Runs one case.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_case {
    ($block_on:path, $case:path, [$first:ty $(, $more:ty)?]) => {{
        use $case as case;
        $block_on($crate::contract::rig::finishes::<$first>(case::<$first $(, $more)?>()))
    }};
}

/// Tests of a host and a client of ours, each on its runtime.
#[macro_export]
macro_rules! contract {
    (host: $host:ty, client: $client:ty, block_on: $block_on:path) => {
        $crate::contract_cases! { pairs, $block_on, [$host, $client];
            connecting:
                the_right_token_opens_the_account
                a_wrong_token_is_refused_with_a_reason
                an_unknown_user_is_refused
                an_application_may_decide_who_comes_in_by_what_else_they_show
                a_username_and_a_token_may_hold_any_characters
                a_host_may_have_many_accounts_that_see_nothing_of_each_other;
            paying:
                a_payment_is_fulfilled_on_both_books
                a_payment_is_rejected_with_the_payees_reason
                a_payment_under_an_unknown_condition_is_rejected
                a_payment_that_nobody_takes_expires
                a_payment_of_the_host_expires_by_its_own_clock
                a_payment_beyond_the_hosts_limit_is_refused
                a_payment_beyond_our_own_limit_is_not_sent
                a_payment_under_a_used_id_leaves_the_first_alone
                a_payment_goes_on_when_nobody_waits_for_it
                a_thousand_payments_at_once_are_all_fulfilled
                the_host_pays_its_client
                both_pay_each_other_at_once
                the_host_refunds_what_it_was_paid
                the_limits_of_both_hold_in_both_directions
                a_transfer_without_a_condition_is_paid_at_once;
            equals:
                either_pays_the_other_whoever_has_dialed
                equals_are_configured_and_know_each_other
                equals_pay_each_other_at_once
                each_equal_has_limits_of_its_own
                a_payment_between_equals_expires_for_both
                equals_who_both_dial_keep_one_connection
                equals_whose_lines_break_dial_at_once_and_find_each_other
                wherever_their_lines_are_cut_equals_lose_nothing
                an_equal_that_comes_late_or_comes_back_is_found
                an_equal_with_a_wrong_token_is_not_let_in
                what_cannot_be_a_peer_is_not_started
                an_equal_that_is_closed_or_dropped_leaves_nothing_behind;
            asking:
                requests_are_answered_both_ways
                many_answers_given_as_one_are_all_sent
                the_application_may_register_names_and_refuse
                a_name_that_nobody_registered_is_refused
                a_request_that_nobody_answers_times_out_and_the_connection_stays
                requests_that_nobody_takes_are_refused
                info_balance_and_limit_are_answered;
            carrying:
                notes_go_both_ways_with_every_outcome
                notes_go_with_what_is_decided_inline;
            sharing:
                customers_of_one_account_get_their_own_answers
                an_account_has_only_so_many_connections;
            reconnecting:
                a_cut_connection_comes_back_and_pays
                wherever_the_line_is_cut_every_payment_ends_the_same_on_both_sides
                a_host_that_went_away_is_found_again_on_its_port
                a_line_that_fell_silent_is_given_up_and_dialed_again;
            closing:
                a_client_that_closes_waits_for_the_answer_to_what_it_asked
                a_host_that_closes_answers_what_it_accepted
                closing_ends_the_events
                a_payment_that_outlives_its_client_is_told_so
                handles_that_are_dropped_leave_no_task_behind
                the_port_is_free_when_the_host_is_closed;
            reading_events:
                events_come_in_order
                a_host_tells_whose_events_they_are
                a_slow_reader_slows_only_its_own_account
                a_connection_that_was_not_read_from_for_long_is_kept
                a_handler_that_is_full_each_time_misses_nothing
                events_that_nobody_wants_stop_nobody;
            failing:
                a_handler_that_panics_takes_nobody_with_it
                an_authentication_that_panics_lets_nobody_in;
            journaling:
                what_rests_on_an_effect_waits_for_the_journal
                a_host_whose_journal_fails_stops_that_account_and_no_other
                a_host_whose_store_fails_stops_every_account_in_it
                a_client_whose_journal_fails_stops;
            restarting:
                a_host_that_restarts_from_its_file_is_asked_again_what_was_in_doubt;
            restoring:
                a_client_of_a_host_with_an_older_ledger_stops
                a_client_with_an_older_ledger_cannot_connect;
            administering:
                an_account_is_added_while_the_host_runs
                a_suspended_account_is_left_alone_and_keeps_its_ledger
                an_account_can_be_suspended_before_anybody_came
                an_account_is_removed_when_nothing_is_open
                an_account_with_open_transfers_is_removed_by_force_only
                what_an_account_may_do_changes_while_the_host_runs
                an_account_that_is_slow_to_load_holds_up_no_other
                an_account_that_cannot_be_loaded_is_tried_again;
            counting:
                every_frame_and_every_end_of_a_payment_is_counted
                what_is_refused_and_what_is_wrong_is_counted_by_its_reason
                commits_are_counted_with_their_sizes_and_times
                a_host_sums_up_also_what_is_gone;
            crowding:
                a_thousand_connections_stand_by_while_one_pays;
            encrypting:
                both_pay_each_other_over_tls
                equals_show_each_other_their_certificates
                a_cut_connection_comes_back_over_tls
                a_host_by_another_name_is_not_trusted
                a_certificate_is_good_at_its_time
                an_issuer_whom_nobody_knows_is_not_trusted
                one_side_with_tls_and_one_without_are_told_so
                a_clients_certificate_says_whose_account_it_is
                a_client_without_the_certificate_that_it_needs_is_told_so
                a_renewed_certificate_is_shown_from_now_on_and_drops_nobody
                a_renewal_that_fails_says_why_and_changes_nothing
                a_pipe_whose_other_end_is_gone_is_left
                who_does_not_read_over_tls_is_given_up;
            handing_in:
                a_client_reaches_a_host_through_pipes_and_finds_it_again
                a_connector_that_fails_says_why
                a_websocket_that_was_upgraded_elsewhere_goes_on_where_it_is
                what_the_application_knows_of_a_connection_reaches_its_authentication
                strangers_that_are_handed_in_are_bounded_too;
        }
    };
}

/// Tests of what a host owes to any peer.
#[macro_export]
macro_rules! host_contract {
    ($host:ty, block_on: $block_on:path) => {
        $crate::contract_cases! { hosts, $block_on, [$host];
            strangers:
                who_says_nothing_is_closed_in_time
                who_says_only_rubbish_is_closed_in_time
                each_stranger_has_a_time_of_its_own
                the_first_packet_must_authenticate
                a_second_authentication_is_refused_and_the_connection_stays
                there_are_only_so_many_strangers
                a_browser_is_told_that_this_is_no_website
                closing_sends_strangers_away;
            framing:
                bytes_may_come_one_by_one
                compression_is_declined
                text_and_rubbish_are_ignored
                a_frame_over_the_limit_is_closed_with_1009
                the_limit_of_a_frame_can_be_changed
                a_ping_is_answered
                what_came_before_the_end_of_the_stream_is_answered
                a_peer_that_does_not_answer_our_close_frame_is_left;
            routing:
                a_fulfill_goes_back_where_the_prepare_came_from
                a_fulfill_goes_to_the_newest_connection_when_the_first_is_gone
                an_answer_counts_only_from_who_was_asked;
            guessing:
                after_a_wrong_token_its_address_waits_and_no_other
                who_has_waited_is_let_in_and_waits_no_more
                of_many_guesses_at_once_few_are_looked_at;
            intruding:
                one_account_reaches_nothing_of_another
                a_flood_on_one_account_is_not_felt_on_another;
            flooding:
                who_does_not_read_is_given_up
                who_asks_without_reading_is_given_up;
            encrypting:
                who_makes_no_handshake_is_closed_in_time
                who_speaks_no_tls_is_told_and_closed_in_time
                the_end_of_a_connection_is_not_taken_for_a_cut
                closing_does_not_wait_for_a_handshake;
            living:
                who_answers_pings_is_kept
                who_answers_no_ping_is_given_up;
        }
    };
}

/// Tests of what a client owes to any host.
#[macro_export]
macro_rules! client_contract {
    ($client:ty, block_on: $block_on:path) => {
        $crate::contract_cases! { clients, $block_on, [$client];
            dialing:
                what_is_no_url_is_not_dialed
                a_port_where_nobody_listens
                a_port_that_speaks_http_and_no_websocket
                a_port_that_accepts_and_is_silent
                a_port_that_accepts_and_makes_no_tls_handshake
                a_host_that_does_not_answer_the_authentication
                a_host_that_closes_before_it_answers
                a_host_that_tells_nothing_of_its_ledger_can_be_paid;
            starting:
                what_no_waiting_mends_is_an_error
                a_host_that_is_not_there_yet_is_paid_when_it_is
                credentials_that_are_refused_are_told_and_shown_again
                what_a_file_left_in_doubt_is_asked_when_the_host_is_there;
            resending:
                what_was_not_answered_is_sent_again_as_it_was
                a_fulfillment_from_before_the_cut_is_not_lost;
            living:
                a_host_that_answers_pings_is_kept
                a_host_that_answers_no_ping_is_dialed_again
                a_line_that_is_cut_after_each_answer_is_dialed_soon;
            stopping:
                before_the_host_was_ever_there
                while_dialing
                while_the_host_is_silent
                while_the_authentication_is_not_answered
                between_two_attempts
                when_the_host_does_not_answer_the_close_frame;
        }
    };
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    #[test]
    fn every_case_is_in_the_list_of_its_side() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/contract");
        let lists = include_str!("mod.rs");
        for side in ["pairs", "hosts", "clients"] {
            for theme in fs::read_dir(here.join(side)).unwrap() {
                let cases = fs::read_to_string(theme.unwrap().path()).unwrap();
                for case in cases.split("pub async fn ").skip(1) {
                    let name = case.split('<').next().unwrap();
                    assert!(lists.split_whitespace().any(|word| word.trim_end_matches(';') == name), "{side}: {name} is never run");
                }
            }
        }
    }
}
