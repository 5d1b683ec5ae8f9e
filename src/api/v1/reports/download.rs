//! `GET /v1/reports/{jobId}/download`: the file of a report, in whole or in part (RFC 9110 §14).

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE,
    ETAG,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::sight;
use crate::api::extract::caller::{Caller, may};
use crate::api::extract::range::{AskedRange, Part};
use crate::api::extract::{EntityTag, IfNoneMatch, PathId};
use crate::api::openapi::{FileSchema, problems};
use crate::api::problem::{Problem, ProblemCode};
use crate::api::state::ApiState;
use crate::domain::ids::JobId;
use crate::domain::utc::Utc;
use crate::service::reports::{Download, open};

problems!(DownloadReportProblems: ReportNotReady, ReportExpired, RangeNotSatisfiable);

/// Download a report
///
/// `Range` asks for a part of it, so that a download that broke off goes on where it stopped; `If-Range` with the `ETag`
/// makes sure that it is a part of the same file.
#[utoipa::path(
    get, path = "/v1/reports/{jobId}/download", tag = "reports", security(("bearer" = ["reports:read"])),
    params(
        ("jobId" = uuid::Uuid, Path, description = "The report's job."),
        ("Range" = Option<String>, Header, description = "`bytes=0-1023`, `bytes=1024-` or `bytes=-1024`."),
        ("If-Range" = Option<String>, Header, description = "The `ETag` of the file that a part is wanted of."),
        ("If-None-Match" = Option<String>, Header, description = "The `ETag` of a file that is there already."),
    ),
    responses(
        (status = 200, description = "The file.", content(
            (FileSchema = "text/csv"), (FileSchema = "application/x-ndjson"),
            (FileSchema = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        )),
        (status = 206, description = "The part of it that was asked for; `Content-Range` says which."),
        (status = 304, description = "The client has the file already."),
        DownloadReportProblems,
    ),
)]
pub async fn download_report(
    State(state): State<ApiState>,
    caller: Caller<may::ReadReports>,
    PathId(id): PathId<JobId>,
    known: IfNoneMatch,
    range: AskedRange,
) -> Result<Response, Problem> {
    let download = open(&state.jobs, id, sight(&caller.principal)).await?;
    let tag = EntityTag::of_digest(&download.file.sha256);
    let mut headers = head(&download, id, &tag)?;
    if known.has(&tag) {
        headers.remove(CONTENT_TYPE);
        headers.remove(CONTENT_DISPOSITION);
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let length = download.file.bytes;
    let (status, part) = match range.of(length, &tag) {
        Part::Whole => (StatusCode::OK, None),
        Part::Some(part) => {
            let last = part.end.saturating_sub(1);
            let shown = format!("bytes {}-{last}/{length}", part.start);
            headers.insert(CONTENT_RANGE, value(&shown)?);
            (StatusCode::PARTIAL_CONTENT, Some(part))
        }
        Part::None => {
            return Err(Problem::new(ProblemCode::RangeNotSatisfiable)
                .detail(format!("The file has {length} bytes."))
                .header(CONTENT_RANGE, value(&format!("bytes */{length}"))?));
        }
    };
    let sent = part.as_ref().map_or(length, |part| part.end - part.start);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(sent));
    // An empty file has no part that could be asked for.
    let body = if length == 0 {
        Body::empty()
    } else {
        Body::from_stream(download.read(&state.jobs, part).await?)
    };
    Ok((status, headers, body).into_response())
}

fn head(download: &Download, id: JobId, tag: &EntityTag) -> Result<HeaderMap, Problem> {
    let order = &download.order;
    let day = |time| Utc(time).to_string().chars().take(10).collect::<String>();
    let (from, to) = (day(order.period.from), day(order.period.to));
    let name = format!("{}-{from}-{to}-{id}.{}", order.kind, order.format);
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(order.format.media_type()));
    headers.insert(CONTENT_DISPOSITION, value(&format!("attachment; filename=\"{name}\""))?);
    headers.insert(ETAG, value(&tag.to_string())?);
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    // Whoever has it may keep it, and asks before each use whether they still may.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    Ok(headers)
}

fn value(text: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::try_from(text)
        .map_err(|error| Problem::new(ProblemCode::InternalError).caused_by(error))
}
