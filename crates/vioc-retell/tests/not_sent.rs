//! "Not sent" is said only when nothing left. (TLS failures: `tls.rs`.)

#![allow(clippy::unwrap_used)] // a test may panic

mod support;

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use support::*;
use vioc_retell::{Job, PoolError, Secret, Settings};

#[test]
fn a_refused_connection_is_not_sent() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let refused = exchange(settings(&format!("http://{free}")));
    assert_eq!(refused, not_sent("connection refused"));
}

#[test]
fn a_name_that_does_not_exist_is_not_sent() {
    let nowhere = exchange(settings("https://vioconcierge-test.invalid"));
    // The second where no name server answers.
    let reasons = ["name lookup failed", "timed out while connecting"].map(not_sent);
    assert!(reasons.contains(&nowhere), "{nowhere:?}");
}

#[test]
fn a_name_that_cannot_exist_is_not_sent() {
    let nowhere = format!("https://{}.invalid", "a".repeat(64));
    assert_eq!(exchange(settings(&nowhere)), not_sent("could not connect"));
}

/// A black hole on this machine: with its backlog full, Linux drops further connection requests.
fn black_hole() -> (Socket, Vec<TcpStream>, SocketAddr) {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener
        .bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())
        .unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap().as_socket().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(300)) {
        waiting.push(stream);
        assert!(waiting.len() < 100, "the backlog never fills");
    }
    (listener, waiting, address)
}

#[test]
fn a_connection_that_is_never_made_is_not_sent() {
    let (_listener, _waiting, address) = black_hole();
    let patient = Settings {
        connect_timeout: Duration::from_millis(200),
        ..settings(&format!("http://{address}"))
    };
    assert_eq!(exchange(patient), not_sent("timed out while connecting"));
}

#[test]
fn a_connect_timeout_comes_before_the_request_timeout_whatever_the_settings() {
    let (_listener, _waiting, address) = black_hole();
    let odd = Settings {
        connect_timeout: Duration::from_secs(60),
        request_timeout: Duration::from_millis(500),
        ..settings(&format!("http://{address}"))
    };
    assert_eq!(exchange(odd), not_sent("timed out while connecting"));
}

#[test]
fn a_key_that_cannot_be_a_header_is_not_sent() {
    let url = serve(|_| panic!("contacted"));
    let job = Job {
        api_key: Secret::from("key\r\nX-Evil: 1".to_owned()),
        ..post(1)
    };
    let done = Bench::new(settings(&url), 1).run(job);
    assert_eq!(done.exchange, not_sent("the request cannot be built"));
}

#[test]
fn a_path_that_does_not_begin_with_a_slash_is_not_sent() {
    let url = serve(|_| panic!("contacted"));
    for path in [
        "",
        "v2/x",
        "@127.0.0.1:1/",
        "/../x",
        "/a b",
        "/a\r\nHost: evil",
    ] {
        let job = Job {
            path: path.to_owned(),
            ..post(1)
        };
        let done = Bench::new(settings(&url), 1).run(job);
        assert_eq!(
            done.exchange,
            not_sent("the path is not acceptable"),
            "{path:?}"
        );
    }
}

#[test]
fn a_key_is_not_sent_over_plain_http_to_another_machine() {
    for base in [
        "http://api.retellai.com",
        "http://192.0.2.1:80",
        "http://0.0.0.0:1",
    ] {
        let refused = "refusing to send a key over plain http to a host that is not loopback";
        assert_eq!(exchange(settings(base)), not_sent(refused), "{base}");
    }
}

#[test]
fn settings_that_can_never_work_are_refused_at_once() {
    let refused = |settings| vioc_retell::Pool::new(settings, 1, 1, || {}).err();
    assert!(matches!(
        refused(settings("nonsense")),
        Some(PoolError::BaseUrl)
    ));
    let missing = Settings {
        ca_file: Some("/nonexistent/ca.pem".into()),
        ..settings("https://127.0.0.1:1")
    };
    assert!(matches!(refused(missing), Some(PoolError::CaFile { .. })));
    let empty = Settings {
        ca_file: Some("/dev/null".into()),
        ..settings("https://127.0.0.1:1")
    };
    let error = refused(empty).unwrap().to_string();
    assert_eq!(
        error,
        "cannot use the CA file /dev/null: it holds no certificate"
    );
}
