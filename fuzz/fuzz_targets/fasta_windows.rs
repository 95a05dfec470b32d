#![no_main]

#[path = "../src/fasta_windows.rs"]
mod fasta_windows;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fasta_windows::check(bytes));
