//! The JSON forms of a fate.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::fate::{Fate, FunctionPost, Transfer};

/// A name, or what differs from it.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Form {
    Name(String),
    Object(Box<Changes>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Changes {
    fate: Option<String>,
    new_time: Option<String>,
    callback_time: Option<String>,
    disconnection_reason: Option<String>,
    call_status: Option<String>,
    connected: Option<bool>,
    rings: Option<bool>,
    analyzed: Option<bool>,
    #[serde(default)]
    custom_analysis_data: Map<String, Value>,
    in_voicemail: Option<bool>,
    call_summary: Option<String>,
    user_sentiment: Option<String>,
    call_successful: Option<bool>,
    transcript: Option<String>,
    #[serde(default)]
    functions: Vec<FunctionPost>,
    flat: Option<Value>,
    #[serde(default)]
    transfers: Vec<Transfer>,
}

impl TryFrom<Form> for Fate {
    type Error = String;

    fn try_from(form: Form) -> Result<Self, String> {
        let named = |name: &str| Self::named(name).ok_or(format!("there is no fate {name:?}"));
        let changes = match form {
            Form::Name(name) => return named(&name),
            Form::Object(changes) => *changes,
        };
        let mut fate = match (&changes.fate, &changes.disconnection_reason) {
            (Some(name), None) => named(name)?,
            (None, Some(reason)) => Self::reason(reason),
            (Some(name), Some(reason)) => {
                let base = Self::named(name).unwrap_or_else(|| Self::reason(reason));
                let outer = Self::reason(reason);
                Self {
                    disconnection_reason: outer.disconnection_reason,
                    call_status: outer.call_status,
                    connected: outer.connected,
                    rings: outer.rings,
                    ..base
                }
            }
            (None, None) => return Err("a fate needs `fate` or `disconnection_reason`".to_owned()),
        };
        if let Some(time) = changes.new_time {
            fate = fate.extra("new_appointment_time", json!(time));
        }
        if let Some(time) = changes.callback_time {
            fate = fate.extra("callback_time", json!(time));
        }
        fate.custom_analysis_data
            .extend(changes.custom_analysis_data);
        replace(&mut fate.call_status, changes.call_status);
        replace(&mut fate.connected, changes.connected);
        replace(&mut fate.rings, changes.rings);
        replace(&mut fate.analyzed, changes.analyzed);
        replace(&mut fate.in_voicemail, changes.in_voicemail);
        replace(&mut fate.call_summary, changes.call_summary);
        replace(&mut fate.user_sentiment, changes.user_sentiment);
        replace(&mut fate.call_successful, changes.call_successful);
        fate.transcript = changes.transcript.or(fate.transcript);
        fate.flat = changes.flat.or(fate.flat);
        fate.functions.extend(changes.functions);
        fate.transfers.extend(changes.transfers);
        Ok(fate)
    }
}

fn replace<T>(field: &mut T, change: Option<T>) {
    if let Some(value) = change {
        *field = value;
    }
}
