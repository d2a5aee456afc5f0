//! Whether somebody may see an incident, or what belongs to one, asked by number; and which audit entries keep what they say to
//! themselves. The rule is the domain's: the row keeps what it says.

use shared::{
    domain::incident::Eyes,
    ids::{IncidentId, UserId},
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Store, StoreError, Tx};

/// What has an address of its own and belongs to an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Incident,
    Run,
    Notice,
    Nudge,
    FollowUp,
}

impl Store {
    /// Whether it is there and these eyes may see it.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn part_is_seen(&self, part: Part, number: i64, eyes: Eyes) -> Result<bool, StoreError> {
        macro_rules! seen {
            ($from:literal) => {
                concat!("SELECT EXISTS (SELECT ", $from, " AND (i.seen_by IS NULL OR $2 OR $3 = ANY(i.seen_by)))")
            };
        }
        let query = match part {
            Part::Incident => seen!("FROM incident i WHERE i.number = $1"),
            Part::Run => seen!("FROM run r JOIN incident i ON i.id = r.incident_id WHERE r.number = $1"),
            Part::Notice => seen!("FROM notice n JOIN incident i ON i.id = n.incident_id WHERE n.number = $1"),
            Part::FollowUp => seen!("FROM follow_up f JOIN incident i ON i.id = f.incident_id WHERE f.number = $1"),
            Part::Nudge => {
                seen!("FROM nudge n JOIN incident i ON i.id = n.incident_id WHERE n.number = $1 AND n.user_id = $3")
            }
        };
        Ok(sqlx::query_scalar(query).bind(number).bind(eyes.all).bind(eyes.who.0).fetch_one(&self.pool).await?)
    }
}

impl Tx {
    /// Who may see this incident beside those whose role has the right; `None` if everybody may.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn incident_seen_by(&mut self, id: IncidentId) -> Result<Option<Vec<UserId>>, StoreError> {
        let people: Option<Vec<Uuid>> = sqlx::query_scalar("SELECT seen_by FROM incident WHERE id = $1")
            .bind(id.0)
            .fetch_one(self.connection())
            .await?;
        Ok(people.map(|people| people.into_iter().map(UserId).collect()))
    }
}

/// Those of these objects of audit entries ("incident 7", "run 5 step 2") that belong to an incident which not everybody may see.
pub(crate) async fn confidential(
    connection: &mut PgConnection,
    objects: &[&str],
) -> Result<Vec<(String, i64)>, StoreError> {
    let parts: Vec<(&str, i64)> = objects.iter().filter_map(|object| named(object)).collect();
    if parts.is_empty() {
        return Ok(vec![]);
    }
    let (words, numbers): (Vec<&str>, Vec<i64>) = parts.into_iter().unzip();
    Ok(sqlx::query_as(
        "SELECT DISTINCT t.word, t.number
         FROM unnest($1::text[], $2::bigint[]) AS t (word, number)
              JOIN incident i ON i.seen_by IS NOT NULL AND i.id = CASE t.word
                   WHEN 'run' THEN (SELECT incident_id FROM run WHERE number = t.number)
                   WHEN 'notice' THEN (SELECT incident_id FROM notice WHERE number = t.number)
                   WHEN 'follow-up' THEN (SELECT incident_id FROM follow_up WHERE number = t.number)
                   ELSE (SELECT id FROM incident WHERE number = t.number)
              END",
    )
    .bind(&words)
    .bind(&numbers)
    .fetch_all(connection)
    .await?)
}

/// The word and the number that an audit entry's object begins with, if it belongs to an incident.
pub(crate) fn named(object: &str) -> Option<(&str, i64)> {
    let (word, rest) = object.split_once(' ')?;
    let number = rest.split(' ').next()?.parse().ok()?;
    ["incident", "run", "report", "notice", "follow-up"].contains(&word).then_some((word, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_entry_is_about() {
        for (object, about) in [
            ("incident 7", Some(("incident", 7))),
            ("run 5 step 2", Some(("run", 5))),
            ("report 7", Some(("report", 7))),
            ("follow-up 3", Some(("follow-up", 3))),
            ("user a@b.example", None),
            ("maintenance 7", None),
            ("incident", None),
            ("POST /api/v1/incidents/7/notes", None),
        ] {
            assert_eq!(named(object), about, "{object}");
        }
    }
}
