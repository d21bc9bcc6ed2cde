//! The feed: in order, none missing, whatever commits when; and what a listener is told.

use std::collections::BTreeSet;
use std::time::Duration;

use postgres::fallible_iterator::FallibleIterator;
use vioc_tests::practice::{Practice, new_number};
use vioc_tests::wait::{LONG, wait_until};

/// What an app does: reads on from its cursor.
fn read_on(client: &mut postgres::Client, cursor: &mut i64, read: &mut Vec<i64>) {
    let rows = client
        .query("select position from vioc_events($1, 7)", &[&*cursor])
        .unwrap();
    for row in rows {
        let position: i64 = row.get(0);
        assert!(position > *cursor, "{position} after {cursor}");
        *cursor = position;
        read.push(position);
    }
}

#[test]
fn a_cursor_misses_no_event_however_transactions_overlap() {
    let practice = Practice::open();
    let contacts: Vec<i64> = (0..40).map(|_| practice.contact(&new_number())).collect();
    let (mut reader, mut cursor, mut read) = (practice.connect(), 0, Vec::new());
    std::thread::scope(|scope| {
        let writers: Vec<_> = contacts
            .chunks(10)
            .map(|mine| {
                let practice = &practice;
                scope.spawn(move || {
                    let mut client = practice.connect();
                    for pair in mine.chunks(2) {
                        // the first event of this transaction is older than those that others commit before it
                        let mut slow = client.transaction().unwrap();
                        for contact in pair {
                            slow.execute("update vioc.contacts set appointment_status = 'confirmed' where id = $1", &[contact])
                                .unwrap();
                            slow.batch_execute("select pg_sleep(random() * 0.05)").unwrap();
                        }
                        slow.commit().unwrap();
                    }
                })
            })
            .collect();
        while writers.iter().any(|it| !it.is_finished()) {
            read_on(&mut reader, &mut cursor, &mut read);
        }
    });
    practice.wait_for("all events to be numbered", "select not exists (select from vioc.new_events) and (select count(*) = 40 from vioc.events)");
    loop {
        let before = read.len();
        read_on(&mut reader, &mut cursor, &mut read);
        if read.len() == before {
            break;
        }
    }
    let rows = reader
        .query("select position from vioc.events", &[])
        .unwrap();
    let all: BTreeSet<i64> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(read.into_iter().collect::<BTreeSet<_>>(), all);
}

#[test]
fn a_listener_is_told_the_newest_position_and_nothing_else() {
    let practice = Practice::open();
    let mut app = practice.connect();
    app.batch_execute("listen vioc_events").unwrap();
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
    practice.wait_for(
        "the end to be told",
        "select exists (select from vioc_events() where status = 'completed')",
    );
    let newest: i64 = practice.ask("select max(position) from vioc_events()", &[]);
    let mut told = Vec::new();
    wait_until("the newest position to be told", LONG, || {
        let mut notifications = app.notifications();
        let mut coming = notifications.timeout_iter(Duration::from_millis(200));
        while let Ok(Some(notification)) = coming.next() {
            told.push(notification.payload().to_owned());
        }
        told.contains(&newest.to_string()).then_some(())
    });
    assert!(told.iter().all(|it| it.parse::<i64>().is_ok()), "{told:?}");
    assert!(
        told.windows(2)
            .all(|pair| pair[0].parse::<i64>().unwrap() < pair[1].parse().unwrap()),
        "{told:?}"
    );
}

#[test]
fn a_notification_that_fails_stops_no_call_and_no_webhook_and_is_made_up_for() {
    let practice = Practice::open();
    let mut app = practice.connect();
    app.batch_execute("listen vioc_events").unwrap();
    practice.run("alter function pg_catalog.pg_notify(text, text) rename to pg_notify_away");
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
    practice.wait_for(
        "the feed to go on",
        "select exists (select from vioc_events() where status = 'completed')",
    );
    practice.wait_for(
        "the trouble to be told",
        "select last_error ~ 'pg_notify' from vioc.worker_status",
    );
    practice.run("alter function pg_catalog.pg_notify_away(text, text) rename to pg_notify");
    let mut notifications = app.notifications();
    let told = notifications.timeout_iter(LONG).next().unwrap();
    assert!(told.is_some(), "nothing was told in {LONG:?}");
}

#[test]
fn pg_stat_activity_says_what_the_worker_does_and_nothing_about_people() {
    let practice = Practice::open();
    // whatever its sessions show while a call is made, as often as it can be looked at
    let done = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let watching = {
        let (mut client, done) = (practice.connect(), done.clone());
        std::thread::spawn(move || {
            let mut shown = BTreeSet::<String>::new();
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                let rows = client.query(
                    "select distinct query from pg_stat_activity where backend_type like 'vioconcierge%' and query <> ''",
                    &[],
                );
                shown.extend(rows.unwrap().iter().map(|row| row.get::<_, String>(0)));
            }
            shown
        })
    };
    let number = new_number();
    let call = practice.call_number(&number);
    practice.wait_for_call(call.id, &["completed"]);
    done.store(true, std::sync::atomic::Ordering::Relaxed);
    let shown = watching.join().unwrap();
    assert!(!shown.is_empty());
    for text in shown {
        let digits = &number[2..];
        assert!(
            text.starts_with("vioconcierge: ") && !text.contains(digits) && !text.contains("Jones"),
            "{text}"
        );
    }
    practice.wait_for(
        "the worker to rest",
        "select state = 'idle' and query = 'vioconcierge: waiting' and wait_event is not null
         from pg_stat_activity where backend_type like 'vioconcierge worker%'",
    );
}
