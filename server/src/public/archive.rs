//! Every public incident, as the public may know it, kept in memory: so an old one costs its reader no query, and is there while
//! the database is away. About 1 KB each. Renders nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use sha2::{Digest as _, Sha256};
use shared::{
    domain::{maintenance::PublicMaintenance, status::PublicIncident},
    timestamp::Timestamp,
};

use super::pages::PublicReport;

/// One incident and the report published for everybody.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) incident: PublicIncident,
    pub(crate) report: Option<PublicReport>,
    /// Names the content.
    mark: u64,
}

impl Told {
    fn new(incident: PublicIncident, report: Option<PublicReport>) -> Self {
        let published = report.as_ref().map(|r| (r.version, r.published_at));
        // Structs of text, numbers and instants, which JSON always takes.
        let text = serde_json::to_vec(&(&incident, published)).unwrap_or_default();
        let mark = Sha256::digest(&text).iter().take(8).fold(0, |mark, byte| mark << 8 | u64::from(*byte));
        Self { incident, report, mark }
    }

    fn by_begin(&self) -> (Timestamp, i64) {
        (self.incident.started_at, self.incident.number)
    }
}

/// Copying it copies references.
#[derive(Clone, Debug, Default)]
pub struct Archive {
    by_number: BTreeMap<i64, Arc<Told>>,
    /// By their begin, as `past`.
    open: BTreeSet<(Timestamp, i64)>,
    past: BTreeSet<(Timestamp, i64)>,
    /// Announced work that is over.
    work: BTreeMap<i64, Arc<PublicMaintenance>>,
    /// Names the whole content, in whatever order it came.
    mark: u64,
}

impl Archive {
    /// Takes it in, or what is new of it. What is the same stays the same thing, and so does an archive to which nothing was news.
    pub(crate) fn put(this: &mut Arc<Self>, incident: PublicIncident, report: Option<PublicReport>) {
        let told = Told::new(incident, report);
        if this.by_number.get(&told.incident.number).is_none_or(|old| **old != told) {
            Arc::make_mut(this).insert(told);
        }
    }

    fn insert(&mut self, told: Told) {
        self.remove(told.incident.number);
        self.mark = self.mark.wrapping_add(told.mark);
        let list = if told.incident.resolved_at.is_some() { &mut self.past } else { &mut self.open };
        list.insert(told.by_begin());
        self.by_number.insert(told.incident.number, Arc::new(told));
    }

    pub(crate) fn take_out(this: &mut Arc<Self>, number: i64) {
        if this.by_number.contains_key(&number) {
            Arc::make_mut(this).remove(number);
        }
    }

    fn remove(&mut self, number: i64) {
        let Some(old) = self.by_number.remove(&number) else { return };
        self.mark = self.mark.wrapping_sub(old.mark);
        for list in [&mut self.open, &mut self.past] {
            list.remove(&old.by_begin());
        }
    }

    pub(crate) fn get(&self, number: i64) -> Option<&Arc<Told>> {
        self.by_number.get(&number)
    }

    pub(crate) fn numbers(&self) -> impl Iterator<Item = i64> {
        self.by_number.keys().copied()
    }

    pub(crate) fn mark(&self) -> u64 {
        self.mark
    }

    fn all<'a>(&'a self, keys: impl Iterator<Item = &'a (Timestamp, i64)>) -> impl Iterator<Item = &'a Arc<Told>> {
        keys.filter_map(|(_, number)| self.by_number.get(number))
    }

    /// Newest first.
    pub(crate) fn open(&self) -> impl Iterator<Item = &PublicIncident> {
        self.all(self.open.iter().rev()).map(|told| &told.incident)
    }

    /// What is over, by its begin, newest first.
    pub(crate) fn past(&self) -> impl Iterator<Item = &PublicIncident> {
        self.all(self.past.iter().rev()).map(|told| &told.incident)
    }

    /// Takes work in that is over.
    pub(crate) fn put_work(this: &mut Arc<Self>, work: PublicMaintenance) {
        if work.state.over() && this.work.get(&work.number).is_none_or(|old| **old != work) {
            Arc::make_mut(this).work.insert(work.number, Arc::new(work));
        }
    }

    pub(crate) fn work_of(&self, number: i64) -> Option<&PublicMaintenance> {
        self.work.get(&number).map(|work| &**work)
    }

    /// Work that is over, the one announced last first.
    pub(crate) fn work(&self) -> impl Iterator<Item = &PublicMaintenance> {
        self.work.values().rev().map(|work| &**work)
    }

    pub(crate) fn n_past(&self) -> usize {
        self.past.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::public::fixtures::{ago, incident};

    fn numbers<'a>(incidents: impl Iterator<Item = &'a PublicIncident>) -> Vec<i64> {
        incidents.map(|i| i.number).collect()
    }

    #[test]
    fn what_comes_in_whatever_order_is_one_archive() {
        let one = || (incident(1, "old and long", 900, Some(10)), None);
        let two = || (incident(2, "short", 500, Some(400)), None);
        let open = || (incident(3, "open", 5, None), None);
        let mut archive = Arc::new(Archive::default());
        for (incident, report) in [two(), open(), one()] {
            Archive::put(&mut archive, incident, report);
        }
        assert_eq!(numbers(archive.past()), [2, 1]);
        assert_eq!(numbers(archive.open()), [3]);
        let mut other = Arc::new(Archive::default());
        for (incident, report) in [one(), two(), open(), one()] {
            Archive::put(&mut other, incident, report);
        }
        assert_eq!(archive.mark(), other.mark());

        let (all, before) = (archive.clone(), archive.get(1).unwrap().clone());
        Archive::put(&mut archive, one().0, None);
        assert!(
            Arc::ptr_eq(&all, &archive) && Arc::ptr_eq(&before, archive.get(1).unwrap()),
            "the same stays the same thing"
        );
        let report = PublicReport { version: 1, published_at: ago(1), body: "x".into() };
        Archive::put(&mut archive, one().0, Some(report));
        assert_ne!(archive.mark(), other.mark(), "a report is news");
        Archive::put(&mut archive, incident(3, "over", 5, Some(1)), None);
        assert_eq!((numbers(archive.past()), archive.n_past()), (vec![3, 2, 1], 3));
        assert!(numbers(archive.open()).is_empty());
        for number in [1, 2, 3, 4] {
            Archive::take_out(&mut archive, number);
        }
        assert_eq!((archive.mark(), archive.n_past(), archive.past().count()), (0, 0, 0));
    }
}
