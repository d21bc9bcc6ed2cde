//! Requests over https go through the proxy of the settings, and of nothing else; what it does instead is a fault while
//! connecting.

#![allow(clippy::unwrap_used)] // a test may panic

mod support;

use std::io::{self, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use support::tls::{Authority, CaFile, UNTRUSTED, VALID};
use support::*;
use vioc_retell::{Exchange, Pool, PoolError, Secret, Settings};

/// No resolver knows it: who reaches it has asked the proxy.
const RETELL: &str = "retell.invalid";
const ESTABLISHED: &str = "HTTP/1.1 200 Connection established\r\n\r\n";

/// What a proxy was told.
type Heads = Arc<Mutex<Vec<String>>>;

/// A proxy behind which every host is the server at this URL, or which answers something else and closes.
fn proxy(to: &str, answer: &'static str) -> (String, Heads) {
    let to = to.split_once("://").unwrap().1.to_owned();
    let heads = Heads::default();
    let told = Arc::clone(&heads);
    let url = serve(move |mut stream| {
        let Some(request) = read_request(&mut stream) else {
            return;
        };
        told.lock().unwrap().push(request.head);
        stream.write_all(answer.as_bytes()).unwrap();
        if answer == ESTABLISHED {
            let far = TcpStream::connect(&to).unwrap();
            let back = (far.try_clone().unwrap(), stream.try_clone().unwrap());
            thread::spawn(move || pipe(back.0, back.1));
            pipe(stream, far);
        }
    });
    (url, heads)
}

fn pipe(mut from: TcpStream, mut to: TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Both);
}

fn through(proxy: &str, settings: Settings) -> Settings {
    Settings {
        https_proxy: Some(Secret::from(proxy.to_owned())),
        ..settings
    }
}

/// A server that is known as Retell's to who trusts the file; its URL, and how often it was asked.
fn retell(test: &str) -> (CaFile, String, Arc<AtomicUsize>) {
    let authority = Authority::new();
    let file = CaFile::new(test, &authority.pem);
    let (url, asked) = authority.serve(RETELL, VALID);
    (file, url, asked)
}

fn base() -> String {
    format!("https://{RETELL}")
}

#[test]
fn a_request_goes_through_the_proxy_which_learns_the_host_and_its_own_password_only() {
    let (file, url, asked) = retell("through");
    let (proxy, heads) = proxy(&url, ESTABLISHED);
    let with_password = proxy.replace("http://", "http://desk:p%40ss@");
    let bench = Bench::new(through(&with_password, file.settings(&base())), 1);
    for request_id in 0..20 {
        assert_eq!(bench.run(post(request_id)).exchange, response(201, b"{}"));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 20);
    let heads = heads.lock().unwrap();
    assert_eq!(heads.len(), 1, "one tunnel for all of them");
    assert!(
        heads[0].starts_with(&format!("CONNECT {RETELL}:443 HTTP/1.1\r\n")),
        "{heads:?}"
    );
    // desk:p@ss
    assert!(
        heads[0].contains("Basic ZGVzazpwQHNz") || heads[0].contains("basic ZGVzazpwQHNz"),
        "{heads:?}"
    );
    for hidden in ["key_secret", "Bearer", "create-phone-call"] {
        assert!(!heads[0].contains(hidden), "{heads:?}");
    }
}

#[test]
fn every_password_that_is_accepted_reaches_the_proxy() {
    let (file, url, asked) = retell("passwords");
    for password in [
        "",
        "a",
        "a:b",
        "a@b",
        "%zz",
        "~!$&'()*+,;=[]^|`{}<>\"",
        "%C3%B6",
    ] {
        let (proxy, heads) = proxy(&url, ESTABLISHED);
        let proxy = proxy.replace("http://", &format!("http://desk:{password}@"));
        let exchange = exchange(through(&proxy, file.settings(&base())));
        assert_eq!(exchange, response(201, b"{}"), "{password}");
        assert_eq!(heads.lock().unwrap().len(), 1, "{password}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 7);
}

#[test]
fn http_to_this_machine_goes_there_directly() {
    let plain = serve_bytes("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let (proxy, heads) = proxy(&plain, ESTABLISHED);
    assert_eq!(
        exchange(through(&proxy, settings(&plain))),
        response(200, b"")
    );
    assert!(heads.lock().unwrap().is_empty());
}

#[test]
fn a_proxy_that_refuses_is_not_sent() {
    let (file, url, asked) = retell("refuses");
    for (answer, reason) in [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n",
            "the proxy: it asks for another user name and password",
        ),
        (
            "HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n",
            "the proxy: it refuses to connect",
        ),
        (
            "HTTP/1.1 502 Bad Gateway\r\n\r\n",
            "the proxy: it refuses to connect",
        ),
        (
            "HTTP/1.1 302 Found\r\nlocation: https://evil.invalid/\r\n\r\n",
            "the proxy: it refuses to connect",
        ),
        (
            "SSH-2.0-OpenSSH_9.2\r\n\r\n",
            "the proxy: it refuses to connect",
        ),
        ("", "the proxy: it closes the connection"),
    ] {
        let (proxy, heads) = proxy(&url, answer);
        assert_eq!(
            exchange(through(&proxy, file.settings(&base()))),
            not_sent(reason),
            "{answer}"
        );
        assert_eq!(heads.lock().unwrap().len(), 1, "it is asked once");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[test]
fn a_proxy_that_is_away_is_not_sent_and_nobody_is_asked_directly() {
    let (file, url, asked) = retell("away");
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    // without a proxy the server would be found, and asked
    let here = Authority::new();
    let local = CaFile::new("away-here", &here.pem);
    let (direct, asked_directly) = here.serve("127.0.0.1", VALID);
    for settings in [file.settings(&url), local.settings(&direct)] {
        assert_eq!(
            exchange(through(&format!("http://{free}"), settings)),
            not_sent("the proxy: connection refused")
        );
    }
    let nowhere = exchange(through(
        "http://proxy.invalid:3128",
        local.settings(&direct),
    ));
    // the second where no name server answers
    let reasons = [
        "the proxy: name lookup failed",
        "timed out while connecting",
    ]
    .map(not_sent);
    assert!(reasons.contains(&nowhere), "{nowhere:?}");
    let silent = serve(hold);
    let hurried = Settings {
        connect_timeout: Duration::from_millis(300),
        ..through(&silent, local.settings(&direct))
    };
    assert_eq!(exchange(hurried), not_sent("timed out while connecting"));
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    assert_eq!(asked_directly.load(Ordering::SeqCst), 0);
}

#[test]
fn a_proxy_that_speaks_in_place_of_retell_is_not_sent_anything() {
    let (file, _, _) = retell("between");
    // its certificate is another authority's
    let (between, asked) = Authority::new().serve(RETELL, VALID);
    let (proxy, _) = proxy(&between, ESTABLISHED);
    assert_eq!(
        exchange(through(&proxy, file.settings(&base()))),
        not_sent(UNTRUSTED)
    );
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[test]
fn a_tunnel_that_breaks_after_the_request_is_unknown() {
    let authority = Authority::new();
    let file = CaFile::new("breaks", &authority.pem);
    let url = authority.serve_with(RETELL, VALID, |_| None);
    let (proxy, _) = proxy(&url, ESTABLISHED);
    assert_eq!(
        exchange(through(&proxy, file.settings(&base()))),
        unknown("connection lost after sending")
    );
}

/// Runs itself once more in processes with variables that other programs obey.
#[test]
fn no_variable_of_the_environment_decides_the_way() {
    const CHILD: &str = "VIOC_TEST_ENVIRONMENT";
    let name = "no_variable_of_the_environment_decides_the_way";
    if std::env::var_os(CHILD).is_none() {
        let (nowhere, heads) = proxy("http://127.0.0.1:9", "HTTP/1.1 403 Forbidden\r\n\r\n");
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", name]).env(CHILD, "1");
        for variable in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"] {
            child
                .env(variable, &nowhere)
                .env(variable.to_lowercase(), &nowhere);
        }
        child.env("NO_PROXY", "*").env("no_proxy", "*");
        assert!(child.status().unwrap().success());
        child.env_remove("NO_PROXY").env_remove("no_proxy");
        // as in a CGI program, where proxies are off for reqwest
        assert!(child.status().unwrap().success());
        assert!(
            child
                .env("REQUEST_METHOD", "GET")
                .status()
                .unwrap()
                .success()
        );
        assert!(heads.lock().unwrap().is_empty());
        return;
    }
    let (file, url, asked) = retell("environment");
    let (proxy, heads) = proxy(&url, ESTABLISHED);
    let exchange_through = exchange(through(&proxy, file.settings(&base())));
    assert_eq!(exchange_through, response(201, b"{}"));
    assert_eq!(heads.lock().unwrap().len(), 1);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let here = Authority::new();
    let local = CaFile::new("environment-here", &here.pem);
    let (direct, asked) = here.serve("127.0.0.1", VALID);
    assert_eq!(exchange(local.settings(&direct)), response(201, b"{}"));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let plain = serve_bytes("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(exchange(settings(&plain)), response(200, b""));
}

#[test]
fn a_proxy_that_can_never_work_makes_no_pool_and_a_password_is_never_shown() {
    let bad = through(
        "socks5://desk:s3cret@127.0.0.1:1080",
        settings("https://127.0.0.1:1"),
    );
    let shown = format!("{bad:?}");
    let error = Pool::new(bad.clone(), 1, 1, || {}).err().unwrap();
    assert!(matches!(error, PoolError::Proxy));
    assert!(!format!("{shown}{error}{error:?}").contains("s3cret"));
    assert!(vioc_retell::check_https_proxy("socks5://127.0.0.1:1080").is_err());
    assert!(vioc_retell::check_https_proxy("").is_ok());
    // also not where it would not be used
    let unused = Settings {
        base_url: "http://127.0.0.1:1".to_owned(),
        ..bad
    };
    assert!(Pool::new(unused, 1, 1, || {}).is_err());
    let refused = through(
        "http://desk:s3cret@127.0.0.1:9",
        settings("https://127.0.0.1:1"),
    );
    let Exchange::NotSent { reason } = exchange(refused) else {
        panic!("it was sent")
    };
    assert!(
        !reason.contains("s3cret") && !reason.contains("desk"),
        "{reason}"
    );
}

#[test]
fn the_way_is_said_without_the_password() {
    let proxy = Secret::from("http://desk:s3cret@proxy.test:3128".to_owned());
    let way = |base: &str, proxy| vioc_retell::way(base, proxy).unwrap();
    let retell = "https://api.retellai.com";
    assert_eq!(way(retell, None), "directly");
    assert_eq!(
        way(retell, Some(&proxy)),
        "through the proxy proxy.test:3128"
    );
    assert_eq!(way("http://127.0.0.1:9000", Some(&proxy)), "directly");
    let bad = Secret::from("proxy.test:3128".to_owned());
    assert!(vioc_retell::way(retell, Some(&bad)).is_err());
}
