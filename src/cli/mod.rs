//! Operator commands of the `till` program; each calls the same use cases as the API.
//!
//! The command line is the subcommand and, for every setting that is no secret, a flag; both are parsed here
//! and nowhere else. What a command does stands in its own file.

pub mod check;
pub mod dead_letters;
pub mod doctor;
pub mod keys;
pub mod openapi;
pub mod probe;
pub mod seed;
mod shown;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use uuid::Uuid;

use crate::config::{Environment, Program, flags};

/// An order and payments API that is built to survive.
#[derive(Debug, Parser)]
#[command(name = "till", version, arg_required_else_help = true)]
#[command(
    after_help = "Settings are environment variables or flags: see --help of a command, or .env.example."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What `till` is asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Run everything in one process: private Postgres, API, worker, sandbox gateway, demo data.
    Up,
    /// Bring the database's schema up to date and make the first signing key.
    Migrate,
    /// Fill the database with a demo catalogue, sign-ins and orders.
    Seed(SeedArgs),
    /// Run the sandbox payment gateway alone.
    Gateway,
    /// Print the OpenAPI documents, write them, or compare them with the committed ones.
    Openapi(OpenapiArgs),
    /// Check configuration, every dependency, migrations, clock and keys, and say what to do.
    Doctor,
    /// Verify every rule of the money over the whole database and the gateway's record.
    Check(CheckArgs),
    /// Look after the keys that sign access tokens.
    Keys(KeysArgs),
    /// Look at messages that a consumer gave up, give them back to it, or drop them.
    DeadLetters(DeadLettersArgs),
    /// Ask one address once, for health checks: exit 0 where it answers 2xx.
    Probe {
        /// Such as http://127.0.0.1:8080/readyz.
        url: String,
    },
}

/// How much demo data.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct SeedArgs {
    /// How many orders there shall be; a demo that has them is left alone, one that has fewer gets the rest.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(0..=10_000_000))]
    pub orders: u32,
}

/// What to check, and how much to tell.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct CheckArgs {
    /// Name so many rows of each rule that is broken.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub most: u32,
    /// Leave the gateway's record out.
    #[arg(long)]
    pub no_gateway: bool,
}

/// What to do with the OpenAPI documents.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct OpenapiArgs {
    /// Compare with the committed documents; exit 1 where they differ.
    #[arg(long, conflicts_with = "out")]
    pub check: bool,
    /// Write the documents into this folder.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// What to do with the signing keys.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct KeysArgs {
    #[command(subcommand)]
    pub action: KeysAction,
}

/// One thing to do with the signing keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum KeysAction {
    /// Make a new key and let the old one run out, without a break for anybody.
    Rotate,
}

/// What to do with dead letters.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct DeadLettersArgs {
    #[command(subcommand)]
    pub action: DeadLettersAction,
}

/// One thing to do with dead letters: exit 0 where it is done, 1 where there is no such, 2 where it could not be done.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum DeadLettersAction {
    /// One line each, the newest first: message, consumer, topic, tries, when it died, and why.
    List {
        /// Only those of this consumer.
        #[arg(long, value_name = "NAME")]
        consumer: Option<String>,
        /// No more than so many.
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
    },
    /// Everything about one message.
    Show {
        /// Its id.
        message: Uuid,
        /// Only what this consumer made of it.
        #[arg(long, value_name = "NAME")]
        consumer: Option<String>,
    },
    /// Give it back to the consumer that gave it up, and to no other; what was handled meanwhile has no second effect.
    Replay(Chosen),
    /// Remove it for good.
    Drop {
        #[command(flatten)]
        chosen: Chosen,
        /// Yes, all of them.
        #[arg(long, requires = "all", required_if_eq("all", "true"))]
        yes: bool,
    },
}

/// One message, or all.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Chosen {
    /// Its id.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub message: Option<Uuid>,
    /// Every dead letter.
    #[arg(long)]
    pub all: bool,
    /// Only those of this consumer.
    #[arg(long, value_name = "NAME")]
    pub consumer: Option<String>,
}

impl Command {
    /// Whose settings it needs; `None` where it needs none.
    #[must_use]
    pub const fn program(&self) -> Option<Program> {
        match self {
            Self::Up => Some(Program::Up),
            Self::Migrate => Some(Program::Migrate),
            Self::Seed(_) => Some(Program::Seed),
            Self::Gateway => Some(Program::Gateway),
            Self::Doctor => Some(Program::Doctor),
            Self::Check(_) => Some(Program::Check),
            Self::Keys(_) => Some(Program::Keys),
            Self::DeadLetters(_) => Some(Program::DeadLetters),
            Self::Openapi(_) | Self::Probe { .. } => None,
        }
    }
}

/// Reads the command line of `till`; flags are added to the environment, where they win.
///
/// # Errors
/// The line is not understood, or asks for help or the version; the error prints itself and knows its exit code.
pub fn parse(
    line: impl IntoIterator<Item = OsString>,
    environment: Environment,
) -> Result<(Command, Environment), clap::Error> {
    let matches = Cli::command().args(flags()).try_get_matches_from(line)?;
    let cli = Cli::from_arg_matches(&matches)?;
    Ok((cli.command, environment.with_flags(&matches)))
}

/// Reads the command line of a program that has only settings, `api` or `worker`.
///
/// # Errors
/// As [`parse`].
pub fn parse_settings(
    name: &'static str,
    line: impl IntoIterator<Item = OsString>,
    environment: Environment,
) -> Result<Environment, clap::Error> {
    let program = clap::Command::new(name).version(env!("CARGO_PKG_VERSION")).args(flags());
    Ok(environment.with_flags(&program.try_get_matches_from(line)?))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::{
        CheckArgs, Chosen, Cli, Command, DeadLettersAction, DeadLettersArgs, KeysAction, KeysArgs,
        OpenapiArgs, SeedArgs, parse,
    };
    use crate::config::{Environment, flags};

    fn parsed(line: &str) -> Result<Command, clap::Error> {
        let words = line.split_whitespace().map(Into::into);
        parse(words, Environment::default()).map(|(command, _)| command)
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().args(flags()).debug_assert();
    }

    #[test]
    fn every_documented_command_is_understood() {
        let check = OpenapiArgs { check: true, out: None };
        let out = OpenapiArgs { check: false, out: Some("docs".into()) };
        let id = "0190163d-8694-739b-aea5-966c26f8ad91";
        let message = id.parse().expect("an id");
        let consumer = Some("a".to_owned());
        let list = DeadLettersAction::List { consumer, limit: 7 };
        let show = DeadLettersAction::Show { message, consumer: None };
        let one = Chosen { message: Some(message), all: false, consumer: None };
        let all = Chosen { message: None, all: true, consumer: None };
        let drop = DeadLettersAction::Drop { chosen: all, yes: true };
        let letters = |action| Command::DeadLetters(DeadLettersArgs { action });
        let lines = [
            ("till up", Command::Up),
            ("till migrate --env production", Command::Migrate),
            ("till seed --orders 7", Command::Seed(SeedArgs { orders: 7 })),
            ("till gateway", Command::Gateway),
            ("till openapi --check", Command::Openapi(check)),
            ("till openapi --out docs", Command::Openapi(out)),
            ("till --listen 127.0.0.1:1 doctor", Command::Doctor),
            ("till check --most 5", Command::Check(CheckArgs { most: 5, no_gateway: false })),
            ("till probe http://a/", Command::Probe { url: "http://a/".to_owned() }),
            ("till dead-letters list --consumer a --limit 7", letters(list)),
            (&format!("till dead-letters show {id}"), letters(show)),
            (&format!("till dead-letters replay {id}"), letters(DeadLettersAction::Replay(one))),
            ("till dead-letters drop --all --yes", letters(drop)),
            ("till keys rotate", Command::Keys(KeysArgs { action: KeysAction::Rotate })),
        ];
        for (line, command) in lines {
            assert_eq!(parsed(line).ok(), Some(command), "{line}");
        }
    }

    #[test]
    fn what_is_not_documented_is_refused() {
        for line in [
            "till",
            "till fly",
            "till up --secret-key x",
            "till openapi --check --out x",
            "till seed --orders -1",
            "till dead-letters show 7",
            "till dead-letters replay",
            "till dead-letters replay 0190163d-8694-739b-aea5-966c26f8ad91 --all",
            "till dead-letters drop --all",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
