//! Orders: placed once, never more than there is, and ended once.

use std::sync::Arc;

use futures_util::future::join_all;
use till::domain::access::{Reach, Role};
use till::domain::ids::{Id, ProductId, UserId};
use till::domain::order::{
    Order, OrderFilter, OrderStatus, PlaceOrder, PlaceOrderRefusal, Shortage, UNPAID_ORDER_LIVES,
};
use till::domain::page::{PageRequest, PageSize};
use till::domain::stock::{AdjustmentReason, StockDelta};
use till::service::idempotency::{Answer, KeyError, Provenance};
use till::service::orders::{self, CancelOrder, OrderError};
use till::service::outcome::{Outcome, Refusal};
use till::service::products::{self, AdjustStock};
use time::Duration;

use crate::support::factories::{customer, granted, keyed, order_of, product};
use crate::support::{TestServices, author, services};

async fn place(test: &TestServices, command: &PlaceOrder) -> Answer {
    orders::place(&test.services, None, &test.cause(), command).await.unwrap()
}

async fn placed(test: &TestServices, command: &PlaceOrder) -> Order {
    order_in(place(test, command).await.outcome).unwrap()
}

fn order_in(outcome: Outcome) -> Option<Order> {
    match outcome {
        Outcome::OrderPlaced(order) => Some(*order),
        _ => None,
    }
}

async fn available(test: &TestServices, product: ProductId) -> i64 {
    products::find_inventory(&test.services, product).await.unwrap()
}

/// The one number that the query answers with.
async fn count(test: &TestServices, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(&*test.services.pool).await.unwrap()
}

async fn all_orders(test: &TestServices) -> i64 {
    count(test, "SELECT count(*) FROM orders").await
}

async fn restock(test: &TestServices, product_id: ProductId, pieces: i64, made_by: UserId) {
    let command = AdjustStock {
        product_id,
        delta: StockDelta::new(pieces).unwrap(),
        reason: AdjustmentReason::parse("delivery").unwrap(),
        made_by,
    };
    products::adjust_stock(&test.services, author(), None, &command).await.unwrap();
}

#[tokio::test]
async fn placing_an_order_twice_with_one_key_creates_one_order() {
    let test = services().await;
    let ada = customer(&test).await;
    let tea = product(&test, "oolong", 10, ada).await;
    let (command, request) = (order_of(ada, &[(tea.id, 3)]), keyed(ada, "k", 1));
    let cause = test.cause();
    let first = orders::place(&test.services, Some(&request), &cause, &command).await.unwrap();
    let second = orders::place(&test.services, Some(&request), &cause, &command).await.unwrap();
    assert_eq!(first.provenance, Provenance::Fresh);
    assert_eq!(second.provenance, Provenance::Replayed { request_id: request.request_id });
    assert_eq!(first.outcome, second.outcome);
    assert_eq!((all_orders(&test).await, available(&test, tea.id).await), (1, 7));
    assert_eq!(count(&test, "SELECT count(*) FROM outbox WHERE topic = 'order.created'").await, 1);
    let order = order_in(second.outcome).unwrap();
    assert_eq!(orders::find(&test.services, order.id, Reach::Own(ada)).await.unwrap(), order);
}

#[tokio::test]
async fn a_key_used_for_another_request_is_refused() {
    let test = services().await;
    let ada = customer(&test).await;
    let tea = product(&test, "oolong", 10, ada).await;
    let (command, cause) = (order_of(ada, &[(tea.id, 3)]), test.cause());
    orders::place(&test.services, Some(&keyed(ada, "k", 1)), &cause, &command).await.unwrap();
    let other = orders::place(&test.services, Some(&keyed(ada, "k", 2)), &cause, &command).await;
    assert!(matches!(other, Err(OrderError::Key(KeyError::Reused))), "{other:?}");
    assert_eq!(all_orders(&test).await, 1);
}

#[tokio::test]
async fn a_refusal_is_replayed_even_after_stock_came_in() {
    let test = services().await;
    let ada = customer(&test).await;
    let tea = product(&test, "oolong", 1, ada).await;
    let (command, request) = (order_of(ada, &[(tea.id, 2)]), keyed(ada, "k", 1));
    let cause = test.cause();
    let first = orders::place(&test.services, Some(&request), &cause, &command).await.unwrap();
    let shortage = Shortage { product_id: tea.id, requested: 2, available: 1 };
    let refusal = PlaceOrderRefusal::InsufficientStock { items: vec![shortage] };
    assert_eq!(first.outcome, Outcome::Refused(Refusal::PlaceOrder(refusal)));
    restock(&test, tea.id, 5, ada).await;
    let second = orders::place(&test.services, Some(&request), &cause, &command).await.unwrap();
    assert_eq!(second.outcome, first.outcome);
    assert_eq!((all_orders(&test).await, available(&test, tea.id).await), (0, 6));
}

#[tokio::test]
async fn a_refused_order_changes_nothing() {
    let test = services().await;
    let ada = customer(&test).await;
    let tea = product(&test, "oolong", 10, ada).await;
    let rare = product(&test, "gyokuro", 1, ada).await;
    let unknown: ProductId = test.services.ambient.id();
    let nobody: UserId = test.services.ambient.id();
    for command in [
        order_of(ada, &[(tea.id, 2), (rare.id, 2)]),
        order_of(ada, &[(tea.id, 2), (unknown, 1)]),
        order_of(nobody, &[(tea.id, 2)]),
    ] {
        let answer = place(&test, &command).await;
        assert!(matches!(answer.outcome, Outcome::Refused(_)), "{answer:?}");
    }
    assert_eq!((available(&test, tea.id).await, available(&test, rare.id).await), (10, 1));
    assert_eq!(all_orders(&test).await, 0);
    assert_eq!(count(&test, "SELECT count(*) FROM outbox").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_buyers_of_twenty_pieces_get_twenty() {
    let test = services().await;
    let ada = customer(&test).await;
    let tea = product(&test, "oolong", 20, ada).await;
    let command = order_of(ada, &[(tea.id, 1)]);
    let answers = join_all((0..60).map(|_| place(&test, &command))).await;
    let sold = answers.iter().filter(|a| matches!(a.outcome, Outcome::OrderPlaced(_))).count();
    assert_eq!((sold, available(&test, tea.id).await, all_orders(&test).await), (20, 0, 20));
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_that_name_products_in_opposite_order_never_deadlock() {
    let test = Arc::new(services().await);
    let ada = customer(&test).await;
    let a = product(&test, "a", 1000, ada).await.id;
    let b = product(&test, "b", 1000, ada).await.id;
    let buyers = (0..40).map(|number| {
        let test = Arc::clone(&test);
        let wanted = if number % 2 == 0 { [(a, 1), (b, 1)] } else { [(b, 1), (a, 1)] };
        tokio::spawn(async move { placed(&test, &order_of(ada, &wanted)).await })
    });
    for order in join_all(buyers).await {
        assert_eq!(order.unwrap().status, OrderStatus::Pending);
    }
    assert_eq!((available(&test, a).await, available(&test, b).await), (960, 960));
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(count(&test, deadlocks).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn cancels_at_once_return_the_stock_once() {
    let test = services().await;
    let ada = customer(&test).await;
    let tea = product(&test, "oolong", 10, ada).await;
    let id = placed(&test, &order_of(ada, &[(tea.id, 4), (tea.id, 1)])).await.id;
    assert_eq!(available(&test, tea.id).await, 5);
    let command = CancelOrder { id, reach: Reach::Own(ada) };
    let cause = test.cause();
    let cancels = (0..8).map(|_| orders::cancel(&test.services, (author(), &cause), None, command));
    let mut done = 0;
    for answer in join_all(cancels).await {
        match answer.unwrap().outcome {
            Outcome::OrderCancelled(_) => done += 1,
            other => {
                let status = OrderStatus::Cancelled;
                assert_eq!(other, Outcome::Refused(Refusal::OrderNotCancellable { status }));
            }
        }
    }
    assert_eq!((done, available(&test, tea.id).await), (1, 10));
    let events = "SELECT count(*) FROM outbox WHERE topic = 'order.cancelled'";
    assert_eq!(count(&test, events).await, 1);
}

#[tokio::test]
async fn an_order_expires_when_its_time_is_over_and_not_before() {
    let test = services().await;
    let ada = customer(&test).await;
    let tea = product(&test, "oolong", 10, ada).await;
    let id = placed(&test, &order_of(ada, &[(tea.id, 4)])).await.id;
    let cause = test.cause();
    test.clock.advance(UNPAID_ORDER_LIVES - Duration::MICROSECOND);
    assert_eq!(orders::expire_due(&test.services, &cause, 10).await.unwrap(), 0);
    test.clock.advance(Duration::MICROSECOND);
    assert_eq!(orders::expire_due(&test.services, &cause, 10).await.unwrap(), 1);
    assert_eq!(orders::expire_due(&test.services, &cause, 10).await.unwrap(), 0);
    let order = orders::find(&test.services, id, Reach::Everyone).await.unwrap();
    assert_eq!((order.status, available(&test, tea.id).await), (OrderStatus::Expired, 10));
}

#[tokio::test]
async fn an_order_with_a_live_payment_neither_expires_nor_is_cancelled() {
    let test = services().await;
    let ada = customer(&test).await;
    let tea = product(&test, "oolong", 10, ada).await;
    let order = placed(&test, &order_of(ada, &[(tea.id, 4)])).await;
    sqlx::query(
        "INSERT INTO payments (id, order_id, customer_id, status, amount, currency, payment_method,
                               capture_method, metadata, created_at, updated_at)
         VALUES ($1, $2, $3, 'processing', 100, 'MYR', 'pm_ok', 'automatic', '{}', $4, $4)",
    )
    .bind(test.services.ambient.uuid())
    .bind(order.id.as_uuid())
    .bind(ada.as_uuid())
    .bind(order.created_at)
    .execute(&*test.services.pool)
    .await
    .unwrap();
    test.clock.advance(UNPAID_ORDER_LIVES);
    let cause = test.cause();
    assert_eq!(orders::expire_due(&test.services, &cause, 10).await.unwrap(), 0);
    let command = CancelOrder { id: order.id, reach: Reach::Own(ada) };
    let answer = orders::cancel(&test.services, (author(), &cause), None, command).await.unwrap();
    let status = OrderStatus::Pending;
    assert_eq!(answer.outcome, Outcome::Refused(Refusal::OrderNotCancellable { status }));
    assert_eq!(available(&test, tea.id).await, 6);
}

#[tokio::test]
async fn an_unpaid_order_is_not_fulfilled() {
    let test = services().await;
    let ada = customer(&test).await;
    let tea = product(&test, "oolong", 10, ada).await;
    let id = placed(&test, &order_of(ada, &[(tea.id, 4)])).await.id;
    let staff = granted(Role::Support);
    let answer =
        orders::fulfil(&test.services, staff, (author(), &test.cause()), None, id).await.unwrap();
    let status = OrderStatus::Pending;
    assert_eq!(answer.outcome, Outcome::Refused(Refusal::OrderNotFulfillable { status }));
    sqlx::query("UPDATE orders SET status = 'paid', paid_amount = total_amount")
        .execute(&*test.services.pool)
        .await
        .unwrap();
    let answer =
        orders::fulfil(&test.services, staff, (author(), &test.cause()), None, id).await.unwrap();
    assert!(matches!(answer.outcome, Outcome::OrderFulfilled(_)), "{answer:?}");
}

#[tokio::test]
async fn another_customers_order_does_not_exist() {
    let test = services().await;
    let (ada, eve) = (customer(&test).await, customer(&test).await);
    let tea = product(&test, "oolong", 10, ada).await;
    let id = placed(&test, &order_of(ada, &[(tea.id, 4)])).await.id;
    let found = orders::find(&test.services, id, Reach::Own(eve)).await;
    assert!(matches!(found, Err(OrderError::NotFound)), "{found:?}");
    let command = CancelOrder { id, reach: Reach::Own(eve) };
    let cancelled = orders::cancel(&test.services, (author(), &test.cause()), None, command).await;
    assert!(matches!(cancelled, Err(OrderError::NotFound)), "{cancelled:?}");
    assert_eq!(available(&test, tea.id).await, 6);
}

#[tokio::test]
async fn pages_show_each_order_within_the_filter_once() {
    let test = services().await;
    let (ada, eve) = (customer(&test).await, customer(&test).await);
    let tea = product(&test, "oolong", 100, ada).await;
    placed(&test, &order_of(ada, &[(tea.id, 1)])).await;
    test.clock.advance(Duration::MINUTE);
    let from = test.services.ambient.now();
    let mut expected = Vec::new();
    for _ in 0..7 {
        expected.push(placed(&test, &order_of(ada, &[(tea.id, 1)])).await.id);
        placed(&test, &order_of(eve, &[(tea.id, 1)])).await;
    }
    expected.sort_unstable();
    let filter = OrderFilter {
        status: Some(OrderStatus::Pending),
        created_after: Some(from),
        created_before: Some(from + Duration::MINUTE),
    };
    let mut page = PageRequest { size: PageSize::parse(3).unwrap(), after: None };
    let mut seen = Vec::new();
    loop {
        let shown = orders::list(&test.services, Reach::Own(ada), filter, page).await.unwrap();
        seen.extend(shown.rows.iter().map(|order| order.id));
        let Some(next) = shown.next else { break };
        page.after = Some(next);
    }
    seen.reverse();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_request_that_failed_leaves_its_key_free_for_the_very_next_one() {
    let test = services().await;
    let buyer = customer(&test).await;
    let request = keyed(buyer, "k", 1);
    let nothing = CancelOrder { id: test.services.ambient.id(), reach: Reach::Own(buyer) };
    let cause = test.cause();
    for _ in 0..200 {
        let refused =
            orders::cancel(&test.services, (author(), &cause), Some(&request), nothing).await;
        assert!(matches!(refused, Err(OrderError::NotFound)), "{refused:?}");
    }
}
