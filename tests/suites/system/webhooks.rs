//! Webhooks over HTTP, through the front's public path.

use std::time::{Duration, Instant};

use retell_simulator::{CreateFault, Fate, Script, Timing, WebhookFault, WebhookTrouble};
use vioc_tests::practice::{Practice, Queued, new_number};
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
