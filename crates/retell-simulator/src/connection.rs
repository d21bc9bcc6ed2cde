//! One connection: its requests, their answers, and the socket tricks of the faults.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use socket2::SockRef;

use crate::api::{self, Reply, error_message};
use crate::fault::{Answer, Creates};
use crate::http::{Head, Reader, Side, date, reason_phrase};
use crate::ledger::RequestLog;
use crate::script::Plan;
use crate::world::{Shared, Workspace, key_suffix};
use crate::{admin, broken};

/// What becomes of the connection after an answer.
#[derive(PartialEq, Eq)]
pub(crate) enum Next {
    Keep,
    Close,
}

pub(crate) struct Connection<'a> {
    shared: &'a Shared,
    reader: Reader,
    number: u64,
    /// Of the last request; most connections only ever use one key.
    workspace: Option<Arc<Workspace>>,
    /// An answer that is sent once more.
    again: Option<Vec<u8>>,
}

impl<'a> Connection<'a> {
    pub(crate) fn new(shared: &'a Shared, socket: TcpStream, number: u64) -> Self {
        Self {
            shared,
            reader: Reader::new(socket),
            number,
            workspace: None,
            again: None,
        }
    }

    pub(crate) fn serve(&mut self) -> io::Result<()> {
        self.reader.socket.set_nodelay(true)?;
        while let Some(head) = self.reader.head(&Side::Server)? {
            let next = self.exchange(&head)?;
            if next == Next::Close || !head.keep_alive() {
                break;
            }
        }
        Ok(())
    }

    fn exchange(&mut self, head: &Head) -> io::Result<Next> {
        let path = head.target.split('?').next().unwrap_or_default();
        let is_admin = path.starts_with("/sim/");
        let key = bearer(head).unwrap_or_default();
        if !is_admin
            && self.shared.is_scripted()
            && self.shared.lock().scripts.take_early_reset(path, key)
        {
            self.record(head, key, "");
            return self.reset();
        }
        if head.header("expect").is_some() {
            self.reader
                .socket
                .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let bytes = self.reader.body(head, &Side::Server)?;
        if is_admin {
            let reply = admin::answer(self.shared, &head.method, path, &bytes);
            return self.send(head, &reply);
        }
        let row = self.record(head, key, &String::from_utf8_lossy(&bytes));
        let json = serde_json::from_slice::<Value>(&bytes).ok();
        let logged = self.shared.config.log.and(json.clone());
        let (reply, answer) = self.decide(head, path, key, json);
        if self.shared.config.log.is_some() {
            let status = match answer {
                Answer::Hang { .. } | Answer::Reset | Answer::EarlyReset => "no answer".to_owned(),
                _ => reply.status.to_string(),
            };
            let body = logged.unwrap_or_default();
            self.shared
                .say(&api::log_line(&head.method, path, &body, &status));
        }
        self.carry_out(head, row, reply, &answer)
    }

    fn carry_out(
        &mut self,
        head: &Head,
        row: u64,
        reply: Reply,
        answer: &Answer,
    ) -> io::Result<Next> {
        let delay = match answer {
            Answer::Reset | Answer::EarlyReset => return self.reset(),
            Answer::Hang { at_most } => {
                self.pause(*at_most);
                return Ok(Next::Close);
            }
            Answer::Delayed { by } => *by + reply.delay,
            _ => reply.delay,
        };
        if !delay.is_zero() && !self.pause(delay) {
            return Ok(Next::Close);
        }
        // Before the bytes, so that who has read them finds the row complete.
        self.note_status(row, reply.status);
        if let Some(bytes) = self.again.take() {
            self.reader.socket.write_all(&bytes)?;
        }
        match answer {
            Answer::Twice => {
                self.again = Some(serialized(self.shared, head, &reply));
                self.send(head, &reply)
            }
            Answer::Swapped => {
                let other = self.shared.swap(reply);
                self.send(head, &other)
            }
            Answer::EndlessChunked { at_most } => {
                self.trickle(&reply, *at_most)?;
                Ok(Next::Close)
            }
            Answer::CloseMidBody => {
                let bytes = serialized(self.shared, head, &reply);
                let half = bytes.len() - reply.body.len() / 2;
                self.reader.socket.write_all(&bytes[..half])?;
                Ok(Next::Close)
            }
            _ => self.send(head, &broken::apply(reply, answer)),
        }
    }

    /// The usual answer and what is to be done to it.
    fn decide(
        &mut self,
        head: &Head,
        path: &str,
        key: &str,
        json: Option<Value>,
    ) -> (Reply, Answer) {
        let Some(endpoint) = api::route(&head.method, path) else {
            let reply = Reply::error(404, "The requested resource was not found.");
            return (reply, Answer::Usual);
        };
        let Some(header) = head.header("authorization") else {
            let reply = error_message(401, "Authorization header required");
            return (reply, Answer::Usual);
        };
        let cached = self.workspace.take().filter(|it| it.key == key);
        let known = cached.or_else(|| self.shared.workspace(key));
        let Some(who) = known.filter(|_| !key.is_empty() && !header.is_empty()) else {
            return (Reply::error(401, "Invalid API Key."), Answer::Usual);
        };
        self.workspace = Some(Arc::clone(&who));
        let body = json.as_ref().unwrap_or(&Value::Null);
        let plan = if self.shared.is_scripted() {
            self.shared.lock().scripts.take_plan(path, key, body)
        } else {
            Plan::default()
        };
        let fault = plan.fault.clone().unwrap_or_default();
        let answer = fault.answer;
        let acts = fault.creates != Creates::No;
        if let Some(reply) = broken::replacement(&answer) {
            if acts {
                api::answer(self.shared, &who, endpoint, json, plan);
            }
            return (reply, answer);
        }
        let answers_nothing = matches!(
            answer,
            Answer::Hang { .. } | Answer::Reset | Answer::EarlyReset
        );
        if answers_nothing && !acts {
            return (Reply::default(), answer);
        }
        let reply = api::answer(self.shared, &who, endpoint, json, plan);
        (reply, answer)
    }

    fn record(&self, head: &Head, key: &str, body: &str) -> u64 {
        let shared = self.shared;
        let entry = shared.config.keep_ledger.then(|| RequestLog {
            method: head.method.clone(),
            path: head.target.clone(),
            status: None,
            headers: headers_of_interest(head),
            body: body.to_owned(),
            at: shared.now(),
            started: shared.seconds(),
            key_suffix: key_suffix(key),
            connection: self.number,
        });
        let mut world = shared.lock();
        world.counters.requests += 1;
        let row = entry.map_or(u64::MAX, |entry| world.requests.push(entry));
        drop(world);
        shared.notify();
        row
    }

    fn note_status(&self, row: u64, status: u16) {
        if let Some(entry) = self.shared.lock().requests.get_mut(row) {
            entry.status = Some(status);
        }
        self.shared.notify();
    }

    fn send(&mut self, head: &Head, reply: &Reply) -> io::Result<Next> {
        self.reader
            .socket
            .write_all(&serialized(self.shared, head, reply))?;
        Ok(Next::Keep)
    }

    /// RST instead of FIN: with a linger time of zero, closing throws everything away.
    fn reset(&self) -> io::Result<Next> {
        SockRef::from(&self.reader.socket).set_linger(Some(Duration::ZERO))?;
        Ok(Next::Close)
    }

    /// Waits; `false` if the client left or the simulator stops.
    fn pause(&self, time: Duration) -> bool {
        const LOOK_EVERY: Duration = Duration::from_millis(20);
        let start = Instant::now();
        let socket = &self.reader.socket;
        while let Some(left) = time.checked_sub(start.elapsed()).filter(|it| !it.is_zero()) {
            let nap = left.min(LOOK_EVERY).max(Duration::from_micros(1));
            if socket.set_read_timeout(Some(nap)).is_err() || self.shared.is_stopping() {
                return false;
            }
            match socket.peek(&mut [0]) {
                Ok(0) => return false,
                // The next request is already here; it has to wait.
                Ok(_) => thread::sleep(nap),
                Err(error) if is_timeout(&error) => {}
                Err(_) => return false,
            }
        }
        socket.set_read_timeout(None).is_ok()
    }

    fn trickle(&mut self, reply: &Reply, at_most: Duration) -> io::Result<()> {
        let (status, phrase) = (reply.status, reason_phrase(reply.status));
        let start = Instant::now();
        let socket = &mut self.reader.socket;
        write!(
            socket,
            "HTTP/1.1 {status} {phrase}\r\nContent-Type: application/json\r\n\
             Transfer-Encoding: chunked\r\n\r\n2\r\n{{\n\r\n",
        )?;
        while start.elapsed() < at_most && !self.shared.is_stopping() {
            self.reader.socket.write_all(b"4\r\n    \r\n")?;
            if !self.pause(Duration::from_millis(5)) {
                break;
            }
        }
        Ok(())
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

fn bearer(head: &Head) -> Option<&str> {
    let (scheme, key) = head.header("authorization")?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

fn headers_of_interest(head: &Head) -> Vec<(String, String)> {
    const NAMES: [&str; 7] = [
        "host",
        "user-agent",
        "content-type",
        "accept",
        "content-length",
        "transfer-encoding",
        "connection",
    ];
    let wanted = |name: &str| {
        NAMES.iter().any(|it| it.eq_ignore_ascii_case(name))
            || name
                .get(..2)
                .is_some_and(|start| start.eq_ignore_ascii_case("x-"))
    };
    head.headers
        .iter()
        .filter(|(name, _)| wanted(name))
        .cloned()
        .collect()
}

fn serialized(shared: &Shared, head: &Head, reply: &Reply) -> Vec<u8> {
    let (status, phrase) = (reply.status, reason_phrase(reply.status));
    let mut text = format!("HTTP/1.1 {status} {phrase}\r\n");
    if !reply.content_type.is_empty() {
        text.push_str(&format!("Content-Type: {}\r\n", reply.content_type));
    }
    if shared.config.send_date {
        text.push_str(&format!("Date: {}\r\n", date(shared.now())));
    }
    for (name, value) in &reply.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if status != 204 {
        text.push_str(&format!("Content-Length: {}\r\n", reply.body.len()));
    }
    if !head.keep_alive() {
        text.push_str("Connection: close\r\n");
    }
    text.push_str("\r\n");
    text.push_str(&reply.body);
    text.into_bytes()
}
