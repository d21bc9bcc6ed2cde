//! A real PostgREST, where one is installed: the same tests then run against the original.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use super::Options;
use crate::cluster::new_directory;
use crate::http::Request;
use crate::wait::{LONG, wait_until};

/// A PostgREST process; dropping it ends it.
#[derive(Debug)]
pub(crate) struct PostgRest {
    process: Child,
    address: SocketAddr,
    admin: SocketAddr,
    database: postgres::Config,
    schema: String,
    /// Read again at each reload.
    configuration: PathBuf,
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
        let file = new_directory(false).join("postgrest.conf");
        std::fs::write(&file, configuration).expect("the configuration can be written");
        let process = Command::new(program)
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()));
        let started = Self {
            process,
            address,
            admin,
            database: options.config.clone(),
            schema: options.schemas.first().cloned().unwrap_or_default(),
            configuration: file,
        };
        wait_until("PostgREST to be ready", LONG, || {
            started.is_ready().then_some(())
        });
        started
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// PostgREST reloads in the background and goes on answering from what it knew: a function made for this is found when
    /// it has reloaded.
    pub(crate) fn reload_schema(&self) {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("reloaded_{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let function = format!("\"{}\".{name}()", self.schema);
        let mut client = self
            .database
            .connect(postgres::NoTls)
            .expect("the database is there");
        let mut run = |sql: String| client.batch_execute(&sql).expect("it is the owner's");
        run(format!(
            "create function {function} returns void language sql return null; notify pgrst, 'reload schema'"
        ));
        wait_until("PostgREST to know the new function", LONG, || {
            let asked = Request::post(&format!("/rpc/{name}"), "{}").send(self.address);
            asked
                .is_ok_and(|answer| answer.status != 404 && answer.status != 503)
                .then_some(())
        });
        run(format!("drop function {function}"));
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
        let _ = std::fs::remove_file(&self.configuration);
    }
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port");
    listener.local_addr().expect("it is bound")
}
