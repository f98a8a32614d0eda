//! Somebody who waits for letters at a shop's HTTP port.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, SystemTime};

use trustline_core::wire::{Entry, Prepare};
use trustline_core::{Fulfillment, Timestamp, TransferId};

use crate::conformance::{Payee, Psk};

/// How long a letter may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// An answer that grows by a letter for each payment.
#[derive(Debug)]
pub struct Reader {
    stream: TcpStream,
    psk: Psk,
    letters: String,
}

impl Reader {
    /// Asks for letters.
    pub fn open(address: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(address).expect("the shop listens");
        // Of version 1.0, so that the letters come without the sizes of chunks between them.
        write!(stream, "GET / HTTP/1.0\r\n\r\n").expect("the shop reads");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("the shop answers");
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).expect("headers are ASCII");
        let pay = head.lines().find_map(|line| line.to_ascii_lowercase().starts_with("pay: ").then(|| &line["pay: ".len()..]));
        let pay = pay.unwrap_or_else(|| panic!("no Pay header in {head}"));
        Self { stream, psk: Psk::parse(pay).unwrap_or_else(|error| panic!("{error}: {pay}")), letters: String::new() }
    }

    /// The shop as the conformance kit knows it.
    pub fn payee(&self) -> Payee {
        Payee::Psk(self.psk.clone())
    }

    /// Payment number `n`, of the shop's price, which expires in half a minute.
    pub fn payment(&self, n: u64) -> Prepare {
        self.payment_of(n, self.psk.price)
    }

    /// Payment number `n`, of another amount than the price.
    pub fn payment_of(&self, n: u64, amount: u64) -> Prepare {
        let purchase = self.psk.purchase(n, amount);
        let now = SystemTime::UNIX_EPOCH.elapsed().expect("it is later than 1970").as_millis();
        Prepare {
            transfer_id: TransferId::from(fastrand::u128(..).to_be_bytes()),
            amount,
            condition: Fulfillment::from(purchase.preimage).condition(),
            expires_at: Timestamp::from_millis(now.try_into().expect("it is before 9999")).saturating_add(Duration::from_secs(30)),
            protocol_data: Entry::octets("ilp", purchase.ilp).into(),
        }
    }

    /// Waits until there are this many letters, and a little longer for those that should not come.
    #[track_caller]
    pub fn assert_letters(&mut self, count: usize) {
        while self.letters.len() < count {
            assert!(self.read(PATIENCE), "{} letters came, not {count}", self.letters.len());
        }
        self.read(Duration::from_millis(50));
        assert_eq!(self.letters.len(), count, "{}", self.letters);
        assert!(self.letters.bytes().all(|letter| letter.is_ascii_uppercase()), "{}", self.letters);
    }

    fn read(&mut self, within: Duration) -> bool {
        self.stream.set_read_timeout(Some(within)).expect("it is not zero");
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(bytes) => {
                self.letters.push_str(std::str::from_utf8(&buffer[..bytes]).expect("letters are ASCII"));
                true
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => false,
            Err(error) => panic!("the letters broke off: {error}"),
        }
    }
}
