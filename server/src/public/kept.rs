//! Pages that are made when the first one asks and kept until they change: old incidents, reports, months, maintenance. Made from memory; no
//! visitor waits for a database.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::{archive::Archive, page::Page};

/// So many at most, some megabytes: more are made anew.
const MOST: usize = 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Incident(i64),
    Report(i64),
    /// Year, month, and which part of it.
    Month(i32, u8, usize),
    Maintenance(i64),
}

#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<HashMap<Key, Arc<Page>>>);

impl Kept {
    /// `None` only if there is nothing to make.
    pub(crate) fn get_or_make(&self, key: Key, make: impl FnOnce() -> Option<Page>) -> Option<Arc<Page>> {
        let kept = |key| self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        if let Some(page) = kept(&key) {
            return Some(page);
        }
        // Not under the lock: two who come at once make it twice, and nobody waits.
        let page = Arc::new(make()?);
        let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pages.len() >= MOST {
            pages.clear();
        }
        pages.insert(key, page.clone());
        Some(page)
    }

    /// Those whose content is the same in both. Months list what others are called, so any change may be one of theirs; maintenance
    /// is in no archive.
    pub(crate) fn carried_over(&self, old: &Archive, new: &Archive) -> Self {
        let pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |key: &Key| match key {
            Key::Incident(number) | Key::Report(number) => {
                matches!((old.get(*number), new.get(*number)), (Some(old), Some(new)) if old == new)
            }
            Key::Month(..) | Key::Maintenance(_) => false,
        };
        let kept = pages.iter().filter(|(key, _)| same(key)).map(|(key, page)| (*key, page.clone()));
        Self(Mutex::new(kept.collect()))
    }

    /// Without the pages of these incidents.
    pub(crate) fn without(self, numbers: &[i64]) -> Self {
        let mut pages = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        for number in numbers {
            pages.remove(&Key::Incident(*number));
        }
        Self(Mutex::new(pages))
    }
}
