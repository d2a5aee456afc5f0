//! Shell blocks and numbered lists to procedures of typed steps. Runs nothing, and knows no program by name.

use std::collections::{HashMap, HashSet};

use super::document::{Block, BlockKind, Document, Fence};
use super::fence::{self, Ask, Attributes};
use super::listed::{self, Listed};
use super::model::{Procedure, Step, StepKind};
use super::notes::Notes;
use super::runnable::procedure_unavailable;
use super::steps::{Steps, looks_like_commands};
use super::words::{slug, strip_number};
use crate::digest::Digest;

/// A procedure and what only its text knows.
pub(super) struct Read {
    pub(super) procedure: Procedure,
    /// What its author wants to be asked for.
    pub(super) ask: Option<Vec<Ask>>,
    /// Whether its author wants the final checks behind it.
    pub(super) checks: Option<bool>,
    /// Its steps are numbered, as those of a recovery procedure are and those of a readme are not.
    pub(super) is_numbered: bool,
}

/// Every shell block of the plan and every list of steps, in the order of the text. Digests are not known yet.
pub(super) fn read(document: &Document<'_>, listed: &Listed, notes: &mut Notes<'_>) -> Vec<Read> {
    let mut procedures = Vec::new();
    let mut ids = Ids::default();
    for (index, block) in document.blocks.iter().enumerate() {
        if let Some(members) = listed.starting_at(index) {
            let steps = listed::steps(document, members, notes);
            let procedure = from_list(document, block, steps, &mut ids, notes);
            procedures.push(Read { procedure, ask: None, checks: None, is_numbered: true });
        }
        let BlockKind::Fence(fence) = &block.kind else { continue };
        if !fence.closed {
            notes.error(
                block.at,
                "unclosed-fence",
                "This block is never closed: all that follows is taken as its text. End it with a line of ```.",
            );
        }
        if listed.contains(index) {
            continue;
        }
        if fence::is_shell(fence) {
            procedures.push(procedure(document, block, fence, &mut ids, notes));
        } else if fence::language(&fence.info).is_empty() && looks_like_commands(&fence.lines) {
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
    let mut steps = Steps::new(document, attributes.timeout_seconds).with_secrets(attributes.secrets.clone());
    steps.block(&fence.lines, notes);
    let is_numbered = steps.numbered() > 1;
    let steps = steps.finish();
    if steps.is_empty() {
        notes.warning(block.at, "empty-procedure", format!("\"{title}\" has no steps: its block contains no command."));
    }
    if !attributes.secrets.is_empty() && steps.iter().all(|step| step.secrets.is_empty()) {
        let message = format!(
            "No step of \"{title}\" takes the secrets that its block names: scripts and the Compose steps up and down do."
        );
        notes.warning(block.at, "secrets-not-used", message);
    }
    let procedure = Procedure {
        approvals: attributes.approvals,
        roles: attributes.roles,
        ..plain(id, title, section, document.line(block.at), steps)
    };
    Read { procedure, ask: attributes.ask, checks: attributes.checks, is_numbered }
}

fn from_list(
    document: &Document<'_>,
    block: &Block,
    steps: Vec<Step>,
    ids: &mut Ids,
    notes: &mut Notes<'_>,
) -> Procedure {
    let (title, section) = name(document, block);
    let id = ids.give(&title, &section, &Attributes::default(), block.at, notes);
    let by_hand = steps.iter().filter(|step| step.kind == StepKind::Manual {}).count();
    let message = format!(
        "This numbered list is read as the procedure \"{title}\" with {} steps, {by_hand} of them by hand.",
        steps.len()
    );
    notes.notice(block.at, "list-procedure", message);
    plain(id, title, section, document.line(block.at), steps)
}

fn plain(id: String, title: String, section: Vec<String>, line: u32, steps: Vec<Step>) -> Procedure {
    Procedure {
        unavailable: procedure_unavailable(&steps),
        digest: Digest::of(b""),
        line,
        id,
        title,
        section,
        steps,
        parameters: Vec::new(),
        approvals: None,
        roles: Vec::new(),
    }
}

/// The title is that of the list item the block stands in, else the heading above it.
fn name(document: &Document<'_>, block: &Block) -> (String, Vec<String>) {
    let mut path: Vec<String> =
        document.path(block.heading).iter().map(|text| strip_number(text).1.to_owned()).collect();
    let item = block.item.and_then(|index| document.blocks.get(index));
    if let Some(BlockKind::Item { prose, .. }) = item.map(|block| &block.kind) {
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
