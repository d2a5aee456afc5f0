//! A question to people: why it is asked, what they can go by, and whether one person's answer is enough.

use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        actor::Actor,
        run::{Answer, Run, StepState},
    },
    timestamp::Timestamp,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    pub step: u32,
    pub why: String,
    /// What the step means, as the worker saw it when the question arose.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub seen: Vec<Seen>,
    /// What one person says, where it takes two.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub proposal: Option<Proposal>,
}

/// One object as it looked: "bt2c_validator1_1" "running since" 10:04:12.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Seen {
    pub name: String,
    pub looks: String,
    /// Completes the words.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Proposal {
    pub by: Actor,
    pub at: Timestamp,
    pub answer: Answer,
}

impl Run {
    pub(super) fn asks_about(&self, step: u32) -> bool {
        self.question.as_ref().is_some_and(|question| question.step == step)
    }

    /// True for a step that cannot be undone and of which nobody can tell whether it took effect, or may have after a restore.
    /// A wrong word about it does what nobody can take back, so it takes two people. Stopping takes one.
    #[must_use]
    pub fn takes_two(&self, step: u32) -> bool {
        let planned = self.header.procedure.steps.iter().find(|s| s.number == step);
        self.header.policy.confirm_unknown
            && planned.is_some_and(crate::plan::Step::cannot_be_undone)
            && self.is_unclear(step)
    }

    /// Whether the step took effect is not known.
    #[must_use]
    pub fn is_unclear(&self, step: u32) -> bool {
        self.steps.iter().find(|s| s.number == step).is_some_and(|s| match s.state {
            StepState::Unknown { .. } => true,
            StepState::Pending => self.may_have_happened(step),
            _ => false,
        })
    }

    pub(super) fn propose(&mut self, proposal: Option<Proposal>) -> Result<(), String> {
        let Some(step) = self.question.as_ref().map(|question| question.step) else {
            return Err("nothing is asked".into());
        };
        if !self.takes_two(step) {
            return Err(format!("one person is enough to answer about step {step}"));
        }
        if let Some(question) = &mut self.question {
            question.proposal = proposal;
        }
        Ok(())
    }

    /// The second person says what the first one said, where it takes two.
    pub(super) fn agreed(&self, step: u32, answer: &Answer, by: &Actor) -> Result<(), String> {
        if matches!(answer, Answer::Stop { .. }) || !self.takes_two(step) {
            return Ok(());
        }
        let proposal = self.question.as_ref().and_then(|question| question.proposal.as_ref());
        match proposal {
            Some(first) if first.answer == *answer && first.by.key() != by.key() => Ok(()),
            _ => Err(format!("it takes two people to say what became of step {step}")),
        }
    }
}
