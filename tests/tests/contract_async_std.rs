//! The contract of every adapter, kept by async-std's.

use async_std::task::block_on;
use trustline_async_std::AsyncStd;

mod pairs {
    use super::{AsyncStd, block_on};

    trustline_tests::contract! { host: AsyncStd, client: AsyncStd, block_on: block_on }
}

mod hosts {
    use super::{AsyncStd, block_on};

    trustline_tests::host_contract! { AsyncStd, block_on: block_on }
}

mod clients {
    use super::{AsyncStd, block_on};

    trustline_tests::client_contract! { AsyncStd, block_on: block_on }
}
