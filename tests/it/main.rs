//! Every integration test in one binary. Modules named `docker` and `browser` need the real thing.

mod access;
mod audit_log;
mod bad_database;
mod browser;
mod commands;
mod docker;
mod door;
mod incidents;
mod live;
mod public_page;
mod reports;
mod runs;
mod store_rules;
