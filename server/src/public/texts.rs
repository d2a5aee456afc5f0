//! Every text of the public pages, by language: one file each in `texts/`. A language without one of them does not compile. No text
//! for the team, and none that people typed.

mod de;
mod en;
mod subscribing;

use std::borrow::Borrow;

use serde::Serialize;
use shared::domain::{
    brand::Language,
    incident::PublicState,
    maintenance::{MaintenanceEvent, MaintenanceState, PublicMaintenance},
    status::Impact,
};

pub(crate) use self::subscribing::{HandedOn, Said, Subscribing};

/// Two forms, as English and German count. `{n}` is the number.
#[derive(Debug, Serialize)]
pub(crate) struct Plural {
    pub(crate) one: &'static str,
    pub(crate) many: &'static str,
}

impl Plural {
    /// A number or a reference to one: templates have both.
    pub(crate) fn of(&self, n: impl Borrow<usize>) -> String {
        let n = *n.borrow();
        if n == 1 { self.one.to_owned() } else { fill(self.many, &[("n", &n.to_string())]) }
    }
}

/// `{name}` in a text is replaced by what is given for it.
pub(crate) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    // What is filled in is not looked at again: it may come from people.
    let mut filled = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, behind)) = after.split_once('}') else { break };
        filled.push_str(before);
        filled.push_str(values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| *value));
        rest = behind;
    }
    filled + rest
}

#[derive(Debug, Serialize)]
pub(crate) struct Texts {
    /// For `<html lang>`.
    pub(crate) code: &'static str,
    // The frame of every page.
    pub(crate) site_nav: &'static str,
    pub(crate) get_updates: &'static str,
    pub(crate) history: &'static str,
    pub(crate) home_link: &'static str,
    pub(crate) support_link: &'static str,
    pub(crate) zone: &'static str,
    /// As `zone`, once the script has put times into the reader's zone; `{own}` is that one.
    pub(crate) zone_own: &'static str,
    pub(crate) feed_link: &'static str,
    pub(crate) calendar_link: &'static str,
    pub(crate) sign_in: &'static str,
    pub(crate) current_status: &'static str,
    pub(crate) see_current_status: &'static str,
    pub(crate) untitled: &'static str,
    pub(crate) title: &'static str,
    // Sentences instead of a page.
    pub(crate) missing_heading: &'static str,
    pub(crate) missing_text: &'static str,
    // The sentence a visitor came for.
    pub(crate) nothing_set_up: &'static str,
    pub(crate) all_operational: &'static str,
    pub(crate) work_is_under_way: &'static str,
    pub(crate) operational_but_open: &'static str,
    pub(crate) some_degraded: &'static str,
    pub(crate) some_partial: &'static str,
    pub(crate) all_major: &'static str,
    pub(crate) some_major: &'static str,
    pub(crate) as_of: &'static str,
    pub(crate) stale_before: &'static str,
    pub(crate) stale_after: &'static str,
    pub(crate) stale_feed: &'static str,
    pub(crate) no_plan_yet: &'static str,
    // Components.
    pub(crate) components: &'static str,
    pub(crate) no_components: &'static str,
    pub(crate) today: &'static str,
    pub(crate) of_component: &'static str,
    pub(crate) legend: &'static str,
    pub(crate) legend_uptime: &'static str,
    pub(crate) days_ago: &'static str,
    pub(crate) recorded_since: &'static str,
    pub(crate) uptime: &'static str,
    pub(crate) days_told: Plural,
    pub(crate) summary_calm: &'static str,
    pub(crate) summary_told: &'static str,
    pub(crate) summary_bare: &'static str,
    pub(crate) held_for: &'static str,
    pub(crate) held_major: &'static str,
    pub(crate) held_partial: &'static str,
    pub(crate) held_degraded: &'static str,
    pub(crate) held_maintenance: &'static str,
    pub(crate) not_recorded: &'static str,
    pub(crate) no_outage: &'static str,
    // Impacts, at the beginning of a sentence and within one: operational, degraded, partial, major.
    pub(crate) impacts: [&'static str; 4],
    pub(crate) impacts_within: [&'static str; 4],
    pub(crate) impact_of: &'static str,
    // Investigating, identified, monitoring, resolved.
    pub(crate) states: [&'static str; 4],
    // Incidents.
    pub(crate) open_incidents: Plural,
    pub(crate) started: &'static str,
    pub(crate) resolved: &'static str,
    pub(crate) lasted: &'static str,
    pub(crate) affected: &'static str,
    pub(crate) report: &'static str,
    pub(crate) report_on: &'static str,
    pub(crate) report_link: &'static str,
    pub(crate) updates: &'static str,
    pub(crate) no_update: &'static str,
    /// Before the moment at which something was said afterwards.
    pub(crate) told_later: &'static str,
    pub(crate) no_update_page: &'static str,
    pub(crate) is_resolved: &'static str,
    pub(crate) earlier_updates: Plural,
    pub(crate) of_incident: &'static str,
    // Announced maintenance.
    pub(crate) work_under_way: &'static str,
    pub(crate) work_planned: &'static str,
    pub(crate) work_past: &'static str,
    /// Of a component, at the beginning of a sentence and within one.
    pub(crate) under_maintenance: &'static str,
    pub(crate) under_maintenance_within: &'static str,
    /// Scheduled, soon, under way, completed, cancelled.
    work_states: [&'static str; 5],
    work_states_within: [&'static str; 5],
    work_in_feed: &'static str,
    /// Announced, update, new times, reminder, begun, completed, cancelled.
    work_steps: [&'static str; 7],
    /// What is said where nobody wrote anything: of the last four of these.
    work_said: [&'static str; 4],
    pub(crate) works_on: &'static str,
    pub(crate) work_from: &'static str,
    pub(crate) work_from_within: &'static str,
    pub(crate) work_until: &'static str,
    pub(crate) work_begin: &'static str,
    pub(crate) work_end: &'static str,
    pub(crate) work_ended: &'static str,
    // What is over.
    pub(crate) last_days: &'static str,
    pub(crate) quiet: &'static str,
    pub(crate) resolved_after: &'static str,
    pub(crate) went_on: &'static str,
    pub(crate) still_open: &'static str,
    pub(crate) days_cut: &'static str,
    pub(crate) all_past: &'static str,
    pub(crate) past: &'static str,
    pub(crate) past_of: &'static str,
    pub(crate) open_elsewhere: Plural,
    pub(crate) none_past: &'static str,
    pub(crate) more_of_month: &'static str,
    pub(crate) part: &'static str,
    pub(crate) by_month: &'static str,
    // Reports.
    pub(crate) incident: &'static str,
    pub(crate) report_kind: &'static str,
    pub(crate) version: &'static str,
    pub(crate) version_published: &'static str,
    // Feed and badges.
    pub(crate) feed_subtitle: &'static str,
    pub(crate) badge_not_set_up: &'static str,
    pub(crate) badge_at: &'static str,
    // Dates and spans. Months in full and short, January first; units from days to seconds.
    pub(crate) months: [&'static str; 12],
    pub(crate) months_short: [&'static str; 12],
    pub(crate) day: &'static str,
    pub(crate) day_of_month: &'static str,
    pub(crate) day_of_year: &'static str,
    pub(crate) days: &'static str,
    pub(crate) month: &'static str,
    pub(crate) and: &'static str,
    pub(crate) units: [&'static str; 4],
    pub(crate) decimal: &'static str,
    /// Zones whose short names the language has its own words for.
    pub(crate) zones: &'static [(&'static str, &'static str)],
    // What the script says.
    pub(crate) live: &'static str,
    pub(crate) lost: &'static str,
    pub(crate) just_now: &'static str,
    pub(crate) minutes_ago: &'static str,
    pub(crate) hours_ago: &'static str,
    // A copy made to be served elsewhere.
    pub(crate) copied_at: &'static str,
    pub(crate) copied_from: &'static str,
    pub(crate) subscribing: Subscribing,
    pub(crate) handed_on: HandedOn,
}

impl Texts {
    pub(crate) fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &en::TEXTS,
            Language::German => &de::TEXTS,
        }
    }

    pub(crate) fn impact(&self, impact: Impact) -> &'static str {
        self.impacts[place(impact)]
    }

    pub(crate) fn impact_within(&self, impact: Impact) -> &'static str {
        self.impacts_within[place(impact)]
    }

    pub(crate) fn state(&self, state: PublicState) -> &'static str {
        self.states[match state {
            PublicState::Investigating => 0,
            PublicState::Identified => 1,
            PublicState::Monitoring => 2,
            PublicState::Resolved => 3,
        }]
    }

    pub(crate) fn work(&self, maintenance: &PublicMaintenance) -> &'static str {
        self.work_states[work_place(maintenance)]
    }

    /// As the feed's titles begin.
    pub(crate) fn work_in_feed(&self, maintenance: &PublicMaintenance) -> String {
        fill(self.work_in_feed, &[("state", self.work_states_within[work_place(maintenance)])])
    }

    /// The word over an update of maintenance.
    pub(crate) fn work_step(&self, event: &MaintenanceEvent) -> &'static str {
        self.work_steps[step_place(event)]
    }

    /// How the subject of the mail about it begins.
    pub(crate) fn mail_work(&self, event: &MaintenanceEvent) -> &'static str {
        self.subscribing.mail_work[step_place(event)]
    }

    /// What is said with it where nobody wrote anything.
    pub(crate) fn work_said(&self, event: &MaintenanceEvent) -> Option<&'static str> {
        let place = step_place(event).checked_sub(self.work_steps.len() - self.work_said.len())?;
        self.work_said.get(place).copied()
    }
}

fn work_place(maintenance: &PublicMaintenance) -> usize {
    match maintenance.state {
        MaintenanceState::Scheduled if !maintenance.soon => 0,
        MaintenanceState::Scheduled => 1,
        MaintenanceState::UnderWay => 2,
        MaintenanceState::Completed => 3,
        MaintenanceState::Cancelled => 4,
    }
}

fn step_place(event: &MaintenanceEvent) -> usize {
    match event {
        MaintenanceEvent::Planned { .. } => 0,
        MaintenanceEvent::Posted { .. } => 1,
        MaintenanceEvent::Moved { .. } => 2,
        MaintenanceEvent::Reminded => 3,
        MaintenanceEvent::Begun => 4,
        MaintenanceEvent::Finished { .. } => 5,
        MaintenanceEvent::Cancelled { .. } => 6,
    }
}

fn place(impact: Impact) -> usize {
    match impact {
        Impact::Operational => 0,
        Impact::Degraded => 1,
        Impact::PartialOutage => 2,
        Impact::MajorOutage => 3,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Every text with its name.
    fn all(value: &Value, name: &str, into: &mut Vec<(String, String)>) {
        match value {
            Value::String(text) => into.push((name.to_owned(), text.clone())),
            Value::Array(list) => list.iter().enumerate().for_each(|(n, v)| all(v, &format!("{name}.{n}"), into)),
            Value::Object(map) => {
                map.iter().filter(|(k, _)| *k != "zones").for_each(|(k, v)| all(v, &format!("{name}.{k}"), into))
            }
            other => panic!("{name}: {other}"),
        }
    }

    fn texts(language: Language) -> Vec<(String, String)> {
        let mut found = vec![];
        all(&serde_json::to_value(Texts::of(language)).unwrap(), "", &mut found);
        found
    }

    fn places(text: &str) -> Vec<&str> {
        let mut places: Vec<_> = text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
        places.sort_unstable();
        places
    }

    #[test]
    fn every_language_has_every_text_with_the_same_places() {
        let english = texts(Language::English);
        assert!(english.len() > 120);
        // The same word in both, or no word at all.
        let same = [".decimal", ".stale_after", ".units.1", ".units.2", ".units.3", ".version", ".badge_at"];
        for ((name, en), (other, de)) in english.iter().zip(texts(Language::German)) {
            assert_eq!(name, &other);
            assert!(!en.trim().is_empty() && !de.trim().is_empty(), "{name} is empty");
            assert_eq!(places(en), places(&de), "{name}: {en} / {de}");
            let may = same.contains(&name.as_str()) || name.starts_with(".months");
            assert!(
                may || *en != de || places(en).concat().len() + 2 * places(en).len() + 2 >= en.len(),
                "{name}: {en} is not translated"
            );
        }
    }

    #[test]
    fn what_is_filled_in_is_not_looked_at_again() {
        assert_eq!(fill("{a} of {b}!", &[("a", "{b}"), ("b", "x")]), "{b} of x!");
        assert_eq!(fill("none {c}", &[]), "none ");
        assert_eq!(fill("open {", &[]), "open {");
        assert_eq!(Texts::of(Language::German).open_incidents.of(2), "2 offene Störungen");
        assert_eq!(Texts::of(Language::English).open_incidents.of(1), "Open incident");
    }
}
