//! What the fuzz targets check: one function a target, which panics when a promise is broken.
//!
//! The targets in `fuzz_targets/` call it with the fuzzer's inputs; `otherend-core/tests/fuzz.rs`
//! calls the same functions with the corpus and with pseudo-random inputs on every `cargo test`.

pub mod conversation;
pub mod decoder;
pub mod drawing;
pub mod escape;
pub mod model;
pub mod playing;
pub mod telnet;
pub mod transcript;
