//! What can go wrong with TLS, and through whose fault.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use futures_rustls::rustls::{AlertDescription, CertificateError, Error};

/// Why there is no TLS as it is configured. That is the fault of whoever runs this side.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TlsConfigError {
    /// A file cannot be read.
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        error: Arc<io::Error>,
    },
    /// A file has no certificate in PEM form.
    NoCertificate {
        /// The file.
        file: PathBuf,
    },
    /// A file has no private key in PEM form, or an encrypted one.
    NoKey {
        /// The file.
        file: PathBuf,
    },
    /// The key in one file is not that of the certificate in the other.
    WrongKey {
        /// The file of the certificate.
        chain: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
    /// What a file holds is broken, or of a kind that is not supported.
    Invalid {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// The system has no roots that could be trusted.
    NoSystemRoots {
        /// Why.
        detail: String,
    },
    /// What to trust was given for a URL of `btp+ws`, over which nothing is encrypted.
    PlainUrl,
}

impl fmt::Display for TlsConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { file, error } => write!(f, "{} cannot be read: {error}", file.display()),
            Self::NoCertificate { file } => write!(f, "{} has no certificate in PEM form", file.display()),
            Self::NoKey { file } => write!(f, "{} has no private key in PEM form that is not encrypted", file.display()),
            Self::WrongKey { chain, key } => {
                write!(f, "the key in {} does not belong to the certificate in {}", key.display(), chain.display())
            }
            Self::Invalid { file, detail } => write!(f, "{} cannot be used: {detail}", file.display()),
            Self::NoSystemRoots { detail } => write!(f, "this system has no root certificates to trust, so give some: {detail}"),
            Self::PlainUrl => f.write_str("the URL is of btp+ws, which has no TLS, but what to trust was given: write btp+wss"),
        }
    }
}

impl std::error::Error for TlsConfigError {}

/// Why a client came to no TLS connection with a host. What is said of the host's certificate is the host's fault, unless
/// our clock or our roots are wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsError {
    /// The host's certificate has expired.
    CertificateExpired {
        /// When, and what time it is by our clock.
        detail: String,
    },
    /// The host's certificate is not valid yet.
    CertificateNotYetValid {
        /// From when on it is, and what time it is by our clock.
        detail: String,
    },
    /// The host's certificate was issued by nobody whom we trust: it is not that of the host we mean, the host does not
    /// send its whole chain, or our roots lack one.
    UnknownIssuer,
    /// The host's certificate is for other names than the one in our URL.
    WrongName {
        /// The name in our URL, and those in the certificate.
        detail: String,
    },
    /// The host's certificate cannot be accepted for another reason.
    BadCertificate {
        /// The reason.
        detail: String,
    },
    /// The host refused our certificate, or wants one and we have none. That is our fault, or that of who gave it to us.
    CertificateRefused {
        /// The alert that the host sent (RFC 8446 section 6.2).
        alert: String,
    },
    /// The host broke the handshake off for another reason.
    Refused {
        /// The alert that the host sent (RFC 8446 section 6.2).
        alert: String,
    },
    /// What answered speaks no TLS: it may be meant to be dialed at `btp+ws://`.
    NotTls,
    /// The host in our URL is neither a name nor an address that a certificate could have. That is our fault.
    InvalidName,
    /// The handshake broke TLS, or the two sides share no version or cipher of it.
    Handshake {
        /// What was wrong.
        detail: String,
    },
}

impl TlsError {
    /// What a stream failed with, if that was TLS.
    pub(crate) fn of(error: &io::Error) -> Option<Self> {
        Some(Self::from(error.get_ref()?.downcast_ref::<Error>()?))
    }
}

impl From<&Error> for TlsError {
    fn from(error: &Error) -> Self {
        match error {
            Error::InvalidCertificate(certificate) => Self::from(certificate),
            Error::AlertReceived(alert) if is_about_certificate(*alert) => Self::CertificateRefused { alert: name(*alert) },
            Error::AlertReceived(alert) => Self::Refused { alert: name(*alert) },
            Error::InvalidMessage(_) => Self::NotTls,
            other => Self::Handshake { detail: other.to_string() },
        }
    }
}

impl From<&CertificateError> for TlsError {
    fn from(error: &CertificateError) -> Self {
        let detail = error.to_string();
        match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::CertificateExpired { detail },
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Self::CertificateNotYetValid { detail },
            CertificateError::UnknownIssuer => Self::UnknownIssuer,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Self::WrongName { detail },
            _ => Self::BadCertificate { detail },
        }
    }
}

fn is_about_certificate(alert: AlertDescription) -> bool {
    matches!(
        alert,
        AlertDescription::NoCertificate
            | AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::CertificateRequired
    )
}

/// As the RFC names it, for example `CertificateRequired`.
fn name(alert: AlertDescription) -> String {
    format!("{alert:?}")
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CertificateExpired { detail } => write!(f, "the host's certificate has expired, or our clock is wrong: {detail}"),
            Self::CertificateNotYetValid { detail } => write!(f, "the host's certificate is not valid yet, or our clock is wrong: {detail}"),
            Self::UnknownIssuer => f.write_str(
                "the host's certificate was issued by nobody whom we trust: its root is not among ours, or the host does not send its whole chain",
            ),
            Self::WrongName { detail } => write!(f, "the host's certificate is not for the name in our URL: {detail}"),
            Self::BadCertificate { detail } => write!(f, "the host's certificate cannot be accepted: {detail}"),
            Self::CertificateRefused { alert } => write!(f, "the host did not accept our certificate, or that we have none: {alert}"),
            Self::Refused { alert } => write!(f, "the host broke the TLS handshake off: {alert}"),
            Self::NotTls => f.write_str("what answered speaks no TLS; it may be meant to be dialed at btp+ws://"),
            Self::InvalidName => f.write_str("no certificate can be for the host in our URL"),
            Self::Handshake { detail } => write!(f, "the TLS handshake failed: {detail}"),
        }
    }
}

impl std::error::Error for TlsError {}
