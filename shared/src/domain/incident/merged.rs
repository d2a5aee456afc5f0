//! One incident that is another one, and incidents that have to do with each other. What moves along is the use case's.

use super::{Incident, IncidentCommand, IncidentState};
use crate::{
    domain::{offer::Refusal, status::Impact},
    timestamp::Timestamp,
};

impl Incident {
    /// Whether this one can be told to be the same as `other`.
    ///
    /// # Errors
    /// If one of them is over, or may not be seen by everybody.
    pub fn may_merge_into(&self, other: &Self, number: i64) -> Result<(), Refusal> {
        self.permits(IncidentCommand::Merge)?;
        if !other.state.open() {
            let message = format!("Incident {number} is {}; reopen it first, or choose another.", other.state);
            return Err(Refusal::new("target-over", message));
        }
        if other.drill {
            return Err(Refusal::new(
                "target-a-drill",
                format!("Incident {number} is a drill; nothing is merged into it."),
            ));
        }
        if other.readers.is_some() {
            let message = format!(
                "Incident {number} is restricted, and what is merged into it would have to be, too. Relate them instead."
            );
            return Err(Refusal::new("target-restricted", message));
        }
        Ok(())
    }

    pub(super) fn merge(&mut self, into: i64, now: Timestamp) -> Result<(), Refusal> {
        self.permits(IncidentCommand::Merge)?;
        // Its clocks stop here; those of the other one go on.
        self.state = IncidentState::Closed;
        self.acknowledged_at = self.acknowledged_at.or(Some(now));
        self.resolved_at = Some(now);
        self.closed_at = Some(now);
        self.merged_into = Some(into);
        Ok(())
    }

    /// The name of a component that does not work in both.
    #[must_use]
    pub fn shares(&self, other: &Self) -> Option<&str> {
        let down = |incident: &Self, component: &str| {
            let hurts = |a: &&super::Affected| a.component == component && a.impact != Impact::Operational;
            incident.affected.iter().any(|affected| hurts(&affected))
        };
        let both = self.affected.iter().find(|a| down(self, &a.component) && down(other, &a.component));
        both.map(|affected| affected.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::incident::{Affected, IncidentEvent, Person};

    fn now() -> Timestamp {
        Timestamp::from_unix(5)
    }

    fn hurt(component: &str, impact: Impact) -> Incident {
        let affected = vec![Affected::new(component, &component.to_uppercase(), impact, None)];
        Incident::declared("x".into(), (1, None), affected, None, Timestamp::from_unix(0))
    }

    #[test]
    fn what_is_merged_is_over_and_stays_so() {
        let (one, other) = (hurt("a", Impact::Degraded), hurt("a", Impact::MajorOutage));
        one.may_merge_into(&other, 2).unwrap();
        let merged = one.apply(&IncidentEvent::Merged { into: 2, reason: None }, now()).unwrap();
        assert_eq!(
            (merged.state, merged.merged_into, merged.resolved_at),
            (IncidentState::Closed, Some(2), Some(now()))
        );
        assert!(merged.next_due_at().is_none());
        for (wrong, code) in [
            (merged.may_merge_into(&other, 2), "incident-merged"),
            (one.may_merge_into(&merged, 3), "target-over"),
            (merged.permits(IncidentCommand::Reopen), "incident-merged"),
        ] {
            assert_eq!(wrong.unwrap_err().code, code);
        }
        let id = crate::ids::UserId(uuid::Uuid::from_u128(1));
        let people = vec![Person { id, name: "P".into() }];
        let restricted = other.apply(&IncidentEvent::Restricted { people, reason: None }, now()).unwrap();
        assert_eq!(one.may_merge_into(&restricted, 2).unwrap_err().code, "target-restricted");
        assert_eq!(restricted.may_merge_into(&one, 1).unwrap_err().code, "incident-restricted");
    }

    #[test]
    fn what_they_have_in_common() {
        let (a, worse) = (hurt("a", Impact::Degraded), hurt("a", Impact::MajorOutage));
        assert_eq!(a.shares(&worse), Some("A"));
        assert_eq!(a.shares(&hurt("b", Impact::Degraded)), None);
        assert_eq!(a.shares(&hurt("a", Impact::Operational)), None);
    }
}
