#![no_main]

#[path = "../src/variants.rs"]
mod variants;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| variants::check(bytes));
