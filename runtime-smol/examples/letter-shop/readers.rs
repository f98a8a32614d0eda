//! The readers who are connected: who they are, what secret each shares with the shop, and where its letters go.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::letters::{LetterBody, LetterSender, letter_queue};
use crate::psk::{ClientId, Psk, SharedSecret};

/// How many readers a shop serves at once, unless told otherwise.
pub(crate) const DEFAULT_MAX_READERS: usize = 10_000;

/// One reader: one open HTTP answer.
#[derive(Debug)]
pub(crate) struct Reader {
    /// The name under which it pays.
    pub(crate) id: ClientId,
    /// Makes the fulfillments of its payments.
    pub(crate) psk: Psk,
    /// Takes its letters.
    pub(crate) letters: LetterSender,
}

/// All readers, by client id. A reader is here exactly as long as its connection is open.
#[derive(Debug)]
pub(crate) struct Readers {
    max: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    readers: HashMap<ClientId, Arc<Reader>>,
    /// The shop closes: nobody comes in any more.
    closed: bool,
}

impl Readers {
    /// No readers yet, and never more than `max`.
    pub(crate) fn new(max: usize) -> Arc<Self> {
        Arc::new(Self { max, open: Mutex::default() })
    }

    /// Lets a reader in: gives it a name and a secret, and makes the body of its answer. It is out again when that body is dropped.
    pub(crate) fn admit(self: &Arc<Self>) -> Result<Admission, NotAdmitted> {
        let id = ClientId::generate().map_err(NotAdmitted::NoRandomness)?;
        let secret = SharedSecret::generate().map_err(NotAdmitted::NoRandomness)?;
        let (letters, body) = letter_queue({
            // Weak, since a body may outlive the shop.
            let (readers, id) = (Arc::downgrade(self), id.clone());
            move || {
                if let Some(readers) = readers.upgrade() {
                    readers.lock().readers.remove(&id);
                }
            }
        });
        let reader = Arc::new(Reader { id: id.clone(), psk: Psk::new(&secret), letters });

        // If it is refused, `body` takes this lock when it is dropped: the refusal leaves the block first.
        let refusal = {
            let mut open = self.lock();
            if open.closed {
                Some(NotAdmitted::Closed)
            } else if open.readers.len() >= self.max {
                Some(NotAdmitted::Full(self.max))
            } else {
                open.readers.insert(id, Arc::clone(&reader));
                None
            }
        };
        refusal.map_or(Ok(Admission { reader, secret, body }), Err)
    }

    /// The reader of that name, if it is connected.
    pub(crate) fn get(&self, id: &str) -> Option<Arc<Reader>> {
        self.lock().readers.get(id).cloned()
    }

    /// How many readers are connected.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.lock().readers.len()
    }

    /// How many readers may be connected.
    pub(crate) fn max(&self) -> usize {
        self.max
    }

    /// Admits nobody any more, and ends every answer behind the letters that were promised.
    pub(crate) fn close(&self) {
        let readers: Vec<_> = {
            let mut open = self.lock();
            open.closed = true;
            open.readers.values().cloned().collect()
        };
        for reader in readers {
            reader.letters.close();
        }
    }

    /// No code panics while it holds this lock.
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reader let in.
#[derive(Debug)]
pub(crate) struct Admission {
    /// Its entry.
    pub(crate) reader: Arc<Reader>,
    /// For its `Pay` header.
    pub(crate) secret: SharedSecret,
    /// The body of its answer.
    pub(crate) body: LetterBody,
}

/// Why a reader was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotAdmitted {
    /// This many readers are connected already.
    Full(usize),
    /// The shop closes.
    Closed,
    /// The operating system gave no randomness for a secret.
    NoRandomness(getrandom::Error),
}

impl fmt::Display for NotAdmitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(max) => write!(f, "The shop is full: {max} readers are served at once. Please come again later."),
            Self::Closed => f.write_str("The shop is closing."),
            Self::NoRandomness(error) => write!(f, "The shop cannot make a secret for you: {error}."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::letters::NoRoom;

    #[test]
    fn a_reader_is_there_until_its_body_is_dropped() {
        let readers = Readers::new(10);
        let one = readers.admit().unwrap();
        let other = readers.admit().unwrap();
        assert_eq!(readers.len(), 2);
        let id = one.reader.id.to_string();
        let found = readers.get(&id).unwrap();
        assert_eq!(found.psk.fulfillment(b"packet"), Psk::new(&one.secret).fulfillment(b"packet"));
        assert_ne!(found.psk.fulfillment(b"packet"), other.reader.psk.fulfillment(b"packet"));

        drop(one.body);
        assert!(readers.get(&id).is_none());
        assert_eq!(found.letters.send(b'A'), Err(NoRoom::Gone));
        assert_eq!(readers.len(), 1);
        assert!(readers.get("nobody").is_none());
    }

    #[test]
    fn the_number_of_readers_is_bounded() {
        let readers = Readers::new(2);
        let one = readers.admit().unwrap();
        let _other = readers.admit().unwrap();
        assert_eq!(readers.admit().unwrap_err(), NotAdmitted::Full(2));
        assert_eq!(readers.len(), 2);
        drop(one);
        readers.admit().unwrap();
    }

    #[test]
    fn a_closing_shop_admits_nobody() {
        let readers = Readers::new(2);
        let one = readers.admit().unwrap();
        readers.close();
        assert_eq!(one.reader.letters.send(b'A'), Err(NoRoom::Gone));
        assert_eq!(readers.admit().unwrap_err(), NotAdmitted::Closed);
    }
}
