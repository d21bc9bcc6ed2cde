//! Where requests go and how long they may take.

use std::path::PathBuf;
use std::time::Duration;

use crate::Secret;

/// Everything a pool needs to know. A change of any field means a new pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `https://api.retellai.com`; a path prefix and a trailing slash are fine.
    pub base_url: String,
    /// `http://[user:password@]host:port` of an HTTP proxy that requests over https go through.
    pub https_proxy: Option<Secret>,
    /// From the start of a request to the last byte of its answer.
    pub request_timeout: Duration,
    /// Name lookup, TCP, the proxy's answer and TLS together. See [`Settings::connect_limit`].
    pub connect_timeout: Duration,
    /// PEM file with certificate authorities trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// More than this of an answer is neither read nor kept.
    pub max_body_bytes: usize,
}

impl Settings {
    /// The connect timeout in force, always shorter than the request timeout.
    ///
    /// When the connect timeout fires nothing was sent, which is certain; when the request timeout
    /// fires nobody knows. So the first one has to come first, whatever the settings say.
    pub(crate) fn connect_limit(&self) -> Duration {
        self.connect_timeout.min(self.request_timeout * 4 / 5)
    }
}
