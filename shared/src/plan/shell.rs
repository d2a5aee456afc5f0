//! Shell text to words, by a real shell parser (`rable`). Knows no command by name.

use rable::{ListOperator, Node, NodeKind, PipeSep, RableError};

/// One command line of a script.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) shape: Shape,
    /// Byte offsets in the parsed text.
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    Simple(Simple),
    /// Commands joined by `|`.
    Pipe(Vec<Simple>),
    /// Everything else the shell can do, in words for a person.
    Other(&'static str),
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Simple {
    pub(super) words: Vec<Word>,
    /// What the shell would do beside running the words, in words for a person.
    pub(super) beside: Option<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// The text after quotes and escapes are taken away.
    Literal(String),
    /// `$( … )` standing alone.
    Output(Box<Shape>),
    /// Depends on variables, file names or the like.
    Dynamic,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The text ends inside something: a quote, `$(`, `if`, a here-document.
    Unfinished(&'static str),
    /// The shell would refuse it.
    Invalid(String),
    /// More operators in one line than a plan should have; the parser is not asked, so that its stack stays small.
    TooInvolved,
}

/// The parser recurses once for each of these; twelve fit into the smallest stack it runs on with room to spare.
const MAX_NESTING: usize = 12;
const MAX_LENGTH: usize = 8 * 1024;

/// The command lines of a piece of script.
pub(super) fn parse(text: &str) -> Result<Vec<Command>, Trouble> {
    if text.len() > MAX_LENGTH || nesting(text) > MAX_NESTING {
        return Err(Trouble::TooInvolved);
    }
    let nodes = rable::parse(text, false).map_err(|error| trouble(text, error))?;
    if nodes.iter().any(|node| has_open_document(node, text)) {
        return Err(Trouble::Unfinished("a here-document (<<)"));
    }
    let offsets: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let byte = |character: usize| offsets.get(character).copied().unwrap_or(text.len());
    let mut commands = Vec::new();
    for node in &nodes {
        chain(node, &mut |node| {
            commands.push(Command { shape: shape(node), start: byte(node.span.start), end: byte(node.span.end) });
        });
    }
    Ok(commands)
}

/// `a && b` and `a; b` are a and then b: a step that fails stops a run anyway. Everything else is one command.
fn chain<'n>(node: &'n Node, take: &mut impl FnMut(&'n Node)) {
    let NodeKind::List { items } = &node.kind else { return take(node) };
    let one_after_another =
        |operator: Option<ListOperator>| matches!(operator, None | Some(ListOperator::And | ListOperator::Semi));
    if items.iter().all(|item| one_after_another(item.operator)) {
        items.iter().for_each(|item| chain(&item.command, take));
    } else {
        take(node);
    }
}

/// An upper bound on how deep the parser would go.
fn nesting(text: &str) -> usize {
    // Arithmetic and [[ ]] recurse per operator; no step needs them.
    if ["((", "[[", "$["].iter().any(|opener| text.contains(opener)) {
        return usize::MAX;
    }
    let openers = text.chars().filter(|c| matches!(c, '(' | '{' | '`' | ';' | '&' | '!')).count();
    let or = text.matches("||").count();
    let keywords = text
        .split(|c: char| c.is_whitespace() || matches!(c, ';' | '&' | '|' | '(' | ')' | '{' | '}'))
        .filter(|word| {
            matches!(
                *word,
                "if" | "elif" | "while" | "until" | "for" | "case" | "select" | "time" | "coproc" | "function"
            )
        })
        .count();
    openers + or + keywords
}

fn trouble(text: &str, error: RableError) -> Trouble {
    match error {
        RableError::MatchedPair { message, .. } => {
            Trouble::Unfinished(if message.contains("quote") { "a quote" } else { "a bracket" })
        }
        RableError::Parse { pos, .. } if pos >= text.trim_end().chars().count() => {
            Trouble::Unfinished(if text.contains("$(") { "$( … )" } else { "a shell construct" })
        }
        RableError::Parse { message, .. } => Trouble::Invalid(message),
    }
}

/// The parser takes a here-document without its end as complete; a shell would read on.
fn has_open_document(node: &Node, text: &str) -> bool {
    match &node.kind {
        NodeKind::HereDoc { delimiter, strip_tabs, .. } => !text.lines().skip(1).any(|line| {
            let line = if *strip_tabs { line.trim_start_matches('\t') } else { line };
            line == delimiter
        }),
        NodeKind::Command { redirects, .. } => redirects.iter().any(|node| has_open_document(node, text)),
        NodeKind::Pipeline { commands, .. } => commands.iter().any(|node| has_open_document(node, text)),
        NodeKind::List { items } => items.iter().any(|item| has_open_document(&item.command, text)),
        _ => false,
    }
}

fn shape(node: &Node) -> Shape {
    match &node.kind {
        NodeKind::Command { .. } => Shape::Simple(simple(node)),
        NodeKind::Pipeline { commands, separators } => {
            if separators.iter().any(|separator| !matches!(separator, PipeSep::Pipe)) {
                return Shape::Other("it pipes error output");
            }
            if commands.iter().any(|node| !matches!(node.kind, NodeKind::Command { .. })) {
                return Shape::Other("it pipes into a shell construct");
            }
            Shape::Pipe(commands.iter().map(simple).collect())
        }
        NodeKind::List { items } => match items.as_slice() {
            [only] if only.operator.is_none() => shape(&only.command),
            _ => Shape::Other("it joins several commands with || or &; write each on a line of its own"),
        },
        NodeKind::Negation { .. } => Shape::Other("it expects a command to fail (!)"),
        NodeKind::Time { .. } => Shape::Other("it measures with time"),
        _ => Shape::Other("it is a shell construct (loop, condition, function or group)"),
    }
}

fn simple(node: &Node) -> Simple {
    let NodeKind::Command { assignments, words, redirects } = &node.kind else { return Simple::default() };
    let beside = if !assignments.is_empty() {
        Some("it sets variables")
    } else if redirects.iter().any(|redirect| !discards_output(redirect)) {
        Some("it redirects input or output to a file")
    } else {
        None
    };
    Simple { words: words.iter().map(word).collect(), beside }
}

/// `>/dev/null` and `2>&1` change nothing that a step could show.
fn discards_output(redirect: &Node) -> bool {
    let NodeKind::Redirect { op, target, .. } = &redirect.kind else { return false };
    matches!((op.as_str(), word(target)), (">" | ">>" | "&>", Word::Literal(file)) if file == "/dev/null")
        || matches!((op.as_str(), word(target)), (">&", Word::Literal(stream)) if stream == "1" || stream == "2")
}

fn word(node: &Node) -> Word {
    let NodeKind::Word { parts, value, .. } = &node.kind else { return Word::Dynamic };
    let inner: Vec<&Node> = parts.iter().filter(|part| !is_quote(part)).collect();
    if let [Node { kind: NodeKind::CommandSubstitution { command, .. }, .. }] = inner.as_slice() {
        return Word::Output(Box::new(shape(command)));
    }
    let mut reader = Unquote {
        is_address: value.contains("://") || (value.contains('?') && value.contains('=')),
        ..Unquote::default()
    };
    for part in parts {
        match &part.kind {
            NodeKind::WordLiteral { value } => reader.take(value),
            NodeKind::AnsiCQuote { decoded, .. } => reader.text.push_str(decoded),
            NodeKind::LocaleString { inner, .. } if !inner.contains(['$', '`', '\\']) => reader.text.push_str(inner),
            _ => return Word::Dynamic,
        }
    }
    if reader.dynamic { Word::Dynamic } else { Word::Literal(reader.text) }
}

fn is_quote(part: &Node) -> bool {
    matches!(&part.kind, NodeKind::WordLiteral { value } if value == "\"")
}

/// Takes quotes and escapes away, as the shell does; the parser has already found where words begin and end.
#[derive(Default)]
struct Unquote {
    text: String,
    quote: Option<char>,
    dynamic: bool,
    is_address: bool,
}

impl Unquote {
    fn take(&mut self, raw: &str) {
        let starts_word = self.text.is_empty() && self.quote.is_none();
        let mut characters = raw.chars().peekable();
        if starts_word && characters.peek() == Some(&'~') {
            self.dynamic = true;
        }
        while let Some(c) = characters.next() {
            match (self.quote, c) {
                (Some(open), c) if c == open => self.quote = None,
                (Some('\''), c) => self.text.push(c),
                (Some(_), '\\') => match characters.next_if(|c| matches!(c, '"' | '\\' | '$' | '`' | '\n')) {
                    Some('\n') => {}
                    Some(escaped) => self.text.push(escaped),
                    None => self.text.push('\\'),
                },
                (None, '\\') => self.text.extend(characters.next().filter(|&c| c != '\n')),
                (None, '\'' | '"') => self.quote = Some(c),
                (None, '*') => self.dynamic = true,
                // Without a file of that name the shell leaves these as they are; addresses have none.
                (None, '?' | '[') if !self.is_address => self.dynamic = true,
                (_, c) => self.text.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Word> {
        match parse(text).unwrap().remove(0).shape {
            Shape::Simple(simple) => simple.words,
            other => panic!("{text:?}: {other:?}"),
        }
    }

    fn literal(text: &str) -> Word {
        Word::Literal(text.to_owned())
    }

    #[test]
    fn quotes_and_escapes_are_taken_away() {
        for (text, expected) in [
            ("x 'a b'", "a b"),
            (r#"x "a \"b\" \$c \d""#, r#"a "b" $c \d"#),
            (r"x a\ b", "a b"),
            (r"x $'a\tb'", "a\tb"),
            (r#"x a"b'c"'d"e'f"#, "ab'cd\"ef"),
            ("x a\\\nb", "ab"),
            ("x http://h/p?a=b", "http://h/p?a=b"),
            ("x ''", ""),
            ("x a#b", "a#b"),
        ] {
            assert_eq!(words(text)[1], literal(expected), "{text:?}");
        }
    }

    #[test]
    fn what_depends_on_the_host_is_dynamic() {
        for text in ["x $HOME", "x \"a $b\"", "x *.sh", "x ~/a", "x {a,b}", "x a$(b)", "x <(y)", "x a?"] {
            assert_eq!(words(text)[1], Word::Dynamic, "{text:?}");
        }
        for text in ["x $(a -q)", "x \"$(a -q)\"", "x `a -q`"] {
            let Word::Output(shape) = &words(text)[1] else { panic!("{text:?}") };
            assert!(matches!(&**shape, Shape::Simple(simple) if simple.words == [literal("a"), literal("-q")]));
        }
    }

    #[test]
    fn lines_continue_and_comments_end() {
        let commands = parse("docker \\\n  ps # why\necho é | cat\n# only this\n").unwrap();
        assert_eq!(commands.len(), 2);
        assert!(matches!(&commands[1].shape, Shape::Pipe(parts) if parts.len() == 2));
        let text = "docker \\\n  ps # why\necho é | cat\n";
        assert_eq!(&text[commands[0].start..commands[0].end], "docker \\\n  ps");
        assert_eq!(&text[commands[1].start..commands[1].end], "echo é | cat");
    }

    #[test]
    fn chains_are_commands_one_after_another() {
        let text = "cd /é && ./a.sh 'x && y' && b; c";
        let commands = parse(text).unwrap();
        let pieces: Vec<_> = commands.iter().map(|command| &text[command.start..command.end]).collect();
        assert_eq!(pieces, ["cd /é", "./a.sh 'x && y'", "b", "c"]);
        assert_eq!(parse("a && b || c").unwrap().len(), 1);
    }

    #[test]
    fn what_is_no_plain_command_says_what_it_is() {
        for text in ["a || b", "a && b || c", "a &", "for x in y; do z; done", "! a", "time a", "( a )", "a |& b"] {
            assert!(matches!(parse(text).unwrap()[0].shape, Shape::Other(_)), "{text:?}");
        }
        for (text, beside) in [("A=1 x", true), ("x > f", true), ("x < f", true), ("x >/dev/null 2>&1", false)] {
            let shape = &parse(text).unwrap()[0].shape;
            assert!(matches!(shape, Shape::Simple(simple) if simple.beside.is_some() == beside), "{text:?}");
        }
    }

    #[test]
    fn trouble_is_told_apart() {
        for text in ["echo 'a", "echo \"a", "echo $(a", "if x", "cat <<E\nfoo"] {
            assert!(matches!(parse(text), Err(Trouble::Unfinished(_))), "{text:?}");
        }
        assert!(parse("cat <<E\nfoo\nE").is_ok());
        for text in ["fi", "a | | b", ")"] {
            assert!(matches!(parse(text), Err(Trouble::Invalid(_))), "{text:?}");
        }
    }

    #[test]
    fn deep_or_long_text_never_reaches_the_parser() {
        let openers =
            ["$(", "(", "{ ", "`", "! ", "if ", "a && ", "a || ", "a;", "((", "[[ ! ", "time ", "f() { ", "<("];
        for opener in openers {
            for n in [1, 4, 6, 11, 12, 13, 1000] {
                let text = format!("echo {}x", opener.repeat(n));
                // A small stack, as in a browser.
                let run = std::thread::Builder::new().stack_size(512 * 1024);
                run.spawn(move || drop(parse(&text))).unwrap().join().unwrap();
            }
        }
        assert_eq!(parse(&"x".repeat(10_000)).err(), Some(Trouble::TooInvolved));
    }
}
