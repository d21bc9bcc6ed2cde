//! `make run`: a practice to play with. PostgreSQL with pg_cron and the extension, a simulated Retell, the webhook's
//! front, and psql; all of it ends with psql.

use std::io::IsTerminal as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use retell_simulator::{Config, LAST_DIGITS, Simulator, Timing};
use vioc_tests::cluster::Binaries;
use vioc_tests::practice::{WEBHOOK_PATH, front};
use vioc_tests::{Cluster, Front};

const DATABASE: &str = "practice";

/// One for each of the simulator's fates, which the last two digits decide.
const NAMES: [&str; LAST_DIGITS.len()] = [
    "Maria Jones",
    "Peter Schmidt",
    "Aisha Khan",
    "John Miller",
    "Rosa Garcia",
    "Wei Chen",
    "Emma Wilson",
    "Lucas Martin",
    "Olga Petrova",
    "Tom Becker",
    "Sara Rossi",
    "Ivan Novak",
    "Mia Larsen",
    "Omar Haddad",
];

const TO_TRY: &str = "\
Five things to try:
  1  call vioc_call_contact_now(1, until => 'finished');   call Maria Jones now; seven seconds later
                                                     it shows what came of it
  2  select jsonb_pretty(vioc_preview_call(2));      what would be sent for Peter Schmidt; nothing is
  3  select * from vioc_explain_contact(2);          every rule, and whether he may be called
  4  select vioc_go_live(1), vioc_enqueue_due();     what pg_cron does; contacts 2 to 14 are due
     select id, name, status, last_outcome, needs_review from vioc.contacts order by id;
  5  select vioc_install_schedule();                 pg_cron does it each minute from now on
\\q ends psql and removes everything.
";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("run: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Whether psql ended well. `Err` is what to tell the user.
fn run() -> Result<bool, String> {
    for (library, cure) in [("vioconcierge", "make install"), ("pg_cron", "make deps")] {
        if !Binaries::find().has_library(library) {
            return Err(format!("{library} is not installed: run `{cure}` first"));
        }
    }
    let simulator =
        simulator().map_err(|error| format!("the simulated Retell does not start: {error}"))?;
    let cluster = Cluster::builder()
        .databases([DATABASE])
        .cron_database(DATABASE)
        .setting("vioconcierge.api_base_url", simulator.url())
        .setting("vioconcierge.legal_hours", "00:00-24:00")
        .start();
    let script = format!(
        "create extension pg_cron; create extension vioconcierge; {}",
        practice()
    );
    let output = cluster.psql(DATABASE, &script);
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let front = front(&cluster, DATABASE);
    cluster.set("vioconcierge.webhook_base_url", &front.url());
    introduce(&cluster, &simulator, &front);
    converse(&cluster)
}

/// Slow enough to watch: two seconds of ringing, four of talk.
fn simulator() -> std::io::Result<Simulator> {
    Simulator::start(Config {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        timing: Timing {
            ring: Duration::from_secs(2),
            talk: Duration::from_secs(4),
            analysis: Duration::from_secs(1),
            ..Timing::default()
        },
        fate_by_number: true,
        ..Config::default()
    })
}

/// One practice, not live, whose contacts but the first are due.
fn practice() -> String {
    let people: Vec<String> = (0..)
        .zip(NAMES.iter().zip(LAST_DIGITS))
        .map(|(n, (name, (digits, _)))| {
            format!(
                "(1, '{name}', '(212) 555-01{digits}', now() + interval '3 days' + {n} * interval '30 min', \
                 'check-up', 'Dr. Smith', {})",
                if n == 0 { "null" } else { "now()" }
            )
        })
        .collect();
    format!(
        "insert into vioc.tenants (company_name, time_zone, retell_agent_id, retell_agent_number) \
         values ('Smile Dental', 'America/New_York', 'agent_1', '+12125550100'); \
         select vioc_set_credentials(1, 'key_of_the_practice'); \
         insert into vioc.contacts \
           (tenant_id, name, phone, appointment_time, appointment_type, owner_name, call_at) values {};",
        people.join(", ")
    )
}

fn introduce(cluster: &Cluster, simulator: &Simulator, front: &Front) {
    println!("database     {}", cluster.url(DATABASE));
    println!(
        "             psql -h {} -p {} -U postgres {DATABASE}",
        cluster.socket_dir().display(),
        cluster.port()
    );
    println!("server log   {}", cluster.log_path().display());
    println!("Retell       {} (simulated)", simulator.url());
    println!("webhooks     {}{WEBHOOK_PATH}", front.url());
    println!("legal hours  00:00-24:00, only here: play at any time of the day");
    println!("\nThe contacts of Smile Dental, and what happens when they are called:");
    let lines = (1..).zip(NAMES.iter().zip(LAST_DIGITS));
    for (id, (name, (digits, fate))) in lines {
        println!("  {id:>2}  {name:<15}(212) 555-01{digits}   {fate}");
    }
    println!("\n{TO_TRY}");
}

/// psql on this terminal, or on whatever stdin is; `false` if it failed.
fn converse(cluster: &Cluster) -> Result<bool, String> {
    let mut psql = cluster.binaries().client("psql");
    psql.args(["-U", "postgres", "-d", DATABASE])
        .args(["-p", &cluster.port().to_string(), "-h"])
        .arg(cluster.socket_dir());
    if let Ok(here) = std::env::current_dir() {
        psql.current_dir(here);
    }
    if !std::io::stdin().is_terminal() {
        psql.args(["-X", "-v", "ON_ERROR_STOP=1"]);
    }
    ignore_ctrl_c();
    let ended = psql
        .status()
        .map_err(|error| format!("psql does not start: {error}"))?;
    Ok(ended.success())
}

/// Ctrl-C reaches every process of the terminal. psql has its own use for it (it cancels a query), the server is in a
/// process group of its own, and this process must outlive both.
fn ignore_ctrl_c() {
    #[allow(unsafe_code, reason = "the standard library has no signals")]
    // SAFETY: SIG_IGN is no code that could run at a bad moment.
    unsafe {
        libc::signal(libc::SIGINT, libc::SIG_IGN);
    }
}
