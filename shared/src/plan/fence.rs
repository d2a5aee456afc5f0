//! The words behind a fence: language and `{id=… timeout=…}`. Knows nothing of the block's lines.

use super::document::Fence;
use super::duration;
use super::notes::Notes;

/// What the fence says beyond its language.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Attributes {
    pub(super) id: Option<String>,
    pub(super) timeout_seconds: Option<u64>,
}

/// True for blocks whose lines are commands.
pub(super) fn is_shell(fence: &Fence) -> bool {
    matches!(language(&fence.info).to_ascii_lowercase().as_str(), "bash" | "sh" | "shell")
}

pub(super) fn language(info: &str) -> &str {
    info.trim_start().split(|c: char| c.is_whitespace() || c == '{' || c == ',').next().unwrap_or_default()
}

const NOT_USED_YET: [&str; 3] = ["approvals", "roles", "target"];

/// Reads the attributes; `at` is where the fence begins.
pub(super) fn attributes(fence: &Fence, at: usize, notes: &mut Notes<'_>) -> Attributes {
    let mut attributes = Attributes::default();
    let Some((before, inner)) = fence.info.split_once('{') else { return attributes };
    let offset = |within: usize| at + fence.info_at + before.len() + 1 + within;
    let Some(inner) = inner.trim_end().strip_suffix('}') else {
        notes.warning(
            offset(0),
            "fence-attribute",
            "The attributes of this block lack their closing }; they are not read.",
        );
        return attributes;
    };
    for (within, token) in tokens(inner) {
        let Some((key, value)) = token.split_once('=') else {
            let message = format!("\"{token}\" is not read: attributes have the form name=value, such as timeout=30m.");
            notes.warning(offset(within), "fence-attribute", message);
            continue;
        };
        let value = value.trim_matches(['"', '\'']);
        match key {
            "id" if !value.is_empty() => attributes.id = Some(value.to_owned()),
            "timeout" => match duration::seconds(value) {
                Ok(seconds) if seconds > 0 => attributes.timeout_seconds = Some(seconds),
                _ => {
                    let message = format!("timeout={value} is not a span of time. Write it like 90s, 30m or 2h.");
                    notes.error(offset(within), "fence-attribute", message);
                }
            },
            key if NOT_USED_YET.contains(&key) => {
                let message = format!("{key}= is not used by this version: the approval rules of the server apply.");
                notes.warning(offset(within), "attribute-not-used", message);
            }
            key => {
                let message =
                    format!("\"{key}\" is not an attribute. Known are id, timeout, approvals, roles and target.");
                notes.warning(offset(within), "fence-attribute", message);
            }
        }
    }
    attributes
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
