#![no_main]

#[path = "../src/two_bit.rs"]
mod two_bit;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| two_bit::check(bytes));
