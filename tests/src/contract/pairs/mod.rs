//! A host of ours and a client of ours.

pub mod administering;
pub mod asking;
pub mod carrying;
pub mod closing;
pub mod connecting;
pub mod counting;
pub mod crowding;
pub mod encrypting;
pub mod equals;
pub mod failing;
pub mod handing_in;
pub mod journaling;
pub mod paying;
pub mod reading_events;
pub mod reconnecting;
pub mod restarting;
pub mod restoring;
pub mod sharing;
