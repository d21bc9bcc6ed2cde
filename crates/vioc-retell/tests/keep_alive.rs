//! A kept-alive connection that the server closes just when the next request goes out: the request
//! arrives at most once, and never if the client says "not sent".
//!
//! hyper moves a request to another connection only if it gets it back unstarted, that is before
//! the first byte of it was put into the connection's buffer. Here that is checked from outside.

#![allow(clippy::unwrap_used)] // a test may panic

mod support;

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use support::*;
use vioc_retell::Exchange;

const ROUNDS: u64 = 500;

/// How often each request body was seen, on any connection, in whatever state.
type Arrivals = Arc<Mutex<HashMap<String, usize>>>;

/// Answers one request, waits for a varying moment, and ends the connection with `end`.
fn race(
    name: &str,
    threads: u64,
    end: impl Fn(TcpStream, &dyn Fn(String)) + Send + Sync + 'static,
) {
    let arrivals = Arrivals::default();
    let (told, ended) = mpsc::channel();
    let (accepted, server_arrivals) = (Arc::new(AtomicUsize::new(0)), Arc::clone(&arrivals));
    let counter = Arc::clone(&accepted);
    let url = serve(move |mut stream| {
        let connection = counter.fetch_add(1, Ordering::SeqCst);
        let count = |body| *server_arrivals.lock().unwrap().entry(body).or_default() += 1;
        stream.set_nodelay(true).unwrap();
        if let Some(request) = read_request(&mut stream) {
            count(request.body);
            let _ = answer(&mut stream, "201 Created", b"{}");
            // From "before the client has read the answer" to "well after the next request".
            (0..connection % 50 * 400).for_each(|_| std::hint::spin_loop());
            end(stream, &count);
        }
        let _ = told.send(());
    });
    let bench = Bench::new(settings(&url), threads as usize);
    let mut outcomes = Vec::new();
    for round in 0..ROUNDS {
        (0..threads).for_each(|thread| bench.pool.submit(post(round * threads + thread)));
        assert!(bench.pool.wait_idle(LONG));
        outcomes.extend(bench.pool.drain());
    }
    assert_eq!(outcomes.len() as u64, ROUNDS * threads);
    // With the client gone every connection ends, and only then all arrivals are counted.
    drop(bench);
    let mut closed = 0;
    while closed < accepted.load(Ordering::SeqCst) {
        ended.recv_timeout(LONG).unwrap();
        closed += 1;
    }

    let mut tally = [0; 3];
    for done in outcomes {
        let body = done.body.unwrap();
        let arrived = arrivals.lock().unwrap().get(&body).copied().unwrap_or(0);
        match done.exchange {
            Exchange::Response { .. } => {
                tally[0] += 1;
                assert!(arrived <= 1, "{body} was sent {arrived} times");
            }
            Exchange::Unknown { .. } => {
                tally[1] += 1;
                assert!(arrived <= 1, "{body} was sent {arrived} times");
            }
            Exchange::NotBegun { reason } | Exchange::NotSent { reason } => {
                tally[2] += 1;
                assert_eq!(arrived, 0, "{body} arrived, but: {reason}");
            }
        }
    }
    println!(
        "{name}: {} answered, {} unknown, {} not sent, {} connections",
        tally[0], tally[1], tally[2], closed,
    );
    assert!(tally[0] > 0);
}

/// Counts what still comes in on a connection that was already closed in the other direction.
fn count_rest(mut stream: TcpStream, count: &dyn Fn(String)) {
    while let Some(request) = read_request(&mut stream) {
        count(request.body);
    }
}

#[test]
fn a_request_is_never_sent_twice_when_the_server_closes_an_idle_connection() {
    race("closed", 1, |stream, count| {
        let _ = stream.shutdown(Shutdown::Write);
        count_rest(stream, count);
    });
}

#[test]
fn a_request_is_never_sent_twice_when_connections_close_under_many_threads() {
    race("closed, 8 threads", 8, |stream, count| {
        let _ = stream.shutdown(Shutdown::Write);
        count_rest(stream, count);
    });
}

#[test]
fn a_request_is_never_sent_twice_when_the_server_resets_an_idle_connection() {
    race("reset", 1, |stream, count| {
        // What lies in the buffer arrived, though no server would act on it.
        let _ = stream.set_nonblocking(true);
        let mut rest = Vec::new();
        let _ = (&stream).read_to_end(&mut rest);
        if let Some(request) = read_request(&mut rest.as_slice()) {
            count(request.body);
        }
        reset(stream);
    });
}

#[test]
fn a_request_is_never_sent_twice_when_a_load_balancer_says_goodbye_with_408() {
    race("408", 1, |mut stream, count| {
        let _ = stream.write_all(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n");
        let _ = stream.shutdown(Shutdown::Write);
        count_rest(stream, count);
    });
}

#[test]
fn a_connection_is_kept_and_used_again() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    let url = serve(move |mut stream| {
        counter.fetch_add(1, Ordering::SeqCst);
        while read_request(&mut stream).is_some() {
            let _ = answer(&mut stream, "200 OK", b"{}");
        }
    });
    let bench = Bench::new(settings(&url), 4);
    for request_id in 0..100 {
        assert_eq!(bench.run(post(request_id)).exchange, response(200, b"{}"));
    }
    // hyper may open one more than it needs when a connection comes back just too late.
    assert!(connections.load(Ordering::SeqCst) <= 3);
}
