//! What a host shows, and which clients' certificates it trusts.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_rustls::TlsAcceptor;
use futures_rustls::rustls::ServerConfig;
use futures_rustls::rustls::server::danger::ClientCertVerifier;
use futures_rustls::rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};

use super::files::{Identity, roots};
use super::reloading::{Files, Reloading};
use super::{TlsConfigError, VERSIONS, cryptography};

/// The certificate of a host, and what it asks of its clients' certificates; cheap to clone, and all clones are one.
///
/// Keep a clone, and call [`reload`](Self::reload) when the certificate was renewed:
///
/// ```no_run
/// use trustline_runtime::{ClientCertificates, HostTls};
///
/// # fn main() -> Result<(), trustline_runtime::TlsConfigError> {
/// let tls = HostTls::new("shop.pem", "shop.key")?.client_roots("customers.pem", ClientCertificates::Optional)?;
/// // Host::builder(info).tls(tls.clone()).listen(address)
/// if let Err(error) = tls.reload() {
///     eprintln!("the old certificate stays: {error}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct HostTls(Arc<Reloading<HostFiles>>);

/// Whether clients must have a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientCertificates {
    /// Who has one shows it; who has none is told from the others by the
    /// [authentication](crate::HostBuilder::authenticate).
    Optional,
    /// Who has none does not get as far as the authentication.
    Required,
}

#[derive(Clone, Debug)]
struct HostFiles {
    identity: Identity,
    clients: Option<(PathBuf, ClientCertificates)>,
}

impl HostTls {
    /// From two PEM files: the certificate followed by those that link it to its root, and its private key (PKCS #8,
    /// PKCS #1 or SEC 1, not encrypted).
    pub fn new(chain: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, TlsConfigError> {
        Reloading::new(HostFiles { identity: Identity::new(chain.as_ref(), key.as_ref()), clients: None }).map(Self)
    }

    /// Asks clients for certificates, and trusts those that were issued by a root in this PEM file. Who shows another, or
    /// one that has expired, is not let in.
    pub fn client_roots(self, file: impl AsRef<Path>, certificates: ClientCertificates) -> Result<Self, TlsConfigError> {
        Reloading::new(HostFiles { clients: Some((file.as_ref().to_owned(), certificates)), ..self.0.files().clone() }).map(Self)
    }

    /// Reads the same files again, the clients' roots included. Connections from now on get what they hold; those that
    /// there are stay as they are. If it fails, nothing changed.
    ///
    /// It blocks for as long as the files take to read. A certificate and a key that do not belong together are refused, so
    /// that it does no harm to be called between the renewal of the one and of the other.
    pub fn reload(&self) -> Result<(), TlsConfigError> {
        self.0.reload()
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.0.current().into()
    }
}

impl Files for HostFiles {
    type Config = ServerConfig;

    fn read(&self) -> Result<ServerConfig, TlsConfigError> {
        let config = ServerConfig::builder_with_provider(cryptography()).with_safe_default_protocol_versions().expect(VERSIONS);
        let config = match &self.clients {
            Some((file, certificates)) => config.with_client_cert_verifier(verifier(file, *certificates)?),
            None => config.with_no_client_auth(),
        };
        let (chain, key) = self.identity.read()?;
        let mut config = config.with_single_cert(chain, key).map_err(|error| self.identity.refused(&error))?;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(config)
    }
}

fn verifier(file: &Path, certificates: ClientCertificates) -> Result<Arc<dyn ClientCertVerifier>, TlsConfigError> {
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(file)?), cryptography());
    let verifier = match certificates {
        ClientCertificates::Optional => verifier.allow_unauthenticated(),
        ClientCertificates::Required => verifier,
    };
    verifier.build().map_err(|error| TlsConfigError::Invalid { file: file.to_owned(), detail: error.to_string() })
}

impl fmt::Debug for HostTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostTls").field("files", self.0.files()).finish_non_exhaustive()
    }
}
