//! The words behind a fence: language and `{id=… approvals=… roles=… timeout=… ask=… checks=… secrets=…}`. Knows nothing of the block's lines.

use super::document::Fence;
use super::duration;
use super::notes::Notes;
use super::words::{list, nearest, slug, span};
use crate::domain::{access::ContactRole, secret::SecretName};

/// What the fence says beyond its language.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Attributes {
    pub(super) id: Option<String>,
    pub(super) timeout_seconds: Option<u64>,
    pub(super) approvals: Option<u8>,
    /// Contact roles as slugs, each once.
    pub(super) roles: Vec<String>,
    /// `None`: the compiler finds out by itself what to ask for.
    pub(super) ask: Option<Vec<Ask>>,
    /// Names of secrets, each once.
    pub(super) secrets: Vec<String>,
    /// Whether the plan's final checks belong to it; `None`: the compiler finds out by itself.
    pub(super) checks: Option<bool>,
}

/// A value of the block that the button asks for: `validator1`, or with a name of its own `node:validator1`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) name: Option<String>,
    pub(super) value: String,
    /// Where it stands in the source.
    pub(super) at: usize,
}

const KNOWN: [&str; 8] = ["id", "approvals", "roles", "timeout", "target", "ask", "checks", "secrets"];
/// More people than this are never awake together.
const MOST_APPROVALS: u8 = 9;
const LONGEST_SECONDS: u64 = 7 * 86_400;

/// True for blocks whose lines are commands.
pub(super) fn is_shell(fence: &Fence) -> bool {
    matches!(language(&fence.info).to_ascii_lowercase().as_str(), "bash" | "sh" | "shell")
}

pub(super) fn language(info: &str) -> &str {
    info.trim_start().split(|c: char| c.is_whitespace() || c == '{' || c == ',').next().unwrap_or_default()
}

/// Reads the attributes; `at` is where the fence begins.
pub(super) fn attributes(fence: &Fence, at: usize, notes: &mut Notes<'_>) -> Attributes {
    let mut attributes = Attributes::default();
    let Some((before, inner)) = fence.info.split_once('{') else { return attributes };
    let offset = |within: usize| at + fence.info_at + before.len() + 1 + within;
    let Some(inner) = inner.trim_end().strip_suffix('}') else {
        notes.error(
            offset(0),
            "fence-attribute",
            "The attributes of this block lack their closing }, so none of them would count. Write it at the end of the line.",
        );
        return attributes;
    };
    let mut seen: Vec<&str> = Vec::new();
    for (within, token) in tokens(inner) {
        let Some((key, raw)) = token.split_once('=') else {
            let message = format!("\"{token}\" is not read: attributes have the form name=value, such as timeout=30m.");
            notes.warning(offset(within), "fence-attribute", message);
            continue;
        };
        if seen.contains(&key) {
            let message = format!("{key}= is written twice; the last one counts.");
            notes.warning(offset(within), "fence-attribute", message);
        }
        seen.push(key);
        let value = raw.trim_matches(['"', '\'']);
        let skipped = raw.len() - raw.trim_start_matches(['"', '\'']).len();
        let place = Place { key: offset(within), value: offset(within + key.len() + 1 + skipped) };
        attributes.take(key, value, &place, notes);
    }
    attributes
}

struct Place {
    key: usize,
    value: usize,
}

impl Attributes {
    fn take(&mut self, key: &str, value: &str, at: &Place, notes: &mut Notes<'_>) {
        let mut wrong = |at: usize, message: String| notes.error(at, "fence-attribute", message);
        match key {
            "id" if slug(value).is_empty() => {
                wrong(at.value, format!("id={value} has no letter or digit to make an id of."));
            }
            "id" => self.id = Some(value.to_owned()),
            "timeout" => match duration::seconds(value) {
                Ok(1..=LONGEST_SECONDS) => self.timeout_seconds = duration::seconds(value).ok(),
                Ok(0) | Err(_) => {
                    wrong(at.key, format!("timeout={value} is not a span of time. Write it like 90s, 30m or 2h."));
                }
                Ok(_) => wrong(at.key, format!("timeout={value} is longer than {}.", span(LONGEST_SECONDS))),
            },
            "approvals" => match value.parse::<u8>() {
                Ok(0) => wrong(
                    at.value,
                    "approvals=0 would let it run with nobody's consent. Write 1 or more, or leave it out.".to_owned(),
                ),
                Ok(people @ 1..=MOST_APPROVALS) => self.approvals = Some(people),
                _ => {
                    wrong(at.value, format!("approvals={value} is not a number of people from 1 to {MOST_APPROVALS}."))
                }
            },
            "roles" => self.roles = roles(value, at.value, notes),
            "secrets" => self.secrets = secrets(value, at.value, notes),
            "ask" => self.ask = Some(asks(value, at.value)),
            "checks" => match value {
                "yes" => self.checks = Some(true),
                "no" => self.checks = Some(false),
                _ => wrong(
                    at.value,
                    format!(
                        "checks={value} is neither yes nor no: whether the plan's final checks follow these steps."
                    ),
                ),
            },
            "target" => notes.notice(
                at.key,
                "attribute-not-used",
                format!("target={value} changes nothing: which system a run acts on is chosen when it is requested."),
            ),
            key => {
                let meant = nearest(key, KNOWN);
                let advice = meant.map_or_else(
                    || format!("Known are {}.", list(&KNOWN)),
                    |meant| format!("Did you mean \"{meant}\"?"),
                );
                notes.warning(at.key, "fence-attribute", format!("\"{key}\" is not an attribute. {advice}"));
            }
        }
    }
}

/// Slugs of contact roles, as a person writes them: `database-administrator` or `Database Administrator`.
fn roles(value: &str, at: usize, notes: &mut Notes<'_>) -> Vec<String> {
    let known = ContactRole::ALL.map(ContactRole::name);
    let mut roles: Vec<String> = Vec::new();
    for (within, role) in parts(value) {
        let wanted = slug(role);
        if known.contains(&wanted.as_str()) {
            if !roles.contains(&wanted) {
                roles.push(wanted);
            }
            continue;
        }
        let advice = nearest(&wanted, known).map_or_else(
            || format!("Known are {}.", list(&known)),
            |meant| format!("Did you mean \"{meant}\"? Known are {}.", list(&known)),
        );
        let message = if role.is_empty() {
            format!("A role is missing here; write no blank behind the comma. {advice}")
        } else {
            format!("There is no contact role \"{role}\". {advice}")
        };
        notes.error(at + within, "unknown-role", message);
    }
    roles
}

/// Names as the programs will know them.
fn secrets(value: &str, at: usize, notes: &mut Notes<'_>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (within, name) in parts(value) {
        match SecretName::parse(name) {
            Ok(_) if names.iter().any(|known| known == name) => {}
            Ok(_) => names.push(name.to_owned()),
            Err(why) => notes.error(at + within, "secret-name", why),
        }
    }
    names
}

/// `none` asks for nothing.
fn asks(value: &str, at: usize) -> Vec<Ask> {
    if matches!(value, "" | "none" | "nothing") {
        return Vec::new();
    }
    parts(value)
        .filter(|(_, part)| !part.is_empty())
        .map(|(within, part)| {
            let named = part
                .split_once(':')
                .filter(|(name, value)| !name.contains('/') && !name.is_empty() && !value.is_empty());
            let (name, value) = named.map_or((None, part), |(name, value)| (Some(name.to_owned()), value));
            Ask { name, value: value.to_owned(), at: at + within }
        })
        .collect()
}

/// What stands between commas, trimmed, with its place.
fn parts(value: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut next = 0;
    value.split(',').map(move |part| {
        let within = next + (part.len() - part.trim_start().len());
        next += part.len() + 1;
        (within, part.trim())
    })
}

/// Words with their places; quotes keep blanks together.
fn tokens(text: &str) -> Vec<(usize, &str)> {
    let mut tokens = Vec::new();
    let mut start = None;
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c.is_whitespace() => {
                tokens.extend(start.take().and_then(|from| Some((from, text.get(from..at)?))));
                continue;
            }
            None if c == '"' || c == '\'' => quote = Some(c),
            None => {}
        }
        start.get_or_insert(at);
    }
    tokens.extend(start.and_then(|from| Some((from, text.get(from..)?))));
    tokens
}
