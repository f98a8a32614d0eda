//! Plays the runner's part of a transcript, and checks the peer's.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use trustline_core::session::ErrorName;
use trustline_core::wire::{Body, Entry, IlpPacket, Packet, ProtocolData};
use trustline_core::{Fulfillment, Timestamp};
use trustline_runtime::BtpUrl;

use super::Subject;
use super::cases::{Amount, AmountWord, EntryTemplate, EntryTest, Fate, Need, OutcomeKind, Preimage, Step, Template, Transcript};
use super::connection::{Connection, describe};
use super::payee::{Payee, Purchase, random};
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
        None => Conversation::new(subject).play(&case.steps),
    };
    Verdict { name: case.name.clone(), rule: case.rule.clone(), why: case.why.clone(), level: case.level, outcome: Outcome::of(result) }
}

fn can(subject: &Subject, need: Need) -> bool {
    subject.payee.as_ref().is_some_and(|payee| payee.can(need))
}

/// Authenticates on a new connection.
pub(super) fn join(subject: &Subject) -> Result<Connection, Stop> {
    let mut connection = Connection::dial(&subject.url)?;
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
    let is_it = |packet: &Packet| packet.request_id == request_id && matches!(packet.body, Body::Response(_) | Body::Error(_));
    Ok(connection.find(within, is_it)?.map(|packet| packet.body))
}

/// Whether an answer is one of those that are allowed.
pub(super) fn is_among(answer: &Body, allowed: &[String]) -> bool {
    allowed.iter().any(|allowed| match (answer, allowed.as_str()) {
        (Body::Response(_), "Response") | (Body::Error(_), "Error") => true,
        // The name decides; the code where the name is one of the peer's own.
        (Body::Error(error), name) => ErrorName::of(error).is_some_and(|known| known.as_str() == name),
        _ => false,
    })
}

struct Conversation<'a> {
    subject: &'a Subject,
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
}

/// One that the case has named.
struct Transfer {
    id: [u8; 16],
    expires_at: Timestamp,
    purchase: Purchase,
}

impl<'a> Conversation<'a> {
    fn new(subject: &'a Subject) -> Self {
        Self { subject, connections: BTreeMap::new(), requests: BTreeMap::new(), transfers: BTreeMap::new(), marked: 0 }
    }

    fn play(&mut self, steps: &'a [Step]) -> Result<(), Stop> {
        steps.iter().try_for_each(|step| self.step(step))
    }

    fn step(&mut self, step: &'a Step) -> Result<(), Stop> {
        match step {
            Step::Dial(name) => drop(self.connections.insert(name, Connection::dial(&self.subject.url)?)),
            Step::Join(name) => drop(self.connections.insert(name, join(self.subject)?)),
            Step::Cut(name) => drop(self.connections.remove(&**name)),
            Step::Wait(millis) => thread::sleep(Duration::from_millis(*millis)),
            Step::Send { on, request, packet, behind_content, behind_frame } => {
                let (kind, mut content) = self.write(packet)?;
                content.extend(digits(behind_content));
                let id = fastrand::u32(..);
                let frame = [writer::packet(kind, id, &content), digits(behind_frame)].concat();
                self.requests.insert(request, Request { id, kind, content, on: on.clone() });
                self.on(on).send(frame)?;
            }
            Step::Repeat { on, of, request } => {
                let Request { kind, ref content, .. } = self.requests[&**of];
                let (id, content) = (fastrand::u32(..), content.clone());
                self.on(on).send(writer::packet(kind, id, &content))?;
                self.requests.insert(request, Request { id, kind, content, on: on.clone() });
            }
            Step::Resend(request) => {
                let Request { id, kind, content, on } = &self.requests[&**request];
                let (frame, on) = (writer::packet(*kind, *id, content), on.clone());
                self.on(&on).send(frame)?;
            }
            Step::Text(text) => self.on("a").send_text(text)?,
            Step::Frame(hex) => self.on("a").send(digits(hex))?,
            Step::Answer { on, request, is, entry } => self.answer(on, request, is, entry.as_ref())?,
            Step::Outcome { on, transfer, is, ilp, within } => self.outcome(on, transfer, *is, ilp.as_deref(), *within)?,
            Step::Offer { transfer } => self.offer(transfer)?,
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

    fn answer(&mut self, on: &str, request: &str, is: &[String], entry: Option<&EntryTest>) -> Result<(), Stop> {
        let id = self.requests[request].id;
        let connection = self.on(on);
        let expected = || format!("{request} answered with {}", is.join(" or "));
        let Some(answer) = answer_to(connection, id, PATIENCE)? else {
            return Err(Stop::failed(expected(), connection.seen()));
        };
        if !is_among(&answer, is) {
            return Err(Stop::failed(expected(), describe(&Packet { request_id: id, body: answer })));
        }
        entry.map_or(Ok(()), |test| check_entry(answer.protocol_data(), test))
    }

    fn outcome(&mut self, on: &str, transfer: &str, is: OutcomeKind, ilp: Option<&str>, within: u64) -> Result<(), Stop> {
        let Transfer { id, ref purchase, .. } = self.transfers[transfer];
        let preimage = purchase.preimage;
        let connection = self.on(on);
        let expected = || format!("a {is:?} of {transfer}{}", ilp.map(|code| format!(" with {code}")).unwrap_or_default());
        let is_it = |packet: &Packet| match &packet.body {
            Body::Fulfill(fulfill) => *fulfill.transfer_id.as_bytes() == id,
            Body::Reject(reject) => *reject.transfer_id.as_bytes() == id,
            _ => false,
        };
        let Some(packet) = connection.find(Duration::from_millis(within), is_it)? else {
            return Err(Stop::failed(expected(), connection.seen()));
        };
        connection.send(writer::packet(writer::RESPONSE, packet.request_id, &writer::entries(&[])))?;
        match (&packet.body, is) {
            (Body::Fulfill(fulfill), OutcomeKind::Fulfill) if fulfill.fulfillment == Fulfillment::from(preimage) => Ok(()),
            (Body::Fulfill(_), OutcomeKind::Fulfill) => Err(Stop::failed("the preimage of the condition", "another one")),
            (Body::Reject(reject), OutcomeKind::Reject) => check_reason(&reject.protocol_data, ilp),
            _ => Err(Stop::failed(expected(), describe(&packet))),
        }
    }

    fn offer(&mut self, transfer: &str) -> Result<(), Stop> {
        let Transfer { id, ref purchase, .. } = self.transfers[transfer];
        let condition = Fulfillment::from(purchase.preimage).condition();
        let connection = self.on("a");
        let is_it = |packet: &Packet| matches!(&packet.body, Body::Prepare(prepare) if *prepare.transfer_id.as_bytes() == id);
        let Some(packet) = connection.find(PATIENCE, is_it)? else {
            return Err(Stop::failed("a Prepare", connection.seen()));
        };
        connection.send(writer::packet(writer::RESPONSE, packet.request_id, &writer::entries(&[])))?;
        match packet.body {
            Body::Prepare(prepare) if prepare.condition == condition => Ok(()),
            _ => Err(Stop::failed("the condition that was asked for", "another one")),
        }
    }

    /// What we owe, as the peer tells it.
    fn balance(&mut self) -> Result<i64, Stop> {
        let entry = self.question("balance")?;
        let bytes: [u8; 8] = entry.data.as_ref().try_into().map_err(|_| Stop::failed("a balance of 8 bytes", hex::encode(&entry.data)))?;
        Ok(i64::from_be_bytes(bytes))
    }

    /// The least amount that passes the limit.
    fn over_limit(&mut self) -> Result<u64, Stop> {
        let entry = self.question("limit")?;
        let json: Value = serde_json::from_slice(&entry.data).unwrap_or_default();
        let limit: i64 = match json.as_str().map(str::parse) {
            Some(Ok(limit)) => limit,
            _ => return Err(Stop::Skipped(Skip::NoRoom(format!("the peer's limit is {json}")))),
        };
        let room = limit.saturating_sub(self.balance()?);
        u64::try_from(room)
            .map(|room| room + 1)
            .map_err(|_| Stop::Skipped(Skip::NoRoom("the balance is beyond the limit already".to_owned())))
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
            Template::Prepare { transfer, amount, expires_in, to, fraction_digits } => {
                let amount = match amount {
                    Amount::Prices(prices) => prices * self.price(),
                    Amount::Word(AmountWord::OverLimit) => self.over_limit()?,
                };
                let transfer = self.transfer(transfer, amount, *to, *expires_in);
                let condition = Fulfillment::from(transfer.purchase.preimage).condition();
                let expires_at = writer::time(transfer.expires_at, *fraction_digits);
                let entries = writer::entries(&[("ilp", 0, &transfer.purchase.ilp)]);
                (writer::PREPARE, writer::prepare(&transfer.id, amount, condition.as_bytes(), &expires_at, &entries))
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
                    "id": trustline_core::TransferId::from(transfer.id).to_string(),
                    "amount": amount.to_string(),
                    "condition": hex::encode(Fulfillment::from(transfer.purchase.preimage).condition().as_bytes()),
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
        let payee = self.payee();
        self.transfers.entry(name).or_insert_with(|| Transfer {
            id: random(),
            expires_at: Timestamp::from_millis(now().as_millis().saturating_add(expires_in)),
            purchase: payee.purchase(amount, fate),
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

/// A Reject says why, with an ILP error that JavaScript peers can read: they want a time that is not zero.
fn check_reason(protocol_data: &ProtocolData, code: Option<&str>) -> Result<(), Stop> {
    let Some(entry) = protocol_data.get("ilp") else { return Err(Stop::failed("a Reject with an ilp entry", "none")) };
    match IlpPacket::decode(&entry.data) {
        Ok(IlpPacket::Error(error)) if error.triggered_at.as_millis() == 0 => Err(Stop::failed("the time of the error", "1970")),
        Ok(IlpPacket::Error(error)) if code.is_some_and(|code| error.code.as_str() != code) => {
            Err(Stop::failed(format!("ILP error {}", code.unwrap_or_default()), format!("{} {}", error.code, error.name)))
        }
        Ok(IlpPacket::Error(_)) => Ok(()),
        _ => Err(Stop::failed("an ILP error", hex::encode(&entry.data))),
    }
}

pub(super) fn digits(hex: &str) -> Vec<u8> {
    hex::decode(hex).expect("the cases have hexadecimal digits")
}

fn now() -> Timestamp {
    let since = SystemTime::UNIX_EPOCH.elapsed().expect("it is later than 1970");
    Timestamp::from_millis(since.as_millis().try_into().expect("it is before 9999"))
}
