//! The whole public site as files that any host can serve: complete, without script, each leading to the others by relative
//! links. What strangers see and nothing else; writes nothing to any disk.

pub mod bucket;
pub mod disk;
pub(crate) mod keep;

use std::collections::BTreeSet;

use axum::http::HeaderValue;
use bytes::Bytes;
use shared::timestamp::Timestamp;

use super::{
    frame::Original,
    history,
    page::Page,
    pages::{PublicPages, Site},
};

/// A copy of one moment.
#[derive(Debug)]
pub struct Copy {
    /// When its facts were read.
    pub made_at: Timestamp,
    pub files: Vec<CopyFile>,
}

#[derive(Debug)]
pub struct CopyFile {
    /// Below the copy's root.
    pub path: String,
    pub bytes: Bytes,
    pub media: HeaderValue,
}

impl CopyFile {
    fn of(path: String, page: &Page) -> Self {
        Self { path, bytes: page.bytes(), media: page.media() }
    }
}

impl PublicPages {
    /// All that is shown now. `None` while nothing is known, or what is known is too old to be handed on as current.
    #[must_use]
    pub fn copy(&self) -> Option<Copy> {
        let site = self.site();
        let content = site.content.clone().filter(|_| !site.is_stale())?;
        let made_at = content.snapshot.taken_at;
        // Pages of its own: they say what they are, and nothing in them asks a server.
        let pages = Self::of_copy(Original { base: self.base.clone(), copied_at: made_at });
        pages.publish(content);
        let site = pages.site();
        let mut files = pages.documents(&site);
        files.extend(programs(&site));
        Some(Copy { made_at, files })
    }

    fn documents(&self, site: &Site) -> Vec<CopyFile> {
        let mut files = vec![];
        let mut add = |path: String, page: &Page| {
            let html = relative(page.text(), path.matches('/').count(), &self.base);
            files.push(CopyFile { bytes: Bytes::from(html), ..CopyFile::of(path, page) });
        };
        add("index.html".into(), &site.home);
        add("history/index.html".into(), &site.history);
        let Some(content) = &site.content else { return files };
        for part in history::all_parts(&content.archive, &site.frame.speech) {
            let path = file_of(&history::address(part.0, part.1, part.2));
            if let Some(page) = self.month(site, part) {
                add(path, &page);
            }
        }
        for number in content.archive.numbers() {
            if let Some(page) = self.incident(site, number) {
                add(file_of(&format!("/incidents/{number}")), &page);
            }
            if let Some(page) = self.report(site, number) {
                add(file_of(&format!("/incidents/{number}/report")), &page);
            }
        }
        let announced = content.snapshot.maintenance.iter().map(|one| one.number);
        let numbers: BTreeSet<_> = announced.chain(content.archive.work().map(|one| one.number)).collect();
        for number in numbers {
            if let Some(page) = self.maintenance(site, number) {
                add(file_of(&format!("/maintenance/{number}")), &page);
            }
        }
        files
    }
}

fn programs(site: &Site) -> Vec<CopyFile> {
    let machine = &site.machine;
    let named = |name: &str, page: &Page| CopyFile::of(name.to_owned(), page);
    let mut files: Vec<_> = machine.api.iter().map(|(name, page)| named(&format!("api/v2/{name}"), page)).collect();
    files.extend(site.logo.iter().map(|page| named("logo", page)));
    files.extend(machine.feed.iter().map(|page| named("feed.atom", page)));
    files.extend(machine.rss.iter().map(|page| named("feed.rss", page)));
    files.extend(machine.calendar.iter().map(|page| named("calendar.ics", page)));
    files.extend(machine.badge.iter().map(|page| named("badge.svg", page)));
    files.extend(machine.badges.iter().map(|(name, page)| named(&format!("badge/{name}.svg"), page)));
    files
}

/// Where a page lies in a copy: `/history` in `history/index.html`.
fn file_of(address: &str) -> String {
    format!("{}/index.html", address.trim_matches('/'))
}

/// The same page for a directory `depth` below the root: links to what is in the copy lead there, the others to the original.
fn relative(html: &str, depth: usize, base: &str) -> String {
    let up = "../".repeat(depth);
    let html = &html.replace("src=\"/logo\"", &format!("src=\"{up}logo\""));
    let mut out = String::with_capacity(html.len() + 1024);
    let mut rest: &str = html;
    // In text and in what people typed a quote is escaped, so this begins a link of ours.
    while let Some((before, after)) = rest.split_once("href=\"/") {
        let (path, behind) = after.split_once('"').unwrap_or((after, ""));
        out.push_str(before);
        out.push_str("href=\"");
        match path {
            "" => out.push_str(&format!("{up}index.html")),
            "feed.atom" | "feed.rss" | "calendar.ics" => out.push_str(&format!("{up}{path}")),
            _ if path == "history"
                || ["history/", "incidents/", "maintenance/"].iter().any(|own| path.starts_with(own)) =>
            {
                out.push_str(&format!("{up}{}", file_of(path)));
            }
            _ => out.push_str(&format!("{base}/{path}")),
        }
        out.push('"');
        rest = behind;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use shared::domain::status::StatusSnapshot;

    use super::*;
    use crate::public::fixtures;

    #[test]
    fn every_link_of_a_copy_leads_into_it_or_to_the_original() {
        let pages = PublicPages::new(Some("/assets/status.js".into()), "https://status.example".into());
        assert!(pages.copy().is_none(), "what is not known is not copied");
        let snapshot = StatusSnapshot { maintenance: fixtures::worked_on().maintenance, ..fixtures::broken() };
        pages.publish(fixtures::content(snapshot));
        let copy = pages.copy().unwrap();
        let paths: HashSet<_> = copy.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths.len(), copy.files.len(), "no file is written twice");
        for expected in [
            "index.html",
            "history/index.html",
            "history/2026-10/index.html",
            "incidents/12/index.html",
            "incidents/9/report/index.html",
            "maintenance/3/index.html",
            "maintenance/1/index.html",
            "calendar.ics",
            "feed.atom",
            "feed.rss",
            "badge.svg",
            "badge/validator1.svg",
            "api/v2/incidents/unresolved.json",
            "api/v2/scheduled-maintenances.json",
            "api/v2/scheduled-maintenances/upcoming.json",
        ] {
            assert!(paths.contains(expected), "{expected}");
        }
        let mut n_links = 0;
        for CopyFile { path, bytes, .. } in copy.files.iter().filter(|file| file.path.ends_with(".html")) {
            let html = std::str::from_utf8(bytes).unwrap();
            assert!(!html.contains("<script") && !html.contains("href=\"/"), "{path}");
            let report = path.ends_with("/report/index.html");
            assert!(report || html.contains("This is a copy, made"), "{path}");
            for link in html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                if link.starts_with('#') || link.starts_with("data:") || link.starts_with("https://status.example") {
                    continue;
                }
                let mut at: Vec<_> = path.split('/').collect();
                at.pop();
                for step in link.split('/') {
                    if step == ".." {
                        at.pop().unwrap_or_else(|| panic!("{path}: {link} leaves the copy"));
                    } else {
                        at.push(step);
                    }
                }
                assert!(paths.contains(at.join("/").as_str()), "{path}: {link}");
                n_links += 1;
            }
        }
        assert!(n_links > 20, "{n_links}");
        pages.grown_old(std::time::Duration::from_secs(31));
        assert!(pages.copy().is_none(), "and what may no longer be true is not handed on");
    }
}
