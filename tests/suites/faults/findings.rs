//! What came of it: the database and the simulator's ledger, held against each other.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use postgres::Client;
use retell_simulator::{Dial, RequestLog, Simulator};

use crate::people::{Meddling, Person, RECONCILE};

/// The promises, each with what breaks it. All empty is a pass.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) calls: usize,
    pub(crate) dials: usize,
    pub(crate) doubted: i64,
    pub(crate) sent_again: usize,
    pub(crate) replays: u32,
    /// Sent by a wrong clock that was set right while the server was away: how old they are is not known, so they are not
    /// sent again, and a person is told.
    pub(crate) given_to_a_person: usize,
    pub(crate) dialled_twice: Vec<String>,
    pub(crate) calls_lost: Vec<String>,
    pub(crate) outcomes_lost: Vec<String>,
    pub(crate) open_twice: Vec<String>,
    pub(crate) unresolved: Vec<String>,
    pub(crate) sent_again_early: Vec<String>,
    pub(crate) bytes_changed: Vec<String>,
    /// A call has another's person, or Retell's id of another.
    pub(crate) on_another: Vec<String>,
    /// A setting that decides where calls go could not be used.
    pub(crate) sent_while_stopped: Vec<String>,
    /// By Retell's clock.
    pub(crate) outside_hours: Vec<String>,
    /// Calls waited for more than a minute, and the doctor had no reason; or a tenant made all others wait for a lock.
    pub(crate) silent: Vec<String>,
}

impl Findings {
    fn promises(&self) -> [(&'static str, &Vec<String>); 11] {
        [
            ("dialled twice", &self.dialled_twice),
            ("calls lost", &self.calls_lost),
            ("outcomes lost", &self.outcomes_lost),
            ("contacts with two open calls", &self.open_twice),
            ("unresolved", &self.unresolved),
            ("sent again early", &self.sent_again_early),
            ("bytes changed", &self.bytes_changed),
            ("on another person", &self.on_another),
            ("sent while stopped", &self.sent_while_stopped),
            ("outside hours", &self.outside_hours),
            ("silent without a reason", &self.silent),
        ]
    }

    pub(crate) fn is_clean(&self) -> bool {
        self.promises().iter().all(|(_, broken)| broken.is_empty())
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} calls, {} dials ({} in doubt, {} sent again, {} replays, {} given to a person)",
            self.calls,
            self.dials,
            self.doubted,
            self.sent_again,
            self.replays,
            self.given_to_a_person
        )?;
        for (promise, broken) in self.promises() {
            write!(f, "; {promise}: {}", broken.len())?;
        }
        for (promise, broken) in self.promises() {
            for line in broken.iter().take(10) {
                write!(f, "\n  {promise}: {line}")?;
            }
        }
        Ok(())
    }
}

/// Sessions with more than one dial.
pub(crate) fn dialled_twice(dials: &[Dial]) -> Vec<String> {
    let mut count: BTreeMap<&str, u32> = BTreeMap::new();
    for dial in dials {
        *count.entry(&dial.session_id).or_default() += 1;
    }
    count
        .iter()
        .filter(|(_, dials)| **dials > 1)
        .map(|(session, dials)| format!("session {session}: {dials} dials"))
        .collect()
}

/// Contacts that have two open calls at this moment, whatever the index says.
pub(crate) fn open_twice(client: &mut Client) -> Result<Vec<String>, postgres::Error> {
    let sql = "select contact_id from vioc.calls where is_open and not is_test group by contact_id having count(*) > 1";
    let rows = client.query(sql, &[])?;
    let line = |row: &postgres::Row| format!("contact {}", row.get::<_, i64>(0));
    Ok(rows.iter().map(line).collect())
}

/// One call as the database has it.
struct Stored {
    id: i64,
    phone: String,
    status: String,
    outcome: Option<String>,
    contact_status: Option<String>,
    retell_call_id: Option<String>,
    contact_phone: Option<String>,
    error: Option<String>,
    needs_review: bool,
    /// Later than the first: a clock ahead may have made it due, or it was not reached.
    attempt: Option<i32>,
    /// The contact has a later one, which its status is about.
    is_superseded: bool,
    /// What an application was told, in its order.
    history: String,
}

/// Judges the end of a run. `known` are the people whose call was acknowledged or not; all were called once.
pub(crate) fn judge(
    client: &mut Client,
    retell: &Simulator,
    people: &[Person],
    clock_moved: bool,
    passed: &[(f64, f64)],
) -> Findings {
    let dials = retell.ledger();
    let mut findings = Findings {
        dials: dials.len(),
        replays: dials.iter().map(|it| it.replays).sum(),
        dialled_twice: dialled_twice(&dials),
        open_twice: open_twice(client).unwrap(),
        ..Findings::default()
    };
    findings.doubted = client
        .query_one(
            "select count(*) from vioc.calls where unconfirmed_at is not null",
            &[],
        )
        .unwrap()
        .get(0);
    let rows = client
        .query(
            "select c.session_id::text, c.id, c.to_number::text, c.status::text, c.outcome, ct.status::text, c.retell_call_id, ct.phone_e164::text, c.error, c.needs_review, \
             (select format('looked up %s times; ', c.look_ups) || string_agg(concat_ws(' ', to_char(e.at, 'YYYY-MM-DD HH24:MI:SS'), e.kind, e.status, e.outcome), '; ' order by e.position) \
              from vioc.events as e where e.tenant_id = c.tenant_id and e.contact_id = c.contact_id), c.attempt, c.attempt < ct.last_attempt \
             from vioc.calls as c left join vioc.contacts as ct on ct.tenant_id = c.tenant_id and ct.id = c.contact_id",
            &[],
        )
        .unwrap();
    let stored: HashMap<String, Stored> = rows
        .iter()
        .map(|row| {
            (
                row.get(0),
                Stored {
                    id: row.get(1),
                    phone: row.get(2),
                    status: row.get(3),
                    outcome: row.get(4),
                    contact_status: row.get(5),
                    retell_call_id: row.get(6),
                    contact_phone: row.get(7),
                    error: row.get(8),
                    needs_review: row.get(9),
                    history: row.get::<_, Option<String>>(10).unwrap_or_default(),
                    attempt: row.get(11),
                    is_superseded: row.get::<_, Option<bool>>(12).unwrap_or_default(),
                },
            )
        })
        .collect();
    findings.calls = stored.len();
    let by_phone: HashMap<&str, &Person> =
        people.iter().map(|it| (it.phone.as_str(), it)).collect();
    let mut dialled: HashMap<&str, &Dial> = HashMap::new();
    for dial in &dials {
        dialled.insert(&dial.session_id, dial);
        if !stored.contains_key(&dial.session_id) {
            let line = format!("session {} rang, and no call says so", dial.session_id);
            findings.calls_lost.push(line);
        }
    }
    for (session, call) in &stored {
        judge_identity(&mut findings, call, dialled.get(session.as_str()).copied());
        let Some(person) = by_phone.get(call.phone.as_str()) else {
            continue;
        };
        if clock_moved && is_given_to_a_person(call, dialled.get(session.as_str()).copied()) {
            findings.given_to_a_person += 1;
            continue;
        }
        // a clock ahead was beyond the appointment: the plan, or a person, goes on
        let has_next = matches!(
            call.contact_status.as_deref(),
            Some("scheduled" | "callback")
        );
        let goes_on = person.is_due && call.status == "expired" && (has_next || call.needs_review);
        // a clock ahead queued the follow-up, which waits for its time
        let waits = call.attempt > Some(1) && call.status == "queued";
        if clock_moved && (goes_on || waits) {
            continue;
        }
        judge_call(
            &mut findings,
            call,
            person,
            dialled.get(session.as_str()).copied(),
            clock_moved,
        );
    }
    let called: HashSet<&str> = stored.values().map(|it| it.phone.as_str()).collect();
    for person in people {
        if person.is_acknowledged
            && person.meddling == Meddling::None
            && !called.contains(person.phone.as_str())
        {
            let line = format!("{}: acknowledged, and not there", person.external_id);
            findings.calls_lost.push(line);
        }
    }
    judge_requests(&mut findings, &retell.requests(), passed);
    findings
}

fn is_given_to_a_person(call: &Stored, dial: Option<&Dial>) -> bool {
    let is_unresolved = call
        .error
        .as_deref()
        .is_some_and(|it| it.starts_with("unresolved"));
    call.status == "failed" && is_unresolved && call.needs_review && dial.is_none()
}

fn judge_identity(findings: &mut Findings, call: &Stored, dial: Option<&Dial>) {
    let is_of_contact = call
        .contact_phone
        .as_ref()
        .is_none_or(|it| *it == call.phone);
    let is_of_dial = dial.is_none_or(|dial| {
        dial.to_number == call.phone
            && call
                .retell_call_id
                .as_ref()
                .is_none_or(|it| *it == dial.call_id)
    });
    if !is_of_contact || !is_of_dial {
        findings
            .on_another
            .push(format!("call {}: dial {dial:?}", call.id));
    }
}

fn judge_call(
    findings: &mut Findings,
    call: &Stored,
    person: &Person,
    dial: Option<&Dial>,
    clock_moved: bool,
) {
    let said = format!(
        "call {} ({:?}): {} {:?} {:?}, dial {:?}",
        call.id,
        person.meddling,
        call.status,
        call.outcome,
        call.error,
        dial.map(|it| (it.call_id.as_str(), it.ended_reason.as_deref()))
    );
    match call.status.as_str() {
        "completed" | "cancelled" => {}
        "failed" if call.retell_call_id.is_some() => {}
        // The practice took it back while it was in doubt, and it never rang: a person is told.
        "failed" if person.meddling != Meddling::None && dial.is_none() => {}
        _ => findings.unresolved.push(said.clone()),
    }
    let Some(dial) = dial else {
        if person.meddling == Meddling::None {
            let line = format!("{said}: it never rang: {}", call.history);
            findings.calls_lost.push(line);
        }
        return;
    };
    let was_stopped = dial.ended_reason.as_deref() == Some("manual_stopped");
    if call.status == "cancelled" {
        if dial.connected && !was_stopped {
            findings.outcomes_lost.push(said);
        }
        return;
    }
    let is_outcome = call.outcome.as_deref() == Some(person.outcome);
    // by a wrong clock it may be too late for the second try: then a person is told
    let is_told = person.meddling != Meddling::None
        || call.contact_status.as_deref() == Some(person.status)
        || call.is_superseded
        || call.attempt > Some(1) && call.contact_status.as_deref() == Some("unreachable")
        || clock_moved && person.outcome == "failed" && call.needs_review;
    if !is_outcome && !was_stopped || !is_told {
        let line = format!(
            "{said}, expected {}; contact {:?}, expected {}: {}",
            person.outcome, call.contact_status, person.status, call.history
        );
        findings.outcomes_lost.push(line);
    }
}

/// The same call sent again: not before it was doubted long enough, and with the same bytes. (After an answer that
/// surely created nothing it may be sent at once, and is built anew.)
fn judge_requests(findings: &mut Findings, requests: &[RequestLog], passed: &[(f64, f64)]) {
    let mut by_session: HashMap<String, Vec<&RequestLog>> = HashMap::new();
    for request in requests {
        if request.path == "/v2/create-phone-call" {
            let session = &request.json()["metadata"]["session_id"];
            let session = session.as_str().unwrap_or_default().to_owned();
            by_session.entry(session).or_default().push(request);
        }
    }
    for (session, mut requests) in by_session {
        requests.sort_by(|a, b| a.started.total_cmp(&b.started));
        for pair in requests.windows(2) {
            if matches!(pair[0].status, Some(400..=407 | 410..=499)) {
                continue;
            }
            findings.sent_again += 1;
            let is_between = |at: f64| pair[0].started < at && at <= pair[1].started;
            let passed = passed.iter().filter(|(at, _)| is_between(*at));
            let apart = pair[1].started - pair[0].started + passed.map(|(_, by)| by).sum::<f64>();
            if apart < RECONCILE.as_secs_f64() {
                let line = format!("session {session} after {apart:.3} s");
                findings.sent_again_early.push(line);
            }
            if pair[0].body != pair[1].body {
                findings.bytes_changed.push(format!("session {session}"));
            }
        }
    }
}
