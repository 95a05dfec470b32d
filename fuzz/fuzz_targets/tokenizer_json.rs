#![no_main]

#[path = "../src/tokenizer_json.rs"]
mod tokenizer_json;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tokenizer_json::check(bytes));
