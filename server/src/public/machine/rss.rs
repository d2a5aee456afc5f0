//! The same feed as RSS 2.0, for readers that know no Atom. Says nothing that the Atom feed does not say.

use askama::Template;
use atom_syndication::{Entry, Feed};

#[derive(Template)]
#[template(path = "feed.xml")]
struct Rss<'a> {
    base: &'a str,
    title: &'a str,
    subtitle: &'a str,
    lang: &'a str,
    updated: String,
    items: Vec<Item<'a>>,
}

struct Item<'a> {
    title: &'a str,
    address: &'a str,
    published: String,
    content: &'a str,
}

impl<'a> Item<'a> {
    fn new(entry: &'a Entry) -> Self {
        Self {
            title: &entry.title.value,
            address: &entry.id,
            published: entry.published.unwrap_or(entry.updated).to_rfc2822(),
            content: entry.content.as_ref().and_then(|content| content.value.as_deref()).unwrap_or_default(),
        }
    }
}

/// `None` only if it could not be written.
pub(super) fn of(base: &str, feed: &Feed) -> Option<String> {
    let rss = Rss {
        base,
        title: &feed.title.value,
        subtitle: feed.subtitle.as_ref().map_or("", |subtitle| &subtitle.value),
        lang: feed.lang.as_deref().unwrap_or("en"),
        updated: feed.updated.to_rfc2822(),
        items: feed.entries.iter().map(Item::new).collect(),
    };
    rss.render().inspect_err(|error| tracing::error!(%error, "the feed could not be written")).ok()
}
