//! The client that delivers webhooks: HTTP/1.1 to loopback addresses, and nowhere else, so that a
//! rehearsal never posts to a stranger. Connections are kept and used again.

use std::collections::HashMap;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use crate::http::{Reader, Side, invalid};
use crate::ledger::{Delivery, unix_ms};
use crate::sign::signature;
use crate::webhook::{Post, settle};
use crate::world::Shared;

/// One delivery thread: until the simulator stops.
pub(crate) fn run(shared: &Shared) {
    let mut kept = HashMap::new();
    while let Some(post) = shared.outbox.next() {
        let delivery = attempt(shared, &post, &mut kept);
        settle(shared, post, delivery);
    }
}

fn attempt(shared: &Shared, post: &Post, kept: &mut HashMap<SocketAddr, Reader>) -> Delivery {
    let (at, started) = (shared.now(), shared.seconds());
    let signature = sealed(post, unix_ms(at));
    let body = if post.seal.tamper {
        post.body.replacen('{', r#"{"tampered":true,"#, 1)
    } else {
        post.body.to_string()
    };
    let result = send(post, &body, signature.as_deref(), kept);
    Delivery {
        call_id: post.call_id.clone(),
        session_id: post.session_id.clone(),
        event: post.event.clone(),
        attempt: post.attempt,
        status: result.as_ref().ok().copied(),
        error: result.err().map(|error| described(&error)),
        url: post.url.clone(),
        body,
        signature,
        at,
        started,
        ended: shared.seconds(),
    }
}

fn described(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "timeout".to_owned(),
        _ => error.to_string(),
    }
}

/// The signature header; a retry is signed anew (Retell does not say whether it does that).
fn sealed(post: &Post, now_ms: i64) -> Option<String> {
    let seal = post.seal;
    if seal.missing {
        return None;
    }
    let key = if seal.wrong_key {
        "key_of_somebody_else"
    } else {
        &post.key
    };
    let header = signature(key, post.body.as_bytes(), now_ms - seal.stale_ms);
    if !seal.upper_case {
        return Some(header);
    }
    let (stamp, digest) = header.split_once(",d=")?;
    Some(format!("{stamp},d={}", digest.to_uppercase()))
}

struct Target<'a> {
    authority: &'a str,
    path: &'a str,
    address: SocketAddr,
}

fn parse(url: &str) -> io::Result<Target<'_>> {
    let rest = url
        .strip_prefix("http://")
        .ok_or(invalid("only http:// URLs are delivered to"))?;
    let split = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(split);
    let has_port = authority
        .rsplit(':')
        .next()
        .is_some_and(|it| it.parse::<u16>().is_ok());
    let mut addresses = if has_port {
        authority.to_socket_addrs()?
    } else {
        (authority, 80).to_socket_addrs()?
    };
    let address = addresses.find(|it| it.ip().is_loopback());
    Ok(Target {
        authority,
        path: if path.is_empty() { "/" } else { path },
        address: address.ok_or(invalid("only loopback addresses are delivered to"))?,
    })
}

fn send(
    post: &Post,
    body: &str,
    signature: Option<&str>,
    kept: &mut HashMap<SocketAddr, Reader>,
) -> io::Result<u16> {
    let deadline = Instant::now() + post.timeout;
    let target = parse(&post.url)?;
    let reusable = kept
        .remove(&target.address)
        .filter(|it| is_open(&it.socket));
    let mut reader = match reusable {
        Some(reader) => reader,
        None => {
            let socket = TcpStream::connect_timeout(&target.address, left(deadline)?)?;
            socket.set_nodelay(true)?;
            Reader::new(socket)
        }
    };
    let Target {
        authority, path, ..
    } = target;
    let slash = if path.starts_with('?') { "/" } else { "" };
    let mut request = format!(
        "POST {slash}{path} HTTP/1.1\r\nHost: {authority}\r\nAccept: application/json, text/plain, */*\r\n\
         Content-Type: application/json\r\nUser-Agent: axios/1.15.2\r\nContent-Length: {}\r\n",
        body.len(),
    );
    if let Some(signature) = signature {
        request.push_str(&format!("X-Retell-Signature: {signature}\r\n"));
    }
    request.push_str("\r\n");
    request.push_str(body);
    reader.socket.set_write_timeout(Some(left(deadline)?))?;
    reader.socket.write_all(request.as_bytes())?;
    // The timeout is of one read; a receiver that trickles may take longer than it in all.
    reader.socket.set_read_timeout(Some(left(deadline)?))?;
    let head = loop {
        let head = reader
            .head(&Side::Client)?
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        if head.status >= 200 {
            break head;
        }
    };
    let body = reader.body(&head, &Side::Client);
    let has_length = head.status == 204
        || head
            .header("content-length")
            .or(head.header("transfer-encoding"))
            .is_some();
    if body.is_ok() && head.keep_alive() && has_length {
        kept.insert(target.address, reader);
    }
    // Retell looks at the status alone.
    Ok(head.status)
}

fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        Err(io::ErrorKind::TimedOut.into())
    } else {
        Ok(left)
    }
}

/// The other side has neither closed a kept connection nor sent anything on it.
fn is_open(socket: &TcpStream) -> bool {
    let peeked = socket
        .set_nonblocking(true)
        .and_then(|()| socket.peek(&mut [0]));
    let quiet = peeked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
    socket.set_nonblocking(false).is_ok() && quiet
}
