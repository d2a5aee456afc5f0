//! Database roles: what Postgres itself refuses the running programs, each on its own connection, and that a table nobody has
//! thought about is closed. That everything still works is what all the other tests show: they run under these roles.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use store::{Guard, HostHeld, Program, Store};
use tests::{postgres::Database, programs::Terminal, scene::Scene};
use uuid::Uuid;

/// What is only ever added to.
const LOGS: [&str; 10] = [
    "audit_entry",
    "run_event",
    "step_event",
    "incident_event",
    "report_version",
    "plan_version",
    "output_chunk",
    "notice",
    "notice_ack",
    "watch_round",
];

async fn refused(connection: &mut PgConnection, statement: &str) {
    let error = connection.execute(AssertSqlSafe(statement.to_owned())).await.expect_err(statement);
    let database = error.as_database_error().unwrap_or_else(|| panic!("{statement}: {error}"));
    // 42501: insufficient privilege, whether it says "permission denied" or "must be owner".
    assert_eq!(database.code().as_deref(), Some("42501"), "{statement}: {error}");
}

fn first_column(table: &str) -> &str {
    match table {
        "audit_entry" | "run_event" | "step_event" | "incident_event" => "seq",
        "output_chunk" => "last_line",
        "notice" => "step",
        "notice_ack" => "notice",
        "watch_round" => "n",
        _ => "version",
    }
}

#[tokio::test]
async fn neither_program_can_change_remove_or_unguard_what_is_only_added_to() {
    let database = Database::create().await.unwrap();
    for url in [&database.server_url, &database.worker_url] {
        let mut connection = PgConnection::connect(url).await.unwrap();
        for table in LOGS {
            let column = first_column(table);
            for statement in [
                format!("UPDATE {table} SET {column} = 1"),
                format!("DELETE FROM {table}"),
                format!("TRUNCATE {table}"),
                format!("ALTER TABLE {table} DISABLE TRIGGER ALL"),
                format!("ALTER TABLE {table} ADD COLUMN more integer"),
                format!("ALTER TABLE {table} OWNER TO CURRENT_USER"),
                format!("DROP TABLE {table} CASCADE"),
                format!(
                    "CREATE TRIGGER t BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()"
                ),
            ] {
                refused(&mut connection, &statement).await;
            }
        }
        for statement in [
            "DROP TRIGGER audit_entry_append_only ON audit_entry",
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "DELETE FROM audit_head",
            "INSERT INTO audit_head (singleton, seq, hash) VALUES (true, 0, '')",
            "TRUNCATE audit_head",
            "SET session_replication_role = replica",
            "UPDATE _sqlx_migrations SET success = true",
            "UPDATE run SET header = '{}'",
            "CREATE TABLE beside (n integer)",
            "CREATE ROLE another",
            "ALTER ROLE muster_server SUPERUSER",
            "ALTER ROLE muster_worker SUPERUSER",
            "SET ROLE muster",
            "SET SESSION AUTHORIZATION muster",
        ] {
            refused(&mut connection, statement).await;
        }
        connection.execute("RESET ROLE").await.unwrap();
        refused(&mut connection, "DELETE FROM audit_entry").await;
    }
}

#[tokio::test]
async fn each_pen_writes_its_own_log_and_sees_what_it_needs() {
    let database = Database::create().await.unwrap();
    let mut server = PgConnection::connect(&database.server_url).await.unwrap();
    for statement in [
        "INSERT INTO step_event SELECT * FROM step_event",
        "INSERT INTO step_output SELECT * FROM step_output",
        "INSERT INTO project_sight SELECT * FROM project_sight",
        "UPDATE run SET fence = 1",
        "UPDATE job SET worker = 'me'",
    ] {
        refused(&mut server, statement).await;
    }
    let mut worker = PgConnection::connect(&database.worker_url).await.unwrap();
    for statement in [
        "INSERT INTO run_event SELECT * FROM run_event",
        "INSERT INTO run (id) VALUES (NULL)",
        "INSERT INTO plan_version SELECT * FROM plan_version",
        "INSERT INTO system SELECT * FROM system",
        "INSERT INTO app_user (id) VALUES (NULL)",
        "UPDATE app_user SET role = 'administrator'",
        "SELECT password_hash FROM app_user",
        "SELECT email FROM app_user",
        "SELECT * FROM session",
        "SELECT * FROM idempotency",
        "SELECT * FROM report",
        "SELECT * FROM audit_entry",
        "UPDATE incident SET title = ''",
        "INSERT INTO incident (id) VALUES (NULL)",
    ] {
        refused(&mut worker, statement).await;
    }
}

/// The logs' own law, for whoever owns them: a pen's log takes no event of the other's.
#[tokio::test]
async fn a_log_refuses_the_other_pens_events() {
    let database = Database::create().await.unwrap();
    let mut owner = PgConnection::connect(&database.url).await.unwrap();
    owner.execute("SET session_replication_role = replica").await.unwrap();
    for (table, event, law) in [
        ("step_event", "decided", "step_event_is_the_workers"),
        ("step_event", "answered", "step_event_is_the_workers"),
        ("step_event", "restored", "step_event_is_the_workers"),
        ("run_event", "step-ended", "run_event_is_the_servers"),
        ("run_event", "claimed", "run_event_is_the_servers"),
    ] {
        let statement =
            format!("INSERT INTO {table} VALUES (gen_random_uuid(), 1, now(), '{{}}', '{{\"event\": \"{event}\"}}')");
        let error = owner.execute(AssertSqlSafe(statement)).await.unwrap_err();
        assert_eq!(error.as_database_error().and_then(|e| e.constraint()), Some(law), "{table} {event}: {error}");
    }
}

#[tokio::test]
async fn every_table_has_its_row_of_rights_and_lost_rights_come_back() {
    let database = Database::create().await.unwrap();
    let mut owner = PgConnection::connect(&database.url).await.unwrap();
    let forgotten: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
         AND NOT has_any_column_privilege('muster_server', oid, 'SELECT')",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    assert_eq!(forgotten, Vec::<String>::new(), "add a row to store/src/roles/grants.rs");

    owner
        .execute("GRANT ALL ON audit_entry TO muster_server; REVOKE SELECT ON incident FROM muster_server; CREATE TABLE new (n int)")
        .await
        .unwrap();
    let store = Store::connect(&database.url).await.unwrap();
    assert!(store.roles_prepare().await.unwrap());
    let mut server = PgConnection::connect(&database.server_url).await.unwrap();
    refused(&mut server, "DELETE FROM audit_entry").await;
    refused(&mut server, "SELECT * FROM new").await;
    server.execute("SELECT * FROM incident").await.unwrap();
}

/// The owner's address in `DATABASE_URL`, as in the composition: the programs put on their roles, and say what that is worth.
#[tokio::test]
async fn with_the_owners_login_a_program_works_under_its_role_and_says_that_it_could_leave_it() {
    let database = Database::create().await.unwrap();
    for program in Program::ALL {
        let (store, guard) = Store::connect_as(&database.url, program).await.unwrap();
        assert_eq!(guard, Guard::Role { login: "muster".into() });
        assert!(guard.warning(program).unwrap().contains("MUSTER_DATABASE_OWNER_URL"));
        let may_not = match program {
            Program::Server => store.job_claim("w", &["bt2c".into()], None, 1.0, HostHeld::Unknown).await.map(drop),
            Program::Worker => store.sessions_delete_expired().await.map(drop),
        };
        assert!(may_not.unwrap_err().to_string().contains("permission denied"));
        assert!(store.audit_head().await.is_ok());
    }
}

/// A managed database, say: a login that owns its tables but may not create roles and is in none of ours.
#[tokio::test]
async fn a_login_that_may_not_create_roles_runs_all_the_same_and_says_what_is_not_enforced() {
    let scene = Scene::set().await.unwrap();
    let database = &scene.muster.database;
    let login = format!("tenant_{}", Uuid::new_v4().simple());
    let name = database.url.rsplit_once('/').unwrap().1;
    let mut owner = PgConnection::connect(&database.url).await.unwrap();
    owner.execute(AssertSqlSafe(format!("CREATE ROLE {login} LOGIN"))).await.unwrap();
    owner.execute(AssertSqlSafe(format!("ALTER DATABASE {name} OWNER TO {login}"))).await.unwrap();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    for table in tables {
        owner.execute(AssertSqlSafe(format!("ALTER TABLE {table} OWNER TO {login}"))).await.unwrap();
    }
    let (_, rest) = database.url.split_once('@').unwrap();
    let url = format!("postgres://{login}@{rest}");
    let (store, guard) = Store::connect_as(&url, Program::Server).await.unwrap();
    assert_eq!(guard, Guard::Open { login: login.clone() });
    assert!(guard.warning(Program::Server).unwrap().contains("nothing but triggers"));
    store.close().await;
    let said = Terminal::open().unwrap().with("DATABASE_URL", &url).muster(&["audit", "verify"]).unwrap();
    assert_eq!(said.code, Some(0), "{said:?}");
    owner.execute(AssertSqlSafe(format!("REASSIGN OWNED BY {login} TO muster"))).await.unwrap();
    owner.execute(AssertSqlSafe(format!("DROP OWNED BY {login}; DROP ROLE {login}"))).await.unwrap();
}

/// The server with a login of its own and the owner's only for migrating.
#[tokio::test]
async fn a_login_of_its_own_needs_the_owner_only_to_migrate() {
    let scene = Scene::set().await.unwrap();
    let database = &scene.muster.database;
    let own = Terminal::open().unwrap().with("DATABASE_URL", &database.server_url);
    assert_eq!(own.muster(&["audit", "verify"]).unwrap().code, Some(0), "nothing to migrate, nobody needed");
    let mut owner = PgConnection::connect(&database.url).await.unwrap();
    owner
        .execute("DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)")
        .await
        .unwrap();
    owner.execute("REVOKE SELECT ON incident FROM muster_server").await.unwrap();
    let said = own.muster(&["audit", "verify"]).unwrap();
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("migrations are applied") && said.err.contains("MUSTER_DATABASE_OWNER_URL"), "{said:?}");
}
