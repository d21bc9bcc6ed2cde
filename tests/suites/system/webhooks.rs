//! Webhooks over HTTP, through the front's public path.

use std::time::{Duration, Instant};

use retell_simulator::{CreateFault, Fate, Script, Timing, WebhookFault, WebhookTrouble};
use serde_json::json;
use vioc_tests::practice::{KEY, Practice, Queued, new_number, signed_ago};
use vioc_tests::wait::LONG;

/// Writes down every status that a call has, in order.
const HISTORY: &str = "
    create table public.history (position bigint generated always as identity, call_id bigint, status text);
    create function public.remember() returns trigger language plpgsql as $$
    begin
      if tg_op = 'INSERT' or new.status is distinct from old.status then
        insert into public.history (call_id, status) values (new.id, new.status);
      end if;
      return null;
    end $$;
    create trigger remember after insert or update on vioc.calls for each row execute function public.remember();";

fn script(phone: &str) -> Script {
    Script::to_number(phone)
}

fn call_with(practice: &Practice, script_of: impl FnOnce(Script) -> Script) -> (i64, Queued) {
    let phone = new_number();
    practice.retell.script(script_of(script(&phone)));
    let contact = practice.contact(&phone);
    (contact, practice.call(contact))
}

fn all_delivered(practice: &Practice) {
    assert!(
        practice.retell.wait_until_idle(LONG),
        "webhooks are still on their way"
    );
}

#[test]
fn a_call_goes_from_queued_to_completed_through_every_state() {
    let practice = Practice::open();
    practice.run(HISTORY);
    let timing = Timing {
        ring: Duration::from_millis(300),
        talk: Duration::from_millis(100),
        analysis: Duration::from_millis(100),
        answer_delay: Duration::ZERO,
    };
    let (contact, call) = call_with(&practice, |it| it.timing(timing));
    practice.wait_for_call(call.id, &["completed"]);
    let history: Vec<String> = practice.ask(
        "select array_agg(status order by position) from public.history where call_id = $1",
        &[&call.id],
    );
    let expected = [
        "queued",
        "dispatching",
        "placed",
        "ongoing",
        "ended",
        "completed",
    ];
    assert_eq!(history, expected);
    assert_eq!(practice.contact_status(contact), "confirmed");
}

#[test]
fn every_end_of_a_call_gives_the_contact_its_status_and_its_next_step() {
    let practice = Practice::open();
    // or a promised callback is for a person at once
    practice.run("select vioc_go_live(1)");
    let tomorrow: String = practice.ask(
        "select to_char((now() + interval '1 day') at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')",
        &[],
    );
    // fate, outcome, contact's status, whether another call is planned, whether a person must look
    let cases = [
        (Fate::confirmed(), "confirmed", "confirmed", false, false),
        (Fate::cancelled(), "cancelled", "cancelled", false, true),
        (
            Fate::rescheduled(&tomorrow),
            "rescheduled",
            "rescheduled",
            false,
            true,
        ),
        (Fate::no_answer(), "no_answer", "scheduled", true, false),
        (Fate::busy(), "busy", "scheduled", true, false),
        (Fate::voicemail(), "voicemail", "scheduled", true, false),
        (
            Fate::voicemail_claiming_confirmed(),
            "voicemail",
            "scheduled",
            true,
            false,
        ),
        (Fate::in_voicemail(), "voicemail", "scheduled", true, false),
        (
            Fate::do_not_call(),
            "do_not_call",
            "do_not_call",
            false,
            false,
        ),
        (
            Fate::reason("user_requested_dnc"),
            "do_not_call",
            "do_not_call",
            false,
            false,
        ),
        (
            Fate::wrong_number(),
            "wrong_number",
            "wrong_number",
            false,
            false,
        ),
        (Fate::declined(), "declined", "contacted", false, true),
        (
            Fate::callback(&tomorrow),
            "callback_requested",
            "callback",
            true,
            false,
        ),
        (Fate::completed(), "completed", "contacted", false, true),
        (
            Fate::reason("invalid_destination"),
            "failed",
            "failed",
            false,
            true,
        ),
    ];
    let calls: Vec<_> = cases
        .iter()
        .map(|case| call_with(&practice, |it| it.fate(case.0.clone())))
        .collect();
    for ((fate, outcome, status, plans, reviewed), (contact, call)) in cases.iter().zip(&calls) {
        practice.wait_for_call(call.id, &["completed"]);
        let row = practice
            .connect()
            .query_one(
                "select c.outcome, ct.status::text, ct.next_call_at > now(), ct.needs_review, ct.last_outcome, ct.attempts \
                 from vioc.calls as c join vioc.contacts as ct on ct.id = c.contact_id where c.id = $1",
                &[&call.id],
            )
            .unwrap();
        let name = &fate.name;
        assert_eq!(
            row.get::<_, String>(0),
            *outcome,
            "{name}: the call's outcome"
        );
        assert_eq!(
            row.get::<_, String>(1),
            *status,
            "{name}: the contact's status"
        );
        assert_eq!(
            row.get::<_, Option<bool>>(2).unwrap_or(false),
            *plans,
            "{name}: next call"
        );
        assert_eq!(row.get::<_, bool>(3), *reviewed, "{name}: needs_review");
        assert_eq!(row.get::<_, String>(4), *outcome, "{name}: last_outcome");
        assert_eq!(
            practice.dials(call),
            1,
            "{name}: dials of contact {contact}"
        );
    }
    let opted_out: i64 = practice.ask("select count(*) from vioc.do_not_call", &[]);
    assert_eq!(opted_out, 2);
    all_delivered(&practice);
    let refused: Vec<_> = practice
        .retell
        .deliveries()
        .into_iter()
        .filter(|delivery| !delivery.accepted())
        .map(|delivery| (delivery.event, delivery.status, delivery.error))
        .collect();
    assert!(refused.is_empty(), "{refused:?}");
}

#[test]
fn a_wrong_stale_or_missing_signature_is_refused_and_applies_nothing() {
    let practice = Practice::builder()
        .retell(|it| it.webhook_retries = 0)
        .open();
    let troubles = [
        WebhookTrouble::Tamper,
        WebhookTrouble::Stale { ms: 360_000 },
        WebhookTrouble::Stale { ms: -360_000 },
        WebhookTrouble::WrongKey,
        WebhookTrouble::NoSignature,
    ];
    let calls: Vec<_> = troubles
        .iter()
        .map(|trouble| {
            call_with(&practice, |it| {
                it.webhook(WebhookFault::every(trouble.clone()))
            })
            .1
        })
        .collect();
    for call in &calls {
        practice.wait_for_call(call.id, &["placed"]);
    }
    all_delivered(&practice);
    let deliveries = practice.retell.deliveries();
    assert_eq!(deliveries.len(), 3 * troubles.len());
    for delivery in &deliveries {
        assert_eq!(delivery.status, Some(401), "{}", delivery.event);
    }
    for call in &calls {
        assert_eq!(practice.call_status(call.id), "placed");
    }
    let stored: i64 = practice.ask("select count(*) from vioc.webhook_events", &[]);
    assert_eq!(stored, 0);
}

#[test]
fn a_key_of_another_tenant_does_not_speak_for_this_tenants_call() {
    let practice = Practice::builder()
        .retell(|it| it.deliver_webhooks = false)
        .open();
    let other = "key_of_the_other_practice_bbbb";
    practice.new_tenant("Other", "+12125550101", Some(other));
    let (_, call) = call_with(&practice, |it| it);
    practice.wait_for_call(call.id, &["placed"]);
    let body =
        json!({"event": "call_ended", "call": {"call_id": practice.retell.ledger()[0].call_id,
        "metadata": {"session_id": call.session_id}, "disconnection_reason": "dial_busy"}})
        .to_string();
    let answer = practice.post(body.as_str(), Some(&signed_ago(other, body.as_bytes(), 0)));
    assert_eq!(answer.status, 401, "{}", answer.text());
    assert_eq!(practice.call_status(call.id), "placed");
    let answer = practice.post(body.as_str(), Some(&signed_ago(KEY, body.as_bytes(), 0)));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(practice.call_status(call.id), "completed");
}

#[test]
fn duplicates_at_the_same_moment_are_applied_once_and_all_are_answered_2xx() {
    let practice = Practice::open();
    let four_times = WebhookFault::every(WebhookTrouble::Duplicate { copies: 3 });
    let (contact, call) = call_with(&practice, |it| {
        it.fate(Fate::no_answer()).webhook(four_times.clone())
    });
    let (_, talked) = call_with(&practice, |it| it.webhook(four_times.clone()));
    practice.wait_for_call(call.id, &["completed"]);
    practice.wait_for_call(talked.id, &["completed"]);
    all_delivered(&practice);
    let deliveries = practice.retell.deliveries();
    assert_eq!(deliveries.len(), 4 * (2 + 3));
    assert!(deliveries.iter().all(retell_simulator::Delivery::accepted));
    practice.wait_for(
        "every event to be applied",
        "select not exists (select from vioc.webhook_events where state in ('new', 'failed'))",
    );
    let applied: i64 = practice.ask(
        "select count(*) from vioc.webhook_events where state = 'applied'",
        &[],
    );
    assert_eq!(applied, 2 + 3);
    let attempts: i32 = practice.ask(
        "select attempts from vioc.contacts where id = $1",
        &[&contact],
    );
    assert_eq!(attempts, 1);
}

#[test]
fn reordered_delayed_and_unknown_events_give_the_same_result() {
    let practice = Practice::open();
    let (reordered, first) = call_with(&practice, |it| it.webhook(WebhookFault::reorder()));
    let (delayed, second) = call_with(&practice, |it| {
        let late = WebhookTrouble::Delay {
            by: Duration::from_millis(400),
        };
        it.webhook(WebhookFault::on("call_started", late.clone()))
            .webhook(WebhookFault::on("call_ended", late))
    });
    let (surprised, third) = call_with(&practice, |it| {
        it.webhook(WebhookFault::every(WebhookTrouble::UnknownEventFirst))
    });
    for (contact, call) in [(reordered, &first), (delayed, &second), (surprised, &third)] {
        practice.wait_for_call(call.id, &["completed"]);
        assert_eq!(practice.outcome(call.id).as_deref(), Some("confirmed"));
        assert_eq!(practice.contact_status(contact), "confirmed");
    }
    all_delivered(&practice);
    let refused = practice
        .retell
        .deliveries()
        .into_iter()
        .filter(|it| !it.accepted());
    assert_eq!(refused.count(), 0);
    // Late facts reopen nothing.
    for (contact, call) in [(reordered, &first), (delayed, &second), (surprised, &third)] {
        assert_eq!(practice.call_status(call.id), "completed");
        assert_eq!(practice.contact_status(contact), "confirmed");
        assert_eq!(practice.dials(call), 1);
    }
}

#[test]
fn webhooks_that_come_before_retells_answer_are_applied_at_once() {
    let practice = Practice::open();
    let (contact, call) = call_with(&practice, |it| {
        it.timing(Timing::INSTANT)
            .create(CreateFault::answer_after(Duration::from_secs(2)))
    });
    practice.wait_for_call(call.id, &["completed"]);
    let answered = practice.creates()[0].status;
    assert_eq!(
        answered, None,
        "the answer to the create was not to be there yet"
    );
    assert_eq!(practice.contact_status(contact), "confirmed");
    assert!(practice.retell.wait_for(
        |now| now.requests().iter().any(|it| it.status == Some(201)),
        LONG
    ));
    // The barrier: a later call goes through the same worker.
    let later = practice.call_number(&new_number());
    practice.wait_for_call(later.id, &["completed"]);
    assert_eq!(practice.call_status(call.id), "completed");
    assert_eq!(practice.contact_status(contact), "confirmed");
    assert_eq!(practice.dials(&call), 1);
}

#[test]
fn an_agents_function_and_a_flat_report_are_read() {
    let practice = Practice::open();
    let (with_function, first) = call_with(&practice, |it| {
        it.fate(Fate::completed().function("report", json!({"appointment_action": "confirmed"})))
    });
    let (with_flat, second) = call_with(&practice, |it| {
        let mut fate = Fate::completed();
        fate.flat = Some(json!({"status": "completed", "appointment_action": "cancelled"}));
        it.fate(fate)
    });
    practice.wait_for_call(first.id, &["completed"]);
    practice.wait_for_call(second.id, &["completed"]);
    all_delivered(&practice);
    assert_eq!(practice.contact_status(with_function), "confirmed");
    practice.wait_for_contact(with_flat, &["cancelled"]);
}

#[test]
fn a_call_that_is_not_ours_and_an_event_that_nobody_knows_are_answered_2xx() {
    let practice = Practice::open();
    let unknown_call = json!({"event": "call_ended", "call": {"call_id": "call_of_nobody", "agent_id": "agent_1",
        "disconnection_reason": "user_hangup", "from_number": "+12125550100", "to_number": "+16462009999"}});
    let unknown_event = json!({"event": "call_levitated", "call": {"call_id": "call_of_nobody"}});
    let other_json = json!(["not", "an", "event"]);
    for body in [unknown_call, unknown_event, other_json] {
        let answer = practice.webhook(body.to_string());
        assert_eq!(answer.status, 200, "{body}: {}", answer.text());
        assert_eq!(answer.json()["status"], "received");
    }
}

#[test]
fn bodies_that_are_no_json_or_too_large_are_refused_and_kill_nobody() {
    let practice = Practice::open();
    let worker = practice.cluster.worker_pid("app");
    for body in [
        &b"not json"[..],
        b"",
        b"{\"event\":",
        b"{\"event\":\"\xff\xfe\"}",
    ] {
        let answer = practice.webhook(body);
        assert_eq!(
            answer.status,
            400,
            "{}: {}",
            String::from_utf8_lossy(body),
            answer.text()
        );
    }
    let large = format!(
        r#"{{"event":"call_ended","padding":"{}"}}"#,
        "x".repeat(9 << 20)
    );
    assert_eq!(practice.webhook(large).status, 413);
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let answer = practice.webhook(deep);
    assert!((400..600).contains(&answer.status), "{}", answer.text());
    let stored: i64 = practice.ask("select count(*) from vioc.webhook_events", &[]);
    assert_eq!(stored, 0);
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
    assert_eq!(practice.cluster.worker_pid("app"), worker);
}

#[test]
fn a_zero_byte_in_a_name_and_a_transcript_of_a_megabyte_lose_nothing() {
    let practice = Practice::builder()
        .retell(|it| it.escape_non_ascii = true)
        .open();
    let (first_contact, first) = call_with(&practice, |it| {
        it.fate(Fate::confirmed().transcript("User: \u{0} José 📞 yes\n"))
    });
    let (second_contact, second) = call_with(&practice, |it| {
        it.fate(Fate::confirmed().transcript(&"User: yes. ".repeat(100_000)))
    });
    for (contact, call) in [(first_contact, &first), (second_contact, &second)] {
        practice.wait_for_call(call.id, &["completed"]);
        assert_eq!(practice.contact_status(contact), "confirmed");
    }
    all_delivered(&practice);
    assert!(
        practice
            .retell
            .deliveries()
            .iter()
            .all(retell_simulator::Delivery::accepted)
    );
    // The bytes as they came.
    let (sent, kept) = (
        practice
            .retell
            .deliveries()
            .into_iter()
            .find(|it| it.event == "call_analyzed" && it.session_id == first.session_id)
            .unwrap()
            .body,
        practice.ask::<String>(
            "select body from vioc.webhook_events where event = 'call_analyzed' and call_id = $1",
            &[&first.id],
        ),
    );
    assert!(kept.contains(r"\u0000"));
    assert_eq!(kept, sent);
}

#[test]
fn a_body_nested_thousands_of_levels_deep_is_kept_or_refused_and_never_loses_the_call() {
    let practice = Practice::builder()
        .retell(|it| it.deliver_webhooks = false)
        .open();
    let (contact, call) = call_with(&practice, |it| it);
    practice.wait_for_call(call.id, &["placed"]);
    let retell_call_id = practice.retell.ledger()[0].call_id.clone();
    let nested = format!("{}{}", "[".repeat(2000), "]".repeat(2000));
    let body = format!(
        r#"{{"event":"call_analyzed","call":{{"call_id":"{retell_call_id}","disconnection_reason":"agent_hangup","extra":{nested},
        "call_analysis":{{"custom_analysis_data":{{"appointment_action":"confirmed"}}}}}}}}"#
    );
    let answer = practice.webhook(body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    practice.wait_for_call(call.id, &["completed"]);
    assert_eq!(practice.contact_status(contact), "confirmed");
}

#[test]
fn events_for_a_row_that_the_app_holds_are_kept_applied_later_and_hold_up_nobody() {
    let practice = Practice::builder()
        .retell(|it| it.timing.ring = Duration::from_millis(500))
        .open();
    let (contact, call) = call_with(&practice, |it| it);
    practice.wait_for_call(call.id, &["placed"]);
    let mut app = practice.connect();
    let mut transaction = app.transaction().unwrap();
    transaction
        .query(
            "select from vioc.contacts where id = $1 for update",
            &[&contact],
        )
        .unwrap();
    // Each is answered after two seconds, well within Retell's ten, and kept.
    all_delivered(&practice);
    assert!(
        practice
            .retell
            .deliveries()
            .iter()
            .all(|it| it.accepted() && it.ended - it.started < 5.0)
    );
    practice.wait_for(
        "the events to be kept",
        "select count(*) = 3 from vioc.webhook_events where state = 'new'",
    );
    // The worker tries them again and again, and is there for the others all the same.
    for _ in 0..3 {
        let began = Instant::now();
        let other = practice.call_number(&new_number());
        practice.wait_for_call(other.id, &["placed", "ongoing", "ended", "completed"]);
        assert!(
            began.elapsed() < Duration::from_millis(1500),
            "{:?} until the other call was placed",
            began.elapsed()
        );
    }
    assert_eq!(practice.call_status(call.id), "placed");
    transaction.commit().unwrap();
    practice.wait_for_call(call.id, &["completed"]);
    practice.wait_for_contact(contact, &["confirmed"]);
}
