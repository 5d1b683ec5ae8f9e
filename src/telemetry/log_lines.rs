//! Writes log lines without making a request wait: one event is one line, whatever its fields hold.
//!
//! Writing to stderr takes a lock and a system call, and waits for whoever reads the pipe. So an event is only
//! queued here, and one thread writes. The queue is bounded: when the reader stalls, lines are dropped and
//! counted (`till_log_lines_dropped_total`), because a log that stands still must not stop an order.

use std::fmt::Write as _;
use std::io::{self, BufWriter, Write};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;

use tracing_subscriber::fmt::MakeWriter;

/// Lines that may wait: some seconds of a busy process, a few MiB.
const QUEUE: usize = 8_192;

enum Message {
    Line(Vec<u8>),
    Stop,
}

/// Hands a subscriber its writer.
#[derive(Debug, Clone)]
pub struct LogLines {
    queue: SyncSender<Message>,
}

/// Writes what is queued when it is dropped, and ends the thread.
#[derive(Debug)]
pub struct LogGuard {
    queue: SyncSender<Message>,
    thread: Option<JoinHandle<()>>,
}

/// Starts the thread that writes to `out`.
///
/// # Errors
/// No thread can be started.
pub fn to_writer(out: impl Write + Send + 'static) -> io::Result<(LogLines, LogGuard)> {
    let (queue, lines) = sync_channel(QUEUE);
    let thread =
        std::thread::Builder::new().name("log".to_owned()).spawn(move || write_all(&lines, out))?;
    Ok((LogLines { queue: queue.clone() }, LogGuard { queue, thread: Some(thread) }))
}

fn write_all(lines: &Receiver<Message>, out: impl Write) {
    let mut out = BufWriter::with_capacity(64 * 1024, out);
    loop {
        let next = match lines.try_recv() {
            Ok(message) => Some(message),
            Err(TryRecvError::Disconnected) => None,
            Err(TryRecvError::Empty) => {
                // Nobody is there to tell when the log itself can't be written.
                drop(out.flush());
                lines.recv().ok()
            }
        };
        match next {
            Some(Message::Line(line)) => drop(out.write_all(&line)),
            Some(Message::Stop) | None => return drop(out.flush()),
        }
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        // The queue may be full: this waits for a place in it, and then for the last line.
        let told = self.queue.send(Message::Stop);
        if let (Ok(()), Some(thread)) = (told, self.thread.take()) {
            drop(thread.join());
        }
    }
}

/// One event's writer: `tracing-subscriber` writes each event in one call.
#[derive(Debug)]
pub struct Line<'a> {
    queue: &'a SyncSender<Message>,
}

impl<'a> MakeWriter<'a> for LogLines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        Line { queue: &self.queue }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        if self.queue.try_send(Message::Line(one_line(event))).is_err() {
            metrics::counter!("till_log_lines_dropped_total").increment(1);
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Line(_) => "Line",
            Self::Stop => "Stop",
        })
    }
}

/// The event as exactly one line: every control character and line separator within it as `\u{…}` in JSON's own
/// spelling, so that a name with a line break or a terminal command can neither forge a line nor act on a screen.
fn one_line(event: &[u8]) -> Vec<u8> {
    let event = event.strip_suffix(b"\n").unwrap_or(event);
    // 0xC2 begins the control characters U+0080–U+009F, 0xE2 the separators U+2028 and U+2029.
    let harmless = |byte: &u8| !matches!(byte, 0..=0x1f | 0x7f | 0xc2 | 0xe2);
    let mut line = if event.iter().all(harmless) {
        event.to_vec()
    } else {
        escape(&String::from_utf8_lossy(event)).into_bytes()
    };
    line.push(b'\n');
    line
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 32);
    for letter in text.chars() {
        match letter {
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            _ if letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}') => {
                // All of these lie below U+10000, so four digits are enough. Writing to a string does not fail.
                let _ok = write!(escaped, "\\u{:04x}", u32::from(letter));
            }
            _ => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use proptest::prelude::{any, proptest};
    use tracing_subscriber::layer::SubscriberExt;

    use super::{one_line, to_writer};
    use crate::config::LogFormat;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("not poisoned").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written for one event with hostile fields.
    fn logged(format: LogFormat) -> String {
        let captured = Captured::default();
        let (lines, guard) = to_writer(captured.clone()).expect("a thread");
        let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(lines);
        let emit = || {
            let name = "Eve\r\n2026 INFO forged \u{1b}[31m\u{9b}31m\u{2028}";
            let _span = tracing::info_span!("request", shown = %name).entered();
            tracing::info!(shown = %name, quoted = ?name, "hello {name}");
        };
        if format == LogFormat::Json {
            let json = layer.json().flatten_event(true).with_span_list(true);
            tracing::subscriber::with_default(tracing_subscriber::registry().with(json), emit);
        } else {
            tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), emit);
        }
        drop(guard);
        let bytes = captured.0.lock().expect("not poisoned").clone();
        String::from_utf8(bytes).expect("UTF-8")
    }

    #[test]
    fn an_event_with_line_breaks_and_terminal_commands_is_one_harmless_line() {
        for format in [LogFormat::Text, LogFormat::Json] {
            let written = logged(format);
            let line = written.strip_suffix('\n').expect("a whole line");
            assert!(line.contains("forged"), "{line}");
            assert!(
                !line.chars().any(|letter| letter.is_control() || letter == '\u{2028}'),
                "{line:?}"
            );
        }
    }

    #[test]
    fn a_json_line_stays_json() {
        let parsed: serde_json::Value =
            serde_json::from_str(&logged(LogFormat::Json)).expect("JSON");
        let name = "Eve\r\n2026 INFO forged \u{1b}[31m\u{9b}31m\u{2028}";
        assert_eq!(parsed.get("shown"), Some(&name.into()), "{parsed}");
    }

    proptest! {
        #[test]
        fn any_bytes_become_one_line(bytes in any::<Vec<u8>>()) {
            let line = String::from_utf8_lossy(&one_line(&bytes)).into_owned();
            let body = line.strip_suffix('\n').expect("a line");
            assert!(!body.chars().any(char::is_control));
        }
    }
}
