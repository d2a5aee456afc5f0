//! Who may see a restricted incident: people let in by name, those who hold a duty in it, and whose role has the right. Decides about
//! seeing only; what one may do there is the access table's.

use super::{Incident, IncidentCommand, IncidentEvent, Person};
use crate::{
    domain::{
        access::{Action, Rights},
        offer::Refusal,
    },
    ids::UserId,
};

/// More people let in by name are everybody.
const MOST_READERS: usize = 100;

/// Somebody who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Eyes {
    pub who: UserId,
    /// Their role lets them see every incident.
    pub all: bool,
}

impl Eyes {
    #[must_use]
    pub fn of(who: UserId, rights: Rights) -> Self {
        Self { who, all: rights.may(Action::SeeRestricted) }
    }
}

/// The rule. `seen_by`: as [`Incident::seen_by`] says.
#[must_use]
pub fn allows(seen_by: Option<&[UserId]>, eyes: Eyes) -> bool {
    eyes.all || seen_by.is_none_or(|people| people.contains(&eyes.who))
}

impl Incident {
    /// Who sees it beside those whose role has the right; `None` if everybody who opens the console does.
    #[must_use]
    pub fn seen_by(&self) -> Option<Vec<UserId>> {
        let readers = self.readers.as_ref()?;
        let named = readers.iter().map(|person| person.id);
        let mut ids: Vec<UserId> = named.chain(self.duties.iter().map(|held| held.holder.id)).collect();
        ids.sort_unstable();
        ids.dedup();
        Some(ids)
    }

    /// The event that lets somebody in.
    ///
    /// # Errors
    /// If it is not restricted, they see it by name already, or too many do.
    pub fn let_in(&self, person: Person) -> Result<IncidentEvent, Refusal> {
        self.permits(IncidentCommand::ChangeReaders)?;
        let readers = self.readers.as_deref().unwrap_or_default();
        if readers.iter().any(|reader| reader.id == person.id) {
            return Err(Refusal::new("reader-known", format!("{} may see this incident already.", person.name)));
        }
        if readers.len() >= MOST_READERS {
            let message = format!("{MOST_READERS} people may see this incident by name; more do not fit.");
            return Err(Refusal::new("too-many-readers", message));
        }
        Ok(IncidentEvent::LetIn { person })
    }

    /// The event that lets somebody see it no longer.
    ///
    /// # Errors
    /// If they were not let in by name, hold a duty, or nobody would be left.
    pub fn put_out(&self, id: UserId) -> Result<IncidentEvent, Refusal> {
        self.permits(IncidentCommand::ChangeReaders)?;
        let readers = self.readers.as_deref().unwrap_or_default();
        let Some(person) = readers.iter().find(|reader| reader.id == id) else {
            return Err(Refusal::new("reader-unknown", "They were not let in by name. Nothing was changed."));
        };
        if let Some(held) = self.duties.iter().find(|held| held.holder.id == id) {
            let message = format!(
                "{} is the {} and sees the incident as long as that is so. Somebody else must take over first.",
                person.name, held.duty
            );
            return Err(Refusal::new("reader-on-duty", message));
        }
        if readers.len() == 1 {
            let message = format!("{} is the last one who was let in. Let somebody else in first.", person.name);
            return Err(Refusal::new("last-reader", message));
        }
        Ok(IncidentEvent::PutOut { person: person.clone() })
    }

    pub(super) fn readers_change(&mut self, event: &IncidentEvent) -> Result<(), Refusal> {
        use IncidentEvent as E;
        match event {
            E::Restricted { people, .. } => {
                self.permits(IncidentCommand::Restrict)?;
                if people.is_empty() || people.len() > MOST_READERS {
                    let message = format!("Name 1 to {MOST_READERS} people who may see it.");
                    return Err(Refusal::new("no-readers", message));
                }
                self.readers = Some(people.clone());
            }
            E::Opened { .. } => {
                self.permits(IncidentCommand::LiftRestriction)?;
                self.readers = None;
            }
            E::LetIn { person } => {
                self.let_in(person.clone())?;
                self.readers.get_or_insert_default().push(person.clone());
            }
            E::PutOut { person } => {
                self.put_out(person.id)?;
                self.readers.get_or_insert_default().retain(|reader| reader.id != person.id);
            }
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{
        domain::{
            access::Role,
            incident::{Duty, Held},
        },
        timestamp::Timestamp,
    };

    fn person(n: u128) -> Person {
        Person { id: UserId(Uuid::from_u128(n)), name: format!("P{n}") }
    }

    fn open() -> Incident {
        Incident::declared("x".into(), (1, None), vec![], None, Timestamp::from_unix(0))
    }

    fn restricted(people: &[u128]) -> Incident {
        let people = people.iter().map(|n| person(*n)).collect();
        open().apply(&IncidentEvent::Restricted { people, reason: None }, Timestamp::from_unix(1)).unwrap()
    }

    fn eyes(n: u128, all: bool) -> Eyes {
        Eyes { who: UserId(Uuid::from_u128(n)), all }
    }

    #[test]
    fn who_sees_it() {
        let mut with_duty = restricted(&[1]);
        let since = Timestamp::from_unix(2);
        with_duty.duties.push(Held { duty: Duty::Scribe, holder: person(2), since, offered_to: Some(person(3)) });
        for (name, incident, who, sees) in [
            ("open to everybody", open(), eyes(9, false), true),
            ("named", restricted(&[1]), eyes(1, false), true),
            ("not named", restricted(&[1]), eyes(2, false), false),
            ("by the role", restricted(&[1]), eyes(2, true), true),
            ("by a duty", with_duty.clone(), eyes(2, false), true),
            ("asked to take a duty", with_duty, eyes(3, false), false),
        ] {
            assert_eq!(allows(incident.seen_by().as_deref(), who), sees, "{name}");
        }
    }

    #[test]
    fn no_role_that_comes_with_muster_sees_what_is_restricted() {
        for role in Role::ALL {
            assert!(!Eyes::of(person(1).id, role.rights()).all, "{role:?}");
        }
    }

    #[test]
    fn letting_in_and_putting_out() {
        let now = Timestamp::from_unix(3);
        let code = |result: Result<IncidentEvent, Refusal>| result.unwrap_err().code;
        assert_eq!(code(open().let_in(person(1))), "not-restricted");
        let one = restricted(&[1]);
        assert_eq!(code(one.let_in(person(1))), "reader-known");
        assert_eq!(code(one.put_out(person(1).id)), "last-reader");
        assert_eq!(code(one.put_out(person(2).id)), "reader-unknown");
        let mut two = one.apply(&one.let_in(person(2)).unwrap(), now).unwrap();
        let left = two.apply(&two.put_out(person(1).id).unwrap(), now).unwrap();
        assert_eq!(left.seen_by(), Some(vec![person(2).id]));
        two.duties.push(Held { duty: Duty::Scribe, holder: person(2), since: now, offered_to: None });
        assert_eq!(code(two.put_out(person(2).id)), "reader-on-duty");
        let again = IncidentEvent::Restricted { people: vec![person(1)], reason: None };
        assert_eq!(two.apply(&again, now).unwrap_err().code, "already-restricted");
        let nobody = IncidentEvent::Restricted { people: vec![], reason: None };
        assert_eq!(open().apply(&nobody, now).unwrap_err().code, "no-readers");
        let lifted = two.apply(&IncidentEvent::Opened { reason: "over".into() }, now).unwrap();
        assert_eq!(lifted.seen_by(), None);
    }
}
