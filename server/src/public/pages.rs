//! The prepared site: swapped whole when the facts change, read by every visitor; what few read is made when the first one asks.
//! Never waits for a database.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use sha2::{Digest as _, Sha256};
use shared::{domain::status::StatusSnapshot, timestamp::Timestamp};
use tokio::sync::{Mutex, Notify, watch};

use super::{
    archive::{Archive, Told},
    brand::Branding,
    frame::{Frame, Original, Sentence},
    history::History,
    home::Home,
    incident::IncidentPage,
    kept::{Kept, Key},
    machine::Machine,
    maintenance::MaintenancePage,
    page::{Page, Policy},
    read::Following,
};
use crate::documents::{self, ReportDocument};

/// Incidents that are over and read anew each time; the others when something is said about them.
pub(crate) const RECENT: usize = 100;
/// How old the facts may be before the pages say that they could not be updated.
const STALE_AFTER: Duration = Duration::from_secs(30);
const UNNAMED: &str = "Status";

/// Everything the public site is made from.
#[derive(Clone, Debug)]
pub struct Content {
    /// Of what is over, the last ones.
    pub snapshot: StatusSnapshot,
    /// Those of the snapshot and all others.
    pub archive: Arc<Archive>,
    pub brand: Arc<Branding>,
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
    /// Address of the script, if it was built.
    script: Option<String>,
    /// Set in a copy.
    original: Option<Original>,
    /// Whether visitors can ask for mail.
    subscribe: bool,
    /// The site's own address, for what is read elsewhere.
    pub(crate) base: String,
    report_policy: Policy,
    site: RwLock<Arc<Site>>,
    /// The site's version, or `None` once the server is closing.
    live: watch::Sender<Option<Arc<str>>>,
    pub(crate) nudged: Notify,
    /// One refresh at a time, or an older answer could overwrite a newer one.
    pub(crate) turn: Mutex<Option<Following>>,
}

#[derive(Debug)]
pub(crate) struct Site {
    /// Of the facts, not of the moment they were read: equal on every server that shows the same.
    version: Arc<str>,
    pub(crate) frame: Arc<Frame>,
    not_found: Page,
    pub(crate) logo: Option<Page>,
    pub(crate) content: Option<Content>,
    read_at: Instant,
    stale: bool,
    pub(crate) home: Page,
    pub(crate) history: Page,
    kept: Arc<Kept>,
    pub(crate) machine: Arc<Machine>,
}

impl PublicPages {
    /// Before the first refresh every page says that nothing is known yet. `script` is the address of `status.js`, if it was built;
    /// `base` the site's own, without a slash at its end.
    #[must_use]
    pub fn new(script: Option<String>, base: String) -> Self {
        Self::framed(script, None, base)
    }

    /// Pages that say of themselves that they are a copy.
    pub(crate) fn of_copy(original: Original) -> Self {
        let base = original.base.clone();
        Self::framed(None, Some(original), base)
    }

    fn framed(script: Option<String>, original: Option<Original>, base: String) -> Self {
        let frame = Frame::new(script.clone(), original.clone(), Arc::default(), false);
        let not_found = missing(&frame, UNNAMED);
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
            frame: Arc::new(frame),
            not_found,
            logo: None,
            content: None,
            read_at: Instant::now(),
            stale: false,
            home: unknown.clone(),
            history: unknown,
            kept: Arc::default(),
            machine: Arc::default(),
        };
        let live = watch::Sender::new(Some(site.version.clone()));
        let report_policy = Policy::for_style(documents::style());
        Self {
            script,
            original,
            subscribe: false,
            base,
            report_policy,
            site: RwLock::new(Arc::new(site)),
            live,
            nudged: Notify::new(),
            turn: Mutex::new(None),
        }
    }

    /// Pages say that one can ask to be told by mail, if one can.
    #[must_use]
    pub fn with_subscription(mut self, offered: bool) -> Self {
        self.subscribe = offered;
        self
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
        self.site().not_found.respond(request)
    }

    /// Prepares the pages that differ and shows them to everybody.
    pub fn publish(&self, content: Content) {
        let old = self.site();
        let version = version_of(&content);
        let same = version == old.version && !old.stale;
        let title = &content.snapshot.title;
        let (frame, logo) = if old.has_brand_of(&content) && old.frame.subscribe == self.subscribe {
            (old.frame.clone(), old.logo.clone())
        } else {
            let frame = Frame::new(self.script.clone(), self.original.clone(), content.brand.clone(), self.subscribe);
            (Arc::new(frame), content.brand.logo.as_ref().map(|logo| Page::picture(logo.kind, logo.bytes.clone())))
        };
        let home = home(&frame, &content, &version, false);
        let (history, kept, machine) = if same {
            (old.history.clone(), old.kept.clone(), old.machine.clone())
        } else {
            let history = History::newest(&frame, &content.snapshot, &version, &content.archive);
            (
                frame.page(StatusCode::OK, &history),
                Arc::new(old.kept_for(&content)),
                Machine::new(&self.base, &content.snapshot, &frame.speech, false),
            )
        };
        self.show(Site {
            not_found: if same { old.not_found.clone() } else { missing(&frame, title) },
            logo,
            version,
            frame,
            content: Some(content),
            read_at: Instant::now(),
            stale: false,
            home,
            history,
            kept,
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
        let home = home(&old.frame, &content, &version, true);
        let kept = Arc::new(old.kept_without_open());
        let machine = Machine::new(&self.base, &content.snapshot, &old.frame.speech, true);
        let (frame, not_found, logo) = (old.frame.clone(), old.not_found.clone(), old.logo.clone());
        let (content, history, read_at) = (Some(content), old.history.clone(), old.read_at);
        let stale = true;
        self.show(Site { version, frame, not_found, logo, content, read_at, stale, home, history, kept, machine });
    }

    /// The page of an incident, if the public knows it.
    pub(crate) fn incident(&self, site: &Site, number: i64) -> Option<Arc<Page>> {
        let content = site.content.as_ref()?;
        let told = content.archive.get(number)?;
        let make = || {
            let incident = &told.incident;
            let since = (site.stale && incident.resolved_at.is_none()).then_some(content.snapshot.taken_at);
            let page = IncidentPage::new(&site.frame, &content.snapshot.title, incident, &site.version, since);
            Some(site.frame.page(StatusCode::OK, &page))
        };
        site.kept.get_or_make(Key::Incident(number), make)
    }

    /// The report on an incident, if one is published for everybody.
    pub(crate) fn report(&self, site: &Site, number: i64) -> Option<Arc<Page>> {
        let Told { incident, report, .. } = &**site.content.as_ref()?.archive.get(number)?;
        let report = report.as_ref()?;
        let make = || {
            let html = documents::report_html(&ReportDocument::public(incident, report, &site.frame.speech)).html;
            Some(Page::html(StatusCode::OK, html, &self.report_policy))
        };
        site.kept.get_or_make(Key::Report(number), make)
    }

    /// Part of a month, if it has any incident that is over.
    pub(crate) fn month(&self, site: &Site, (year, month, part): (i32, u8, usize)) -> Option<Arc<Page>> {
        let content = site.content.as_ref()?;
        let (title, of) = (&content.snapshot.title, (year, month, part));
        site.kept.get_or_make(Key::Month(year, month, part), || {
            let page = History::month(&site.frame, title, &site.version, &content.archive, of)?;
            Some(site.frame.page(StatusCode::OK, &page))
        })
    }

    /// The page of announced work.
    pub(crate) fn maintenance(&self, site: &Site, number: i64) -> Option<Arc<Page>> {
        let content = site.content.as_ref()?;
        let snapshot = &content.snapshot;
        let now = snapshot.maintenance.iter().find(|one| one.number == number);
        let one = now.or_else(|| content.archive.work_of(number))?;
        site.kept.get_or_make(Key::Maintenance(number), || {
            let since = (site.stale && !one.state.over()).then_some(snapshot.taken_at);
            let page = MaintenancePage::new(&site.frame, &snapshot.title, one, &site.version, since);
            Some(site.frame.page(StatusCode::OK, &page))
        })
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
}

fn home(frame: &Frame, content: &Content, version: &str, stale: bool) -> Page {
    // What is over and not in the snapshot ended before everything that is in it.
    let cut = content.archive.n_past() > content.snapshot.past.len();
    frame.page(StatusCode::OK, &Home::new(frame, &content.snapshot, version, stale, cut))
}

fn missing(frame: &Frame, site: &str) -> Page {
    let (heading, text) = (frame.t.missing_heading, frame.t.missing_text);
    frame.page(StatusCode::NOT_FOUND, &Sentence { frame, site, heading, text, live: false })
}

impl Site {
    fn has_brand_of(&self, new: &Content) -> bool {
        self.content.as_ref().is_some_and(|old| old.brand == new.brand)
    }

    pub(crate) fn is_stale(&self) -> bool {
        self.stale
    }

    /// Pages that were made and are as true of `new`.
    fn kept_for(&self, new: &Content) -> Kept {
        match &self.content {
            // What is open says how old it is, and must not any more.
            Some(old) if old.snapshot.title == new.snapshot.title && self.has_brand_of(new) => {
                let kept = self.kept.carried_over(&old.archive, &new.archive);
                if self.stale { kept.without(&numbers_open(new)) } else { kept }
            }
            _ => Kept::default(),
        }
    }

    fn kept_without_open(&self) -> Kept {
        let Some(content) = &self.content else { return Kept::default() };
        self.kept.carried_over(&content.archive, &content.archive).without(&numbers_open(content))
    }
}

fn numbers_open(content: &Content) -> Vec<i64> {
    content.archive.open().map(|i| i.number).collect()
}

/// A digest of what is shown, without the moment it was read.
fn version_of(content: &Content) -> Arc<str> {
    let s = &content.snapshot;
    // These are structs of text, numbers and instants, which JSON always takes.
    let text =
        serde_json::to_vec(&(&s.title, &s.components, &s.maintenance, content.archive.mark(), &content.brand.brand))
            .unwrap_or_default();
    let digest = Sha256::digest(&text);
    digest.iter().take(8).map(|b| format!("{b:02x}")).collect::<String>().into()
}
