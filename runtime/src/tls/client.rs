//! What a client trusts, and what it shows.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use futures_rustls::TlsConnector;
use futures_rustls::rustls::ClientConfig;
use futures_rustls::rustls::client::Resumption;

use super::files::{Identity, roots, system_roots};
use super::reloading::{Files, Reloading};
use super::{TlsConfigError, VERSIONS, cryptography};
use crate::url::BtpUrl;

/// The roots that a client trusts, and the certificate that it shows; cheap to clone, and all clones are one.
///
/// ```no_run
/// use trustline_runtime::ClientTls;
///
/// # fn main() -> Result<(), trustline_runtime::TlsConfigError> {
/// let tls = ClientTls::roots("our-own-root.pem")?.certificate("alice.pem", "alice.key")?;
/// // Client::builder("btp+wss://alice:s3cr3t@shop.example/").tls(tls)
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ClientTls(Arc<Reloading<ClientFiles>>);

#[derive(Clone, Debug)]
struct ClientFiles {
    roots: Roots,
    identity: Option<Identity>,
}

#[derive(Clone, Debug)]
enum Roots {
    System,
    File(PathBuf),
}

impl ClientTls {
    /// Trusts the roots that the operator of the system trusts. On Unix these are files, which the environment variables
    /// `SSL_CERT_FILE` and `SSL_CERT_DIR` can point elsewhere.
    pub fn system_roots() -> Result<Self, TlsConfigError> {
        Reloading::new(ClientFiles { roots: Roots::System, identity: None }).map(Self)
    }

    /// Trusts the roots in this PEM file, and no others.
    pub fn roots(file: impl AsRef<Path>) -> Result<Self, TlsConfigError> {
        Reloading::new(ClientFiles { roots: Roots::File(file.as_ref().to_owned()), identity: None }).map(Self)
    }

    /// Shows a certificate to a host that asks for one. It is in two PEM files: the certificate followed by those that link
    /// it to a root, and its private key (PKCS #8, PKCS #1 or SEC 1, not encrypted).
    pub fn certificate(self, chain: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, TlsConfigError> {
        Reloading::new(ClientFiles { identity: Some(Identity::new(chain.as_ref(), key.as_ref())), ..self.0.files().clone() }).map(Self)
    }

    /// Reads the roots and the certificate again, for the connections from now on. If it fails, nothing changed. It blocks
    /// for as long as the files take to read.
    pub fn reload(&self) -> Result<(), TlsConfigError> {
        self.0.reload()
    }

    /// What dialing this URL takes, where this was given for it.
    pub(crate) fn for_url(url: &BtpUrl, given: Option<Self>) -> Result<Option<Self>, TlsConfigError> {
        Ok(match given {
            Some(_) if !url.is_encrypted() => return Err(TlsConfigError::PlainUrl),
            None if !url.is_encrypted() => None,
            Some(tls) => Some(tls),
            None => Some(Self::shared()?),
        })
    }

    /// For clients that were given nothing else: the system's roots, which are read once.
    fn shared() -> Result<Self, TlsConfigError> {
        static SHARED: Mutex<Option<ClientTls>> = Mutex::new(None);
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        match &*shared {
            Some(tls) => Ok(tls.clone()),
            None => Ok(shared.insert(Self::system_roots()?).clone()),
        }
    }

    pub(crate) fn connector(&self) -> TlsConnector {
        self.0.current().into()
    }
}

impl Files for ClientFiles {
    type Config = ClientConfig;

    fn read(&self) -> Result<ClientConfig, TlsConfigError> {
        let roots = match &self.roots {
            Roots::System => system_roots()?,
            Roots::File(file) => roots(file)?,
        };
        let config = ClientConfig::builder_with_provider(cryptography()).with_safe_default_protocol_versions().expect(VERSIONS);
        let config = config.with_root_certificates(roots);
        let mut config = match &self.identity {
            Some(identity) => {
                let (chain, key) = identity.read()?;
                config.with_client_auth_cert(chain, key).map_err(|error| identity.refused(&error))?
            }
            None => config.with_no_client_auth(),
        };
        config.resumption = Resumption::disabled();
        Ok(config)
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls").field("files", self.0.files()).finish_non_exhaustive()
    }
}
