//! cargo add hmac sha2 base64 subtle; cargo add serde_json

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use subtle::ConstantTimeEq;

type Failure = Box<dyn std::error::Error>;

/// The three header fields, as they came.
struct Signed<'a> {
    id: &'a str,
    timestamp: &'a str,
    signature: &'a str,
}

/// The event, where it comes from Till and is new.
fn verify(secret: &str, headers: &Signed<'_>, body: &[u8]) -> Result<Value, Failure> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    if now.abs_diff(headers.timestamp.parse()?) > 300 {
        return Err("the webhook is too old".into());
    }
    let key = STANDARD.decode(secret.trim_start_matches("whsec_"))?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key)?;
    mac.update(format!("{}.{}.", headers.id, headers.timestamp).as_bytes());
    mac.update(body);
    let wanted = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    let mut given = headers.signature.split(' ');
    if !given.any(|one| bool::from(one.as_bytes().ct_eq(wanted.as_bytes()))) {
        return Err("the webhook is not signed by Till".into());
    }
    Ok(serde_json::from_slice(body)?)
}

pub fn main() -> Result<(), Failure> {
    let endpoint: Value = serde_json::from_str(&std::fs::read_to_string("endpoint.json")?)?;
    let received: Value = serde_json::from_str(&std::fs::read_to_string("received.json")?)?;
    let came = |member: &str| received[0][member].as_str().unwrap_or_default();
    let secret = endpoint["secret"].as_str().unwrap_or_default();
    let headers =
        Signed { id: came("id"), timestamp: came("timestamp"), signature: came("signature") };

    let event = verify(secret, &headers, came("body").as_bytes())?;
    println!("{}", event["type"].as_str().unwrap_or_default());
    if let Err(refused) = verify(secret, &headers, came("body").replace("test", "paid").as_bytes())
    {
        println!("{refused}");
    }
    Ok(())
}
