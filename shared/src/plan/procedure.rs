//! Fenced shell blocks to procedures of typed steps. Runs nothing, and knows no program by name.

use std::collections::{HashMap, HashSet};

use super::command::{self, Meaning};
use super::danger::is_destructive;
use super::digests::step_digest;
use super::document::{Block, BlockKind, Document, Fence};
use super::fence::{self, Ask, Attributes};
use super::model::{Procedure, Step, StepKind};
use super::notes::Notes;
use super::runnable::{procedure_unavailable, runnable};
use super::script::{self, Entry};
use super::shell::Trouble;
use super::title;
use super::words::{slug, strip_number};
use crate::digest::Digest;

/// A procedure and what its author wants to be asked for.
pub(super) type Read = (Procedure, Option<Vec<Ask>>);

/// Every shell block of the plan, in the order of the text. Their digests are of what is known so far.
pub(super) fn read(document: &Document<'_>, notes: &mut Notes<'_>) -> Vec<Read> {
    let mut procedures = Vec::new();
    let mut ids = Ids::default();
    for block in &document.blocks {
        let BlockKind::Fence(fence) = &block.kind else { continue };
        if !fence.closed {
            notes.error(
                block.at,
                "unclosed-fence",
                "This block is never closed: all that follows is taken as its text. End it with a line of ```.",
            );
        }
        if fence::is_shell(fence) {
            procedures.push(procedure(document, block, fence, &mut ids, notes));
        } else if fence::language(&fence.info).is_empty() && looks_like_commands(fence) {
            notes.notice(
                block.at,
                "fence-without-language",
                "This block looks like commands but is not compiled. Write ```bash to make it a procedure.",
            );
        }
    }
    procedures
}

fn procedure(document: &Document<'_>, block: &Block, fence: &Fence, ids: &mut Ids, notes: &mut Notes<'_>) -> Read {
    let attributes = fence::attributes(fence, block.at, notes);
    let (title, section) = name(document, block);
    let id = ids.give(&title, &section, &attributes, block.at, notes);
    let steps = steps(document, fence, &attributes, notes);
    if steps.is_empty() {
        notes.warning(block.at, "empty-procedure", format!("\"{title}\" has no steps: its block contains no command."));
    }
    let procedure = Procedure {
        digest: Digest::of(b""),
        unavailable: procedure_unavailable(&steps),
        line: document.line(block.at),
        id,
        title,
        section,
        steps,
        parameters: Vec::new(),
        approvals: attributes.approvals,
        roles: attributes.roles,
    };
    (procedure, attributes.ask)
}

/// The title is that of the list item the block stands in, else the heading above it.
fn name(document: &Document<'_>, block: &Block) -> (String, Vec<String>) {
    let mut path: Vec<String> =
        document.path(block.heading).iter().map(|text| strip_number(text).1.to_owned()).collect();
    let item = block.item.and_then(|index| document.blocks.get(index));
    if let Some(BlockKind::Item { prose }) = item.map(|block| &block.kind) {
        let title = prose.bold.as_deref().filter(|bold| !bold.is_empty()).unwrap_or(&prose.text);
        let title = strip_number(title).1.trim_end_matches([':', '.']).trim();
        if !title.is_empty() {
            return (title.chars().take(120).collect(), path);
        }
    }
    let fallback =
        || document.title.and_then(|index| document.headings.get(index)).map(|heading| heading.prose.text.clone());
    let title = path.pop().filter(|title| !title.is_empty()).or_else(fallback);
    (title.unwrap_or_else(|| "Procedure".to_owned()), path)
}

fn steps(document: &Document<'_>, fence: &Fence, attributes: &Attributes, notes: &mut Notes<'_>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut titles = Titles::default();
    for entry in script::entries(&fence.lines) {
        let (meaning, source, at) = match entry {
            Entry::Comment { text, at } => {
                titles.comment(&text, at, notes);
                continue;
            }
            Entry::Command { shape, source, at } => {
                (command::interpret(&shape, attributes.timeout_seconds), source, at)
            }
            Entry::Unreadable { trouble, source, at } => (unreadable(&trouble, at, notes), source, at),
        };
        for remark in meaning.remarks {
            notes.warning(at, remark.code, remark.message);
        }
        let kind = meaning.kind;
        steps.push(Step {
            number: u32::try_from(steps.len() + 1).unwrap_or(u32::MAX),
            title: titles.next(&kind),
            line: document.line(at),
            digest: step_digest(&kind, &source),
            destructive: is_destructive(&kind),
            timeout_seconds: attributes.timeout_seconds,
            unavailable: runnable(&kind).err(),
            kind,
            source,
        });
    }
    titles.finish(notes);
    steps
}

fn unreadable(trouble: &Trouble, at: usize, notes: &mut Notes<'_>) -> Meaning {
    let reason = match trouble {
        Trouble::Unfinished(what) => {
            let message = format!(
                "This line opens {what} that is never closed; the shell would take the rest of the block as part of it. Close it."
            );
            notes.error(at, "unterminated", message);
            return Meaning { kind: StepKind::Shell {}, remarks: Vec::new() };
        }
        Trouble::Invalid(message) => format!("a shell would refuse it ({message})"),
        Trouble::TooInvolved => "it is too long or too involved for one step".to_owned(),
    };
    Meaning::shell(reason)
}

fn looks_like_commands(fence: &Fence) -> bool {
    script::entries(fence.lines.get(..fence.lines.len().min(5)).unwrap_or_default()).iter().any(|entry| {
        matches!(entry, Entry::Command { shape, .. } if command::interpret(shape, None).kind != StepKind::Shell {})
    })
}

/// Titles for steps, from the comments above them.
#[derive(Default)]
struct Titles {
    current: Option<String>,
    /// Steps that have the current title already.
    used: u32,
    /// A numbered comment that no command has followed yet.
    waiting: Option<(String, usize)>,
    highest: u32,
}

impl Titles {
    fn comment(&mut self, text: &str, at: usize, notes: &mut Notes<'_>) {
        let (number, title) = strip_number(text);
        if title.is_empty() {
            return;
        }
        if let Some(number) = number {
            self.finish(notes);
            if number <= self.highest {
                let message =
                    format!("Number {number} follows {}. Steps run in the order they are written.", self.highest);
                notes.warning(at, "step-order", message);
            }
            self.highest = self.highest.max(number);
            self.waiting = Some((text.to_owned(), at));
        }
        // The first comment names the step; more lines below it explain.
        if number.is_some() || self.current.is_none() || self.used > 0 {
            self.current = Some(title.to_owned());
            self.used = 0;
        }
    }

    fn next(&mut self, kind: &StepKind) -> String {
        self.waiting = None;
        self.used += 1;
        match &self.current {
            Some(title) if self.used > 1 => format!("{title} ({})", self.used),
            Some(title) => title.clone(),
            None => title::of(kind),
        }
    }

    fn finish(&mut self, notes: &mut Notes<'_>) {
        if let Some((text, at)) = self.waiting.take() {
            let message =
                format!("\"{text}\" has no command below it: it is shown in the plan and is not a step of the run.");
            notes.warning(at, "step-without-command", message);
        }
    }
}

/// Ids given so far.
#[derive(Default)]
struct Ids {
    taken: HashSet<String>,
    /// Which titles occurred in which section.
    places: HashSet<(String, Vec<String>)>,
    /// The last number given to an id.
    numbers: HashMap<String, u32>,
}

impl Ids {
    fn give(
        &mut self,
        title: &str,
        section: &[String],
        attributes: &Attributes,
        at: usize,
        notes: &mut Notes<'_>,
    ) -> String {
        let wanted = attributes.id.as_deref().map_or_else(|| slug(title), slug);
        let plain = if wanted.is_empty() { "procedure".to_owned() } else { wanted };
        if attributes.id.is_some() && self.taken.contains(&plain) {
            let message = format!("The id \"{plain}\" is taken by a procedure above; this one gets a number.");
            notes.warning(at, "duplicate-id", message);
        }
        let same_place = !self.places.insert((plain.clone(), section.to_vec()));
        let mut base = plain;
        if self.taken.contains(&base)
            && !same_place
            && let Some(section) = section.last()
        {
            base = format!("{}-{base}", slug(section));
        }
        let mut id = base.clone();
        while !self.taken.insert(id.clone()) {
            let n = self.numbers.entry(base.clone()).or_insert(1);
            *n += 1;
            id = format!("{base}-{n}");
        }
        id
    }
}
