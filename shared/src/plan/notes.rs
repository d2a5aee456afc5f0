//! Collects what the compiler has to say, with places. Decides nothing.

use super::document::Document;
use super::model::{Diagnostic, Severity};

/// Diagnostics as they are found; sorted by place at the end.
pub(super) struct Notes<'a> {
    document: &'a Document<'a>,
    found: Vec<Diagnostic>,
}

impl<'a> Notes<'a> {
    pub(super) fn new(document: &'a Document<'a>) -> Self {
        Self { document, found: Vec::new() }
    }

    pub(super) fn error(&mut self, at: usize, code: &str, message: impl Into<String>) {
        self.add(Severity::Error, at, code, message.into());
    }

    pub(super) fn warning(&mut self, at: usize, code: &str, message: impl Into<String>) {
        self.add(Severity::Warning, at, code, message.into());
    }

    pub(super) fn notice(&mut self, at: usize, code: &str, message: impl Into<String>) {
        self.add(Severity::Notice, at, code, message.into());
    }

    fn add(&mut self, severity: Severity, at: usize, code: &str, message: String) {
        let (line, column) = (self.document.lines.line(at), self.document.lines.column(at));
        self.found.push(Diagnostic { severity, code: code.to_owned(), message: bounded(message), line, column });
    }

    pub(super) fn has_errors(&self) -> bool {
        self.found.iter().any(|note| note.severity == Severity::Error)
    }

    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|note| (note.line, note.column, note.severity));
        self.found
    }
}

/// A message quotes the plan, and a plan can hold a word of a megabyte.
pub(super) fn bounded(mut message: String) -> String {
    const MOST: usize = 1200;
    if let Some((end, _)) = message.char_indices().nth(MOST - 1).filter(|(at, _)| message.len() > at + 4) {
        message.truncate(end);
        message.push('…');
    }
    message
}
