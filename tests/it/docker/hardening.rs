//! What an audit of security finds on real Docker: a container with rights on the host and an open port, and one without.

use shared::domain::{
    access::Role,
    inspection::{
        Decision, Kind, Subject,
        hardening::{Check, State},
    },
};
use tests::{muster::Muster, scene::eventually};

use super::stray::{Stray, new_project, plan};
use crate::access_review::{of, say};

/// State and text of the checks that a worker makes on this project.
async fn looked(project: &str) -> Vec<(Check, State, String)> {
    let muster = Muster::start_with_plan(&plan("", &["docker-compose restart validator1"]), project).await.unwrap();
    let admin = muster.persona(Role::Administrator).await.unwrap();
    let _worker = muster.docker_worker(project).await.unwrap();
    let slug = admin.api.systems().await.unwrap().items.remove(0).slug;
    let number = admin.api.begin_inspection(&slug, &of(Kind::SecurityAudit)).await.unwrap().row.number;
    eventually("a worker has looked", async || admin.api.inspection(number).await.unwrap().looked_at.is_some())
        .await
        .unwrap();
    let view = admin.api.inspection(number).await.unwrap();
    let found = view.items.iter().filter_map(|line| match (&line.subject, &line.found) {
        (Subject::Check { check }, Some(found)) if check.on_host() => Some((*check, found.state, found.text.clone())),
        _ => None,
    });
    let found: Vec<_> = found.collect();
    // A word against what was found is refused on real facts, too.
    for (check, state, _) in &found {
        let place = view.items.iter().find(|l| l.subject == Subject::Check { check: *check }).unwrap().place;
        let said = admin.api.decide_inspection(number, place, &say(Decision::Holds, "surely")).await;
        assert_eq!(said.is_err(), *state == State::DoesNotHold, "{check:?}");
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_open_is_named_by_its_container() {
    let project = new_project();
    let _closed = Stray::run(&project, "closed", &["--user", "1000", "-p", "127.0.0.1::5432"]);
    let _open = Stray::run(
        &project,
        "validator1",
        &["--user", "0", "-p", "5432", "-v", "/var/run/docker.sock:/var/run/docker.sock:ro"],
    );
    let _powerful = Stray::made(&project, "powerful", &["--user", "1000", "--privileged"]);
    for (check, state, text) in looked(&project).await {
        let service = match check {
            // The image was made here: no registry can turn its name to another one.
            Check::PinnedImages => {
                assert_eq!(state, State::Holds, "{text}");
                continue;
            }
            Check::Privileges => "powerful",
            _ => "validator1",
        };
        assert_eq!(state, State::DoesNotHold, "{check:?}: {text}");
        let named = format!("1 of 3: {project}_{service}_1");
        assert!(text.starts_with(&named), "{check:?} names it and nothing else: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_closed_is_left_in_peace() {
    let project = new_project();
    let _closed = Stray::run(&project, "validator1", &["--user", "1000", "-p", "127.0.0.1::5432"]);
    // The image was made here: no registry can turn its name to another one.
    for (check, state, text) in looked(&project).await {
        assert_eq!(state, State::Holds, "{check:?}: {text}");
    }
}
