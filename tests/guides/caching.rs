//! cargo add reqwest; cargo add tokio --features full

use reqwest::Client;
use reqwest::header::{ETAG, IF_NONE_MATCH};

#[tokio::main]
pub async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let till = std::env::var("TILL").unwrap_or("http://127.0.0.1:8080".to_owned());
    let (client, address) = (Client::new(), format!("{till}/v1/categories"));
    let copy = client.get(&address).send().await?;
    let tag = copy.headers().get(ETAG).cloned().ok_or("there is no ETag")?;
    let again = client.get(&address).header(IF_NONE_MATCH, tag).send().await?;
    println!("{}", again.status().as_u16());
    Ok(())
}
