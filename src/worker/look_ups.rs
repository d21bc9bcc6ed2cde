//! What Retell is asked about calls and credentials, and what it said.

use std::time::{Duration, Instant};

use pgrx::prelude::*;
use vioc_core::reply::Exchange;
use vioc_retell::{Job, secrets};

use super::attach::{describe, with_extension};
use super::flight::InFlight;
use super::{Halt, Worker};
use crate::shmem::clocks;
use crate::statements::{self, LookUp};
use crate::tx::TxError;
use crate::{guc, shmem, signals};

const LOOK_UPS_LIMIT: usize = 32;

/// How long answers to look-ups are written down before calls are sent again.
const RECORD_AT_ONCE: Duration = Duration::from_millis(200);

/// vioc_doctor waits for what Retell says.
pub(super) struct DoctorRequest {
    wanted: shmem::Asked,
    since: Instant,
}

impl DoctorRequest {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            wanted: shmem::Asked::default(),
            since: now,
        }
    }
}

impl Worker {
    /// Which keys and agents vioc_doctor asks about. One run after the other: each ends, whatever Retell's speed and how
    /// often the doctor is called.
    pub(super) fn ask_for_doctor(&mut self) -> Result<(), Halt> {
        if self.doctor.wanted.tenants().is_none() {
            self.doctor.wanted = self.slot.take_asked();
            self.doctor.since = Instant::now();
        }
        let places = self.places_to_ask();
        if places == 0 || self.doctor.wanted.tenants().is_none() {
            return Ok(());
        }
        // also if it fails: the doctor asks again
        let wanted = std::mem::take(&mut self.doctor.wanted);
        let tenants = wanted.tenants().flatten();
        let ago = self.doctor.since.elapsed();
        let checks = with_extension(|| statements::claim_checks(places, ago, tenants))?;
        if checks.len() == places {
            self.doctor.wanted = wanted;
        }
        self.ask(checks);
        Ok(())
    }

    /// Returns how many there were.
    pub(super) fn claim_look_ups(&mut self) -> Result<usize, Halt> {
        let places = self.places_to_ask();
        if places == 0 {
            return Ok(0);
        }
        let statements = &mut self.statements;
        let waited_for = self.slot.take_asked_calls();
        let asked = with_extension(|| {
            if !waited_for.is_empty() {
                statements::hasten_look_ups(&waited_for)?;
            }
            statements.claim_look_ups(places)
        })?;
        let count = asked.len();
        self.ask(asked);
        Ok(count)
    }

    pub(super) fn ask(&mut self, asked: Vec<LookUp>) {
        let asked_at = clocks::now().running;
        if !self.http.is_open() {
            return; // the next try is written down already
        }
        for mut asked in asked {
            if self.flight.is_asked(&asked) {
                continue; // no second thread for the same question
            }
            let Some(Ok(api_key)) = asked
                .api_key
                .as_ref()
                .map(|key| secrets::resolve(key.expose(), &guc::secrets_dir()))
            else {
                continue; // no key now
            };
            asked.key_digest = Some(api_key.digest().to_vec());
            let (method, path, body) = (
                asked.request.method(),
                asked.path.clone(),
                asked.body.clone(),
            );
            let request_id = self.flight.add(InFlight::LookUp { asked, asked_at });
            self.http.submit([Job {
                request_id,
                method,
                path,
                body,
                api_key,
            }]);
        }
    }

    /// How many more look-ups may be in flight: half of the threads at most, so that a Retell that leaves them unanswered
    /// keeps no call from being made.
    pub(super) fn places_to_ask(&self) -> usize {
        let threads = self.http.capacity();
        (threads / 2)
            .max(threads.min(1))
            .saturating_sub(self.flight.look_ups())
            .min(LOOK_UPS_LIMIT)
    }

    /// Whether there are more, and time for them is over.
    pub(super) fn record_look_ups(&mut self) -> bool {
        let began = Instant::now();
        while !signals::is_requested()
            && began.elapsed() < RECORD_AT_ONCE
            && let Some((asked, asked_at, done)) = self.look_ups.pop_front()
        {
            if self.clock.is_unmoved(asked.call_id) {
                continue; // nothing follows from its times yet; the next try is written down already
            }
            let (status, body) = match &done.exchange {
                Exchange::Response { status, body, .. } => {
                    (Some(i32::from(*status)), body.as_slice())
                }
                _ => (None, [].as_slice()),
            };
            let recorded = match text(body) {
                Ok(body) => {
                    with_extension(|| statements::record_look_up(&asked, asked_at, status, &body))
                }
                Err(error) => Err(error.into()),
            };
            match recorded {
                Ok(()) | Err(Halt::ExtensionGone) => {}
                Err(Halt::Failed(error)) if error.is_transient() => {
                    // a lock is waited for once a round; the answer is kept, and the others come first
                    self.look_ups.push_back((asked, asked_at, done));
                    self.set_last_error(describe(&error));
                    return false;
                }
                Err(Halt::Failed(error)) => warning!(
                    "vioconcierge: what Retell said about call {} could not be recorded: {error}",
                    asked.call_id
                ),
            }
        }
        !self.look_ups.is_empty()
    }
}

/// A body as PostgreSQL can store it. It may be long: without memory for it nothing ends but this.
fn text(body: &[u8]) -> Result<String, TxError> {
    let no_memory = |_| TxError {
        sqlstate: "53200".to_owned(),
        message: "out of memory".to_owned(),
    };
    let mut text = String::new();
    text.try_reserve_exact(body.len()).map_err(no_memory)?;
    for chunk in body.utf8_chunks() {
        let invalid = match chunk.invalid() {
            [] => "",
            _ => "\u{fffd}",
        };
        for part in chunk.valid().split('\0').chain([invalid]) {
            text.try_reserve(part.len()).map_err(no_memory)?;
            text.push_str(part);
        }
    }
    Ok(text)
}
