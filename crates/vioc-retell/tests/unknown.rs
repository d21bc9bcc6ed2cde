//! Once the connection is up, everything without an answer is "unknown".

#![allow(clippy::unwrap_used)] // a test may panic

mod support;

use std::io::{Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use support::*;
use vioc_retell::{Job, Settings};

const LOST: &str = "connection lost after sending";

#[test]
fn a_reset_right_after_accept_is_unknown_unless_it_ends_the_connecting_itself() {
    let url = serve(reset);
    // Not one byte was read, but once it began to write the client cannot know that. Many times, as
    // it is a race whether the reset is seen while connecting, while writing or while reading.
    for _ in 0..200 {
        let outcome = exchange(settings(&url));
        let certain = outcome == not_sent("connection lost while connecting");
        assert!(certain || outcome == unknown(LOST), "{outcome:?}");
    }
}

#[test]
fn a_reset_after_the_request_was_read_is_unknown() {
    let url = serve(|mut stream| {
        read_request(&mut stream);
        reset(stream);
    });
    assert_eq!(exchange(settings(&url)), unknown(LOST));
}

#[test]
fn an_end_without_an_answer_is_unknown() {
    assert_eq!(exchange(settings(&serve_bytes(""))), unknown(LOST));
}

#[test]
fn an_end_within_the_status_line_or_the_headers_is_unknown() {
    for part in [
        "HTTP/1.1 2",
        "HTTP/1.1 201 Created",
        "HTTP/1.1 201 Created\r\nA: b\r\n",
    ] {
        assert_eq!(
            exchange(settings(&serve_bytes(part))),
            unknown(LOST),
            "{part:?}"
        );
    }
}

#[test]
fn an_answer_that_is_not_http_is_unknown() {
    for bytes in [
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "\0\0\0\0\r\n\r\n",
    ] {
        let garbage = exchange(settings(&serve_bytes(bytes)));
        assert_eq!(garbage, unknown("the answer is not HTTP"), "{bytes:?}");
    }
}

#[test]
fn an_interim_answer_followed_by_silence_is_unknown() {
    let url = serve_bytes("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
    assert_eq!(exchange(settings(&url)), unknown(LOST));
}

#[test]
fn no_answer_in_time_is_unknown() {
    let url = serve(hold);
    let hurried = Settings {
        request_timeout: Duration::from_millis(300),
        ..settings(&url)
    };
    assert_eq!(exchange(hurried), unknown("timed out after 0.3 s"));
}

#[test]
fn a_head_that_drips_is_unknown_when_the_total_time_is_over() {
    let url = serve(|mut stream| {
        read_request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX: ");
        // Each byte in good time, so only a limit on the whole can end this.
        while stream.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    });
    let hurried = Settings {
        request_timeout: Duration::from_millis(400),
        ..settings(&url)
    };
    let started = Instant::now();
    assert_eq!(exchange(hurried), unknown("timed out after 0.4 s"));
    assert!(started.elapsed() < LONG / 2);
}

#[test]
fn a_request_cut_off_while_it_is_being_written_is_unknown() {
    let url = serve(|mut stream| {
        // Reads a little of a body far larger than all socket buffers, then resets.
        let mut some = [0; 1000];
        let _ = stream.read_exact(&mut some);
        reset(stream);
    });
    let job = Job {
        body: Some("x".repeat(32 * 1024 * 1024)),
        ..post(1)
    };
    let done = Bench::new(settings(&url), 1).run(job);
    assert_eq!(done.exchange, unknown(LOST));
}
