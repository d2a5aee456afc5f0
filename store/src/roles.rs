//! Which database role each program works under and what that role may do, table by table. Whoever owns the tables gives the
//! rights; the programs themselves never can. A table without a row here is closed to both.

mod grants;

use std::collections::BTreeSet;

use sqlx::{AssertSqlSafe, Connection as _, FromRow, PgConnection};

pub(crate) use self::grants::wanted;
use self::grants::{Grant, TABLES};
use crate::{Store, StoreError};

/// A program with a database role of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    Server,
    Worker,
}

impl Program {
    pub const ALL: [Self; 2] = [Self::Server, Self::Worker];

    /// The role's name; the same in every database of a cluster.
    #[must_use]
    pub fn role(self) -> &'static str {
        match self {
            Self::Server => "muster_server",
            Self::Worker => "muster_worker",
        }
    }

    /// Where the other program's pen writes: what this one must not.
    fn foreign_log(self) -> &'static str {
        match self {
            Self::Server => "step_event",
            Self::Worker => "run_event",
        }
    }
}

/// What stops a program from altering what it may only add to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// Its database login has no more rights than it needs.
    Login,
    /// It works under its role, but its login has more rights and could take them back.
    Role { login: String },
    /// Only the tables' triggers.
    Open { login: String },
}

impl Guard {
    /// One sentence for whoever runs the program; `None` if all is enforced.
    #[must_use]
    pub fn warning(&self, program: Program) -> Option<String> {
        let role = program.role();
        match self {
            Self::Login => None,
            Self::Role { login } => Some(format!(
                "The database login {login} owns Muster's tables: this program works under the role {role}, which cannot change \
                 the audit log, but whoever takes the program over can leave that role; give it a login of its own ({role}) and \
                 the owner's to MUSTER_DATABASE_OWNER_URL (docs/audit.md)."
            )),
            Self::Open { login } => Some(format!(
                "The database login {login} may neither create nor use the role {role}: nothing but triggers, which it can switch \
                 off, keeps this program from changing the audit log; let an administrator create the roles (docs/audit.md)."
            )),
        }
    }
}

/// What the login of a connection is and may.
#[derive(FromRow)]
struct Login {
    login: String,
    powerful: bool,
    member: bool,
}

impl Store {
    /// Connects as a program: by its own login if that is what the address names, else under its role if the login may.
    ///
    /// # Errors
    /// If nobody answers or the database is not migrated.
    pub async fn connect_as(url: &str, program: Program) -> Result<(Self, Guard), StoreError> {
        let plain = Self::connect(url).await?;
        let guard = plain.guard(program).await?;
        if !matches!(guard, Guard::Role { .. }) {
            return Ok((plain, guard));
        }
        plain.close().await;
        Ok((Self::connect_under(url, Some(program.role())).await?, guard))
    }

    async fn login(&self, program: Program) -> Result<Login, StoreError> {
        Ok(sqlx::query_as(
            "SELECT me.rolname AS login,
                    me.rolsuper OR pg_has_role(me.oid, t.relowner, 'MEMBER')
                        OR has_table_privilege(me.oid, t.oid, 'UPDATE, DELETE, TRUNCATE')
                        OR has_table_privilege(me.oid, $2::regclass, 'INSERT') AS powerful,
                    coalesce((SELECT pg_has_role(me.oid, r.oid, 'MEMBER') FROM pg_roles r WHERE r.rolname = $1), false) AS member
             FROM pg_roles me, pg_class t WHERE me.rolname = session_user AND t.oid = 'audit_entry'::regclass",
        )
        .bind(program.role())
        .bind(program.foreign_log())
        .fetch_one(&self.pool)
        .await?)
    }

    /// What stops this connection's login from altering what it may only add to.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn guard(&self, program: Program) -> Result<Guard, StoreError> {
        let Login { login, powerful, member } = self.login(program).await?;
        Ok(match (powerful, member) {
            (false, _) => Guard::Login,
            (true, true) => Guard::Role { login },
            (true, false) => Guard::Open { login },
        })
    }

    /// True if this login owns the tables (or there are none yet): it may migrate and give rights.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn is_owner(&self) -> Result<bool, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT coalesce((SELECT pg_has_role(c.relowner, 'MEMBER') FROM pg_class c WHERE c.oid = to_regclass('_sqlx_migrations')), true)",
        )
        .fetch_one(&self.pool)
        .await?)
    }

    /// As the tables' owner: makes the roles and gives each what its program needs, no more. Does nothing if all is so.
    /// False: the login may not create roles, and nobody has created them for it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn roles_prepare(&self) -> Result<bool, StoreError> {
        let mut connection = self.pool.acquire().await?;
        for program in Program::ALL {
            if !create_role(&mut connection, program).await? {
                return Ok(false);
            }
        }
        if given(&mut connection).await? != wanted() {
            give(&mut connection).await?;
        }
        Ok(true)
    }
}

/// The role, and that the owner may take it. False if this login may not.
async fn create_role(connection: &mut PgConnection, program: Program) -> Result<bool, StoreError> {
    let role = program.role();
    let found: Option<bool> = sqlx::query_scalar("SELECT pg_has_role(oid, 'MEMBER') FROM pg_roles WHERE rolname = $1")
        .bind(role)
        .fetch_optional(&mut *connection)
        .await?;
    let statements = match found {
        Some(true) => return Ok(true),
        Some(false) => vec![format!("GRANT {role} TO CURRENT_USER")],
        None => vec![format!("CREATE ROLE {role} NOLOGIN"), format!("GRANT {role} TO CURRENT_USER")],
    };
    for statement in statements {
        let done = sqlx::query(AssertSqlSafe(statement)).execute(&mut *connection).await;
        match done.as_ref().err().and_then(|e| e.as_database_error()).and_then(|e| e.code()).as_deref() {
            // Somebody was quicker, on this or another database of the cluster.
            Some("42710" | "23505" | "XX000") => {}
            // The role itself may be there all the same: its rights can still be given.
            Some("42501" | "0LP01") => return Ok(found.is_some()),
            _ => {
                done?;
            }
        }
    }
    Ok(true)
}

/// Every right either role has on our tables.
async fn given(connection: &mut PgConnection) -> Result<BTreeSet<Grant>, StoreError> {
    #[derive(FromRow)]
    struct Row {
        relation: String,
        role: String,
        right: String,
        attribute: Option<String>,
    }
    let rows = sqlx::query_as::<_, Row>(
        "SELECT c.relname::text AS relation, r.rolname::text AS role, g.privilege_type AS right, g.attribute
         FROM pg_class c
         CROSS JOIN LATERAL (
             SELECT a.grantee, a.privilege_type, NULL::text AS attribute FROM aclexplode(c.relacl) a
             UNION ALL
             SELECT a.grantee, a.privilege_type, t.attname::text FROM pg_attribute t, aclexplode(t.attacl) a WHERE t.attrelid = c.oid) g
         JOIN pg_roles r ON r.oid = g.grantee
         WHERE c.relnamespace = 'public'::regnamespace AND r.rolname IN ('muster_server', 'muster_worker')",
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| Grant::new(&row.role, &row.relation, &row.right, row.attribute.as_deref())).collect())
}

async fn give(connection: &mut PgConnection) -> Result<(), StoreError> {
    let mut tx = connection.begin().await?;
    // One at a time: two that give the same rights at once would disturb each other.
    sqlx::query("SELECT pg_advisory_xact_lock(8472639)").execute(&mut *tx).await?;
    let mut statements =
        vec!["REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, muster_server, muster_worker".to_owned()];
    for table in TABLES {
        for program in Program::ALL {
            let rights = table.rights(program);
            if !rights.is_empty() {
                statements.push(format!("GRANT {} ON {} TO {}", rights.join(", "), table.name, program.role()));
            }
        }
    }
    for statement in statements {
        sqlx::query(AssertSqlSafe(statement)).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    close_schema(connection).await
}

/// Before Postgres 15 everybody may create tables beside ours. Only the schema's owner can change that.
async fn close_schema(connection: &mut PgConnection) -> Result<(), StoreError> {
    let ours: bool =
        sqlx::query_scalar("SELECT pg_has_role(nspowner, 'MEMBER') FROM pg_namespace WHERE nspname = 'public'")
            .fetch_one(&mut *connection)
            .await?;
    if ours {
        for statement in [
            "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
            "GRANT USAGE ON SCHEMA public TO muster_server, muster_worker",
        ] {
            sqlx::query(statement).execute(&mut *connection).await?;
        }
    }
    Ok(())
}
