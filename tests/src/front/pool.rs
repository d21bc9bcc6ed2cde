//! The connections of the authenticator role.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use postgres::types::{Format, IsNull, ToSql, Type, private::BytesMut};
use postgres::{Client, Config, NoTls, Statement};

use super::failure::{Answer, refuse};

/// PostgREST's `db-pool-acquisition-timeout`.
const PATIENCE: Duration = Duration::from_secs(10);

/// A fixed number of connections, made when first needed and again after the database was away.
pub(crate) struct Pool {
    config: Config,
    /// `None` is a connection that may be made.
    idle: Mutex<Vec<Option<Connection>>>,
    returned: Condvar,
}

impl Pool {
    pub(crate) fn new(config: Config, size: usize) -> Self {
        let idle = std::iter::repeat_with(|| None).take(size).collect();
        Self {
            config,
            idle: Mutex::new(idle),
            returned: Condvar::new(),
        }
    }

    /// Runs something with a connection of the pool.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Connection) -> Answer<T>) -> Answer<T> {
        let mut connection = match self
            .take()?
            .filter(|connection| !connection.client.is_closed())
        {
            Some(connection) => connection,
            None => match self.config.connect(NoTls) {
                Ok(client) => Connection {
                    client,
                    statements: HashMap::new(),
                },
                Err(_) => {
                    self.give_back(None);
                    return Err(refuse(
                        503,
                        "PGRST000",
                        "Database connection error. Retrying the connection.",
                    ));
                }
            },
        };
        let result = work(&mut connection);
        self.give_back((!connection.client.is_closed()).then_some(connection));
        result
    }

    fn take(&self) -> Answer<Option<Connection>> {
        let deadline = Instant::now() + PATIENCE;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(connection) = idle.pop() {
                return Ok(connection);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(refuse(
                    504,
                    "PGRST003",
                    "Timed out acquiring connection from connection pool.",
                ));
            }
            idle = self
                .returned
                .wait_timeout(idle, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }

    fn give_back(&self, connection: Option<Connection>) {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
        self.returned.notify_one();
    }
}

pub(crate) struct Connection {
    pub(crate) client: Client,
    statements: HashMap<String, Statement>,
}

impl Connection {
    /// Prepares once per connection. Parameters have no type of their own: the server infers it from the casts, so that
    /// text sent for `$1::json` is read by the type `json` itself.
    pub(crate) fn prepare(
        &mut self,
        sql: &str,
        parameters: usize,
    ) -> Result<Statement, postgres::Error> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self
            .client
            .prepare_typed(sql, &vec![Type::UNKNOWN; parameters])?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

/// Bytes for a parameter of any type, as they are.
#[derive(Debug)]
pub(crate) struct Raw<'a>(pub(crate) &'a [u8]);

impl ToSql for Raw<'_> {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        // PostgREST's client library takes text for a C string: it ends at the first NUL.
        let end = if is_binary(kind) {
            None
        } else {
            self.0.iter().position(|byte| *byte == 0)
        };
        out.extend_from_slice(&self.0[..end.unwrap_or(self.0.len())]);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    /// Text is what the type's input function reads; of `bytea` the binary form is the bytes themselves.
    fn encode_format(&self, kind: &Type) -> Format {
        if is_binary(kind) {
            Format::Binary
        } else {
            Format::Text
        }
    }

    postgres::types::to_sql_checked!();
}

fn is_binary(kind: &Type) -> bool {
    *kind == Type::BYTEA
}
