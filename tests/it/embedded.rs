//! The private Postgres of `till up`: first and later starts, power cuts, killed parents, wrong places.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use till::embedded::{Created, EmbeddedError, Postgres, Settings};

use crate::support::directory::{Directory, PATIENCE, eventually, is_running, kill};

/// Names the data directory to [`parent_that_is_killed`], which runs in a process of its own.
const PARENT_DIRECTORY: &str = "TILL_TEST_EMBEDDED_DIRECTORY";

async fn connect(postgres: &Postgres) -> PgConnection {
    PgConnection::connect_with(&PgConnectOptions::from_str(&postgres.url()).unwrap()).await.unwrap()
}

async fn execute(postgres: &Postgres, statement: &'static str) {
    let mut connection = connect(postgres).await;
    sqlx::query(statement).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

async fn number(postgres: &Postgres, statement: &'static str) -> i64 {
    sqlx::query_scalar(statement).fetch_one(&mut connect(postgres).await).await.unwrap()
}

#[tokio::test]
async fn the_first_start_makes_the_database_and_later_ones_keep_its_data() {
    let directory = Directory::new("keeps");
    let first = Postgres::start(directory.settings()).await.unwrap();
    assert_eq!(first.was_created(), Created::Now);
    execute(&first, "CREATE TABLE kept AS SELECT 42::bigint AS answer").await;
    first.stop().await.unwrap();
    assert_eq!(directory.server_pid(), None, "the server has gone");

    let second = Postgres::start(directory.settings()).await.unwrap();
    assert_eq!(second.was_created(), Created::Before);
    assert_eq!(number(&second, "SELECT answer FROM kept").await, 42);
    second.stop().await.unwrap();
}

#[tokio::test]
async fn the_database_is_utf8_durable_and_on_no_port() {
    let directory = Directory::new("settings");
    let postgres = Postgres::start(directory.settings()).await.unwrap();
    let as_expected = "SELECT count(*) FROM (VALUES ('server_encoding', 'UTF8'), ('fsync', 'on'), \
        ('listen_addresses', ''), ('TimeZone', 'UTC')) wanted (name, value) \
        WHERE current_setting(name) = value";
    assert_eq!(number(&postgres, as_expected).await, 4);
    let mode = fs::metadata(postgres.directory()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn committed_data_survives_a_server_killed_with_9() {
    let directory = Directory::new("killed");
    let first = Postgres::start(directory.settings()).await.unwrap();
    execute(&first, "CREATE TABLE kept AS SELECT 42::bigint AS answer").await;
    kill(directory.server_pid().unwrap());
    let end = tokio::time::timeout(PATIENCE, first.exited()).await.unwrap();
    assert!(matches!(end, EmbeddedError::Exited { .. }), "{end}");
    drop(first);
    assert!(directory.server_pid().is_some(), "the lock file is left behind");

    let second = Postgres::start(directory.settings()).await.unwrap();
    assert_eq!(number(&second, "SELECT answer FROM kept").await, 42);
    second.stop().await.unwrap();
}

#[tokio::test]
async fn a_lock_file_whose_number_belongs_to_another_process_by_now_is_replaced() {
    let directory = Directory::new("reused");
    let first = Postgres::start(directory.settings()).await.unwrap();
    let account = fs::metadata(directory.cluster()).unwrap();
    let lock = directory.cluster().join("postmaster.pid");
    let text = fs::read_to_string(&lock).unwrap();
    kill(directory.server_pid().unwrap());
    tokio::time::timeout(PATIENCE, first.exited()).await.unwrap();
    drop(first);

    let mut stranger = stranger_of(&account);
    let (_, rest) = text.split_once('\n').unwrap();
    let forged = format!("{}\n{rest}", stranger.id());
    fs::write(&lock, &forged).unwrap();
    fs::write(directory.0.join("postgres/.s.PGSQL.5432.lock"), &forged).unwrap();

    let second = Postgres::start(directory.settings()).await.unwrap();
    assert!(is_running(stranger.id()), "the other process is left alone");
    second.stop().await.unwrap();
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

/// A process of the user who owns the cluster, which is whom Postgres would mistake for its other self.
fn stranger_of(account: &fs::Metadata) -> Child {
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::process::CommandExt;
    let mut command = Command::new("sleep");
    command.arg("600").current_dir("/");
    if fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
        command.gid(account.gid()).uid(account.uid());
    }
    command.spawn().unwrap()
}

#[tokio::test]
async fn an_interrupted_initialisation_is_thrown_away_and_done_again() {
    let directory = Directory::new("half");
    let first = Postgres::start(directory.settings()).await.unwrap();
    first.stop().await.unwrap();
    // As a kill in the middle of `initdb` leaves it: files, but not under the final name.
    let unfinished = directory.0.join("postgres/data.unfinished-1");
    fs::rename(directory.cluster(), &unfinished).unwrap();
    fs::remove_file(unfinished.join("PG_VERSION")).unwrap();

    let again = Postgres::start(directory.settings()).await.unwrap();
    assert_eq!(again.was_created(), Created::Now);
    assert!(!unfinished.exists());
    again.stop().await.unwrap();
}

#[tokio::test]
async fn a_second_start_in_the_same_directory_names_the_process_that_has_it() {
    let directory = Directory::new("twice");
    let first = Postgres::start(directory.settings()).await.unwrap();
    let refused = Postgres::start(directory.settings()).await.unwrap_err();
    let expected = std::process::id().to_string();
    assert!(matches!(&refused, EmbeddedError::InUse { pid, .. } if *pid == expected), "{refused}");
    assert_eq!(number(&first, "SELECT 1::bigint").await, 1, "the first is undisturbed");
    first.stop().await.unwrap();
}

#[tokio::test]
async fn a_directory_without_a_server_in_it_is_refused_with_what_to_install() {
    let directory = Directory::new("missing");
    let settings = Settings { pg_bin: Some(directory.0.clone()), ..directory.settings() };
    let message = Postgres::start(settings).await.unwrap_err().to_string();
    assert!(message.contains("apt-get install postgresql"), "{message}");
    assert!(message.contains("PG_BIN="), "{message}");
    assert!(!directory.cluster().exists());
}

#[tokio::test]
async fn a_cluster_of_another_major_version_is_refused_and_left_alone() {
    let directory = Directory::new("version");
    Postgres::start(directory.settings()).await.unwrap().stop().await.unwrap();
    fs::write(directory.cluster().join("PG_VERSION"), "9\n").unwrap();
    let refused = Postgres::start(directory.settings()).await.unwrap_err();
    assert!(
        matches!(&refused, EmbeddedError::WrongVersion { needed, .. } if needed == "9"),
        "{refused}"
    );
    assert!(directory.cluster().join("base").exists());
}

#[tokio::test]
async fn a_directory_that_is_no_cluster_is_refused_and_left_alone() {
    let directory = Directory::new("foreign");
    Postgres::start(directory.settings()).await.unwrap().stop().await.unwrap();
    fs::remove_file(directory.cluster().join("PG_VERSION")).unwrap();
    let refused = Postgres::start(directory.settings()).await.unwrap_err();
    assert!(matches!(refused, EmbeddedError::NotACluster { .. }), "{refused}");
    assert!(directory.cluster().join("base").exists());
}

#[tokio::test]
async fn a_path_too_long_for_a_socket_gets_a_short_private_one() {
    let directory = Directory::new("long");
    let data_dir = directory.0.join("a long name, with a comma and ünïcode").join("d".repeat(100));
    let settings = Settings { data_dir, pg_bin: None };
    let postgres = Postgres::start(settings).await.unwrap();
    assert_eq!(number(&postgres, "SELECT 1::bigint").await, 1);
    let socket = postgres.url();
    assert!(socket.contains("%2Ftmp%2Ftill-"), "{socket}");
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn a_path_with_blanks_and_letters_of_all_kinds_works() {
    let directory = Directory::new("blanks");
    let settings = Settings { data_dir: directory.0.join("my %20 tïll + data"), pg_bin: None };
    let postgres = Postgres::start(settings).await.unwrap();
    assert_eq!(number(&postgres, "SELECT 1::bigint").await, 1);
    postgres.stop().await.unwrap();
}

#[tokio::test]
async fn root_keeps_the_cluster_elsewhere_when_the_server_cannot_enter_the_data_directory() {
    let directory = Directory::new("root");
    fs::set_permissions(&directory.0, fs::Permissions::from_mode(0o700)).unwrap();
    let postgres = Postgres::start(directory.settings()).await.unwrap();
    let link = fs::read_link(directory.0.join("postgres"));
    match link {
        Ok(target) => assert!(target.starts_with("/var/lib/till"), "{}", target.display()),
        // Everybody but root runs the server as themselves, who can enter.
        Err(_) => assert!(postgres.directory().starts_with(&directory.0)),
    }
    postgres.stop().await.unwrap();

    let again = Postgres::start(directory.settings()).await.unwrap();
    assert_eq!(again.was_created(), Created::Before);
    again.stop().await.unwrap();
}

#[tokio::test]
async fn a_parent_killed_with_9_takes_its_server_along() {
    let directory = Directory::new("orphan");
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "embedded::parent_that_is_killed", "--ignored", "--nocapture"])
        .env(PARENT_DIRECTORY, &directory.0)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let ready = directory.0.join("ready");
    eventually("the start of the server", || ready.exists()).await;
    let server = directory.server_pid().unwrap();
    assert!(is_running(server));

    parent.kill().unwrap();
    parent.wait().unwrap();
    eventually("the end of the server", || !is_running(server)).await;

    let next = Postgres::start(directory.settings()).await.unwrap();
    assert_eq!(next.was_created(), Created::Before);
    next.stop().await.unwrap();
}

#[tokio::test]
#[ignore = "no test: the process that a_parent_killed_with_9_takes_its_server_along starts and kills"]
async fn parent_that_is_killed() {
    #[expect(clippy::disallowed_methods, reason = "the only way to hand a path to a test process")]
    let Some(directory) = std::env::var_os(PARENT_DIRECTORY) else { return };
    let directory = Path::new(&directory);
    let settings = Settings { data_dir: directory.to_owned(), pg_bin: None };
    let postgres = Postgres::start(settings).await.unwrap();
    fs::write(directory.join("ready"), "").unwrap();
    std::future::pending::<()>().await;
    drop(postgres);
}
