//! A shell line to what it means. Programs are recognised here and read in the files below; nothing is guessed.

mod compose;
mod directory;
mod docker;
mod files;
mod http;
mod muster;
mod pipe;
mod sql;

pub(super) use directory::changed as changed_directory;

use super::model::{Severity, StepKind};
use super::options::literals;
use super::shell::{Shape, Simple, Word};

/// What a line means, and what a person should know about that reading.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) kind: StepKind,
    pub(super) remarks: Vec<Remark>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Remark {
    /// An error where a line for Muster itself makes no sense; a warning where the line as written is dangerous or wrong; a notice where Muster reads it a little differently.
    pub(super) severity: Severity,
    pub(super) code: &'static str,
    pub(super) message: String,
    /// The word of the line it is about; without one, the whole line.
    pub(super) word: Option<String>,
}

impl Meaning {
    fn of(kind: StepKind) -> Self {
        Self { kind, remarks: Vec::new() }
    }

    /// A line that is shown and never guessed at.
    pub(super) fn shell(reason: impl AsRef<str>) -> Self {
        let message = format!(
            "This line is not one Muster understands: {}. It is kept and shown, and cannot be run.",
            reason.as_ref()
        );
        Self::of(StepKind::Shell {}).and("shell-line", message)
    }

    fn and(self, code: &'static str, message: impl Into<String>) -> Self {
        self.remark(Severity::Warning, code, message.into())
    }

    fn note(self, code: &'static str, message: impl Into<String>) -> Self {
        self.remark(Severity::Notice, code, message.into())
    }

    fn remark(mut self, severity: Severity, code: &'static str, message: String) -> Self {
        self.remarks.push(Remark { severity, code, message, word: None });
        self
    }
}

/// What the lines before and the fence say about a line.
#[derive(Clone, Copy, Default)]
pub(super) struct Around<'a> {
    /// Bounds what waits.
    pub(super) timeout_seconds: Option<u64>,
    /// Where `cd` has led.
    pub(super) directory: Option<&'a str>,
}

/// Every shape has a meaning; what is not known is [`StepKind::Shell`] with the reason.
pub(super) fn interpret(shape: &Shape, around: Around<'_>) -> Meaning {
    match shape {
        Shape::Other(reason) => Meaning::shell(reason),
        Shape::Pipe(parts) => pipe::read(parts, around),
        Shape::Simple(simple) => alone(simple, around),
    }
}

fn alone(simple: &Simple, around: Around<'_>) -> Meaning {
    if let Some(beside) = simple.beside {
        return Meaning::shell(beside);
    }
    let words = without_sudo(&simple.words);
    let [Word::Literal(program), arguments @ ..] = words else {
        return Meaning::shell("the program is only known while it runs");
    };
    let read = match (program.as_str(), arguments) {
        ("docker-compose", arguments) => compose::read(arguments),
        ("docker", [Word::Literal(sub), arguments @ ..]) if sub == "compose" => compose::read(arguments),
        ("docker", arguments) => docker::read(arguments),
        ("curl", arguments) => http::curl(arguments).map(Meaning::of),
        ("muster", arguments) => muster::read(arguments),
        ("watch", arguments) => http::watch(arguments, around.timeout_seconds),
        ("tar", arguments) => files::tar(arguments).map(Meaning::of),
        ("psql", _) => {
            Err("psql on the host has no service to run in; write docker compose exec SERVICE psql … -c \"…\""
                .to_owned())
        }
        ("bash" | "sh", [Word::Literal(script), arguments @ ..]) if files::is_script(script) => {
            files::script(script, arguments).map(Meaning::of)
        }
        (script, arguments) if files::is_script(script) => files::script(script, arguments).map(Meaning::of),
        (other, _) => Err(format!("\"{}\" is not among the known programs", shortened(other))),
    };
    let meaning = read.unwrap_or_else(Meaning::shell);
    match around.directory {
        Some(directory) => directory::within(meaning, directory),
        None => meaning,
    }
}

/// The worker has the rights it has; asking for more on the line changes nothing.
fn without_sudo(words: &[Word]) -> &[Word] {
    match words {
        [Word::Literal(sudo), rest @ ..] if sudo == "sudo" => rest,
        words => words,
    }
}

fn shortened(text: &str) -> String {
    if text.chars().count() > 40 { text.chars().take(39).chain(['…']).collect() } else { text.to_owned() }
}

/// True for `$(docker ps -q)` and its Compose form: the ids of running containers.
fn lists_containers(word: &Word) -> bool {
    output_of(word).is_some_and(|words| match words.as_slice() {
        ["docker", "compose", "ps", rest @ ..] | ["docker-compose", "ps", rest @ ..] => {
            only_flags(rest, &["-q", "--quiet", "-a", "--all", "-aq", "-qa"])
        }
        ["docker", "ps", rest @ ..] | ["docker", "container", "ls", rest @ ..] => {
            only_flags(rest, &["-q", "--quiet", "-a", "--all", "-aq", "-qa"])
        }
        _ => false,
    })
}

/// True for `$(docker volume ls -q)`.
fn lists_volumes(word: &Word) -> bool {
    output_of(word).is_some_and(|words| matches!(words.as_slice(), ["docker", "volume", "ls", "-q" | "--quiet"]))
}

fn output_of(word: &Word) -> Option<Vec<&str>> {
    let Word::Output(shape) = word else { return None };
    let Shape::Simple(Simple { words, beside: None }) = &**shape else { return None };
    literals(without_sudo(words))
}

fn only_flags(words: &[&str], flags: &[&str]) -> bool {
    words.iter().all(|word| flags.contains(word)) && words.iter().any(|word| word.contains('q'))
}

#[cfg(test)]
mod tests;
