//! Trusted certificates: the system's and those of `ca_file`.
//!
//! Not reqwest's own choice, the platform verifier: it refuses to be built on a system without
//! certificates, even for a client that speaks plain http to a simulator on the same machine.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::PoolError;

/// What reqwest gets, and whether there is anybody to trust at all.
pub(crate) struct Trust {
    pub(crate) config: ClientConfig,
    pub(crate) has_roots: bool,
}

/// Certificates are looked for only if they will be used; `https` says so.
pub(crate) fn load(https: bool, ca_file: Option<&Path>) -> Result<Trust, PoolError> {
    let mut roots = RootCertStore::empty();
    if https {
        // A broken file in the system's store costs that file only, as in every other TLS client.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(path) = ca_file {
            add_ca_file(&mut roots, path)?;
        }
    }
    let has_roots = !roots.is_empty();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    // Fails only if somebody was first, and then there is a provider, which is all we need.
    let _ = rustls::crypto::CryptoProvider::install_default((*provider).clone());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| PoolError::Client {
            problem: error.to_string(),
        })?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // Early data may be replayed by anyone on the path, that is: dialled twice.
    config.enable_early_data = false;
    Ok(Trust { config, has_roots })
}

fn add_ca_file(roots: &mut RootCertStore, path: &Path) -> Result<(), PoolError> {
    let unusable = |problem: String| PoolError::CaFile {
        path: path.to_owned(),
        problem,
    };
    let mut found = 0;
    // The administrator named this file, so unlike above a certificate that cannot be used is said.
    for certificate in
        CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))?
    {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| unusable(error.to_string()))?;
        found += 1;
    }
    if found == 0 {
        return Err(unusable("it holds no certificate".to_owned()));
    }
    Ok(())
}
