//! What a DBA does to a server and its databases: the worker steps aside, stops in time, and says how it is.

use std::time::{Duration, Instant};

use postgres::Client;
use retell_simulator::{CreateFault, Script, Simulator};
use rustix::process::{Pid, test_kill_process};
use vioc_tests::practice::{APP, Practice, Queued, call_contact, cluster, new_number};
use vioc_tests::wait::{LONG, wait_until};
use vioc_tests::{Cluster, Stop};

/// Nothing but the worker has a session in the database: the front is not there.
fn without_front(practice: Practice) -> (Cluster, Simulator, i64) {
    let Practice {
        front,
        cluster,
        retell,
        tenant,
    } = practice;
    drop(front);
    (cluster, retell, tenant)
}

/// With calls on the wire that Retell does not answer.
fn busy() -> (Cluster, Simulator, Vec<Queued>) {
    let practice = Practice::builder()
        .retell(|it| it.deliver_webhooks = false)
        .open();
    let calls: Vec<_> = (0..3)
        .map(|_| {
            let phone = new_number();
            let fault = CreateFault::hang_after_creating();
            let script = Script::to_number(&phone).times(1).create(fault);
            practice.retell.script(script);
            practice.call_number(&phone)
        })
        .collect();
    practice.wait_for_creates(calls.len());
    let (cluster, retell, _) = without_front(practice);
    (cluster, retell, calls)
}

fn statuses(cluster: &Cluster, database: &str) -> Vec<String> {
    let sql = "select status::text from vioc.calls order by id";
    let rows = cluster.connect(database).query(sql, &[]).unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[test]
fn a_served_database_is_dropped_without_force_while_calls_are_in_flight() {
    let (cluster, _retell, _) = busy();
    cluster
        .connect("postgres")
        .batch_execute("drop database app")
        .unwrap();
    wait_until("the launcher to notice", LONG, || {
        cluster
            .log()
            .contains("does not exist; it will be served when it does")
            .then_some(())
    });
}

#[test]
fn a_served_database_is_copied_as_a_template_and_served_again_at_once() {
    let (cluster, retell, calls) = busy();
    let before = cluster.worker_pid(APP);
    cluster
        .connect("postgres")
        .batch_execute("create database copy template app")
        .unwrap();
    assert_ne!(cluster.worker_pid(APP), before);
    // What could not be known is in doubt, not lost: the same in the copy, which nobody serves.
    wait_until("the calls to be in doubt", LONG, || {
        let all = statuses(&cluster, APP);
        all.iter()
            .all(|it| it == "unconfirmed" || it == "placed")
            .then_some(())
    });
    assert_eq!(statuses(&cluster, "copy").len(), calls.len());
    for call in &calls {
        assert_eq!(retell.dials_for(&call.session_id).len(), 1);
    }
}

#[test]
fn a_served_database_is_renamed_and_served_again_under_its_name() {
    let practice = Practice::open();
    let contact = practice.contact(&new_number());
    let (cluster, retell, _) = without_front(practice);
    let rename = |from: &str, to: &str| {
        let sql = format!("alter database {from} rename to {to}");
        cluster.connect("postgres").batch_execute(&sql).unwrap();
    };
    rename("app", "elsewhere");
    assert!(
        cluster
            .workers()
            .iter()
            .all(|it| it.database.as_deref() != Some("elsewhere")),
        "only what vioconcierge.databases names is served"
    );
    rename("elsewhere", "app");
    cluster.worker_pid(APP);
    let call = call_contact(&mut cluster.connect(APP), contact);
    assert!(retell.wait_for(
        |now| {
            now.dials()
                .iter()
                .any(|it| it.session_id == call.session_id)
        },
        LONG
    ));
}

#[test]
fn who_may_not_drop_a_database_does_not_disturb_its_worker_by_trying() {
    let practice = Practice::open();
    let (cluster, _retell, _) = without_front(practice);
    cluster
        .connect("postgres")
        .batch_execute("create role stranger login createdb")
        .unwrap();
    let before = cluster.worker_pid(APP);
    for statement in [
        "drop database app",
        "alter database app rename to mine",
        "create database copy template app",
    ] {
        let mut stranger = cluster.connect_as("postgres", "stranger");
        let error = stranger.batch_execute(statement).unwrap_err();
        assert!(crate::told(&error).starts_with("42501"), "{error:?}");
    }
    assert_eq!(cluster.worker_pid(APP), before);
}

#[test]
fn a_statement_that_fails_gives_the_database_back() {
    let practice = Practice::open();
    let (cluster, _retell, _) = without_front(practice);
    // A session of somebody else stands in the way.
    let _other = cluster.connect(APP);
    let error = cluster
        .connect("postgres")
        .batch_execute("alter database app rename to elsewhere")
        .unwrap_err();
    assert!(crate::told(&error).starts_with("55006"), "{error:?}");
    cluster.worker_pid(APP);
}

/// A synchronous standby that is not there: commits wait for it until somebody gives up.
const NOBODY: &str = "a standby that never comes";

/// A call that is queued here and on no standby, by a session that does not wait for one either.
fn call_without_the_standby(practice: &Practice, contact: i64) -> (Client, Queued) {
    practice
        .cluster
        .set("synchronous_standby_names", &format!("\"{NOBODY}\""));
    let mut app = practice.connect();
    app.batch_execute("set synchronous_commit = local").unwrap();
    let call = call_contact(&mut app, contact);
    (app, call)
}

#[test]
fn a_claim_that_no_synchronous_standby_has_heard_of_is_not_dialled_and_does_not_hold_up_a_stop() {
    let practice = Practice::open();
    let contact = practice.contact(&new_number());
    let (_, call) = call_without_the_standby(&practice, contact);
    practice.wait_for(
        "the claim to wait for the standby",
        "select exists (select from pg_stat_activity where backend_type = 'vioconcierge worker' and wait_event = 'SyncRep')",
    );
    assert_eq!(practice.retell.counters().dials, 0);
    let began = Instant::now();
    practice.cluster.stop(Stop::Fast);
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );
    let mut requests: Vec<_> = practice.retell.requests();
    // Retell's clock may have been asked for
    requests.retain(|it| it.method == "POST");
    assert!(
        requests.is_empty(),
        "the claim was on this server's disk only: {requests:?}"
    );
    practice.cluster.start();
    let mut app = practice.connect();
    let status: String = app
        .query_one(
            "select status::text from vioc.calls where id = $1",
            &[&call.id],
        )
        .unwrap()
        .get(0);
    assert!(
        ["queued", "dispatching", "unconfirmed"].contains(&status.as_str()),
        "{status}"
    );
    practice.cluster.reset("synchronous_standby_names");
    practice.wait_for(
        "the call to be on its way again",
        "select status in ('queued', 'placed', 'ongoing', 'ended', 'completed') from vioc.calls",
    );
    practice.wait_for_call(call.id, &["completed"]);
    assert_eq!(practice.dials(&call), 1);
}

#[test]
fn a_claim_that_no_synchronous_standby_has_heard_of_is_not_dialled_when_the_postmaster_dies() {
    let practice = Practice::open();
    let contacts = practice.due_contacts(practice.tenant, 32);
    let call = |contacts: &[i64]| {
        let mut app = practice.connect();
        app.batch_execute("set synchronous_commit = local").unwrap();
        let sql = "select vioc_call_contact(id) from unnest($1::bigint[]) as id";
        app.execute(sql, &[&contacts]).unwrap();
    };
    // With these come the connections to Retell: sending takes no time then.
    call(&contacts[..16]);
    let warm = practice.wait_for_creates(16).len();
    practice.wait_until_settled();

    practice
        .cluster
        .set("synchronous_standby_names", &format!("\"{NOBODY}\""));
    let worker = practice.cluster.worker_pid(APP);
    call(&contacts[16..]);
    practice.wait_for(
        "the claim to wait for the standby",
        "select exists (select from pg_stat_activity where backend_type = 'vioconcierge worker' and wait_event = 'SyncRep')",
    );
    practice.cluster.kill9_postmaster();
    wait_until("the worker to end as well", LONG, || {
        let pid = Pid::from_raw(worker).expect("a pid is positive");
        test_kill_process(pid).is_err().then_some(())
    });
    assert_eq!(
        practice.creates().len(),
        warm,
        "a standby may be serving by now"
    );
    practice.cluster.start();
    let kept = "select count(*) from vioc.calls where status in ('queued', 'dispatching')";
    assert_eq!(practice.ask::<i64>(kept, &[]), 16);
}

#[test]
fn cancelling_the_workers_statement_does_not_make_it_dial_an_unreplicated_claim() {
    let practice = Practice::open();
    let contact = practice.contact(&new_number());
    let worker = practice.cluster.worker_pid(APP);
    let (mut app, call) = call_without_the_standby(&practice, contact);
    let waits = "select exists (select from pg_stat_activity where backend_type = 'vioconcierge worker' and wait_event = 'SyncRep')";
    practice.wait_for("the claim to wait for the standby", waits);
    for _ in 0..3 {
        let sql = "select pg_cancel_backend($1)";
        assert!(app.query_one(sql, &[&worker]).unwrap().get::<_, bool>(0));
    }
    practice.wait_for("the claim still to wait", waits);
    assert_eq!(practice.retell.counters().dials, 0);
    practice.cluster.reset("synchronous_standby_names");
    practice.wait_for_call(call.id, &["completed"]);
    assert_eq!(practice.dials(&call), 1);
}

#[test]
fn a_claim_whose_commit_took_too_long_is_judged_again_before_anybody_is_dialled() {
    let practice = Practice::open();
    let contact = practice.contact(&new_number());
    let (mut app, call) = call_without_the_standby(&practice, contact);
    practice.wait_at_most(
        "the claim to have waited for the standby longer than what allowed it may count",
        Duration::from_secs(60),
        "select exists (select from pg_stat_activity where backend_type = 'vioconcierge worker' and wait_event = 'SyncRep' \
           and xact_start < clock_timestamp() - interval '27 s')",
    );
    app.batch_execute(
        "insert into vioc.blackout_dates (tenant_id, day) select 1, current_date + n from generate_series(-1, 1) as n",
    )
    .unwrap();
    practice.cluster.reset("synchronous_standby_names");
    practice.wait_for(
        "the call to wait for an opening",
        "select status = 'queued' and due_at > now() from vioc.calls",
    );
    assert_eq!(practice.retell.counters().dials, 0);
    practice.run("delete from vioc.blackout_dates");
    practice.wait_for_call(call.id, &["completed"]);
    assert_eq!(practice.dials(&call), 1);
}

#[test]
fn the_worker_says_how_it_is() {
    let practice = Practice::open();
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
    let row = practice
        .connect()
        .query_one(
            "select state, pid, since < now(), posted, placed, not_placed, in_flight, last_error, last_woken_at > since, lag is null from vioc.worker_status",
            &[],
        )
        .unwrap();
    assert_eq!(row.get::<_, String>(0), "ready");
    assert_eq!(row.get::<_, i32>(1), practice.cluster.worker_pid(APP));
    assert!(row.get::<_, bool>(2));
    let counts: Vec<i64> = (3..7).map(|column| row.get(column)).collect();
    assert_eq!(counts, [1, 1, 0, 0]);
    assert_eq!(row.get::<_, Option<String>>(7), None);
    assert!(row.get::<_, bool>(8) && row.get::<_, bool>(9));

    // It goes on after an error, and says which.
    practice.run("alter table vioc.calls rename column look_up_at to looked_up");
    practice.wait_for(
        "the error to be said",
        "select last_error like '%SQLSTATE 42703%' and last_error_at is not null from vioc.worker_status",
    );
    practice.run("alter table vioc.calls rename column looked_up to look_up_at");
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
    practice.wait_for(
        "the same worker to be well",
        &format!(
            "select state = 'ready' and pid = {} from vioc.worker_status",
            row.get::<_, i32>(1)
        ),
    );
}

#[test]
fn long_work_can_be_watched_until_its_transaction_ends() {
    let practice = Practice::open();
    practice.due_contacts(practice.tenant, 7);
    practice.run(&format!("select vioc_go_live({})", practice.tenant));
    let mut worker = practice.connect();
    let pid: i32 = worker
        .query_one("select pg_backend_pid()", &[])
        .unwrap()
        .get(0);
    let shown = || {
        let sql = "select task, done, total from vioc.progress where pid = $1 and since <= now()";
        let row = practice.connect().query_opt(sql, &[&pid]).unwrap();
        row.map(|row| {
            (
                row.get::<_, String>(0),
                row.get::<_, i64>(1),
                row.get::<_, i64>(2),
            )
        })
    };
    for (statement, task, count) in [
        ("select vioc_enqueue_due()", "enqueue", 7),
        ("select vioc_purge()", "purge", 1),
    ] {
        for end in ["rollback", "commit"] {
            worker.batch_execute("begin").unwrap();
            worker.execute(statement, &[]).unwrap();
            assert_eq!(shown(), Some((task.to_owned(), count, count)));
            worker.batch_execute(end).unwrap();
            assert_eq!(shown(), None, "after {end}");
        }
    }
    // Questions to Retell, while nobody can ask them.
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
    let mut holder = practice.connect();
    let mut hold = holder.transaction().unwrap();
    hold.execute(
        "select from vioc.calls where id = $1 for update",
        &[&call.id],
    )
    .unwrap();
    hold.execute(
        "update vioc.calls set look_up_at = now() - interval '1 minute' where id = $1",
        &[&call.id],
    )
    .unwrap();
    let asked = hold
        .query_one(
            "select total, done is null, running_for >= interval '1 minute' from vioc.progress where task = 'ask Retell about calls'",
            &[],
        )
        .unwrap();
    assert_eq!(asked.get::<_, i64>(0), 1);
    assert!(asked.get::<_, bool>(1) && asked.get::<_, bool>(2));
}

#[test]
fn where_no_worker_is_the_status_says_why() {
    let unlisted = cluster().served([]).start();
    unlisted.create_extension(APP);
    let state = |cluster: &Cluster| -> (String, Option<String>) {
        let row = cluster
            .connect(APP)
            .query_one("select state, last_error from vioc.worker_status", &[])
            .unwrap();
        (row.get(0), row.get(1))
    };
    assert_eq!(state(&unlisted), ("not_listed".into(), None));
    // Taken by pg_cron, logical replication and the launcher.
    let crowded = cluster().setting("max_worker_processes", 3).start();
    crowded.create_extension(APP);
    wait_until("the shortage to be said", LONG, || {
        let (state, problem) = state(&crowded);
        (state == "no_worker" && problem?.contains("max_worker_processes")).then_some(())
    });
}
