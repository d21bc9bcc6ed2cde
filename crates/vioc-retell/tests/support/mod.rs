//! Servers that misbehave on purpose, and one request from start to end.
#![allow(clippy::unwrap_used)] // a test may panic
#![allow(dead_code)] // each test binary uses its own part
#![allow(unreachable_pub)]

pub mod tls;

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use vioc_retell::{Done, Exchange, Job, Method, Pool, Secret, Settings};

/// Far more than anything here takes; only a failing test waits for so long.
pub const LONG: Duration = Duration::from_secs(20);

pub struct Request {
    pub head: String,
    pub body: String,
}

impl Request {
    /// The value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

/// Reads one request, or `None` if the connection ends before it is complete.
pub fn read_request(stream: &mut impl Read) -> Option<Request> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let mut request = Request {
        head: String::from_utf8(head).ok()?,
        body: String::new(),
    };
    let length = request
        .header("content-length")
        .map_or(0, |n| n.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    request.body = String::from_utf8(body).ok()?;
    Some(request)
}

pub fn answer(stream: &mut impl Write, status: &str, body: &[u8]) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat())?;
    stream.flush()
}

/// Closes with a reset instead of an orderly end.
pub fn reset(stream: TcpStream) {
    socket2::SockRef::from(&stream)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
}

/// Serves each connection in a thread of its own, for the rest of the process; returns the base URL.
pub fn serve(handle: impl Fn(TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let handle = Arc::new(handle);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let handle = Arc::clone(&handle);
            thread::spawn(move || handle(stream));
        }
    });
    url
}

/// Serves one request per connection with these bytes and then closes.
pub fn serve_bytes(bytes: impl Into<Vec<u8>>) -> String {
    let bytes = bytes.into();
    serve(move |mut stream| {
        if read_request(&mut stream).is_some() {
            let _ = stream.write_all(&bytes);
        }
    })
}

/// Waits until the other side is gone.
pub fn hold(mut stream: TcpStream) {
    let _ = io::copy(&mut stream, &mut io::sink());
}

pub fn settings(base_url: &str) -> Settings {
    Settings {
        base_url: base_url.to_owned(),
        request_timeout: LONG,
        connect_timeout: Duration::from_secs(5),
        https_proxy: None,
        ca_file: None,
        max_body_bytes: 1024 * 1024,
    }
}

pub fn post(request_id: u64) -> Job {
    Job {
        request_id,
        method: Method::Post,
        path: "/v2/create-phone-call".to_owned(),
        body: Some(format!(r#"{{"request_id":{request_id}}}"#)),
        api_key: Secret::from("key_secret".to_owned()),
    }
}

/// A pool whose results can be waited for.
pub struct Bench {
    pub pool: Pool,
    news: mpsc::Receiver<()>,
}

impl Bench {
    pub fn new(settings: Settings, threads: usize) -> Self {
        let (told, news) = mpsc::channel();
        let pool = Pool::new(settings, threads, threads, move || {
            let _ = told.send(());
        });
        Self {
            pool: pool.unwrap(),
            news,
        }
    }

    pub fn run(&self, job: Job) -> Done {
        self.pool.submit(job);
        self.news.recv_timeout(LONG * 2).unwrap();
        let mut done = self.pool.drain();
        assert_eq!(done.len(), 1);
        done.remove(0)
    }
}

/// What becomes of one POST with these settings.
pub fn exchange(settings: Settings) -> Exchange {
    let done = Bench::new(settings, 1).run(post(1));
    assert_eq!(done.request_id, 1);
    assert_eq!(done.body.as_deref(), Some(r#"{"request_id":1}"#));
    done.exchange
}

pub fn not_sent(reason: &str) -> Exchange {
    Exchange::NotSent {
        reason: reason.to_owned(),
    }
}

pub fn unknown(reason: &str) -> Exchange {
    Exchange::Unknown {
        reason: reason.to_owned(),
    }
}

pub fn response(status: u16, body: &[u8]) -> Exchange {
    Exchange::Response {
        status,
        retry_after: None,
        body: body.to_vec(),
        truncated: false,
    }
}
