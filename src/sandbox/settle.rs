//! Settles `pm_async` charges when their time has come; decides nothing else.

use super::{Gateway, charge::Settlement, gateway::CallError};

/// Grants each pending charge once it is old enough, until the provider stops.
pub async fn run(gateway: Gateway) {
    let stopping = gateway.stopping();
    loop {
        let changed = gateway.pending_changed();
        let due = async {
            match gateway.next_settlement() {
                Some((id, wait)) => {
                    tokio::time::sleep(wait).await;
                    Some(id)
                }
                None => std::future::pending().await,
            }
        };
        let due = tokio::select! {
            () = stopping.cancelled() => return,
            () = changed => None,
            due = due => due,
        };
        let Some(id) = due else { continue };
        match gateway.settle(id, Settlement::Captured).await {
            // Refused: somebody settled it by hand meanwhile.
            Ok(_) | Err(CallError::Refused(_)) => {}
            Err(error @ (CallError::Record(_) | CallError::Unwritable(_))) => {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, "pending charges are not settled any more");
                return;
            }
        }
    }
}
