//! `till up` as a newcomer meets it: the first start, the next ones, interruptions, taken ports, and who may start it.

use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::PathBuf;
use std::process::Stdio;

use reqwest::Method;
use serde_json::json;

use crate::support::directory::{Directory, eventually, is_running};
use crate::support::program::{Up, UpSettings, output_of, up_command, up_command_of};

const MUG: &str = "01890a5d-ac96-774b-bcce-b302099a9001";

/// Places an order as the demo's customer; its id.
async fn order(up: &Up) -> String {
    let token = up.token("demo@example.com").await.unwrap();
    let placed = up
        .request(Method::POST, "/v1/orders")
        .bearer_auth(token)
        .header("idempotency-key", "first")
        .json(&json!({ "items": [{ "productId": MUG, "quantity": 1 }] }))
        .send()
        .await
        .unwrap();
    assert_eq!(placed.status(), 201);
    let placed: serde_json::Value = placed.json().await.unwrap();
    placed["id"].as_str().unwrap().to_owned()
}

/// How many charges the gateway has on record, up to a thousand.
async fn charges(up: &Up) -> usize {
    let page = up.gateway("/sandbox/charges?limit=1000").await;
    page["data"].as_array().unwrap().len()
}

#[tokio::test]
async fn ctrl_c_stops_everything_and_the_next_start_keeps_the_data_and_adds_none() {
    let directory = Directory::new("up-twice");
    let up = Up::start(&directory).await;
    let said = up.said.join("\n");
    for expected in [
        format!("Till is up: {}", up.url),
        format!("{}/swagger-ui", up.url),
        format!("{}/console", up.ops_url),
        format!("{}/metrics", up.ops_url),
        up.gateway_url.clone(),
        "till-demo-password".to_owned(),
        "demo@example.com".to_owned(),
        "support@example.com".to_owned(),
        "admin@example.com".to_owned(),
    ] {
        assert!(said.contains(&expected), "{expected} is not in:\n{said}");
    }
    let (placed, charged) = (order(&up).await, charges(&up).await);
    let server = directory.server_pid().unwrap();
    assert_eq!(up.interrupt().await, Some(0));
    assert!(!is_running(server), "Postgres has stopped with it");

    let up = Up::start(&directory).await;
    let token = up.token("demo@example.com").await.unwrap();
    up.get(&format!("/v1/orders/{placed}"), &token).await;
    assert_eq!(charges(&up).await, charged, "nothing was put in again");
    assert_eq!(up.interrupt().await, Some(0));
}

#[tokio::test]
async fn killed_with_9_it_takes_postgres_along_and_the_next_start_has_the_data() {
    let directory = Directory::new("up-killed");
    let up = Up::start(&directory).await;
    let placed = order(&up).await;
    let server = directory.server_pid().unwrap();
    up.kill().await;
    eventually("the end of Postgres", || !is_running(server)).await;

    let up = Up::start(&directory).await;
    let token = up.token("demo@example.com").await.unwrap();
    up.get(&format!("/v1/orders/{placed}"), &token).await;
    assert_eq!(up.interrupt().await, Some(0));
}

#[tokio::test]
async fn a_first_start_killed_before_it_was_up_is_finished_by_the_next() {
    let directory = Directory::new("up-half");
    let log = directory.0.join("log");
    let mut settings = UpSettings::new();
    settings.more.push(("RUST_LOG", "till::app::up=info"));
    let mut command = up_command(&directory, &settings);
    command.stdout(Stdio::null()).stderr(std::fs::File::create(&log).unwrap());
    let mut child = command.spawn().unwrap();
    let begun = || std::fs::read_to_string(&log).unwrap().contains("putting the demo data in");
    eventually("the demo data", begun).await;
    let server = directory.server_pid().unwrap();
    child.kill().await.unwrap();
    eventually("the end of Postgres", || !is_running(server)).await;

    let up = Up::start(&directory).await;
    let token = up.token("support@example.com").await.unwrap();
    let orders = up.get("/v1/payments?limit=100", &token).await;
    assert_eq!(orders["data"].as_array().unwrap().len(), 100);
    order(&up).await;
    assert_eq!(up.interrupt().await, Some(0));
}

#[tokio::test]
async fn a_taken_port_is_told_in_one_line_that_names_the_setting() {
    let names = ["TILL_LISTEN", "TILL_OPS_LISTEN", "TILL_GATEWAY_LISTEN"];
    for (place, name) in names.into_iter().enumerate() {
        let directory = Directory::new(&format!("up-taken-{place}"));
        let settings = UpSettings::new();
        let port = settings.ports[place];
        let _taken = TcpListener::bind(("127.0.0.1", port)).unwrap();
        let (output, errors) = output_of(up_command(&directory, &settings)).await;
        assert_eq!(output.status.code(), Some(1));
        let begins = format!("till: {name}: cannot listen on 127.0.0.1:{port}: another program");
        assert!(errors.len() == 1 && errors[0].starts_with(&begins), "{errors:?}");
        assert!(!directory.cluster().exists(), "nothing slow was begun");
    }
}

#[tokio::test]
async fn a_second_start_in_one_directory_names_the_process_that_has_it() {
    let directory = Directory::new("up-beside");
    let up = Up::start(&directory).await;
    let (output, errors) = output_of(up_command(&directory, &UpSettings::new())).await;
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("another"), "{errors:?}");
    order(&up).await;
    assert_eq!(up.interrupt().await, Some(0));
}

#[tokio::test]
async fn production_gets_no_demo_sign_in() {
    let directory = Directory::new("up-production");
    let mut settings = UpSettings::new();
    settings.more = vec![
        ("TILL_ENV", "production"),
        ("TILL_SECRET_KEY", "kPn0z3Tq1m8XcBvJr5yLwE2hUoSgAaDfYiK7Nx6Rt9M="),
        ("TILL_ADMIN_EMAIL", "owner@example.com"),
        ("TILL_ADMIN_PASSWORD", "a password of one's own"),
        ("TILL_LOG_FORMAT", "text"),
    ];
    let up = Up::await_start(up_command(&directory, &settings), settings.ports).await;
    assert!(!up.said.join("\n").contains("password"), "{:?}", up.said);
    assert_eq!(up.token("demo@example.com").await, None);
    assert_eq!(up.token("admin@example.com").await, None);
    let owner = json!({ "email": "owner@example.com", "password": "a password of one's own" });
    let signed_in = up.request(Method::POST, "/v1/auth/token").json(&owner).send().await.unwrap();
    assert_eq!(signed_in.status(), 200);
    assert!(!up.ops("/console").await.contains("Break things"));
    assert_eq!(up.turn("gateway", "to=failing").await, 404);
    assert_eq!(up.interrupt().await, Some(0));
}

/// Root hands the database to another account; everybody else runs it themselves. Whoever runs this test as root
/// sees both, whoever doesn't sees the second in every other test.
#[tokio::test]
async fn an_ordinary_user_starts_it_too() {
    let me = std::fs::metadata("/proc/self").unwrap().uid();
    if me != 0 {
        return;
    }
    let nobody = 65_534;
    let directory = Directory::new("up-ordinary");
    chown(&directory.0, Some(nobody), Some(nobody)).unwrap();
    let program = for_everybody(&directory);
    let settings = UpSettings::new();
    let mut command = up_command_of(&program, &directory, &settings);
    command.gid(nobody).uid(nobody).current_dir("/");
    let up = Up::await_start(command, settings.ports).await;
    let server = directory.server_pid().unwrap();
    let owner = std::fs::metadata(format!("/proc/{server}")).unwrap().uid();
    assert_eq!(owner, nobody);
    order(&up).await;
    assert_eq!(up.interrupt().await, Some(0));
}

/// The program where every account may enter; where it was built that may be forbidden.
fn for_everybody(directory: &Directory) -> PathBuf {
    let program = directory.0.join("till");
    std::fs::copy(env!("CARGO_BIN_EXE_till"), &program).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    program
}
