//! Offers, as a table of who is told what. No database.

use shared::domain::access::Role;
use shared::{
    domain::{
        actor::Actor,
        incident::{Affected, IncidentState},
        run::{RunEvent, RunHeader},
        sight::FileSeen,
        status::Impact,
    },
    fixtures,
    ids::UserId,
    plan::{Component, Procedure, StepKind},
};
use store::Factors;
use uuid::Uuid;

use super::*;

fn somebody(id: u128, role: Role) -> User {
    let id = UserId(Uuid::from_u128(id));
    User {
        id,
        email: "a@b".into(),
        name: "Ada".into(),
        role: role.into(),
        rights: role.rights(),
        contact_roles: vec![],
        active: true,
        factors: Factors::default(),
        factor_required: false,
        service: false,
        has_password: true,
        created_at: Timestamp::from_unix(0),
        rights_since: None,
        signed_in_at: None,
    }
}

fn incident_in(state: IncidentState) -> Incident {
    let affected = vec![Affected::new("node-one", "Node one", Impact::MajorOutage, None)];
    Incident { state, ..Incident::declared("down".into(), (1, None), affected, None, Timestamp::from_unix(0)) }
}

fn procedure(id: &str, service: &str) -> Procedure {
    let services = |name: &str| vec![name.to_owned()];
    let logs = StepKind::Logs { services: services("other"), tail: None };
    fixtures::procedure(id, [logs, StepKind::Restart { services: services(service) }])
}

fn refused<C: PartialEq + Copy>(offers: &[Offer<C>], command: C) -> String {
    offers.iter().find(|o| o.command == command).and_then(|o| o.refused.clone()).unwrap_or_default()
}

#[test]
fn state_first_then_role() {
    let open = incident_in(IncidentState::Declared);
    let resolved = incident_in(IncidentState::Resolved);
    let cases = [
        (&open, Role::Responder, IncidentCommand::Acknowledge, ""),
        (&open, Role::Viewer, IncidentCommand::Acknowledge, "you need the role"),
        (&open, Role::Responder, IncidentCommand::RequestRun, "operator or administrator"),
        (&open, Role::Operator, IncidentCommand::PostUpdate, "not on the status page"),
        (&resolved, Role::Viewer, IncidentCommand::Resolve, "resolved"),
        (&resolved, Role::Responder, IncidentCommand::WriteReport, ""),
    ];
    for (given, role, command, part) in cases {
        let said = refused(&incident(given, role.rights(), &[]), command);
        assert!(if part.is_empty() { said.is_empty() } else { said.contains(part) }, "{role} {command:?}: {said}");
    }
}

#[test]
fn a_procedure_fits_what_is_affected_and_says_why_it_is_off() {
    let component = Component {
        id: "node-one".into(),
        name: "Node one".into(),
        service: Some("validator1".into()),
        objective: None,
        rto_seconds: None,
        line: 1,
    };
    let mut plan = shared::plan::compile("# x\n").plan;
    plan.components = vec![component];
    plan.procedures = vec![
        procedure("first", "validator1"),
        Procedure { unavailable: Some("no script".into()), ..procedure("second", "validator2") },
    ];
    let open = incident_in(IncidentState::Recovering);
    let offers = procedures(&plan, &open, Role::Operator.rights(), None, None);
    assert_eq!(
        (offers[0].fits, offers[0].services.as_slice(), &offers[0].refused),
        (true, &["validator1".to_owned()][..], &None)
    );
    assert!(!offers[1].fits && offers[1].refused.as_deref().unwrap().contains("no script"));
    assert!(
        procedures(&plan, &open, Role::Viewer.rights(), None, None)[0].refused.as_deref().unwrap().contains("role")
    );
    let busy = procedures(&plan, &open, Role::Operator.rights(), Some(7), None).remove(0);
    assert_eq!((busy.refused, busy.behind), (None, Some(7)), "it waits in line");
}

#[test]
fn a_button_asks_which_of_the_family_and_fits_any_of_them() {
    let component = |service: &str| Component {
        id: service.into(),
        name: service.into(),
        service: Some(service.into()),
        objective: None,
        rto_seconds: None,
        line: 1,
    };
    let mut plan = shared::plan::compile("# x\n").plan;
    plan.components = vec![
        component("validator2"),
        component("postgres"),
        Component { id: "node-one".into(), ..component("validator10") },
    ];
    let which = |choices| Parameter {
        name: "which".into(),
        label: "Which validator?".into(),
        default: "validator1".into(),
        choices,
        line: 1,
    };
    let family = which(Choices::Services { family: Some("validator".into()) });
    let files = which(Choices::Files { directory: "/backups".into() });
    plan.procedures = vec![
        Procedure { parameters: vec![family], ..procedure("first", "validator1") },
        Procedure { parameters: vec![files], ..procedure("second", "validator1") },
    ];
    let offers = procedures(&plan, &incident_in(IncidentState::Recovering), Role::Operator.rights(), None, None);
    let values =
        |offer: &ProcedureOffer| offer.parameters[0].choices.iter().map(|c| c.value.clone()).collect::<Vec<_>>();
    assert_eq!(values(&offers[0]), ["validator1", "validator2", "validator10"]);
    assert!(offers[0].fits, "the affected node is one of the choices");
    assert_eq!((values(&offers[1]), offers[1].fits), (vec!["validator1".to_owned()], false));
}

#[test]
fn a_backup_is_told_by_when_it_was_written_and_how_large_it_is() {
    let mut plan = shared::plan::compile("# x\n").plan;
    let which = Parameter {
        name: "backup".into(),
        label: "Which backup?".into(),
        default: "/backups/latest.sql".into(),
        choices: Choices::Files { directory: "/backups".into() },
        line: 1,
    };
    plan.procedures = vec![Procedure { parameters: vec![which], ..procedure("restore", "postgres") }];
    let file = |name: &str, bytes, at| FileSeen { name: name.into(), bytes, modified_at: Timestamp::from_unix(at) };
    let files = vec![file("b.sql", 4_100_000, 200), file("a.sql", 900, 100), file("-x", 1, 1)];
    let sight = Sight { files: [("/backups".to_owned(), files)].into(), ..Sight::default() };
    let seen = (Timestamp::from_unix(300), sight);
    let offers = procedures(&plan, &incident_in(IncidentState::Recovering), Role::Operator.rights(), None, Some(&seen));
    let choices: Vec<_> = offers[0].parameters[0]
        .choices
        .iter()
        .map(|c| (c.value.as_str(), c.note.as_deref().unwrap_or_default(), c.written_at))
        .collect();
    let at = |seconds| Some(Timestamp::from_unix(seconds));
    assert_eq!(
        choices,
        [
            ("/backups/latest.sql", "missing on the host", None),
            ("/backups/b.sql", "4100 KB", at(200)),
            ("/backups/a.sql", "900 bytes", at(100))
        ]
    );
}

#[test]
fn the_requester_never_decides() {
    let header =
        RunHeader { requested_by: UserId(Uuid::from_u128(1)), ..fixtures::header(procedure("first", "validator1")) };
    let resolution = fixtures::resolution(vec![]);
    let log = fixtures::log(&Actor::Muster, &[RunEvent::Requested, RunEvent::Resolved { resolution }]);
    let waiting = Run::replay(header, &log).unwrap();
    let said =
        |user, role, at| refused(&run(&waiting, &somebody(user, role), Timestamp::from_unix(at)), RunCommand::Approve);
    assert!(said(1, Role::Administrator, 10).contains("somebody else"));
    assert_eq!(said(2, Role::Approver, 10), "");
    assert!(said(2, Role::Operator, 10).contains("you need the role"));
    assert!(said(2, Role::Approver, 1803).contains("over"));
    let offers = run(&waiting, &somebody(3, Role::Operator), Timestamp::from_unix(10));
    assert_eq!(refused(&offers, RunCommand::Withdraw), "");
    assert!(refused(&offers, RunCommand::Retry).contains("not asking"));
}
