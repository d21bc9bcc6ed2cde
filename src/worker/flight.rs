//! Requests that have no answer yet.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::statements::LookUp;

/// What a request is about.
pub(super) enum InFlight {
    Call {
        tenant_id: i64,
        call_id: i64,
        since: Instant,
    },
    LookUp {
        asked: LookUp,
        /// By the clock that is never set (`shmem::clocks`).
        asked_at: i64,
    },
}

/// By request id.
#[derive(Default)]
pub(super) struct Flight {
    requests: HashMap<u64, InFlight>,
    /// How many of these are look-ups.
    look_ups: usize,
    last_id: u64,
}

impl Flight {
    /// Returns the id of the request.
    pub(super) fn add(&mut self, request: InFlight) -> u64 {
        self.look_ups += usize::from(matches!(request, InFlight::LookUp { .. }));
        self.last_id += 1;
        self.requests.insert(self.last_id, request);
        self.last_id
    }

    /// Its answer is here. `None` if it was of an extension that is gone.
    pub(super) fn take(&mut self, request_id: u64) -> Option<InFlight> {
        let request = self.requests.remove(&request_id)?;
        self.look_ups -= usize::from(matches!(request, InFlight::LookUp { .. }));
        Some(request)
    }

    /// An id that was given is never given again: an answer may still come for it.
    pub(super) fn forget(&mut self) {
        self.requests.clear();
        self.look_ups = 0;
    }

    pub(super) fn len(&self) -> usize {
        self.requests.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    pub(super) fn look_ups(&self) -> usize {
        self.look_ups
    }

    pub(super) fn calls(&self) -> usize {
        self.requests.len() - self.look_ups
    }

    /// Calls sent less than `lease` ago. One whose thread never came back is in no hand after that.
    pub(super) fn call_ids(&self, lease: Duration) -> impl Iterator<Item = i64> {
        self.requests.values().filter_map(move |it| match it {
            InFlight::Call { call_id, since, .. } if since.elapsed() < lease => Some(*call_id),
            _ => None,
        })
    }

    pub(super) fn is_asked(&self, wanted: &LookUp) -> bool {
        self.requests.values().any(|it| {
            matches!(it, InFlight::LookUp { asked, .. }
                if (asked.call_id, asked.request) == (wanted.call_id, wanted.request))
        })
    }
}
