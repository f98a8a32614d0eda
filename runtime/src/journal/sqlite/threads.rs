//! The threads of a store: at any time one of them writes, and tells what it wrote while another writes the next group.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, Weak};

use super::Shared;
use super::batch::Batch;
use super::queue::Next;
use super::writer::{Verdict, Writer};
use crate::journal::{Committed, JournalError, Watcher};

/// One writes while one tells: what the accounts do with what was committed, and what their handlers do, is not in the
/// way of the next commit.
pub(super) const COUNT: usize = 2;

/// What there is to tell after a turn.
struct News {
    /// How each batch ended.
    outcomes: Vec<(Arc<dyn Committed>, Verdict)>,
    /// The store has failed, and these must hear of it first.
    failure: Option<(JournalError, Vec<Weak<dyn Watcher>>)>,
}

/// Takes turns at writing until the store is closed, or has failed.
pub(super) fn run(shared: &Shared) {
    while let Some(News { outcomes, failure }) = take_turn(shared) {
        if let Some((failure, watchers)) = failure {
            for watcher in watchers.iter().filter_map(Weak::upgrade) {
                tell(|| watcher.failed(failure.clone()));
            }
        }
        for (waiting, verdict) in outcomes {
            tell(|| waiting.committed(verdict));
        }
    }
}

/// It runs the application's handlers. What one of them breaks is its own account.
fn tell(news: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(news)).is_err() {
        tracing::error!("a handler panicked");
    }
}

/// Writes one group.
fn take_turn(shared: &Shared) -> Option<News> {
    let mut writer = shared.writer.lock().unwrap_or_else(PoisonError::into_inner);
    if shared.queue.has_failed() {
        return None;
    }
    if let Err(error) = guarded(shared, &mut writer, Writer::checkpoint) {
        return Some(fail(shared, &mut writer, error, Vec::new()));
    }
    loop {
        match shared.queue.next(writer.patience()) {
            Next::Close => return None,
            Next::Idle => {
                if let Err(error) = guarded(shared, &mut writer, Writer::tidy) {
                    return Some(fail(shared, &mut writer, error, Vec::new()));
                }
            }
            Next::Write(group) => {
                return Some(match guarded(shared, &mut writer, |writer| writer.commit(&group)) {
                    Ok(verdicts) => {
                        let outcomes = group.into_iter().map(|batch| batch.waiting).zip(verdicts).collect();
                        News { outcomes, failure: None }
                    }
                    Err(error) => fail(shared, &mut writer, error, group),
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

/// Nothing is written any more. Whoever waits is told, and so is everybody else.
fn fail(shared: &Shared, writer: &mut Writer, error: JournalError, group: Vec<Batch>) -> News {
    tracing::error!(%error, "the journal has stopped");
    writer.abandon();
    let (late, watchers) = shared.queue.fail(error.clone());
    let outcomes = group.into_iter().chain(late).map(|batch| (batch.waiting, Err(error.clone()))).collect();
    News { outcomes, failure: Some((error, watchers)) }
}
