//! Waiting for a state. No test sleeps: it says what it waits for, and how long at most.
//!
//! A wait that fails names what was awaited and prints the evidence of everything that is running (the end of each
//! server's log), because the answer to "why did it not happen" is nearly always there.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The default bound: far above anything healthy on a busy machine, so that a failure is never a matter of luck.
pub const LONG: Duration = Duration::from_secs(30);

type Witness = Box<dyn Fn() -> String + Send>;

static WITNESSES: Mutex<BTreeMap<u64, Witness>> = Mutex::new(BTreeMap::new());
static NEXT_WITNESS: AtomicU64 = AtomicU64::new(0);

/// Keeps a witness registered; dropped with the thing it speaks for.
#[derive(Debug)]
#[must_use]
pub struct Testimony(u64);

/// Registers something that is printed when a wait fails, such as the tail of a server log.
pub fn on_failure(witness: impl Fn() -> String + Send + 'static) -> Testimony {
    let id = NEXT_WITNESS.fetch_add(1, Ordering::Relaxed);
    witnesses().insert(id, Box::new(witness));
    Testimony(id)
}

impl Drop for Testimony {
    fn drop(&mut self) {
        witnesses().remove(&self.0);
    }
}

fn witnesses() -> MutexGuard<'static, BTreeMap<u64, Witness>> {
    WITNESSES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks `probe` every 5 to 20 ms until it has a value. Panics, naming `what`, when that takes longer than `timeout`.
#[track_caller]
pub fn wait_until<T>(what: &str, timeout: Duration, mut probe: impl FnMut() -> Option<T>) -> T {
    match poll(timeout, &mut probe) {
        Some(value) => value,
        None => {
            let evidence: String = witnesses().values().map(|witness| witness()).collect();
            panic!("waited {timeout:?} in vain for {what}\n{evidence}")
        }
    }
}

/// As [`wait_until`], for a caller that can go on without: `None` after `timeout`.
pub fn poll<T>(timeout: Duration, mut probe: impl FnMut() -> Option<T>) -> Option<T> {
    let started = Instant::now();
    let mut pause = Duration::from_millis(5);
    loop {
        // Read the clock first: a probe that begins in time may succeed, however slow it is.
        let late = started.elapsed() >= timeout;
        if let Some(value) = probe() {
            return Some(value);
        }
        if late {
            return None;
        }
        std::thread::sleep(pause);
        pause = (pause * 3 / 2).min(Duration::from_millis(20));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_returns_the_first_value_the_probe_has() {
        let mut asked = 0;
        let value = wait_until("the third answer", LONG, || {
            asked += 1;
            (asked == 3).then_some(asked)
        });
        assert_eq!(value, 3);
    }

    #[test]
    fn a_failed_wait_names_what_was_awaited_and_prints_the_evidence() {
        let _testimony = on_failure(|| "the log says so".to_owned());
        let panic =
            std::panic::catch_unwind(|| wait_until("a miracle", Duration::ZERO, || None::<()>));
        let message = *panic.unwrap_err().downcast::<String>().unwrap();
        assert!(
            message.contains("a miracle") && message.contains("the log says so"),
            "{message}"
        );
    }
}
