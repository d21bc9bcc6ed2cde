//! What the demo plays on: PostgreSQL with pg_cron and the extension, a simulated Retell, and the webhook's front.

use std::time::Duration;

use postgres::Client;
use retell_simulator::{Config, Simulator, Timing};

use super::people::{self, PEOPLE};
use super::screen::Told;
use crate::cluster::Binaries;
use crate::practice::front;
use crate::{Cluster, Front};

pub(super) const DATABASE: &str = "practice";
pub(super) const KEY: &str = "key_of_the_practice_3f7a";
/// 555-0100 to 555-0199 are nobody's.
pub(super) const OWN_NUMBER: &str = "+12125550100";
pub(super) const TIME_ZONE: &str = "America/New_York";

/// Dropped in this order.
pub(super) struct Stage {
    pub(super) front: Front,
    pub(super) cluster: Cluster,
    pub(super) retell: Simulator,
}

/// Writes down, in the transaction of each webhook, what changes there: so the demo can say which did what.
const WATCHERS: &str = "
create schema demo;
create table demo.changes (
  n bigint generated always as identity, transaction xid8 default pg_current_xact_id(),
  event_id bigint, what text, status text);
create function demo.write_down() returns trigger language plpgsql as $$
begin
  if tg_table_name = 'webhook_events' then
    insert into demo.changes (event_id) values (new.id);
  elsif new.status <> old.status then
    insert into demo.changes (what, status) values (rtrim(tg_table_name, 's'), new.status);
  end if;
  return null;
end
$$;
create trigger demo after insert on vioc.webhook_events for each row execute function demo.write_down();
create trigger demo after update on vioc.calls for each row execute function demo.write_down();
create trigger demo after update on vioc.contacts for each row execute function demo.write_down();
";

impl Stage {
    pub(super) fn set() -> Told<Self> {
        let binaries = Binaries::find();
        for (library, cure) in [("vioconcierge", "make install"), ("pg_cron", "make deps")] {
            if !binaries.has_library(library) {
                return Err(format!("{library} is not installed: run `{cure}` first"));
            }
        }
        let retell = simulator().map_err(|error| format!("the simulated Retell: {error}"))?;
        let cluster = Cluster::builder()
            .databases([DATABASE])
            .cron_database(DATABASE)
            .setting("vioconcierge.api_base_url", retell.url())
            .setting("vioconcierge.legal_hours", "00:00-24:00")
            .start();
        cluster
            .connect(DATABASE)
            .batch_execute(&format!(
                "create extension pg_cron; create extension vioconcierge; {WATCHERS}"
            ))
            .map_err(|error| format!("the extensions cannot be created: {error:?}"))?;
        let front = front(&cluster, DATABASE);
        cluster.set("vioconcierge.webhook_base_url", &front.url());
        Ok(Self {
            front,
            cluster,
            retell,
        })
    }

    pub(super) fn client(&self) -> Client {
        self.cluster.connect(DATABASE)
    }

    /// Everybody but the first is to be called now; the first has an appointment and no call due.
    pub(super) fn add_contacts(&self) -> Told<()> {
        let mut client = self.client();
        for (number, person) in (0_i32..).zip(PEOPLE) {
            let added = client.execute(
                "insert into vioc.contacts (tenant_id, external_id, name, phone, appointment_time, \
                   appointment_type, owner_name, call_at) \
                 select 1, 'P-' || (100 + $1), $2, $3, \
                   (((now() at time zone t.time_zone)::date + 3) + time '09:00' + $1 * interval '45 min') \
                     at time zone t.time_zone, \
                   $4, $5, case when $1 > 0 then now() end \
                 from vioc.tenants as t",
                &[
                    &number,
                    &person.name,
                    &person.phone,
                    &person.appointment_type,
                    &person.owner_name,
                ],
            );
            added.map_err(|error| format!("{} cannot be added: {error:?}", person.name))?;
        }
        Ok(())
    }
}

fn simulator() -> std::io::Result<Simulator> {
    Simulator::start(Config {
        timing: Timing {
            ring: Duration::from_millis(300),
            talk: Duration::from_millis(500),
            analysis: Duration::from_millis(200),
            ..Timing::default()
        },
        fates: people::fates(&wish()),
        ..Config::default()
    })
}

/// Half past two in the afternoon, nine days from now, without a zone, as a language model writes it.
fn wish() -> String {
    let date = chrono::Utc::now().date_naive() + chrono::Days::new(9);
    format!("{date}T14:30:00")
}
