//! Who issues certificates.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

pub use rcgen::date_time_ymd as day;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

/// Issues certificates into files of a directory of its own, which is removed with it.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    directory: PathBuf,
}

/// Two PEM files.
#[derive(Clone, Debug)]
pub struct Certified {
    /// The certificate.
    pub chain: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Authority {
    /// One that nobody trusts yet.
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("trustline-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let directory = std::env::temp_dir().join(&name);
        fs::create_dir_all(&directory).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        fs::write(directory.join("root.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        Self { issuer: Issuer::new(params, key), directory }
    }

    /// Its own certificate.
    pub fn root(&self) -> PathBuf {
        self.directory.join("root.pem")
    }

    /// A certificate for this DNS name or address.
    pub fn certifies(&self, name: &str) -> Certified {
        self.certifies_as(name, |_| {})
    }

    /// A certificate that is not as usual.
    pub fn certifies_as(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Certified {
        let files = Certified { chain: self.directory.join(format!("{name}.pem")), key: self.directory.join(format!("{name}.key")) };
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        fs::write(&files.chain, params.signed_by(&key, &self.issuer).unwrap().pem()).unwrap();
        fs::write(&files.key, key.serialize_pem()).unwrap();
        files
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.directory);
    }
}

impl Certified {
    /// The other's files take the place of these.
    pub fn is_replaced_by(&self, other: &Self) {
        fs::copy(&other.chain, &self.chain).unwrap();
        fs::copy(&other.key, &self.key).unwrap();
    }
}
