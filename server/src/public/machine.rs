//! What programs read of the public site: feed, badges, and the shapes of Statuspage's API; prepared like the pages, and as honest
//! about their age. Knows no visitor.

mod badge;
mod calendar;
mod feed;
mod rss;
mod scheduled;
mod statuspage;

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use shared::{domain::status::StatusSnapshot, timestamp::Timestamp};

use super::{
    page::{Media, Page},
    speech::Speech,
};

/// Every answer for programs, by its address.
#[derive(Debug, Default)]
pub(crate) struct Machine {
    pub(crate) feed: Option<Page>,
    pub(crate) rss: Option<Page>,
    pub(crate) calendar: Option<Page>,
    /// By the part of the address behind `/api/v2/`.
    pub(crate) api: HashMap<&'static str, Page>,
    pub(crate) badge: Option<Page>,
    /// By the part of the address between `/badge/` and `.svg`.
    pub(crate) badges: HashMap<String, Page>,
}

impl Machine {
    /// `base`: the site's own address, without a slash at its end. `stale`: the facts could not be read anew.
    pub(crate) fn new(base: &str, snapshot: &StatusSnapshot, speech: &Speech, stale: bool) -> Arc<Self> {
        let since = stale.then_some(snapshot.taken_at);
        let api = statuspage::all(base, snapshot, since, speech.zone_name()).into_iter();
        let feed = feed::of(base, snapshot, since, speech);
        let badge = badge::overall(snapshot, since, speech);
        Arc::new(Self {
            rss: rss::of(base, &feed).map(|xml| Page::file(Media::Rss, xml)),
            feed: feed::written(&feed).map(|xml| Page::file(Media::Atom, xml)),
            calendar: Some(Page::file(Media::Calendar, calendar::of(base, snapshot, speech))),
            api: api.map(|(name, json)| (name, Page::file(Media::Json, json))).collect(),
            badge: Some(Page::file(Media::Svg, badge)),
            badges: badges(snapshot, since, speech),
        })
    }
}

/// A component's badge has two addresses: `bt2c.validator1`, and `validator1` if no other system has one of that name.
fn badges(snapshot: &StatusSnapshot, since: Option<Timestamp>, speech: &Speech) -> HashMap<String, Page> {
    let short = |id: &str| id.split_once('/').map_or(id, |(_, component)| component).to_owned();
    let (mut seen, mut twice) = (HashSet::new(), HashSet::new());
    for component in &snapshot.components {
        let short = short(&component.id);
        if !seen.insert(short.clone()) {
            twice.insert(short);
        }
    }
    let mut badges = HashMap::new();
    for component in &snapshot.components {
        let page = Page::file(Media::Svg, badge::component(component, since, speech));
        let short = short(&component.id);
        if !twice.contains(&short) {
            badges.insert(short, page.clone());
        }
        badges.insert(component.id.replacen('/', ".", 1), page);
    }
    badges
}

/// When anything that is shown has last changed; not when it was last looked at.
fn changed_at(snapshot: &StatusSnapshot) -> Timestamp {
    let incidents = snapshot.open.iter().chain(&snapshot.past);
    let told = incidents
        .flat_map(|i| i.updates.iter().map(|u| u.told_at.unwrap_or(u.at)).chain([i.started_at]).chain(i.resolved_at));
    let components = snapshot.components.iter().filter_map(|c| c.history.as_ref()).map(|h| h.changed_at);
    let work = snapshot.maintenance.iter().map(shared::domain::maintenance::PublicMaintenance::changed_at);
    told.chain(components).chain(work).max().unwrap_or(snapshot.taken_at)
}
