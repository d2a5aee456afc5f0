//! Whether new trouble is an incident that was resolved and is back. How long that is asked is the plan's watch, not known here.

use super::{Incident, IncidentState};

impl Incident {
    /// True if it is about everything that is in trouble now, and not worse than it was. Trouble that names no component is about the
    /// system as a whole, and so is an incident that names none. What only some may see is not opened to a source by what it names.
    #[must_use]
    pub fn is_again(&self, components: &[&str], level: u8) -> bool {
        let names = |component: &&str| self.affected.iter().any(|affected| affected.component == *component);
        self.state == IncidentState::Resolved
            && !self.drill
            && self.readers.is_none()
            && self.merged_into.is_none()
            && level <= self.level
            && if components.is_empty() { self.affected.is_empty() } else { components.iter().all(names) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            incident::{Affected, IncidentEvent},
            status::Impact,
        },
        timestamp::Timestamp,
    };

    fn resolved(components: &[&str]) -> Incident {
        let affected = components.iter().map(|id| Affected::new(id, id, Impact::MajorOutage, None)).collect();
        let incident = Incident::declared("down".into(), (2, None), affected, None, Timestamp::from_unix(0));
        let over = IncidentEvent::Resolved { text: "restarted".into(), despite: None };
        incident.apply(&over, Timestamp::from_unix(60)).unwrap()
    }

    #[test]
    fn it_is_about_the_same_and_not_worse() {
        let both = resolved(&["web", "db"]);
        for (components, level, again) in [
            (&["web"][..], 2, true),
            (&["db", "web"], 1, true),
            (&["web"], 3, false),
            (&["web", "queue"], 2, false),
            (&["queue"], 2, false),
            (&[], 2, false),
        ] {
            assert_eq!(both.is_again(components, level), again, "{components:?} {level}");
        }
        assert!(resolved(&[]).is_again(&[], 2));
        assert!(!resolved(&[]).is_again(&["web"], 2));
    }

    #[test]
    fn only_what_is_resolved_has_happened_and_is_for_everybody() {
        let over = resolved(&["web"]);
        let others = [
            Incident { state: IncidentState::Recovering, ..over.clone() },
            Incident { state: IncidentState::Closed, ..over.clone() },
            Incident { drill: true, ..over.clone() },
            Incident { readers: Some(vec![]), ..over.clone() },
            Incident { merged_into: Some(7), ..over.clone() },
        ];
        assert!(over.is_again(&["web"], 1));
        assert!(others.iter().all(|other| !other.is_again(&["web"], 1)), "{others:?}");
    }
}
