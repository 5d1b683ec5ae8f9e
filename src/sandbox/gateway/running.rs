//! What runs beside the calls, from start to stop; takes no calls.

use std::{future::Future, sync::atomic::Ordering, time::Duration};

use super::Gateway;
use crate::sandbox::{callbacks, ids::ChargeId, settle};

impl Gateway {
    /// Begins to send call-backs and to settle; once per provider.
    pub(in crate::sandbox) fn start(&self) -> bool {
        if self.0.started.swap(true, Ordering::SeqCst) {
            return false;
        }
        self.spawn(callbacks::run(self.clone()));
        self.spawn(settle::run(self.clone()));
        true
    }

    /// Ends what runs beside, writes what is queued and lets go of the record.
    pub(in crate::sandbox) async fn stop(&self) {
        self.0.stopping.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
        let gateway = self.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || gateway.0.log.close()).await {
            let error: &dyn std::error::Error = &error;
            tracing::error!(error, "closing the gateway's record failed");
        }
    }

    pub(in crate::sandbox) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        // Nobody joins it by its handle: `stop` waits for all tasks.
        drop(self.0.tasks.spawn(task));
    }

    /// The pending charge to settle next, and how long until then.
    pub(in crate::sandbox) fn next_settlement(&self) -> Option<(ChargeId, Duration)> {
        let ledger = self.ledger();
        let charge = ledger.book.longest_pending()?;
        let age = Duration::try_from(self.now() - charge.created_at).unwrap_or_default();
        Some((charge.id, self.0.delays.async_settle_after.saturating_sub(age)))
    }
}
