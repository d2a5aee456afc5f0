//! What a monitor usually finds, and whether it finds worse lately. Made of the averages of hours, because sums are what is kept: single slow
//! checks are not seen in them, a system that is slower is.

use serde::{Deserialize, Serialize};

use super::{Check, Definition, Side};

/// How far back it goes.
pub const BASELINE_DAYS: i32 = 7;
/// What is lately is no longer ago.
pub const LATELY_SECONDS: u64 = 3_600;
/// Fewer hours say too little of what is usual.
const FEWEST_HOURS: usize = 6;
/// Fewer checks say too little of what is so now.
pub const FEWEST_CHECKS: u32 = 5;
/// So many times what it was in the worse hours is too much, and so many milliseconds more.
const TIMES: f64 = 1.5;
const LEAST_MS: f64 = 20.0;
/// Of a hundred hours so many were not worse.
const OF_HUNDRED: usize = 95;

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema), schemars(rename = "MonitorBaseline"))]
pub struct Baseline {
    /// Half of the hours were no worse, on average.
    pub usual: f64,
    /// 95 of 100 were no worse.
    pub worse: f64,
    /// From how many hours it is made.
    pub hours: u32,
}

/// The average of checks that found a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lately {
    pub mean: f64,
    pub n: u32,
}

impl Definition {
    /// On which side its value is worse, if it says how well something performs: how long an answer takes, or a number with a limit. Ages
    /// and lags are about data, not speed.
    #[must_use]
    pub fn performs(&self) -> Option<Side> {
        match self.check {
            Check::Http { .. } | Check::Tcp { .. } => Some(Side::Above),
            Check::Metric { .. } | Check::Sql { .. } if self.objective.is_none() => {
                self.bad.or(self.warn).map(|bound| bound.is)
            }
            _ => None,
        }
    }

    /// `None` if it tells nothing of performance, or too little was found.
    #[must_use]
    pub fn baseline(&self, hours: &[f64]) -> Option<Baseline> {
        let side = self.performs()?;
        let mut hours: Vec<f64> = hours.iter().copied().filter(|mean| mean.is_finite()).collect();
        if hours.len() < FEWEST_HOURS {
            return None;
        }
        hours.sort_unstable_by(|a, b| if side == Side::Above { a.total_cmp(b) } else { b.total_cmp(a) });
        let within = |percent: usize| hours.get((hours.len() * percent).div_ceil(100).max(1) - 1).copied();
        Some(Baseline {
            usual: within(50)?,
            worse: within(OF_HUNDRED)?,
            hours: u32::try_from(hours.len()).unwrap_or(u32::MAX),
        })
    }

    /// In words, if so few checks since a recovery do not say yet how it performs. Asked of one that has a baseline.
    #[must_use]
    pub fn too_few(n: u32) -> Option<String> {
        (n < FEWEST_CHECKS).then(|| {
            format!("{n} of {FEWEST_CHECKS} checks since the recovery: too few to tell whether it is as fast as before")
        })
    }

    /// In words, if it performs clearly worse than it did.
    #[must_use]
    pub fn worse_than_before(&self, baseline: &Baseline, lately: Lately) -> Option<String> {
        let side = self.performs()?;
        let (now, before) = (lately.mean, baseline.worse);
        let worse = match side {
            Side::Above => now > before * TIMES && (!self.check.is_timed() || now - before > LEAST_MS),
            Side::Below => now * TIMES < before,
        };
        if lately.n < FEWEST_CHECKS || before <= 0.0 || !worse {
            return None;
        }
        let limit = if side == Side::Above { "at most" } else { "at least" };
        Some(format!(
            "{} on average in {} checks since the recovery; before, 95 of 100 hours had {limit} {}",
            self.check.amount(now),
            lately.n,
            self.check.amount(before)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        monitor::{Bound, tests::monitor},
        text::Look,
    };

    fn url() -> Look {
        Look::parse("http://localhost:8081/").unwrap()
    }

    fn http() -> Definition {
        monitor(Check::Http { url: url(), status: None, contains: None })
    }

    fn rate(side: Side) -> Definition {
        let bad = Some(Bound { is: side, value: 5.0 });
        Definition { bad, ..monitor(Check::Metric { url: url(), filter: None }) }
    }

    /// 1 to 100, one of each.
    fn hundred() -> Vec<f64> {
        (1..=100).map(f64::from).collect()
    }

    #[test]
    fn usual_is_the_middle_and_worse_is_towards_the_worse_side() {
        assert_eq!(http().baseline(&hundred()), Some(Baseline { usual: 50.0, worse: 95.0, hours: 100 }));
        let below = rate(Side::Below).baseline(&hundred());
        assert_eq!(below, Some(Baseline { usual: 51.0, worse: 6.0, hours: 100 }));
        assert_eq!(http().baseline(&[f64::NAN, 1.0, 1.0, 1.0, 1.0, 1.0]), None, "too few hours");
        assert_eq!(http().baseline(&[1.0; 6]).map(|b| b.hours), Some(6));
    }

    #[test]
    fn only_what_tells_of_performance_has_one() {
        let bare = monitor(Check::Metric { url: url(), filter: None });
        let age = monitor(Check::FileAge { directory: Look::parse("/b").unwrap() });
        let measured = Definition { objective: Some("Blockchain".into()), ..rate(Side::Above) };
        for one in [bare, age, measured] {
            assert_eq!(one.baseline(&hundred()), None, "{:?}", one.check);
        }
    }

    #[test]
    fn clearly_worse_is_half_as_much_again_in_enough_checks() {
        let said = |one: &Definition, worse: f64, mean: f64, n| {
            one.worse_than_before(&Baseline { usual: worse, worse, hours: 9 }, Lately { mean, n }).is_some()
        };
        for (worse, mean, n, expected) in [
            (100.0, 151.0, 5, true),
            (100.0, 150.0, 5, false),
            (100.0, 900.0, 4, false),
            (4.0, 23.0, 9, false),
            (4.0, 25.0, 9, true),
        ] {
            assert_eq!(said(&http(), worse, mean, n), expected, "{worse} {mean} {n}");
        }
        assert!(said(&rate(Side::Above), 4.0, 7.0, 5), "a number has no milliseconds");
        assert!(!said(&rate(Side::Above), 0.0, 7.0, 5), "nothing is so many times nothing");
        assert!(said(&rate(Side::Below), 30.0, 19.0, 5));
        assert!(!said(&rate(Side::Below), 30.0, 21.0, 5));
        let words =
            http().worse_than_before(&Baseline { usual: 80.0, worse: 100.0, hours: 9 }, Lately { mean: 431.3, n: 12 });
        assert_eq!(
            words.as_deref(),
            Some("431 ms on average in 12 checks since the recovery; before, 95 of 100 hours had at most 100 ms")
        );
    }
}
