//! `till doctor`: looks at everything a start needs and says, line by line, what is wrong and what to do; it mends nothing.

use std::fmt;
use std::future::Future;
use std::io::{self, Write};
use std::pin::Pin;
use std::process::ExitCode;

use futures_util::future::join_all;

use crate::config::{Config, ConfigErrors, DataDir, Stage};
use crate::domain::clock::Clock;
use crate::service::health::{self, DatabaseReport};

/// The oldest Postgres that the schema works on.
const OLDEST_POSTGRES: i32 = 150_000;

/// Clocks that differ more make leases and tokens surprising.
const SKEW_ALLOWED: time::Duration = time::Duration::seconds(2);

/// What was found about one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// As it should be.
    Fine(String),
    /// It works, but look at it.
    Worth(String),
    /// A start would fail, or work wrongly; `remedy` says what to do.
    Broken {
        /// What is wrong.
        fault: String,
        /// What to do about it.
        remedy: &'static str,
    },
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    about: &'static str,
    finding: Finding,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = self.about;
        match &self.finding {
            Finding::Fine(what) => write!(f, "ok    {about:<13} {what}"),
            Finding::Worth(what) => write!(f, "warn  {about:<13} {what}"),
            Finding::Broken { fault, remedy } => write!(f, "fail  {about:<13} {fault}: {remedy}"),
        }
    }
}

/// Reports settings that are wrong; nothing else can be looked at then.
///
/// # Errors
/// Standard output is closed.
pub fn report_settings(errors: &ConfigErrors) -> io::Result<ExitCode> {
    let remedy = "set it as the example shows";
    let line = |fault| Line { about: "configuration", finding: Finding::Broken { fault, remedy } };
    print(&errors.lines().map(line).collect::<Vec<_>>())
}

/// Looks at everything, all at once, and prints a line for each.
///
/// # Errors
/// Standard output is closed.
pub async fn run(config: &Config, clock: &dyn Clock) -> io::Result<ExitCode> {
    print(&inspect(config, clock).await)
}

/// The report's lines.
pub async fn inspect(config: &Config, clock: &dyn Clock) -> Vec<Line> {
    let mut lines = vec![settings(config), data_dir(&config.data_dir)];
    type Checks<'a> = Pin<Box<dyn Future<Output = Vec<Line>> + 'a>>;
    let checks: [Checks<'_>; 5] = [
        Box::pin(database(config, clock)),
        Box::pin(redis(config)),
        Box::pin(broker(config)),
        Box::pin(mail(config)),
        Box::pin(gateway(config)),
    ];
    lines.extend(join_all(checks).await.into_iter().flatten());
    lines
}

fn print(lines: &[Line]) -> io::Result<ExitCode> {
    let mut out = io::stdout().lock();
    for line in lines {
        writeln!(out, "{line}")?;
    }
    let broken = lines.iter().any(|line| matches!(line.finding, Finding::Broken { .. }));
    Ok(if broken { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn settings(config: &Config) -> Line {
    let insecure = config.stage == Stage::Production && !config.http.public_url.is_https();
    let finding = if insecure {
        let what = format!("TILL_PUBLIC_URL is {}, without TLS", config.http.public_url);
        Finding::Worth(what)
    } else {
        Finding::Fine(format!("{:?}, {}", config.stage, config.http.public_url))
    };
    Line { about: "configuration", finding }
}

fn data_dir(folder: &DataDir) -> Line {
    let probe = folder.join(&format!(".doctor.{}", std::process::id()));
    let tried = std::fs::create_dir_all(folder.path())
        .and_then(|()| std::fs::write(&probe, b"written"))
        .and_then(|()| std::fs::remove_file(&probe));
    let path = folder.path().display();
    let finding = match tried {
        Ok(()) => Finding::Fine(format!("{path} can be written")),
        Err(error) => Finding::Broken {
            fault: format!("{path}: {error}"),
            remedy: "give this user the folder, or set TILL_DATA_DIR",
        },
    };
    Line { about: "data folder", finding }
}

async fn database(config: &Config, clock: &dyn Clock) -> Vec<Line> {
    let Some(url) = &config.database.url else {
        let what = "DATABASE_URL is not set: `till up` brings its own Postgres, all else needs one";
        return vec![Line { about: "postgres", finding: Finding::Worth(what.to_owned()) }];
    };
    match health::inspect_database(url, clock).await {
        Ok(report) => vec![
            Line { about: "postgres", finding: version(report.version) },
            Line { about: "migrations", finding: migrations(&report) },
            Line { about: "clock", finding: skew(report.clock_skew) },
            Line { about: "signing keys", finding: signing_keys(report.signing_keys) },
        ],
        Err(error) => {
            let remedy = "check DATABASE_URL, and that the server runs and lets this user in";
            let finding = Finding::Broken { fault: error.to_string(), remedy };
            vec![Line { about: "postgres", finding }]
        }
    }
}

fn version(number: i32) -> Finding {
    let shown = format!("version {}.{}", number / 10_000, number % 10_000);
    if number < OLDEST_POSTGRES {
        return Finding::Broken { fault: shown, remedy: "Till needs Postgres 15 or newer" };
    }
    Finding::Fine(shown)
}

fn migrations(report: &DatabaseReport) -> Finding {
    let schema = report.schema;
    if schema.changed > 0 {
        return Finding::Broken {
            fault: format!("{} applied migrations are not this program's", schema.changed),
            remedy: "run the program that made this database, or restore it from a backup",
        };
    }
    if schema.pending > 0 {
        let fault = format!("{} not applied", schema.pending);
        return Finding::Broken { fault, remedy: "run `till migrate`" };
    }
    if schema.unknown > 0 {
        return Finding::Worth(format!("{} of a newer program", schema.unknown));
    }
    Finding::Fine("up to date".to_owned())
}

fn skew(ahead: time::Duration) -> Finding {
    if ahead.abs() > SKEW_ALLOWED {
        return Finding::Broken {
            fault: format!("the database's clock is {ahead} ahead of this machine's"),
            remedy: "let NTP set both clocks",
        };
    }
    Finding::Fine("agrees with the database's".to_owned())
}

fn signing_keys(count: Option<i64>) -> Finding {
    match count {
        None => Finding::Worth("not looked at before the migrations are applied".to_owned()),
        Some(count) if count > 0 => Finding::Fine(format!("{count} in use")),
        Some(_) => {
            Finding::Broken { fault: "there is none".to_owned(), remedy: "run `till migrate`" }
        }
    }
}

async fn redis(config: &Config) -> Vec<Line> {
    let about = "redis";
    let Some(url) = &config.redis.url else {
        return vec![unset(
            about,
            "REDIS_URL is not set: each process limits and caches by itself",
        )];
    };
    vec![reached(about, health::ping_redis(url).await, "check REDIS_URL and that Redis runs")]
}

async fn broker(config: &Config) -> Vec<Line> {
    let about = "rabbitmq";
    let Some(url) = &config.broker.url else {
        return vec![unset(about, "AMQP_URL is not set: the outbox is read without a broker")];
    };
    vec![reached(about, health::ping_broker(url).await, "check AMQP_URL and that RabbitMQ runs")]
}

async fn mail(config: &Config) -> Vec<Line> {
    let about = "mail";
    let Some(url) = &config.mail.url else {
        return vec![unset(about, "SMTP_URL is not set: mails become files in the data folder")];
    };
    vec![reached(about, health::ping_mail(url).await, "check SMTP_URL and the server's rules")]
}

async fn gateway(config: &Config) -> Vec<Line> {
    let answer =
        health::ping_gateway(&config.gateway.url, &config.root_key.gateway_api_key()).await;
    let remedy = "start `till gateway` or `till up`, set TILL_GATEWAY_URL, and give both the same TILL_SECRET_KEY";
    vec![reached("gateway", answer, remedy)]
}

fn unset(about: &'static str, what: &str) -> Line {
    Line { about, finding: Finding::Worth(what.to_owned()) }
}

fn reached(
    about: &'static str,
    answer: Result<(), health::ProbeError>,
    remedy: &'static str,
) -> Line {
    let finding = match answer {
        Ok(()) => Finding::Fine("answers".to_owned()),
        Err(error) => Finding::Broken { fault: error.to_string(), remedy },
    };
    Line { about, finding }
}

#[cfg(test)]
mod tests {
    use super::{Finding, migrations, signing_keys, skew, version};
    use crate::service::health::{DatabaseReport, SchemaState};

    fn report(pending: usize, changed: usize, unknown: usize) -> DatabaseReport {
        let schema = SchemaState { pending, changed, unknown };
        DatabaseReport {
            version: 170_002,
            schema,
            clock_skew: time::Duration::ZERO,
            signing_keys: Some(1),
        }
    }

    fn is_broken(finding: &Finding) -> bool {
        matches!(finding, Finding::Broken { .. })
    }

    #[test]
    fn an_old_server_an_old_schema_a_wrong_clock_and_missing_keys_are_broken() {
        assert!(is_broken(&version(140_011)));
        assert!(is_broken(&migrations(&report(1, 0, 0))));
        assert!(is_broken(&migrations(&report(0, 1, 0))));
        assert!(is_broken(&skew(time::Duration::seconds(-3))));
        assert!(is_broken(&signing_keys(Some(0))));
    }

    #[test]
    fn a_newer_schema_is_worth_a_look_and_no_more() {
        assert!(matches!(migrations(&report(0, 0, 2)), Finding::Worth(_)));
        assert_eq!(version(170_002), Finding::Fine("version 17.2".to_owned()));
        assert_eq!(migrations(&report(0, 0, 0)), Finding::Fine("up to date".to_owned()));
    }
}
