//! The life of a call after its creation: ring, talk, end, analysis, and the events of each.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::call::{Call, Phase};
use crate::fate::Fate;
use crate::ledger::{Dial, masked, unix_ms};
use crate::timer::Task;
use crate::webhook;
use crate::world::{Shared, Usage, World};

/// Puts a new call into the world: it rings, or will when its time comes.
pub(crate) fn begin(shared: &Shared, world: &mut World, mut call: Call, after: Duration) {
    let id = call.id.clone();
    world.unfinished += 1;
    world.usage.entry(call.org.clone()).or_default().live += 1;
    if after.is_zero() {
        dial(shared, world, &mut call);
    } else {
        call.phase = Phase::Hidden;
        shared.timers.after(after, Task::Appear(id.clone()));
    }
    if !call.session_id().is_empty() {
        world.remember_session(call.session_id(), &id);
    }
    world.order.push(id.clone());
    world.calls.insert(id, call);
}

fn dial(shared: &Shared, world: &mut World, call: &mut Call) {
    let now = shared.now();
    call.phase = Phase::Registered;
    call.registered_ms = unix_ms(now);
    world.counters.dials += 1;
    if shared.config.keep_ledger {
        let key = call.request.get("idempotency_key").and_then(Value::as_str);
        call.dial = world.dials.push(Dial {
            call_id: call.id.clone(),
            session_id: call.session_id().to_owned(),
            idempotency_key: key.map(str::to_owned),
            to_number: call.called().to_owned(),
            from_number: call.caller().to_owned(),
            key_suffix: call.key_suffix.clone(),
            at: now,
            started: shared.seconds(),
            ended: None,
            body: Arc::clone(&call.request),
            replays: 0,
            rang: call.fate.rings,
            connected: false,
            ended_reason: None,
        });
    }
    if shared.config.log.is_some() {
        let (to, fate) = (masked(call.called()), &call.fate.name);
        shared.say(&format!("dial      {} to {to}: {fate}", call.id));
    }
    shared
        .timers
        .after(call.timing.ring, Task::Answer(call.id.clone()));
}

/// From now on its idempotency key answers with this call, unless it did already or names another.
fn remember_key(world: &mut World, call: &Call) {
    let key = call.request.get("idempotency_key").and_then(Value::as_str);
    if let Some(key) = key {
        let key = (Arc::clone(&call.org), key.to_owned());
        let entry = world.keys.entry(key);
        entry.or_insert_with(|| (Instant::now(), call.id.clone()));
    }
}

/// Does what is due. Runs on the timer thread.
pub(crate) fn perform(shared: &Shared, tasks: Vec<Task>) {
    let mut world = shared.lock();
    for task in tasks {
        perform_one(shared, &mut world, task);
    }
    drop(world);
    shared.notify();
}

fn perform_one(shared: &Shared, world: &mut World, task: Task) {
    let id = match task {
        Task::Deliver(post) if post.epoch == world.epoch => return shared.outbox.push(*post),
        Task::Deliver(_) => return,
        Task::Appear(ref id)
        | Task::Answer(ref id)
        | Task::Talk(ref id)
        | Task::End(ref id)
        | Task::Analyze(ref id) => id.clone(),
    };
    // Out of the map while it is worked on, so that both can be changed.
    let Some(mut call) = world.calls.remove(&id) else {
        return;
    };
    match (task, call.phase) {
        (Task::Appear(_), Phase::Hidden) => {
            dial(shared, world, &mut call);
            remember_key(world, &call);
        }
        (Task::Answer(_), Phase::Registered) => answer(shared, world, &mut call),
        (Task::Talk(_), Phase::Ongoing) => talk(shared, world, &mut call),
        (Task::End(_), Phase::Ongoing) => end(shared, world, &mut call),
        (Task::Analyze(_), Phase::Ended) => analyze(shared, world, &mut call),
        // The call was stopped in the meantime.
        _ => {}
    }
    world.calls.insert(id, call);
}

fn answer(shared: &Shared, world: &mut World, call: &mut Call) {
    if !call.fate.connected {
        return end(shared, world, call);
    }
    call.phase = Phase::Ongoing;
    "ongoing".clone_into(&mut call.status);
    call.start_ms = Some(unix_ms(shared.now()));
    if let Some(row) = world.dials.get_mut(call.dial) {
        row.connected = true;
    }
    webhook::event(shared, world, call, "call_started", None);
    if !(call.fate.functions.is_empty() && call.fate.transfers.is_empty()) {
        shared
            .timers
            .after(call.timing.talk / 2, Task::Talk(call.id.clone()));
    }
    shared
        .timers
        .after(call.timing.talk, Task::End(call.id.clone()));
}

fn talk(shared: &Shared, world: &mut World, call: &mut Call) {
    let fate = Arc::clone(&call.fate);
    for function in &fate.functions {
        let body = format!(
            r#"{{"name":{},"args":{},"call":{}}}"#,
            Value::from(function.name.as_str()),
            function.args,
            call.to_json(),
        );
        webhook::post(
            shared,
            world,
            call,
            "function",
            function.url.as_deref(),
            body,
        );
    }
    for transfer in &fate.transfers {
        let fields = json!({
            "transfer_destination": transfer.destination,
            "transfer_option": transfer.option,
        });
        webhook::event(shared, world, call, &transfer.event, Some(&fields));
    }
}

fn end(shared: &Shared, world: &mut World, call: &mut Call) {
    call.phase = Phase::Ended;
    call.status.clone_from(&call.fate.call_status);
    call.reason = Some(call.fate.disconnection_reason.clone());
    call.end_ms = Some(unix_ms(shared.now()));
    world.counters.ended += 1;
    if let Some(usage) = world.usage.get_mut(&call.org) {
        usage.live = usage.live.saturating_sub(1);
    }
    if let Some(row) = world.dials.get_mut(call.dial) {
        row.ended = Some(shared.seconds());
        row.ended_reason.clone_from(&call.reason);
    }
    if call.fate.disconnection_reason == "user_requested_dnc" {
        let number = call.called().to_owned();
        world.do_not_call.insert((call.org.clone(), number));
    }
    if shared.config.log.is_some() {
        let (id, reason) = (&call.id, &call.fate.disconnection_reason);
        shared.say(&format!("end       {id} {reason}"));
    }
    webhook::event(shared, world, call, "call_ended", None);
    if let Some(flat) = call.fate.flat.clone() {
        let body = with_session(flat, call.session_id()).to_string();
        webhook::post(shared, world, call, "flat", None, body);
    }
    if call.fate.analyzed {
        shared
            .timers
            .after(call.timing.analysis, Task::Analyze(call.id.clone()));
    } else {
        finish(shared, world, call);
    }
}

fn analyze(shared: &Shared, world: &mut World, call: &mut Call) {
    call.phase = Phase::Analyzed;
    webhook::event(shared, world, call, "call_analyzed", None);
    finish(shared, world, call);
}

fn finish(shared: &Shared, world: &mut World, call: &mut Call) {
    webhook::release_held(shared, world, call);
    world.unfinished = world.unfinished.saturating_sub(1);
}

fn with_session(mut flat: Value, session_id: &str) -> Value {
    if let Some(object) = flat.as_object_mut() {
        object
            .entry("session_id")
            .or_insert_with(|| Value::from(session_id));
    }
    flat
}

/// stop-call. An ended call stays as it is. Our assumption: one that nobody has answered yet
/// stops ringing, ends `not_connected` for `manual_stopped`, and there is no `call_started`.
pub(crate) fn stop(shared: &Shared, world: &mut World, id: &str) {
    let Some(mut call) = world.calls.remove(id) else {
        return;
    };
    if matches!(call.phase, Phase::Registered | Phase::Ongoing) {
        let connected = call.phase == Phase::Ongoing;
        let stopped = Fate::reason("manual_stopped");
        call.fate = Arc::new(Fate {
            analyzed: call.fate.analyzed,
            transcript: call.fate.transcript.clone().filter(|_| connected),
            call_status: if connected { "ended" } else { "not_connected" }.to_owned(),
            connected,
            ..stopped
        });
        end(shared, world, &mut call);
    }
    world.calls.insert(id.to_owned(), call);
}

/// Whether the workspace may start one more call now. A start that is refused counts for
/// nothing. Five per cent of the window are forgiven, for the jitter of whoever paces exactly.
pub(crate) fn has_room(shared: &Shared, usage: &mut Usage) -> bool {
    const FORGIVEN: f64 = 0.95;
    let config = &shared.config;
    let not_ours = config.reserved_inbound.max(config.other_calls);
    if config
        .concurrency_limit
        .is_some_and(|limit| usage.live >= limit.saturating_sub(not_ours))
    {
        return false;
    }
    let Some(rate) = config.starts_per_second.filter(|rate| *rate > 0.0) else {
        return true;
    };
    let (allowed, window) = if rate >= 1.0 {
        (rate.floor(), 1.0)
    } else {
        (1.0, 1.0 / rate)
    };
    let now = Instant::now();
    let is_old = |start: &Instant| now.duration_since(*start).as_secs_f64() >= window * FORGIVEN;
    while usage.starts.front().is_some_and(is_old) {
        usage.starts.pop_front();
    }
    // Counts of starts are far below where f64 loses integers.
    #[allow(clippy::cast_precision_loss)]
    let has_room = (usage.starts.len() as f64) < allowed;
    if has_room {
        usage.starts.push_back(now);
    }
    has_room
}
