//! What a process uses, from /proc.

use std::fs::read_to_string;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Its memory in MB, without PostgreSQL's shared buffers, which it shares with all other processes.
///
/// (RssAnon + RssFile; RssShmem is left out.)
pub(super) fn memory(pid: i32) -> f64 {
    let text = read_to_string(format!("/proc/{pid}/status")).expect("the process is there");
    own_kilobytes(&text) / 1024.0
}

fn own_kilobytes(status: &str) -> f64 {
    status
        .lines()
        .filter_map(|line| line.split_once(':'))
        .filter(|(name, _)| matches!(*name, "RssAnon" | "RssFile"))
        .filter_map(|(_, value)| value.split_whitespace().next()?.parse::<f64>().ok())
        .sum()
}

/// The time on a processor of all its threads so far, those that have ended too; in steps of 10 ms.
pub(super) fn cpu_time(pid: i32) -> Duration {
    let text = read_to_string(format!("/proc/{pid}/stat")).expect("the process is there");
    Duration::from_millis(10 * ticks(&text).expect("the kernel counts a process's time"))
}

/// utime and stime, in hundredths of a second on every Linux of today.
fn ticks(stat: &str) -> Option<u64> {
    // The name in parentheses may hold blanks; the fields are counted behind it.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

/// Watches a process's memory; [`MemoryWatch::end`] says the most it had.
pub(super) struct MemoryWatch {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<f64>,
}

impl MemoryWatch {
    pub(super) fn start(pid: i32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut most = memory(pid);
            while !stopped.load(Ordering::Acquire) {
                std::thread::sleep(Duration::from_millis(50));
                most = most.max(memory(pid));
            }
            most
        });
        Self { stop, thread }
    }

    pub(super) fn end(self) -> f64 {
        self.stop.store(true, Ordering::Release);
        self.thread.join().expect("the process was there all along")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_buffers_are_not_a_process_s_own() {
        let status = "Name:\tpostgres\nVmRSS:\t  9000 kB\nRssAnon:\t  3000 kB\nRssFile:\t  2000 kB\nRssShmem:\t  4000 kB\n";
        assert!((own_kilobytes(status) - 5000.0).abs() < f64::EPSILON);
    }

    #[test]
    fn user_and_system_time_are_added() {
        let stat = "42 (postgres: a) b) S 1 42 42 0 -1 4194560 900 0 0 0 17 5 0 0 20 0 1 0 100";
        assert_eq!(ticks(stat), Some(22));
    }
}
