//! The table of rights: what the statements of this crate need, by program. Nobody may change or remove what is only added to.

use std::collections::BTreeSet;

use super::Program;

/// One table and what each program may do with it.
pub(super) struct Table {
    pub(super) name: &'static str,
    server: &'static [&'static str],
    worker: &'static [&'static str],
}

impl Table {
    pub(super) fn rights(&self, program: Program) -> &'static [&'static str] {
        match program {
            Program::Server => self.server,
            Program::Worker => self.worker,
        }
    }
}

const fn table(name: &'static str, server: &'static [&'static str], worker: &'static [&'static str]) -> Table {
    Table { name, server, worker }
}

const NOTHING: &[&str] = &[];
const READ: &[&str] = &["SELECT"];
const ADD: &[&str] = &["INSERT"];
const READ_ADD: &[&str] = &["SELECT", "INSERT"];
const ALL: &[&str] = &["SELECT", "INSERT", "UPDATE", "DELETE"];
const READ_ADD_CHANGE: &[&str] = &["SELECT", "INSERT", "UPDATE"];

pub(super) const TABLES: &[Table] = &[
    table("_sqlx_migrations", READ, READ),
    // Not the password's hash.
    table("app_user", READ_ADD_CHANGE, &["SELECT (id, name, role, contact_roles, active, service, rights_since)"]),
    table("role", ALL, &["SELECT (name, actions)"]),
    table("session", ALL, NOTHING),
    table("door_link", READ_ADD_CHANGE, NOTHING),
    table("totp", ALL, NOTHING),
    table("passkey", ALL, NOTHING),
    table("recovery_code", ALL, NOTHING),
    // Only the host is ever changed; the server also locks the row while it adds a plan.
    table("system", &["SELECT", "INSERT", "UPDATE (name, host)"], READ),
    table("plan_version", READ_ADD, READ),
    table("plan_version_origin", READ_ADD, NOTHING),
    table(
        "incident",
        READ_ADD_CHANGE,
        &[
            "SELECT",
            "UPDATE (n_events, level, response_seconds, state, acknowledged_at, resolved_at, closed_at, public_title, public_state, affected, posted_at, duties, told_overdue, next_due_at, tasks, readers, seen_by, merged_into)",
        ],
    ),
    table("incident_event", READ_ADD, ADD),
    // A link that was wrong is taken away; who made and unmade it stands in the audit log.
    table("incident_relation", &["SELECT", "INSERT", "DELETE"], NOTHING),
    table("nudge", &["SELECT", "INSERT", "UPDATE (seen_at)"], NOTHING),
    table("attachment", READ_ADD, NOTHING),
    table("attachment_chunk", READ_ADD, NOTHING),
    table("upload_chunk", &["SELECT", "INSERT", "DELETE"], NOTHING),
    // What is pinned when a run is requested, nobody changes; only the worker raises the fence.
    table(
        "run",
        &["SELECT", "INSERT", "UPDATE (state, expires_at, ended_at, n_events, n_open_checks, priority, owes_review)"],
        &[
            "SELECT",
            "UPDATE (state, expires_at, ended_at, n_events, n_open_checks, priority, owes_review, n_lines, fence)",
        ],
    ),
    table("run_late", READ_ADD, NOTHING),
    table("run_event", READ_ADD, READ),
    // What was consented to nobody changes; the worker reads it for itself before it begins.
    table(
        "standing_order",
        &["SELECT", "INSERT", "UPDATE (decisions, state, changed_by, changed_at, changed_why)"],
        READ,
    ),
    table("standing_order_use", &["SELECT", "INSERT", "UPDATE (state, run_id, begun_at, ended_at, text)"], READ),
    table("step_event", READ, READ_ADD),
    table("output_chunk", READ, READ_ADD),
    // A view, for programs of the release before.
    table("step_output", READ, READ_ADD),
    // The server tells everybody that the glass was broken.
    table("notice", READ_ADD, READ_ADD),
    table("notice_ack", READ_ADD, NOTHING),
    table("watch", READ, &["SELECT", "INSERT", "UPDATE (bad, ended_at)"]),
    table("watch_round", READ, READ_ADD),
    table("run_freeze", &["SELECT", "UPDATE"], READ),
    table("host_lock", READ, READ_ADD_CHANGE),
    table("job", &["SELECT", "INSERT", "DELETE"], &["SELECT", "INSERT", "UPDATE", "DELETE"]),
    // Which days a component was not well is added to, never taken away.
    table("status_layout", READ_ADD, NOTHING),
    table("status_logo", READ_ADD, NOTHING),
    table("status_brand", READ_ADD, NOTHING),
    table("component_state", READ_ADD_CHANGE, NOTHING),
    table("component_day", READ_ADD_CHANGE, NOTHING),
    // What is worked on nobody changes, and what happened to it is only added to.
    table(
        "maintenance",
        &["SELECT", "INSERT", "UPDATE (state, from_at, to_at, ended_at, next_due_at, n_events)"],
        NOTHING,
    ),
    table("maintenance_component", READ_ADD, NOTHING),
    table("maintenance_event", READ_ADD, NOTHING),
    table("report", READ_ADD_CHANGE, NOTHING),
    table("report_version", READ_ADD, NOTHING),
    table("report_review", READ_ADD, NOTHING),
    table("report_comment", &["SELECT", "INSERT", "UPDATE (settled_by, settled_at)"], NOTHING),
    table(
        "follow_up",
        &[
            "SELECT",
            "INSERT",
            "UPDATE (title, owner_id, due_at, priority, state, version, note, link, ended_by, ended_at, reminded, remind_at)",
        ],
        // Every audit entry asks whether what it is about is restricted.
        &["SELECT (number, incident_id)"],
    ),
    table("audit_entry", READ_ADD, ADD),
    table("audit_head", &["SELECT", "UPDATE"], &["SELECT", "UPDATE"]),
    table("live_event", &["SELECT", "INSERT", "DELETE"], READ_ADD),
    table("live_head", &["SELECT", "UPDATE"], &["SELECT", "UPDATE"]),
    table("idempotency", READ_ADD_CHANGE, NOTHING),
    // What a token may and how long it lives, nobody changes.
    table("api_token", &["SELECT", "INSERT", "UPDATE (revoked_at, last_used_at, last_used_from)"], NOTHING),
    table("project_sight", READ, READ_ADD_CHANGE),
    table("identity", &["SELECT", "INSERT", "UPDATE (last_used_at)"], NOTHING),
    // What is sealed only the worker reads; the server replaces it.
    table(
        "secret",
        &[
            "SELECT (system_id, name, version, key_id, set_by, set_at)",
            "INSERT",
            "UPDATE (version, sealed, key_id, set_by, set_at)",
        ],
        READ,
    ),
    // No program sees a source's key; nobody changes what was heard, only that it goes on or is over.
    table(
        "alert_source",
        &[
            "SELECT",
            "INSERT",
            "UPDATE (name, key_hash, mapping, rules, beat_seconds, grace_seconds, muted_until, retired_at, heard_at, version)",
        ],
        NOTHING,
    ),
    table(
        "alert",
        &[
            "SELECT",
            "INSERT",
            "UPDATE (title, text, url, labels, last_at, ended_at, n_heard, outcome, incident_id)",
            "DELETE",
        ],
        NOTHING,
    ),
    // What is watched people decide through the server; what was found only the worker says.
    table("monitor", &["SELECT", "INSERT", "UPDATE (name, definition, version, retired_at)"], READ),
    table(
        "monitor_standing",
        &[
            "SELECT",
            "INSERT",
            "UPDATE (state, since, bad_in_row, checked_at, verdict, took_ms, value, text, due_at, lease_until, worker, closely_until)",
        ],
        &[
            "SELECT",
            "UPDATE (state, since, bad_in_row, checked_at, verdict, took_ms, value, text, due_at, lease_until, worker, closely_until)",
        ],
    ),
    table("monitor_change", &["SELECT", "INSERT", "UPDATE (told_at)", "DELETE"], READ_ADD),
    table("monitor_bucket", &["SELECT", "DELETE"], READ_ADD_CHANGE),
    table("monitor_minute", &["SELECT", "DELETE"], READ_ADD_CHANGE),
    // How it is verified people decide through the server; what was found only the worker says.
    table("verification_settings", READ_ADD_CHANGE, NOTHING),
    table(
        "verification",
        &["SELECT", "INSERT", "UPDATE (state, ended_at, why, cancelled_by, told_at)", "DELETE"],
        &["SELECT", "UPDATE (state, begun_at, ended_at, worker, lease_until, n_attempts, doing, why, found)"],
    ),
    table("verified_file", READ, READ_ADD),
    table("alert_silence", &["SELECT", "INSERT", "UPDATE (ended_at)"], NOTHING),
    table("readiness_day", READ_ADD_CHANGE, NOTHING),
    table("sign_in_attempt", &["SELECT", "INSERT", "DELETE"], NOTHING),
    table("way", READ_ADD_CHANGE, NOTHING),
    table("outbox_world", READ_ADD, NOTHING),
    // What was said to whom, nobody changes; only what became of it.
    table(
        "message",
        &["SELECT", "INSERT", "UPDATE (state, n_attempts, repeats, next_at, lease, said, ended_at, secret)"],
        NOTHING,
    ),
    table("message_event", READ_ADD, NOTHING),
    // Whoever leaves is gone, with what was still to be sent.
    table("subscriber", ALL, NOTHING),
    table("announcement", READ_ADD, NOTHING),
    table("letter", ALL, NOTHING),
    table("post_template", ALL, NOTHING),
    // What was scheduled stays known, whatever became of it.
    table(
        "scheduled_post",
        &["SELECT", "INSERT", "UPDATE (state, text, notify, publish_at, by_user, world, version, outcome, ended_at)"],
        NOTHING,
    ),
    table("contact", &["SELECT", "INSERT", "DELETE"], NOTHING),
    table("paging", &["SELECT", "INSERT", "UPDATE (n_steps, stepped_at, next_at, ended_at)"], NOTHING),
    table("page", &["SELECT", "INSERT", "UPDATE (answered_at)"], NOTHING),
    table("quiet_hours", &["SELECT", "INSERT", "DELETE"], NOTHING),
    table("contact_drill", &["SELECT", "INSERT", "UPDATE (ended_at)"], NOTHING),
    table("contact_drill_call", &["SELECT", "INSERT", "UPDATE (answered_at)"], NOTHING),
    table("notice_sent", READ_ADD, NOTHING),
    table(
        "drill_schedule",
        &[
            "SELECT",
            "INSERT",
            "UPDATE (every, due_at, moved_from, moved_why, done_at, responsible, reminded_of, told_overdue_of, retired_at)",
        ],
        NOTHING,
    ),
    table("drill_window", &["SELECT", "INSERT", "DELETE"], NOTHING),
    // What was looked at, and what was found on the host, the server cannot change; decisions only the server writes.
    table(
        "inspection",
        &[
            "SELECT",
            "INSERT (system_id, kind, plan_version, begun_by, begun_at, server_facts)",
            "UPDATE (ended_at, ended_by, called_off, note)",
        ],
        &[
            "SELECT (number, system_id, kind, looked_at, look_worker, look_lease_until, ended_at)",
            "UPDATE (host_facts, looked_at, look_worker, look_lease_until)",
        ],
    ),
    table(
        "inspection_line",
        &["SELECT", "INSERT", "UPDATE (found, decision, note, decided_by, decider, decided_at)"],
        NOTHING,
    ),
    // What was shown is written once; what became of the target only the worker says.
    table(
        "drill",
        &[
            "SELECT",
            "INSERT",
            "UPDATE (stopped_why, ended_at, recovered_seconds, asked_seconds, points, verdict, verdict_by, verdict_at, verdict_note)",
        ],
        &["SELECT", "UPDATE (cleared_at, left_behind)"],
    ),
];

/// One right as Postgres lists it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Grant(String);

impl Grant {
    pub(super) fn new(role: &str, table: &str, right: &str, column: Option<&str>) -> Self {
        Self(format!("{role} {table} {right} {}", column.unwrap_or("*")))
    }
}

/// [`TABLES`], right by right.
pub(crate) fn wanted() -> BTreeSet<Grant> {
    let mut all = BTreeSet::new();
    for table in TABLES {
        for program in Program::ALL {
            for right in table.rights(program) {
                let grant = |right: &str, column| Grant::new(program.role(), table.name, right, column);
                match right.split_once(" (") {
                    None => all.extend([grant(right, None)]),
                    Some((right, columns)) => {
                        all.extend(columns.trim_end_matches(')').split(", ").map(|column| grant(right, Some(column))));
                    }
                }
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_program_may_change_or_remove_what_is_only_added_to() {
        let logs = [
            "audit_entry",
            "run_event",
            "step_event",
            "incident_event",
            "report_version",
            "report_review",
            "plan_version",
            "plan_version_origin",
            "status_layout",
            "status_logo",
            "status_brand",
            "maintenance_component",
            "maintenance_event",
            "output_chunk",
            "step_output",
            "notice",
            "notice_ack",
            "watch_round",
            "attachment",
            "attachment_chunk",
        ];
        for name in logs {
            let table = TABLES.iter().find(|table| table.name == name).unwrap();
            for program in Program::ALL {
                assert!(
                    table.rights(program).iter().all(|right| ["SELECT", "INSERT"].contains(right)),
                    "{program:?} on {name}: {:?}",
                    table.rights(program)
                );
            }
        }
        assert!(TABLES.iter().all(|table| !Program::ALL.iter().any(|p| table.rights(*p).contains(&"TRUNCATE"))));
    }

    #[test]
    fn rights_on_columns_are_listed_one_by_one() {
        let all = wanted();
        assert!(all.contains(&Grant::new("muster_worker", "app_user", "SELECT", Some("contact_roles"))));
        assert!(!all.contains(&Grant::new("muster_worker", "app_user", "SELECT", None)));
        assert!(!all.contains(&Grant::new("muster_worker", "app_user", "SELECT", Some("password_hash"))));
    }
}
