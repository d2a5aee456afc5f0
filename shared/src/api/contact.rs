//! People to call: their ways to be reached, whom the plan's roles mean, what was sent to whom. Full addresses of others are only in
//! what says so.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    domain::{
        contact_drill::DrillOutcome,
        outbox::{Channel, DeliveryEvent, MessageState, Purpose},
        quiet::QuietHours,
    },
    ids::UserId,
    timestamp::Timestamp,
};

/// `GET /account/ways`: how one can be reached oneself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct WaysView {
    /// The account's own address, which is always one.
    pub email: String,
    /// Why e-mail is not sent, if so.
    pub mail_refused: Option<String>,
    pub items: Vec<WayView>,
    /// When one does not want to be woken by what others can see to.
    pub quiet: Option<QuietHours>,
}

/// `PUT /account/quiet-hours`; none ends them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct QuietHoursIn {
    pub hours: Option<QuietHours>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct WayView {
    pub id: Uuid,
    pub channel: Channel,
    /// The address; of one that lets whoever knows it write there, only the host.
    pub shown: String,
    pub created_at: Timestamp,
    /// Pages go only where a code has arrived. Phone numbers are for people and need none.
    pub verified_at: Option<Timestamp>,
    /// A code has been sent that counts until then.
    pub code_until: Option<Timestamp>,
    /// What became of the newest message there.
    pub last: Option<MessageView>,
}

#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WayIn {
    pub channel: Channel,
    pub address: String,
}

impl fmt::Debug for WayIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WayIn").field("channel", &self.channel).finish_non_exhaustive()
    }
}

/// A way that was added.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct WayMade {
    pub way: WayView,
    /// What a webhook's messages are signed with: shown once.
    pub key: Option<String>,
}

impl fmt::Debug for WayMade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WayMade").field("way", &self.way).finish_non_exhaustive()
    }
}

/// The code from the test message.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WayCodeIn {
    pub code: String,
}

/// A message, without its text: what became of it, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct MessageView {
    pub number: i64,
    pub purpose: Purpose,
    pub recipient: String,
    pub channel: Channel,
    pub address: String,
    pub subject: String,
    /// Of the incident that it is about.
    pub incident: Option<i64>,
    pub state: MessageState,
    pub attempts: i32,
    /// The next attempt, if there is to be one.
    pub next_at: Option<Timestamp>,
    /// Oldest first.
    pub log: Vec<DeliveryView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct DeliveryView {
    pub event: DeliveryEvent,
    pub at: Timestamp,
    pub said: String,
}

/// `GET /systems/{slug}/contacts`: whom to call, with their addresses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ContactsView {
    pub system: String,
    pub name: String,
    /// In the plan's order.
    pub roles: Vec<ContactRoleView>,
    /// Everybody who can be named, if one may.
    pub candidates: Vec<CandidateView>,
    /// Why this person cannot change it, if so.
    pub change_refused: Option<String>,
    /// Why e-mail is not sent, if so.
    pub mail_refused: Option<String>,
    /// Newest first.
    pub messages: Vec<MessageView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ContactRoleView {
    pub role: String,
    /// As the plan writes them.
    pub name: String,
    pub primary: String,
    pub backup: Option<String>,
    /// False if the plan does not name this role any more.
    pub in_plan: bool,
    /// The first is called first, the second is the backup.
    pub people: Vec<ContactView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ContactView {
    pub id: UserId,
    pub name: String,
    /// Who is deactivated is not called.
    pub active: bool,
    /// In their quiet hours now: others are called first, except at level 3.
    pub quiet: bool,
    pub email: String,
    /// To be called by people.
    pub phones: Vec<String>,
    /// What Muster pages by, e-mail to the account's address first.
    pub pages_by: Vec<Channel>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct CandidateView {
    pub id: UserId,
    pub name: String,
    pub email: String,
}

/// `PUT /systems/{slug}/contacts/{role}`: who is meant, in order; nobody empties it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ContactsIn {
    pub people: Vec<UserId>,
}

/// Tries whether somebody can be reached.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ContactTestIn {
    pub person: UserId,
}

/// `GET /incidents/{number}/calls`: who was called, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct CallsView {
    pub items: Vec<CallView>,
    /// Somebody is still to be called if nobody answers: when, at the latest.
    pub next_at: Option<Timestamp>,
    /// None of the plan's contact roles has anybody who could be called.
    pub nobody: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct CallView {
    pub id: Uuid,
    pub name: String,
    pub at: Timestamp,
    pub answered_at: Option<Timestamp>,
    pub messages: Vec<CallMessageView>,
}

/// A message of a call: without the address, which not everybody may see who sees the incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct CallMessageView {
    pub number: i64,
    pub channel: Channel,
    pub state: MessageState,
    pub attempts: i32,
    pub next_at: Option<Timestamp>,
    pub log: Vec<DeliveryView>,
}

/// `GET /systems/{slug}/contacts/drills`: rehearsals of the contact tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ContactDrillsView {
    /// The plan's levels, with what counts as in time.
    pub levels: Vec<DrillLevelView>,
    /// Newest first.
    pub items: Vec<ContactDrillView>,
    /// Why this person cannot begin one, if so.
    pub begin_refused: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct DrillLevelView {
    pub level: u8,
    pub name: String,
    pub within_seconds: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ContactDrillView {
    pub number: i64,
    pub level: u8,
    pub level_name: String,
    pub within_seconds: u64,
    /// Roles of the plan that had nobody.
    pub empty_roles: Vec<String>,
    pub begun_by: String,
    pub begun_at: Timestamp,
    pub due_at: Timestamp,
    /// When everybody had answered, or the time was over.
    pub ended_at: Option<Timestamp>,
    pub calls: Vec<DrillCallView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct DrillCallView {
    pub name: String,
    pub roles: Vec<String>,
    pub answered_at: Option<Timestamp>,
    /// From the beginning to the answer.
    pub seconds: Option<i64>,
    pub outcome: DrillOutcome,
}

/// `POST /systems/{slug}/contacts/drills`: calls everybody, as a drill of this level.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ContactDrillIn {
    pub level: u8,
}
