//! The simulator's own endpoints, `/sim/…`, for those who use the binary. They need no key.

use serde::Serialize;
use serde_json::json;

use crate::api::Reply;
use crate::script::Script;
use crate::world::{Shared, Snapshot};

pub(crate) fn answer(shared: &Shared, method: &str, path: &str, body: &[u8]) -> Reply {
    match (method, path) {
        ("GET", "/sim/health") => {
            let world = shared.lock();
            let snapshot = Snapshot(&world);
            let (idle, counters) = (snapshot.idle(), snapshot.counters());
            drop(world);
            Reply::json(
                200,
                json!({"ok": true, "idle": idle, "counters": counters}).to_string(),
            )
        }
        ("GET", "/sim/ledger") => rows(&shared.lock().dials.all().to_vec()),
        ("GET", "/sim/requests") => rows(&shared.lock().requests.all().to_vec()),
        ("GET", "/sim/deliveries") => rows(&shared.lock().deliveries.all().to_vec()),
        ("POST", "/sim/script") => match scripts(body) {
            Ok(scripts) => {
                let added = scripts.len();
                shared.add_scripts(scripts);
                Reply::json(201, json!({"added": added}).to_string())
            }
            Err(problem) => Reply::error(400, &problem.to_string()),
        },
        ("POST", "/sim/clock") => {
            let asked = serde_json::from_slice::<serde_json::Value>(body).unwrap_or_default();
            match asked["ahead_ms"].as_i64() {
                Some(ahead_ms) => {
                    shared.set_clock(ahead_ms);
                    Reply::json(200, json!({"ahead_ms": ahead_ms}).to_string())
                }
                None => Reply::error(400, "a clock needs ahead_ms, a whole number"),
            }
        }
        ("POST", "/sim/reset") => {
            clear(shared);
            Reply::json(200, json!({"ok": true}).to_string())
        }
        _ => Reply::error(404, "the simulator has no such endpoint"),
    }
}

/// One script or an array of them.
fn scripts(body: &[u8]) -> Result<Vec<Script>, serde_json::Error> {
    if body.trim_ascii_start().starts_with(b"[") {
        serde_json::from_slice(body)
    } else {
        serde_json::from_slice(body).map(|script| vec![script])
    }
}

fn rows<T: Serialize>(rows: &Vec<T>) -> Reply {
    Reply::json(200, serde_json::to_string(rows).unwrap_or_default())
}

/// Forgets everything; what is under way comes to nothing.
pub(crate) fn clear(shared: &Shared) {
    let mut world = shared.lock();
    world.clear();
    shared.timers.clear();
    shared.outbox.clear();
    drop(world);
    shared.notify();
}
