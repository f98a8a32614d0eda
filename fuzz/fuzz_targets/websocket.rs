#![no_main]

use libfuzzer_sys::fuzz_target;
use trustline_tests::fuzzing::{self, Allocator};

#[global_allocator]
static ALLOCATOR: Allocator = fuzzing::ALLOCATOR;

fuzz_target!(|input: &[u8]| fuzzing::websocket(input));
