//! The server's clock is set, forward and back, while calls are under way: each is one dial, and nothing is destroyed.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use retell_simulator::{Config, CreateFault, Script, Simulator, Timing, WebhookFault};
use vioc_tests::practice::{Builder, Practice, Queued, new_number};
use vioc_tests::wait::{LONG, wait_until};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

fn clocked() -> Builder {
    Practice::builder().cluster(vioc_tests::cluster::Builder::clock)
}

/// Sets the server's clock and Retell's alike, so many seconds ahead of the machine's.
fn set_both(practice: &Practice, ahead: i64) {
    practice.cluster.clock().set(ahead);
    practice.retell.set_clock(ahead * 1000);
}

/// Waits until the worker has noticed so many steps.
fn wait_for_steps(practice: &Practice, steps: usize) {
    wait_until("the worker to follow the clock", LONG, || {
        let log = practice.cluster.log();
        (log.matches("the server's clock was set").count() >= steps).then_some(())
    });
}

fn creates_of(practice: &Practice, call: &Queued) -> Vec<f64> {
    let creates = practice.creates().into_iter();
    let of_call = creates.filter(|it| it.json()["idempotency_key"] == call.session_id.as_str());
    of_call.map(|it| it.started).collect()
}

#[test]
fn no_step_sends_an_unconfirmed_call_again_before_its_time_nor_never() {
    const AFTER: f64 = 4.0;
    let practice = clocked()
        .setting("vioconcierge.request_timeout", "1s")
        .setting("vioconcierge.reconcile_after", "4s")
        .open();
    for step in [10 * MINUTE, -10 * MINUTE, HOUR, -HOUR, DAY, -DAY, -2 * YEAR] {
        set_both(&practice, 0);
        let phone = new_number();
        practice.retell.script(
            Script::to_number(&phone)
                .times(1)
                .create(CreateFault::reset_before_creating()),
        );
        let call = practice.call_number(&phone);
        practice.wait_for_call(call.id, &["unconfirmed"]);
        set_both(&practice, step);
        practice.wait_for_call(call.id, &["completed"]);
        let creates = creates_of(&practice, &call);
        assert_eq!(creates.len(), 2, "{step}");
        let apart = creates[1] - creates[0];
        assert!(apart >= AFTER, "{step}: sent again after {apart} s");
        assert_eq!(practice.dials(&call), 1, "{step}");
    }
}

#[test]
fn an_hour_with_requests_on_the_wire_dials_each_once() {
    for step in [HOUR, -HOUR, 2 * YEAR] {
        let practice = clocked()
            .setting("vioconcierge.request_timeout", "20s")
            .retell(|it| {
                it.timing = Timing {
                    answer_delay: Duration::from_secs(6),
                    ..it.timing
                };
            })
            .open();
        practice
            .retell
            .script(Script::any().webhook(WebhookFault::never()));
        let calls: Vec<_> = (0..8)
            .map(|_| practice.call_number(&new_number()))
            .collect();
        practice.wait_for_creates(8);
        set_both(&practice, step);
        wait_for_steps(&practice, 1);
        let on_the_wire: String = practice.ask(
            "select string_agg(distinct format('%s %s', status, lease_until > clock_timestamp()), ',') from vioc.calls",
            &[],
        );
        assert_eq!(
            on_the_wire, "dispatching t",
            "{step}: no lease of its own is void"
        );
        for call in &calls {
            practice.wait_for_call(call.id, &["placed", "ongoing", "ended", "completed"]);
            assert_eq!(practice.dials(call), 1, "{step}");
            assert_eq!(creates_of(&practice, call).len(), 1, "{step}");
        }
    }
}

#[test]
fn ten_wrong_seconds_destroy_nothing() {
    for has_date in [true, false] {
        let practice = clocked().retell(|it| it.send_date = has_date).open();
        practice.run(&format!("select vioc_go_live({})", practice.tenant));
        let done = practice.call_number(&new_number());
        practice.wait_for_call(done.id, &["completed"]);
        assert!(practice.retell.wait_until_idle(LONG));
        let contacts: Vec<_> = (0..5).map(|_| practice.contact(&new_number())).collect();
        let facts = "select count(*) filter (where variables is not null) || ' ' || (select count(*) from vioc.webhook_events where body <> '') || ' ' || (select string_agg(status::text, ',' order by id) from vioc.contacts) from vioc.calls";
        let before: String = practice.ask(facts, &[]);

        practice.cluster.clock().set(2 * YEAR);
        // at once, before the worker has noticed, and after
        practice.run("select vioc_enqueue_due(); select vioc_purge()");
        wait_for_steps(&practice, 1);
        practice.run("select vioc_enqueue_due(); select vioc_purge()");
        practice.cluster.clock().set(0);
        wait_for_steps(&practice, 2);
        practice.run("select vioc_enqueue_due(); select vioc_purge()");
        assert_eq!(practice.ask::<String>(facts, &[]), before);

        let settled: bool = practice.ask("select vioc.clock_is_settled()", &[]);
        assert!(!settled, "ten minutes are not over");
        practice.cluster.clock().pass(Duration::from_secs(11 * 60));
        practice.retell.set_clock(11 * MINUTE * 1000);
        let settled: bool = practice.ask("select vioc.clock_is_settled()", &[]);
        assert!(settled, "now they are");
        // one that another wrong clock had expired
        practice.run(&format!(
            "set local vioc.writes_contacts = on; update vioc.contacts set status = 'expired', next_call_at = null where id = {}; select vioc_enqueue_due()",
            contacts[0]
        ));
        assert_eq!(practice.contact_status(contacts[0]), "scheduled");
        let call = practice.call(contacts[1]);
        practice.wait_for_call(call.id, &["completed"]);
    }
}

#[test]
fn a_queued_call_that_a_wrong_clock_would_expire_waits_and_is_dialled() {
    let practice = clocked().retell(|it| it.send_date = false).open();
    practice.run("update vioc.credentials set throttled_until = now() + interval '10 minutes'");
    let call = practice.call_number(&new_number());
    practice.cluster.clock().set(2 * YEAR);
    wait_for_steps(&practice, 1);
    practice.run("update vioc.credentials set throttled_until = null; update vioc.calls set due_at = clock_timestamp(); select vioc.wake_worker()");
    practice.wait_for(
        "the call to be judged",
        "select bool_and(due_at > clock_timestamp()) from vioc.calls",
    );
    assert_eq!(practice.call_status(call.id), "queued");
    practice.cluster.clock().set(0);
    practice.wait_for_call(call.id, &["completed"]);
    assert_eq!(practice.dials(&call), 1);
}

#[test]
fn a_call_that_a_clock_ahead_expired_is_made_although_its_row_is_held_when_the_clock_is_right() {
    let practice = clocked().open();
    practice.run("update vioc.credentials set throttled_until = now() + interval '10 minutes'");
    let call = practice.call_number(&new_number());
    practice.run(
        "select vioc.hold_call(c, c.appointment_time + interval '1 day') from vioc.calls as c; update vioc.calls set expired_at = now() + interval '1 year'",
    );
    assert_eq!(practice.call_status(call.id), "expired");
    let mut holder = practice.connect();
    holder
        .batch_execute("begin; select from vioc.contacts for update")
        .unwrap();
    practice.run("update vioc.credentials set failed_at = now() + interval '1 year'");
    practice.cluster.clock().pass(Duration::from_secs(61));
    practice.wait_for(
        "the worker to put right what a wrong clock has left",
        "select bool_and(failed_at < now() + interval '1 day') from vioc.credentials",
    );
    assert_eq!(practice.call_status(call.id), "expired", "its row is held");
    holder.batch_execute("rollback").unwrap();
    practice.cluster.clock().pass(Duration::from_secs(61));
    practice.run("update vioc.credentials set throttled_until = null");
    practice.wait_for_call(call.id, &["completed"]);
    assert_eq!(practice.dials(&call), 1);
}

#[test]
fn a_clock_that_was_a_day_ahead_goes_on_dialling_at_once_when_it_is_right() {
    let practice = clocked().open();
    let (url, address) = closed_port();
    practice.cluster.clock().set(DAY);
    practice.set("vioconcierge.api_base_url", &url);
    let calls: Vec<_> = (0..3)
        .map(|_| practice.call_number(&new_number()))
        .collect();
    practice.wait_for(
        "Retell not to be reached",
        "select bool_and(failures > 0) from vioc.credentials",
    );
    practice.cluster.clock().set(0);
    let back = simulator_at(address);
    let began = Instant::now();
    for call in &calls {
        practice.wait_for_call(call.id, &["completed"]);
        assert_eq!(back.dials_for(&call.session_id).len(), 1);
    }
    let took = began.elapsed();
    assert!(took < Duration::from_secs(20), "{took:?}");
}

/// What a worker that was not there when the clock was wrong finds.
#[test]
fn instants_left_far_ahead_by_a_wrong_clock_are_brought_back_at_the_start() {
    let practice = clocked().open();
    practice.run("update vioc.credentials set throttled_until = now() + interval '10 minutes'");
    let call = practice.call_number(&new_number()).id;
    practice.run(&format!(
        "update vioc.credentials set throttled_until = now() + interval '2 days', failures = 3, unreachable_until = now() + interval '2 days',
           recovery_since = now(), recovery_until = now() + interval '2 days', recovery_at = now() + interval '2 days';
         update vioc.calls set due_at = now() + interval '1 day', queued_at = now() + interval '1 day' where id = {call}"
    ));
    practice.cluster.restart(vioc_tests::cluster::Stop::Fast);
    practice.wait_for(
        "the worker to bring them back",
        "select bool_and(throttled_until <= now() + interval '1 hour' and recovery_until <= now() + interval '10 minutes') from vioc.credentials",
    );
    practice.wait_for(
        "the call to be due",
        "select bool_and(due_at <= clock_timestamp() and queued_at <= clock_timestamp()) from vioc.calls",
    );
}

#[test]
fn while_retells_clock_contradicts_the_servers_nobody_is_dialled_and_it_is_said() {
    let practice = clocked().open();
    // the server is started with a wrong clock
    practice.cluster.stop(vioc_tests::cluster::Stop::Fast);
    practice.cluster.clock().set(10 * HOUR);
    practice.cluster.start();
    let call = practice.call_number(&new_number());
    practice.wait_for(
        "the worker to say so",
        "select not clock_agrees and retell_clock_ahead < '-9 hours' from vioc.worker_status",
    );
    let said: String = practice.ask(
        "select string_agg(detail, '; ') from vioc_doctor() where check_name = 'clock' and not ok",
        &[],
    );
    assert!(said.contains("no call is sent"), "{said}");
    let explained: String = practice.ask("select e.detail from vioc.calls as c cross join vioc_explain_contact(c.contact_id) as e where e.rule = 'can_be_sent'", &[]);
    assert!(explained.contains("no call is sent"), "{explained}");
    let metric: f64 = practice.ask(
        "select value::double precision from vioc.metrics where name ~ 'clock_agrees'",
        &[],
    );
    assert!(metric.abs() < 0.1, "{metric}");
    assert!(practice.creates().is_empty(), "nobody is dialled");

    practice.cluster.clock().set(0);
    practice.wait_for_call(call.id, &["completed"]);
    assert_eq!(practice.dials(&call), 1);

    // and it jumps while the server runs
    practice.cluster.clock().set(-10 * HOUR);
    let call = practice.call_number(&new_number());
    wait_for_steps(&practice, 2);
    practice.wait_for(
        "Retell to be asked again",
        "select not clock_agrees from vioc.worker_status",
    );
    assert!(creates_of(&practice, &call).is_empty());
    // Retell's clock was the wrong one
    practice.retell.set_clock(-10 * HOUR * 1000);
    practice.cluster.clock().pass(Duration::from_secs(61));
    practice.retell.set_clock(-10 * HOUR * 1000 + 61_000);
    practice.wait_for_call(call.id, &["completed"]);
}

#[test]
fn without_a_date_from_retell_nothing_changes() {
    let practice = clocked().retell(|it| it.send_date = false).open();
    practice.cluster.clock().set(10 * HOUR);
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["placed", "ongoing", "ended", "completed"]);
    assert_eq!(practice.dials(&call), 1);
}

#[test]
fn a_second_without_retell_costs_two_seconds_at_most() {
    let practice = Practice::open();
    let (url, address) = closed_port();
    practice.set("vioconcierge.api_base_url", &url);
    practice.due_contacts(practice.tenant, 32);
    practice.run(&format!("select vioc_go_live({})", practice.tenant));
    practice.run("select vioc_enqueue_due()");
    practice.wait_for(
        "a wave to fail",
        "select bool_and(failures > 1) from vioc.credentials",
    );
    std::thread::sleep(Duration::from_secs(1)); // that Retell is away
    let back = simulator_at(address);
    let began = Instant::now();
    assert!(back.wait_for(|it| !it.dials().is_empty(), LONG));
    let took = began.elapsed();
    assert!(took < Duration::from_millis(2500), "{took:?}");
    assert!(back.wait_for(|it| it.dials().len() == 32, LONG));
    let took = began.elapsed();
    assert!(took < Duration::from_secs(5), "all are dialled: {took:?}");
}

#[test]
fn a_changed_setting_ends_the_wait_for_retell() {
    let practice = Practice::open();
    let (url, _) = closed_port();
    practice.set("vioconcierge.api_base_url", &url);
    let call = practice.call_number(&new_number());
    practice.wait_for(
        "Retell not to be reached for a while",
        "select bool_and(failed_waves >= 5) from vioc.credentials",
    );
    let began = Instant::now();
    practice.set("vioconcierge.api_base_url", &practice.retell.url());
    practice.wait_for_call(call.id, &["completed"]);
    let took = began.elapsed();
    assert!(took < Duration::from_secs(4), "{took:?}");
}

#[test]
fn calls_go_on_across_a_change_to_and_from_summer_time() {
    let practice = clocked().open();
    // New York: 2027-03-14 07:00 and 2027-11-07 06:00, UTC
    for change in [1_805_007_600_i64, 1_825_567_200] {
        set_both(&practice, 0);
        let now: i64 = practice.ask("select extract(epoch from now())::bigint", &[]);
        set_both(&practice, change - now - 4);
        let before = practice.call_number(&new_number());
        practice.wait_for_call(before.id, &["completed"]);
        practice.wait_for(
            "the clocks to change",
            &format!("select clock_timestamp() > to_timestamp({change})"),
        );
        let after = practice.call_number(&new_number());
        practice.wait_for_call(after.id, &["completed"]);
        for call in [&before, &after] {
            assert_eq!(practice.dials(call), 1);
        }
    }
}

#[test]
fn a_clock_that_runs_fast_or_slow_dials_each_once() {
    for rate in [5.0, -0.9] {
        let practice = clocked()
            .setting("vioconcierge.request_timeout", "1s")
            .setting("vioconcierge.reconcile_after", "4s")
            .retell(|it| it.send_date = false)
            .open();
        practice.cluster.clock().run_fast(rate);
        let phone = new_number();
        practice.retell.script(
            Script::to_number(&phone)
                .times(1)
                .create(CreateFault::reset_before_creating()),
        );
        let call = practice.call_number(&phone);
        practice.wait_for_call(call.id, &["placed", "ongoing", "ended", "completed"]);
        let creates = creates_of(&practice, &call);
        assert_eq!(creates.len(), 2, "{rate}");
        // a step is noticed from two seconds on
        let apart = creates[1] - creates[0];
        assert!(apart >= 2.0, "{rate}: sent again after {apart} s");
        assert_eq!(practice.dials(&call), 1, "{rate}");
    }
}

fn closed_port() -> (String, SocketAddr) {
    let gone = Simulator::start(Config::default()).expect("loopback has a free port");
    (gone.url(), gone.address())
}

fn simulator_at(address: SocketAddr) -> Simulator {
    Simulator::start(Config {
        listen: address,
        ..Config::default()
    })
    .expect("the port is free again")
}
