//! Lines of a block to the typed steps of one procedure, with their titles. Knows no program by name.

use super::command::{self, Around, Meaning};
use super::danger::is_destructive;
use super::digests::step_digest;
use super::document::{CodeLine, Document};
use super::model::{Severity, Step, StepKind};
use super::notes::Notes;
use super::runnable::runnable;
use super::script::{self, Entry};
use super::shell::{Shape, Trouble};
use super::title;
use super::words::{number_path, strip_number};

/// Programs that the worker starts beside the containers. A command within a container sees that container's environment only.
fn takes_secrets(kind: &StepKind) -> bool {
    matches!(kind, StepKind::Script { .. } | StepKind::Up { .. } | StepKind::Down { .. })
}

/// The steps of one procedure as they are found.
pub(super) struct Steps<'d> {
    document: &'d Document<'d>,
    timeout_seconds: Option<u64>,
    secrets: Vec<String>,
    /// Where `cd` has led.
    directory: Option<String>,
    steps: Vec<Step>,
    title: Option<String>,
    /// Steps that have the current title already.
    used: u32,
    /// A numbered comment that no command has followed yet.
    waiting: Option<Comment>,
    highest: Vec<u32>,
    numbered: u32,
}

struct Comment {
    text: String,
    source: String,
    at: usize,
}

impl<'d> Steps<'d> {
    pub(super) fn new(document: &'d Document<'d>, timeout_seconds: Option<u64>) -> Self {
        Self {
            document,
            timeout_seconds,
            secrets: Vec::new(),
            directory: None,
            steps: Vec::new(),
            title: None,
            used: 0,
            waiting: None,
            highest: Vec::new(),
            numbered: 0,
        }
    }

    /// What programs on the worker's host get.
    pub(super) fn with_secrets(mut self, names: Vec<String>) -> Self {
        self.secrets = names;
        self
    }

    /// The title of what follows, until a comment gives another.
    pub(super) fn call(&mut self, title: &str) {
        self.title = Some(title.to_owned()).filter(|title| !title.is_empty());
        self.used = 0;
    }

    /// The lines of a fenced block.
    pub(super) fn block(&mut self, lines: &[CodeLine], notes: &mut Notes<'_>) {
        for entry in script::entries(lines) {
            match entry {
                Entry::Comment { text, source, at } => self.comment(Comment { text, source, at }, notes),
                Entry::Command { shape, source, at } => self.command(&shape, source, at, notes),
                Entry::Unreadable { trouble, source, at } => {
                    let meaning = unreadable(&trouble, at, notes);
                    self.push(meaning, source, at, notes);
                }
            }
        }
        self.by_hand(notes);
    }

    pub(super) fn command(&mut self, shape: &Shape, source: String, at: usize, notes: &mut Notes<'_>) {
        if let Some(directory) = command::changed_directory(shape, self.directory.as_deref()) {
            let message = format!(
                "cd {directory} is no step: scripts and archives below are looked for there, and Compose acts on the system the \
                 run is started on."
            );
            notes.notice(at, "directory", message);
            self.directory = Some(directory);
            self.waiting = None;
            return;
        }
        let around = Around { timeout_seconds: self.timeout_seconds, directory: self.directory.as_deref() };
        self.push(command::interpret(shape, around), source, at, notes);
    }

    /// A step that a person does and confirms.
    pub(super) fn manual(&mut self, title: &str, source: String, at: usize, notes: &mut Notes<'_>) {
        self.call(title);
        self.push(Meaning { kind: StepKind::Manual {}, remarks: Vec::new() }, source, at, notes);
    }

    /// How many comments with a number there were.
    pub(super) fn numbered(&self) -> u32 {
        self.numbered
    }

    pub(super) fn finish(self) -> Vec<Step> {
        self.steps
    }

    fn push(&mut self, meaning: Meaning, source: String, at: usize, notes: &mut Notes<'_>) {
        for remark in meaning.remarks {
            let at = remark.word.and_then(|word| self.place(&word, at)).unwrap_or(at);
            match remark.severity {
                Severity::Notice => notes.notice(at, remark.code, remark.message),
                Severity::Error => notes.error(at, remark.code, remark.message),
                Severity::Warning => notes.warning(at, remark.code, remark.message),
            }
        }
        let kind = meaning.kind;
        self.waiting = None;
        self.used += 1;
        let title = match &self.title {
            Some(title) if self.used > 1 => format!("{title} ({})", self.used),
            Some(title) => title.clone(),
            None => title::of(&kind),
        };
        self.steps.push(Step {
            number: u32::try_from(self.steps.len() + 1).unwrap_or(u32::MAX),
            title,
            line: self.document.line(at),
            digest: step_digest(&kind, &source),
            destructive: is_destructive(&kind),
            timeout_seconds: self.timeout_seconds,
            unavailable: runnable(&kind).err(),
            secrets: if takes_secrets(&kind) { self.secrets.clone() } else { Vec::new() },
            check: false,
            kind,
            source,
        });
    }

    /// Where a word of the line that begins at `at` stands.
    fn place(&self, word: &str, at: usize) -> Option<usize> {
        let line = self.document.source.get(at..)?.lines().next()?;
        let begins =
            |&(n, _): &(usize, &str)| line.get(..n).is_some_and(|before| before.ends_with([' ', '\t', '"', '\'']));
        line.match_indices(word).find(begins).map(|(n, _)| at + n)
    }

    fn comment(&mut self, comment: Comment, notes: &mut Notes<'_>) {
        let (number, title) = strip_number(&comment.text);
        if title.is_empty() {
            return;
        }
        let title = title.to_owned();
        // The first comment names the step; more lines below it explain.
        let names_it = number.is_some() || self.title.is_none() || self.used > 0;
        if number.is_some() {
            self.numbered += 1;
            let path = number_path(&comment.text);
            self.headed(&path, notes);
            if path <= self.highest {
                let above = self.highest.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
                let this = path.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
                let message = format!("Number {this} follows {above}. Steps run in the order they are written.");
                notes.warning(comment.at, "step-order", message);
            } else {
                self.highest = path;
            }
            self.waiting = Some(comment);
        }
        if names_it {
            self.call(&title);
        }
    }

    /// Another numbered comment follows the one that waits: its heading, or the next thing to do.
    fn headed(&mut self, next: &[u32], notes: &mut Notes<'_>) {
        let Some(waiting) = &self.waiting else { return };
        let path = number_path(&waiting.text);
        let is_heading = waiting.text.trim_end().ends_with(':') || (next.len() > path.len() && next.starts_with(&path));
        if is_heading {
            let message = format!("\"{}\" is read as the heading of what follows, not as a step.", waiting.text);
            notes.notice(waiting.at, "step-without-command", message);
            self.waiting = None;
        } else {
            self.by_hand(notes);
        }
    }

    /// What was announced and has no command is for a person to do.
    fn by_hand(&mut self, notes: &mut Notes<'_>) {
        let Some(Comment { text, source, at }) = self.waiting.take() else { return };
        let title = strip_number(&text).1.trim_end_matches(':').to_owned();
        let message =
            format!("\"{text}\" has no command below it: a person does it and says so before the run goes on.");
        notes.notice(at, "step-by-hand", message);
        self.manual(&title, source, at, notes);
    }
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

/// True for a block whose first lines hold a command Muster knows.
pub(super) fn looks_like_commands(lines: &[CodeLine]) -> bool {
    script::entries(lines.get(..lines.len().min(5)).unwrap_or_default()).iter().any(|entry| {
        matches!(entry, Entry::Command { shape, .. } if command::interpret(shape, Around::default()).kind != StepKind::Shell {})
    })
}
