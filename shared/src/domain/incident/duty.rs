//! Who does what in an incident: commander, scribe, communications lead. Duties give no rights: those are the access table's.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Incident, IncidentCommand, IncidentEvent};
use crate::{domain::offer::Refusal, ids::UserId, timestamp::Timestamp};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Duty {
    /// Decides, and is asked.
    Commander,
    /// Writes down what happens.
    Scribe,
    /// Tells everybody outside.
    CommunicationsLead,
}

impl Duty {
    pub const ALL: [Self; 3] = [Self::Commander, Self::Scribe, Self::CommunicationsLead];

    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Commander => "Commander",
            Self::Scribe => "Scribe",
            Self::CommunicationsLead => "Communications lead",
        }
    }
}

impl fmt::Display for Duty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().to_lowercase())
    }
}

/// Somebody, by the name they had then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Person {
    pub id: UserId,
    pub name: String,
}

/// A duty that somebody has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Held {
    pub duty: Duty,
    pub holder: Person,
    pub since: Timestamp,
    /// Has been asked to take over and has not answered: until then the holder stays.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub offered_to: Option<Person>,
}

/// What one person wants to do about a duty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DutyDeed {
    /// From the one whom they saw holding it, or from nobody.
    Take {
        from: Option<UserId>,
    },
    Offer {
        to: Person,
    },
    Accept,
    Decline,
    Withdraw,
    Leave,
}

fn refuse(code: &'static str, message: String) -> Refusal {
    Refusal::new(code, message)
}

fn take(duty: Duty, from: Option<UserId>, held: Option<&Held>, me: &Person) -> Result<IncidentEvent, Refusal> {
    match held {
        Some(now) if now.holder.id == me.id => Err(refuse("duty-held", format!("You are the {duty} already."))),
        Some(now) if from != Some(now.holder.id) => Err(refuse(
            "duty-changed",
            format!("{} is the {duty} now. Nothing was changed; look again before you take over.", now.holder.name),
        )),
        None if from.is_some() => Err(refuse(
            "duty-changed",
            format!("Nobody is the {duty} any more. Nothing was changed; take it if you still want to."),
        )),
        before => {
            let from = before.map(|held| held.holder.clone());
            Ok(IncidentEvent::DutyTaken { duty, by: me.clone(), from })
        }
    }
}

/// `me`, if it is they who were asked.
fn asked(duty: Duty, held: &Held, me: &Person) -> Result<Person, Refusal> {
    held.offered_to.clone().filter(|asked| asked.id == me.id).ok_or_else(|| {
        refuse("duty-changed", format!("You are not asked to become the {duty} any more. Nothing was changed."))
    })
}

impl Incident {
    #[must_use]
    pub fn held(&self, duty: Duty) -> Option<&Held> {
        self.duties.iter().find(|held| held.duty == duty)
    }

    /// The event that a deed is, if `me` may do it now.
    ///
    /// # Errors
    /// A refusal that says who has the duty instead.
    pub fn duty_event(&self, duty: Duty, deed: DutyDeed, me: &Person) -> Result<IncidentEvent, Refusal> {
        use IncidentEvent as E;
        self.permits(IncidentCommand::HoldDuty)?;
        match (deed, self.held(duty)) {
            (DutyDeed::Take { from }, held) => take(duty, from, held, me),
            (_, None) => Err(refuse(
                "duty-vacant",
                format!("Nobody is the {duty}, so there is nothing to hand over. Nothing was changed."),
            )),
            (DutyDeed::Accept, Some(held)) => {
                let to = asked(duty, held, me)?;
                Ok(E::DutyHandedOver { duty, from: held.holder.clone(), to })
            }
            (DutyDeed::Decline, Some(held)) => Ok(E::DutyOfferEnded { duty, to: asked(duty, held, me)? }),
            (_, Some(held)) if held.holder.id != me.id => Err(refuse(
                "duty-changed",
                format!("{} is the {duty}, not you. Nothing was changed.", held.holder.name),
            )),
            (DutyDeed::Offer { to }, _) if to.id == me.id => {
                Err(refuse("duty-held", format!("You are the {duty} already; name somebody else.")))
            }
            (DutyDeed::Offer { to }, _) => Ok(E::DutyOffered { duty, to }),
            (DutyDeed::Withdraw, Some(held)) => match &held.offered_to {
                Some(to) => Ok(E::DutyOfferEnded { duty, to: to.clone() }),
                None => Err(refuse("duty-changed", "Nobody is asked any more. Nothing was changed.".into())),
            },
            (DutyDeed::Leave, _) => Ok(E::DutyLeft { duty, by: me.clone() }),
        }
    }

    /// Folds what happened to a duty.
    pub(super) fn duty_given(&mut self, duty: Duty, holder: Option<&Person>, now: Timestamp) {
        self.duties.retain(|held| held.duty != duty);
        if let Some(holder) = holder {
            self.duties.push(Held { duty, holder: holder.clone(), since: now, offered_to: None });
            // They go on seeing what they have worked on when they leave it, until somebody puts them out.
            if let Some(readers) = &mut self.readers
                && readers.iter().all(|reader| reader.id != holder.id)
            {
                readers.push(holder.clone());
            }
            self.duties.sort_by_key(|held| Duty::ALL.iter().position(|duty| *duty == held.duty));
        }
    }

    pub(super) fn duty_offered(&mut self, duty: Duty, to: Option<&Person>) {
        if let Some(held) = self.duties.iter_mut().find(|held| held.duty == duty) {
            held.offered_to = to.cloned();
        }
    }
}
