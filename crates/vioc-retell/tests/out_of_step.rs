//! A kept-alive connection whose answers are one behind: after the first that is surely another
//! request's, nothing more is sent over it.

#![allow(clippy::unwrap_used)] // a test may panic

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use support::*;
use vioc_retell::Job;

/// Which connection each request came over.
type Came = Arc<Mutex<Vec<usize>>>;

fn of_session(request_id: u64) -> Job {
    Job {
        body: Some(format!(r#"{{"metadata":{{"session_id":"{request_id}"}}}}"#)),
        ..post(request_id)
    }
}

/// Answers every request with the same body.
fn connections(body: &'static str) -> Vec<usize> {
    let came = Came::default();
    let (accepted, seen) = (Arc::new(AtomicUsize::new(0)), Arc::clone(&came));
    let url = serve(move |mut stream| {
        let connection = accepted.fetch_add(1, Ordering::SeqCst);
        while read_request(&mut stream).is_some() {
            seen.lock().unwrap().push(connection);
            if answer(&mut stream, "201 Created", body.as_bytes()).is_err() {
                break;
            }
        }
    });
    let bench = Bench::new(settings(&url), 1);
    for request_id in 1..=3 {
        let done = bench.run(of_session(request_id));
        assert_eq!(done.exchange, response(201, body.as_bytes()));
    }
    came.lock().unwrap().clone()
}

#[test]
fn a_connection_that_brought_another_requests_answer_is_not_used_again() {
    let firsts = r#"{"call_id":"c","metadata":{"session_id":"1"}}"#;
    assert_eq!(connections(firsts), [0, 0, 1]);
}

#[test]
fn an_answer_that_contradicts_nothing_keeps_its_connection() {
    assert_eq!(connections(r#"{"call_id":"c"}"#), [0, 0, 0]);
}
