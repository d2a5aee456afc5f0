//! What can happen to an incident: the entries of its timeline. What follows from them is the fold's, not theirs.

use serde::{Deserialize, Serialize};

use super::{Affected, Due, Duty, IncidentState, Person, PostDeed, PublicState, RunMoment};
use crate::{
    domain::{
        attachment::Attached,
        audience::Audience,
        criteria::Seen,
        escalation::{CalledBy, Why},
        standing_order::OrderMoment,
        validation::Despite,
    },
    timestamp::Timestamp,
};

/// Everything that can stand in a timeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum IncidentEvent {
    Declared {
        level: u8,
        affected: Vec<Affected>,
        text: Option<String>,
        /// Criteria of the plan that were ticked.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        seen: Vec<Seen>,
    },
    Acknowledged,
    WorkStarted,
    Noted {
        text: String,
        /// Who was meant by name.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        mentions: Vec<Person>,
    },
    LevelChanged {
        from: u8,
        to: u8,
        response_seconds: Option<u64>,
        reason: String,
    },
    /// A message for the public page.
    Posted {
        state: PublicState,
        text: String,
        /// Set if it was said afterwards: what it is about was so then.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        happened_at: Option<Timestamp>,
    },
    /// A message that waits for its time, or did.
    Scheduled {
        post: i64,
        deed: PostDeed,
        text: String,
    },
    Resolved {
        text: String,
        /// What of its recovery was not proven then, and why it was resolved all the same.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        despite: Option<Despite>,
    },
    Closed {
        text: String,
    },
    Run {
        number: i64,
        procedure: String,
        moment: RunMoment,
        text: String,
    },
    /// Automatic recovery: what people consented to beforehand was begun, has helped or has not.
    Automatic {
        order: i64,
        name: String,
        moment: OrderMoment,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        run: Option<i64>,
        text: String,
    },
    /// A step of a run has told people something.
    Notified {
        run: i64,
        step: u32,
        audience: Audience,
        text: String,
    },
    /// One of them says that they have read it.
    NoticeAcknowledged {
        run: i64,
        step: u32,
        text: String,
    },
    ReportPublished {
        version: i32,
        public: bool,
    },
    /// What led here, or the same trouble again.
    AlertFired {
        alert: i64,
        source: String,
        title: String,
    },
    /// Whether the incident is over, a person says.
    AlertEnded {
        alert: i64,
        source: String,
        title: String,
        /// Other alerts of this incident.
        still_firing: u64,
    },
    /// People were called.
    Paged {
        people: Vec<CalledBy>,
        reason: Why,
    },
    /// Somebody says where it stands, or a run that has begun shows it.
    StateChanged {
        from: IncidentState,
        to: IncidentState,
        text: Option<String>,
    },
    /// It was resolved, and is back.
    Reopened {
        reason: String,
    },
    /// The components whose impact is another one now, or that are new.
    AffectedChanged {
        affected: Vec<Affected>,
        text: Option<String>,
    },
    /// From nobody, or from somebody who did not hand it over.
    DutyTaken {
        duty: Duty,
        // An entry says by itself who wrote it.
        #[serde(rename = "person")]
        by: Person,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        from: Option<Person>,
    },
    DutyOffered {
        duty: Duty,
        to: Person,
    },
    /// Accepted by the one who was asked.
    DutyHandedOver {
        duty: Duty,
        from: Person,
        to: Person,
    },
    /// Declined, or withdrawn: the holder stays.
    DutyOfferEnded {
        duty: Duty,
        to: Person,
    },
    DutyLeft {
        duty: Duty,
        // An entry says by itself who wrote it.
        #[serde(rename = "person")]
        by: Person,
    },
    /// A clock has run out; said once.
    Overdue {
        due: Due,
        /// The clock's name.
        clock: String,
        limit_seconds: u64,
    },
    /// A written entry reads so from now on; what it said before stays where it is.
    Corrected {
        entry: i32,
        text: String,
        /// Who is meant by name and was not before.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        mentions: Vec<Person>,
    },
    Pinned {
        entry: i32,
    },
    Unpinned {
        entry: i32,
    },
    TaskAdded {
        task: u32,
        text: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        owner: Option<Person>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        due_at: Option<Timestamp>,
    },
    /// Taken, handed to somebody, or let go.
    TaskGiven {
        task: u32,
        text: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        from: Option<Person>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        to: Option<Person>,
    },
    TaskChanged {
        task: u32,
        text: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        due_at: Option<Timestamp>,
    },
    TaskEnded {
        task: u32,
        text: String,
        /// Otherwise nobody needs it any more.
        done: bool,
    },
    TaskReopened {
        task: u32,
        text: String,
    },
    /// A file was put to it.
    Attached {
        file: Attached,
    },
    /// From now on only these people see it, those who hold a duty in it, and whose role has the right.
    Restricted {
        people: Vec<Person>,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        reason: Option<String>,
    },
    /// Everybody who opens the console sees it again.
    Opened {
        reason: String,
    },
    LetIn {
        // An entry says by itself who wrote it.
        person: Person,
    },
    PutOut {
        person: Person,
    },
    /// It is the same trouble as another incident, which is gone on with there.
    Merged {
        into: i64,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        reason: Option<String>,
    },
    /// Another incident turned out to be this one.
    TookIn {
        duplicate: i64,
    },
    Related {
        other: i64,
    },
    Unrelated {
        other: i64,
    },
}
