//! The stand-in for PostgREST: plans a request, runs it, answers.

use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use postgres::fallible_iterator::FallibleIterator;
use postgres::{Client, NoTls};

use super::Options;
use super::call::{Settings, run};
use super::catalog::{Catalog, Wanted};
use super::failure::Answer;
use super::pool::Pool;
use super::request::{negotiate, plan};
use crate::http::{Request, Response};

pub(crate) struct StandIn {
    options: Options,
    pool: Pool,
    catalog: RwLock<Catalog>,
}

impl std::fmt::Debug for StandIn {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("StandIn")
            .field("schemas", &self.options.schemas)
            .finish_non_exhaustive()
    }
}

impl StandIn {
    #[track_caller]
    pub(crate) fn start(options: Options) -> Arc<Self> {
        let pool = Pool::new(options.config.clone(), options.pool);
        let stand_in = Arc::new(Self {
            options,
            pool,
            catalog: RwLock::default(),
        });
        let client = stand_in.listen().unwrap_or_else(|error| {
            panic!("the front cannot log in as the authenticator role: {error:?}")
        });
        let weak = Arc::downgrade(&stand_in);
        std::thread::spawn(move || keep_listening(client, &weak));
        stand_in
    }

    pub(crate) fn answer(&self, mut request: Request) -> Response {
        self.try_answer(&mut request)
            .unwrap_or_else(|failure| failure.into_response())
    }

    fn try_answer(&self, request: &mut Request) -> Answer<Response> {
        let plan = plan(request, &self.options)?;
        let wanted = Wanted {
            schema: &plan.schema,
            name: &plan.function,
            keys: &plan.keys,
            posted: plan.posted.as_deref(),
        };
        let function = self
            .catalog
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .find(&wanted)?;
        let media_type = negotiate(request, function.media_type.as_deref())?;
        let settings = Settings::of(request, &plan)?;
        self.pool.with(|connection| {
            run(
                connection,
                &plan,
                &function,
                media_type.as_deref(),
                &settings,
            )
        })
    }

    pub(crate) fn reload_schema(&self) -> Result<(), postgres::Error> {
        self.load(&mut self.options.config.connect(NoTls)?)
    }

    fn load(&self, client: &mut Client) -> Result<(), postgres::Error> {
        let catalog = Catalog::load(client, &self.options.schemas)?;
        *self.catalog.write().unwrap_or_else(PoisonError::into_inner) = catalog;
        Ok(())
    }

    fn listen(&self) -> Result<Client, postgres::Error> {
        let mut client = self.options.config.connect(NoTls)?;
        client.batch_execute("listen pgrst")?;
        // After LISTEN, so that no change falls between the two.
        self.load(&mut client)?;
        Ok(client)
    }
}

/// Reloads on `NOTIFY pgrst`, and after the database was away. Ends with the stand-in.
fn keep_listening(client: Client, stand_in: &Weak<StandIn>) {
    let tick = Duration::from_millis(100);
    let mut client = Some(client);
    loop {
        let heard = match &mut client {
            Some(client) => client.notifications().timeout_iter(tick).next().ok(),
            None => None,
        };
        let Some(stand_in) = stand_in.upgrade() else {
            return;
        };
        let listens = match (&mut client, heard) {
            (Some(client), Some(Some(note))) => {
                !matches!(note.payload(), "" | "reload schema") || stand_in.load(client).is_ok()
            }
            (Some(client), Some(None)) => !client.is_closed(),
            _ => false,
        };
        if !listens {
            client = stand_in.listen().ok();
        }
        drop(stand_in);
        if client.is_none() {
            std::thread::sleep(tick);
        }
    }
}
