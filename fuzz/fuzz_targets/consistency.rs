#![no_main]

use libfuzzer_sys::fuzz_target;
use trustline_tests::fuzzing;

fuzz_target!(|input: &[u8]| fuzzing::consistency(input));
