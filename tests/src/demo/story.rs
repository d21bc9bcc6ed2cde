//! The steps, in order.

use std::time::{Duration, SystemTime};

use serde_json::json;

use super::Ending;
use super::people::{PEOPLE, Person};
use super::screen::{Screen, Told};
use super::stage::{DATABASE, KEY, OWN_NUMBER, Stage, TIME_ZONE};
use crate::Stop;
use crate::http::Request;
use crate::practice::WEBHOOK_PATH;
use crate::wait::{LONG, poll};

pub(super) fn tell(stage: &Stage, screen: &mut Screen<'_>) -> Told<Vec<Ending>> {
    installed(stage, screen)?;
    practice(stage, screen)?;
    call_now(stage, screen)?;
    request(stage, screen)?;
    scheduled(stage, screen)?;
    webhooks(stage, screen)?;
    outcome(stage, screen)
}

fn installed(stage: &Stage, screen: &mut Screen<'_>) -> Told<()> {
    screen.heading("What is installed")?;
    screen.table(
        &stage.cluster,
        "select 'PostgreSQL' as name, split_part(current_setting('server_version'), ' ', 1) as version, 'this cluster, for the demo only' as what \
         union all select 'pg_cron', extversion, 'decides who becomes due' from pg_extension where extname = 'pg_cron' \
         union all select 'vioconcierge', extversion, 'tables, functions, and the worker that calls Retell' \
         from pg_extension where extname = 'vioconcierge'",
    )?;
    screen.say(&format!(
        "Retell is simulated: {}. Webhooks come in over HTTP at {}{WEBHOOK_PATH}.\n\
         Calls are legal from 08:00 to 21:00 where the contact is. Only here vioconcierge.legal_hours is 00:00-24:00, \
         so that the demo can be seen at night.",
        stage.retell.url(),
        stage.front.url()
    ))
}

fn practice(stage: &Stage, screen: &mut Screen<'_>) -> Told<()> {
    screen.heading("The practice and its contacts")?;
    let tenant = format!(
        "insert into vioc.tenants (company_name, time_zone, retell_agent_id, retell_agent_number)\n    \
         values ('Smile Dental', '{TIME_ZONE}', 'agent_demo', '{OWN_NUMBER}');"
    );
    let key = format!("select vioc_set_credentials(1, '{KEY}');");
    for statement in [tenant.as_str(), &key, "select vioc_go_live(1);"] {
        screen.typed(statement)?;
        stage
            .client()
            .batch_execute(statement)
            .map_err(|error| format!("{statement}\n{error:?}"))?;
    }
    stage.add_contacts()?;
    screen.print("")?;
    screen.table(
        &stage.cluster,
        &format!(
            "select id, name, phone as \"phone, as given\", phone_e164, \
             to_char(appointment_time at time zone '{TIME_ZONE}', 'Dy HH24:MI') as appointment, status, \
             case when next_call_at <= now() then 'now' \
               else to_char(next_call_at at time zone '{TIME_ZONE}', 'Dy HH24:MI') end as \"due\" \
             from vioc.contacts order by id"
        ),
    )
}

fn call_now(stage: &Stage, screen: &mut Screen<'_>) -> Told<()> {
    screen.heading("Call Now: Maria Jones, at the click of a button")?;
    screen.psql(&stage.cluster, "call vioc_call_contact_now(1);")?;
    screen.say("Queued, committed, posted to Retell by the worker, and Retell's answer is back.")
}

fn request(stage: &Stage, screen: &mut Screen<'_>) -> Told<()> {
    screen.heading("The request that went out, as the simulated Retell saw it")?;
    let requests = stage.retell.requests();
    let Some(create) = requests
        .iter()
        .find(|request| request.path == "/v2/create-phone-call")
    else {
        return Err("the simulated Retell has seen no request".to_owned());
    };
    screen.print(&format!("{} {}", create.method, create.path))?;
    screen.print(&format!("Authorization: Bearer ...{}", create.key_suffix))?;
    let body = serde_json::to_string_pretty(&create.json()).map_err(|error| error.to_string())?;
    screen.print(&body)
}

fn scheduled(stage: &Stage, screen: &mut Screen<'_>) -> Told<()> {
    screen.heading("The others: pg_cron queues whoever is due")?;
    if !is_over(stage, 1) {
        return Err(format!("the first call does not end\n{}", calls(stage)));
    }
    // pg_cron 1.4, Debian 12's, knows no seconds.
    if (3..8).contains(&seconds_to_the_minute()) {
        screen.say("pg_cron fires on the full minute, which is a moment away.")?;
        screen.sentence(&stage.cluster, "select vioc_install_schedule();")?;
    } else {
        screen.say(
            "pg_cron fires on the full minute; here it is asked to fire at server start, and the server is \
             restarted, so that you need not wait.",
        )?;
        screen.sentence(&stage.cluster, "select vioc_install_schedule('@reboot');")?;
        stage.cluster.restart(Stop::Fast);
        screen.print("(server restarted)\n")?;
    }
    // Whatever is not over by then is in the tables below, and the demo says so at its end.
    is_over(stage, PEOPLE.len());
    screen.psql(
        &stage.cluster,
        "select command, status, return_message from cron.job_run_details;",
    )?;
    screen.say(
        "Retell starts one call per second unless it is told otherwise, and so does the worker:",
    )?;
    screen.table(
        &stage.cluster,
        "select c.id as call, t.name, c.requested_by, to_char(c.dispatching_at, 'HH24:MI:SS.MS') as posted_at, \
           c.status \
         from vioc.calls as c join vioc.contacts as t on t.id = c.contact_id \
         where c.requested_by like 'vioc_enqueue_due%' order by c.dispatching_at",
    )
}

/// Waits until so many calls are decided.
fn is_over(stage: &Stage, calls: usize) -> bool {
    let mut client = None;
    let decided = poll(LONG, || {
        // The server may just be restarting.
        if client.as_ref().is_none_or(postgres::Client::is_closed) {
            client = stage.cluster.config(DATABASE).connect(postgres::NoTls).ok();
        }
        let sql = "select count(*) from vioc.calls where status = 'completed'";
        let row = client.as_mut()?.query_one(sql, &[]).ok()?;
        (usize::try_from(row.get::<_, i64>(0)) == Ok(calls)).then_some(())
    });
    decided.is_some() && stage.retell.wait_until_idle(LONG)
}

fn seconds_to_the_minute() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    60 - now.unwrap_or(Duration::ZERO).as_secs() % 60
}

fn webhooks(stage: &Stage, screen: &mut Screen<'_>) -> Told<()> {
    screen.heading("The webhooks that came in")?;
    screen.table(
        &stage.cluster,
        "select to_char(e.received_at, 'HH24:MI:SS') as received, t.name, e.event, \
           case when e.source = 'webhook' and e.credential_id is not null then 'ok' else 'NO' end as signed, \
           (select string_agg(w.what || ': ' || w.statuses, '; ' order by w.n) from ( \
              select min(c.n) as n, c.what, string_agg(c.status, ', ' order by c.n) as statuses \
              from demo.changes as c where c.transaction = s.transaction group by c.what) as w) as changed \
         from vioc.webhook_events as e \
         join demo.changes as s on s.event_id = e.id \
         left join vioc.calls as k on k.id = e.call_id \
         left join vioc.contacts as t on t.id = k.contact_id \
         order by e.id",
    )?;
    let deliveries = stage.retell.deliveries();
    let lost = deliveries.iter().find(|delivery| {
        !deliveries.iter().any(|other| {
            other.accepted()
                && (&other.call_id, &other.event) == (&delivery.call_id, &delivery.event)
        })
    });
    if let Some(lost) = lost {
        return Err(format!(
            "the webhook {} was never accepted: {:?} {:?}",
            lost.event, lost.status, lost.error
        ));
    }
    let repeated = deliveries
        .iter()
        .filter(|delivery| !delivery.accepted())
        .count();
    if repeated > 0 {
        screen.say(&format!(
            "Retell had to send {repeated} of them again: the front was just finding its database restarted."
        ))?;
    }
    forged(stage, screen)
}

/// Somebody else's "webhook", which would cancel the first appointment.
fn forged(stage: &Stage, screen: &mut Screen<'_>) -> Told<()> {
    let call: String = stage
        .client()
        .query_one(
            "select retell_call_id from vioc.calls where contact_id = 1",
            &[],
        )
        .map_err(|error| format!("{error:?}"))?
        .get(0);
    let body = json!({
        "event": "call_analyzed",
        "call": {"call_id": call, "call_analysis": {"custom_analysis_data": {"appointment_action": "cancelled"}}},
    });
    let request = Request::post(WEBHOOK_PATH, body.to_string());
    let answer = stage
        .front
        .send(&request.header("X-Retell-Signature", "v=1700000000000,d=00ff"));
    if answer.status != 401 {
        return Err(format!("a forged webhook was answered {}", answer.status));
    }
    screen.say(
        "And one that is not from Retell, with a wrong signature, saying that Maria Jones cancels: answered 401, \
         nothing stored.",
    )
}

fn outcome(stage: &Stage, screen: &mut Screen<'_>) -> Told<Vec<Ending>> {
    screen.heading("What has become of everybody")?;
    screen.table(
        &stage.cluster,
        &format!(
            "select t.name, coalesce(k.disconnection_reason, k.status) as \"the call\", k.outcome, \
             t.status as \"contact\", to_char(t.next_call_at at time zone '{TIME_ZONE}', 'Dy HH24:MI') as \"next call\", \
             case when t.needs_review then 'yes' end as review, \
             to_char(t.requested_time at time zone '{TIME_ZONE}', 'DD Mon HH24:MI') as wishes \
             from vioc.contacts as t left join vioc.calls as k on k.contact_id = t.id order by t.id"
        ),
    )?;
    screen.say(
        "The practice's own calendar is untouched: a cancellation and a wish for another time wait there for a person \
         (vioc.needs_review).",
    )?;
    let endings = endings(stage)?;
    let wrong = differences(&endings);
    if wrong.is_empty() {
        Ok(endings)
    } else {
        Err(format!(
            "{}\n{}",
            wrong.join("\n"),
            stage.cluster.log_tail(20)
        ))
    }
}

/// Who is not in the state that the call has earned.
fn differences(endings: &[Ending]) -> Vec<String> {
    PEOPLE
        .iter()
        .filter_map(|person| {
            let earned = earned_by(person);
            let found = endings.iter().find(|ending| ending.name == person.name);
            (found != Some(&earned)).then(|| {
                format!(
                    "{} is not as the call left them\n  earned: {earned:?}\n  found:  {found:?}",
                    person.name
                )
            })
        })
        .collect()
}

fn earned_by(person: &Person) -> Ending {
    Ending {
        name: person.name.to_owned(),
        outcome: Some(person.earns.outcome.to_owned()),
        status: person.earns.status.to_owned(),
        next_call: person.earns.next_call,
        needs_review: person.earns.needs_review,
    }
}

fn endings(stage: &Stage) -> Told<Vec<Ending>> {
    let rows = stage.client().query(
        "select t.name, k.outcome, t.status::text, t.next_call_at > now() as next_call, t.needs_review \
         from vioc.contacts as t left join vioc.calls as k on k.contact_id = t.id order by t.id",
        &[],
    );
    let rows = rows.map_err(|error| format!("the contacts cannot be read: {error:?}"))?;
    Ok(rows
        .iter()
        .map(|row| Ending {
            name: row.get(0),
            outcome: row.get(1),
            status: row.get(2),
            next_call: row.get::<_, Option<bool>>(3).unwrap_or(false),
            needs_review: row.get(4),
        })
        .collect())
}

/// For a failure's message.
fn calls(stage: &Stage) -> String {
    let sql = "select id, status::text, error from vioc.calls order by id";
    let rows = stage.client().query(sql, &[]).unwrap_or_default();
    let line = |row: &postgres::Row| {
        let error: Option<String> = row.get(2);
        format!(
            "call {}: {} {}",
            row.get::<_, i64>(0),
            row.get::<_, String>(1),
            error.unwrap_or_default()
        )
    };
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    lines.push(stage.cluster.log_tail(20));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_in_a_state_that_its_call_has_not_earned_is_named() {
        let mut endings: Vec<Ending> = PEOPLE.iter().map(earned_by).collect();
        assert!(differences(&endings).is_empty());
        endings[4].status = "confirmed".to_owned();
        endings.remove(0);
        let wrong = differences(&endings);
        assert!(
            wrong.len() == 2
                && wrong[0].starts_with("Maria Jones")
                && wrong[1].starts_with("Rosa Garcia"),
            "{wrong:?}"
        );
    }
}
