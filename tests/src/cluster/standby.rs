//! Copies of a running server: the standby that takes over, and the clone that must not dial.

use super::Cluster;
use super::binaries::{as_server_user, must_run};
use super::builder::append_configuration;
use super::workspace::new_directory;

/// What a copy of a server is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copy {
    /// Follows the original by streaming replication, until [`Cluster::promote`].
    Standby,
    /// Stays as it is now, until [`Cluster::promote`]: what happens on the original from here on is lost with it.
    Behind,
    /// Starts as a server of its own with the same system identifier, as a restored physical backup does.
    Clone,
}

impl Cluster {
    /// Copies this running server with `pg_basebackup` and starts the copy, with these settings on top of its own.
    #[track_caller]
    pub fn basebackup(&self, copy: Copy, settings: &[(&str, &str)]) -> Self {
        let durable = settings.contains(&("fsync", "on"));
        let directory = new_directory(durable);
        let data = directory.join("data");
        let mut backup = self.binaries.server("pg_basebackup");
        backup.arg("-h").arg(self.socket_dir()).args([
            "-p",
            &self.port().to_string(),
            "-U",
            "postgres",
            "-D",
        ]);
        backup
            .arg(&data)
            .args(["-X", "stream", "--checkpoint=fast", "--no-sync"]);
        if copy == Copy::Standby {
            backup.arg("--write-recovery-conf");
        }
        must_run(&mut backup);
        if copy == Copy::Behind {
            must_run(as_server_user("touch").arg(data.join("standby.signal")));
        }
        let text: String = settings
            .iter()
            .map(|(name, value)| {
                format!(
                    "{name} = '{}'\n",
                    value.replace('\\', "\\\\").replace('\'', "''")
                )
            })
            .collect();
        append_configuration(&data, &text);
        Self::launch(self.binaries.clone(), &directory)
    }
}
