//! The server: a thread per connection.

use std::collections::HashMap;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::connection::Connection;
use crate::world::Shared;

/// Open connections, so that stopping can end them.
#[derive(Debug, Default)]
pub(crate) struct Connections(Mutex<HashMap<u64, TcpStream>>);

impl Connections {
    fn open(&self, number: u64, socket: &TcpStream) {
        if let Ok(clone) = socket.try_clone() {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.insert(number, clone);
        }
    }

    fn close(&self, number: u64) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&number);
    }

    pub(crate) fn shut_down(&self) {
        for socket in self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
        {
            // Already gone is as good.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }
}

/// Accepts until the simulator stops (which connects once to say so).
pub(crate) fn accept(shared: &Arc<Shared>, listener: &TcpListener, open: &Arc<Connections>) {
    let mut number = 0;
    for socket in listener.incoming() {
        if shared.is_stopping() {
            return;
        }
        let Ok(socket) = socket else {
            // Out of file descriptors, most likely: let some be closed.
            thread::sleep(Duration::from_millis(10));
            continue;
        };
        number += 1;
        open.open(number, &socket);
        let (shared, in_thread) = (Arc::clone(shared), Arc::clone(open));
        let spawned = thread::Builder::new()
            .name("retell-connection".to_owned())
            .spawn(move || {
                // A broken connection concerns its client alone.
                let _ = Connection::new(&shared, socket, number).serve();
                in_thread.close(number);
            });
        if spawned.is_err() {
            open.close(number);
        }
    }
}
