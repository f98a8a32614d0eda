//! A host of ours, and a peer that does exactly what the case says.

pub mod encrypting;
pub mod flooding;
pub mod framing;
pub mod guessing;
pub mod intruding;
pub mod living;
pub mod routing;
pub mod strangers;
