//! The cases, as they stand in `tests/conformance`. Its README describes the schema.

use serde::Deserialize;
use serde_json::Value;

/// A frame that is a packet.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Golden {
    pub(super) name: String,
    pub(super) rule: String,
    pub(super) why: String,
    #[serde(default = "must")]
    pub(super) level: Level,
    #[serde(default)]
    pub(super) beyond_bounds: bool,
    #[serde(rename = "type")]
    pub(super) kind: u8,
    #[serde(rename = "requestId")]
    pub(super) request_id: u32,
    #[cfg_attr(not(test), expect(dead_code, reason = "what the frame says is for readers and writers of packets"))]
    pub(super) data: Value,
    pub(super) hex: String,
}

/// A frame that a peer must ignore, or answer with an Error.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Refused {
    pub(super) name: String,
    pub(super) rule: String,
    pub(super) why: String,
    #[serde(default = "must")]
    pub(super) level: Level,
    #[serde(default)]
    pub(super) answer: Vec<String>,
    pub(super) hex: String,
}

/// A conversation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Transcript {
    pub(super) name: String,
    pub(super) rule: String,
    pub(super) why: String,
    pub(super) level: Level,
    #[serde(default)]
    pub(super) needs: Vec<Need>,
    pub(super) steps: Vec<Step>,
}

/// Whether a peer may do otherwise.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Without it money or the connection is lost, or others cannot speak to the peer.
    Must,
    /// It is asked for, and one can live without it.
    Should,
}

/// What a case needs of the peer's application.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// It fulfills a payment, if it is asked to.
    Fulfills,
    /// It rejects a payment, if it is asked to.
    Rejects,
    /// It leaves a payment undecided, if it is asked to.
    Holds,
    /// It pays the runner, if it is asked to.
    Pays,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Step {
    /// Opens a connection of this name.
    Dial(String),
    /// Opens it, and authenticates.
    Join(String),
    /// Drops it, without a word.
    Cut(String),
    /// Milliseconds.
    Wait(u64),
    Send {
        #[serde(default = "first")]
        on: String,
        /// What the request is called later on.
        #[serde(default = "request")]
        request: String,
        packet: Template,
        /// Hexadecimal digits behind the last field of the content.
        #[serde(default)]
        behind_content: String,
        /// The same, behind the content.
        #[serde(default)]
        behind_frame: String,
    },
    /// Sends the content of an earlier request again, as a new request.
    Repeat {
        #[serde(default = "first")]
        on: String,
        of: String,
        request: String,
    },
    /// Sends a request that was sent before once more, with its request id.
    Resend(String),
    /// Sends a text message.
    Text(String),
    /// Sends a frame, in hexadecimal digits.
    Frame(String),
    /// The request is answered, with one of these: `Response`, `Error`, the name of an error, or its name and its code.
    Answer {
        #[serde(default = "first")]
        on: String,
        #[serde(default = "request")]
        request: String,
        is: Vec<String>,
        entry: Option<EntryTest>,
    },
    /// The peer sends a Fulfill, with the right preimage, or a Reject of this transfer. It is answered.
    Outcome {
        #[serde(default = "first")]
        on: String,
        transfer: String,
        is: OutcomeKind,
        /// The code of the ILP error in the Reject.
        ilp: Option<String>,
        #[serde(default = "patience")]
        within: u64,
    },
    /// The peer sends a Prepare of this transfer, which is answered with a Response, if at all.
    Offer {
        transfer: String,
        #[serde(default = "yes")]
        answered: bool,
    },
    /// Answers the Prepare of this transfer.
    Reply { transfer: String, with: Reply },
    /// The peer closes the connection, within so many milliseconds.
    Closed {
        #[serde(default = "first")]
        on: String,
        within: u64,
    },
    /// Nothing comes for so many milliseconds but Messages.
    Quiet {
        #[serde(default = "first")]
        on: String,
        ms: u64,
    },
    /// A question is answered, and nothing else has come.
    Alive(String),
    /// Notes the balance.
    Mark,
    /// The peer has received so many times the price since then.
    Moved(i64),
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum OutcomeKind {
    Fulfill,
    Reject,
}

/// An answer to what the peer asks.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Reply {
    Response,
    /// An Error of this name.
    Error(String),
    /// A frame, in hexadecimal digits, under the request id of what it answers.
    Frame(String),
}

/// A packet to send.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Template {
    Response,
    /// An Error of this name.
    Error(String),
    Message(Vec<EntryTemplate>),
    Prepare {
        transfer: String,
        amount: Amount,
        /// Milliseconds from the first time that the transfer is named.
        #[serde(default = "half_a_minute")]
        expires_in: i64,
        to: Fate,
        #[serde(default = "three")]
        fraction_digits: usize,
        /// What is not as it was when the transfer was first named.
        differs: Option<Difference>,
    },
    Fulfill {
        transfer: String,
        preimage: Preimage,
    },
    Reject {
        transfer: String,
    },
    Transfer(u64),
    /// Asks the peer's application to pay.
    AskToPay {
        transfer: String,
        expires_in: i64,
    },
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntryTemplate {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: u8,
    /// UTF-8, or `$username`, `$token`, `$wrong_token`.
    #[serde(default)]
    pub(super) text: String,
    #[serde(default)]
    pub(super) hex: String,
}

/// What an entry of an answer must be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntryTest {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: u8,
    /// How many bytes.
    pub(super) bytes: Option<usize>,
    /// Which fields a JSON object has.
    pub(super) fields: Option<Vec<String>>,
    /// A JSON string that holds an integer, or `Infinity`.
    #[serde(default)]
    pub(super) integer_in_string: bool,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
pub(super) enum Amount {
    /// So many times the price.
    Prices(u64),
    Word(AmountWord),
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum AmountWord {
    /// The most that the limit allows on top of the balance that was noted.
    Limit,
    /// The least that passes the limit.
    OverLimit,
}

/// What may be other than before in a Prepare, beside its amount.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Difference {
    Condition,
    Expiry,
    ProtocolData,
}

/// What the payee does with a payment.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Fate {
    Fulfill,
    Reject,
    Hold,
    /// Whatever it likes: the payment is not expected to reach it.
    Anybody,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Preimage {
    Right,
    Wrong,
}

pub(super) fn golden() -> Vec<Golden> {
    read(include_str!("../../conformance/frames.json"))
}

pub(super) fn refused() -> Vec<Refused> {
    read(include_str!("../../conformance/refused.json"))
}

pub(super) fn transcripts() -> Vec<Transcript> {
    read(include_str!("../../conformance/transcripts.json"))
}

fn read<T: for<'a> Deserialize<'a>>(text: &str) -> T {
    serde_json::from_str(text).expect("the cases follow their schema")
}

const fn must() -> Level {
    Level::Must
}

const fn yes() -> bool {
    true
}

fn first() -> String {
    "a".to_owned()
}

fn request() -> String {
    "request".to_owned()
}

const fn patience() -> u64 {
    5_000
}

const fn half_a_minute() -> i64 {
    30_000
}

const fn three() -> usize {
    3
}
