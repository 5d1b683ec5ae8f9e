//! The store of files as a bucket, spoken to over HTTP as any S3 is; what a folder does is seen by the tests of reports.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use till::clients::files::Files;
use till::config::{Config, Environment, FilesPlace, Program};
use tokio::net::TcpListener;

use crate::support::directory::Directory;

type Objects = Arc<Mutex<BTreeMap<String, Bytes>>>;

/// As much of S3 as a small file takes: put, get, delete, by a signed request.
async fn bucket(
    State(objects): State<Objects>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let signed = headers["authorization"].to_str().unwrap();
    assert!(signed.starts_with("AWS4-HMAC-SHA256 Credential=AKIATEST/"), "{signed}");
    let key = uri.path().to_owned();
    let mut objects = objects.lock().unwrap();
    match method {
        Method::PUT => {
            objects.insert(key, body);
            [("etag", "\"1\"")].into_response()
        }
        Method::GET => match objects.get(&key) {
            Some(bytes) => {
                let head = [("etag", "\"1\""), ("last-modified", "Sun, 22 Nov 2026 20:18:00 GMT")];
                (head, Body::from(bytes.clone())).into_response()
            }
            None => StatusCode::NOT_FOUND.into_response(),
        },
        // `?delete`: the keys to go stand in the body.
        _ => {
            let named = String::from_utf8(body.to_vec()).unwrap();
            let mut deleted = String::new();
            for key in named.split("<Key>").skip(1) {
                let key = key.split("</Key>").next().unwrap();
                objects.remove(&format!("/reports/{key}"));
                deleted.push_str("<Deleted><Key>");
                deleted.push_str(key);
                deleted.push_str("</Key></Deleted>");
            }
            format!("<DeleteResult>{deleted}</DeleteResult>").into_response()
        }
    }
}

#[tokio::test]
async fn files_lie_in_a_bucket_that_the_usual_variables_lead_to() {
    let objects = Objects::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let routes = Router::new().fallback(bucket).with_state(objects.clone());
    let served = tokio::spawn(async move { axum::serve(listener, routes).await });
    let directory = Directory::new("bucket");
    let environment = Environment::from_pairs([
        ("TILL_DATA_DIR", directory.0.to_str().unwrap()),
        ("TILL_FILES_URL", "s3://reports/production"),
        ("AWS_ENDPOINT", &endpoint),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "AKIATEST"),
        ("AWS_SECRET_ACCESS_KEY", "hunter2"),
    ]);
    let config = Config::load(Program::Up, &environment).unwrap();
    assert!(!format!("{:?}", config.files).contains("hunter2"));
    let files = Files::open(&config.files).unwrap();
    let mut file = files.create("jobs/1/a.csv");
    file.write("one,".into()).await.unwrap();
    file.write("two".into()).await.unwrap();
    let objects_now = || objects.lock().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(objects_now(), Vec::<String>::new());
    assert_eq!(file.finish().await.unwrap().bytes, 7);
    assert_eq!(objects_now(), ["/reports/production/jobs/1/a.csv"]);
    let read: Vec<_> = files.read("jobs/1/a.csv", None).await.unwrap().collect().await;
    let read: Vec<u8> = read.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(read, b"one,two");
    files.remove("jobs/1/a.csv").await.unwrap();
    assert_eq!(objects_now(), Vec::<String>::new());
    assert!(files.read("jobs/1/a.csv", None).await.is_err());
    served.abort();
}

#[test]
fn files_lie_in_the_data_directory_or_where_a_url_says() {
    let directory = Directory::new("files-url");
    let data = directory.0.to_str().unwrap();
    let place = |url: &str| {
        let pairs = [("TILL_DATA_DIR", data), ("TILL_FILES_URL", url)];
        Config::load(Program::Up, &Environment::from_pairs(pairs)).map(|config| config.files.place)
    };
    let folder = |url| match place(url).unwrap() {
        FilesPlace::Folder(folder) => folder,
        FilesPlace::Bucket { .. } => unreachable!("{url}"),
    };
    assert_eq!(folder(""), directory.0.join("files"));
    assert_eq!(folder("file:///srv/till%20files"), std::path::Path::new("/srv/till files"));
    for wrong in ["/srv/files", "s3:///x", "https://s3.example/b", "file://host/x", "s3://b/x?y=1"]
    {
        let error = place(wrong).unwrap_err().to_string();
        assert!(error.starts_with("TILL_FILES_URL: "), "{wrong}: {error}");
    }
}
