//! Answers that go wrong, and whether a phone rang all the same.

use std::io::{self, Read};
use std::net::Shutdown;
use std::time::{Duration, Instant};

use retell_simulator::{Config, CreateFault, Script, Simulator};
use serde_json::json;

use crate::support::*;

fn with_fault(fault: CreateFault) -> Simulator {
    let retell = start(Config::default());
    retell.script(Script::next(1).create(fault));
    retell
}

/// After the fault: rung or not, and a retry with the same key rings nobody a second time.
fn rings_once_in_all(retell: &Simulator, dialled: bool) {
    assert_eq!(retell.dials_for("s1").len(), usize::from(dialled));
    assert_eq!(create(retell, &order("s1")).status(), 201);
    let dials = retell.dials_for("s1");
    assert_eq!((dials.len(), dials[0].replays), (1, u32::from(dialled)));
}

#[test]
fn a_hang_lasts_until_the_client_leaves() {
    for (fault, dialled) in [
        (CreateFault::hang_before_creating(), false),
        (CreateFault::hang_after_creating(), true),
    ] {
        assert_eq!(fault.dials(), dialled);
        let retell = with_fault(fault);
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
        let decided = |now: &retell_simulator::Snapshot<'_>| {
            now.requests().len() == 1 && now.dials().len() == usize::from(dialled)
        };
        assert!(retell.wait_for(decided, PATIENCE));
        socket
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        let silence = socket.read(&mut [0]).unwrap_err();
        assert_eq!(silence.kind(), io::ErrorKind::WouldBlock);
        assert_eq!(retell.requests()[0].status_text(), "none");
        socket.shutdown(Shutdown::Both).unwrap();
        rings_once_in_all(&retell, dialled);
    }
}

#[test]
fn a_reset_is_a_reset_before_and_after_the_creation() {
    for (fault, dialled) in [
        (CreateFault::reset_before_reading(), false),
        (CreateFault::reset_before_creating(), false),
        (CreateFault::reset_after_creating(), true),
    ] {
        let retell = with_fault(fault);
        let error = try_create(&retell, &order("s1")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        rings_once_in_all(&retell, dialled);
    }
}

#[test]
fn an_answer_can_come_late_with_the_phone_ringing_meanwhile() {
    let delay = Duration::from_millis(80);
    let retell = with_fault(CreateFault::answer_after(delay));
    let start = Instant::now();
    assert_eq!(create(&retell, &order("s1")).status(), 201);
    assert!(start.elapsed() >= delay);
    rings_once_in_all(&retell, true);
}

#[test]
fn a_late_creation_is_invisible_until_it_dials() {
    let retell = with_fault(CreateFault::create_late(Duration::from_secs(1)));
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
    assert!(retell.wait_for(|now| now.requests().len() == 1, PATIENCE));
    drop(socket);
    let find = json!({"filter_criteria": {"metadata": [
        {"type": "string", "op": "eq", "key": "session_id", "value": "s1"}]}});
    let found = || {
        post(&retell, "/v3/list-calls", &find).json()["items"]
            .as_array()
            .map(Vec::len)
    };
    assert_eq!((found(), retell.ledger().len()), (Some(0), 0));
    assert!(retell.wait_for(|now| now.dials().len() == 1, PATIENCE));
    assert_eq!(found(), Some(1));
}

/// Sends a create and leaves without an answer; the call is under way.
fn leave_a_late_creation(retell: &Simulator) {
    let mut socket = connect(retell);
    let body = order("s1").to_string();
    write_request(
        &mut socket,
        "POST",
        "/v2/create-phone-call",
        Some(KEY),
        &body,
    )
    .expect("the request is written");
    assert!(retell.wait_for(|now| !now.idle(), PATIENCE));
}

#[test]
fn a_retry_with_the_key_of_a_late_creation_is_no_second_call() {
    let retell = with_fault(CreateFault::create_late(Duration::from_millis(300)));
    leave_a_late_creation(&retell);
    let id = call(&retell, &order("s1"));
    settle(&retell);
    let dials = retell.dials_for("s1");
    assert_eq!((dials.len(), &dials[0].call_id), (1, &id));
}

#[test]
fn a_retry_before_an_unkeyed_late_creation_dials_twice_and_one_after_it_once() {
    for (is_early, dials) in [(true, 2), (false, 1)] {
        let fault = CreateFault::create_late_unkeyed(Duration::from_millis(300));
        let retell = with_fault(fault);
        leave_a_late_creation(&retell);
        assert!(is_early || retell.wait_for(|now| now.dials().len() == 1, PATIENCE));
        call(&retell, &order("s1"));
        settle(&retell);
        assert_eq!(retell.dials_for("s1").len(), dials);
    }
}

#[test]
fn a_status_is_answered_as_told_and_dials_nobody() {
    for status in [400, 401, 402, 403, 404, 408, 409, 422, 429, 500, 502, 503] {
        let fault = CreateFault::status(status, "");
        assert!(!fault.dials());
        let retell = with_fault(fault);
        let answer = create(&retell, &order("s1"));
        assert_eq!(
            (answer.status(), answer.text("status")),
            (status, "error".to_owned())
        );
        assert!(!answer.text("message").is_empty());
        rings_once_in_all(&retell, false);
    }
}

#[test]
fn a_status_has_the_text_body_and_headers_that_it_is_given() {
    let retell = with_fault(CreateFault::status(400, "Call country not supported: AE"));
    assert_eq!(
        create(&retell, &order("s1")).text("message"),
        "Call country not supported: AE"
    );
    let retell = with_fault(CreateFault::status(502, "").body("<html>"));
    assert_eq!(create(&retell, &order("s1")).body, "<html>");
    for retry_after in ["7", "Wed, 21 Oct 2026 07:28:00 GMT"] {
        let retell = with_fault(CreateFault::throttled(Some(retry_after)));
        let answer = create(&retell, &order("s1"));
        assert_eq!(
            (answer.status(), answer.header("retry-after")),
            (429, Some(retry_after))
        );
    }
    let retell = with_fault(CreateFault::throttled(None));
    assert_eq!(create(&retell, &order("s1")).header("retry-after"), None);
}

#[test]
fn a_server_error_can_hide_a_call() {
    let retell = with_fault(CreateFault::status_after_creating(500));
    assert_eq!(create(&retell, &order("s1")).status(), 500);
    rings_once_in_all(&retell, true);
}

#[test]
fn a_created_call_can_have_an_unreadable_answer() {
    let spoilt = |fault| {
        let retell = with_fault(fault);
        let answer = create(&retell, &order("s1"));
        assert_eq!(answer.status(), 201);
        rings_once_in_all(&retell, true);
        answer
    };
    assert_eq!(spoilt(CreateFault::empty_body()).body, "");
    let answer = spoilt(CreateFault::without_call_id()).json();
    assert!(answer.get("call_id").is_none() && answer["call_status"] == "registered");
    let answer = spoilt(CreateFault::malformed()).body;
    assert!(!answer.is_empty() && serde_json::from_str::<serde_json::Value>(&answer).is_err());
    let answer = spoilt(CreateFault::huge(3_000_000));
    assert!(answer.body.len() > 3_000_000 && !answer.text("call_id").is_empty());
    let answer = spoilt(CreateFault::wrong_content_type());
    assert!(
        answer
            .header("content-type")
            .unwrap()
            .starts_with("text/html")
    );
}

#[test]
fn an_answer_can_break_off_in_its_middle() {
    let retell = with_fault(CreateFault::close_mid_body());
    let error = try_create(&retell, &order("s1")).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    rings_once_in_all(&retell, true);
}

#[test]
fn an_endless_answer_goes_on_until_the_client_leaves() {
    let retell = with_fault(CreateFault::endless());
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
    let head = read_message(&mut socket).unwrap();
    assert_eq!(
        (head.status(), head.header("transfer-encoding")),
        (201, Some("chunked"))
    );
    socket.read_exact(&mut [0; 100]).unwrap();
    drop(socket);
    rings_once_in_all(&retell, true);
}

#[test]
fn a_redirect_names_its_target_and_dials_nobody() {
    let retell = with_fault(CreateFault::redirect("http://127.0.0.1:1/login"));
    let answer = create(&retell, &order("s1"));
    assert_eq!(answer.status(), 302);
    assert_eq!(answer.header("location"), Some("http://127.0.0.1:1/login"));
    rings_once_in_all(&retell, false);
}

#[test]
fn a_phantom_is_answered_and_never_heard_of_again() {
    let retell = with_fault(CreateFault::phantom());
    let id = call(&retell, &order("s1"));
    assert_eq!(get(&retell, &format!("/v2/get-call/{id}")).status(), 422);
    assert!(retell.ledger().is_empty());
}

#[test]
fn a_script_counts_down_and_falls_through_to_the_next() {
    let retell = start(Config::default());
    retell.script(
        Script::to_number(CALLED)
            .times(2)
            .create(CreateFault::status(503, "")),
    );
    retell.script(Script::session("s9").create(CreateFault::status(402, "")));
    let statuses = [order("s1"), order("s9"), order("s1"), order("s9")]
        .map(|order| create(&retell, &order).status());
    assert_eq!(statuses, [503, 503, 201, 402]);
    retell.clear_scripts();
    assert_eq!(create(&retell, &order("s9")).status(), 201);
}

#[test]
fn a_script_can_be_for_one_key_or_another_endpoint() {
    let retell = start(Config::default());
    retell.script(
        Script::any()
            .with_key("other")
            .create(CreateFault::status(401, "")),
    );
    retell.script(
        Script::path("/v3/list-calls")
            .times(1)
            .answer(CreateFault::status(500, "")),
    );
    retell.script(Script::path("/v2/stop-call/").answer(CreateFault::reset_after_creating()));
    let id = call(
        &retell,
        &with(order("s1"), "to_number", json!("+15550100104")),
    );
    assert_eq!(post(&retell, "/v3/list-calls", &json!({})).status(), 500);
    assert_eq!(post(&retell, "/v3/list-calls", &json!({})).status(), 200);
    let path = format!("/v2/stop-call/{id}");
    assert!(attempt(&retell, "POST", &path, Some(KEY), "").is_err());
    settle(&retell);
    assert_eq!(
        state(&retell, &id)["disconnection_reason"],
        "manual_stopped"
    );
}

#[test]
fn an_answer_that_comes_twice_is_the_next_requests_too() {
    let retell = with_fault(CreateFault::answered_twice());
    let mut socket = connect(&retell);
    let mut answers = Vec::new();
    for session in ["s1", "s2"] {
        let body = order(session).to_string();
        write_request(
            &mut socket,
            "POST",
            "/v2/create-phone-call",
            Some(KEY),
            &body,
        )
        .unwrap();
        let answer = read_message(&mut socket).unwrap().json();
        answers.push(answer["metadata"]["session_id"].clone());
    }
    assert_eq!(answers, ["s1", "s1"]);
    assert_eq!(retell.dials_for("s2").len(), 1);
    // the second one's own comes when it is too late
    let late = read_message(&mut socket).unwrap().json();
    assert_eq!(late["metadata"]["session_id"], "s2");
}

#[test]
fn two_answers_are_swapped_and_one_alone_is_not() {
    let retell = start(Config::default());
    retell.script(Script::next(3).create(CreateFault::swapped()));
    let answers: Vec<_> = std::thread::scope(|scope| {
        let ask = |session| {
            let retell = &retell;
            scope.spawn(move || {
                create(retell, &order(session)).json()["metadata"]["session_id"].clone()
            })
        };
        let asked = ["s1", "s2"].map(ask);
        asked.map(|it| it.join().unwrap()).to_vec()
    });
    assert_eq!(answers, ["s2", "s1"]);
    assert_eq!(
        create(&retell, &order("s3")).json()["metadata"]["session_id"],
        "s3"
    );
}
