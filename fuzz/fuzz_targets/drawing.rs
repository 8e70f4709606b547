#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| otherend_fuzz::drawing::check(input));
