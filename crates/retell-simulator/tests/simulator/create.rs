//! `POST /v2/create-phone-call`: who may, what is refused, what is answered.

use std::collections::HashSet;
use std::io::Write;
use std::time::Duration;

use retell_simulator::{ApiKey, Config, PhoneNumber};
use serde_json::{Value, json};

use crate::support::*;

const PATH: &str = "/v2/create-phone-call";

#[test]
fn a_created_call_is_registered_and_echoes_its_request() {
    let retell = start(Config {
        timing: never_answered(),
        ..Config::default()
    });
    let answer = create(&retell, &order("s1"));
    assert_eq!(answer.status(), 201);
    let call = answer.json();
    assert_eq!(call["call_status"], "registered");
    assert_eq!(call["call_type"], "phone_call");
    assert_eq!(call["direction"], "outbound");
    assert_eq!(call["agent_id"], "agent_1");
    assert_eq!(call["agent_version"], 1);
    assert_eq!(call["metadata"], json!({"session_id": "s1"}));
    assert_eq!(
        call["retell_llm_dynamic_variables"]["customer_name"],
        "José"
    );
    assert!(call.get("start_timestamp").is_none());
    let id = call["call_id"].as_str().unwrap();
    assert_eq!((id.len(), &id[..5]), (32, "call_"));
}

#[test]
fn metadata_and_variables_that_were_not_given_are_omitted() {
    let retell = start(Config::default());
    let minimal = json!({"from_number": "+15550100900", "to_number": CALLED,
                         "override_agent_id": "a"});
    let call = create(&retell, &minimal).json();
    assert!(call.get("metadata").is_none());
    assert!(call.get("retell_llm_dynamic_variables").is_none());
}

#[test]
fn no_header_and_a_wrong_key_are_refused_in_their_two_shapes() {
    let retell = start(Config {
        api_keys: vec![ApiKey::new(KEY)],
        ..Config::default()
    });
    let body = order("s1").to_string();
    let nobody = attempt(&retell, "POST", PATH, None, &body).unwrap();
    assert_eq!(nobody.status(), 401);
    assert_eq!(
        nobody.json(),
        json!({"error_message": "Authorization header required"})
    );
    let stranger = attempt(&retell, "POST", PATH, Some("wrong"), &body).unwrap();
    assert_eq!(stranger.status(), 401);
    assert_eq!(
        stranger.json(),
        json!({"status": "error", "message": "Invalid API Key."})
    );
    assert!(retell.ledger().is_empty());
}

#[test]
fn a_request_that_breaks_the_schema_is_refused_in_the_observed_words() {
    let retell = start(Config::default());
    let agent = |setting: Value| json!({"agent": setting});
    let cases = [
        (
            "from_number",
            json!(""),
            "from_number must NOT have fewer than 1 characters",
        ),
        ("to_number", json!(15_550), "to_number must be string"),
        (
            "retell_llm_dynamic_variables",
            json!({"customer_name": null}),
            "retell_llm_dynamic_variables/customer_name must be string",
        ),
        (
            "retell_llm_dynamic_variables",
            json!({"age": 4}),
            "retell_llm_dynamic_variables/age must be string",
        ),
        ("metadata", json!("text"), "metadata must be object"),
        (
            "honor_internal_dnc",
            json!("yes"),
            "honor_internal_dnc must be boolean",
        ),
        (
            "override_agent_version",
            json!("v3"),
            "override_agent_version must be integer or agent version tag",
        ),
        ("agent_override", json!([]), "agent_override must be object"),
        (
            "agent_override",
            agent(json!({"ring_duration_ms": 100})),
            "agent_override/agent/ring_duration_ms must be >= 5000",
        ),
        (
            "agent_override",
            agent(json!({"webhook_url": 1})),
            "agent_override/agent/webhook_url must be string,null",
        ),
        (
            "agent_override",
            agent(json!({"webhook_events": ["call_exploded"]})),
            "agent_override/agent/webhook_events/0 must be equal to one of the allowed values",
        ),
    ];
    for (key, value, problem) in cases {
        let answer = create(&retell, &with(order("s1"), key, value));
        assert_eq!(answer.status(), 400);
        assert_eq!(
            answer.text("error_message"),
            format!("request/body/{problem}")
        );
    }
    let mut without = order("s1");
    without.as_object_mut().unwrap().remove("to_number");
    let problem = "request/body must have required property 'to_number'";
    assert_eq!(create(&retell, &without).text("error_message"), problem);
    let broken = attempt(&retell, "POST", PATH, Some(KEY), "{").unwrap();
    assert_eq!(broken.status(), 400);
    assert!(retell.ledger().is_empty());
}

#[test]
fn agent_versions_may_be_numbers_and_tags() {
    let retell = start(Config::default());
    for version in [
        json!(0),
        json!(7),
        json!("latest"),
        json!("latest_published"),
        json!("prod"),
    ] {
        let order = json!({"from_number": "+15550100900", "to_number": CALLED,
                           "override_agent_id": "a", "override_agent_version": version});
        assert_eq!(create(&retell, &order).status(), 201, "{version}");
    }
}

#[test]
fn unknown_keys_are_accepted_unless_the_switch_refuses_them_by_name() {
    let order = with(order("s1"), "webhook_url", json!("http://127.0.0.1:1/"));
    let lenient = start(Config::default());
    assert_eq!(create(&lenient, &order).status(), 201);
    let strict = start(Config {
        reject_unknown_keys: true,
        ..Config::default()
    });
    let answer = create(&strict, &order);
    assert_eq!(answer.status(), 400);
    assert!(answer.text("error_message").contains("webhook_url"));
}

#[test]
fn a_caller_number_must_be_in_the_account_and_needs_an_agent() {
    let bound = Some("agent_bound".to_owned());
    let number = |number: &str, outbound_agent| PhoneNumber {
        number: number.to_owned(),
        outbound_agent,
    };
    let phone_numbers = vec![number("+15550100900", None), number("+15550100901", bound)];
    let retell = start(Config {
        phone_numbers,
        ..Config::default()
    });
    let unknown = create(
        &retell,
        &with(order("s1"), "from_number", json!("+15550100902")),
    );
    assert_eq!(unknown.status(), 404);
    assert_eq!(
        unknown.text("message"),
        "Item +15550100902 not found from phone-number"
    );
    let mut without_agent = order("s1");
    without_agent
        .as_object_mut()
        .unwrap()
        .remove("override_agent_id");
    let answer = create(&retell, &without_agent);
    assert_eq!(answer.status(), 400);
    let problem = "No outbound agent id set up for phone number.";
    assert_eq!(answer.text("error_message"), problem);
    let answer = create(
        &retell,
        &with(without_agent, "from_number", json!("+15550100901")),
    );
    assert_eq!(answer.text("agent_id"), "agent_bound");
}

#[test]
fn a_used_idempotency_key_answers_the_same_call_and_dials_nobody() {
    let retell = start(Config::default());
    let first = call(&retell, &order("s1"));
    assert_eq!(call(&retell, &order("s1")), first);
    assert_eq!(call(&retell, &order("s1")), first);
    assert_ne!(call(&retell, &order("s2")), first);
    let dials = retell.dials_for("s1");
    assert_eq!((dials.len(), dials[0].replays), (1, 2));
    assert_eq!(dials[0].idempotency_key.as_deref(), Some("s1"));
    assert_eq!(dials[0].body["to_number"], CALLED);
}

#[test]
fn creates_at_the_same_moment_with_one_key_ring_once() {
    let retell = start(Config::default());
    let ids: HashSet<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| call(&retell, &order("s1"))))
            .collect();
        threads.into_iter().map(|it| it.join().unwrap()).collect()
    });
    let dials = retell.dials_for("s1");
    assert_eq!((ids.len(), dials.len(), dials[0].replays), (1, 1, 15));
}

#[test]
fn an_idempotency_key_beyond_its_window_makes_a_new_call() {
    let retell = start(Config {
        idempotency_window: Duration::ZERO,
        ..Config::default()
    });
    assert_ne!(call(&retell, &order("s1")), call(&retell, &order("s1")));
    assert_eq!(retell.dials_for("s1").len(), 2);
}

#[test]
fn an_idempotency_key_belongs_to_one_workspace() {
    let retell = start(Config::default());
    let body = order("s1").to_string();
    let one = attempt(&retell, "POST", PATH, Some("key_one"), &body).unwrap();
    let two = attempt(&retell, "POST", PATH, Some("key_two"), &body).unwrap();
    assert_ne!(one.text("call_id"), two.text("call_id"));
}

#[test]
fn honor_internal_dnc_refuses_who_asked_not_to_be_called() {
    let do_not_call = vec![CALLED.to_owned()];
    let retell = start(Config {
        do_not_call,
        ..Config::default()
    });
    assert_eq!(create(&retell, &order("s1")).status(), 201);
    let honest = with(order("s2"), "honor_internal_dnc", json!(true));
    assert_eq!(create(&retell, &honest).status(), 400);
    assert!(retell.dials_for("s2").is_empty());
}

#[test]
fn a_connection_serves_many_requests_chunked_ones_too() {
    let retell = start(Config::default());
    let mut socket = connect(&retell);
    write_request(
        &mut socket,
        "POST",
        PATH,
        Some(KEY),
        &order("s1").to_string(),
    )
    .unwrap();
    assert_eq!(read_message(&mut socket).unwrap().status(), 201);
    let body = order("s2").to_string();
    let (one, two) = body.split_at(20);
    let request = format!(
        "POST {PATH} HTTP/1.1\r\nAuthorization: Bearer {KEY}\r\nTransfer-Encoding: chunked\r\n\r\n\
         {:x}\r\n{one}\r\n{:X};x=y\r\n{two}\r\n0\r\n\r\n",
        one.len(),
        two.len(),
    );
    socket.write_all(request.as_bytes()).unwrap();
    assert_eq!(read_message(&mut socket).unwrap().status(), 201);
    let dials = retell.dials_for("s2");
    assert_eq!(*dials[0].body, order("s2"));
    let connections: Vec<u64> = retell.requests().iter().map(|it| it.connection).collect();
    assert_eq!(connections[0], connections[1]);
}

#[test]
fn requests_are_remembered_with_their_answers_and_without_their_keys() {
    let retell = start(Config::default());
    create(&retell, &order("s1"));
    get(&retell, "/v2/get-call/call_unknown");
    let requests = retell.requests();
    assert_eq!(requests[0].status, Some(201));
    assert_eq!(requests[0].json(), order("s1"));
    assert_eq!(requests[0].key_suffix, "cdef");
    assert_eq!(requests[1].status_text(), "422");
    assert!(!format!("{requests:?}").contains(KEY));
}

#[test]
fn an_unknown_path_is_404_json() {
    let retell = start(Config::default());
    let answer = get(&retell, "/v9/nothing");
    assert_eq!(
        (answer.status(), answer.text("status")),
        (404, "error".to_owned())
    );
}

#[test]
fn it_listens_on_loopback_only() {
    let listen = ([0, 0, 0, 0], 0).into();
    assert!(
        retell_simulator::Simulator::start(Config {
            listen,
            ..Config::default()
        })
        .is_err()
    );
}
