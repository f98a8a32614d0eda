//! The threads of a store: at any time one of them writes, and tells what it wrote while another writes the next group.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};

use super::Shared;
use super::batch::Batch;
use super::queue::Next;
use super::writer::{Verdict, Writer};
use crate::journal::{Committed, JournalError};

/// One writes while one tells: what the accounts do with what was committed, and what their handlers do, is not in the
/// way of the next commit.
pub(super) const COUNT: usize = 2;

type Outcome = (Arc<dyn Committed>, Verdict);

/// Takes turns at writing until the store is closed, or has failed.
pub(super) fn run(shared: &Shared) {
    while let Some(outcomes) = take_turn(shared) {
        for (waiting, verdict) in outcomes {
            // It runs the application's handlers. What one of them breaks is its own account.
            if catch_unwind(AssertUnwindSafe(|| waiting.committed(verdict))).is_err() {
                tracing::error!("a handler panicked");
            }
        }
    }
}

/// Writes one group.
fn take_turn(shared: &Shared) -> Option<Vec<Outcome>> {
    let mut writer = shared.writer.lock().unwrap_or_else(PoisonError::into_inner);
    if shared.queue.has_failed() {
        return None;
    }
    if let Err(error) = guarded(shared, &mut writer, Writer::checkpoint) {
        return Some(fail(shared, &mut writer, &error, Vec::new()));
    }
    loop {
        match shared.queue.next(writer.patience()) {
            Next::Close => return None,
            Next::Idle => {
                if let Err(error) = guarded(shared, &mut writer, Writer::tidy) {
                    return Some(fail(shared, &mut writer, &error, Vec::new()));
                }
            }
            Next::Write(group) => {
                return Some(match guarded(shared, &mut writer, |writer| writer.commit(&group)) {
                    Ok(verdicts) => group.into_iter().map(|batch| batch.waiting).zip(verdicts).collect(),
                    Err(error) => fail(shared, &mut writer, &error, group),
                });
            }
        }
    }
}

/// A mistake of ours must not leave anybody waiting: it is a failure like others.
pub(super) fn guarded<T>(
    shared: &Shared,
    writer: &mut Writer,
    work: impl FnOnce(&mut Writer) -> Result<T, JournalError>,
) -> Result<T, JournalError> {
    catch_unwind(AssertUnwindSafe(|| work(writer)))
        .unwrap_or_else(|_| Err(JournalError::Unwritable { file: shared.file.clone(), cause: "the writing thread panicked".to_owned() }))
}

/// Nothing is written any more. Whoever waits is told.
fn fail(shared: &Shared, writer: &mut Writer, error: &JournalError, group: Vec<Batch>) -> Vec<Outcome> {
    tracing::error!(%error, "the journal has stopped");
    writer.abandon();
    let late = shared.queue.fail(error.clone());
    group.into_iter().chain(late).map(|batch| (batch.waiting, Err(error.clone()))).collect()
}
