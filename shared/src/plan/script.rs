//! A fenced block's lines to comments and commands with places. Knows no command by name.

use super::document::CodeLine;
use super::shell::{self, Command, Shape, Trouble};

/// What stands in a block, in order.
pub(super) enum Entry {
    Comment {
        text: String,
        /// As it stands there, with its sign.
        source: String,
        at: usize,
    },
    Command {
        shape: Shape,
        source: String,
        at: usize,
    },
    /// Lines no shell would run, or too much for one step.
    Unreadable {
        trouble: Trouble,
        source: String,
        at: usize,
    },
}

/// A command may go on over this many lines.
const MAX_LINES: usize = 50;

pub(super) fn entries(lines: &[CodeLine]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut rest = lines;
    while let [line, after @ ..] = rest {
        let text = line.text.trim();
        if text.is_empty() {
            rest = after;
        } else if let Some(comment) = text.strip_prefix('#') {
            let source = text.to_owned();
            let text = comment.trim_matches(|c: char| c == '#' || c.is_whitespace()).to_owned();
            entries.push(Entry::Comment { text, source, at: line.at + indent(&line.text) });
            rest = after;
        } else {
            let (mut found, taken) = unit(rest);
            entries.append(&mut found);
            rest = rest.get(taken.max(1)..).unwrap_or_default();
        }
    }
    entries
}

/// Reads from the first line on until the shell would begin to work; how many lines that took.
fn unit(lines: &[CodeLine]) -> (Vec<Entry>, usize) {
    let mut text = String::new();
    let mut trouble = None;
    for (index, line) in lines.iter().enumerate().take(MAX_LINES) {
        if index > 0 {
            text.push('\n');
        }
        text.push_str(if index == 0 { without_prompt(&line.text) } else { &line.text });
        if ends_with_continuation(&line.text) && index + 1 < lines.len() {
            continue;
        }
        match shell::parse(text.trim_end_matches('\\')) {
            Ok(commands) => {
                let taken = index + 1;
                return (commands.into_iter().map(|command| entry(command, &text, lines)).collect(), taken);
            }
            Err(Trouble::Unfinished(what)) => trouble = Some(Trouble::Unfinished(what)),
            Err(other) => {
                // Reading on may have made it worse: what is wrong is then what was open before.
                let trouble = trouble.take().unwrap_or(other);
                return (vec![unreadable(trouble, &text, lines)], index + 1);
            }
        }
    }
    // The shell would take all that follows as part of it.
    let source: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    let trouble = trouble.unwrap_or(Trouble::TooInvolved);
    (vec![unreadable(trouble, &source.join("\n"), lines)], lines.len())
}

fn unreadable(trouble: Trouble, text: &str, lines: &[CodeLine]) -> Entry {
    Entry::Unreadable { trouble, source: text.trim().to_owned(), at: place(0, text, lines) }
}

fn entry(command: Command, text: &str, lines: &[CodeLine]) -> Entry {
    // A here-document's body lies behind the command.
    let end = if text.contains("<<") { text.len() } else { command.end };
    let source = text.get(command.start..end).unwrap_or(text);
    Entry::Command { shape: command.shape, source: joined(source), at: place(command.start, text, lines) }
}

/// Offset in the plan's source of an offset in the joined text.
fn place(offset: usize, text: &str, lines: &[CodeLine]) -> usize {
    let before = text.get(..offset).unwrap_or_default();
    let index = before.matches('\n').count();
    let Some(line) = lines.get(index) else { return 0 };
    let prompt = if index == 0 { line.text.len() - without_prompt(&line.text).len() } else { 0 };
    let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
    let at = column + prompt;
    line.at + at + line.text.get(at..).map_or(0, indent)
}

fn indent(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

/// `$ docker ps` as it stands in many documents.
fn without_prompt(line: &str) -> &str {
    line.trim_start().strip_prefix("$ ").unwrap_or(line)
}

/// An odd number of backslashes at the end; a comment does not go on.
fn ends_with_continuation(line: &str) -> bool {
    let backslashes = line.len() - line.trim_end_matches('\\').len();
    backslashes % 2 == 1
}

/// Continuation lines as one.
fn joined(source: &str) -> String {
    let mut text = String::with_capacity(source.len());
    let mut continues = false;
    for line in source.trim().split('\n') {
        let line = if continues { line.trim_start() } else { line };
        continues = ends_with_continuation(line);
        if continues {
            text.push_str(line.trim_end_matches('\\').trim_end());
            text.push(' ');
        } else {
            text.push_str(line);
            text.push('\n');
        }
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(block: &str) -> Vec<Entry> {
        let mut at = 0;
        let lines: Vec<CodeLine> = block
            .split('\n')
            .map(|text| {
                let line = CodeLine { text: text.to_owned(), at };
                at += text.len() + 1;
                line
            })
            .collect();
        entries(&lines)
    }

    fn brief(block: &str) -> Vec<String> {
        read(block)
            .into_iter()
            .map(|entry| match entry {
                Entry::Comment { text, at, .. } => format!("{at} # {text}"),
                Entry::Command { source, at, .. } => format!("{at} {source}"),
                Entry::Unreadable { trouble, source, at } => format!("{at} !{trouble:?} {source}"),
            })
            .collect()
    }

    #[test]
    fn comments_and_commands_keep_their_places() {
        assert_eq!(
            brief("# 1. Look\n  docker ps # now\n\n#2\na \\\n  b \\\n  c\n$ d\ne; f"),
            ["0 # 1. Look", "12 docker ps", "29 # 2", "32 a b c", "48 d", "50 e", "53 f"]
        );
        assert_eq!(brief("a \\"), ["0 a"]);
        assert_eq!(brief("é 'x\ny' # c\nz"), ["0 é 'x\ny'", "13 z"]);
    }

    #[test]
    fn what_never_ends_takes_the_rest_of_the_block() {
        assert_eq!(brief("ok\necho 'a\nb"), ["0 ok", "3 !Unfinished(\"a quote\") echo 'a\nb"]);
        assert_eq!(brief("cat <<E\nx\nE\nok"), ["0 cat <<E\nx\nE", "12 ok"]);
        assert!(matches!(&read("fi\nok")[..], [Entry::Unreadable { .. }, Entry::Command { .. }]));
    }
}
