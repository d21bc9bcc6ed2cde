//! A real PostgREST, where one is installed: the same tests then run against the original.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::Options;
use crate::http::Request;
use crate::wait::{LONG, wait_until};

/// A PostgREST process; dropping it ends it.
#[derive(Debug)]
pub(crate) struct PostgRest {
    process: Child,
    address: SocketAddr,
    admin: SocketAddr,
    database: postgres::Config,
}

/// `postgrest` on the PATH, unless `VIOC_FRONT=stand-in` says otherwise.
pub(crate) fn installed() -> Option<PathBuf> {
    if std::env::var_os("VIOC_FRONT").is_some_and(|value| value == "stand-in") {
        return None;
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|directory| directory.join("postgrest"))
        .find(|program| program.is_file())
}

impl PostgRest {
    #[track_caller]
    pub(crate) fn start(program: &PathBuf, options: &Options) -> Self {
        let (address, admin) = (free_address(), free_address());
        let mut configuration = format!(
            "db-uri = \"{}\"\ndb-schemas = \"{}\"\ndb-pool = {}\nserver-host = \"127.0.0.1\"\nserver-port = {}\n\
             admin-server-port = {}\nlog-level = \"error\"\n",
            options.url,
            options.schemas.join(", "),
            options.pool,
            address.port(),
            admin.port(),
        );
        if let Some(role) = &options.anon_role {
            configuration.push_str(&format!("db-anon-role = \"{role}\"\n"));
        }
        if let Some(secret) = &options.jwt_secret {
            configuration.push_str(&format!("jwt-secret = \"{secret}\"\n"));
        }
        let mut process = Command::new(program)
            .arg("/dev/stdin")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()));
        let mut stdin = process.stdin.take().expect("it is piped");
        stdin
            .write_all(configuration.as_bytes())
            .expect("PostgREST reads its configuration");
        drop(stdin);
        let started = Self {
            process,
            address,
            admin,
            database: options.config.clone(),
        };
        wait_until("PostgREST to be ready", LONG, || {
            started.is_ready().then_some(())
        });
        started
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// PostgREST reloads in the background; it is ready again when it has.
    pub(crate) fn reload_schema(&self) {
        let mut client = self
            .database
            .connect(postgres::NoTls)
            .expect("the database is there");
        client
            .batch_execute("notify pgrst, 'reload schema'")
            .expect("anyone may notify");
        wait_until("PostgREST to be ready again", LONG, || {
            self.is_ready().then_some(())
        });
    }

    fn is_ready(&self) -> bool {
        Request::get("/ready")
            .send(self.admin)
            .is_ok_and(|answer| answer.status == 200)
    }
}

impl Drop for PostgRest {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port");
    listener.local_addr().expect("it is bound")
}
