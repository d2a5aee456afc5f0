//! Who may do what, over HTTP: every API route for everybody. The table of routes is checked against the router's own list, so a
//! route that is not here fails the test. What the routes do is tested elsewhere.

use std::fmt::Write as _;

use reqwest::StatusCode;
use serde_json::json;
use server::router::API;
use shared::{
    api::{client::Client, error::ErrorCode},
    domain::{
        access::{Action, Role},
        actor::Actor,
    },
};
use sqlx::PgPool;
use tests::{
    muster::Muster,
    persona::{Http, Persona},
};

/// Routes that need no signing in.
const OPEN: &[(&str, &str)] = &[
    ("post", "/api/v1/session"),
    ("delete", "/api/v1/session"),
    ("get", "/api/v1/session/ways"),
    ("post", "/api/v1/session/provider"),
];

/// Every other route and what it takes. Objects in the paths do not exist: who may go on learns that, who may not learns nothing.
const GUARDED: &[(&str, &str, Action)] = &[
    ("get", "/api/v1/session", Action::ViewConsole),
    ("get", "/api/v1/systems", Action::ViewConsole),
    ("get", "/api/v1/systems/{slug}/plan", Action::ViewConsole),
    ("post", "/api/v1/systems/{slug}/plan", Action::EditPlan),
    ("get", "/api/v1/systems/{slug}/plan/source", Action::ViewConsole),
    ("get", "/api/v1/systems/{slug}/plan/versions", Action::ViewConsole),
    ("get", "/api/v1/systems/{slug}/plan/versions/{number}", Action::ViewConsole),
    ("get", "/api/v1/systems/{slug}/plan/versions/{number}/diff", Action::ViewConsole),
    ("get", "/api/v1/systems/{slug}/secrets", Action::ManageSecrets),
    ("put", "/api/v1/systems/{slug}/secrets/{name}", Action::ManageSecrets),
    ("delete", "/api/v1/systems/{slug}/secrets/{name}", Action::ManageSecrets),
    ("get", "/api/v1/incidents", Action::ViewConsole),
    ("post", "/api/v1/incidents", Action::DeclareIncident),
    ("get", "/api/v1/incidents/{number}", Action::ViewConsole),
    ("post", "/api/v1/incidents/{number}/acknowledge", Action::HandleIncident),
    ("post", "/api/v1/incidents/{number}/work", Action::HandleIncident),
    ("post", "/api/v1/incidents/{number}/notes", Action::HandleIncident),
    ("post", "/api/v1/incidents/{number}/level", Action::HandleIncident),
    ("post", "/api/v1/incidents/{number}/updates", Action::PostUpdate),
    ("post", "/api/v1/incidents/{number}/resolve", Action::HandleIncident),
    ("post", "/api/v1/incidents/{number}/close", Action::HandleIncident),
    ("post", "/api/v1/incidents/{number}/runs", Action::RequestRun),
    ("get", "/api/v1/runs", Action::ViewConsole),
    ("get", "/api/v1/runs/{number}", Action::ViewConsole),
    ("get", "/api/v1/runs/{number}/output", Action::ViewConsole),
    ("get", "/api/v1/runs/{number}/output/search", Action::ViewConsole),
    ("get", "/api/v1/runs/{number}/output.txt", Action::ViewConsole),
    ("post", "/api/v1/runs/{number}/decision", Action::DecideRun),
    ("post", "/api/v1/runs/{number}/glass", Action::BreakGlass),
    ("post", "/api/v1/runs/{number}/review", Action::ReviewGlass),
    ("post", "/api/v1/runs/{number}/withdraw", Action::RequestRun),
    ("post", "/api/v1/runs/{number}/priority", Action::RequestRun),
    ("post", "/api/v1/runs/{number}/answer", Action::AnswerStep),
    ("post", "/api/v1/runs/{number}/confirm", Action::ConfirmAnswer),
    ("post", "/api/v1/runs/{number}/check", Action::HandleIncident),
    ("post", "/api/v1/runs/{number}/cancel", Action::CancelRun),
    ("get", "/api/v1/freeze", Action::ViewConsole),
    ("post", "/api/v1/freeze", Action::Freeze),
    ("get", "/api/v1/notices", Action::ViewConsole),
    ("post", "/api/v1/notices/{number}/acknowledge", Action::AcknowledgeNotice),
    ("get", "/api/v1/incidents/{number}/report", Action::ViewConsole),
    ("post", "/api/v1/incidents/{number}/report", Action::EditReport),
    ("put", "/api/v1/incidents/{number}/report", Action::EditReport),
    ("post", "/api/v1/incidents/{number}/report/publish", Action::PublishReport),
    ("get", "/api/v1/incidents/{number}/report/export.html", Action::ViewConsole),
    ("get", "/api/v1/incidents/{number}/report/export.md", Action::ViewConsole),
    ("get", "/api/v1/audit", Action::ReadAudit),
    ("get", "/api/v1/audit/choices", Action::ReadAudit),
    ("get", "/api/v1/audit/export", Action::ReadAudit),
    ("get", "/api/v1/audit/heads", Action::ReadAudit),
    ("get", "/api/v1/audit/verify", Action::ReadAudit),
    ("get", "/api/v1/events", Action::ViewConsole),
];

/// Who gets through, as found by asking: nobody signed in, viewer, responder, operator, approver, administrator.
const PICTURE: &str = "\
    xxxxxx post /api/v1/session
    xxxxxx delete /api/v1/session
    xxxxxx get /api/v1/session/ways
    xxxxxx post /api/v1/session/provider
    .xxxxx get /api/v1/session
    .xxxxx get /api/v1/systems
    .xxxxx get /api/v1/systems/{slug}/plan
    .....x post /api/v1/systems/{slug}/plan
    .xxxxx get /api/v1/systems/{slug}/plan/source
    .xxxxx get /api/v1/systems/{slug}/plan/versions
    .xxxxx get /api/v1/systems/{slug}/plan/versions/{number}
    .xxxxx get /api/v1/systems/{slug}/plan/versions/{number}/diff
    .....x get /api/v1/systems/{slug}/secrets
    .....x put /api/v1/systems/{slug}/secrets/{name}
    .....x delete /api/v1/systems/{slug}/secrets/{name}
    .xxxxx get /api/v1/incidents
    ..xxxx post /api/v1/incidents
    .xxxxx get /api/v1/incidents/{number}
    ..xxxx post /api/v1/incidents/{number}/acknowledge
    ..xxxx post /api/v1/incidents/{number}/work
    ..xxxx post /api/v1/incidents/{number}/notes
    ..xxxx post /api/v1/incidents/{number}/level
    ..xx.x post /api/v1/incidents/{number}/updates
    ..xxxx post /api/v1/incidents/{number}/resolve
    ..xxxx post /api/v1/incidents/{number}/close
    ...x.x post /api/v1/incidents/{number}/runs
    .xxxxx get /api/v1/runs
    .xxxxx get /api/v1/runs/{number}
    .xxxxx get /api/v1/runs/{number}/output
    .xxxxx get /api/v1/runs/{number}/output/search
    .xxxxx get /api/v1/runs/{number}/output.txt
    ....xx post /api/v1/runs/{number}/decision
    ...xxx post /api/v1/runs/{number}/glass
    ....xx post /api/v1/runs/{number}/review
    ...x.x post /api/v1/runs/{number}/withdraw
    ...x.x post /api/v1/runs/{number}/priority
    ...x.x post /api/v1/runs/{number}/answer
    ...xxx post /api/v1/runs/{number}/confirm
    ..xxxx post /api/v1/runs/{number}/check
    ...xxx post /api/v1/runs/{number}/cancel
    .xxxxx get /api/v1/freeze
    ...xxx post /api/v1/freeze
    .xxxxx get /api/v1/notices
    .xxxxx post /api/v1/notices/{number}/acknowledge
    .xxxxx get /api/v1/incidents/{number}/report
    ..xxxx post /api/v1/incidents/{number}/report
    ..xxxx put /api/v1/incidents/{number}/report
    ....xx post /api/v1/incidents/{number}/report/publish
    .xxxxx get /api/v1/incidents/{number}/report/export.html
    .xxxxx get /api/v1/incidents/{number}/report/export.md
    ....xx get /api/v1/audit
    ....xx get /api/v1/audit/choices
    ....xx get /api/v1/audit/export
    ....xx get /api/v1/audit/heads
    ....xx get /api/v1/audit/verify
    .xxxxx get /api/v1/events
";

fn address(path: &str) -> String {
    path.replace("{number}", "424242").replace("{slug}", "no-such-system").replace("{name}", "NO_SUCH_NAME")
}

/// Status and error code; the body of an open event stream is not waited for.
async fn ask(http: &Http, method: &str, path: &str) -> (StatusCode, Option<String>) {
    let method = method.to_uppercase();
    let body = (method != "GET" && method != "DELETE").then(|| json!({}));
    let response = http.ask(&method, &address(path), body.as_ref()).await.unwrap();
    let status = response.status();
    if status.is_success() {
        return (status, None);
    }
    let body: serde_json::Value = response.json().await.unwrap();
    (status, body["error"]["code"].as_str().map(str::to_owned))
}

fn code(code: ErrorCode) -> Option<String> {
    serde_json::to_value(code).unwrap().as_str().map(str::to_owned)
}

fn let_in((status, code): &(StatusCode, Option<String>)) -> bool {
    // A sign-in with an empty body is refused for the body, not for the person.
    assert!(!status.is_server_error(), "{status} {code:?}");
    !matches!(*status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

#[test]
fn every_route_of_the_router_is_in_the_table_and_none_is_invented() {
    let guarded = GUARDED.iter().map(|(method, path, _)| (*method, *path));
    let mut tested: Vec<_> = OPEN.iter().copied().chain(guarded).collect();
    let mut routed = API.to_vec();
    tested.sort_unstable();
    routed.sort_unstable();
    assert_eq!(tested, routed);
}

#[tokio::test]
async fn each_role_gets_through_exactly_where_the_access_table_says() {
    let muster = Muster::start().await.unwrap();
    let mut people = vec![];
    for role in Role::ALL {
        people.push((role, muster.persona(role).await.unwrap()));
    }
    let mut picture = String::new();
    for (method, path) in OPEN {
        // With a session of its own each time: one of them ends it.
        let mut row = String::new();
        row.push(if let_in(&ask(&muster.stranger().unwrap(), method, path).await) { 'x' } else { '.' });
        for (_, person) in &people {
            let again = Persona::sign_in(&muster.base, &person.email, &person.password).await.unwrap();
            row.push(if let_in(&ask(&again.http, method, path).await) { 'x' } else { '.' });
        }
        let _ = writeln!(picture, "    {row} {method} {path}");
    }
    for (method, path, action) in GUARDED {
        let mut row = String::new();
        let answer = ask(&muster.stranger().unwrap(), method, path).await;
        assert_eq!(answer, (StatusCode::UNAUTHORIZED, code(ErrorCode::NotSignedIn)), "nobody: {method} {path}");
        row.push('.');
        for (role, person) in &people {
            let (before, _) = muster.store.audit_head().await.unwrap();
            let answer = ask(&person.http, method, path).await;
            assert_eq!(let_in(&answer), role.rights().may(*action), "{role}: {method} {path} answered {answer:?}");
            row.push(if let_in(&answer) { 'x' } else { '.' });
            if let_in(&answer) {
                continue;
            }
            assert_eq!(answer, (StatusCode::FORBIDDEN, code(ErrorCode::Forbidden)), "{role}: {method} {path}");
            let newest = muster.store.audit_list(None, 1).await.unwrap().remove(0).entry;
            assert_eq!(newest.seq, before + 1, "{role}: {method} {path} left no entry, or more than one");
            assert!(newest.denied && newest.action == "access.denied", "{newest:?}");
            assert_eq!(newest.by.user(), Some(person.id));
            assert_eq!(newest.detail["action"], json!(action));
            assert_eq!(newest.detail["path"], json!(format!("{} {}", method.to_uppercase(), address(path))));
        }
        let _ = writeln!(picture, "    {row} {method} {path}");
    }
    let expected: Vec<_> = PICTURE.lines().map(str::trim).collect();
    let found: Vec<_> = picture.lines().map(str::trim).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_refusal_says_which_role_it_takes() {
    let muster = Muster::start().await.unwrap();
    let viewer = muster.persona(Role::Viewer).await.unwrap();
    let (status, body) =
        viewer.http.raw("POST", "/api/v1/incidents/1/runs", Some(json!({"procedure": "x"}))).await.unwrap();
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(body["error"]["message"], "To request a recovery run you need the role operator or administrator.");
}

#[tokio::test]
async fn deactivated_and_expired_people_are_nobody_on_every_route() {
    let muster = Muster::start().await.unwrap();
    let gone = muster.persona(Role::Administrator).await.unwrap();
    let late = muster.persona(Role::Administrator).await.unwrap();
    let present = muster.persona(Role::Administrator).await.unwrap();
    let pool = PgPool::connect(&muster.database.url).await.unwrap();
    sqlx::query("UPDATE app_user SET active = false WHERE id = $1").bind(gone.id.0).execute(&pool).await.unwrap();
    let expired =
        sqlx::query("UPDATE session SET expires_at = now() - interval '1 second' WHERE content::text LIKE $1")
            .bind(format!("%{}%", late.id))
            .execute(&pool)
            .await
            .unwrap();
    assert_eq!(expired.rows_affected(), 1);
    for (method, path, _) in GUARDED {
        for person in [&gone, &late] {
            let answer = ask(&person.http, method, path).await;
            assert_eq!(answer, (StatusCode::UNAUTHORIZED, code(ErrorCode::NotSignedIn)), "{method} {path}");
        }
        assert!(let_in(&ask(&present.http, method, path).await), "{method} {path}");
    }
}

#[tokio::test]
async fn a_role_taken_away_is_gone_at_the_next_request() {
    let muster = Muster::start().await.unwrap();
    let person = muster.persona(Role::Administrator).await.unwrap();
    assert!(person.api.verify_audit().await.is_ok());
    let pool = PgPool::connect(&muster.database.url).await.unwrap();
    sqlx::query("UPDATE app_user SET role = 'viewer' WHERE id = $1").bind(person.id.0).execute(&pool).await.unwrap();
    let refused = tests::scene::refused(person.api.verify_audit().await);
    assert_eq!(refused.code, ErrorCode::Forbidden);
    assert!(!person.api.me().await.unwrap().may(Action::ReadAudit));
}

#[tokio::test]
async fn a_stranger_who_tries_to_write_is_in_the_audit_log() {
    let muster = Muster::start().await.unwrap();
    let stranger = muster.stranger().unwrap();
    let refused = tests::scene::refused(Client::new(stranger).acknowledge(1).await);
    assert_eq!(refused.code, ErrorCode::NotSignedIn);
    let newest = muster.store.audit_list(None, 1).await.unwrap().remove(0).entry;
    assert!(newest.denied && newest.by == Actor::Anonymous, "{newest:?}");
    assert_eq!(newest.object, "POST /api/v1/incidents/1/acknowledge");
}

#[tokio::test]
async fn what_is_no_route_says_so_in_the_envelope() {
    let muster = Muster::start().await.unwrap();
    let viewer = muster.persona(Role::Viewer).await.unwrap();
    let cases = [
        ("GET", "/api/v1/nothing", StatusCode::NOT_FOUND, "not-found"),
        ("GET", "/api/v2/nothing", StatusCode::NOT_FOUND, "not-found"),
        ("PUT", "/api/v1/incidents", StatusCode::METHOD_NOT_ALLOWED, "invalid"),
        ("GET", "/api/v1/incidents/424242", StatusCode::NOT_FOUND, "not-found"),
        ("GET", "/api/v1/incidents/abc", StatusCode::BAD_REQUEST, "invalid"),
        ("GET", "/api/v1/incidents?before=x", StatusCode::BAD_REQUEST, "invalid"),
        ("GET", "/api/v1/incidents?colour=1", StatusCode::BAD_REQUEST, "invalid"),
    ];
    for (method, path, status, code) in cases {
        let (found, body) = viewer.http.raw(method, path, None).await.unwrap();
        assert_eq!((found, body["error"]["code"].as_str()), (status, Some(code)), "{method} {path}: {body}");
        assert!(body["error"]["message"].as_str().is_some_and(|m| m.len() > 10), "{body}");
    }
}
