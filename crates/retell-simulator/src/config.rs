//! What a simulator is told when it starts.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::fate::Fate;

/// A key that the simulated Retell knows.
#[derive(Clone, Debug)]
pub struct ApiKey {
    pub key: String,
    /// The key that signs this workspace's webhooks; the API key itself if `None`.
    pub webhook_key: Option<String>,
    /// Keys with the same name belong to one workspace: they see the same calls.
    pub org_name: String,
}

impl ApiKey {
    /// A key of a workspace named after it, which also signs its webhooks.
    #[must_use]
    pub fn new(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            webhook_key: None,
            org_name: format!("workspace of {key}"),
        }
    }

    #[must_use]
    pub fn webhook_key(mut self, key: &str) -> Self {
        self.webhook_key = Some(key.to_owned());
        self
    }

    #[must_use]
    pub fn org(mut self, name: &str) -> Self {
        name.clone_into(&mut self.org_name);
        self
    }
}

/// A caller number in the account.
#[derive(Clone, Debug)]
pub struct PhoneNumber {
    pub number: String,
    /// The agent used when a request names none.
    pub outbound_agent: Option<String>,
}

/// How long the parts of a call last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timing {
    /// From the creation until somebody answers or the line gives up.
    #[serde(rename = "ring_ms", with = "millis")]
    pub ring: Duration,
    /// From the answer until the end.
    #[serde(rename = "talk_ms", with = "millis")]
    pub talk: Duration,
    /// From the end until `call_analyzed`.
    #[serde(rename = "analysis_ms", with = "millis")]
    pub analysis: Duration,
    /// From the creation until the HTTP answer to it.
    #[serde(rename = "answer_delay_ms", with = "millis")]
    pub answer_delay: Duration,
}

impl Timing {
    /// Every part takes no time at all.
    pub const INSTANT: Self = Self {
        ring: Duration::ZERO,
        talk: Duration::ZERO,
        analysis: Duration::ZERO,
        answer_delay: Duration::ZERO,
    };
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            ring: Duration::from_millis(20),
            talk: Duration::from_millis(40),
            analysis: Duration::from_millis(20),
            answer_delay: Duration::ZERO,
        }
    }
}

/// What happens to a create above a limit. Retell does not document which of the two it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverLimit {
    /// The create is refused with 429; there is no call.
    Refuse,
    /// The create succeeds and the call ends `concurrency_limit_reached` without ringing.
    EndCall,
}

#[derive(Clone, Debug)]
pub struct Config {
    /// Must be a loopback address.
    pub listen: SocketAddr,
    /// Empty: any key is accepted, each is a workspace of its own and signs its own webhooks.
    pub api_keys: Vec<ApiKey>,
    /// Empty: any caller number is known, without a bound agent.
    pub phone_numbers: Vec<PhoneNumber>,
    /// Empty: any agent is known.
    pub agents: Vec<String>,
    /// Where webhooks go when the request names no URL (Retell's account-level setting).
    pub default_webhook_url: Option<String>,
    pub timing: Timing,
    /// The fate of a call that nothing more specific decides.
    pub default_fate: Fate,
    /// The last two digits of the destination decide; see [`Fate::by_last_digits`].
    pub fate_by_number: bool,
    /// Fates by the end of the destination number; the longest match wins, before `fate_by_number`.
    pub fates: Vec<(String, Fate)>,
    /// Calls at once per workspace; `None`: no limit (and a million is what `get-concurrency` says).
    pub concurrency_limit: Option<u32>,
    /// Calls that others make or take in every workspace, inbound ones for instance: they use up lines.
    pub other_calls: u32,
    /// Lines that are kept for inbound calls; the others may use them.
    pub reserved_inbound: u32,
    /// Creates per second and workspace, over any window of one second.
    pub starts_per_second: Option<f64>,
    pub over_limit: OverLimit,
    /// `agent_override.agent.webhook_timeout_ms` wins over it.
    pub webhook_timeout: Duration,
    /// Attempts after the first.
    pub webhook_retries: u32,
    pub webhook_retry_spacing: Duration,
    /// How many deliveries may be under way at once.
    pub webhook_threads: usize,
    pub deliver_webhooks: bool,
    /// Write webhook bodies in ASCII (`\u00e9`) instead of UTF-8.
    pub escape_non_ascii: bool,
    pub idempotency_window: Duration,
    /// Refuse a create that carries a key the API does not know.
    pub reject_unknown_keys: bool,
    /// Numbers whose Retell contact says `do_not_call` (see `honor_internal_dnc`).
    pub do_not_call: Vec<String>,
    /// `false`: remember no dials, requests and deliveries, only count them (for long benchmarks).
    pub keep_ledger: bool,
    /// Answers have a `Date` header.
    pub send_date: bool,
    /// Called with one line per event; numbers are masked. Keep it quick.
    pub log: Option<fn(&str)>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            api_keys: Vec::new(),
            phone_numbers: Vec::new(),
            agents: Vec::new(),
            default_webhook_url: None,
            timing: Timing::default(),
            default_fate: Fate::confirmed(),
            fate_by_number: false,
            fates: Vec::new(),
            concurrency_limit: None,
            other_calls: 0,
            reserved_inbound: 0,
            starts_per_second: None,
            over_limit: OverLimit::Refuse,
            webhook_timeout: Duration::from_secs(10),
            webhook_retries: 3,
            webhook_retry_spacing: Duration::from_millis(100),
            webhook_threads: 16,
            deliver_webhooks: true,
            escape_non_ascii: false,
            idempotency_window: Duration::from_secs(3600),
            reject_unknown_keys: false,
            do_not_call: Vec::new(),
            keep_ledger: true,
            send_date: true,
            log: None,
        }
    }
}

/// Durations in JSON are whole milliseconds.
pub(crate) mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        u64::try_from(value.as_millis())
            .unwrap_or(u64::MAX)
            .serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}
