//! The service under load and with its parts gone: what is shown for each row of the promise, and the tests that no other
//! part of the house has a place for.
//!
//! | row | what happens | shown by |
//! | --- | --- | --- |
//! | L1 | Redis is gone, or says nothing | `l1_without_redis_each_process_enforces_the_whole_limit_by_itself`, `l1_a_redis_that_says_nothing_is_not_waited_for_by_every_request`, `l1_without_redis_all_goes_on_each_instance_by_itself_and_the_log_says_it_once`, `l1_without_redis_both_go_on_and_what_they_hold_lives_for_a_second`, `when_redis_is_back_it_is_asked_again` |
//! | L2 | Postgres is gone and comes back, a table is locked | `l2_while_postgres_is_away_it_is_said_and_afterwards_all_that_was_answered_is_there`, `l2_while_postgres_is_away_nobody_waits_for_a_connection`, `l2_a_locked_table_stops_what_needs_it_and_nothing_else`, `l2_without_the_database_what_was_seen_is_served_and_the_rest_says_when_to_come_back`, `l2_a_change_that_failed_for_want_of_a_database_takes_nothing_away_from_readers`, `l2_a_locked_table_holds_up_some_of_the_connections_and_the_others_work` |
//! | L3 | more clients than connections | `l3_no_operation_needs_a_second_connection_while_it_holds_one`, `l3_of_twenty_times_as_many_clients_as_connections_none_hangs_and_all_are_served_afterwards` |
//! | L4 | four times as much as can be done | `l4_under_strain_low_is_refused_first_then_normal_then_checkout_and_probes_never`, `l4_a_checkout_that_finds_no_place_waits_for_one_before_a_read_that_came_earlier`, `l4_a_refused_order_changes_nothing_and_its_key_is_as_new`, `l4_clients_that_go_away_give_their_places_back`; the rates stand in docs/measurements.md |
//! | L5 | slow, idle and endless peers | `a_peer_that_drips_a_head_byte_by_byte_is_closed`, `a_connection_that_idles_after_an_answer_is_closed`, `l5_hundreds_of_peers_that_drip_are_closed_while_another_is_served`, `l5_a_body_that_does_not_end_is_cut_off_by_its_size_or_its_time`, `l5_a_packed_body_is_refused_before_it_is_unpacked`, `l5_bodies_that_do_not_come_hold_no_place` |
//! | L6 | JSON that is meant to hurt | `what_is_not_json_is_malformed`, `nul_is_refused_where_it_stands`, `a_body_of_many_members_is_refused_by_their_number_and_a_large_one_by_its_size` |
//! | L7 | a client goes away | `l7_a_client_that_goes_away_leaves_an_order_with_its_key_or_none_and_no_connection_taken` |
//! | L8 | a stop under load, an instance that is killed, a migrated database | `a_stop_under_load_fails_no_request`, `l8_one_of_three_instances_is_killed_and_another_stopped_and_one_more_try_is_enough`, `l8_an_instance_of_the_release_before_works_on_a_database_that_was_migrated_further` |
//! | L9 | a handler panics | `a_panic_is_a_problem_that_tells_nothing_of_it`, `l9_a_panic_in_a_transaction_gives_its_connection_back` |
//! | L10 | one hot key expires | `l10_five_hundred_requests_for_what_nobody_holds_make_one_query`, `l10_one_hot_key_expires_under_500_requests_and_one_query_is_made_while_nobody_waits` |
//! | L11 | the payment gateway is slow, failing or gone | `while_the_circuit_is_open_a_charge_is_refused_at_once_and_says_when_to_come_back`, `l11_a_gateway_that_hangs_holds_up_nothing_else_and_is_found_again`, `l11_payments_that_wait_for_a_slow_gateway_hold_no_place` |
//! | L12 | more requests at once than a limit allows | `l12_of_n_and_k_more_at_once_over_three_instances_n_pass_and_what_each_is_told_is_true`, `l12_three_instances_enforce_one_limit`, `who_waits_as_long_as_retry_after_says_gets_through_and_not_a_second_earlier` |
//! | L13 | questions that are meant to cost | `l13_questions_that_would_cost_much_are_bounded`, `l13_a_statement_that_takes_too_long_is_ended` |

mod clients;
mod database;
mod gateway;
mod questions;

use crate::support::promise::assert_rows_name_tests;

#[test]
fn every_row_of_the_promise_names_tests_that_exist() {
    assert_rows_name_tests(include_str!("mod.rs"), 'L', 13);
}
