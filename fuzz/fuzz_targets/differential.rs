#![no_main]

use libfuzzer_sys::fuzz_target;
use trustline_tests::fuzzing;

fuzz_target!(|frame: &[u8]| fuzzing::differential(frame));
