//! cargo add reqwest --features json; cargo add serde_json; cargo add tokio --features full

use serde_json::Value;

#[tokio::main]
pub async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let till = std::env::var("TILL").unwrap_or("http://127.0.0.1:8080".to_owned());
    let first = format!("{till}/v1/products?category=kitchen&limit=10");
    let (mut count, mut next) = (0, Some(first.clone()));
    while let Some(address) = next {
        let page: Value = reqwest::get(address).await?.error_for_status()?.json().await?;
        count += page["data"].as_array().map_or(0, Vec::len);
        next = page["nextCursor"].as_str().map(|cursor| format!("{first}&cursor={cursor}"));
    }
    println!("{count} products");
    Ok(())
}
