//! The names of BTP errors, and which of them answers which refusal.

use alloc::format;
use alloc::string::String;

use bytes::Bytes;

use crate::Timestamp;
use crate::ledger::Refusal;
use crate::wire::{ErrorCode, ErrorPacket, ProtocolData};

/// A BTP error by its name (RFC 0023, *Error*). The codes that peers send differ; the names do not, so the name decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorName {
    /// T00: not now, perhaps later.
    Unreachable,
    /// F00: not allowed, or not understood.
    NotAccepted,
    /// F01: a field is missing or wrong.
    InvalidFields,
    /// F03: no such transfer.
    TransferNotFound,
    /// F04: the fulfillment does not hash to the condition.
    InvalidFulfillment,
    /// F05: the id was used with other contents.
    DuplicateId,
    /// F06: rejected or expired before.
    AlreadyRolledBack,
    /// F07: fulfilled before.
    AlreadyFulfilled,
    /// F08: a balance limit would be exceeded.
    InsufficientBalance,
}

const ALL: [(ErrorName, ErrorCode, &str); 9] = [
    (ErrorName::Unreachable, code(*b"T00"), "UnreachableError"),
    (ErrorName::NotAccepted, code(*b"F00"), "NotAcceptedError"),
    (ErrorName::InvalidFields, code(*b"F01"), "InvalidFieldsError"),
    (ErrorName::TransferNotFound, code(*b"F03"), "TransferNotFoundError"),
    (ErrorName::InvalidFulfillment, code(*b"F04"), "InvalidFulfillmentError"),
    (ErrorName::DuplicateId, code(*b"F05"), "DuplicateIdError"),
    (ErrorName::AlreadyRolledBack, code(*b"F06"), "AlreadyRolledBackError"),
    (ErrorName::AlreadyFulfilled, code(*b"F07"), "AlreadyFulfilledError"),
    (ErrorName::InsufficientBalance, code(*b"F08"), "InsufficientBalanceError"),
];

const MESSAGE_BYTES: usize = 1024;

/// Evaluated while compiling.
const fn code(characters: [u8; 3]) -> ErrorCode {
    ErrorCode::new(characters).unwrap()
}

impl ErrorName {
    /// What a peer's error means: by its name, and by its code only where the name is unknown.
    pub fn of(error: &ErrorPacket) -> Option<Self> {
        let by_name = ALL.iter().find(|(_, _, name)| *name == &*error.name);
        let by_code = || ALL.iter().find(|(_, code, _)| error.code == *code);
        by_name.or_else(by_code).map(|(name, ..)| *name)
    }

    /// The code of the RFC.
    pub fn code(self) -> ErrorCode {
        self.row().1
    }

    /// The name as it stands on the wire.
    pub fn as_str(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> &'static (ErrorName, ErrorCode, &'static str) {
        ALL.iter().find(|(name, ..)| *name == self).unwrap_or(&ALL[1])
    }

    /// An error that says `message` to the peer, as JSON in its data. A message of more than 1,024 bytes is cut: the data
    /// of an error has 8,192, and JSON writes some bytes as six.
    pub fn error(self, message: &str, now: Timestamp) -> ErrorPacket {
        let end = (0..=message.len().min(MESSAGE_BYTES)).rev().find(|end| message.is_char_boundary(*end)).unwrap_or(0);
        let data = serde_json::json!({ "message": &message[..end] });
        ErrorPacket {
            code: self.code(),
            name: self.as_str().into(),
            triggered_at: now,
            data: Bytes::from(format!("{data}")),
            protocol_data: ProtocolData::new(),
        }
    }
}

impl From<&Refusal> for ErrorName {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::TransferNotFound => Self::TransferNotFound,
            Refusal::DuplicateId => Self::DuplicateId,
            Refusal::AlreadyFulfilled => Self::AlreadyFulfilled,
            Refusal::AlreadyRolledBack => Self::AlreadyRolledBack,
            Refusal::NotThePayee | Refusal::Expired { .. } | Refusal::ExpiryTooFar { .. } => Self::NotAccepted,
            Refusal::InvalidFulfillment => Self::InvalidFulfillment,
            Refusal::ZeroAmount => Self::InvalidFields,
            Refusal::TooFast | Refusal::TooManyOpen => Self::Unreachable,
            Refusal::InsufficientBalance => Self::InsufficientBalance,
        }
    }
}

/// The sentence in an error's data, whether it is the JSON that this crate and the JavaScript peer send, or plain text.
pub fn error_message(error: &ErrorPacket) -> String {
    let text = String::from_utf8_lossy(&error.data);
    let json: Option<serde_json::Value> = serde_json::from_str(&text).ok();
    match json.as_ref().and_then(|json| json.get("message")).and_then(serde_json::Value::as_str) {
        Some(message) => message.into(),
        None => text.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_decides_and_the_code_only_where_there_is_no_known_name() {
        let now = Timestamp::from_millis(0);
        let mut error = ErrorName::DuplicateId.error("", now);
        // The JavaScript plugin sends DuplicateIdError with the code of InvalidFulfillmentError.
        error.code = code(*b"F04");
        assert_eq!(ErrorName::of(&error), Some(ErrorName::DuplicateId));
        error.name = "SomethingElse".into();
        assert_eq!(ErrorName::of(&error), Some(ErrorName::InvalidFulfillment));
        error.code = code(*b"Z99");
        assert_eq!(ErrorName::of(&error), None);
    }

    #[test]
    fn a_message_that_is_too_long_is_cut_between_characters() {
        let error = ErrorName::NotAccepted.error(&"\u{1f4b8}\u{1}".repeat(10_000), Timestamp::from_millis(0));
        assert!(error.data.len() <= 8192);
        assert!(error_message(&error).chars().all(|c| matches!(c, '\u{1f4b8}' | '\u{1}')));
    }

    #[test]
    fn a_message_is_readable_whether_json_or_not() {
        let mut error = ErrorName::NotAccepted.error("say \"please\"", Timestamp::from_millis(0));
        assert_eq!(&error.data[..], br#"{"message":"say \"please\""}"#);
        assert_eq!(error_message(&error), "say \"please\"");
        error.data = Bytes::from_static(b"just text");
        assert_eq!(error_message(&error), "just text");
    }
}
