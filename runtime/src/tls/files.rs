//! PEM files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_rustls::pki_types::pem::{self, PemObject};
use futures_rustls::pki_types::{CertificateDer, PrivateKeyDer};
use futures_rustls::rustls::{self, RootCertStore};

use super::TlsConfigError;

/// A certificate with its chain, and its key.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    chain: PathBuf,
    key: PathBuf,
}

impl Identity {
    pub(super) fn new(chain: &Path, key: &Path) -> Self {
        Self { chain: chain.to_owned(), key: key.to_owned() }
    }

    pub(super) fn read(&self) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsConfigError> {
        let key = PrivateKeyDer::from_pem_file(&self.key).map_err(|error| match error {
            pem::Error::NoItemsFound => TlsConfigError::NoKey { file: self.key.clone() },
            error => unreadable(&self.key, error),
        })?;
        Ok((certificates(&self.chain)?, key))
    }

    /// What rustls has against them.
    pub(super) fn refused(&self, error: &rustls::Error) -> TlsConfigError {
        match error {
            rustls::Error::InconsistentKeys(_) => TlsConfigError::WrongKey { chain: self.chain.clone(), key: self.key.clone() },
            rustls::Error::InvalidCertificate(_) => TlsConfigError::Invalid { file: self.chain.clone(), detail: error.to_string() },
            _ => TlsConfigError::Invalid { file: self.key.clone(), detail: error.to_string() },
        }
    }
}

/// All certificates of a file, of which there is at least one.
fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsConfigError> {
    let found = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = found.map_err(|error| unreadable(file, error))?;
    if found.is_empty() { Err(TlsConfigError::NoCertificate { file: file.to_owned() }) } else { Ok(found) }
}

/// All certificates of a file, as roots.
pub(super) fn roots(file: &Path) -> Result<RootCertStore, TlsConfigError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        roots.add(certificate).map_err(|error| TlsConfigError::Invalid { file: file.to_owned(), detail: error.to_string() })?;
    }
    Ok(roots)
}

/// The roots that the operator of the system trusts. Those compiled into a program would grow old with it, and would not
/// hold the one that the operator has added.
pub(super) fn system_roots() -> Result<RootCertStore, TlsConfigError> {
    let mut roots = RootCertStore::empty();
    let loaded = rustls_native_certs::load_native_certs();
    // A system may have some that rustls does not take.
    let (usable, _) = roots.add_parsable_certificates(loaded.certs);
    if usable == 0 {
        let detail = loaded.errors.first().map_or_else(|| "there are none".to_owned(), ToString::to_string);
        return Err(TlsConfigError::NoSystemRoots { detail });
    }
    Ok(roots)
}

fn unreadable(file: &Path, error: pem::Error) -> TlsConfigError {
    let file = file.to_owned();
    match error {
        pem::Error::Io(error) => TlsConfigError::Unreadable { file, error: Arc::new(error) },
        error => TlsConfigError::Invalid { file, detail: error.to_string() },
    }
}
