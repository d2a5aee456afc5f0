//! `curl` and `watch` lines. Makes no request.

use super::{Around, Meaning};
use crate::plan::model::{Condition, Probe, StepKind};
use crate::plan::options::{DEPENDS, Known, Until, flag, literals, read as read_options, value};
use crate::plan::shell::{self, Shape, Simple, Word};
use crate::plan::words::span;

const CURL: [Known; 13] = [
    value(&["-X", "--request"]),
    flag(&["-I", "--head"]),
    value(&["-o", "--output"]),
    value(&["--url"]),
    flag(&["-s", "--silent"]),
    flag(&["-S", "--show-error"]),
    flag(&["-f", "--fail", "--fail-with-body"]),
    flag(&["-L", "--location"]),
    flag(&["-i", "--include"]),
    flag(&["-v", "--verbose"]),
    value(&["-m", "--max-time"]),
    value(&["--connect-timeout"]),
    value(&["-w", "--write-out"]),
];
const WATCH: [Known; 5] = [
    value(&["-n", "--interval"]),
    flag(&["-d", "--differences"]),
    flag(&["-t", "--no-title"]),
    flag(&["-c", "--color"]),
    flag(&["-x", "--exec"]),
];
const GREP: [Known; 4] =
    [flag(&["-F", "--fixed-strings"]), value(&["-e", "--regexp"]), flag(&["--color"]), flag(&["--line-buffered"])];

/// Until a wait gives up when the fence says nothing.
const DEFAULT_TIMEOUT_SECONDS: u64 = 300;
/// What `watch` itself takes.
const DEFAULT_INTERVAL_SECONDS: u64 = 2;

pub(super) fn curl(words: &[Word]) -> Result<StepKind, String> {
    let given = read_options(words, &CURL, Until::End)?;
    if given.value("-o").is_some_and(|file| file != "/dev/null") {
        return Err("it writes the answer to a file".to_owned());
    }
    let mut urls = literals(given.rest.iter().copied()).ok_or(DEPENDS)?;
    urls.extend(given.value("--url"));
    let [url] = urls.as_slice() else { return Err("curl needs exactly one address here".to_owned()) };
    let method = match given.value("-X") {
        Some(method) => method.to_uppercase(),
        None if given.has("-I") => "HEAD".to_owned(),
        None => "GET".to_owned(),
    };
    if !matches!(method.as_str(), "GET" | "HEAD" | "OPTIONS" | "POST" | "PUT" | "PATCH" | "DELETE") {
        return Err(format!("\"{}\" is not a method known here", super::shortened(&method)));
    }
    Ok(StepKind::Http { method, url: address(url)? })
}

/// curl takes an address without scheme as http.
fn address(text: &str) -> Result<String, String> {
    let url = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).unwrap_or_default();
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    let sound = !host.is_empty() && !host.contains('@') && !url.contains(|c: char| c.is_whitespace() || c.is_control());
    if sound && !url.contains(['{', '}', '[', ']', '\\', '<', '>', '"']) {
        return Ok(url);
    }
    Err(format!("\"{}\" is not a plain http or https address", super::shortened(text)))
}

/// `watch` repeats for ever; a step must end. Reads what people mean by it: wait until it is well again.
pub(super) fn watch(words: &[Word], timeout_seconds: Option<u64>) -> Result<Meaning, String> {
    let given = read_options(words, &WATCH, Until::FirstWord)?;
    let interval_seconds = match given.value("-n") {
        None => DEFAULT_INTERVAL_SECONDS,
        Some(text) => {
            whole_seconds(text).ok_or_else(|| format!("\"{}\" is not a number of seconds", super::shortened(text)))?
        }
    };
    let command = literals(given.rest).ok_or(DEPENDS)?.join(" ");
    let commands =
        shell::parse(&command).map_err(|_| "what it watches is not a line the shell would run".to_owned())?;
    let [inner] = commands.as_slice() else { return Err("it watches more than one command".to_owned()) };
    let limit_is_said = timeout_seconds.is_some();
    let timeout_seconds = timeout_seconds.unwrap_or(DEFAULT_TIMEOUT_SECONDS);
    let wait = |url: String, filter: Option<String>, condition| StepKind::WaitUntil {
        probe: Probe::HttpNumber { url, filter },
        condition,
        interval_seconds,
        timeout_seconds,
    };
    let (kind, reading) = match &inner.shape {
        Shape::Pipe(parts) => {
            let [source, filter, rest @ ..] = parts.as_slice() else { return Err(DEPENDS.to_owned()) };
            if !rest.iter().all(|part| matches!(program(part), Some("head" | "tail"))) {
                return Err("it watches a pipe of more than two commands".to_owned());
            }
            let (url, word) = (watched_address(source)?, searched_word(filter)?);
            let reading = format!("wait until \"{word}\" at {url} grows");
            (wait(url, Some(word), Condition::Grows), reading)
        }
        Shape::Simple(simple) if program(simple) == Some("curl") => {
            let url = watched_address(simple)?;
            let reading = format!("wait until {url} answers");
            (wait(url, None, Condition::Answers), reading)
        }
        shape => return watched_look(shape),
    };
    let (asks, limit) = (span(interval_seconds), span(timeout_seconds));
    let message = format!("watch has no end; compiled as: {reading}, at most {limit}, asking every {asks}.");
    let meaning = Meaning::of(kind);
    Ok(match limit_is_said {
        // The author has thought of the end.
        true => meaning.note("watch-has-no-end", message),
        false => meaning.and("watch-has-no-end", format!("{message} Set another limit with timeout= on the fence.")),
    })
}

/// Watching the state of services: one look is a step, looking for ever is not.
fn watched_look(shape: &Shape) -> Result<Meaning, String> {
    let looks = matches!(shape, Shape::Simple(simple) if matches!(program(simple), Some("docker" | "docker-compose")));
    if !looks {
        return Err("watch has no end, and what it watches has no condition known here".to_owned());
    }
    let meaning = super::interpret(shape, Around::default());
    match meaning.kind {
        StepKind::Inspect { .. } | StepKind::Logs { .. } => {
            Ok(meaning.note("watch-has-no-end", "watch has no end; compiled as: look once."))
        }
        _ => Err("watch has no end, and what it watches has no condition known here".to_owned()),
    }
}

fn program(simple: &Simple) -> Option<&str> {
    match simple.words.first() {
        Some(Word::Literal(program)) => Some(program),
        _ => None,
    }
}

fn watched_address(simple: &Simple) -> Result<String, String> {
    let [Word::Literal(program), arguments @ ..] = simple.words.as_slice() else {
        return Err("it watches something other than curl".to_owned());
    };
    if program != "curl" || simple.beside.is_some() {
        return Err("it watches something other than curl".to_owned());
    }
    match curl(arguments)? {
        StepKind::Http { method, url } if method == "GET" => Ok(url),
        _ => Err("it would send more than a GET again and again".to_owned()),
    }
}

/// The literal text a `grep` looks for, or the name that `jq` takes out.
fn searched_word(simple: &Simple) -> Result<String, String> {
    let [Word::Literal(program), arguments @ ..] = simple.words.as_slice() else { return Err(DEPENDS.to_owned()) };
    if program == "jq" && simple.beside.is_none() {
        return searched_field(arguments);
    }
    if !matches!(program.as_str(), "grep" | "fgrep" | "egrep") || simple.beside.is_some() {
        return Err("it watches a pipe that does not end in grep WORD or jq .NAME".to_owned());
    }
    let given = read_options(arguments, &GREP, Until::End)?;
    let mut patterns = literals(given.rest.iter().copied()).ok_or(DEPENDS)?;
    patterns.extend(given.value("-e"));
    match patterns.as_slice() {
        [word] if !word.is_empty() && (given.has("-F") || !word.contains(['.', '^', '$', '*', '[', ']', '\\'])) => {
            Ok((*word).to_owned())
        }
        _ => Err("grep must look for one plain word here".to_owned()),
    }
}

/// `.node.height` is the number behind `"height"`.
fn searched_field(arguments: &[Word]) -> Result<String, String> {
    let given = read_options(arguments, &[flag(&["-r", "--raw-output"]), flag(&["-c"]), flag(&["-M"])], Until::End)?;
    let words = literals(given.rest.iter().copied()).ok_or(DEPENDS)?;
    let field = match words.as_slice() {
        [path] => path.strip_prefix('.').and_then(|path| path.rsplit('.').next()),
        _ => None,
    };
    match field {
        Some(field) if !field.is_empty() && field.chars().all(|c| c.is_alphanumeric() || c == '_') => {
            Ok(format!("\"{field}\""))
        }
        _ => Err("jq must take out one field here, such as .height".to_owned()),
    }
}

/// Rounded up, at least one.
fn whole_seconds(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let more = u64::from(fraction.bytes().any(|b| b != b'0'));
    Some(whole.parse::<u64>().ok()?.checked_add(more)?.max(1)).filter(|&seconds| seconds <= 86_400)
}
