//! An HTTP proxy that knows one host only: behind it is a server on this machine that speaks plain HTTP, and here it gets
//! a certificate.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// How long one side is waited for before the other one is looked at.
const TURN: Duration = Duration::from_millis(2);

/// What was asked of the proxy, and what it does.
#[derive(Debug, Default)]
struct State {
    heads: Vec<String>,
    refusal: Option<&'static str>,
}

/// Serves for the rest of the process.
#[derive(Clone, Debug)]
pub struct Tunnel {
    state: Arc<Mutex<State>>,
    address: SocketAddr,
    authority: String,
}

impl Tunnel {
    /// Of `host`, whose requests the server at `address` answers.
    ///
    /// # Panics
    /// If there is no free port.
    #[must_use]
    pub fn start(host: &str, address: SocketAddr) -> Self {
        let (authority, config) = certified(host).expect("a certificate can be made");
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let tunnel = Self {
            state: Arc::default(),
            address: listener.local_addr().expect("it is bound"),
            authority,
        };
        let (state, config) = (Arc::clone(&tunnel.state), Arc::new(config));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (state, config) = (Arc::clone(&state), Arc::clone(&config));
                // one that breaks off is the other side's matter
                thread::spawn(move || serve(stream, &state, config, address));
            }
        });
        tunnel
    }

    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate of who vouches for the host, as PEM.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The heads of all requests so far.
    #[must_use]
    pub fn heads(&self) -> Vec<String> {
        lock(&self.state).heads.clone()
    }

    /// From now on each request for a tunnel is answered so, as `503 Service Unavailable`; none: it is opened.
    pub fn refuse(&self, status: Option<&'static str>) {
        lock(&self.state).refusal = status;
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An authority of its own, and a server's side with its certificate.
fn certified(host: &str) -> Result<(String, ServerConfig), Box<dyn std::error::Error>> {
    let authority_key = KeyPair::generate()?;
    let mut authority = CertificateParams::new([])?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = authority.self_signed(&authority_key)?.pem();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new([host.to_owned()])?.signed_by(&key, &issuer)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der())?,
        )?;
    Ok((pem, config))
}

fn serve(
    mut stream: TcpStream,
    state: &Mutex<State>,
    config: Arc<ServerConfig>,
    server: SocketAddr,
) -> io::Result<()> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let refusal = {
        let mut state = lock(state);
        state
            .heads
            .push(String::from_utf8_lossy(&head).into_owned());
        state.refusal
    };
    if let Some(status) = refusal {
        return write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
    }
    stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    let mut far = TcpStream::connect(server)?;
    for side in [&stream, &far] {
        side.set_nodelay(true)?;
        side.set_read_timeout(Some(TURN))?;
    }
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut near = StreamOwned::new(connection, stream);
    while hand_on(&mut near, &mut far)? && hand_on(&mut far, &mut near)? {}
    Ok(())
}

/// What is there by now; false at the end.
fn hand_on(from: &mut impl Read, to: &mut impl Write) -> io::Result<bool> {
    let mut piece = [0; 16 * 1024];
    match from.read(&mut piece) {
        Ok(0) => Ok(false),
        Ok(read) => {
            to.write_all(&piece[..read])?;
            to.flush()?;
            Ok(true)
        }
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
            ) =>
        {
            Ok(true)
        }
        Err(error) => Err(error),
    }
}
