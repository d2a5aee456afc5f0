//! Procedures that are written as a numbered list of sentences instead of a shell block. Guesses no command: one counts only
//! if it stands as code in a sentence that says to run it.

use std::collections::{HashMap, HashSet};

use super::command::{self, Around};
use super::document::{Block, BlockKind, Document, Fence, Prose};
use super::fence;
use super::model::{Step, StepKind};
use super::notes::Notes;
use super::shell;
use super::steps::{Steps, looks_like_commands};
use super::words::{has_word, strip_number};

const TOPICS: [&str; 12] = [
    "recover",
    "restor",
    "procedure",
    "runbook",
    "playbook",
    "failover",
    "fail over",
    "rebuild",
    "rollback",
    "roll back",
    "what to do",
    "respon",
];
/// Lists in these sections are something else: kept in mind, promised, or looked at afterwards.
const OTHERS: [&str; 17] = [
    "post-recovery",
    "after recovery",
    "prevent",
    "communicat",
    "validation",
    "checklist",
    "level ",
    "location",
    "appendix",
    "contact",
    "objective",
    "drill",
    "rehears",
    "overview",
    "scope",
    "responsib",
    "classification",
];
/// A sentence with one of these names a command without simply saying to run it.
const HEDGES: [&str; 14] = [
    "not",
    "never",
    "don't",
    "don’t",
    "cannot",
    "avoid",
    "unless",
    "instead",
    "if",
    "only",
    "without",
    "or",
    "optionally",
    "when",
];

/// The numbered lists that are procedures: the blocks they consist of, by the first.
pub(super) struct Listed {
    lists: HashMap<usize, Vec<usize>>,
    all: HashSet<usize>,
}

impl Listed {
    pub(super) fn find(document: &Document<'_>) -> Self {
        let fenced: HashSet<Option<usize>> = document
            .blocks
            .iter()
            .filter(|block| {
                block.item.is_none() && matches!(&block.kind, BlockKind::Fence(fence) if fence::is_shell(fence))
            })
            .map(|block| block.heading)
            .collect();
        let mut found = Self { lists: HashMap::new(), all: HashSet::new() };
        let mut index = 0;
        while let Some(block) = document.blocks.get(index) {
            let first = index;
            index += 1;
            if block.item.is_some() || !matches!(block.kind, BlockKind::Item { numbered: Some(_), .. }) {
                continue;
            }
            let members = members(document, first);
            index = first + members.len();
            if !fenced.contains(&block.heading)
                && block.heading.is_some()
                && document.is_under(block, &TOPICS)
                && !document.is_under(block, &OTHERS)
                && is_procedure(document, &members)
            {
                found.all.extend(&members);
                found.lists.insert(first, members);
            }
        }
        found
    }

    /// The list that begins with this block.
    pub(super) fn starting_at(&self, index: usize) -> Option<&[usize]> {
        self.lists.get(&index).map(Vec::as_slice)
    }

    pub(super) fn contains(&self, index: usize) -> bool {
        self.all.contains(&index)
    }
}

/// The blocks of the list that begins with an outer item: its items and all in them.
fn members(document: &Document<'_>, first: usize) -> Vec<usize> {
    let list = |block: &Block| match block.kind {
        BlockKind::Item { numbered, .. } if block.item.is_none() => numbered,
        _ => None,
    };
    let this = document.blocks.get(first).and_then(list);
    let rest = document.blocks.iter().enumerate().skip(first);
    rest.take_while(|(_, block)| block.item.is_some() || list(block) == this && this.is_some())
        .map(|(index, _)| index)
        .collect()
}

/// Blocks with numbered comments, or under titles in bold, are procedures of their own.
fn is_procedure(document: &Document<'_>, members: &[usize]) -> bool {
    let blocks = || members.iter().filter_map(|&index| document.blocks.get(index));
    let items = blocks().filter(|block| block.item.is_none()).count();
    let is_own = |block: &Block| {
        let BlockKind::Fence(fence) = &block.kind else { return false };
        let numbered = |text: &str| text.trim().strip_prefix('#').is_some_and(|text| strip_number(text).0.is_some());
        let item = block.item.and_then(|index| document.blocks.get(index)).map(|item| &item.kind);
        let bold = matches!(item, Some(BlockKind::Item { prose, .. }) if prose.bold.is_some());
        fence::is_shell(fence) && (bold || fence.lines.iter().filter(|line| numbered(&line.text)).count() > 1)
    };
    items > 1 && !blocks().any(is_own)
}

/// The steps of such a list.
pub(super) fn steps(document: &Document<'_>, members: &[usize], notes: &mut Notes<'_>) -> Vec<Step> {
    let mut reading = Reading { document, steps: Steps::new(document, None), open: None };
    for &index in members {
        let Some(block) = document.blocks.get(index) else { continue };
        match &block.kind {
            BlockKind::Item { prose, numbered } => reading.item(index, block, prose, numbered.is_some(), notes),
            BlockKind::Paragraph(prose) => reading.commands(prose, notes),
            BlockKind::Fence(fence) => reading.fence(fence, notes),
            BlockKind::Heading(_) | BlockKind::Table(_) => {}
        }
    }
    reading.by_hand(notes);
    reading.steps.finish()
}

/// The steps of bullets that each say one thing to do: by a command in code, else by hand.
pub(super) fn bullets(document: &Document<'_>, points: &[usize], notes: &mut Notes<'_>) -> Vec<Step> {
    let mut reading = Reading { document, steps: Steps::new(document, None), open: None };
    for &index in points {
        let Some(block) = document.blocks.get(index) else { continue };
        if let BlockKind::Item { prose, .. } = &block.kind {
            reading.item(index, block, prose, true, notes);
        }
    }
    reading.by_hand(notes);
    reading.steps.finish()
}

struct Reading<'d> {
    document: &'d Document<'d>,
    steps: Steps<'d>,
    /// The item that has not become a step yet.
    open: Option<(usize, String, usize)>,
}

impl Reading<'_> {
    fn item(&mut self, index: usize, block: &Block, prose: &Prose, is_numbered: bool, notes: &mut Notes<'_>) {
        if !is_numbered {
            return self.commands(prose, notes);
        }
        // An item of which numbered ones hang is their heading.
        if self.open.as_ref().is_some_and(|(parent, ..)| block.item == Some(*parent)) {
            self.open = None;
        }
        self.by_hand(notes);
        let said = strip_number(&prose.text).1;
        // Code at the end is what to run, not what it is called.
        let said = prose.codes.first().and_then(|code| said.trim_end().strip_suffix(code.as_str())).unwrap_or(said);
        let said = if said.trim().is_empty() { strip_number(&prose.text).1 } else { said };
        let title: String = said.trim_end_matches([':', '.', ' ']).chars().take(200).collect();
        self.steps.call(&title);
        self.open = (!title.is_empty()).then_some((index, title, block.at));
        self.commands(prose, notes);
    }

    /// Code in a sentence that says to run it.
    fn commands(&mut self, prose: &Prose, notes: &mut Notes<'_>) {
        let sentence = prose.codes.iter().fold(prose.text.clone(), |text, code| text.replace(code.as_str(), ""));
        let text = sentence.to_lowercase();
        if prose.codes.is_empty() || HEDGES.iter().any(|word| has_hedge(&text, word)) {
            return;
        }
        for code in &prose.codes {
            let Ok(commands) = shell::parse(code) else { continue };
            let known = |shape| command::interpret(shape, Around::default()).kind != StepKind::Shell {};
            if commands.is_empty() || !commands.iter().all(|command| known(&command.shape)) {
                continue;
            }
            let at = self.document.locate(prose, code);
            for command in commands {
                let source = code.get(command.start..command.end).unwrap_or(code).to_owned();
                self.steps.command(&command.shape, source, at + command.start, notes);
            }
            self.open = None;
        }
    }

    fn fence(&mut self, fence: &Fence, notes: &mut Notes<'_>) {
        let unnamed = fence::language(&fence.info).is_empty() && looks_like_commands(&fence.lines);
        if fence::is_shell(fence) || unnamed {
            self.steps.block(&fence.lines, notes);
            self.open = None;
        }
    }

    fn by_hand(&mut self, notes: &mut Notes<'_>) {
        if let Some((_, title, at)) = self.open.take() {
            let source = self.document.lines.text(self.document.line(at)).trim().to_owned();
            self.steps.manual(&title, source, at, notes);
        }
    }
}

fn has_hedge(text: &str, hedge: &str) -> bool {
    if hedge.contains(['\'', '’']) { text.contains(hedge) } else { has_word(text, hedge) }
}
