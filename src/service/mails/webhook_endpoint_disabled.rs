//! The mail to whoever owns a webhook endpoint that is sent nothing any more: which one, why, and how to go on.

use askama::Template;
use futures_util::future::FutureExt;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::SendMailError;
use super::kind::{Draft, MailKind, Words};
use crate::config::BaseUrl;
use crate::domain::event::Event;
use crate::domain::user::User;
use crate::domain::utc::Readable;
use crate::domain::webhook::{DisabledReason, GIVE_UP_AFTER, WebhookEndpoint};
use crate::store;

pub(super) static KIND: MailKind = MailKind {
    name: "webhook_endpoint_disabled",
    topic: "webhook_endpoint.disabled",
    draft: |conn, told| async move { draft(conn, &told.event()?).await }.boxed(),
};

/// The owner may have removed or enabled it again before this mail is due, or disabled it themselves: then there is nothing
/// to tell.
async fn draft(conn: &mut PgConnection, event: &Event) -> Result<Option<Draft>, SendMailError> {
    let &Event::WebhookEndpointDisabled { endpoint_id, customer_id, reason, since } = event else {
        return Err(SendMailError::OtherEvent { expected: "webhook endpoint that was disabled" });
    };
    let endpoint = store::webhook_endpoints::find(conn, endpoint_id, customer_id).await?;
    let Some(endpoint) = endpoint.filter(|endpoint| endpoint.disabled == Some(reason)) else {
        return Ok(None);
    };
    Ok(Some(Draft::new(customer_id, move |to, public_url| {
        write(to, public_url, &endpoint, (reason, since))
    })))
}

struct Facts<'a> {
    name: &'a str,
    endpoint: &'a WebhookEndpoint,
    why: String,
    since: Readable,
    /// Where it is changed.
    url: String,
}

#[derive(Template)]
#[template(path = "webhook_endpoint_disabled.txt")]
struct Text<'a> {
    mail: &'a Facts<'a>,
}

#[derive(Template)]
#[template(path = "webhook_endpoint_disabled.html")]
struct Html<'a> {
    mail: &'a Facts<'a>,
}

fn write(
    to: &User,
    public_url: &BaseUrl,
    endpoint: &WebhookEndpoint,
    (reason, since): (DisabledReason, OffsetDateTime),
) -> Result<Words, askama::Error> {
    let mail = &Facts {
        name: &to.name,
        endpoint,
        why: match reason {
            DisabledReason::Owner => "You asked for it.".to_owned(),
            DisabledReason::Gone => "It answered 410 (Gone): it wants no more events.".to_owned(),
            DisabledReason::Failing => {
                format!("It took nothing for {} days.", GIVE_UP_AFTER.whole_days())
            }
        },
        since: Readable(since),
        url: public_url.join(&format!("/v1/webhook-endpoints/{}", endpoint.id)),
    };
    Words::of("A webhook endpoint of yours is disabled".to_owned(), &Text { mail }, &Html { mail })
}
