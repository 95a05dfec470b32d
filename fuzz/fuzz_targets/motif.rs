#![no_main]

#[path = "../src/motif.rs"]
mod motif;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| motif::check(bytes));
