//! Once the head of an answer is there it is a response, whatever becomes of its body.

#![allow(clippy::unwrap_used)] // a test may panic

mod support;

use std::io::Write;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use support::*;
use vioc_retell::{Exchange, Job, Method, Settings};

fn truncated(status: u16, body: &[u8]) -> Exchange {
    Exchange::Response {
        status,
        retry_after: None,
        body: body.to_vec(),
        truncated: true,
    }
}

#[test]
fn a_created_call_is_a_response_with_its_body() {
    let url = serve_bytes("HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}");
    assert_eq!(exchange(settings(&url)), response(201, b"{}"));
}

#[test]
fn every_status_is_a_response() {
    for status in [
        200, 204, 400, 401, 402, 404, 408, 409, 422, 429, 500, 502, 503, 504, 599,
    ] {
        let url = serve(move |mut stream| {
            read_request(&mut stream);
            let _ = answer(&mut stream, &format!("{status} X"), b"");
        });
        assert_eq!(exchange(settings(&url)), response(status, b""));
    }
}

#[test]
fn a_redirect_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = serve(|_| panic!("the redirect was followed"));
        let url = serve_bytes(format!(
            "HTTP/1.1 {status} X\r\nlocation: {elsewhere}/v2/y\r\ncontent-length: 0\r\n\r\n"
        ));
        assert_eq!(exchange(settings(&url)), response(status, b""));
    }
}

#[test]
fn retry_after_is_handed_on_and_nonsense_in_its_place_is_not() {
    let nonsense = "9".repeat(65);
    for (sent, kept) in [
        ("30", Some("30")),
        (
            "Wed, 21 Oct 2026 07:28:00 GMT",
            Some("Wed, 21 Oct 2026 07:28:00 GMT"),
        ),
        (nonsense.as_str(), None),
    ] {
        let url = serve_bytes(format!(
            "HTTP/1.1 429 Too Many\r\nRetry-After: {sent}\r\ncontent-length: 0\r\n\r\n"
        ));
        let Exchange::Response { retry_after, .. } = exchange(settings(&url)) else {
            panic!("no response");
        };
        assert_eq!(retry_after.as_deref(), kept);
    }
}

#[test]
fn a_body_that_is_not_utf8_is_kept_as_it_is() {
    let url = serve_bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n\xff\x00\xfe\x80".to_vec());
    assert_eq!(exchange(settings(&url)), response(200, b"\xff\x00\xfe\x80"));
}

#[test]
fn a_compressed_body_is_neither_asked_for_nor_unpacked() {
    let url = serve(|mut stream| {
        let request = read_request(&mut stream).unwrap();
        assert_eq!(request.header("accept-encoding"), None);
        let head =
            b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n\x1f\x8b";
        let _ = stream.write_all(head);
    });
    assert_eq!(exchange(settings(&url)), response(200, b"\x1f\x8b"));
}

#[test]
fn a_body_that_breaks_off_is_a_truncated_response() {
    let url = serve_bytes("HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\n{\"call");
    assert_eq!(exchange(settings(&url)), truncated(201, b"{\"call"));
    let url =
        serve_bytes("HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n6\r\n{\"call\r\n");
    assert_eq!(exchange(settings(&url)), truncated(201, b"{\"call"));
}

#[test]
fn a_reset_within_the_body_is_a_truncated_response() {
    let url = serve(|mut stream| {
        read_request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\n");
        reset(stream);
    });
    // The reset may overtake the head: then it is unknown, but never anything else.
    for _ in 0..50 {
        match exchange(settings(&url)) {
            Exchange::Response {
                status: 201,
                truncated: true,
                ..
            }
            | Exchange::Unknown { .. } => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_body_of_exactly_the_limit_is_whole_and_one_byte_more_is_cut() {
    for (sent, whole) in [(5000, true), (5001, false)] {
        let url = serve(move |mut stream| {
            read_request(&mut stream);
            let _ = answer(&mut stream, "200 OK", &vec![b'x'; sent]);
        });
        let small = Settings {
            max_body_bytes: 5000,
            ..settings(&url)
        };
        let body = vec![b'x'; 5000];
        let expected = match whole {
            true => response(200, &body),
            false => truncated(200, &body),
        };
        assert_eq!(exchange(small), expected);
    }
}

#[test]
fn an_endless_body_is_cut_at_the_limit_and_the_connection_closed() {
    let (told, closed) = mpsc::channel();
    let url = serve(move |mut stream| {
        read_request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        let chunk = [b"1000\r\n".as_slice(), &[b'x'; 0x1000], b"\r\n"].concat();
        while stream.write_all(&chunk).is_ok() {}
        let _ = told.send(());
    });
    let small = Settings {
        max_body_bytes: 100_000,
        ..settings(&url)
    };
    assert_eq!(exchange(small), truncated(200, &vec![b'x'; 100_000]));
    closed.recv_timeout(LONG).unwrap();
}

#[test]
fn a_body_that_drips_is_cut_when_the_total_time_is_over() {
    let url = serve(|mut stream| {
        read_request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n");
        // The drip itself is what is tested; nothing waits for it.
        while stream.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    });
    let hurried = Settings {
        request_timeout: Duration::from_millis(500),
        ..settings(&url)
    };
    let started = Instant::now();
    let Exchange::Response {
        status,
        body,
        truncated,
        ..
    } = exchange(hurried)
    else {
        panic!("no response");
    };
    assert!(status == 200 && truncated && !body.is_empty());
    assert!(started.elapsed() < LONG / 2, "took {:?}", started.elapsed());
}

#[test]
fn a_body_that_stalls_is_cut_when_the_total_time_is_over() {
    let url = serve(|mut stream| {
        read_request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 9\r\n\r\nabc");
        hold(stream);
    });
    let hurried = Settings {
        request_timeout: Duration::from_millis(300),
        ..settings(&url)
    };
    assert_eq!(exchange(hurried), truncated(201, b"abc"));
}

#[test]
fn a_request_carries_key_agent_and_json_and_nothing_it_should_not() {
    let (told, seen) = mpsc::channel();
    let url = serve(move |mut stream| {
        while let Some(request) = read_request(&mut stream) {
            let _ = answer(&mut stream, "200 OK\r\nset-cookie: a=b", b"{}");
            let _ = told.send(request);
        }
    });
    let bench = Bench::new(settings(&format!("{url}/")), 1);
    for (method, line) in [
        (Method::Post, "POST /v2/create-phone-call HTTP/1.1"),
        (Method::Patch, "PATCH /v2/create-phone-call HTTP/1.1"),
        (Method::Get, "GET /v2/create-phone-call HTTP/1.1"),
        (Method::Delete, "DELETE /v2/create-phone-call HTTP/1.1"),
    ] {
        let with_body = matches!(method, Method::Post | Method::Patch);
        let body = with_body.then(|| "{\"name\":\"Jürgen\"}".to_owned());
        bench.run(Job {
            method,
            body: body.clone(),
            ..post(1)
        });
        let request = seen.recv_timeout(LONG).unwrap();
        assert_eq!(request.head.lines().next(), Some(line));
        assert_eq!(request.body, body.unwrap_or_default());
        assert_eq!(request.header("authorization"), Some("Bearer key_secret"));
        let agent = concat!("vioconcierge/", env!("CARGO_PKG_VERSION"));
        assert_eq!(request.header("user-agent"), Some(agent));
        assert_eq!(request.header("accept"), Some("application/json"));
        let content_type = with_body.then_some("application/json");
        assert_eq!(request.header("content-type"), content_type);
        for absent in ["cookie", "referer", "accept-encoding", "transfer-encoding"] {
            assert_eq!(request.header(absent), None, "{absent}");
        }
    }
}

#[test]
fn localhost_is_this_machine_without_asking_anybody() {
    let url = serve_bytes("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let named = url.replace("127.0.0.1", "localhost");
    assert_eq!(exchange(settings(&named)), response(200, b""));
}
