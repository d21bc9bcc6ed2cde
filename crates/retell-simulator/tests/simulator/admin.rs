//! The simulator's own endpoints, and forgetting.

use retell_simulator::{Config, CreateFault, Script, Timing};
use serde_json::json;

use crate::support::*;

#[test]
fn the_ledger_can_be_read_over_http_without_a_key() {
    let receiver = Receiver::start();
    let retell = start(Config {
        timing: Timing::INSTANT,
        default_webhook_url: Some(receiver.url.clone()),
        ..Config::default()
    });
    let id = call(&retell, &order("s1"));
    settle(&retell);
    let read = |path: &str| attempt(&retell, "GET", path, None, "").unwrap().json();
    let dial = &read("/sim/ledger")[0];
    assert_eq!(
        (&dial["call_id"], &dial["session_id"]),
        (&json!(id), &json!("s1"))
    );
    assert_eq!(dial["body"], order("s1"));
    assert_eq!(read("/sim/requests")[0]["status"], 201);
    assert_eq!(read("/sim/deliveries").as_array().unwrap().len(), 3);
    let health = read("/sim/health");
    assert_eq!(
        (&health["ok"], &health["idle"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(health["counters"]["dials"], 1);
    assert_eq!(
        retell.requests().len(),
        1,
        "its own requests are not Retell's"
    );
}

#[test]
fn scripts_can_be_posted_one_or_many() {
    let retell = start(Config {
        timing: Timing::INSTANT,
        ..Config::default()
    });
    let script = |body| attempt(&retell, "POST", "/sim/script", None, body).unwrap();
    let one = r#"{"when": {"metadata": {"session_id": "s1"}}, "times": 1,
                  "create": {"creates": "no", "answer": {"kind": "status", "status": 429,
                             "headers": [["Retry-After", "2"]]}}}"#;
    assert_eq!(script(one).status(), 201);
    let many = r#"[{"when": {"to_number": "+15550100101"}, "fate": "dial_busy",
                    "timing": {"ring_ms": 1}, "webhooks": [{"event": "call_ended", "kind": "drop"},
                    {"kind": "duplicate", "copies": 2}]},
                   {"create": {"creates": {"after": 5}, "answer": {"kind": "hang", "ms": 10}}}]"#;
    assert_eq!(script(many).json(), json!({"added": 2}));
    assert_eq!(
        create(&retell, &order("s1")).header("retry-after"),
        Some("2")
    );
    assert!(try_create(&retell, &order("s1")).is_err());
    settle(&retell);
    assert!(retell.wait_for(|now| now.counters().ended == 1, PATIENCE));
    assert_eq!(
        retell.dials_for("s1")[0].ended_reason.as_deref(),
        Some("dial_busy")
    );
    assert_eq!(script(r#"{"whn": {}}"#).status(), 400);
}

#[test]
fn a_reset_forgets_calls_scripts_and_keys() {
    let retell = start(Config {
        timing: slow(),
        ..Config::default()
    });
    let id = call(&retell, &order("s1"));
    retell.script(Script::any().create(CreateFault::status(500, "")));
    assert_eq!(
        attempt(&retell, "POST", "/sim/reset", None, "")
            .unwrap()
            .status(),
        200
    );
    assert!(retell.ledger().is_empty() && retell.requests().is_empty());
    assert!(retell.wait_until_idle(PATIENCE));
    assert_ne!(call(&retell, &order("s1")), id);
}

#[test]
fn without_a_ledger_it_still_counts() {
    let retell = start(Config {
        keep_ledger: false,
        timing: Timing::INSTANT,
        ..Config::default()
    });
    let id = call(&retell, &order("s1"));
    call(&retell, &order("s1"));
    settle(&retell);
    assert!(retell.ledger().is_empty() && retell.requests().is_empty());
    let counters = retell.counters();
    assert_eq!(
        (counters.dials, counters.replays, counters.ended),
        (1, 1, 1)
    );
    assert_eq!(state(&retell, &id)["call_status"], "ended");
}

#[test]
fn stopping_ends_hanging_connections() {
    let retell = start(Config::default());
    retell.script(Script::any().create(CreateFault::hang_after_creating()));
    let mut socket = connect(&retell);
    let body = order("s1").to_string();
    write_request(
        &mut socket,
        "POST",
        "/v2/create-phone-call",
        Some(KEY),
        &body,
    )
    .unwrap();
    assert!(retell.wait_for(|now| now.dials().len() == 1, PATIENCE));
    let address = retell.address();
    retell.stop();
    assert!(read_message(&mut socket).is_err());
    assert!(std::net::TcpStream::connect(address).is_err());
}
