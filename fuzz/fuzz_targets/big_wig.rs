#![no_main]

#[path = "../src/big_wig.rs"]
mod big_wig;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| big_wig::check(bytes));
