//! Who asks to be admitted to an account.

use std::fmt;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

use trustline_core::session::Credentials;

/// Who asks a host for an account: what the client shows, and what is known of its connection. By `Deref` it is its
/// [`Credentials`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Applicant {
    /// The username, the token, and what else stands in the authentication. Nothing of it is verified yet.
    pub credentials: Credentials,
    /// Where the connection comes from; `None` for one that was [handed in](crate::Accepted) without an origin.
    pub origin: Option<SocketAddr>,
    /// The certificate that the client showed, if it did. It is verified: it was issued by a root that the host trusts
    /// with its clients, it is valid now, and the client has its key.
    pub certificate: Option<PeerCertificate>,
}

impl Applicant {
    pub(crate) fn new(credentials: Credentials, origin: Option<SocketAddr>, certificate: Option<PeerCertificate>) -> Self {
        Self { credentials, origin, certificate }
    }
}

impl Deref for Applicant {
    type Target = Credentials;

    fn deref(&self) -> &Credentials {
        &self.credentials
    }
}

/// An end-entity certificate of X.509 whose key the peer has; cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PeerCertificate {
    der: Arc<[u8]>,
}

impl PeerCertificate {
    /// From its DER encoding, by whoever has verified it.
    pub fn from_verified_der(der: &[u8]) -> Self {
        Self { der: der.into() }
    }

    /// The whole certificate, encoded as DER. Its hash tells one certificate from any other; a parser of X.509 finds in
    /// it whatever else the issuer says of its subject.
    pub fn der(&self) -> &[u8] {
        &self.der
    }
}

impl fmt::Debug for PeerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerCertificate").field("der_bytes", &self.der.len()).finish()
    }
}
