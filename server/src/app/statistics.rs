//! What incidents were like over time. Adds up nothing itself.

use shared::{api::statistics::StatisticsView, timestamp::Timestamp};

use crate::{
    AppState,
    auth::permit::{Permit, ViewConsole},
    error::AppError,
};

/// The longest that can be asked for.
pub const MOST_MONTHS: u32 = 60;
/// The newest; more nobody tells apart in a plot.
const RECOVERIES: i64 = 500;

/// Of the last so many months, this one included.
///
/// # Errors
/// If so many cannot be asked for, or the database does not answer.
pub async fn view(state: &AppState, permit: &Permit<ViewConsole>, months: u32) -> Result<StatisticsView, AppError> {
    if !(1..=MOST_MONTHS).contains(&months) {
        return Err(AppError::invalid("months", format!("1 to {MOST_MONTHS} months can be asked for.")));
    }
    let since = begin(state.store.now().await?, months);
    let (by_month, levels, components, follow_ups, recoveries) = tokio::try_join!(
        state.store.statistics_by_month(permit.eyes(), since),
        state.store.statistics_by_level(permit.eyes(), since),
        state.store.statistics_by_component(permit.eyes(), since),
        state.store.follow_up_statistics(permit.eyes(), since),
        state.store.recoveries(permit.eyes(), since, RECOVERIES)
    )?;
    Ok(StatisticsView { since, months: by_month, levels, components, follow_ups, recoveries })
}

/// Where the first of so many months begins, in UTC.
fn begin(now: Timestamp, months: u32) -> Timestamp {
    let today = now.inner().date();
    let count = today.year() * 12 + i32::from(u8::from(today.month())) - 1 - (i32::try_from(months).unwrap_or(1) - 1);
    let month = time::Month::January.nth_next(u8::try_from(count.rem_euclid(12)).unwrap_or_default());
    let first = time::Date::from_calendar_date(count.div_euclid(12), month, 1).unwrap_or(today);
    Timestamp::new(first.with_time(time::Time::MIDNIGHT).assume_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_counted_over_the_years() {
        let now = Timestamp::from_unix(1_795_000_000);
        let begins = |months| begin(now, months).utc_text();
        assert!(begins(1).starts_with("2026-11-01"), "{}", begins(1));
        assert!(begins(11).starts_with("2026-01-01") && begins(12).starts_with("2025-12-01"), "{}", begins(12));
        assert!(begins(60).starts_with("2021-12-01"), "{}", begins(60));
    }
}
