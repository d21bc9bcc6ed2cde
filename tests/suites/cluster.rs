//! The throwaway cluster itself, with nothing but PostgreSQL.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::time::{Duration, Instant};

use vioc_tests::cluster::{Cluster, Copy, Stop};
use vioc_tests::wait::{LONG, wait_until};

fn count(cluster: &Cluster, table: &str) -> i64 {
    cluster
        .connect("app")
        .query_one(&format!("select count(*) from {table}"), &[])
        .unwrap()
        .get(0)
}

#[test]
fn a_cluster_starts_quickly_and_has_its_databases() {
    let first = Cluster::builder().plain().databases(["app"]).start();
    let started = Instant::now();
    let second = Cluster::builder().plain().databases(["app"]).start();
    let took = started.elapsed();
    println!("a further cluster took {took:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert_ne!(first.port(), second.port());
    second.connect("app");
}

#[test]
fn settings_are_set_at_the_start_and_changed_by_reload() {
    let cluster = Cluster::builder()
        .plain()
        .setting("vioconcierge.note", r"it's a \ test")
        .start();
    let shown = |name: &str| -> String {
        cluster
            .connect("postgres")
            .query_one("select current_setting($1)", &[&name])
            .unwrap()
            .get(0)
    };
    assert_eq!(shown("vioconcierge.note"), r"it's a \ test");
    assert_eq!(shown("TimeZone"), "UTC");
    cluster.set("work_mem", "7MB");
    assert_eq!(shown("work_mem"), "7MB");
    cluster.reset("work_mem");
    assert_eq!(shown("work_mem"), "4MB");
}

#[test]
fn committed_rows_survive_every_way_to_stop() {
    let cluster = Cluster::builder()
        .plain()
        .databases(["app"])
        .setting("fsync", "on")
        .start();
    cluster
        .connect("app")
        .batch_execute("create table kept (n int)")
        .unwrap();
    let insert = || {
        cluster
            .connect("app")
            .batch_execute("insert into kept values (1)")
            .unwrap()
    };
    insert();
    for mode in [Stop::Smart, Stop::Fast, Stop::Immediate] {
        cluster.restart(mode);
        insert();
    }
    cluster.kill9_postmaster();
    cluster.start();
    assert_eq!(count(&cluster, "kept"), 4);
}

#[test]
fn psql_stops_at_the_first_error_and_tells_it() {
    let cluster = Cluster::builder().plain().start();
    let output = cluster.psql("postgres", "select 1;\nselect nonsense;\nselect 2;\n");
    assert!(!output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1\n");
    assert!(String::from_utf8_lossy(&output.stderr).contains("nonsense"));
}

#[test]
fn a_standby_follows_and_takes_over() {
    let primary = Cluster::builder().plain().databases(["app"]).start();
    primary
        .connect("app")
        .batch_execute("create table kept (n int)")
        .unwrap();
    let standby = primary.basebackup(Copy::Standby, &[("work_mem", "3MB")]);
    primary
        .connect("app")
        .batch_execute("insert into kept values (1)")
        .unwrap();
    wait_until("the row on the standby", LONG, || {
        (count(&standby, "kept") == 1).then_some(())
    });
    primary.stop(Stop::Immediate);
    standby.promote();
    standby
        .connect("app")
        .batch_execute("insert into kept values (2)")
        .unwrap();
    assert_eq!(count(&standby, "kept"), 2);
}

#[test]
fn copies_share_a_system_identifier_and_a_fresh_cluster_has_its_own() {
    let identity = |cluster: &Cluster| -> i64 {
        let sql = "select system_identifier from pg_control_system()";
        cluster
            .connect("postgres")
            .query_one(sql, &[])
            .unwrap()
            .get(0)
    };
    let original = Cluster::builder().plain().start();
    let clone = original.basebackup(Copy::Clone, &[]);
    let other = Cluster::builder().plain().own_identity().start();
    assert_eq!(identity(&original), identity(&clone));
    assert_ne!(identity(&original), identity(&other));
}

#[test]
fn a_dropped_cluster_leaves_nothing_behind() {
    let cluster = Cluster::builder().plain().start();
    let directory = cluster.socket_dir().to_owned();
    assert!(directory.exists());
    drop(cluster);
    assert!(!directory.exists());
}
