//! Runs small programs of the system where the standard library has no safe call; decides nothing.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use super::error::EmbeddedError;

/// Where system programs are, for children whose environment is emptied.
pub(super) const SYSTEM_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The signals that Postgres gives a meaning to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// Fast shutdown.
    Interrupt,
    /// Immediate shutdown; the next start recovers from the log.
    Quit,
    Kill,
}

impl Signal {
    fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "INT",
            Self::Quit => "QUIT",
            Self::Kill => "KILL",
        }
    }
}

/// The trimmed standard output of a program that ended well, else `None`.
pub(super) fn output_of(
    program: &OsStr,
    arguments: &[&OsStr],
) -> Result<Option<String>, EmbeddedError> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(failed(program))?;
    Ok(output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned()))
}

/// Sends a signal by the shell's own `kill`, which exists where no program of that name does. A process that is gone is no error.
pub(super) fn signal(pid: u32, signal: Signal) -> Result<(), EmbeddedError> {
    let script = format!("kill -{} {pid}", signal.name());
    output_of("sh".as_ref(), &["-c".as_ref(), script.as_ref()]).map(drop)
}

/// What a process was started with, or `None` when it is gone.
pub(super) fn command_line(pid: u32) -> Result<Option<String>, EmbeddedError> {
    if Path::new("/proc/self/cmdline").exists() {
        let Ok(bytes) = std::fs::read(format!("/proc/{pid}/cmdline")) else { return Ok(None) };
        return Ok(Some(String::from_utf8_lossy(&bytes).replace('\0', " ").trim().to_owned()));
    }
    output_of(
        "ps".as_ref(),
        &["-o".as_ref(), "args=".as_ref(), "-p".as_ref(), pid.to_string().as_ref()],
    )
}

/// `setpriv --pdeathsig INT` makes the kernel stop the server even when its parent was killed with -9; other systems lack it.
pub(super) fn can_die_with_parent() -> bool {
    let probe = ["--pdeathsig", "INT", "true"].map(OsStr::new);
    output_of("setpriv".as_ref(), &probe).is_ok_and(|output| output.is_some())
}

/// For `map_err` on starting a program.
pub(super) fn failed(program: &OsStr) -> impl FnOnce(std::io::Error) -> EmbeddedError {
    let program = program.to_string_lossy().into_owned();
    move |source| EmbeddedError::Program { program, source }
}
