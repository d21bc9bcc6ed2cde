//! A client and a webhook receiver, by hand, so that the simulator is not tested with itself.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use retell_simulator::{Config, Simulator, Timing};
use serde_json::{Value, json};

pub(crate) const KEY: &str = "key_0123456789abcdef";
pub(crate) const CALLED: &str = "+15550100101";
/// Long enough for the slowest machine; no test ever takes it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn start(config: Config) -> Simulator {
    Simulator::start(config).expect("the simulator starts")
}

/// Calls that stay in the state they are in until a test is done with them.
pub(crate) fn slow() -> Timing {
    Timing {
        talk: Duration::from_secs(3600),
        ..Timing::INSTANT
    }
}

pub(crate) fn never_answered() -> Timing {
    Timing {
        ring: Duration::from_secs(3600),
        ..Timing::INSTANT
    }
}

#[derive(Debug)]
pub(crate) struct Message {
    /// Status line or request line.
    pub(crate) first_line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Message {
    pub(crate) fn status(&self) -> u16 {
        let status = self
            .first_line
            .split(' ')
            .nth(1)
            .and_then(|it| it.parse().ok());
        status.expect("a status line")
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(it, _)| it.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }

    pub(crate) fn text(&self, key: &str) -> String {
        self.json()[key].as_str().unwrap_or("").to_owned()
    }
}

pub(crate) fn connect(simulator: &Simulator) -> TcpStream {
    let socket = TcpStream::connect(simulator.address()).expect("connects");
    socket
        .set_read_timeout(Some(PATIENCE))
        .expect("sets a timeout");
    socket
}

/// Reads one message; the body by its length.
pub(crate) fn read_message(socket: &mut impl Read) -> io::Result<Message> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        if socket.read(&mut byte)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&bytes).into_owned();
    let mut lines = head.trim_end().split("\r\n").map(str::to_owned);
    let first_line = lines.next().unwrap_or_default();
    let split = |line: String| {
        line.split_once(": ")
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
    };
    let mut message = Message {
        first_line,
        headers: lines.filter_map(split).collect(),
        body: String::new(),
    };
    let length = message
        .header("content-length")
        .and_then(|it| it.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    socket.read_exact(&mut body)?;
    message.body = String::from_utf8_lossy(&body).into_owned();
    Ok(message)
}

pub(crate) fn write_request(
    socket: &mut TcpStream,
    method: &str,
    path: &str,
    key: Option<&str>,
    body: &str,
) -> io::Result<()> {
    let authorization = key.map(|key| format!("Authorization: Bearer {key}\r\n"));
    let authorization = authorization.unwrap_or_default();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{authorization}\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}",
    );
    socket.write_all(request.as_bytes())
}

/// One request on a connection of its own.
pub(crate) fn attempt(
    simulator: &Simulator,
    method: &str,
    path: &str,
    key: Option<&str>,
    body: &str,
) -> io::Result<Message> {
    let mut socket = connect(simulator);
    write_request(&mut socket, method, path, key, body)?;
    read_message(&mut socket)
}

pub(crate) fn get(simulator: &Simulator, path: &str) -> Message {
    attempt(simulator, "GET", path, Some(KEY), "").expect("an answer")
}

pub(crate) fn post(simulator: &Simulator, path: &str, body: &Value) -> Message {
    attempt(simulator, "POST", path, Some(KEY), &body.to_string()).expect("an answer")
}

/// A create request as the extension sends it.
pub(crate) fn order(session: &str) -> Value {
    json!({
        "from_number": "+15550100900",
        "to_number": CALLED,
        "override_agent_id": "agent_1",
        "idempotency_key": session,
        "metadata": {"session_id": session},
        "retell_llm_dynamic_variables": {"customer_name": "José"},
    })
}

pub(crate) fn with(mut order: Value, key: &str, value: Value) -> Value {
    order[key] = value;
    order
}

pub(crate) fn create(simulator: &Simulator, order: &Value) -> Message {
    post(simulator, "/v2/create-phone-call", order)
}

/// What a client sees whose answer does not come: an error, or the end of the connection.
pub(crate) fn try_create(simulator: &Simulator, order: &Value) -> io::Result<Message> {
    attempt(
        simulator,
        "POST",
        "/v2/create-phone-call",
        Some(KEY),
        &order.to_string(),
    )
}

/// Creates a call that must succeed, and returns its id.
pub(crate) fn call(simulator: &Simulator, order: &Value) -> String {
    let answer = create(simulator, order);
    assert_eq!(answer.status(), 201, "{}", answer.body);
    answer.text("call_id")
}

pub(crate) fn state(simulator: &Simulator, call_id: &str) -> Value {
    get(simulator, &format!("/v2/get-call/{call_id}")).json()
}

pub(crate) fn settle(simulator: &Simulator) {
    assert!(
        simulator.wait_until_idle(PATIENCE),
        "everything comes to an end"
    );
}

#[derive(Default)]
struct Inbox {
    messages: Vec<Message>,
    /// Statuses of the next answers; 0 never answers; then 204.
    answers: VecDeque<u16>,
}

/// An endpoint for webhooks.
#[derive(Clone)]
pub(crate) struct Receiver {
    pub(crate) url: String,
    inbox: Arc<(Mutex<Inbox>, Condvar)>,
}

impl Receiver {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("listens");
        let address = listener.local_addr().expect("has an address");
        let receiver = Self {
            url: format!("http://{address}/hook"),
            inbox: Arc::default(),
        };
        let inbox = Arc::clone(&receiver.inbox);
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let inbox = Arc::clone(&inbox);
                thread::spawn(move || serve(socket, &inbox));
            }
        });
        receiver
    }

    pub(crate) fn answering(self, statuses: &[u16]) -> Self {
        self.inbox
            .0
            .lock()
            .expect("no panic")
            .answers
            .extend(statuses);
        self
    }

    /// The messages, once there are so many.
    pub(crate) fn wait(&self, count: usize) -> Vec<Message> {
        let deadline = Instant::now() + PATIENCE;
        let mut inbox = self.inbox.0.lock().expect("no panic");
        while inbox.messages.len() < count {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "{} of {count} webhooks came",
                inbox.messages.len()
            );
            inbox = self.inbox.1.wait_timeout(inbox, left).expect("no panic").0;
        }
        std::mem::take(&mut inbox.messages)
    }

    pub(crate) fn all(&self) -> Vec<Message> {
        self.wait(0)
    }

    /// Names of the events that came.
    pub(crate) fn events(&self) -> Vec<String> {
        self.all().iter().map(|it| it.text("event")).collect()
    }
}

fn serve(mut socket: TcpStream, inbox: &(Mutex<Inbox>, Condvar)) {
    while let Ok(message) = read_message(&mut socket) {
        let mut locked = inbox.0.lock().expect("no panic");
        let status = locked.answers.pop_front().unwrap_or(204);
        locked.messages.push(message);
        inbox.1.notify_all();
        drop(locked);
        let answer = match status {
            0 => {
                // Until the sender gives up.
                let _ = socket.read(&mut [0]);
                return;
            }
            204 => "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
            302 => {
                "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n".to_owned()
            }
            status => format!("HTTP/1.1 {status} Status\r\nContent-Length: 2\r\n\r\n{{}}"),
        };
        if socket.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}
