//! The target `audit_export` of cargo-fuzz. What is done and what must hold stands in `bodies.rs`.
#![no_main]
// All targets stand in there; this one calls one.
#[allow(dead_code)]
#[path = "../bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::audit_export(data));
