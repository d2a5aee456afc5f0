//! What stands out about accounts, what the facts say of each check, and which decisions are refused.

use serde_json::json;
use uuid::Uuid;

use super::{
    access::{AccessToken, since},
    hardening::{ContainerFacts, Fact, HostFacts, ServerFacts, Trial, judge, questions},
    *,
};
use crate::{
    domain::access::{Action, Role, RoleName},
    plan::compile,
};

const DAY: u64 = 86_400;

fn day(n: u64) -> Timestamp {
    Timestamp::from_unix(1_800_000_000).plus_seconds(n * DAY)
}

/// An administrator about whom nothing stands out, as of day 200.
fn access() -> Access {
    Access {
        id: UserId(Uuid::from_u128(1)),
        name: "Ada".into(),
        email: "ada@example.org".into(),
        active: true,
        service: false,
        role: RoleName::from(Role::Administrator),
        actions: vec![Action::ManagePeople],
        contact_roles: vec![],
        contacts: vec!["System Administrator".into()],
        password: true,
        passkeys: 1,
        authenticator: false,
        providers: vec![],
        sessions: 1,
        tokens: vec![],
        created_at: day(0),
        signed_in_at: Some(day(199)),
    }
}

fn token(made: u64, lives: u64, used: Option<u64>) -> AccessToken {
    AccessToken {
        id: Uuid::from_u128(9),
        name: "ci".into(),
        scope: vec![Action::ViewConsole],
        made_at: day(made),
        expires_at: day(made + lives),
        last_used_at: used.map(day),
    }
}

#[test]
fn what_stands_out_about_an_account() {
    let cases = [
        (access(), None),
        (Access { signed_in_at: Some(day(111)), ..access() }, None),
        (Access { signed_in_at: Some(day(110)), ..access() }, Some("No sign-in for 90 days.")),
        (Access { signed_in_at: None, ..access() }, Some("Nobody has ever signed in.")),
        (Access { signed_in_at: None, created_at: day(150), ..access() }, None),
        (Access { signed_in_at: None, service: true, passkeys: 0, contacts: vec![], ..access() }, None),
        (Access { passkeys: 0, ..access() }, Some("Manages people or roles without a second factor.")),
        (Access { passkeys: 0, authenticator: true, ..access() }, None),
        (Access { passkeys: 0, actions: vec![Action::RequestRun], ..access() }, None),
        (Access { tokens: vec![token(171, 90, None)], ..access() }, None),
        (Access { tokens: vec![token(170, 90, None)], ..access() }, Some("Token \"ci\" was not used in 30 days.")),
        (Access { tokens: vec![token(100, 180, Some(120))], ..access() }, None),
        (
            Access { tokens: vec![token(50, 180, Some(100))], ..access() },
            Some("Token \"ci\" was not used in 100 days."),
        ),
        (Access { tokens: vec![token(199, 181, None)], ..access() }, Some("Token \"ci\" lives 181 days.")),
        (Access { contacts: vec![], ..access() }, Some("Can change things, but is no contact of the plan.")),
        (Access { contacts: vec![], actions: vec![], ..access() }, None),
        (
            Access { contacts: vec!["Security Officer".into()], ..access() },
            Some("Manages people or roles; as Security Officer the plan does not need that."),
        ),
        (Access { contacts: vec!["Security Officer".into()], actions: vec![Action::DecideRun], ..access() }, None),
    ];
    for (one, expected) in cases {
        let words: Vec<_> = marks(&one, day(200)).iter().map(Mark::words).collect();
        assert_eq!(words, expected.into_iter().collect::<Vec<_>>(), "{one:?}");
    }
}

#[test]
fn what_has_changed_since() {
    let was = Access { tokens: vec![token(1, 10, None)], ..access() };
    assert!(since(&was, &Access { signed_in_at: Some(day(300)), sessions: 7, ..was.clone() }).is_empty());
    let is = Access { active: false, role: RoleName::from(Role::Viewer), passkeys: 0, tokens: vec![], ..was.clone() };
    assert_eq!(
        since(&was, &is),
        [
            "It was deactivated.",
            "Its role is viewer now.",
            "It has no second factor any more.",
            "Token \"ci\" does not let in any more."
        ]
    );
    assert_eq!(since(&was, &Access { actions: vec![], ..was.clone() }).len(), 1, "the role itself was changed");
}

fn fact(holds: Option<bool>) -> Fact {
    Fact { holds, text: "so it is".into() }
}

fn server() -> ServerFacts {
    ServerFacts {
        public_url: "https://muster.example.org".into(),
        https: true,
        powerful: 3,
        without_factor: vec![],
        database: fact(Some(true)),
        key: fact(Some(true)),
        chain: fact(Some(true)),
        backup_places: 2,
        trial: Some(Trial { verified: true, at: day(199) }),
        at: day(200),
    }
}

fn container() -> ContainerFacts {
    ContainerFacts {
        name: "x_db_1".into(),
        image: "db:1".into(),
        shares: vec![],
        socket: None,
        open_ports: vec![],
        root: false,
        floating: false,
    }
}

fn looked(container: ContainerFacts) -> hardening::Looked {
    Ok(HostFacts { host: "h".into(), docker: "28.0".into(), containers: vec![container] })
}

#[test]
fn each_check_finds_what_it_is_for_and_nothing_else() {
    let well = looked(container());
    for check in Check::ALL {
        assert_eq!(judge(check, &server(), Some(&well)).state, State::Holds, "{check:?}");
    }
    let bad_server = [
        (Check::PublicAddress, ServerFacts { https: false, ..server() }),
        (Check::SecondFactors, ServerFacts { without_factor: vec!["Ada".into()], ..server() }),
        (Check::DatabaseRights, ServerFacts { database: fact(Some(false)), ..server() }),
        (Check::SecretsKey, ServerFacts { key: fact(Some(false)), ..server() }),
        (Check::AuditChain, ServerFacts { chain: fact(Some(false)), ..server() }),
        (Check::BackupTrials, ServerFacts { trial: None, ..server() }),
        (Check::BackupTrials, ServerFacts { trial: Some(Trial { verified: false, at: day(200) }), ..server() }),
        (Check::BackupTrials, ServerFacts { trial: Some(Trial { verified: true, at: day(168) }), ..server() }),
    ];
    for (check, facts) in bad_server {
        for other in Check::ALL {
            let holds = judge(other, &facts, Some(&well)).state == State::Holds;
            assert_eq!(holds, other != check, "{other:?} {facts:?}");
        }
    }
    let bad_container = [
        (Check::Privileges, ContainerFacts { shares: vec!["all rights on the host".into()], ..container() }),
        (Check::DockerSocket, ContainerFacts { socket: Some("/var/run/docker.sock".into()), ..container() }),
        (Check::PublishedPorts, ContainerFacts { open_ports: vec!["8080/tcp".into()], ..container() }),
        (Check::RootUsers, ContainerFacts { root: true, ..container() }),
        (Check::PinnedImages, ContainerFacts { floating: true, ..container() }),
    ];
    for (check, bad) in bad_container {
        let bad = looked(bad);
        for other in Check::ALL {
            let found = judge(other, &server(), Some(&bad));
            assert_eq!(found.state == State::DoesNotHold, other == check, "{other:?}: {found:?}");
            assert!(other != check || found.text.contains("x_db_1"), "it is named: {found:?}");
        }
    }
}

#[test]
fn what_nobody_could_find_out_does_not_hold_by_itself() {
    let nothing = Ok(HostFacts { host: "h".into(), docker: "28.0".into(), containers: vec![] });
    let silent = Err("Docker does not answer.".to_owned());
    for check in Check::ALL.into_iter().filter(|check| check.on_host()) {
        assert_eq!(judge(check, &server(), None).state, State::Waiting);
        for host in [&nothing, &silent] {
            assert_eq!(judge(check, &server(), Some(host)).state, State::Unknown);
        }
    }
    assert_eq!(judge(Check::SecretsKey, &ServerFacts { key: fact(None), ..server() }, None).state, State::Unknown);
}

#[test]
fn who_may_decide_what_and_when_a_note_is_needed() {
    use Decision as D;
    use Kind::{AccessReview, SecurityAudit};
    let (ada, bea) = (UserId(Uuid::from_u128(1)), UserId(Uuid::from_u128(2)));
    let plain = Subject::Account(Box::new(access()));
    let odd = Subject::Account(Box::new(Access { passkeys: 0, ..access() }));
    let question = Subject::Question { text: "Review the configuration".into(), line: 3 };
    let check = Subject::Check { check: Check::RootUsers };
    let found = |state| Some(Found { state, text: "x".into() });
    let cases = [
        (AccessReview, &plain, None, ada, D::Keep, "fine", Err(Refusal::Own)),
        (AccessReview, &plain, None, bea, D::Keep, "", Ok(())),
        (AccessReview, &plain, None, bea, D::Holds, "x", Err(Refusal::Foreign)),
        (AccessReview, &plain, None, bea, D::Change, " ", Err(Refusal::NoteMissing)),
        (AccessReview, &plain, None, bea, D::Remove, "left", Ok(())),
        (AccessReview, &odd, None, bea, D::Keep, "", Err(Refusal::NoteMissing)),
        (AccessReview, &odd, None, bea, D::Keep, "gets a key tomorrow", Ok(())),
        (SecurityAudit, &question, None, ada, D::Holds, "", Ok(())),
        (SecurityAudit, &question, None, ada, D::NotApplicable, "", Err(Refusal::NoteMissing)),
        (SecurityAudit, &question, None, ada, D::Keep, "x", Err(Refusal::Foreign)),
        (SecurityAudit, &check, found(State::Waiting), ada, D::NotApplicable, "x", Err(Refusal::Waiting)),
        (SecurityAudit, &check, found(State::DoesNotHold), ada, D::Holds, "x", Err(Refusal::Contradicted)),
        (SecurityAudit, &check, found(State::DoesNotHold), ada, D::DoesNotHold, "", Err(Refusal::NoteMissing)),
        (SecurityAudit, &check, found(State::DoesNotHold), ada, D::NotApplicable, "image drops it", Ok(())),
        (SecurityAudit, &check, found(State::Unknown), ada, D::Holds, "", Err(Refusal::NoteMissing)),
        (SecurityAudit, &check, found(State::Unknown), ada, D::Holds, "seen by hand", Ok(())),
    ];
    for (kind, subject, found, by, decision, note, expected) in cases {
        let one = Deciding { kind, subject, found: found.as_ref(), begun_at: day(200), by, decision, note };
        assert_eq!(decide(&one), expected, "{one:?}");
    }
    assert!(is_settled(found(State::Holds).as_ref(), false) && !is_settled(None, false));
    assert!(!is_settled(found(State::Unknown).as_ref(), false) && is_settled(None, true));
}

#[test]
fn the_plans_hardening_is_asked_point_by_point() {
    let plan = "# P\n\n## Prevention\n\n1. **Testing**\n   - Rehearse\n\n2. **System Hardening**\n   - Install updates\n   - Review it\n";
    let found = questions(&compile(plan).plan);
    assert_eq!(found.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>(), ["Install updates", "Review it"]);
}

#[test]
fn what_is_kept_reads_like_this() {
    let subject = serde_json::to_value(Subject::Question { text: "x".into(), line: 2 }).unwrap();
    assert_eq!(subject, json!({"about": "question", "text": "x", "line": 2}));
    let account = serde_json::to_value(Subject::Account(Box::new(access()))).unwrap();
    assert_eq!((account["about"].as_str(), account["name"].as_str()), (Some("account"), Some("Ada")));
    assert_eq!(Kind::SecurityAudit.to_string(), "security-audit");
    assert_eq!("does-not-hold".parse::<Decision>().unwrap(), Decision::DoesNotHold);
}
