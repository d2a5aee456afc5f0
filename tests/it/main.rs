//! Every integration test in one binary. Modules named `docker` and `browser` need the real thing.

#![expect(clippy::unwrap_used, reason = "a test may panic")]
#![expect(clippy::print_stderr, reason = "what could not be cleaned up is said where the test runner shows it")]
#![expect(clippy::disallowed_methods, reason = "the test command speaks through the environment")]

mod access;
mod account;
mod answers;
mod api;
mod api_fuzz;
mod asvs;
mod audit_heads;
mod audit_log;
mod audit_search;
mod backup;
mod bad_database;
mod browser;
mod calls;
mod checks;
mod commands;
mod consent;
mod control;
mod crash;
mod docker;
mod door;
mod failover;
mod files;
mod fuzz;
mod incidents;
mod intake;
mod lapses;
mod limits;
mod line;
mod live;
mod maintenance;
mod neighbours;
mod notices;
mod oidc;
mod output;
mod people;
mod plans;
mod posts;
mod public_history;
mod public_page;
mod readers;
mod replicas;
mod reports;
mod roles;
mod room;
mod runs;
mod scripts;
mod secrets;
mod status_brand;
mod status_copy;
mod status_page;
mod store_rules;
mod subscribers;
mod tasks;
mod team;
mod tokens;
mod ways;
mod webhook_subscribers;
