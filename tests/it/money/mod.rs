//! Money is never lost or doubled, whatever fails: each row of the promise, and the tests that show it.
//!
//! | row | what fails | shown by |
//! | --- | --- | --- |
//! | M1 | the answer is lost after the commit | `an_answer_lost_after_the_commit_comes_again_byte_for_byte_and_nothing_happens_twice` |
//! | M2 | fifty requests with one key at once, over two instances | `fifty_payments_under_one_key_at_two_instances_are_one_charge_and_one_answer`, `fifty_orders_under_one_key_at_two_instances_are_one_order` |
//! | M3 | a key that is another's, another request's, or none | `a_key_stands_for_one_request_of_one_user`, `a_key_that_is_none_is_refused_and_nothing_begins` |
//! | M4 | a request that was not valid, mended under its key | `a_request_mended_under_the_same_key_runs` |
//! | M5 | the process dies at any step of claim, call and settle | `a_charge_whose_process_dies_at_any_step_is_made_once_and_settled`, `a_capture_whose_process_dies_at_any_step_is_made_once_and_settled`, `a_cancellation_whose_process_dies_at_any_step_is_made_once_and_settled`, `a_refund_whose_process_dies_at_any_step_is_made_once_and_settled` |
//! | M6 | the gateway charges and times out, fails, cuts the line, talks nonsense, 10 MiB or a redirect | `a_charge_whose_answer_is_lost_is_settled_by_looking_it_up_and_charged_once`, `a_charge_whose_answer_is_nonsense_is_a_202_and_settled_by_a_look_up_with_our_key` |
//! | M7 | the gateway does not charge and times out | `a_charge_that_never_reached_the_gateway_is_tried_again_under_the_same_key`, `a_charge_that_the_gateway_never_makes_is_given_up_at_last` |
//! | M8 | success comes after the payment was given up | `money_that_comes_late_is_taken_by_an_order_that_still_waits_for_it`, `money_that_comes_too_late_is_on_the_record_and_goes_back`, `late_money_whose_call_back_was_lost_is_found_an_hour_or_a_day_after_it_was_given_up` |
//! | M9 | call-backs ten times, in any order, forged, old, changed, of another amount | `ten_copies_of_a_call_back_settle_the_payment_once`, `in_every_order_that_call_backs_may_come_the_payment_ends_the_same`, `forged_changed_and_old_messages_are_401_and_nothing_of_them_is_read`, `a_signed_message_of_another_amount_currency_or_payment_is_kept_for_a_human` |
//! | M10 | refunds at once and in parts, captures twice, too much and after a cancellation | `of_twenty_full_refunds_at_once_over_two_instances_one_goes_back`, `partial_refunds_at_once_never_give_back_more_than_was_captured`, `of_twenty_captures_at_once_one_takes_the_money`, `a_part_is_taken_and_the_rest_released_so_that_another_payment_may_pay_it`, `a_cancelled_payment_frees_its_order_and_can_be_neither_taken_nor_cancelled_again` |
//! | M11 | two hundred buyers of ten pieces, two instances | `of_two_hundred_buyers_at_two_instances_ten_get_the_ten_pieces` |
//! | M12 | orders that name two products in opposite order | `orders_that_name_two_products_in_opposite_order_all_succeed`, `orders_that_name_products_in_opposite_order_never_deadlock` |
//! | M13 | an order expires at the instant of its payment | `of_expiry_and_payment_at_one_instant_one_wins_and_the_stock_is_counted_once` |
//! | M14 | every state under every verb | `every_state_of_an_order_takes_its_one_legal_step_and_refuses_the_others_with_409`, `every_state_of_a_payment_takes_its_one_legal_step_and_refuses_the_others_with_409` |
//! | M15 | amounts, currencies and sums that are none | `amounts_that_are_no_money_are_refused_where_they_stand_and_charge_nothing`, `money_without_and_with_three_decimal_places_and_the_largest_amount_are_charged_as_they_are`, `sums_that_overflow_and_pieces_that_are_none_are_refused_with_a_pointer` |
//! | M16 | a clock jumps an hour, two clocks differ by one | `a_clock_that_jumps_an_hour_while_a_payment_is_called_changes_nothing_about_its_end`, `a_payment_that_is_under_way_by_one_clock_and_dead_by_the_other_is_charged_once`, `an_order_that_is_over_by_one_clock_alone_ends_once_and_takes_no_money_after` |
//! | M17 | a process is stopped through its lease, then woken | `what_a_process_does_that_was_stopped_through_its_lease_and_woken_changes_nothing`, `who_lost_the_lease_while_it_was_paused_settles_nothing` |
//! | M18 | the check after all this | every test of this folder ends with it; `each_rule_is_seen_broken_and_the_rows_are_named` |

mod amounts;
mod bad_gateway;
mod callbacks;
mod clocks;
mod expiry;
mod fail_points;
mod lost_answers;
mod pauses;
mod transitions;

use till::config::BaseUrl;
use till::service::check::{GatewayRecord, check};

use crate::api::shop::Shop;
use crate::support::promise::assert_rows_name_tests;
use crate::support::services::GATEWAY_DEADLINE;

/// `till check` finds nothing.
async fn assert_right(shop: &Shop) {
    let gateway = BaseUrl::of(shop.sandbox.address);
    let record = GatewayRecord::new(gateway, GATEWAY_DEADLINE).unwrap();
    let services = &shop.test.services;
    let report = check(&services.pool, Some(&record), 10).await.unwrap();
    assert!(report.is_clean(), "{:#?}", report.findings);
}

#[test]
fn every_row_of_the_promise_names_tests_that_exist() {
    assert_rows_name_tests(include_str!("mod.rs"), 'M', 18);
}
