//! A host under one runtime and a client under the other, in one process.

use trustline_async_std::AsyncStd;
use trustline_smol::Smol;

mod smol_host_and_async_std_client {
    use super::{AsyncStd, Smol};

    trustline_tests::contract! { host: Smol, client: AsyncStd, block_on: smol::block_on }
}

mod async_std_host_and_smol_client {
    use super::{AsyncStd, Smol};

    trustline_tests::contract! { host: AsyncStd, client: Smol, block_on: async_std::task::block_on }
}
