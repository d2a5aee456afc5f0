//! Who may do what, over HTTP: every operation of the API's description for everybody. Objects in the paths do not exist: who may go
//! on learns that, who may not learns nothing. What the routes do is tested elsewhere.

use std::fmt::Write as _;

use reqwest::StatusCode;
use serde_json::json;
use server::openapi::{self, Operation};
use shared::{
    api::{client::Client, error::ErrorCode, token::TokenIn},
    domain::{
        access::{Action, Proof, Rights, Role},
        actor::Actor,
        text::Name,
    },
    ids::UserId,
};
use sqlx::PgPool;
use tests::{described::assert_committed, muster::Muster, persona::Http};

fn address(path: &str) -> String {
    path.replace("{number}", "424242")
        .replace("{slug}", "no-such-system")
        .replace("{name}", "no-such-role")
        .replace("{role}", "no-such-role")
        .replace("{id}", "00000000-0000-7000-8000-000000000000")
        .replace("{task}", "424242")
        .replace("{post}", "424242")
        .replace("{place}", "424242")
        .replace("{version}", "424242")
        .replace("{comment}", "00000000-0000-7000-8000-000000000003")
        .replace("{file}", "00000000-0000-7000-8000-000000000002")
        .replace("{token}", "00000000-0000-7000-8000-000000000001")
}

/// Status and error code; the body of an open event stream is not waited for.
async fn ask(http: &Http, method: &str, path: &str) -> (StatusCode, Option<String>) {
    let body = (method != "GET" && method != "DELETE").then(|| json!({}));
    let response = http.ask(method, &address(path), body.as_ref()).await.unwrap();
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

/// Everybody who may stand at the door, in the order of the columns of the picture.
struct Column {
    name: &'static str,
    /// Who may do what their role allows.
    role: Option<Role>,
    /// Who comes with a token that was made for this.
    scope: Option<Rights>,
    id: Option<UserId>,
    http: Http,
}

impl Column {
    fn may(&self, role: Role, action: Action) -> bool {
        let by_token = |scope: Rights| scope.may(action) && action.proof() == Proof::SignedIn;
        role.rights().may(action) && self.scope.is_none_or(by_token)
    }
}

async fn columns(muster: &Muster) -> Vec<Column> {
    let nobody = |name, http| Column { name, role: None, scope: None, id: None, http };
    let gone = muster.persona(Role::Administrator).await.unwrap();
    let late = muster.persona(Role::Administrator).await.unwrap();
    let pool = PgPool::connect(&muster.database.url).await.unwrap();
    sqlx::query("UPDATE app_user SET active = false WHERE id = $1").bind(gone.id.0).execute(&pool).await.unwrap();
    let expired =
        sqlx::query("UPDATE session SET expires_at = now() - interval '1 second' WHERE content::text LIKE $1")
            .bind(format!("%{}%", late.id))
            .execute(&pool)
            .await
            .unwrap();
    assert_eq!(expired.rows_affected(), 1);
    let mut columns = vec![
        nobody("anonymous", muster.stranger().unwrap()),
        nobody("administrator, deactivated", gone.http),
        nobody("administrator, session expired", late.http),
    ];
    for role in Role::ALL {
        let person = muster.persona(role).await.unwrap();
        columns.push(Column {
            name: role.name(),
            role: Some(role),
            scope: None,
            id: Some(person.id),
            http: person.http,
        });
    }
    let scope = [Action::ViewConsole, Action::DeclareIncident];
    let owner = muster.persona(Role::Administrator).await.unwrap();
    let name = Name::parse("watchdog").unwrap();
    let made = owner.api.make_token(&TokenIn { name, may: scope.to_vec(), valid_days: 1 }).await.unwrap();
    columns.push(Column {
        name: "administrator's token to view the console and declare incidents",
        role: Some(Role::Administrator),
        scope: Some(scope.into_iter().collect()),
        id: Some(owner.id),
        http: Http::with_token(&muster.base, &made.token).unwrap(),
    });
    columns
}

/// `x` let in, `!` let in once it is shown that it is they, `.` not known, `-` known and not allowed; what comes behind the door does
/// not matter here.
async fn mark(muster: &Muster, column: &Column, operation: &Operation) -> char {
    let (before, _) = muster.store.audit_head().await.unwrap();
    let answer = ask(&column.http, operation.method.as_str(), operation.path).await;
    let about = format!("{}: {} answered {answer:?}", column.name, operation.id);
    assert!(!answer.0.is_server_error(), "{about}");
    let Some(action) = operation.action else {
        assert!(!matches!(answer.0, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN), "{about}");
        return 'x';
    };
    let Some(role) = column.role else {
        assert_eq!(answer, (StatusCode::UNAUTHORIZED, code(ErrorCode::NotSignedIn)), "{about}");
        return '.';
    };
    if column.may(role, action) && action.proof() == Proof::Now {
        assert_eq!(answer, (StatusCode::FORBIDDEN, code(ErrorCode::ProofNeeded)), "{about}");
        return '!';
    }
    if column.may(role, action) {
        assert!(!matches!(answer.0, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN), "{about}");
        return 'x';
    }
    assert_eq!(answer, (StatusCode::FORBIDDEN, code(ErrorCode::Forbidden)), "{about}");
    let newest = muster.store.audit_list(None, 1).await.unwrap().remove(0).entry;
    assert_eq!(newest.seq, before + 1, "{about} and left no entry, or more than one");
    assert!(newest.denied && newest.action == "access.denied", "{newest:?}");
    assert_eq!(newest.by.user(), column.id);
    assert_eq!(newest.detail["action"], json!(action));
    assert_eq!(newest.detail["path"], json!(format!("{} {}", operation.method, address(operation.path))));
    '-'
}

#[tokio::test]
async fn everybody_gets_through_exactly_where_the_committed_picture_says() {
    let muster = Muster::start().await.unwrap();
    let mut picture = String::from(
        "# x let in, ! let in once it is shown that it is they, . not known, - known and not allowed. Columns, from the left:\n",
    );
    let columns = columns(&muster).await;
    for column in &columns {
        let _ = writeln!(picture, "#   {}", column.name);
    }
    // What is open comes last: it may end the session it is asked with.
    let (open, guarded): (Vec<_>, Vec<_>) = openapi::api().operations.iter().partition(|one| one.action.is_none());
    for operation in guarded.into_iter().chain(open) {
        let mut row = String::new();
        for column in &columns {
            row.push(mark(&muster, column, operation).await);
        }
        let _ = writeln!(picture, "{row} {} {}", operation.method, operation.path);
    }
    assert_committed("access.txt", &picture);
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
