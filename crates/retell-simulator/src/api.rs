//! Retell's endpoints other than the creation of calls, and the shapes of its answers.

use std::time::Duration;

use serde_json::{Value, json};

use crate::call::text;
use crate::http::Headers;
use crate::life;
use crate::list;
use crate::script::{CREATE_PATH, Plan};
use crate::validate::{self, STORAGE_SETTINGS};
use crate::world::{Shared, Workspace};
use crate::{create, ledger};

/// An answer, before a fault is done to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Headers,
    pub(crate) body: String,
    pub(crate) delay: Duration,
}

impl Reply {
    pub(crate) fn json(status: u16, body: String) -> Self {
        Self {
            status,
            content_type: "application/json; charset=utf-8",
            body,
            ..Self::default()
        }
    }

    /// The documented shape of an error.
    pub(crate) fn error(status: u16, message: &str) -> Self {
        Self::json(
            status,
            json!({"status": "error", "message": message}).to_string(),
        )
    }

    fn no_content() -> Self {
        Self {
            status: 204,
            ..Self::default()
        }
    }
}

/// The other shape, seen from the request validator and the gate in front of it.
pub(crate) fn error_message(status: u16, message: &str) -> Reply {
    Reply::json(status, json!({"error_message": message}).to_string())
}

/// The error of that status in its documented words.
pub(crate) fn status_message(status: u16) -> Reply {
    let message = match status {
        400 => "Invalid request format, please check API reference.",
        401 => "API key is missing or invalid.",
        402 => "Trial has ended, please add payment method.",
        403 => "Forbidden",
        404 => "The requested resource was not found.",
        408 => "Request timeout.",
        409 => "Resource update conflict.",
        422 => "Cannot find requested asset under given api key.",
        429 => "Account rate limited, please throttle your requests.",
        500 => "An unexpected server error occurred.",
        502 => "Bad gateway.",
        503 => "Service unavailable.",
        504 => "Gateway timeout.",
        _ => "Error.",
    };
    Reply::error(status, message)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint<'a> {
    Create,
    Get(&'a str),
    List,
    Stop(&'a str),
    Delete(&'a str),
    Update(&'a str),
    Concurrency,
    KeyInfo,
    Agent(&'a str),
}

/// The endpoint at this address; the path comes without its query.
pub(crate) fn route<'a>(method: &str, path: &'a str) -> Option<Endpoint<'a>> {
    let of = |prefix: &str| path.strip_prefix(prefix).filter(|id| !id.is_empty());
    match method {
        "POST" if path == CREATE_PATH => Some(Endpoint::Create),
        "POST" if path == "/v3/list-calls" => Some(Endpoint::List),
        "POST" => of("/v2/stop-call/").map(Endpoint::Stop),
        "GET" if path == "/get-concurrency" => Some(Endpoint::Concurrency),
        "GET" if path == "/get-api-key-info" => Some(Endpoint::KeyInfo),
        "GET" => of("/v2/get-call/")
            .map(Endpoint::Get)
            .or_else(|| of("/get-agent/").map(Endpoint::Agent)),
        "DELETE" => of("/v2/delete-call/").map(Endpoint::Delete),
        "PATCH" => of("/v2/update-call/").map(Endpoint::Update),
        _ => None,
    }
}

pub(crate) fn answer(
    shared: &Shared,
    who: &Workspace,
    endpoint: Endpoint<'_>,
    body: Option<Value>,
    plan: Plan,
) -> Reply {
    match (endpoint, body) {
        (Endpoint::Create, Some(body)) => create::create(shared, who, body, plan),
        (Endpoint::List, Some(body)) => list::list(shared, who, &body),
        (Endpoint::Update(id), Some(body)) => update(shared, who, id, &body),
        (Endpoint::Create | Endpoint::List | Endpoint::Update(_), None) => status_message(400),
        (Endpoint::Get(id), _) => {
            let world = shared.lock();
            let call = world.call(&who.org, id);
            call.map_or_else(
                || status_message(422),
                |call| Reply::json(200, call.to_json()),
            )
        }
        (Endpoint::Stop(id), _) => stop(shared, who, id),
        (Endpoint::Delete(id), _) => delete(shared, who, id),
        (Endpoint::Concurrency, _) => concurrency(shared, who),
        (Endpoint::KeyInfo, _) => key_info(who),
        (Endpoint::Agent(id), _) => agent(shared, id),
    }
}

fn stop(shared: &Shared, who: &Workspace, id: &str) -> Reply {
    let mut world = shared.lock();
    if world.call(&who.org, id).is_none() {
        return status_message(422);
    }
    life::stop(shared, &mut world, id);
    drop(world);
    shared.notify();
    Reply::no_content()
}

/// Our assumption: the record goes, and a call that is still going on goes on.
fn delete(shared: &Shared, who: &Workspace, id: &str) -> Reply {
    let mut world = shared.lock();
    if world.call(&who.org, id).is_none() {
        return status_message(422);
    }
    if let Some(call) = world.calls.get_mut(id) {
        call.deleted = true;
    }
    Reply::no_content()
}

fn update(shared: &Shared, who: &Workspace, id: &str, body: &Value) -> Reply {
    if let Err(problem) = validate::update(body) {
        return error_message(400, &problem);
    }
    let mut world = shared.lock();
    if world.call(&who.org, id).is_none() {
        return status_message(422);
    }
    let Some(call) = world.calls.get_mut(id) else {
        return status_message(422);
    };
    let strictness = |setting: &str| STORAGE_SETTINGS.iter().position(|it| *it == setting);
    if let Some(setting) = body.get("data_storage_setting").and_then(Value::as_str) {
        let current = call.storage.as_deref().unwrap_or(STORAGE_SETTINGS[0]);
        if strictness(setting) < strictness(current) {
            return error_message(
                400,
                "data_storage_setting can only be made more restrictive.",
            );
        }
        call.storage = Some(setting.to_owned());
    }
    if let Some(metadata) = body.get("metadata") {
        call.metadata = Some(metadata.clone());
    }
    let (answer, session_id) = (call.to_json(), text(&body["metadata"], "session_id"));
    world.remember_session(session_id, id);
    Reply::json(200, answer)
}

fn concurrency(shared: &Shared, who: &Workspace) -> Reply {
    let world = shared.lock();
    let current = world.usage.get(&who.org).map_or(0, |usage| usage.live);
    drop(world);
    let config = &shared.config;
    let limit = config.concurrency_limit.unwrap_or(1_000_000);
    let body = json!({
        "current_concurrency": current + config.other_calls,
        "concurrency_limit": limit,
        "base_concurrency": limit,
        "purchased_concurrency": 0,
        "concurrency_purchase_limit": 100,
        "remaining_purchase_limit": 100,
        "reserved_inbound_concurrency": config.reserved_inbound,
        "concurrency_burst_enabled": false,
        "concurrency_burst_limit": 0,
    });
    Reply::json(200, body.to_string())
}

fn key_info(who: &Workspace) -> Reply {
    let digits: String = who
        .org
        .bytes()
        .map(|byte| format!("{byte:02x}"))
        .take(12)
        .collect();
    let body = json!({
        "org_id": format!("org_{digits}"),
        "org_name": &*who.org,
        "api_key_name": format!("key ending in {}", who.key_suffix()),
    });
    Reply::json(200, body.to_string())
}

fn agent(shared: &Shared, id: &str) -> Reply {
    let config = &shared.config;
    if !config.agents.is_empty() && !config.agents.iter().any(|it| it == id) {
        return status_message(422);
    }
    let mut body = json!({
        "agent_id": id,
        "version": 1,
        "is_published": true,
        "agent_name": "Simulated agent",
        "voice_id": "11labs-Adrian",
        "language": "en-US",
        "response_engine": {"type": "retell-llm", "llm_id": "llm_simulated", "version": 1},
        "webhook_timeout_ms": u64::try_from(config.webhook_timeout.as_millis()).unwrap_or(10_000),
        "last_modification_timestamp": 1_760_000_000_000_i64,
        "post_call_analysis_data": [
            {"type": "string", "name": "appointment_action", "description": "What was decided"},
            {"type": "string", "name": "outcome", "description": "What else happened"},
        ],
    });
    if let Some(url) = &config.default_webhook_url {
        body["webhook_url"] = json!(url);
    }
    Reply::json(200, body.to_string())
}

/// A log line for a request; ids are shown, numbers never are.
pub(crate) fn log_line(method: &str, path: &str, body: &Value, status: &str) -> String {
    let to = body.get("to_number").and_then(Value::as_str);
    let to = to
        .map(|number| format!(" to {}", ledger::masked(number)))
        .unwrap_or_default();
    format!("request   {method} {path}{to}: {status}")
}
