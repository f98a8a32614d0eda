//! The letter shop, as a process.

use std::net::SocketAddr;
use std::process::Command;

use serde_json::Value;
use trustline_core::wire::Body;

use super::built::letter_shop;
use super::program::{Finished, Program};
use super::raw::Raw;
use super::reader::Reader;

/// A shop on two free ports.
#[derive(Debug)]
pub struct Shop {
    program: Program,
    /// Where it speaks BTP.
    pub btp: SocketAddr,
    /// Where it speaks HTTP.
    pub http: SocketAddr,
    token: String,
}

impl Shop {
    /// Opens a shop with the tutorial's empty token.
    pub fn open() -> Self {
        Self::open_with("", &[])
    }

    /// Opens a shop with this token, and these options besides.
    pub fn open_with(token: &str, options: &[&str]) -> Self {
        Self::open_on([0, 0], token, options)
    }

    /// Opens a shop on these ports, for BTP and HTTP: one that is opened again is where it was.
    pub fn open_on(ports: [u16; 2], token: &str, options: &[&str]) -> Self {
        Self::open_as(&mut Command::new(letter_shop()), ports, token, options)
    }

    /// Opens a shop by a command that runs our program.
    pub fn open_as(command: &mut Command, [btp, http]: [u16; 2], token: &str, options: &[&str]) -> Self {
        let [btp, http] = [btp, http].map(|port| format!("127.0.0.1:{port}"));
        command.args(["shop", "--json", "--btp", &btp, "--http", &http, "--token", token]).args(options);
        let mut program = Program::start(command);
        let listening = program.event("listening");
        let address = |name: &str| listening[name].as_str().expect("an address").parse().expect("an address");
        Self { btp: address("btp"), http: address("http"), program, token: token.to_owned() }
    }

    /// Where its customers find the trustline.
    pub fn btp_url(&self) -> String {
        format!("btp+ws://:{}@{}/", self.token, self.btp)
    }

    /// Where its customers find the letters.
    pub fn http_url(&self) -> String {
        format!("http://{}/", self.http)
    }

    /// Somebody who waits for letters.
    pub fn reader(&self) -> Reader {
        Reader::open(self.http)
    }

    /// Somebody who may pay.
    pub fn payer(&self) -> Raw {
        Raw::customer(self.btp, &self.token)
    }

    /// Our customer, with these options.
    pub fn customer(&self, options: &[&str]) -> Program {
        self.customer_as(&mut Command::new(letter_shop()), options)
    }

    /// Our customer, by a command that runs our program.
    pub fn customer_as(&self, command: &mut Command, options: &[&str]) -> Program {
        command.args(["customer", "--json", "--url", &self.btp_url(), "--http", &self.http_url()]).args(options);
        Program::start(command)
    }

    /// Whether it is open.
    pub fn is_open(&mut self) -> bool {
        self.program.is_running()
    }

    /// Waits until it ends by itself.
    pub fn finish(self) -> Finished {
        self.program.finish()
    }

    /// Buys a letter, as anybody can.
    #[track_caller]
    pub fn assert_sells(&mut self) {
        assert!(self.is_open(), "the shop has ended");
        let mut reader = self.reader();
        let outcome = self.payer().pay(&reader.payment(0));
        assert!(matches!(outcome, Body::Fulfill(_)), "{outcome:?}");
        reader.assert_letters(1);
    }

    /// Kills it, with SIGKILL.
    pub fn kill(self) {
        self.program.kill();
    }

    /// Asks it to close, and returns what it says at the end: letters, rejected, undelivered, and the balance.
    pub fn close(self) -> Value {
        let finished = self.end();
        finished.assert_success();
        finished.json()
    }

    /// Asks it to close, and returns what it leaves.
    pub fn end(self) -> Finished {
        self.program.terminate();
        self.program.finish()
    }

    /// Asks it to close: it must have sold this many letters, for `balance` altogether, and owe nobody one.
    #[track_caller]
    pub fn assert_closes_with(self, letters: u64, balance: u64) {
        let summary = self.close();
        assert_eq!(summary["letters"], letters, "{summary}");
        assert_eq!(summary["balance"], balance.to_string(), "{summary}");
        assert_eq!(summary["undelivered"], 0, "{summary}");
    }
}
