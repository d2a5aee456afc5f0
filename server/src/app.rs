//! Use cases, one noun per file: load, ask the domain, save, audit, commit. Never sees a request, a header or a status code.
//!
//! Locks are always taken in this order: people (only to change them), idempotency key, system (only to save a plan), run or report, incident, maintenance; the store adds system (when a change moves components), audit head and live counter.
//! Between `begin` and `commit` nothing is read on another connection, so that waiting requests cannot starve the one they wait for.

pub mod access;
pub mod account;
pub mod alert_source;
pub mod answer;
pub(crate) mod answered;
pub mod approval;
pub mod audit;
pub mod check;
pub mod contact;
pub mod contact_drill;
pub mod control;
pub mod duty;
pub mod entry;
pub mod expiry;
pub mod file;
pub mod glass;
pub mod identity;
pub mod incident;
pub mod intake;
pub mod line;
pub mod link;
pub mod maintenance;
mod moment;
pub mod notice;
pub mod nudge;
pub mod offers;
pub mod output;
pub mod overdue;
pub mod paging;
pub mod people;
pub mod plan;
pub mod plan_version;
pub mod post_preview;
pub mod post_template;
pub mod prepared;
pub mod report;
pub mod restored;
pub mod room;
pub mod run;
pub mod scheduled_post;
pub mod secret;
pub mod status_brand;
pub mod status_page;
pub mod subscriber;
pub mod task;
mod tell;
pub mod token;
mod turn;
pub mod user;
pub mod view;
pub mod way;
