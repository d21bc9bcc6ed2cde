//! Webhooks: what is sent, in which order, and what scripts do to it.
//!
//! First attempts of one call go out one after the other, as they happened; a retry, a delayed
//! event and a copy hold nobody up. Retell says "in order, but not blocking": the same, except
//! that Retell does not wait for a receiver that takes its whole timeout over one event.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::call::Call;
use crate::fault::WebhookTrouble;
use crate::ledger::Delivery;
use crate::timer::Task;
use crate::world::{Shared, World};

/// One webhook on its way.
#[derive(Clone, Debug)]
pub(crate) struct Post {
    pub(crate) epoch: u64,
    pub(crate) call_id: String,
    pub(crate) session_id: String,
    pub(crate) event: String,
    pub(crate) url: String,
    pub(crate) body: Arc<str>,
    pub(crate) key: Arc<str>,
    pub(crate) timeout: Duration,
    pub(crate) attempt: u32,
    /// The next webhook of the call waits for its first attempt.
    pub(crate) in_lane: bool,
    pub(crate) seal: Seal,
}

/// How the signature is made wrong; all off is a right one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seal {
    pub(crate) tamper: bool,
    pub(crate) stale_ms: i64,
    pub(crate) wrong_key: bool,
    pub(crate) missing: bool,
    pub(crate) upper_case: bool,
}

const LIFECYCLE: [&str; 3] = ["call_started", "call_ended", "call_analyzed"];

/// One of Retell's events, unless the agent is not subscribed to it.
pub(crate) fn event(
    shared: &Shared,
    world: &mut World,
    call: &mut Call,
    name: &str,
    fields: Option<&Value>,
) {
    if !is_subscribed(call, name) || call.url.is_none() {
        return;
    }
    let mut body = format!(r#"{{"event":"{name}","call":{}"#, call.to_json());
    for (key, value) in fields.and_then(Value::as_object).into_iter().flatten() {
        if !value.is_null() {
            body.push_str(&format!(r#","{key}":{value}"#));
        }
    }
    body.push('}');
    post(shared, world, call, name, None, body);
}

fn is_subscribed(call: &Call, name: &str) -> bool {
    let agent = call
        .request
        .get("agent_override")
        .and_then(|it| it.get("agent"));
    let events = agent
        .and_then(|it| it.get("webhook_events"))
        .and_then(Value::as_array);
    // Without a list: the default three, and the transfers that a fate asks for.
    events.is_none_or(|events| events.iter().any(|it| it == name))
}

/// Sends a body to the call's webhook URL, or to another, after what scripts do to it.
pub(crate) fn post(
    shared: &Shared,
    world: &mut World,
    call: &mut Call,
    event: &str,
    url: Option<&str>,
    body: String,
) {
    let Some(url) = url
        .or(call.url.as_deref())
        .filter(|_| shared.config.deliver_webhooks)
    else {
        return;
    };
    let body = if shared.config.escape_non_ascii {
        escaped(&body)
    } else {
        body
    };
    let mut post = Post {
        epoch: world.epoch,
        call_id: call.id.clone(),
        session_id: call.session_id().to_owned(),
        event: event.to_owned(),
        url: url.to_owned(),
        body: body.into(),
        key: Arc::clone(&call.signing_key),
        timeout: call.webhook_timeout,
        attempt: 1,
        in_lane: true,
        seal: Seal::default(),
    };
    let (mut copies, mut delay, mut hold, mut drop) = (0, None, false, false);
    let mut unknown_first = false;
    for fault in call.faults.iter().filter(|fault| fault.concerns(event)) {
        match fault.trouble {
            WebhookTrouble::Drop => drop = true,
            WebhookTrouble::Duplicate { copies: more } => copies += more,
            WebhookTrouble::Delay { by } => delay = Some(by),
            WebhookTrouble::Reorder => hold = LIFECYCLE.contains(&event),
            WebhookTrouble::Tamper => post.seal.tamper = true,
            WebhookTrouble::Stale { ms } => post.seal.stale_ms = ms,
            WebhookTrouble::WrongKey => post.seal.wrong_key = true,
            WebhookTrouble::NoSignature => post.seal.missing = true,
            WebhookTrouble::UpperCaseDigest => post.seal.upper_case = true,
            WebhookTrouble::UnknownEventFirst => unknown_first = true,
        }
    }
    if unknown_first {
        let body = format!(
            r#"{{"event":"call_levitated","call":{{"call_id":"{}"}}}}"#,
            call.id
        );
        let first = Post {
            event: "call_levitated".to_owned(),
            body: body.into(),
            ..post.clone()
        };
        enter_lane(shared, world, call, first);
    }
    if drop {
        record_drop(shared, world, &post);
        return;
    }
    for _ in 0..copies {
        let copy = Post {
            in_lane: false,
            ..post.clone()
        };
        world.undelivered += 1;
        match delay {
            Some(by) => shared.timers.after(by, Task::Deliver(Box::new(copy))),
            None => shared.outbox.push(copy),
        }
    }
    if let Some(by) = delay {
        post.in_lane = false;
        world.undelivered += 1;
        shared.timers.after(by, Task::Deliver(Box::new(post)));
    } else if hold {
        call.held.push(post);
    } else {
        enter_lane(shared, world, call, post);
    }
}

/// Sends what `Reorder` held back, the newest first.
pub(crate) fn release_held(shared: &Shared, world: &mut World, call: &mut Call) {
    while let Some(post) = call.held.pop() {
        enter_lane(shared, world, call, post);
    }
}

fn enter_lane(shared: &Shared, world: &mut World, call: &mut Call, post: Post) {
    world.undelivered += 1;
    if call.lane_busy {
        call.lane.push_back(post);
    } else {
        call.lane_busy = true;
        shared.outbox.push(post);
    }
}

fn record_drop(shared: &Shared, world: &mut World, post: &Post) {
    let now = shared.seconds();
    world.deliveries.push(Delivery {
        call_id: post.call_id.clone(),
        session_id: post.session_id.clone(),
        event: post.event.clone(),
        attempt: 0,
        status: None,
        error: Some("dropped".to_owned()),
        url: post.url.clone(),
        body: post.body.to_string(),
        signature: None,
        at: shared.now(),
        started: now,
        ended: now,
    });
}

/// After an attempt: the next of the call may go, and this one is tried again if it failed.
pub(crate) fn settle(shared: &Shared, mut post: Post, delivery: Delivery) {
    let accepted = delivery.accepted();
    if shared.config.log.is_some() {
        let result = match (delivery.status, &delivery.error) {
            (Some(status), _) => status.to_string(),
            (None, error) => error.clone().unwrap_or_default(),
        };
        let (event, id, attempt) = (&post.event, &post.call_id, post.attempt);
        shared.say(&format!(
            "webhook   {id} {event} (attempt {attempt}): {result}"
        ));
    }
    let mut guard = shared.lock();
    let world = &mut *guard;
    if world.epoch != post.epoch {
        return;
    }
    world.counters.deliveries += 1;
    world.counters.accepted += u64::from(accepted);
    world.deliveries.push(delivery);
    if post.in_lane
        && let Some(call) = world.calls.get_mut(&post.call_id)
    {
        match call.lane.pop_front() {
            Some(next) => shared.outbox.push(next),
            None => call.lane_busy = false,
        }
    }
    if accepted || post.attempt > shared.config.webhook_retries {
        world.undelivered = world.undelivered.saturating_sub(1);
    } else {
        post.attempt += 1;
        post.in_lane = false;
        let spacing = shared.config.webhook_retry_spacing;
        shared.timers.after(spacing, Task::Deliver(Box::new(post)));
    }
    drop(guard);
    shared.notify();
}

/// Posts that wait for a delivery thread.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: Mutex<(VecDeque<Post>, bool)>,
    filled: Condvar,
}

impl Outbox {
    pub(crate) fn push(&self, post: Post) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.0.push_back(post);
        drop(queue);
        self.filled.notify_one();
    }

    /// Waits for the next; `None` once stopped.
    pub(crate) fn next(&self) -> Option<Post> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if queue.1 {
                return None;
            }
            if let Some(post) = queue.0.pop_front() {
                return Some(post);
            }
            queue = self
                .filled
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(crate) fn clear(&self) {
        self.queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .0
            .clear();
    }

    pub(crate) fn stop(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
        self.filled.notify_all();
    }
}

/// Fills `{{variable}}` in a URL; a variable that was not given stays as it is.
pub(crate) fn expand(url: &str, variables: Option<&Value>) -> String {
    let mut expanded = String::with_capacity(url.len());
    let mut rest = url;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, behind)) = after.split_once("}}") else {
            break;
        };
        expanded.push_str(before);
        match variables
            .and_then(|it| it.get(name.trim()))
            .and_then(Value::as_str)
        {
            Some(value) => value
                .bytes()
                .for_each(|byte| push_escaped(&mut expanded, byte)),
            None => expanded.push_str(&format!("{{{{{name}}}}}")),
        }
        rest = behind;
    }
    expanded + rest
}

fn push_escaped(url: &mut String, byte: u8) {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        url.push(char::from(byte));
    } else {
        url.push_str(&format!("%{byte:02X}"));
    }
}

/// The same JSON in ASCII.
fn escaped(json: &str) -> String {
    let mut ascii = String::with_capacity(json.len());
    for letter in json.chars() {
        if letter.is_ascii() {
            ascii.push(letter);
        } else {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                ascii.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    ascii
}
