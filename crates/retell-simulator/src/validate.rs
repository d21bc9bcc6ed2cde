//! What Retell's request validator refuses, in the words in which it was seen to refuse it.

use serde_json::Value;

const CREATE_KEYS: [&str; 11] = [
    "from_number",
    "to_number",
    "idempotency_key",
    "honor_internal_dnc",
    "override_agent_id",
    "override_agent_version",
    "agent_override",
    "metadata",
    "retell_llm_dynamic_variables",
    "custom_sip_headers",
    "ignore_e164_validation",
];
const WEBHOOK_EVENTS: [&str; 8] = [
    "call_started",
    "call_ended",
    "call_analyzed",
    "transcript_updated",
    "transfer_started",
    "transfer_bridged",
    "transfer_cancelled",
    "transfer_ended",
];
pub(crate) const STORAGE_SETTINGS: [&str; 3] = [
    "everything",
    "everything_except_pii",
    "basic_attributes_only",
];
pub(crate) const MAX_METADATA: usize = 50_000;

type Checked = Result<(), String>;

/// The `error_message` for the body of a create-phone-call.
pub(crate) fn create(body: &Value, reject_unknown_keys: bool) -> Checked {
    const AT: &str = "request/body";
    let Some(object) = body.as_object() else {
        return Err(format!("{AT} must be object"));
    };
    for key in ["from_number", "to_number"] {
        if !object.contains_key(key) {
            return Err(format!("{AT} must have required property '{key}'"));
        }
    }
    if reject_unknown_keys {
        let unknown = object
            .keys()
            .find(|key| !CREATE_KEYS.contains(&key.as_str()));
        if let Some(key) = unknown {
            return Err(format!("{AT} must NOT have additional properties: '{key}'"));
        }
    }
    for key in [
        "from_number",
        "to_number",
        "override_agent_id",
        "idempotency_key",
    ] {
        non_empty_string(body, AT, key)?;
    }
    for key in ["honor_internal_dnc", "ignore_e164_validation"] {
        boolean(body, AT, key)?;
    }
    for key in ["retell_llm_dynamic_variables", "custom_sip_headers"] {
        strings(body, AT, key)?;
    }
    object_at(body, AT, "metadata")?;
    agent_version(body, AT)?;
    agent_override(body, AT)
}

fn agent_override(body: &Value, at: &str) -> Checked {
    object_at(body, at, "agent_override")?;
    let Some(given) = body.get("agent_override") else {
        return Ok(());
    };
    let at = format!("{at}/agent_override");
    for key in ["agent", "retell_llm", "conversation_flow"] {
        object_at(given, &at, key)?;
    }
    let Some(agent) = given.get("agent") else {
        return Ok(());
    };
    let at = format!("{at}/agent");
    if let Some(url) = agent.get("webhook_url")
        && !url.is_string()
        && !url.is_null()
    {
        return Err(format!("{at}/webhook_url must be string,null"));
    }
    webhook_events(agent, &at)?;
    for (key, low, high) in [
        ("webhook_timeout_ms", 0, i64::MAX),
        ("ring_duration_ms", 5_000, 300_000),
        ("max_call_duration_ms", 60_000, 7_200_000),
        ("end_call_after_silence_ms", 10_000, i64::MAX),
        ("begin_message_delay_ms", 0, 5_000),
    ] {
        integer(agent, &at, key, low, high)?;
    }
    boolean(agent, &at, "enable_dnc_detection")?;
    boolean(agent, &at, "opt_in_signed_url")?;
    for key in ["voicemail_option", "ivr_option"] {
        if agent
            .get(key)
            .is_some_and(|it| !it.is_object() && !it.is_null())
        {
            return Err(format!("{at}/{key} must be object,null"));
        }
    }
    if agent.get("timezone").is_some_and(|it| !it.is_string()) {
        return Err(format!("{at}/timezone must be string"));
    }
    if agent
        .get("language")
        .is_some_and(|it| !it.is_string() && !it.is_array())
    {
        return Err(format!("{at}/language must be string,array"));
    }
    storage_setting(agent, &at)
}

fn webhook_events(agent: &Value, at: &str) -> Checked {
    let Some(events) = agent.get("webhook_events").filter(|it| !it.is_null()) else {
        return Ok(());
    };
    let at = format!("{at}/webhook_events");
    let events = events
        .as_array()
        .ok_or(format!("{at} must be array,null"))?;
    for (index, event) in events.iter().enumerate() {
        if !event
            .as_str()
            .is_some_and(|name| WEBHOOK_EVENTS.contains(&name))
        {
            return Err(format!(
                "{at}/{index} must be equal to one of the allowed values"
            ));
        }
    }
    Ok(())
}

fn storage_setting(from: &Value, at: &str) -> Checked {
    let setting = from.get("data_storage_setting").filter(|it| !it.is_null());
    if setting.is_some_and(|it| !it.as_str().is_some_and(|it| STORAGE_SETTINGS.contains(&it))) {
        let problem = "must be equal to one of the allowed values";
        return Err(format!("{at}/data_storage_setting {problem}"));
    }
    Ok(())
}

/// An integer, `latest`, `latest_published`, or a tag that does not look like a version.
fn agent_version(body: &Value, at: &str) -> Checked {
    let Some(version) = body.get("override_agent_version") else {
        return Ok(());
    };
    let is_tag = |tag: &str| {
        let mut letters = tag.chars();
        let digits_after_v = tag.strip_prefix('v').filter(|it| !it.is_empty());
        letters.next().is_some_and(|it| it.is_ascii_lowercase())
            && tag.len() <= 20
            && letters.all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || "_-".contains(it))
            && !digits_after_v.is_some_and(|it| it.bytes().all(|it| it.is_ascii_digit()))
    };
    match version {
        Value::String(tag) if is_tag(tag) => Ok(()),
        Value::Number(number) if number.is_u64() => Ok(()),
        _ => Err(format!(
            "{at}/override_agent_version must be integer or agent version tag"
        )),
    }
}

fn non_empty_string(from: &Value, at: &str, key: &str) -> Checked {
    match from.get(key) {
        None => Ok(()),
        Some(Value::String(text)) if text.is_empty() => {
            Err(format!("{at}/{key} must NOT have fewer than 1 characters"))
        }
        Some(Value::String(_)) => Ok(()),
        Some(_) => Err(format!("{at}/{key} must be string")),
    }
}

fn boolean(from: &Value, at: &str, key: &str) -> Checked {
    match from.get(key) {
        None | Some(Value::Bool(_)) => Ok(()),
        Some(_) => Err(format!("{at}/{key} must be boolean")),
    }
}

fn integer(from: &Value, at: &str, key: &str, low: i64, high: i64) -> Checked {
    let Some(value) = from.get(key) else {
        return Ok(());
    };
    match value.as_i64() {
        None => Err(format!("{at}/{key} must be integer")),
        Some(value) if value < low => Err(format!("{at}/{key} must be >= {low}")),
        Some(value) if value > high => Err(format!("{at}/{key} must be <= {high}")),
        Some(_) => Ok(()),
    }
}

fn object_at(from: &Value, at: &str, key: &str) -> Checked {
    match from.get(key) {
        None | Some(Value::Object(_)) => Ok(()),
        Some(_) => Err(format!("{at}/{key} must be object")),
    }
}

fn strings(from: &Value, at: &str, key: &str) -> Checked {
    object_at(from, at, key)?;
    let entries = from
        .get(key)
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    for (name, value) in entries {
        if !value.is_string() {
            return Err(format!("{at}/{key}/{name} must be string"));
        }
    }
    Ok(())
}

/// The `error_message` for the body of an update-call.
pub(crate) fn update(body: &Value) -> Checked {
    const AT: &str = "request/body";
    const KEYS: [&str; 3] = ["metadata", "data_storage_setting", "custom_attributes"];
    let Some(object) = body.as_object() else {
        return Err(format!("{AT} must be object"));
    };
    if object.keys().any(|key| !KEYS.contains(&key.as_str())) {
        return Err(format!("{AT} must NOT have additional properties"));
    }
    object_at(body, AT, "metadata")?;
    object_at(body, AT, "custom_attributes")?;
    if object
        .get("metadata")
        .is_some_and(|it| it.to_string().len() > MAX_METADATA)
    {
        return Err(format!("{AT}/metadata must NOT be larger than 50 kB"));
    }
    storage_setting(body, AT)
}

/// A number that a telephone network could take.
pub(crate) fn is_e164(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        (7..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|it| it.is_ascii_digit())
    })
}
