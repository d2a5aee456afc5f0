//! Incidents on the wire.

use serde::{Deserialize, Serialize};

use crate::{
    api::related::LinksView,
    digest::Digest,
    domain::{
        actor::Actor,
        clock::Clock,
        criteria::Seen,
        incident::{Affected, Duty, Held, IncidentCommand, IncidentEvent, IncidentState, Person, PublicState, Task},
        offer::Offer,
        run::RunState,
        status::Impact,
        text::{Message, Title},
        validation::OpenPoint,
    },
    ids::{IncidentId, UserId},
    timestamp::Timestamp,
};

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DeclareIn {
    /// Slug of the system.
    pub system: String,
    pub title: Title,
    pub level: u8,
    pub affected: Vec<AffectedIn>,
    /// Criteria of the plan's levels that somebody sees, in the plan's words.
    #[serde(default)]
    pub seen: Vec<Seen>,
    /// Who may see it beside oneself; absent: everybody who opens the console.
    #[serde(default)]
    pub restricted_to: Option<Vec<UserId>>,
    /// For the team only.
    #[serde(default)]
    pub text: Option<Message>,
    /// What the status page will say; absent keeps the incident internal.
    #[serde(default)]
    pub public: Option<PublicIn>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AffectedIn {
    /// Id of a component of the plan.
    pub component: String,
    pub impact: Impact,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PublicIn {
    pub title: Title,
    pub text: Message,
    /// Whether subscribers are told.
    #[serde(default = "super::yes")]
    pub notify: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NoteIn {
    pub text: Message,
    /// Who is meant by "@Name" in the text: they are told.
    #[serde(default)]
    pub mentions: Vec<UserId>,
}

impl NoteIn {
    /// One that means nobody.
    #[must_use]
    pub fn of(text: Message) -> Self {
        Self { text, mentions: vec![] }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LevelIn {
    pub level: u8,
    pub reason: Message,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateIn {
    pub state: PublicState,
    pub text: Message,
    /// Whether subscribers are told.
    #[serde(default = "super::yes")]
    pub notify: bool,
    /// Set to say it afterwards: what it is about was so then. Visitors see that it was said later.
    #[serde(default)]
    pub happened_at: Option<Timestamp>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CloseIn {
    /// What was learned, or what is left to do elsewhere.
    pub text: Message,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ResolveIn {
    /// What was done, for the team.
    pub text: Message,
    /// Why it is resolved although the validation of its recovery has open points. Needed only then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub despite: Option<Message>,
    /// The last word on the status page; a plain sentence is used if absent.
    #[serde(default)]
    pub public_text: Option<Message>,
    /// Whether subscribers are told.
    #[serde(default = "super::yes")]
    pub notify: bool,
}

/// The details of a refusal to resolve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct NotValidated {
    pub open_points: Vec<OpenPoint>,
}

/// Where it stands now.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StateIn {
    /// As the one who says it saw it: if somebody was faster, nothing is changed.
    pub from: IncidentState,
    /// Acknowledged, identified, recovering or monitoring.
    pub to: IncidentState,
    /// For the team.
    #[serde(default)]
    pub text: Option<Message>,
}

/// Components whose impact is another one, or that are new. What is not named stays as it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AffectedChangeIn {
    pub affected: Vec<AffectedIn>,
    /// For the team.
    #[serde(default)]
    pub text: Option<Message>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReopenIn {
    /// For the team.
    pub reason: Message,
    /// For the status page; a plain sentence is used if absent.
    #[serde(default)]
    pub public_text: Option<Message>,
    /// Whether subscribers are told what the status page says.
    #[serde(default = "super::yes")]
    pub notify: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DutyIn {
    pub duty: Duty,
    pub deed: DutyVerb,
    /// To take: whom one saw holding it, if anybody. To offer: to whom.
    #[serde(default)]
    pub person: Option<UserId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum DutyVerb {
    Take,
    /// Ask somebody to take over; until they accept, one stays.
    Offer,
    Accept,
    Decline,
    /// Take an offer back.
    Withdraw,
    Leave,
}

/// A written entry reads so from now on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CorrectionIn {
    /// Number of the entry in the timeline.
    pub entry: i32,
    /// What it said when the correction was begun: if somebody was faster, nothing is changed.
    pub instead_of: Message,
    pub text: Message,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PinIn {
    /// Number of the entry in the timeline.
    pub entry: i32,
    pub pinned: bool,
}

/// A row of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct IncidentRowView {
    pub number: i64,
    pub title: String,
    pub level: u8,
    pub state: IncidentState,
    pub affected: Vec<Affected>,
    pub declared_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
    pub clocks: Vec<Clock>,
    /// Only some may see it.
    #[serde(default)]
    pub restricted: bool,
    /// The incident that it is the same as.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub merged_into: Option<i64>,
}

/// One incident, whole, for one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct IncidentView {
    pub id: IncidentId,
    pub number: i64,
    /// Slug of the system.
    pub system: String,
    /// Nothing has happened: a procedure is rehearsed.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub drill: bool,
    pub title: String,
    pub level: u8,
    pub level_name: String,
    pub state: IncidentState,
    pub affected: Vec<Affected>,
    pub declared_by: Actor,
    pub declared_at: Timestamp,
    pub resolved_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub closed_at: Option<Timestamp>,
    /// Runs for which the glass was broken and nobody has reviewed that.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub owing_review: Vec<i64>,
    pub public_title: Option<String>,
    pub public_state: Option<PublicState>,
    pub clocks: Vec<Clock>,
    /// Duties that somebody has.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub duties: Vec<Held>,
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub tasks: Vec<Task>,
    /// Who may see it by name, if not everybody may.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub readers: Option<Vec<Person>>,
    /// The incident that it was merged into.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub merged_into: Option<i64>,
    pub links: LinksView,
    pub offers: Vec<Offer<IncidentCommand>>,
    pub procedures: Vec<ProcedureOffer>,
    pub runs: Vec<RunRowView>,
    /// What is open of the recovery's validation: while something is, resolving takes a reason.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub open_points: Vec<OpenPoint>,
    /// Newest last.
    pub timeline: Vec<TimelineEntry>,
    pub report: Option<ReportRef>,
    pub now: Timestamp,
}

/// A recovery button: open, or off with the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ProcedureOffer {
    pub id: String,
    pub title: String,
    pub section: Vec<String>,
    /// Line in the plan.
    pub line: u32,
    /// Of the procedure in the plan in force; a request names it, so that a button never does what it did not say.
    pub digest: Digest,
    /// Services its steps with an effect name.
    pub services: Vec<String>,
    /// True if it names, or can be asked to mean, a component this incident affects.
    pub fits: bool,
    /// What the button asks before it asks for consent.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub parameters: Vec<ParameterOffer>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub refused: Option<String>,
    /// Number of the run that is live on the target: a request made now waits in line behind it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub behind: Option<i64>,
}

/// One question of a button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ParameterOffer {
    pub name: String,
    /// "Which validator?"
    pub label: String,
    /// What the plan's text says.
    pub default: String,
    pub choices: Vec<ParameterChoice>,
    /// When the worker last looked; absent if the choices are the plan's own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seen_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ParameterChoice {
    pub value: String,
    /// What was last seen of it: a service's state (`running`, `exited`), a file's size.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
    /// When a file was last written.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub written_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct RunRowView {
    pub number: i64,
    /// It was done to a drill target.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub drill: bool,
    pub incident: i64,
    pub procedure: String,
    pub state: RunState,
    pub requested_by: String,
    pub requested_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    /// Final checks of a run that has succeeded which a person still has to make, or has found not to hold.
    pub open_checks: u32,
    /// A standing order began it, not a person.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub automatic: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct TimelineEntry {
    pub seq: i32,
    pub at: Timestamp,
    pub by: Actor,
    #[serde(flatten)]
    pub event: IncidentEvent,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ReportRef {
    pub version: i32,
    pub published_version: Option<i32>,
}
