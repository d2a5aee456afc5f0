//! The target `intake` of cargo-fuzz. What is done and what must hold stands in `bodies.rs`.
#![no_main]
// All targets stand in there; this one calls one.
#[allow(dead_code)]
#[path = "../bodies.rs"]
mod bodies;
// The guard of what other machines are asked, without the rest.
#[allow(dead_code)]
#[path = "../../outgoing/src/rule.rs"]
mod rule;

libfuzzer_sys::fuzz_target!(|data: &[u8]| bodies::intake(data));
