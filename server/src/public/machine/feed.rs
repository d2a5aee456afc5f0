//! The Atom feed: one entry per public incident, with all that was said about it. Its text is text: markup in it is shown, not obeyed.

use askama::Template;
use atom_syndication::{Content, Entry, Feed, FixedDateTime, Generator, Link, Person, Text};
use shared::{
    domain::{
        maintenance::PublicMaintenance,
        status::{PublicIncident, StatusSnapshot},
    },
    timestamp::Timestamp,
};

use super::changed_at;
use crate::public::{
    incident::{Suffering, UpdateLine},
    maintenance::{Line, Step},
    speech::Speech,
    texts::{Texts, fill},
};

/// Newest incidents that the feed holds; the open ones are all in it.
const PAST: usize = 50;

#[derive(Template)]
#[template(path = "entry.html")]
struct EntryText {
    affected: Vec<Suffering>,
    updates: Vec<UpdateLine>,
    t: &'static Texts,
}

#[derive(Template)]
#[template(path = "maintenance_entry.html")]
struct MaintenanceText {
    line: Line,
    steps: Vec<Step>,
    t: &'static Texts,
}

/// `None` only if it could not be written.
pub(super) fn written(feed: &Feed) -> Option<String> {
    let written =
        feed.write_to(Vec::new()).inspect_err(|error| tracing::error!(%error, "the feed could not be written"));
    written.ok().and_then(|bytes| String::from_utf8(bytes).ok())
}

pub(super) fn of(base: &str, snapshot: &StatusSnapshot, since: Option<Timestamp>, speech: &Speech) -> Feed {
    let incidents = snapshot.open.iter().chain(snapshot.past.iter().take(PAST));
    let mut entries: Vec<_> = incidents.map(|incident| (updated_at(incident), entry(base, incident, speech))).collect();
    entries.extend(snapshot.maintenance.iter().map(|one| (one.changed_at(), announced(base, one, speech))));
    entries.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let subtitle = match since {
        None => speech.texts.feed_subtitle.to_owned(),
        Some(at) => fill(speech.texts.stale_feed, &[("when", &speech.instant(at).words)]),
    };
    Feed {
        title: Text::plain(xml(&snapshot.title)),
        id: format!("{base}/feed.atom"),
        updated: instant(changed_at(snapshot)),
        lang: Some(speech.texts.code.into()),
        authors: vec![Person { name: xml(&snapshot.title), ..Person::default() }],
        subtitle: Some(Text::plain(xml(&subtitle))),
        generator: Some(Generator { value: "Muster".into(), uri: None, version: None }),
        links: vec![
            link(format!("{base}/feed.atom"), "self", "application/atom+xml"),
            link(format!("{base}/"), "alternate", "text/html"),
        ],
        entries: entries.into_iter().map(|(_, entry)| entry).collect(),
        ..Feed::default()
    }
}

fn entry(base: &str, incident: &PublicIncident, speech: &Speech) -> Entry {
    let address = format!("{base}/incidents/{}", incident.number);
    let text = EntryText {
        affected: Suffering::of(incident, speech),
        updates: incident.updates.iter().map(|update| UpdateLine::new(update, speech)).collect(),
        t: speech.texts,
    };
    Entry {
        title: Text::plain(format!("{}: {}", speech.texts.state(incident.state), xml(&incident.title))),
        id: address.clone(),
        updated: instant(updated_at(incident)),
        published: Some(instant(incident.started_at)),
        links: vec![link(address, "alternate", "text/html")],
        content: Some(Content {
            // A template of ours writes into memory; its values' `Display` does not fail.
            value: Some(xml(&text.render().unwrap_or_default())),
            content_type: Some("html".into()),
            ..Content::default()
        }),
        ..Entry::default()
    }
}

fn announced(base: &str, one: &PublicMaintenance, speech: &Speech) -> Entry {
    let address = format!("{base}/maintenance/{}", one.number);
    let steps = one.steps.iter().map(|step| Step::new(step, speech)).collect();
    let text = MaintenanceText { line: Line::new(one, speech), steps, t: speech.texts };
    Entry {
        title: Text::plain(format!("{}: {}", speech.texts.work_in_feed(one), xml(&one.title))),
        id: address.clone(),
        updated: instant(one.changed_at()),
        published: Some(instant(one.planned_at)),
        links: vec![link(address, "alternate", "text/html")],
        content: Some(Content {
            // A template of ours writes into memory; its values' `Display` does not fail.
            value: Some(xml(&text.render().unwrap_or_default())),
            content_type: Some("html".into()),
            ..Content::default()
        }),
        ..Entry::default()
    }
}

pub(super) fn updated_at(incident: &PublicIncident) -> Timestamp {
    let told = incident.updates.iter().map(|update| update.told_at.unwrap_or(update.at));
    told.chain([incident.started_at]).chain(incident.resolved_at).max().unwrap_or(incident.started_at)
}

fn link(href: String, rel: &str, mime_type: &str) -> Link {
    Link { href, rel: rel.into(), mime_type: Some(mime_type.into()), ..Link::default() }
}

fn instant(at: Timestamp) -> FixedDateTime {
    // What our own `Timestamp` writes is RFC 3339.
    FixedDateTime::parse_from_rfc3339(&at.to_string()).unwrap_or_default()
}

/// Without what XML cannot hold at all, however it is written.
fn xml(text: &str) -> String {
    text.chars()
        .filter(|c| !matches!(c, '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}'))
        .collect()
}
