//! `till seed`: puts the demo in and tells how far it has come.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use super::SeedArgs;
use crate::service::demo::{self, Demo, DemoError, DemoProgress};

/// Between two lines about the progress.
const BETWEEN_LINES: Duration = Duration::from_secs(1);

/// The demo was not put in, or nobody could be told.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    #[error(transparent)]
    Demo(#[from] DemoError),
    #[error("standard output is closed")]
    Output(#[from] io::Error),
}

/// Does it; the last line says what there is.
///
/// # Errors
/// [`SeedError`]; what was written stays, and the next run goes on from there.
pub async fn run(demo: &Demo, args: &SeedArgs) -> Result<(), SeedError> {
    let mut lines = Lines::new(args.orders);
    let done = demo::seed(demo, args.orders, |progress| lines.tell(progress)).await?;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "the demo is complete: {} orders; sign-ins, all with {}:",
        done.orders,
        demo::PASSWORD
    )?;
    for sign_in in demo::SIGN_INS {
        writeln!(out, "  {:<20} {}", sign_in.email, sign_in.role.as_str())?;
    }
    Ok(())
}

/// Lines about the progress, not more than one a second.
struct Lines {
    wanted: u32,
    told: Instant,
    orders: i64,
}

impl Lines {
    fn new(wanted: u32) -> Self {
        Self { wanted, told: Instant::now(), orders: 0 }
    }

    fn tell(&mut self, progress: DemoProgress) {
        let passed = self.told.elapsed();
        if passed < BETWEEN_LINES {
            return;
        }
        let new = u64::try_from(progress.orders - self.orders).unwrap_or(0);
        let each_second = u128::from(new) * 1000 / passed.as_millis().max(1);
        let mut out = io::stdout().lock();
        // Where nobody reads, the work still goes on.
        drop(writeln!(
            out,
            "{} of {} orders, {each_second} a second",
            progress.orders, self.wanted
        ));
        self.told = Instant::now();
        self.orders = progress.orders;
    }
}
