//! A call and the JSON that Retell shows of it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::config::Timing;
use crate::fate::Fate;
use crate::fault::WebhookFault;
use crate::webhook::Post;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Accepted, but not yet to be seen (a late create).
    Hidden,
    Registered,
    Ongoing,
    Ended,
    Analyzed,
}

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) id: String,
    pub(crate) org: Arc<str>,
    pub(crate) request: Arc<Value>,
    pub(crate) agent_id: String,
    pub(crate) phase: Phase,
    pub(crate) deleted: bool,
    pub(crate) status: String,
    pub(crate) reason: Option<String>,
    pub(crate) registered_ms: i64,
    pub(crate) start_ms: Option<i64>,
    pub(crate) end_ms: Option<i64>,
    pub(crate) metadata: Option<Value>,
    pub(crate) storage: Option<String>,
    pub(crate) fate: Arc<Fate>,
    pub(crate) timing: Timing,
    pub(crate) faults: Arc<[WebhookFault]>,
    /// Where its webhooks go, variables filled in.
    pub(crate) url: Option<String>,
    pub(crate) signing_key: Arc<str>,
    pub(crate) key_suffix: String,
    pub(crate) webhook_timeout: Duration,
    /// Its row in the ledger.
    pub(crate) dial: u64,
    /// Events held back by `Reorder`.
    pub(crate) held: Vec<Post>,
    /// Webhooks that wait for the first attempt of the one before.
    pub(crate) lane: VecDeque<Post>,
    pub(crate) lane_busy: bool,
}

/// Field order is the one of a captured webhook.
#[derive(Serialize)]
struct View<'a> {
    call_id: &'a str,
    call_type: &'static str,
    agent_id: &'a str,
    agent_version: u64,
    agent_name: &'static str,
    call_status: &'a str,
    direction: &'static str,
    from_number: &'a str,
    to_number: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retell_llm_dynamic_variables: Option<&'a Value>,
    custom_sip_headers: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_storage_setting: Option<&'a str>,
    opt_in_signed_url: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_timestamp: Option<i64>,
    #[serde(flatten)]
    end: Option<End<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    call_analysis: Option<Analysis<'a>>,
}

#[derive(Serialize)]
struct End<'a> {
    end_timestamp: i64,
    duration_ms: i64,
    disconnection_reason: &'a str,
    #[serde(flatten)]
    words: Option<Words<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recording_url: Option<String>,
    collected_dynamic_variables: Map<String, Value>,
    call_cost: Value,
    telephony_identifier: Value,
}

#[derive(Serialize)]
struct Words<'a> {
    transcript: &'a str,
    transcript_object: Vec<Value>,
    transcript_with_tool_calls: Vec<Value>,
}

#[derive(Serialize)]
struct Analysis<'a> {
    call_summary: &'a str,
    in_voicemail: bool,
    user_sentiment: &'a str,
    call_successful: bool,
    custom_analysis_data: &'a Map<String, Value>,
}

impl Call {
    pub(crate) fn visible(&self) -> bool {
        self.phase != Phase::Hidden && !self.deleted
    }

    pub(crate) fn called(&self) -> &str {
        text(&self.request, "to_number")
    }

    pub(crate) fn caller(&self) -> &str {
        text(&self.request, "from_number")
    }

    pub(crate) fn session_id(&self) -> &str {
        self.request
            .get("metadata")
            .map_or("", |metadata| text(metadata, "session_id"))
    }

    /// The call object of get-call and of the webhooks.
    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(&self.view(true)).unwrap_or_default()
    }

    /// The same without what list-calls leaves out.
    pub(crate) fn to_list_item(&self) -> Value {
        serde_json::to_value(self.view(false)).unwrap_or_default()
    }

    fn view(&self, complete: bool) -> View<'_> {
        View {
            call_id: &self.id,
            call_type: "phone_call",
            agent_id: &self.agent_id,
            agent_version: self.agent_version(),
            agent_name: "Simulated agent",
            call_status: &self.status,
            direction: "outbound",
            from_number: self.caller(),
            to_number: self.called(),
            metadata: self.metadata.as_ref(),
            retell_llm_dynamic_variables: self.request.get("retell_llm_dynamic_variables"),
            custom_sip_headers: self.sip_headers(),
            data_storage_setting: self.storage.as_deref(),
            opt_in_signed_url: false,
            start_timestamp: self.start_ms,
            end: self.end(complete),
            call_analysis: (self.phase == Phase::Analyzed).then(|| Analysis {
                call_summary: &self.fate.call_summary,
                in_voicemail: self.fate.in_voicemail,
                user_sentiment: &self.fate.user_sentiment,
                call_successful: self.fate.call_successful,
                custom_analysis_data: &self.fate.custom_analysis_data,
            }),
        }
    }

    fn agent_version(&self) -> u64 {
        let version = self.request.get("override_agent_version");
        version.and_then(Value::as_u64).unwrap_or(1)
    }

    fn sip_headers(&self) -> Map<String, Value> {
        let given = self
            .request
            .get("custom_sip_headers")
            .and_then(Value::as_object);
        let mut headers = given.cloned().unwrap_or_default();
        headers.insert("X-RetellAI-CallId".to_owned(), json!(self.id));
        headers.insert("X-RetellAI-Direction".to_owned(), json!("Outbound"));
        headers
    }

    fn end(&self, complete: bool) -> Option<End<'_>> {
        let (end_timestamp, reason) = (self.end_ms?, self.reason.as_deref()?);
        let duration_ms = self.start_ms.map_or(0, |start| end_timestamp - start);
        let spoken = self.start_ms.and_then(|_| self.fate.spoken());
        Some(End {
            end_timestamp,
            duration_ms,
            disconnection_reason: reason,
            words: spoken.filter(|_| complete).map(words),
            recording_url: spoken
                .filter(|_| complete)
                .map(|_| format!("https://recordings.invalid/{}.wav", self.id)),
            collected_dynamic_variables: Map::new(),
            call_cost: cost(duration_ms),
            telephony_identifier: json!({"twilio_call_sid": format!("CA{}", &self.id[5..])}),
        })
    }
}

/// Cents, at a fixed price of a second.
fn cost(duration_ms: i64) -> Value {
    const UNIT_PRICE: f64 = 0.1875;
    let seconds = (duration_ms + 999) / 1000;
    let cents = f64::from(i32::try_from(seconds).unwrap_or(i32::MAX)) * UNIT_PRICE;
    json!({
        "combined_cost": cents,
        "total_duration_seconds": seconds,
        "total_duration_unit_price": UNIT_PRICE,
        "product_costs": [{"product": "voice_engine", "cost": cents, "unit_price": UNIT_PRICE}],
    })
}

fn words(transcript: &str) -> Words<'_> {
    let said = |line: &str| {
        let (role, content) = match line.split_once(": ") {
            Some(("Agent", content)) => ("agent", content),
            Some(("User", content)) => ("user", content),
            _ => ("user", line),
        };
        json!({"role": role, "content": content, "words": []})
    };
    let lines: Vec<Value> = transcript.lines().map(said).collect();
    Words {
        transcript,
        transcript_with_tool_calls: lines.clone(),
        transcript_object: lines,
    }
}

pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or("")
}
