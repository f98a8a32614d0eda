//! The session, one input or command at a time: see [`desk`].

mod acceptor;
mod carried_data;
mod deadlines;
mod desk;
mod error_names;
mod order_of_answers;
mod order_of_commands;
mod order_of_inputs;
mod peer;
mod refused_commands;
mod request_tables;
mod subprotocols;
mod tokens;
mod transfer_rate;
mod violations;
