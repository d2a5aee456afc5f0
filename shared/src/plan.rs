//! The plan compiler: Markdown in, typed plan with diagnostics out. Never panics on any text, never touches a file.
//!
//! `document` reads Markdown into blocks with places; one file per section of a plan reads those; `shell` → `script` →
//! `command` turn fenced lines into typed steps; `gap` says what the whole promises and cannot show.

mod ask;
mod bullets;
mod checklist;
mod command;
mod components;
mod contacts;
mod danger;
mod digests;
mod document;
mod duration;
mod fence;
mod gap;
mod levels;
mod lines;
mod listed;
mod locations;
mod model;
mod notes;
mod objectives;
mod options;
mod parameters;
mod procedure;
mod reader;
mod runnable;
mod script;
mod sections;
mod shell;
mod steps;
mod title;
mod verification;
mod wipe;
mod words;

#[cfg(test)]
mod tests;

pub use danger::is_destructive;
pub use digests::{procedure_digest, step_digest};
pub use model::*;
pub use parameters::family;
pub use runnable::runnable;

use document::Document;
use listed::Listed;
use notes::Notes;

use crate::digest::Digest;

/// Compiles any text. What is not understood is left out of the plan or kept as a step that cannot run, and said so.
#[must_use]
pub fn compile(source: &str) -> Compiled {
    let digest = Digest::of(source.as_bytes());
    let text = source.strip_prefix('\u{feff}').unwrap_or(source);
    if !is_text(text) {
        return not_a_plan(digest, "This file is not text.");
    }
    let document = Document::parse(text);
    let mut notes = Notes::new(&document);
    let contacts = contacts::read(&document, &mut notes);
    let levels = levels::read(&document, &mut notes);
    let listed = Listed::find(&document);
    let read = procedure::read(&document, &listed, &mut notes);
    let numbered = read.iter().filter(|read| read.is_numbered).count();
    let lists = checklist::read(&document, &listed);
    let read = verification::append(&document, &lists, read, &mut notes);
    let watch = verification::watch(&document, &lists);
    let (mut procedures, asked): (Vec<_>, Vec<_>) = read.into_iter().map(|read| (read.procedure, read.ask)).unzip();
    let rto = objectives::recovery_times(&document, &mut notes);
    let rpo = objectives::recovery_points(&document, &mut notes);
    let components = components::read(&document, &procedures, &rto, &mut notes);
    let locations = locations::read(&document);
    ask::complete(&mut procedures, &asked, &components, &locations, &mut notes);
    // Commands alone are a readme, unless they are the numbered steps of several procedures. A table of objectives whose rows are all wrong is a plan with mistakes, and those say more.
    let says_something = !(contacts.is_empty() && levels.is_empty() && rto.is_empty() && rpo.is_empty());
    let is_plan = says_something || numbered > 1 || notes.has_errors();
    let mut plan = Plan {
        title: title(&document),
        digest,
        contacts,
        levels,
        components,
        procedures,
        rto,
        rpo,
        checklists: lists.into_iter().map(|found| found.list).collect(),
        watch,
        locations,
        sections: sections::read(&document),
    };
    sections::mark(&mut plan);
    if !is_plan {
        return Compiled { plan, ..not_a_plan(digest, "This is not a recovery plan.") };
    }
    missing(&plan, &document, &mut notes);
    wipe::warn(&document, &plan.procedures, &plan.locations, &mut notes);
    let gaps = gap::find(&plan);
    Compiled { plan, diagnostics: notes.finish(), gaps }
}

fn title(document: &Document<'_>) -> String {
    let heading = document.title.and_then(|index| document.headings.get(index));
    heading
        .map(|heading| heading.prose.text.trim().to_owned())
        .filter(|title| !title.is_empty())
        .unwrap_or_else(|| "Untitled plan".to_owned())
}

/// One warning for each part a plan should have and this one has not.
fn missing(plan: &Plan, document: &Document<'_>, notes: &mut Notes<'_>) {
    let parts = [
        (document.title.is_none(), "no-title", "The plan has no title. Begin it with \"# Name of the plan\"."),
        (
            plan.contacts.is_empty(),
            "no-contacts",
            "The plan names nobody to call. Add a table with the columns Role, Name, Contact and Backup Contact.",
        ),
        (
            plan.levels.is_empty(),
            "no-levels",
            "The plan has no incident levels. Add headings like \"Level 1 - Minor Incident\" with \"- Response Time: 1 hour\".",
        ),
        (
            plan.procedures.is_empty(),
            "no-procedures",
            "The plan has no procedures. Put commands into a ```bash block under a heading.",
        ),
        (
            plan.rto.is_empty(),
            "no-rto",
            "The plan has no recovery time objectives that can be read. Add a table with the columns Component and RTO.",
        ),
        (
            plan.rpo.is_empty(),
            "no-rpo",
            "The plan has no recovery point objectives that can be read. Add a table with the columns Data Type and RPO.",
        ),
    ];
    for (_, code, message) in parts.into_iter().filter(|(is_missing, ..)| *is_missing) {
        notes.warning(0, code, message);
    }
    // No heading of a column that Muster knows is without Latin letters.
    for (block, table) in document.tables() {
        let strange: Vec<&str> = table.columns.iter().map(|cell| cell.text.as_str()).collect();
        if !strange.concat().contains(|c: char| c.is_ascii_alphabetic())
            && strange.concat().contains(char::is_alphabetic)
        {
            let message = format!(
                "Muster reads the headings of columns in English and does not know these ({}). The table is shown as it is.",
                strange.join(", ")
            );
            notes.notice(block.at, "table-not-read", message);
        }
    }
}

/// False for what is no text at all: zero bytes, or many other control characters near the beginning.
fn is_text(text: &str) -> bool {
    let start: Vec<char> = text.chars().take(4096).collect();
    let strange = start.iter().filter(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\x0c')).count();
    !text.contains('\0') && strange * 50 <= start.len()
}

fn not_a_plan(digest: Digest, what: &str) -> Compiled {
    let message = format!(
        "{what} A plan is Markdown with at least one of these: a table of contacts (columns Role and Contact), headings like \
         \"Level 1 - Minor Incident\", or a table of objectives (columns Component and RTO). Commands in ```bash blocks \
         alone do not make one."
    );
    let diagnostic =
        Diagnostic { severity: Severity::Error, code: "not-a-plan".to_owned(), message, line: 1, column: 1 };
    let plan = Plan {
        title: "Untitled plan".to_owned(),
        digest,
        contacts: Vec::new(),
        levels: Vec::new(),
        components: Vec::new(),
        procedures: Vec::new(),
        rto: Vec::new(),
        rpo: Vec::new(),
        checklists: Vec::new(),
        watch: None,
        locations: Vec::new(),
        sections: Vec::new(),
    };
    Compiled { plan, diagnostics: vec![diagnostic], gaps: Vec::new() }
}
