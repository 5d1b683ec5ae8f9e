//! What a start with right and wrong settings says; every test brings its own environment and folder.

use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use proptest::prelude::{any, prop, proptest};
use secrecy::ExposeSecret;

use crate::domain::ambient::Ambient;

use super::{
    Config, ConfigErrors, Environment, Exposure, LoadShed, LogFormat, Program, SETTINGS, Stage,
    flags,
};

const KEY: &str = "3q2+796tvu/erb7v3q2+796tvu/erb7v3q2+7wECAwQ=";
const RANDOM_KEY: &str = "kPn0z3Tq1m8XcBvJr5yLwE2hUoSgAaDfYiK7Nx6Rt9M=";

/// A folder of one test; removed when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("till-config-{}", Ambient::system().uuid())))
    }

    fn text(&self) -> &str {
        self.0.to_str().expect("a Unicode path")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _absent_is_fine = std::fs::remove_dir_all(&self.0);
    }
}

fn load(program: Program, pairs: &[(&str, &str)]) -> Result<Config, ConfigErrors> {
    Config::load(program, &Environment::from_pairs(pairs.iter().copied()))
}

fn lines(program: Program, pairs: &[(&str, &str)]) -> Vec<String> {
    load(program, pairs).map_or_else(|errors| errors.lines().collect(), |_| Vec::new())
}

#[test]
fn an_empty_environment_gives_the_documented_defaults() {
    let folder = Folder::new();
    let config = load(Program::Up, &[("TILL_DATA_DIR", folder.text())]).expect("defaults");
    assert_eq!(config.stage, Stage::Development);
    assert_eq!(config.http.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.http.public_url.as_str(), "http://127.0.0.1:8080");
    assert_eq!(config.http.body_limit, 256 * 1024);
    assert_eq!(config.http.request_deadline.as_secs(), 10);
    assert_eq!(config.ops.listen.to_string(), "127.0.0.1:9090");
    assert_eq!(config.gateway.url.as_str(), "http://127.0.0.1:8090");
    assert_eq!((config.database.pool_min, config.database.pool_max), (5, 20));
    assert_eq!(config.shutdown.grace.as_secs(), 25);
    assert_eq!(config.log.format, LogFormat::Text);
    let hangs_after = std::time::Duration::from_millis(300);
    assert_eq!(config.load_shed, Some(LoadShed { least: 4, most: 400, hangs_after }));
    assert!(config.database.url.is_none() && config.redis.url.is_none());
}

#[test]
fn every_wrong_setting_is_reported_at_once_in_a_line_that_names_it() {
    let plain = SETTINGS.iter().filter(|setting| setting.name != "TILL_DATA_DIR");
    let mut wrong: Vec<(&str, &str)> = plain.map(|setting| (setting.name, "=!?=\n")).collect();
    wrong.push(("TILL_LISTN", "127.0.0.1:1"));
    let lines = lines(Program::Api, &wrong);
    assert_eq!(lines.len(), wrong.len(), "{lines:#?}");
    for (name, _) in &wrong {
        let of_name =
            |line: &&String| line.strip_prefix(name).is_some_and(|rest| !rest.starts_with('_'));
        assert_eq!(lines.iter().filter(of_name).count(), 1, "{name}");
    }
    for line in lines.iter().take(lines.len() - 1) {
        assert!(line.contains(" is not ") && line.contains("; example: "), "{line}");
        assert!(!line.contains('\n'), "{line}");
    }
    assert_eq!(
        lines.last().map(String::as_str),
        Some("TILL_LISTN is no setting of this version; did you mean TILL_LISTEN?")
    );
}

#[test]
fn every_default_and_every_example_is_accepted_except_where_it_is_a_published_secret() {
    let folder = Folder::new();
    let examples: Vec<(&str, &str)> = SETTINGS
        .iter()
        .filter(|setting| {
            !["TILL_DATA_DIR", "PG_BIN", "TILL_SECRET_KEY", "TILL_ADMIN_PASSWORD"]
                .contains(&setting.name)
        })
        .map(|setting| (setting.name, setting.example))
        .chain([
            ("TILL_DATA_DIR", folder.text()),
            ("TILL_SECRET_KEY", RANDOM_KEY),
            ("TILL_ADMIN_PASSWORD", "long enough, surely"),
        ])
        .collect();
    assert_eq!(lines(Program::Api, &examples), Vec::<String>::new());
    let config = load(Program::Api, &examples).expect("examples");
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.http.cors_origins.len(), 2);
    assert!(config.http.trusted_proxies.trusts([10, 1, 2, 3].into()));
}

#[test]
fn a13_production_refuses_missing_and_published_secrets() {
    let database = ("DATABASE_URL", "postgres://till:x@localhost/till");
    let production = ("TILL_ENV", "production");
    let missing = lines(Program::Migrate, &[production, database]);
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert!(
        missing.concat().starts_with("TILL_SECRET_KEY: is not set, and production"),
        "{missing:?}"
    );

    let zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    for key in [zeros, super::secret_key::SECRET_KEY.example, KEY] {
        let lines = lines(Program::Migrate, &[production, database, ("TILL_SECRET_KEY", key)]);
        assert!(
            lines.concat().starts_with("TILL_SECRET_KEY: the value (not shown) is "),
            "{lines:?}"
        );
        assert!(!lines.concat().contains(key) || key == super::secret_key::SECRET_KEY.example);
    }
    let admin =
        [("TILL_ADMIN_EMAIL", "a@b.example"), ("TILL_ADMIN_PASSWORD", "till-demo-password")];
    let demo = lines(
        Program::Migrate,
        &[production, database, ("TILL_SECRET_KEY", RANDOM_KEY), admin[0], admin[1]],
    );
    assert!(demo.concat().starts_with("TILL_ADMIN_PASSWORD: "), "{demo:?}");
    assert!(
        load(Program::Migrate, &[production, database, ("TILL_SECRET_KEY", RANDOM_KEY)]).is_ok()
    );
}

#[test]
fn development_makes_one_key_and_keeps_it_for_its_owner_alone() {
    let folder = Folder::new();
    let pairs = [("TILL_DATA_DIR", folder.text())];
    let first = load(Program::Up, &pairs).expect("made").root_key.gateway_api_key();
    let second = load(Program::Up, &pairs).expect("kept").root_key.gateway_api_key();
    assert_eq!(first.expose_secret(), second.expose_secret());
    let file = folder.0.join("secret.key");
    let mode = std::fs::metadata(&file).expect("the file").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(&folder.0).expect("the folder").count(), 1, "no draft is left");

    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("chmod");
    assert!(lines(Program::Up, &pairs).concat().contains("chmod 600"));
}

#[test]
fn programs_that_start_together_agree_on_one_key() {
    let folder = Folder::new();
    let keys: HashSet<String> = std::thread::scope(|scope| {
        let start = || {
            let config = load(Program::Up, &[("TILL_DATA_DIR", folder.text())]).expect("a key");
            config.root_key.gateway_api_key().expose_secret().to_owned()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(keys.len(), 1);
}

#[test]
fn no_file_is_written_where_another_setting_is_wrong() {
    let folder = Folder::new();
    assert!(
        !lines(Program::Up, &[("TILL_DATA_DIR", folder.text()), ("TILL_LISTEN", "x")]).is_empty()
    );
    assert!(!folder.0.exists());
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let pool = [
        ("TILL_DATABASE_POOL_MIN", "30"),
        ("TILL_ADMIN_EMAIL", "a@b.example"),
        ("TILL_LOAD_SHED_LEAST", "401"),
    ];
    let lines = lines(Program::Gateway, &pool);
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines.concat().contains("401 is more than TILL_LOAD_SHED_MOST allows (400)"));
    assert!(lines.concat().contains("30 is more than TILL_DATABASE_POOL_MAX allows (20)"));
    assert!(lines.concat().contains("TILL_ADMIN_PASSWORD: is not set"));
}

#[test]
fn only_programs_that_need_a_database_ask_for_one() {
    for program in [
        Program::Api,
        Program::Worker,
        Program::Migrate,
        Program::Seed,
        Program::Check,
        Program::Keys,
        Program::DeadLetters,
    ] {
        assert!(
            lines(program, &[("TILL_SECRET_KEY", KEY)])
                .concat()
                .starts_with("DATABASE_URL: is not set")
        );
    }
    for program in [Program::Up, Program::Gateway, Program::Doctor] {
        assert!(load(program, &[("TILL_SECRET_KEY", KEY)]).is_ok());
    }
}

#[test]
fn programs_of_which_there_are_several_ask_for_what_they_share() {
    let own = [("DATABASE_URL", "postgres://localhost/till"), ("TILL_SECRET_KEY", KEY)];
    for program in [Program::Api, Program::Worker] {
        let lines = lines(program, &own);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].starts_with("REDIS_URL: is not set, and this program needs Redis"));
        assert!(lines[1].starts_with("AMQP_URL: is not set, and this program needs a broker"));
    }
}

#[test]
fn no_secret_is_shown_by_errors_or_by_debug() {
    let secret = "s3cr3t-hunter2";
    let wrong: Vec<(&str, String)> = SETTINGS
        .iter()
        .filter(|setting| setting.exposure == Exposure::Secret)
        .map(|setting| (setting.name, format!("{secret}:// {}", "x".repeat(200))))
        .chain([("TILL_GATEWAY_URL", format!("http://user:{secret}@gateway"))])
        .collect();
    let error = Config::load(
        Program::Api,
        &Environment::from_pairs(wrong.iter().map(|(name, value)| (*name, value))),
    )
    .expect_err("all wrong");
    assert_eq!(error.lines().count(), wrong.len(), "{error}");
    assert!(!format!("{error} {error:?}").contains(secret));

    let url = format!("postgres://till:{secret}@localhost/till");
    let config = load(
        Program::Migrate,
        &[
            ("DATABASE_URL", &url),
            ("TILL_SECRET_KEY", KEY),
            ("TILL_ADMIN_EMAIL", "a@b.example"),
            ("TILL_ADMIN_PASSWORD", secret),
        ],
    );
    let shown = format!("{:?}", config.expect("all right"));
    assert!(!shown.contains(secret) && !shown.contains("222"), "{shown}");
}

#[test]
fn a_flag_wins_over_the_environment_and_its_faults_name_the_flag() {
    let program = clap::Command::new("till").args(flags()).subcommand(clap::Command::new("up"));
    let matches =
        program.try_get_matches_from(["till", "up", "--listen", "0.0.0.0:99", "--hsts", "x"]);
    let environment =
        Environment::from_pairs([("TILL_LISTEN", "127.0.0.1:1"), ("TILL_SECRET_KEY", KEY)])
            .with_flags(&matches.expect("known flags"));
    let error = Config::load(Program::Up, &environment).expect_err("a wrong flag").to_string();
    assert_eq!(error, "--hsts: \"x\" is not a duration from 1s to 730d; example: --hsts 365d");
}

#[test]
fn names_and_flags_are_unique() {
    let names: HashSet<_> = SETTINGS.iter().map(|setting| setting.name).collect();
    let flags: HashSet<_> = SETTINGS.iter().filter_map(|setting| setting.flag()).collect();
    let plain = SETTINGS.iter().filter(|setting| setting.flag().is_some()).count();
    assert_eq!((names.len(), flags.len()), (SETTINGS.len(), plain));
}

#[test]
fn test_variables_and_empty_values_are_passed_over() {
    assert!(
        load(
            Program::Up,
            &[("TILL_TEST_DATABASE_URL", "x"), ("TILL_LISTEN", " "), ("TILL_SECRET_KEY", KEY)]
        )
        .is_ok()
    );
}

proptest! {
    #[test]
    fn no_environment_makes_the_start_panic_or_speak_in_broken_lines(
        values in prop::collection::vec((0..SETTINGS.len(), any::<Vec<u8>>()), 0..8),
        text in prop::collection::vec((0..SETTINGS.len(), "\\PC{0,40}"), 0..8),
        odd in "TILL_[ -~]{0,90}",
    ) {
        use std::os::unix::ffi::OsStringExt;
        let name = |place: usize| SETTINGS.get(place).map_or("", |setting| setting.name).to_owned();
        let pairs = values.into_iter().map(|(place, bytes)| (name(place), std::ffi::OsString::from_vec(bytes)))
            .chain(text.into_iter().map(|(place, text)| (name(place), text.into())))
            .chain([(odd, "x".into())])
            // With a key of its own nothing is written.
            .chain([("TILL_SECRET_KEY".to_owned(), KEY.into())]);
        if let Err(errors) = Config::load(Program::Up, &Environment::from_pairs(pairs)) {
            assert_eq!(errors.to_string().lines().count(), errors.lines().count());
        }
    }
}
