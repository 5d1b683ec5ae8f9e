//! What the kernel and the runtime know about this process, in Prometheus' usual names; read at each scrape, kept nowhere.

use std::fmt::Write;
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeMetrics};

use super::catalogue::find;

/// Clock ticks a second in `/proc`: 100 on every architecture that Linux shows to programs.
const TICKS: f64 = 100.0;

/// The process's metrics as text; what `/proc` does not tell is left out.
pub fn render() -> String {
    let mut text = String::new();
    let measured = measured();
    for (name, value) in measured.iter().chain(&scheduled()) {
        if let (Some(value), Some(metric)) = (value, find(name)) {
            let (kind, help) = (metric.kind.as_str(), metric.help);
            // Writing to a string does not fail.
            let _ok =
                writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
        }
    }
    text
}

/// Whether this metric comes from here.
pub fn is_read_there(name: &str) -> bool {
    name.starts_with("process_") || name.starts_with("tokio_")
}

type Sample = (&'static str, Option<f64>);

fn measured() -> [Sample; 7] {
    let status = read("/proc/self/status");
    let stat = read("/proc/self/stat");
    let kibibytes = |name| field(&status, name).map(|value| value * 1024.0);
    let open = std::fs::read_dir("/proc/self/fd").ok().and_then(|folder| {
        // One of them is the folder being read.
        u32::try_from(folder.count()).ok().map(|count| f64::from(count.saturating_sub(1)))
    });
    let booted = field(&read("/proc/stat"), "btime");
    let started = Option::zip(booted, started_after(&stat)).map(|(booted, after)| booted + after);
    [
        ("process_cpu_seconds_total", cpu_seconds(&stat)),
        ("process_resident_memory_bytes", kibibytes("VmRSS:")),
        ("process_virtual_memory_bytes", kibibytes("VmSize:")),
        ("process_open_fds", open),
        ("process_max_fds", field(&read("/proc/self/limits"), "Max open files")),
        ("process_threads", field(&status, "Threads:")),
        ("process_start_time_seconds", started),
    ]
}

/// What the runtime knows of its threads and tasks; nothing outside of one.
fn scheduled() -> [Sample; 4] {
    let runtime = Handle::try_current().ok().map(|handle| handle.metrics());
    let ask = |question: &dyn Fn(&RuntimeMetrics) -> f64| runtime.as_ref().map(question);
    let busy = |runtime: &RuntimeMetrics| {
        let workers = 0..runtime.num_workers();
        let times = workers.map(|worker| runtime.worker_total_busy_duration(worker));
        times.sum::<Duration>().as_secs_f64()
    };
    [
        ("tokio_workers", ask(&|runtime| number(runtime.num_workers()))),
        ("tokio_alive_tasks", ask(&|runtime| number(runtime.num_alive_tasks()))),
        ("tokio_global_queue_depth", ask(&|runtime| number(runtime.global_queue_depth()))),
        ("tokio_workers_busy_seconds_total", ask(&busy)),
    ]
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// The first number behind a name of `/proc/self/status`.
fn field(status: &str, name: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// User and system time of `/proc/self/stat`: fields 14 and 15.
fn cpu_seconds(stat: &str) -> Option<f64> {
    Some((stat_field(stat, 14)? + stat_field(stat, 15)?) / TICKS)
}

/// How long after the machine's start this process began: field 22.
fn started_after(stat: &str) -> Option<f64> {
    Some(stat_field(stat, 22)? / TICKS)
}

/// A field of `/proc/self/stat` by its number in proc(5). Field 2 is a name in brackets that may hold blanks, so counting
/// begins behind it.
fn stat_field(stat: &str, number: usize) -> Option<f64> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    behind_name.split_whitespace().nth(number.checked_sub(3)?)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{cpu_seconds, field, measured, render, scheduled, started_after};
    use crate::telemetry::catalogue::find;

    #[test]
    fn cpu_time_is_found_behind_a_name_with_blanks_and_brackets() {
        let stat = "42 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 250 150 0 0 20 0 3 0 4200";
        assert_eq!(cpu_seconds(stat), Some(4.0));
        assert_eq!(started_after(stat), Some(42.0));
        assert_eq!(cpu_seconds(""), None);
        assert_eq!(field("Max open files  1024  4096  files", "Max open files"), Some(1024.0));
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

    #[tokio::test]
    async fn every_figure_of_the_process_is_there_and_in_the_catalogue() {
        for (name, value) in measured().into_iter().chain(scheduled()) {
            assert!(find(name).is_some(), "{name}");
            assert!(value.is_some() || cfg!(not(target_os = "linux")), "{name}");
        }
    }
}
