//! The rules: state machines, approvals, access, clocks. Pure functions over values; nothing here does anything.

pub mod access;
pub mod actor;
pub mod alert;
pub mod approval;
pub mod audience;
pub mod audit;
pub mod clock;
pub mod escalation;
pub mod incident;
pub mod layout;
pub mod maintenance;
pub mod next;
pub mod offer;
pub mod outbox;
pub mod plan_change;
pub mod report;
pub mod resolution;
pub mod run;
pub mod secret;
pub mod sight;
pub mod status;
pub mod story;
pub mod text;
pub mod text_diff;
pub mod uptime;
