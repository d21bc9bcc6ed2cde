//! What came back from `POST /v2/create-phone-call`, and what it means for the call.
//!
//! Sources: Retell's published errors and the bodies seen in the field (retell-contract.md 1.2 and 5.3).
//! The one question behind every rule: can this answer have dialled somebody? Where that is not certain,
//! the verdict is [`CreateVerdict::Ambiguous`] and the call is looked up before anything is sent again.

use crate::retry_after;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

mod asked;
mod mask;
mod refusal_cause;

pub use asked::is_about_another;
pub use mask::mask;
use refusal_cause::RefusalCause;

/// Longer text is no id of Retell's.
pub const MAX_ID_CHARS: usize = 200;

/// Where calls are made.
pub const CREATE_PATH: &str = "/v2/create-phone-call";

/// One request, as the HTTP thread saw it end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exchange {
    Response {
        status: u16,
        retry_after: Option<String>,
        body: Vec<u8>,
        /// The body was longer than we read.
        truncated: bool,
    },
    /// It was never tried, by our own doing: the worker stops, no thread was free for it.
    NotBegun { reason: String },
    /// Retell surely never saw it: no address, no connection.
    NotSent { reason: String },
    /// It may have arrived: a timeout, a connection lost after sending.
    Unknown { reason: String },
}

/// What the answer means for the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CreateVerdict {
    /// Retell made the call.
    Placed,
    /// Nothing was dialled, and that says nothing about Retell.
    NotBegun,
    /// Nothing was dialled and nobody is to blame.
    NotSent,
    /// Nothing was dialled; later it may be.
    Throttled,
    /// Nothing was dialled, because of this person's number or variables.
    RefusedContact,
    /// Nothing was dialled, and Retell does not say whose fault it is: the next answer shows it.
    RefusedUnknown,
    /// Nothing was dialled, and the next call of this practice would fare the same.
    RefusedConfig,
    /// The phone may be ringing.
    Ambiguous,
}

impl CreateVerdict {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Placed => "placed",
            Self::NotBegun => "not_begun",
            Self::NotSent => "not_sent",
            Self::Throttled => "throttled",
            Self::RefusedContact => "refused_contact",
            Self::RefusedUnknown => "refused_unknown",
            Self::RefusedConfig => "refused_config",
            Self::Ambiguous => "ambiguous",
        }
    }
}

/// The answer, ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateAnswer {
    pub verdict: CreateVerdict,
    /// Set when placed.
    pub retell_call_id: Option<String>,
    /// What Retell or the network said, without personal data; none when placed.
    pub message: Option<String>,
    pub retry_after_seconds: Option<u32>,
    /// Retell's own contact asks not to be called.
    pub do_not_call: bool,
    /// Retell refuses `agent_id` or `webhook_url` at the top level: `vioconcierge.legacy_fields`.
    pub legacy_field: bool,
}

/// Reads an answer to the request with this body.
#[must_use]
pub fn classify_create(
    exchange: &Exchange,
    request_body: &str,
    now: DateTime<Utc>,
) -> CreateAnswer {
    let request = Request::read(request_body);
    let (status, body, wait) = match exchange {
        Exchange::NotBegun { reason } => {
            return answer(CreateVerdict::NotBegun, request.masked(reason));
        }
        Exchange::NotSent { reason } => {
            return answer(CreateVerdict::NotSent, request.masked(reason));
        }
        Exchange::Unknown { reason } => {
            return answer(CreateVerdict::Ambiguous, request.masked(reason));
        }
        Exchange::Response {
            status,
            body,
            retry_after,
            ..
        } => (*status, body.as_slice(), retry_after.as_deref()),
    };
    let answer = if is_about_another(CREATE_PATH, Some(request_body), exchange) {
        // our own call may have been made, but this says nothing about it
        let message = "the answer is about another call".to_owned();
        answer(CreateVerdict::Ambiguous, Some(message))
    } else if (200..300).contains(&status) {
        accepted(status, body)
    } else {
        refused(status, &said(body), &request)
    };
    CreateAnswer {
        retry_after_seconds: wait.and_then(|value| retry_after::parse_seconds(value, now)),
        ..answer
    }
}

/// 2xx. A body cut short cannot parse, so it needs no rule of its own.
fn accepted(status: u16, body: &[u8]) -> CreateAnswer {
    #[derive(Deserialize)]
    struct Created {
        call_id: String,
    }
    match serde_json::from_slice::<Created>(body) {
        Ok(Created { call_id }) if is_readable_id(&call_id) => CreateAnswer {
            retell_call_id: Some(call_id),
            ..answer(CreateVerdict::Placed, None)
        },
        _ => answer(
            CreateVerdict::Ambiguous,
            Some(format!("status {status} without a readable call_id")),
        ),
    }
}

/// PostgreSQL cannot store a NUL, an index no long text, and an id that cannot be kept cannot be asked for.
fn is_readable_id(id: &str) -> bool {
    !id.trim().is_empty() && !id.contains('\0') && id.chars().count() <= MAX_ID_CHARS
}

fn refused(status: u16, said: &str, request: &Request) -> CreateAnswer {
    let cause = RefusalCause::of(said, request);
    let verdict = match status {
        // A redirect is not followed: the base URL is wrong, and nothing there made a call.
        300..=399 => CreateVerdict::RefusedConfig,
        400..=499 => client_error(status, cause),
        // 5xx, 503 too: whoever says so may have handed the request on before.
        _ => CreateVerdict::Ambiguous,
    };
    let message = request
        .masked(said)
        .unwrap_or_else(|| format!("status {status} without a message"));
    CreateAnswer {
        do_not_call: verdict == CreateVerdict::RefusedContact && cause == RefusalCause::DoNotCall,
        legacy_field: verdict == CreateVerdict::RefusedConfig && cause == RefusalCause::LegacyField,
        ..answer(verdict, Some(message))
    }
}

/// 4xx: keys, payment, missing assets, unless the text blames somebody else.
fn client_error(status: u16, cause: RefusalCause) -> CreateVerdict {
    match (status, cause) {
        // 408: a proxy gave up waiting. 409: the key may belong to a request still in flight.
        (408 | 409, _) | (_, RefusalCause::UsedKey) => CreateVerdict::Ambiguous,
        // 425: not taken up, lest it be one that was sent before.
        (425 | 429, _) | (_, RefusalCause::Pace) => CreateVerdict::Throttled,
        (_, RefusalCause::Destination) => CreateVerdict::RefusedContact,
        (400 | 403 | 404 | 422, RefusalCause::Contact | RefusalCause::DoNotCall) => {
            CreateVerdict::RefusedContact
        }
        // Either choice would be wrong for many: one odd name would suspend the practice, or one setting
        // fail all of its patients. A second contact's in a row decides (vioc.record_refusal).
        (400, RefusalCause::Unknown) | (413 | 414 | 431, _) => CreateVerdict::RefusedUnknown,
        _ => CreateVerdict::RefusedConfig,
    }
}

/// `message` or `error_message`, as both are seen, else the body as it is.
fn said(body: &[u8]) -> String {
    let Ok(json) = serde_json::from_slice::<Value>(body) else {
        return String::from_utf8_lossy(body).into_owned();
    };
    ["message", "error_message"]
        .iter()
        .find_map(|field| {
            json.get(field)?
                .as_str()
                .filter(|text| !text.trim().is_empty())
        })
        .map_or_else(|| json.to_string(), str::to_owned)
}

fn answer(verdict: CreateVerdict, message: Option<String>) -> CreateAnswer {
    CreateAnswer {
        verdict,
        retell_call_id: None,
        message,
        retry_after_seconds: None,
        do_not_call: false,
        legacy_field: false,
    }
}

/// What of the request matters here: the values that must not be repeated, and the older names.
struct Request {
    personal: Vec<String>,
    own_number: Option<String>,
    has_legacy_field: bool,
}

impl Request {
    fn read(body: &str) -> Self {
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let variables = body["retell_llm_dynamic_variables"].as_object();
        let personal = variables
            .into_iter()
            .flatten()
            // The practice's own name and number are no secret, and help to understand a message.
            .filter(|(name, _)| !matches!(name.as_str(), "business_name" | "callback_number"))
            .map(|(_, value)| value)
            .chain(body.get("to_number"))
            .filter_map(Value::as_str)
            .chain(sentences(&body["agent_override"]))
            // A body shown raw has the value as JSON escapes it.
            .flat_map(|value| [value.to_owned(), inside_json(value)])
            .collect();
        Self {
            personal,
            own_number: body["from_number"].as_str().map(str::to_owned),
            has_legacy_field: body.get("agent_id").or(body.get("webhook_url")).is_some(),
        }
    }

    fn masked(&self, message: &str) -> Option<String> {
        let known: Vec<&str> = self.personal.iter().map(String::as_str).collect();
        Some(mask::mask_but(message, &known, self.own_number.as_deref()))
            .filter(|masked| !masked.is_empty())
    }
}

/// What an override has said: texts of several words, which may be about one contact. Single words are models, voices and ids.
fn sentences(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) if text.trim().contains(char::is_whitespace) => vec![text],
        Value::Array(items) => items.iter().flat_map(sentences).collect(),
        Value::Object(fields) => fields.values().flat_map(sentences).collect(),
        _ => Vec::new(),
    }
}

fn inside_json(value: &str) -> String {
    let quoted = Value::from(value).to_string();
    let inside = quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    inside.unwrap_or(&quoted).to_owned()
}

#[cfg(test)]
mod tests;
