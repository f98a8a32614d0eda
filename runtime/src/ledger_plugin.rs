//! The Ledger Plugin Interface (Interledger RFC 0004), name by name.
//!
//! Interledger's JavaScript speaks to every ledger through a *plugin*. For BTP 1.0 that is
//! `ilp-plugin-payment-channel-framework`; this page says where each of its methods, events and errors, as of
//! version 1.3.5, is here. Nothing is left out: a test compares the tables with the plugin, and others try each line
//! with the plugin as a client of our [`Host`] and as the host of our [`Client`]
//! (`tests/tests/js_plugin`).
//!
//! A [`Client`] *is* its [`Account`]; a [`Host`] has one for each customer. So what follows
//! is there on both sides. A [`Handler`] has its [`Commands`] instead, with the same
//! names, and whoever uses neither finds them on the [`Session`].
//!
//! # Methods
//!
//! | plugin | here |
//! |---|---|
//! | `new Plugin(options)` with `server` | [`Client::builder`] |
//! | `new Plugin(options)` with `listener` | [`Host::builder`]; `incomingSecret` and `authCheck` are [`account`](crate::HostBuilder::account) and [`authenticate`](crate::HostBuilder::authenticate), `maxBalance` and `minBalance` are [`bounds`](crate::HostBuilder::bounds), `_store` is [`journal`](crate::HostBuilder::journal) |
//! | `connect` | [`Client::connect`], which fails where the plugin waits for ever or ends the process; [`HostBuilder::listen`] |
//! | `disconnect` | [`Client::close`], [`Host::close`]: what was accepted is answered first |
//! | `isConnected` | [`Account::is_connected`], which is false while a lost connection is dialed again |
//! | `assertConnectionBeforeCalling` | what needs a connection says that it was not sent: [`PrepareFailure::NotConnected`], [`MessageError::NotConnected`]. A decision needs none: the peer is told when it is back |
//! | `getInfo` | [`Account::info`] |
//! | `getAccount`, `getPeerAccount` | [`Account::address`], [`Account::peer_address`] |
//! | `getBalance` | [`Account::balance`] by our own books; the plugin as a client has none, and asks |
//! | `getPeerBalance` | [`Account::peer_balance`] |
//! | `getLimit` | [`Account::peer_limit`]; our own are [`Account::bounds`] and [`Account::set_bounds`] |
//! | `sendTransfer` | [`Account::pay`] with a [`Payment`], whose future is the outcome too; `transfer.ilp` is [`with_ilp`](crate::Payment::with_ilp), `transfer.custom` and any other entry [`with`](crate::Payment::with). `transfer.noteToSelf` is the application's: it knows the [`id`](crate::Payment::id) |
//! | `fulfillCondition` | [`Account::fulfill`], or [`Account::fulfill_with`] with its third argument, an `ilp` entry, or any others; inline [`Decision::Fulfill`], [`Decision::FulfillWith`] |
//! | `rejectIncomingTransfer` | [`Account::reject`], [`Account::reject_with`]; inline [`Decision::Reject`], [`Decision::RejectWith`]. The reason is an [`IlpError`] |
//! | `getFulfillment` (RFC 0004; the plugin has it in a comment) | [`Account::fulfillment`] |
//! | `sendRequest` | [`Account::request`]: `ilp`, `custom`, or any other sub-protocol |
//! | `registerRequestHandler` | [`Event::Request`] of a [`Handler`] or of [`Events`], and [`Account::respond`] or [`Account::refuse_request`] whenever the answer is there |
//! | `deregisterRequestHandler` | drop the [`Events`]: requests are refused from then on, as by [`Ignore`] |
//! | side protocols: `rpc.addMethod` of a payment channel | [`ClientBuilder::protocol`], [`HostBuilder::protocol`]; requests of that name are [`Event::Request`], too |
//! | side protocols: `rpc.call` of a payment channel | [`Account::request`] with an entry of that name |
//! | `isAuthorized` | [`HostBuilder::authenticate`], [`Token::matches`] |
//! | `addSocket` | [`Host::accept`] takes an [`Accepted`](crate::Accepted) stream or WebSocket; [`ClientBuilder::connector`] makes them where we dial |
//! | `debug` | `tracing` |
//!
//! # Events
//!
//! Each comes by a [`Handler`] or as [`Events`], unless a future is there to take it:
//! that of [`Account::pay`] takes the outcome of the payment, that of [`Account::request`] the answer.
//!
//! | plugin | here |
//! |---|---|
//! | `connect` | [`Event::Connected`], and of a client that is told about the ledger [`Event::Info`] |
//! | `disconnect` | [`Event::Disconnected`], also where the connection was lost, of which the plugin says nothing |
//! | `outgoing_prepare` | [`Event::OutgoingPrepared`] |
//! | `outgoing_fulfill` | [`Event::OutgoingFulfilled`], [`Fulfilled`]: with all entries, not only `ilp` |
//! | `outgoing_reject` | [`Event::OutgoingRejected`], [`PaymentError::Rejected`] |
//! | `outgoing_cancel` | [`Event::OutgoingExpired`], [`PaymentError::Expired`]; where the peer hosts the ledger and says so, rejected with the code `R00` |
//! | `incoming_prepare` | [`Event::IncomingPrepared`]; before it [`Handler::decide`] |
//! | `incoming_fulfill` | [`Event::IncomingFulfilled`]: when the money is there, which on a ledger that the peer hosts is when the peer says so |
//! | `incoming_reject` | [`Event::IncomingRejected`] |
//! | `incoming_cancel` | [`Event::IncomingExpired`]; where the peer hosts the ledger and says so first, rejected with the code `R00` |
//! | `outgoing_request`, `outgoing_response` | none: the application has just said it |
//! | `incoming_request` | [`Event::Request`] |
//! | `incoming_response` | the future of [`Account::request`]; of [`Commands::message`], [`Event::Answered`] |
//!
//! The plugin has no word for these: [`Event::OutgoingRefused`], [`Event::IncomingRefused`] and
//! [`PaymentError::Refused`] (the other side answered with an Error; the plugin's method
//! throws, and the amount stays on hold), [`Event::TransferAnswered`] (what came with a Response, such as the `claim` of a payment
//! channel), [`Event::OutgoingTransferred`] and [`Event::IncomingTransferred`] (transfers without a condition), and
//! [`Event::Dispute`].
//!
//! # Errors
//!
//! | plugin | here |
//! |---|---|
//! | `InvalidFieldsError` | mostly the types: there is no condition of 31 bytes. What is left is [`PrepareError::ZeroAmount`] and `Unencodable` |
//! | `NotAcceptedError` | [`FulfillError::InvalidFulfillment`], [`PrepareError::InsufficientBalance`] |
//! | `DuplicateIdError` | [`PrepareError::DuplicateId`] |
//! | `TransferNotFoundError` | [`FulfillError::NotFound`], [`RejectError::NotFound`], [`NoFulfillment::TransferNotFound`] |
//! | `AlreadyFulfilledError` | [`FulfillError::AlreadyDecided`], [`RejectError::AlreadyDecided`] |
//! | `AlreadyRolledBackError` | [`FulfillError::AlreadyDecided`], [`FulfillError::Expired`], [`NoFulfillment::RolledBack`] |
//! | `MissingFulfillmentError` | [`NoFulfillment::Undecided`], [`NoFulfillment::NotKept`] |
//! | `TransferNotConditionalError` | [`NoFulfillment::Unconditional`] |
//! | `RequestHandlerAlreadyRegisteredError` | none: there is one handler, given before the first connection |

#[cfg(doc)]
use trustline_core::{
    ledger::{FulfillError, NoFulfillment, PrepareError, RejectError},
    session::{Event, MessageError, PrepareFailure, Session, Token},
    wire::IlpError,
};

#[cfg(doc)]
use crate::{
    Account, Client, ClientBuilder, Commands, Decision, Events, Fulfilled, Handler, Host, HostBuilder, Ignore, Payment, PaymentError,
    Runtime,
};
