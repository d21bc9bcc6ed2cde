//! Transport error -> "not sent" or "unknown", in words of our own.
//!
//! reqwest's and rustls' texts are not passed on: they hold URLs and names from certificates.

use std::error::Error;
use std::io;
use std::time::Duration;

use rustls::CertificateError;

use crate::Exchange;

/// The answer for a request that got no response.
///
/// Two things are certain to come before the first byte of a request: building it, and making the
/// connection (lookup, TCP, a proxy's tunnel, TLS) it is to go over. Anything else counts as ambiguous.
pub(crate) fn without_response(error: reqwest::Error, took: Duration, limit: Duration) -> Exchange {
    let error = error.without_url();
    if error.is_builder() {
        return not_sent("the request cannot be built");
    }
    if error.is_connect() {
        return not_sent(while_connecting(&error));
    }
    if error.is_timeout() && took >= limit {
        return unknown(format!("timed out after {} s", limit.as_secs_f64()));
    }
    let unreadable = find(&error, |cause| {
        let hyper = cause.downcast_ref::<hyper::Error>()?;
        hyper.is_parse().then_some(())
    });
    unknown(match unreadable {
        Some(()) => "the answer is not HTTP",
        None => "connection lost after sending",
    })
}

pub(crate) fn not_begun(reason: impl Into<String>) -> Exchange {
    Exchange::NotBegun {
        reason: reason.into(),
    }
}

pub(crate) fn not_sent(reason: impl Into<String>) -> Exchange {
    Exchange::NotSent {
        reason: reason.into(),
    }
}

pub(crate) fn unknown(reason: impl Into<String>) -> Exchange {
    Exchange::Unknown {
        reason: reason.into(),
    }
}

fn while_connecting(error: &reqwest::Error) -> String {
    let reason = reason_while_connecting(error);
    match find(error, |cause| tunnel(&cause.to_string())) {
        // what went wrong on the way to the proxy has a reason of its own
        Some("") => format!("{THE_PROXY}{reason}"),
        Some(refused) => format!("{THE_PROXY}{refused}"),
        None => reason.to_owned(),
    }
}

const THE_PROXY: &str = "the proxy: ";

/// What a proxy did instead of opening the tunnel; empty: there is a cause below. hyper-util's error has no public type,
/// and its words decide ours alone: that it is a fault while connecting is known without them.
fn tunnel(error: &str) -> Option<&'static str> {
    Some(match error.strip_prefix("tunnel error: ")? {
        "proxy authorization required" => "it asks for another user name and password",
        "unsuccessful" => "it refuses to connect",
        "unexpected end of file" => "it closes the connection",
        "proxy response headers too long" => "its answer is not HTTP",
        _ => "",
    })
}

fn reason_while_connecting(error: &reqwest::Error) -> &'static str {
    if let Some(reason) = find(error, |cause| {
        cause.downcast_ref::<rustls::Error>().map(tls_reason)
    }) {
        return reason;
    }
    if error.is_timeout() {
        return "timed out while connecting";
    }
    if error.is_dns() {
        return "name lookup failed";
    }
    let kind = |cause: &(dyn Error + 'static)| {
        let io = cause.downcast_ref::<io::Error>()?;
        if matches!(io.raw_os_error(), Some(libc::EMFILE | libc::ENFILE)) {
            return Some("no free file descriptor");
        }
        match io.kind() {
            io::ErrorKind::ConnectionRefused => Some("connection refused"),
            io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => {
                Some("network unreachable")
            }
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof => Some("connection lost while connecting"),
            _ => None,
        }
    };
    find(error, kind).unwrap_or("could not connect")
}

fn tls_reason(error: &rustls::Error) -> &'static str {
    use CertificateError as Certificate;
    match error {
        rustls::Error::InvalidCertificate(problem) => match problem {
            Certificate::Expired | Certificate::ExpiredContext { .. } => {
                "TLS: the certificate has expired"
            }
            Certificate::NotValidYet | Certificate::NotValidYetContext { .. } => {
                "TLS: the certificate is not valid yet"
            }
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => {
                "TLS: the certificate is for another host"
            }
            // The second: another authority of the same name.
            Certificate::UnknownIssuer | Certificate::BadSignature => {
                "TLS: the certificate is not signed by a trusted authority"
            }
            Certificate::Revoked => "TLS: the certificate was revoked",
            _ => "TLS: the certificate is not acceptable",
        },
        rustls::Error::InvalidMessage(_) => "TLS: the server does not speak TLS",
        rustls::Error::AlertReceived(_) => "TLS: the server refused the handshake",
        _ => "TLS: the handshake failed",
    }
}

/// The first cause for which `pick` has an answer, outermost first.
///
/// `io::Error::source()` skips the error it wraps, and TLS errors arrive wrapped twice like that,
/// so these are opened explicitly.
fn find<T>(
    error: &(dyn Error + 'static),
    pick: impl Fn(&(dyn Error + 'static)) -> Option<T>,
) -> Option<T> {
    let mut next = Some(error);
    while let Some(cause) = next {
        if let Some(found) = pick(cause) {
            return Some(found);
        }
        next = match cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => cause.source(),
        };
    }
    None
}
