//! What the kernel knows about this process, in Prometheus' usual names; read at each scrape, kept nowhere.

use std::fmt::Write;

/// Clock ticks a second in `/proc`: 100 on every architecture that Linux shows to programs.
const TICKS: f64 = 100.0;

/// The process's metrics as text; what `/proc` does not tell is left out.
pub fn render() -> String {
    let mut text = String::new();
    for (name, kind, help, value) in measured() {
        if let Some(value) = value {
            // Writing to a string does not fail.
            let _ok =
                writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
        }
    }
    text
}

type Sample = (&'static str, &'static str, &'static str, Option<f64>);

fn measured() -> [Sample; 5] {
    let status = read("/proc/self/status");
    let stat = read("/proc/self/stat");
    let kibibytes = |name| field(&status, name).map(|value| value * 1024.0);
    let open = std::fs::read_dir("/proc/self/fd").ok().and_then(|folder| {
        // One of them is the folder being read.
        u32::try_from(folder.count()).ok().map(|count| f64::from(count.saturating_sub(1)))
    });
    [
        ("process_cpu_seconds_total", "counter", "CPU time used.", cpu_seconds(&stat)),
        ("process_resident_memory_bytes", "gauge", "Memory in use.", kibibytes("VmRSS:")),
        ("process_virtual_memory_bytes", "gauge", "Address space in use.", kibibytes("VmSize:")),
        ("process_open_fds", "gauge", "Open files and sockets.", open),
        ("process_threads", "gauge", "Threads.", field(&status, "Threads:")),
    ]
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// The first number behind a name of `/proc/self/status`.
fn field(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// User and system time of `/proc/self/stat`: fields 14 and 15. Field 2 is a name in brackets that may hold blanks,
/// so counting begins behind it.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    let mut fields = behind_name.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS)
}

#[cfg(test)]
mod tests {
    use super::{cpu_seconds, field, render};

    #[test]
    fn cpu_time_is_found_behind_a_name_with_blanks_and_brackets() {
        let stat = "42 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 250 150 0 0 20";
        assert_eq!(cpu_seconds(stat), Some(4.0));
        assert_eq!(cpu_seconds(""), None);
        assert_eq!(field("Name:\tx\nVmRSS:\t  12 kB\n", "VmRSS:"), Some(12.0));
    }

    #[test]
    fn this_process_has_memory_and_threads() {
        if cfg!(target_os = "linux") {
            let text = render();
            assert!(text.contains("# TYPE process_cpu_seconds_total counter"), "{text}");
            assert!(text.contains("\nprocess_threads "), "{text}");
        }
    }
}
