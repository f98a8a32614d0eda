//! The contract of every adapter, kept by smol's.

use trustline_smol::Smol;

mod pairs {
    use super::Smol;

    trustline_tests::contract! { host: Smol, client: Smol, block_on: smol::block_on }
}

mod hosts {
    use super::Smol;

    trustline_tests::host_contract! { Smol, block_on: smol::block_on }
}

mod clients {
    use super::Smol;

    trustline_tests::client_contract! { Smol, block_on: smol::block_on }
}
