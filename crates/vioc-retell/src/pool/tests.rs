//! The pool with work of the test's own: what is tested here is independent of HTTP.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::{panic, thread};

use vioc_core::margins::MAX_WAIT_FOR_THREAD;

use super::threads::Held;
use super::*;
use crate::classify::{not_sent, unknown};
use crate::{Method, Secret};

/// Far more than anything here takes; only a failing test waits for so long.
const LONG: Duration = Duration::from_secs(20);

fn job(request_id: u64) -> Job {
    Job {
        request_id,
        method: Method::Post,
        path: "/x".into(),
        body: Some(format!("body {request_id}")),
        api_key: Secret::from("k".to_owned()),
    }
}

fn ok() -> Exchange {
    Exchange::Response {
        status: 200,
        retry_after: None,
        body: Vec::new(),
        truncated: false,
    }
}

/// Work that reports its request_id and then waits to be let go. Dropping the sender lets all go.
fn gated() -> (
    impl Fn(&Job) -> Exchange + Send + Sync + 'static,
    mpsc::Receiver<u64>,
    mpsc::Sender<()>,
) {
    let (begun_tx, begun) = mpsc::channel();
    let (go, go_rx) = mpsc::channel::<()>();
    let go_rx = Mutex::new(go_rx);
    let work = move |job: &Job| {
        let _ = begun_tx.send(job.request_id);
        let _ = go_rx.lock().unwrap().recv();
        ok()
    };
    (work, begun, go)
}

fn request_ids(done: &[Done]) -> Vec<u64> {
    let mut request_ids: Vec<u64> = done.iter().map(|done| done.request_id).collect();
    request_ids.sort_unstable();
    request_ids
}

#[test]
fn threads_are_started_only_as_needed_and_never_more_than_allowed() {
    let (work, begun, go) = gated();
    let pool = Pool::with_work(3, work, || {}).unwrap();
    assert_eq!(pool.shared.lock().alive, 0);
    for request_id in 0..5 {
        pool.submit(job(request_id));
        assert_eq!(pool.shared.lock().alive, 3.min(request_id as usize + 1));
    }
    for _ in 0..3 {
        begun.recv_timeout(LONG).unwrap();
    }
    assert_eq!((pool.in_flight(), pool.shared.lock().queue.len()), (5, 2));
    drop(go);
    assert!(pool.wait_idle(LONG));
    assert_eq!(pool.in_flight(), 5);
    assert_eq!(request_ids(&pool.drain()), [0, 1, 2, 3, 4]);
    assert_eq!(pool.in_flight(), 0);
}

#[test]
fn one_job_at_a_time_needs_one_thread() {
    let pool = Pool::with_work(8, |_| ok(), || {}).unwrap();
    for request_id in 0..200 {
        pool.submit(job(request_id));
        assert!(pool.wait_idle(LONG));
    }
    assert_eq!(pool.shared.lock().alive, 1);
    assert_eq!(pool.drain().len(), 200);
}

#[test]
fn every_job_comes_back_exactly_once_with_its_body() {
    let pool = Pool::with_work(16, |_| ok(), || {}).unwrap();
    let mut seen = Vec::new();
    for request_id in 0..20_000 {
        pool.submit(job(request_id));
        if request_id % 7 == 0 {
            seen.extend(pool.drain());
        }
    }
    assert!(pool.wait_idle(LONG));
    seen.extend(pool.drain());
    for done in &seen {
        assert_eq!(
            done.body.as_deref(),
            Some(&*format!("body {}", done.request_id))
        );
    }
    assert_eq!(request_ids(&seen), (0..20_000).collect::<Vec<_>>());
}

#[test]
fn a_panic_is_an_unknown_result_and_costs_no_thread() {
    let pool = Pool::with_work(
        1,
        |job| match job.request_id % 2 {
            1 => panic!("on purpose"),
            _ => ok(),
        },
        || {},
    )
    .unwrap();
    (0..4).for_each(|request_id| pool.submit(job(request_id)));
    assert!(pool.wait_idle(LONG));
    for done in pool.drain() {
        let expected = match done.request_id % 2 {
            1 => unknown("internal error"),
            _ => ok(),
        };
        assert_eq!(done.exchange, expected);
        assert!(done.body.is_some());
    }
    assert_eq!(pool.shared.lock().alive, 1);
}

#[test]
fn a_panic_whose_payload_panics_again_does_not_lose_the_job() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("again");
        }
    }
    let work = |_: &Job| -> Exchange { panic::panic_any(Bomb) };
    let pool = Pool::with_work(1, work, || {}).unwrap();
    pool.submit(job(1));
    assert!(pool.wait_idle(LONG));
    assert_eq!(pool.drain()[0].exchange, unknown("internal error"));
}

#[test]
fn a_thread_that_dies_with_a_job_gives_the_job_back_and_is_replaced() {
    let pool = Pool::with_work(1, |_| ok(), || {}).unwrap();
    {
        let mut state = pool.shared.lock();
        (state.alive, state.running) = (1, 1);
    }
    let shared = Arc::clone(&pool.shared);
    let died = thread::spawn(move || {
        let _held = Held {
            shared: &shared,
            job: Some(job(1)),
            outcome: None,
            started: Instant::now(),
        };
        panic!("outside of the part that is caught");
    });
    assert!(died.join().is_err());
    assert_eq!(pool.drain()[0].exchange, unknown("internal error"));
    pool.submit(job(2));
    assert!(pool.wait_idle(LONG));
    assert_eq!(pool.drain()[0].exchange, ok());
}

#[test]
fn a_panicking_notify_loses_nothing() {
    let pool = Pool::with_work(1, |_| ok(), || panic!("on purpose")).unwrap();
    for request_id in 0..3 {
        pool.submit(job(request_id));
        assert!(pool.wait_idle(LONG));
        assert_eq!(request_ids(&pool.drain()), [request_id]);
    }
}

#[test]
fn notify_is_called_after_storing_and_once_until_drained() {
    let (told, news) = mpsc::channel();
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let pool = Pool::with_work(
        1,
        |_| ok(),
        move || {
            counter.fetch_add(1, Ordering::SeqCst);
            let _ = told.send(());
        },
    )
    .unwrap();
    pool.submit(job(1));
    news.recv_timeout(LONG).unwrap();
    assert!(!pool.shared.lock().done.is_empty());
    (2..10).for_each(|request_id| pool.submit(job(request_id)));
    assert!(pool.wait_idle(LONG));
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    assert_eq!(pool.drain().len(), 9);
    pool.submit(job(10));
    news.recv_timeout(LONG).unwrap();
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

#[test]
fn begin_stop_gives_back_what_no_thread_has_begun_and_lets_the_rest_finish() {
    let (work, begun, go) = gated();
    let pool = Pool::with_work(1, work, || {}).unwrap();
    (1..=3).for_each(|request_id| pool.submit(job(request_id)));
    assert_eq!(begun.recv_timeout(LONG), Ok(1));
    pool.begin_stop("it is told to");
    pool.submit(job(4));
    let early = pool.drain();
    assert_eq!(request_ids(&early), [2, 3, 4]);
    assert!(
        early
            .iter()
            .all(|done| done.exchange == not_begun("it is told to"))
    );
    assert!(!pool.wait_idle(Duration::from_millis(1)));
    drop(go);
    assert!(pool.wait_idle(LONG));
    assert_eq!(pool.drain()[0].exchange, ok());
    assert!(begun.try_recv().is_err(), "a job was begun after the stop");
}

#[test]
fn stopping_does_not_wait_for_a_request_that_hangs() {
    let (work, begun, go) = gated();
    let pool = Pool::with_work(2, work, || {}).unwrap();
    pool.submit(job(1));
    begun.recv_timeout(LONG).unwrap();
    let (ended, end) = mpsc::channel();
    thread::spawn(move || {
        pool.begin_stop("it is told to");
        let idle = pool.wait_idle(Duration::from_millis(20));
        pool.stop();
        let _ = ended.send(idle);
    });
    assert_eq!(end.recv_timeout(LONG), Ok(false));
    drop(go);
}

#[test]
fn a_pool_that_is_dropped_ends_its_idle_threads() {
    let pool = Pool::with_work(4, |_| ok(), || {}).unwrap();
    pool.submit(job(1));
    assert!(pool.wait_idle(LONG));
    let shared = Arc::downgrade(&pool.shared);
    pool.stop();
    let started = Instant::now();
    while shared.strong_count() > 0 {
        assert!(started.elapsed() < LONG, "a thread is left");
        thread::yield_now();
    }
}

#[test]
fn a_job_without_any_thread_to_run_it_comes_back_unsent() {
    let pool = Pool::with_work(1, |_| ok(), || {}).unwrap();
    {
        let mut state = pool.shared.lock();
        state.queue.push_back((Submitted::now(), job(1)));
        (state.alive, state.idle) = (1, 1);
    }
    pool.shared.thread_missing();
    assert_eq!(
        pool.drain()[0].exchange,
        not_sent("no thread can be started")
    );
    pool.submit(job(2));
    assert!(pool.wait_idle(LONG));
}

#[test]
fn a_pool_without_threads_is_refused() {
    let refused = Pool::with_work(0, |_| ok(), || {});
    assert!(matches!(refused, Err(PoolError::NoThreads)));
}

#[test]
fn a_job_that_waited_too_long_for_a_thread_is_not_begun() {
    let pool = Pool::with_work(1, |_| ok(), || {}).unwrap();
    let now = Submitted::now();
    let too_long = MAX_WAIT_FOR_THREAD + Duration::from_secs(1);
    let long_ago = Submitted {
        monotonic: now.monotonic.checked_sub(too_long).unwrap(),
        ..now
    };
    // the machine slept
    let before_the_night = Submitted {
        wall: now.wall.checked_sub(too_long).unwrap(),
        ..now
    };
    pool.shared
        .lock()
        .queue
        .extend([(long_ago, job(1)), (before_the_night, job(2))]);
    pool.submit(job(3));
    assert!(pool.wait_idle(LONG));
    let mut done = pool.drain();
    done.sort_by_key(|done| done.request_id);
    let exchanges: Vec<_> = done.into_iter().map(|done| done.exchange).collect();
    let too_late = || not_begun("waited too long for a thread");
    assert_eq!(exchanges, [too_late(), too_late(), ok()]);
}

#[test]
fn threads_may_be_allowed_and_taken_back_while_jobs_run() {
    let (work, begun, go) = gated();
    let pool = Pool::with_work(1, work, || {}).unwrap();
    (1..=4).for_each(|request_id| pool.submit(job(request_id)));
    assert_eq!(begun.recv_timeout(LONG), Ok(1));
    pool.allow(3);
    assert_eq!(pool.capacity(), 3);
    for _ in 0..2 {
        begun.recv_timeout(LONG).unwrap();
    }
    pool.allow(1);
    drop(go);
    assert!(pool.wait_idle(LONG));
    assert_eq!(request_ids(&pool.drain()), [1, 2, 3, 4], "no job is lost");
    let started = Instant::now();
    while pool.shared.lock().alive > 1 {
        assert!(started.elapsed() < LONG, "a thread is left");
        thread::yield_now();
    }
    pool.submit(job(5));
    assert!(pool.wait_idle(LONG));
    assert_eq!(request_ids(&pool.drain()), [5]);
}
