//! One of the burst's shoppers: an account like any other, and a round through the shop; it keeps no count.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;

use crate::clients::storefront::{Offer, PaymentAnswer, PlacedOrder, Storefront, StorefrontError};
use crate::config::DerivedKey;
use crate::domain::Violation;
use crate::domain::access::Role;
use crate::domain::ambient::Ambient;
use crate::domain::audit::{Author, Origin};
use crate::domain::user::{Email, PersonName};
use crate::service::auth::error::SessionError;
use crate::service::auth::passwords::{Password, PasswordAttempt};
use crate::service::auth::sign_in::{SignIn, sign_in};
use crate::service::users::UserError;
use crate::service::users::register::{Register, register};
use crate::service::{Cause, Services};

/// A shopper can't come in.
#[derive(Debug, thiserror::Error)]
pub(super) enum ShopperError {
    #[error(transparent)]
    Data(#[from] Violation),
    #[error(transparent)]
    Register(#[from] UserError),
    #[error(transparent)]
    SignIn(#[from] SessionError),
}

/// How far a round came.
#[derive(Debug)]
pub(super) struct Round {
    pub ordered: bool,
    /// `None` where there was nothing to pay.
    pub paid: Option<Result<PaymentAnswer, StorefrontError>>,
    /// How long the answer to the payment took.
    pub paid_in: Duration,
    /// What ended it before there was an order.
    pub ended: Option<StorefrontError>,
}

/// Somebody who is signed in.
#[derive(Debug)]
pub(super) struct Shopper {
    token: SecretString,
}

impl Shopper {
    /// Signs in, and registers before where the account is not there yet. `secret`: what the passwords are made of, the same
    /// at each start, so that there are never more accounts than shoppers.
    pub(super) async fn enter(
        services: &Services,
        secret: &DerivedKey,
        number: u32,
    ) -> Result<Self, ShopperError> {
        let email = Email::parse(&format!("shopper-{number:02}@example.com"))?;
        let password = SecretString::from(BASE64_URL_SAFE_NO_PAD.encode(secret.expose_secret()));
        let command = || SignIn {
            email: Some(email.clone()),
            password: PasswordAttempt::new(password.expose_secret()),
        };
        let pair = match sign_in(services, &Origin::default(), command()).await {
            Err(SessionError::InvalidCredentials) => {
                let account = Register {
                    email: email.clone(),
                    name: PersonName::parse(&format!("Shopper {number}"))?,
                    password: Password::parse(password.expose_secret())?,
                    role: Role::Customer,
                };
                let cause =
                    Cause { request_id: services.ambient.uuid().to_string(), trace_parent: None };
                register(services, (&Author::operator(), &cause), account).await?;
                sign_in(services, &Origin::default(), command()).await?
            }
            signed_in => signed_in?,
        };
        Ok(Self { token: pair.access_token })
    }

    /// Looks around, orders something and pays it.
    pub(super) async fn round(&self, shop: &Storefront, ambient: &Ambient) -> Round {
        let without_order =
            |ended| Round { ordered: false, paid: None, paid_in: Duration::ZERO, ended };
        let order = match self.order(shop, ambient).await {
            Ok(Some(order)) => order,
            Ok(None) => return without_order(None),
            Err(error) => return without_order(Some(error)),
        };
        let key = ambient.uuid().to_string();
        let begun = Instant::now();
        let paid = shop.pay(&self.token, &key, &order).await;
        Round { ordered: true, paid: Some(paid), paid_in: begun.elapsed(), ended: None }
    }

    async fn order(
        &self,
        shop: &Storefront,
        ambient: &Ambient,
    ) -> Result<Option<PlacedOrder>, StorefrontError> {
        let offers = shop.browse(&self.token).await?;
        let Some(offer) = any_of(&offers, ambient) else { return Ok(None) };
        shop.look_at(&self.token, offer).await?;
        let key = ambient.uuid().to_string();
        shop.place_order(&self.token, &key, offer).await.map(Some)
    }
}

fn any_of<'a>(offers: &'a [Offer], ambient: &Ambient) -> Option<&'a Offer> {
    let dice = usize::from(u16::from_ne_bytes(ambient.bytes::<2>()));
    offers.get(dice.checked_rem(offers.len())?)
}
