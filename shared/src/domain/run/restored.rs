//! What a run may take for granted after Muster was restored from a backup: nothing that its log does not say. Decides no more.

use super::Run;

impl Run {
    /// True for a step that the log does not name, but that may have been done between the backup and the disaster.
    #[must_use]
    pub fn may_have_happened(&self, step: u32) -> bool {
        self.restored_from.is_some() && self.kind_of(step).is_none_or(|kind| kind.has_effect())
    }

    /// Why a person is asked before such a step. `None` if the run was not restored.
    #[must_use]
    pub fn restored_words(&self) -> Option<String> {
        let from = self.restored_from?.utc_text();
        Some(format!(
            "Muster was restored from its backup of {from}, and this step may have been done since. Look at the system: skip the \
             step if it was done, retry to have it done now"
        ))
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        domain::{
            actor::Actor,
            next::{Next, next},
            run::{Answer, Run, RunEvent, RunHeader, RunState, StepOutcome},
        },
        fixtures,
        plan::StepKind,
        timestamp::Timestamp,
    };

    /// Two restarts with a look between them.
    fn header() -> RunHeader {
        let services = || vec!["validator1".to_owned()];
        let kinds = [
            StepKind::Restart { services: services() },
            StepKind::Inspect { services: services() },
            StepKind::Restart { services: services() },
            StepKind::Restart { services: services() },
        ];
        fixtures::header(fixtures::procedure("node", kinds))
    }

    fn after(events: &[RunEvent]) -> Result<Run, String> {
        let resolution = fixtures::resolution(vec![]);
        let claimed = vec![
            RunEvent::Requested,
            RunEvent::Resolved { resolution },
            RunEvent::Granted,
            RunEvent::Claimed { fence: 1 },
        ];
        let log = fixtures::log(&Actor::CommandLine, &[claimed, events.to_vec()].concat());
        Run::replay(header(), &log).map_err(|e| e.what)
    }

    #[test]
    fn what_may_have_been_done_since_the_backup_is_never_begun_by_itself() {
        let started = |step| RunEvent::StepStarted { step, attempt: 1, fence: 1, before: [].into() };
        let done = StepOutcome::Succeeded { evidence: "ok".into() };
        let ended = |step| RunEvent::StepEnded { step, attempt: 1, fence: 1, outcome: done.clone() };
        let restored = || RunEvent::Restored { backup_of: Timestamp::from_unix(0) };
        let asked = |step| RunEvent::Asked { step, why: "restored".into(), seen: vec![] };
        let answered = |step, answer| RunEvent::Answered { step, answer };
        let skip = || Answer::Skip { reason: "it was done".into() };
        let asks = |events: &[RunEvent]| match next(&after(events).unwrap()) {
            Next::Ask { step, why } => {
                assert!(why.contains("1970-01-01 00:00:00 UTC"), "{why}");
                Some(step)
            }
            _ => None,
        };
        let begins = |events: &[RunEvent], step| {
            assert_eq!(next(&after(events).unwrap()), Next::Start { step, attempt: 1 });
        };
        // Without a restore it goes on by itself.
        begins(&[], 1);
        assert_eq!(asks(&[restored()]), Some(1));
        // What was begun is looked up first.
        let begun = [started(1), restored()];
        assert_eq!(next(&after(&begun).unwrap()), Next::Recover { step: 1, attempt: 1 });
        // What only looks needs nobody.
        let through = [started(1), restored(), ended(1)];
        begins(&through, 2);
        let looked = [&through[..], &[started(2), ended(2)]].concat();
        assert_eq!(asks(&looked), Some(3));
        // Skipped because it was done: the next one may have been done too.
        let skipped = [&looked[..], &[asked(3), answered(3, skip())]].concat();
        assert_eq!(asks(&skipped), Some(4));
        // To be done now: those after it have not been done.
        let retried = [&looked[..], &[asked(3), answered(3, Answer::Retry)]].concat();
        begins(&retried, 3);
        begins(&[&retried[..], &[started(3), ended(3)]].concat(), 4);
    }

    #[test]
    fn only_what_was_under_way_is_marked() {
        let restored = RunEvent::Restored { backup_of: Timestamp::from_unix(0) };
        let cancelling = after(&[RunEvent::CancelAsked { reason: "no".into() }, restored.clone()]).unwrap();
        assert_eq!((cancelling.state, next(&cancelling)), (RunState::Cancelling, Next::CallOff));
        let over = [RunEvent::CancelAsked { reason: "no".into() }, RunEvent::Cancelled, restored];
        assert!(after(&over).unwrap_err().contains("may not follow"));
    }
}
