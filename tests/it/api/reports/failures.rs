//! A report whose file can't be written, or whose writing is broken off: the reason is told, and no half file is there.

use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::Method;
use futures_util::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use serde_json::json;
use till::service::jobs::MOST_TRIES;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{ask, download, jobs, status, work, worker_with};
use crate::api::shop::Shop;

/// A store that takes nothing, or nothing before the test says so.
#[derive(Debug)]
struct Unwilling {
    inner: Arc<dyn ObjectStore>,
    manner: Manner,
}

#[derive(Debug, Clone)]
enum Manner {
    /// As a full disk does.
    Full,
    /// Says that somebody is writing, and lets them go on when it is told to.
    Gate { arrived: Arc<Semaphore>, open: Arc<Semaphore> },
}

impl std::fmt::Display for Unwilling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Unwilling({})", self.inner)
    }
}

impl Unwilling {
    async fn pass(&self) -> Result<()> {
        match &self.manner {
            Manner::Full => {
                let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
                Err(Error::Generic { store: "test", source: full.into() })
            }
            Manner::Gate { arrived, open } => {
                arrived.add_permits(1);
                open.acquire().await.unwrap().forget();
                Ok(())
            }
        }
    }
}

#[async_trait::async_trait]
impl ObjectStore for Unwilling {
    async fn put_opts(
        &self,
        at: &Path,
        bytes: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        self.pass().await?;
        self.inner.put_opts(at, bytes, options).await
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.pass().await?;
        self.inner.put_multipart_opts(at, options).await
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(at, options).await
    }

    async fn get_ranges(&self, at: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(at, ranges).await
    }

    fn delete_stream(
        &self,
        places: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(places)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[tokio::test]
async fn a_store_that_takes_nothing_fails_the_report_with_the_reason_and_leaves_no_half_file() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    ada.order(&shop.product("MUG", 5).await, 1).await;
    let mut full = jobs(&shop);
    full.files = full.files.through(|inner| Arc::new(Unwilling { inner, manner: Manner::Full }));
    for format in ["csv", "xlsx"] {
        let id = ask(&ada, "orders", format).await;
        worker_with(&shop, full.clone()).await.run_until_idle().await.unwrap();
        let body = status(&ada, &id).await.json();
        assert_eq!(body["status"], "failed");
        let detail = "The store of files did not take or give the file.";
        assert_eq!(body["error"], json!({ "code": "file_store_failed", "detail": detail }));
        assert_eq!(body["downloadUrl"], json!(null));
        let none = download(&ada, &id).await.problem(404, "not_found");
        assert_eq!(none["detail"], "There is no file: the report is failed.");
    }
    assert_eq!(shop.test.files.found(), []);
    assert_eq!(shop.count("SELECT count(*) FROM outbox WHERE topic = 'report.completed'").await, 0);
}

#[tokio::test]
async fn a_report_that_is_cancelled_while_it_is_written_stops_and_leaves_nothing() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    ada.order(&shop.product("MUG", 5).await, 1).await;
    let id = ask(&ada, "orders", "csv").await;
    let (arrived, open) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let manner = Manner::Gate { arrived: arrived.clone(), open: open.clone() };
    let mut gated = jobs(&shop);
    gated.files = gated.files.through(|inner| Arc::new(Unwilling { inner, manner }));
    let worker = worker_with(&shop, gated).await;
    let cancelling = async {
        arrived.acquire().await.unwrap().forget();
        assert_eq!(status(&ada, &id).await.json()["status"], "processing");
        let path = format!("/v1/reports/{id}");
        assert_eq!(ada.send(Method::DELETE, &path, &[], "").await.status, 204);
        open.add_permits(100);
    };
    let working: Pin<Box<dyn Future<Output = _>>> = Box::pin(worker.run_until_idle());
    let (worked, ()) = tokio::join!(working, cancelling);
    worked.unwrap();
    assert_eq!(status(&ada, &id).await.json()["status"], "cancelled");
    assert_eq!(shop.test.files.found(), []);
    assert_eq!(shop.count("SELECT count(*) FROM outbox WHERE topic = 'report.completed'").await, 0);
}

#[tokio::test]
async fn a_heartbeat_that_finds_the_job_cancelled_stops_the_writing_at_once() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    ada.order(&shop.product("MUG", 5).await, 1).await;
    let id = ask(&ada, "orders", "csv").await;
    let (arrived, open) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let manner = Manner::Gate { arrived: arrived.clone(), open };
    let mut gated = jobs(&shop);
    gated.pace.heartbeat = std::time::Duration::from_millis(5);
    gated.files = gated.files.through(|inner| Arc::new(Unwilling { inner, manner }));
    let worker = worker_with(&shop, gated).await;
    let cancelling = async {
        arrived.acquire().await.unwrap().forget();
        let path = format!("/v1/reports/{id}");
        assert_eq!(ada.send(Method::DELETE, &path, &[], "").await.status, 204);
    };
    // The gate never opens: only the heartbeat can end this.
    let (worked, ()) = tokio::join!(worker.run_until_idle(), cancelling);
    worked.unwrap();
    assert_eq!(status(&ada, &id).await.json()["status"], "cancelled");
    assert_eq!(shop.test.files.found(), []);
}

#[tokio::test]
async fn a_gateway_that_is_away_is_asked_again_and_at_last_the_report_has_failed() {
    let shop = Shop::open().await;
    let support = shop.staff("support").await;
    let id = ask(&support, "reconciliation", "csv").await;
    // Nobody listens at the port of the discard service.
    let nobody = till::config::BaseUrl::parse("http://127.0.0.1:9").unwrap();
    let worker = worker_with(&shop, shop.test.jobs(nobody)).await;
    for _try in 1..MOST_TRIES {
        worker.run_until_idle().await.unwrap();
        assert_eq!(status(&support, &id).await.json()["status"], "queued");
        shop.test.clock.advance(time::Duration::seconds(11));
    }
    worker.run_until_idle().await.unwrap();
    let body = status(&support, &id).await.json();
    assert_eq!(body["error"]["code"], "payment_gateway_unavailable", "{body}");
}

#[tokio::test]
async fn a_worker_that_stops_gives_its_job_back_at_once_and_the_try_does_not_count() {
    let shop = Shop::open().await;
    let ada = shop.customer("ada").await;
    ada.order(&shop.product("MUG", 5).await, 1).await;
    let id = ask(&ada, "orders", "csv").await;
    let (arrived, open) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let manner = Manner::Gate { arrived: arrived.clone(), open };
    let mut gated = jobs(&shop);
    gated.files = gated.files.through(|inner| Arc::new(Unwilling { inner, manner }));
    for _stop in 0..MOST_TRIES + 1 {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        worker_with(&shop, gated.clone()).await.spawn(&tasks, &stop);
        arrived.acquire().await.unwrap().forget();
        assert_eq!(status(&ada, &id).await.json()["status"], "processing");
        stop.cancel();
        tasks.close();
        tasks.wait().await;
        assert_eq!(status(&ada, &id).await.json()["status"], "queued");
        assert_eq!(shop.count("SELECT tries::bigint FROM jobs").await, 0);
        assert_eq!(shop.test.files.found(), []);
    }
    work(&shop).await;
    assert_eq!(download(&ada, &id).await.text.lines().count(), 2);
}
