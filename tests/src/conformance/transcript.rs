//! Plays the runner's part of a transcript, and checks the peer's.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use trustline_core::Timestamp;
use trustline_core::session::ErrorName;
use trustline_core::wire::{Body, Entry, IlpPacket, Packet, ProtocolData};
use trustline_runtime::BtpUrl;

use super::Subject;
use super::cases::{
    Amount, AmountWord, Difference, EntryTemplate, EntryTest, Fate, Need, OutcomeKind, Preimage, Reply, Step, Template, Transcript,
};
use super::connection::{Connection, Named, describe};
use super::payee::{Payee, Purchase, condition, random};
use super::report::{Outcome, Skip, Verdict};
use super::stop::Stop;
use super::writer;

/// How long an answer may take: as long as the JavaScript peers wait for one.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// What is asked to see whether the peer is still there.
const INFO: writer::Entry<'static> = ("info", 0, &[2]);

pub(super) fn run(subject: &Subject, case: &Transcript) -> Verdict {
    let result = match case.needs.iter().find(|need| !can(subject, **need)) {
        Some(need) => Err(Stop::Skipped(Skip::Needs(*need))),
        None => play(subject, &case.steps),
    };
    Verdict { name: case.name.clone(), rule: case.rule.clone(), why: case.why.clone(), level: case.level, outcome: Outcome::of(result) }
}

pub(super) fn can(subject: &Subject, need: Need) -> bool {
    subject.payee.as_ref().is_some_and(|payee| payee.can(need))
}

pub(super) fn play(subject: &Subject, steps: &[Step]) -> Result<(), Stop> {
    let mut conversation = Conversation::new(subject);
    steps.iter().try_for_each(|step| conversation.step(step))
}

/// Authenticates on a new connection.
pub(super) fn join(subject: &Subject, named: &Named) -> Result<Connection, Stop> {
    let mut connection = Connection::dial(&subject.url, named)?;
    authenticate(&mut connection, &subject.url)?;
    Ok(connection)
}

pub(super) fn authenticate(connection: &mut Connection, url: &BtpUrl) -> Result<(), Stop> {
    let (username, token) = (url.username(), url.token().expose());
    let entries = [("auth", 0, &b""[..]), ("auth_username", 1, username.as_bytes()), ("auth_token", 1, token.as_bytes())];
    match ask(connection, writer::MESSAGE, &writer::entries(&entries))? {
        Body::Response(_) => Ok(()),
        Body::Error(error) => Err(Stop::failed("to be let in", format!("Error {} {}", error.code, error.name))),
        _ => unreachable!("it is an answer"),
    }
}

/// A question that every peer answers: the connection is alive, and what was sent before has been read.
pub(super) fn probe(connection: &mut Connection) -> Result<(), Stop> {
    match ask(connection, writer::MESSAGE, &writer::entries(&[INFO]))? {
        Body::Response(_) => Ok(()),
        _ => Err(Stop::failed("an answer to info", "an Error")),
    }
}

/// The answer to a request.
fn ask(connection: &mut Connection, kind: u8, content: &[u8]) -> Result<Body, Stop> {
    let request_id = fastrand::u32(..);
    connection.send(writer::packet(kind, request_id, content))?;
    answer_to(connection, request_id, PATIENCE)?.ok_or_else(|| Stop::failed("an answer", connection.seen()))
}

pub(super) fn answer_to(connection: &mut Connection, request_id: u32, within: Duration) -> Result<Option<Body>, Stop> {
    Ok(connection.find(within, is_answer(request_id))?.map(|packet| packet.body))
}

fn is_answer(request_id: u32) -> impl Fn(&Packet) -> bool {
    move |packet| packet.request_id == request_id && matches!(packet.body, Body::Response(_) | Body::Error(_))
}

fn is_outcome(transfer: [u8; 16]) -> impl Fn(&Packet) -> bool {
    move |packet| match &packet.body {
        Body::Fulfill(fulfill) => *fulfill.transfer_id.as_bytes() == transfer,
        Body::Reject(reject) => *reject.transfer_id.as_bytes() == transfer,
        _ => false,
    }
}

/// Whether an answer is one of those that are allowed.
pub(super) fn is_among(answer: &Body, allowed: &[String]) -> bool {
    allowed.iter().any(|allowed| match (answer, allowed.split_once(' ').unwrap_or((allowed, ""))) {
        (Body::Response(_), ("Response", "")) | (Body::Error(_), ("Error", "")) => true,
        // The name decides; the code where the name is one of the peer's own.
        (Body::Error(error), (name, "")) => ErrorName::of(error).is_some_and(|known| known.as_str() == name),
        (Body::Error(error), (name, code)) => error.name == name && error.code == *code,
        _ => false,
    })
}

struct Conversation<'a> {
    subject: &'a Subject,
    named: Named,
    connections: BTreeMap<&'a str, Connection>,
    requests: BTreeMap<&'a str, Request>,
    transfers: BTreeMap<&'a str, Transfer>,
    marked: i64,
}

struct Request {
    id: u32,
    kind: u8,
    content: Vec<u8>,
    on: String,
    /// The transfer that it is the first to prepare.
    prepares: Option<[u8; 16]>,
}

/// One that the case has named.
struct Transfer {
    id: [u8; 16],
    expires_at: Timestamp,
    purchase: Purchase,
    /// The request id of the peer's Prepare.
    offer: Option<u32>,
}

impl<'a> Conversation<'a> {
    fn new(subject: &'a Subject) -> Self {
        let (connections, requests, transfers) = Default::default();
        Self { subject, named: Named::default(), connections, requests, transfers, marked: 0 }
    }

    fn step(&mut self, step: &'a Step) -> Result<(), Stop> {
        match step {
            Step::Dial(name) => drop(self.connections.insert(name, Connection::dial(&self.subject.url, &self.named)?)),
            Step::Join(name) => drop(self.connections.insert(name, join(self.subject, &self.named)?)),
            Step::Cut(name) => drop(self.connections.remove(&**name)),
            Step::Wait(millis) => thread::sleep(Duration::from_millis(*millis)),
            Step::Send { on, request, packet, behind_content, behind_frame } => {
                let prepares = self.first_prepares(packet);
                let (kind, mut content) = self.write(packet)?;
                content.extend(digits(behind_content));
                let id = fastrand::u32(..);
                let frame = [writer::packet(kind, id, &content), digits(behind_frame)].concat();
                let prepares = prepares.map(|name| self.transfers[name].id);
                self.requests.insert(request, Request { id, kind, content, on: on.clone(), prepares });
                self.on(on).send(frame)?;
            }
            Step::Repeat { on, of, request } => {
                let Request { kind, ref content, .. } = self.requests[&**of];
                let (id, content) = (fastrand::u32(..), content.clone());
                self.on(on).send(writer::packet(kind, id, &content))?;
                self.requests.insert(request, Request { id, kind, content, on: on.clone(), prepares: None });
            }
            Step::Resend(request) => {
                let Request { id, kind, content, on, .. } = &self.requests[&**request];
                let (frame, on) = (writer::packet(*kind, *id, content), on.clone());
                self.on(&on).send(frame)?;
            }
            Step::Text(text) => self.on("a").send_text(text)?,
            Step::Frame(hex) => self.on("a").send(digits(hex))?,
            Step::Answer { on, request, is, entry } => self.answer(on, request, is, entry.as_ref())?,
            Step::Outcome { on, transfer, is, ilp, within } => self.outcome(on, transfer, *is, ilp.as_deref(), *within)?,
            Step::Offer { transfer, answered } => {
                self.offer(transfer)?;
                if *answered {
                    self.reply(transfer, &Reply::Response)?;
                }
            }
            Step::Reply { transfer, with } => self.reply(transfer, with)?,
            Step::Closed { on, within } => {
                let connection = self.on(on);
                if !connection.closes(Duration::from_millis(*within))? {
                    return Err(Stop::failed("that it closes", connection.seen()));
                }
            }
            Step::Quiet { on, ms } => {
                let connection = self.on(on);
                if connection.closes(Duration::from_millis(*ms))? || !connection.left().is_empty() {
                    return Err(Stop::failed("nothing", connection.seen()));
                }
            }
            Step::Alive(on) => {
                let connection = self.on(on);
                probe(connection)?;
                if !connection.left().is_empty() {
                    return Err(Stop::failed("nothing but the answer to info", connection.seen()));
                }
            }
            Step::Mark => self.marked = self.balance()?,
            Step::Moved(prices) => {
                let moved = self.balance()? - self.marked;
                let expected = prices * i64::try_from(self.price()).unwrap_or(i64::MAX);
                if moved != expected {
                    return Err(Stop::failed(format!("a balance changed by {expected}"), format!("by {moved}")));
                }
            }
        }
        Ok(())
    }

    fn on(&mut self, name: &str) -> &mut Connection {
        self.connections.get_mut(name).unwrap_or_else(|| panic!("the case opens no connection {name}"))
    }

    fn payee(&self) -> Payee {
        self.subject.payee.clone().unwrap_or(Payee::Scripted)
    }

    fn price(&self) -> u64 {
        self.payee().price()
    }

    /// The transfer that this packet is the first to prepare.
    fn first_prepares(&self, packet: &'a Template) -> Option<&'a str> {
        match packet {
            Template::Prepare { transfer, .. } if !self.transfers.contains_key(&**transfer) => Some(transfer),
            _ => None,
        }
    }

    fn answer(&mut self, on: &str, request: &str, is: &[String], entry: Option<&EntryTest>) -> Result<(), Stop> {
        let Request { id, prepares, .. } = self.requests[request];
        let connection = self.on(on);
        let expected = || format!("{request} answered with {}", is.join(" or "));
        let Some(at) = connection.position(PATIENCE, is_answer(id))? else {
            return Err(Stop::failed(expected(), connection.seen()));
        };
        // PROTOCOL 4, Order: a JavaScript payer waits for this answer, and fails without it.
        if let Some(transfer) = prepares
            && let Some(early) = connection.left()[..at].iter().find(|packet| is_outcome(transfer)(packet))
        {
            return Err(Stop::failed(format!("{}, and only then what becomes of it", expected()), format!("{} first", describe(early))));
        }
        let answer = connection.remove(at);
        if !is_among(&answer.body, is) {
            return Err(Stop::failed(expected(), describe(&answer)));
        }
        entry.map_or(Ok(()), |test| check_entry(answer.body.protocol_data(), test))
    }

    fn outcome(&mut self, on: &str, transfer: &str, is: OutcomeKind, ilp: Option<&str>, within: u64) -> Result<(), Stop> {
        let Transfer { id, ref purchase, .. } = self.transfers[transfer];
        let preimage = purchase.preimage;
        let connection = self.on(on);
        let expected = || format!("a {is:?} of {transfer}{}", ilp.map(|code| format!(" with {code}")).unwrap_or_default());
        let Some(packet) = connection.find(Duration::from_millis(within), is_outcome(id))? else {
            return Err(Stop::failed(expected(), connection.seen()));
        };
        connection.send(writer::packet(writer::RESPONSE, packet.request_id, &writer::entries(&[])))?;
        match (&packet.body, is) {
            (Body::Fulfill(fulfill), OutcomeKind::Fulfill) if *fulfill.fulfillment.as_bytes() == preimage => Ok(()),
            (Body::Fulfill(_), OutcomeKind::Fulfill) => Err(Stop::failed("the preimage of the condition", "another one")),
            (Body::Reject(reject), OutcomeKind::Reject) => check_reason(&reject.protocol_data, ilp),
            _ => Err(Stop::failed(expected(), describe(&packet))),
        }
    }

    fn offer(&mut self, transfer: &str) -> Result<(), Stop> {
        let Transfer { id, ref purchase, .. } = self.transfers[transfer];
        let condition = condition(&purchase.preimage);
        let connection = self.on("a");
        let is_it = |packet: &Packet| matches!(&packet.body, Body::Prepare(prepare) if *prepare.transfer_id.as_bytes() == id);
        let Some(packet) = connection.find(PATIENCE, is_it)? else {
            return Err(Stop::failed("a Prepare", connection.seen()));
        };
        self.transfers.get_mut(transfer).expect("it was found above").offer = Some(packet.request_id);
        match packet.body {
            Body::Prepare(prepare) if *prepare.condition.as_bytes() == condition => Ok(()),
            _ => Err(Stop::failed("the condition that was asked for", "another one")),
        }
    }

    /// Answers the Prepare of a transfer that was offered.
    fn reply(&mut self, transfer: &str, with: &Reply) -> Result<(), Stop> {
        let request_id = self.transfers[transfer].offer.expect("the case answers what was offered");
        let frame = match with {
            Reply::Response => writer::packet(writer::RESPONSE, request_id, &writer::entries(&[])),
            Reply::Error(name) => writer::packet(writer::ERROR, request_id, &writer::refusal(name, now())),
            Reply::Frame(hex) => {
                let mut frame = digits(hex);
                frame[1..5].copy_from_slice(&request_id.to_be_bytes());
                frame
            }
        };
        self.on("a").send(frame)
    }

    /// What we owe, as the peer tells it.
    fn balance(&mut self) -> Result<i64, Stop> {
        let entry = self.question("balance")?;
        let bytes: [u8; 8] = entry.data.as_ref().try_into().map_err(|_| Stop::failed("a balance of 8 bytes", hex::encode(&entry.data)))?;
        Ok(i64::from_be_bytes(bytes))
    }

    /// The most that the limit allows on top of a balance.
    fn room(&mut self, balance: i64) -> Result<u64, Stop> {
        let entry = self.question("limit")?;
        let json: Value = serde_json::from_slice(&entry.data).unwrap_or_default();
        let limit: i64 = match json.as_str().map(str::parse) {
            Some(Ok(limit)) => limit,
            _ => return Err(Stop::Skipped(Skip::NoRoom(format!("the peer's limit is {json}")))),
        };
        let room = u64::try_from(limit.saturating_sub(balance));
        room.map_err(|_| Stop::Skipped(Skip::NoRoom("the balance is beyond the limit already".to_owned())))
    }

    fn question(&mut self, name: &str) -> Result<Entry, Stop> {
        let on = *self.connections.keys().next().expect("a case that asks has a connection");
        let answer = ask(self.on(on), writer::MESSAGE, &writer::entries(&[(name, 0, &[0])]))?;
        answer.protocol_data().get(name).cloned().ok_or_else(|| Stop::failed(format!("the {name}"), "an answer without it"))
    }

    /// The type and the content of a packet.
    fn write(&mut self, template: &'a Template) -> Result<(u8, Vec<u8>), Stop> {
        Ok(match template {
            Template::Response => (writer::RESPONSE, writer::entries(&[])),
            Template::Error(name) => (writer::ERROR, writer::refusal(name, now())),
            Template::Message(entries) => {
                let data: Vec<_> = entries.iter().map(|entry| self.data(entry)).collect();
                let entries = entries.iter().zip(&data).map(|(entry, data)| (&*entry.name, entry.kind, &data[..]));
                (writer::MESSAGE, writer::entries(&entries.collect::<Vec<_>>()))
            }
            Template::Prepare { transfer, amount, expires_in, to, fraction_digits, differs } => {
                let amount = match amount {
                    Amount::Prices(prices) => prices * self.price(),
                    Amount::Word(AmountWord::Limit) => self.room(self.marked)?,
                    Amount::Word(AmountWord::OverLimit) => {
                        let balance = self.balance()?;
                        self.room(balance)?.saturating_add(1)
                    }
                };
                let Transfer { id, mut expires_at, ref purchase, .. } = *self.transfer(transfer, amount, *to, *expires_in);
                let (mut condition, mut ilp) = (condition(&purchase.preimage), purchase.ilp.clone());
                match differs {
                    None => {}
                    Some(Difference::Condition) => condition[0] ^= 1,
                    Some(Difference::Expiry) => expires_at = expires_at.saturating_add(Duration::from_millis(1)),
                    Some(Difference::ProtocolData) => ilp.push(0),
                }
                let expires_at = writer::time(expires_at, *fraction_digits);
                let entries = writer::entries(&[("ilp", 0, &ilp)]);
                (writer::PREPARE, writer::prepare(&id, amount, &condition, &expires_at, &entries))
            }
            Template::Fulfill { transfer, preimage } => {
                let transfer = self.transfer(transfer, 0, Fate::Anybody, 0);
                let mut fulfillment = transfer.purchase.preimage;
                if *preimage == Preimage::Wrong {
                    fulfillment[0] ^= 1;
                }
                (writer::FULFILL, writer::fulfill(&transfer.id, &fulfillment, &writer::entries(&[])))
            }
            Template::Reject { transfer } => {
                let transfer = self.transfer(transfer, 0, Fate::Anybody, 0);
                let ilp = writer::ilp_error("example.conformance", transfer.expires_at);
                (writer::REJECT, writer::reject(&transfer.id, &writer::entries(&[("ilp", 0, &ilp)])))
            }
            Template::Transfer(prices) => (writer::TRANSFER, writer::transfer(prices * self.price(), &writer::entries(&[]))),
            Template::AskToPay { transfer, expires_in } => {
                let amount = self.price();
                let transfer = self.transfer(transfer, amount, Fate::Anybody, *expires_in);
                let wanted = json!({ "pay": {
                    "id": uuid(&transfer.id),
                    "amount": amount.to_string(),
                    "condition": hex::encode(condition(&transfer.purchase.preimage)),
                    "expiresAt": transfer.expires_at.to_string(),
                } });
                (writer::MESSAGE, writer::entries(&[("custom", 2, wanted.to_string().as_bytes())]))
            }
        })
    }

    fn data(&self, entry: &EntryTemplate) -> Vec<u8> {
        let url = &self.subject.url;
        match &*entry.text {
            "" => digits(&entry.hex),
            "$username" => url.username().into(),
            "$token" => url.token().expose().into(),
            "$wrong_token" => format!("not-{}", url.token().expose()).into(),
            text => text.into(),
        }
    }

    /// The transfer of this name, which is made up when it is first named.
    fn transfer(&mut self, name: &'a str, amount: u64, fate: Fate, expires_in: i64) -> &Transfer {
        let (payee, named) = (self.payee(), &self.named);
        self.transfers.entry(name).or_insert_with(|| {
            let id = random();
            named.insert(id);
            let expires_at = Timestamp::from_millis(now().as_millis().saturating_add(expires_in));
            Transfer { id, expires_at, purchase: payee.purchase(amount, fate), offer: None }
        })
    }
}

fn check_entry(protocol_data: &ProtocolData, test: &EntryTest) -> Result<(), Stop> {
    let expected = format!("the entry {} of type {}", test.name, test.kind);
    let Some(entry) = protocol_data.get(&test.name) else {
        let names: Vec<_> = protocol_data.iter().map(|entry| &*entry.name).collect();
        return Err(Stop::failed(expected, format!("entries {names:?}")));
    };
    if u8::from(entry.content_type) != test.kind {
        return Err(Stop::failed(expected, format!("type {}", u8::from(entry.content_type))));
    }
    let json = || serde_json::from_slice::<Value>(&entry.data).unwrap_or_default();
    let shown = || String::from_utf8_lossy(&entry.data).into_owned();
    if test.bytes.is_some_and(|bytes| bytes != entry.data.len()) {
        return Err(Stop::failed(format!("{expected} with {:?} bytes", test.bytes), hex::encode(&entry.data)));
    }
    if let Some(missing) = test.fields.iter().flatten().find(|field| json().get(field).is_none()) {
        return Err(Stop::failed(format!("JSON with {missing}"), shown()));
    }
    let is_integer = |json: &Value| json.as_str().is_some_and(|text| text == "Infinity" || text.parse::<i128>().is_ok());
    if test.integer_in_string && !is_integer(&json()) {
        return Err(Stop::failed("a JSON string with an integer", shown()));
    }
    Ok(())
}

/// A Reject says why, with an ILP error that JavaScript peers can read: they want three digits in its time, which is not zero.
fn check_reason(protocol_data: &ProtocolData, code: Option<&str>) -> Result<(), Stop> {
    let Some(entry) = protocol_data.get("ilp") else { return Err(Stop::failed("a Reject with an ilp entry", "none")) };
    let Ok(IlpPacket::Error(error)) = IlpPacket::decode(&entry.data) else {
        return Err(Stop::failed("an ILP error", hex::encode(&entry.data)));
    };
    let time = writer::time(error.triggered_at, 3);
    if error.triggered_at.as_millis() == 0 {
        Err(Stop::failed("the time of the error", "1970"))
    } else if !entry.data.windows(time.len()).any(|bytes| bytes == time) {
        Err(Stop::failed("a time with three digits of fraction in the ILP error", hex::encode(&entry.data)))
    } else if let Some(code) = code.filter(|code| error.code != **code) {
        Err(Stop::failed(format!("ILP error {code}"), format!("{} {}", error.code, error.name)))
    } else {
        Ok(())
    }
}

/// The id as the contract of the application has it.
fn uuid(id: &[u8; 16]) -> String {
    let digits = hex::encode(id);
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

pub(super) fn digits(hex: &str) -> Vec<u8> {
    hex::decode(hex).expect("the cases have hexadecimal digits")
}

fn now() -> Timestamp {
    let since = SystemTime::UNIX_EPOCH.elapsed().expect("it is later than 1970");
    Timestamp::from_millis(since.as_millis().try_into().expect("it is before 9999"))
}
