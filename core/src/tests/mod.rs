//! What is about the whole crate, and has to see what is `#[non_exhaustive]` from inside.

mod words;
