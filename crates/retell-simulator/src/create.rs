//! `POST /v2/create-phone-call`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::api::{Reply, error_message, status_message};
use crate::call::{Call, Phase, text};
use crate::config::{OverLimit, PhoneNumber};
use crate::fate::Fate;
use crate::fault::Creates;
use crate::life;
use crate::script::Plan;
use crate::validate;
use crate::webhook::expand;
use crate::world::{Shared, Workspace, World};

pub(crate) fn create(shared: &Shared, who: &Workspace, body: Value, plan: Plan) -> Reply {
    let agent_id = match check(shared, &body) {
        Ok(agent_id) => agent_id,
        Err(refusal) => return refusal,
    };
    let creates = plan
        .fault
        .as_ref()
        .map_or(Creates::Now, |fault| fault.creates);
    let mut guard = shared.lock();
    let world = &mut *guard;
    if is_do_not_call(shared, world, who, &body) {
        return error_message(400, "Contact has do_not_call set for this number.");
    }
    let key = body.get("idempotency_key").and_then(Value::as_str);
    let key = key.map(|key| (Arc::clone(&who.org), key.to_owned()));
    if let Some(answer) = key.as_ref().and_then(|key| replay(shared, world, key)) {
        drop(guard);
        shared.notify();
        return answer;
    }
    if creates == Creates::No {
        // A phantom: it looks like a call, and no world knows it.
        let call = new_call(shared, world, who, agent_id, body, plan);
        return Reply::json(201, call.to_json());
    }
    let has_room = {
        let usage = world.usage.entry(Arc::clone(&who.org)).or_default();
        life::has_room(shared, usage)
    };
    if !has_room && shared.config.over_limit == OverLimit::Refuse {
        return status_message(429);
    }
    let mut call = new_call(shared, world, who, agent_id, body, plan);
    if !has_room {
        call.fate = Arc::new(Fate::reason("concurrency_limit_reached"));
    }
    if let Some(key) = key.filter(|_| !matches!(creates, Creates::AfterUnkeyed(_))) {
        world.keys.insert(key, (Instant::now(), call.id.clone()));
    }
    let mut answer = Reply::json(201, call.to_json());
    answer.delay = call.timing.answer_delay;
    let after = match creates {
        Creates::After(delay) | Creates::AfterUnkeyed(delay) => delay,
        Creates::No | Creates::Now => Duration::ZERO,
    };
    life::begin(shared, world, call, after);
    drop(guard);
    shared.notify();
    answer
}

/// The agent that is going to speak, or what is wrong with the request.
fn check(shared: &Shared, body: &Value) -> Result<String, Reply> {
    validate::create(body, shared.config.reject_unknown_keys)
        .map_err(|problem| error_message(400, &problem))?;
    let from = text(body, "from_number");
    let numbers = &shared.config.phone_numbers;
    let number = numbers.iter().find(|it| it.number == from);
    if number.is_none() && !numbers.is_empty() {
        let problem = format!("Item {from} not found from phone-number");
        return Err(Reply::error(404, &problem));
    }
    let bound = || number.and_then(|PhoneNumber { outbound_agent, .. }| outbound_agent.as_deref());
    let agent = body
        .get("override_agent_id")
        .and_then(Value::as_str)
        .or_else(bound);
    let Some(agent) = agent else {
        let problem = "No outbound agent id set up for phone number.";
        return Err(error_message(400, problem));
    };
    let agents = &shared.config.agents;
    if !agents.is_empty() && !agents.iter().any(|it| it == agent) {
        let problem = format!("Item {agent} not found from agent");
        return Err(Reply::error(404, &problem));
    }
    Ok(agent.to_owned())
}

fn is_do_not_call(shared: &Shared, world: &World, who: &Workspace, body: &Value) -> bool {
    let number = text(body, "to_number");
    let honored = body.get("honor_internal_dnc").and_then(Value::as_bool);
    honored == Some(true)
        && (shared.config.do_not_call.iter().any(|it| it == number)
            || world
                .do_not_call
                .contains(&(Arc::clone(&who.org), number.to_owned())))
}

/// The answer for a key that was used within the window: the same call as it is now.
fn replay(shared: &Shared, world: &mut World, key: &(Arc<str>, String)) -> Option<Reply> {
    let (at, id) = world.keys.get(key)?;
    if at.elapsed() >= shared.config.idempotency_window {
        world.keys.remove(key);
        return None;
    }
    let call = world.calls.get(id)?;
    let (answer, dial, hidden) = (call.to_json(), call.dial, call.phase == Phase::Hidden);
    world.counters.replays += 1;
    // A late create has no row yet.
    if let Some(row) = world.dials.get_mut(dial).filter(|_| !hidden) {
        row.replays += 1;
    }
    Some(Reply::json(201, answer))
}

fn new_call(
    shared: &Shared,
    world: &mut World,
    who: &Workspace,
    agent_id: String,
    body: Value,
    plan: Plan,
) -> Call {
    let config = &shared.config;
    let manner = world.scripts.take_manner(plan, &who.key, &body);
    let to_number = text(&body, "to_number");
    let dialable = validate::is_e164(to_number)
        || body.get("ignore_e164_validation").and_then(Value::as_bool) == Some(true);
    let fate = match manner.fate {
        Some(fate) => fate,
        None if !dialable => Fate::reason("invalid_destination"),
        None => usual_fate(shared, to_number),
    };
    let agent = body.get("agent_override").and_then(|it| it.get("agent"));
    let own_url = agent
        .and_then(|it| it.get("webhook_url"))
        .and_then(Value::as_str);
    let url = own_url.or(config.default_webhook_url.as_deref());
    let url = url.map(|url| expand(url, body.get("retell_llm_dynamic_variables")));
    let timeout = agent
        .and_then(|it| it.get("webhook_timeout_ms"))
        .and_then(Value::as_u64);
    let storage = agent
        .and_then(|it| it.get("data_storage_setting"))
        .and_then(Value::as_str);
    Call {
        id: shared.new_call_id(),
        org: Arc::clone(&who.org),
        agent_id,
        phase: Phase::Registered,
        deleted: false,
        status: "registered".to_owned(),
        reason: None,
        registered_ms: 0,
        start_ms: None,
        end_ms: None,
        metadata: body.get("metadata").cloned(),
        storage: storage.map(str::to_owned),
        fate: Arc::new(fate),
        timing: manner.timing.unwrap_or(config.timing),
        faults: manner.webhooks.into(),
        url,
        signing_key: Arc::clone(&who.signing_key),
        key_suffix: who.key_suffix(),
        webhook_timeout: timeout.map_or(config.webhook_timeout, Duration::from_millis),
        dial: u64::MAX,
        held: Vec::new(),
        lane: std::collections::VecDeque::new(),
        lane_busy: false,
        request: Arc::new(body),
    }
}

fn usual_fate(shared: &Shared, to_number: &str) -> Fate {
    let config = &shared.config;
    let listed = config
        .fates
        .iter()
        .filter(|(end, _)| to_number.ends_with(end.as_str()));
    if let Some((_, fate)) = listed.max_by_key(|(end, _)| end.len()) {
        return fate.clone();
    }
    if config.fate_by_number {
        return Fate::by_last_digits(to_number);
    }
    config.default_fate.clone()
}
