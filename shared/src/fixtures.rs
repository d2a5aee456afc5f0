//! Runs, procedures and resolutions as tests need them, here and in the other crates. No product code may use them.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::{
    digest::Digest,
    domain::{
        actor::Actor,
        approval::ApprovalPolicy,
        resolution::{ObjectKind, Resolution, ResolvedObject, ResolvedStep},
        run::{Recorded, RunEvent, RunHeader},
    },
    ids::{IncidentId, PlanVersionId, RunId, SystemId, UserId},
    plan::{Procedure, Step, StepKind, procedure_digest, step_digest},
    timestamp::Timestamp,
};

/// A step titled `step N` on line N.
#[must_use]
pub fn step(number: u32, kind: StepKind) -> Step {
    Step {
        number,
        title: format!("step {number}"),
        line: number,
        source: String::new(),
        digest: step_digest(&kind, ""),
        kind,
        destructive: false,
        timeout_seconds: None,
        unavailable: None,
        secrets: vec![],
        check: false,
    }
}

/// With the steps' numbers from 1.
#[must_use]
pub fn procedure(id: &str, kinds: impl IntoIterator<Item = StepKind>) -> Procedure {
    let steps: Vec<_> = (1..).zip(kinds).map(|(number, kind)| step(number, kind)).collect();
    Procedure {
        id: id.into(),
        title: id.into(),
        section: vec![],
        line: 1,
        digest: procedure_digest(id, &steps),
        steps,
        parameters: vec![],
        approvals: None,
        roles: vec![],
        unavailable: None,
    }
}

/// Run 1 on project `bt2c`, requested at 0 by the nil user.
#[must_use]
pub fn header(procedure: Procedure) -> RunHeader {
    RunHeader {
        id: RunId(Uuid::nil()),
        number: 1,
        incident: IncidentId(Uuid::nil()),
        system: SystemId(Uuid::nil()),
        project: "bt2c".into(),
        drill_of: None,
        plan_version: PlanVersionId(Uuid::nil()),
        plan_digest: Digest::of(b"plan"),
        procedure,
        parameters: BTreeMap::new(),
        policy: ApprovalPolicy::default(),
        watch_seconds: None,
        dry_run: false,
        waits: false,
        resumes: None,
        standing_order: None,
        requested_by: UserId(Uuid::nil()),
        requested_at: Timestamp::from_unix(0),
    }
}

/// Of project `bt2c`, taken at 0.
#[must_use]
pub fn resolution(steps: Vec<ResolvedStep>) -> Resolution {
    Resolution { taken_at: Timestamp::from_unix(0), host: "here".into(), project: "bt2c".into(), steps }
}

/// A step with an effect that can be taken back.
#[must_use]
pub fn resolved_step(number: u32, objects: Vec<ResolvedObject>) -> ResolvedStep {
    ResolvedStep {
        number,
        effect: "Restarts it".into(),
        has_effect: true,
        destructive: false,
        objects,
        tables: vec![],
        secrets: vec![],
        by_hand: None,
    }
}

#[must_use]
pub fn container(id: &str, name: &str) -> ResolvedObject {
    ResolvedObject {
        kind: ObjectKind::Container,
        id: id.into(),
        name: name.into(),
        service: None,
        image: None,
        image_id: None,
        state: None,
        port: None,
        bytes: None,
        image_digest: None,
    }
}

/// The events as a log, one second apart from 1.
#[must_use]
pub fn log(by: &Actor, events: &[RunEvent]) -> Vec<Recorded> {
    let record = |(seq, event): (i32, &RunEvent)| Recorded {
        seq,
        at: Timestamp::from_unix(i64::from(seq)),
        by: by.clone(),
        event: event.clone(),
    };
    (1..).zip(events).map(record).collect()
}
