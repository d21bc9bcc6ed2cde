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
