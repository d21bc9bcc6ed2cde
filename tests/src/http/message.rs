//! Requests and answers, and how they are read from and written to a connection.

use std::io::{self, BufRead, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// More than this is refused, as PostgREST's server does (at roughly 50 KB).
const MAX_HEAD: usize = 50 * 1024;

type Headers = Vec<(String, Vec<u8>)>;

/// A request as it was, or will be, on the wire.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub method: String,
    /// Path and query string, undecoded.
    pub target: String,
    pub headers: Headers,
    pub body: Vec<u8>,
    pub(crate) keep_alive: bool,
}

/// An answer as it was, or will be, on the wire.
#[derive(Clone, Debug, Default)]
pub struct Response {
    pub status: u16,
    /// Empty: the usual phrase of the status.
    pub reason: Vec<u8>,
    pub headers: Headers,
    pub body: Vec<u8>,
}

impl Request {
    pub fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            keep_alive: true,
            ..Self::default()
        }
    }

    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// A JSON body, byte for byte as given.
    pub fn post(target: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new("POST", target)
            .header("Content-Type", "application/json")
            .body(body)
    }

    #[must_use]
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: body.into(),
            ..self
        }
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Takes all headers of this name away.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers
            .retain(|(found, _)| !found.eq_ignore_ascii_case(name));
        self
    }

    pub fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(self.target.as_str(), |(path, _)| path)
    }

    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The last value of a header, which is the one that counts.
    pub fn last(&self, name: &str) -> Option<&[u8]> {
        last(&self.headers, name)
    }

    /// Sends it on a connection of its own and reads the answer.
    pub fn send(&self, to: SocketAddr) -> io::Result<Response> {
        let stream = TcpStream::connect(to)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let mut connection = io::BufReader::new(stream);
        self.send_on(&mut connection)
    }

    /// Sends it on a connection that stays open.
    pub fn send_on(&self, connection: &mut io::BufReader<TcpStream>) -> io::Result<Response> {
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        if self.last("host").is_none() {
            bytes.extend_from_slice(b"Host: localhost\r\n");
        }
        write_headers(&mut bytes, &self.headers);
        let framed =
            self.last("content-length").is_some() || self.last("transfer-encoding").is_some();
        if !framed && (self.method != "GET" && self.method != "HEAD" || !self.body.is_empty()) {
            bytes.extend_from_slice(format!("Content-Length: {}\r\n", self.body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        // A server that refuses a body answers before it has read it all; its answer is what counts.
        let written = connection.get_mut().write_all(&bytes);
        Response::read(connection, self.method == "HEAD")
            .map_err(|error| written.err().unwrap_or(error))
    }

    /// Reads the head of the next request. `None`: the other side has closed the connection.
    pub(crate) fn read_head(connection: &mut impl BufRead) -> io::Result<Option<Self>> {
        let Some(head) = read_head(connection)? else {
            return Ok(None);
        };
        let mut slots = vec![httparse::EMPTY_HEADER; 1024];
        let mut parsed = httparse::Request::new(&mut slots);
        complete(parsed.parse(&head))?;
        let headers = untrimmed(&head, parsed.headers);
        let closes =
            last(&headers, "connection").is_some_and(|value| value.eq_ignore_ascii_case(b"close"));
        Ok(Some(Self {
            method: parsed.method.unwrap_or_default().to_owned(),
            target: parsed.path.unwrap_or_default().to_owned(),
            keep_alive: parsed.version == Some(1) && !closes,
            headers,
            body: Vec::new(),
        }))
    }

    pub(crate) fn announced_length(&self) -> Option<usize> {
        std::str::from_utf8(self.last("content-length")?)
            .ok()?
            .trim()
            .parse()
            .ok()
    }

    /// Reads the body. `Ok(false)`: it is larger than allowed, and the rest was left unread.
    pub(crate) fn read_body(
        &mut self,
        connection: &mut impl BufRead,
        limit: usize,
    ) -> io::Result<bool> {
        if is_chunked(&self.headers) {
            return read_chunks(connection, &mut self.body, limit);
        }
        let length = self.announced_length().unwrap_or(0);
        if length > limit {
            return Ok(false);
        }
        read_exactly(connection, &mut self.body, length)?;
        Ok(true)
    }
}

impl Response {
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            body: body.into(),
            ..Self::default()
        }
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<Vec<u8>>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub fn last(&self, name: &str) -> Option<&[u8]> {
        last(&self.headers, name)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; `Null` if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(crate) fn write(&self, connection: &mut impl Write, to: &Request) -> io::Result<()> {
        let mut bytes = format!("HTTP/1.1 {} ", self.status).into_bytes();
        bytes.extend_from_slice(if self.reason.is_empty() {
            phrase(self.status).as_bytes()
        } else {
            &self.reason
        });
        bytes.extend_from_slice(b"\r\n");
        write_headers(&mut bytes, &self.headers);
        if self.status != 204 && self.status != 304 && self.last("content-length").is_none() {
            bytes.extend_from_slice(format!("Content-Length: {}\r\n", self.body.len()).as_bytes());
        }
        if !to.keep_alive {
            bytes.extend_from_slice(b"Connection: close\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        if to.method != "HEAD" {
            bytes.extend_from_slice(&self.body);
        }
        connection.write_all(&bytes)
    }

    fn read(connection: &mut impl BufRead, head_only: bool) -> io::Result<Self> {
        loop {
            let head = unfolded(read_head(connection)?.ok_or(io::ErrorKind::UnexpectedEof)?);
            let mut slots = vec![httparse::EMPTY_HEADER; 1024];
            let mut parsed = httparse::Response::new(&mut slots);
            complete(parsed.parse(&head))?;
            let headers = untrimmed(&head, parsed.headers);
            let reason = parsed.reason.unwrap_or_default().as_bytes().to_vec();
            let mut answer = Self {
                status: parsed.code.unwrap_or(0),
                reason,
                headers,
                body: Vec::new(),
            };
            if answer.status == 100 {
                continue;
            }
            if head_only || answer.status == 204 || answer.status == 304 {
                return Ok(answer);
            }
            if is_chunked(&answer.headers) {
                read_chunks(connection, &mut answer.body, usize::MAX)?;
            } else if let Some(length) = answer.last("content-length") {
                let length = std::str::from_utf8(length)
                    .ok()
                    .and_then(|text| text.trim().parse().ok());
                read_exactly(
                    connection,
                    &mut answer.body,
                    length.ok_or_else(|| malformed("content-length"))?,
                )?;
            } else {
                connection.read_to_end(&mut answer.body)?;
            }
            return Ok(answer);
        }
    }
}

fn last<'a>(headers: &'a Headers, name: &str) -> Option<&'a [u8]> {
    headers
        .iter()
        .rev()
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_slice())
}

fn write_headers(bytes: &mut Vec<u8>, headers: &Headers) {
    for (name, value) in headers {
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value);
        bytes.extend_from_slice(b"\r\n");
    }
}

fn read_head(connection: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    loop {
        let before = head.len();
        let allowed = (MAX_HEAD + 1 - before) as u64;
        if connection.take(allowed).read_until(b'\n', &mut head)? == 0 {
            return if head.is_empty() {
                Ok(None)
            } else {
                Err(io::ErrorKind::UnexpectedEof.into())
            };
        }
        if head.len() > MAX_HEAD {
            return Err(malformed("the head is too large"));
        }
        let line = &head[before..];
        if line == b"\r\n" || line == b"\n" {
            return Ok(Some(head));
        }
    }
}

/// A line that begins with a blank goes on with the header before it (RFC 9112, 5.2): PostgREST's server answers so.
fn unfolded(head: Vec<u8>) -> Vec<u8> {
    let mut unfolded = Vec::with_capacity(head.len());
    for (at, byte) in head.iter().enumerate() {
        let rest = &head[at..];
        let folds = |ending: &[u8]| {
            rest.starts_with(ending)
                && matches!(rest.get(ending.len()), Some(b' ' | b'\t'))
                && !unfolded.ends_with(b"\n")
        };
        if !(folds(b"\r\n") || folds(b"\n")) {
            unfolded.push(*byte);
        }
    }
    unfolded
}

/// httparse cuts blanks at the end of a value; PostgREST's server does not, and neither must the stand-in.
fn untrimmed(head: &[u8], headers: &[httparse::Header<'_>]) -> Headers {
    let values = headers.iter().map(|header| {
        let start = header.value.as_ptr().addr() - head.as_ptr().addr();
        let rest = &head[start..];
        let end = rest
            .iter()
            .position(|byte| matches!(byte, b'\r' | b'\n'))
            .unwrap_or(header.value.len());
        (header.name.to_owned(), rest[..end].to_vec())
    });
    values.collect()
}

fn complete(parsed: httparse::Result<usize>) -> io::Result<()> {
    match parsed {
        Ok(httparse::Status::Complete(_)) => Ok(()),
        Ok(httparse::Status::Partial) => Err(malformed("the head is incomplete")),
        Err(error) => Err(malformed(&error.to_string())),
    }
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

fn is_chunked(headers: &Headers) -> bool {
    last(headers, "transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case(b"chunked"))
}

fn read_exactly(
    connection: &mut impl BufRead,
    body: &mut Vec<u8>,
    length: usize,
) -> io::Result<()> {
    let read = connection.take(length as u64).read_to_end(body)?;
    if read == length {
        Ok(())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

fn read_chunks(
    connection: &mut impl BufRead,
    body: &mut Vec<u8>,
    limit: usize,
) -> io::Result<bool> {
    loop {
        let mut line = String::new();
        connection.take(1024).read_line(&mut line)?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).map_err(|_| malformed("chunk size"))?;
        if body.len().saturating_add(size) > limit {
            return Ok(false);
        }
        read_exactly(connection, body, size)?;
        line.clear();
        connection.take(1024).read_line(&mut line)?;
        if size == 0 {
            return Ok(true);
        }
    }
}

fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        202 => "Accepted",
        204 => "No Content",
        300 => "Multiple Choices",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        409 => "Conflict",
        413 => "Payload Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Status",
    }
}
