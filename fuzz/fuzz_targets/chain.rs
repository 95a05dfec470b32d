#![no_main]

#[path = "../src/chain.rs"]
mod chain;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| chain::check(bytes));
