//! `till check`: says rule by rule whether the money is right, and names the rows where it is not; it mends nothing.

use std::io::{self, Write};
use std::process::ExitCode;

use crate::service::check::{Finding, GatewayRecord, Report, check};
use crate::service::pool::Pool;

/// The check could not be done to the end, as against a rule that is broken.
const NOT_DONE: u8 = 2;

/// Prints the report: exit 0 where every rule holds, 1 where one does not, 2 where that could not be found out.
///
/// # Errors
/// Standard output is closed.
pub async fn run(pool: &Pool, gateway: Option<&GatewayRecord>, most: i64) -> io::Result<ExitCode> {
    let checked = check(pool, gateway, most).await;
    let mut out = io::stdout().lock();
    let report = match checked {
        Ok(report) => report,
        Err(error) => {
            writeln!(out, "The check could not be done: {error}.")?;
            return Ok(NOT_DONE.into());
        }
    };
    print(&mut out, &report, most)?;
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print(out: &mut impl Write, report: &Report, most: i64) -> io::Result<()> {
    for Finding { rule, offences } in &report.findings {
        writeln!(out, "{}  {rule}", if offences.is_empty() { "ok  " } else { "FAIL" })?;
        for offence in offences {
            writeln!(out, "        {}: {}", offence.row, offence.detail)?;
        }
        if i64::try_from(offences.len()).is_ok_and(|named| named >= most) {
            writeln!(out, "        … and perhaps more: --most names more of them")?;
        }
    }
    let broken = report.findings.iter().filter(|finding| !finding.offences.is_empty()).count();
    let doubt = report.in_doubt.count;
    let charges = report.charges;
    if broken == 0 {
        writeln!(
            out,
            "All rules hold; {charges} charges of the gateway compared, {doubt} in doubt."
        )
    } else {
        writeln!(out, "{broken} rules are broken; {charges} charges compared, {doubt} in doubt.")
    }
}
