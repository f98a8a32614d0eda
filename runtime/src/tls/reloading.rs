//! A configuration that is made of files, and made anew when they have changed.

use std::sync::{Arc, Mutex, PoisonError};

use super::TlsConfigError;

/// Files of which a configuration is made.
pub(super) trait Files {
    type Config;

    fn read(&self) -> Result<Self::Config, TlsConfigError>;
}

pub(super) struct Reloading<F: Files> {
    files: F,
    current: Mutex<Arc<F::Config>>,
    /// One at a time, so that what was read last stays.
    reload: Mutex<()>,
}

impl<F: Files> Reloading<F> {
    /// Reads the files for the first time.
    pub(super) fn new(files: F) -> Result<Arc<Self>, TlsConfigError> {
        let current = Mutex::new(Arc::new(files.read()?));
        Ok(Arc::new(Self { files, current, reload: Mutex::default() }))
    }

    pub(super) fn files(&self) -> &F {
        &self.files
    }

    /// What was read last.
    pub(super) fn current(&self) -> Arc<F::Config> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is read now takes the place of the current as a whole, or leaves it.
    pub(super) fn reload(&self) -> Result<(), TlsConfigError> {
        let _alone = self.reload.lock().unwrap_or_else(PoisonError::into_inner);
        let read = Arc::new(self.files.read()?);
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = read;
        Ok(())
    }
}
