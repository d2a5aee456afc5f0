//! Recovery runs on the wire.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    digest::Digest,
    domain::{
        actor::Actor,
        approval::{ApprovalPolicy, Content, Decision, Glass},
        forecast::{Forecast, Promise},
        offer::Offer,
        resolution::Resolution,
        run::{Answer, Priority, Proposal, Review, RunState, Seen, StepRun},
        standing_order::Ordered,
        text::Message,
    },
    ids::RunId,
    plan::Procedure,
    timestamp::Timestamp,
};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RunRequestIn {
    /// Id of a procedure of the system's current plan.
    pub procedure: String,
    /// Values of its parameters, by name; what is not named stays as the plan has it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// Of the procedure as whoever presses the button saw it: if the plan has another one by now, nothing is requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub procedure_digest: Option<Digest>,
    /// Only look up what it would do. Needs nobody's consent, and waits for no other run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// If another run is live on the target: wait in line for it to end, instead of being refused.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wait: bool,
    /// Number of a run of the same procedure that ended before its time: go on from the first step that it did not do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumes: Option<i64>,
}

impl RunRequestIn {
    /// The procedure as the plan has it.
    #[must_use]
    pub fn of(procedure: impl Into<String>) -> Self {
        Self { procedure: procedure.into(), ..Self::default() }
    }
}

/// A decision names what it is about: if that has changed, it is refused.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DecisionIn {
    pub approve: bool,
    /// Required when refusing.
    #[serde(default)]
    pub reason: Option<Message>,
    pub content: Content,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WithdrawIn {
    pub reason: Message,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CancelIn {
    pub reason: Message,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AnswerIn {
    pub step: u32,
    pub answer: Answer,
}

/// What a person found at a final check. Later answers take the place of earlier ones; the log keeps all.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CheckIn {
    pub step: u32,
    pub holds: bool,
    /// Required if it does not hold.
    #[serde(default)]
    pub note: Option<Message>,
}

/// What the second person says about the first one's answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ConfirmIn {
    pub step: u32,
    /// As it was read: another one by now is not confirmed.
    pub answer: Answer,
    pub agree: bool,
    /// Required when objecting.
    #[serde(default)]
    pub reason: Option<Message>,
}

/// The consent that others should have given, taken upon oneself. It takes a proof made for it (`POST /session/proof`).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GlassIn {
    pub reason: Message,
    pub content: Content,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReviewIn {
    /// Whether it was right, and what follows from it.
    pub text: Message,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PriorityIn {
    pub priority: Priority,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RunCommand {
    Approve,
    Refuse,
    /// Consent without those who should give it.
    BreakGlass,
    /// Look at that afterwards.
    Review,
    Withdraw,
    Prioritise,
    /// That a step took effect whose outcome nobody knew.
    Happened,
    /// What somebody else has said about it, or object.
    Confirm,
    /// Request a run that goes on where this one ended.
    Resume,
    Retry,
    Skip,
    Stop,
    /// Make a final check.
    Check,
    Cancel,
}

/// Nothing is begun on any host until somebody lifts it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct FreezeView {
    pub by: Actor,
    pub reason: String,
    pub since: Timestamp,
}

/// Sets the freeze with a reason, or lifts it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FreezeIn {
    pub frozen: bool,
    /// Required when setting.
    #[serde(default)]
    pub reason: Option<Message>,
}

/// One run, whole, for one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct RunView {
    pub id: RunId,
    pub number: i64,
    pub incident: i64,
    pub incident_title: String,
    pub system: String,
    pub project: String,
    /// In a drill: the project of the system itself, which is not touched.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub drill_of: Option<String>,
    /// As the plan has it.
    pub procedure: Procedure,
    pub parameters: BTreeMap<String, String>,
    pub plan_version: i32,
    /// Only if another version is in force by now.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub plan_now: Option<PlanNow>,
    pub policy: ApprovalPolicy,
    /// Why the people there are cannot give the consent it takes, if so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub consent_missing: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub glass: Option<Glass>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub review: Option<Review>,
    /// It was begun by itself: the standing order that says so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ordered: Option<Ordered>,
    pub priority: Priority,
    /// While it waits in line.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub place: Option<Place>,
    /// Number of the run that it goes on from.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub resumes: Option<i64>,
    pub state: RunState,
    pub dry_run: bool,
    /// Nothing is begun at the moment: who wanted that, and why.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub frozen: Option<FreezeView>,
    pub requested_by: String,
    pub requested_at: Timestamp,
    pub resolution: Option<Resolution>,
    pub content: Option<Content>,
    pub decisions: Vec<Decision>,
    pub expires_at: Option<Timestamp>,
    pub steps: Vec<StepRun>,
    /// Step and reason while a person must decide.
    pub question: Option<QuestionView>,
    pub ended_at: Option<Timestamp>,
    pub reason: Option<String>,
    pub offers: Vec<Offer<RunCommand>>,
    /// Steps that are final checks for a person to make.
    pub checks_by_hand: Vec<u32>,
    /// The watch after the recovery, if the plan asks for one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub watch: Option<WatchView>,
    /// While it goes on or is about to: when it will be over.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub forecast: Option<ForecastView>,
    /// Once it has succeeded: what it took.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub times: Option<TimesView>,
    /// Seconds since the worker was last heard of while it holds this run.
    pub worker_silent_seconds: Option<i64>,
    pub now: Timestamp,
}

/// When a run will be over by what its steps took before, and whether that keeps what the plan promises.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ForecastView {
    pub forecast: Forecast,
    /// Of what is affected and not back: the promise that is due first.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub promise: Option<Promise>,
    /// At least one in ten such runs would miss it from here.
    pub late: bool,
    /// Otherwise the times are as if it began now.
    pub begun: bool,
}

/// What a recovery took, measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct TimesView {
    /// From when it was asked for until its last check held.
    pub from_request_seconds: i64,
    pub components: Vec<ComponentTimeView>,
}

/// Of one component of its incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ComponentTimeView {
    /// Its name.
    pub component: String,
    /// From when it went down until the run's last check held.
    pub from_start_seconds: i64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub promised_seconds: Option<u64>,
}

/// How closely the system was looked at after the recovery, and what that showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct WatchView {
    pub begun_at: Timestamp,
    pub until: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub n_rounds: u32,
    /// Rounds in which something did not hold.
    pub n_bad: u32,
    /// What did not hold in the last round: step and reason.
    pub bad: Vec<(u32, String)>,
    /// The latest ones, oldest first.
    pub rounds: Vec<WatchRound>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct WatchRound {
    pub at: Timestamp,
    /// Checks that did not hold.
    pub n_bad: u32,
}

/// The version in force, and what it says about a run's procedure. The run itself stays as it was requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PlanNow {
    pub version: i32,
    pub procedure: Standing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    Same,
    Changed,
    Gone,
}

/// Where a run stands in line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Place {
    /// The run that is live on the target.
    pub behind: Option<i64>,
    /// Runs that are called before it.
    pub before: Vec<i64>,
}

/// Why a person must decide, what they can go by, and whether one is enough.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct QuestionView {
    pub step: u32,
    pub why: String,
    /// What the step means, as the worker saw it when the question arose.
    pub seen: Vec<Seen>,
    /// What one person says, where it takes two.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub proposal: Option<Proposal>,
    /// Nobody knows what became of the step.
    pub unclear: bool,
    /// It takes two people to go on.
    pub takes_two: bool,
}

/// One line of a step's live output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct OutputLine {
    pub step: u32,
    pub attempt: u32,
    /// From 1, without gaps within the run.
    pub line: i64,
    pub at: Timestamp,
    /// `out`, `err`, or `muster` for what Muster itself says.
    pub stream: Stream,
    pub text: String,
}

/// Which part of a run's output is wanted, as the query string says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OutputPart {
    /// Lines after this number, from the first of them on.
    #[serde(default)]
    pub after: Option<i64>,
    /// Lines before this number, up to the last of them. Not together with `after`.
    #[serde(default)]
    pub before: Option<i64>,
    /// Only lines of this step.
    #[serde(default)]
    pub step: Option<u32>,
    /// How many at most; the server has a limit of its own.
    #[serde(default)]
    pub limit: Option<i64>,
}

impl OutputPart {
    /// The last `limit` lines.
    #[must_use]
    pub fn end(limit: i64) -> Self {
        Self { before: Some(i64::MAX), limit: Some(limit), ..Self::default() }
    }

    /// `?after=…&step=…`
    #[must_use]
    pub fn query(&self) -> String {
        let numbers =
            [("after", self.after), ("before", self.before), ("step", self.step.map(i64::from)), ("limit", self.limit)];
        let given: Vec<_> =
            numbers.iter().filter_map(|(name, number)| number.map(|number| format!("{name}={number}"))).collect();
        if given.is_empty() { String::new() } else { format!("?{}", given.join("&")) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Stream {
    Out,
    Err,
    Muster,
}

impl Stream {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::Err => "err",
            Self::Muster => "muster",
        }
    }
}
