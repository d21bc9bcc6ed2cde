//! What the called person does, and what Retell says of it.

use retell_simulator::{Config, Fate, LAST_DIGITS, REASONS, Script, Simulator, Timing};
use serde_json::{Value, json};

use crate::support::*;

fn with_receiver(fate: Fate) -> (Simulator, Receiver) {
    let receiver = Receiver::start();
    let retell = start(Config {
        timing: Timing::INSTANT,
        default_webhook_url: Some(receiver.url.clone()),
        default_fate: fate,
        ..Config::default()
    });
    (retell, receiver)
}

/// Bodies of all webhooks of one call with that fate.
fn told(fate: Fate) -> Vec<Value> {
    let (retell, receiver) = with_receiver(fate);
    call(&retell, &order("s1"));
    settle(&retell);
    receiver.all().iter().map(Message::json).collect()
}

fn decision(fate: Fate) -> Value {
    let last = told(fate).pop().expect("webhooks came");
    assert_eq!(last["event"], "call_analyzed");
    last["call"]["call_analysis"]["custom_analysis_data"].clone()
}

#[test]
fn decisions_arrive_in_the_analysis() {
    let action = |word: &str| json!({"appointment_action": word});
    assert_eq!(decision(Fate::confirmed()), action("confirmed"));
    assert_eq!(decision(Fate::cancelled()), action("cancelled"));
    assert_eq!(decision(Fate::declined()), json!({"outcome": "declined"}));
    assert_eq!(
        decision(Fate::wrong_number()),
        json!({"outcome": "wrong_number"})
    );
    assert_eq!(
        decision(Fate::do_not_call()),
        json!({"outcome": "do_not_call"})
    );
    assert_eq!(decision(Fate::completed()), json!({}));
    let moved = decision(Fate::rescheduled("2027-01-15T14:30:00"));
    assert_eq!(moved["new_appointment_time"], "2027-01-15T14:30:00");
    let later = decision(Fate::callback("tomorrow"));
    assert_eq!(
        (&later["outcome"], &later["callback_time"]),
        (&json!("callback_requested"), &json!("tomorrow"))
    );
    assert_eq!(
        decision(Fate::completed().extra("mood", json!(7))),
        json!({"mood": 7})
    );
}

#[test]
fn every_disconnection_reason_has_its_status_and_starts_only_if_it_connects() {
    let (retell, receiver) = with_receiver(Fate::confirmed());
    for reason in REASONS {
        retell.script(Script::session(reason.name).fate(Fate::reason(reason.name)));
        call(&retell, &order(reason.name));
    }
    settle(&retell);
    let events: Vec<Value> = receiver.all().iter().map(Message::json).collect();
    for reason in REASONS {
        let of_call = |event: &&Value| event["call"]["metadata"]["session_id"] == reason.name;
        let events: Vec<&Value> = events.iter().filter(of_call).collect();
        let names: Vec<&str> = events
            .iter()
            .filter_map(|it| it["event"].as_str())
            .collect();
        if reason.connects {
            assert_eq!(
                names,
                ["call_started", "call_ended", "call_analyzed"],
                "{reason:?}"
            );
        } else {
            assert_eq!(names, ["call_ended", "call_analyzed"], "{reason:?}");
        }
        let ended = &events[names.len() - 2]["call"];
        assert_eq!(ended["disconnection_reason"], reason.name);
        assert_eq!(ended["call_status"], reason.call_status);
        assert_eq!(
            ended["start_timestamp"].is_i64(),
            reason.connects,
            "{reason:?}"
        );
        assert!(ended.get("call_analysis").is_none());
        let dial = &retell.dials_for(reason.name)[0];
        assert_eq!((dial.rang, dial.connected), (reason.rings, reason.connects));
        assert_eq!(dial.ended_reason.as_deref(), Some(reason.name));
    }
}

#[test]
fn a_reason_that_nobody_knows_yet_can_be_sent() {
    let ended = &told(Fate::reason("moon_phase"))[0];
    assert_eq!(ended["call"]["disconnection_reason"], "moon_phase");
}

#[test]
fn a_machine_can_be_taken_for_a_person_and_the_other_way_round() {
    let claimed = told(Fate::voicemail_claiming_confirmed()).pop().unwrap();
    assert_eq!(claimed["call"]["disconnection_reason"], "voicemail_reached");
    let analysis = &claimed["call"]["call_analysis"];
    assert_eq!(
        analysis["custom_analysis_data"]["appointment_action"],
        "confirmed"
    );
    let hidden = told(Fate::in_voicemail()).pop().unwrap();
    assert_eq!(hidden["call"]["disconnection_reason"], "agent_hangup");
    assert_eq!(hidden["call"]["call_analysis"]["in_voicemail"], true);
    assert_eq!(told(Fate::voicemail().without_analysis()).len(), 2);
}

#[test]
fn the_agent_can_report_during_the_call_and_flat_after_it() {
    let fate = Fate::completed()
        .function("save_outcome", json!({"appointment_action": "cancelled"}))
        .flat(json!({"status": "completed", "outcome": "cancelled"}));
    let bodies = told(fate);
    assert_eq!(bodies[0]["event"], "call_started");
    assert_eq!(bodies[1]["name"], "save_outcome");
    assert_eq!(bodies[1]["args"]["appointment_action"], "cancelled");
    assert_eq!(bodies[1]["call"]["metadata"]["session_id"], "s1");
    assert_eq!(bodies[2]["event"], "call_ended");
    let flat = json!({"status": "completed", "outcome": "cancelled", "session_id": "s1"});
    assert_eq!(bodies[3], flat);
    assert_eq!(bodies[4]["event"], "call_analyzed");
}

#[test]
fn transfers_are_told_with_their_destination_at_the_top() {
    let fate = Fate::reason("call_transfer")
        .transfer("transfer_started", "+15550100555")
        .transfer("transfer_bridged", "+15550100555");
    let bodies = told(fate);
    assert_eq!(bodies[1]["event"], "transfer_started");
    assert_eq!(bodies[2]["event"], "transfer_bridged");
    assert_eq!(bodies[2]["transfer_destination"], "+15550100555");
}

#[test]
fn a_transcript_is_told_literally() {
    let text = "Agent: ¿Confirma su cita?\nUser: Sí ✅\n";
    let ended = &told(Fate::confirmed().transcript(text).summary("Sí"))[1]["call"];
    assert_eq!(ended["transcript"], text);
    assert_eq!(
        ended["transcript_object"][1],
        json!({"role": "user", "content": "Sí ✅", "words": []})
    );
}

#[test]
fn the_number_decides_in_a_rehearsal() {
    for (digits, name) in LAST_DIGITS {
        let fate = Fate::by_last_digits(&format!("+155501001{digits}"));
        assert_eq!(Some(fate), Fate::named(name));
    }
    assert_eq!(Fate::by_last_digits("+15550100199").name, "confirmed");
    assert_eq!(Fate::by_last_digits("").name, "confirmed");
    let fates = vec![("0106".to_owned(), Fate::wrong_number())];
    let retell = start(Config {
        fate_by_number: true,
        fates,
        timing: Timing::INSTANT,
        ..Config::default()
    });
    let to = |number: &str| with(order(number), "to_number", json!(number));
    for (number, reason) in [
        ("+15550100206", "dial_busy"),
        ("+15550100106", "user_hangup"),
    ] {
        call(&retell, &to(number));
        settle(&retell);
        assert_eq!(
            retell.dials_for(number)[0].ended_reason.as_deref(),
            Some(reason)
        );
    }
}

#[test]
fn a_number_that_is_none_is_an_invalid_destination() {
    let retell = start(Config {
        timing: Timing::INSTANT,
        ..Config::default()
    });
    call(
        &retell,
        &with(order("s1"), "to_number", json!("+1+15550100101")),
    );
    settle(&retell);
    let dial = &retell.dials_for("s1")[0];
    assert_eq!(dial.ended_reason.as_deref(), Some("invalid_destination"));
    assert!(!dial.rang);
}

#[test]
fn who_asks_for_it_at_the_hang_up_is_refused_by_honor_internal_dnc() {
    let (retell, _receiver) = with_receiver(Fate::reason("user_requested_dnc"));
    call(&retell, &order("s1"));
    settle(&retell);
    let again = with(order("s2"), "honor_internal_dnc", json!(true));
    assert_eq!(create(&retell, &again).status(), 400);
}

#[test]
fn a_fate_and_a_script_survive_json() {
    let fate: Fate = serde_json::from_value(json!("dial_busy")).unwrap();
    assert_eq!(fate, Fate::busy());
    let fate: Fate =
        serde_json::from_value(json!({"fate": "rescheduled", "new_time": "noon"})).unwrap();
    assert_eq!(fate, Fate::rescheduled("noon"));
    assert!(serde_json::from_value::<Fate>(json!("nonsense")).is_err());
    assert!(serde_json::from_value::<Fate>(json!({"fate": "busy", "typo": 1})).is_err());
    let script = Script::session("s1")
        .times(2)
        .fate(Fate::voicemail().function("f", json!({})))
        .timing(Timing::default())
        .create(retell_simulator::CreateFault::throttled(Some("3")))
        .webhook(retell_simulator::WebhookFault::stale());
    let text = serde_json::to_string(&script).unwrap();
    assert_eq!(serde_json::from_str::<Script>(&text).unwrap(), script);
}
