//! The endpoints about calls that exist.

use std::collections::HashSet;

use retell_simulator::{ApiKey, Config, Fate, Script, Simulator, Timing};
use serde_json::{Value, json};

use crate::support::*;

fn listed(retell: &Simulator, query: &Value) -> Vec<String> {
    let answer = post(retell, "/v3/list-calls", query);
    assert_eq!(answer.status(), 200, "{}", answer.body);
    let items = answer.json()["items"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    items
        .iter()
        .map(|it| it["call_id"].as_str().unwrap_or("").to_owned())
        .collect()
}

fn only(key: &str, filter: Value) -> Value {
    json!({"filter_criteria": {key: filter}, "sort_order": "ascending"})
}

#[test]
fn a_call_goes_from_registered_to_ongoing_to_ended() {
    let waiting = start(Config {
        timing: never_answered(),
        ..Config::default()
    });
    let id = call(&waiting, &order("s1"));
    assert_eq!(state(&waiting, &id)["call_status"], "registered");
    let talking = start(Config {
        timing: slow(),
        ..Config::default()
    });
    let id = call(&talking, &order("s1"));
    assert!(talking.wait_for(|now| now.dials()[0].connected, PATIENCE));
    let ongoing = state(&talking, &id);
    assert_eq!(ongoing["call_status"], "ongoing");
    assert!(ongoing["start_timestamp"].is_i64() && ongoing.get("end_timestamp").is_none());
    let done = start(Config {
        timing: Timing::INSTANT,
        ..Config::default()
    });
    let id = call(&done, &order("s1"));
    settle(&done);
    let ended = state(&done, &id);
    assert_eq!(ended["call_status"], "ended");
    assert_eq!(ended["disconnection_reason"], "agent_hangup");
    assert_eq!(
        ended["call_analysis"]["custom_analysis_data"]["appointment_action"],
        "confirmed"
    );
    assert!(ended["transcript"].is_string() && ended["call_cost"]["combined_cost"].is_number());
    assert_eq!(get(&done, "/v2/get-call/call_x").status(), 422);
    let problem = "Cannot find requested asset under given api key.";
    assert_eq!(get(&done, "/v2/get-call/call_x").text("message"), problem);
}

#[test]
fn list_calls_filters_by_what_a_reconciliation_asks() {
    let retell = start(Config {
        timing: Timing::INSTANT,
        ..Config::default()
    });
    retell.script(Script::session("s2").fate(Fate::busy()));
    let one = call(&retell, &order("s1"));
    let two = call(
        &retell,
        &with(order("s2"), "to_number", json!("+15550100102")),
    );
    settle(&retell);
    let text = |value: &str| json!({"type": "string", "op": "eq", "value": value});
    let session = |value: &str| {
        only(
            "metadata",
            json!([{"type": "string", "op": "eq", "key": "session_id", "value": value}]),
        )
    };
    let statuses = json!({"type": "enum", "op": "in", "value": ["not_connected"]});
    let since_ever = json!({"type": "number", "op": "ge", "value": 1});
    assert_eq!(listed(&retell, &session("s1")), [one.as_str()]);
    assert_eq!(listed(&retell, &session("s2")), [two.as_str()]);
    assert!(listed(&retell, &session("s3")).is_empty());
    assert_eq!(
        listed(&retell, &only("to_number", text("+15550100102"))),
        [two.as_str()]
    );
    assert_eq!(
        listed(&retell, &only("call_id", text(&one))),
        [one.as_str()]
    );
    assert_eq!(
        listed(&retell, &only("call_status", statuses)),
        [two.as_str()]
    );
    assert_eq!(
        listed(&retell, &only("start_timestamp", since_ever)),
        [one.as_str()]
    );
    let all = [one.as_str(), two.as_str()];
    assert_eq!(
        listed(&retell, &json!({"sort_order": "ascending"})).len(),
        all.len()
    );
    let items = post(&retell, "/v3/list-calls", &session("s1")).json();
    assert!(items["items"][0].get("transcript").is_none());
}

#[test]
fn list_calls_pages_through_everything_once() {
    let retell = start(Config {
        timing: Timing::INSTANT,
        ..Config::default()
    });
    let made: HashSet<String> = (0..7)
        .map(|n| call(&retell, &order(&format!("s{n}"))))
        .collect();
    settle(&retell);
    let mut seen = Vec::new();
    let mut query = json!({"limit": 3, "include_total": true});
    loop {
        let page = post(&retell, "/v3/list-calls", &query).json();
        assert_eq!(page["total"], 7);
        let items = page["items"].as_array().unwrap();
        seen.extend(
            items
                .iter()
                .map(|it| it["call_id"].as_str().unwrap().to_owned()),
        );
        if page["has_more"] == false {
            break;
        }
        query["pagination_key"] = page["pagination_key"].clone();
    }
    assert_eq!((seen.len(), HashSet::from_iter(seen)), (7, made));
    let skipped = post(&retell, "/v3/list-calls", &json!({"skip": 5})).json();
    assert_eq!(skipped["items"].as_array().unwrap().len(), 2);
}

#[test]
fn list_calls_refuses_what_it_cannot_mean() {
    let retell = start(Config::default());
    for query in [
        json!({"limit": 1001}),
        json!({"limit": 0}),
        json!({"skip": 1, "pagination_key": "x"}),
        json!({"sort_order": "sideways"}),
        json!({"filter_criteria": {"to_number": ["+1"]}}),
        json!({"filter_criteria": {"metadata": [{"type": "string", "op": "eq", "value": "x"}]}}),
    ] {
        assert_eq!(
            post(&retell, "/v3/list-calls", &query).status(),
            400,
            "{query}"
        );
    }
}

#[test]
fn stopping_a_call_ends_it_and_its_outcome_is_gone() {
    let receiver = Receiver::start();
    let retell = start(Config {
        timing: slow(),
        default_webhook_url: Some(receiver.url.clone()),
        ..Config::default()
    });
    let id = call(&retell, &order("s1"));
    assert!(retell.wait_for(|now| now.dials()[0].connected, PATIENCE));
    let answer = post(&retell, &format!("/v2/stop-call/{id}"), &json!({}));
    assert_eq!((answer.status(), answer.body.as_str()), (204, ""));
    settle(&retell);
    let call = state(&retell, &id);
    assert_eq!(
        (&call["call_status"], &call["disconnection_reason"]),
        (&json!("ended"), &json!("manual_stopped"))
    );
    assert_eq!(call["call_analysis"]["custom_analysis_data"], json!({}));
    assert_eq!(
        receiver.events(),
        ["call_started", "call_ended", "call_analyzed"]
    );
    assert_eq!(
        post(&retell, &format!("/v2/stop-call/{id}"), &json!({})).status(),
        204
    );
    assert_eq!(
        post(&retell, "/v2/stop-call/call_x", &json!({})).status(),
        422
    );
}

#[test]
fn stopping_a_ringing_call_means_that_it_never_connected() {
    let receiver = Receiver::start();
    let retell = start(Config {
        timing: never_answered(),
        default_webhook_url: Some(receiver.url.clone()),
        ..Config::default()
    });
    let id = call(&retell, &order("s1"));
    post(&retell, &format!("/v2/stop-call/{id}"), &json!({}));
    settle(&retell);
    let call = state(&retell, &id);
    assert_eq!(call["call_status"], "not_connected");
    assert_eq!(call["disconnection_reason"], "manual_stopped");
    assert_eq!(receiver.events(), ["call_ended", "call_analyzed"]);
}

#[test]
fn a_deleted_call_is_gone() {
    let retell = start(Config::default());
    let id = call(&retell, &order("s1"));
    let path = format!("/v2/delete-call/{id}");
    assert_eq!(
        attempt(&retell, "DELETE", &path, Some(KEY), "")
            .unwrap()
            .status(),
        204
    );
    assert_eq!(
        attempt(&retell, "DELETE", &path, Some(KEY), "")
            .unwrap()
            .status(),
        422
    );
    assert_eq!(get(&retell, &format!("/v2/get-call/{id}")).status(), 422);
    assert!(listed(&retell, &json!({})).is_empty());
}

#[test]
fn updating_a_call_changes_metadata_and_only_tightens_storage() {
    let retell = start(Config::default());
    let id = call(&retell, &order("s1"));
    let path = format!("/v2/update-call/{id}");
    let update =
        |body: Value| attempt(&retell, "PATCH", &path, Some(KEY), &body.to_string()).unwrap();
    let answer = update(json!({"metadata": {"session_id": "s2"}}));
    assert_eq!(answer.json()["metadata"]["session_id"], "s2");
    assert_eq!(
        update(json!({"data_storage_setting": "basic_attributes_only"})).status(),
        200
    );
    assert_eq!(
        update(json!({"data_storage_setting": "everything"})).status(),
        400
    );
    assert_eq!(update(json!({"call_status": "ended"})).status(), 400);
    assert_eq!(
        update(json!({"metadata": {"x": "y".repeat(50_000)}})).status(),
        400
    );
}

#[test]
fn a_key_sees_the_calls_of_its_workspace_alone() {
    let api_keys = vec![
        ApiKey::new(KEY).org("one"),
        ApiKey::new("key_colleague").org("one"),
        ApiKey::new("key_stranger").org("two"),
    ];
    let retell = start(Config {
        api_keys,
        ..Config::default()
    });
    let id = call(&retell, &order("s1"));
    let path = format!("/v2/get-call/{id}");
    let status = |key| {
        attempt(&retell, "GET", &path, Some(key), "")
            .unwrap()
            .status()
    };
    assert_eq!(
        (status("key_colleague"), status("key_stranger")),
        (200, 422)
    );
    let list = |key| {
        attempt(&retell, "POST", "/v3/list-calls", Some(key), "{}")
            .unwrap()
            .json()
    };
    assert_eq!(list("key_colleague")["items"].as_array().unwrap().len(), 1);
    assert_eq!(list("key_stranger")["items"].as_array().unwrap().len(), 0);
    let stop = format!("/v2/stop-call/{id}");
    let stopped = attempt(&retell, "POST", &stop, Some("key_stranger"), "").unwrap();
    assert_eq!(stopped.status(), 422);
}

#[test]
fn concurrency_key_and_agent_can_be_asked_for() {
    let agents = vec!["agent_1".to_owned()];
    let retell = start(Config {
        timing: slow(),
        agents,
        ..Config::default()
    });
    call(&retell, &order("s1"));
    let concurrency = get(&retell, "/get-concurrency").json();
    assert_eq!(
        (
            &concurrency["current_concurrency"],
            &concurrency["concurrency_limit"]
        ),
        (&json!(1), &json!(1_000_000))
    );
    let info = get(&retell, "/get-api-key-info");
    assert!(info.text("org_id").starts_with("org_") && !info.text("org_name").is_empty());
    assert_eq!(
        get(&retell, "/get-agent/agent_1").text("agent_id"),
        "agent_1"
    );
    assert_eq!(get(&retell, "/get-agent/agent_2").status(), 422);
    let stranger = with(order("s2"), "override_agent_id", json!("agent_2"));
    assert_eq!(create(&retell, &stranger).status(), 404);
}
