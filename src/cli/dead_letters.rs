//! `till dead-letters`: shows what consumers gave up, gives it back to them, or drops it; it decides nothing about messages.

use std::io::{self, Write};
use std::process::ExitCode;

use super::shown::{harmless, instant, shortened};
use super::{Chosen, DeadLettersAction, DeadLettersArgs};
use crate::service::audit::Author;
use crate::service::dead_letters::{self, Choice, Kept, Key};
use crate::service::{Services, StoreError};

/// It could not be done, as against there being nothing to do it with.
const NOT_DONE: u8 = 2;
/// Dead letters that are given back, or dropped, by one transaction.
const BATCH: usize = 500;
/// As much of a reason as fits beside the rest.
const REASON: usize = 80;
/// More consumers than any message has.
const MOST_CONSUMERS: i64 = 1_000;

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("standard output is closed")]
    Output(#[from] io::Error),
}

/// Does it and prints what came of it: exit 0 where it is done, 1 where there is no such dead letter, 2 where it could
/// not be done. `consumers` are those there are.
///
/// # Errors
/// Standard output is closed.
pub async fn run(
    services: &Services,
    args: &DeadLettersArgs,
    consumers: &[&str],
) -> io::Result<ExitCode> {
    let mut out = io::stdout();
    let done = match &args.action {
        DeadLettersAction::List { consumer, limit } => {
            list(services, consumer.clone(), *limit, &mut out).await
        }
        DeadLettersAction::Show { message, consumer } => {
            let choice = Choice { message: Some((*message).into()), consumer: consumer.clone() };
            show(services, &choice, &mut out).await
        }
        DeadLettersAction::Replay(chosen) => replay(services, chosen, consumers, &mut out).await,
        DeadLettersAction::Drop { chosen, .. } => drop_for_good(services, chosen, &mut out).await,
    };
    match done {
        Ok(code) => Ok(code),
        Err(Failed::Output(error)) => Err(error),
        Err(Failed::Store(error)) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            let cause = cause.map_or_else(String::new, |cause| format!(": {}", harmless(&cause)));
            writeln!(io::stderr(), "till: it could not be done: {error}{cause}")?;
            Ok(NOT_DONE.into())
        }
    }
}

async fn list(
    services: &Services,
    consumer: Option<String>,
    limit: u32,
    out: &mut impl Write,
) -> Result<ExitCode, Failed> {
    let choice = Choice { message: None, consumer };
    let letters = dead_letters::newest(services, &choice, i64::from(limit)).await?;
    for Kept { consumer, message, reason, tries, died_at } in &letters {
        let (consumer, topic) = (harmless(consumer), harmless(&message.topic));
        let (died_at, reason) = (instant(*died_at), shortened(&harmless(reason), REASON));
        writeln!(out, "{}  {consumer}  {topic}  {tries}  {died_at}  {reason}", message.id)?;
    }
    if letters.is_empty() {
        writeln!(out, "There is no dead letter.")?;
    }
    if u32::try_from(letters.len()).is_ok_and(|shown| shown >= limit) {
        writeln!(out, "… and perhaps more: --limit shows more of them")?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn show(
    services: &Services,
    choice: &Choice,
    out: &mut impl Write,
) -> Result<ExitCode, Failed> {
    let letters = dead_letters::newest(services, choice, MOST_CONSUMERS).await?;
    if letters.is_empty() {
        return none(out);
    }
    for Kept { consumer, message, reason, tries, died_at } in &letters {
        writeln!(out, "message       {}", message.id)?;
        writeln!(out, "consumer      {}", harmless(consumer))?;
        writeln!(out, "topic         {}", harmless(&message.topic))?;
        writeln!(out, "request       {}", harmless(&message.request_id))?;
        let trace = message.trace_parent.as_deref().unwrap_or("none");
        writeln!(out, "trace parent  {}", harmless(trace))?;
        writeln!(out, "tries         {tries}")?;
        writeln!(out, "died at       {}", instant(*died_at))?;
        writeln!(out, "reason        {}", harmless(reason))?;
        writeln!(out, "payload")?;
        // Every line break is the printer's own: those inside of texts are spelt out by JSON.
        for line in format!("{:#}", message.payload).lines() {
            writeln!(out, "  {}", harmless(line))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn replay(
    services: &Services,
    chosen: &Chosen,
    consumers: &[&str],
    out: &mut impl Write,
) -> Result<ExitCode, Failed> {
    let keys = dead_letters::choose(services, &choice(chosen)).await?;
    let (known, orphans): (Vec<Key>, Vec<Key>) =
        keys.into_iter().partition(|key| consumers.contains(&key.consumer.as_str()));
    let mut replayed = 0;
    for batch in known.chunks(BATCH) {
        for Key { message, consumer } in
            dead_letters::replay(services, &Author::operator(), batch).await?
        {
            writeln!(out, "{message} goes back to {}", harmless(&consumer))?;
            replayed += 1;
        }
    }
    for Key { message, consumer } in &orphans {
        let consumer = harmless(consumer);
        writeln!(
            io::stderr(),
            "till: {message} stays: there is no consumer {consumer} any more; `till dead-letters drop` removes it"
        )?;
    }
    match (replayed, orphans.len()) {
        (_, 1..) => Ok(NOT_DONE.into()),
        (0, 0) => none(out),
        _ => Ok(ExitCode::SUCCESS),
    }
}

async fn drop_for_good(
    services: &Services,
    chosen: &Chosen,
    out: &mut impl Write,
) -> Result<ExitCode, Failed> {
    let keys = dead_letters::choose(services, &choice(chosen)).await?;
    let mut dropped = 0;
    for batch in keys.chunks(BATCH) {
        for Key { message, consumer } in
            dead_letters::drop_for_good(services, &Author::operator(), batch).await?
        {
            writeln!(out, "{message} of {} is gone for good", harmless(&consumer))?;
            dropped += 1;
        }
    }
    if dropped == 0 { none(out) } else { Ok(ExitCode::SUCCESS) }
}

fn choice(chosen: &Chosen) -> Choice {
    Choice { message: chosen.message.map(Into::into), consumer: chosen.consumer.clone() }
}

fn none(out: &mut impl Write) -> Result<ExitCode, Failed> {
    writeln!(out, "There is no such dead letter.")?;
    Ok(ExitCode::FAILURE)
}
