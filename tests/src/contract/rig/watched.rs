//! A runtime that knows how many of its tasks have not ended.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::Duration;

use trustline_runtime::Runtime;

/// Another runtime, and a count of the tasks that this clone of it was given.
#[derive(Clone, Debug, Default)]
pub struct Watched<R> {
    runtime: R,
    tasks: Arc<Mutex<Tasks>>,
}

#[derive(Debug, Default)]
struct Tasks {
    running: usize,
    /// Nothing that is dialed answers.
    no_network: bool,
    /// Something was dialed that does not answer.
    dialing: bool,
    /// How often anything was dialed.
    dialed: usize,
    watcher: Option<Waker>,
}

struct Task(Arc<Mutex<Tasks>>);

impl<R> Watched<R> {
    /// Waits until exactly so many tasks run.
    pub async fn until_tasks(&self, running: usize) {
        self.until(|tasks| tasks.running == running).await;
    }

    /// From now on, what is dialed does not answer.
    pub fn loses_the_network(&self) {
        self.tasks.lock().unwrap().no_network = true;
    }

    /// Waits until something is dialed that does not answer.
    pub async fn until_dialing(&self) {
        self.until(|tasks| tasks.dialing).await;
    }

    /// Waits until so many attempts to dial have begun.
    pub async fn until_dialed(&self, times: usize) {
        self.until(|tasks| tasks.dialed >= times).await;
    }

    async fn until(&self, is_so: impl Fn(&Tasks) -> bool) {
        poll_fn(|cx| {
            let mut tasks = self.tasks.lock().unwrap();
            tasks.watcher = Some(cx.waker().clone());
            if is_so(&tasks) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// How many tasks run.
    pub fn tasks(&self) -> usize {
        self.tasks.lock().unwrap().running
    }
}

impl Tasks {
    fn changed(&mut self) {
        if let Some(watcher) = self.watcher.take() {
            watcher.wake();
        }
    }
}

impl Task {
    fn begin(tasks: &Arc<Mutex<Tasks>>) -> Self {
        tasks.lock().unwrap().running += 1;
        Self(tasks.clone())
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        let mut tasks = self.0.lock().unwrap();
        tasks.running -= 1;
        tasks.changed();
    }
}

impl<R: Runtime> Runtime for Watched<R> {
    type Stream = R::Stream;
    type Listener = R::Listener;
    type Sleep = R::Sleep;

    async fn connect(&self, host: &str, port: u16) -> io::Result<R::Stream> {
        let is_lost = {
            let mut tasks = self.tasks.lock().unwrap();
            tasks.dialing = tasks.no_network;
            tasks.dialed += 1;
            tasks.changed();
            tasks.no_network
        };
        if is_lost {
            std::future::pending::<()>().await;
        }
        self.runtime.connect(host, port).await
    }

    async fn listen(&self, address: SocketAddr) -> io::Result<R::Listener> {
        self.runtime.listen(address).await
    }

    fn local_address(&self, listener: &R::Listener) -> io::Result<SocketAddr> {
        self.runtime.local_address(listener)
    }

    async fn accept(&self, listener: &R::Listener) -> io::Result<(R::Stream, SocketAddr)> {
        self.runtime.accept(listener).await
    }

    fn sleep(&self, duration: Duration) -> R::Sleep {
        self.runtime.sleep(duration)
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let running = Task::begin(&self.tasks);
        self.runtime.spawn(async move {
            // Taken along, so that it ends with the task, however that ends.
            let _running = running;
            task.await;
        });
    }

    fn spawn_blocking(&self, work: impl FnOnce() + Send + 'static) {
        self.runtime.spawn_blocking(work);
    }
}
