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

    /// The whole certificate, encoded as DER. Its hash tells it from any other; a parser of X.509 finds in it whatever the
    /// issuer says of its subject.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The DNS names that the issuer has given its subject (the subject alternative names of that kind, RFC 5280 section
    /// 4.2.1.6), wildcards as they stand there.
    #[cfg(feature = "tls")]
    pub fn dns_names(&self) -> Vec<String> {
        let der = self.der().into();
        // One that cannot be parsed was not verified by us, and names nobody.
        webpki::EndEntityCert::try_from(&der).map_or_else(|_| Vec::new(), |parsed| parsed.valid_dns_names().map(str::to_owned).collect())
    }
}

impl fmt::Debug for PeerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerCertificate").field("der_bytes", &self.der.len()).finish()
    }
}
