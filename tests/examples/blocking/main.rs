//! The bare core over blocking sockets: no async, no runtime, one thread per connection.
//!
//! ```text
//! cargo run -p trustline-tests --example blocking
//! ```
//!
//! Two customers pay a host, each a hundred times. The host is an ordinary one, under smol, in a thread of its own;
//! `driver.rs` is all that stands between `trustline-core` and the standard library.

mod driver;
mod host;

use std::error::Error;
use std::thread;
use std::time::Duration;

use trustline_core::ledger::Authority;
use trustline_core::session::{Credentials, Event, Session, SessionConfig, Token};
use trustline_core::wire::{Entry, Prepare};
use trustline_core::{Fulfillment, TransferId};

use crate::driver::{Driver, now};

/// Payments of each customer.
const PAYMENTS: u8 = 100;

/// Payments in flight.
const WINDOW: u8 = 10;

const AMOUNT: u64 = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let address = host::start()?.to_string();
    thread::scope(|threads| {
        let customers = ["alice", "bob"].map(|name| (name, threads.spawn(|| pay(&address, name).map_err(|error| error.to_string()))));
        for (name, customer) in customers {
            let balance = customer.join().expect("it does not panic")?;
            println!("{name} has paid {PAYMENTS} times {AMOUNT}; the balance is {balance}");
            assert_eq!(balance, -i128::from(PAYMENTS) * i128::from(AMOUNT));
        }
        Ok(())
    })
}

/// Pays all payments, closes, and returns the balance.
fn pay(address: &str, name: &str) -> Result<i128, Box<dyn Error>> {
    let mut config = SessionConfig::new(Authority::Theirs);
    config.credentials = Credentials { username: name.into(), token: Token::from("s3cr3t"), ..Credentials::default() };
    config.hash_seed = fastrand::u64(..);
    let mut driver = Driver::connect(address, Session::new(config))?;
    let (mut sent, mut paid) = (0, 0);
    while let Some(events) = driver.turn()? {
        for event in events {
            match event {
                Event::AuthenticationRefused { error, .. } => return Err(format!("not let in: {}", error.name).into()),
                Event::OutgoingFulfilled { .. } => paid += 1,
                Event::OutgoingRejected { .. } | Event::OutgoingExpired { .. } | Event::OutgoingRefused { .. } => {
                    return Err(format!("not paid: {event:?}").into());
                }
                // The host may ask and offer what it likes.
                Event::Request { token, .. } => {
                    let name = trustline_core::session::ErrorName::NotAccepted;
                    driver.command(|session, now| session.refuse_request(token, name, "nobody is here to answer", now));
                }
                _ => {}
            }
        }
        while driver.session().is_connected() && sent < PAYMENTS && sent - paid < WINDOW {
            driver.command(|session, now| session.prepare(payment(sent), now))?;
            sent += 1;
        }
        if paid == PAYMENTS {
            // What is not answered yet still will be, then the session says `Disconnect`. Saying it again does nothing.
            driver.command(Session::close);
        }
    }
    if paid < PAYMENTS {
        return Err("the host closed the connection".into());
    }
    Ok(driver.session().balance())
}

fn payment(n: u8) -> Prepare {
    Prepare {
        transfer_id: TransferId::from(fastrand::u128(..).to_be_bytes()),
        amount: AMOUNT,
        condition: secret(n).condition(),
        expires_at: now().saturating_add(Duration::from_secs(30)),
        protocol_data: Entry::octets("ilp", vec![n]).into(),
    }
}

/// What the two have agreed upon.
fn secret(n: u8) -> Fulfillment {
    Fulfillment::from([n; 32])
}
