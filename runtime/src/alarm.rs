//! Tells whoever waits for it that a journal has failed.

use std::future::pending;
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_channel::oneshot;

use crate::journal::JournalError;

/// Shared by all accounts of a client or host. The first of them whose journal fails is heard.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failure: Option<JournalError>,
    waiting: Vec<oneshot::Sender<JournalError>>,
}

impl Alarm {
    pub(crate) fn ring(&self, failure: &JournalError) {
        let waiting = {
            let mut state = self.lock();
            state.failure.get_or_insert_with(|| failure.clone());
            std::mem::take(&mut state.waiting)
        };
        for waiting in waiting {
            let _ = waiting.send(failure.clone());
        }
    }

    /// Ready when it has been rung, and then at once.
    pub(crate) async fn rung(&self) -> JournalError {
        let told = {
            let mut state = self.lock();
            if let Some(failure) = &state.failure {
                return failure.clone();
            }
            let (tell, told) = oneshot::channel();
            state.waiting.retain(|waiting| !waiting.is_canceled());
            state.waiting.push(tell);
            told
        };
        match told.await {
            Ok(failure) => failure,
            // Nobody is left who could ring it.
            Err(oneshot::Canceled) => pending().await,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt;

    use super::*;

    fn failure(what: &str) -> JournalError {
        JournalError::Other(what.to_owned())
    }

    #[test]
    fn everybody_hears_the_first_failure() {
        let alarm = Alarm::default();
        let (mut early, mut another) = (pin!(alarm.rung()), pin!(alarm.rung()));
        assert_eq!((early.as_mut().now_or_never(), another.as_mut().now_or_never()), (None, None));
        alarm.ring(&failure("first"));
        alarm.ring(&failure("second"));
        let late = alarm.rung().now_or_never();
        assert_eq!([early.now_or_never(), another.now_or_never(), late], [(); 3].map(|()| Some(failure("first"))));
    }

    #[test]
    fn who_no_longer_waits_leaves_nothing_behind() {
        let alarm = Alarm::default();
        for _ in 0..100 {
            assert_eq!(alarm.rung().now_or_never(), None);
        }
        assert_eq!(alarm.lock().waiting.len(), 1);
    }
}
