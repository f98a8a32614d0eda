//! The ledger, told as bank statements: see [`statement`].

mod bounds;
mod expiry;
mod forgetting;
mod illegal;
mod incoming;
mod lapsed;
mod lineage;
mod operation;
mod outcomes;
mod outgoing;
mod precedence;
mod repeats;
mod replay;
mod statement;
mod unconditional;
