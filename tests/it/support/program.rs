//! The real `till` program as a person starts it: on free ports, in a directory of its own, with no setting but those that are given.

use std::net::TcpListener;
use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::directory::{Directory, PATIENCE};

/// What every demo sign-in has.
pub const DEMO_PASSWORD: &str = "till-demo-password";

/// The last line of a start that went well.
const LAST_WORDS: &str = "Press Ctrl-C to stop";

/// The program with nothing of this process's environment but where programs are found.
pub fn till(arguments: &[&str], settings: &[(&str, &str)]) -> Command {
    of_path(Path::new(env!("CARGO_BIN_EXE_till")), arguments, settings)
}

fn of_path(program: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_clear()
        .env("PATH", path())
        .envs(settings.iter().copied())
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

#[expect(clippy::disallowed_methods, reason = "Postgres may be found by PATH alone")]
fn path() -> String {
    std::env::var("PATH").unwrap()
}

/// What a program that ends by itself said, on standard error, a line each.
pub async fn output_of(mut command: Command) -> (Output, Vec<String>) {
    let running = tokio::time::timeout(PATIENCE, command.output());
    let output = running.await.unwrap().unwrap();
    let errors = String::from_utf8(output.stderr.clone()).unwrap();
    (output, errors.lines().map(str::to_owned).collect())
}

/// Three ports that nobody listens on, below those that the system hands out.
pub fn free_ports() -> [u16; 3] {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 10_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    let mut free = std::iter::repeat_with(|| first + NEXT.fetch_add(1, Ordering::Relaxed))
        .filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    [(); 3].map(|()| free.next().unwrap())
}

/// `till up`, running.
pub struct Up {
    pub url: String,
    pub ops_url: String,
    pub gateway_url: String,
    /// What it printed until it was up.
    pub said: Vec<String>,
    http: reqwest::Client,
    child: Child,
}

/// How `till up` is started in a directory.
pub struct UpSettings<'a> {
    pub ports: [u16; 3],
    pub more: Vec<(&'a str, &'a str)>,
}

impl UpSettings<'_> {
    pub fn new() -> Self {
        Self { ports: free_ports(), more: Vec::new() }
    }
}

/// The program, told where to listen and to keep its data.
pub fn up_command(directory: &Directory, settings: &UpSettings<'_>) -> Command {
    up_command_of(Path::new(env!("CARGO_BIN_EXE_till")), directory, settings)
}

pub fn up_command_of(program: &Path, directory: &Directory, settings: &UpSettings<'_>) -> Command {
    let mut command = of_path(program, &["up"], &settings.more);
    if !settings.more.iter().any(|(name, _)| *name == "RUST_LOG") {
        command.env("RUST_LOG", "warn");
    }
    let names = ["TILL_LISTEN", "TILL_OPS_LISTEN", "TILL_GATEWAY_LISTEN"];
    for (name, port) in names.iter().zip(settings.ports) {
        command.env(name, format!("127.0.0.1:{port}"));
    }
    // The address that the document shows leads to the receiver of a process on the usual ports.
    command.env("TILL_WEBHOOKS_ALLOW_PRIVATE", "http://127.0.0.1:9090");
    command.env("TILL_DATA_DIR", &directory.0).env("HOME", &directory.0);
    command
}

impl Up {
    /// Returns once it says that it is up.
    pub async fn start(directory: &Directory) -> Self {
        let settings = UpSettings::new();
        let command = up_command(directory, &settings);
        Self::await_start(command, settings.ports).await
    }

    pub async fn await_start(mut command: Command, ports: [u16; 3]) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut said = Vec::new();
        let reading = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                let last = line.starts_with(LAST_WORDS);
                said.push(line);
                if last {
                    return;
                }
            }
            unreachable!("it ended before it was up: {said:?}");
        };
        tokio::time::timeout(PATIENCE, reading).await.unwrap();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(30))
            .build()
            .unwrap();
        let [url, ops_url, gateway_url] = ports.map(|port| format!("http://127.0.0.1:{port}"));
        Self { url, ops_url, gateway_url, said, http, child }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    /// The access token of a sign-in; `None` where it is refused.
    pub async fn token(&self, email: &str) -> Option<String> {
        let body = json!({ "email": email, "password": DEMO_PASSWORD });
        let answer = self.request(Method::POST, "/v1/auth/token").json(&body).send().await.unwrap();
        let body: Value = answer.json().await.unwrap();
        body["accessToken"].as_str().map(str::to_owned)
    }

    /// What somebody who is signed in reads.
    pub async fn get(&self, path: &str, token: &str) -> Value {
        let answer = self.request(Method::GET, path).bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        answer.json().await.unwrap()
    }

    /// Moves its test clock forward by an ISO 8601 duration.
    pub async fn advance_clock(&self, by: &str) {
        let url = format!("{}/sandbox/clock", self.ops_url);
        let moved = self.http.post(url).json(&json!({ "advance": by })).send().await.unwrap();
        assert_eq!(moved.status(), 200);
    }

    /// What the sandbox gateway answers to a look at its record.
    pub async fn gateway(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.gateway_url);
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// What stands on the operators' listener.
    pub async fn ops(&self, path: &str) -> String {
        let url = format!("{}{path}", self.ops_url);
        self.http.get(url).send().await.unwrap().text().await.unwrap()
    }

    pub fn ops_request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.ops_url))
    }

    /// Presses a button of the console's panel; the answer's status.
    pub async fn turn(&self, control: &str, form: &'static str) -> u16 {
        let press = self
            .ops_request(Method::POST, &format!("/console/{control}"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        press.send().await.unwrap().status().as_u16()
    }

    fn pid(&self) -> u32 {
        self.child.id().unwrap()
    }

    /// Sends a signal by its name.
    pub async fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.pid());
        let sent = Command::new("sh").arg("-c").arg(kill).status().await.unwrap();
        assert!(sent.success());
    }

    /// As Ctrl-C does; the exit code.
    pub async fn interrupt(mut self) -> Option<i32> {
        self.signal("INT").await;
        let ended = tokio::time::timeout(PATIENCE, self.child.wait()).await.unwrap();
        ended.unwrap().code()
    }

    /// Waits until it has ended by itself.
    pub async fn ended(mut self) -> ExitStatus {
        tokio::time::timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap()
    }

    /// With no time to tidy up.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}
