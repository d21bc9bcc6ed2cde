//! Concurrency and pace.

use retell_simulator::{
    Config, OverLimit, Timing, max_concurrent, max_concurrent_to_one_number, max_starts_per_second,
};
use serde_json::json;

use crate::support::*;

#[test]
fn a_create_above_the_concurrency_is_refused_until_a_call_ends() {
    let retell = start(Config {
        concurrency_limit: Some(1),
        timing: slow(),
        ..Config::default()
    });
    let first = call(&retell, &order("s1"));
    assert_eq!(create(&retell, &order("s2")).status(), 429);
    assert_eq!(call(&retell, &order("s1")), first, "a replay needs no room");
    let stopped = post(&retell, &format!("/v2/stop-call/{first}"), &json!({}));
    assert_eq!(stopped.status(), 204);
    assert_eq!(create(&retell, &order("s2")).status(), 201);
    assert_eq!(max_concurrent(&retell.ledger()), 1);
}

#[test]
fn a_create_above_the_concurrency_can_end_as_a_call_instead() {
    let retell = start(Config {
        concurrency_limit: Some(1),
        over_limit: OverLimit::EndCall,
        timing: slow(),
        ..Config::default()
    });
    call(&retell, &order("s1"));
    let second = call(&retell, &order("s2"));
    let ended = |now: &retell_simulator::Snapshot<'_>| now.counters().ended == 1;
    assert!(retell.wait_for(ended, PATIENCE));
    let call = state(&retell, &second);
    assert_eq!(call["call_status"], "error");
    assert_eq!(call["disconnection_reason"], "concurrency_limit_reached");
    assert!(!retell.dials_for("s2")[0].rang);
}

#[test]
fn a_workspace_has_its_own_limits() {
    let retell = start(Config {
        concurrency_limit: Some(1),
        timing: slow(),
        ..Config::default()
    });
    call(&retell, &order("s1"));
    let body = order("s2").to_string();
    let other = attempt(
        &retell,
        "POST",
        "/v2/create-phone-call",
        Some("other"),
        &body,
    )
    .unwrap();
    assert_eq!(other.status(), 201);
}

#[test]
fn a_burst_above_the_pace_is_refused() {
    let retell = start(Config {
        starts_per_second: Some(0.001),
        ..Config::default()
    });
    assert_eq!(create(&retell, &order("s1")).status(), 201);
    assert_eq!(create(&retell, &order("s2")).status(), 429);
    let retell = start(Config {
        starts_per_second: Some(1000.0),
        ..Config::default()
    });
    assert_eq!(create(&retell, &order("s1")).status(), 201);
    assert_eq!(create(&retell, &order("s2")).status(), 201);
}

#[test]
fn the_ledger_tells_how_many_calls_lived_at_once() {
    let retell = start(Config {
        timing: Timing::INSTANT,
        ..Config::default()
    });
    call(&retell, &order("s1"));
    settle(&retell);
    call(&retell, &order("s2"));
    settle(&retell);
    assert_eq!(max_concurrent_to_one_number(&retell.ledger()), 1);
    let retell = start(Config {
        timing: slow(),
        ..Config::default()
    });
    call(&retell, &order("s1"));
    call(&retell, &order("s2"));
    call(
        &retell,
        &with(order("s3"), "to_number", json!("+15550100199")),
    );
    let ledger = retell.ledger();
    assert_eq!(
        (
            max_concurrent_to_one_number(&ledger),
            max_concurrent(&ledger)
        ),
        (2, 3)
    );
    assert_eq!(max_starts_per_second(&ledger), 3);
}
