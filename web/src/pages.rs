//! The pages, one per file, and the hooks that tests hold on to. No page calls another.
//!
//! `<html data-ready="true">` is set once the app is mounted. `data-testid`s:
//! `sign-in`, `declare-submit`, `incident-state`, `incident-next` (the one filled button), `clock`, `procedure-<id>`,
//! `note-submit`, `update-submit`, `resolve-submit`, `level-submit`, `run-state`, `error`, `connection`.
//! Everything else is found by role and name.

pub(crate) mod audit;
pub(crate) mod declare;
pub(crate) mod home;
pub(crate) mod incident;
pub(crate) mod incidents;
pub(crate) mod login;
pub(crate) mod missing;
pub(crate) mod plan;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod runs;
