//! pg_cron decides who becomes due: in the same database, in another one, or not at all.

use std::time::Duration;

use retell_simulator::{Config, Simulator};
use vioc_tests::Cluster;
use vioc_tests::practice::{APP, Practice, cluster, new_number};
use vioc_tests::wait::{LONG, wait_until};

/// A minute and a little: pg_cron looks at its jobs when the minute begins.
const A_MINUTE: Duration = Duration::from_secs(75);

/// Name, schedule, command, database of the extension's jobs.
fn jobs(cluster: &Cluster, database: &str) -> Vec<(String, String, String, String)> {
    let sql = "select jobname, schedule, command, database from cron.job where jobname like 'vioconcierge%' order by jobname";
    let rows = cluster.connect(database).query(sql, &[]).unwrap();
    rows.iter()
        .map(|row| (row.get(0), row.get(1), row.get(2), row.get(3)))
        .collect()
}

fn refusal(practice: &Practice, role: &str, statement: &str) -> String {
    let mut client = practice.cluster.connect_as(APP, role);
    crate::told(&client.batch_execute(statement).unwrap_err())
}

#[test]
fn on_the_minute_pg_cron_calls_the_due_contacts_of_live_tenants_here_and_in_another_database() {
    let retell = Simulator::start(Config::default()).unwrap();
    let cluster = Cluster::builder()
        .databases([APP, "second"])
        .cron_database(APP)
        .setting("vioconcierge.legal_hours", "00:00-24:00")
        .setting("vioconcierge.api_base_url", retell.url())
        .start();
    let practice = Practice::over(cluster, retell);
    practice.run("create extension pg_cron");
    let not_live = practice.new_tenant("Not live", "+12125550101", Some("key_of_the_other_bbbb"));
    let due = practice.due_contacts(practice.tenant, 3);
    practice.due_contacts(not_live, 2);
    let later = practice.contact(&new_number());
    practice.run(&format!("select vioc_go_live({})", practice.tenant));
    practice.run("select vioc_install_schedule()");

    practice.cluster.create_extension("second");
    let mut second = practice.cluster.connect("second");
    second
        .batch_execute(
            "insert into vioc.tenants (company_name, time_zone, retell_agent_id, retell_agent_number) values ('Second', 'UTC', 'agent_2', '+12125550102');
             select vioc_set_credentials(1, 'key_of_the_second_cccc');
             insert into vioc.contacts (tenant_id, name, phone, appointment_time, call_at) values (1, 'B', '+16462000000', now() + interval '1 day', now());
             select vioc_go_live(1);
             select vioc_install_schedule();",
        )
        .unwrap();

    practice.wait_at_most(
        "the due contacts to be called by pg_cron",
        A_MINUTE,
        "select count(*) = 3 from vioc.calls where status = 'completed'",
    );
    wait_until(
        "the contact of the other database to be called",
        LONG,
        || {
            let sql = "select exists (select from vioc.calls where retell_call_id is not null)";
            second
                .query_one(sql, &[])
                .unwrap()
                .get::<_, bool>(0)
                .then_some(())
        },
    );
    practice.wait_for(
        "pg_cron to have written down both runs",
        "select count(distinct database) = 2 from cron.job_run_details where command like '%vioc_enqueue_due%' and status = 'succeeded'",
    );
    let called: Vec<i64> = practice.ask(
        "select array_agg(contact_id order by contact_id) from vioc.calls",
        &[],
    );
    assert_eq!(called, due);
    assert_eq!(practice.contact_status(later), "scheduled");
    assert_eq!(practice.retell.counters().dials, 4);
}

#[test]
fn the_schedule_is_installed_once_changed_by_name_and_removed() {
    let practice = Practice::builder()
        .cluster(|it| it.cron_database(APP))
        .open();
    let told = refusal(&practice, "postgres", "select vioc_install_schedule()");
    assert!(
        told.starts_with("55000") && told.contains("create extension pg_cron"),
        "{told}"
    );
    practice.run("create extension pg_cron");
    practice.run("select vioc_install_schedule(); select vioc_install_schedule()");
    let installed = jobs(&practice.cluster, APP);
    let enqueue: Vec<_> = installed
        .iter()
        .filter(|it| it.2.contains("vioc_enqueue_due"))
        .collect();
    assert_eq!(enqueue.len(), 1, "{installed:#?}");
    assert_eq!(enqueue[0].1, "* * * * *");
    assert!(installed.iter().all(|it| it.3 == APP), "{installed:#?}");

    practice.run("select vioc_install_schedule(every => '*/5 * * * *')");
    let changed = jobs(&practice.cluster, APP);
    assert_eq!(changed.len(), installed.len());
    assert!(
        changed
            .iter()
            .any(|it| it.1 == "*/5 * * * *" && it.2.contains("vioc_enqueue_due")),
        "{changed:#?}"
    );

    let told = refusal(
        &practice,
        "postgres",
        "select vioc_install_schedule('every now and then')",
    );
    assert!(
        told.contains("invalid schedule"),
        "pg_cron's own words: {told}"
    );
    assert_eq!(jobs(&practice.cluster, APP), changed);

    practice.run("select cron.schedule('of the practice', '0 0 1 1 *', 'select 1')");
    practice.run("select vioc_remove_schedule(); select vioc_remove_schedule()");
    assert!(jobs(&practice.cluster, APP).is_empty());
    assert_eq!(
        practice.ask::<i64>("select count(*) from cron.job", &[]),
        1,
        "the practice's own job stays"
    );
}

#[test]
fn pg_cron_in_another_database_gets_the_jobs_of_this_one() {
    let practice = Practice::open(); // pg_cron lives in database postgres
    practice
        .cluster
        .connect("postgres")
        .batch_execute("create extension pg_cron")
        .unwrap();
    practice.run("select vioc_install_schedule(); select vioc_install_schedule()");
    let installed = jobs(&practice.cluster, "postgres");
    let enqueue: Vec<_> = installed
        .iter()
        .filter(|it| it.2.contains("vioc_enqueue_due"))
        .collect();
    assert_eq!(enqueue.len(), 1, "{installed:#?}");
    assert_eq!(enqueue[0].3, APP);
    assert_eq!(
        enqueue[0].2,
        "do $run$ begin for piece in 1..100 loop exit when public.vioc_enqueue_due(100) < 100; commit; end loop; end $run$"
    );

    let told = refusal(
        &practice,
        "postgres",
        "select vioc_install_schedule('every now and then')",
    );
    assert!(
        told.contains("invalid schedule"),
        "pg_cron's own words: {told}"
    );

    practice.run("select vioc_remove_schedule(); select vioc_remove_schedule()");
    assert!(jobs(&practice.cluster, "postgres").is_empty());
}

#[test]
fn who_is_no_superuser_is_told_the_statement_and_it_works() {
    let practice = Practice::open();
    practice
        .cluster
        .connect("postgres")
        .batch_execute("create extension pg_cron")
        .unwrap();
    practice.run("create role manager login; select vioc_grant('manager', 'admin')");
    let told = refusal(
        &practice,
        "manager",
        "select vioc_install_schedule('*/2 * * * *')",
    );
    assert!(told.starts_with("42501"), "{told}");
    assert!(jobs(&practice.cluster, "postgres").is_empty());
    // What stands behind "in database postgres:" is the statement.
    let hint = told.lines().last().unwrap();
    let (_, statement) = hint
        .split_once("in database postgres: ")
        .unwrap_or_else(|| panic!("{hint}"));
    practice
        .cluster
        .connect("postgres")
        .batch_execute(statement)
        .unwrap();
    let installed = jobs(&practice.cluster, "postgres");
    assert!(
        installed
            .iter()
            .any(|it| it.1 == "*/2 * * * *" && it.2.contains("vioc_enqueue_due") && it.3 == APP),
        "{installed:#?}"
    );
    let told = refusal(&practice, "manager", "select vioc_remove_schedule()");
    let (_, statement) = told
        .lines()
        .last()
        .unwrap()
        .split_once("in database postgres: ")
        .unwrap();
    practice
        .cluster
        .connect("postgres")
        .batch_execute(statement)
        .unwrap();
    assert!(jobs(&practice.cluster, "postgres").is_empty());
}

#[test]
fn pg_cron_loaded_but_not_created_elsewhere_is_said_with_the_cure() {
    let practice = Practice::open();
    let told = refusal(&practice, "postgres", "select vioc_install_schedule()");
    assert!(
        told.starts_with("55000") && told.contains("create extension if not exists pg_cron"),
        "{told}"
    );
    // The errand's failure leaves everything well.
    let call = practice.call_number(&new_number());
    practice.wait_for_call(call.id, &["completed"]);
}

#[test]
fn without_pg_cron_the_extension_is_created_with_a_notice_and_calls_are_made_by_hand() {
    let retell = Simulator::start(Config::default()).unwrap();
    let cluster = cluster()
        .preload("vioconcierge")
        .setting("client_min_messages", "notice")
        .setting("vioconcierge.api_base_url", retell.url())
        .start();
    // Elsewhere: in the served database the worker would use it at once.
    let output = cluster.psql(
        "postgres",
        "create extension vioconcierge; drop extension vioconcierge;",
    );
    assert!(output.status.success(), "{output:?}");
    let practice = Practice::over(cluster, retell);
    let told = refusal(&practice, "postgres", "select vioc_install_schedule()");
    assert!(
        told.starts_with("55000") && told.contains("pg_cron"),
        "{told}"
    );
    practice.due_contacts(practice.tenant, 2);
    practice.run(&format!("select vioc_go_live({})", practice.tenant));
    assert_eq!(practice.ask::<i32>("select vioc_enqueue_due()", &[]), 2);
    assert_eq!(practice.ask::<i32>("select vioc_enqueue_due()", &[]), 0);
    practice.wait_for(
        "both to be called",
        "select count(*) = 2 from vioc.calls where status = 'completed'",
    );
    let notice = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        notice.contains("NOTICE") && notice.contains("pg_cron"),
        "{notice}"
    );
}
