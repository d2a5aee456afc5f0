//! Backups, restored on trial: what people decide about it, what a trial found, and when a backup counts as verified. Restores nothing
//! itself and knows no clock.

mod judge;
mod place;

use serde::{Deserialize, Serialize};

pub use self::{
    judge::{judge_files, judge_loss, judge_numbers, judge_rows},
    place::{Place, places, production_of, questions},
};
use crate::{
    domain::{
        monitor::only_reads,
        text::{Look, Name},
    },
    plan::{Plan, StepKind},
    timestamp::Timestamp,
};

/// Of one trial: more is no question that people read.
const MOST_QUESTIONS: usize = 20;

/// Which database the dumps are of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "VerifiedDatabase"))]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Service of the project whose container has it; the scratch database is made from the same image.
    pub service: Name,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub user: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub database: Option<Name>,
}

/// Asked of production and of what was restored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "VerificationQuestion"))]
#[serde(deny_unknown_fields)]
pub struct Question {
    pub name: Name,
    pub query: Look,
    /// How far the two numbers may be apart; absent: it only has to be answered.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub may_differ: Option<f64>,
}

/// What people decide about the trials of a system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "VerificationSettings"))]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// From one trial to the next.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1, max = 744)))]
    pub every_hours: u32,
    /// Only when somebody asks for it.
    pub paused: bool,
    /// A trial that takes longer has failed.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1, max = 720)))]
    pub limit_minutes: u32,
    /// The scratch database's memory.
    #[cfg_attr(feature = "openapi", schemars(range(min = 128, max = 65_536)))]
    pub memory_mb: u32,
    /// What may be restored from one backup.
    #[cfg_attr(feature = "openapi", schemars(range(min = 1, max = 4_096)))]
    pub most_gb: u32,
    /// A table of which fewer rows than so many of a hundred came back is not restored.
    #[cfg_attr(feature = "openapi", schemars(range(max = 100)))]
    pub least_percent: u32,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub database: Option<Database>,
    /// A query for the time of the newest row, in seconds since 1970: what would be lost is measured by it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub newest: Option<Look>,
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schemars(length(max = 20)))]
    pub questions: Vec<Question>,
}

impl Settings {
    /// As the plan suggests it: its own SQL steps say where the database is.
    #[must_use]
    pub fn suggested(plan: Option<&Plan>) -> Self {
        let steps = plan.into_iter().flat_map(|plan| &plan.procedures).flat_map(|procedure| &procedure.steps);
        let name = |text: &Option<String>| text.as_deref().and_then(|text| Name::parse(text).ok());
        let database = steps.into_iter().find_map(|step| match &step.kind {
            StepKind::Sql { service, user, database, .. } => {
                Some(Database { service: Name::parse(service).ok()?, user: name(user), database: name(database) })
            }
            _ => None,
        });
        Self {
            every_hours: 24,
            paused: false,
            limit_minutes: 60,
            memory_mb: 512,
            most_gb: 20,
            least_percent: 50,
            database,
            newest: None,
            questions: vec![],
        }
    }

    /// # Errors
    /// The field that is wrong, and a sentence.
    pub fn admit(&self) -> Result<(), (String, String)> {
        let within = |field: &str, value: u32, least: u32, most: u32, what: &str| {
            let fits = (least..=most).contains(&value);
            if fits { Ok(()) } else { Err((field.to_owned(), format!("{what}: {least} to {most}."))) }
        };
        within("every_hours", self.every_hours, 1, 744, "Hours from one trial to the next")?;
        within("limit_minutes", self.limit_minutes, 1, 720, "Minutes that a trial may take")?;
        within("memory_mb", self.memory_mb, 128, 65_536, "Megabytes of memory for the scratch database")?;
        within("most_gb", self.most_gb, 1, 4_096, "Gigabytes that may be restored")?;
        within("least_percent", self.least_percent, 0, 100, "Rows of a hundred that must come back")?;
        if self.database.is_none() && (self.newest.is_some() || !self.questions.is_empty()) {
            return Err(("database".into(), "There are questions, and no database that they are asked of.".into()));
        }
        if let Some(newest) = &self.newest {
            only_reads(newest.as_str()).map_err(|why| ("newest".into(), why))?;
        }
        if self.questions.len() > MOST_QUESTIONS {
            return Err(("questions".into(), format!("At most {MOST_QUESTIONS} questions can be asked.")));
        }
        for (n, question) in self.questions.iter().enumerate() {
            only_reads(question.query.as_str()).map_err(|why| (format!("questions.{n}.query"), why))?;
            if question.may_differ.is_some_and(|far| !far.is_finite() || far < 0.0) {
                return Err((
                    format!("questions.{n}.may_differ"),
                    "How far two numbers may be apart is not below 0.".into(),
                ));
            }
            if self.questions[..n].iter().any(|other| other.name == question.name) {
                return Err((format!("questions.{n}.name"), "Another question has this name.".into()));
            }
        }
        Ok(())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "VerificationState"))]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// For a worker.
    Waiting,
    Running,
    /// Every backup could be restored.
    Verified,
    Failed,
    /// By a person, before it was over: says nothing about the backups.
    Cancelled,
}

impl State {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Verified => "verified",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Waiting => "Waits for a worker",
            Self::Running => "Under way",
            Self::Verified => "Verified",
            Self::Failed => "Failed",
            Self::Cancelled => "Cancelled",
        }
    }

    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Verified | Self::Failed | Self::Cancelled)
    }
}

/// The file that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "TriedFile"))]
pub struct File {
    pub name: String,
    /// SHA-256 of what was restored.
    pub digest: String,
    pub bytes: u64,
    pub taken_at: Timestamp,
}

/// One thing that was looked at on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Compared {
    pub what: String,
    /// How it was asked, if it was a query.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub query: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub production: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub restored: Option<String>,
    /// Why it speaks against the backup.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub trouble: Option<String>,
}

/// What became of the newest backup of one place: the proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "VerifiedPlace"))]
pub struct Found {
    /// As the plan calls it, and where it says that they lie.
    pub place: String,
    pub path: String,
    /// It could be restored, and holds what it should.
    pub verified: bool,
    /// In a sentence.
    pub why: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub file: Option<File>,
    /// What it was restored into.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub into: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub restored_ms: Option<u64>,
    /// What would have been lost if everything else had been gone, and how that was measured.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub loss_seconds: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub loss_by: Option<String>,
    /// It restores, and loses more than the plan promises.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub beyond: Option<String>,
    pub compared: Vec<Compared>,
    /// What the tools said, cut to what people read.
    pub log: Vec<String>,
}

impl Found {
    /// Nothing was restored.
    #[must_use]
    pub fn nothing(place: &Place, why: String) -> Self {
        Self {
            place: place.label.clone(),
            path: place.path.clone(),
            verified: false,
            why,
            file: None,
            into: None,
            restored_ms: None,
            loss_seconds: None,
            loss_by: None,
            beyond: None,
            compared: vec![],
            log: vec![],
        }
    }
}

/// What all places together come to, and the sentence for it.
#[must_use]
pub fn verdict(found: &[Found]) -> (State, String) {
    let bad: Vec<_> = found.iter().filter(|one| !one.verified).collect();
    match (found, bad.as_slice()) {
        ([], _) => (State::Failed, "The plan names no place of backups, so nothing could be restored.".into()),
        (_, [one]) => (State::Failed, format!("{}: {}", one.place, one.why)),
        (_, [first, ..]) => {
            (State::Failed, format!("{} of {} failed; {}: {}", bad.len(), found.len(), first.place, first.why))
        }
        (_, []) => {
            let beyond = found.iter().find_map(|one| Some(format!("{}: {}", one.place, one.beyond.as_ref()?)));
            let all = match found.len() {
                1 => "The newest backup could be restored".to_owned(),
                n => format!("The newest backups of {n} places could be restored"),
            };
            (State::Verified, beyond.map_or_else(|| format!("{all}."), |beyond| format!("{all}. {beyond}")))
        }
    }
}

#[cfg(test)]
mod tests;
