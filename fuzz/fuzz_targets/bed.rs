#![no_main]

#[path = "../src/bed.rs"]
mod bed;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bed::check(bytes));
