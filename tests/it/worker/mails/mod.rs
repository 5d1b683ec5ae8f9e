//! Mails to customers, at a mail server of the test: sent once, in these words, and to nobody who is gone.

mod headers;
mod once;
mod tokens;
mod unsent;
mod words;

use serde_json::{Value, json};
use till::worker::{Worker, WorkerParts};

use crate::api::reports;
use crate::api::shop::{Actor, Shop, all_of, call};
use crate::api::support::Answered;
use crate::support::smtp::{Arrived, Letter, SmtpSink};
use crate::support::worker::{parts_with, run_worker_until_idle};

/// A shop whose mails are seen.
struct Mailed {
    shop: Shop,
    sink: SmtpSink,
    worker: Worker,
}

async fn mailed() -> Mailed {
    let (shop, sink) = (Shop::open().await, SmtpSink::start().await);
    let parts = parts_with(&shop.test, shop.payments.clone(), &sink);
    let worker = Worker::in_process(WorkerParts { jobs: reports::jobs(&shop), ..parts });
    Mailed { shop, sink, worker }
}

impl Mailed {
    async fn work(&self) {
        run_worker_until_idle(&self.worker, &self.shop.test).await;
    }

    /// Every mail of this kind that Ada got; those who work here get some too.
    fn to_ada(&self, kind: &str) -> Vec<Arrived> {
        let mut arrived = self.sink.arrived();
        let id = format!("<{kind}.");
        arrived.retain(|mail| {
            mail.to == "ada@example.com" && mail.header("Message-ID").starts_with(&id)
        });
        arrived
    }

    /// The one mail of this kind that Ada got.
    fn mail(&self, kind: &str) -> Letter {
        let [mail] = <[Arrived; 1]>::try_from(self.to_ada(kind)).unwrap();
        mail.read()
    }

    /// A message as another program would write it.
    async fn write_message(&self, topic: &str, payload: Value) {
        let ambient = &self.shop.test.services.ambient;
        sqlx::query(
            "INSERT INTO outbox (id, topic, payload, request_id, created_at, due_at)
             VALUES ($1, $2, $3, 'test', $4, $4)",
        )
        .bind(ambient.uuid())
        .bind(topic)
        .bind(payload)
        .bind(ambient.now())
        .execute(&*self.shop.test.services.pool)
        .await
        .unwrap();
    }

    async fn execute(&self, statement: &'static str) {
        sqlx::query(statement).execute(&*self.shop.test.services.pool).await.unwrap();
    }

    /// All that a customer is written of: an order is placed and paid, a part goes back, a report is made, a webhook
    /// endpoint is lost, a password forgotten. Nothing is sent before the worker works.
    async fn everything(&self, ada: &Actor) -> Everything {
        let order = ada.order(&self.shop.product("MUG", 5).await, 2).await;
        let payment = pay(ada, &all_of(&order, "pm_ok")).await;
        let part = json!({ "amount": 1_000, "reason": "One arrived broken." });
        let refund = self.refund(&payment, &part).await;
        let (endpoint, report) =
            (self.lost_endpoint(ada).await, reports::ask(ada, "orders", "csv").await);
        self.forget_password("ada").await;
        self.ask_for_verification(ada).await;
        Everything { order, payment, refund, report, endpoint }
    }

    /// Somebody asks for another password.
    async fn forget_password(&self, name: &str) -> Answered {
        let who = json!({ "email": format!("{name}@example.com") });
        let asked = call(&self.shop.router, "/v1/auth/password-reset", &who).await;
        assert_eq!(asked.status, 202, "{}", asked.text);
        asked
    }

    /// Somebody asks for the token of the welcome mail once more.
    async fn ask_for_verification(&self, ada: &Actor) {
        let asked = ada.post_with("/v1/auth/verify-email/resend", &[], "").await;
        assert_eq!(asked.status, 202, "{}", asked.text);
    }

    /// A webhook endpoint that wanted no more; its id.
    async fn lost_endpoint(&self, ada: &Actor) -> String {
        let wish = json!({ "url": "https://hooks.test/?a=<b>", "events": ["*"] }).to_string();
        let made = ada.post_with("/v1/webhook-endpoints", &[], &wish).await.json();
        self.execute("UPDATE webhook_endpoints SET disabled_reason = 'gone'").await;
        let told = json!({
            "type": "webhook_endpoint.disabled",
            "data": { "endpointId": made["id"], "customerId": ada.id, "reason": "gone", "since": "2026-03-02T12:00:00Z" },
        });
        self.write_message("webhook_endpoint.disabled", told).await;
        text(&made, "id").to_owned()
    }

    async fn refund(&self, payment: &Value, wish: &Value) -> Value {
        let support = self.shop.staff("support").await;
        let path = format!("/v1/payments/{}/refunds", text(payment, "id"));
        let refunded = support.post(&path, "refund", wish).await;
        assert_eq!(refunded.json()["status"], "succeeded", "{}", refunded.text);
        refunded.json()
    }
}

/// What was made, as the API shows it; of the report and of the endpoint their ids.
struct Everything {
    order: Value,
    payment: Value,
    refund: Value,
    report: String,
    endpoint: String,
}

async fn pay(actor: &Actor, wish: &Value) -> Value {
    let paid = actor.pay("pay", wish).await;
    assert_eq!(paid.status, 201, "{}", paid.text);
    paid.json()
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap()
}
