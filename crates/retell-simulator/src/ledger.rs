//! What the simulator remembers for whoever asks it afterwards.

use std::sync::Arc;
use std::time::SystemTime;

use serde::{Serialize, Serializer};
use serde_json::Value;

/// One call that was created, and so one dial.
#[derive(Clone, Debug, Serialize)]
pub struct Dial {
    pub call_id: String,
    /// `metadata.session_id` of the request, `""` without one.
    pub session_id: String,
    pub idempotency_key: Option<String>,
    pub to_number: String,
    pub from_number: String,
    /// Last four characters of the API key.
    pub key_suffix: String,
    /// By the simulator's clock.
    #[serde(serialize_with = "as_millis")]
    pub at: SystemTime,
    /// Seconds since the simulator started, monotonic.
    pub started: f64,
    /// The same clock; `None` while the call lives.
    pub ended: Option<f64>,
    /// The create request.
    #[serde(serialize_with = "as_value")]
    pub body: Arc<Value>,
    /// Later creates with the same idempotency key that were answered with this call.
    pub replays: u32,
    /// `false` where no telephone rings: refused by account or limit, impossible number.
    pub rang: bool,
    pub connected: bool,
    pub ended_reason: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct RequestLog {
    pub method: String,
    pub path: String,
    /// `None` while unanswered, and for ever if no status line was sent.
    pub status: Option<u16>,
    /// User-Agent, Content-Type and the like; never the key.
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// By the simulator's clock.
    #[serde(serialize_with = "as_millis")]
    pub at: SystemTime,
    /// Seconds since the simulator started, monotonic.
    pub started: f64,
    /// Last four characters of the API key, `""` without one.
    pub key_suffix: String,
    /// Number of the TCP connection it came through.
    pub connection: u64,
}

impl RequestLog {
    /// The status in digits, or `none`.
    #[must_use]
    pub fn status_text(&self) -> String {
        self.status
            .map_or("none".to_owned(), |status| status.to_string())
    }

    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

/// One attempt to deliver one webhook.
#[derive(Clone, Debug, Serialize)]
pub struct Delivery {
    pub call_id: String,
    pub session_id: String,
    /// Name of the event; `function` and `flat` are the posts of the agent.
    pub event: String,
    /// 1 is the first.
    pub attempt: u32,
    /// What the receiver answered.
    pub status: Option<u16>,
    /// Why there is no status; `dropped` if a script said so.
    pub error: Option<String>,
    pub url: String,
    pub body: String,
    pub signature: Option<String>,
    /// By the simulator's clock.
    #[serde(serialize_with = "as_millis")]
    pub at: SystemTime,
    /// Seconds since the simulator started, monotonic.
    pub started: f64,
    pub ended: f64,
}

impl Delivery {
    /// The receiver took it.
    #[must_use]
    pub fn accepted(&self) -> bool {
        self.status
            .is_some_and(|status| (200..300).contains(&status))
    }

    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}

/// Counted since the start or the last `clear`, also without a ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    pub requests: u64,
    /// Calls that were created.
    pub dials: u64,
    pub replays: u64,
    /// Calls that have ended.
    pub ended: u64,
    /// Delivery attempts, and those that were accepted.
    pub deliveries: u64,
    pub accepted: u64,
}

/// The most dials to one number that lived at the same time.
#[must_use]
pub fn max_concurrent_to_one_number(dials: &[Dial]) -> usize {
    let at_once = |dial: &Dial| {
        let same = dials.iter().filter(|it| it.to_number == dial.to_number);
        same.filter(|it| lives_at(it, dial.started)).count()
    };
    dials.iter().map(at_once).max().unwrap_or(0)
}

/// The most dials that lived at the same time.
#[must_use]
pub fn max_concurrent(dials: &[Dial]) -> usize {
    let at_once = |dial: &Dial| dials.iter().filter(|it| lives_at(it, dial.started)).count();
    dials.iter().map(at_once).max().unwrap_or(0)
}

fn lives_at(dial: &Dial, instant: f64) -> bool {
    dial.started <= instant && dial.ended.is_none_or(|ended| ended > instant)
}

/// The most dials that started within any one second.
#[must_use]
pub fn max_starts_per_second(dials: &[Dial]) -> usize {
    let mut starts: Vec<f64> = dials.iter().map(|dial| dial.started).collect();
    starts.sort_by(f64::total_cmp);
    let within = |(index, first): (usize, &f64)| {
        starts[index..].partition_point(|start| *start < first + 1.0)
    };
    starts.iter().enumerate().map(within).max().unwrap_or(0)
}

/// Rows of which the oldest may be gone, found by a number that never changes.
#[derive(Debug)]
pub(crate) struct Rows<T> {
    rows: Vec<T>,
    first: u64,
    keep: bool,
}

impl<T> Rows<T> {
    pub(crate) fn new(keep: bool) -> Self {
        Self {
            rows: Vec::new(),
            first: 0,
            keep,
        }
    }

    pub(crate) fn push(&mut self, row: T) -> u64 {
        let number = self.first + self.rows.len() as u64;
        if self.keep {
            self.rows.push(row);
        } else {
            self.first += 1;
        }
        number
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let index = usize::try_from(number.checked_sub(self.first)?).ok()?;
        self.rows.get_mut(index)
    }

    pub(crate) fn all(&self) -> &[T] {
        &self.rows
    }

    pub(crate) fn clear(&mut self) {
        self.first += self.rows.len() as u64;
        self.rows.clear();
    }
}

pub(crate) fn unix_ms(at: SystemTime) -> i64 {
    let since = at
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn as_millis<S: Serializer>(at: &SystemTime, to: S) -> Result<S::Ok, S::Error> {
    unix_ms(*at).serialize(to)
}

fn as_value<S: Serializer>(body: &Arc<Value>, to: S) -> Result<S::Ok, S::Error> {
    (**body).serialize(to)
}

/// A phone number as it may appear in a log: its last two digits.
pub(crate) fn masked(number: &str) -> String {
    let tail: String = number.chars().rev().take(2).collect();
    let tail: String = tail.chars().rev().collect();
    format!("…{tail}")
}
