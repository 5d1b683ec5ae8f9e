//! A worker that a test drains instead of waiting for it; what it leaves behind fails the test.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use till::clients::mailer::{Mailer, SmtpMailer};
use till::config::BaseUrl;
use till::service::mails::Mails;
use till::service::payments::Payments;
use till::worker::{Worker, WorkerParts};

use super::TestServices;
use super::smtp::SmtpSink;

/// An address at which nobody listens: the port of the discard service.
const NOBODY: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9);

/// The worker's parts over these services; its mail goes to the sink.
pub fn parts(test: &TestServices, sink: &SmtpSink) -> WorkerParts {
    parts_with(test, test.payments(BaseUrl::of(NOBODY)), sink)
}

/// [`parts`] that settle these payments.
pub fn parts_with(test: &TestServices, payments: Payments, sink: &SmtpSink) -> WorkerParts {
    let from = "Till <no-reply@till.test>".parse().unwrap();
    let mailer: Arc<dyn Mailer> = Arc::new(SmtpMailer::new(&sink.url(), from).unwrap());
    let services = test.services.clone();
    let public_url = BaseUrl::parse("https://till.test").unwrap();
    WorkerParts {
        payments,
        mails: Mails { services: services.clone(), mailer, public_url },
        jobs: test.jobs(BaseUrl::of(NOBODY)),
        webhooks: test.webhooks(),
        audit_log_kept: Duration::from_secs(365 * 24 * 3_600),
        services,
    }
}

/// Does all that is due; a message or a mail that is left over fails the test.
pub async fn run_worker_until_idle(worker: &Worker, test: &TestServices) {
    worker.run_until_idle().await.unwrap();
    assert_eq!(left_over(test).await, Vec::<String>::new());
}

/// What is neither done nor given up, each with the reason.
pub async fn left_over(test: &TestServices) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT 'message ' || topic || ': ' || coalesce(last_error, 'not tried') FROM outbox WHERE sent_at IS NULL
         UNION ALL
         SELECT 'mail ' || kind || ' is not sent' FROM mail_deliveries
         WHERE sent_at IS NULL AND NOT EXISTS (SELECT FROM dead_letters
             WHERE dead_letters.message_id = mail_deliveries.message_id AND consumer = kind)
         UNION ALL
         SELECT 'attempt ' || kind || ' is live' FROM payment_attempts WHERE state = 'live'
         UNION ALL
         SELECT 'webhook to ' || endpoint_id || ' is not tried' FROM webhook_deliveries
         WHERE status = 'pending' AND tries = 0
         UNION ALL
         SELECT 'job ' || kind || ' is ' || status FROM jobs WHERE status IN ('queued', 'processing')",
    )
    .fetch_all(&*test.services.pool)
    .await
    .unwrap()
}

/// Dead letters as (consumer, reason), the oldest first.
pub async fn dead_letters(test: &TestServices) -> Vec<(String, String)> {
    sqlx::query_as("SELECT consumer, reason FROM dead_letters ORDER BY died_at, message_id")
        .fetch_all(&*test.services.pool)
        .await
        .unwrap()
}
