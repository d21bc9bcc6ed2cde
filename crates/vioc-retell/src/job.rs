//! What goes into the pool and what comes back.

use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::Exchange;
use crate::room::{Cut, Room};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Patch,
    Delete,
}

/// An API key, or a proxy's URL with its password: never printed, and overwritten when dropped.
///
/// The copy in the header of a running request is reqwest's and is only freed, not overwritten.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// By what the key is recognised without being shown.
    pub fn digest(&self) -> [u8; 32] {
        vioc_core::signature::key_digest(self.0.as_bytes())
    }
}

impl From<String> for Secret {
    fn from(key: String) -> Self {
        Self(Zeroizing::new(key))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// One request.
pub struct Job {
    /// The caller's own number, handed back in [`Done`]; means nothing here.
    pub request_id: u64,
    pub method: Method,
    /// Begins with `/` and is appended to the base URL, e.g. `/v2/create-phone-call`.
    pub path: String,
    pub body: Option<String>,
    pub api_key: Secret,
}

/// Without path and body: those hold phone numbers and call ids, and a `{:?}` ends up in a log.
impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("request_id", &self.request_id)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// A finished job.
pub struct Done {
    pub request_id: u64,
    pub exchange: Exchange,
    /// The request body, handed back: after an ambiguous answer the same bytes are sent again.
    pub body: Option<String>,
    /// How long the request took, without the time in the queue.
    pub sent_for: Duration,
    /// What the answer's body takes of the room for all of them, until this is dropped.
    #[expect(dead_code, reason = "dropping it gives the room back")]
    pub(crate) room: Room,
    /// Why the body is not all that came, if it is by our own doing.
    pub cut: Option<Cut>,
}

/// Without the bodies, for the reason given at [`Job`].
impl fmt::Debug for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exchange: &dyn fmt::Debug = match &self.exchange {
            Exchange::Response { status, .. } => status,
            other => other,
        };
        f.debug_struct("Done")
            .field("request_id", &self.request_id)
            .field("exchange", exchange)
            .field("sent_for", &self.sent_for)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_shows_neither_key_nor_body_nor_path() {
        let job = Job {
            request_id: 7,
            method: Method::Post,
            path: "/v2/get-call/abc".into(),
            body: Some("+4930123".into()),
            api_key: Secret::from("key_1".to_owned()),
        };
        let done = Done {
            request_id: 7,
            exchange: Exchange::Response {
                status: 201,
                retry_after: None,
                body: b"+4930123".to_vec(),
                truncated: false,
            },
            body: Some("+4930123".into()),
            sent_for: Duration::ZERO,
            room: Room::default(),
            cut: None,
        };
        let shown = format!("{job:?} {done:?} {:?}", job.api_key);
        for hidden in ["key_1", "4930123", "abc", "43, 52"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
        assert!(shown.contains("***") && shown.contains("201"), "{shown}");
    }
}
