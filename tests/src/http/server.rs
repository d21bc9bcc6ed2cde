//! A keep-alive HTTP/1.1 server on loopback: a thread per connection.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Request, Response};

/// What a server does with a request.
pub trait Handler: Send + Sync + 'static {
    /// The largest body taken for this request, known from its head.
    fn body_limit(&self, _head: &Request) -> usize {
        usize::MAX
    }

    fn answer(&self, request: Request) -> Response;
}

/// Serves until it is dropped.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stopping: Arc<AtomicBool>,
    open: Connections,
    acceptor: Option<JoinHandle<()>>,
}

type Connections = Arc<Mutex<BTreeMap<u64, TcpStream>>>;

impl Server {
    /// Listens on a free port of loopback.
    pub fn start(handler: Arc<impl Handler>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let stopping = Arc::new(AtomicBool::new(false));
        let open = Connections::default();
        let acceptor = {
            let (stopping, open) = (Arc::clone(&stopping), Arc::clone(&open));
            std::thread::spawn(move || {
                for (id, stream) in (0..).zip(listener.incoming()) {
                    if stopping.load(Ordering::Acquire) {
                        break;
                    }
                    let Ok(stream) = stream else { continue };
                    if let Ok(copy) = stream.try_clone() {
                        lock(&open).insert(id, copy);
                    }
                    let (handler, open) = (Arc::clone(&handler), Arc::clone(&open));
                    std::thread::spawn(move || {
                        // A connection that breaks is the sender's business.
                        let _ = converse(stream, &*handler);
                        lock(&open).remove(&id);
                    });
                }
            })
        };
        Ok(Self {
            address,
            stopping,
            open,
            acceptor: Some(acceptor),
        })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Release);
        // Wakes the acceptor.
        let _ = TcpStream::connect(self.address);
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
        for stream in lock(&self.open).values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn lock(connections: &Connections) -> std::sync::MutexGuard<'_, BTreeMap<u64, TcpStream>> {
    connections.lock().unwrap_or_else(PoisonError::into_inner)
}

fn converse(stream: TcpStream, handler: &impl Handler) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    loop {
        let mut request = match Request::read_head(&mut reader) {
            Ok(Some(request)) => request,
            Ok(None) => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Response::new(400, "Bad request").write(&mut writer, &Request::default());
            }
            Err(error) => return Err(error),
        };
        let limit = handler.body_limit(&request);
        let fits = request
            .announced_length()
            .is_none_or(|length| length <= limit);
        if fits
            && request
                .last("expect")
                .is_some_and(|value| value.eq_ignore_ascii_case(b"100-continue"))
        {
            writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let complete = fits && request.read_body(&mut reader, limit)?;
        if !complete {
            request.keep_alive = false;
        }
        let head = Request {
            keep_alive: request.keep_alive,
            ..Request::new(&request.method, &request.target)
        };
        let answer = if complete {
            handler.answer(request)
        } else {
            Response::new(413, "")
        };
        answer.write(&mut writer, &head)?;
        if !complete {
            // Closing with unread bytes would reset the connection and take the answer with it.
            writer.shutdown(Shutdown::Write)?;
            io::copy(&mut reader, &mut io::sink())?;
        }
        if !head.keep_alive {
            return Ok(());
        }
    }
}
