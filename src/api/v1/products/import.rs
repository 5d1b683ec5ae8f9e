//! `POST /v1/products/import`: takes a list of products as it comes, piece by piece, and asks that it be read in.

use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use futures_util::StreamExt;
use utoipa::ToSchema;

use crate::api::extract::MaybeKeyedCall;
use crate::api::extract::caller::{Caller, may};
use crate::api::problem::{Problem, ProblemCode};
use crate::api::state::ApiState;
use crate::api::v1::reports::body::JobAcceptedBody;
use crate::service::idempotency::Answer;
use crate::service::imports::{MAX_BYTES, Received, Upload, request};

/// Where it is, and how long a slow line may take for the longest list.
pub const DEADLINE: (&str, Duration) = ("/v1/products/import", Duration::from_secs(300));

/// A list of products, as a CSV.
#[derive(Debug, ToSchema)]
#[schema(format = Binary, max_length = 52_428_800)]
pub struct ProductList(pub String);

/// Import products
///
/// A CSV of at most 50 MiB with a head: `sku`, `name`, `category`, `unitAmount` (whole minor units), `currency` and, if you
/// like, `description`, in any order. A `sku` that is not there yet becomes a product with an empty stock; one that is there
/// is updated, and stays archived if it was. Each row is taken whole or not at all; the status tells of the refused ones.
#[utoipa::path(
    post, path = "/v1/products/import", tag = "products", security(("bearer" = ["catalog:write"])),
    request_body(
        content = ProductList, content_type = "text/csv",
        example = json!("sku,name,category,unitAmount,currency\nMUG-351,Stoneware mug,kitchen,5200,MYR\n"),
    ),
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters.")),
    responses((status = 202, description = "It will be read in; `Location` is where to look.", body = JobAcceptedBody)),
)]
pub async fn import_products(
    State(state): State<ApiState>,
    caller: Caller<may::WriteCatalog>,
    call: MaybeKeyedCall,
    headers: HeaderMap,
    body: Body,
) -> Result<Answer, Problem> {
    check_format(&headers)?;
    let list = receive(&state, body).await?;
    let keyed = call.request(&caller.principal, &list.digest);
    let owner = caller.principal.user_id;
    Ok(request(&state.jobs, keyed.as_ref(), (&caller.author, &call.cause), (owner, &list)).await?)
}

async fn receive(state: &ApiState, body: Body) -> Result<Received, Problem> {
    let mut upload = Upload::begin(&state.jobs);
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let problem = match piece {
            Ok(piece) => {
                upload.write(piece).await?;
                (upload.bytes() > MAX_BYTES).then(too_large)
            }
            Err(_broken) => Some(
                Problem::new(ProblemCode::MalformedRequest).detail("The request body ended early."),
            ),
        };
        if let Some(problem) = problem {
            upload.abort().await;
            return Err(problem);
        }
    }
    Ok(upload.finish().await?)
}

fn too_large() -> Problem {
    Problem::new(ProblemCode::PayloadTooLarge)
        .detail(format!("The list may have at most {MAX_BYTES} bytes."))
}

/// `text/csv`, not compressed, and not longer than it may be by its own word.
fn check_format(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let refused = |detail| Problem::new(ProblemCode::UnsupportedMediaType).detail(detail);
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(refused("Send the body uncompressed, without Content-Encoding."));
    }
    let media_type = text(header::CONTENT_TYPE).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("text/csv") {
        return Err(refused("Send the body as text/csv."));
    }
    let declared = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
    if declared.is_some_and(|length| length > MAX_BYTES) { Err(too_large()) } else { Ok(()) }
}
