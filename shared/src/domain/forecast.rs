//! When a run will be over, by what the same steps took before. Knows no clock; says so when it cannot know.
//!
//! For each past run the time is added up that its steps took which are open now; of the step that goes on, what it took longer than it has
//! taken by now. Of these sums, the quantile *q* of *n* is the ⌈q·n⌉-th smallest (nearest rank): so half of the past runs were over within
//! the expected time, and nine of ten within the latest. Sums, not quantiles of single steps, because steps of one run are slow together.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::timestamp::Timestamp;

/// Fewer say too little.
pub const FEWEST: usize = 3;

/// How long each step of a run took that was carried out to its end, in milliseconds, by number.
pub type Past = BTreeMap<u32, i64>;

/// Where a run stands.
#[derive(Clone, Copy, Debug)]
pub struct Now<'a> {
    /// Steps that have not ended, without final checks of people.
    pub open: &'a [u32],
    /// The step that goes on, and since when.
    pub going: Option<(u32, Timestamp)>,
    pub at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Forecast {
    /// Past runs of the same procedure that it is made from.
    pub runs: u32,
    /// Half of them would be over by then. Absent if they are too few.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expected_at: Option<Timestamp>,
    /// Nine of ten would be.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub latest_at: Option<Timestamp>,
    /// The step that goes on has taken longer than in any of them.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub slower: bool,
}

#[must_use]
pub fn forecast(past: &[Past], now: &Now<'_>) -> Forecast {
    let elapsed = |since: Timestamp| (now.at.unix_ms() - since.unix_ms()).max(0);
    let rest = |run: &Past| -> i64 {
        let left = |step: &u32| {
            let took = run.get(step).copied().unwrap_or_default();
            match now.going {
                Some((going, since)) if going == *step => (took - elapsed(since)).max(0),
                _ => took,
            }
        };
        now.open.iter().map(left).sum()
    };
    let mut rests: Vec<i64> = past.iter().map(rest).collect();
    rests.sort_unstable();
    let runs = u32::try_from(rests.len()).unwrap_or(u32::MAX);
    if rests.len() < FEWEST {
        return Forecast { runs, expected_at: None, latest_at: None, slower: false };
    }
    let slower = now
        .going
        .is_some_and(|(step, since)| past.iter().all(|run| run.get(&step).is_none_or(|took| elapsed(since) > *took)));
    let within = |percent: usize| {
        let rank = (rests.len() * percent).div_ceil(100).max(1) - 1;
        let ms = rests.get(rank).copied().unwrap_or_default().unsigned_abs();
        now.at.plus_seconds(ms.div_ceil(1000))
    };
    Forecast { runs, expected_at: Some(within(50)), latest_at: Some(within(90)), slower }
}

/// What was promised for the trouble that the run is for, and by when that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Promise {
    /// The component's name.
    pub component: String,
    /// When it went down.
    pub since: Timestamp,
    pub seconds: u64,
    pub due_at: Timestamp,
}

impl Forecast {
    /// Whether one in ten such runs would miss the promise from here.
    #[must_use]
    pub fn may_miss(&self, promise: &Promise) -> bool {
        self.latest_at.is_some_and(|latest| latest > promise.due_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_unix_ms(ms)
    }

    /// Steps 1, 2, 3 in seconds.
    fn past(runs: &[[i64; 3]]) -> Vec<Past> {
        runs.iter().map(|steps| (1..).zip(steps.iter().map(|s| s * 1000)).collect()).collect()
    }

    #[test]
    fn cases() {
        let ten: Vec<[i64; 3]> = (1..=10).map(|n| [1, n, 2]).collect();
        let all = [1, 2, 3];
        // Name, past runs, open steps, what goes on since when, expected and latest in seconds from 100.
        type Case<'c> = (&'c str, &'c [[i64; 3]], &'c [u32], Option<(u32, i64)>, Option<(i64, i64)>, bool);
        let cases: Vec<Case<'_>> = vec![
            ("nothing is known", &[], &all, None, None, false),
            ("two say too little", &[[1, 1, 1], [1, 1, 1]], &all, None, None, false),
            ("three are enough", &[[1, 1, 1], [1, 2, 1], [1, 9, 1]], &all, None, Some((4, 11)), false),
            ("the fifth and the ninth of ten", &ten, &all, None, Some((8, 12)), false),
            ("what is over does not count", &ten, &[2, 3], None, Some((7, 11)), false),
            ("what has been taken is taken off", &ten, &[2, 3], Some((2, 97)), Some((4, 8)), false),
            ("slower than ever", &ten, &[2, 3], Some((2, 80)), Some((2, 2)), true),
            ("only its last step", &ten, &[3], Some((3, 100)), Some((2, 2)), false),
            ("nothing is open", &ten, &[], None, Some((0, 0)), false),
            ("a step that is new takes no time", &ten, &[4], None, Some((0, 0)), false),
        ];
        for (name, runs, open, going, expected, slower) in cases {
            let going = going.map(|(step, since)| (step, at(since * 1000)));
            let said = forecast(&past(runs), &Now { open, going, at: at(100_000) });
            let from_now = |t: Timestamp| (t.unix_ms() - 100_000) / 1000;
            let spans = said.expected_at.map(from_now).zip(said.latest_at.map(from_now));
            assert_eq!((spans, said.slower, said.runs as usize), (expected, slower, runs.len()), "{name}");
        }
    }

    #[test]
    fn a_promise_is_in_danger_when_the_latest_end_is_behind_it() {
        let promise = |due| Promise { component: "v1".into(), since: at(0), seconds: 600, due_at: at(due) };
        let known = Forecast { runs: 3, expected_at: Some(at(10)), latest_at: Some(at(20)), slower: false };
        assert!(known.may_miss(&promise(19)) && !known.may_miss(&promise(20)));
        let unknown = Forecast { runs: 0, expected_at: None, latest_at: None, slower: false };
        assert!(!unknown.may_miss(&promise(0)), "nobody is warned of what nobody knows");
    }
}
