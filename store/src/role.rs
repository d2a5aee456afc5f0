//! Roles as rows: which there are, what those made here allow, and which need a second factor. Built-in ones cannot be changed but
//! for that.

use shared::domain::access::{Action, Rights, RoleName};
use sqlx::FromRow;

use crate::{Store, StoreError, Tx, error::from_name, user::rights_of};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleRecord {
    pub name: RoleName,
    pub rights: Rights,
    pub second_factor: bool,
    /// Active ones.
    pub people: i64,
}

#[derive(FromRow)]
struct RoleRow {
    name: String,
    actions: Option<Vec<String>>,
    second_factor: bool,
    people: i64,
}

impl TryFrom<RoleRow> for RoleRecord {
    type Error = StoreError;

    fn try_from(row: RoleRow) -> Result<Self, StoreError> {
        Ok(Self {
            rights: rights_of(&row.name, row.actions),
            name: from_name(row.name)?,
            second_factor: row.second_factor,
            people: row.people,
        })
    }
}

macro_rules! roles {
    ($rest:literal) => {
        concat!(
            "SELECT r.name, r.actions, r.second_factor,
                    (SELECT count(*) FROM app_user u WHERE u.role = r.name AND u.active) AS people
             FROM role r ",
            $rest
        )
    };
}

impl Store {
    /// Built-in ones first, by what they allow.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn role_list(&self) -> Result<Vec<RoleRecord>, StoreError> {
        let rows = sqlx::query_as::<_, RoleRow>(roles!(
            "ORDER BY array_position(ARRAY['viewer', 'responder', 'operator', 'approver', 'administrator'], r.name), r.name"
        ))
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }
}

impl Tx {
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such role.
    pub async fn role_fetch(&mut self, name: &RoleName) -> Result<RoleRecord, StoreError> {
        let query = sqlx::query_as::<_, RoleRow>(roles!("WHERE r.name = $1")).bind(name.as_str());
        query.fetch_one(self.connection()).await?.try_into()
    }

    /// Makes the role, or changes what it allows. `actions` of a built-in role are `None`.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn role_save(
        &mut self,
        name: &RoleName,
        actions: Option<&[Action]>,
        second_factor: bool,
    ) -> Result<(), StoreError> {
        let actions = actions.map(|actions| actions.iter().map(|action| action.name()).collect::<Vec<_>>());
        sqlx::query(
            "INSERT INTO role (name, actions, second_factor) VALUES ($1, $2, $3)
             ON CONFLICT (name) DO UPDATE SET actions = excluded.actions, second_factor = excluded.second_factor",
        )
        .bind(name.as_str())
        .bind(actions)
        .bind(second_factor)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// # Errors
    /// `Conflict` if somebody has it.
    pub async fn role_delete(&mut self, name: &RoleName) -> Result<(), StoreError> {
        let done = sqlx::query("DELETE FROM role WHERE name = $1 AND actions IS NOT NULL")
            .bind(name.as_str())
            .execute(self.connection())
            .await?;
        if done.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    }
}
