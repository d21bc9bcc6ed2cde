//! The Retell of the benchmarks: answers 201 with a call_id of its own to every POST, at once or after a while, from one
//! thread.
//!
//! One thread with epoll and not a thread per connection, because it shares the machine with what is measured.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::event::{Timespec, epoll};

pub(super) const CREATE_PATH: &str = "/v2/create-phone-call";

const LISTENER: u64 = 0;

#[derive(Debug)]
pub(super) struct AnswerServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    stopping: AtomicBool,
    posts: AtomicU64,
    /// When the latest POST came, and the longest time between two of them.
    pauses: Mutex<(Option<Instant>, Duration)>,
    /// Bodies are kept while this is `Some`.
    bodies: Mutex<Option<Vec<Vec<u8>>>>,
    /// Who wants to know when a request has arrived, and when it was answered.
    arrivals: Watcher,
    answers: Watcher,
}

type Watcher = Mutex<Option<mpsc::Sender<(u64, Instant)>>>;

/// How long the answer to a body takes.
type Delay = Box<dyn Fn(&[u8]) -> Duration + Send>;

/// Moments at the server, each with the `call_id` in the request's body (0: there is none).
pub(super) struct Watch(mpsc::Receiver<(u64, Instant)>);

impl Watch {
    /// The moment of this call; those before it are forgotten.
    pub(super) fn wait_for(&self, call: u64, at_most: Duration) -> Instant {
        let until = Instant::now() + at_most;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let (id, at) = self
                .0
                .recv_timeout(left)
                .unwrap_or_else(|_| panic!("call {call} does not reach the server"));
            if id == call {
                return at;
            }
        }
    }

    /// All up to now.
    pub(super) fn all(&self) -> Vec<(u64, Instant)> {
        self.0.try_iter().collect()
    }
}

impl AnswerServer {
    pub(super) fn start() -> io::Result<Self> {
        Self::start_slow(|_| Duration::ZERO)
    }

    pub(super) fn start_slow(
        delay: impl Fn(&[u8]) -> Duration + Send + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        // Clients with hundreds of connections make them all at once; one that finds no place tries again after a second.
        rustix::net::listen(&listener, 4096)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let mut answering = Answering {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            listener,
            connections: HashMap::new(),
            accepted: LISTENER,
            shared: Arc::clone(&shared),
            delay: Box::new(delay),
            held: BinaryHeap::new(),
        };
        let thread = std::thread::Builder::new()
            .name("bench-server".to_owned())
            .spawn(move || {
                // Without the server every number would be wrong, so nothing goes on without it.
                answering.run().expect("the benchmark's server runs");
            })?;
        Ok(Self {
            address,
            shared,
            thread: Some(thread),
        })
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many POSTs were answered.
    pub(super) fn posts(&self) -> u64 {
        self.shared.posts.load(Ordering::Acquire)
    }

    /// The longest time between two POSTs since this was asked last.
    pub(super) fn longest_pause(&self) -> Duration {
        std::mem::take(&mut *lock(&self.shared.pauses)).1
    }

    pub(super) fn keep_bodies(&self) {
        *lock(&self.shared.bodies) = Some(Vec::new());
    }

    /// The bodies since [`AnswerServer::keep_bodies`]; no more are kept.
    pub(super) fn take_bodies(&self) -> Vec<Vec<u8>> {
        lock(&self.shared.bodies).take().unwrap_or_default()
    }

    /// When requests arrive from now on; ends the watch before.
    pub(super) fn watch_arrivals(&self) -> Watch {
        watch(&self.shared.arrivals)
    }

    /// When answers are written from now on; ends the watch before.
    pub(super) fn watch_answers(&self) -> Watch {
        watch(&self.shared.answers)
    }
}

fn watch(watcher: &Watcher) -> Watch {
    let (sender, receiver) = mpsc::channel();
    *lock(watcher) = Some(sender);
    Watch(receiver)
}

fn tell(watcher: &Watcher, body: &[u8], at: Instant) {
    if let Some(watcher) = &*lock(watcher) {
        // Nobody listens any more: nobody wants to know.
        let _ = watcher.send((call_id(body), at));
    }
}

impl Drop for AnswerServer {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Release);
        // Wakes the thread.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Answering {
    epoll: OwnedFd,
    listener: TcpListener,
    connections: HashMap<u64, Connection>,
    accepted: u64,
    shared: Arc<Shared>,
    delay: Delay,
    /// Answers whose time has not come, by that time.
    held: BinaryHeap<Reverse<Held>>,
}

struct Connection {
    stream: TcpStream,
    unread: Vec<u8>,
}

/// A request, and when it is to be answered on which connection.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Held {
    due: Instant,
    connection: u64,
    answer: String,
    body: Vec<u8>,
}

impl Answering {
    fn run(&mut self) -> io::Result<()> {
        epoll::add(
            &self.epoll,
            &self.listener,
            epoll::EventData::new_u64(LISTENER),
            epoll::EventFlags::IN,
        )?;
        let mut events = Vec::with_capacity(256);
        while !self.shared.stopping.load(Ordering::Acquire) {
            events.clear();
            match epoll::wait(
                &self.epoll,
                rustix::buffer::spare_capacity(&mut events),
                self.time_to_the_next().as_ref(),
            ) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            // Before anything is read: what is measured is when it came, not when it was looked at.
            let arrived = Instant::now();
            for event in &events {
                match event.data.u64() {
                    LISTENER => self.accept()?,
                    id => self.serve(id, arrived),
                }
            }
            self.answer_held();
        }
        Ok(())
    }

    /// `None`: nothing is held.
    fn time_to_the_next(&self) -> Option<Timespec> {
        let Reverse(next) = self.held.peek()?;
        Timespec::try_from(next.due.saturating_duration_since(Instant::now())).ok()
    }

    fn answer_held(&mut self) {
        let now = Instant::now();
        while self.held.peek().is_some_and(|Reverse(it)| it.due <= now) {
            let Some(Reverse(held)) = self.held.pop() else {
                return;
            };
            let Some(connection) = self.connections.get_mut(&held.connection) else {
                continue;
            };
            let stream = &mut connection.stream;
            if write(stream, &self.shared, &held.answer, &held.body).is_err() {
                self.connections.remove(&held.connection);
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        loop {
            let stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            self.accepted += 1;
            epoll::add(
                &self.epoll,
                &stream,
                epoll::EventData::new_u64(self.accepted),
                epoll::EventFlags::IN,
            )?;
            let connection = Connection {
                stream,
                unread: Vec::with_capacity(8192),
            };
            self.connections.insert(self.accepted, connection);
        }
    }

    fn serve(&mut self, id: u64, arrived: Instant) {
        let Some(connection) = self.connections.get_mut(&id) else {
            return;
        };
        // A connection that breaks is the sender's business; closing it also takes it out of epoll.
        let served = connection.serve(&self.shared, arrived, |answer, body| {
            let delay = (self.delay)(body);
            if delay.is_zero() {
                return Some(answer);
            }
            self.held.push(Reverse(Held {
                due: arrived + delay,
                connection: id,
                answer,
                body: body.to_vec(),
            }));
            None
        });
        if !served.unwrap_or(false) {
            self.connections.remove(&id);
        }
    }
}

impl Connection {
    /// Answers what has arrived, unless `hold` keeps the answer; `false` at the end of the connection.
    fn serve(
        &mut self,
        shared: &Shared,
        arrived: Instant,
        mut hold: impl FnMut(String, &[u8]) -> Option<String>,
    ) -> io::Result<bool> {
        let mut chunk = [0; 16 * 1024];
        let read = match self.stream.read(&mut chunk) {
            Ok(0) => return Ok(false),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
            Err(error) => return Err(error),
        };
        self.unread.extend_from_slice(&chunk[..read]);
        while let Some(request) = Framed::of(&self.unread)? {
            let body = &self.unread[request.body.clone()];
            if request.is_create {
                let answer = answer(shared, body, arrived);
                if let Some(answer) = hold(answer, body) {
                    write(&mut self.stream, shared, &answer, body)?;
                }
            } else {
                self.stream.write_all(NOT_FOUND)?;
            }
            self.unread.drain(..request.body.end);
        }
        Ok(true)
    }
}

fn write(stream: &mut TcpStream, shared: &Shared, answer: &str, body: &[u8]) -> io::Result<()> {
    stream.write_all(answer.as_bytes())?;
    tell(&shared.answers, body, Instant::now());
    Ok(())
}

const NOT_FOUND: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

/// To a request for a call.
fn answer(shared: &Shared, body: &[u8], arrived: Instant) -> String {
    tell(&shared.arrivals, body, arrived);
    if let Some(bodies) = &mut *lock(&shared.bodies) {
        bodies.push(body.to_vec());
    }
    let mut pauses = lock(&shared.pauses);
    let pause = pauses
        .0
        .map_or(Duration::ZERO, |before| arrived.duration_since(before));
    *pauses = (Some(arrived), pauses.1.max(pause));
    drop(pauses);
    let number = shared.posts.fetch_add(1, Ordering::AcqRel);
    let body = format!(
        r#"{{"call_id":"call_bench_{number:012}","call_status":"registered","metadata":{{"call_id":"{}"}}}}"#,
        call_id(body)
    );
    format!(
        "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A whole request at the start of a buffer.
struct Framed {
    is_create: bool,
    body: std::ops::Range<usize>,
}

impl Framed {
    fn of(bytes: &[u8]) -> io::Result<Option<Self>> {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut request = httparse::Request::new(&mut headers);
        let parsed = request.parse(bytes).map_err(io::Error::other)?;
        let httparse::Status::Complete(head) = parsed else {
            return Ok(None);
        };
        let length = request
            .headers
            .iter()
            .find(|header| header.name.eq_ignore_ascii_case("content-length"))
            .and_then(|header| std::str::from_utf8(header.value).ok()?.parse().ok())
            .unwrap_or(0);
        let whole = bytes.len() >= head + length;
        Ok(whole.then_some(Self {
            is_create: request.method == Some("POST") && request.path == Some(CREATE_PATH),
            body: head..head + length,
        }))
    }
}

pub(super) fn call_id(body: &[u8]) -> u64 {
    number(body, b"\"call_id\"")
}

/// The number behind a quoted name, as text or number; 0 if there is none.
pub(super) fn number(body: &[u8], name: &[u8]) -> u64 {
    let Some(found) = body.windows(name.len()).position(|it| it == name) else {
        return 0;
    };
    body[found + name.len()..]
        .iter()
        .skip_while(|byte| b" :\"".contains(byte))
        .take_while(|byte| byte.is_ascii_digit())
        .fold(0, |number: u64, digit| {
            number
                .wrapping_mul(10)
                .wrapping_add(u64::from(digit - b'0'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_says_which_call_it_is() {
        let ids = [
            r#"{"metadata": {"call_id": "17", "tenant_id": "3"}}"#,
            r#"{"call_id":4}"#,
            r#"{"call_id": null}"#,
            r#"{"id": 5}"#,
        ]
        .map(|body| call_id(body.as_bytes()));
        assert_eq!(ids, [17, 4, 0, 0]);
    }
}
