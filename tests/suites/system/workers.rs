//! The launcher and the worker: they are there when there is something to serve, come back, and disturb nobody.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use postgres::fallible_iterator::FallibleIterator;
use retell_simulator::{Config, CreateFault, Script, Simulator, Timing};
use rustix::process::{Pid, Signal, kill_process};
use vioc_tests::cluster::Worker;
use vioc_tests::practice::{APP, Builder, Practice, Queued, call_contact, cluster, new_number};
use vioc_tests::wait::{LONG, wait_until};
use vioc_tests::{Cluster, Stop};

/// What the extension's processes said, without the time and the process.
fn said(cluster: &Cluster) -> Vec<String> {
    let log = cluster.log();
    let lines = log.lines().filter(|line| line.contains("] vioconcierge"));
    lines
        .map(|line| {
            line.split_once("] ")
                .map_or(line, |(_, rest)| rest)
                .to_owned()
        })
        .collect()
}

fn repeated(lines: &[String]) -> Vec<&String> {
    let mut seen = BTreeSet::new();
    lines.iter().filter(|line| !seen.insert(*line)).collect()
}

fn launcher(cluster: &Cluster) -> Option<Worker> {
    let mut workers = cluster.workers().into_iter();
    workers.find(|it| it.backend_type == "vioconcierge launcher")
}

fn workers_of(cluster: &Cluster, database: &str) -> Vec<i32> {
    let of_database = |it: &Worker| {
        it.backend_type == "vioconcierge worker" && it.database.as_deref() == Some(database)
    };
    let workers = cluster.workers().into_iter().filter(of_database);
    workers.map(|it| it.pid).collect()
}

fn terminate(cluster: &Cluster, pid: i32) {
    let sql = "select pg_terminate_backend($1, 10000)";
    let row = cluster.connect("postgres").query_one(sql, &[&pid]).unwrap();
    assert!(row.get::<_, bool>(0), "{pid} did not end");
}

#[test]
fn a_worker_waits_quietly_for_the_extension_and_serves_it_when_it_is_there() {
    let retell = Simulator::start(Config::default()).unwrap();
    let cluster = cluster()
        .setting("vioconcierge.api_base_url", retell.url())
        .start();
    let worker = cluster.worker_pid(APP);
    // Each reload makes it look again.
    for _ in 0..5 {
        cluster.reload();
    }
    let said = said(&cluster);
    assert!(repeated(&said).is_empty(), "{said:#?}");
    let began = Instant::now();
    let practice = Practice::over(cluster, retell);
    let call = practice.call_number(&new_number());
    practice.wait_for_creates(1);
    assert!(
        began.elapsed() < Duration::from_secs(6),
        "{:?}",
        began.elapsed()
    );
    practice.wait_for_call(call.id, &["completed"]);
    assert_eq!(practice.cluster.worker_pid(APP), worker);
}

#[test]
fn the_first_call_after_create_extension_is_made_at_once() {
    let retell = Simulator::start(Config::default()).unwrap();
    let cluster = cluster()
        .setting("vioconcierge.api_base_url", retell.url())
        .start();
    cluster.worker_pid(APP);
    cluster.create_extension(APP);
    let mut app = cluster.connect(APP);
    app.batch_execute(
        "insert into vioc.tenants (company_name, time_zone, retell_agent_id, retell_agent_number) values ('A', 'Africa/Abidjan', 'agent_1', '+12125550100');
         select vioc_set_credentials(1, 'key_of_a');
         insert into vioc.contacts (tenant_id, name, phone, appointment_time) values (1, 'B', '+16462000000', now() + interval '1 day');",
    )
    .unwrap();
    let began = Instant::now();
    call_contact(&mut app, 1);
    assert!(retell.wait_for(|now| now.counters().dials == 1, LONG));
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_missing_database_is_said_once_and_served_when_it_exists() {
    let retell = Simulator::start(Config::default()).unwrap();
    let cluster = Cluster::builder()
        .served([APP])
        .setting("vioconcierge.legal_hours", "00:00-24:00")
        .setting("vioconcierge.api_base_url", retell.url())
        .start();
    let complaints = |cluster: &Cluster| {
        said(cluster)
            .iter()
            .filter(|it| it.contains("does not exist"))
            .count()
    };
    wait_until("the missing database to be said", LONG, || {
        (complaints(&cluster) == 1).then_some(())
    });
    for _ in 0..5 {
        cluster.reload();
    }
    cluster
        .connect("postgres")
        .batch_execute("create database app")
        .unwrap();
    let practice = Practice::over(cluster, retell);
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
    assert_eq!(complaints(&practice.cluster), 1);
}

#[test]
fn two_databases_are_served_and_each_call_goes_its_own_way() {
    let retell = Simulator::start(Config::default()).unwrap();
    let cluster = Cluster::builder()
        .databases([APP, "second"])
        .setting("vioconcierge.legal_hours", "00:00-24:00")
        .setting("vioconcierge.api_base_url", retell.url())
        .start();
    let practice = Practice::over(cluster, retell);
    practice.cluster.create_extension("second");
    let mut second = practice.cluster.connect("second");
    second
        .batch_execute(
            "insert into vioc.tenants (company_name, time_zone, retell_agent_id, retell_agent_number) values ('Second', 'Africa/Abidjan', 'agent_2', '+12125550101');
             select vioc_set_credentials(1, 'key_of_the_second_bbbb');
             update vioc.credentials set max_starts_per_second = 1000;
             insert into vioc.contacts (tenant_id, name, phone, appointment_time) values (1, 'B', '+16462000000', now() + interval '1 day');",
        )
        .unwrap();
    let first_call = practice.call_number(&new_number());
    let second_call = call_contact(&mut second, 1);
    assert_ne!(first_call.session_id, second_call.session_id);
    practice.wait_for_call(first_call.id, &["completed"]);
    wait_until("the second database's call to be placed", LONG, || {
        let sql = "select retell_call_id is not null from vioc.calls";
        second
            .query_one(sql, &[])
            .unwrap()
            .get::<_, bool>(0)
            .then_some(())
    });
    let suffix = |call: &Queued| {
        practice.retell.dials_for(&call.session_id)[0]
            .key_suffix
            .clone()
    };
    assert_eq!(suffix(&first_call), "aaaa");
    assert_eq!(suffix(&second_call), "bbbb");
    assert_eq!(practice.retell.counters().dials, 2);
    assert_eq!(
        practice.ask::<i64>("select count(*) from vioc.calls", &[]),
        1
    );
    assert_ne!(
        practice.cluster.worker_pid(APP),
        practice.cluster.worker_pid("second")
    );
}

#[test]
fn two_databases_share_what_the_server_may_have_in_flight() {
    const ANSWER: Duration = Duration::from_millis(400);
    let retell = Simulator::start(Config::default()).unwrap();
    let cluster = Cluster::builder()
        .databases([APP, "second"])
        .setting("vioconcierge.legal_hours", "00:00-24:00")
        .setting("vioconcierge.api_base_url", retell.url())
        .setting("vioconcierge.max_in_flight", 4)
        .start();
    let practice = Practice::over(cluster, retell);
    practice.cluster.worker_pid("second");
    practice.cluster.create_extension("second");
    let mut second = practice.cluster.connect("second");
    second
        .batch_execute(
            "insert into vioc.tenants (company_name, time_zone, retell_agent_id, retell_agent_number) values ('Second', 'Africa/Abidjan', 'agent_2', '+12125550101');
             select vioc_set_credentials(1, 'key_of_the_second_bbbb');
             update vioc.credentials set max_starts_per_second = 1000, max_concurrent_calls = 1000;
             insert into vioc.contacts (tenant_id, name, phone, appointment_time)
             select 1, 'B', '+1646' || (3000000 + n), now() + interval '1 day' from generate_series(1, 8) as n;",
        )
        .unwrap();
    practice
        .retell
        .script(Script::any().create(CreateFault::answer_after(ANSWER)));
    for contact in 1..=8 {
        call_contact(&mut second, contact);
        practice.call_number(&new_number());
    }
    let creates = practice.wait_for_creates(16);
    let on_the_wire = |at: f64| {
        let began = creates.iter().map(|it| it.started);
        began
            .filter(|began| *began <= at && at < began + ANSWER.as_secs_f64())
            .count()
    };
    let most = creates.iter().map(|it| on_the_wire(it.started)).max();
    assert_eq!(most, Some(4), "two each");
}

#[test]
fn the_extension_can_be_dropped_with_calls_in_flight_and_created_again() {
    let mut practice = Practice::open();
    for _ in 0..6 {
        practice
            .retell
            .script(Script::next(4).create(CreateFault::answer_after(Duration::from_millis(100))));
        let contacts: Vec<_> = (0..8).map(|_| practice.contact(&new_number())).collect();
        let mut client = practice.connect();
        for contact in contacts {
            call_contact(&mut client, contact);
        }
        let Practice {
            front,
            cluster,
            retell,
            ..
        } = practice;
        // a webhook's session may lose or win a deadlock against DROP EXTENSION, as any session may; the worker must not
        drop(front);
        wait_until("the webhooks' sessions to be over", LONG, || {
            let sql = "select from pg_stat_activity where usename = 'authenticator'";
            let left = cluster.connect(APP).query(sql, &[]).unwrap();
            left.is_empty().then_some(())
        });
        let drop_extension = "drop extension vioconcierge";
        cluster.connect(APP).batch_execute(drop_extension).unwrap();
        assert!(retell.wait_until_idle(LONG));
        practice = Practice::over(cluster, retell);
    }
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
    assert_eq!(practice.dials(&call), 1);
    let complaints: Vec<_> = said(&practice.cluster)
        .into_iter()
        .filter(|it| it.contains("WARNING") || it.contains("ERROR") || it.contains("PANIC"))
        // while many objects are dropped it may wait too long for them, on a busy machine: then it says so, and for whom, unless
        // that is over
        .filter(|it| !it.contains("(SQLSTATE 55P03)"))
        .collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
fn a_terminated_worker_comes_back() {
    let practice = Practice::open();
    let before = practice.cluster.worker_pid(APP);
    terminate(&practice.cluster, before);
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
    assert_ne!(practice.cluster.worker_pid(APP), before);
}

#[test]
fn a_terminated_launcher_comes_back_and_leaves_one_worker_that_is_woken_at_once() {
    let practice = Practice::open();
    let before = launcher(&practice.cluster).unwrap().pid;
    terminate(&practice.cluster, before);
    wait_until("another launcher", LONG, || {
        launcher(&practice.cluster).filter(|it| it.pid != before)
    });
    wait_until("exactly one worker", LONG, || {
        (workers_of(&practice.cluster, APP).len() == 1).then_some(())
    });
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
    assert_eq!(
        workers_of(&practice.cluster, APP).len(),
        1,
        "{:?}",
        practice.cluster.workers()
    );
    let began = Instant::now();
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["placed", "ongoing", "ended", "completed"]);
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn a_database_dropped_by_force_leaves_the_launcher_well_and_the_others_served() {
    let retell = Simulator::start(Config::default()).unwrap();
    let cluster = Cluster::builder()
        .databases([APP, "second"])
        .setting("vioconcierge.legal_hours", "00:00-24:00")
        .setting("vioconcierge.api_base_url", retell.url())
        .start();
    cluster.create_extension("second");
    cluster.worker_pid("second");
    let practice = Practice::over(cluster, retell);
    let launcher_before = launcher(&practice.cluster).unwrap();
    practice
        .cluster
        .connect("postgres")
        .batch_execute("drop database second with (force)")
        .unwrap();
    wait_until("the launcher to notice", LONG, || {
        said(&practice.cluster)
            .iter()
            .any(|it| it.contains("does not exist"))
            .then_some(())
    });
    assert!(workers_of(&practice.cluster, "second").is_empty());
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
    assert_eq!(launcher(&practice.cluster).unwrap(), launcher_before);
    practice
        .cluster
        .connect("postgres")
        .batch_execute("create database second")
        .unwrap();
    practice.cluster.worker_pid("second");
}

#[test]
fn a_reload_changes_where_how_many_and_with_which_key_is_called() {
    let practice = Practice::builder()
        .setting("vioconcierge.retell_api_key", "key_before_1111")
        .open();
    let without_key = practice.new_tenant("Third", "+12125550102", None);

    let call_as_third = || {
        let contact = practice.contact_of(without_key, &new_number());
        practice.call(contact)
    };
    let call = call_as_third();
    practice.wait_for_call(call.id, &["completed"]);
    practice.set("vioconcierge.retell_api_key", "key_after_2222");
    let call = call_as_third();
    practice.wait_for_call(call.id, &["completed"]);
    let keys: Vec<_> = practice
        .retell
        .ledger()
        .into_iter()
        .map(|it| it.key_suffix)
        .collect();
    assert_eq!(keys, ["1111", "2222"]);

    practice.set("vioconcierge.max_in_flight", "1");
    practice
        .retell
        .script(Script::next(2).create(CreateFault::answer_after(Duration::from_millis(500))));
    let calls: Vec<_> = (0..2)
        .map(|_| practice.call_number(&new_number()))
        .collect();
    for call in &calls {
        practice.wait_for_call(call.id, &["completed"]);
    }
    let creates = practice.creates();
    let [.., first, second] = creates.as_slice() else {
        unreachable!()
    };
    let apart = second.started - first.started;
    assert!(
        apart >= 0.5,
        "the second was sent {apart} s after the first, which was not answered"
    );

    let elsewhere = Simulator::start(Config::default()).unwrap();
    practice.set("vioconcierge.api_base_url", &elsewhere.url());
    let before = practice.retell.counters().requests;
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
    assert_eq!(elsewhere.dials_for(&call.session_id).len(), 1);
    assert_eq!(practice.retell.counters().requests, before);
    elsewhere.stop();
}

/// Quick to ask Retell after a crash; webhooks are tried again until the server is back.
fn restartable() -> Builder {
    Practice::builder()
        .setting("vioconcierge.reconcile_after", "1s")
        .setting("vioconcierge.request_timeout", "60s")
        .retell(|it| {
            it.webhook_retries = 200;
            it.timing = Timing {
                ring: Duration::from_millis(300),
                ..Timing::default()
            };
        })
}

/// Calls whose creates are on the way: answered soon, never answered but created, never created.
fn calls_in_flight(practice: &Practice) -> Vec<Queued> {
    let faults = [
        CreateFault::answer_after(Duration::from_millis(1500)),
        CreateFault::answer_after(Duration::from_millis(1500)),
        CreateFault::hang_after_creating(),
        CreateFault::hang_after_creating(),
        CreateFault::hang_before_creating(),
        CreateFault::hang_before_creating(),
    ];
    let calls: Vec<_> = faults
        .into_iter()
        .map(|fault| {
            let phone = new_number();
            practice
                .retell
                .script(Script::to_number(&phone).times(1).create(fault));
            practice.call_number(&phone)
        })
        .collect();
    practice.wait_for_creates(calls.len());
    calls
}

/// Every call is resolved and rang exactly once, and the next one goes through.
fn assert_each_dialled_once(practice: &Practice, calls: &[Queued]) {
    for call in calls {
        practice.wait_for_call(call.id, &["completed"]);
    }
    let later = practice.call_number(&new_number());
    practice.wait_for_call(later.id, &["completed"]);
    for call in calls {
        assert_eq!(practice.dials(call), 1);
    }
}

#[test]
fn a_fast_restart_records_the_answers_that_arrive_and_dials_nobody_twice() {
    let practice = restartable().open();
    let calls = calls_in_flight(&practice);
    practice.cluster.restart(Stop::Fast);
    let answered: i64 = practice.ask(
        "select count(*) from vioc.calls where retell_call_id is not null and unconfirmed_at is null",
        &[],
    );
    assert!(
        answered >= 2,
        "only {answered} answers were recorded while stopping"
    );
    assert_each_dialled_once(&practice, &calls);
}

#[test]
fn a_fast_restart_with_nothing_in_flight_is_quick() {
    let practice = Practice::open();
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
    let began = Instant::now();
    practice.cluster.restart(Stop::Fast);
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "{:?}",
        began.elapsed()
    );
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
}

#[test]
fn an_immediate_stop_with_calls_in_flight_dials_nobody_twice() {
    let practice = restartable().open();
    let calls = calls_in_flight(&practice);
    practice.cluster.restart(Stop::Immediate);
    assert_each_dialled_once(&practice, &calls);
}

#[test]
fn a_worker_killed_with_calls_in_flight_dials_nobody_twice() {
    let practice = restartable().open();
    let calls = calls_in_flight(&practice);
    let worker = practice.cluster.worker_pid(APP);
    kill_process(Pid::from_raw(worker).unwrap(), Signal::KILL).unwrap();
    practice.wait_for("the server to have recovered", "select pg_postmaster_start_time() is not null and not exists (select from vioc.calls where status = 'dispatching')");
    assert_each_dialled_once(&practice, &calls);
}

#[test]
fn a_worker_terminated_with_calls_in_flight_dials_nobody_twice() {
    let practice = restartable().open();
    let calls = calls_in_flight(&practice);
    terminate(&practice.cluster, practice.cluster.worker_pid(APP));
    assert_each_dialled_once(&practice, &calls);
}

/// User and system time of a process in clock ticks (1/100 s).
fn cpu_ticks(pid: i32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<_> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn an_idle_worker_holds_no_transaction_pins_nothing_and_costs_nothing() {
    let practice = Practice::open();
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
    practice.wait_for(
        "the worker to be idle",
        "select count(*) = 1 from pg_stat_activity where backend_type = 'vioconcierge worker' and backend_xmin is null and backend_xid is null and xact_start is null",
    );
    let worker = practice.cluster.worker_pid(APP);
    let launcher = launcher(&practice.cluster).unwrap().pid;
    let before = cpu_ticks(worker) + cpu_ticks(launcher);
    // A measurement, not a synchronisation.
    std::thread::sleep(Duration::from_secs(2));
    let used = cpu_ticks(worker) + cpu_ticks(launcher) - before;
    assert!(used <= 4, "{used} ticks of 10 ms in two idle seconds");
}

#[test]
fn while_a_request_is_in_flight_the_worker_holds_no_transaction() {
    let practice = Practice::open();
    practice
        .retell
        .script(Script::next(1).create(CreateFault::hang_before_creating()));
    practice.call_number(&new_number());
    practice.wait_for_creates(1);
    practice.wait_for(
        "the worker to be outside of a transaction",
        "select count(*) = 1 from pg_stat_activity where backend_type = 'vioconcierge worker' and backend_xmin is null and backend_xid is null and xact_start is null",
    );
    // The claim is committed: another session sees it.
    assert_eq!(
        practice.ask::<String>("select status::text from vioc.calls", &[]),
        "dispatching"
    );
}

const A_TENANT_AND_A_CONTACT: &str = "
    insert into vioc.tenants (company_name, time_zone, retell_agent_id, retell_agent_number) values ('A', 'Africa/Abidjan', 'agent_1', '+12125550100');
    select vioc_set_credentials(1, 'key_of_a');
    insert into vioc.contacts (tenant_id, name, phone, appointment_time) values (1, 'B', '+16462000000', now() + interval '1 day');";

fn refusal(cluster: &Cluster, statement: &str) -> String {
    crate::told(&cluster.connect(APP).batch_execute(statement).unwrap_err())
}

#[test]
fn without_preloading_the_extension_is_created_and_the_button_says_what_to_do() {
    let cluster = cluster().preload("pg_cron").start();
    cluster.create_extension(APP);
    cluster
        .connect(APP)
        .batch_execute(A_TENANT_AND_A_CONTACT)
        .unwrap();
    let told = refusal(&cluster, "select vioc_call_contact(1)");
    assert!(
        told.starts_with("55000") && told.contains("shared_preload_libraries"),
        "{told}"
    );
    let told = refusal(&cluster, "select vioc_enqueue_due()");
    assert!(told.starts_with("55000"), "{told}");
    let log = cluster.log();
    assert!(
        !log.contains("terminated by signal") && !log.contains("PANIC"),
        "{log}"
    );
    cluster
        .connect(APP)
        .batch_execute("drop extension vioconcierge")
        .unwrap();
}

#[test]
fn in_a_database_that_is_not_listed_the_button_says_what_to_do() {
    let cluster = cluster().served([]).start();
    cluster.create_extension(APP);
    cluster
        .connect(APP)
        .batch_execute(A_TENANT_AND_A_CONTACT)
        .unwrap();
    let told = refusal(&cluster, "select vioc_call_contact(1)");
    assert!(
        told.starts_with("55000") && told.contains("vioconcierge.databases"),
        "{told}"
    );
    assert!(workers_of(&cluster, APP).is_empty());
}

#[test]
fn without_a_free_worker_process_there_is_one_warning_and_the_server_is_well() {
    // Taken by pg_cron, logical replication and the launcher.
    let cluster = cluster().setting("max_worker_processes", 3).start();
    let warnings = |cluster: &Cluster| {
        said(cluster)
            .iter()
            .filter(|it| it.contains("no background worker is free"))
            .count()
    };
    wait_until("the warning", LONG, || {
        (warnings(&cluster) == 1).then_some(())
    });
    cluster.create_extension(APP);
    let mut app = cluster.connect(APP);
    app.batch_execute(A_TENANT_AND_A_CONTACT).unwrap();
    assert_eq!(call_contact(&mut app, 1).status, "queued");
    for _ in 0..3 {
        cluster.reload();
    }
    assert_eq!(warnings(&cluster), 1);
    assert!(cluster.log().contains("max_worker_processes"));
}

#[test]
fn a_database_that_sets_a_role_is_served_all_the_same() {
    let practice = Practice::open();
    practice.run(
        "create role app_owner; alter database app set role = 'app_owner'; \
         alter database app set session_replication_role = 'replica'",
    );
    terminate(&practice.cluster, practice.cluster.worker_pid(APP));
    let mut app = practice.connect();
    app.batch_execute("reset role; set role none; set session_replication_role = origin")
        .unwrap();
    let call = call_of_new_contact(&mut app, practice.tenant);
    wait_until("the call to be made and reported", LONG, || {
        let sql =
            "select exists (select from vioc_events() where call_id = $1 and status = 'placed')";
        let row = app.query_one(sql, &[&call.id]).unwrap();
        row.get::<_, bool>(0).then_some(())
    });
}

/// By a session with settings of its own.
fn call_of_new_contact(app: &mut postgres::Client, tenant: i64) -> Queued {
    let sql = "insert into vioc.contacts (tenant_id, name, phone, appointment_time) values ($1, 'Ann', $2, now() + interval '3 days') returning id";
    let contact = app
        .query_one(sql, &[&tenant, &new_number()])
        .unwrap()
        .get(0);
    call_contact(app, contact)
}

/// For every session of the database, the worker's and the front's too.
fn set_for_the_database(practice: &Practice, settings: &[&str]) {
    let script: String = settings
        .iter()
        .map(|it| format!("alter database app set {it};"))
        .collect();
    practice.run(&script);
    terminate(&practice.cluster, practice.cluster.worker_pid(APP));
}

#[test]
fn a_database_with_hostile_settings_is_served_all_the_same() {
    let practice = Practice::open();
    practice.run(
        "create schema hostile; create table hostile.calls (x integer); \
         create function hostile.starts_with(text, text) returns boolean language plpgsql as $$ begin raise 'hostile'; end $$;",
    );
    set_for_the_database(
        &practice,
        &[
            "standard_conforming_strings = off",
            "quote_all_identifiers = on",
            "array_nulls = off",
            "transform_null_equals = on",
            "check_function_bodies = off",
            "datestyle = 'German'",
            "intervalstyle = 'sql_standard'",
            "bytea_output = 'escape'",
            "extra_float_digits = -5",
            "timezone = 'Asia/Kathmandu'",
            "search_path = hostile, pg_catalog, public",
            "default_transaction_isolation = 'serializable'",
            "default_transaction_deferrable = on",
            "statement_timeout = '20s'",
            "lock_timeout = '5s'",
            "idle_in_transaction_session_timeout = '20s'",
        ],
    );
    for (fate, outcome) in [("confirmed", "confirmed"), ("no_answer", "no_answer")] {
        let phone = new_number();
        let fate = retell_simulator::Fate::named(fate).unwrap();
        practice.retell.script(Script::to_number(&phone).fate(fate));
        let call = practice.call_number(&phone);
        practice.wait_for_call(call.id, &["completed"]);
        assert_eq!(practice.outcome(call.id).as_deref(), Some(outcome));
        assert_eq!(practice.dials(&call), 1);
    }
    let due = practice.due_contacts(practice.tenant, 2);
    practice.run(&format!(
        "select vioc_go_live({}); select vioc_enqueue_due()",
        practice.tenant
    ));
    for contact in due {
        practice.wait_for_contact(
            contact,
            &["confirmed", "contacted", "scheduled", "unreachable"],
        );
    }
    practice.wait_for(
        "the feed to be numbered",
        "select count(*) > 4 and not exists (select from vioc.new_events) from vioc_events()",
    );
}

#[test]
fn a_read_only_database_is_served_and_its_application_is_told_so() {
    let practice = Practice::open();
    set_for_the_database(
        &practice,
        &["default_transaction_read_only = on", "row_security = off"],
    );
    let mut app = practice.connect();
    let refused = app.execute(
        "insert into vioc.contacts (tenant_id, name, phone) values (1, 'Ann', '212 555 0101')",
        &[],
    );
    assert!(crate::told(&refused.unwrap_err()).starts_with("25006"));
    app.batch_execute("set default_transaction_read_only = off")
        .unwrap();
    let call = call_of_new_contact(&mut app, practice.tenant);
    wait_until("the worker to have it made", LONG, || {
        (practice.dials(&call) == 1
            && ["placed", "ongoing", "ended", "completed"]
                .contains(&practice.call_status(call.id).as_str()))
        .then_some(())
    });
    let mut viewer = {
        app.batch_execute(
            "create role viewer_of_one login; select vioc_grant('viewer_of_one', 'viewer', 1)",
        )
        .unwrap();
        practice.cluster.connect_as(APP, "viewer_of_one")
    };
    let refused = viewer.query("select * from vioc.contacts", &[]);
    assert!(crate::told(&refused.unwrap_err()).starts_with("42501"));
}

#[test]
fn an_extension_that_is_made_anew_begins_anew() {
    let practice = Practice::open();
    for _ in 0..3 {
        let call = practice.call_number(&new_number());
        practice.wait_for_call(call.id, &["completed"]);
    }
    practice.wait_for(
        "everything to be told",
        "select max(position) > 10 and not exists (select from vioc.new_events) from vioc.events",
    );
    let mut app = practice.connect();
    app.batch_execute("listen vioc_events").unwrap();
    practice.run("begin; drop extension vioconcierge; create extension vioconcierge; commit");
    practice.new_tenant(
        "Smile Dental",
        "+12125550100",
        Some("key_of_the_new_one_aaaa"),
    );
    let contact = practice.contact(&new_number());
    let call = practice.call(contact);
    practice.wait_for(
        "the call to be made",
        "select bool_or(retell_call_id is not null) from vioc.calls",
    );
    assert_eq!(call.id, 1, "it counts from one again");
    let newest = || practice.ask::<i64>("select coalesce(max(position), 0) from vioc.events", &[]);
    let mut notifications = app.notifications();
    let told = notifications.timeout_iter(LONG).next().unwrap();
    let told: i64 = told
        .expect("who listens is told")
        .payload()
        .parse()
        .unwrap();
    assert!(told <= newest() && told < 10, "{told}");
}

#[test]
fn a_connection_pool_is_made_when_what_it_needs_is_there() {
    let directory = vioc_tests::cluster::new_directory(false);
    let ca_file = directory.join("ca.pem");
    let practice = Practice::builder()
        .setting("vioconcierge.ca_file", ca_file.display())
        .open();
    // http needs no certificates
    practice
        .cluster
        .set("vioconcierge.api_base_url", "https://127.0.0.1:9");
    practice.wait_for(
        "the worker to say what it lacks",
        "select last_error ~ 'CA file' from vioc.worker_status",
    );
    terminate(&practice.cluster, practice.cluster.worker_pid(APP));
    let call = practice.call_number(&new_number());
    std::fs::copy("/etc/ssl/certs/ca-certificates.crt", &ca_file).unwrap();
    practice.wait_for(
        "the call to be tried",
        &format!(
            "select error ~ 'connection refused' from vioc.calls where id = {}",
            call.id
        ),
    );
    let lines = said(&practice.cluster);
    let complaints = lines.iter().filter(|it| it.contains("CA file"));
    assert!(complaints.count() <= 2, "once for each worker: {lines:#?}");
}

#[test]
fn a_database_that_cannot_hold_every_name_is_refused() {
    let cluster = cluster().start();
    cluster
        .connect("postgres")
        .batch_execute("create database latin template template0 encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'")
        .unwrap();
    let error = cluster
        .connect("latin")
        .batch_execute("create extension vioconcierge")
        .unwrap_err();
    let error = error.as_db_error().unwrap();
    assert_eq!(error.code().code(), "0A000");
    assert!(
        error.hint().is_some_and(|it| it.contains("UTF8")),
        "{error:?}"
    );
}

#[test]
fn the_worker_says_that_somebody_holds_a_lock_and_goes_on_when_it_is_gone() {
    let practice = Practice::open();
    practice
        .retell
        .script(Script::any().create(CreateFault::answer_after(Duration::from_secs(1))));
    practice.due_contacts(practice.tenant, 60);
    practice.run("select vioc_go_live(1); select vioc_enqueue_due()");
    // some are answered meanwhile, more wait in the queue
    practice.wait_for_creates(20);
    let mut admin = practice.connect();
    let mut held = admin.transaction().unwrap();
    held.batch_execute("lock table vioc.credentials in access exclusive mode")
        .unwrap();
    let began = Instant::now();
    practice.wait_for(
        "the worker to say so",
        "select last_error ~ 'SQLSTATE 55P03' from vioc.worker_status",
    );
    let took = began.elapsed();
    held.rollback().unwrap();
    assert!(
        took < Duration::from_secs(20),
        "once, not for each call: {took:?}"
    );
    practice.wait_until_settled();
    assert_eq!(practice.retell.counters().dials, 60);
    let log = practice.cluster.log();
    assert!(
        !log.contains("could not be recorded"),
        "no answer is thrown away: {log}"
    );
}

#[test]
fn the_list_of_databases_is_read_as_postgresql_reads_lists() {
    let cluster = Cluster::builder()
        .databases([APP, "Second, \"one\""])
        .served(["\"Second, \"\"one\"\"\"", APP])
        .start();
    cluster.create_extension(APP);
    cluster.worker_pid("Second, \"one\"");
    cluster.worker_pid(APP);
    let refused = cluster
        .connect(APP)
        .batch_execute("alter system set vioconcierge.databases = 'app, second app'");
    let refused = refused.unwrap_err();
    let refused = refused.as_db_error().unwrap();
    assert_eq!(refused.code().code(), "22023");
    assert!(refused.hint().unwrap().contains("second app"));
}

#[test]
fn a_sleeping_worker_gets_ready_while_a_call_now_is_written_and_dials_nobody_before_its_commit() {
    let practice = Practice::builder()
        .cluster(|it| it.setting("track_functions", "all"))
        .open();
    practice.call_number(&new_number());
    practice.wait_until_settled();
    let claims = || {
        let sql = "select coalesce(sum(calls), 0)::bigint from pg_stat_user_functions where funcname = 'claim_batch'";
        practice.ask::<i64>(sql, &[])
    };
    let contact = practice.contact(&new_number());
    let mut session = practice.connect();
    // without being roused it gets ready once a minute
    for _ in 0..3 {
        let before = claims();
        let mut transaction = session.transaction().unwrap();
        wait_until("a claim of nothing", LONG, || {
            let mut inner = transaction.transaction().unwrap();
            call_contact(&mut inner, contact);
            inner.rollback().unwrap();
            (claims() > before).then_some(())
        });
        transaction.rollback().unwrap();
    }
    assert_eq!(practice.creates().len(), 1);
}
