//! HTTP/1.1 over a plain socket: requests and answers are read here, for the server and for the
//! webhook client alike.

use std::io::{self, Read};
use std::net::TcpStream;
use std::time::SystemTime;

const MAX_HEAD: usize = 64 * 1024;
const MAX_BODY: usize = 64 * 1024 * 1024;

pub(crate) type Headers = Vec<(String, String)>;

#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    http_1_0: bool,
}

impl Head {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(it, _)| it.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn keep_alive(&self) -> bool {
        match self.header("connection") {
            Some(value) if value.eq_ignore_ascii_case("close") => false,
            Some(value) if value.eq_ignore_ascii_case("keep-alive") => true,
            _ => !self.http_1_0,
        }
    }
}

pub(crate) enum Side {
    Server,
    Client,
}

/// A socket and what was read from it but not yet used.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) socket: TcpStream,
    buffer: Vec<u8>,
    used: usize,
}

impl Reader {
    pub(crate) fn new(socket: TcpStream) -> Self {
        Self {
            socket,
            buffer: Vec::with_capacity(8192),
            used: 0,
        }
    }

    fn unused(&self) -> &[u8] {
        &self.buffer[self.used..]
    }

    /// Reads more; 0 is the end of the connection.
    fn fill(&mut self) -> io::Result<usize> {
        if self.used > 0 {
            self.buffer.drain(..self.used);
            self.used = 0;
        }
        let mut chunk = [0; 16 * 1024];
        let count = self.socket.read(&mut chunk)?;
        self.buffer.extend_from_slice(&chunk[..count]);
        Ok(count)
    }

    /// The next head; `None` if the other side has left in between two.
    pub(crate) fn head(&mut self, side: &Side) -> io::Result<Option<Head>> {
        loop {
            if let Some((head, length)) = parse_head(self.unused(), side)? {
                self.used += length;
                return Ok(Some(head));
            }
            if self.unused().len() > MAX_HEAD {
                return Err(invalid("the head is too long"));
            }
            if self.fill()? == 0 {
                return if self.unused().is_empty() {
                    Ok(None)
                } else {
                    Err(io::ErrorKind::UnexpectedEof.into())
                };
            }
        }
    }

    pub(crate) fn body(&mut self, head: &Head, side: &Side) -> io::Result<Vec<u8>> {
        if matches!(side, Side::Client) && (head.status == 204 || head.status == 304) {
            return Ok(Vec::new());
        }
        let chunked = head
            .header("transfer-encoding")
            .is_some_and(|value| value.to_ascii_lowercase().contains("chunked"));
        if chunked {
            return self.chunks();
        }
        match head.header("content-length") {
            Some(text) => {
                let length = text
                    .trim()
                    .parse()
                    .map_err(|_| invalid("bad Content-Length"))?;
                self.exactly(length)
            }
            None if matches!(side, Side::Client) => self.rest(),
            None => Ok(Vec::new()),
        }
    }

    fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        if length > MAX_BODY {
            return Err(invalid("the body is too long"));
        }
        while self.unused().len() < length {
            if self.fill()? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let bytes = self.unused()[..length].to_vec();
        self.used += length;
        Ok(bytes)
    }

    fn rest(&mut self) -> io::Result<Vec<u8>> {
        while self.fill()? > 0 {
            if self.unused().len() > MAX_BODY {
                return Err(invalid("the body is too long"));
            }
        }
        self.exactly(self.unused().len())
    }

    fn line(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(end) = self.unused().windows(2).position(|it| it == b"\r\n") {
                let line = self.exactly(end)?;
                self.used += 2;
                return Ok(line);
            }
            if self.unused().len() > MAX_HEAD {
                return Err(invalid("a line of a chunked body is too long"));
            }
            if self.fill()? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line()?;
            let size = line.split(|byte| *byte == b';').next().unwrap_or_default();
            let size = std::str::from_utf8(size).map_err(|_| invalid("bad chunk size"))?;
            let size =
                usize::from_str_radix(size.trim(), 16).map_err(|_| invalid("bad chunk size"))?;
            if size == 0 {
                while !self.line()?.is_empty() {}
                return Ok(body);
            }
            if size > MAX_BODY || body.len() > MAX_BODY - size {
                return Err(invalid("the body is too long"));
            }
            body.extend(self.exactly(size)?);
            if !self.line()?.is_empty() {
                return Err(invalid("a chunk is longer than it says"));
            }
        }
    }
}

fn parse_head(bytes: &[u8], side: &Side) -> io::Result<Option<(Head, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let broken = |error: httparse::Error| invalid(&error.to_string());
    let (length, method, target, status, version) = match side {
        Side::Server => {
            let mut request = httparse::Request::new(&mut headers);
            let httparse::Status::Complete(length) = request.parse(bytes).map_err(broken)? else {
                return Ok(None);
            };
            (length, request.method, request.path, 0, request.version)
        }
        Side::Client => {
            let mut answer = httparse::Response::new(&mut headers);
            let httparse::Status::Complete(length) = answer.parse(bytes).map_err(broken)? else {
                return Ok(None);
            };
            let status = answer.code.unwrap_or(0);
            (length, None, None, status, answer.version)
        }
    };
    let head = Head {
        method: method.unwrap_or_default().to_owned(),
        target: target.unwrap_or_default().to_owned(),
        status,
        http_1_0: version == Some(0),
        headers: headers
            .iter()
            .take_while(|header| !header.name.is_empty())
            .map(|header| {
                let value = String::from_utf8_lossy(header.value).into_owned();
                (header.name.to_owned(), value)
            })
            .collect(),
    };
    Ok(Some((head, length)))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7).
pub(crate) fn date(at: SystemTime) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let seconds = at
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let (days, time) = (seconds / 86_400, seconds % 86_400);
    let weekday = DAYS.get((days % 7) as usize).copied().unwrap_or_default();
    let (mut year, mut day) = (1970, days);
    while day >= 365 + u64::from(is_leap(year)) {
        day -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = "";
    for (name, length) in MONTHS.into_iter().zip(lengths) {
        month = name;
        if day < length {
            break;
        }
        day -= length;
    }
    let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
    format!(
        "{weekday}, {:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT",
        day + 1
    )
}

pub(crate) fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

#[must_use]
pub(crate) fn reason_phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        408 => "Request Timeout",
        409 => "Conflict",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_date_is_what_http_says() {
        for (seconds, expected) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_825_599, "Tue, 29 Feb 2000 11:59:59 GMT"),
            (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 GMT"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        ] {
            let at = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(date(at), expected);
        }
    }
}
