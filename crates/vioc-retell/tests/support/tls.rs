//! Servers that speak TLS, with certificates made here.

use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use vioc_retell::Settings;

use super::{Request, answer, read_request, serve, settings};

pub const UNTRUSTED: &str = "TLS: the certificate is not signed by a trusted authority";

/// A certificate authority of the test's own.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub pem: String,
}

impl Authority {
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    /// Starts a server with a certificate made here; returns its URL and how often it was asked.
    pub fn serve(&self, name: &str, years: (i32, i32)) -> (String, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        let url = self.serve_with(name, years, move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
            Some("201 Created")
        });
        (url, asked)
    }

    /// The same with an answer of its own; none: the connection is closed instead.
    pub fn serve_with(
        &self,
        name: &str,
        years: (i32, i32),
        status: impl Fn(&Request) -> Option<&'static str> + Send + Sync + 'static,
    ) -> String {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(years.0, 1, 1);
        params.not_after = date_time_ymd(years.1, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        serve_tls_with(certificate.der().clone(), &key, status)
    }
}

pub fn serve_tls(
    certificate: CertificateDer<'static>,
    key: &KeyPair,
) -> (String, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let url = serve_tls_with(certificate, key, move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        Some("201 Created")
    });
    (url, asked)
}

fn serve_tls_with(
    certificate: CertificateDer<'static>,
    key: &KeyPair,
    status: impl Fn(&Request) -> Option<&'static str> + Send + Sync + 'static,
) -> String {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    let url = serve(move |stream: TcpStream| {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut stream = StreamOwned::new(connection, stream);
        while let Some(request) = read_request(&mut stream) {
            let Some(status) = status(&request) else {
                return;
            };
            let _ = answer(&mut stream, status, b"{}");
        }
    });
    url.replace("http://", "https://")
}

/// A file that is gone when the test is over.
pub struct CaFile(PathBuf);

impl CaFile {
    pub fn new(test: &str, pem: &str) -> Self {
        let path = std::env::temp_dir().join(format!("vioc-{}-{test}.pem", std::process::id()));
        fs::write(&path, pem).unwrap();
        Self(path)
    }

    pub fn settings(&self, url: &str) -> Settings {
        Settings {
            ca_file: Some(self.0.clone()),
            ..settings(url)
        }
    }
}

impl Drop for CaFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

pub const VALID: (i32, i32) = (2020, 2120);
