//! Statements that must run in another database of the cluster (where pg_cron lives): a short-lived worker runs them.
//!
//! One errand at a time; the text goes through a mailbox in shared memory.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicI32, Ordering};

use pgrx::bgworkers::{BackgroundWorker, BackgroundWorkerBuilder, SignalWakeFlags};
use pgrx::prelude::*;

use crate::{db, shared};

const STATEMENTS_BYTES: usize = 8 * 1024;
const PROBLEM_BYTES: usize = 1024;

#[repr(C)]
pub(crate) struct Mailbox {
    /// The pid whose errand this is; 0 = free.
    owner: AtomicI32,
    /// Which errand this is: a worker whose session gave up must not take the next one's.
    number: AtomicI32,
    statements: UnsafeCell<Text<STATEMENTS_BYTES>>,
    problem: UnsafeCell<Text<PROBLEM_BYTES>>,
}

#[repr(C)]
struct Text<const N: usize> {
    len: u32,
    bytes: [u8; N],
}

impl<const N: usize> Text<N> {
    fn set(&mut self, text: &str) {
        let mut end = text.len().min(N);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.bytes[..end].copy_from_slice(&text.as_bytes()[..end]);
        self.len = u32::try_from(end).unwrap_or(0);
    }

    fn get(&self) -> String {
        let len = (self.len as usize).min(N);
        String::from_utf8_lossy(&self.bytes[..len]).into_owned()
    }
}

/// Held by the session whose errand it is.
struct Claim(&'static Mailbox);

impl Claim {
    fn take(mailbox: &'static Mailbox) -> Option<Self> {
        let me = unsafe { pg_sys::MyProcPid };
        let owner = mailbox.owner.load(Ordering::Acquire);
        // left behind by a session that was killed
        let is_free = owner == 0 || unsafe { libc::kill(owner, 0) } != 0;
        let exchange =
            mailbox
                .owner
                .compare_exchange(owner, me, Ordering::AcqRel, Ordering::Acquire);
        (is_free && exchange.is_ok()).then_some(Self(mailbox))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.0.owner.store(0, Ordering::Release);
    }
}

/// Runs the statements; `None` = done, else what went wrong.
pub(crate) fn run(database: &str, statements: &str) -> Option<String> {
    let Some(mailbox) = shared::mailbox() else {
        return Some("vioconcierge is not in shared_preload_libraries".into());
    };
    if statements.len() > STATEMENTS_BYTES {
        return Some("the statements are too long".into());
    }
    let Some(_claim) = Claim::take(mailbox) else {
        return Some("another session is just doing the same, try again".into());
    };
    let number = mailbox
        .number
        .fetch_add(1, Ordering::AcqRel)
        .wrapping_add(1);
    unsafe {
        (*mailbox.statements.get()).set(statements);
        (*mailbox.problem.get())
            .set("the errand's worker ended before it was done (see the server log)");
    }
    let started = BackgroundWorkerBuilder::new("vioconcierge errand")
        .set_type("vioconcierge errand")
        .set_library("vioconcierge")
        .set_function("vioconcierge_errand_main")
        .set_argument(number.into_datum())
        .set_extra(database)
        .set_notify_pid(unsafe { pg_sys::MyProcPid })
        .enable_spi_access()
        .set_restart_time(None)
        .load_dynamic();
    let Ok(worker) = started else {
        return Some("no background worker is free: raise max_worker_processes".into());
    };
    if worker.wait_for_shutdown().is_err() {
        return Some("the server is stopping".into());
    }
    let problem = unsafe { (*mailbox.problem.get()).get() };
    (!problem.is_empty()).then_some(problem)
}

#[pg_guard]
#[unsafe(no_mangle)]
pub extern "C-unwind" fn vioconcierge_errand_main(argument: pg_sys::Datum) {
    BackgroundWorker::attach_signal_handlers(SignalWakeFlags::SIGTERM);
    BackgroundWorker::connect_worker_to_spi(Some(BackgroundWorker::get_extra()), None);
    let number = unsafe { i32::from_datum(argument, false) };
    let Some(mailbox) =
        shared::mailbox().filter(|it| Some(it.number.load(Ordering::Acquire)) == number)
    else {
        return;
    };
    let statements = unsafe { (*mailbox.statements.get()).get() };
    db::set_session(&[db::OWN_NAMES]);
    let problem = db::transaction(|| Spi::run(&statements))
        .err()
        .map(|failure| failure.to_string())
        .unwrap_or_default();
    unsafe { (*mailbox.problem.get()).set(&problem) };
}
