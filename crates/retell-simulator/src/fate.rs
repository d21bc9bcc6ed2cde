//! What the called person, or the line, does.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::fate_form::Form;
use crate::reason::{self, REASONS};

/// A post that the agent makes during the call: `{name, args, call}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunctionPost {
    pub name: String,
    #[serde(default)]
    pub args: Value,
    /// The webhook URL if `None`.
    #[serde(default)]
    pub url: Option<String>,
}

/// A transfer event during the call; `event` is one of the four `transfer_*` names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transfer {
    pub event: String,
    #[serde(default)]
    pub destination: Option<String>,
    #[serde(default)]
    pub option: Option<Value>,
}

/// Built from a named constructor and then refined:
/// `Fate::confirmed().transcript("User: Yes.").extra("mood", json!("good"))`.
///
/// In JSON it is a name (`"confirmed"`, `"dial_busy"`) or an object with `fate` and any of the
/// fields below that should differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Form")]
pub struct Fate {
    #[serde(rename = "fate")]
    pub name: String,
    pub disconnection_reason: String,
    pub call_status: String,
    /// Sends `call_started`.
    pub connected: bool,
    /// A telephone rang.
    pub rings: bool,
    /// Sends `call_analyzed`.
    pub analyzed: bool,
    pub custom_analysis_data: Map<String, Value>,
    pub in_voicemail: bool,
    pub call_summary: String,
    pub user_sentiment: String,
    pub call_successful: bool,
    pub transcript: Option<String>,
    pub functions: Vec<FunctionPost>,
    /// Posted as it is, after `call_ended`; `session_id` is added if it is an object without one.
    pub flat: Option<Value>,
    pub transfers: Vec<Transfer>,
}

impl Fate {
    /// Ends for one of Retell's reasons, or for one that nobody knows yet, without a decision.
    #[must_use]
    pub fn reason(name: &str) -> Self {
        let known = reason::find(name);
        let connected = known.is_some_and(|reason| reason.connects);
        Self {
            name: name.to_owned(),
            disconnection_reason: name.to_owned(),
            call_status: known
                .map_or("error", |reason| reason.call_status)
                .to_owned(),
            connected,
            rings: known.is_none_or(|reason| reason.rings),
            analyzed: true,
            custom_analysis_data: Map::new(),
            in_voicemail: name == "voicemail_reached",
            call_summary: format!("The call ended: {name}."),
            user_sentiment: if connected { "Neutral" } else { "Unknown" }.to_owned(),
            call_successful: false,
            transcript: None,
            functions: Vec::new(),
            flat: None,
            transfers: Vec::new(),
        }
    }

    fn decision(name: &str, ended_by: &str, field: &str, word: &str) -> Self {
        let mut fate = Self::reason(ended_by);
        name.clone_into(&mut fate.name);
        fate.call_successful = true;
        fate.call_summary = format!("The customer's answer: {word}.");
        fate.extra(field, json!(word))
    }

    #[must_use]
    pub fn confirmed() -> Self {
        let mut fate = Self::decision(
            "confirmed",
            "agent_hangup",
            "appointment_action",
            "confirmed",
        );
        "Positive".clone_into(&mut fate.user_sentiment);
        fate
    }

    #[must_use]
    pub fn cancelled() -> Self {
        Self::decision(
            "cancelled",
            "user_hangup",
            "appointment_action",
            "cancelled",
        )
    }

    /// Asks for another time; `""` names none.
    #[must_use]
    pub fn rescheduled(new_time: &str) -> Self {
        let fate = Self::decision(
            "rescheduled",
            "agent_hangup",
            "appointment_action",
            "rescheduled",
        );
        fate.extra("new_appointment_time", json!(new_time))
    }

    /// Talks, but not to the agent about the appointment.
    #[must_use]
    pub fn declined() -> Self {
        let mut fate = Self::decision("declined", "user_hangup", "outcome", "declined");
        "Negative".clone_into(&mut fate.user_sentiment);
        fate.call_successful = false;
        fate
    }

    /// Asks to be called again at that time; `""` names none.
    #[must_use]
    pub fn callback(time: &str) -> Self {
        let fate = Self::decision("callback", "agent_hangup", "outcome", "callback_requested");
        fate.extra("callback_time", json!(time))
    }

    #[must_use]
    pub fn wrong_number() -> Self {
        Self::decision("wrong_number", "user_hangup", "outcome", "wrong_number")
    }

    /// Says so in the analysis; `Fate::reason("user_requested_dnc")` says so at the hang-up.
    #[must_use]
    pub fn do_not_call() -> Self {
        Self::decision("do_not_call", "agent_hangup", "outcome", "do_not_call")
    }

    /// Talked, decided nothing.
    #[must_use]
    pub fn completed() -> Self {
        let mut fate = Self::reason("user_hangup");
        "completed".clone_into(&mut fate.name);
        "They talked and decided nothing.".clone_into(&mut fate.call_summary);
        fate
    }

    #[must_use]
    pub fn no_answer() -> Self {
        Self::reason("dial_no_answer")
    }

    #[must_use]
    pub fn busy() -> Self {
        Self::reason("dial_busy")
    }

    #[must_use]
    pub fn voicemail() -> Self {
        Self::reason("voicemail_reached")
    }

    /// A machine answers, and the analysis wrongly says "confirmed".
    #[must_use]
    pub fn voicemail_claiming_confirmed() -> Self {
        let mut fate = Self::voicemail();
        "voicemail_claiming_confirmed".clone_into(&mut fate.name);
        fate.extra("appointment_action", json!("confirmed"))
    }

    /// Looks like a talk at the hang-up; the analysis says that it was a machine.
    #[must_use]
    pub fn in_voicemail() -> Self {
        let mut fate = Self::confirmed();
        "in_voicemail".clone_into(&mut fate.name);
        fate.in_voicemail = true;
        fate
    }

    /// What a number does in a rehearsal, by its last two digits; see [`LAST_DIGITS`].
    #[must_use]
    pub fn by_last_digits(number: &str) -> Self {
        let tail = number.get(number.len().saturating_sub(2)..).unwrap_or("");
        LAST_DIGITS
            .into_iter()
            .find(|(digits, _)| *digits == tail)
            .and_then(|(_, name)| Self::named(name))
            .unwrap_or_else(Self::confirmed)
    }

    /// The fate of that name: a constructor's or a disconnection reason's.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "confirmed" => Self::confirmed(),
            "cancelled" => Self::cancelled(),
            "rescheduled" => Self::rescheduled(""),
            "declined" => Self::declined(),
            "callback" => Self::callback(""),
            "wrong_number" => Self::wrong_number(),
            "do_not_call" => Self::do_not_call(),
            "completed" => Self::completed(),
            "no_answer" => Self::no_answer(),
            "busy" => Self::busy(),
            "voicemail" => Self::voicemail(),
            "voicemail_claiming_confirmed" => Self::voicemail_claiming_confirmed(),
            "in_voicemail" => Self::in_voicemail(),
            other => {
                let known = REASONS.into_iter().any(|reason| reason.name == other);
                return known.then(|| Self::reason(other));
            }
        })
    }

    #[must_use]
    pub fn transcript(mut self, text: &str) -> Self {
        self.transcript = Some(text.to_owned());
        self
    }

    #[must_use]
    pub fn summary(mut self, text: &str) -> Self {
        text.clone_into(&mut self.call_summary);
        self
    }

    /// One more entry of `custom_analysis_data`.
    #[must_use]
    pub fn extra(mut self, key: &str, value: Value) -> Self {
        self.custom_analysis_data.insert(key.to_owned(), value);
        self
    }

    /// `call_analyzed` never comes.
    #[must_use]
    pub fn without_analysis(mut self) -> Self {
        self.analyzed = false;
        self
    }

    #[must_use]
    pub fn connected(mut self, connected: bool) -> Self {
        self.connected = connected;
        self
    }

    /// The agent reports through a custom function during the call.
    #[must_use]
    pub fn function(mut self, name: &str, args: Value) -> Self {
        let name = name.to_owned();
        self.functions.push(FunctionPost {
            name,
            args,
            url: None,
        });
        self
    }

    #[must_use]
    pub fn flat(mut self, body: Value) -> Self {
        self.flat = Some(body);
        self
    }

    #[must_use]
    pub fn transfer(mut self, event: &str, destination: &str) -> Self {
        self.transfers.push(Transfer {
            event: event.to_owned(),
            destination: Some(destination.to_owned()),
            option: None,
        });
        self
    }

    /// What was said, for a call on which something was said.
    pub(crate) fn spoken(&self) -> Option<&str> {
        match &self.transcript {
            Some(text) => Some(text),
            None if !self.connected => None,
            None if self.disconnection_reason == "voicemail_reached" => {
                Some("User: Please leave a message after the tone.\n")
            }
            None => Some("Agent: Good morning, this is about your appointment.\nUser: Yes?\n"),
        }
    }
}

/// The rehearsal table: last two digits of the destination, name of the fate.
pub const LAST_DIGITS: [(&str, &str); 14] = [
    ("01", "confirmed"),
    ("02", "cancelled"),
    ("03", "rescheduled"),
    ("04", "no_answer"),
    ("05", "voicemail"),
    ("06", "busy"),
    ("07", "do_not_call"),
    ("08", "callback"),
    ("09", "wrong_number"),
    ("10", "declined"),
    ("11", "completed"),
    ("12", "voicemail_claiming_confirmed"),
    ("13", "invalid_destination"),
    ("14", "error_retell"),
];
