//! Every integration test in one binary. Modules named `docker` and `browser` need the real thing.

mod docker;
mod access;
mod door;
mod incidents;
mod runs;
mod store_rules;
