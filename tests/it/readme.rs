//! The README tells the truth: its lines for buying something are run as they stand, and what it points at exists.

use std::fs;
use std::path::Path;

use tokio::process::Command;

use crate::support::directory::Directory;
use crate::support::program::{Up, output_of};

/// Where the README believes the API to be.
const ADDRESS: &str = "http://127.0.0.1:8080";

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).unwrap()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The lines of all shell blocks under a heading.
fn shell_lines(text: &str, heading: &str) -> String {
    let (_, section) = text.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let blocks = section.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap());
    blocks.collect()
}

#[tokio::test]
async fn its_lines_buy_something() {
    let directory = Directory::new("readme");
    let up = Up::start(&directory).await;
    let lines = shell_lines(&readme(), "Buy something");
    assert!(lines.contains(ADDRESS));
    let script = format!("set -euo pipefail\n{}", lines.replace(ADDRESS, &up.url));
    let mut bash = Command::new("bash");
    bash.arg("-c").arg(script).current_dir(&directory.0).env("no_proxy", "127.0.0.1");
    let (output, errors) = output_of(bash).await;
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{errors:?}\n{said}");

    let answers: Vec<&str> = said.split("HTTP/1.1 ").skip(1).collect();
    let [products, order, payment, again, read] = answers.try_into().unwrap();
    assert!(products.starts_with("200 OK") && products.contains("Stoneware mug"), "{products}");
    assert!(order.starts_with("201 Created") && order.contains(r#""status":"pending""#), "{order}");
    assert!(payment.starts_with("201 Created"), "{payment}");
    assert!(payment.contains(r#""status":"succeeded""#), "{payment}");
    assert!(again.contains("idempotency-replayed: true"), "{again}");
    assert!(read.starts_with("200 OK") && read.contains(r#""status":"paid""#), "{read}");
    assert_eq!(up.interrupt().await, Some(0));
}

#[tokio::test]
async fn its_lines_register_a_webhook_endpoint_and_something_comes() {
    let directory = Directory::new("readme-webhooks");
    let up = Up::start(&directory).await;
    let text = readme();
    let sign_in =
        shell_lines(&text, "Buy something").split("call \"$till").next().unwrap().to_owned();
    let lines = sign_in + &shell_lines(&text, "Events and webhooks");
    let lines = lines.replace(ADDRESS, &up.url).replace("http://127.0.0.1:9090", &up.ops_url);
    let mut bash = Command::new("bash");
    bash.arg("-c").arg(format!("set -euo pipefail\n{lines}"));
    bash.current_dir(&directory.0).env("no_proxy", "127.0.0.1");
    let (output, errors) = output_of(bash).await;
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{errors:?}\n{said}");
    let answers: Vec<&str> = said.split("HTTP/1.1 ").skip(1).collect();
    let [made, tried, listed] = answers.try_into().unwrap();
    assert!(made.starts_with("201 Created") && made.contains(r#""secret":"whsec_"#), "{made}");
    assert!(tried.starts_with("202 Accepted"), "{tried}");
    assert!(listed.contains(r#""eventType":"webhook_endpoint.test""#), "{listed}");
    let mut looks = tokio::time::interval(std::time::Duration::from_millis(50));
    while !up.ops("/webhooks/received").await.contains("webhook_endpoint.test") {
        looks.tick().await;
    }
    let page = up.ops("/webhooks").await;
    assert!(page.contains("webhook_endpoint.test") && page.contains("<td>right</td>"), "{page}");
    assert_eq!(up.interrupt().await, Some(0));
}

#[test]
fn every_file_it_names_exists() {
    let text = readme();
    let quoted = text.split('`').skip(1).step_by(2);
    let linked = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
    let named: Vec<&str> = quoted
        .filter(|name| ["src/", "tests/", "openapi/"].iter().any(|top| name.starts_with(top)))
        .chain(linked.filter(|target| !target.starts_with('#') && !target.contains("://")))
        .collect();
    assert!(named.len() > 25, "{named:?}");
    for name in named {
        assert!(root().join(name).exists(), "{name}");
    }
}

#[test]
fn every_task_it_names_is_one() {
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let text = readme();
    let quoted = text.split('`').skip(1).step_by(2).filter_map(|code| code.strip_prefix("make "));
    let commands = text.lines().filter_map(|line| line.strip_prefix("make "));
    let task = |rest: &'_ str| rest.split_whitespace().next().map(str::to_owned);
    let tasks: Vec<String> = quoted.chain(commands).filter_map(task).collect();
    for expected in ["run", "test", "test-clients", "sqlx"] {
        assert!(tasks.iter().any(|task| task == expected), "{expected}: {tasks:?}");
    }
    for task in tasks {
        assert!(makefile.contains(&format!("\n{task}:")), "make {task}");
    }
}
