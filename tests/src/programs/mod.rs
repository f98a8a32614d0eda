//! Programs as a stranger runs them: in processes of their own, spoken to over sockets.
//!
//! What goes wrong here panics, and whatever was started ends with the test.

mod backup;
mod built;
mod disks;
mod interop;
mod ledgers;
mod plugin;
mod program;
mod raw;
mod reader;
mod shop;

pub use backup::Backup;
pub use built::letter_shop;
pub use disks::{with_failing_syncs, with_small_files};
pub use interop::{alone, node};
pub use ledgers::Ledgers;
pub use plugin::{Call, Plugin, Thrown, base64url};
pub use program::{Finished, Program};
pub use raw::{Raw, Received};
pub use reader::Reader;
pub use shop::Shop;

use std::net::TcpListener;

/// Ports of this machine that nobody listens on, and that nobody is given for a while.
pub fn free_ports<const N: usize>() -> [u16; N] {
    // All are held until all are found, so that they differ.
    let listeners = [(); N].map(|()| TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port"));
    listeners.map(|listener| listener.local_addr().expect("it is bound").port())
}
