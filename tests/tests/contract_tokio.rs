//! The contract of every adapter, kept by an application's own runtime for tokio.

use std::future::Future;

use runtime::Tokio;

#[path = "../examples/tokio-runtime/runtime.rs"]
mod runtime;

fn block_on<T>(case: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(case)
}

mod pairs {
    use super::{Tokio, block_on};

    trustline_tests::contract! { host: Tokio, client: Tokio, block_on: block_on }
}

mod hosts {
    use super::{Tokio, block_on};

    trustline_tests::host_contract! { Tokio, block_on: block_on }
}

mod clients {
    use super::{Tokio, block_on};

    trustline_tests::client_contract! { Tokio, block_on: block_on }
}
