//! A configuration that is made of files, and made anew when they have changed.

use std::sync::{Arc, Mutex, PoisonError};

use super::TlsConfigError;

pub(super) struct Reloading<C> {
    make: Make<C>,
    current: Mutex<Arc<C>>,
}

type Make<C> = Box<dyn Fn() -> Result<C, TlsConfigError> + Send + Sync>;

impl<C> Reloading<C> {
    pub(super) fn new(make: impl Fn() -> Result<C, TlsConfigError> + Send + Sync + 'static) -> Result<Self, TlsConfigError> {
        let current = Mutex::new(Arc::new(make()?));
        Ok(Self { make: Box::new(make), current })
    }

    /// What was made last.
    pub(super) fn current(&self) -> Arc<C> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes the place of the current one as a whole, or leaves it.
    pub(super) fn reload(&self) -> Result<(), TlsConfigError> {
        let made = Arc::new((self.make)()?);
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = made;
        Ok(())
    }
}
