//! Badges: name and state as one small picture, the state by colour, shape and word. Loads nothing and runs nothing.

use askama::Template;
use shared::{
    domain::status::{ComponentStatus, Impact, StatusSnapshot},
    timestamp::Timestamp,
};

use crate::public::{speech::Speech, texts::fill};

const HEIGHT: usize = 20;
/// Longer names are cut: a badge is small.
const MOST: usize = 40;

#[derive(Template)]
#[template(path = "badge.svg", escape = "html")]
struct Badge {
    name: String,
    words: String,
    name_width: usize,
    words_width: usize,
    name_text: usize,
    words_text: usize,
    colour: &'static str,
    /// Path data of the state's shape, on a grid of 12.
    shape: &'static str,
    height: usize,
}

pub(super) fn overall(snapshot: &StatusSnapshot, since: Option<Timestamp>, speech: &Speech) -> String {
    let impact = match snapshot.overall() {
        // An open incident that names no component still is not "all good".
        Impact::Operational if !snapshot.open.is_empty() => Impact::Degraded,
        impact => impact,
    };
    let words = match impact {
        _ if snapshot.components.is_empty() && snapshot.open.is_empty() => speech.texts.badge_not_set_up,
        _ if snapshot.only_worked_on() => speech.texts.under_maintenance_within,
        impact => speech.texts.impact_within(impact),
    };
    draw(&snapshot.title, (impact, snapshot.only_worked_on()), words, since, speech)
}

pub(super) fn component(component: &ComponentStatus, since: Option<Timestamp>, speech: &Speech) -> String {
    let (impact, worked_on) = (component.impact, component.worked_on());
    let words = if worked_on { speech.texts.under_maintenance_within } else { speech.texts.impact_within(impact) };
    draw(&component.name, (impact, worked_on), words, since, speech)
}

/// What is too old to be believed has no colour, and says of when it is.
fn draw(
    name: &str,
    (impact, worked_on): (Impact, bool),
    words: &str,
    since: Option<Timestamp>,
    speech: &Speech,
) -> String {
    let (colour, shape) = match impact {
        _ if since.is_some() => ("#57616c", "M6 1a5 5 0 1 0 0 10A5 5 0 1 0 6 1zm0 2a3 3 0 1 1 0 6 3 3 0 1 1 0-6z"),
        Impact::Operational if worked_on => ("#243e9e", "M6 .5 11.500 6 6 11.500.5 6z"),
        Impact::Operational => ("#0b5132", "M6 1a5 5 0 1 0 0 10A5 5 0 1 0 6 1z"),
        Impact::Degraded => ("#0d437c", "M1 1h10v10H1z"),
        Impact::PartialOutage => ("#663a00", "M6 1l5.5 10H.5z"),
        Impact::MajorOutage => ("#8b0f1a", "M4 1h4l3 3v4l-3 3H4L1 8V4z"),
    };
    let words = match since {
        Some(at) => fill(speech.texts.badge_at, &[("words", words), ("when", &speech.instant(at).words)]),
        None => words.to_owned(),
    };
    let name = cut(name);
    let (name_text, words_text) = (width(&name), width(&words));
    let badge = Badge {
        name_width: name_text + 16,
        words_width: words_text + 32,
        name_text,
        words_text,
        name,
        words,
        colour,
        shape,
        height: HEIGHT,
    };
    // A template of ours writes into memory; its values' `Display` does not fail.
    badge.render().unwrap_or_default()
}

fn cut(name: &str) -> String {
    match name.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &name[..at]),
        None => name.to_owned(),
    }
}

/// Roughly what eleven pixels of a usual typeface take; the picture's text is fitted into it.
fn width(text: &str) -> usize {
    let tenths = |c: char| match c {
        'i' | 'j' | 'l' | 't' | 'f' | 'r' | ' ' | '.' | ',' | ':' | '\'' | '|' | '!' => 36,
        'm' | 'w' | 'M' | 'W' => 98,
        c if c.is_ascii_uppercase() => 76,
        c if c.is_ascii() => 66,
        _ => 110,
    };
    text.chars().map(tenths).sum::<usize>() / 10
}
