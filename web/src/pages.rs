//! The pages, one per file, and the hooks that tests hold on to. No page calls another.
//!
//! `<html data-ready="true">` is set once the app is mounted. `data-testid`s:
//! `sign-in`, `declare-submit`, `incident-state`, `incident-next` (the one filled button), `clock`, `procedure-<id>`,
//! `note-submit`, `update-submit`, `resolve-submit`, `level-submit`, `run-state`, `error`, `connection`.
//! Runs: `approve`, `approve-final` (typed confirmation), `refuse`/`refuse-send`, `withdraw`/`withdraw-send`,
//! `answer-retry|skip|stop` and the same with `-send` in their dialogs, `output`; `run-state` also carries `data-state`.
//! Reports: `report-draft`, `report-body`, `report-state`, `report-save`, `report-conflict`, `report-use-mine`,
//! `report-take-theirs`, `report-publish`, `publish-internal`, `publish-public`, `publish-section-<n>`, `publish-preview`, `publish-confirm`,
//! `report-ask-review`/`ask-review-send`, `report-judge`/`judge-approve|changes`, `report-standing`, `report-comments`/`comment-send`,
//! `report-versions`, `report-print`. Follow-ups: `follow-ups`, `follow-up-add`/`follow-up-send`, `follow-up-end-<n>`/`follow-up-done`,
//! `follow-ups-open|mine|overdue|ended`, `follow-ups-late`. After an incident: `plan-proposal`, `proposal-<n>`, `proposal-edit`,
//! `proposal-save`, `plan-adopted`.
//! Plan: `plan-edit`, `plan-text`, `plan-state`, `plan-desk` (`data-millis`), `plan-said`, `plan-save`/`plan-save-send`,
//! `plan-secrets`, `secret-set`/`secret-send`, `secrets`, `secrets-missing`, `secret-delete`, `effect-secrets`,
//! `plan-conflict`, `plan-join`, `plan-keep-mine`, `plan-take-theirs`, `leave`.
//! Buttons that ask: `parameters`, `parameters-send`; what was answered: `chosen`; `other-plan`, `answer-done`.
//! Audit: `audit-verify`, `audit-verdict` (`data-holds`), `audit-heads` (`data-unmet`), `audit-clear`, `audit-export`,
//! `audit-export-part`.
//! At the door: `sign-in-provider`, `proof-form`, `proof-send`, `proof-<way>`, `sign-in-passkey`, `join`, `secret-once`. Account: `must-enrol`,
//! `add-passkey`/`passkey-create`, `add-totp`/`totp-secret`/`totp-confirm`/`remove-totp`, `recovery-codes`, `new-codes`,
//! `change-password`, `password-changed`, `sessions`, `end-others`. People: `invite`/`invite-send`, `people`, `invitations`,
//! `change-role`, `change-contact-roles`, `deactivate`, `activate`, `password-link`, `remove-factors`, `end-sessions` and
//! `person-send` in their dialogs, `person-role`, `may-answer`, `access-table`, `new-role`, `role-form`, `role-save`, `role-delete`.
//! Alerts: `alert` (`data-firing`), `sources`, `source-new`, `source-save`, `source-made`, `source-retire`, `source-try`, `tried`, `rule`,
//! `silence`, `silence-send`, `silences`, `silence-end`, `rule-add`, `condition-add`, `incident-alerts`.
//! Status page: `layout`, `layout-state`, `layout-add-group`, `layout-save`, `layout-take-theirs`, `layout-use-mine`.
//! Maintenance: `maintenance-new`, `maintenance-plan`, `maintenance-state`, `maintenance-post|move|finish|cancel` and the same with
//! `-send` in their dialogs, `maintenance-log`, `maintenance-preview`.
//! Public updates: `post-now|afterwards|later`, `post-template`, `post-preview`/`preview`, `scheduled-post`, `scheduled-change|save|cancel`;
//! `template-add|save|change|remove`, `template`.
//! Subscribers: `subscribers-count`, `subscribers-show`, `subscriber-remove`.
//! Monitors: `monitors`, `monitor` (`data-state`), `monitors-summary`, `monitors-offered`, `monitors-watch`, `points-unmeasured`, `monitor-new`,
//! `monitor-save`, `monitor-state`, `monitor-check|pause|edit|remove`, `monitor-remove-send`.
//! Standing orders: `orders`, `order` (`data-state`), `order-use` (`data-state`), `order-new`, `order-form`, `order-send`, `order-approve`, `order-refuse`,
//! `order-suspend`, `order-resume`, `order-revoke`, `hands-off`, `hands-off-send`, `run-automatic`.
//! Readiness: `readiness` (`data-score`), `readiness-item` (`data-lost`).
//! Verifications: `verifications`, `verification` (`data-state`), `verify-now|daily|change|save`, `verification-state`, `verification-cancel`,
//! `verified-place` (`data-verified`).
//! Drills: `drills`, `drill-plan|begin-open|block`, the same with `-send`, `drill-form`, `drill-plan-form`, `drill-schedules`, `drill-schedule`
//! (`data-overdue`), `drill-schedule-end`, `drills-promised`, `drill-calendar`, `drill-month-before|after`, `drill-windows`, `drill-history`,
//! `drill-row-done` (`data-open`), `drill-stop|judge` and the same with `-send`, `drill-times`; on runs and incidents `drill-banner`.
//! `drill-schedule-change|save`, `drill-promise-plan`.
//! Access and security: `inspections`, `inspection-row`, `access-review-begin`, `security-audit-begin`, `inspection`, `inspection-state`,
//! `inspection-lines`, `inspection-line` (`data-settled`), `inspection-DECISION`, `inspection-note-send`, `inspection-since`,
//! `inspection-sign-off|call-off` and the same with `-send`.
//! Statistics: `statistics`.
//! Everything else is found by role and name.

pub(crate) mod access;
pub(crate) mod account;
pub(crate) mod alert_source;
pub(crate) mod alert_sources;
pub(crate) mod alerts;
pub(crate) mod audit;
pub(crate) mod contacts;
pub(crate) mod declare;
pub(crate) mod drills;
pub(crate) mod follow_ups;
pub(crate) mod home;
pub(crate) mod incident;
pub(crate) mod incidents;
pub(crate) mod inspection;
pub(crate) mod join;
pub(crate) mod login;
pub(crate) mod maintenance;
pub(crate) mod maintenances;
pub(crate) mod missing;
pub(crate) mod monitor;
pub(crate) mod monitors;
pub(crate) mod people;
pub(crate) mod person;
pub(crate) mod plan;
pub(crate) mod plan_edit;
pub(crate) mod plan_proposal;
pub(crate) mod plan_version;
pub(crate) mod plan_versions;
pub(crate) mod post_templates;
pub(crate) mod readiness;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod secrets;
pub(crate) mod standing_orders;
pub(crate) mod statistics;
pub(crate) mod status_brand;
pub(crate) mod status_page;
pub(crate) mod subscribers;
pub(crate) mod verification;
pub(crate) mod verifications;
