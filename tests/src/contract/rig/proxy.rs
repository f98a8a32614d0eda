//! A line between a client and a host that can be cut or go silent.

use std::marker::PhantomData;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_channel::oneshot;
use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, future};

use super::{ANYWHERE, Adapter};

/// Passes bytes on, both ways, until it is told otherwise.
#[derive(Debug)]
pub struct Proxy<R> {
    /// Where it listens.
    pub address: SocketAddr,
    line: Arc<Line>,
    runtime: PhantomData<R>,
}

#[derive(Debug, Default)]
struct Line {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Where it leads.
    target: Option<SocketAddr>,
    /// The connections that wait until that is known.
    waiting: Vec<oneshot::Sender<SocketAddr>>,
    /// To cut each connection that there is.
    cuts: Vec<oneshot::Sender<()>>,
    /// So many bytes still pass, of both directions together; then all connections are cut, once.
    budget: Option<usize>,
    /// When that cut comes, it is for longer.
    breaks: bool,
    /// No connection is made.
    broken: bool,
    /// Bytes are taken, and go nowhere.
    silent: bool,
    /// So many bytes have passed.
    passed: usize,
}

impl<R: Adapter> Proxy<R> {
    /// Listens, and connects each connection to `target`.
    pub async fn before(target: SocketAddr) -> Self {
        let proxy = Self::open().await;
        proxy.leads_to(target);
        proxy
    }

    /// Listens, and keeps connections waiting until it is known where they [lead](Self::leads_to).
    pub async fn open() -> Self {
        let listener = R::default().listen(ANYWHERE).await.unwrap();
        let address = R::default().local_address(&listener).unwrap();
        let line = Arc::<Line>::default();
        let proxy = Self { address, line: line.clone(), runtime: PhantomData };
        R::default().spawn(async move {
            while let Ok((near, _)) = R::default().accept(&listener).await {
                let Some(is_cut) = line.connect() else { continue };
                let line = line.clone();
                R::default().spawn(async move {
                    let Some(target) = line.target().await else { return };
                    let Ok(far) = R::default().connect(&target.ip().to_string(), target.port()).await else { return };
                    let (near_reads, near_writes) = futures_lite::io::split(near);
                    let (far_reads, far_writes) = futures_lite::io::split(far);
                    let both = future::or(line.carry(near_reads, far_writes), line.carry(far_reads, near_writes));
                    future::or(both, async {
                        let _ = is_cut.await;
                    })
                    .await;
                });
            }
        });
        proxy
    }

    /// Connects each connection to `target` from now on, those that wait for it first.
    pub fn leads_to(&self, target: SocketAddr) {
        let mut state = self.line.state.lock().unwrap();
        state.target = Some(target);
        for waiting in state.waiting.drain(..) {
            let _ = waiting.send(target);
        }
    }

    /// Waits until a connection waits.
    pub async fn until_dialed(&self) {
        while self.line.state.lock().unwrap().waiting.is_empty() {
            R::default().sleep(Duration::from_millis(1)).await;
        }
    }

    /// Cuts all connections there are, as if a router had lost them.
    pub fn cut(&self) {
        self.line.cut();
    }

    /// Cuts all connections, once, when so many more bytes have passed.
    pub fn cut_after(&self, bytes: usize) {
        self.line.state.lock().unwrap().budget = Some(bytes);
    }

    /// Cuts all connections when so many more bytes have passed, and makes no new one until it is mended.
    pub fn breaks_after(&self, bytes: usize) {
        let mut state = self.line.state.lock().unwrap();
        (state.budget, state.breaks) = (Some(bytes), true);
    }

    /// Connections are made again.
    pub fn is_mended(&self) {
        self.line.state.lock().unwrap().broken = false;
    }

    /// How many bytes have passed, both ways.
    pub fn passed(&self) -> usize {
        self.line.state.lock().unwrap().passed
    }

    /// Nothing passes any more, and no side is told.
    pub fn falls_silent(&self) {
        self.line.state.lock().unwrap().silent = true;
    }

    /// New connections work again.
    pub fn speaks_again(&self) {
        self.line.state.lock().unwrap().silent = false;
    }
}

impl Line {
    /// What tells a new connection that it is cut. While the line is broken, there is none.
    fn connect(&self) -> Option<oneshot::Receiver<()>> {
        let mut state = self.state.lock().unwrap();
        if state.broken {
            return None;
        }
        let (cut, is_cut) = oneshot::channel();
        state.cuts.push(cut);
        Some(is_cut)
    }

    async fn target(&self) -> Option<SocketAddr> {
        let told = {
            let mut state = self.state.lock().unwrap();
            if state.target.is_some() {
                return state.target;
            }
            let (tell, told) = oneshot::channel();
            state.waiting.push(tell);
            told
        };
        told.await.ok()
    }

    fn cut(&self) {
        let mut state = self.state.lock().unwrap();
        state.budget = None;
        state.broken |= std::mem::take(&mut state.breaks);
        for cut in state.cuts.drain(..) {
            let _ = cut.send(());
        }
    }

    /// How many of so many bytes pass, and whether the line is cut behind them.
    fn pass(&self, bytes: usize) -> (usize, bool) {
        let mut state = self.state.lock().unwrap();
        let passing = state.budget.map_or(bytes, |budget| budget.min(bytes));
        state.passed += passing;
        state.budget = state.budget.map(|budget| budget - passing);
        (passing, state.budget == Some(0))
    }

    async fn carry(&self, mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(bytes @ 1..) = from.read(&mut buffer).await {
            if self.state.lock().unwrap().silent {
                // Until it is cut.
                future::pending::<()>().await;
            }
            let (passing, is_cut) = self.pass(bytes);
            if to.write_all(&buffer[..passing]).await.is_err() || to.flush().await.is_err() {
                return;
            }
            if is_cut {
                self.cut();
                return;
            }
        }
    }
}
