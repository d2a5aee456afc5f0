//! The pure heart: plan compiler, rules and wire shapes. No clock, no I/O, no database; compiles to WASM.

pub mod api;
pub mod bytes;
pub mod digest;
pub mod domain;
#[doc(hidden)]
pub mod fixtures;
pub mod hex;
pub mod ids;
pub mod markdown;
pub mod plan;
pub mod printed;
#[cfg(feature = "openapi")]
mod schema;
pub mod timestamp;
