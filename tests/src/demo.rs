//! `make demo`: the sample's five contacts are called, and what came of it is on the screen seconds after the server's start.
//!
//! It is a claim too: each contact ends as its call says, else the demo fails.

use std::io::Write;
use std::time::Instant;

use postgres::Client;

use crate::Cluster;
use crate::cluster::Binaries;
use crate::wait::{LONG, poll};

const DATABASE: &str = "app";
/// Columns of a terminal.
const WIDTH: usize = 100;
/// What the last two digits of the sample's numbers make of the calls.
const OUTCOMES: [&str; 5] = [
    "confirmed",
    "cancelled",
    "rescheduled",
    "no_answer",
    "voicemail",
];

/// How one contact came out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    pub name: String,
    pub outcome: String,
    pub status: String,
    pub next_call: bool,
    pub needs_review: bool,
}

/// Plays the demo. `Err` is what to tell the user.
///
/// # Panics
/// If the cluster does not start or stop.
pub fn play(out: &mut dyn Write) -> Result<Vec<Ending>, String> {
    if !Binaries::find().has_library("vioconcierge") {
        return Err("vioconcierge is not installed: run `make install` first".to_owned());
    }
    let cluster = Cluster::builder().databases([DATABASE]).start();
    cluster.create_extension(DATABASE);
    let began = Instant::now();
    let mut screen = Screen {
        out,
        cluster: &cluster,
    };
    screen.say(
        "A PostgreSQL server of its own, with the extension and a sample whose calls never leave the server.\n",
    )?;
    screen.psql("select vioc_create_sample() as \"try next\";")?;
    screen.say("Call Now: the first contact, by a statement that waits for the outcome.\n")?;
    screen.psql("call vioc_call_contact_now(1, until => 'finished');")?;
    screen.say("Automatic calls: the other contacts become due.\nIn production pg_cron runs the last statement each minute.\n")?;
    screen.psql("select vioc_go_live(1);")?;
    screen.psql("update vioc.contacts set call_at = now() where id > 1;")?;
    screen.psql("select vioc_enqueue_due();")?;
    let mut client = cluster.connect(DATABASE);
    let is_over = poll(LONG, || {
        let open = "select count(*) from vioc.calls where is_open";
        let row = client.query_one(open, &[]).ok()?;
        (row.get::<_, i64>(0) == 0).then_some(())
    });
    if is_over.is_none() {
        return Err(format!("the calls do not end\n{}", cluster.log_tail(20)));
    }
    screen.say("Seconds later: who was called, and what came of it.\n")?;
    screen.psql(
        "select t.name, k.requested_by as \"called by\", k.outcome, t.status as contact,\n  \
         to_char(t.next_call_at at time zone 'America/New_York', 'Dy HH24:MI') as \"next call\",\n  \
         case when t.needs_review then 'yes' end as review\n\
         from vioc.contacts t join vioc.calls k on k.contact_id = t.id order by t.id;",
    )?;
    screen.say(&format!(
        "\"review\": the practice moves or cancels the appointment in its own calendar.\n\
         {:.1} s after the server's start; the server is removed. `make run` opens psql on the same sample.",
        began.elapsed().as_secs_f64()
    ))?;
    let endings = endings(&mut client)?;
    if endings.iter().map(|it| it.outcome.as_str()).eq(OUTCOMES) {
        Ok(endings)
    } else {
        Err(format!("not as the calls said: {endings:?}"))
    }
}

fn endings(client: &mut Client) -> Result<Vec<Ending>, String> {
    let sql = "select t.name, coalesce(k.outcome, k.status), t.status, t.next_call_at > now() is true, t.needs_review \
               from vioc.contacts as t left join vioc.calls as k on k.contact_id = t.id order by t.id";
    let rows = client
        .query(sql, &[])
        .map_err(|error| format!("the contacts cannot be read: {error:?}"))?;
    let ending = |row: &postgres::Row| Ending {
        name: row.get(0),
        outcome: row.get(1),
        status: row.get(2),
        next_call: row.get(3),
        needs_review: row.get(4),
    };
    Ok(rows.iter().map(ending).collect())
}

/// Plain text, at most [`WIDTH`] columns.
struct Screen<'a> {
    out: &'a mut dyn Write,
    cluster: &'a Cluster,
}

impl Screen<'_> {
    fn say(&mut self, text: &str) -> Result<(), String> {
        let written = writeln!(self.out, "{text}").and_then(|()| self.out.flush());
        written.map_err(|error| format!("nothing can be printed: {error}"))
    }

    /// A statement as typed in psql, and its answer.
    fn psql(&mut self, statement: &str) -> Result<(), String> {
        let typed = statement.replace('\n', &format!("\n{DATABASE}-# "));
        self.say(&format!("{DATABASE}=# {typed}"))?;
        let columns = format!("columns={WIDTH}");
        let mut psql = self.cluster.binaries().client("psql");
        psql.args(["-X", "-v", "ON_ERROR_STOP=1", "-U", "postgres"])
            .args(["-P", "footer=off", "-P", "null=-", "-P", "expanded=auto"])
            .args(["-P", &columns, "-h"])
            .arg(self.cluster.socket_dir())
            .args(["-p", &self.cluster.port().to_string(), "-d", DATABASE])
            .args(["-c", statement]);
        let output = psql
            .output()
            .map_err(|error| format!("psql does not start: {error}"))?;
        if !output.status.success() {
            let problem = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{statement}\n{}", problem.trim_end()));
        }
        for line in String::from_utf8_lossy(&output.stdout).trim_end().lines() {
            self.say(line.trim_end())?;
        }
        self.say("")
    }
}
