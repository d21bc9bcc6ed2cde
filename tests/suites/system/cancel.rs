//! Cancelling: a call is dialled or cancelled, and what rings is stopped.

use std::time::Duration;

use retell_simulator::{CreateFault, RequestLog, Script, Timing};
use vioc_tests::practice::{Practice, Queued, new_number};
use vioc_tests::wait::LONG;

const SLOW: Timing = Timing {
    ring: Duration::from_secs(60),
    talk: Duration::from_secs(60),
    analysis: Duration::from_millis(20),
    answer_delay: Duration::ZERO,
};

fn stops(practice: &Practice) -> Vec<RequestLog> {
    let mut requests = practice.retell.requests();
    requests.retain(|it| it.path.starts_with("/v2/stop-call/"));
    requests
}

#[test]
fn a_queued_call_that_is_cancelled_is_never_dialled() {
    let practice = Practice::open();
    practice.run("select vioc_pause(null, 'a test')");
    practice.run("select vioc_resume()");
    // Its turn comes only later: the credential may start one call per second.
    practice.run("update vioc.credentials set max_starts_per_second = 1");
    let contacts: Vec<_> = (0..2).map(|_| practice.contact(&new_number())).collect();
    let mut client = practice.connect();
    let mut transaction = client.transaction().unwrap();
    let kept = vioc_tests::practice::call_contact(&mut transaction, contacts[0]);
    let dropped = vioc_tests::practice::call_contact(&mut transaction, contacts[1]);
    let status: String = transaction
        .query_one("select (vioc_cancel_call($1)).status", &[&dropped.id])
        .unwrap()
        .get(0);
    assert_eq!(status, "cancelled");
    transaction.commit().unwrap();
    practice.wait_for_call(kept.id, &["completed"]);
    // The barrier: after this one the dropped one would have had its turn.
    let later = practice.call_number(&new_number());
    practice.wait_for_call(later.id, &["completed"]);
    assert_eq!(practice.dials(&dropped), 0);
    assert_eq!(practice.contact_status(contacts[1]), "scheduled");
    assert!(stops(&practice).is_empty());
}

#[test]
fn in_a_race_with_the_claim_each_call_is_dialled_or_cancelled_and_never_both() {
    let practice = Practice::builder()
        .setting("vioconcierge.max_in_flight", 4)
        .open();
    let contacts: Vec<_> = (0..60).map(|_| practice.contact(&new_number())).collect();
    let mut calls: Vec<(Queued, String)> = Vec::new();
    let mut client = practice.connect();
    for contact in contacts {
        let call = vioc_tests::practice::call_contact(&mut client, contact);
        // At once: the worker was woken by the commit a moment ago.
        let row = client
            .query_one("select (vioc_cancel_call($1)).status", &[&call.id])
            .unwrap();
        calls.push((call, row.get(0)));
    }
    practice.wait_for(
        "all calls to be over",
        "select bool_and(status in ('completed', 'cancelled')) from vioc.calls",
    );
    assert!(practice.retell.wait_until_idle(LONG));
    let (mut never_dialled, mut dialled) = (0, 0);
    for (call, told) in &calls {
        let dials = practice.dials(call);
        if told == "cancelled" {
            assert_eq!(
                dials, 0,
                "call {} was cancelled in the queue and dialled",
                call.id
            );
            never_dialled += 1;
        } else {
            assert!(dials <= 1);
            dialled += dials;
        }
    }
    println!("{never_dialled} cancelled in the queue, {dialled} dialled");
}

#[test]
fn a_call_that_rings_is_stopped_at_retell_and_ends_cancelled() {
    let practice = Practice::builder().retell(|it| it.timing = SLOW).open();
    let contact = practice.contact(&new_number());
    let call = practice.call(contact);
    practice.wait_for_call(call.id, &["placed"]);
    assert_eq!(practice.cancel(call.id), "placed");
    practice.wait_for_call(call.id, &["cancelled"]);
    assert_eq!(practice.outcome(call.id), None);
    practice.wait_for_contact(contact, &["scheduled"]);
    let stops = stops(&practice);
    assert!(!stops.is_empty());
    assert!(
        stops[0]
            .path
            .ends_with(&practice.retell.ledger()[0].call_id)
    );
    assert_eq!(
        practice.retell.ledger()[0].ended_reason.as_deref(),
        Some("manual_stopped")
    );
}

#[test]
fn a_call_under_way_is_stopped_at_retell_and_ends_cancelled() {
    let timing = Timing {
        ring: Duration::ZERO,
        ..SLOW
    };
    let practice = Practice::builder().retell(|it| it.timing = timing).open();
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["ongoing"]);
    assert_eq!(practice.cancel(call.id), "ongoing");
    practice.wait_for_call(call.id, &["cancelled"]);
    assert_eq!(stops(&practice).len(), 1);
}

#[test]
fn a_call_that_is_just_being_sent_is_stopped_when_retell_answers() {
    let practice = Practice::builder().retell(|it| it.timing = SLOW).open();
    practice
        .retell
        .script(Script::next(1).create(CreateFault::answer_after(Duration::from_millis(700))));
    let call = practice.call_number(&new_number());
    practice.wait_for_creates(1);
    assert_eq!(practice.cancel(call.id), "dispatching");
    practice.wait_for_call(call.id, &["cancelled"]);
    assert_eq!(practice.dials(&call), 1);
    assert_eq!(stops(&practice).len(), 1);
}

#[test]
fn a_cancelled_call_in_doubt_is_not_sent_again() {
    let practice = Practice::builder()
        .setting("vioconcierge.request_timeout", "1s")
        .setting("vioconcierge.reconcile_after", "1s")
        .open();
    practice
        .retell
        .script(Script::next(1).create(CreateFault::reset_before_creating()));
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["unconfirmed"]);
    assert_eq!(practice.cancel(call.id), "unconfirmed");
    // It is still asked for, and two answers "unknown" send nothing.
    let asked = practice.retell.wait_for(
        |now| {
            now.requests()
                .iter()
                .filter(|it| it.path == "/v3/list-calls")
                .count()
                >= 2
        },
        LONG,
    );
    assert!(asked);
    let later = practice.call_number(&new_number());
    practice.wait_for_call(later.id, &["completed"]);
    assert_eq!(practice.call_status(call.id), "unconfirmed");
    assert_eq!(practice.dials(&call), 0);
}

#[test]
fn a_stop_that_retell_refuses_is_asked_again_until_the_call_has_ended() {
    let practice = Practice::builder().retell(|it| it.timing = SLOW).open();
    practice.retell.script(
        Script::path("/v2/stop-call/")
            .times(1)
            .answer(CreateFault::status(500, "")),
    );
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["placed"]);
    practice.cancel(call.id);
    practice.wait_for_call(call.id, &["cancelled"]);
    assert!(stops(&practice).len() >= 2);
}

#[test]
fn an_appointment_cancelled_by_the_app_stops_the_phone_that_rings() {
    let practice = Practice::builder().retell(|it| it.timing = SLOW).open();
    let contact = practice.contact(&new_number());
    let call = practice.call(contact);
    practice.wait_for_call(call.id, &["placed"]);
    practice
        .connect()
        .execute(
            "update vioc.contacts set appointment_status = 'cancelled' where id = $1",
            &[&contact],
        )
        .unwrap();
    practice.wait_for_call(call.id, &["cancelled"]);
    practice.wait_for_contact(contact, &["cancelled"]);
    assert_eq!(stops(&practice).len(), 1);
}

#[test]
fn an_appointment_cancelled_while_it_is_queued_is_never_dialled() {
    let practice = Practice::open();
    let contact = practice.contact(&new_number());
    let mut client = practice.connect();
    let mut transaction = client.transaction().unwrap();
    let call = vioc_tests::practice::call_contact(&mut transaction, contact);
    transaction
        .execute(
            "update vioc.contacts set appointment_status = 'cancelled' where id = $1",
            &[&contact],
        )
        .unwrap();
    transaction.commit().unwrap();
    assert_eq!(practice.call_status(call.id), "cancelled");
    let later = practice.call_number(&new_number());
    practice.wait_for_call(later.id, &["completed"]);
    assert_eq!(practice.dials(&call), 0);
}

#[test]
fn a_contact_deleted_while_it_rings_is_stopped_and_its_call_is_kept() {
    let practice = Practice::builder().retell(|it| it.timing = SLOW).open();
    let contact = practice.contact(&new_number());
    let call = practice.call(contact);
    practice.wait_for_call(call.id, &["placed"]);
    practice
        .connect()
        .execute("delete from vioc.contacts where id = $1", &[&contact])
        .unwrap();
    practice.wait_for_call(call.id, &["cancelled"]);
}

#[test]
fn a_pause_with_stop_open_stops_what_rings_and_sends_nothing_new_until_resumed() {
    let practice = Practice::builder().retell(|it| it.timing = SLOW).open();
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["placed"]);
    let waiting = practice.contact(&new_number());
    practice.run("select vioc_pause(null, 'fire alarm', true)");
    practice.wait_for_call(call.id, &["cancelled"]);
    let error = practice
        .connect()
        .query_one("select vioc_call_contact($1)", &[&waiting])
        .unwrap_err();
    assert!(crate::told(&error).starts_with("VC001"));
    practice.run("select vioc_resume()");
    let next = practice.call(waiting);
    practice.wait_for_call(next.id, &["placed"]);
}

#[test]
fn a_general_pause_waits_for_no_practice_that_is_being_changed() {
    let practice = Practice::builder().retell(|it| it.timing = SLOW).open();
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["placed"]);
    let mut held = practice.connect();
    held.batch_execute("begin; update vioc.tenants set company_name = 'Bright' where id = 1")
        .unwrap();
    // it waits a second, and says so
    practice.run("set statement_timeout = '8s'; select vioc_pause(null, 'fire alarm', true)");
    practice.wait_for_call(call.id, &["cancelled"]);
    held.batch_execute("rollback").unwrap();
}
