//! The prepared site: swapped whole when the facts change, read by every visitor. Never waits for a database.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use sha2::{Digest as _, Sha256};
use shared::{
    domain::{
        maintenance::PublicMaintenance,
        status::{PublicIncident, StatusSnapshot},
    },
    timestamp::Timestamp,
};
use tokio::sync::{Mutex, Notify, watch};

use super::{
    frame::{Frame, Sentence},
    home::Home,
    incident::IncidentPage,
    machine::Machine,
    maintenance::MaintenancePage,
    page::{Page, Policy},
    past::History,
};
use crate::documents::{self, ReportDocument};

/// Past incidents that are prepared and listed.
pub(crate) const PAST_LIMIT: usize = 1000;
/// How old the facts may be before the pages say that they could not be updated.
const STALE_AFTER: Duration = Duration::from_secs(30);
const UNNAMED: &str = "Status";

/// Everything the public site is made from.
#[derive(Clone, Debug)]
pub struct Content {
    pub snapshot: StatusSnapshot,
    /// By incident number: reports published for everybody.
    pub reports: HashMap<i64, PublicReport>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicReport {
    pub version: i32,
    pub published_at: Timestamp,
    /// Markdown.
    pub body: String,
}

/// The public site, shared by all requests.
#[derive(Debug)]
pub struct PublicPages {
    frame: Frame,
    /// The site's own address, for what is read elsewhere.
    base: String,
    report_policy: Policy,
    not_found: Page,
    site: RwLock<Arc<Site>>,
    /// The site's version, or `None` once the server is closing.
    live: watch::Sender<Option<Arc<str>>>,
    pub(crate) nudged: Notify,
    /// One refresh at a time, or an older answer could overwrite a newer one.
    pub(crate) turn: Mutex<()>,
}

#[derive(Debug)]
pub(crate) struct Site {
    /// Of the facts, not of the moment they were read: equal on every server that shows the same.
    version: Arc<str>,
    pub(crate) content: Option<Content>,
    read_at: Instant,
    stale: bool,
    pub(crate) home: Page,
    pub(crate) history: Page,
    pub(crate) incidents: HashMap<i64, Arc<Page>>,
    pub(crate) reports: HashMap<i64, Arc<Page>>,
    pub(crate) maintenance: HashMap<i64, Arc<Page>>,
    pub(crate) machine: Arc<Machine>,
}

impl PublicPages {
    /// Before the first refresh every page says that nothing is known yet. `script` is the address of `status.js`, if it was built;
    /// `base` the site's own, without a slash at its end.
    #[must_use]
    pub fn new(script: Option<String>, base: String) -> Self {
        let frame = Frame::new(script);
        let not_found = Sentence {
            frame: &frame,
            site: UNNAMED,
            heading: "There is no such page",
            text: "The address may be mistyped, or what it named is not public.",
            live: false,
        };
        let not_found = frame.page(StatusCode::NOT_FOUND, &not_found);
        let unknown = Sentence {
            frame: &frame,
            site: UNNAMED,
            heading: "The current state is not known yet",
            text: "Muster has just started and has not been able to read the state so far. This page shows it as soon as it can.",
            live: true,
        };
        let unknown = frame.page(StatusCode::SERVICE_UNAVAILABLE, &unknown);
        let site = Site {
            version: "unknown".into(),
            content: None,
            read_at: Instant::now(),
            stale: false,
            home: unknown.clone(),
            history: unknown,
            incidents: HashMap::new(),
            reports: HashMap::new(),
            maintenance: HashMap::new(),
            machine: Arc::default(),
        };
        let live = watch::Sender::new(Some(site.version.clone()));
        let report_policy = Policy::for_style(documents::style());
        Self {
            frame,
            base,
            report_policy,
            not_found,
            site: RwLock::new(Arc::new(site)),
            live,
            nudged: Notify::new(),
            turn: Mutex::new(()),
        }
    }

    /// Pages say that one can ask to be told by mail, if one can.
    #[must_use]
    pub fn with_subscription(mut self, offered: bool) -> Self {
        self.frame.subscribe = offered;
        self
    }

    pub(crate) fn frame(&self) -> &Frame {
        &self.frame
    }

    pub(crate) fn site(&self) -> Arc<Site> {
        // A poisoned lock still holds a whole site: the writer only swaps the pointer.
        self.site.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The site's version now and at every change.
    pub(crate) fn watch(&self) -> watch::Receiver<Option<Arc<str>>> {
        self.live.subscribe()
    }

    /// Ends all live streams, so that a graceful stop does not wait for them.
    pub fn close(&self) {
        self.live.send_replace(None);
    }

    /// The 404 page, for any address nobody serves.
    #[must_use]
    pub fn not_found(&self, request: &HeaderMap) -> Response {
        self.not_found.respond(request)
    }

    /// Prepares the pages that differ and shows them to everybody.
    pub fn publish(&self, content: Content) {
        let old = self.site();
        let version = version_of(&content);
        let same = version == old.version && !old.stale;
        let home = self.home(&content.snapshot, &version, false);
        let (history, incidents, reports, maintenance, machine) = if same {
            (
                old.history.clone(),
                old.incidents.clone(),
                old.reports.clone(),
                old.maintenance.clone(),
                old.machine.clone(),
            )
        } else {
            let history = History::new(&self.frame, &content.snapshot, &version, PAST_LIMIT);
            (
                self.frame.page(StatusCode::OK, &history),
                self.incidents(&old, &content, &version),
                self.reports(&old, &content),
                self.maintenance(&content.snapshot, &version, None),
                Machine::new(&self.base, &content.snapshot, false),
            )
        };
        self.show(Site {
            version,
            content: Some(content),
            read_at: Instant::now(),
            stale: false,
            home,
            history,
            incidents,
            reports,
            maintenance,
            machine,
        });
    }

    /// The facts could not be read. Old pages stay; once they are too old, those that claim to be current say so.
    pub fn could_not_refresh(&self) {
        self.grown_old(self.site().read_at.elapsed());
    }

    pub(crate) fn grown_old(&self, age: Duration) {
        let old = self.site();
        let Some(content) = old.content.clone().filter(|_| !old.stale && age > STALE_AFTER) else { return };
        let version: Arc<str> = format!("{}-stale", old.version).into();
        let snapshot = &content.snapshot;
        let home = self.home(snapshot, &version, true);
        let mut incidents = old.incidents.clone();
        for open in &snapshot.open {
            let page = IncidentPage::new(&self.frame, &snapshot.title, open, &version, Some(snapshot.taken_at));
            incidents.insert(open.number, Arc::new(self.frame.page(StatusCode::OK, &page)));
        }
        let (history, reports, read_at) = (old.history.clone(), old.reports.clone(), old.read_at);
        let machine = Machine::new(&self.base, snapshot, true);
        let maintenance = self.maintenance(snapshot, &version, Some(snapshot.taken_at));
        self.show(Site {
            version,
            content: Some(content),
            read_at,
            stale: true,
            home,
            history,
            incidents,
            reports,
            maintenance,
            machine,
        });
    }

    fn show(&self, site: Site) {
        let version = site.version.clone();
        *self.site.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(site);
        // After the swap: whoever is told fetches the new pages. A closed stream stays closed.
        self.live.send_if_modified(|shown| match shown {
            Some(old) if *old != version => {
                *shown = Some(version);
                true
            }
            _ => false,
        });
    }

    fn home(&self, snapshot: &StatusSnapshot, version: &str, stale: bool) -> Page {
        self.frame.page(StatusCode::OK, &Home::new(&self.frame, snapshot, version, stale))
    }

    fn incidents(&self, old: &Site, content: &Content, version: &str) -> HashMap<i64, Arc<Page>> {
        let before = old.by_number();
        let snapshot = &content.snapshot;
        let same_title = old.content.as_ref().is_some_and(|c| c.snapshot.title == snapshot.title);
        let render = |incident: &PublicIncident| {
            let unchanged = same_title
                && before.get(&incident.number) == Some(&incident)
                && (!old.stale || incident.resolved_at.is_some());
            if let Some(page) = old.incidents.get(&incident.number).filter(|_| unchanged) {
                return (incident.number, page.clone());
            }
            let page = IncidentPage::new(&self.frame, &snapshot.title, incident, version, None);
            (incident.number, Arc::new(self.frame.page(StatusCode::OK, &page)))
        };
        snapshot.open.iter().chain(&snapshot.past).map(render).collect()
    }

    /// At most some hundred small pages, each time anew.
    fn maintenance(
        &self,
        snapshot: &StatusSnapshot,
        version: &str,
        stale_since: Option<Timestamp>,
    ) -> HashMap<i64, Arc<Page>> {
        let render = |one: &PublicMaintenance| {
            let since = stale_since.filter(|_| !one.state.over());
            let page = MaintenancePage::new(&self.frame, &snapshot.title, one, version, since);
            (one.number, Arc::new(self.frame.page(StatusCode::OK, &page)))
        };
        snapshot.maintenance.iter().map(render).collect()
    }

    fn reports(&self, old: &Site, content: &Content) -> HashMap<i64, Arc<Page>> {
        let before = old.by_number();
        let render = |incident: &PublicIncident| {
            let report = content.reports.get(&incident.number)?;
            let unchanged = before.get(&incident.number) == Some(&incident)
                && old.content.as_ref().and_then(|c| c.reports.get(&incident.number)) == Some(report);
            if let Some(page) = old.reports.get(&incident.number).filter(|_| unchanged) {
                return Some((incident.number, page.clone()));
            }
            let html = documents::report_html(&ReportDocument::public(incident, report));
            Some((incident.number, Arc::new(Page::html(StatusCode::OK, html, &self.report_policy))))
        };
        content.snapshot.open.iter().chain(&content.snapshot.past).filter_map(render).collect()
    }
}

impl Site {
    fn by_number(&self) -> HashMap<i64, &PublicIncident> {
        let snapshot = self.content.iter().map(|c| &c.snapshot);
        snapshot.flat_map(|s| s.open.iter().chain(&s.past)).map(|i| (i.number, i)).collect()
    }
}

/// A digest of what is shown, without the moment it was read.
fn version_of(content: &Content) -> Arc<str> {
    let s = &content.snapshot;
    let mut reports: Vec<_> = content.reports.iter().map(|(number, r)| (number, r.version, r.published_at)).collect();
    reports.sort_unstable_by_key(|(number, ..)| **number);
    // These are structs of text, numbers and instants, which JSON always takes.
    let text =
        serde_json::to_vec(&(&s.title, &s.components, &s.open, &s.past, &s.maintenance, reports)).unwrap_or_default();
    let digest = Sha256::digest(&text);
    digest.iter().take(8).map(|b| format!("{b:02x}")).collect::<String>().into()
}
