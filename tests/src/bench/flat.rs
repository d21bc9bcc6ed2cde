//! Does a question cost more because of data that do not concern it?

use postgres::Client;
use serde_json::Value;

use super::figure::Figure;
use super::history::copy;
use super::ingest::{deal, start_of};
use super::row::{Findings, Row, Run};
use super::site::{DATABASE, TENANTS};
use crate::Cluster;
use crate::cluster::Binaries;
use crate::reports::{RECEIVE, deliver};

pub(super) const ROW: Row = Row {
    name: "flat",
    about: "views, functions and an application's statements, of large data and of small",
    any_dispatcher: false,
    run,
};

/// Contacts of the small data set, each with two calls. The large one has so many times as many.
const CONTACTS: usize = 2_000;
const TIMES: usize = 500;
/// How often a question is asked.
const ASKED: usize = 7;
/// The practice that has half of all data, and one that has next to none.
const BIG: i64 = 1;
const SMALL: i64 = 2;
/// What a question costs at least, as it is compared: a time in milliseconds, and pages.
const LEAST: (f64, f64) = (1.0, 100.0);

/// Who may ask.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Right {
    Read,
    Write,
    /// The superuser's.
    All,
}

/// Each with the answer's first page, of a practice {t}, its contact {c} or call {k}; nothing is committed.
const QUESTIONS: &[(Right, &str)] = &[
    (
        Right::Read,
        "select * from vioc.call_history order by call_id desc limit 50",
    ),
    (Right::Read, "select * from vioc.dead_letters limit 50"),
    (Right::Read, "select * from vioc.due_contacts limit 50"),
    (Right::Read, "select * from vioc.needs_review limit 50"),
    (Right::All, "select * from vioc.progress limit 50"),
    (Right::Read, "select * from vioc.tenant_status limit 50"),
    (Right::All, "select * from vioc.worker_status limit 50"),
    (Right::Read, "select * from vioc.metrics"),
    (Right::Read, "select * from vioc.forecast limit 50"),
    (
        Right::Read,
        "select * from vioc.contacts where tenant_id = {t} order by appointment_time limit 50",
    ),
    (
        Right::Read,
        "select * from vioc.contacts where tenant_id = {t} and external_id = 'flat'",
    ),
    (
        Right::Read,
        "select * from vioc.calls where contact_id = {c}",
    ),
    (Right::Read, "select vioc_contact_id({t}, 'flat')"),
    (Right::Read, "select * from vioc_explain_contact({c})"),
    (Right::Read, "select vioc_preview_call({c})"),
    (Right::Read, "select * from vioc_events(0, 100)"),
    (Right::Write, "select * from vioc_call_contact({c})"),
    (Right::Write, "select vioc_do_not_call({t}, '+12125550142')"),
    (
        Right::Write,
        "insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time) \
       values ({t}, 'new', 'Ann', '+12125550143', now() + interval '9 days')",
    ),
    (
        Right::Write,
        "update vioc.contacts set appointment_time = appointment_time + interval '1 day' where id = {c}",
    ),
    (
        Right::Write,
        "update vioc.contacts set phone = '+12125550144' where id = {c}",
    ),
    (Right::Write, "select vioc_delete_contact({c})"),
    (Right::All, "select vioc_enqueue_due(50)"),
    (Right::All, "select vioc_purge()"),
    (Right::All, "select vioc_reconcile()"),
    (Right::Write, "select vioc_replay_webhooks(50)"),
    (Right::All, "select vioc_pause({t}, 'bench')"),
    (Right::All, "select vioc_resume({t})"),
    (Right::All, "select vioc_forget_phone({t}, '+12125550145')"),
    (Right::Read, "select count(*) from vioc_doctor()"),
];

/// Who asks, and about which practice.
const ASKING: [(&str, Option<&str>, i64, Right); 4] = [
    ("superuser", None, SMALL, Right::All),
    ("viewer of all", Some("viewer_of_all"), SMALL, Right::Read),
    (
        "operator of the big one",
        Some("operator_of_big"),
        BIG,
        Right::Write,
    ),
    (
        "operator of a small one",
        Some("operator_of_small"),
        SMALL,
        Right::Write,
    ),
];

fn run(run: &mut Run<'_>) -> Findings {
    let times = if run.options.full { TIMES } else { TIMES / 10 };
    let (small, large) = (start(run, 1), start(run, times));
    let answers = run.once(|_| {
        let mut answers = Vec::new();
        for (who, role, tenant, right) in ASKING {
            let mut sessions = [&small, &large].map(|cluster| Asker::new(cluster, role, tenant));
            for (needed, question) in QUESTIONS {
                if *needed == Right::Read || right == Right::All || *needed == right {
                    let [few, many] = sessions.each_mut().map(|asker| asker.ask(question));
                    answers.push((format!("{who}: {question}"), few, many));
                }
            }
        }
        answers
    });
    let ratio = |few: f64, many: f64, least: f64| many.max(least) / few.max(least);
    let mut notes = vec![format!(
        "the smallest of {ASKED} times each; below {} ms and {} pages all are alike",
        LEAST.0, LEAST.1
    )];
    let mut slower = Vec::new();
    let mut wider = Vec::new();
    for (question, few, many) in &answers {
        let time = ratio(few.0, many.0, LEAST.0);
        let pages = ratio(few.1, many.1, LEAST.1);
        if time > 2.0 || pages > 2.0 {
            notes.push(format!(
                "{question}: {:.1} and {:.1} ms, {:.0} and {:.0} pages",
                few.0, many.0, few.1, many.1
            ));
        }
        slower.push(time);
        wider.push(pages);
    }
    let above = |ratios: &[f64]| vec![ratios.iter().filter(|it| **it > 2.0).count() as f64];
    let worst = |ratios: &[f64]| vec![ratios.iter().copied().fold(0.0, f64::max)];
    Findings {
        about: format!(
            "{} questions, with {} contacts and {} calls of {TENANTS} tenants, half of them one tenant's, and with {} and {}",
            answers.len(),
            CONTACTS * times,
            CONTACTS * times * 2,
            CONTACTS,
            CONTACTS * 2
        ),
        figures: vec![
            Figure::new("take more than twice the time", 0, above(&slower)).at_most(0.0),
            Figure::new("read more than twice the pages", 0, above(&wider)).at_most(0.0),
            Figure::new("the largest ratio of times", 1, worst(&slower)),
            Figure::new("the largest ratio of pages", 1, worst(&wider)),
        ],
        notes,
    }
}

/// A cluster with so many times the small data set.
fn start(run: &Run<'_>, times: usize) -> Cluster {
    let cluster = start_of(&Binaries::find(), TENANTS);
    let mut client = cluster.connect(DATABASE);
    deliver(
        RECEIVE,
        || cluster.connect(DATABASE),
        &deal(&cluster, TENANTS, TENANTS),
    );
    let script = format!(
        "create role viewer_of_all; create role operator_of_big; create role operator_of_small; \
         select vioc_grant('viewer_of_all', 'viewer'), vioc_grant('operator_of_big', 'operator', {BIG}), \
           vioc_grant('operator_of_small', 'operator', {SMALL}); \
         insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time) \
         select t, 'flat', 'Ann', '+12125550142', now() + interval '3 days' from unnest('{{{BIG},{SMALL}}}'::bigint[]) as t; \
         set session_replication_role = replica; set synchronous_commit = off; \
         create schema bench; \
         create table bench.call as select * from vioc.calls where status = 'completed' limit 1; \
         create table bench.contact as select c.* from vioc.contacts as c join bench.call as k on k.contact_id = c.id"
    );
    client
        .batch_execute(&script)
        .unwrap_or_else(|error| panic!("{script}: {error:?}"));
    // every other one is the big tenant's, none the small one's
    let tenant = |n: &str| {
        format!(
            "case when {n} % 2 = 0 then {BIG} else 3 + ({n} / 2) % {} end",
            TENANTS - 2
        )
    };
    let ages = "n % 900 * interval '1 hour' + interval '2 days'";
    let say = |text: &str| run.say(text);
    copy(
        &mut client,
        "vioc.contacts",
        "bench.contact",
        CONTACTS * times,
        Some("interval '2 days' - n % 2000 * interval '1 hour'"),
        &[
            ("tenant_id", tenant("n").as_str()),
            ("id", "1000000000 + n"),
            ("row_id", "gen_random_uuid()"),
            ("external_id", "'f' || n"),
            ("phone", "'+1213' || (2000000 + n % 7000000)"),
            ("phone_e164", "'+1213' || (2000000 + n % 7000000)"),
            // every tenth one is called in a while
            (
                "status",
                "case when n % 10 = 0 and n % 2000 > 100 then 'scheduled' else p.status end",
            ),
            (
                "next_call_at",
                "case when n % 10 = 0 and n % 2000 > 100 then now() + n % 2000 * interval '1 hour' end",
            ),
            (
                "next_call_reason",
                "case when n % 10 = 0 and n % 2000 > 100 then 'plan' end",
            ),
        ],
        &say,
    );
    copy(
        &mut client,
        "vioc.calls",
        "bench.call",
        CONTACTS * times * 2,
        Some(ages),
        &[
            ("tenant_id", tenant("(1 + n / 2)").as_str()),
            ("id", "1000000000 + n"),
            ("contact_id", "1000000000 + 1 + n / 2"),
            ("attempt", "1 + n % 2"),
            ("session_id", "gen_random_uuid()"),
            ("retell_call_id", "'call_flat_' || n"),
            ("to_number", "'+1213' || (2000000 + (1 + n / 2) % 7000000)"),
        ],
        &say,
    );
    for statement in [
        "insert into vioc.retell_calls (tenant_id, call_id, retell_call_id) \
         select c.tenant_id, c.id, c.retell_call_id from vioc.calls as c where c.id >= 1000000000",
        "vacuum analyze",
        "checkpoint",
    ] {
        client
            .batch_execute(statement)
            .unwrap_or_else(|error| panic!("{statement}: {error:?}"));
    }
    cluster
}

/// A session of a role that asks about a practice.
struct Asker {
    client: Client,
    role: Option<&'static str>,
    tenant: i64,
    contact: i64,
    call: i64,
}

impl Asker {
    fn new(cluster: &Cluster, role: Option<&'static str>, tenant: i64) -> Self {
        let mut client = cluster.connect(DATABASE);
        let id = |client: &mut Client, table: &str, which: &str| -> i64 {
            client
                .query_one(
                    &format!(
                        "select max(id) from vioc.{table} where tenant_id = {tenant} and {which}"
                    ),
                    &[],
                )
                .expect("ids can be read")
                .get(0)
        };
        let contact = id(&mut client, "contacts", "external_id = 'flat'");
        let call = id(&mut client, "calls", "id < 1000000000");
        Self {
            client,
            role,
            tenant,
            contact,
            call,
        }
    }

    /// The smallest time in milliseconds, planning included, and pages.
    fn ask(&mut self, question: &str) -> (f64, f64) {
        let question = question
            .replace("{t}", &self.tenant.to_string())
            .replace("{c}", &self.contact.to_string())
            .replace("{k}", &self.call.to_string());
        let statement = format!("explain (analyze, buffers, timing off, format json) {question}");
        let mut least = (f64::INFINITY, f64::INFINITY);
        for _ in 0..ASKED {
            let mut transaction = self.client.transaction().expect("a transaction begins");
            if let Some(role) = self.role {
                transaction
                    .batch_execute(&format!("set local role {role}"))
                    .expect("the role exists");
            }
            let plan: Value = transaction
                .query_one(&statement, &[])
                .unwrap_or_else(|error| panic!("{:?}, {question}: {error:?}", self.role))
                .get(0);
            transaction.rollback().expect("it is rolled back");
            let number = |place: &Value| place.as_f64().unwrap_or_default();
            let plan = &plan[0];
            let top = &plan["Plan"];
            least.0 = least
                .0
                .min(number(&plan["Execution Time"]) + number(&plan["Planning Time"]));
            least.1 = least
                .1
                .min(number(&top["Shared Hit Blocks"]) + number(&top["Shared Read Blocks"]));
        }
        least
    }
}
