//! The worker: every message has its effect once, whatever happens on the way, and timers do what is due.
//!
//! | row | what fails | shown by |
//! | --- | --- | --- |
//! | B1 | a crash after the commit, or between publishing and the mark | `a_worker_that_is_killed_at_work_loses_no_mail`, `a_worker_that_dies_between_publishing_and_marking_has_one_effect`, `a_mail_is_sent_once_even_if_nobody_remembers_that_the_message_was_handled` |
//! | B2 | the broker is down, restarted, or short of memory | `messages_wait_for_a_broker_that_is_away_at_the_start`, `a_broker_that_goes_away_again_and_again_loses_and_doubles_no_mail`, `while_the_memory_alarm_is_on_orders_are_taken_and_afterwards_nothing_is_lost`, `the_lag_is_the_number_and_the_age_of_what_is_not_sent` |
//! | B3 | a message that no queue takes, that is refused, or never confirmed | `what_no_queue_takes_is_never_counted_as_sent_however_much_else_is_under_way`, `what_the_broker_refuses_stays_in_the_outbox_until_it_takes_it`, `while_the_memory_alarm_is_on_orders_are_taken_and_afterwards_nothing_is_lost` |
//! | B4 | a consumer is killed before it acknowledged | `a_worker_that_is_killed_at_work_loses_no_mail`, `a_mail_that_a_dead_worker_had_claimed_is_sent_when_its_lease_is_over`, `a_copy_of_the_message_makes_no_second_event_and_no_second_delivery` |
//! | B5 | poison: what can't be read, a panic, what kills its worker | `poison_is_given_up_with_its_reason_while_others_go_on`, `what_can_not_be_read_is_given_up_with_its_reason_while_others_go_on`, `a_consumer_that_panics_has_failed_and_nothing_more`, `a_message_that_kills_every_worker_it_meets_is_given_up_by_the_broker` |
//! | B6 | a dead letter is replayed twice | `a_dead_letter_replayed_twice_has_its_effect_once`, `a_dead_letter_that_is_replayed_twice_has_one_effect` |
//! | B7 | an unknown event, unknown members | `poison_is_given_up_with_its_reason_while_others_go_on`, `members_that_an_event_has_besides_are_passed_over` |
//! | B8 | several relays, workers and timers at once | `two_workers_at_once_send_each_mail_once`, `two_workers_expire_each_order_once`, `two_workers_at_once_make_each_report_once`, `one_key_over_three_instances_makes_one_order_and_each_registration_one_mail` |
//! | B9 | a mail server that refuses for a while or for good, a header in a name | `a_mail_that_is_refused_for_a_while_is_sent_once_in_the_end`, `a_mail_that_is_refused_for_good_is_given_up_with_the_servers_words`, `a_mail_that_never_gets_through_is_given_up_after_bounded_tries`, `a_second_copy_of_any_kind_bears_the_same_message_id_and_the_same_words`, `a_line_break_in_a_name_makes_no_header_and_no_second_reader` |
//! | B10 | a report's worker is killed twice, two claim it, it is cancelled, the disk is full | `a_report_whose_worker_is_killed_twice_is_complete_and_exact`, `of_two_workers_with_the_whole_file_the_one_with_the_lease_is_named`, `a_report_that_is_cancelled_while_it_is_written_stops_and_leaves_nothing`, `a_store_that_takes_nothing_fails_the_report_with_the_reason_and_leaves_no_half_file` |
//! | B11 | a webhook endpoint answers 500, hangs, answers 410, redirects, leads to a private address | `what_an_endpoint_does_not_take_comes_again_with_the_same_webhook_id_and_body`, `an_endpoint_that_hangs_is_left_at_its_deadline_and_tried_again`, `an_endpoint_that_answers_410_is_disabled_and_its_owner_can_read_why`, `a_redirect_is_not_followed_and_counts_as_not_taken`, `a12_a_name_that_leads_to_a_private_address_by_now_is_not_connected_to` |
//! | B12 | cells that a spreadsheet would calculate | `a_text_that_a_spreadsheet_would_calculate_is_neutralised_and_a_negative_number_is_not` |

mod dead_letters;
mod jobs;
mod mails;
mod memory_alarm;
mod messages;
mod rabbitmq;

use till::domain::access::Role;
use till::domain::user::{Email, PersonName, User};
use till::service::auth::passwords::Password;
use till::service::users::register::{self, Register};

use crate::support::promise::assert_rows_name_tests;
use crate::support::{TestServices, author};

/// A customer who has just registered; the message about it waits in the outbox.
async fn register(test: &TestServices, name: &str) -> User {
    let command = Register {
        email: Email::parse(&format!("{name}@example.com")).unwrap(),
        name: PersonName::parse("Ada Lovelace").unwrap(),
        password: Password::parse("correct horse battery").unwrap(),
        role: Role::Customer,
    };
    register::register(&test.services, (author(), &test.cause()), command).await.unwrap()
}

/// The worker died after the message was handled and before that was written down.
pub async fn forget_that_it_was_sent(test: &TestServices) {
    sqlx::query("UPDATE outbox SET sent_at = NULL, due_at = created_at")
        .execute(&*test.services.pool)
        .await
        .unwrap();
}

#[test]
fn every_row_of_the_promise_names_tests_that_exist() {
    assert_rows_name_tests(include_str!("mod.rs"), 'B', 12);
}
