//! A client of ours, and a host that does exactly what the case says.

pub mod dialing;
pub mod living;
pub mod resending;
pub mod starting;
pub mod stopping;
