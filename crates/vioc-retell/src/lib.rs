//! The HTTP side of the worker: blocking requests to Retell AI in plain threads.
//!
//! This crate cannot name pgrx, so a pool thread that calls into PostgreSQL does not compile.
//!
//! | Module | Holds |
//! |---|---|
//! | `settings` | where requests go and how long they may take |
//! | `job` | what goes in and what comes back, and the key that must not leak |
//! | `target` | base URL plus path, and the rule where a key may travel |
//! | `proxy` | the proxy that requests go through, if there is one |
//! | `tls` | trusted certificates: the system's and those of `ca_file` |
//! | `client` | one request, from job to [`Exchange`] |
//! | `classify` | transport error -> "not sent" or "unknown", in words of our own |
//! | `room` | what all answers together may take of the memory |
//! | `pool` | threads, queue, shutdown; knows nothing about HTTP |
//! | [`secrets`] | keys that are kept in files |
//! | `signals` | no thread made here ever handles a signal |
//!
//! # Invariants
//!
//! * A request is written to a socket at most once. Nothing here retries: redirects and
//!   reqwest's retry policy are off. hyper moves a request to another connection in one case only:
//!   its kept-alive connection turned out closed *before hyper began to write it*.
//! * [`Exchange::NotSent`] (Retell is out of reach) and [`Exchange::NotBegun`] (our own doing) are said only when it is
//!   certain that no byte of the request left.
//!   Everything doubtful is [`Exchange::Unknown`], since a wrong "not sent" dials a patient twice.
//! * What decides the way to Retell are the settings: no environment variable does.
//! * Every submitted job comes back exactly once, whatever happens to its thread.
//! * The bodies of all answers that the caller has not dropped share one bounded room; what does not fit is cut, and
//!   [`Done::cut`] says so. An answer that was cut is read as one whose end did not come.
//! * No reason contains a URL, a key, a phone number or anything else that came from outside.

mod classify;
mod client;
mod job;
mod pool;
mod proxy;
mod room;
pub mod secrets;
mod settings;
mod signals;
mod target;
mod tls;

use std::fmt;
use std::path::PathBuf;

pub use job::{Done, Job, Method, Secret};
pub use pool::Pool;
pub use room::Cut;
pub use settings::Settings;
pub use vioc_core::reply::Exchange;

/// Whether requests, with a key, may go to this URL.
///
/// # Errors
///
/// Why not.
pub fn check_base_url(base_url: &str) -> Result<(), PoolError> {
    match target::Target::new(base_url)?.may_carry_key() {
        true => Ok(()),
        false => Err(PoolError::PlainHttp),
    }
}

/// Whether requests may go through this proxy; the empty text is none.
///
/// # Errors
///
/// It is no URL of an HTTP proxy.
pub fn check_https_proxy(https_proxy: &str) -> Result<(), PoolError> {
    match https_proxy {
        "" => Ok(()),
        url => proxy::Proxy::new(url).map(|_| ()),
    }
}

/// Which way requests go to this base URL, in words: "directly", or through which proxy, whose user name and password are
/// not shown.
///
/// # Errors
///
/// They go nowhere: one of the two cannot be used.
pub fn way(base_url: &str, https_proxy: Option<&Secret>) -> Result<String, PoolError> {
    let is_https = target::Target::new(base_url)?.is_https();
    let proxy = https_proxy
        .map(|it| proxy::Proxy::new(it.expose()))
        .transpose()?;
    Ok(match proxy.filter(|_| is_https) {
        Some(proxy) => format!("through the proxy {}", proxy.address()),
        None => "directly".to_owned(),
    })
}

/// Why there is no pool: a setting cannot be used. The worker reports it and waits for new settings.
#[derive(Debug)]
pub enum PoolError {
    /// A pool without threads would accept jobs and never run them.
    NoThreads,
    /// Not an http or https URL, or one with user name, query or fragment.
    BaseUrl,
    /// A key would leave this machine unencrypted.
    PlainHttp,
    /// Not the URL of an HTTP proxy. It may hold a password, so it is not repeated.
    Proxy,
    /// `ca_file` cannot be read or parsed, or holds no certificate.
    CaFile { path: PathBuf, problem: String },
    /// reqwest refused to build a client, or its thread could not be started.
    Client { problem: String },
}

impl fmt::Display for PoolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoThreads => f.write_str("the number of threads must be at least 1"),
            Self::BaseUrl => f.write_str(
                "the base URL must be an http or https URL without user name, query and fragment",
            ),
            Self::PlainHttp => f.write_str("the base URL must be https, or http to this machine"),
            Self::Proxy => f.write_str(
                "the proxy must be an http URL of a host and a port, with a user name and a password if it asks for them",
            ),
            Self::CaFile { path, problem } => {
                write!(f, "cannot use the CA file {}: {problem}", path.display())
            }
            Self::Client { problem } => write!(f, "cannot build the HTTP client: {problem}"),
        }
    }
}

impl std::error::Error for PoolError {}
