//! The rows that a step on a payment rests on, locked in the one order: order, payment, attempt.

use sqlx::PgConnection;

use super::PaymentError;
use crate::domain::access::Reach;
use crate::domain::ids::PaymentId;
use crate::domain::order::Order;
use crate::domain::payment::{GatewayOperation, Payment};
use crate::store;

/// A payment with its order, which nobody else changes until this transaction ends.
pub(super) struct Locked {
    pub order: Option<Order>,
    pub payment: Payment,
}

pub(super) async fn lock(conn: &mut PgConnection, id: PaymentId) -> Result<Locked, PaymentError> {
    let seen = store::payments::find(conn, id, Reach::Everyone).await?;
    let order = match seen.ok_or(PaymentError::Lost(id))?.order_id {
        Some(order) => store::orders::find_for_update(conn, order, Reach::Everyone).await?,
        None => None,
    };
    let payment = store::payments::find_for_update(conn, id).await?;
    Ok(Locked { order, payment: payment.ok_or(PaymentError::Lost(id))? })
}

/// The payment, which nobody else changes until this transaction ends.
pub(super) async fn find_for_step(
    conn: &mut PgConnection,
    id: PaymentId,
    reach: Reach,
) -> Result<Payment, PaymentError> {
    store::payments::find_for_update(conn, id)
        .await?
        .filter(|payment| reach.includes(payment.customer_id))
        .ok_or(PaymentError::NotFound)
}

/// Of two steps that exclude each other the second waits for how the first ends.
pub(super) async fn nothing_under_way(
    conn: &mut PgConnection,
    payment: &Payment,
    wanted: GatewayOperation,
) -> Result<(), PaymentError> {
    if store::payment_attempts::is_live(conn, payment.id).await? {
        return Err(PaymentError::StepUnderWay { wanted, status: payment.status });
    }
    Ok(())
}
