//! The laws, and the property that each of them is.
//!
//! A law is what the README promises, whatever anyone does and whatever breaks. Each, but for two at the end, is one property with a
//! name, that is tried with operations, frames and conversations which nobody chose; they come from `trustline_core::testing`, where
//! everyone can have them. What is broken is shown as the shortest case that breaks it. Each run tries 256 cases of every law, but
//! 64 of a store's, which open files and ports. To try more of the others:
//!
//! ```sh
//! PROPTEST_CASES=100000 cargo test --release -p trustline-tests --test ledger_laws
//! ```
//!
//! # What is in a frame
//!
//! | law | property | file |
//! |---|---|---|
//! | No peer byte panics, and what is read can be sent on as it was | `whatever_comes_is_a_packet_or_an_error` | `core/tests/wire_laws.rs` |
//! | The same for ILP packets | `an_ilp_packet_with_damage_is_a_packet_or_an_error` | `core/tests/wire_laws.rs` |
//! | What is sent is received | `a_packet_survives_its_frame` | `core/tests/wire_laws.rs` |
//! | The same of protocol data that is kept | `protocol_data_survives_by_itself` | `core/tests/wire_laws.rs` |
//! | The same of ILP packets, with bytes behind them | `an_ilp_packet_survives_its_bytes` | `core/tests/wire_laws.rs` |
//! | The same of times as text | `a_timestamp_survives_its_text` | `core/tests/wire_laws.rs` |
//! | Bytes after the last field are ignored | `bytes_behind_a_frame_change_nothing` | `core/tests/wire_laws.rs` |
//! | A frame is read whole or not at all | `no_part_of_a_frame_is_a_packet` | `core/tests/wire_laws.rs` |
//! | What is received is what others receive, and what is wrong with it too | `three_decoders_read_the_same` | `tests/tests/decoder_laws.rs` |
//! | What a fuzzer makes is valid | `whatever_bytes_become_a_packet_it_survives_its_frame` | `core/tests/wire_laws.rs` |
//! | No peer byte makes us allocate without bound | `what_a_frame_makes_us_allocate_is_bounded_by_its_length` | `tests/tests/allocation_laws.rs` |
//!
//! # Money
//!
//! | law | property | file |
//! |---|---|---|
//! | Every operation has the outcome that a ledger has which only keeps a list | `the_ledger_does_what_the_naive_one_does` | `tests/tests/ledger_laws.rs` |
//! | No balance changes without an effect, and nothing that was refused changes anything | `nothing_changes_without_an_effect` | `tests/tests/ledger_laws.rs` |
//! | Replaying all effects yields the live trustline | `replaying_all_effects_gives_the_live_trustline` | `tests/tests/ledger_laws.rs` |
//! | A snapshot and the later effects yield the same, and replay decides nothing anew | `a_snapshot_and_the_later_effects_rebuild_the_trustline` | `tests/tests/ledger_laws.rs` |
//! | An embedder's ledger that executes the effects comes to the same | `my_ledger_has_the_same_balance` | `core/src/testing/mod.rs` |
//! | A store gives back every effect that it was given | `any_effect_is_read_as_it_was_written` | `tests/tests/journal_laws.rs` |
//! | A store gives back every ledger that it was given | `a_ledger_and_its_effects_are_read_as_they_were_written` | `tests/tests/journal_laws.rs` |
//! | A commit that fails lets no frame leave | `a_commit_that_fails_lets_no_frame_leave` | `tests/tests/journal_laws.rs` |
//! | The limits bound the worst case, with everything pending counted | `the_bounds_hold_in_the_worst_case` | `tests/tests/ledger_laws.rs` |
//! | What is posted only grows | `what_is_posted_only_grows` | `tests/tests/ledger_laws.rs` |
//! | A repeat is answered as the first time and moves nothing | `repeated_messages_move_nothing` | `tests/tests/ledger_laws.rs` |
//! | A replay after everything is forgotten is refused as expired | `a_prepare_is_prepared_once_however_late_it_is_repeated` | `tests/tests/ledger_laws.rs` |
//! | From its expiry on nothing is fulfilled, by the clock of the one who decides | `nothing_is_fulfilled_from_its_expiry_on` | `tests/tests/ledger_laws.rs` |
//! | The preimage of the condition is the only key | `nothing_is_fulfilled_but_by_the_preimage_of_its_condition` | `tests/tests/ledger_laws.rs` |
//! | What is in doubt ends only by an answer | `what_is_in_doubt_ends_only_by_an_answer` | `tests/tests/ledger_laws.rs` |
//! | Memory is bounded by time, never by history | `the_memory_is_bounded_by_time_and_not_by_history` | `tests/tests/ledger_laws.rs` |
//! | Nothing depends on the order of a hash map | `the_same_operations_give_the_same_effects` | `tests/tests/ledger_laws.rs` |
//! | A peer's new transfers come no faster than its rate | `it_allows_what_the_list_of_all_that_were_made_allows` | `core/src/session/bucket.rs` |
//!
//! # One peer, who may say anything
//!
//! In all of these but the first two, as in every scenario, replaying the effects must give the live trustline after each input:
//! [`Side`](crate::Side) sees to that.
//!
//! | law | property | file |
//! |---|---|---|
//! | Who is not authenticated is not let in, and is told why | `a_well_formed_auth_is_read_and_everything_else_refused` | `tests/tests/acceptor_laws.rs` |
//! | What cannot be read has no answer | `an_unreadable_frame_lets_nobody_in` | `tests/tests/acceptor_laws.rs` |
//! | Each request is answered once, over its connection | `a_request_has_one_answer_where_it_was_asked` | `tests/tests/foreign_peer_laws.rs` |
//! | An answer counts only on the connection that was asked | `an_answer_counts_only_where_it_was_asked_for` | `tests/tests/foreign_peer_laws.rs` |
//! | A connection is given up once, for one reason | `a_connection_is_given_up_once` | `tests/tests/foreign_peer_laws.rs` |
//! | Inputs may come late or twice | `an_input_that_comes_late_or_twice_changes_nothing` | `tests/tests/foreign_peer_laws.rs` |
//! | The limits hold | `the_bounds_hold_whatever_a_peer_says` | `tests/tests/foreign_peer_laws.rs` |
//! | What it can open is bounded | `what_a_peer_can_open_is_bounded` | `tests/tests/foreign_peer_laws.rs` |
//! | A command that is refused changes nothing | `a_refused_command_changes_nothing` | `tests/tests/solo_laws.rs` |
//! | What got no answer is asked again: the same, in its first order | `what_has_no_answer_is_asked_again_in_its_first_order_and_as_it_was` | `tests/tests/solo_laws.rs` |
//! | A right to answer from before a reconnect is inert | `a_right_to_answer_is_good_where_it_was_asked_and_nowhere_else` | `tests/tests/solo_laws.rs` |
//! | Books that are not ours are disputed, and ours never adjusted | `a_balance_that_cannot_be_right_is_disputed_and_nothing_is_adjusted` | `tests/tests/solo_laws.rs` |
//!
//! # Two and more, whose lines break and whose processes die
//!
//! | law | property | file |
//! |---|---|---|
//! | Connected and with nothing in flight, the two ledgers mirror each other, and each payment came to one end | `a_hosted_ledger_and_its_client_mirror_each_other` | `tests/tests/session_laws.rs` |
//! | The same between equals | `the_ledgers_of_equals_mirror_each_other` | `tests/tests/session_laws.rs` |
//! | An older backup is noticed | `an_older_backup_is_noticed_or_makes_no_difference` | `tests/tests/session_laws.rs` |
//! | Of several who share an account each learns what became of its payments | `whoever_shares_an_account_learns_what_became_of_its_payments` | `tests/tests/shared_account_laws.rs` |
//! | Nobody is suspected whose ledger is whole | `of_those_who_share_an_account_only_one_that_was_set_back_is_disputed` | `tests/tests/shared_account_laws.rs` |
//! | Two equals that an application embeds come to the same | `the_two_come_to_the_same` | `core/src/testing/strategies/conversation.rs` |
//!
//! # What no property says
//!
//! That nothing leaves a process before what it rests on is durable, and that no money is made or lost, at any time, where
//! processes, their disks and the lines between them take turns in any order: for that there is the
//! [simulator](crate::simulator). `no_law_is_broken` in `tests/tests/simulation.rs` draws its runs by seeds of its own, which do not
//! shrink, and to which a number of cases means nothing; the fuzz target `consistency` looks for others.
