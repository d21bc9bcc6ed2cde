//! Who is trusted, and that a server which is not never sees a request.

#![allow(clippy::unwrap_used)] // a test may panic

mod support;

use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair};
use support::tls::{Authority, CaFile, UNTRUSTED, VALID, serve_tls};
use support::*;
use vioc_retell::Settings;

#[test]
fn a_server_of_an_unknown_authority_is_refused_before_anything_is_sent() {
    let (url, asked) = Authority::new().serve("127.0.0.1", VALID);
    assert_eq!(exchange(settings(&url)), not_sent(UNTRUSTED));
    let other = CaFile::new("other", &Authority::new().pem);
    assert_eq!(exchange(other.settings(&url)), not_sent(UNTRUSTED));
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[test]
fn a_server_of_any_authority_in_the_ca_file_is_accepted() {
    let (first, second) = (Authority::new(), Authority::new());
    let file = CaFile::new("both", &format!("# two\n{}\n{}", first.pem, second.pem));
    for authority in [first, second] {
        for name in ["127.0.0.1", "localhost"] {
            let (url, asked) = authority.serve(name, VALID);
            let url = url.replace("127.0.0.1", name);
            assert_eq!(exchange(file.settings(&url)), response(201, b"{}"));
            assert_eq!(asked.load(Ordering::SeqCst), 1);
        }
    }
}

#[test]
fn a_certificate_for_another_host_is_refused() {
    let authority = Authority::new();
    let file = CaFile::new("host", &authority.pem);
    let (url, asked) = authority.serve("api.retellai.com", VALID);
    let reason = "TLS: the certificate is for another host";
    assert_eq!(exchange(file.settings(&url)), not_sent(reason));
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[test]
fn a_certificate_outside_its_time_is_refused() {
    let authority = Authority::new();
    let file = CaFile::new("time", &authority.pem);
    for (years, reason) in [
        ((2010, 2020), "TLS: the certificate has expired"),
        ((2110, 2120), "TLS: the certificate is not valid yet"),
    ] {
        let (url, asked) = authority.serve("127.0.0.1", years);
        assert_eq!(exchange(file.settings(&url)), not_sent(reason));
        assert_eq!(asked.load(Ordering::SeqCst), 0);
    }
}

#[test]
fn a_self_signed_certificate_is_refused_unless_it_is_the_ca_file() {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let (url, asked) = serve_tls(certificate.der().clone(), &key);
    assert_eq!(exchange(settings(&url)), not_sent(UNTRUSTED));
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    let file = CaFile::new("self", &certificate.pem());
    assert_eq!(exchange(file.settings(&url)), response(201, b"{}"));
}

#[test]
fn many_requests_share_one_encrypted_connection() {
    let authority = Authority::new();
    let file = CaFile::new("many", &authority.pem);
    let (url, asked) = authority.serve("127.0.0.1", VALID);
    let bench = Bench::new(file.settings(&url), 2);
    for request_id in 0..20 {
        assert_eq!(bench.run(post(request_id)).exchange, response(201, b"{}"));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 20);
}

#[test]
fn a_server_that_does_not_speak_tls_is_not_sent_anything() {
    let plain = serve(|mut stream| {
        let _ = answer(&mut stream, "400 Bad Request", b"");
        hold(stream);
    });
    let encrypted = plain.replace("http://", "https://");
    let reason = "TLS: the server does not speak TLS";
    assert_eq!(exchange(settings(&encrypted)), not_sent(reason));
}

#[test]
fn a_handshake_that_breaks_off_or_never_ends_is_not_sent() {
    let breaks = serve(drop).replace("http://", "https://");
    let reason = "connection lost while connecting";
    assert_eq!(exchange(settings(&breaks)), not_sent(reason));
    let hangs = serve(hold).replace("http://", "https://");
    let hurried = Settings {
        connect_timeout: Duration::from_millis(300),
        ..settings(&hangs)
    };
    assert_eq!(exchange(hurried), not_sent("timed out while connecting"));
}

/// Runs itself once more in a process with an empty certificate store.
#[test]
fn without_any_trusted_certificate_https_is_not_sent_and_http_works() {
    const CHILD: &str = "VIOC_TEST_WITHOUT_ROOTS";
    let name = "without_any_trusted_certificate_https_is_not_sent_and_http_works";
    if std::env::var_os(CHILD).is_none() {
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name])
            .env(CHILD, "1")
            .env("SSL_CERT_FILE", "/dev/null")
            .env_remove("SSL_CERT_DIR")
            .status();
        assert!(status.unwrap().success());
        return;
    }
    let authority = Authority::new();
    let (url, asked) = authority.serve("127.0.0.1", VALID);
    let reason = "TLS: no trusted certificates: the system has none and no CA file is set";
    assert_eq!(exchange(settings(&url)), not_sent(reason));
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    let file = CaFile::new("child", &authority.pem);
    assert_eq!(exchange(file.settings(&url)), response(201, b"{}"));
    let plain = serve_bytes("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(exchange(settings(&plain)), response(200, b""));
}
