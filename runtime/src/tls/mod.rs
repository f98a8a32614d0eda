//! TLS under the WebSocket: `btp+wss://`.
//!
//! The protocol is that of rustls, through futures-rustls. Its cryptography is ring, which needs no more than a C compiler
//! to build, and which is chosen here whatever else a program links. TLS 1.2 is spoken beside 1.3, for the JavaScript peers of the
//! tutorial's time.
//!
//! No session is resumed: a trustline's connections live long, so that little would be won, and who resumes a session
//! is not asked for its certificate again.

mod client;
mod error;
mod files;
mod host;
mod reloading;
mod stream;

use std::sync::Arc;

use futures_rustls::rustls::crypto::{CryptoProvider, ring};

pub use client::ClientTls;
pub use error::{TlsConfigError, TlsError};
pub use host::{ClientCertificates, HostTls};
pub(crate) use stream::TlsStream;

const VERSIONS: &str = "ring has what TLS 1.2 and 1.3 need";

fn cryptography() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
