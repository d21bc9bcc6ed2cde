//! What the same machine does without PostgreSQL: the extension's HTTP client, posting what the extension posted.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::blocking::Client;

use super::server::{AnswerServer, CREATE_PATH};
use super::site::IN_FLIGHT;

pub(super) const THREADS: usize = IN_FLIGHT;

/// Posts `count` bodies (the given ones, again from the start where they end), and says how long it took.
pub(super) fn post(server: &AnswerServer, bodies: &[Vec<u8>], count: usize) -> Duration {
    let client = client();
    let url = format!("{}{CREATE_PATH}", server.url());
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                return;
            }
            let sent = client
                .post(&url)
                .bearer_auth("key_bench")
                .header("Content-Type", "application/json")
                .body(bodies[number % bodies.len()].clone())
                .send();
            let answer = sent.and_then(|answer| Ok((answer.status().as_u16(), answer.bytes()?)));
            let (status, body) = answer.expect("the benchmark's server answers");
            assert!(status == 201 && !body.is_empty(), "{status}");
        }
    };
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(work);
        }
    });
    started.elapsed()
}

/// With the settings of `crates/vioc-retell/src/client.rs`, as far as they can matter on loopback.
fn client() -> Client {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    // It fails if there is one already, and one is all that reqwest wants.
    let _ = rustls::crypto::CryptoProvider::install_default((*provider).clone());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring knows the default versions")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Client::builder()
        .http1_only()
        .no_proxy()
        .tcp_nodelay(true)
        .pool_max_idle_per_host(THREADS)
        .timeout(Duration::from_secs(120))
        .tls_backend_preconfigured(tls)
        .build()
        .expect("a client for plain http can be built")
}
